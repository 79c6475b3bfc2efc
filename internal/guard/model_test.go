// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/test/build"
)

// organization is an organization as the API server has it, with all that it ever was: whoever works on it may see any
// of that. A write that rests on anything but the latest version is refused.
type organization struct {
	*rapid.T

	org   []*v1alpha1.Organization
	users map[string][]*v1alpha1.User
	// seats says who has a seat of the pool that the principal needs.
	seats map[string]bool
}

const least, greatest = 2, 1

var guarded = []client.Object{
	build.Role("admin").MinHolders(least).Obj(), build.Role("trustee").MinHolders(1).Obj(), build.Role("principal").MaxHolders(greatest).SeatPool("premium").Obj(), build.Role("guest").Obj(),
}

func newOrganization(t *rapid.T) *organization {
	o := &organization{T: t, org: []*v1alpha1.Organization{build.Organization("acme").Owner("nobody").Obj()}, users: map[string][]*v1alpha1.User{}, seats: map[string]bool{}}
	for i := range 4 {
		name := fmt.Sprintf("u%d", i)
		u := person(name, i, "admin", "guest", "trustee").Roles("admin", "guest", "trustee").AcceptedAt(now).Obj()
		o.users[name] = []*v1alpha1.User{u}
	}
	return o
}

func last[T any](versions []T) T { return versions[len(versions)-1] }

// see is what a replica sees: a version of the past, seldom a distant one.
func see[T any](o *organization, versions []T, what string) int {
	return max(0, len(versions)-1-rapid.IntRange(0, 3).Draw(o.T, what+" lags"))
}

func (o *organization) any() string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(o.users))).Draw(o.T, "user")
}

func (o *organization) write(name string, u *v1alpha1.User) {
	o.users[name] = append(o.users[name], u)
	o.holds()
}

// holds checks what is never to be broken.
func (o *organization) holds() {
	admins, active, principals := 0, 0, 0
	for _, versions := range o.users {
		u := last(versions)
		if access.Holds(u, "admin") {
			admins++
			if access.Active(u) {
				active++
			}
		}
		if access.Holds(u, "principal") {
			principals++
		}
	}
	if admins < least || active == 0 {
		o.Fatalf("%d administrators are left, of whom %d have access", admins, active)
	}
	if principals > greatest {
		o.Fatalf("there are %d principals", principals)
	}
}

// edit is somebody's edit of a User.
func (o *organization) edit(t *rapid.T) {
	name := o.any()
	u := last(o.users[name]).DeepCopy()
	u.Spec.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"admin", "guest", "principal", "trustee"}), 1, 4, rapid.ID[string]).Draw(t, "roles")
	u.Spec.State = rapid.SampledFrom([]v1alpha1.UserState{v1alpha1.UserActive, v1alpha1.UserActive, v1alpha1.UserSuspended, v1alpha1.UserArchived}).Draw(t, "state")
	u.Generation++
	o.write(name, u)
}

// pass is a pass over a User by somebody who sees versions of the past.
func (o *organization) pass(name string, userAt, orgAt int) {
	versions := o.users[name]
	seen, org := versions[userAt], o.org[orgAt]
	roles := access.Of(seen, build.Source(append(guarded, org, seen)...), now)
	s := membership.Situation{
		Facts: membership.Facts{Organization: org, Tied: len(roles.Tied) > 0}, Now: now, User: seen, Roles: roles,
		Pools: map[string]membership.Pool{"premium": {Found: true}},
	}
	if o.seats[name] {
		s.Seats = []membership.Seat{{Pool: "premium", Since: now}}
	}
	d := membership.Next(s)
	if d.Send != nil {
		o.Fatal("who accepted is invited")
	}
	if userAt == len(versions)-1 {
		o.write(name, d.User)
	}
}

// seat has the pool give a user a seat, or free it.
func (o *organization) seat(name string) {
	u := last(o.users[name])
	roles := access.Of(u, build.Source(append(guarded, last(o.org), u)...), now)
	standing := membership.StandingElsewhere
	if slices.Contains(roles.Pools, "premium") {
		standing = membership.Standing
	}
	switch standing(u, membership.Facts{Organization: last(o.org), Tied: len(roles.Tied) > 0}) {
	case seats.Claims:
		o.seats[name] = true
	case seats.Frees:
		o.seats[name] = false
	default:
	}
}

// decide is a pass over the Organization by somebody who sees versions of the past, except where it makes sure.
func (o *organization) decide(orgAt int, userAt func(name string) int) {
	s := guard.Situation{Roles: map[string]*v1alpha1.Role{}, Decisions: o.org[orgAt].Status.RoleDecisions, Gone: map[types.UID]bool{}}
	for _, role := range guarded {
		s.Roles[role.GetName()] = role.(*v1alpha1.Role)
	}
	delete(s.Roles, "guest")
	for _, name := range slices.Sorted(maps.Keys(o.users)) {
		s.Users = append(s.Users, o.users[name][userAt(name)])
	}
	s.Stays = func(u *v1alpha1.User, role string) bool {
		now := last(o.users[u.Name])
		return access.Holds(now, role) && (access.Active(now) || !access.Active(u))
	}
	decisions := guard.Decide(s)
	if seen := o.org[orgAt].Status; orgAt == len(o.org)-1 && !(slices.Equal(decisions.Roles, s.Decisions) && slices.Equal(decisions.Full, seen.FullRoles)) {
		org := o.org[orgAt].DeepCopy()
		org.Status.RoleDecisions, org.Status.FullRoles = decisions.Roles, decisions.Full
		o.org = append(o.org, org)
	}
}

// settle lets everybody see everything, until nothing changes.
func (o *organization) settle() {
	round := func() {
		for name, versions := range o.users {
			o.pass(name, len(versions)-1, len(o.org)-1)
			o.seat(name)
		}
		o.decide(len(o.org)-1, func(name string) int { return len(o.users[name]) - 1 })
	}
	for range 20 {
		round()
	}
	before, decided := map[string]*v1alpha1.User{}, len(o.org)
	for name, versions := range o.users {
		before[name] = last(versions)
	}
	round()
	for name, versions := range o.users {
		if diff := cmp.Diff(before[name], last(versions)); diff != "" || len(o.org) != decided {
			o.Fatalf("%s is not left alone:\n%s", name, diff)
		}
	}
	for name, versions := range o.users {
		u := last(versions)
		for _, r := range u.Status.RoleRequests {
			if r.Change == v1alpha1.RoleGain && slices.Contains(last(o.org).Status.FullRoles, r.Role) {
				continue
			}
			if !slices.ContainsFunc(last(o.org).Status.RoleDecisions, func(d v1alpha1.RoleDecision) bool {
				return d.UID == u.UID && d.Number == r.Number && d.Role == r.Role && (d.Outcome == v1alpha1.RoleHold || access.Leaving(u))
			}) {
				o.Fatalf("%s has asked for %s of %s, and nobody answers: %v", name, r.Change, r.Role, last(o.org).Status.RoleDecisions)
			}
		}
	}
	o.settled()
}

// settled checks that nobody is held without need.
func (o *organization) settled() {
	willing, held, principals, wanting := 0, 0, 0, 0
	for name, versions := range o.users {
		u := last(versions)
		stays, admin := !access.Leaving(u), access.Holds(u, "admin")
		switch {
		case !stays && !admin && !access.Holds(u, "trustee") && len(u.Status.Roles) > 0:
			o.Fatalf("%s is %s, nothing is in the way, and holds %v", name, u.Spec.State, u.Status.Roles)
		case access.Holds(u, "principal") && !slices.Contains(u.Spec.Roles, "principal"):
			o.Fatalf("%s is principal, and is to be %v", name, u.Spec.Roles)
		}
		for _, count := range []struct {
			n  *int
			is bool
		}{
			{&held, admin},
			{&willing, stays && slices.Contains(u.Spec.Roles, "admin")},
			{&principals, access.Holds(u, "principal")},
			{&wanting, stays && slices.Contains(u.Spec.Roles, "principal")},
		} {
			if count.is {
				*count.n++
			}
		}
	}
	if held < max(willing, least) || willing == 0 && held > least+1 { // one more may be held as the only trustee
		o.Fatalf("%d are to be administrators, and %d are", willing, held)
	}
	if wanting > 0 && principals != greatest {
		o.Fatalf("%d want to be principal, and %d are", wanting, principals)
	}
}

// TestModel lets people edit, and replicas with views of the past work on it, in any order.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOrganization(t)
		actions := map[string]func(*rapid.T){
			"edit": o.edit,
			"pass": func(*rapid.T) {
				name := o.any()
				o.pass(name, see(o, o.users[name], "user"), see(o, o.org, "organization"))
			},
			"pass with a fresh view of the user": func(*rapid.T) {
				name := o.any()
				o.pass(name, len(o.users[name])-1, see(o, o.org, "organization"))
			},
			"seat": func(*rapid.T) { o.seat(o.any()) },
			"decide": func(*rapid.T) {
				o.decide(see(o, o.org, "organization"), func(name string) int { return see(o, o.users[name], name) })
			},
			"decide with a fresh view of the organization": func(*rapid.T) {
				o.decide(len(o.org)-1, func(name string) int { return see(o, o.users[name], name) })
			},
		}
		for range 3 { // it takes a while until a view is old enough to do harm
			t.Repeat(actions)
		}
		o.settle()
	})
}
