// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package keystore keeps the keys of invitation links in a Secret, and the one of addresses in another.
package keystore

import (
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// SecretName is the name of the Secret, in the operator's own namespace.
const SecretName = "seatkeeper-invitation-keys"

// Load reads the keys, and makes them when there are none yet. Replicas that start at once agree: one of them
// creates the Secret, the others read it. c must not read from a cache.
func Load(ctx context.Context, c client.Client, namespace string) (invitation.Keyring, error) {
	name := types.NamespacedName{Namespace: namespace, Name: SecretName}
	secret, err := load(ctx, c, name, func(context.Context) error { return nil })
	if err != nil {
		return invitation.Keyring{}, fmt.Errorf("loading the invitation keys from Secret %s: %w", name, err)
	}
	keys, err := invitation.ParseKeyring(secret.Data)
	if err != nil {
		return invitation.Keyring{}, fmt.Errorf("reading Secret %s: %w", name, err)
	}
	return keys, nil
}

// AddressSecretName is the name of the Secret with the key of addresses, in the operator's own namespace.
const AddressSecretName = "seatkeeper-address-key"

// AddressKey reads the key that tells addresses apart without showing them, and makes it when there is none yet, unless first says that
// there was one. It is never rotated, unlike those of links: what is found by it would be found no more. c must not read from a cache.
func AddressKey(ctx context.Context, c client.Client, namespace string, first func(context.Context) error) ([]byte, error) {
	name := types.NamespacedName{Namespace: namespace, Name: AddressSecretName}
	secret, err := load(ctx, c, name, first)
	if err != nil {
		return nil, fmt.Errorf("loading the key of addresses from Secret %s: %w", name, err)
	}
	key := secret.Data[invitation.SecretKeyCurrent]
	if len(key) < invitation.KeySize {
		return nil, fmt.Errorf("reading Secret %s: %q has %d bytes, not at least %d: restore it from a backup, since what was claimed is found by it",
			name, invitation.SecretKeyCurrent, len(key), invitation.KeySize)
	}
	return key, nil
}

// load reads a Secret with a key, and makes it when there is none, and first has no objection.
func load(ctx context.Context, c client.Client, name types.NamespacedName, first func(context.Context) error) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := c.Get(ctx, name, secret)
	if !apierrors.IsNotFound(err) {
		return secret, err
	}
	objection := first(ctx)
	if objection == nil {
		if err := create(ctx, c, name); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, err
		}
	}
	// Somebody else may have made it meanwhile, and used it.
	if err = c.Get(ctx, name, secret); apierrors.IsNotFound(err) && objection != nil {
		return nil, objection
	}
	return secret, err
}

func create(ctx context.Context, c client.Client, name types.NamespacedName) error {
	key, err := invitation.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	return c.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name},
		Data:       map[string][]byte{invitation.SecretKeyCurrent: key},
	})
}
