// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// A book that was told of single changes, in any order, decides as one that is told of everything at once.
func TestBookFollowsSingleChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := facts{people: map[types.UID]seats.Person{}, slices: map[int32]seats.Slice{}}
		book := seats.NewBook(nil, nil)
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			f.change(t, book)
		}
		for _, seat := range book.Strangers() { // some are known to have no business in the pool, which a book does not keep
			if p, known := f.people[seat.UID]; known {
				book.SetPerson(p)
			}
		}
		terms := seats.Terms{
			Now: now, Turn: 100, Capacity: rapid.Int32Range(0, 140).Draw(t, "capacity"), Suspend: rapid.Bool().Draw(t, "suspend"),
			Minimums: map[string]int32{"a": rapid.Int32Range(0, 3).Draw(t, "minimum")}, Listed: rapid.IntRange(0, 5).Draw(t, "listed"),
		}
		want := seats.Next(seats.Situation{
			Now: terms.Now, Turn: terms.Turn, Capacity: terms.Capacity, Suspend: terms.Suspend, Minimums: terms.Minimums,
			Ledger: f.ledger(), People: f.crowd(),
		})
		want.Queue = want.Queue[:min(len(want.Queue), terms.Listed)]
		got := book.Next(terms)
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("all at once -, one by one +:\n%s", diff)
		}
		if diff := gocmp.Diff(got, book.Next(terms), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("deciding has changed the book:\n%s", diff)
		}
		if diff := gocmp.Diff(seats.Strangers(f.ledger(), f.crowd()), book.Strangers(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("strangers, all at once -, one by one +:\n%s", diff)
		}
		if diff := gocmp.Diff(f.ledger(), book.Slices(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the ledger -, in the book +:\n%s", diff)
		}
	})
}

// facts are what a book is told, as a whole.
type facts struct {
	people map[types.UID]seats.Person
	slices map[int32]seats.Slice
}

func (f facts) ledger() []seats.Slice {
	var all []seats.Slice
	for _, number := range slices.Sorted(keysOf(f.slices)) {
		all = append(all, f.slices[number])
	}
	return all
}

func (f facts) crowd() []seats.Person {
	var all []seats.Person
	for _, uid := range slices.Sorted(keysOf(f.people)) {
		all = append(all, f.people[uid])
	}
	return all
}

func keysOf[K comparable, V any](m map[K]V) func(yield func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// change changes the facts, and tells the book.
func (f facts) change(t *rapid.T, book *seats.Book) {
	const everybody, numbers = 12, 3
	name := fmt.Sprintf("p%02d", rapid.IntRange(0, everybody-1).Draw(t, "who"))
	uid, number := types.UID(name), rapid.Int32Range(0, numbers-1).Draw(t, "slice")
	switch rapid.IntRange(0, 5).Draw(t, "what") {
	case 0:
		delete(f.people, uid)
		book.RemovePerson(uid)
	case 1:
		delete(f.slices, number)
		book.RemoveSlice(number)
	case 2, 3:
		p := seats.Person{
			Name: name, UID: uid, Created: now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "created")) * time.Second),
			Owner:    rapid.IntRange(0, everybody).Draw(t, "owner") == 0,
			Standing: rapid.SampledFrom([]seats.Standing{seats.Frees, seats.Leaves, seats.Keeps, seats.Claims, seats.Claims}).Draw(t, "standing"),
			Roles:    rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(t, "roles"),
			Revoked:  rapid.Int64Range(0, 2).Draw(t, "revoked"),
			From:     rapid.SampledFrom([]types.UID{"", "", "p03", "p04"}).Draw(t, "from"),
		}
		f.people[uid] = p
		book.SetPerson(p)
	default:
		slice := seats.Slice{Number: number, Turn: rapid.Int64Range(1, 9).Draw(t, "turn")}
		full := rapid.IntRange(0, 3).Draw(t, "full") == 0
		for seat := range int32(seats.PerSlice) {
			holder := fmt.Sprintf("filler-%d-%02d", number, seat)
			switch {
			case rapid.IntRange(0, 15).Draw(t, "held") == 0:
				holder = fmt.Sprintf("p%02d", rapid.IntRange(0, everybody-1).Draw(t, "holder"))
			case !full:
				continue
			}
			slice.Seats = append(slice.Seats, seats.Seat{
				Number: number*seats.PerSlice + seat, User: holder, UID: types.UID(holder), Since: now.Add(time.Duration(seat%3) * time.Second),
				Withdrawn: max(0, rapid.Int64Range(-6, 2).Draw(t, "withdrawn")),
			})
		}
		f.slices[number] = slice
		book.SetSlice(slice)
	}
}
