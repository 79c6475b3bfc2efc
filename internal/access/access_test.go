// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const hour = time.Hour

// roles are those of the organization. Of those that include others, accountant needs two pools.
var roles = []client.Object{
	build.Role("commercial").In("acme", "acme").SeatPool("standard").Obj(),
	build.Role("support").In("acme", "acme").SeatPool("standard").Obj(),
	build.Role("manager").In("acme", "acme").SeatPool("premium").Obj(),
	build.Role("guest").In("acme", "acme").Obj(),
	build.Role("accountant").In("acme", "acme").SeatPool("standard").Includes("auditor", "nobody").Obj(),
	build.Role("auditor").In("acme", "acme").SeatPool("premium").Includes("guest").Obj(),
	build.Role("admin").In("acme", "acme").MinHolders(1).Obj(),
	build.Role("principal").In("acme", "acme").SeatPool("premium").MaxHolders(1).Obj(),
}

func acme(decisions ...v1alpha1.RoleDecision) *v1alpha1.Organization {
	org := build.Organization("acme").In("acme").Obj()
	org.Status.RoleDecisions = decisions
	return org
}

func full(roles ...string) *v1alpha1.Organization {
	org := acme()
	org.Status.FullRoles = roles
	return org
}

func decision(role string, number int64, outcome v1alpha1.RoleOutcome) v1alpha1.RoleDecision {
	return v1alpha1.RoleDecision{Role: role, User: "ada", UID: "u-ada", Number: number, Outcome: outcome}
}

func ada() *build.UserBuilder { return build.User("ada").In("acme", "acme").UID("u-ada") }

// asking is a user who asks for a change of a role, under number 7.
func asking(b *build.UserBuilder, role string, change v1alpha1.RoleChange) *v1alpha1.User {
	u := b.Obj()
	u.Status.RoleRequests = []v1alpha1.RoleRequest{{Number: 7, Role: role, Change: change}}
	u.Status.LastRoleRequest = 7
	return u
}

func source(objects ...client.Object) *build.Sources {
	return build.Source(append(roles, objects...)...)
}

func TestOf(t *testing.T) {
	t.Parallel()
	type result struct {
		Unknown, Pools, Granted, Lacking, Awaited, Tied, Kept []string
		Changes                                               time.Time
		None                                                  bool
	}
	sales := build.Team("sales").In("acme", "acme").Members("ada").Parent("company").Obj()
	company := build.Team("company").In("acme", "acme").Roles("guest").Obj()
	jean := func() *build.UserBuilder { return build.User("jean").In("acme", "acme").Roles("commercial") }
	for name, c := range map[string]struct {
		why     string
		user    *v1alpha1.User
		seats   []string
		objects []client.Object
		want    result
	}{
		"none":             {why: "a record without access (CO-1)", user: ada().Obj(), seats: []string{"standard"}, want: result{None: true}},
		"free":             {why: "a role without a pool is granted as it is", user: ada().Roles("guest").Obj(), want: result{Granted: []string{"guest"}}},
		"paid, no seat":    {why: "a role whose pool has no seat for the user is not granted", user: ada().Roles("manager").Obj(), want: result{Pools: []string{"premium"}, Lacking: []string{"manager premium"}}},
		"paid, seated":     {why: "the seat grants the role", user: ada().Roles("manager").Obj(), seats: []string{"premium"}, want: result{Pools: []string{"premium"}, Granted: []string{"manager"}}},
		"paid, wrong seat": {why: "it takes a seat of that pool", user: ada().Roles("manager").Obj(), seats: []string{"standard"}, want: result{Pools: []string{"premium"}, Lacking: []string{"manager premium"}}},
		"two of one pool":  {why: "one seat per pool", user: ada().Roles("support", "commercial").Obj(), seats: []string{"standard"}, want: result{Pools: []string{"standard"}, Granted: []string{"commercial", "support"}}},
		"unknown":          {why: "a name that means nothing is no role, and yet not none", user: ada().Roles("zoe").Obj(), want: result{Unknown: []string{"zoe by spec.roles"}}},
		"includes": {
			why: "the seats of what is included are needed too; what is not there needs none", user: ada().Roles("accountant").Obj(), seats: []string{"standard"},
			want: result{Pools: []string{"premium", "standard"}, Lacking: []string{"accountant premium"}},
		},
		"includes, seated": {
			why: "what is included is not held by itself", user: ada().Roles("accountant").Obj(), seats: []string{"premium", "standard"},
			want: result{Pools: []string{"premium", "standard"}, Granted: []string{"accountant"}},
		},
		"team": {
			why: "members hold the roles of the teams above theirs (CO-11), which add up (AX-18)", user: ada().Roles("admin").Obj(),
			objects: []client.Object{sales, company}, want: result{Granted: []string{"admin", "guest"}},
		},
		"two ways": {
			why: "a role that is given twice is one role", user: ada().Roles("guest").Obj(),
			objects: []client.Object{sales, company}, want: result{Granted: []string{"guest"}},
		},
		"unknown in a team": {
			why: "who gives it is told", user: ada().Obj(),
			objects: []client.Object{build.Team("sales").In("acme", "acme").Members("ada").Roles("zoe").Obj()}, want: result{Unknown: []string{"zoe by team sales"}},
		},
		"teams in a cycle": {
			why: "a cycle takes nothing, and ends", user: ada().Obj(),
			objects: []client.Object{
				build.Team("a").In("acme", "acme").Members("ada").Parent("b").Roles("guest").Obj(),
				build.Team("b").In("acme", "acme").Parent("a").Roles("admin").Obj(),
			}, want: result{Granted: []string{"admin", "guest"}},
		},
		"default": {
			why: "who has no role has the default (CO-2, IN-2)", user: ada().Obj(),
			objects: []client.Object{build.Organization("acme").In("acme").DefaultRole("guest").Obj()}, want: result{Granted: []string{"guest"}},
		},
		"default beside another": {
			why: "who has one has not", user: ada().Roles("admin").Obj(),
			objects: []client.Object{build.Organization("acme").In("acme").DefaultRole("guest").Obj()}, want: result{Granted: []string{"admin"}},
		},
		"delegation": {
			why: "while it lasts (CO-7)", user: ada().Obj(), seats: []string{"standard"},
			objects: []client.Object{jean().Delegate("ada", now, now.Add(hour)).Obj()},
			want:    result{Pools: []string{"standard"}, Granted: []string{"commercial"}, Changes: now.Add(hour)},
		},
		"delegation without a seat": {
			why: "a seat of one's own is needed", user: ada().Obj(),
			objects: []client.Object{jean().Delegate("ada", time.Time{}, now.Add(hour)).Obj()},
			want:    result{Pools: []string{"standard"}, Lacking: []string{"commercial standard"}, Changes: now.Add(hour)},
		},
		"delegation to come": {
			why: "it begins on a timer", user: ada().Obj(),
			objects: []client.Object{jean().Delegate("ada", now.Add(time.Second), now.Add(hour)).Obj()}, want: result{Changes: now.Add(time.Second), None: true},
		},
		"delegation over": {
			why: "it ends in the second that it names", user: ada().Obj(),
			objects: []client.Object{jean().Delegate("ada", now.Add(-hour), now).Obj()}, want: result{None: true},
		},
		"delegation by who left": {
			why: "nobody delegates what they do not have", user: ada().Obj(),
			objects: []client.Object{jean().State(v1alpha1.UserSuspended).Delegate("ada", now, now.Add(hour)).Obj()}, want: result{None: true},
		},
		"delegation of team and default": {
			why: "what the delegating user holds by team is held as well", user: ada().Obj(),
			objects: []client.Object{
				build.User("jean").In("acme", "acme").Delegate("ada", now, now.Add(hour)).Obj(),
				build.Team("ops").In("acme", "acme").Members("jean").Roles("guest").Obj(),
			}, want: result{Granted: []string{"guest"}, Changes: now.Add(hour)},
		},
		"delegation of a delegation": {
			why: "what is delegated is not delegated further", user: ada().Obj(),
			objects: []client.Object{
				jean().Delegate("max", now, now.Add(hour)).Obj(),
				build.User("max").In("acme", "acme").Delegate("ada", now, now.Add(2*hour)).Obj(),
			}, want: result{Changes: now.Add(2 * hour), None: true},
		},
		"limited": {
			why: "a role with maxHolders is not taken before it is granted, and no seat either", user: ada().Roles("principal").Obj(),
			want: result{Awaited: []string{"principal"}},
		},
		"limited, granted": {
			why: "it is granted to the very request", user: asking(ada().Roles("principal"), "principal", v1alpha1.RoleGain), seats: []string{"premium"},
			objects: []client.Object{acme(decision("principal", 7, v1alpha1.RoleGrant))}, want: result{Pools: []string{"premium"}, Granted: []string{"principal"}},
		},
		"limited, granted before": {
			why: "a grant to a request that was taken back is none", user: asking(ada().Roles("principal"), "principal", v1alpha1.RoleGain),
			objects: []client.Object{acme(decision("principal", 6, v1alpha1.RoleGrant))}, want: result{Awaited: []string{"principal"}},
		},
		"limited, refused": {
			why: "it has its holders", user: asking(ada().Roles("principal"), "principal", v1alpha1.RoleGain),
			objects: []client.Object{full("principal")}, want: result{Awaited: []string{"principal refused"}},
		},
		"limited, held": {
			why: "who holds it keeps it", user: ada().Roles("principal").Holds("principal").Obj(), seats: []string{"premium"},
			want: result{Pools: []string{"premium"}, Granted: []string{"principal"}},
		},
		"tied": {
			why: "who holds a role with minHolders does not lose it unasked", user: ada().Holds("admin").Obj(),
			objects: []client.Object{acme()}, want: result{Granted: []string{"admin"}, Tied: []string{"admin"}, Kept: []string{"admin"}},
		},
		"tied, released": {
			why: "it may go now", user: asking(ada().Holds("admin"), "admin", v1alpha1.RoleLoss),
			objects: []client.Object{acme(decision("admin", 7, v1alpha1.RoleRelease))}, want: result{None: true},
		},
		"tied, refused": {
			why: "it may not", user: asking(ada().Holds("admin"), "admin", v1alpha1.RoleLoss),
			objects: []client.Object{acme(decision("admin", 7, v1alpha1.RoleHold))}, want: result{Granted: []string{"admin"}, Tied: []string{"admin refused"}, Kept: []string{"admin"}},
		},
		"tied to what is gone": {
			why: "the tear-down of an organization is possible", user: ada().Holds("admin").Obj(), want: result{None: true},
		},
		"tied and declared": {
			why: "it is not kept beyond its time", user: ada().Roles("admin").Holds("admin").Obj(),
			objects: []client.Object{acme()}, want: result{Granted: []string{"admin"}, Tied: []string{"admin"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := access.Of(c.user, source(append(c.objects, c.user)...), now)
			got := result{Pools: r.Pools, Granted: r.Granted(c.seats), Changes: r.Changes, None: r.None()}
			for _, g := range r.Unknown {
				got.Unknown = append(got.Unknown, g.Role+" by "+g.By)
			}
			for _, l := range r.Lacking(c.seats) {
				got.Lacking = append(got.Lacking, l.Role+" "+l.Pool)
			}
			for _, a := range r.Awaited {
				got.Awaited = append(got.Awaited, a.Role.Name+refused(a.Refused))
			}
			for _, tied := range r.Tied {
				got.Tied = append(got.Tied, tied.Role.Name+refused(tied.Refused))
				if tied.Kept {
					got.Kept = append(got.Kept, tied.Role.Name)
				}
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func refused(is bool) string {
	if is {
		return " refused"
	}
	return ""
}

// TestDeclared checks what somebody is about to give with a declaration: also what begins later, and nothing that is held only.
func TestDeclared(t *testing.T) {
	t.Parallel()
	u := ada().Roles("guest").Holds("admin").Obj()
	from := build.User("jean").In("acme", "acme").Roles("manager").Delegate("ada", now.Add(hour), now.Add(2*hour)).Obj()
	over := build.User("max").In("acme", "acme").Roles("support").Delegate("ada", now.Add(-2*hour), now.Add(-hour)).Obj()
	want := []access.Given{{Role: "guest", By: "spec.roles"}, {Role: "manager", By: "delegation by jean"}}
	if diff := cmp.Diff(want, access.Declared(u, source(u, from, over, acme()), now)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestOfDoesNotDependOnOrder checks that the order in which roles are declared is without effect, and stays as it is.
func TestOfDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	names := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"commercial", "support", "manager", "guest", "accountant", "zoe", "anna"}), rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		declared := names.Draw(t, "roles")
		held := rapid.SampledFrom([][]string{nil, {"standard"}, {"premium"}, {"premium", "standard"}}).Draw(t, "seats")
		u := ada().Roles(declared...).Obj()
		v := ada().Roles(rapid.Permutation(declared).Draw(t, "order")...).Obj()
		before := u.DeepCopy()
		a, b := access.Of(u, source(), now), access.Of(v, source(), now)
		if !slices.Equal(a.Unknown, b.Unknown) || !slices.Equal(a.Pools, b.Pools) || !slices.Equal(a.Granted(held), b.Granted(held)) {
			t.Fatalf("%v and %v differ", a, b)
		}
		if diff := cmp.Diff(before, u); diff != "" {
			t.Fatalf("the input changed:\n%s", diff)
		}
	})
}

// TestGivenByTheSame checks that who is said to give a role does not depend on the order in which givers are found.
func TestGivenByTheSame(t *testing.T) {
	t.Parallel()
	objects := []client.Object{
		build.Organization("acme").Obj(),
		build.Team("sales").Members("ada").Roles("nobody").Obj(), build.Team("all").Members("ada").Roles("nobody").Obj(),
		build.User("zoe").Roles("nowhere").Delegate("ada", time.Time{}, now.Add(time.Hour)).Obj(),
		build.User("bea").Roles("nowhere").Delegate("ada", time.Time{}, now.Add(time.Hour)).Obj(),
	}
	want := []access.Given{{Role: "nobody", By: "team all"}, {Role: "nowhere", By: "delegation by bea"}}
	for range 2 {
		if diff := cmp.Diff(want, access.Of(ada().Obj(), build.Source(objects...), now).Unknown); diff != "" {
			t.Error(diff)
		}
		slices.Reverse(objects)
	}
}
