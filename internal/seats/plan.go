// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Terms are what a decision rests on beside the book.
type Terms struct {
	Now time.Time
	// Turn is the number of the turn that is taken for what is decided.
	Turn     int64
	Capacity int32
	// Suspend says that seats are withdrawn while more are held than there are. Minimums are the numbers of holders
	// that this leaves to the roles that need a seat of the pool.
	Suspend  bool
	Minimums map[string]int32
	// Listed is how many of those who wait are named in the plan.
	Listed int
}

// Plan is what is to be written, and how things are then.
type Plan struct {
	// Writes are the slices that change, by number, as they are to be.
	Writes []Slice
	// Assigned is the number of seats that are held then.
	Assigned int32
	// Waiting is the number of those who claim a seat and have none then, and Queue are the names of the first of
	// them, next one first.
	Waiting int32
	Queue   []string
	// Granted and Released are the seats that change hands, by seat number.
	Granted, Released []Seat
	// Inherited are the seats that are taken over in place, as they are then.
	Inherited []Seat
	// Withdrawn are the seats that the turn withdraws, and Withdrawing all that are withdrawn then and not free yet,
	// both newest first.
	Withdrawn, Withdrawing []Seat
	// More says that one turn was not enough: a next one can follow at once.
	More bool
}

// Next decides who holds which seat. Seats are freed before any is given, so that a swap works in a pool that
// is full; they are given in the order of the queue, the lowest number first, and never beyond the capacity.
// The book is not changed: it is to be told of what was written.
func (b *Book) Next(t Terms) Plan {
	d := &draft{Book: b, plan: Plan{Assigned: b.held}, changed: map[int32]*Slice{}}
	if d.inherit(); len(d.plan.Inherited) > 0 {
		d.plan.Waiting, d.plan.Queue, d.plan.More = d.standstill(t)
	} else {
		d.release()
		d.withdraw(t)
		d.grant(t)
	}
	for _, number := range slices.Sorted(maps.Keys(d.changed)) {
		d.plan.Writes = append(d.plan.Writes, *d.changed[number])
	}
	return d.plan
}

// draft is a plan in the making.
type draft struct {
	*Book

	plan Plan
	// changed are the slices that the turn writes.
	changed map[int32]*Slice
	// back are those who lost their seats in this turn, and wait for one again. There is none to give then.
	back []*Person
}

// slice is a slice as the draft has it, to be read.
func (d *draft) slice(number int32) Slice {
	if changed, ok := d.changed[number]; ok {
		return *changed
	}
	return d.slices[number]
}

// touch makes a slice one that the turn writes; nil when the turn can take no more.
func (d *draft) touch(number int32) *Slice {
	if slice, ok := d.changed[number]; ok {
		return slice
	}
	if len(d.changed) == SlicesPerTurn {
		d.plan.More = true
		return nil
	}
	slice := d.slices[number] // what was read stays as it is: the seats are never changed in place
	slice.Number = number
	d.changed[number] = &slice
	return &slice
}

// release frees the seats of those who have no business in the pool, and the second seat of anybody. Only the
// slices of those who go are looked at: most slices of a large pool never change in a pass.
func (d *draft) release() {
	numbers := d.numbers
	if len(d.more) == 0 {
		left := make(map[int32]struct{}, len(d.leavers))
		for uid := range d.leavers {
			left[d.seated[uid]] = struct{}{}
		}
		numbers = slices.Sorted(maps.Keys(left))
	}
	seen := map[types.UID]bool{}
	for _, number := range numbers {
		d.free(number, func(seat Seat) bool {
			second := seen[seat.UID]
			if len(d.more) > 0 {
				seen[seat.UID] = true
			}
			_, leaves := d.leavers[seat.UID]
			return second || leaves
		})
	}
}

// free frees the seats of a slice that go.
func (d *draft) free(number int32, goes func(Seat) bool) {
	kept := make([]Seat, 0, PerSlice)
	for _, seat := range d.slice(number).Seats {
		if goes(seat) && d.touch(number) != nil {
			d.plan.Released = append(d.plan.Released, seat)
			d.plan.Assigned--
			continue
		}
		kept = append(kept, seat)
	}
	if slice, ok := d.changed[number]; ok {
		slice.Seats = kept
	}
}

// grant gives free seats to the queue, and notes who is left waiting.
func (d *draft) grant(t Terms) {
	waiting := int32(d.queue.len())
	free := d.freeSeats(t.Capacity, min(waiting, d.room(t.Capacity)))
	next := d.queue.first(len(free) + t.Listed)
	d.plan.Granted = slices.Grow(d.plan.Granted, len(free))
	for i, number := range free {
		seat := Seat{Number: number, User: next[i].Name, UID: next[i].UID, Since: t.Now.Truncate(time.Second)}
		slice := d.changed[number/PerSlice]
		slice.Seats = slices.Insert(slice.Seats, below(slice.Seats, number), seat)
		d.plan.Granted = append(d.plan.Granted, seat)
		d.plan.Assigned++
	}
	next = next[len(free):]
	if len(d.back) > 0 {
		next = append(next, d.back...)
		slices.SortFunc(next, (*Person).before)
	}
	for _, p := range next[:min(len(next), t.Listed)] {
		d.plan.Queue = append(d.plan.Queue, p.Name)
	}
	d.plan.Waiting = waiting - int32(len(free)) + int32(len(d.back))
	d.plan.More = d.plan.More || d.plan.Waiting > 0 && d.plan.Assigned < t.Capacity
}

// room is the number of seats that the turn may give. The slices of a turn are written in any order, and some
// perhaps never, so there must not be too many seats held even if none is freed. There are not while all that are
// held lie below the capacity, since each has a number of its own; when one lies beyond, as it may after the capacity
// was lowered, what a turn frees is left for the next one to give.
func (d *draft) room(capacity int32) int32 {
	room := capacity - d.plan.Assigned
	if d.highest() >= capacity {
		room -= int32(len(d.plan.Released))
	}
	return room
}

// freeSeats returns the numbers of the lowest free seats below the capacity, up to want of them, in slices
// that the turn can take.
func (d *draft) freeSeats(capacity, want int32) []int32 {
	if want <= 0 {
		return nil
	}
	from := d.firstFree()
	for number := range d.changed {
		from = min(from, number)
	}
	free := make([]int32, 0, want)
	for number := from; number*PerSlice < capacity && int32(len(free)) < want; number++ {
		first, last := number*PerSlice, min(capacity, (number+1)*PerSlice)
		if below(d.slice(number).Seats, last) == int(last-first) {
			continue
		}
		slice := d.touch(number)
		if slice == nil {
			break
		}
		taken := slice.Seats
		slice.Seats = append(make([]Seat, 0, PerSlice), taken...)
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
