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

	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/seats"
)

// This is a model of the turns that the package comment describes. Managers give and free the seats of one pool, in
// the steps of the seatpool controller, through an API server that does one thing at a time. A schedule is a random
// interleaving of single requests, with all that can go wrong in between: caches that lag or go back, managers that
// die, requests that arrive late or never, answers that are lost. What must hold is checked after every request.

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
	people []seats.Person
}

// pool is the SeatPool: version stands for its resource version.
type pool struct {
	version  int
	capacity int32
	turn     seats.Turn
	assigned int32
	queue    []string
}

func (p *pool) differs(from *pool) bool {
	return p.turn.Number != from.turn.Number || p.assigned != from.assigned || !slices.Equal(p.queue, from.queue)
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

func (s *state) person(name string) (seats.Person, bool) {
	at := slices.IndexFunc(s.people, func(p seats.Person) bool { return p.Name == name })
	if at < 0 {
		return seats.Person{}, false
	}
	return s.people[at], true
}

// server is the API server, and the judge.
type server struct {
	states []*state
	views  views
	now    time.Time

	// capacities are those in force when each turn was taken.
	capacities map[int64]int32
	// held counts the seats of each user, all of them together in assigned.
	held     map[types.UID]int
	assigned int32
	// grantedOn is the state of the people on which the latest grant to a user rested, and freedAt the last state
	// in which the user had no business in the pool.
	grantedOn, freedAt map[types.UID]int
}

func (s *server) latest() *state { return s.states[len(s.states)-1] }

func (s *server) write(next state) { s.states = append(s.states, &next) }

var errConflict = errors.New("conflict")

// writePool is a patch of the pool's status that fails unless it rests on the latest version.
func (s *server) writePool(have *pool, want pool, unconditionally bool) error {
	next := *s.latest()
	if next.pool.version != have.version && !unconditionally {
		return errConflict
	}
	want.version, want.capacity = len(s.states), next.pool.capacity
	if want.turn.Number != next.pool.turn.Number {
		s.capacities[want.turn.Number] = want.capacity
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
		if freed, ever := s.lastFreed(seat.UID); !ever || s.views == aligned && freed < s.grantedOn[seat.UID] {
			return violated("%s lost seat %d, and had business in the pool all along", seat.User, seat.Number)
		}
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
		capacity = s.latest().pool.capacity
	}
	if len(gained) > 0 && s.assigned > capacity {
		return violated("a grant in slice %d, of turn %d, makes it %d seats of %d", is.Number, is.Turn, s.assigned, capacity)
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
	// poolAt, slicesAt and peopleAt are the states that its caches show.
	poolAt, slicesAt, peopleAt int
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
		Now: m.server.now, Capacity: have.capacity, Ledger: view.ledger(),
		People: m.server.states[m.peopleAt].people, Gone: map[types.UID]bool{},
	}
	rests := m.peopleAt
	for _, seat := range seats.Strangers(withoutCrowd(s.Ledger), s.People) {
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
	writes, ok := m.decide(s, &want)
	if !ok {
		return
	}
	if want.differs(have) && m.sabotage != takeNoTurn {
		if send(m.persist(have, want)) != nil {
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

// decide is decide of the seatpool controller; false when it leaves an unfinished turn to its writer for a moment.
func (m *manager) decide(s seats.Situation, want *pool) ([]seats.Slice, bool) {
	take := func(writes []seats.Slice) {
		turn := seats.Turn{Number: want.turn.Number + 1}
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
	plan := seats.Next(s)
	writes := plan.Writes
	for _, slice := range open {
		if !slices.ContainsFunc(writes, func(s seats.Slice) bool { return s.Number == slice.Number }) {
			writes = append(writes, slice)
		}
	}
	if len(writes) > 0 {
		take(writes)
	}
	want.assigned, want.queue = plan.Assigned, plan.Queue
	return writes, true
}

// persist writes the status of the pool, which takes the turn.
func (m *manager) persist(have *pool, want pool) *request {
	return &request{what: fmt.Sprintf("writes the pool, turn %d, queue %v", want.turn.Number, want.queue), do: func() error {
		m.wrote = true
		if m.sabotage == oldCapacity {
			have = m.server.latest().pool
			want.turn.Number = have.turn.Number + 1
		}
		return m.server.writePool(have, want, m.sabotage == stealTurn)
	}}
}

// world is everything that takes part in a schedule.
type world struct {
	server   *server
	managers []*manager
	// late are requests whose sender no longer waits for an answer.
	late     []*request
	sabotage sabotage
	roll     dice
	logf     func(string, ...any)
	// impatient managers fence an unfinished turn at once.
	impatient bool
	users     int
}

// newWorld sets up a pool in which few seats are free, in several slices: most are held by a crowd that stays.
func newWorld(how views, broken sabotage, roll dice, logf func(string, ...any)) *world {
	w := &world{sabotage: broken, roll: roll, logf: logf, server: &server{
		views: how, now: now,
		capacities: map[int64]int32{}, held: map[types.UID]int{},
		grantedOn: map[types.UID]int{}, freedAt: map[types.UID]int{},
	}}
	full := 1 + roll(4)/3
	first := state{pool: &pool{capacity: int32(full*seats.PerSlice + roll(4) - 1), turn: seats.Turn{Number: 1}}}
	for number := range full {
		slice := crowds[number][roll(len(crowds[number]))]
		first.slices[number] = &sliceObject{Slice: slice}
		w.server.assigned += int32(len(slice.Seats))
		for _, seat := range slice.Seats {
			w.server.held[seat.UID] = 1
		}
		first.pool.turn.Slices = append(first.pool.turn.Slices, int32(number))
	}
	w.server.capacities[1] = first.pool.capacity
	w.server.write(first)
	for i := range 2 + roll(3) {
		first.people = append(slices.Clone(first.people), w.newcomer(userNames[i]))
		w.server.write(first)
	}
	for i := range 2 + roll(4)/3 {
		w.managers = append(w.managers, &manager{world: w, name: "manager " + strconv.Itoa(i)})
	}
	return w
}

var userNames = []string{"ann", "bob", "cid", "dan", "eve", "fay"}

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

// newcomer is a user who was never there before.
func (w *world) newcomer(name string) seats.Person {
	w.users++
	return seats.Person{
		Name: name, UID: types.UID(name + "-" + strconv.Itoa(w.users)), Standing: seats.Claims,
		Created: before.Add(time.Duration(w.users) * time.Second), Owner: name == "fay",
	}
}

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
	switch roll := w.roll(32); {
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
	case roll < 26:
		next := *w.server.latest()
		p := *next.pool
		p.version, p.capacity = len(w.server.states), max(0, p.capacity+int32(w.roll(7))-3)
		next.pool = &p
		w.server.write(next)
		w.logf("the pool has %d seats", p.capacity)
	default:
		w.change()
	}
	return nil
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
	last := len(w.server.states) - 1
	on := func(at int) int {
		if w.roll(2) == 0 {
			return last
		}
		return at + w.roll(last-at+1)
	}
	m.poolAt = on(m.poolAt)
	if m.slicesAt, m.peopleAt = m.poolAt, m.poolAt; w.server.views == apart {
		m.slicesAt, m.peopleAt = on(m.slicesAt), on(m.peopleAt)
	}
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
	at := slices.IndexFunc(next.people, func(p seats.Person) bool { return p.Name == name })
	people := slices.Clone(next.people)
	how := w.roll(4)
	switch {
	case at < 0:
		people = append(people, w.newcomer(name))
	case how == 3:
		people = slices.Delete(people, at, at+1)
	default:
		if people[at].Standing == seats.Frees {
			w.server.freedAt[people[at].UID] = len(w.server.states) - 1
		}
		people[at].Standing = []seats.Standing{seats.Claims, seats.Keeps, seats.Frees}[how]
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
	for _, seat := range seats.Strangers(withoutCrowd(is.ledger()), is.people) {
		gone[seat.UID] = true
	}
	plan := seats.Next(seats.Situation{Now: now, Capacity: is.pool.capacity, Ledger: is.ledger(), People: is.people, Gone: gone})
	switch open := seats.Unfinished(is.pool.turn, is.ledger()); {
	case len(open) > 0:
		return violated("turn %d is still open: %v", is.pool.turn.Number, open)
	case len(plan.Writes) > 0 || plan.More:
		return violated("settled, but there is more to do: %v", plan)
	case plan.Assigned != is.pool.assigned || !slices.Equal(plan.Queue, is.pool.queue):
		return violated("the pool says %d seats are held and %v wait, truth is %d and %v",
			is.pool.assigned, is.pool.queue, plan.Assigned, plan.Queue)
	}
	// In words of its own, apart from Next: who claims has a seat, as far as there are seats, the first first.
	var waiting []seats.Person
	for _, p := range is.people {
		holds := w.server.held[p.UID] > 0
		if holds && p.Standing == seats.Frees {
			return violated("%s still has a seat", p.Name)
		}
		if !holds && p.Standing == seats.Claims {
			waiting = append(waiting, p)
		}
	}
	if len(waiting) > 0 && w.server.assigned < is.pool.capacity {
		return violated("%v wait, and %d of %d seats are held", waiting, w.server.assigned, is.pool.capacity)
	}
	return nil
}

const (
	schedules = 10_000
	moments   = 30
)

func TestTurnsHold(t *testing.T) {
	all := []views{aligned, apart}
	setChecks(t, schedules/len(all))
	for _, how := range all {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				roll := drawn(t)
				w := newWorld(how, none, roll, t.Logf)
				if err := w.run(moments + roll(moments)); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
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
	} {
		t.Run(string(broken), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(schedules) {
				random := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(apart, broken, random.IntN, func(string, ...any) {})
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
