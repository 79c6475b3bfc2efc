// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// record reads what remains of a user at the address of the name; nil when nothing does.
func (s *stage) record(name string) *v1alpha1.ArchivedUser {
	s.Helper()
	record := &v1alpha1.ArchivedUser{}
	err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: membership.RecordName("acme", at(name))}, record)
	s.must(client.IgnoreNotFound(err), "reading the record of %s", name)
	if err != nil {
		return nil
	}
	return record
}

// unrecorded waits until nothing remains of a user.
func (s *stage) unrecorded(name string) {
	s.Helper()
	env.Eventually(s, func() error {
		if record := s.record(name); record != nil {
			return fmt.Errorf("of %s remains %+v", name, record.Record)
		}
		return nil
	})
}

// told counts the events of a reason.
func (s *stage) told(reason string) int {
	s.Helper()
	var list eventsv1.EventList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing events")
	return len(slices.DeleteFunc(list.Items, func(e eventsv1.Event) bool { return e.Reason != reason }))
}

func (s *stage) confirm(name string) {
	s.Helper()
	s.annotate(name, v1alpha1.AnnotationConfirmDelete, string(get[v1alpha1.User](s, name).UID))
}

func offboarding(to v1alpha1.OffboardingMode) func(*v1alpha1.Organization) {
	return func(o *v1alpha1.Organization) { o.Spec.Offboarding.Policy = to }
}

// Rules AX-10 and AX-14: what GitOps prunes and applies again is as before, whether the operator runs meanwhile, another one
// does, or none.
func TestPruneAndReapply(t *testing.T) {
	t.Parallel()
	for why, meanwhile := range map[string]func(*stage, func()){
		"in one go":        func(_ *stage, apply func()) { apply() },
		"another operator": func(s *stage, apply func()) { s.op.Stop(s.T); s.start(operator.Options{}); apply() },
		"no operator":      func(s *stage, apply func()) { s.op.Stop(s.T); apply(); s.start(operator.Options{}) },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(3, "ada", "bea")...)
			s.join("bea")
			account := get[v1alpha1.User](s, "bea").UID
			s.delete("bea")
			s.gone("bea")
			meanwhile(s, func() { s.create(member("bea").Obj()) })
			bea := s.is("bea", v1alpha1.ReasonActive)
			s.holds(bea, "standard")
			if bea.Account() != account || bea.Account() == bea.UID {
				t.Errorf("bea has account %s, want %s", bea.Account(), account)
			}
			s.unrecorded("bea")
			env.Eventually(t, func() error {
				if n := s.told(v1alpha1.ReasonReactivated); n != 1 {
					return fmt.Errorf("it is told %d times", n)
				}
				return nil
			})
			s.links(at("bea"), 1)
		})
	}
}

// A wave of people comes back without a mail and, but for the odd one whose record the cache was late with, without a read.
func TestManyComeBack(t *testing.T) {
	t.Parallel()
	const people = 40
	s := empty(t)
	s.create(acme(people + 1)...)
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	s.recruit(names, people)
	for _, name := range names {
		s.join(name)
	}
	for _, name := range names {
		s.delete(name)
	}
	for _, name := range names {
		s.gone(name)
	}
	traffic.Reset()
	s.recruit(names, people)
	for _, name := range names {
		s.is(name, v1alpha1.ReasonActive)
		s.links(at(name), 1)
	}
	for _, name := range names {
		s.unrecorded(name)
	}
	s.atMost(&traffic, 1, names)
	if n := len(traffic.Requests(operator.Writing("archivedusers"))); n != people {
		t.Errorf("the records take %d writes, want %d", n, people)
	}
	reads := traffic.Requests(func(r operator.Request) bool { return r.Verb == "get" && r.Resource == "archivedusers" })
	if len(reads) > people/10 {
		t.Errorf("%d records are read past the cache", len(reads))
	}
}

// A record that shows up late wakes the person, whom a mail has reached already.
func TestLateRecordWakes(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea")...)
	s.invited("bea", 1)
	then := metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second))
	s.create(&v1alpha1.ArchivedUser{
		ObjectMeta: metav1.ObjectMeta{Name: membership.RecordName("acme", at("bea"))},
		Record: v1alpha1.UserRecord{
			User: "bea", UID: "uid-of-then", Spec: member("bea").Obj().Spec, Reason: v1alpha1.ArchiveOther, ArchivedAt: then, AcceptedAt: &then,
		},
	})
	if bea := s.is("bea", v1alpha1.ReasonActive); bea.Account() != "uid-of-then" {
		t.Errorf("bea has account %s", bea.Account())
	}
	s.unrecorded("bea")
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusConflict) // the page says that it is answered
}

// Rules AX-10 and AX-11: who claims the address of somebody else is told what can be done, as that changes.
func TestTheWayBackIsTold(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea")...)
	s.join("bea")
	s.create(member("eve").Email("BEA@acme.example").Obj())
	s.says("eve", v1alpha1.ReasonEmailInUse, "in use by User bea: change it here, or change or delete that User")
	s.turn("bea", v1alpha1.UserArchived)
	s.says("eve", v1alpha1.ReasonEmailInUse, "in use by User bea, who is archived, and comes back when spec.state of User bea is set to Active")
	s.delete("eve") // who never had it, and leaves nothing that would be taken for bea's
	s.gone("eve")
	if record := s.record("bea"); record != nil {
		t.Errorf("of eve remains %+v", record.Record)
	}
	s.turn("bea", v1alpha1.UserActive)
	s.is("bea", v1alpha1.ReasonActive)
}

// What remains ends by the clock; a change of the retention takes effect at once.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea")...)
	s.invited("bea", 1)
	s.delete("bea")
	s.gone("bea")
	archived := s.record("bea").Record.ArchivedAt
	retain := func(d time.Duration) {
		edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Retention = &metav1.Duration{Duration: d} })
		s.is("ada", v1alpha1.ReasonInvited)
	}
	retain(1000 * time.Hour)
	s.clock.LeapTo(archived.Add(time.Hour - 2*time.Second))
	if s.record("bea") == nil {
		t.Fatal("the record has ended long before its time")
	}
	retain(time.Hour) // two seconds are left, which a timer ends
	s.unrecorded("bea")
	s.create(member("bea").Obj())
	s.invited("bea", 1) // somebody whom nobody knows
	if n := len(s.mails(at("bea"))); n != 2 {
		t.Errorf("bea has got %d mails, want one for each stay", n)
	}
}

// Rules IN-10 and AC-15: a deletion that leaves nothing waits for a confirmation, and meanwhile nothing happens.
func TestDeletedForGood(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	s.join("bea")
	edit(s, "acme", offboarding(v1alpha1.OffboardingDelete))
	s.delete("bea")
	bea := s.says("bea", v1alpha1.ReasonConfirmationRequired, "cannot be undone")
	s.holds(bea, "standard")
	if bea.Status.AccessRevokedAt != nil {
		t.Errorf("access was revoked at %s", bea.Status.AccessRevokedAt)
	}
	s.is("cid", v1alpha1.ReasonAwaitingSeat)
	s.annotate("bea", v1alpha1.AnnotationConfirmDelete, "yes")
	s.says("bea", v1alpha1.ReasonConfirmationRequired, "seatkeeper.dev/confirm-delete="+string(bea.UID))
	s.confirm("bea")
	s.gone("bea")
	s.is("cid", v1alpha1.ReasonInvited)
	env.Eventually(t, func() error {
		if n := s.told(v1alpha1.ReasonDeleted); n != 1 {
			return fmt.Errorf("it is told %d times", n)
		}
		return nil
	})
	if s.record("bea") != nil {
		t.Error("a record remains")
	}

	s.turn("cid", v1alpha1.UserArchived) // which keeps the User under this policy as well
	s.is("cid", v1alpha1.ReasonArchived)
}

// An organization, or a namespace, that goes takes those who wait for a confirmation with it.
func TestNoConfirmationWhereAllGoes(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	s.join("bea")
	edit(s, "acme", offboarding(v1alpha1.OffboardingDelete))
	s.delete("bea")
	s.is("bea", v1alpha1.ReasonConfirmationRequired)
	s.must(client.IgnoreNotFound(s.Delete(s.Context(), get[v1alpha1.Organization](s, "acme"))), "deleting acme")
	s.gone("bea")
	if err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: "acme"}, &v1alpha1.Organization{}); !apierrors.IsNotFound(err) {
		t.Errorf("acme is still there: %v", err)
	}
}
