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

const (
	// few is how many keys of a namespace may be due at a time before more of them are a crowd.
	few = 16
	// crowded is by how much those of a crowd come after others. It is less than what the first look at everybody after a start
	// comes after everything else.
	crowded = -10
)

// FairQueue is a queue in which a wave of one organization does not hold up what little others have to do: of a namespace with many
// keys that are due, those beyond a few come after everybody else's. A key only knows its namespace, so organizations that share
// one are one here.
func FairQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return &fairQueue{
		PriorityQueue: priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter }),
		due:           map[reconcile.Request]struct{}{}, crowds: map[string]int{},
	}
}

type fairQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]

	mu sync.Mutex
	// due are the keys that were added without a delay, and crowds how many of them there are, by namespace. A key that is added
	// while it is taken out may be missing, which costs nothing but one place.
	due    map[reconcile.Request]struct{}
	crowds map[string]int
}

// Add implements workqueue.TypedInterface. A queue that is embedded does not know how this one adds.
func (q *fairQueue) Add(key reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, key) }

// AddWithOpts implements priorityqueue.PriorityQueue.
func (q *fairQueue) AddWithOpts(o priorityqueue.AddOpts, keys ...reconcile.Request) {
	if o.After > 0 || o.RateLimited {
		q.PriorityQueue.AddWithOpts(o, keys...) // timers are no crowd: somebody has one for each member
		return
	}
	for _, key := range keys {
		mine := o
		if q.enter(key) {
			mine.Priority = ptr.To(ptr.Deref(o.Priority, 0) + crowded)
		}
		q.PriorityQueue.AddWithOpts(mine, key)
	}
}

// enter notes that a key is due, and says whether it is one of a crowd.
func (q *fairQueue) enter(key reconcile.Request) (crowd bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.due[key]; !ok {
		q.due[key] = struct{}{}
		q.crowds[key.Namespace]++
	}
	return q.crowds[key.Namespace] > few
}

// Get implements workqueue.TypedInterface.
func (q *fairQueue) Get() (reconcile.Request, bool) {
	key, _, shutdown := q.GetWithPriority()
	return key, shutdown
}

// GetWithPriority implements priorityqueue.PriorityQueue.
func (q *fairQueue) GetWithPriority() (reconcile.Request, int, bool) {
	key, priority, shutdown := q.PriorityQueue.GetWithPriority()
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.due[key]; ok {
		delete(q.due, key)
		if q.crowds[key.Namespace]--; q.crowds[key.Namespace] == 0 {
			delete(q.crowds, key.Namespace)
		}
	}
	return key, priority, shutdown
}
