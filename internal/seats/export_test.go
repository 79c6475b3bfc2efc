// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Situation is what a book is told and asked, all at once.
type Situation struct {
	Now      time.Time
	Turn     int64
	Capacity int32
	Suspend  bool
	Minimums map[string]int32
	Ledger   []Slice
	People   []Person
	// Gone are holders who are not among the people because they no longer exist. A holder who is neither
	// here nor among the people keeps the seat.
	Gone map[types.UID]bool
}

// Next is what a book decides that is told everything at once. The plan names everybody who waits.
func Next(s Situation) Plan {
	b := NewBook(s.People, s.Ledger)
	for uid, gone := range s.Gone {
		if gone {
			b.SetPerson(Person{UID: uid, Standing: Frees})
		}
	}
	return b.Next(Terms{
		Now: s.Now, Turn: s.Turn, Capacity: s.Capacity, Suspend: s.Suspend, Minimums: s.Minimums, Listed: len(s.People),
	})
}

// NextTurn is that of a book of the ledger.
func NextTurn(last Turn, ledger []Slice) int64 { return pages(ledger).NextTurn(last) }

// Strangers are those of a book of the ledger and the people.
func Strangers(ledger []Slice, people []Person) []Seat { return NewBook(people, ledger).Strangers() }

// Unfinished is that of a book of the ledger.
func Unfinished(turn Turn, ledger []Slice) []Slice { return pages(ledger).Unfinished(turn) }

// pages is as much of a book as turns need.
func pages(ledger []Slice) *Book {
	b := &Book{slices: make(map[int32]Slice, len(ledger))}
	for _, slice := range ledger {
		b.slices[slice.Number] = slice
	}
	return b
}
