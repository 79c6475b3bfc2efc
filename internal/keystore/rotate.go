// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package keystore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// annotationRotatedAt says when the keys were last rotated.
const annotationRotatedAt = "seatkeeper.dev/rotated-at"

// ErrTooSoon means that a rotation would end links that can still be answered.
var ErrTooSoon = errors.New("the keys were rotated not long ago")

// Rotate makes a new key, and keeps the one before for links that are out. The key before that goes, so a rotation is
// ErrTooSoon while a link that was made with it may be open, unless it is forced. It returns until when the next one
// would be. c must not read from a cache.
func Rotate(ctx context.Context, c client.Client, namespace string, now time.Time, force bool) (next time.Time, err error) {
	name := types.NamespacedName{Namespace: namespace, Name: SecretName}
	var secret corev1.Secret
	if err := c.Get(ctx, name, &secret); err != nil {
		return time.Time{}, fmt.Errorf("reading the invitation keys from Secret %s: %w", name, err)
	}
	keys, err := invitation.ParseKeyring(secret.Data)
	if err != nil && !force {
		return time.Time{}, fmt.Errorf("reading Secret %s: %w", name, err)
	}
	longest, err := longestInvitation(ctx, c)
	if err != nil {
		return time.Time{}, err
	}
	if free := rotatedAt(&secret).Add(longest); !force && len(keys.Previous) > 0 && now.Before(free) {
		return free, fmt.Errorf("%w: links that were made before can be answered until %s: wait until then, or give --force and end them",
			ErrTooSoon, free.UTC().Format(time.RFC3339))
	}
	key, err := invitation.NewKey(rand.Reader)
	if err != nil {
		return time.Time{}, err
	}
	// The version makes sure that of two rotations at once, one fails: together they would end every link.
	secret.Data = map[string][]byte{invitation.SecretKeyCurrent: key}
	if len(keys.Current) > 0 { // one that is no use vouches for no link
		secret.Data[invitation.SecretKeyPrevious] = keys.Current
	}
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, annotationRotatedAt, now.UTC().Format(time.RFC3339))
	if err := c.Update(ctx, &secret); err != nil {
		return time.Time{}, fmt.Errorf("writing the invitation keys to Secret %s: %w", name, err)
	}
	return now.Add(longest), nil
}

// rotatedAt is when the keys were last rotated; a Secret that does not say was made, or edited, at some time unknown.
func rotatedAt(secret *corev1.Secret) time.Time {
	at, err := time.Parse(time.RFC3339, secret.Annotations[annotationRotatedAt])
	if err != nil {
		return secret.CreationTimestamp.Time
	}
	return at
}

// longestInvitation is the longest time that an organization gives people to answer.
func longestInvitation(ctx context.Context, c client.Client) (time.Duration, error) {
	var organizations v1alpha1.OrganizationList
	if err := c.List(ctx, &organizations); err != nil {
		return 0, fmt.Errorf("listing organizations, for how long their invitations last: %w", err)
	}
	var longest time.Duration
	for i := range organizations.Items {
		if ttl := organizations.Items[i].Spec.Invitation.TTL; ttl != nil {
			longest = max(longest, ttl.Duration)
		}
	}
	return longest, nil
}
