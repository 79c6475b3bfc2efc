// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Who is removed and not let pass keeps all: nothing is said before it is decided, and then that it is held. A role that somebody
// has to hold is not asked for meanwhile, since it would not be given up.
func TestRemovalThatIsNotLetPass(t *testing.T) {
	t.Parallel()
	active := func() *build.UserBuilder {
		return jean().UID("u-jean").Roles("standard").Holds("standard").Seats("standard").AcceptedAt(now.Add(-hour))
	}
	held := []v1alpha1.HeldRemoval{{User: "jean", UID: "u-jean", Generation: 1, Kind: v1alpha1.RemovalArchive}}
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		record v1alpha1.RemovalsStatus
		kind   verdict.Kind
		words  string
		leaves bool
	}{
		"not decided": {"there is nothing to tell", active().State(v1alpha1.UserArchived).Obj(), v1alpha1.RemovalsStatus{}, verdict.Silent, "", false},
		"held": {
			"an edit can be taken back", active().State(v1alpha1.UserArchived).Obj(),
			v1alpha1.RemovalsStatus{Held: held, HeldCount: 1},
			verdict.Stuck,
			"keeps access, since more people are removed than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve it there, or set spec.state to Active", false,
		},
		"held, deleted": {
			"a deletion cannot", active().Deleting(now).Obj(),
			v1alpha1.RemovalsStatus{Held: held, HeldCount: 1},
			verdict.Stuck,
			"keeps access, since more people are removed than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve or reject it there", false,
		},
		"held, replaced": {
			"an address can be set back", active().Known("jean@acme.example").Email("new@acme.example").Obj(),
			v1alpha1.RemovalsStatus{Held: held, HeldCount: 1},
			verdict.Stuck,
			"keeps access, since more people are removed than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve it there, or set spec.email back", false,
		},
		"held, ended at once": {
			"an end can be put off", active().Until(now.Add(-hour)).Ended(now.Add(-time.Minute)).Obj(),
			v1alpha1.RemovalsStatus{Held: held, HeldCount: 1},
			verdict.Stuck,
			"keeps access, since more people are removed than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve it there, or set a later spec.accessUntil", false,
		},
		"ends at once": {
			"that it is over is put on record, by which the organization goes", active().Until(now.Add(-hour)).Obj(),
			v1alpha1.RemovalsStatus{},
			verdict.Wait, "spec.accessUntil is over, and the organization decides whether access may end", false,
		},
		"ended at once, not decided": {
			"there is nothing more to tell", active().Until(now.Add(-hour)).Ended(now.Add(-time.Minute)).Obj(),
			v1alpha1.RemovalsStatus{},
			verdict.Silent, "", false,
		},
		"ended as planned": {
			"nobody is asked", active().Until(now.Add(-hour)).Planned(now.Add(-hour)).Ended(now).Obj(),
			v1alpha1.RemovalsStatus{Held: held, HeldCount: 1},
			verdict.Wait, "access is revoked, and the seats are being freed: standard", true,
		},
		"let pass": {
			"it goes on", active().State(v1alpha1.UserArchived).Obj(),
			v1alpha1.RemovalsStatus{Passed: []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1}}},
			verdict.Wait, "access is revoked, and the seats are being freed: standard", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := build.Organization("acme").In("acme").EmailChange(v1alpha1.EmailChangeReplace).Protection("1", time.Hour).Obj()
			org.Status.Removals = c.record
			s := membership.Situation{
				Facts: membership.Facts{Organization: org, Ending: access.EndedBy(c.user, now)}, Now: now, User: c.user, Seats: []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}},
			}
			d := membership.Next(s)
			if d.Verdict.Kind != c.kind || d.Verdict.Message != c.words || c.kind == verdict.Stuck && d.Verdict.Reason != v1alpha1.ReasonRemovalHeld {
				t.Errorf("%s; the verdict is %+v", c.why, d.Verdict)
			}
			if left := d.User.Status.AccessRevokedAt != nil; left != c.leaves {
				t.Errorf("%s; access is revoked: %t", c.why, left)
			}
			want, standing := seats.Keeps, membership.Standing(c.user, s.Facts)
			if c.leaves {
				want = seats.Leaves
			}
			if diff := cmp.Diff(want, standing); diff != "" {
				t.Errorf("%s; the standing (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// A release that nobody uses would keep others from giving up the role.
func TestRoleIsNotAskedForBeforeTheRemovalPasses(t *testing.T) {
	t.Parallel()
	u := jean().UID("u-jean").Roles("admin").Holds("admin").AcceptedAt(now.Add(-hour)).State(v1alpha1.UserArchived).Obj()
	for passed, want := range map[bool]int{false: 0, true: 1} {
		org := build.Organization("acme").In("acme").Protection("1", time.Hour).Obj()
		if passed {
			org.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1}}
		}
		roles := access.Of(u, build.Source(org, u, build.Role("admin").MinHolders(1).Obj()), now)
		d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: org, Tied: len(roles.Tied) > 0}, Now: now, User: u, Roles: roles})
		if got := len(d.User.Status.RoleRequests); got != want || len(d.User.Status.Roles) != 1 {
			t.Errorf("let pass: %t; asks for %v, and holds %v", passed, d.User.Status.RoleRequests, d.User.Status.Roles)
		}
	}
}

// Who stays and is to lose a role that somebody has to hold keeps it while that is held, and is told why and what to do.
func TestLossOfARoleThatIsHeld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		held   bool
		reason string
		words  string
	}{
		"one removal too many": {
			"the organization lists it", true, v1alpha1.ReasonRemovalHeld,
			"keeps role admin, since more people are removed, or lose such a role, than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve it there, or give the role back",
		},
		"the last holder": {
			"it passed the protection, and nobody else holds the role", false, v1alpha1.ReasonLastHolder,
			"keeps role admin, which needs 1 holder, and one who accepted: give it to somebody else first, or lower its spec.minHolders",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := jean().UID("u-jean").Roles().Holds("admin").AcceptedAt(now.Add(-hour)).Asks(3, "admin", v1alpha1.RoleLoss).Obj()
			org := build.Organization("acme").In("acme").Protection("1", time.Hour).Obj()
			org.Status.RoleDecisions = []v1alpha1.RoleDecision{{Role: "admin", User: "jean", UID: "u-jean", Number: 3, Outcome: v1alpha1.RoleHold}}
			if c.held {
				org.Status.Removals = v1alpha1.RemovalsStatus{HeldCount: 1, Held: []v1alpha1.HeldRemoval{{User: "jean", UID: "u-jean", Generation: 1, Kind: v1alpha1.RemovalRoleLoss, Request: 3}}}
			} else {
				org.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1, Kind: v1alpha1.RemovalRoleLoss, Request: 3}}
			}
			roles := access.Of(u, build.Source(org, u, build.Role("admin").MinHolders(1).Obj()), now)
			d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: org}, Now: now, User: u, Roles: roles})
			if d.Verdict.Reason != c.reason || d.Verdict.Message != c.words {
				t.Errorf("%s; the verdict is %+v", c.why, d.Verdict)
			}
			if diff := cmp.Diff(u.Status.RoleRequests, d.User.Status.RoleRequests); diff != "" || !access.Holds(d.User, "admin") {
				t.Errorf("%s; holds %v, and asks (-want +got):\n%s", c.why, d.User.Status.Roles, diff)
			}
		})
	}
}

// Which end of access was declared ahead is told by when it was seen.
func TestPlannedEnd(t *testing.T) {
	t.Parallel()
	active := func() *build.UserBuilder { return jean().Known("jean@acme.example").AcceptedAt(now.Add(-hour)) }
	soon, ahead, nearly := now.Add(53*time.Minute), now.Add(2*hour), now.Add(54*time.Minute)
	for name, c := range map[string]struct {
		why  string
		user *build.UserBuilder
		org  *build.OrganizationBuilder
		want time.Time
	}{
		"no end":           {"there is nothing to keep, and nothing is written", active(), nil, time.Time{}},
		"ahead":            {"it is further away than the window is long", active().Until(ahead), nil, ahead},
		"a little late":    {"the pass comes after the edit", active().Until(nearly), nil, nearly},
		"soon":             {"it is a removal in all but name", active().Until(soon), nil, time.Time{}},
		"in the past":      {"so is this", active().Until(now.Add(-hour)), nil, time.Time{}},
		"comes near":       {"it was seen ahead", active().Until(soon).Planned(soon), nil, soon},
		"sooner":           {"a later one had been declared, which stands", active().Until(soon).Planned(ahead), nil, ahead},
		"later":            {"that takes nothing from what was planned", active().Until(soon).Planned(now.Add(time.Minute)), nil, soon},
		"removed":          {"the next is measured anew", active().Planned(ahead), nil, time.Time{}},
		"invited":          {"an invitation is something to take", jean().Invited(1, expiry).Until(soon), nil, time.Time{}},
		"new":              {"there is nothing to take yet", jean().Until(soon), nil, soon},
		"away":             {"who comes back for a while has lost nothing", active().Revoked(now).Until(soon), nil, soon},
		"no protection":    {"nothing is counted", active().Until(soon), build.Organization("acme").In("acme"), soon},
		"a shorter window": {"the window is what counts", active().Until(soon), build.Organization("acme").In("acme").Protection("1", time.Minute), soon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := c.org
			if org == nil {
				org = build.Organization("acme").In("acme").Protection("1", time.Hour)
			}
			d := membership.Next(membership.Situation{Facts: membership.Facts{Organization: org.Obj()}, Now: now, User: c.user.Obj()})
			var got time.Time
			if d.User.Status.PlannedEnd != nil {
				got = d.User.Status.PlannedEnd.Time
			}
			if !got.Equal(c.want) {
				t.Errorf("%s; planned is %v, want %v", c.why, got, c.want)
			}
		})
	}
}
