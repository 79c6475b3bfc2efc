// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// forbidden is an organization whose people own what the operator, as it is installed, may list and not change (notes), and what it
// may not even list (lockers).
func forbidden(t *testing.T) (w *passes.World, people, others []client.Object) {
	t.Helper()
	lockers := build.Notes()
	lockers.Name, lockers.Resource = "lockers", v1alpha1.OwnedResource{Version: "v1", Resource: "secrets"}
	all := rich(t, build.Notes(), lockers)
	for _, name := range []string{"ada", "bea", "cid", "dan"} {
		people = append(people, build.User(name).Obj())
	}
	w, _ = restricted(t, all)
	return w, people, []client.Object{build.Organization("acme").Obj(), build.SeatPool("standard").Obj(), build.Role("member").Obj()}
}

// unmoved fails the test if the operator has done what it must not.
func unmoved(t *testing.T, w *passes.World) {
	t.Helper()
	for note, owner := range map[string]string{"one": "bea", "two": "bea", "three": "dan"} {
		if got := owners(t, w)[note]; got != owner {
			t.Errorf("%s is owned by %s, want %s", note, got, owner)
		}
	}
}

// Who owns what the operator may not touch waits, and it is said what it lacks; when the organization goes, or the namespace, nobody
// waits any more.
func TestTearDownWithoutRights(t *testing.T) {
	t.Parallel()
	t.Run("people first", func(t *testing.T) {
		t.Parallel()
		w, people, others := forbidden(t)
		for _, o := range people[1:2] { // while there is somebody to take over
			w.Delete(o)
		}
		env.Eventually(t, func() error { // the API server grants rights a moment after they are given
			_, _ = w.Round()
			w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute))
			said := strings.Join(w.Events.All(), "\n")
			for _, words := range []string{
				"Warning TransferIncomplete bea", "the operator may not list secrets: allow it list and patch, by a ClusterRole with the label seatkeeper.dev/aggregate-to-operator",
				`configmaps one cannot be handed over (configmaps "one" is forbidden`,
			} {
				if !strings.Contains(said, words) {
					return fmt.Errorf("no event says %q:\n%s", words, said)
				}
			}
			return nil
		})
		if bea := w.User("bea"); len(bea.Status.Seats) == 0 || bea.Status.AccessRevokedAt == nil {
			t.Errorf("bea waits for a handover, has the seats %v, and lost access at %v", bea.Status.Seats, bea.Status.AccessRevokedAt)
		}
		tearDown(t, w, len(people), [][]client.Object{people, others})
		unmoved(t, w)
	})
	t.Run("organization first", func(t *testing.T) {
		t.Parallel()
		w, people, others := forbidden(t)
		tearDown(t, w, len(people), [][]client.Object{others[:1], people, others[1:]})
		unmoved(t, w)
	})
	t.Run("organization that somebody holds", func(t *testing.T) {
		t.Parallel()
		w, people, others := forbidden(t)
		hold := func(finalizers ...string) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = finalizers })
		}
		hold("acme.example/wait")
		w.Delete(others[0])
		for _, o := range people {
			w.Delete(o)
		}
		for range 12 {
			_, _ = w.Round()
			w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute))
		}
		for _, o := range people {
			if w.Find(o.GetName(), &v1alpha1.User{}) {
				t.Errorf("%s waits for what nobody is left to mend: %v", o.GetName(), w.User(o.GetName()).Status.Conditions)
			}
		}
		hold()
		tearDown(t, w, len(people), [][]client.Object{others[1:]})
		unmoved(t, w)
	})
	t.Run("namespace", func(t *testing.T) {
		t.Parallel()
		w, people, _ := forbidden(t)
		w.Traffic.Reset()
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
		if err := env.Client(t).Delete(t.Context(), namespace); err != nil {
			t.Fatal(err)
		}
		// Its deletion would do so by and by, in the middle of passes.
		for _, kind := range []client.Object{&v1alpha1.SeatPool{}, &v1alpha1.Role{}, &v1alpha1.User{}, &v1alpha1.SeatSlice{}, &v1alpha1.Organization{}} {
			if err := env.Client(t).DeleteAllOf(t.Context(), kind, client.InNamespace(w.Namespace)); err != nil {
				t.Fatal(err)
			}
		}
		for range 12 {
			_, _ = w.Round()
			w.Clock.SetTime(w.Clock.Now().Add(5 * time.Minute))
		}
		if names := remaining(t, w); len(names) > 0 {
			t.Errorf("there are still %v", names)
		}
		wantCheap(t, w, len(people))
	})
}
