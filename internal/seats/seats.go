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
	// Leaves is who keeps a seat that is held until access is revoked, which is about to happen.
	Leaves
	// Keeps is who keeps a seat that is held, and is given none: somebody whose declaration makes no sense at the
	// moment. Bad input never loses anything.
	Keeps
	// Claims is who is to have a seat.
	Claims
)

// Person is a user as the pool sees one.
type Person struct {
	Name    string
	UID     types.UID
	Created time.Time
	Owner   bool
	// Active says that the person has accepted, and has access.
	Active   bool
	Standing Standing
	// Roles are the roles that the person is to hold.
	Roles []string
	// From is whose seat the person takes over, in place: of the same person, by another User. Empty when there is none.
	From types.UID
	// Revoked is the turn of the withdrawal after which all that came with the seat was revoked; 0 when none was.
	Revoked int64
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
	// Withdrawn is the turn in which the seat was withdrawn; 0 while it is not.
	Withdrawn int64
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
