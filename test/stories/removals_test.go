// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// The stages of these stories have no webhooks: whatever is done comes around admission.

// prunable plays an organization that ada owns, and in which so many people are invited. So many, or a share, may be removed within
// an hour.
func prunable(t *testing.T, people int, allowed string) (s *stage, names []string) {
	t.Helper()
	s = play(t, build.Organization("acme").Protection(allowed, time.Hour).Obj(), build.SeatPool("standard").Seats(int32(people+1)).Obj(),
		build.Role("member").SeatPool("standard").Obj(), member("ada").Obj())
	for i := range people {
		names = append(names, fmt.Sprintf("p%02d", i))
		s.create(member(names[i]).Obj())
	}
	for _, name := range append([]string{"ada"}, names...) {
		s.invited(name, 1)
	}
	return s, names
}

// holdsBack waits until the organization holds the removal of just so many people, and returns who they are.
func (s *stage) holdsBack(n int) (names []string) {
	s.Helper()
	org := await(s, "acme", func(o *v1alpha1.Organization) error {
		if r := &o.Status.Removals; int(r.HeldCount) != n || len(r.Held) != n {
			return fmt.Errorf("%d removals are held (%v), want %d", r.HeldCount, r.Held, n)
		}
		return nil
	})
	for _, h := range org.Status.Removals.Held {
		names = append(names, h.User)
	}
	return names
}

// present are those of the people who are there and have access, or may have it for the asking, with their seat.
func (s *stage) present(names []string) (there []string) {
	s.Helper()
	for _, name := range names {
		u := &v1alpha1.User{}
		err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, u)
		if err == nil && u.Status.AccessRevokedAt == nil && slices.Equal(u.Status.Seats, []string{"standard"}) {
			there = append(there, name)
		} else if client.IgnoreNotFound(err) != nil {
			s.Fatal(err)
		}
	}
	return there
}

// approve lets the list pass that is held.
func (s *stage) approve() {
	s.Helper()
	edit(s, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationApproveRemovals, o.Status.Removals.Token)
	})
}

// A GitOps tool that lost its folder prunes everybody, one by one: so many go, the others are held, and nothing happens to
// them, for as long as it takes. What somebody approves is what goes.
func TestPruneIsHeld(t *testing.T) {
	t.Parallel()
	s, names := prunable(t, 11, "3")
	s.join("p10")
	for _, name := range names {
		s.delete(name)
	}
	for _, name := range names[:3] {
		s.gone(name)
	}
	if diff := cmp.Diff(names[3:], s.holdsBack(8)); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	for _, name := range names[3:] {
		s.is(name, v1alpha1.ReasonRemovalHeld)
	}
	s.clock.LeapTo(s.clock.Now().Add(2 * time.Hour))
	edit(s, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
	})
	await(s, "acme", func(o *v1alpha1.Organization) error {
		if n := len(o.Status.Removals.Passed); n > 0 {
			return fmt.Errorf("%d count still", n)
		}
		return nil
	})
	if diff := cmp.Diff(names[3:], s.present(names)); diff != "" {
		t.Errorf("a window later, who is there (-want +got):\n%s", diff)
	}

	s.turn("ada", v1alpha1.UserActive)
	s.create(member("zoe").Obj())
	s.invited("zoe", 1)
	token := get[v1alpha1.Organization](s, "acme").Status.Removals.Token
	s.approve()
	for _, name := range names[3:] {
		s.gone(name)
	}
	s.holdsBack(0)
	if got := get[v1alpha1.Organization](s, "acme").Status.Removals.Approved; got != token {
		t.Errorf("approved is %q, want %q", got, token)
	}
	s.invited("zoe", 1)
	s.invited("ada", 1)
}

// In a small organization one removal is always possible, and what is taken back, is: by the edit alone.
func TestSmallOrganizationIsProtected(t *testing.T) {
	t.Parallel()
	s, _ := prunable(t, 2, "25%")
	s.turn("p00", v1alpha1.UserArchived)
	s.is("p00", v1alpha1.ReasonArchived)
	s.turn("p01", v1alpha1.UserSuspended)
	s.says("p01", v1alpha1.ReasonRemovalHeld, "approve it there, or set spec.state to Active")
	s.turn("p01", v1alpha1.UserActive)
	s.is("p01", v1alpha1.ReasonInvited)
	s.holdsBack(0)
}

// Without protection nobody asks the organization, and when it is taken away, who was held goes.
func TestProtectionIsTakenAway(t *testing.T) {
	t.Parallel()
	s, names := prunable(t, 3, "1")
	for _, name := range names {
		s.turn(name, v1alpha1.UserArchived)
	}
	s.is("p00", v1alpha1.ReasonArchived)
	s.holdsBack(2)
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Protection = v1alpha1.ProtectionPolicy{} })
	for _, name := range names {
		s.is(name, v1alpha1.ReasonArchived)
	}
	s.holdsBack(0)
}

// What is deleted as a whole goes as a whole: the organization with its people, and a namespace with all that is in it.
func TestAllGoWithOrganizationAndNamespace(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *stage) error{
		"the organization": func(s *stage) error { return s.Delete(s.Context(), get[v1alpha1.Organization](s, "acme")) },
		// There is no namespace controller here: this is what it does, in its order of kinds.
		"the namespace": func(s *stage) error {
			return errors.Join(
				s.Delete(s.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}),
				s.DeleteAllOf(s.Context(), &v1alpha1.User{}, client.InNamespace(s.ns)),
				s.DeleteAllOf(s.Context(), &v1alpha1.Organization{}, client.InNamespace(s.ns)),
			)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, names := prunable(t, 5, "1")
			for _, name := range names {
				s.delete(name)
			}
			s.holdsBack(4)
			s.must(end(s), "ending %s", name)
			for _, name := range names {
				s.gone(name)
			}
			err := s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "acme"}, &v1alpha1.Organization{})
			if !apierrors.IsNotFound(err) {
				t.Errorf("the organization is there: %v", err)
			}
		})
	}
}

// What is decided outlives whoever decided it.
func TestRemovalsAreHeldByTheNextOperator(t *testing.T) {
	t.Parallel()
	s, names := prunable(t, 4, "1")
	for _, name := range names[:2] {
		s.turn(name, v1alpha1.UserArchived)
	}
	s.is("p00", v1alpha1.ReasonArchived)
	s.is("p01", v1alpha1.ReasonRemovalHeld)
	s.op.Stop(t)
	for _, name := range names[2:] {
		s.delete(name)
	}
	s.start(operator.Options{})
	held := s.holdsBack(3)
	if diff := cmp.Diff(names[1:], held); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	s.approve()
	s.gone("p02")
	s.gone("p03")
	s.is("p01", v1alpha1.ReasonArchived)
}
