// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// situation is any situation that may come about: seats that are held beyond the capacity, by people of every
// standing, by strangers and by people who are gone, but no two seats of one person.
var situation = rapid.Custom(func(t *rapid.T) seats.Situation {
	s := seats.Situation{
		Now:      now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond),
		Capacity: rapid.OneOf(rapid.Int32Range(0, 6), rapid.Int32Range(60, 68), rapid.Int32Range(120, 200)).Draw(t, "capacity"),
		Gone:     map[types.UID]bool{},
	}
	people := rapid.IntRange(0, 12).Draw(t, "people")
	var holders []seats.Person
	for i := range people {
		p := seats.Person{
			Name: fmt.Sprintf("user-%02d", i), UID: types.UID(fmt.Sprintf("uid-%02d", 99-i)),
			Created:  before.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "created")) * time.Second),
			Owner:    rapid.IntRange(0, 9).Draw(t, "owner") == 9,
			Standing: rapid.SampledFrom([]seats.Standing{seats.Claims, seats.Frees, seats.Keeps}).Draw(t, "standing"),
		}
		s.People = append(s.People, p)
		if rapid.Bool().Draw(t, "holds") {
			holders = append(holders, p)
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "strangers") {
		p := seats.Person{Name: fmt.Sprintf("stranger-%d", i), UID: types.UID(fmt.Sprintf("stranger-%d", i))}
		holders = append(holders, p)
		if rapid.Bool().Draw(t, "gone") {
			s.Gone[p.UID] = true
		}
	}
	// A crowd fills the first slices, so that the rest meet at the edges.
	crowded := rapid.SampledFrom([]int32{0, 0, 1, 2}).Draw(t, "crowded slices")
	edges := []int32{0, 1, 2, 5, 61, 62, 63, 64, 65, 66, 126, 127, 128, 129, 130, 199, 200, 201}
	numbers := rapid.Permutation(edges).Draw(t, "seats")[:min(len(holders), len(edges))]
	bySlice := map[int32][]seats.Seat{}
	for i, number := range numbers {
		bySlice[number/seats.PerSlice] = append(bySlice[number/seats.PerSlice],
			seats.Seat{Number: number, User: holders[i].Name, UID: holders[i].UID, Since: before})
	}
	for n := range crowded {
		for _, seat := range crowd(n*seats.PerSlice, (n+1)*seats.PerSlice-1) {
			if !slices.Contains(edges, seat.Number) {
				bySlice[n] = append(bySlice[n], seat)
			}
		}
	}
	for n, held := range bySlice {
		slices.SortFunc(held, func(a, b seats.Seat) int { return cmp.Compare(a.Number, b.Number) })
		s.Ledger = append(s.Ledger, slice(n, 1, held...))
	}
	slices.SortFunc(s.Ledger, func(a, b seats.Slice) int { return cmp.Compare(a.Number, b.Number) })
	return s
})

func holdersOf(ledger []seats.Slice) (seatsOf map[types.UID]int, total int32) {
	seatsOf = map[types.UID]int{}
	for _, slice := range ledger {
		for _, seat := range slice.Seats {
			seatsOf[seat.UID]++
			total++
		}
	}
	return seatsOf, total
}

// TestNextKeepsTheInvariants checks, in any situation and with the slices written in any order, what must hold always.
func TestNextKeepsTheInvariants(t *testing.T) {
	check(t, 2000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		plan := seats.Next(s)

		// Never over capacity at a grant, one seat per person, whatever part of the turn has been written.
		ledger := s.Ledger
		for _, w := range rapid.Permutation(plan.Writes).Draw(t, "order") {
			was, _ := holdersOf(ledger)
			ledger = after(ledger, []seats.Slice{w}, 2)
			is, total := holdersOf(ledger)
			for uid, n := range is {
				if n > 1 {
					t.Fatalf("after writing slice %d, %s has %d seats", w.Number, uid, n)
				}
				if was[uid] == 0 && total > s.Capacity {
					t.Fatalf("slice %d gives a seat, which makes it %d of %d", w.Number, total, s.Capacity)
				}
			}
		}

		// Nobody loses a seat who claims or keeps one, or of whom nothing is known.
		was, _ := holdersOf(s.Ledger)
		is, total := holdersOf(ledger)
		standing := map[types.UID]seats.Standing{}
		for _, p := range s.People {
			standing[p.UID] = p.Standing
		}
		for uid := range was {
			stands, known := standing[uid]
			switch free := s.Gone[uid] || known && stands == seats.Frees; {
			case free && is[uid] > 0 && !plan.More:
				t.Fatalf("%s has no business here, and has a seat", uid)
			case !free && is[uid] == 0:
				t.Fatalf("%s lost the seat", uid)
			}
		}
		for uid := range is {
			if was[uid] == 0 && standing[uid] != seats.Claims {
				t.Fatalf("%s claims no seat, and was given one", uid)
			}
		}

		// The figures are those of the outcome.
		if plan.Assigned != total {
			t.Fatalf("the plan says that %d seats are held, %d are", plan.Assigned, total)
		}
		if len(plan.Queue) > 0 && total < s.Capacity && !plan.More {
			t.Fatalf("%v wait, %d of %d seats are held, and that is to be all", plan.Queue, total, s.Capacity)
		}
		for _, seat := range plan.Granted {
			if seat.Number >= s.Capacity || seat.Since.Nanosecond() != 0 {
				t.Fatalf("seat %d of %d, given %v", seat.Number, s.Capacity, seat.Since)
			}
		}
	})
}

// TestNextServesTheFirstFirst checks the order of the queue, in words of its own.
func TestNextServesTheFirstFirst(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		plan := seats.Next(s)
		held, _ := holdersOf(s.Ledger)
		var queue []seats.Person
		for _, p := range s.People {
			if p.Standing == seats.Claims && held[p.UID] == 0 {
				queue = append(queue, p)
			}
		}
		slices.SortFunc(queue, func(a, b seats.Person) int {
			owners := 0
			switch {
			case a.Owner && !b.Owner:
				owners = -1
			case b.Owner && !a.Owner:
				owners = 1
			}
			return cmp.Or(owners, a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name))
		})
		var want, got []string
		for _, p := range queue {
			want = append(want, p.Name)
		}
		for _, seat := range plan.Granted {
			got = append(got, seat.User)
		}
		got = append(got, plan.Queue...)
		if !slices.Equal(want, got) {
			t.Fatalf("served and queued %v, the order is %v", got, want)
		}
	})
}

func TestNextDoesNotDependOnTheOrderOfItsInput(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		want := seats.Next(s)
		s.People = rapid.Permutation(s.People).Draw(t, "people")
		s.Ledger = rapid.Permutation(s.Ledger).Draw(t, "ledger")
		if diff := gocmp.Diff(want, seats.Next(s), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

// TestNextSettles carries plans out until there is no more to do, which must not take long and leave nothing to do.
func TestNextSettles(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		plan := seats.Next(s)
		for turns := 1; plan.More; turns++ {
			if turns > 2 || len(plan.Writes) == 0 {
				t.Fatalf("turn %d writes %d slices, and asks for another", turns, len(plan.Writes))
			}
			s.Ledger = after(s.Ledger, plan.Writes, int64(turns+1))
			plan = seats.Next(s)
		}
		s.Ledger = after(s.Ledger, plan.Writes, 9)
		again := seats.Next(s)
		plan.Writes, plan.Granted, plan.Released = nil, nil, nil
		if diff := gocmp.Diff(plan, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the outcome of a plan asks for another; want -, got +:\n%s", diff)
		}
	})
}

// TestNextWritesWhatChanges checks that the slices to be written are those in which a seat changes hands, in order,
// and that the ledger stays as the API wants it.
func TestNextWritesWhatChanges(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		plan := seats.Next(s)
		var want, got []int32
		for _, seat := range slices.Concat(plan.Granted, plan.Released) {
			want = append(want, seat.Number/seats.PerSlice)
		}
		slices.Sort(want)
		for _, w := range plan.Writes {
			got = append(got, w.Number)
			last := w.Number*seats.PerSlice - 1
			for _, seat := range w.Seats {
				if seat.Number <= last || seat.Number/seats.PerSlice != w.Number {
					t.Fatalf("slice %d holds %v", w.Number, w.Seats)
				}
				last = seat.Number
			}
		}
		if want = slices.Compact(want); !slices.Equal(want, got) {
			t.Fatalf("seats change hands in slices %v, %v are written", want, got)
		}
	})
}

func TestNextLeavesItsInputAlone(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		leavesAlone(t, situation.Draw(t, "situation"))
	})
}

// leavesAlone checks that Next changes nothing of what it is given.
func leavesAlone(t *rapid.T, s seats.Situation) {
	// Slices with room to append are the ones that could be written into.
	for i := range s.Ledger {
		s.Ledger[i].Seats = slices.Grow(s.Ledger[i].Seats, seats.PerSlice)
	}
	copied := s
	copied.People = slices.Clone(s.People)
	copied.Minimums = maps.Clone(s.Minimums)
	copied.Ledger = slices.Clone(s.Ledger)
	for i, slice := range s.Ledger {
		room := slice.Seats[:cap(slice.Seats)]
		copied.Ledger[i].Seats = slices.Clone(room)
		s.Ledger[i].Seats = slice.Seats
	}
	seats.Next(s)
	for i, slice := range s.Ledger {
		s.Ledger[i].Seats = slice.Seats[:cap(slice.Seats)]
	}
	if !reflect.DeepEqual(copied, s) {
		t.Fatalf("the input changed:\n%s", gocmp.Diff(copied, s))
	}
}

// TestNextMendsTheLedger checks that a ledger in which people have several seats ends with one each.
func TestNextMendsTheLedger(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		var holders []seats.Seat
		for _, slice := range s.Ledger {
			holders = append(holders, slice.Seats...)
		}
		if len(holders) == 0 {
			t.Skip("nobody holds a seat")
		}
		extra := slice(4, 1)
		for i := range int32(rapid.IntRange(1, 4).Draw(t, "seats too many")) {
			seat := rapid.SampledFrom(holders).Draw(t, "twice")
			seat.Number = 4*seats.PerSlice + i
			extra.Seats = append(extra.Seats, seat)
		}
		s.Ledger = append(s.Ledger, extra)
		was, _ := holdersOf(s.Ledger)
		plan := seats.Next(s)
		is, _ := holdersOf(after(s.Ledger, plan.Writes, 2))
		for uid := range was {
			if is[uid] > 1 {
				t.Fatalf("%s still has %d seats", uid, is[uid])
			}
		}
		for _, seat := range plan.Released {
			known := slices.ContainsFunc(s.People, func(p seats.Person) bool { return p.UID == seat.UID && p.Standing == seats.Frees })
			if seat.Number < 4*seats.PerSlice && !known && !s.Gone[seat.UID] {
				t.Fatalf("%s lost seat %d, which is the first", seat.User, seat.Number)
			}
		}
	})
}
