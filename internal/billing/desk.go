// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

const (
	// DefaultWorkers is how many changes are made at once when
	// DeskOptions.Workers is zero.
	DefaultWorkers = 4
	// DefaultTimeout is what one try may take when DeskOptions.Timeout is zero.
	DefaultTimeout = 30 * time.Second
)

// DeskOptions tune a desk. The zero value is fit for use.
type DeskOptions struct {
	// Workers is how many changes are made at once, DefaultWorkers when zero.
	Workers int
	// Timeout is what one try may take, DefaultTimeout when zero. It is real time,
	// whatever Clock says.
	Timeout time.Duration
	// Clock tells the time for Outcome.At and between tries; the real one when nil.
	Clock clock.WithTicker
}

// Desk makes changes with workers of its own, so that a reconcile pass never
// waits for a billing provider: the pass submits an order, goes on, and is woken
// through Done when the outcome is known. What may pass is tried again by the
// desk itself, with growing pauses.
//
// There is one order per owner. What the desk knows is a cache, never the truth:
// it is gone when the process ends, and whatever was not recorded by then is
// submitted again under the same key. Its methods may be called from any
// goroutine, before Start as well.
type Desk struct {
	provider Provider
	workers  int
	timeout  time.Duration
	clock    clock.WithTicker

	// One owner is never with two workers: a queue hands out an item again only
	// after it was given back. So an order that supersedes another waits for it.
	ready   workqueue.TypedInterface[types.NamespacedName]
	wakeups workqueue.TypedInterface[types.NamespacedName]
	done    chan types.NamespacedName

	mu   sync.Mutex
	jobs map[types.NamespacedName]*job
}

// NewDesk returns a desk that makes changes with p once it is started.
func NewDesk(p Provider, o DeskOptions) *Desk {
	d := &Desk{
		provider: p,
		workers:  cmp.Or(o.Workers, DefaultWorkers),
		timeout:  cmp.Or(o.Timeout, DefaultTimeout),
		clock:    o.Clock,
		ready:    workqueue.NewTyped[types.NamespacedName](),
		wakeups:  workqueue.NewTyped[types.NamespacedName](),
		done:     make(chan types.NamespacedName),
		jobs:     map[types.NamespacedName]*job{},
	}
	if d.clock == nil {
		d.clock = clock.RealClock{}
	}
	return d
}

// Start makes changes until ctx ends, and returns when no worker is left. A change
// that is being made then may have been made. It may be called once.
func (d *Desk) Start(ctx context.Context) error {
	later := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[types.NamespacedName]{
		Clock: d.clock, Queue: d.ready,
	})
	var running sync.WaitGroup
	for range d.workers {
		running.Go(func() { d.work(ctx, later) })
	}
	running.Go(func() { d.announce(ctx) })
	<-ctx.Done()
	later.ShutDown() // and with it ready
	d.wakeups.ShutDown()
	running.Wait()
	return nil
}

// NeedLeaderElection tells the manager to start the desk on the leader alone:
// only there are passes run that submit orders.
func (d *Desk) NeedLeaderElection() bool { return true }

// Done receives an owner each time its order comes into another state, and while
// it is Retrying each time the words of its error are others than before; Submit
// then reports them. No wake-up is lost, however slowly they are received, and
// none holds up a worker. It may be one too many. Done is never closed.
func (d *Desk) Done() <-chan types.NamespacedName { return d.done }

// Submit asks for the change that the order's key names, and says how far it is.
// The first call queues it; all others with the same owner and Key report, and
// what they bring is dropped, but for a newer way to the API key. Confirmed and
// Rejected stay until Forget. Another Key supersedes: an order that is being
// tried may still take effect, but its outcome is dropped, and the new one is
// sent after it has returned, so that this process never puts an older quantity
// over a newer one.
func (d *Desk) Submit(owner types.NamespacedName, o Order) Outcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.jobs[owner]
	if j != nil && j.order.Key == o.Key {
		j.order.APIKey = o.APIKey
		return j.outcome
	}
	now := d.clock.Now()
	j = &job{order: o, outcome: Outcome{State: Pending, At: now}, due: now}
	d.jobs[owner] = j
	d.ready.Add(owner)
	return j.outcome
}

// Forget drops what is known of the owner's order, and the order too if it was
// not yet carried out. Call it when the outcome is seen to be recorded, not when
// it is being written: a pass on a stale cache in between would send it again.
// Forget and then Submit end a pause, say when the API key was corrected.
func (d *Desk) Forget(owner types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.jobs, owner)
}

func (d *Desk) work(ctx context.Context, later workqueue.TypedDelayingInterface[types.NamespacedName]) {
	for {
		owner, ended := d.ready.Get()
		if ended {
			return
		}
		d.try(ctx, owner, later)
		d.ready.Done(owner)
	}
}

// try makes one try for the owner's order, if it is time, and sees to the next if
// one is needed.
func (d *Desk) try(ctx context.Context, owner types.NamespacedName, later workqueue.TypedDelayingInterface[types.NamespacedName]) {
	d.mu.Lock()
	j := d.jobs[owner]
	if ctx.Err() != nil || j == nil || j.settled() {
		d.mu.Unlock()
		return
	}
	// The pause of an order that was superseded ends in the middle of this one's.
	if wait := j.due.Sub(d.clock.Now()); wait > 0 {
		d.mu.Unlock()
		later.AddAfter(owner, wait)
		return
	}
	order, key := j.order, j.key()
	d.mu.Unlock()

	receipt, err := d.send(ctx, key, order)
	if err != nil && ctx.Err() != nil {
		return // our own end is no failure that anybody should read about
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.jobs[owner] != j {
		return
	}
	now := d.clock.Now()
	news := j.record(receipt, err, now)
	if !j.settled() {
		later.AddAfter(owner, j.due.Sub(now)) // before the owner wakes, so that whoever then moves a test's clock ends the pause
	}
	if news {
		d.wakeups.Add(owner)
	}
}

func (d *Desk) send(ctx context.Context, key string, o Order) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if strings.Contains(o.Key, retryMark) {
		return Receipt{}, AsRejected(fmt.Errorf("the key %q has a %s, which is for retries", o.Key, retryMark))
	}
	apiKey, err := o.APIKey(ctx)
	if err != nil {
		return Receipt{}, AsUnavailable(err)
	}
	return d.provider.SetQuantity(ctx, Change{
		Key: key, Item: o.Item, Quantity: o.Quantity, InvoiceNow: o.InvoiceNow, PaymentMethods: o.PaymentMethods, APIKey: apiKey,
	})
}

// announce stands between the workers and whoever receives from Done.
func (d *Desk) announce(ctx context.Context) {
	for {
		owner, ended := d.wakeups.Get()
		if ended {
			return
		}
		select {
		case d.done <- owner:
		case <-ctx.Done():
		}
		d.wakeups.Done(owner)
	}
}
