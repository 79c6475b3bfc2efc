// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package keystore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// annotationRotatedAt says when the keys were last rotated, and a fingerprint of the key that was made then.
const annotationRotatedAt = "seatkeeper.dev/rotated-at"

// ErrTooSoon means that a rotation would end links that can still be answered.
var ErrTooSoon = errors.New("the keys were rotated not long ago")

// Rotate makes a new key, and keeps the one before for links that are out. The key before that goes, so a rotation is
// ErrTooSoon while a link that was made with it can still be answered, unless it is forced. It returns until when the
// next one would be. c must not read from a cache.
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
	before, all, err := openUntil(ctx, c, rotatedAt(&secret, now), now)
	if err != nil {
		return time.Time{}, err
	}
	if !force && len(keys.Previous) > 0 && now.Before(before) {
		return before, fmt.Errorf("%w: links that were made before that can be answered until %s: wait until then, or give --force and end them",
			ErrTooSoon, before.UTC().Format(time.RFC3339))
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
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, annotationRotatedAt, now.UTC().Format(time.RFC3339)+" "+fingerprint(key))
	if err := c.Update(ctx, &secret); err != nil {
		return time.Time{}, fmt.Errorf("writing the invitation keys to Secret %s: %w", name, err)
	}
	return all, nil
}

// fingerprint tells whether the keys are those that Rotate wrote, or were edited since.
func fingerprint(key []byte) string {
	sum := sha256.Sum256(append([]byte("seatkeeper.dev/invitation/fingerprint\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

// rotatedAt is when the keys were last rotated, as far as that is known: keys that were edited by hand may be of now.
func rotatedAt(secret *corev1.Secret, now time.Time) time.Time {
	stamp, of, _ := strings.Cut(secret.Annotations[annotationRotatedAt], " ")
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil || of != fingerprint(secret.Data[invitation.SecretKeyCurrent]) {
		return now
	}
	return at
}

// openUntil is until when the links can be answered that were sent before a time, and all links; now when there are none.
func openUntil(ctx context.Context, c client.Client, sent, now time.Time) (before, all time.Time, err error) {
	const page = 500
	before, all = now, now
	var users v1alpha1.UserList
	for {
		if err := c.List(ctx, &users, client.Limit(page), client.Continue(users.Continue)); err != nil {
			return before, all, fmt.Errorf("listing users, for how long their invitations last: %w", err)
		}
		for i := range users.Items {
			inv := users.Items[i].Status.Invitation
			if inv == nil || inv.SentAt == nil || users.Items[i].Status.AcceptedAt != nil || inv.DeclinedAt != nil || inv.ExpiredAt != nil {
				continue
			}
			all = latest(all, inv.ExpiresAt.Time)
			if !inv.SentAt.After(sent) {
				before = latest(before, inv.ExpiresAt.Time)
			}
		}
		if users.Continue == "" {
			return before, all, nil
		}
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
