// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

var (
	onlySchedule = flag.Uint64("schedule", 0, "the seed of the only schedule that TestSchedules runs")
	schedules    = flag.Int("schedules", 96, "how many schedules TestSchedules runs, each of another seed in each run")
)

// People do what they like with a pool, in any order, while two operators do passes in any order and at once, caches lag,
// writes fail or are answered never or late, and processes end. After each step what must hold at any moment holds, and
// when all is over, everything is as it should be.
func TestSchedules(t *testing.T) {
	t.Parallel()
	const worlds = 8
	var all sync.WaitGroup
	defer all.Wait()
	for range worlds { // which mostly wait, for the API server and their caches
		all.Go(func() {
			t.Run("", func(t *testing.T) {
				w := passes.New(t, build.Organization("acme").Owner("ada").Obj())
				twin := w.Twin()
				for range max(1, *schedules/worlds) {
					seed := rand.Uint64()
					if *onlySchedule != 0 {
						seed = *onlySchedule
					}
					if run(t, w, twin, seed); t.Failed() || *onlySchedule != 0 {
						return
					}
				}
			})
		})
	}
}

func run(t *testing.T, w, twin *passes.World, seed uint64) {
	t.Helper()
	const steps = 25
	s := &schedule{T: t, Rand: rand.New(rand.NewPCG(seed, 0)), w: w, twin: twin}
	defer func() {
		if t.Failed() {
			t.Logf("go test -run TestSchedules -schedule=%d; what happened:", seed)
			for _, said := range s.said {
				t.Log(said)
			}
		}
	}()
	s.begin()
	for range steps {
		s.passed = false
		if s.step(); s.passed {
			s.observe()
		}
		if t.Failed() {
			break
		}
	}
	s.calm()
	s.observe()
	s.check()
	s.end()
}

// schedule is what happens to one pool.
type schedule struct {
	*testing.T
	*rand.Rand
	w, twin *passes.World

	over  atomic.Bool // says that no fault is to happen any more
	thaws map[*passes.World]func()
	late  func() // releases the pass that is held back and waits for its end; nil when none is
	came  int
	// passed says that the latest step had a pass.
	passed bool
	said   []string // by those who act, one at a time

	held    map[types.UID]v1alpha1.SeatAssignment
	excused map[types.UID]bool // those who may lose their seat
	turn    int64
	most    int32 // the largest capacity that a grant of this step can rest on
}

func (s *schedule) say(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

const bench = "standard"

// begin makes a pool and a few people.
func (s *schedule) begin() {
	s.Helper()
	s.thaws, s.excused = map[*passes.World]func(){}, map[types.UID]bool{}
	pool := build.SeatPool(bench).Seats(s.Int32N(4)).Included(s.Int32N(2)).Price("10.00", "EUR")
	if s.IntN(2) == 0 {
		pool.Stripe("si_"+fmt.Sprint(s.Uint32()), "stripe")
		s.w.Create(secret())
	}
	if s.IntN(2) == 0 {
		pool.OnShortage(v1alpha1.ShortageSuspend)
	}
	s.w.Create(pool.Obj(), build.Role("member").SeatPool(bench).Obj(), build.Role("lead").SeatPool(bench).MinHolders(s.Int32N(2)).Obj())
	for _, name := range []string{"ada", "bea", "cid", "dan"} {
		s.w.Create(member(name))
	}
	if s.IntN(2) == 0 { // as it can be after a shrink
		s.w.Scatter(bench, map[int32]string{0: "ada", 64: "bea", 65: "cid"})
	}
	s.w.CatchUp()
	s.twin.CatchUp()
	pool0 := s.pool()
	s.say("begin with %+v", pool0.Spec)
	s.most = limit(pool0, s.w.Clock.Now())
	s.observe()
	s.w.Patience, s.twin.Patience = impatience, impatience
}

// impatience is how long a pass may take while anything happens: it waits for what it wrote to show, which it does not in
// a frozen cache.
const impatience = 150 * time.Millisecond

// secret holds the API key with which the pools of the tests are billed.
func secret() client.Object { return build.Secret("stripe", map[string]string{"apiKey": "sk_test_1"}) }

// step lets one thing happen.
func (s *schedule) step() {
	s.Helper()
	deeds := []func(){
		s.somebodyComes, s.somebodyIsEdited, s.somebodyIsEdited, s.somebodyIsEdited, s.somebodyIsDeleted, s.somebodyAnswers,
		s.poolIsScaled, s.poolIsScaled, s.poolIsEdited, s.poolIsEdited, s.timePasses,
		s.writeFails, s.cacheFreezes, s.cacheFreezes, s.cacheThaws, s.processEnds, s.providerFails,
		s.aPass, s.aPass, s.aPass, s.aPass, s.aRound, s.aRound, s.aRound, s.aDuel, s.aDuel, s.aLatePass, s.theLatePassGoesOn,
	}
	deeds[s.IntN(len(deeds))]()
}

func (s *schedule) users() []v1alpha1.User {
	s.Helper()
	var list v1alpha1.UserList
	if err := env.Client(s).List(s.Context(), &list, client.InNamespace(s.w.Namespace)); err != nil {
		s.Fatal(err)
	}
	return list.Items
}

func (s *schedule) pool() *v1alpha1.SeatPool { return s.w.Pool(bench) }

// somebody is a user who is not being deleted. There is ada, at least.
func (s *schedule) somebody() *v1alpha1.User {
	s.Helper()
	all := slices.DeleteFunc(s.users(), func(u v1alpha1.User) bool { return !u.DeletionTimestamp.IsZero() })
	return &all[s.IntN(len(all))]
}

func (s *schedule) operator() (*passes.World, string) {
	if s.IntN(3) == 0 {
		return s.twin, "the twin"
	}
	return s.w, "the operator"
}

func (s *schedule) somebodyComes() {
	s.came++
	u := build.User(fmt.Sprintf("u%02d", s.came)).Roles([]string{"member", "lead"}[s.IntN(2)]).Obj()
	if s.IntN(6) == 0 {
		u.Spec.Email = s.somebody().Spec.Email
	}
	s.say("%s comes as %s and %v", u.Name, u.Spec.Email, u.Spec.Roles)
	s.w.Create(u)
}

func (s *schedule) somebodyIsEdited() {
	u := s.somebody()
	roles := func(names ...string) func(*v1alpha1.User) { return func(u *v1alpha1.User) { u.Spec.Roles = names } }
	edits := map[string]func(*v1alpha1.User){
		"is active": state(v1alpha1.UserActive), "is suspended": state(v1alpha1.UserSuspended), "is archived": state(v1alpha1.UserArchived),
		"has no role": roles(), "is a member": roles("member"), "is a lead": roles("lead"), "has an unknown role": roles("member", "unknown"),
		"has access until the past": until(s.w.Clock.Now().Add(-time.Minute)),
		"has access for an hour":    until(s.w.Clock.Now().Add(time.Hour)),
		"has access for ever":       func(u *v1alpha1.User) { u.Spec.AccessUntil = nil },
		"is asked again": func(u *v1alpha1.User) {
			u.Annotations = map[string]string{v1alpha1.AnnotationResendInvitation: fmt.Sprint(s.Int())}
		},
	}
	name := pick(s.Rand, slices.Sorted(maps.Keys(edits)))
	s.say("%s %s", u.Name, name)
	if name == "has no role" {
		s.excused[u.UID] = true
	}
	passes.Change(s.w, u.Name, edits[name])
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (s *schedule) somebodyIsDeleted() {
	if u := s.somebody(); u.Name != "ada" {
		s.say("%s is deleted", u.Name)
		s.w.Delete(build.User(u.Name).Obj())
	}
}

func (s *schedule) somebodyAnswers() {
	u := s.somebody()
	if inv := u.Status.Invitation; inv == nil || inv.SentAt == nil || inv.DeclinedAt != nil || inv.ExpiredAt != nil ||
		u.Status.AcceptedAt != nil || u.Status.AccessRevokedAt != nil || u.Spec.State != v1alpha1.UserActive {
		return
	}
	answer, word := accept, "accepts"
	if s.IntN(3) == 0 {
		answer, word = decline, "declines"
	}
	s.say("%s %s", u.Name, word)
	s.w.Answer(u.Name, answer)
}

func (s *schedule) poolIsScaled() {
	seats := s.Int32N(6)
	if s.pool().Spec.Billing.Mode == v1alpha1.BillingMetered {
		s.say("at most %d", seats)
		passes.Change(s.w, bench, func(p *v1alpha1.SeatPool) { p.Spec.Purchase.MaxSeats = &seats })
		return
	}
	s.say("scale %d", seats)
	passes.Change(s.w, bench, func(p *v1alpha1.SeatPool) { p.Spec.Seats = &seats })
}

func (s *schedule) poolIsEdited() {
	now, seats := s.w.Clock.Now(), s.Int32N(4)
	until := func(d time.Duration) func(*v1alpha1.SeatPool) {
		return func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = new(metav1.NewTime(now.Add(d))) }
	}
	edits := map[string]func(*v1alpha1.SeatPool){
		"keeps":            func(p *v1alpha1.SeatPool) { p.Spec.OnShortage = v1alpha1.ShortageKeep },
		"suspends":         func(p *v1alpha1.SeatPool) { p.Spec.OnShortage = v1alpha1.ShortageSuspend },
		"expires soon":     until(5 * time.Second),
		"expires later":    until(time.Hour),
		"has expired":      until(-time.Hour),
		"does not expire":  func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = nil },
		"includes another": func(p *v1alpha1.SeatPool) { *p.Spec.Included = s.Int32N(3) },
		"is metered": func(p *v1alpha1.SeatPool) {
			p.Spec.Billing.Mode, p.Spec.Seats, p.Spec.Purchase.MaxSeats = v1alpha1.BillingMetered, nil, &seats
		},
		"is prepaid": func(p *v1alpha1.SeatPool) {
			p.Spec.Billing.Mode, p.Spec.Seats, p.Spec.Purchase.MaxSeats = v1alpha1.BillingPrepaid, &seats, nil
		},
	}
	name := pick(s.Rand, slices.Sorted(maps.Keys(edits)))
	s.say("the pool %s (%d)", name, seats)
	passes.Change(s.w, bench, edits[name])
}

func (s *schedule) timePasses() {
	d := pick(s.Rand, []time.Duration{time.Second, time.Minute, time.Hour, 100 * time.Hour})
	s.say("%s pass", d)
	s.w.Clock.SetTime(s.w.Clock.Now().Add(d))
}

// unless leaves requests alone when all is over.
func (s *schedule) unless(match operator.Match) operator.Match {
	return func(r operator.Request) bool { return !s.over.Load() && match(r) }
}

func (s *schedule) writeFails() {
	w, who := s.operator()
	fault, n := pick(s.Rand, []operator.Fault{operator.NotSent, operator.NoAnswer}), 1+s.IntN(3)
	s.say("write %d of %s: %s", n, who, fault)
	w.Traffic.Break(fault, n, s.unless(operator.Writing("seatpools/status", "seatslices", "users/status")))
}

func (s *schedule) providerFails() {
	err := billing.AsUnavailable(errors.New("out of order"))
	if s.IntN(2) == 0 {
		s.say("the billing provider fails")
		s.w.Billing.Fail(err)
		return
	}
	s.say("the billing provider fails to answer")
	s.w.Billing.FailAfter(err)
}

func (s *schedule) cacheFreezes() {
	w, who := s.operator()
	if s.thaws[w] != nil {
		return
	}
	resource := pick(s.Rand, []string{"users", "seatslices", "seatpools", "roles"})
	s.say("%s freezes %s", who, resource)
	s.thaws[w] = w.Traffic.Freeze(resource)
}

func (s *schedule) cacheThaws() {
	for w, thaw := range s.thaws {
		s.say("thaw")
		thaw()
		delete(s.thaws, w)
	}
}

func (s *schedule) processEnds() {
	w, who := s.operator()
	s.say("%s ends", who)
	w.Restart()
}

func (s *schedule) aPass() {
	s.passed = true
	w, who := s.operator()
	kind, name := passes.User, s.somebody().Name
	if s.IntN(3) > 0 {
		kind, name = passes.SeatPool, bench
	}
	s.w.Clock.SetTime(s.w.Clock.Now().Add(time.Second))
	_, err := w.Pass(kind, name)
	s.say("%s passes over %s: %v", who, name, err)
}

func (s *schedule) aRound() {
	s.passed = true
	w, who := s.operator()
	if s.thaws[w] != nil || s.late != nil {
		s.aPass()
		return
	}
	_, err := w.Round()
	s.say("%s does a round: %v", who, err)
}

// aDuel lets both operators pass at once.
func (s *schedule) aDuel() {
	s.passed = true
	s.w.Clock.SetTime(s.w.Clock.Now().Add(time.Second))
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, w := range []*passes.World{s.w, s.twin} {
		both.Go(func() { _, errs[i] = w.Try(passes.SeatPool, bench) })
	}
	both.Wait()
	s.say("both pass: %v", errs)
}

// aLatePass holds back a write of a pass, during what comes next.
func (s *schedule) aLatePass() {
	s.passed = true
	w, who := s.operator()
	if s.late != nil || s.thaws[w] != nil {
		return
	}
	var idle atomic.Bool
	held := w.Traffic.Hold(1, func(r operator.Request) bool {
		return !idle.Load() && (r.Resource == "seatslices" || r.Resource == "seatpools/status") && r.Writes()
	})
	ended := make(chan error, 1)
	w.Patience = time.Minute
	go func() {
		_, err := w.Try(passes.SeatPool, bench)
		ended <- err
	}()
	select {
	case <-held.Reached():
		s.say("%s is held back", who)
	case err := <-ended:
		idle.Store(true)
		w.Patience = impatience
		s.say("%s is not held back: %v", who, err)
		return
	}
	w.Patience = impatience
	s.late = func() {
		if thaw := s.thaws[w]; thaw != nil {
			thaw()
			delete(s.thaws, w)
		}
		held.Release()
		s.say("%s goes on: %v", who, <-ended)
		s.late = nil
	}
}

func (s *schedule) theLatePassGoesOn() {
	s.passed = true
	if s.late != nil {
		s.late()
	}
}

// limit is the number of seats that a pool has.
func limit(p *v1alpha1.SeatPool, now time.Time) int32 {
	n := *p.Spec.Included
	switch {
	case p.Spec.ExpiresAt != nil && !now.Before(p.Spec.ExpiresAt.Time):
	case p.Spec.Billing.Mode == v1alpha1.BillingMetered:
		n += *p.Spec.Purchase.MaxSeats
	default:
		n += *p.Spec.Seats
	}
	return n
}

// observe holds what holds at any moment: nobody holds two seats, none is given beyond the capacity of that moment, and
// nobody loses one who has not left, and whose loss is not on record.
func (s *schedule) observe() {
	s.Helper()
	pool := s.pool()
	now := limit(pool, s.w.Clock.Now())
	s.most = max(s.most, now)
	if pool.Status.Ledger != nil {
		if pool.Status.Ledger.Turn < s.turn {
			s.Errorf("turn %d comes after turn %d", pool.Status.Ledger.Turn, s.turn)
		}
		s.turn = pool.Status.Ledger.Turn
	}
	s.excuse()
	held := s.ledger()
	for uid, a := range s.held {
		if is, still := held[uid]; (!still || *is.Seat != *a.Seat) && !s.excused[uid] {
			s.Errorf("%s loses seat %d", a.User, *a.Seat)
		}
	}
	s.held = held
	if s.late == nil {
		s.most = now
	}
}

// ledger reads who holds a seat, and checks what was given since the last look.
func (s *schedule) ledger() map[types.UID]v1alpha1.SeatAssignment {
	s.Helper()
	var list v1alpha1.SeatSliceList
	if err := env.Client(s).List(s.Context(), &list, client.InNamespace(s.w.Namespace)); err != nil {
		s.Fatal(err)
	}
	held := map[types.UID]v1alpha1.SeatAssignment{}
	var given []int32 // the capacities of the slices in which somebody was given a seat
	for _, slice := range list.Items {
		if slice.Turn > s.turn {
			s.Errorf("slice %s is of turn %d, the pool at turn %d", slice.Name, slice.Turn, s.turn)
		}
		for _, a := range slice.Assignments {
			if twice, ok := held[a.UID]; ok {
				s.Errorf("%s holds seats %d and %d", a.User, *twice.Seat, *a.Seat)
			}
			held[a.UID] = a
			if was, had := s.held[a.UID]; s.held != nil && !s.over.Load() && (!had || *was.Seat != *a.Seat) {
				given = append(given, *slice.Capacity)
				delete(s.excused, a.UID)
				if *a.Seat >= *slice.Capacity {
					s.Errorf("%s is given seat %d of %d", a.User, *a.Seat, *slice.Capacity)
				}
			}
		}
	}
	for _, capacity := range given {
		if int32(len(held)) > capacity || capacity > s.most {
			s.Errorf("a seat is given as one of %d, where %d are held then and there are at most %d", capacity, len(held), s.most)
		}
	}
	return held
}

// excuse notes who may lose a seat: whoever is gone, has no access, needs none, or has a withdrawal on record.
func (s *schedule) excuse() {
	s.Helper()
	here := map[types.UID]bool{}
	for _, u := range s.users() {
		here[u.UID] = true
		needs := slices.Contains(u.Spec.Roles, "member") || slices.Contains(u.Spec.Roles, "lead")
		if u.Status.AccessRevokedAt != nil || len(u.Status.Withdrawals) > 0 || !needs {
			s.excused[u.UID] = true
		}
	}
	for uid := range s.held {
		if !here[uid] {
			s.excused[uid] = true
		}
	}
}

// calm ends all trouble, and lets everything come to rest.
func (s *schedule) calm() {
	s.Helper()
	s.over.Store(true)
	s.theLatePassGoesOn()
	s.cacheThaws()
	s.w.Patience, s.twin.Patience = time.Minute, time.Minute
	w, who := s.operator()
	s.say("%s is left in peace", who)
	w.Settle()
	const faults = 25 // as many as there may be steps
	for range faults {
		if told := s.pool().Status.Billing; told == nil || told.ConfirmedAt != nil {
			return
		}
		w.BilledAgain(bench)
		w.Settle()
	}
}

// check holds what holds in a settled world.
func (s *schedule) check() {
	s.Helper()
	pool := s.pool()
	st := &pool.Status
	users := s.users()
	holders := map[types.UID]bool{}
	for uid, a := range s.held {
		holders[uid] = true
		if a.Withdrawn != 0 {
			s.Errorf("the seat of %s is still being withdrawn", a.User)
		}
	}
	for _, u := range users {
		reason := s.w.Reason(&u)
		if err := s.consistent(&u, holders[u.UID]); err != nil {
			s.Errorf("%s is %s: %v\nspec %+v\nstatus %+v", u.Name, reason, err, u.Spec, u.Status)
		}
		queued := slices.Contains(st.Queue, u.Name)
		if waits := reason == v1alpha1.ReasonAwaitingSeat; waits != queued && reason != v1alpha1.ReasonOwnerProtected {
			s.Errorf("%s is %s, and in the queue: %t", u.Name, reason, queued)
		}
		delete(holders, u.UID)
	}
	if len(holders) > 0 {
		s.Errorf("%v hold seats and are not here", holders)
	}
	most := limit(pool, s.w.Clock.Now())
	if held := int32(len(s.held)); *st.Assigned != held || *st.Waiting > 0 && held < most {
		s.Errorf("of %d seats %d are held: %+v", most, held, st)
	} else if held > most && pool.Spec.OnShortage == v1alpha1.ShortageSuspend {
		s.spared(users)
	}
	if st.Billing != nil {
		if n, _ := s.w.Billing.Quantity(st.Billing.SubscriptionItem); n != int64(*st.Seats) || st.Billing.ConfirmedAt == nil {
			s.Errorf("%d seats are billed: %+v", n, st)
		}
	}
}

// spared holds that in a shortage nobody holds a seat but those who are spared.
func (s *schedule) spared(users []v1alpha1.User) {
	s.Helper()
	role := &v1alpha1.Role{}
	s.w.Find("lead", role)
	least, leads, active := *role.Spec.MinHolders, int32(0), 0
	for _, u := range users {
		if _, holds := s.held[u.UID]; holds && (slices.Contains(u.Spec.Roles, "lead") || access.Holds(&u, "lead")) {
			leads++
			if access.Active(&u) {
				active++
			}
		}
	}
	for _, u := range users {
		_, holds := s.held[u.UID]
		needed := (slices.Contains(u.Spec.Roles, "lead") || access.Holds(&u, "lead")) && least > 0 &&
			(leads <= least || access.Active(&u) && active <= 1)
		keeps := s.w.Reason(&u) == v1alpha1.ReasonRoleNotFound || s.w.Reason(&u) == v1alpha1.ReasonEmailInUse
		if holds && u.Name != "ada" && !needed && !keeps {
			s.Errorf("%s holds a seat in spite of the shortage", u.Name)
		}
	}
}

// last says why a user who is to give up the role of a lead could, and should have.
func (s *schedule) last(u *v1alpha1.User, seated bool) error {
	role := &v1alpha1.Role{}
	s.w.Find("lead", role)
	if !seated || !access.Holds(u, "lead") || u.Status.AccessRevokedAt != nil {
		return errors.New("the role is not kept")
	}
	holders, accepted := int32(0), 0
	for _, other := range s.users() {
		if other.UID == u.UID || access.Leaving(&other) || !slices.Contains(other.Spec.Roles, "lead") || !access.Holds(&other, "lead") {
			continue
		}
		holders++
		if other.Status.AcceptedAt != nil {
			accepted++
		}
	}
	if holders >= *role.Spec.MinHolders && (accepted > 0 || u.Status.AcceptedAt == nil) {
		return fmt.Errorf("%d others hold the role, of whom %d accepted", holders, accepted)
	}
	return nil
}

// consistent says what of a user does not go together.
func (s *schedule) consistent(u *v1alpha1.User, seated bool) error {
	inv := u.Status.Invitation
	switch s.w.Reason(u) {
	case v1alpha1.ReasonOwnerProtected, v1alpha1.ReasonEmailInUse:
		return nil // what is wrong is to be corrected first
	}
	if held := len(u.Status.Seats) > 0; held != seated {
		return fmt.Errorf("the ledger says %t", seated)
	}
	switch s.w.Reason(u) {
	case v1alpha1.ReasonInvited:
		if !seated || inv == nil || inv.SentAt == nil || u.Status.AccessRevokedAt != nil || len(u.Status.Withdrawals) > 0 {
			return errors.New("no open invitation")
		}
	case v1alpha1.ReasonActive:
		if !seated || u.Status.AcceptedAt == nil || u.Status.AccessRevokedAt != nil || len(u.Status.Withdrawals) > 0 {
			return errors.New("not accepted")
		}
	case v1alpha1.ReasonSuspended, v1alpha1.ReasonArchived, v1alpha1.ReasonDeclined, v1alpha1.ReasonInvitationExpired:
		if seated || u.Status.AccessRevokedAt == nil || len(u.Status.Roles) > 0 {
			return errors.New("something is left")
		}
	case v1alpha1.ReasonAwaitingSeat, v1alpha1.ReasonNoRoles:
		if seated || len(u.Status.Roles) > 0 {
			return errors.New("there is a seat")
		}
	case v1alpha1.ReasonLastHolder:
		return s.last(u, seated)
	case v1alpha1.ReasonRoleNotFound:
	default:
		return errors.New("is that a place to rest?")
	}
	return nil
}

// end makes room for the next schedule.
func (s *schedule) end() {
	s.Helper()
	c, in := env.Client(s), client.InNamespace(s.w.Namespace)
	release := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	for _, u := range s.users() {
		if err := c.Patch(s.Context(), &u, release); client.IgnoreNotFound(err) != nil {
			s.Fatal(err)
		}
	}
	if err := c.Patch(s.Context(), s.pool(), release); err != nil {
		s.Fatal(err)
	}
	for _, kind := range []client.Object{
		&v1alpha1.User{}, &v1alpha1.SeatPool{}, &v1alpha1.SeatSlice{}, &v1alpha1.Role{}, &v1alpha1.ArchivedUser{}, build.Secret("", nil),
	} {
		if err := c.DeleteAllOf(s.Context(), kind, in); err != nil {
			s.Fatal(err)
		}
	}
	s.w.Restart()
	s.twin.Restart()
}
