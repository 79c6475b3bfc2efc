// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

const (
	// DefaultWorkers is how many mails are sent at once when
	// OutboxOptions.Workers is zero.
	DefaultWorkers = 16
	// DefaultTimeout is what one mail may take when OutboxOptions.Timeout is
	// zero.
	DefaultTimeout = 30 * time.Second
)

// State is where a mail in the outbox is.
type State string

const (
	// Queued mail waits for its turn or is being sent.
	Queued State = "Queued"
	// Sent mail was taken by the mail server.
	Sent State = "Sent"
	// Failed mail was not; Outcome.Err says why.
	Failed State = "Failed"
)

// Outcome is what the outbox knows about a mail.
type Outcome struct {
	State State
	// At is when the mail came into this state.
	At time.Time
	// Err is set when State is Failed: what Sender or compose returned.
	Err error
}

// OutboxOptions tune an outbox. The zero value is fit for use.
type OutboxOptions struct {
	// Workers is how many mails are sent at once, DefaultWorkers when zero.
	Workers int
	// Timeout is what one mail may take, DefaultTimeout when zero.
	Timeout time.Duration
	// PerSecond is how many mails may be started in a second, evenly spread; no
	// limit when zero.
	PerSecond float64
	// Clock tells the time for Outcome.At; the real one when nil.
	Clock clock.PassiveClock
}

// Outbox sends mail with workers of its own, so that a reconcile pass never
// waits for a mail server: the pass asks for a mail with Deliver, goes on, and
// is woken through Done when the outcome is known.
//
// There is one mail per owner. What the outbox knows is a cache, never the
// truth: it is gone when the process ends, and whatever was not recorded by then
// is asked for and sent again, identically. Its methods may be called from any
// goroutine, before Start as well.
type Outbox struct {
	sender  Sender
	workers int
	timeout time.Duration
	limiter *rate.Limiter
	clock   clock.PassiveClock

	waiting *queue[*parcel]
	wakeups *queue[types.NamespacedName]
	done    chan types.NamespacedName

	mu      sync.Mutex
	parcels map[types.NamespacedName]*parcel
}

// parcel is a mail on its way. The outbox's lock guards all but the owner.
type parcel struct {
	owner   types.NamespacedName
	id      string
	compose func() (Message, error) // nil once the mail was started
	outcome Outcome
}

// NewOutbox returns an outbox that sends with sender once it is started.
func NewOutbox(sender Sender, options OutboxOptions) *Outbox {
	o := &Outbox{
		sender:  sender,
		workers: cmp.Or(options.Workers, DefaultWorkers),
		timeout: cmp.Or(options.Timeout, DefaultTimeout),
		limiter: rate.NewLimiter(rate.Inf, 1),
		clock:   options.Clock,
		waiting: newQueue[*parcel](),
		wakeups: newQueue[types.NamespacedName](),
		done:    make(chan types.NamespacedName),
		parcels: map[types.NamespacedName]*parcel{},
	}
	if options.PerSecond > 0 {
		o.limiter.SetLimit(rate.Limit(options.PerSecond))
	}
	if o.clock == nil {
		o.clock = clock.RealClock{}
	}
	return o
}

// Start sends mail until ctx ends, and returns when no worker is left. Mail that
// is being sent then is given up: nobody could record its outcome, so it would be
// sent again in any case. It may be called once.
func (o *Outbox) Start(ctx context.Context) error {
	var running sync.WaitGroup
	for range o.workers {
		running.Go(func() { o.work(ctx) })
	}
	running.Go(func() { o.announce(ctx) })
	running.Wait()
	return nil
}

// NeedLeaderElection tells the manager to start the outbox on the leader alone:
// only there are passes run that ask for mail.
func (o *Outbox) NeedLeaderElection() bool { return true }

// Done receives an owner each time the outcome of the mail it waits for becomes
// known; Deliver then reports it. No wake-up is lost, however slowly they are
// received, and none holds up a worker. It may be one too many: after Forget, or
// after the owner asked for another mail. Done is never closed.
func (o *Outbox) Done() <-chan types.NamespacedName { return o.done }

// Deliver asks for the mail that id names, and says how far it is. The first call
// queues it; all others with the same owner and id report. Sent and Failed stay
// until Forget, so a failed mail is tried again only when its owner calls Forget
// and then Deliver. Another id supersedes: a mail that was not yet started is
// replaced and keeps its place, one that was started may still go out, but its
// outcome is dropped.
//
// compose is called late, by the worker that sends the mail, so that a long queue
// holds no texts. It must always make the same mail for the same id.
func (o *Outbox) Deliver(owner types.NamespacedName, id string, compose func() (Message, error)) Outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.parcels[owner]
	switch {
	case p == nil || p.id != id && p.compose == nil:
		p = &parcel{owner: owner, id: id, compose: compose, outcome: Outcome{State: Queued, At: o.clock.Now()}}
		o.parcels[owner] = p
		o.waiting.push(owner.Namespace, p)
	case p.id != id:
		p.id, p.compose = id, compose
	}
	return p.outcome
}

// Forget drops what is known of the owner's mail, and the mail too if it was not
// yet started. Call it when the outcome is seen to be recorded, not when it is
// being written: a pass on a stale cache in between would send the mail again.
func (o *Outbox) Forget(owner types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.parcels, owner)
}

func (o *Outbox) work(ctx context.Context) {
	for {
		p, ok := o.waiting.pull(ctx)
		if !ok || o.limiter.Wait(ctx) != nil {
			return
		}
		if compose := o.begin(p); compose != nil {
			o.finish(ctx, p, o.send(ctx, compose))
		}
	}
}

// begin returns nil if the mail was forgotten while it was queued.
func (o *Outbox) begin(p *parcel) func() (Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.parcels[p.owner] != p {
		return nil
	}
	compose := p.compose
	p.compose = nil
	return compose
}

func (o *Outbox) send(ctx context.Context, compose func() (Message, error)) error {
	m, err := compose()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	return o.sender.Send(ctx, m)
}

func (o *Outbox) finish(ctx context.Context, p *parcel, err error) {
	if err != nil && ctx.Err() != nil {
		return // our own end is no failure that anybody should read about
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.parcels[p.owner] != p {
		return
	}
	p.outcome = Outcome{State: Sent, At: o.clock.Now()}
	if err != nil {
		p.outcome.State, p.outcome.Err = Failed, err
	}
	o.wakeups.push(p.owner.Namespace, p.owner)
}

// announce stands between the workers and whoever receives from Done.
func (o *Outbox) announce(ctx context.Context) {
	for {
		owner, ok := o.wakeups.pull(ctx)
		if !ok {
			return
		}
		select {
		case o.done <- owner:
		case <-ctx.Done():
			return
		}
	}
}
