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
			"keeps access, since more people are removed than spec.protection of organization acme allows: see its condition RemovalsHeld, and approve it there", false,
		},
		"let pass": {
			"it goes on", active().State(v1alpha1.UserArchived).Obj(),
			v1alpha1.RemovalsStatus{Passed: []v1alpha1.PassedRemoval{{User: "jean", UID: "u-jean", Generation: 1}}},
			verdict.Wait, "access is revoked, and the seats are being freed: standard", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := build.Organization("acme").In("acme").Protection("1", time.Hour).Obj()
			org.Status.Removals = c.record
			s := membership.Situation{
				Facts: membership.Facts{Organization: org}, Now: now, User: c.user, Seats: []membership.Seat{{Pool: "standard", Since: now.Add(-hour)}},
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
