// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

var (
	now    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	before = now.Add(-24 * time.Hour)
)

func uidOf(name string) types.UID { return types.UID("uid-of-" + name) }

// claims is who is to have a seat, created so many minutes after the first.
func claims(name string, minutes int) seats.Person {
	return seats.Person{
		Name: name, UID: uidOf(name), Created: before.Add(time.Duration(minutes) * time.Minute), Standing: seats.Claims,
	}
}

func keeps(name string) seats.Person {
	return seats.Person{Name: name, UID: uidOf(name), Created: before, Standing: seats.Keeps}
}

func frees(name string) seats.Person {
	return seats.Person{Name: name, UID: uidOf(name), Created: before, Standing: seats.Frees}
}

// held is a seat that somebody has held for a while, given one that is given now.
func held(number int32, name string) seats.Seat {
	return seats.Seat{Number: number, User: name, UID: uidOf(name), Since: before}
}

func given(number int32, name string) seats.Seat {
	return seats.Seat{Number: number, User: name, UID: uidOf(name), Since: now}
}

func slice(number int32, turn int64, held ...seats.Seat) seats.Slice {
	return seats.Slice{Number: number, Turn: turn, Seats: held}
}

// crowd holds the seats from first to last, under names that nobody else has.
func crowd(first, last int32) []seats.Seat {
	var all []seats.Seat
	for n := first; n <= last; n++ {
		all = append(all, held(n, fmt.Sprintf("crowd-%03d", n)))
	}
	return all
}

func TestNext(t *testing.T) {
	t.Parallel()
	owner := claims("owner", 90)
	owner.Owner = true
	twin := claims("ann", 0)
	twin.UID = "another"
	for name, c := range map[string]struct {
		why  string
		s    seats.Situation
		want seats.Plan
	}{
		"nobody": {
			why: "a pool without people has nothing to write",
			s:   seats.Situation{Capacity: 3},
		},
		"first seats": {
			why: "the oldest are served first, whatever the order in which they are listed",
			s:   seats.Situation{Capacity: 2, People: []seats.Person{claims("cid", 3), claims("ann", 1), claims("bob", 2)}},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 0, given(0, "ann"), given(1, "bob"))},
				Granted: []seats.Seat{given(0, "ann"), given(1, "bob")}, Assigned: 2, Queue: []string{"cid"},
			},
		},
		"created together": {
			why: "users of one YAML are created in the same second: the name decides",
			s:   seats.Situation{Capacity: 1, People: []seats.Person{claims("cid", 1), claims("bob", 1), claims("ann", 1)}},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 0, given(0, "ann"))},
				Granted: []seats.Seat{given(0, "ann")}, Assigned: 1, Queue: []string{"bob", "cid"},
			},
		},
		"one name twice": {
			why: "the order is total, so that two managers plan the same",
			s:   seats.Situation{Capacity: 1, People: []seats.Person{claims("ann", 0), twin}},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 0, seats.Seat{User: "ann", UID: "another", Since: now})},
				Granted: []seats.Seat{{User: "ann", UID: "another", Since: now}}, Assigned: 1, Queue: []string{"ann"},
			},
		},
		"owner": {
			why: "the organization's owner goes before all, though the youngest",
			s:   seats.Situation{Capacity: 1, People: []seats.Person{claims("ann", 1), owner}},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 0, given(0, "owner"))},
				Granted: []seats.Seat{given(0, "owner")}, Assigned: 1, Queue: []string{"ann"},
			},
		},
		"owner after all": {
			why: "the queue is an order of those who wait: nobody is unseated for the owner",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"))},
				People: []seats.Person{claims("ann", 1), owner},
			},
			want: seats.Plan{Assigned: 1, Queue: []string{"owner"}},
		},
		"swap in a full pool": {
			why: "a seat is freed before it is given, in one write",
			s: seats.Situation{
				Capacity: 2, Ledger: []seats.Slice{slice(0, 4, held(0, "ann"), held(1, "bob"))},
				People: []seats.Person{frees("ann"), claims("bob", 1), claims("cid", 2), claims("dan", 3)},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(0, 4, given(0, "cid"), held(1, "bob"))},
				Released: []seats.Seat{held(0, "ann")}, Granted: []seats.Seat{given(0, "cid")},
				Assigned: 2, Queue: []string{"dan"},
			},
		},
		"keeps": {
			why: "who only keeps neither loses a seat nor gains one, and is in nobody's way",
			s: seats.Situation{
				Capacity: 3, Ledger: []seats.Slice{slice(0, 1, held(1, "ann"))},
				People: []seats.Person{keeps("ann"), keeps("bob"), claims("cid", 5)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 1, given(0, "cid"), held(1, "ann"))},
				Granted: []seats.Seat{given(0, "cid")}, Assigned: 2,
			},
		},
		"frees without a seat": {
			why: "who has no business in the pool is not in its queue either",
			s:   seats.Situation{Capacity: 1, People: []seats.Person{frees("ann")}},
		},
		"settled": {
			why: "everybody has what they claim: nothing is written",
			s: seats.Situation{
				Capacity: 2, Ledger: []seats.Slice{slice(0, 9, held(0, "ann"), held(1, "bob"))},
				People: []seats.Person{claims("bob", 2), claims("ann", 1)},
			},
			want: seats.Plan{Assigned: 2},
		},
		"full": {
			why: "who waits costs no write",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 9, held(0, "ann"))},
				People: []seats.Person{claims("ann", 1), claims("bob", 2)},
			},
			want: seats.Plan{Assigned: 1, Queue: []string{"bob"}},
		},
		"capacity below use": {
			why: "nobody loses a seat, not even one whose number is beyond the capacity, and nobody gains one",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "bob"), held(2, "cid"))},
				People: []seats.Person{claims("ann", 1), claims("bob", 2), claims("cid", 3), claims("dan", 4)},
			},
			want: seats.Plan{Assigned: 3, Queue: []string{"dan"}},
		},
		"capacity below use, one leaves": {
			why: "what is freed is not given while still more are held than there are",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "bob"), held(2, "cid"))},
				People: []seats.Person{frees("ann"), claims("bob", 2), claims("cid", 3), claims("dan", 4)},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(0, 1, held(1, "bob"), held(2, "cid"))},
				Released: []seats.Seat{held(0, "ann")}, Assigned: 2, Queue: []string{"dan"},
			},
		},
		"capacity zero": {
			why: "a pool without seats gives none, and takes none away",
			s: seats.Situation{
				Ledger: []seats.Slice{slice(0, 1, held(0, "ann"))},
				People: []seats.Person{claims("ann", 1), claims("bob", 2)},
			},
			want: seats.Plan{Assigned: 1, Queue: []string{"bob"}},
		},
		"a seat beyond, room below": {
			why: "a seat beyond the capacity counts like any other, and leaves the rest to be given",
			s: seats.Situation{
				Capacity: 64, Ledger: []seats.Slice{slice(0, 1, crowd(0, 60)...), slice(1, 1, held(64, "ann"))},
				People: []seats.Person{claims("ann", 1), claims("bob", 2), claims("cid", 3), claims("dan", 4)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 1, append(crowd(0, 60), given(61, "bob"), given(62, "cid"))...)},
				Granted: []seats.Seat{given(61, "bob"), given(62, "cid")}, Assigned: 64, Queue: []string{"dan"},
			},
		},
		"a seat beyond is freed": {
			why: "slices are written one by one: before the freed one is, the other must not give what it frees",
			s: seats.Situation{
				Capacity: 64, Ledger: []seats.Slice{slice(0, 1, crowd(0, 61)...), slice(1, 1, held(64, "ann"), held(65, "bob"))},
				People: []seats.Person{frees("ann"), claims("bob", 1), claims("cid", 2), claims("dan", 3)},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(1, 1, held(65, "bob"))},
				Released: []seats.Seat{held(64, "ann")}, Assigned: 63, Queue: []string{"cid", "dan"}, More: true,
			},
		},
		"a seat beyond stays, one below is freed": {
			why: "the count is full until the freed slice is written, whichever slice has the room",
			s: seats.Situation{
				Capacity: 128,
				Ledger:   []seats.Slice{slice(0, 1, crowd(0, 62)...), slice(1, 1, append(crowd(64, 126), held(127, "ann"))...), slice(2, 1, held(128, "bob"))},
				People:   []seats.Person{frees("ann"), claims("bob", 1), claims("cid", 2)},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(1, 1, crowd(64, 126)...)},
				Released: []seats.Seat{held(127, "ann")}, Assigned: 127, Queue: []string{"cid"}, More: true,
			},
		},
		"gone": {
			why: "the seat of somebody who no longer exists is free",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"))},
				People: []seats.Person{claims("bob", 2)}, Gone: map[types.UID]bool{uidOf("ann"): true},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(0, 1, given(0, "bob"))},
				Released: []seats.Seat{held(0, "ann")}, Granted: []seats.Seat{given(0, "bob")}, Assigned: 1,
			},
		},
		"namesake": {
			why: "who is created anew under the same name does not inherit the seat",
			s: seats.Situation{
				Capacity: 2, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "bob"))},
				People: []seats.Person{twin, claims("bob", 2)}, Gone: map[types.UID]bool{uidOf("ann"): true},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(0, 1, seats.Seat{User: "ann", UID: "another", Since: now}, held(1, "bob"))},
				Released: []seats.Seat{held(0, "ann")}, Granted: []seats.Seat{{User: "ann", UID: "another", Since: now}}, Assigned: 2,
			},
		},
		"stranger": {
			why: "a holder who is not among the people may be one whom a cache has not seen yet",
			s: seats.Situation{
				Capacity: 1, Ledger: []seats.Slice{slice(0, 1, held(0, "ann"))},
				People: []seats.Person{claims("bob", 2)},
			},
			want: seats.Plan{Assigned: 1, Queue: []string{"bob"}},
		},
		"two seats": {
			why: "one person has one seat: the first counts",
			s: seats.Situation{
				Capacity: 128, Ledger: []seats.Slice{slice(1, 1, held(64, "ann"), held(70, "bob")), slice(0, 1, held(3, "ann"))},
				People: []seats.Person{claims("ann", 1), keeps("bob")},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(1, 1, held(70, "bob"))},
				Released: []seats.Seat{held(64, "ann")}, Assigned: 2,
			},
		},
		"two seats of a stranger": {
			why: "the second seat is surplus whoever the person is",
			s: seats.Situation{
				Capacity: 64, Ledger: []seats.Slice{slice(0, 1, held(3, "ann"), held(5, "ann"))},
			},
			want: seats.Plan{
				Writes:   []seats.Slice{slice(0, 1, held(3, "ann"))},
				Released: []seats.Seat{held(5, "ann")}, Assigned: 1,
			},
		},
		"two seats of a leaver": {
			why: "both are free",
			s: seats.Situation{
				Capacity: 64, Ledger: []seats.Slice{slice(0, 1, held(3, "ann"), held(5, "ann"))},
				People: []seats.Person{frees("ann")},
			},
			want: seats.Plan{
				Writes: []seats.Slice{slice(0, 1)}, Released: []seats.Seat{held(3, "ann"), held(5, "ann")},
			},
		},
		"gaps": {
			why: "the lowest free seats are given, so that a pool that shrinks has few beyond its capacity",
			s: seats.Situation{
				Capacity: 9, Ledger: []seats.Slice{slice(0, 2, held(1, "ann"), held(4, "bob"))},
				People: []seats.Person{keeps("ann"), keeps("bob"), claims("cid", 1), claims("dan", 2), claims("eve", 3), claims("fay", 4)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 2, given(0, "cid"), held(1, "ann"), given(2, "dan"), given(3, "eve"), held(4, "bob"), given(5, "fay"))},
				Granted: []seats.Seat{given(0, "cid"), given(2, "dan"), given(3, "eve"), given(5, "fay")}, Assigned: 6,
			},
		},
		"next slice": {
			why: "seat 64 is the first of the second slice, and a slice that does not change is not written",
			s: seats.Situation{
				Capacity: 66, Ledger: []seats.Slice{slice(0, 7, crowd(0, 63)...)},
				People: []seats.Person{claims("ann", 1), claims("bob", 2), claims("cid", 3)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(1, 0, given(64, "ann"), given(65, "bob"))},
				Granted: []seats.Seat{given(64, "ann"), given(65, "bob")}, Assigned: 66, Queue: []string{"cid"},
			},
		},
		"two slices": {
			why: "the last seat of one slice and the first of the next",
			s: seats.Situation{
				Capacity: 100, Ledger: []seats.Slice{slice(0, 7, crowd(0, 62)...)},
				People: []seats.Person{claims("ann", 1), claims("bob", 2)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 7, append(crowd(0, 62), given(63, "ann"))...), slice(1, 0, given(64, "bob"))},
				Granted: []seats.Seat{given(63, "ann"), given(64, "bob")}, Assigned: 65,
			},
		},
		"a slice that is missing": {
			why: "slices are found by their number, not by their place",
			s: seats.Situation{
				Capacity: 130, Ledger: []seats.Slice{slice(2, 3, held(128, "ann")), slice(0, 7, crowd(0, 63)...)},
				People: []seats.Person{claims("ann", 1), claims("bob", 2)},
			},
			want: seats.Plan{
				Writes:  []seats.Slice{slice(1, 0, given(64, "bob"))},
				Granted: []seats.Seat{given(64, "bob")}, Assigned: 66,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s.Now = now.Add(123 * time.Millisecond) // the API keeps whole seconds
			c.want.Waiting = int32(len(c.want.Queue)) // all are named
			if diff := cmp.Diff(c.want, seats.Next(c.s), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

// waves makes n people who claim a seat.
func wave(n int) []seats.Person {
	people := make([]seats.Person, n)
	for i := range people {
		people[i] = claims(fmt.Sprintf("user-%06d", i), i)
	}
	return people
}

// after is the ledger when a plan is carried out in the given turn.
func after(ledger []seats.Slice, writes []seats.Slice, turn int64) []seats.Slice {
	next := map[int32]seats.Slice{}
	for _, s := range ledger {
		next[s.Number] = s
	}
	for _, s := range writes {
		s.Turn = turn
		next[s.Number] = s
	}
	var all []seats.Slice
	for _, s := range next {
		all = append(all, s)
	}
	return all
}

func TestNextTakesTurnsOf256Slices(t *testing.T) {
	t.Parallel()
	const people = (seats.SlicesPerTurn + 1) * seats.PerSlice
	s := seats.Situation{Now: now, Capacity: people, People: wave(people)}

	grants := seats.Next(s)
	if len(grants.Writes) != seats.SlicesPerTurn || len(grants.Queue) != seats.PerSlice || !grants.More {
		t.Fatalf("the first turn writes %d slices, leaves %d waiting, More %t", len(grants.Writes), len(grants.Queue), grants.More)
	}
	s.Ledger = after(nil, grants.Writes, 1)
	rest := seats.Next(s)
	if len(rest.Writes) != 1 || len(rest.Queue) != 0 || rest.More || rest.Assigned != people {
		t.Fatalf("the second turn writes %d slices, leaves %d waiting, %d seats held, More %t",
			len(rest.Writes), len(rest.Queue), rest.Assigned, rest.More)
	}
	s.Ledger = after(s.Ledger, rest.Writes, 2)
	if last := seats.Next(s); len(last.Writes) != 0 || last.More {
		t.Fatalf("a third turn writes %d slices, More %t", len(last.Writes), last.More)
	}

	// Releases are bounded alike, and what could not be released yet still counts.
	for i := range s.People {
		s.People[i].Standing = seats.Frees
	}
	releases := seats.Next(s)
	if len(releases.Writes) != seats.SlicesPerTurn || releases.Assigned != seats.PerSlice || !releases.More {
		t.Fatalf("the first release writes %d slices, %d seats held, More %t", len(releases.Writes), releases.Assigned, releases.More)
	}
	s.Ledger = after(s.Ledger, releases.Writes, 3)
	if last := seats.Next(s); len(last.Writes) != 1 || last.Assigned != 0 || last.More {
		t.Fatalf("the second release writes %d slices, %d seats held, More %t", len(last.Writes), last.Assigned, last.More)
	}
}

func TestUnfinished(t *testing.T) {
	t.Parallel()
	ledger := []seats.Slice{slice(3, 6, held(200, "cid")), slice(0, 7, held(0, "ann")), slice(1, 5, held(64, "bob"))}
	for name, c := range map[string]struct {
		why  string
		turn seats.Turn
		want []seats.Slice
	}{
		"no turn yet":  {why: "a pool that never gave a seat"},
		"over":         {why: "every slice that is named carries the number", turn: seats.Turn{Number: 7, Slices: []int32{0}}},
		"later slices": {why: "a cache of slices may be ahead of that of pools", turn: seats.Turn{Number: 6, Slices: []int32{0, 3}}},
		"open": {
			why: "only what carries an older number is open, as it is", turn: seats.Turn{Number: 7, Slices: []int32{0, 1}},
			want: []seats.Slice{slice(1, 5, held(64, "bob"))},
		},
		"open, in order": {
			why: "the turn that fences names its slices sorted", turn: seats.Turn{Number: 8, Slices: []int32{0, 1, 3}},
			want: []seats.Slice{slice(0, 7, held(0, "ann")), slice(1, 5, held(64, "bob")), slice(3, 6, held(200, "cid"))},
		},
		"missing": {
			why: "a slice that was never created is to be created empty, so that a late creation fails", turn: seats.Turn{Number: 7, Slices: []int32{0, 2}},
			want: []seats.Slice{slice(2, 0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, seats.Unfinished(c.turn, ledger)); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	twin := claims("ann", 0)
	twin.UID = "another"
	ledger := []seats.Slice{slice(0, 1, held(0, "ann"), held(1, "bob")), slice(1, 1, held(64, "cid"))}
	for name, c := range map[string]struct {
		why    string
		people []seats.Person
		want   []seats.Seat
	}{
		"none":     {why: "everybody is known", people: []seats.Person{claims("ann", 1), frees("bob"), keeps("cid")}},
		"all":      {why: "nobody is known", want: []seats.Seat{held(0, "ann"), held(1, "bob"), held(64, "cid")}},
		"namesake": {why: "it is the UID that counts", people: []seats.Person{twin, claims("bob", 1), claims("cid", 1)}, want: []seats.Seat{held(0, "ann")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, seats.Strangers(ledger, c.people)); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	const people = 100_000
	s := seats.Situation{Now: now, Capacity: people, People: wave(people)}
	var rounds int64
	for plan := seats.Next(s); len(plan.Writes) > 0; plan = seats.Next(s) {
		rounds++
		s.Ledger = after(s.Ledger, plan.Writes, rounds)
	}
	one := s
	one.People = append(append([]seats.Person{}, s.People...), claims("late", people))
	one.People[people/2].Standing = seats.Frees
	for name, s := range map[string]seats.Situation{
		"100000 people/first turn": {Now: now, Capacity: people, People: s.People},
		"100000 people/all wait":   {Now: now, People: s.People},
		"100000 people/settled":    s,
		"100000 people/one change": one,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				seats.Next(s)
			}
		})
	}
}
