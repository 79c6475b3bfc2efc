// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"sync"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// FairQueue is a queue in which namespaces take turns: a wave of one organization does not hold up what others have to do, and is
// not held up for ever by them. A key only knows its namespace, so organizations that share one are one here.
func FairQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return &fairQueue{
		PriorityQueue: priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter }),
		lines:         map[int]*line{},
	}
}

// fairQueue puts the turn of a key into its priority. Whoever adds and gets keys sees the priority alone, so a key that is tried again
// does not keep a turn of before.
type fairQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]

	mu sync.Mutex
	// lines are by priority: what can wait takes no turn from what cannot.
	lines map[int]*line
}

// line gives turns to the keys of a priority: each namespace has one in every turn.
type line struct {
	// now is the turn of what was given out last.
	now int
	// next is the first turn that a namespace has not used, where that is after now.
	next map[string]int
	due  map[reconcile.Request]int
}

// turns is more than there will be between two starts.
const turns = 1 << 40

func ranked(priority, turn int) int { return priority*turns - turn }

// unranked is the priority of what ranked says; a shift rounds down also what is below 0.
func unranked(rank int) int { return (rank + turns - 1) >> 40 }

// Add implements workqueue.TypedInterface. A queue that is embedded does not know how this one adds.
func (q *fairQueue) Add(key reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, key) }

// AddWithOpts implements priorityqueue.PriorityQueue. What is delayed gets its turn when it is due, which the queue below knows alone.
func (q *fairQueue) AddWithOpts(o priorityqueue.AddOpts, keys ...reconcile.Request) {
	priority := ptr.Deref(o.Priority, 0)
	for _, key := range keys {
		turn := 0
		if o.After <= 0 && !o.RateLimited {
			turn = q.turn(priority, key)
		}
		mine := o
		mine.Priority = ptr.To(ranked(priority, turn))
		q.PriorityQueue.AddWithOpts(mine, key)
	}
}

// turn is that of a key that is due; it keeps the one it has.
func (q *fairQueue) turn(priority int, key reconcile.Request) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[priority]
	if l == nil {
		l = &line{next: map[string]int{}, due: map[reconcile.Request]int{}}
		q.lines[priority] = l
	}
	turn, ok := l.due[key]
	if !ok {
		turn = max(l.now, l.next[key.Namespace])
		l.due[key], l.next[key.Namespace] = turn, turn+1
	}
	return turn
}

// Get implements workqueue.TypedInterface.
func (q *fairQueue) Get() (reconcile.Request, bool) {
	key, _, shutdown := q.GetWithPriority()
	return key, shutdown
}

// GetWithPriority implements priorityqueue.PriorityQueue. What comes before its turn was delayed, whether it came in time or was added
// again meanwhile, and goes back to wait for it.
func (q *fairQueue) GetWithPriority() (reconcile.Request, int, bool) {
	for {
		key, rank, shutdown := q.PriorityQueue.GetWithPriority()
		priority := unranked(rank)
		if shutdown {
			return key, priority, true
		}
		turn := q.turn(priority, key)
		if its := ranked(priority, turn); rank > its {
			q.PriorityQueue.AddWithOpts(priorityqueue.AddOpts{Priority: &its}, key)
			q.Done(key)
			continue
		}
		q.leave(priority, key, turn)
		return key, priority, false
	}
}

// leave notes that a key has its turn.
func (q *fairQueue) leave(priority int, key reconcile.Request, turn int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lines {
		delete(l.due, key)
	}
	l := q.lines[priority]
	if turn <= l.now {
		return
	}
	l.now = turn
	for namespace, next := range l.next {
		if next <= l.now {
			delete(l.next, namespace)
		}
	}
}
