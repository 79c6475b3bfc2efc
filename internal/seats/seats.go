// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seats decides who holds which seat of a pool, and who is next. It is pure.
//
// # The ledger
//
// The seats of a pool are recorded in slices of 64, and the slices are the only truth about them. A pool of
// 100 000 seats is 1 563 objects, and nothing can change two of them at once; so that a grant in one slice
// never rests on an outdated view of another, all writing is done in turns:
//
//   - A turn is taken by a compare-and-swap on the SeatPool, which records its number and the slices that it
//     is going to write. Because the SeatPool carries the number of seats too, the capacity that a writer saw
//     is the one in force at the moment of its grants.
//   - Within a turn every slice named is written once, by compare-and-swap, and then carries the turn's number.
//   - A turn is over when every slice that it names carries its number. Nobody takes a turn to change seats
//     before the last one is over.
//   - A turn that stays unfinished, because its writer died or was cut off, is fenced: the next writer takes a
//     turn that names the unfinished slices and writes them as they are. What the former writer still sends
//     then fails, since each of its writes rests on a version that is gone.
//
// So whatever two managers, stale caches and crashes do: never more seats than the capacity, and never two
// seats of a pool for one user.
package seats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// PerSlice is the number of seats that one slice records.
	PerSlice = 64
	// SlicesPerTurn bounds the slices that one turn may write, and with them the size of its record.
	SlicesPerTurn = 256
)

// Standing is what a person is to the pool.
type Standing int

const (
	// Frees is who has no business in the pool: a seat that is held becomes free.
	Frees Standing = iota
	// Keeps is who keeps a seat that is held, and is given none: a leaver whose access is not revoked yet,
	// or somebody whose declaration makes no sense at the moment. Bad input never loses anything.
	Keeps
	// Claims is who is to have a seat.
	Claims
)

// Person is a user as the pool sees one.
type Person struct {
	Name     string
	UID      types.UID
	Created  time.Time
	Owner    bool
	Standing Standing
}

// before is the order of the queue: the organization's owner, then the oldest, then by name.
func (p *Person) before(q *Person) int {
	switch {
	case p.Owner != q.Owner && p.Owner:
		return -1
	case p.Owner != q.Owner:
		return 1
	}
	return cmp.Or(p.Created.Compare(q.Created), strings.Compare(p.Name, q.Name), strings.Compare(string(p.UID), string(q.UID)))
}

// Seat is one seat and who holds it.
type Seat struct {
	Number int32
	User   string
	UID    types.UID
	Since  time.Time
}

// Slice is a part of the ledger: the seats Number*64 to Number*64+63.
type Slice struct {
	Number int32
	Turn   int64
	Seats  []Seat
}

// Turn is the right to write certain slices.
type Turn struct {
	Number int64
	Slices []int32
}

// Unfinished returns the slices that the turn names and that do not carry its number, as they are to be
// written again to fence it; nil when the turn is over.
func Unfinished(turn Turn, ledger []Slice) []Slice {
	var open []Slice
	for _, n := range turn.Slices {
		at := slices.IndexFunc(ledger, func(s Slice) bool { return s.Number == n })
		switch {
		case at < 0:
			open = append(open, Slice{Number: n})
		case ledger[at].Turn < turn.Number:
			open = append(open, ledger[at])
		}
	}
	return open
}

// Situation is what a decision rests on.
type Situation struct {
	Now      time.Time
	Capacity int32
	Ledger   []Slice
	People   []Person
	// Gone are holders who are not among the people because they no longer exist. A holder who is neither
	// here nor among the people keeps the seat.
	Gone map[types.UID]bool
}

// Strangers returns the holders who are not among the people: gone, or not known yet to whoever gathered.
func Strangers(ledger []Slice, people []Person) []Seat {
	held := 0
	for _, slice := range ledger {
		held += len(slice.Seats)
	}
	unknown := make(map[types.UID]struct{}, held)
	for _, slice := range ledger {
		for _, seat := range slice.Seats {
			unknown[seat.UID] = struct{}{}
		}
	}
	for _, p := range people {
		delete(unknown, p.UID)
	}
	if len(unknown) == 0 {
		return nil
	}
	strangers := make([]Seat, 0, len(unknown))
	for _, slice := range ledger {
		for _, seat := range slice.Seats {
			if _, ok := unknown[seat.UID]; ok {
				strangers = append(strangers, seat)
			}
		}
	}
	return strangers
}

// Plan is what is to be written, and how things are then.
type Plan struct {
	// Writes are the slices that change, by number, as they are to be.
	Writes []Slice
	// Assigned is the number of seats that are held then.
	Assigned int32
	// Queue are the names of those who claim a seat and have none then, next one first.
	Queue []string
	// Granted and Released are the seats that change hands, by seat number.
	Granted, Released []Seat
	// More says that one turn was not enough: a next one can follow at once.
	More bool
}

// Next decides who holds which seat. Seats are freed before any is given, so that a swap works in a pool that
// is full; they are given in the order of the queue, the lowest number first, and never beyond the capacity.
func Next(s Situation) Plan {
	l := newLedger(s.Ledger)
	l.release(s)
	l.grant(s)
	return l.plan
}

// ledger is the plan in the making.
type ledger struct {
	plan    Plan
	slices  map[int32]*Slice
	numbers []int32
	changed map[int32]struct{}
	// holders are those who hold a seat, and the slice it is in; twice says that somebody holds two.
	holders map[types.UID]int32
	twice   bool
	queue   []*Person
}

func newLedger(from []Slice) *ledger {
	l := &ledger{slices: make(map[int32]*Slice, len(from)), changed: map[int32]struct{}{}}
	for _, slice := range from {
		l.slices[slice.Number] = &slice
		l.numbers = append(l.numbers, slice.Number)
		l.plan.Assigned += int32(len(slice.Seats))
	}
	slices.Sort(l.numbers)
	l.holders = make(map[types.UID]int32, l.plan.Assigned)
	for _, slice := range from {
		for _, seat := range slice.Seats {
			l.holders[seat.UID] = slice.Number
		}
	}
	l.twice = len(l.holders) < int(l.plan.Assigned)
	return l
}

// touch makes a slice one that the turn writes; false when the turn can take no more.
func (l *ledger) touch(number int32) bool {
	if _, ok := l.changed[number]; ok {
		return true
	}
	if len(l.changed) == SlicesPerTurn {
		l.plan.More = true
		return false
	}
	l.changed[number] = struct{}{}
	return true
}

// release frees the seats of those who have no business in the pool, and the second seat of anybody. Only the
// slices of those who go are looked at: most slices of a large pool never change in a pass.
func (l *ledger) release(s Situation) {
	leavers, left := l.sort(s)
	seen := map[types.UID]bool{}
	goes := func(seat Seat) bool {
		second := l.twice && seen[seat.UID]
		if l.twice {
			seen[seat.UID] = true
		}
		return second || leavers[seat.UID]
	}
	for _, number := range l.numbers {
		if l.twice || left[number] {
			l.without(l.slices[number], goes)
		}
	}
}

// sort puts those who claim a seat and hold none into the queue, and returns the holders who go and the slices that
// they are in.
func (l *ledger) sort(s Situation) (leavers map[types.UID]bool, left map[int32]bool) {
	leavers, left = map[types.UID]bool{}, map[int32]bool{}
	leave := func(uid types.UID) {
		if number, holds := l.holders[uid]; holds {
			leavers[uid], left[number] = true, true
		}
	}
	for i := range s.People {
		p := &s.People[i]
		switch _, holds := l.holders[p.UID]; {
		case holds && p.Standing == Frees:
			leave(p.UID)
		case !holds && p.Standing == Claims:
			l.queue = append(l.queue, p)
		}
	}
	for uid, gone := range s.Gone {
		if gone {
			leave(uid)
		}
	}
	return leavers, left
}

// without frees the seats of a slice that go.
func (l *ledger) without(slice *Slice, goes func(Seat) bool) {
	kept := make([]Seat, 0, PerSlice)
	for _, seat := range slice.Seats {
		if goes(seat) && l.touch(slice.Number) {
			l.plan.Released = append(l.plan.Released, seat)
			l.plan.Assigned--
			continue
		}
		kept = append(kept, seat)
	}
	slice.Seats = kept
}

// grant gives free seats to the queue, and notes who is left waiting.
func (l *ledger) grant(s Situation) {
	slices.SortFunc(l.queue, (*Person).before)
	free := l.freeSeats(s.Capacity, min(int32(len(l.queue)), l.room(s)))
	for i, number := range free {
		p := l.queue[i]
		seat := Seat{Number: number, User: p.Name, UID: p.UID, Since: s.Now.Truncate(time.Second)}
		slice := l.slices[number/PerSlice]
		slice.Seats = slices.Insert(slice.Seats, below(slice.Seats, number), seat)
		l.plan.Granted = append(l.plan.Granted, seat)
		l.plan.Assigned++
	}
	for _, p := range l.queue[len(free):] {
		l.plan.Queue = append(l.plan.Queue, p.Name)
	}
	l.plan.More = l.plan.More || len(l.plan.Queue) > 0 && l.plan.Assigned < s.Capacity
	for number := range l.changed {
		l.plan.Writes = append(l.plan.Writes, *l.slices[number])
	}
	slices.SortFunc(l.plan.Writes, func(a, b Slice) int { return cmp.Compare(a.Number, b.Number) })
}

// room is the number of seats that the turn may give. The slices of a turn are written in any order, and some
// perhaps never, so there must not be too many seats held even if none is freed. There are not while all that are
// held lie below the capacity, since each has a number of its own; when one lies beyond, as it may after the capacity
// was lowered, what a turn frees is left for the next one to give.
func (l *ledger) room(s Situation) int32 {
	room := s.Capacity - l.plan.Assigned
	for _, slice := range s.Ledger {
		if below(slice.Seats, s.Capacity) < len(slice.Seats) {
			return room - int32(len(l.plan.Released))
		}
	}
	return room
}

// freeSeats returns the numbers of the lowest free seats below the capacity, up to want of them, in slices
// that the turn can take.
func (l *ledger) freeSeats(capacity, want int32) []int32 {
	var free []int32
	for number := int32(0); number*PerSlice < capacity && int32(len(free)) < want; number++ {
		slice, ok := l.slices[number]
		if !ok {
			slice = &Slice{Number: number}
		}
		first, last := number*PerSlice, min(capacity, (number+1)*PerSlice)
		if below(slice.Seats, last) == int(last-first) {
			continue
		}
		if !l.touch(number) {
			break
		}
		slice.Seats = slices.Clip(slice.Seats) // what was read is not ours to insert into
		l.slices[number] = slice
		taken := slice.Seats
		for seat := first; seat < last && int32(len(free)) < want; seat++ {
			if len(taken) > 0 && taken[0].Number == seat {
				taken = taken[1:]
				continue
			}
			free = append(free, seat)
		}
	}
	return free
}

// below counts the seats with a number under limit. The seats are sorted by number.
func below(held []Seat, limit int32) int {
	at, _ := slices.BinarySearchFunc(held, limit, func(s Seat, n int32) int { return cmp.Compare(s.Number, n) })
	return at
}
