// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/test/build"
)

// crowd is how many people there are in an organization in which very many want the same.
const crowd = 5000

// few are roles of which one takes five, and the others one each.
var few = map[string]*v1alpha1.Role{
	"principal": build.Role("principal").MaxHolders(5).Obj(),
	"single":    build.Role("single").MaxHolders(1).Obj(),
	"admin":     build.Role("admin").MinHolders(1).Obj(),
}

// people are very many users, whom change makes what they are.
func people(change func(u *v1alpha1.User)) []*v1alpha1.User {
	users := make([]*v1alpha1.User, crowd)
	for i := range users {
		name := fmt.Sprintf("p%04d", i)
		users[i] = build.User(name).UID(types.UID("u-" + name)).Created(now).AcceptedAt(now).Obj()
		change(users[i])
	}
	return users
}

func wanting(role string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) {
		u.Status.RoleRequests = []v1alpha1.RoleRequest{{Number: 1, Role: role, Change: v1alpha1.RoleGain}}
		u.Status.LastRoleRequest = 1
	}
}

func holding(role string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Status.Roles = []string{role} }
}

// others are two more, of whom one asks for another role with maxHolders, and one may give up a role with minHolders.
func others() []*v1alpha1.User {
	return []*v1alpha1.User{asks(active("zoe", 1), "1:Gain:single"), asks(active("yan", 1, "admin"), "3:Loss:admin"), active("xia", 2, "admin")}
}

// TestThousandsAsk checks that those who want what few may have leave room on the record for everybody else.
func TestThousandsAsk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		crowd  []*v1alpha1.User
		before []string
		want   []string
	}{
		"ask": {
			why:   "five of them are granted, and of the others nothing is on record",
			crowd: people(wanting("principal")),
			want: []string{
				"Grant:principal:p0000:1", "Grant:principal:p0001:1", "Grant:principal:p0002:1", "Grant:principal:p0003:1", "Grant:principal:p0004:1",
			},
		},
		"hold it already": {
			why:   "a role that gets its limit later takes over as many as it may have, and no more",
			crowd: people(holding("principal")),
			want: []string{
				"Grant:principal:p0000:0", "Grant:principal:p0001:0", "Grant:principal:p0002:0", "Grant:principal:p0003:0", "Grant:principal:p0004:0",
			},
		},
		"hold it already, one on record goes": {
			why: "the next of those who hold it is on record instead: there is no room for anybody new",
			crowd: people(func(u *v1alpha1.User) {
				if u.Name == "p0002" {
					wanting("principal")(u) // and asks to have it back
					return
				}
				holding("principal")(u)
			}),
			before: []string{"Grant:principal:p0000:0", "Grant:principal:p0001:0", "Grant:principal:p0002:0", "Grant:principal:p0003:0", "Grant:principal:p0004:0"},
			want: []string{
				"Grant:principal:p0000:0", "Grant:principal:p0001:0", "Grant:principal:p0003:0", "Grant:principal:p0004:0", "Grant:principal:p0005:0",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := guard.Situation{Roles: few, Users: append(c.crowd, others()...), Decisions: record(c.before...)}
			want := guard.Decisions{
				Roles: record(append(append([]string{"Release:admin:yan:3"}, c.want...), "Grant:single:zoe:1")...),
				Full:  []string{"principal", "single"},
			}
			got := guard.Decide(s)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s; want -, got +:\n%s", c.why, diff)
			}
			s.Decisions = got.Roles
			if diff := cmp.Diff(got, guard.Decide(s)); diff != "" {
				t.Errorf("the next decision is another one; first -, second +:\n%s", diff)
			}
		})
	}
}

// TestThousandsLeave checks that those who give up one role do not hold up those who want another, and that all of them go in
// the end.
func TestThousandsLeave(t *testing.T) {
	t.Parallel()
	roles := map[string]*v1alpha1.Role{"member": build.Role("member").MinHolders(2).Obj(), "single": few["single"], "admin": few["admin"]}
	users := append(people(func(u *v1alpha1.User) {
		holding("member")(u)
		u.Status.RoleRequests = []v1alpha1.RoleRequest{{Number: 1, Role: "member", Change: v1alpha1.RoleLoss}}
		u.Status.LastRoleRequest = 1
	}), others()...)
	s := guard.Situation{Roles: roles, Users: users}
	for pass := range crowd {
		got := guard.Decide(s)
		s.Decisions = got.Roles
		released := map[types.UID]bool{}
		answered := map[string]bool{}
		for _, d := range got.Roles {
			released[d.UID] = released[d.UID] || d.Outcome == v1alpha1.RoleRelease
			answered[d.User] = true
		}
		if pass == 0 && (!answered["zoe"] || !released["u-yan"]) {
			t.Fatalf("in %d decisions there is nothing about those who want something else", len(got.Roles))
		}
		left, went := 0, false
		for _, u := range users {
			if released[u.UID] { // does it
				u.Status.Roles, u.Status.RoleRequests, went = nil, nil, true
			}
			for _, role := range u.Status.Roles {
				if role == "member" {
					left++
				}
			}
		}
		if !went {
			if left != 2 {
				t.Errorf("%d are left who hold the role, want 2", left)
			}
			return
		}
	}
	t.Error("there is no end of it")
}

// TestFullRoles checks which roles take nobody any more.
func TestFullRoles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		most   int32
		users  []*v1alpha1.User
		before []string
		full   bool
	}{
		"nobody":                 {why: "there is room for one", most: 1},
		"nobody may hold it":     {why: "there is room for none", most: 0, full: true},
		"held":                   {why: "the one who holds it is all that it takes", most: 1, users: []*v1alpha1.User{active("ada", 1, "principal")}, full: true},
		"one of two":             {why: "there is room for one more", most: 2, users: []*v1alpha1.User{active("ada", 1, "principal")}},
		"promised":               {why: "a grant takes its place before the role is held", most: 1, users: []*v1alpha1.User{asks(active("ada", 1), "1:Gain:principal")}, full: true},
		"promised to one unseen": {why: "a grant counts though the view of the user lags behind", most: 1, before: []string{"Grant:principal:ada:4"}, full: true},
		"given up": {
			why:    "whoever gave it up makes room",
			most:   1,
			users:  []*v1alpha1.User{func() *v1alpha1.User { u := active("ada", 1); u.Status.LastRoleRequest = 4; return u }()},
			before: []string{"Grant:principal:ada:4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roles := map[string]*v1alpha1.Role{"principal": build.Role("principal").MaxHolders(c.most).Obj(), "admin": few["admin"]}
			got := guard.Decide(guard.Situation{Roles: roles, Users: c.users, Decisions: record(c.before...)})
			if full := len(got.Full) == 1 && got.Full[0] == "principal"; full != c.full || len(got.Full) > 1 {
				t.Errorf("%s: full are %v, on record are %v", c.why, got.Full, got.Roles)
			}
		})
	}
}
