// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

// ledgerWatch sees every state that the one SeatPool of a namespace and its SeatSlices are ever in.
type ledgerWatch struct {
	*stage

	mu   sync.Mutex
	seen []client.Object // in the order of two watches
	// turns is the number of the latest turn, and capacity what the pool reported last.
	turns    int
	capacity int32
}

// watchLedger watches until the story ends.
func watchLedger(s *stage) *ledgerWatch {
	s.Helper()
	c, err := client.NewWithWatch(env.Config(s), client.Options{Scheme: s.Scheme()})
	s.must(err, "making a client")
	l := &ledgerWatch{stage: s}
	for _, list := range []client.ObjectList{&v1alpha1.SeatPoolList{}, &v1alpha1.SeatSliceList{}} {
		watching, err := c.Watch(s.Context(), list, client.InNamespace(s.ns))
		s.must(err, "watching %T", list)
		go func() {
			for event := range watching.ResultChan() {
				if o, ok := event.Object.(client.Object); ok {
					l.note(o)
				}
			}
		}()
	}
	return l
}

func (l *ledgerWatch) note(o client.Object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, o)
	if pool, ok := o.(*v1alpha1.SeatPool); ok {
		l.turns, l.capacity = int(turnOf(pool).Turn), ptr.Deref(pool.Status.Capacity, -1)
	}
}

// turnOf is the latest turn of a pool, the zeroth when there was none.
func turnOf(pool *v1alpha1.SeatPool) v1alpha1.LedgerTurn {
	return ptr.Deref(pool.Status.Ledger, v1alpha1.LedgerTurn{})
}

func (l *ledgerWatch) events() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

func (l *ledgerWatch) turn() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turns
}

// await waits until what was seen is enough.
func (l *ledgerWatch) await(enough func(*ledgerWatch) bool) {
	l.Helper()
	env.Eventually(l, func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !enough(l) {
			return fmt.Errorf("%d states were seen, up to turn %d", len(l.seen), l.turns)
		}
		return nil
	})
}

// catchUp waits until everything was seen that there is.
func (l *ledgerWatch) catchUp() {
	l.Helper()
	var slicesThere v1alpha1.SeatSliceList
	l.must(l.List(l.Context(), &slicesThere, client.InNamespace(l.ns)), "listing the slices")
	want := []string{get[v1alpha1.SeatPool](l.stage, "standard").ResourceVersion}
	for _, slice := range slicesThere.Items {
		want = append(want, slice.ResourceVersion)
	}
	l.await(func(l *ledgerWatch) bool {
		for _, version := range want {
			if !slices.ContainsFunc(l.seen, func(o client.Object) bool { return o.GetResourceVersion() == version }) {
				return false
			}
		}
		return true
	})
}

// holders are the names of those who hold a seat at last, by slice.
func (l *ledgerWatch) holders() map[string][]string {
	at := ledgerState{slices: map[string]*v1alpha1.SeatSlice{}}
	for _, o := range l.history() {
		if slice, ok := o.(*v1alpha1.SeatSlice); ok {
			at.slices[slice.Name] = slice
		}
	}
	names := map[string][]string{}
	for name, slice := range at.slices {
		for _, a := range slice.Assignments {
			names[name] = append(names[name], a.User)
		}
	}
	return names
}

// history is what was seen, in the order in which it was: all versions are of one store.
func (l *ledgerWatch) history() []client.Object {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(l.seen), func(a, b client.Object) int { return cmp.Compare(l.version(a), l.version(b)) })
}

func (l *ledgerWatch) version(o client.Object) uint64 {
	version, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		l.Errorf("%T %s: %v", o, o.GetName(), err)
	}
	return version
}

// check holds that in every state that was seen, nobody had two seats, and that none was given beyond the capacity
// that was in force when its turn was taken; and that after every turn, none of the steady people was left behind
// somebody who came later and was given a seat. It returns how many turns were cut off.
func (l *ledgerWatch) check(steady func(name string) bool) (cut int) {
	l.Helper()
	at := ledgerState{stage: l.stage, steady: steady, slices: map[string]*v1alpha1.SeatSlice{}, capacity: map[int64]int32{}}
	for _, o := range l.history() {
		switch o := o.(type) {
		case *v1alpha1.SeatPool:
			at.pool(o)
		case *v1alpha1.SeatSlice:
			at.slice(o)
		}
	}
	at.endTurn()
	l.Logf("%d states were seen, of %d turns, in %d slices", len(l.seen), at.turn.Turn, len(at.slices))
	if len(at.slices) < 2 {
		l.Error("it has taken one slice only, which shows nothing")
	}
	return at.cut
}

// ledgerState is the ledger at one moment.
type ledgerState struct {
	*stage
	steady func(name string) bool

	slices   map[string]*v1alpha1.SeatSlice
	capacity map[int64]int32 // in force when the turn was taken
	turn     v1alpha1.LedgerTurn
	granted  []string // in this turn
	cut      int
}

func (s *ledgerState) pool(p *v1alpha1.SeatPool) {
	s.Helper()
	turn := turnOf(p)
	if turn.Turn == s.turn.Turn {
		return
	}
	s.endTurn()
	s.turn, s.granted = turn, nil
	s.capacity[turn.Turn] = ptr.Deref(p.Spec.Included, 0) + ptr.Deref(p.Spec.Seats, 0)
}

func (s *ledgerState) slice(now *v1alpha1.SeatSlice) {
	s.Helper()
	before := map[types.UID]bool{}
	if was := s.slices[now.Name]; was != nil {
		for _, a := range was.Assignments {
			before[a.UID] = true
		}
	}
	s.slices[now.Name] = now
	capacity, known := s.capacity[now.Turn]
	if !known || *now.Capacity != capacity {
		s.Errorf("%s is written in turn %d for %d seats, which was taken (%t) for %d", now.Name, now.Turn, *now.Capacity, known, capacity)
	}
	given := false
	for _, a := range now.Assignments {
		if before[a.UID] {
			continue
		}
		given = true
		s.granted = append(s.granted, a.User)
		if *a.Seat >= capacity {
			s.Errorf("turn %d gives %s seat %d of %d", now.Turn, a.User, *a.Seat, capacity)
		}
	}
	if held := s.held(); given && int32(len(held)) > capacity {
		s.Errorf("in turn %d, %d of %d seats are held", now.Turn, len(held), capacity)
	}
}

// held are the holders of all seats.
func (s *ledgerState) held() map[string]bool {
	s.Helper()
	held, people := map[string]bool{}, map[types.UID]bool{}
	for _, slice := range s.slices {
		for _, a := range slice.Assignments {
			if people[a.UID] {
				s.Errorf("%s holds two seats in turn %d", a.User, s.turn.Turn)
			}
			held[a.User], people[a.UID] = true, true
		}
	}
	return held
}

// endTurn looks at how a turn has ended.
func (s *ledgerState) endTurn() {
	s.Helper()
	for _, number := range s.turn.Slices {
		if slice := s.slices["standard-"+strconv.Itoa(int(number))]; slice == nil || slice.Turn != s.turn.Turn {
			s.cut++
			return // whoever was to be given a seat in the rest has to be decided upon again
		}
	}
	if len(s.granted) == 0 {
		return
	}
	held, last := s.held(), slices.Max(s.granted)
	for n := 0; ; n++ {
		name := fmt.Sprintf("u%03d", n)
		if name >= last {
			return
		}
		if s.steady(name) && !held[name] {
			s.Errorf("turn %d gives %s a seat, and leaves %s behind, who came first", s.turn.Turn, last, name)
		}
	}
}
