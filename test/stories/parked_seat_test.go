// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// A record that is over its time, and waits for nothing but the seat to pass, goes by the write of the slice: the User whose seat that
// is then has another role that is unknown, so that no pass of its own ends the record, and the next look is minutes away.
func TestRecordGoesWhenTheSeatHasPassed(t *testing.T) {
	t.Parallel()
	s := empty(t)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t)), Directory: &fake.Directory{}})
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}},
		build.Organization("acme").Protection("1", time.Hour).Directory().Obj(), build.SeatPool("standard").Seats(3).Obj(),
		build.Role("member").SeatPool("standard").Obj())
	for _, name := range []string{"ada", "bea", "cid"} {
		s.create(member(name).Obj())
		s.join(name)
	}
	s.clock.LeapTo(s.clock.Now().Add(time.Minute))
	cid := get[v1alpha1.User](s, "cid")
	s.delete("bea")
	s.gone("bea")
	s.delete("cid")
	s.holdsBack(1)
	edit(s, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationRejectRemovals, o.Status.Removals.Token)
	})
	s.gone("cid")
	s.holder(2, "cid", cid)

	seat := traffic.Hold(1, operator.Writing("seatslices"))
	defer seat.Release()
	s.create(build.User("cid").Roles("nowhere", "member").Obj())
	heir := await(s, "cid", func(u *v1alpha1.User) error {
		if u.Account() != cid.UID {
			return errors.New("cid has not taken over")
		}
		return nil
	})
	<-seat.Reached()
	name := membership.RecordName("acme", at("cid"))
	s.clock.LeapTo(get[v1alpha1.ArchivedUser](s, name).Record.Parked.Until.Time)
	looks := func() int {
		return len(traffic.Requests(func(r operator.Request) bool { return r.Verb == "get" && r.Resource == "users" && r.Name == "cid" }))
	}
	before := looks()
	edit(s, name, func(a *v1alpha1.ArchivedUser) { // the clock of the timers is another one
		metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
	})
	env.Eventually(s, func() error {
		if looks() == before {
			return errors.New("nobody has looked for who takes over")
		}
		return nil
	})
	if record := get[v1alpha1.ArchivedUser](s, name); record.Record.Parked.Heir.UID != heir.UID || record.Ended() || !record.DeletionTimestamp.IsZero() {
		t.Fatalf("before the seat has passed, the record is %+v", record)
	}
	s.holder(2, "cid", cid)

	seat.Release()
	s.holder(2, "cid", heir)
	env.Eventually(s, func() error {
		err := s.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &v1alpha1.ArchivedUser{})
		if !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("the record is there"), err)
		}
		return nil
	})
}
