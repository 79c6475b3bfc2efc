// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// Two operators that both believe to lead give the seats of one pool, while people come and go, and the pool grows
// and shrinks. One of the two stalls in the middle of its turns, again and again, and writes what it was about to
// write when the other has gone on.
func TestTwoOperatorsRace(t *testing.T) {
	r := newRace(t)
	r.operator(&operator.Traffic{})
	var traffic operator.Traffic
	r.operator(&traffic)
	r.stallsHarmlessly(&traffic)
}

// stallsHarmlessly runs the race while whoever's traffic it is stalls, and holds that all is well after it.
func (r *race) stallsHarmlessly(traffic *operator.Traffic) {
	r.Helper()
	stalls := 0
	r.run(func(ctx context.Context) {
		for ctx.Err() == nil {
			held := traffic.Hold(1, operator.Writing("seatslices"))
			select {
			case <-held.Reached():
				stalls++
				turns := r.ledger.turn()
				r.ledger.await(func(l *ledgerWatch) bool { return l.turns > turns+1 || ctx.Err() != nil })
			case <-ctx.Done():
			}
			held.Release()
		}
	})
	r.settle()
	if cut := r.ledger.check(r.steady); cut == 0 {
		r.Errorf("an operator stalled %d times, and no turn was cut off", stalls)
	}
	r.wantSeated()
	r.wantOneMailEach()
}

// The same, and the second operator dies in the middle of its turns, again and again.
func TestOperatorDiesInItsTurns(t *testing.T) {
	r := newRace(t)
	r.operator(&operator.Traffic{})
	deaths := 0
	r.run(func(ctx context.Context) {
		for ; ctx.Err() == nil; deaths++ {
			traffic := &operator.Traffic{}
			fault := []operator.Fault{operator.NotSent, operator.NoAnswer}[deaths%2]
			dead := traffic.Kill(fault, 2, operator.Writing("seatslices"))
			mortal := r.operator(traffic)
			select {
			case <-dead:
			case <-ctx.Done():
			}
			mortal.Stop(t)
		}
	})
	r.settle()
	if cut := r.ledger.check(r.steady); cut == 0 {
		t.Errorf("%d operators died, and no turn was cut off", deaths)
	}
	r.wantSeated()
	r.wantOneMailEach()
}

// race is a pool of seats that are fought for.
type race struct {
	*stage
	ledger *ledgerWatch

	mu     sync.Mutex
	chance *rand.Rand
	people []string        // in the order in which they come
	left   map[string]bool // those who leave
}

const (
	// crowd is how many people come, and leavers how many of them leave.
	crowd, leavers = 150, 40
	// fewest and most are between how many seats the pool has. At the end it has most, which is fewer than people.
	fewest, most = 66, 106
)

func newRace(t *testing.T) *race {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	s := empty(t)
	r := &race{stage: s, ledger: watchLedger(s), chance: rand.New(rand.NewPCG(seed, 0)), left: map[string]bool{}}
	s.create(acme(fewest)...)
	return r
}

// operator starts one more operator, whose links are those of the others.
func (r *race) operator(traffic *operator.Traffic) *operator.Operator {
	r.Helper()
	return operator.Start(r, r.ns, operator.Options{
		Config: traffic.Config(env.Config(r)), Mailbox: r.box, Clock: r.clock,
		Portal: &url.URL{Scheme: "https", Host: "join.acme.example"}, Listen: "127.0.0.1:0",
	})
}

// run lets people come and go and the pool grow and shrink, while something else happens.
func (r *race) run(meanwhile func(context.Context)) {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	var all sync.WaitGroup
	all.Go(func() {
		defer cancel()
		for i := range crowd {
			r.comes()
			if i%5 == 4 {
				r.ledger.await(func(l *ledgerWatch) bool { return l.turns > i/6 })
			}
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			r.leaves()
			before := r.ledger.events()
			r.ledger.await(func(l *ledgerWatch) bool { return len(l.seen) > before+2 || ctx.Err() != nil })
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			seats := fewest + int32(r.draw(most-fewest))
			r.scale(seats)
			r.ledger.await(func(l *ledgerWatch) bool { return l.capacity == seats || ctx.Err() != nil })
		}
	})
	all.Go(func() { meanwhile(ctx) })
	all.Wait()
}

// comes lets one more person come. Names are in the order in which people come, as it is among those of one second.
func (r *race) comes() {
	r.Helper()
	name := fmt.Sprintf("u%03d", len(r.people))
	r.create(member(name).Obj())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.people = append(r.people, name)
}

// leaves lets somebody leave who is there, in one of the two ways.
func (r *race) leaves() {
	r.Helper()
	r.mu.Lock()
	staying := r.claimants()
	if len(staying) == 0 || len(r.left) == leavers {
		r.mu.Unlock()
		return
	}
	name := staying[r.chance.IntN(len(staying))]
	r.left[name] = true
	r.mu.Unlock()
	if r.draw(2) == 0 {
		r.delete(name)
	} else {
		r.turn(name, v1alpha1.UserArchived)
	}
}

func (r *race) draw(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.chance.IntN(n)
}

// steady says that somebody comes to stay.
func (r *race) steady(name string) bool { return !r.left[name] }

// claimants are those who stayed, in the order in which they came.
func (r *race) claimants() []string {
	return slices.DeleteFunc(slices.Clone(r.people), func(name string) bool { return r.left[name] })
}

// settle waits until everybody is where they stay.
func (r *race) settle() {
	r.Helper()
	r.scale(most)
	claimants := r.claimants()
	r.Logf("%d people have left", len(r.left))
	waiting := int32(len(claimants) - most)
	await(r.stage, "standard", func(p *v1alpha1.SeatPool) error {
		st := &p.Status
		return errors.Join(counts("capacity", st.Capacity, most), counts("assigned", st.Assigned, most), counts("waiting", st.Waiting, waiting))
	})
	for _, name := range claimants {
		await(r.stage, name, func(u *v1alpha1.User) error {
			if len(u.Status.Seats) == 1 {
				return stands(u, v1alpha1.ReasonInvited)
			}
			return stands(u, v1alpha1.ReasonAwaitingSeat)
		})
	}
	r.ledger.catchUp()
}

// wantSeated holds that there is nobody on a seat but claimants, each once, and none left free.
func (r *race) wantSeated() {
	r.Helper()
	var seated []string
	for _, holders := range r.ledger.holders() {
		seated = append(seated, holders...)
	}
	slices.Sort(seated)
	if len(slices.Compact(slices.Clone(seated))) != most {
		r.Errorf("the seats are held by %v, want %d people", seated, most)
	}
	claimants := r.claimants()
	for _, name := range seated {
		if !slices.Contains(claimants, name) {
			r.Errorf("%s has left and holds a seat", name)
		}
	}
}

// wantOneMailEach holds that nobody got two different mails, and that everybody got one who is to be invited.
func (r *race) wantOneMailEach() {
	r.Helper()
	first := map[string]mailbox.Message{}
	duplicates := 0
	for _, m := range r.box.Messages() {
		was, again := first[m.To[0]]
		if !again {
			first[m.To[0]] = m
			continue
		}
		duplicates++
		if diff := cmp.Diff(was, m, cmpopts.IgnoreFields(mailbox.Message{}, "ID", "Received")); diff != "" {
			r.Errorf("%s got two mails, not one mail twice:\n%s", m.To[0], diff)
		}
	}
	for _, name := range r.claimants() {
		_, mailed := first[at(name)]
		if invited := get[v1alpha1.User](r.stage, name).Status.Invitation != nil; invited != mailed {
			r.Errorf("%s got a mail: %t, is invited: %t", name, mailed, invited)
		}
	}
	r.Logf("%d people got a mail, %d of the mails were sent again", len(first), duplicates)
}
