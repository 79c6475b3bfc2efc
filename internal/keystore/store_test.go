// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package keystore_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// follow runs a store in a manager that never leads: every replica has to follow the keys.
func follow(t *testing.T, namespace string) *keystore.Store {
	t.Helper()
	store, err := keystore.Open(t.Context(), env.Client(t), namespace)
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(env.Config(t), ctrl.Options{
		Scheme: env.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "held", LeaderElectionNamespace: "nowhere",
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.Secret{}: keystore.Cached(namespace)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetupWithManager(mgr); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = mgr.Start(t.Context()) })
	t.Cleanup(running.Wait)
	return store
}

func eventually(t *testing.T, store *keystore.Store, current, previous []byte) {
	t.Helper()
	env.Eventually(t, func() error {
		if k := store.Keys(); !bytes.Equal(k.Current, current) || !bytes.Equal(k.Previous, previous) {
			return errors.New("other keys are in use than those of the Secret")
		}
		return nil
	})
}

func TestStoreFollowsItsSecret(t *testing.T) {
	namespace := env.Namespace(t)
	store := follow(t, namespace)
	first := store.Keys()
	edit := func(change func(map[string][]byte)) {
		t.Helper()
		s := secret(t, namespace)
		change(s.Data)
		if err := env.Client(t).Update(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	other := bytes.Repeat([]byte("o"), invitation.KeySize)
	edit(func(data map[string][]byte) { data["current"], data["previous"] = other, first.Current })
	eventually(t, store, other, first.Current)

	if _, err := keystore.Rotate(t.Context(), env.Client(t), namespace, time.Now(), true); err != nil {
		t.Fatal(err)
	}
	rotated := secret(t, namespace).Data["current"]
	eventually(t, store, rotated, other)

	// What is no use is not taken over: the edit after it is, and nothing between.
	edit(func(data map[string][]byte) { data["current"] = []byte("short") })
	edit(func(data map[string][]byte) { data["note"] = []byte("still short") })
	if k := store.Keys(); !bytes.Equal(k.Current, rotated) {
		t.Error("keys that are no use replaced those in use")
	}
	if err := env.Client(t).Delete(t.Context(), secret(t, namespace)); err != nil {
		t.Fatal(err)
	}
	env.Eventually(t, func() error {
		var s corev1.Secret
		if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: keystore.SecretName}, &s); err != nil {
			return fmt.Errorf("the keys are not made anew: %w", err)
		}
		if k := store.Keys(); !bytes.Equal(k.Current, s.Data["current"]) || bytes.Equal(k.Current, rotated) {
			return errors.New("the keys in use are not those that were made anew")
		}
		return nil
	})
}

// invite has a user with a link that was sent, and can be answered until then.
func invite(t *testing.T, namespace, name string, sent, expires time.Time) {
	t.Helper()
	u := build.User(name).In(namespace, "acme").Obj()
	if err := env.Client(t).Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	u.Status.Invitation = &v1alpha1.InvitationStatus{
		Sequence: 1, Email: u.Spec.Email, SentAt: &metav1.Time{Time: sent}, ExpiresAt: metav1.NewTime(expires),
	}
	if err := env.Client(t).Status().Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func TestRotate(t *testing.T) {
	namespace := env.Namespace(t)
	c := client.NewNamespacedClient(env.Client(t), namespace) // the other tests' users are none of ours
	if _, err := keystore.Rotate(t.Context(), c, namespace, time.Now(), false); !apierrors.IsNotFound(err) {
		t.Errorf("without keys: %v, want NotFound", err)
	}
	first, err := keystore.Load(t.Context(), c, namespace)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	good := now.Add(240 * time.Hour)
	invite(t, namespace, "early", now.Add(-time.Hour), good)
	next, err := keystore.Rotate(t.Context(), c, namespace, now, false)
	if err != nil || !next.Equal(good) {
		t.Fatalf("the first rotation: %v, next %v", err, next)
	}
	second, err := keystore.Load(t.Context(), c, namespace)
	if err != nil || !bytes.Equal(second.Previous, first.Current) || bytes.Equal(second.Current, first.Current) {
		t.Fatalf("after it: %v; the new key is new %t, the one before is kept %t", err,
			!bytes.Equal(second.Current, first.Current), bytes.Equal(second.Previous, first.Current))
	}
	invite(t, namespace, "late", now.Add(time.Hour), good.Add(time.Hour)) // with the new key
	if free, err := keystore.Rotate(t.Context(), c, namespace, good.Add(-time.Second), false); !errors.Is(err, keystore.ErrTooSoon) || !free.Equal(good) {
		t.Errorf("while a link is open: %v, until %v; want ErrTooSoon until %v", err, free, good)
	}
	if got, _ := keystore.Load(t.Context(), c, namespace); !bytes.Equal(got.Current, second.Current) {
		t.Error("a rotation that was refused changed the keys")
	}
	if next, err := keystore.Rotate(t.Context(), c, namespace, good, false); err != nil || !next.Equal(good.Add(time.Hour)) {
		t.Errorf("when the last link of the key before is over: %v, next %v", err, next)
	}
	if _, err := keystore.Rotate(t.Context(), c, namespace, good, true); err != nil {
		t.Errorf("by force: %v", err)
	}
}

// Keys that were edited by hand may be of now: whatever is open may be of the key before.
func TestRotationAfterAnEdit(t *testing.T) {
	namespace := env.Namespace(t)
	c := client.NewNamespacedClient(env.Client(t), namespace)
	now := time.Now().Truncate(time.Second)
	write(t, namespace, map[string][]byte{"current": bytes.Repeat([]byte("a"), 32)})
	if _, err := keystore.Rotate(t.Context(), c, namespace, now.Add(-48*time.Hour), false); err != nil {
		t.Fatal(err)
	}
	invite(t, namespace, "ada", now.Add(-24*time.Hour), now.Add(time.Hour))
	s := secret(t, namespace)
	s.Data["previous"], s.Data["current"] = s.Data["current"], bytes.Repeat([]byte("b"), 32)
	if err := env.Client(t).Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.Rotate(t.Context(), c, namespace, now, false); !errors.Is(err, keystore.ErrTooSoon) {
		t.Errorf("a link of the key before is open: %v, want ErrTooSoon", err)
	}
	if _, err := keystore.Rotate(t.Context(), c, namespace, now.Add(time.Hour), false); err != nil {
		t.Errorf("when it is over: %v", err)
	}
}

func TestRotationMendsKeysThatAreNoUse(t *testing.T) {
	namespace, c := env.Namespace(t), env.Client(t)
	write(t, namespace, map[string][]byte{"current": []byte("short")})
	if _, err := keystore.Rotate(t.Context(), c, namespace, time.Now(), false); err == nil {
		t.Error("without force, a key that is no use is replaced")
	}
	if _, err := keystore.Rotate(t.Context(), c, namespace, time.Now(), true); err != nil {
		t.Fatal(err)
	}
	if k, err := keystore.Load(t.Context(), c, namespace); err != nil || len(k.Previous) > 0 {
		t.Errorf("after it: %v, with %d bytes of the key before", err, len(k.Previous))
	}
}

// Two rotations at once would leave no key that anybody has a link of.
func TestRotationsAtOnce(t *testing.T) {
	namespace := env.Namespace(t)
	c := client.NewNamespacedClient(env.Client(t), namespace)
	invite(t, namespace, "ada", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	first, err := keystore.Load(t.Context(), c, namespace)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() { _, _ = keystore.Rotate(t.Context(), c, namespace, time.Now(), false) })
	}
	running.Wait()
	if k, err := keystore.Load(t.Context(), c, namespace); err != nil || !bytes.Equal(k.Previous, first.Current) {
		t.Errorf("%v; the key before is kept: %t", err, bytes.Equal(k.Previous, first.Current))
	}
}
