// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// Desk has tasks done while nobody waits, and keeps what was found until it is told to forget. What it keeps is no truth: after a
// restart it is found again.
type Desk struct {
	Estate *Estate
	Outbox *outbox.Outbox

	mu      sync.Mutex
	reports map[types.NamespacedName]*handover.Report
	running map[types.NamespacedName]*run
	// wanted is the ID of the task that each user waits for: what else was asked for is not begun, or given up.
	wanted map[types.NamespacedName]string
}

// NewDesk makes a desk. Its outbox is to be started.
func NewDesk(estate *Estate, clock clock.PassiveClock) *Desk {
	// More patches in flight would only take longer each; people spend the rest of their time with lists, which they share.
	const people, patches, patience = 16, 16, 5 * time.Minute
	estate.turns = semaphore.NewWeighted(patches)
	return &Desk{Estate: estate, Outbox: outbox.New(outbox.Options{PerServer: people, Timeout: patience, Clock: clock})}
}

// run is a task under way.
type run struct {
	id     string
	cancel context.CancelFunc
	ended  chan struct{}
}

// Do returns what became of a user's task; nil while it is under way: the outbox wakes the user. Organizations take turns.
func (d *Desk) Do(user, organization types.NamespacedName, task *handover.Task) *handover.Report {
	d.want(user, task.ID)
	o := d.Outbox.Do(outbox.Errand{
		Owner: user, ID: task.ID, Tenant: organization,
		Run: func(ctx context.Context) error { return d.run(ctx, user, task) },
	})
	switch o.State {
	case outbox.Queued:
		return nil
	case outbox.Failed:
		return d.failed(user, task.ID, o.Err)
	default:
		return d.report(user, task.ID, o.At)
	}
}

// run does a task once the one before it, which it supersedes, has ended: a later look must not be overtaken by an earlier patch.
func (d *Desk) run(ctx context.Context, user types.NamespacedName, task *handover.Task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	this := &run{task.ID, cancel, make(chan struct{})}
	for {
		before, wanted := d.begin(user, this)
		if !wanted {
			return errUnwanted
		}
		if before == nil {
			break
		}
		before.cancel()
		select {
		case <-before.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer d.end(user, this)
	report, err := d.Estate.Do(ctx, task)
	d.keep(user, report)
	return err
}

// errUnwanted is what becomes of a task that something else was asked for after. Nobody hears of it.
var errUnwanted = errors.New("something else was asked for since")

// want notes which task a user waits for, and gives up any other.
func (d *Desk) want(user types.NamespacedName, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted == nil {
		d.wanted = map[types.NamespacedName]string{}
	}
	d.wanted[user] = id
	if r := d.running[user]; r != nil && r.id != id {
		r.cancel()
	}
}

// begin lets a task begin, unless another one of the user is under way, or nobody waits for it any more.
func (d *Desk) begin(user types.NamespacedName, this *run) (before *run, wanted bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.wanted[user]; !ok || id != this.id {
		return nil, false
	}
	if before = d.running[user]; before != nil {
		return before, true
	}
	if d.running == nil {
		d.running = map[types.NamespacedName]*run{}
	}
	d.running[user] = this
	return nil, true
}

func (d *Desk) end(user types.NamespacedName, this *run) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, user)
	close(this.ended)
}

func (d *Desk) keep(user types.NamespacedName, report *handover.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.wanted[user]; !ok || id != report.ID {
		return
	}
	if d.reports == nil {
		d.reports = map[types.NamespacedName]*handover.Report{}
	}
	d.reports[user] = report
}

// report is what was found last, if it is that of the task, which ended at some time.
func (d *Desk) report(user types.NamespacedName, id string, at time.Time) *handover.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.reports[user]; r != nil && r.ID == id {
		r.At = at
		return r
	}
	return &handover.Report{ID: id, Failure: "what was found is forgotten"}
}

// failed is the report of a task that failed, with what was moved before. It is told of that once: who asks again would count it again.
func (d *Desk) failed(user types.NamespacedName, id string, why error) *handover.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	report := &handover.Report{ID: id, Failure: words(why)}
	if r := d.reports[user]; r != nil && r.ID == id {
		report.Rules = r.Rules
		delete(d.reports, user)
	}
	return report
}

// Forget gives up a user's task, and lets go of what was found.
func (d *Desk) Forget(user types.NamespacedName) {
	d.Outbox.Forget(user)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.reports, user)
	delete(d.wanted, user)
	if r := d.running[user]; r != nil {
		r.cancel()
	}
}
