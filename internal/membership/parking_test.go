// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// A deletion that was rejected takes the object: nothing is revoked, and what the person has is to be recorded.
func TestPark(t *testing.T) {
	t.Parallel()
	u := jean().UID("u-jean").Known("jean@acme.example").Roles("standard").Holds("standard").Seats("standard").AcceptedAt(now.Add(-hour)).Deleting(now).Obj()
	for by, parks := range map[v1alpha1.RemovalPass]bool{v1alpha1.PassRejection: true, v1alpha1.PassApproval: false} {
		org := build.Organization("acme").In("acme").Protection("1", 2*time.Hour).Obj()
		org.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1, Kind: v1alpha1.RemovalDelete, By: by}}
		d := membership.Next(membership.Situation{
			Facts: membership.Facts{Organization: org}, Now: now, User: u.DeepCopy(), Seats: []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}},
		})
		want := v1alpha1.Parking{}
		if parks {
			status := u.Status.DeepCopy()
			status.Conditions = nil
			want = v1alpha1.Parking{Until: metav1.NewTime(now.Add(2 * time.Hour)), Status: *status}
		}
		if diff := cmp.Diff(want, d.Parked); diff != "" || d.Farewell != parks || (d.User.Status.AccessRevokedAt == nil) != parks || parks && d.Verdict.Kind != verdict.Silent {
			t.Errorf("by %s: farewell %t, %+v; parked (-want +got):\n%s", by, d.Farewell, d.User.Status, diff)
		}
	}
}

// The record of who is parked keeps the seats, so it ends when the next User has come into all of them, or is to have none.
func TestParkedRecordEndsWhenItsSeatsAreTakenOver(t *testing.T) {
	t.Parallel()
	waiting := pool("standard", membership.Pool{Found: true, Capacity: 1, Position: 1})
	for name, c := range map[string]struct {
		why    string
		user   *build.UserBuilder
		with   func(*membership.Situation)
		parked bool
		ends   bool
	}{
		"waits":     {"the pool has not seen the record", jean(), waiting, true, false},
		"seated":    {"nothing is left to keep", jean(), seated("standard"), true, true},
		"suspended": {"who is to have no access has no seat", jean().State(v1alpha1.UserSuspended), waiting, true, true},
		"awaits a role": {"who knows which seats it takes", jean(), func(s *membership.Situation) {
			seated("standard")(s)
			s.Roles.Unknown = []access.Given{{}}
		}, true, false},
		"waits, not parked":  {"the record of who left keeps none", jean(), waiting, false, true},
		"seated, not parked": {"as ever", jean(), seated("standard"), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := remains("jean@acme.example", "account-of-then", at(now.Add(-48*hour)))
			if c.parked {
				record.Record.Parked = v1alpha1.Parking{Until: metav1.NewTime(now.Add(hour)), Heir: v1alpha1.Heir{User: "jean", UID: c.user.Obj().UID}}
			}
			d := membership.Next(situation(c.user.Obj(), recorded(record), c.with))
			if ends := slices.Contains(d.Spent, record); ends != c.ends || d.User.Account() != "account-of-then" {
				t.Errorf("%s; it ends: %t, and the account is %s", c.why, ends, d.User.Account())
			}
		})
	}
}

// Parking ends when access would have ended by itself.
func TestParkedUntilAccessEnds(t *testing.T) {
	t.Parallel()
	end := now.Add(hour)
	u := jean().UID("u-jean").Known("jean@acme.example").Roles("standard").Holds("standard").Seats("standard").AcceptedAt(now.Add(-hour)).Until(end).Deleting(now).Obj()
	org := build.Organization("acme").In("acme").Protection("1", 2*time.Hour).Obj()
	org.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1, Kind: v1alpha1.RemovalDelete, By: v1alpha1.PassRejection}}
	d := membership.Next(membership.Situation{
		Facts: membership.Facts{Organization: org}, Now: now, User: u, Seats: []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}},
	})
	if got := d.Parked.Until.Time; !got.Equal(end) {
		t.Errorf("parked until %v, and access ends at %v", got, end)
	}
}

// Who can be parked is told by what the person has, and by what the organization says of who leaves.
func TestParks(t *testing.T) {
	t.Parallel()
	active := func() *build.UserBuilder { return jean().AcceptedAt(now).Holds("guest").Deleting(now) }
	rule := func(action v1alpha1.OwnershipAction) v1alpha1.OwnershipRule {
		r := build.Notes()
		r.OnArchive = action
		return r
	}
	acme := func() *build.OrganizationBuilder { return build.Organization("acme") }
	for name, c := range map[string]struct {
		why  string
		user *build.UserBuilder
		org  *build.OrganizationBuilder
		want bool
	}{
		"active":         {"there is nothing in the way", active(), acme(), true},
		"invited":        {"the link goes with the User", jean().Invited(1, expiry).Holds("guest").Deleting(now), acme(), false},
		"admin":          {"somebody has to hold that role", active().Holds("guest", "admin"), acme(), false},
		"lead":           {"somebody else would be given that role", active().Holds("guest", "lead"), acme(), false},
		"unknown role":   {"it asks for nobody", active().Holds("nowhere"), acme(), true},
		"hands over":     {"it is handed over when the person is archived", active(), acme().Ownership(rule(v1alpha1.OwnershipReassign)), true},
		"an account":     {"it is deactivated when the person is archived", active(), acme().Directory(), true},
		"for good":       {"no record is left", active(), acme().Policy(v1alpha1.OffboardingDelete), false},
		"without access": {"there is nothing to keep", active().Revoked(now), acme(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roles := map[string]*v1alpha1.Role{"guest": build.Role("guest").Obj(), "admin": build.Role("admin").MinHolders(1).Obj(), "lead": build.Role("lead").MaxHolders(1).Obj()}
			if got := membership.Parks(c.user.Obj(), c.org.Obj(), func(name string) *v1alpha1.Role { return roles[name] }); got != c.want {
				t.Errorf("%s; got %t", c.why, got)
			}
		})
	}
}

// parkedAt is the record of jean, whose deletion was rejected.
func parkedAt(change func(*v1alpha1.Parking)) *v1alpha1.ArchivedUser {
	a := remains("jean@acme.example", "", at(now.Add(-48*hour)))
	a.Record.Parked = v1alpha1.Parking{Until: metav1.NewTime(now.Add(hour))}
	a.Record.Parked.Status.Roles, a.Record.Parked.Status.AcceptedAt = []string{"standard"}, at(now.Add(-48*hour))
	if change != nil {
		change(&a.Record.Parked)
	}
	return a
}

func heir(uid types.UID) func(*v1alpha1.Parking) {
	return func(p *v1alpha1.Parking) { p.Heir = v1alpha1.Heir{User: "jean", UID: uid} }
}

func ended(p *v1alpha1.Parking) { p.EndedAt = at(now) }

// A record is claimed by who comes at its address, in time. From everybody else it keeps the address.
func TestClaims(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why          string
		user         *build.UserBuilder
		record       *v1alpha1.ArchivedUser
		now          time.Time
		claims, kept bool
	}{
		"comes":            {"the same person", jean(), parkedAt(nil), now, true, true},
		"has claimed":      {"and may go on", jean().UID("u-2"), parkedAt(heir("u-2")), now, false, false},
		"another has":      {"whoever that is, is looked at first", jean().UID("u-2"), parkedAt(heir("u-3")), now, true, true},
		"late":             {"the time is over", jean(), parkedAt(nil), now.Add(hour), false, true},
		"ended":            {"the person leaves", jean(), parkedAt(ended), now, false, true},
		"another address":  {"somebody else", jean().Email("jon@acme.example"), parkedAt(nil), now, false, false},
		"has an account":   {"is somebody already", jean().AcceptedAt(now.Add(-hour)).Known("jon@acme.example"), parkedAt(nil), now, false, true},
		"has that address": {"and an account of their own", jean().AcceptedAt(now.Add(-hour)).Known("jean@acme.example"), parkedAt(nil), now, false, false},
		"known elsewhere":  {"the edit may never take effect", jean().Known("jon@acme.example"), parkedAt(nil), now, false, true},
		"known here":       {"waited for somebody", jean().Known("JEAN@acme.example"), parkedAt(nil), now, true, true},
		"claimed, edited":  {"nor may that one", jean().UID("u-2").Known("jon@acme.example"), parkedAt(heir("u-2")), now, false, true},
		"claimed, goes":    {"who goes has taken nothing over", jean().UID("u-2").Deleting(now), parkedAt(heir("u-2")), now, false, true},
		"goes":             {"who goes takes nothing over", jean().Deleting(now), parkedAt(nil), now, false, true},
		"the User itself":  {"which has not gone yet", jean().UID("uid-of-then").Deleting(now), parkedAt(nil), now, false, false},
		"left":             {"the record is an ordinary one", jean(), remains("jean@acme.example", "", nil), now, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := c.user.Obj()
			if claims, kept := membership.Claims(u, c.record, c.now), membership.KeptFrom(u, c.record); claims != c.claims || kept != c.kept {
				t.Errorf("%s; claims: %t, kept from: %t", c.why, claims, kept)
			}
		})
	}
}

// Whoever has not claimed a record is not the person, and waits; who has is, whatever else is in the way.
func TestTakesOver(t *testing.T) {
	t.Parallel()
	kept := func(a *v1alpha1.ArchivedUser) func(*membership.Situation) {
		return func(s *membership.Situation) {
			recorded(a)(s)
			s.EmailHolder, s.Keeper = "jean", a
		}
	}
	claimed := parkedAt(heir(jean().Obj().UID))
	for name, c := range map[string]struct {
		why    string
		with   func(*membership.Situation)
		over   bool
		reason string
	}{
		"unclaimed":         {"the end may have come", kept(parkedAt(nil)), false, v1alpha1.ReasonEmailInUse},
		"ended":             {"it has", kept(parkedAt(ended)), false, v1alpha1.ReasonEmailInUse},
		"nothing is said":   {"only a claim counts", recorded(parkedAt(nil)), false, v1alpha1.ReasonAwaitingSeat},
		"claimed":           {"the record waits for that", recorded(claimed), true, v1alpha1.ReasonAwaitingSeat},
		"claimed, and lost": {"else the record would wait for ever", func(s *membership.Situation) { recorded(claimed)(s); s.EmailHolder = "older" }, true, v1alpha1.ReasonEmailInUse},
		"claimed, no organization": {"it is nobody else", func(s *membership.Situation) {
			recorded(claimed)(s)
			s.Organization = nil
		}, true, v1alpha1.ReasonOrganizationNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(jean().Obj(), pool("standard", membership.Pool{Found: true, Capacity: 1, Position: 1}), c.with))
			if over := d.User.Account() == "uid-of-then"; over != c.over || d.Verdict.Reason != c.reason {
				t.Errorf("%s; took over: %t, %+v", c.why, over, d.Verdict)
			}
		})
	}
}

// While a record keeps the seat for who takes over from it, the account stays as it is, though no role is held yet.
func TestAccountWhileTakingOver(t *testing.T) {
	t.Parallel()
	for parked, want := range map[bool]bool{true: false, false: true} {
		u := jean().Obj()
		a := parkedAt(heir(u.UID))
		org := build.Organization("acme").In("acme").Directory().Obj()
		a.Record.DirectoryAccount = &v1alpha1.DirectoryAccount{Directory: org.Spec.Directory.SCIM.URL, ID: "7", State: v1alpha1.AccountActive}
		if !parked {
			a.Record.Parked = v1alpha1.Parking{}
		}
		waiting := pool("standard", membership.Pool{Found: true, Capacity: 1, Position: 1})
		for _, look := range []string{"takes over", "has taken over"} {
			d := membership.Next(situation(u, recorded(a), waiting, func(s *membership.Situation) { s.Organization = org }))
			if touched := d.AccountTask != nil; touched != want {
				t.Errorf("parked: %t, %s: the directory is asked for %+v", parked, look, d.AccountTask)
			}
			if u = d.User; want {
				break
			}
		}
	}
}

// Once a record has ended, nobody holds the person: not the guard, which has let go of the User, nor the name, nor a confirmation.
func TestNobodyHoldsARecord(t *testing.T) {
	t.Parallel()
	org := build.Organization("acme").In("acme").Owner("jean").Protection("1", hour).Policy(v1alpha1.OffboardingDelete).Obj()
	org.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "jean", UID: "uid-of-then", Kind: v1alpha1.RemovalDelete, By: v1alpha1.PassRejection}}
	u := membership.Resident(parkedAt(ended))
	d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: membership.LettingGo(org)}, Now: now, User: u})
	if d.User.Status.AccessRevokedAt == nil || len(d.User.Status.Roles) > 0 || !d.Farewell || d.Final || d.Nobody || !d.Parked.Until.IsZero() {
		t.Errorf("the decision is %+v, %+v", d.Verdict, d.User.Status)
	}
	if org.Spec.Owner != "jean" {
		t.Error("the organization is changed")
	}
}

// Whoever asks for another look at the person of a record sets the annotation there.
func TestResidentIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	a := parkedAt(ended)
	a.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: "now", "other": "x"}
	if diff := cmp.Diff(map[string]string{v1alpha1.AnnotationReconcileAt: "now"}, membership.Resident(a).Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

// A pool takes who is parked for somebody who keeps a seat, and who is being archived for somebody who leaves.
func TestResidentStanding(t *testing.T) {
	t.Parallel()
	revoked := func(p *v1alpha1.Parking) {
		ended(p)
		p.Status.AccessRevokedAt = at(now)
	}
	for want, record := range map[seats.Standing]*v1alpha1.ArchivedUser{
		seats.Keeps: parkedAt(nil), seats.Leaves: parkedAt(ended), seats.Frees: parkedAt(revoked),
	} {
		if got := membership.ResidentStanding(record); got != want {
			t.Errorf("the standing is %v, want %v", got, want)
		}
	}
}
