// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
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
		"unknown role":   {"it asks for nobody", active().Holds("nowhere"), acme(), true},
		"hands over":     {"it is handed over when the person is archived", active(), acme().Ownership(rule(v1alpha1.OwnershipReassign)), true},
		"an account":     {"it is deactivated when the person is archived", active(), acme().Directory(), true},
		"for good":       {"no record is left", active(), acme().Policy(v1alpha1.OffboardingDelete), false},
		"without access": {"there is nothing to keep", active().Revoked(now), acme(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roles := map[string]*v1alpha1.Role{"guest": build.Role("guest").Obj(), "admin": build.Role("admin").MinHolders(1).Obj()}
			if got := membership.Parks(c.user.Obj(), c.org.Obj(), func(name string) *v1alpha1.Role { return roles[name] }); got != c.want {
				t.Errorf("%s; got %t", c.why, got)
			}
		})
	}
}
