// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// Book is what is known of a pool: who holds which seat, and what each person is to the pool. It is told of single
// changes, so that deciding what follows from one costs as much in a pool of 100 000 as in one of 100.
type Book struct {
	slices  map[int32]Slice
	numbers []int32 // of the slices, sorted
	held    int32
	// full is a number below which every slice is there and full.
	full int32

	people map[types.UID]*member
	// seated is the slice in which a holder has a seat, and more those of any further seats.
	seated map[types.UID]int32
	more   map[types.UID][]int32
	// strangers are the holders who are not among the people, and leavers those whose seats become free.
	strangers, leavers map[types.UID]struct{}
	// heirs are those who take over the seat of another.
	heirs map[types.UID]struct{}
	// withdrawn is the number of seats that were withdrawn.
	withdrawn int
	// revoked is the latest turn of a withdrawal that anybody was seen to have carried out.
	revoked int64
	queue   queue
}

// member is one of the people, with a place in the queue where there is one.
type member struct {
	Person

	place *place
}

// NewBook makes a book of what there is.
func NewBook(people []Person, ledger []Slice) *Book {
	held := 0
	for _, slice := range ledger {
		held += len(slice.Seats)
	}
	b := &Book{
		slices: make(map[int32]Slice, len(ledger)), seated: make(map[types.UID]int32, held), more: map[types.UID][]int32{},
		strangers: map[types.UID]struct{}{}, leavers: map[types.UID]struct{}{}, heirs: map[types.UID]struct{}{},
	}
	b.keep(people)
	for _, slice := range ledger {
		b.SetSlice(slice)
	}
	// Few of those whose seats become free hold one, so that only they are looked for, among all.
	for i := 0; i < len(people) && len(b.strangers) > 0; i++ {
		if _, holds := b.strangers[people[i].UID]; holds {
			b.SetPerson(people[i])
		}
	}
	return b
}

// keep takes up those who may have a seat, all at once, which is quicker than one by one.
func (b *Book) keep(people []Person) {
	matters := make([]*Person, 0, len(people))
	for i := range people {
		p := &people[i]
		b.revoked = max(b.revoked, p.Revoked)
		if p.Standing != Frees {
			matters = append(matters, p)
		}
	}
	// In the order of the queue each comes last; in any other, each insertion would move all behind it.
	slices.SortFunc(matters, (*Person).before)
	members := make([]member, len(matters))
	b.people = make(map[types.UID]*member, len(matters))
	b.queue = queue{places: make([]*place, 0, len(matters)), spare: make([]place, len(matters))}
	for i, p := range matters {
		members[i].Person = *p
		b.set(b.people[p.UID], &members[i])
	}
}

// SetSlice tells of a slice as it is now.
func (b *Book) SetSlice(slice Slice) {
	was, known := b.slices[slice.Number]
	if !known {
		at, _ := slices.BinarySearch(b.numbers, slice.Number)
		b.numbers = slices.Insert(b.numbers, at, slice.Number)
	}
	b.slices[slice.Number] = slice
	b.moved(was, slice)
}

// RemoveSlice tells that a slice is no more.
func (b *Book) RemoveSlice(number int32) {
	was, known := b.slices[number]
	if !known {
		return
	}
	delete(b.slices, number)
	at, _ := slices.BinarySearch(b.numbers, number)
	b.numbers = slices.Delete(b.numbers, at, at+1)
	b.moved(was, Slice{Number: number})
}

// moved brings the book to what the change of a slice makes it.
func (b *Book) moved(was, is Slice) {
	b.full = min(b.full, is.Number)
	b.held += int32(len(is.Seats) - len(was.Seats))
	for _, seat := range was.Seats {
		if seat.Withdrawn != 0 {
			b.withdrawn--
		}
		if !has(is.Seats, seat) {
			b.rise(seat.UID, is.Number)
		}
	}
	for _, seat := range is.Seats {
		if seat.Withdrawn != 0 {
			b.withdrawn++
		}
		if !has(was.Seats, seat) {
			b.sit(seat.UID, is.Number)
		}
	}
}

// has says that somebody has the same seat there.
func has(held []Seat, seat Seat) bool {
	at := below(held, seat.Number)
	return at < len(held) && held[at].Number == seat.Number && held[at].UID == seat.UID
}

func (b *Book) sit(uid types.UID, number int32) {
	if _, holds := b.seated[uid]; holds {
		b.more[uid] = append(b.more[uid], number)
		return
	}
	b.seated[uid] = number
	b.sort(uid)
}

func (b *Book) rise(uid types.UID, number int32) {
	further := b.more[uid]
	if len(further) == 0 {
		delete(b.seated, uid)
		b.sort(uid)
		return
	}
	if b.seated[uid] == number {
		b.seated[uid], further = further[0], further[1:]
	} else if at := slices.Index(further, number); at >= 0 {
		further = slices.Delete(further, at, at+1)
	}
	if b.more[uid] = further; len(further) == 0 {
		delete(b.more, uid)
	}
}

// SetPerson tells of a person as they are now.
func (b *Book) SetPerson(p Person) {
	b.revoked = max(b.revoked, p.Revoked)
	was := b.people[p.UID]
	if _, holds := b.seated[p.UID]; was == nil && !holds && p.Standing == Frees || was != nil && was.same(&p) {
		return
	}
	b.set(was, &member{Person: p})
}

// set puts a member in the place of the one before.
func (b *Book) set(was, is *member) {
	b.people[is.UID] = is
	if was != nil && was.place != nil {
		if was.before(&is.Person) == 0 {
			is.place, was.place.person = was.place, &is.Person
		} else {
			b.queue.remove(was.place)
		}
	}
	b.sort(is.UID)
}

// RemovePerson tells that a person is not known any more.
func (b *Book) RemovePerson(uid types.UID) {
	if was := b.people[uid]; was != nil {
		if was.place != nil {
			b.queue.remove(was.place)
		}
		delete(b.people, uid)
		b.sort(uid)
	}
}

// sort puts a person where they belong. Who is nothing to the pool is not kept.
func (b *Book) sort(uid types.UID) {
	p, known := b.people[uid]
	_, holds := b.seated[uid]
	frees := known && p.Standing == Frees
	put(b.strangers, uid, holds && !known)
	put(b.leavers, uid, holds && frees)
	put(b.heirs, uid, known && !holds && (p.Standing == Claims || p.Standing == Keeps) && p.From != "")
	if known {
		b.line(p, !holds && p.Standing == Claims)
	}
	if frees && !holds {
		delete(b.people, uid)
	}
}

// line gives a member a place in the queue, or takes it.
func (b *Book) line(p *member, waits bool) {
	switch {
	case waits && p.place == nil:
		p.place = b.queue.insert(&p.Person)
	case !waits && p.place != nil:
		b.queue.remove(p.place)
		p.place = nil
	}
}

func put(set map[types.UID]struct{}, uid types.UID, in bool) {
	if in {
		set[uid] = struct{}{}
	} else {
		delete(set, uid)
	}
}

// Slices are the slices of the ledger, by number.
func (b *Book) Slices() []Slice {
	all := make([]Slice, 0, len(b.numbers))
	for _, number := range b.numbers {
		all = append(all, b.slices[number])
	}
	return all
}

// Unfinished returns the slices that the turn names and that do not carry its number, as they are to be
// written again to fence it; nil when the turn is over.
func (b *Book) Unfinished(turn Turn) []Slice {
	var open []Slice
	for _, number := range turn.Slices {
		switch slice, ok := b.slices[number]; {
		case !ok:
			open = append(open, Slice{Number: number})
		case slice.Turn < turn.Number:
			open = append(open, slice)
		}
	}
	return open
}

// NextTurn is the number of the turn after all that the book knows of. A pool that is declared again under its name may
// begin with the slices of the one before, and with people who lost a seat of it.
func (b *Book) NextTurn(last Turn) int64 {
	number := max(last.Number, b.revoked)
	for _, slice := range b.slices {
		number = max(number, slice.Turn)
	}
	return number + 1
}

// Held is the number of seats that are held.
func (b *Book) Held() int32 { return b.held }

// Strangers are the seats of holders who are not among the people: gone, or not known yet to whoever keeps the book.
func (b *Book) Strangers() []Seat {
	numbers := map[int32]struct{}{}
	for uid := range b.strangers {
		numbers[b.seated[uid]] = struct{}{}
		for _, number := range b.more[uid] {
			numbers[number] = struct{}{}
		}
	}
	var seats []Seat
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		for _, seat := range b.slices[number].Seats {
			if _, strange := b.strangers[seat.UID]; strange {
				seats = append(seats, seat)
			}
		}
	}
	return seats
}

// firstFree is the number of the first slice that may have a free seat.
func (b *Book) firstFree() int32 {
	for len(b.slices[b.full].Seats) == PerSlice {
		b.full++
	}
	return b.full
}

// highest is the highest seat that is held; -1 when none is.
func (b *Book) highest() int32 {
	for _, number := range slices.Backward(b.numbers) {
		if held := b.slices[number].Seats; len(held) > 0 {
			return held[len(held)-1].Number
		}
	}
	return -1
}

// queue are those who wait for a seat, next one first.
type queue struct {
	places []*place
	left   int     // how many of the places are left
	spare  []place // for those who come, made all at once
}

// place is a place in the queue. One that is left stays until there are many.
type place struct {
	person *Person
	left   bool
}

func (q *queue) len() int { return len(q.places) - q.left }

func (q *queue) insert(p *Person) *place {
	if len(q.spare) == 0 {
		q.spare = make([]place, 1)
	}
	is := &q.spare[0]
	is.person, q.spare = p, q.spare[1:]
	if last := len(q.places); last == 0 || q.places[last-1].person.before(p) < 0 {
		q.places = append(q.places, is)
		return is
	}
	at, _ := slices.BinarySearchFunc(q.places, p, func(other *place, p *Person) int { return other.person.before(p) })
	q.places = slices.Insert(q.places, at, is)
	return is
}

func (q *queue) remove(p *place) {
	const few = 64
	p.left = true
	q.left++
	for len(q.places) > 0 && q.places[0].left {
		q.places = q.places[1:]
		q.left--
	}
	if q.left > len(q.places)/2+few {
		q.places = slices.DeleteFunc(q.places, func(p *place) bool { return p.left })
		q.left = 0
	}
}

// first are the first n of those who wait; all when there are fewer.
func (q *queue) first(n int) []*Person {
	first := make([]*Person, 0, min(n, q.len()))
	for _, p := range q.places {
		if len(first) == cap(first) {
			break
		}
		if !p.left {
			first = append(first, p.person)
		}
	}
	return first
}

func (p *Person) same(q *Person) bool {
	return p.Name == q.Name && p.Created.Equal(q.Created) && p.Owner == q.Owner && p.Standing == q.Standing &&
		p.From == q.From && p.Revoked == q.Revoked && slices.Equal(p.Roles, q.Roles)
}
