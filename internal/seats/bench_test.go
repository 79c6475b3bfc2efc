// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// BenchmarkPlan measures how long it takes to decide on the seats of an organization with 10 pools, each needed by a
// tenth of its people. `make bench` compares what this prints with the targets.
//
//	grant    nothing is known of any pool, and nobody has a seat
//	restart  nothing is known of any pool, and everybody has a seat
//	settled  nothing changed in any pool
//	change   in one pool, one person leaves and another one waits
func BenchmarkPlan(b *testing.B) {
	const pools = 10
	for _, people := range []int{10_000, 100_000} {
		var empty, full [pools]seats.Situation
		for i := range pools {
			empty[i] = members(people, pools, i)
			full[i] = empty[i]
			full[i].Ledger = seats.Next(empty[i]).Writes
		}
		run := func(name string, loop func(b *testing.B)) {
			b.Run(fmt.Sprintf("%s/people=%d", name, people), func(b *testing.B) {
				b.ReportAllocs()
				loop(b)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(people), "ns/user")
			})
		}
		run("grant", func(b *testing.B) {
			for b.Loop() {
				for _, s := range empty {
					gives(b, seats.Next(s), people/pools)
				}
			}
		})
		run("restart", func(b *testing.B) {
			for b.Loop() {
				for _, s := range full {
					gives(b, seats.Next(s), 0)
				}
			}
		})
		run("settled", func(b *testing.B) {
			var books [pools]*seats.Book
			for i, s := range full {
				books[i] = seats.NewBook(s.People, s.Ledger)
			}
			for b.Loop() {
				for i, book := range books {
					gives(b, book.Next(terms(full[i])), 0)
				}
			}
		})
		run("change", func(b *testing.B) { change(b, full[0]) })
	}
}

// change has two people take turns at one seat, in a pool that is full. Neither is the owner.
func change(b *testing.B, s seats.Situation) {
	book := seats.NewBook(s.People, s.Ledger)
	holder, next := s.People[len(s.People)/2], s.People[1]
	for b.Loop() {
		holder.Standing, next.Standing = seats.Frees, seats.Claims
		book.SetPerson(holder)
		book.SetPerson(next)
		plan := book.Next(terms(s))
		gives(b, plan, 1)
		book.SetSlice(plan.Writes[0])
		holder, next = next, holder
	}
}

func terms(s seats.Situation) seats.Terms {
	return seats.Terms{Now: now, Turn: 2, Capacity: s.Capacity, Listed: 100}
}

func gives(b *testing.B, p seats.Plan, want int) {
	if len(p.Granted) != want || p.More {
		b.Fatalf("%d seats are given, want %d; more to come: %t", len(p.Granted), want, p.More)
	}
}

// members are all people and one of the pools, which has a seat for each of those who claim one.
func members(people, pools, pool int) seats.Situation {
	s := seats.Situation{Now: now, Turn: 1, Capacity: int32(people / pools), People: make([]seats.Person, people)}
	for i := range s.People {
		name := fmt.Sprintf("person-%06d", i)
		p := seats.Person{
			Name: name, UID: types.UID(fmt.Sprintf("6ba7b810-9dad-11d1-80b4-%012d", i)), Roles: []string{"member"},
			Created: before.Add(time.Duration(i/100) * time.Second), Owner: i == 0,
		}
		if i%pools == pool {
			p.Standing = seats.Claims
		}
		s.People[i] = p
	}
	return s
}
