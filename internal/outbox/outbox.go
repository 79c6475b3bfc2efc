// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox runs what a reconcile pass must not wait for: errands to servers
// elsewhere, like sending a mail.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

const (
	// DefaultPerServer is how many errands one tenant has in flight at a server when
	// Options.PerServer is zero.
	DefaultPerServer = 16
	// DefaultTimeout is what one errand may take when Options.Timeout is zero.
	DefaultTimeout = 30 * time.Second
)

// ErrNotTried marks what Run returns when it failed before it turned to the
// server, which then says nothing about the server's health.
var ErrNotTried = errors.New("not tried")

// Errand is an effect outside the cluster.
type Errand struct {
	// Owner is woken through Done. It has one errand.
	Owner types.NamespacedName
	// ID names the effect. Another one supersedes it.
	ID string
	// Server is where the errand goes: those of one server share its limit of what
	// is in flight. Empty is the default server.
	Server string
	// Tenant is the Organization that the errand is for. Tenants take turns at a
	// server, and Health tells of them. The zero Tenant is nobody: its health is
	// not kept.
	Tenant types.NamespacedName
	// Timeout is what it may take, Options.Timeout when zero.
	Timeout time.Duration
	// Urgent errands go before the tenant's others.
	Urgent bool
	// Run does it. It is called late, so that a long queue holds little, and must
	// have the same effect for the same ID whenever it is called. It returns soon
	// after ctx ends.
	Run func(ctx context.Context) error
}

// State is where an errand is.
type State string

const (
	// Queued errands wait for their turn or are under way.
	Queued State = "Queued"
	// Done errands had their effect.
	Done State = "Done"
	// Failed errands did not, as far as is known; Outcome.Err says why.
	Failed State = "Failed"
)

// Outcome is what the outbox knows about an errand.
type Outcome struct {
	State State
	// At is when the errand came into this state.
	At time.Time
	// Err is set when State is Failed: what Run returned.
	Err error
}

// Options tune an outbox. The zero value is fit for use.
type Options struct {
	// PerServer is how many errands one tenant has in flight at a server,
	// DefaultPerServer when zero. A server that tenants share has a quarter more in
	// all, rounded down, for those who come while one has them all.
	PerServer int
	// Timeout is what one errand may take, DefaultTimeout when zero.
	Timeout time.Duration
	// PerSecond is how many errands may be started in a second, at all servers
	// together and evenly spread; no limit when zero.
	PerSecond float64
	// Clock tells the time for Outcome.At; the real one when nil.
	Clock clock.PassiveClock
	// Down says that an error of Run means that the server could not be reached.
	// When nil, none does.
	Down func(error) bool
	// Grace is how long after a server was reached a failure to reach it says
	// nothing of its health: one that takes some connections and turns others away
	// is not down. When zero, each failure counts.
	Grace time.Duration
}

// Outbox runs errands with goroutines of its own, so that a reconcile pass never
// waits for a server: the pass asks with Do, goes on, and is woken through Done
// when the outcome is known. Servers are independent of each other: one that hangs
// holds up its own errands alone, and a tenant whose errands hang holds up its own.
//
// There is one errand per owner. What the outbox knows is a cache, never the
// truth: it is gone when the process ends, and whatever was not recorded by then
// is asked for and done again, identically. Its methods may be called from any
// goroutine, before Start as well.
type Outbox struct {
	perServer int
	timeout   time.Duration
	limiter   *rate.Limiter
	clock     clock.PassiveClock
	down      func(error) bool
	grace     time.Duration

	done    *announcer
	changed *announcer
	// counters are by kind, and do not change any more once the outbox is started.
	counters map[string]*Counter
	work     chan struct{} // holds something if a server has become ready

	mu      sync.Mutex
	tasks   map[types.NamespacedName]*task // by owner
	servers map[string]*server             // those with anything to do
	ready   []*server                      // those that can start a task, next first
	health  map[types.NamespacedName]*health
	started uint64 // tasks, ever
}

// task is an errand in the outbox, whose lock guards it.
type task struct {
	Errand  // without Run once it was started
	server  *server
	place   place   // in the server's line, until it was started
	health  *health // of the tenant, from when it was started
	number  uint64  // of the tasks that were started, from 1 in their order
	outcome Outcome
}

// waits tells whether the task was not yet started.
func (t *task) waits() bool { return t.number == 0 }

// New returns an outbox that works once it is started.
func New(options Options) *Outbox {
	o := &Outbox{
		perServer: cmp.Or(options.PerServer, DefaultPerServer),
		timeout:   cmp.Or(options.Timeout, DefaultTimeout),
		limiter:   rate.NewLimiter(rate.Inf, 1),
		clock:     options.Clock,
		down:      options.Down,
		grace:     options.Grace,
		done:      newAnnouncer(),
		changed:   newAnnouncer(),
		counters:  map[string]*Counter{},
		work:      make(chan struct{}, 1),
		tasks:     map[types.NamespacedName]*task{},
		servers:   map[string]*server{},
		health:    map[types.NamespacedName]*health{},
	}
	if options.PerSecond > 0 {
		o.limiter.SetLimit(rate.Limit(options.PerSecond))
	}
	if o.clock == nil {
		o.clock = clock.RealClock{}
	}
	return o
}

// Start runs errands until ctx ends, and returns when none is under way. Those
// under way then are given up: nobody could record their outcome, so they would be
// done again in any case. It may be called once.
func (o *Outbox) Start(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { o.dispatch(ctx, &running) })
	running.Go(func() { o.done.run(ctx) })
	running.Go(func() { o.changed.run(ctx) })
	for _, c := range o.counters {
		running.Go(func() { c.done.run(ctx) })
	}
	running.Wait()
	return nil
}

// NeedLeaderElection tells the manager to start the outbox on the leader alone:
// only there are passes run that ask for errands.
func (o *Outbox) NeedLeaderElection() bool { return true }

// Done receives an owner each time the outcome of the errand it waits for becomes
// known; Do then reports it. No wake-up is lost, however slowly they are received,
// and none holds up an errand. It may be one too many: after Forget, or after the
// owner asked for another errand. Done is never closed.
func (o *Outbox) Done() <-chan types.NamespacedName { return o.done.out }

// Do asks for an errand, and says how far it is. The first call queues it; all
// others with the same owner and ID report. Done and Failed stay until Forget, so
// a failed errand is tried again only when its owner calls Forget and then Do.
//
// Another ID supersedes: an errand that was not yet started is replaced and keeps
// its place, one that was started may still have its effect, but its outcome is
// dropped. The same ID for another server or tenant supersedes an errand that was
// not yet started, which then goes to the end of the other line, as one does that
// has become urgent.
func (o *Outbox) Do(e Errand) Outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.tasks[e.Owner]
	switch {
	case t != nil && t.waits():
		o.supersede(t, e)
	case t == nil || t.ID != e.ID:
		t = &task{Errand: e, outcome: Outcome{State: Queued, At: o.clock.Now()}}
		o.tasks[e.Owner] = t
		o.enqueue(t)
	}
	return t.outcome
}

func (o *Outbox) supersede(t *task, e Errand) {
	if t.Server == e.Server && t.Tenant == e.Tenant && (t.Urgent || !e.Urgent) {
		e.Urgent = t.Urgent
		t.Errand = e // with the same ID too: what is run is to know of the latest
		return
	}
	o.dequeue(t)
	t.Errand = e
	o.enqueue(t)
}

// Forget drops what is known of the owner's errand, and the errand too if it was
// not yet started. Call it when the outcome is seen to be recorded, not when it is
// being written: a pass on a stale cache in between would ask for it again.
func (o *Outbox) Forget(owner types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.tasks[owner]; t != nil {
		delete(o.tasks, owner)
		if t.waits() {
			o.dequeue(t)
		}
	}
}

// dispatch starts errands. It takes each from its line only when it can be
// started, after waiting for the rate: the turns are kept whatever is waited for.
func (o *Outbox) dispatch(ctx context.Context, running *sync.WaitGroup) {
	for o.awaitWork(ctx) && o.limiter.Wait(ctx) == nil {
		if t, run := o.next(); t != nil {
			running.Go(func() { o.finish(ctx, t, o.run(ctx, t.Timeout, run)) })
		}
	}
}

func (o *Outbox) run(ctx context.Context, timeout time.Duration, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(timeout, o.timeout))
	defer cancel()
	return run(ctx)
}

func (o *Outbox) finish(ctx context.Context, t *task, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t.server.end(t.Tenant)
	o.settle(t.server)
	if err != nil && ctx.Err() != nil {
		return // our own end is no failure that anybody should read about
	}
	o.learn(t, err)
	if o.tasks[t.Owner] != t {
		return
	}
	t.outcome = Outcome{State: Done, At: o.clock.Now()}
	if err != nil {
		t.outcome.State, t.outcome.Err = Failed, err
	}
	o.announce(t.Tenant, t.Owner)
}
