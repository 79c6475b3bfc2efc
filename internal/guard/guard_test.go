// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var limited = map[string]*v1alpha1.Role{
	"admin":     build.Role("admin").MinHolders(1).Obj(),
	"trustee":   build.Role("trustee").MinHolders(2).Obj(),
	"principal": build.Role("principal").MaxHolders(1).Obj(),
}

// person is a user who joined some hours ago.
func person(name string, hours int, roles ...string) *build.UserBuilder {
	return build.User(name).UID(types.UID("u-" + name)).Created(now.Add(-time.Duration(hours) * time.Hour)).Holds(roles...)
}

// active is such a user who accepted.
func active(name string, hours int, roles ...string) *v1alpha1.User {
	return person(name, hours, roles...).AcceptedAt(now).Obj()
}

// asks has a user ask for changes, each as number:change:role.
func asks(u *v1alpha1.User, requests ...string) *v1alpha1.User {
	u = u.DeepCopy()
	for _, text := range requests {
		var r v1alpha1.RoleRequest
		parts := strings.Split(text, ":")
		if _, err := fmt.Sscan(parts[0], &r.Number); err != nil {
			panic(err)
		}
		r.Change, r.Role = v1alpha1.RoleChange(parts[1]), parts[2]
		u.Status.RoleRequests = append(u.Status.RoleRequests, r)
		u.Status.LastRoleRequest = max(u.Status.LastRoleRequest, r.Number)
	}
	return u
}

// record is decisions, each as outcome:role:user:number.
func record(texts ...string) []v1alpha1.RoleDecision {
	var all []v1alpha1.RoleDecision
	for _, text := range texts {
		parts := strings.Split(text, ":")
		d := v1alpha1.RoleDecision{Outcome: v1alpha1.RoleOutcome(parts[0]), Role: parts[1], User: parts[2], UID: types.UID("u-" + parts[2])}
		if _, err := fmt.Sscan(parts[3], &d.Number); err != nil {
			panic(err)
		}
		all = append(all, d)
	}
	return all
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		users  []*v1alpha1.User
		before []string
		gone   []string
		full   []string
		stays  func(u *v1alpha1.User, role string) bool
		want   []string
	}{
		"nobody asks": {why: "nothing is on record", users: []*v1alpha1.User{active("ada", 2, "admin")}},
		"one of two": {
			why:   "one stays",
			users: []*v1alpha1.User{active("ada", 2, "admin"), asks(active("bea", 1, "admin"), "1:Loss:admin")},
			want:  []string{"Release:admin:bea:1"},
		},
		"both of two": {
			why:   "of two who leave in the same second the older stays",
			users: []*v1alpha1.User{asks(active("ada", 2, "admin"), "1:Loss:admin"), asks(active("bea", 1, "admin"), "4:Loss:admin")},
			want:  []string{"Hold:admin:ada:1", "Release:admin:bea:4"},
		},
		"the owner of two": {
			why:   "the owner stays, however new",
			users: []*v1alpha1.User{asks(active("owner", 1, "admin"), "1:Loss:admin"), asks(active("bea", 9, "admin"), "1:Loss:admin")},
			want:  []string{"Release:admin:bea:1", "Hold:admin:owner:1"},
		},
		"the last": {
			why:   "the last one stays",
			users: []*v1alpha1.User{asks(active("ada", 2, "admin"), "1:Loss:admin")}, want: []string{"Hold:admin:ada:1"},
		},
		"the last who accepted": {
			why:   "an invitation is nobody yet who could do the work",
			users: []*v1alpha1.User{asks(active("ada", 2, "admin"), "1:Loss:admin"), person("bea", 1, "admin").Obj()}, want: []string{"Hold:admin:ada:1"},
		},
		"invited, one of two": {
			why:   "before anybody has accepted, the number of holders counts",
			users: []*v1alpha1.User{asks(person("ada", 2, "admin").Obj(), "1:Loss:admin"), asks(person("bea", 1, "admin").Obj(), "1:Loss:admin")},
			want:  []string{"Hold:admin:ada:1", "Release:admin:bea:1"},
		},
		"already going": {
			why:    "whoever has a release is a holder no more",
			users:  []*v1alpha1.User{asks(active("ada", 2, "admin"), "1:Loss:admin"), asks(active("bea", 1, "admin"), "4:Loss:admin")},
			before: []string{"Release:admin:ada:1"}, want: []string{"Release:admin:ada:1", "Hold:admin:bea:4"},
		},
		"gone through": {
			why:    "a release that was carried out is off the record",
			users:  []*v1alpha1.User{asks(active("ada", 2), "2:Gain:principal"), asks(active("bea", 1, "admin"), "4:Loss:admin")},
			before: []string{"Release:admin:ada:1"}, want: []string{"Hold:admin:bea:4", "Grant:principal:ada:2"}, full: []string{"principal"},
		},
		"taken back": {
			why: "a release of a request that was taken back is off the record, and counts again",
			users: []*v1alpha1.User{
				func() *v1alpha1.User { u := active("ada", 2, "admin"); u.Status.LastRoleRequest = 1; return u }(),
				asks(active("bea", 1, "admin"), "4:Loss:admin"),
			},
			before: []string{"Release:admin:ada:1"}, want: []string{"Release:admin:bea:4"},
		},
		"an older view": {
			why:    "a view of a user from before the request takes nothing off the record",
			users:  []*v1alpha1.User{active("ada", 2, "admin"), asks(active("bea", 1, "admin"), "4:Loss:admin")},
			before: []string{"Release:admin:ada:1"}, want: []string{"Release:admin:ada:1", "Hold:admin:bea:4"},
		},
		"not seen": {
			why:    "neither does the lack of one",
			before: []string{"Release:admin:ada:1", "Grant:principal:bea:3"}, want: []string{"Release:admin:ada:1", "Grant:principal:bea:3"}, full: []string{"principal"},
		},
		"gone": {
			why:    "who is no more needs no record",
			before: []string{"Release:admin:ada:1", "Grant:principal:bea:3"}, gone: []string{"ada", "bea"},
		},
		"not fresh": {
			why:   "a release rests on those who surely stay",
			users: []*v1alpha1.User{active("ada", 2, "admin"), asks(active("bea", 1, "admin"), "1:Loss:admin")},
			stays: func(u *v1alpha1.User, _ string) bool { return u.Name != "ada" }, want: []string{"Hold:admin:bea:1"},
		},
		"all or nothing": {
			why:   "who cannot give up one role gives up none",
			users: []*v1alpha1.User{active("ada", 3, "admin"), asks(active("bea", 1, "admin", "trustee"), "1:Loss:admin", "2:Loss:trustee"), active("cleo", 2, "trustee")},
			want:  []string{"Hold:admin:bea:1", "Hold:trustee:bea:2"},
		},
		"below already": {
			why:   "a role with too few holders loses no more",
			users: []*v1alpha1.User{asks(active("ada", 2, "trustee"), "1:Loss:trustee")}, want: []string{"Hold:trustee:ada:1"},
		},
		"no such role": {
			why: "a role that is gone holds nobody", users: []*v1alpha1.User{asks(active("ada", 2, "ghost"), "1:Loss:ghost")},
		},
		"one of two gains": {
			why:   "the first in line",
			users: []*v1alpha1.User{asks(person("ada", 1).Obj(), "1:Gain:principal"), asks(person("bea", 2).Obj(), "1:Gain:principal")},
			want:  []string{"Grant:principal:bea:1"}, full: []string{"principal"},
		},
		"held": {
			why:    "a grant stays on record while the role is held",
			users:  []*v1alpha1.User{asks(person("ada", 1).Obj(), "1:Gain:principal"), func() *v1alpha1.User { u := active("bea", 2, "principal"); u.Status.LastRoleRequest = 5; return u }()},
			before: []string{"Grant:principal:bea:5"}, want: []string{"Grant:principal:bea:5"}, full: []string{"principal"},
		},
		"not taken yet": {
			why:    "a grant stays on record until it is used",
			users:  []*v1alpha1.User{asks(person("ada", 3).Obj(), "1:Gain:principal"), asks(active("bea", 2), "5:Gain:principal")},
			before: []string{"Grant:principal:bea:5"}, want: []string{"Grant:principal:bea:5"}, full: []string{"principal"},
		},
		"given up": {
			why:    "whoever gives it up makes room",
			users:  []*v1alpha1.User{asks(person("ada", 1).Obj(), "1:Gain:principal"), func() *v1alpha1.User { u := active("bea", 2); u.Status.LastRoleRequest = 5; return u }()},
			before: []string{"Grant:principal:bea:5"}, want: []string{"Grant:principal:ada:1"}, full: []string{"principal"},
		},
		"asked anew": {
			why:    "a grant to a request that was taken back is no grant",
			users:  []*v1alpha1.User{asks(person("ada", 3).Obj(), "1:Gain:principal"), asks(active("bea", 2), "6:Gain:principal")},
			before: []string{"Grant:principal:bea:5"}, want: []string{"Grant:principal:bea:6"}, full: []string{"principal"},
		},
		"before the limit": {
			why:   "who held it before there was a limit keeps it, and nobody else gets it: one is on record, which makes the role full",
			users: []*v1alpha1.User{asks(person("ada", 3).Obj(), "1:Gain:principal"), active("bea", 2, "principal"), active("cleo", 1, "principal")},
			want:  []string{"Grant:principal:bea:0"}, full: []string{"principal"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := guard.Situation{Roles: limited, Owner: "owner", Users: c.users, Decisions: record(c.before...), Gone: map[types.UID]bool{}, Stays: c.stays}
			for _, name := range c.gone {
				s.Gone[types.UID("u-"+name)] = true
			}
			for range 2 {
				if diff := cmp.Diff(record(c.want...), guard.Decide(s).Roles, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s; want -, got +:\n%s", c.why, diff)
				}
				if got := guard.Decide(s).Full; len(got) != len(c.full) {
					t.Errorf("%s; full are %v, want %v", c.why, got, c.full)
				}
				slices.Reverse(s.Users) // whatever order they are listed in
			}
		})
	}
}

// TestDecideTwice checks that a decision stands when nothing else happens.
func TestDecideTwice(t *testing.T) {
	t.Parallel()
	s := guard.Situation{Roles: limited, Users: []*v1alpha1.User{
		asks(active("ada", 2, "admin"), "1:Loss:admin"), asks(active("bea", 1, "admin"), "4:Loss:admin", "5:Gain:principal"), asks(active("cleo", 1), "1:Gain:principal"),
	}}
	s.Decisions = guard.Decide(s).Roles
	if diff := cmp.Diff(s.Decisions, guard.Decide(s).Roles); diff != "" {
		t.Errorf("first -, second +:\n%s", diff)
	}
}
