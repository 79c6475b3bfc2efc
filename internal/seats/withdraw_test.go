// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"cmp"
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

// thisTurn is the turn for which the cases below decide.
const thisTurn = 9

// since is a seat that was given so many minutes after the first.
func since(minutes int, seat seats.Seat) seats.Seat {
	seat.Since = before.Add(time.Duration(minutes) * time.Minute)
	return seat
}

// withdrawn is a seat that was withdrawn in a turn.
func withdrawn(turn int64, seat seats.Seat) seats.Seat {
	seat.Withdrawn = turn
	return seat
}

// revoked is somebody who acknowledges the withdrawal of a turn.
func revoked(turn int64, p seats.Person) seats.Person {
	p.Revoked = turn
	return p
}

// in is somebody with roles.
func in(p seats.Person, roles ...string) seats.Person {
	p.Roles = roles
	return p
}

// active is somebody who has accepted.
func active(p seats.Person) seats.Person {
	p.Active = true
	return p
}

func leaves(name string) seats.Person {
	return seats.Person{Name: name, UID: uidOf(name), Created: before, Standing: seats.Leaves}
}

func TestNextWithdraws(t *testing.T) {
	t.Parallel()
	ann, bob, cid, dan := held(0, "ann"), since(10, held(1, "bob")), since(5, held(2, "cid")), since(7, held(3, "dan"))
	owner := claims("owner", 90)
	owner.Owner = true
	people := []seats.Person{claims("ann", 1), claims("bob", 2), claims("cid", 3)}
	// nothing is a plan that writes nothing.
	nothing := func(assigned int32, withdrawing ...seats.Seat) seats.Plan {
		return seats.Plan{Assigned: assigned, Withdrawing: withdrawing}
	}
	for name, c := range map[string]struct {
		why      string
		keep     bool
		capacity int32
		minimums map[string]int32
		ledger   []seats.Slice
		people   []seats.Person
		want     seats.Plan
	}{
		// Who loses.
		"the newest holder": {
			why:      "whoever came last to a seat loses it first, whatever its number",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)}, people: people,
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, withdrawn(9, bob), cid)},
				Withdrawn: []seats.Seat{withdrawn(9, bob)}, Withdrawing: []seats.Seat{withdrawn(9, bob)}, Assigned: 3,
			},
		},
		"given in the same second": {
			why:      "the last in the queue was served last",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, held(0, "cid"), held(1, "ann"), held(2, "bob"))}, people: people,
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, withdrawn(9, held(0, "cid")), held(1, "ann"), held(2, "bob"))},
				Withdrawn: []seats.Seat{withdrawn(9, held(0, "cid"))}, Withdrawing: []seats.Seat{withdrawn(9, held(0, "cid"))}, Assigned: 3,
			},
		},
		"given and created in the same second": {
			why:      "the name decides, so that two managers choose the same",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, held(0, "bob"), held(1, "ann"))},
			people: []seats.Person{claims("bob", 1), claims("ann", 1)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, withdrawn(9, held(0, "bob")), held(1, "ann"))},
				Withdrawn: []seats.Seat{withdrawn(9, held(0, "bob"))}, Withdrawing: []seats.Seat{withdrawn(9, held(0, "bob"))}, Assigned: 2,
			},
		},
		"several, in several slices": {
			why:      "they are listed newest first, wherever their seats are",
			capacity: 1, people: append([]seats.Person{claims("eve", 9)}, people...),
			ledger: []seats.Slice{slice(1, 3, since(8, held(70, "eve"))), slice(0, 3, ann, bob, cid)},
			want: seats.Plan{
				Writes: []seats.Slice{
					slice(0, 3, ann, withdrawn(9, bob), withdrawn(9, cid)), slice(1, 3, withdrawn(9, since(8, held(70, "eve")))),
				},
				Withdrawn:   []seats.Seat{withdrawn(9, bob), withdrawn(9, since(8, held(70, "eve"))), withdrawn(9, cid)},
				Withdrawing: []seats.Seat{withdrawn(9, bob), withdrawn(9, since(8, held(70, "eve"))), withdrawn(9, cid)}, Assigned: 4,
			},
		},
		"one more": {
			why:      "a shortage that grows takes the next newest; what was withdrawn stays withdrawn as it is",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)}, people: people,
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(9, cid))},
				Withdrawn: []seats.Seat{withdrawn(9, cid)}, Withdrawing: []seats.Seat{withdrawn(5, bob), withdrawn(9, cid)}, Assigned: 3,
			},
		},
		"no seats at all": {
			why: "everybody loses but the owner", ledger: []seats.Slice{slice(0, 3, since(99, held(0, "owner")), held(1, "ann"))},
			people: []seats.Person{owner, claims("ann", 1)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, since(99, held(0, "owner")), withdrawn(9, held(1, "ann")))},
				Withdrawn: []seats.Seat{withdrawn(9, held(1, "ann"))}, Withdrawing: []seats.Seat{withdrawn(9, held(1, "ann"))}, Assigned: 2,
			},
		},
		"owner, alone": {
			why: "nothing is left to withdraw, and that costs no write", ledger: []seats.Slice{slice(0, 3, held(0, "owner"))},
			people: []seats.Person{owner}, want: nothing(1),
		},
		"enough": {
			why:      "as many seats as holders are no shortage",
			capacity: 3, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)}, people: people, want: nothing(3),
		},
		"a seat beyond the capacity": {
			why:      "it is the count that matters, not the number",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, held(9, "ann"))}, people: []seats.Person{claims("ann", 1)}, want: nothing(1),
		},
		"onShortage Keep": {
			why:  "nobody loses a seat",
			keep: true, capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)}, people: people, want: nothing(3),
		},

		// Who is spared.
		"the last of a role": {
			why:      "a role keeps as many holders as it needs, the oldest",
			capacity: 1, minimums: map[string]int32{"admin": 2}, ledger: []seats.Slice{slice(0, 3, ann, bob, cid, dan)},
			people: []seats.Person{in(claims("ann", 1), "admin"), in(claims("bob", 2), "admin"), in(claims("cid", 3), "admin"), in(claims("dan", 4), "sales")},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, withdrawn(9, bob), cid, withdrawn(9, dan))},
				Withdrawn: []seats.Seat{withdrawn(9, bob), withdrawn(9, dan)}, Withdrawing: []seats.Seat{withdrawn(9, bob), withdrawn(9, dan)}, Assigned: 4,
			},
		},
		"one of several roles": {
			why:      "it takes one role that needs somebody",
			capacity: 2, minimums: map[string]int32{"admin": 1, "audit": 1}, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)},
			people: []seats.Person{in(claims("ann", 1), "admin"), in(claims("bob", 2), "admin", "audit"), in(claims("cid", 3), "admin")},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, bob, withdrawn(9, cid))},
				Withdrawn: []seats.Seat{withdrawn(9, cid)}, Withdrawing: []seats.Seat{withdrawn(9, cid)}, Assigned: 3,
			},
		},
		"who counts for two roles": {
			why:      "whoever loses a seat is missing in every role",
			capacity: 1, minimums: map[string]int32{"admin": 1, "audit": 1}, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)},
			people: []seats.Person{in(claims("ann", 1), "admin"), in(claims("bob", 2), "admin", "audit"), in(claims("cid", 3), "audit")},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, withdrawn(9, bob), cid)},
				Withdrawn: []seats.Seat{withdrawn(9, bob)}, Withdrawing: []seats.Seat{withdrawn(9, bob)}, Assigned: 3,
			},
		},
		"a role that needs nobody": {
			why:      "a minimum of zero spares nobody, and no more does a role without one",
			capacity: 0, minimums: map[string]int32{"admin": 0}, ledger: []seats.Slice{slice(0, 3, held(0, "ann"), held(1, "bob"))},
			people: []seats.Person{in(claims("ann", 1), "admin"), in(claims("bob", 2), "sales")},
			want: seats.Plan{
				Writes:      []seats.Slice{slice(0, 3, withdrawn(9, held(0, "ann")), withdrawn(9, held(1, "bob")))},
				Withdrawn:   []seats.Seat{withdrawn(9, held(1, "bob")), withdrawn(9, held(0, "ann"))},
				Withdrawing: []seats.Seat{withdrawn(9, held(1, "bob")), withdrawn(9, held(0, "ann"))}, Assigned: 2,
			},
		},
		"a role with too few": {
			why:      "fewer holders than a role needs are all spared",
			capacity: 0, minimums: map[string]int32{"admin": 3}, ledger: []seats.Slice{slice(0, 3, ann, bob)},
			people: []seats.Person{in(claims("ann", 1), "admin"), in(claims("bob", 2), "admin")}, want: nothing(2),
		},
		"others in the role": {
			why:      "who leaves, waits, or is declared wrong is nobody to rely on",
			capacity: 2, minimums: map[string]int32{"admin": 1}, ledger: []seats.Slice{slice(0, 3, ann, bob, cid, dan)},
			people: []seats.Person{
				in(leaves("ann"), "admin"), in(claims("bob", 2), "admin"), in(keeps("cid"), "admin"), in(claims("eve", 1), "admin"), claims("dan", 3),
			},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, bob, cid, withdrawn(9, dan))},
				Withdrawn: []seats.Seat{withdrawn(9, dan)}, Withdrawing: []seats.Seat{withdrawn(9, dan)}, Assigned: 4, Queue: []string{"eve"},
			},
		},
		"who leaves anyway": {
			why:      "a seat that is about to be free makes room: nobody else loses one for it",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)},
			people: []seats.Person{leaves("ann"), claims("bob", 2), claims("cid", 3)}, want: nothing(3),
		},
		"who leaves without a seat": {
			why:      "makes no room",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, bob)},
			people: []seats.Person{leaves("zoe"), claims("ann", 1), claims("bob", 2)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, withdrawn(9, bob))},
				Withdrawn: []seats.Seat{withdrawn(9, bob)}, Withdrawing: []seats.Seat{withdrawn(9, bob)}, Assigned: 2,
			},
		},
		"who keeps": {
			why:      "bad input never loses anything: the next newest does",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, bob, cid)},
			people: []seats.Person{claims("ann", 1), keeps("bob"), claims("cid", 3)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, bob, withdrawn(9, cid))},
				Withdrawn: []seats.Seat{withdrawn(9, cid)}, Withdrawing: []seats.Seat{withdrawn(9, cid)}, Assigned: 3,
			},
		},
		"who keeps, withdrawn before": {
			why:      "nor is it freed, though it is acknowledged",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob))},
			people: []seats.Person{in(claims("ann", 1), "admin"), revoked(5, keeps("bob"))}, minimums: map[string]int32{"admin": 1},
			want: seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, bob)}, Assigned: 2},
		},
		"stranger": {
			why:      "of whom nothing is known, nothing is taken",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, bob)}, people: []seats.Person{claims("ann", 1)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, withdrawn(9, ann), bob)},
				Withdrawn: []seats.Seat{withdrawn(9, ann)}, Withdrawing: []seats.Seat{withdrawn(9, ann)}, Assigned: 2,
			},
		},

		// From withdrawn to free.
		"not acknowledged": {
			why:      "what came with the seat is not revoked yet: a pass that finds nothing new writes nothing",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)}, people: people, want: nothing(3, withdrawn(5, bob)),
		},
		"acknowledged": {
			why:      "the seat is free, and its holder waits for another, in the order of the queue",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)},
			people: []seats.Person{claims("ann", 1), revoked(5, claims("bob", 2)), claims("cid", 3), claims("eve", 4), claims("abe", 0)},
			want: seats.Plan{
				Writes: []seats.Slice{slice(0, 3, ann, cid)}, Released: []seats.Seat{withdrawn(5, bob)}, Assigned: 2, Queue: []string{"abe", "bob", "eve"},
			},
		},
		"an older one acknowledged": {
			why:      "the seat was given back in between, and access with it",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)},
			people: []seats.Person{claims("ann", 1), revoked(4, claims("bob", 2)), claims("cid", 3)}, want: nothing(3, withdrawn(5, bob)),
		},
		"a later one acknowledged": {
			why:      "a slice that is older than the acknowledgement is no ground to free anything",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)},
			people: []seats.Person{claims("ann", 1), revoked(6, claims("bob", 2)), claims("cid", 3)}, want: nothing(3, withdrawn(5, bob)),
		},
		"acknowledged without a withdrawal": {
			why:      "a seat is withdrawn before it is freed, whatever a status says",
			capacity: 2, ledger: []seats.Slice{slice(0, 8, ann, bob, cid)},
			people: []seats.Person{claims("ann", 1), revoked(8, claims("bob", 2)), claims("cid", 3)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 8, ann, withdrawn(9, bob), cid)},
				Withdrawn: []seats.Seat{withdrawn(9, bob)}, Withdrawing: []seats.Seat{withdrawn(9, bob)}, Assigned: 3,
			},
		},
		"one of two acknowledged": {
			why:      "each is freed in its own time, the older one first when it is ready first",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))},
			people: []seats.Person{claims("ann", 1), claims("bob", 2), revoked(5, claims("cid", 3))},
			want: seats.Plan{
				Writes: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob))}, Released: []seats.Seat{withdrawn(5, cid)},
				Withdrawing: []seats.Seat{withdrawn(5, bob)}, Assigned: 2, Queue: []string{"cid"},
			},
		},
		"nobody is seated meanwhile": {
			why:      "what others free is not given while still more are held than there are",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))},
			people: []seats.Person{frees("ann"), claims("bob", 2), claims("cid", 3), claims("dan", 0)},
			want: seats.Plan{
				Writes: []seats.Slice{slice(0, 3, withdrawn(5, bob), cid)}, Released: []seats.Seat{ann},
				Withdrawing: []seats.Seat{withdrawn(5, bob)}, Assigned: 2, Queue: []string{"dan"},
			},
		},

		// Back again.
		"enough again": {
			why:      "there are as many seats as holders, so nobody loses one, acknowledged or not",
			capacity: 3, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))},
			people: []seats.Person{claims("ann", 1), revoked(5, claims("bob", 2)), claims("cid", 3), claims("eve", 0)},
			want:   seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, bob, cid)}, Assigned: 3, Queue: []string{"eve"}},
		},
		"one more seat": {
			why:      "the older of two gets it back",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))}, people: people,
			want: seats.Plan{
				Writes: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)}, Withdrawing: []seats.Seat{withdrawn(5, bob)}, Assigned: 3,
			},
		},
		"more than enough again": {
			why:      "what is left goes to the queue, in the same turn",
			capacity: 4, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)}, people: append([]seats.Person{claims("dan", 4)}, people...),
			want: seats.Plan{
				Writes:  []seats.Slice{slice(0, 3, ann, bob, cid, given(3, "dan"))},
				Granted: []seats.Seat{given(3, "dan")}, Assigned: 4,
			},
		},
		"onShortage Keep again": {
			why:  "the policy of the moment counts",
			keep: true, capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))},
			people: []seats.Person{claims("ann", 1), revoked(5, claims("bob", 2)), claims("cid", 3)},
			want:   seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, bob, cid)}, Assigned: 3},
		},
		"somebody else frees": {
			why:      "one seat fewer is held, so nobody else has to lose one",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)},
			people: []seats.Person{claims("ann", 1), revoked(5, claims("bob", 2)), frees("cid")},
			want:   seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, bob)}, Released: []seats.Seat{cid}, Assigned: 2},
		},
		"starts to leave": {
			why:      "whoever leaves frees the seat by leaving",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)},
			people: []seats.Person{claims("ann", 1), revoked(5, leaves("bob")), claims("cid", 3)},
			want:   seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, bob, cid)}, Assigned: 3},
		},
		"has left": {
			why:      "a seat without business is free, withdrawn or not, and the count is right again",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), withdrawn(5, cid))},
			people: []seats.Person{claims("ann", 1), frees("bob"), claims("cid", 3)},
			want:   seats.Plan{Writes: []seats.Slice{slice(0, 3, ann, cid)}, Released: []seats.Seat{withdrawn(5, bob)}, Assigned: 2},
		},
		"the only one who can act": {
			why:      "who has not accepted loses instead, though older",
			capacity: 1, ledger: []seats.Slice{slice(0, 3, ann, bob)}, minimums: map[string]int32{"admin": 1},
			people: []seats.Person{in(claims("ann", 1), "admin"), active(in(claims("bob", 2), "admin"))},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, withdrawn(9, ann), bob)},
				Withdrawn: []seats.Seat{withdrawn(9, ann)}, Withdrawing: []seats.Seat{withdrawn(9, ann)}, Assigned: 2,
			},
		},
		"a newer holder": {
			why:      "who comes to be spared later is, and the next newest loses instead",
			capacity: 2, ledger: []seats.Slice{slice(0, 3, ann, withdrawn(5, bob), cid)}, minimums: map[string]int32{"admin": 1},
			people: []seats.Person{claims("ann", 1), in(revoked(5, claims("bob", 2)), "admin"), claims("cid", 3)},
			want: seats.Plan{
				Writes:    []seats.Slice{slice(0, 3, ann, bob, withdrawn(9, cid))},
				Withdrawn: []seats.Seat{withdrawn(9, cid)}, Withdrawing: []seats.Seat{withdrawn(9, cid)}, Assigned: 3,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := seats.Situation{
				Now: now, Turn: thisTurn, Capacity: c.capacity, Suspend: !c.keep, Minimums: c.minimums, Ledger: c.ledger, People: c.people,
			}
			plan := seats.Next(s)
			c.want.Waiting = int32(len(c.want.Queue)) // all are named
			if diff := gocmp.Diff(c.want, plan, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			s.Ledger, s.Turn = after(s.Ledger, plan.Writes, s.Turn), s.Turn+1
			again := seats.Next(s)
			plan.Writes, plan.Granted, plan.Released, plan.Withdrawn = nil, nil, nil, nil
			if diff := gocmp.Diff(plan, again, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the same facts again; want -, got +:\n%s", diff)
			}
		})
	}
}

func TestNextWithdrawsInTurnsOf256Slices(t *testing.T) {
	t.Parallel()
	const more = 44
	s := seats.Situation{Now: now, Suspend: true}
	for n := range int32(seats.SlicesPerTurn + more) {
		name := fmt.Sprintf("user-%03d", n)
		s.Ledger = append(s.Ledger, slice(n, 1, held(n*seats.PerSlice, name)))
		s.People = append(s.People, claims(name, int(n)))
	}
	turn := func(writes, withdrawing int, assigned int32, more bool) {
		t.Helper()
		s.Turn = seats.NextTurn(seats.Turn{}, s.Ledger)
		plan := seats.Next(s)
		if len(plan.Writes) != writes || len(plan.Withdrawing) != withdrawing || plan.Assigned != assigned || plan.More != more {
			t.Fatalf("turn %d writes %d slices, %d seats are being withdrawn, %d held, More %t; want %d, %d, %d, %t", s.Turn,
				len(plan.Writes), len(plan.Withdrawing), plan.Assigned, plan.More, writes, withdrawing, assigned, more)
		}
		s.Ledger = after(s.Ledger, plan.Writes, s.Turn)
	}
	turn(seats.SlicesPerTurn, seats.SlicesPerTurn, seats.SlicesPerTurn+more, true)
	turn(more, seats.SlicesPerTurn+more, seats.SlicesPerTurn+more, false)
	turn(0, seats.SlicesPerTurn+more, seats.SlicesPerTurn+more, false)
	acknowledge(&s)
	turn(seats.SlicesPerTurn, more, more, true)
	turn(more, 0, 0, false)
	turn(0, 0, 0, false)
}

// acknowledge lets everybody acknowledge that their seat is withdrawn, or note that it is not.
func acknowledge(s *seats.Situation) {
	s.People = slices.Clone(s.People)
	for _, slice := range s.Ledger {
		for _, seat := range slice.Seats {
			if at := slices.IndexFunc(s.People, func(p seats.Person) bool { return p.UID == seat.UID }); at >= 0 {
				s.People[at].Revoked = seat.Withdrawn
			}
		}
	}
}

// shortage is a situation in which seats may be withdrawn: people have roles, seats are of various ages, and some are
// withdrawn, some of those acknowledged, some by a turn that is not theirs.
var shortage = rapid.Custom(func(t *rapid.T) seats.Situation {
	s := situation.Draw(t, "situation")
	s.Turn, s.Suspend = thisTurn, rapid.IntRange(0, 7).Draw(t, "keep") > 0
	s.Minimums = map[string]int32{}
	for _, role := range []string{"admin", "audit"} {
		if least := rapid.Int32Range(-1, 3).Draw(t, "minimum"); least >= 0 {
			s.Minimums[role] = least
		}
	}
	for i := range s.People {
		p := &s.People[i]
		p.Roles = rapid.SampledFrom([][]string{nil, {"admin"}, {"audit"}, {"audit", "admin"}, {"sales"}}).Draw(t, "roles")
		if rapid.IntRange(0, 5).Draw(t, "leaves") == 5 {
			p.Standing = seats.Leaves
		}
	}
	for i := range s.Ledger {
		s.Ledger[i].Turn = thisTurn - 1
		for j := range s.Ledger[i].Seats {
			seat := &s.Ledger[i].Seats[j]
			at := slices.IndexFunc(s.People, func(p seats.Person) bool { return p.UID == seat.UID })
			if at < 0 {
				continue
			}
			seat.Since = before.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "since")) * time.Second)
			seat.Withdrawn = rapid.SampledFrom([]int64{0, 0, 4, 5}).Draw(t, "withdrawn")
			s.People[at].Revoked = rapid.SampledFrom([]int64{0, seat.Withdrawn, seat.Withdrawn, 4, 5}).Draw(t, "revoked")
		}
	}
	// Where a crowd fills the slices, nearly everybody else is one too many.
	if _, total := holdersOf(s.Ledger); total > 0 && rapid.Bool().Draw(t, "few short") {
		s.Capacity = max(0, total-rapid.Int32Range(0, 5).Draw(t, "short"))
	}
	return s
})

// needed says, in words of its own, that somebody who holds a seat cannot lose it.
func needed(s seats.Situation, holds map[types.UID]int, p seats.Person) bool {
	if p.Owner {
		return true
	}
	return slices.ContainsFunc(p.Roles, func(role string) bool {
		n := int32(0)
		for _, q := range s.People {
			if q.Standing == seats.Claims && holds[q.UID] > 0 && slices.Contains(q.Roles, role) {
				n++
			}
		}
		return s.Minimums[role] > 0 && n <= s.Minimums[role]
	})
}

// TestWithdrawalKeepsTheInvariants checks one plan, with the slices written in any order.
func TestWithdrawalKeepsTheInvariants(t *testing.T) {
	check(t, 2000, func(t *rapid.T) {
		s := shortage.Draw(t, "shortage")
		plan := seats.Next(s)
		known := map[types.UID]seats.Person{}
		for _, p := range s.People {
			known[p.UID] = p
		}
		was, total := holdersOf(s.Ledger)
		ledger := s.Ledger
		for _, w := range rapid.Permutation(plan.Writes).Draw(t, "order") {
			before, _ := holdersOf(ledger)
			ledger = after(ledger, []seats.Slice{w}, thisTurn)
			is, held := holdersOf(ledger)
			for uid := range is {
				if before[uid] == 0 && held > s.Capacity {
					t.Fatalf("slice %d gives a seat, which makes it %d of %d", w.Number, held, s.Capacity)
				}
			}
		}
		is, left := holdersOf(ledger)
		for _, seat := range plan.Released {
			p, ok := known[seat.UID]
			free := s.Gone[seat.UID] || ok && p.Standing == seats.Frees
			switch {
			case free:
			case !ok || p.Standing != seats.Claims:
				t.Fatalf("%s loses seat %d, and claims none", seat.User, seat.Number)
			case seat.Withdrawn == 0 || p.Revoked != seat.Withdrawn:
				t.Fatalf("%s loses seat %d, withdrawn in turn %d, and acknowledged %d", seat.User, seat.Number, seat.Withdrawn, p.Revoked)
			case !s.Suspend || total <= s.Capacity || p.Owner:
				t.Fatalf("%s loses seat %d of %d, there are %d, Suspend %t", seat.User, seat.Number, total, s.Capacity, s.Suspend)
			case left < s.Capacity:
				t.Fatalf("%s loses seat %d, and %d of %d seats are held then", seat.User, seat.Number, left, s.Capacity)
			case !slices.Contains(plan.Queue, p.Name):
				t.Fatalf("%s lost the seat, and is not in the queue %v", p.Name, plan.Queue)
			}
		}
		if left != plan.Assigned {
			t.Fatalf("the plan says that %d seats are held, %d are", plan.Assigned, left)
		}
		// Each role keeps as many as it needs, as far as it had them, even when all that is withdrawn becomes free.
		for _, seat := range plan.Withdrawing {
			delete(is, seat.UID)
		}
		for role, least := range s.Minimums {
			had, has := int32(0), int32(0)
			for _, p := range s.People {
				if p.Standing == seats.Claims && slices.Contains(p.Roles, role) {
					had += int32(was[p.UID])
					has += int32(is[p.UID])
				}
			}
			if has < min(had, least) {
				t.Fatalf("role %s needs %d, had %d, and keeps %d", role, least, had, has)
			}
		}
	})
}

// TestWithdrawalsEndWithTheShortage lets everybody acknowledge, turn by turn, until there is no more to do. The same
// ones lose from the first turn to the last, in whatever order they acknowledge, and no more of them than it takes.
func TestWithdrawalsEndWithTheShortage(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := shortage.Draw(t, "shortage")
		s.Suspend = true
		plan := seats.Next(s)
		lose := map[types.UID]bool{}
		for _, seat := range slices.Concat(plan.Withdrawing, plan.Released) {
			lose[seat.UID] = true
		}
		for turns, quiet := 0, false; !quiet; turns++ {
			if turns > 30 {
				t.Fatalf("still writing after %d turns: %v", turns, plan)
			}
			s.Ledger, s.Turn = after(s.Ledger, plan.Writes, s.Turn), s.Turn+1
			all := s
			acknowledge(&all)
			if turns > 15 || len(s.People) == 0 {
				s.People = all.People
			} else {
				one := rapid.IntRange(0, len(s.People)-1).Draw(t, "who acknowledges")
				s.People = slices.Clone(s.People)
				s.People[one] = all.People[one]
			}
			plan = seats.Next(s)
			for _, seat := range slices.Concat(plan.Withdrawn, plan.Released) {
				if !lose[seat.UID] && !s.Gone[seat.UID] {
					t.Fatalf("turn %d takes the seat of %s, the first did not", s.Turn, seat.User)
				}
			}
			quiet = turns > 15 && len(plan.Writes) == 0
		}
		if len(plan.Withdrawing) > 0 || plan.More {
			t.Fatalf("it is over, and leaves %v", plan)
		}
		// As many are held as there are, unless those who hold them are spared or leave. Whoever could lose a seat has none.
		holds, total := holdersOf(s.Ledger)
		leave := int32(0)
		for _, p := range s.People {
			if p.Standing == seats.Leaves {
				leave += int32(holds[p.UID])
			}
		}
		for _, p := range s.People {
			if total-leave > s.Capacity && p.Standing == seats.Claims && holds[p.UID] > 0 && !needed(s, holds, p) {
				t.Fatalf("%s has one of %d seats, there are %d, and %d are about to be free", p.Name, total, s.Capacity, leave)
			}
		}
		// Nor have more lost theirs than it took: they would wait now.
		if total < s.Capacity && len(plan.Queue) > 0 {
			t.Fatalf("%d of %d seats are held, and %v wait", total, s.Capacity, plan.Queue)
		}
	})
}

func TestWithdrawalDoesNotDependOnTheOrderOfItsInput(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := shortage.Draw(t, "shortage")
		want := seats.Next(s)
		s.People = rapid.Permutation(s.People).Draw(t, "people")
		s.Ledger = rapid.Permutation(s.Ledger).Draw(t, "ledger")
		if diff := gocmp.Diff(want, seats.Next(s), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("another order, another plan:\n%s", diff)
		}
	})
}

// TestWithdrawalTakesTheNewest checks, in words of its own, that nobody keeps a seat who came to it after somebody
// who loses one, but who is spared.
func TestWithdrawalTakesTheNewest(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		s := shortage.Draw(t, "shortage")
		s.Minimums = nil
		plan := seats.Next(s)
		got := slices.Clone(plan.Withdrawing)
		for _, seat := range plan.Released {
			if p := slices.IndexFunc(s.People, func(p seats.Person) bool { return p.UID == seat.UID }); p >= 0 && s.People[p].Standing == seats.Claims {
				got = append(got, seat)
			}
		}
		type holder struct {
			seats.Person
			since time.Time
		}
		var holders []holder
		for _, slice := range s.Ledger {
			for _, seat := range slice.Seats {
				for _, p := range s.People {
					if p.UID == seat.UID && p.Standing == seats.Claims && !p.Owner {
						holders = append(holders, holder{p, seat.Since})
					}
				}
			}
		}
		slices.SortFunc(holders, func(a, b holder) int {
			return cmp.Or(b.since.Compare(a.since), b.Created.Compare(a.Created), cmp.Compare(b.Name, a.Name))
		})
		var want, have []string
		for _, h := range holders[:min(len(got), len(holders))] {
			want = append(want, h.Name)
		}
		for _, seat := range got {
			have = append(have, seat.User)
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Fatalf("%v lose their seats, the newest are %v", have, want)
		}
		if !slices.IsSortedFunc(plan.Withdrawing, func(a, b seats.Seat) int { return b.Since.Compare(a.Since) }) {
			t.Fatalf("not newest first: %v", plan.Withdrawing)
		}
	})
}

func TestWithdrawalLeavesItsInputAlone(t *testing.T) {
	check(t, 1000, func(t *rapid.T) {
		leavesAlone(t, shortage.Draw(t, "shortage"))
	})
}
