// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// heir is who came last, claims a seat, and is to take over that of old.
func heir() seats.Person {
	p := claims("new", 9)
	p.From = uidOf("old")
	return p
}

func TestInherit(t *testing.T) {
	t.Parallel()
	taken := held(1, "new")
	withdrawn := held(1, "old")
	withdrawn.Withdrawn = 3
	seated := held(4, "new")
	for name, c := range map[string]struct {
		why  string
		s    seats.Situation
		want seats.Plan
	}{
		"taken over": {
			why:  "the seat passes in place, since when it is held as before; who waits for longer waits still, and nothing else happens",
			s:    seats.Situation{Capacity: 3, Ledger: []seats.Slice{slice(0, 1, held(0, "gone"), held(1, "old"), held(2, "ann"))}, People: []seats.Person{keeps("old"), heir(), claims("ann", 0), claims("bob", 1), frees("gone")}},
			want: seats.Plan{Writes: []seats.Slice{slice(0, 1, held(0, "gone"), taken, held(2, "ann"))}, Assigned: 3, Waiting: 1, Queue: []string{"bob"}, Inherited: []seats.Seat{taken}, More: true},
		},
		"beyond the capacity": {
			why:  "that is no grant",
			s:    seats.Situation{Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(1, "old"))}, People: []seats.Person{keeps("old"), heir()}},
			want: seats.Plan{Writes: []seats.Slice{slice(0, 1, taken)}, Assigned: 1, Inherited: []seats.Seat{taken}, More: true},
		},
		"seated already": {
			why:  "nobody has two",
			s:    seats.Situation{Capacity: 9, Ledger: []seats.Slice{slice(0, 1, held(1, "old"), seated)}, People: []seats.Person{keeps("old"), heir()}},
			want: seats.Plan{Assigned: 2},
		},
		"keeps": {
			why:  "it is the seat of the same person, who would keep it",
			s:    seats.Situation{Capacity: 9, Ledger: []seats.Slice{slice(0, 1, held(1, "old"))}, People: []seats.Person{keeps("old"), func() seats.Person { p := heir(); p.Standing = seats.Keeps; return p }(), claims("bob", 1)}},
			want: seats.Plan{Writes: []seats.Slice{slice(0, 1, taken)}, Assigned: 1, Waiting: 1, Queue: []string{"bob"}, Inherited: []seats.Seat{taken}, More: true},
		},
		"leaves": {
			why:  "who is to have no seat takes none over",
			s:    seats.Situation{Capacity: 9, Ledger: []seats.Slice{slice(0, 1, held(1, "old"))}, People: []seats.Person{keeps("old"), func() seats.Person { p := heir(); p.Standing = seats.Leaves; return p }()}},
			want: seats.Plan{Assigned: 1},
		},
		"from who claims it": {
			why:  "it is of use there",
			s:    seats.Situation{Capacity: 2, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "old"))}, People: []seats.Person{claims("old", 0), heir()}},
			want: seats.Plan{Assigned: 2, Waiting: 1, Queue: []string{"new"}},
		},
		"from a stranger": {
			why:  "what is kept for whom is not known",
			s:    seats.Situation{Capacity: 2, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "old"))}, People: []seats.Person{heir()}},
			want: seats.Plan{Assigned: 2, Waiting: 1, Queue: []string{"new"}},
		},
		"of nobody": {
			why:  "who was to be taken over from holds none: a seat is claimed like any other",
			s:    seats.Situation{Capacity: 9, People: []seats.Person{keeps("old"), heir()}},
			want: seats.Plan{Writes: []seats.Slice{slice(0, 0, given(0, "new"))}, Assigned: 1, Granted: []seats.Seat{given(0, "new")}},
		},
		"withdrawn": {
			why:  "while seats are withdrawn nobody takes any over",
			s:    seats.Situation{Capacity: 0, Suspend: true, Turn: 4, Ledger: []seats.Slice{slice(0, 3, withdrawn)}, People: []seats.Person{keeps("old"), heir()}},
			want: seats.Plan{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s.Now = now
			got := seats.Next(c.s)
			if name == "withdrawn" {
				got = seats.Plan{Inherited: got.Inherited}
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; the plan (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// In any situation, and with the slices written in any order: who takes a seat over has it afterwards, who had it has none, at no
// moment it is free or anybody holds two, nobody else is touched, and there is an end to it.
func TestInheritKeepsTheInvariants(t *testing.T) {
	check(t, 2000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		uids := []types.UID{"", "stranger-0", "stranger-1"}
		for _, p := range s.People {
			uids = append(uids, p.UID)
		}
		for i := range s.People {
			s.People[i].From = rapid.SampledFrom(uids).Draw(t, "from")
		}
		was, total := holdersOf(s.Ledger)
		plan := seats.Next(s)
		for turns := 0; len(plan.Inherited) > 0; turns++ {
			if turns > len(s.People) || !plan.More || len(plan.Granted)+len(plan.Released) > 0 {
				t.Fatalf("after %d turns: %+v", turns, plan)
			}
			ledger := s.Ledger
			for _, w := range rapid.Permutation(plan.Writes).Draw(t, "order") {
				ledger = after(ledger, []seats.Slice{w}, 2)
				now, held := holdersOf(ledger)
				for uid, n := range now {
					if n > 1 {
						t.Fatalf("%s has %d seats", uid, n)
					}
				}
				if held != total || plan.Assigned != total {
					t.Fatalf("%d seats are held, and %d were; the plan says %d", held, total, plan.Assigned)
				}
			}
			is, _ := holdersOf(ledger)
			for _, p := range s.People {
				took := slices.ContainsFunc(plan.Inherited, func(seat seats.Seat) bool { return seat.UID == p.UID })
				if took && (was[p.UID] > 0 || is[p.UID] != 1 || was[p.From] != 1 || is[p.From] > 0 || slices.Contains(plan.Queue, p.Name)) {
					t.Fatalf("%s took over from %s: %+v", p.UID, p.From, plan)
				}
			}
			s.Ledger, was = ledger, is
			plan = seats.Next(s)
		}
	})
}
