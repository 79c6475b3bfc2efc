// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package keystore

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// Store has the keys that links are made with at present. It follows their Secret, on every replica: keys that are
// rotated, or edited, are in use a moment later.
type Store struct {
	live      client.Client
	namespace string
	keys      atomic.Pointer[invitation.Keyring]
}

// Open loads the keys, and makes them when there are none yet. live must not read from a cache.
func Open(ctx context.Context, live client.Client, namespace string) (*Store, error) {
	keys, err := Load(ctx, live, namespace)
	if err != nil {
		return nil, err
	}
	s := &Store{live: live, namespace: namespace}
	s.keys.Store(&keys)
	return s, nil
}

// Keys are the keys at present.
func (s *Store) Keys() invitation.Keyring { return *s.keys.Load() }

// Cached is what a manager's cache keeps of Secrets: this one alone.
func Cached(namespace string) cache.ByObject {
	return cache.ByObject{Namespaces: map[string]cache.Config{
		namespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", SecretName)},
	}}
}

// SetupWithManager follows the Secret with the manager, whose cache keeps what Cached says.
func (s *Store) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("invitation-keys").
		For(&corev1.Secret{}).
		WithOptions(controller.Options{NeedLeaderElection: ptr.To(false), SkipNameValidation: ptr.To(true)}).
		Complete(s)
	if err != nil {
		return fmt.Errorf("adding the controller of the invitation keys: %w", err)
	}
	return nil
}

// Reconcile takes over what the Secret says now. Keys that are no use leave those before them in use: with none, every
// link would be dead.
func (s *Store) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	keys, err := Load(ctx, s.live, s.namespace)
	switch {
	case apierrors.ReasonForError(err) != "":
		return reconcile.Result{}, err
	case err != nil:
		return reconcile.Result{}, reconcile.TerminalError(fmt.Errorf("the keys in use stay: %w", err))
	}
	if was := s.Keys(); !bytes.Equal(was.Current, keys.Current) || !bytes.Equal(was.Previous, keys.Previous) {
		s.keys.Store(&keys)
		log.FromContext(ctx).Info("The invitation keys have changed: links are made with the new one")
	}
	return reconcile.Result{}, nil
}
