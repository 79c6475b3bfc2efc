// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// server is a server with something to do; without, it is forgotten. The outbox's
// lock guards it.
type server struct {
	name    string
	waiting line[*task]
	running int
	of      map[types.NamespacedName]int // how many are running, by tenant
	ready   bool                         // whether it is among Outbox.ready
}

// nextAt is the tenant whose turn it is at a server. None has more than its part, so that one whose errands hang does not hold up the
// others, and the last place is for one who has none.
func (o *Outbox) nextAt(s *server) (tenant types.NamespacedName, ok bool) {
	spare := o.perServer / 4
	free := o.perServer + spare - s.running
	return s.waiting.next(func(tenant types.NamespacedName) bool {
		has := s.of[tenant]
		return has == 0 && free > 0 || has < o.perServer && free > min(1, spare)
	})
}

func (s *server) begin(tenant types.NamespacedName) {
	s.running++
	s.of[tenant]++
}

func (s *server) end(tenant types.NamespacedName) {
	s.running--
	if s.of[tenant]--; s.of[tenant] == 0 {
		delete(s.of, tenant)
	}
}

// enqueue needs the lock, as do dequeue and settle.
func (o *Outbox) enqueue(t *task) {
	t.server = o.servers[t.Server]
	if t.server == nil {
		t.server = &server{name: t.Server, of: map[types.NamespacedName]int{}}
		o.servers[t.Server] = t.server
	}
	t.place = t.server.waiting.push(t.Tenant, t, t.Urgent)
	o.settle(t.server)
}

func (o *Outbox) dequeue(t *task) {
	t.server.waiting.remove(t.place)
	o.settle(t.server)
}

// settle puts a server where it belongs after something of it has changed.
func (o *Outbox) settle(s *server) {
	_, ready := o.nextAt(s)
	switch {
	case ready && !s.ready:
		o.ready = append(o.ready, s)
		wake(o.work)
	case !ready && s.ready:
		i := slices.Index(o.ready, s)
		o.ready = slices.Delete(o.ready, i, i+1)
	}
	s.ready = ready
	if s.waiting.empty() && s.running == 0 {
		delete(o.servers, s.name)
	}
}

// awaitWork returns false when ctx ends.
func (o *Outbox) awaitWork(ctx context.Context) bool {
	for ctx.Err() == nil {
		if o.hasWork() {
			return true
		}
		select {
		case <-o.work:
		case <-ctx.Done():
		}
	}
	return false
}

func (o *Outbox) hasWork() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.ready) > 0
}

// next takes the task whose turn it is, for its caller to run. It returns nil if
// what there was has been forgotten meanwhile.
func (o *Outbox) next() (*task, func(context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ready) == 0 {
		return nil, nil
	}
	s := o.ready[0]
	o.ready = slices.Delete(o.ready, 0, 1)
	s.ready = false          // settle puts it at the end again if there is more
	tenant, _ := o.nextAt(s) // it is ready
	t := s.waiting.take(tenant)
	s.begin(tenant)
	o.settle(s)

	o.started++
	t.number, t.health = o.started, o.healthOf(t.Tenant)
	run := t.Run
	t.Run = nil
	return t, run
}

// wake lets the one who receives look again. It never waits.
func wake(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
