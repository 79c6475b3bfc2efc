// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// crowdedOut is an organization that lets nobody else be removed at present.
func crowdedOut(u *v1alpha1.User, change ...func(*build.OrganizationBuilder)) *v1alpha1.Organization {
	b := build.Organization("acme").In("acme").Owner("ada").Protection("1", time.Hour)
	for _, c := range change {
		c(b)
	}
	org := b.Obj()
	org.Status.Removals.Counted = []v1alpha1.CountedRemovals{{At: *at(now), Count: 1}}
	org.Status.Removals = guard.DecideRemovals(guard.Removals{
		Protection: org.Spec.Protection, Organization: org, Users: []v1alpha1.User{*u}, Record: org.Status.Removals, Now: now,
	})
	return org
}

func ending() *build.UserBuilder {
	return jean().Generation(2).Until(now.Add(-time.Minute)).Invited(1, expiry).AcceptedAt(since).Holds("standard").Seats("standard").Known("jean@acme.example")
}

// What a user owns is looked for before access that ends by itself is revoked, too.
func TestEndOfAccessHandsOver(t *testing.T) {
	t.Parallel()
	d := departing(t, ending().Obj(), []v1alpha1.OwnershipRule{ownedBy("deals", block)}).pass()
	if d.User.Status.AccessRevokedAt != nil || d.Verdict.Reason == v1alpha1.ReasonArchived {
		t.Errorf("nothing was looked for: %v, %+v", d.Verdict, d.User.Status)
	}
}

// Access ends when it was to end, whatever else is to become of the person.
func TestEndOfAccessIsNotPutOff(t *testing.T) {
	t.Parallel()
	ended := func() *build.UserBuilder { return ending().Planned(now.Add(-time.Minute)).Ended(now.Add(-time.Second)) }
	unconfirmed := membership.Next(situation(ended().Deleting(now).Obj(), final, seated("standard")))
	if unconfirmed.User.Status.AccessRevokedAt == nil || unconfirmed.Farewell {
		t.Errorf("unconfirmed: %v, %+v", unconfirmed.Verdict, unconfirmed.User.Status)
	}
	for why, u := range map[string]*v1alpha1.User{"archived": ended().State(v1alpha1.UserArchived).Obj(), "deleted": ended().Deleting(now).Obj()} {
		s := situation(u, seated("standard"))
		s.Organization = crowdedOut(u)
		if d := membership.Next(s); d.User.Status.AccessRevokedAt == nil {
			t.Errorf("%s, and held: %v", why, d.Verdict)
		}
	}
}

// Whoever comes back without access is nobody who could be removed, and goes on.
func TestBackWithoutAccess(t *testing.T) {
	t.Parallel()
	for why, u := range map[string]*v1alpha1.User{"suspended": jean().State(v1alpha1.UserSuspended).Obj(), "deleted": jean().Deleting(now).Obj()} {
		s := situation(u, recorded(remains("jean@acme.example", "account-of-then", at(now.Add(-48*hour)))))
		s.Organization = crowdedOut(u)
		d := membership.Next(s)
		if d.User.Status.AccessRevokedAt == nil || !d.Farewell && d.Verdict.Reason != v1alpha1.ReasonSuspended {
			t.Errorf("%s: %v, farewell %t, %+v", why, d.Verdict, d.Farewell, d.User.Status)
		}
	}
}

// Nothing changes hands by a deletion that nobody has confirmed.
func TestUnconfirmedHandsNothingOver(t *testing.T) {
	t.Parallel()
	u := leaver().State(v1alpha1.UserSuspended).Revoked(now.Add(-hour)).Deleting(now).Obj()
	u.Status.Roles, u.Status.Seats = nil, nil
	l := departing(t, u, []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}, colleague("bea").Obj())
	l.org = build.Organization("acme").In("acme").Owner("ada").Policy(v1alpha1.OffboardingDelete).Ownership(ownedBy("deals", reassign)).Obj()
	l.seats = nil
	if d := membership.Next(l.situation()); d.Task != nil || d.Verdict.Reason != v1alpha1.ReasonConfirmationRequired {
		t.Errorf("task %+v, %v", d.Task, d.Verdict)
	}
}

// Of somebody who came back and is replaced a record remains, as of anybody who had accepted.
func TestReplacedAfterComingBack(t *testing.T) {
	t.Parallel()
	u := jean().Email("new@acme.example").Generation(2).AcceptedAt(since).Holds("standard").Seats("standard").Known("jean@acme.example").Obj()
	u.Status.AccountUID = "account-of-then"
	d := membership.Next(situation(u, changing(v1alpha1.EmailChangeReplace), seated("standard")))
	if d.Replaced == nil || d.Replaced.UID != "account-of-then" || d.User.Status.AcceptedAt != nil {
		t.Errorf("replaced %+v, %+v", d.Replaced, d.User.Status)
	}
}

// Who took over stays on record while the organization is away, and when somebody is deleted then.
func TestHandoverOutlastsTheOrganization(t *testing.T) {
	t.Parallel()
	u := leaver().Revoked(now.Add(-hour)).Obj()
	u.Status.Roles, u.Status.Seats = nil, nil
	u.Status.Handover = &v1alpha1.Handover{Generation: 2, Rules: []v1alpha1.RuleHandover{
		{Rule: "deals", State: v1alpha1.HandoverDone, Objects: ptr.To(int32(5)), Successors: []v1alpha1.Successor{{User: "bea", UID: "b"}}},
	}}
	for _, deleted := range []bool{false, true} {
		if deleted {
			u.DeletionTimestamp, u.Generation = at(now), 3
		}
		if d := membership.Next(situation(u, noOrganization)); d.User.Status.Handover == nil || len(d.User.Status.Handover.Rules) != 1 {
			t.Errorf("deleted %t: the handover is %+v", deleted, d.User.Status.Handover)
		}
	}
}

// Another address does not let anybody go whom the organization holds.
func TestReplacedIsNotRemoved(t *testing.T) {
	t.Parallel()
	u := leaver().Email("new@acme.example").Obj()
	s := situation(u, seated("standard"))
	s.Organization = crowdedOut(u, func(b *build.OrganizationBuilder) { b.EmailChange(v1alpha1.EmailChangeReplace) })
	if d := membership.Next(s); d.Verdict.Reason != v1alpha1.ReasonRemovalHeld || d.User.Status.AccessRevokedAt != nil {
		t.Errorf("%v, %+v", d.Verdict, d.User.Status)
	}
}
