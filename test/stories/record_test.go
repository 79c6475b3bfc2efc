// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// An operator that has followed every change knows what one knows that has just looked at everything: the next one
// finds nothing to do.
func TestFollowingChangesIsLookingAtEverything(t *testing.T) {
	const runs, changes = 3, 90
	for range runs {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(4, "ada", "bea", "cid", "dan")...)
			s.create(
				build.SeatPool("extra").Seats(2).Obj(), build.Role("extra").SeatPool("extra").Obj(), build.Role("free").Obj(),
				build.Team("company").Members("bea").Roles("free").Obj(), build.Team("sales").Members("cid", "eve").Obj(),
			)
			chance := rand.New(rand.NewPCG(seed, 0))
			for range changes {
				s.anything(chance)
			}
			s.rest()
			s.op.Stop(t)
			before, people := s.versions(), s.people()
			var traffic operator.Traffic
			s.start(operator.Options{Config: traffic.Config(env.Config(t))})
			s.passOver()
			if diff := cmp.Diff(before, s.versions()); diff != "" {
				t.Errorf("objects were written (-before +after):\n%s\n%v\nof users:\n%s", diff, traffic.Writes(), cmp.Diff(people, s.people()))
			}
		})
	}
}

// people are the states of all users but the probe.
func (s *stage) people() map[string]v1alpha1.UserStatus {
	s.Helper()
	var list v1alpha1.UserList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing users")
	people := map[string]v1alpha1.UserStatus{}
	for _, u := range list.Items {
		if u.Name != probe {
			people[u.Name] = u.Status
		}
	}
	return people
}

// anything changes something that matters to a pool.
func (s *stage) anything(chance *rand.Rand) {
	s.Helper()
	people := []string{"bea", "cid", "dan", "eve", "fay", "gus"}
	name := people[chance.IntN(len(people))]
	var u v1alpha1.User
	err := s.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &u)
	if client.IgnoreNotFound(err) != nil {
		s.Fatal(err)
	}
	if err != nil || !u.DeletionTimestamp.IsZero() {
		if err := s.Create(s.Context(), member(name).In(s.ns, "acme").Roles([][]string{{"member"}, {"extra"}, {"member", "extra"}}[chance.IntN(3)]...).Obj()); err != nil {
			s.Logf("%s is still on the way out: %v", name, err)
		}
		return
	}
	spec := func(change func(*v1alpha1.UserSpec)) {
		s.Helper()
		base := u.DeepCopy()
		change(&u.Spec)
		s.must(client.IgnoreNotFound(s.Patch(s.Context(), &u, client.MergeFrom(base))), "changing %s", name)
	}
	switch chance.IntN(18) {
	case 0:
		s.must(client.IgnoreNotFound(s.Delete(s.Context(), &u)), "deleting %s", name)
	case 1, 2:
		states := []v1alpha1.UserState{v1alpha1.UserActive, v1alpha1.UserActive, v1alpha1.UserSuspended, v1alpha1.UserArchived}
		spec(func(s *v1alpha1.UserSpec) { s.State = states[chance.IntN(len(states))] })
	case 3, 4:
		roles := [][]string{nil, {"member"}, {"extra"}, {"member", "extra"}, {"member", "nobody"}}
		spec(func(s *v1alpha1.UserSpec) { s.Roles = roles[chance.IntN(len(roles))] })
	case 5, 6:
		spec(func(s *v1alpha1.UserSpec) { s.Email = at(people[chance.IntN(len(people))]) })
	case 7:
		edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = people[chance.IntN(len(people))] })
	case 8:
		edit(s, "extra", func(r *v1alpha1.Role) { r.Spec.SeatPool = []string{"standard", "extra"}[chance.IntN(2)] })
	case 10:
		edit(s, "extra", func(r *v1alpha1.Role) {
			r.Spec.MaxHolders = []*int32{nil, new(int32(1)), new(int32(2))}[chance.IntN(3)]
		})
	case 11:
		edit(s, "free", func(r *v1alpha1.Role) { r.Spec.Includes = [][]string{nil, {"extra"}}[chance.IntN(2)] })
	case 12:
		edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.DefaultRole = []string{"", "free", "extra"}[chance.IntN(3)] })
	case 13:
		edit(s, "sales", func(t *v1alpha1.Team) { t.Spec.Parent = []string{"", "company", "nowhere"}[chance.IntN(3)] })
	case 14:
		edit(s, "sales", func(t *v1alpha1.Team) { members(t, people[:chance.IntN(len(people))]...) })
	case 15:
		team := []string{"company", "sales"}[chance.IntN(2)]
		edit(s, team, func(t *v1alpha1.Team) {
			t.Spec.Roles = [][]string{nil, {"free"}, {"extra"}, {"nobody"}}[chance.IntN(4)]
		})
	case 16:
		spec(func(s *v1alpha1.UserSpec) {
			s.Delegates = nil
			if to := people[chance.IntN(len(people))]; to != name {
				s.Delegates = []v1alpha1.Delegation{{User: to, Until: metav1.NewTime(time.Now().Add(time.Hour))}}
			}
		})
	case 9:
		edit(s, "member", func(r *v1alpha1.Role) { r.Spec.MinHolders = new(int32(chance.IntN(3))) })
	default:
		edit(s, "standard", func(p *v1alpha1.SeatPool) {
			p.Spec.Seats = new(int32(chance.IntN(6)))
			p.Spec.OnShortage = []v1alpha1.ShortagePolicy{v1alpha1.ShortageKeep, v1alpha1.ShortageSuspend}[chance.IntN(2)]
		})
	}
}

// rest waits until nothing has been written for longer than any figure waits for its turn.
func (s *stage) rest() {
	s.Helper()
	const window = 6 * time.Second // on a busy machine, what was changed last may take its time
	var last map[string]string
	since := time.Now()
	env.Eventually(s, func() error {
		now := s.versions()
		if !cmp.Equal(last, now) {
			last, since = now, time.Now()
		}
		if time.Since(since) < window {
			return errors.New("something is still being written")
		}
		return nil
	})
}
