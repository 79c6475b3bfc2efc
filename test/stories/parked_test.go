// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// holder waits until a seat of the pool is held by a User of some name, of the given UID unless it is empty.
func (s *stage) holder(seat int32, name string, u *v1alpha1.User) {
	s.Helper()
	await(s, "standard-0", func(slice *v1alpha1.SeatSlice) error {
		for _, a := range slice.Assignments {
			if *a.Seat == seat && a.User == name && (u == nil || a.UID == u.UID) {
				return nil
			}
		}
		return fmt.Errorf("%s does not hold seat %d: %v", name, seat, slice.Assignments)
	})
}

// A folder that was lost is found again: the deletions that were held are rejected, the folder is applied, and all are as before, but
// for who is not in it any more, and is archived a window later. Nobody who waits gets a seat before.
func TestPruneIsRejected(t *testing.T) {
	t.Parallel()
	s, names := prunable(t, 4, "1")
	for _, name := range names {
		s.join(name)
	}
	s.clock.LeapTo(s.clock.Now().Add(time.Minute))
	s.create(member("zoe").Obj())
	s.is("zoe", v1alpha1.ReasonAwaitingSeat)
	seats := map[string]int32{}
	for _, a := range get[v1alpha1.SeatSlice](s, "standard-0").Assignments {
		seats[a.User] = *a.Seat
	}
	first := names[0]
	s.delete(first)
	s.gone(first)
	s.invited("zoe", 1) // whose seat that is now
	s.create(member("yan").Obj())
	s.is("yan", v1alpha1.ReasonAwaitingSeat)
	for _, name := range names[1:] {
		s.delete(name)
	}
	s.holdsBack(3)
	edit(s, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationRejectRemovals, o.Status.Removals.Token)
	})
	for _, name := range names[1:] {
		s.gone(name)
		s.holder(seats[name], name, nil)
	}

	mails := len(s.mails(at(names[1]))) + len(s.mails(at(names[2])))
	for _, name := range names[1:3] {
		s.create(member(name).Obj())
		s.holder(seats[name], name, s.is(name, v1alpha1.ReasonActive))
	}
	s.is("yan", v1alpha1.ReasonAwaitingSeat)
	if n := len(s.mails(at(names[1]))) + len(s.mails(at(names[2]))); n != mails {
		t.Errorf("%d mails are sent", n-mails)
	}

	last := names[3]
	record := membership.RecordName("acme", at(last))
	s.holder(seats[last], last, nil)
	s.clock.LeapTo(get[v1alpha1.ArchivedUser](s, record).Record.Parked.Until.Time)
	edit(s, record, func(a *v1alpha1.ArchivedUser) { // the clock of the timers is another one
		metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
	})
	await(s, record, func(a *v1alpha1.ArchivedUser) error {
		if a.Parked() {
			return fmt.Errorf("%s is parked", last)
		}
		return nil
	})
	s.holder(seats[last], "yan", s.invited("yan", 1))
	for _, name := range names[1:3] {
		if err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: membership.RecordName("acme", at(name))}, &v1alpha1.ArchivedUser{}); err == nil {
			t.Errorf("of %s there is a record", name)
		}
	}
}
