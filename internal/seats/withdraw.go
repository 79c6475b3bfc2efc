// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// withdraw takes seats back while more are held than there are. It takes two turns: in the first a seat is marked, which
// tells its holder's controller to revoke what came with it; in a later one, when that has happened, it becomes free.
// When there are enough seats again in between, the mark goes. Since the holders who lose are the newest, and nobody
// becomes a holder meanwhile, each turn chooses the same ones.
func (d *draft) withdraw(t Terms) {
	short := t.Suspend && d.plan.Assigned > t.Capacity
	if !short && d.withdrawn == 0 {
		return
	}
	var losers map[types.UID]*Person
	if short {
		losers = d.losers(t)
	}
	for _, number := range d.numbers {
		if slices.ContainsFunc(d.slice(number).Seats, func(seat Seat) bool {
			_, loses := losers[seat.UID]
			return loses || seat.Withdrawn != 0
		}) {
			d.mark(number, losers, t.Turn)
		}
	}
	slices.SortFunc(d.plan.Withdrawn, newer)
	slices.SortFunc(d.plan.Withdrawing, newer)
}

// newer is the order in which seats are withdrawn, as far as the seats say.
func newer(a, b Seat) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.Number, a.Number)) }

// mark brings the marks of a slice to what they are to be, and frees the seats of those who have lost what came with
// them, who are in the queue from then on.
func (d *draft) mark(number int32, losers map[types.UID]*Person, turn int64) {
	kept := make([]Seat, 0, PerSlice)
	for _, seat := range d.slice(number).Seats {
		loser, loses := losers[seat.UID]
		marked := seat.Withdrawn != 0
		if changes := loses != marked || loses && seat.Withdrawn == loser.Revoked; changes && d.touch(number) != nil {
			switch {
			case !loses:
				seat.Withdrawn = 0
			case !marked:
				seat.Withdrawn = turn
				d.plan.Withdrawn = append(d.plan.Withdrawn, seat)
			default:
				d.plan.Released = append(d.plan.Released, seat)
				d.plan.Assigned--
				d.back = append(d.back, loser)
				continue
			}
		}
		if seat.Withdrawn != 0 {
			d.plan.Withdrawing = append(d.plan.Withdrawing, seat)
		}
		kept = append(kept, seat)
	}
	if slice, ok := d.changed[number]; ok {
		slice.Seats = kept
	}
}

// losers are those who lose a seat. The newest holders do; the owner is spared, and so is who a role needs. Whoever
// leaves anyway makes room.
func (d *draft) losers(t Terms) map[types.UID]*Person {
	candidates, leaving := d.claimants()
	excess := int(d.plan.Assigned-t.Capacity) - leaving
	left := holders{all: map[string]int32{}, active: map[string]int32{}}
	for _, p := range candidates {
		left.count(p, 1)
	}
	losers := map[types.UID]*Person{}
	for _, p := range candidates {
		if len(losers) >= excess {
			break
		}
		if p.Owner || slices.ContainsFunc(p.Roles, func(role string) bool { return left.needs(p, role, t.Minimums[role]) }) {
			continue
		}
		left.count(p, -1)
		losers[p.UID] = p
	}
	return losers
}

// holders are how many hold each role, and how many of them can act.
type holders struct{ all, active map[string]int32 }

func (h holders) count(p *Person, n int32) {
	for _, role := range p.Roles {
		h.all[role] += n
		if p.Active {
			h.active[role] += n
		}
	}
}

// needs says that a role would have too few holders without a person: one who can act does not go before another who can stays.
func (h holders) needs(p *Person, role string, least int32) bool {
	return h.all[role] <= least || least > 0 && p.Active && h.active[role] <= 1
}

// claimants are the holders who claim the seat that they hold, newest first, and how many others are about to leave.
func (d *draft) claimants() (newest []*Person, leaving int) {
	since := make(map[types.UID]time.Time, d.plan.Assigned)
	for _, number := range d.numbers {
		for _, seat := range d.slice(number).Seats {
			since[seat.UID] = seat.Since
		}
	}
	for uid, p := range d.people {
		if _, holds := since[uid]; !holds {
			continue
		}
		switch p.Standing {
		case Leaves:
			leaving++
		case Claims:
			newest = append(newest, &p.Person)
		default:
		}
	}
	slices.SortFunc(newest, func(p, q *Person) int {
		return cmp.Or(since[q.UID].Compare(since[p.UID]), q.before(p))
	})
	return newest, leaving
}
