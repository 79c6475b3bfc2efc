// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// A deletion is rejected where there is a directory, and a rule by which what people own is handed over. Who is not applied again in
// time leaves by all the steps; who comes too late waits for that, and then comes back.
func TestParkedPeopleLeaveInFull(t *testing.T) {
	t.Parallel()
	s := empty(t)
	accounts := &fake.Directory{}
	s.start(operator.Options{Directory: accounts})
	org := build.Organization("acme").Protection("1", time.Hour).Directory().Ownership(build.Notes()).Obj()
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}, org, build.SeatPool("standard").Seats(5).Obj(),
		build.Role("member").SeatPool("standard").Obj(), build.Note("note", "dan"))
	people := []string{"ada", "bea", "cid", "dan"}
	for _, name := range people {
		s.create(member(name).Obj())
		s.join(name)
	}
	s.clock.LeapTo(s.clock.Now().Add(time.Minute))
	cid, dan := get[v1alpha1.User](s, "cid"), get[v1alpha1.User](s, "dan")
	s.delete("bea")
	s.gone("bea")
	s.delete("cid")
	s.delete("dan")
	s.holdsBack(2)
	edit(s, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationRejectRemovals, o.Status.Removals.Token)
	})
	s.gone("cid")
	s.gone("dan")
	for _, u := range []*v1alpha1.User{cid, dan} {
		if !accounts.Accounts()[u.UID].Account.Active {
			t.Errorf("%s is signed out", u.Name)
		}
	}

	accounts.Unavailable(1000)
	for _, name := range []string{"cid", "dan"} {
		record := membership.RecordName("acme", at(name))
		s.clock.LeapTo(get[v1alpha1.ArchivedUser](s, record).Record.Parked.Until.Time)
		edit(s, record, func(a *v1alpha1.ArchivedUser) { // the clock of the timers is another one
			metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
		})
		await(s, record, func(a *v1alpha1.ArchivedUser) error {
			ready := meta.FindStatusCondition(a.Record.Parked.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Reason != v1alpha1.ReasonDirectoryUnavailable {
				return fmt.Errorf("of %s the record says %+v", name, ready)
			}
			return nil
		})
	}
	s.create(member("cid").Obj())
	s.says("cid", v1alpha1.ReasonEmailInUse, "who is being archived")
	s.holder(2, "cid", cid)

	accounts.Unavailable(0)
	if back := s.is("cid", v1alpha1.ReasonActive); back.Account() != cid.UID {
		t.Errorf("cid is back with account %s", back.Account())
	}
	await(s, membership.RecordName("acme", at("dan")), func(a *v1alpha1.ArchivedUser) error {
		if a.Parked() || len(a.Record.Handovers) != 1 {
			return fmt.Errorf("dan is %+v", a.Record)
		}
		return nil
	})
	await(s, "note", func(note *corev1.ConfigMap) error {
		if owner := note.Labels[v1alpha1.LabelOwner]; owner != "ada" {
			return fmt.Errorf("the note is owned by %s", owner)
		}
		return nil
	})
	env.Eventually(s, func() error {
		if has := accounts.Accounts(); has[dan.UID].Account.Active || !has[cid.UID].Account.Active {
			return fmt.Errorf("accounts are %+v", has)
		}
		for _, a := range get[v1alpha1.SeatSlice](s, "standard-0").Assignments {
			if a.User == "dan" {
				return fmt.Errorf("dan holds seat %d", *a.Seat)
			}
		}
		return nil
	})
}
