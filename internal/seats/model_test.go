// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// This is a model of the turns that the package comment describes. Managers give and free the seats of one pool, in
// the steps of the seatpool controller, through an API server that does one thing at a time. A schedule is a random
// interleaving of single requests, with all that can go wrong in between: caches that lag or go back, managers that
// die, requests that arrive late or never, answers that are lost. What must hold is checked after every request.
//
// Revokers do what the user controller does: they acknowledge that a seat was withdrawn, and revoke what came with it;
// and give it back when the seat is no longer withdrawn. They too have caches that lag.
//
// The capacity is what pricing makes of the pool: seats are ordered, approved, given back, and expire. Whoever takes a
// turn records in the same write how many are bought, so the capacity in force for a turn follows from the pool as
// that write left it. It depends on the time as well, and managers have clocks of their own, each up to skew from the
// truth. So what holds is this: no grant of a turn makes it more seats than the pool has by the clock of the manager
// that took the turn, as it was when the pass began. By the true time, seats that expire may be granted by passes that
// begin up to skew after their end, and by no other.
//
// What holds for a seat that is withdrawn: as long as its holder claims it without a break, it becomes free only at a
// moment at which the holder's latest status acknowledges this withdrawal, and hence says that there is no access. A
// view of the past cannot free it, since an acknowledgement is taken back only after the mark is gone from the slice,
// which leaves a write that rests on the mark with a conflict. Who had no business in the pool in the meantime, having
// left and come back, may lose the seat by a view of that time, as without withdrawals.

// sabotage is a way of breaking the protocol, to see that the model finds out.
type sabotage string

const (
	none           sabotage = ""
	skipUnfinished sabotage = "plan although the last turn is not over"
	takeNoTurn     sabotage = "write slices without taking a turn"
	stealTurn      sabotage = "take the turn without compare-and-swap"
	ignoreVersions sabotage = "write slices without compare-and-swap"
	fenceAndPlan   sabotage = "fence and plan in one turn"
	fenceInName    sabotage = "fence without writing the slices"
	oldCapacity    sabotage = "take the turn on a pool read anew, for what was planned before"
	doubtNobody    sabotage = "free the seats of whom the cache does not show"
	askNobody      sabotage = "free withdrawn seats without an acknowledgement"
	anyTurn        sabotage = "free withdrawn seats for the acknowledgement of any turn"
	oldSlice       sabotage = "take back an acknowledgement on a slice that is older"
	forgetMark     sabotage = "take back the acknowledgement of a seat that is free"
	ignoreUser     sabotage = "write acknowledgements without compare-and-swap"
)

// views says what the caches of a manager have to do with each other.
type views string

const (
	// aligned caches show everything as it was at one moment.
	aligned views = "aligned"
	// apart, as they are in truth, each shows its kind as it was at a moment of its own.
	apart views = "apart"
)

// dice makes the choices of a schedule: a number below n.
type dice func(n int) int

const slicesOfModel = 4

// state is all that the API server holds. A state never changes: a write makes the next one.
type state struct {
	pool   *pool
	slices [slicesOfModel]*sliceObject
	people []person
}

// person is a User: version stands for its resource version. Revoked is on record in the status, as access is.
type person struct {
	seats.Person
	version int
	// access says that the status grants what comes with the seat.
	access bool
}

// known are the people as managers see them.
func (s *state) known() []seats.Person {
	all := make([]seats.Person, len(s.people))
	for i := range s.people {
		all[i] = s.people[i].Person
	}
	return all
}

// pool is the SeatPool: version stands for its resource version.
type pool struct {
	version int
	declared
	// bought is the number of seats that orders have brought, which a manager records.
	bought   int32
	turn     seats.Turn
	assigned int32
	queue    []string
}

// declared is what people say of the pool.
type declared struct {
	included, wanted int32
	generation       int64
	// approval says that orders need one, approved which generation has it.
	approval bool
	approved int64
	// expires is when the bought seats end; zero when they do not.
	expires time.Time
	suspend bool
}

// order is what pricing makes of the pool at a time.
func (p *pool) order(now time.Time) pricing.Decision {
	spec := v1alpha1.SeatPoolSpec{Included: &p.included, Seats: &p.wanted}
	if p.approval {
		spec.Purchase.Approval = v1alpha1.ApprovalRequired
	}
	if !p.expires.IsZero() {
		spec.ExpiresAt = &metav1.Time{Time: p.expires}
	}
	return pricing.Decide(pricing.Situation{
		Now: now, Spec: &spec, Generation: p.generation, Approved: strconv.FormatInt(p.approved, 10), Bought: &p.bought,
	})
}

func (p *pool) differs(from *pool) bool {
	return p.turn.Number != from.turn.Number || p.bought != from.bought || p.assigned != from.assigned || !slices.Equal(p.queue, from.queue)
}

type sliceObject struct {
	version int
	seats.Slice
}

func (s *state) ledger() []seats.Slice {
	var all []seats.Slice
	for _, o := range s.slices {
		if o != nil {
			all = append(all, o.Slice)
		}
	}
	return all
}

func (s *state) person(name string) (person, bool) {
	at := slices.IndexFunc(s.people, func(p person) bool { return p.Name == name })
	if at < 0 {
		return person{}, false
	}
	return s.people[at], true
}

// seatOf is the seat that somebody holds, and the turn of the slice that says so.
func (s *state) seatOf(uid types.UID) (seat seats.Seat, turn int64, holds bool) {
	for _, o := range s.slices {
		if o == nil {
			continue
		}
		if at := slices.IndexFunc(o.Seats, func(s seats.Seat) bool { return s.UID == uid }); at >= 0 {
			return o.Seats[at], o.Turn, true
		}
	}
	return seats.Seat{}, 0, false
}

// server is the API server, and the judge.
type server struct {
	states []*state
	views  views
	now    time.Time

	// capacities are those in force when each turn was taken, by the clock of who took it.
	capacities map[int64]int32
	// held counts the seats of each user, all of them together in assigned.
	held     map[types.UID]int
	assigned int32
	// grantedOn is the state of the people on which the latest grant to a user rested, and freedAt the last state
	// in which the user had no business in the pool.
	grantedOn, freedAt map[types.UID]int
	// acknowledged is the latest withdrawal that each user has acknowledged since there last was no business in the pool,
	// and seatedBy the latest turn of a slice in which the user has a seat that is not withdrawn.
	acknowledged, seatedBy map[types.UID]int64
}

func (s *server) latest() *state { return s.states[len(s.states)-1] }

func (s *server) write(next state) { s.states = append(s.states, &next) }

var errConflict = errors.New("conflict")

// writePool is a patch of the pool's status that fails unless it rests on the latest version. It is by a manager in
// whose pass it is now.
func (s *server) writePool(have *pool, want pool, now time.Time, unconditionally bool) error {
	next := *s.latest()
	if next.pool.version != have.version && !unconditionally {
		return errConflict
	}
	want.version, want.declared = len(s.states), next.pool.declared
	if want.turn.Number != next.pool.turn.Number {
		s.capacities[want.turn.Number] = want.order(now).Limit
	}
	if order := next.pool.order(now); want.bought > max(order.Bought, next.pool.bought) && !unconditionally {
		return violated("%d seats are recorded as bought, %d are", want.bought, order.Bought)
	}
	next.pool = &want
	s.write(next)
	return nil
}

// writeSlice creates or updates a slice, which fails unless it rests on the latest version. rests is the state of
// the people that the writer knew.
func (s *server) writeSlice(have *sliceObject, want seats.Slice, rests int, unconditionally bool) error {
	next := *s.latest()
	old := next.slices[want.Number]
	if old != have && !unconditionally {
		return errConflict
	}
	next.slices[want.Number] = &sliceObject{version: len(s.states), Slice: want}
	s.write(next)
	return s.judge(old, want, rests)
}

// writePerson is a patch of a User's status that fails unless it rests on the latest version.
func (s *server) writePerson(have, want person, unconditionally bool) error {
	next := *s.latest()
	at := slices.IndexFunc(next.people, func(p person) bool { return p.UID == have.UID })
	if at < 0 || next.people[at].version != have.version && !unconditionally {
		return errConflict
	}
	if next.people[at].Standing != seats.Leaves {
		want.Standing = next.people[at].Standing // no more than the status is written
	}
	want.version = len(s.states)
	next.people = slices.Clone(next.people)
	next.people[at] = want
	s.write(next)
	s.acknowledged[want.UID] = max(s.acknowledged[want.UID], want.Revoked)
	if want.Standing == seats.Frees {
		delete(s.acknowledged, want.UID)
	}
	if acknowledged := s.acknowledged[want.UID]; want.access && s.seatedBy[want.UID] < acknowledged {
		return violated("%s has access again, which was revoked for the withdrawal of turn %d", want.Name, acknowledged)
	}
	return nil
}

// violation is what must never happen.
type violation struct{ error }

func violated(format string, args ...any) error { return violation{fmt.Errorf(format, args...)} }

// judge compares a slice with what it was.
func (s *server) judge(old *sliceObject, is seats.Slice, rests int) error {
	var was []seats.Seat
	if old != nil {
		was = old.Seats
	}
	for _, seat := range missing(was, is.Seats) {
		s.held[seat.UID]--
		s.assigned--
		if freed, ever := s.lastFreed(seat.UID); ever && (s.views == apart || freed >= s.grantedOn[seat.UID]) {
			continue
		}
		p, _ := s.latest().person(seat.User)
		switch {
		case seat.Withdrawn == 0:
			return violated("%s lost seat %d, and had business in the pool all along", seat.User, seat.Number)
		case p.Revoked != seat.Withdrawn || p.access:
			return violated("%s lost seat %d, withdrawn in turn %d, and acknowledged %d, access %t",
				seat.User, seat.Number, seat.Withdrawn, p.Revoked, p.access)
		}
	}
	for _, seat := range is.Seats {
		if seat.Withdrawn == 0 && !inCrowd(seat.UID) {
			s.seatedBy[seat.UID] = is.Turn
		}
	}
	if err := judgeMarks(was, is); err != nil {
		return err
	}
	gained := missing(is.Seats, was)
	for _, seat := range gained {
		s.held[seat.UID]++
		s.assigned++
		if s.held[seat.UID] > 1 {
			return violated("%s has two seats, one of them %d", seat.User, seat.Number)
		}
		s.grantedOn[seat.UID] = rests
	}
	capacity, known := s.capacities[is.Turn]
	if !known {
		capacity = s.latest().pool.order(s.now).Limit
	}
	if len(gained) > 0 && s.assigned > capacity {
		return violated("a grant in slice %d, of turn %d, makes it %d seats of %d", is.Number, is.Turn, s.assigned, capacity)
	}
	return nil
}

// judgeMarks checks the seats that are withdrawn and were not: the turn that withdraws them is on them, and the owner's
// is never one.
func judgeMarks(was []seats.Seat, is seats.Slice) error {
	for _, seat := range is.Seats {
		if seat.Withdrawn == 0 || slices.Contains(was, seat) {
			continue
		}
		if seat.Withdrawn != is.Turn {
			return violated("seat %d is withdrawn in turn %d, and says %d", seat.Number, is.Turn, seat.Withdrawn)
		}
		if seat.User == ownerName {
			return violated("the owner's seat %d is withdrawn", seat.Number)
		}
	}
	return nil
}

// missing are the seats of a that somebody else or nobody has in b.
func missing(a, b []seats.Seat) []seats.Seat {
	var differ []seats.Seat
	for _, seat := range a {
		for len(b) > 0 && b[0].Number < seat.Number {
			b = b[1:]
		}
		if len(b) == 0 || b[0].Number != seat.Number || b[0].UID != seat.UID {
			differ = append(differ, seat)
		}
	}
	return differ
}

// lastFreed is the latest state in which a user had no business in the pool, or was not there any more.
func (s *server) lastFreed(uid types.UID) (int, bool) {
	for _, p := range s.latest().people {
		if p.UID == uid && p.Standing != seats.Frees {
			at, ever := s.freedAt[uid]
			return at, ever
		}
	}
	return len(s.states), !inCrowd(uid)
}

func inCrowd(uid types.UID) bool { return strings.HasPrefix(string(uid), "uid-of-crowd") }

// withoutCrowd leaves out those who are there, and to save time not among the people.
func withoutCrowd(ledger []seats.Slice) []seats.Slice {
	ledger = slices.Clone(ledger)
	for i, slice := range ledger {
		ledger[i].Seats = nil
		for _, seat := range slice.Seats {
			if !inCrowd(seat.UID) {
				ledger[i].Seats = append(ledger[i].Seats, seat)
			}
		}
	}
	return ledger
}

// request is one request to the API server on its way.
type request struct {
	what string
	do   func() error
	err  error
	done bool
}

// manager runs passes over the pool, one after the other.
type manager struct {
	*world
	name string
	// fast is how far the clock is from the truth.
	fast time.Duration
	// poolAt, slicesAt and peopleAt are the states that its caches show.
	poolAt, slicesAt, peopleAt int
	// book is kept from pass to pass, and told what has changed in noted and known.
	book  *seats.Book
	noted [slicesOfModel]*sliceObject
	known []seats.Person
	// sent are the requests that the pass waits for.
	sent []*request
	next func() ([]*request, bool)
	stop func()
	// wrote says that the latest pass wrote something, quit that it gave up on an unfinished turn.
	wrote bool
}

var errLost = errors.New("no answer")

// start starts a pass.
func (m *manager) start() {
	m.next, m.stop = iter.Pull(m.pass)
	m.resume()
}

// resume takes a pass up to its next requests, or to its end.
func (m *manager) resume() {
	sent, going := m.next()
	m.sent = sent
	if !going {
		m.crash()
	}
}

// crash ends a pass. What was sent may still arrive.
func (m *manager) crash() {
	if m.stop != nil {
		m.stop()
	}
	for _, r := range m.sent {
		if !r.done {
			m.late = append(m.late, r)
		}
	}
	m.sent, m.next, m.stop = nil, nil, nil
}

func (m *manager) running() bool { return m.next != nil }

// awaited is one of the requests that the pass waits for.
func (m *manager) awaited() *request {
	open := slices.DeleteFunc(slices.Clone(m.sent), func(r *request) bool { return r.done })
	return open[m.roll(len(open))]
}

// answer does a request that was sent, and takes the pass on when it has every answer that it needs. A failure ends
// the wait: the other requests are cut off, which does not keep them from arriving.
func (m *manager) answer(r *request, lost bool) error {
	err := r.do()
	if violated := (violation{}); errors.As(err, &violated) {
		return err
	}
	r.err, r.done = err, true
	if lost {
		r.err = errLost
	}
	m.logf("%s: %s: %v", m.name, r.what, r.err)
	waiting := slices.ContainsFunc(m.sent, func(r *request) bool { return !r.done })
	if r.err == nil && waiting {
		return nil
	}
	for _, other := range m.sent {
		if !other.done {
			m.late = append(m.late, other)
			other.err = errLost
		}
	}
	m.resume()
	return nil
}

// pass is Reconcile of the seatpool controller.
func (m *manager) pass(yield func([]*request) bool) {
	m.wrote = false
	send := func(requests ...*request) error {
		if !yield(requests) {
			return errLost
		}
		for _, r := range requests {
			if r.err != nil {
				return r.err
			}
		}
		return nil
	}
	have := m.server.states[m.poolAt].pool
	view := m.server.states[m.slicesAt]
	if len(seats.Unfinished(have.turn, view.ledger())) > 0 && m.sabotage != skipUnfinished {
		if send(&request{what: "reads the slices", do: func() error { view = m.server.latest(); return nil }}) != nil {
			return
		}
	}
	s := seats.Situation{
		Now: m.server.now.Add(m.fast), Suspend: have.suspend, Minimums: m.minimums, Ledger: view.ledger(),
		People: m.server.states[m.peopleAt].known(), Gone: map[types.UID]bool{},
	}
	order := have.order(s.Now)
	s.Turn, s.Capacity = seats.NextTurn(have.turn, s.Ledger), order.Limit
	m.mishear(s.People, view)
	m.note(view, s.People)
	rests := m.peopleAt
	for _, seat := range m.book.Strangers() {
		if m.sabotage == doubtNobody {
			s.Gone[seat.UID] = true
			continue
		}
		if send(&request{what: "looks for " + seat.User, do: func() error {
			p, found := m.server.latest().person(seat.User)
			s.Gone[seat.UID] = !found || p.UID != seat.UID
			return nil
		}}) != nil {
			return
		}
	}

	want := *have
	writes, ok := m.decide(s, order, &want)
	if !ok {
		return
	}
	if want.differs(have) && m.sabotage != takeNoTurn {
		if send(m.persist(have, want, s.Now)) != nil {
			return
		}
	}
	if m.sabotage == fenceInName && len(seats.Unfinished(have.turn, s.Ledger)) > 0 {
		writes = nil
	}
	var sent []*request
	for _, slice := range writes {
		slice.Turn = want.turn.Number
		old := view.slices[slice.Number]
		sent = append(sent, &request{
			what: fmt.Sprintf("writes slice %d of turn %d", slice.Number, slice.Turn),
			do: func() error {
				m.wrote = true
				return m.server.writeSlice(old, slice, rests, m.sabotage == ignoreVersions)
			},
		})
	}
	if len(sent) > 0 {
		_ = send(sent...)
	}
}

// mishear makes acknowledgements of what is none, when the protocol is broken.
func (m *manager) mishear(people []seats.Person, view *state) {
	for i := range people {
		p := &people[i]
		if m.sabotage == askNobody || m.sabotage == anyTurn && p.Revoked != 0 {
			seat, _, _ := view.seatOf(p.UID)
			p.Revoked = seat.Withdrawn
		}
	}
}

// decide is decide of the seatpool controller; false when it leaves an unfinished turn to its writer for a moment.
func (m *manager) decide(s seats.Situation, order pricing.Decision, want *pool) ([]seats.Slice, bool) {
	take := func(writes []seats.Slice) {
		turn := seats.Turn{Number: s.Turn}
		for _, slice := range writes {
			turn.Slices = append(turn.Slices, slice.Number)
		}
		want.turn = turn
	}
	open := seats.Unfinished(want.turn, s.Ledger)
	if m.sabotage == skipUnfinished {
		open = nil
	}
	if len(open) > 0 && m.sabotage != fenceAndPlan {
		if !m.impatient && m.roll(2) == 0 {
			return nil, false
		}
		take(open)
		return open, true
	}
	plan := m.plan(s)
	writes := plan.Writes
	for _, slice := range open {
		if !slices.ContainsFunc(writes, func(s seats.Slice) bool { return s.Number == slice.Number }) {
			writes = append(writes, slice)
		}
	}
	if len(writes) > 0 {
		take(writes)
	}
	want.bought, want.assigned, want.queue = order.Bought, plan.Assigned, plan.Queue
	return writes, true
}

// note brings the book to what a pass sees.
func (m *manager) note(view *state, people []seats.Person) {
	if m.book == nil {
		m.book = seats.NewBook(crowdPeople, nil)
	}
	for number, is := range view.slices {
		switch was := m.noted[number]; {
		case is == was:
		case is == nil:
			m.book.RemoveSlice(int32(number))
		default:
			m.book.SetSlice(is.Slice)
		}
	}
	for _, was := range m.known {
		if !slices.ContainsFunc(people, func(p seats.Person) bool { return p.UID == was.UID }) {
			m.book.RemovePerson(was.UID)
		}
	}
	for _, p := range people {
		m.book.SetPerson(p)
	}
	m.noted, m.known = view.slices, people
}

// plan decides by the book.
func (m *manager) plan(s seats.Situation) seats.Plan {
	for uid, gone := range s.Gone {
		if gone {
			m.book.SetPerson(seats.Person{UID: uid, Standing: seats.Frees})
			defer m.book.RemovePerson(uid)
		}
	}
	return m.book.Next(seats.Terms{
		Now: s.Now, Turn: s.Turn, Capacity: s.Capacity, Suspend: s.Suspend, Minimums: s.Minimums, Listed: len(s.People),
	})
}

// persist writes the status of the pool, which takes the turn.
func (m *manager) persist(have *pool, want pool, now time.Time) *request {
	return &request{what: fmt.Sprintf("writes the pool, turn %d, queue %v", want.turn.Number, want.queue), do: func() error {
		m.wrote = true
		if m.sabotage == oldCapacity {
			have = m.server.latest().pool
			want.turn.Number = have.turn.Number + 1
		}
		return m.server.writePool(have, want, now, m.sabotage == stealTurn || m.sabotage == oldCapacity)
	}}
}

// revoker is a user controller, as far as withdrawn seats matter to it.
type revoker struct {
	*world
	name string
	// slicesAt and peopleAt are the states that its caches show.
	slicesAt, peopleAt int
}

// pass is Reconcile of the user controller for one person: the write that it asks for, nil when there is none.
func (r *revoker) pass(have person) *request {
	want := r.revise(have, r.server.states[r.slicesAt])
	if want.Standing == have.Standing && want.Revoked == have.Revoked && want.access == have.access {
		return nil
	}
	return &request{
		what: fmt.Sprintf("%s: writes that %s has access %t and acknowledges %d, standing %d", r.name, have.Name, want.access, want.Revoked, want.Standing),
		do:   func() error { return r.server.writePerson(have, want, r.sabotage == ignoreUser) },
	}
}

// revise brings the status of a person to what it is to be. What it says of seats, membership.Next does.
func (r *revoker) revise(p person, view *state) person {
	switch p.Standing {
	case seats.Keeps:
		return p // nothing is decided for whom the declaration makes no sense
	case seats.Leaves:
		p.Standing, p.Revoked, p.access = seats.Frees, 0, false
		return p
	case seats.Frees:
		p.Revoked = 0
	case seats.Claims:
	}
	seat, turn, holds := view.seatOf(p.UID)
	p.access = false
	switch {
	case !holds:
		if r.sabotage == forgetMark {
			p.Revoked = 0
		}
	case seat.Withdrawn != 0:
		p.Revoked = max(p.Revoked, seat.Withdrawn)
	case turn >= p.Revoked || r.sabotage == oldSlice:
		p.Revoked, p.access = 0, p.Standing == seats.Claims
	}
	return p
}

// world is everything that takes part in a schedule.
type world struct {
	server   *server
	managers []*manager
	revokers []*revoker
	// late are requests whose sender no longer waits for an answer.
	late     []*request
	sabotage sabotage
	roll     dice
	logf     func(string, ...any)
	// impatient managers fence an unfinished turn at once.
	impatient bool
	users     int
	// withdraws says that the pool withdraws seats, most of the time.
	withdraws bool
	// minimums are those of the roles.
	minimums map[string]int32
}

// newWorld sets up a pool in which few seats are free, in several slices: most are held by a crowd that stays.
func newWorld(how views, withdraws bool, broken sabotage, roll dice, logf func(string, ...any)) *world {
	w := &world{withdraws: withdraws, sabotage: broken, roll: roll, logf: logf, minimums: map[string]int32{"admin": int32(roll(3))}, server: &server{
		views: how, now: now,
		capacities: map[int64]int32{}, held: map[types.UID]int{},
		grantedOn: map[types.UID]int{}, freedAt: map[types.UID]int{},
		acknowledged: map[types.UID]int64{}, seatedBy: map[types.UID]int64{},
	}}
	full := 1 + roll(4)/3
	bought := int32(roll(4))
	first := state{pool: &pool{
		bought: bought, turn: seats.Turn{Number: 1},
		declared: declared{
			included: int32(full*seats.PerSlice+roll(4)-1) - bought, wanted: bought, suspend: withdraws, approval: roll(2) == 0,
		},
	}}
	for number := range full {
		slice := crowds[number][roll(len(crowds[number]))]
		first.slices[number] = &sliceObject{Slice: slice}
		w.server.assigned += int32(len(slice.Seats))
		for _, seat := range slice.Seats {
			w.server.held[seat.UID] = 1
		}
		first.pool.turn.Slices = append(first.pool.turn.Slices, int32(number))
	}
	w.server.capacities[1] = first.pool.order(now).Limit
	w.server.write(first)
	for i := range 2 + roll(3) {
		first.people = append(slices.Clone(first.people), w.newcomer(userNames[i]))
		w.server.write(first)
	}
	for i := range 2 + roll(4)/3 {
		fast := time.Duration(roll(3)-1) * skew
		w.managers = append(w.managers, &manager{world: w, name: "manager " + strconv.Itoa(i), fast: fast})
	}
	for i := range 2 {
		w.revokers = append(w.revokers, &revoker{world: w, name: "revoker " + strconv.Itoa(i)})
	}
	return w
}

var userNames = []string{"ann", "bob", "cid", "dan", "eve", ownerName}

const (
	ownerName = "fay"
	// skew is how far from the truth clocks are at most.
	skew = 2 * time.Second
)

// crowds are slices in which one to three seats are free, by number.
var crowds = func() (all [2][3]seats.Slice) {
	for number := range all {
		for i := range all[number] {
			first := int32(number * seats.PerSlice)
			held := crowd(first, first+seats.PerSlice-1)
			held = slices.Delete(held, 60-i, 61)
			all[number][i] = slice(int32(number), 1, held...)
		}
	}
	return all
}()

// crowdPeople are those who make a crowd: they keep what they have.
var crowdPeople = func() (all []seats.Person) {
	for i := range crowds {
		for _, seat := range crowd(int32(i*seats.PerSlice), int32((i+1)*seats.PerSlice-1)) {
			all = append(all, seats.Person{Name: seat.User, UID: seat.UID, Created: before, Standing: seats.Keeps})
		}
	}
	return all
}()

// newcomer is a user who was never there before.
func (w *world) newcomer(name string) person {
	w.users++
	p := person{version: len(w.server.states), Person: seats.Person{
		Name: name, UID: types.UID(name + "-" + strconv.Itoa(w.users)), Standing: seats.Claims,
		Created: before.Add(time.Duration(w.users) * time.Second), Owner: name == ownerName,
	}}
	if w.users%2 == 1 {
		p.Roles = admin
	}
	return p
}

var admin = []string{"admin"}

// run plays a schedule of so many moments, and then what follows when nothing more happens.
func (w *world) run(moments int) error {
	defer func() {
		for _, m := range w.managers {
			m.crash()
		}
	}()
	for range moments {
		if err := w.happen(); err != nil {
			return err
		}
	}
	return w.settle()
}

// happen lets one thing happen.
func (w *world) happen() error {
	m := w.managers[w.roll(len(w.managers))]
	things := 34
	if w.withdraws {
		things = 50
	}
	switch roll := w.roll(things); {
	case roll >= 46:
		w.declare()
	case roll >= 32:
		return w.revise()
	case roll < 16:
		for range 1 + w.roll(5) {
			if err := w.step(m); err != nil {
				return err
			}
		}
	case roll < 18:
		w.lookOn(m)
	case roll < 19 && m.running():
		w.logf("%s dies", m.name)
		m.crash()
		w.lookBack(m)
	case roll < 21 && len(m.sent) > 0:
		return m.answer(m.awaited(), true)
	case roll < 24 && len(w.late) > 0:
		at := w.roll(len(w.late))
		r := w.late[at]
		w.late = slices.Delete(w.late, at, at+1)
		return w.arrive(r)
	case roll < 25:
		w.server.now = w.server.now.Add(time.Duration(1+w.roll(3)) * time.Second)
		w.logf("it is %v", w.server.now.Sub(now))
	case roll < 27:
		w.declare()
	case roll < 29 || !w.withdraws:
		w.change()
	default:
		return w.revise()
	}
	return nil
}

// revise lets a revoker look at somebody. What it writes may take a while to arrive.
func (w *world) revise() error {
	r := w.revokers[w.roll(len(w.revokers))]
	if w.roll(4) > 0 {
		r.peopleAt = w.later(r.peopleAt)
		r.slicesAt = w.later(r.slicesAt)
	} else if w.roll(8) == 0 { // a restart
		r.peopleAt, r.slicesAt = w.roll(len(w.server.states)), w.roll(len(w.server.states))
	}
	people, is := w.server.states[r.peopleAt].people, w.server.latest()
	concerned := slices.DeleteFunc(slices.Clone(people), func(p person) bool {
		seat, _, _ := is.seatOf(p.UID)
		return p.Revoked == 0 && seat.Withdrawn == 0
	})
	if len(concerned) > 0 && w.roll(4) > 0 {
		people = concerned
	}
	if len(people) == 0 {
		return nil
	}
	writes := r.pass(people[w.roll(len(people))])
	switch {
	case writes == nil:
	case w.roll(4) == 0:
		w.late = append(w.late, writes)
	default:
		return w.arrive(writes)
	}
	return nil
}

// declare makes the pool another.
func (w *world) declare() {
	next := *w.server.latest()
	p := *next.pool
	p.version = len(w.server.states)
	p.generation++
	how := w.roll(8)
	if how == 7 && !w.withdraws {
		how = 0
	}
	switch how {
	case 0, 1:
		p.included = max(0, p.included+int32(w.roll(7))-3)
	case 2, 3, 4:
		p.wanted = max(0, p.wanted+int32(w.roll(7))-3)
	case 5:
		p.generation--
		p.approved = p.generation
	case 6:
		if p.expires = w.server.now.Add(time.Duration(w.roll(6)-1) * time.Second); w.roll(4) == 0 {
			p.expires = time.Time{}
		}
	default:
		p.suspend = !p.suspend
	}
	next.pool = &p
	w.server.write(next)
	w.logf("the pool is %+v", p.declared)
}

// arrive does a request whose sender does not wait for it.
func (w *world) arrive(r *request) error {
	err := r.do()
	w.logf("late: %s: %v", r.what, err)
	if violated := (violation{}); errors.As(err, &violated) {
		return err
	}
	return nil
}

// step lets a manager go on: with the answer to a request, or with a new pass.
func (w *world) step(m *manager) error {
	if m.running() {
		return m.answer(m.awaited(), false)
	}
	if w.roll(4) > 0 {
		w.lookOn(m)
	}
	m.start()
	return nil
}

// lookOn brings caches forward, often up to the present.
func (w *world) lookOn(m *manager) {
	m.poolAt = w.later(m.poolAt)
	if m.slicesAt, m.peopleAt = m.poolAt, m.poolAt; w.server.views == apart {
		m.slicesAt, m.peopleAt = w.later(m.slicesAt), w.later(m.peopleAt)
	}
}

// later is a state that a cache may show after it has shown another.
func (w *world) later(at int) int {
	last := len(w.server.states) - 1
	if w.roll(2) == 0 {
		return last
	}
	return at + w.roll(last-at+1)
}

// lookBack makes caches anew after a restart. They may show an older state than those before.
func (w *world) lookBack(m *manager) {
	m.poolAt = w.roll(len(w.server.states))
	if m.slicesAt, m.peopleAt = m.poolAt, m.poolAt; w.server.views == apart {
		m.slicesAt, m.peopleAt = w.roll(len(w.server.states)), w.roll(len(w.server.states))
	}
}

// change makes somebody come, go, or be something else to the pool.
func (w *world) change() {
	next := *w.server.latest()
	name := userNames[w.roll(len(userNames))]
	at := slices.IndexFunc(next.people, func(p person) bool { return p.Name == name })
	people := slices.Clone(next.people)
	how := w.roll(6)
	switch {
	case at < 0:
		people = append(people, w.newcomer(name))
	case how == 5:
		people = slices.Delete(people, at, at+1)
	default:
		if people[at].Standing == seats.Frees {
			w.server.freedAt[people[at].UID] = len(w.server.states) - 1
		}
		people[at].Standing = []seats.Standing{seats.Claims, seats.Claims, seats.Keeps, seats.Leaves, seats.Frees}[how]
		people[at].version = len(w.server.states)
	}
	next.people = people
	w.server.write(next)
	w.logf("%s changes: %v", name, people)
}

// settle is what follows when nothing more happens but what is under way, with nobody to disturb it.
func (w *world) settle() error {
	for _, r := range w.late {
		if w.roll(2) == 0 {
			if err := w.arrive(r); err != nil {
				return err
			}
		}
	}
	w.impatient, w.late = true, nil
	if end := w.server.latest().pool.expires; !end.IsZero() && w.server.now.Sub(end).Abs() <= skew {
		w.server.now = end.Add(2 * skew) // until then, clocks do not agree
	}
	const enough = 40
	for range enough {
		quiet := true
		for _, m := range w.managers {
			for m.running() {
				if err := m.answer(m.awaited(), false); err != nil {
					return err
				}
			}
			last := len(w.server.states) - 1
			m.poolAt, m.slicesAt, m.peopleAt = last, last, last
			m.start()
			for m.running() {
				if err := m.answer(m.awaited(), false); err != nil {
					return err
				}
			}
			quiet = quiet && !m.wrote
		}
		for _, r := range w.revokers {
			r.slicesAt = len(w.server.states) - 1
			for _, p := range w.server.latest().people {
				if writes := r.pass(p); writes != nil {
					quiet = false
					if err := w.arrive(writes); err != nil {
						return err
					}
				}
			}
		}
		if quiet {
			return w.settled()
		}
	}
	return violated("still writing after %d rounds", enough)
}

// settled compares what there is with what should be.
func (w *world) settled() error {
	is := w.server.latest()
	gone := map[types.UID]bool{}
	for _, seat := range seats.Strangers(withoutCrowd(is.ledger()), is.known()) {
		gone[seat.UID] = true
	}
	capacity := is.pool.order(w.server.now).Limit
	plan := seats.Next(seats.Situation{
		Now: now, Turn: seats.NextTurn(is.pool.turn, is.ledger()), Capacity: capacity, Suspend: is.pool.suspend, Minimums: w.minimums,
		Ledger: is.ledger(), People: is.known(), Gone: gone,
	})
	switch open := seats.Unfinished(is.pool.turn, is.ledger()); {
	case len(open) > 0:
		return violated("turn %d is still open: %v", is.pool.turn.Number, open)
	case len(plan.Writes) > 0 || plan.More:
		return violated("settled, but there is more to do: %v", plan)
	case plan.Assigned != is.pool.assigned || !slices.Equal(plan.Queue, is.pool.queue):
		return violated("the pool says %d seats are held and %v wait, truth is %d and %v",
			is.pool.assigned, is.pool.queue, plan.Assigned, plan.Queue)
	}
	return w.just(is, capacity)
}

// just says, in words of its own, who has a seat and what comes with it when all is settled.
func (w *world) just(is *state, capacity int32) error {
	var waiting, candidates []person
	admins := int32(0)
	for _, p := range is.people {
		seat, _, holds := is.seatOf(p.UID)
		switch {
		case holds && seat.Withdrawn != 0:
			return violated("seat %d of %s is still withdrawn", seat.Number, p.Name)
		case holds && p.Standing != seats.Claims && p.Standing != seats.Keeps:
			return violated("%s still has a seat", p.Name)
		case p.Standing != seats.Claims:
		case holds != p.access, holds && p.Revoked != 0:
			return violated("%s has a seat %t, access %t, and acknowledges %d", p.Name, holds, p.access, p.Revoked)
		case !holds:
			waiting = append(waiting, p)
		default:
			candidates = append(candidates, p)
			admins += int32(len(p.Roles))
		}
	}
	// Who claims has a seat, as far as there are seats, and waits in the order of the queue.
	if len(waiting) > 0 && w.server.assigned < capacity {
		return violated("%v wait, and %d of %d seats are held", waiting, w.server.assigned, capacity)
	}
	slices.SortFunc(waiting, func(p, q person) int {
		switch {
		case p.Owner:
			return -1
		case q.Owner:
			return 1
		}
		return p.Created.Compare(q.Created)
	})
	if !slices.EqualFunc(waiting, is.pool.queue, func(p person, name string) bool { return p.Name == name }) {
		return violated("%v wait, in the order %v", waiting, is.pool.queue)
	}
	// Where seats are withdrawn, nobody holds one too many but who is spared.
	for _, p := range candidates {
		spared := p.Owner || len(p.Roles) > 0 && w.minimums["admin"] > 0 && admins <= w.minimums["admin"]
		if is.pool.suspend && w.server.assigned > capacity && !spared {
			return violated("%s has one of %d seats, there are %d", p.Name, w.server.assigned, capacity)
		}
	}
	return nil
}

const (
	schedules = 10_000
	moments   = 30
)

func TestTurnsHold(t *testing.T) {
	all := []views{aligned, apart}
	setChecks(t, schedules/len(all)/2)
	for _, how := range all {
		for shortage, withdraws := range map[string]bool{"nobody loses a seat": false, "seats are withdrawn": true} {
			t.Run(string(how)+", "+shortage, func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(t *rapid.T) {
					roll := drawn(t)
					w := newWorld(how, withdraws, none, roll, t.Logf)
					if err := w.run(moments + roll(moments)); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	}
}

// aboutWithdrawals are the ways of breaking the protocol that do no harm where no seat is withdrawn.
var aboutWithdrawals = map[sabotage]bool{
	askNobody: true, anyTurn: true, oldSlice: true, forgetMark: true, ignoreUser: true,
}

// TestSabotageIsCaught shows that the model would find out if the protocol were broken, and how.
func TestSabotageIsCaught(t *testing.T) {
	t.Parallel()
	for broken, want := range map[sabotage]string{
		skipUnfinished: "two seats",
		takeNoTurn:     "two seats",
		stealTurn:      "two seats",
		ignoreVersions: "two seats",
		fenceAndPlan:   "two seats",
		fenceInName:    "still writing",
		oldCapacity:    "a grant in slice",
		doubtNobody:    "lost seat",
		askNobody:      "withdrawn in turn",
		anyTurn:        "withdrawn in turn",
		oldSlice:       "access again",
		forgetMark:     "access again",
		ignoreUser:     "access again",
	} {
		t.Run(string(broken), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(schedules) {
				random := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(apart, aboutWithdrawals[broken], broken, random.IntN, func(string, ...any) {})
				if err := w.run(2 * moments); err != nil && strings.Contains(err.Error(), want) {
					t.Logf("caught in schedule %d: %v", seed, err)
					return
				}
			}
			t.Errorf("nothing was seen of it in %d schedules", schedules)
		})
	}
}

// drawn makes choices that rapid can minimize. It draws small numbers most of the time, which would make for few kinds
// of schedule: so its draws are scattered. Zero stays zero.
func drawn(t *rapid.T) dice {
	any64 := rapid.Uint64()
	return func(n int) int {
		u := any64.Draw(t, "roll")
		u = (u ^ u>>30) * 0xbf58476d1ce4e5b9
		u = (u ^ u>>27) * 0x94d049bb133111eb
		return int((u ^ u>>31) % uint64(n))
	}
}

// check is rapid.Check with a number of checks of its own.
func check(t *testing.T, checks int, property func(*rapid.T)) {
	t.Helper()
	setChecks(t, checks)
	rapid.Check(t, property)
}

// setChecks sets the number of checks of the test and what runs in it, unless the command line has one. It is one for
// all, so a test that sets it is not parallel to others.
func setChecks(t *testing.T, checks int) {
	t.Helper()
	const name = "rapid.checks"
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	number := flag.Lookup(name).Value
	usual := number.String()
	t.Cleanup(func() { _ = number.Set(usual) })
	if err := number.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
}
