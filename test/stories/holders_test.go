// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// bound waits until just these people are bound to anything in the namespace.
func (s *stage) bound(names ...string) {
	s.Helper()
	var want []string
	for _, name := range names {
		want = append(want, at(name))
	}
	env.Eventually(s, func() error {
		var list rbacv1.RoleBindingList
		if err := s.List(s.Context(), &list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		var got []string
		for _, b := range list.Items {
			for _, subject := range b.Subjects {
				got = append(got, subject.Name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("bound are %v, want %v", got, want)
		}
		return nil
	})
}

// Rights in Kubernetes go with the organization, and come back with it: to those who are still to have them.
func TestRightsGoWithTheOrganization(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why       string
		meanwhile func(s *stage)
		back      []string
	}{
		"nobody moves": {"nothing but the organization wakes anybody", func(*stage) {}, []string{"ada", "bea", "cid", "dan"}},
		"people move": {
			"while there is no organization, nobody takes up what is declared", func(s *stage) {
				edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} })
				s.turn("cid", v1alpha1.UserSuspended)
				s.delete("dan")
				s.gone("dan")
			}, []string{"ada"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := []string{"ada", "bea", "cid", "dan"}
			s := play(t, build.Organization("acme").Obj(), build.Role("viewer").RoleRefs("view").Obj(), build.Role("guest").Obj())
			for _, name := range people {
				s.create(build.User(name).Roles("viewer").Obj())
				s.join(name)
			}
			s.bound(people...)
			s.rest()
			s.must(s.Delete(t.Context(), get[v1alpha1.Organization](s, "acme")), "deleting the organization")
			s.bound()
			for _, name := range people {
				s.is(name, v1alpha1.ReasonOrganizationNotFound)
			}
			c.meanwhile(s)
			s.rest()
			s.create(build.Organization("acme").Obj())
			s.bound(c.back...)
			for _, name := range c.back {
				s.is(name, v1alpha1.ReasonActive)
			}
			s.rest()
			s.bound(c.back...) // for good
		})
	}
}

// Rule CO-7: who stands in for somebody has the seats that it takes, as soon as the delegation, or what it gives, changes.
func TestSeatsOfDelegates(t *testing.T) {
	t.Parallel()
	s := play(t, append(
		acme(9, "ada"), build.SeatPool("premium").Seats(9).Obj(), build.Role("premium").SeatPool("premium").Obj(),
		build.Team("ops").Roles("member").Obj(), build.User("nadia").Obj(), member("max").Obj(),
	)...)
	s.invited("max", 1)
	s.is("nadia", v1alpha1.ReasonNoRoles)
	for _, step := range []struct {
		why   string
		do    func()
		roles []string
		seats []string
	}{
		{"a delegation came", func() {
			edit(s, "max", func(u *v1alpha1.User) {
				u.Spec.Delegates = []v1alpha1.Delegation{{User: "nadia", Until: metav1.NewTime(s.clock.Now().Add(time.Hour))}}
			})
		}, []string{"member"}, []string{"standard"}},
		{"who delegates got another role", func() {
			edit(s, "max", func(u *v1alpha1.User) { u.Spec.Roles = []string{"premium"} })
		}, []string{"premium"}, []string{"premium"}},
		{"who delegates came to a team", func() {
			edit(s, "ops", func(team *v1alpha1.Team) { members(team, "max") })
		}, []string{"member", "premium"}, []string{"premium", "standard"}},
		{"who delegates left", func() { s.turn("max", v1alpha1.UserSuspended) }, nil, nil},
		{"who delegates is back", func() { s.turn("max", v1alpha1.UserActive) }, []string{"member", "premium"}, []string{"premium", "standard"}},
		{"the delegation is over", func() { edit(s, "max", func(u *v1alpha1.User) { u.Spec.Delegates = nil }) }, nil, nil},
	} {
		s.rest() // so that nothing else makes the pools look at anybody
		s.Log(step.why)
		step.do()
		s.roles("nadia", step.roles...)
		s.seats("nadia", step.seats...)
		s.inLedger("nadia", step.seats...)
	}
}

// inLedger waits until the ledger gives a user a seat of each of the pools, and of no other.
func (s *stage) inLedger(name string, pools ...string) {
	s.Helper()
	env.Eventually(s, func() error {
		var list v1alpha1.SeatSliceList
		if err := s.List(s.Context(), &list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		var got []string
		for _, slice := range list.Items {
			if slices.ContainsFunc(slice.Assignments, func(a v1alpha1.SeatAssignment) bool { return a.User == name }) {
				got = append(got, slice.Pool)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, pools) {
			return fmt.Errorf("%s is in the ledger of %v, want %v", name, got, pools)
		}
		return nil
	})
}

// An organization that is being deleted holds nobody, though it stays for the sake of somebody else.
func TestAnOrganizationThatGoesHoldsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		user   string
		leaves func(s *stage)
		held   string
		went   func(s *stage)
	}{
		"deletion": {
			"nobody has to administer it any more", "ada", func(s *stage) { s.delete("ada") },
			v1alpha1.ReasonLastHolder, func(s *stage) { s.gone("ada") },
		},
		"suspension": {
			"so it is for a time", "ada", func(s *stage) { s.turn("ada", v1alpha1.UserSuspended) },
			v1alpha1.ReasonLastHolder, func(s *stage) { s.holds(s.is("ada", v1alpha1.ReasonSuspended)) },
		},
		"archive": {
			"so it is for good", "ada", func(s *stage) { s.turn("ada", v1alpha1.UserArchived) },
			v1alpha1.ReasonLastHolder, func(s *stage) { s.holds(s.is("ada", v1alpha1.ReasonArchived)) },
		},
		"demotion": {
			"nor does who stays have to", "ada", func(s *stage) { edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Roles = []string{"guest"} }) },
			v1alpha1.ReasonLastHolder, func(s *stage) {
				s.roles("ada", "guest")
				s.is("ada", v1alpha1.ReasonActive)
				s.seats("ada")
			},
		},
		"owner": {
			"nobody has to own it any more", "owner", func(s *stage) { s.turn("owner", v1alpha1.UserSuspended) },
			v1alpha1.ReasonOwnerProtected, func(s *stage) { s.is("owner", v1alpha1.ReasonSuspended) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := build.Organization("acme").Owner("owner").Obj()
			org.Finalizers = []string{"acme.example/keeps-the-books"}
			s := play(
				t, org, build.SeatPool("standard").Seats(3).Obj(), build.Role("admin").SeatPool("standard").MinHolders(1).Obj(), build.Role("guest").Obj(),
				build.User("owner").Roles("guest").Obj(), build.User("ada").Roles("admin").Obj(),
			)
			s.join(c.user)
			c.leaves(s)
			s.is(c.user, c.held)
			s.rest() // so that nothing else wakes anybody
			s.must(s.Delete(t.Context(), get[v1alpha1.Organization](s, "acme")), "deleting the organization")
			c.went(s)
			if o := get[v1alpha1.Organization](s, "acme"); o.DeletionTimestamp.IsZero() {
				t.Errorf("%s, and this is an organization that stays", c.why)
			}
			edit(s, "acme", func(o *v1alpha1.Organization) { o.Finalizers = nil })
		})
	}
}
