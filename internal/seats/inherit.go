// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"maps"
	"slices"
)

// A User that was let go by mistake, and is applied again, is another User and the same person: the seat passes to it in place.
// One write of one slice says so, so that it is free at no moment, and nobody holds two.

// inherit has those take over seats who are to: whoever claims one, and whoever would keep one, since it is the same person's. A turn does this and nothing else: whoever has come into a seat is known to the
// book when it was written.
func (d *draft) inherit() {
	if d.withdrawn > 0 {
		return // in a moment, when those who lose their seats have gone
	}
	for _, uid := range slices.Sorted(maps.Keys(d.heirs)) {
		heir := d.people[uid]
		number, held := d.seated[heir.From]
		if from := d.people[heir.From]; !held || from == nil || from.Standing != Keeps || from.From != "" {
			continue // a seat comes from whoever keeps it for the heir, and from nobody who has a use for it
		}
		at := slices.IndexFunc(d.slice(number).Seats, func(s Seat) bool { return s.UID == heir.From && s.Withdrawn == 0 })
		if at < 0 || d.touch(number) == nil {
			continue
		}
		slice := d.changed[number]
		slice.Seats = slices.Clone(slice.Seats)
		slice.Seats[at].User, slice.Seats[at].UID = heir.Name, heir.UID
		d.plan.Inherited = append(d.plan.Inherited, slice.Seats[at])
	}
}

// standstill is who waits while nothing is given, and that there is more to do.
func (d *draft) standstill(t Terms) (waiting int32, names []string, more bool) {
	waiting = int32(d.queue.len())
	for _, seat := range d.plan.Inherited {
		if d.people[seat.UID].Standing == Claims {
			waiting--
		}
	}
	for _, p := range d.queue.first(t.Listed + len(d.plan.Inherited)) {
		if !slices.ContainsFunc(d.plan.Inherited, func(s Seat) bool { return s.UID == p.UID }) && len(names) < t.Listed {
			names = append(names, p.Name)
		}
	}
	return waiting, names, true
}
