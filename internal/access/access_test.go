// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
)

var roles = map[string]*v1alpha1.Role{
	"commercial": build.Role("commercial").In("acme", "acme").SeatPool("standard").Obj(),
	"support":    build.Role("support").In("acme", "acme").SeatPool("standard").Obj(),
	"manager":    build.Role("manager").In("acme", "acme").SeatPool("premium").Obj(),
	"guest":      build.Role("guest").In("acme", "acme").Obj(),
}

func lookup(name string) *v1alpha1.Role { return roles[name] }

func TestOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why            string
		roles, seats   []string
		unknown, pools []string
		granted        []string
		none           bool
	}{
		"none":              {why: "a record without access (CO-1)", seats: []string{"standard"}, none: true},
		"free":              {why: "a role without a pool is granted as it is", roles: []string{"guest"}, granted: []string{"guest"}},
		"paid, no seat":     {why: "a role whose pool has no seat for the user is not granted", roles: []string{"manager"}, pools: []string{"premium"}},
		"paid, seated":      {why: "the seat grants the role", roles: []string{"manager"}, seats: []string{"premium"}, pools: []string{"premium"}, granted: []string{"manager"}},
		"paid, wrong seat":  {why: "it takes a seat of that pool", roles: []string{"manager"}, seats: []string{"standard"}, pools: []string{"premium"}},
		"two of one pool":   {why: "one seat per pool", roles: []string{"support", "commercial"}, seats: []string{"standard"}, pools: []string{"standard"}, granted: []string{"commercial", "support"}},
		"two pools, one":    {why: "what can be granted is", roles: []string{"support", "manager", "guest"}, seats: []string{"standard"}, pools: []string{"premium", "standard"}, granted: []string{"guest", "support"}},
		"unknown":           {why: "a name that means nothing is no role, and yet not none", roles: []string{"zoe", "anna"}, unknown: []string{"anna", "zoe"}},
		"unknown and known": {why: "the known ones count", roles: []string{"zoe", "guest"}, unknown: []string{"zoe"}, granted: []string{"guest"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := access.Of(build.User("ada").Roles(c.roles...).Obj(), lookup)
			type result struct {
				Unknown, Pools, Granted []string
				None                    bool
			}
			want, got := result{c.unknown, c.pools, c.granted, c.none}, result{r.Unknown, r.Pools, r.Granted(c.seats), r.None()}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

var names = rapid.SliceOfDistinct(
	rapid.SampledFrom(append(slices.Sorted(maps.Keys(roles)), "zoe", "anna")), func(name string) string { return name })

// TestNeedsIsOfForOnePool checks that a pool and a user's controller, which ask in different ways, hear the same.
func TestNeedsIsOfForOnePool(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := build.User("ada").Roles(names.Draw(t, "roles")...).Obj()
		all := access.Of(u, lookup)
		for _, pool := range []string{"standard", "premium", "basic"} {
			needs, unknown := access.Needs(u, roles, pool)
			if needs != slices.Contains(all.Pools, pool) || unknown != (len(all.Unknown) > 0) {
				t.Fatalf("%s: needs %t, unknown %t, but altogether %v", pool, needs, unknown, all)
			}
		}
	})
}

// TestOfDoesNotDependOnOrder checks that the order in which roles are declared is without effect, and stays as it is.
func TestOfDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		declared := names.Draw(t, "roles")
		held := rapid.SampledFrom([][]string{nil, {"standard"}, {"premium"}, {"premium", "standard"}}).Draw(t, "seats")
		u := build.User("ada").Roles(declared...).Obj()
		v := build.User("ada").Roles(rapid.Permutation(declared).Draw(t, "order")...).Obj()
		before := u.DeepCopy()
		a, b := access.Of(u, lookup), access.Of(v, lookup)
		if !slices.Equal(a.Unknown, b.Unknown) || !slices.Equal(a.Pools, b.Pools) || !slices.Equal(a.Granted(held), b.Granted(held)) {
			t.Fatalf("%v and %v differ", a, b)
		}
		if diff := cmp.Diff(before, u); diff != "" {
			t.Fatalf("the input changed:\n%s", diff)
		}
	})
}
