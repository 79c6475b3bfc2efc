// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"cmp"
	"container/heap"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// company is for how long a namespace is taken for one that goes on after it had something to do.
const company = 5 * time.Second

// FairQueue returns a queue in which namespaces take turns: a wave of one organization does not hold up what others have to do, and is
// not held up for ever by them. No namespace has more keys under way than most, and none more than share as long as others have had
// something to do lately: each write takes the longer the more of them the API server has at once. What is of higher priority comes
// before, in the order in which it was added. A key only knows its namespace, so organizations that share one are one here.
func FairQueue(clock clock.PassiveClock, share, most int) func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
		l := &lanes{
			clock: clock, share: share, most: most, asked: map[reconcile.Request]int{}, later: map[reconcile.Request]int{},
			waiting: map[reconcile.Request]*waiter{}, underWay: map[reconcile.Request]int{}, of: map[string]*lane{},
		}
		base := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: l})
		delaying := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{Name: name, Queue: base})
		return &fairQueue{
			lanes: l,
			TypedRateLimitingInterface: workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
				workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{Name: name, DelayingQueue: delaying}),
		}
	}
}

// fairQueue is client-go's queue with an order of its own, and with the priorities that controller-runtime gives.
type fairQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]

	lanes *lanes
}

var _ priorityqueue.PriorityQueue[reconcile.Request] = (*fairQueue)(nil)

// AddWithOpts implements priorityqueue.PriorityQueue.
func (q *fairQueue) AddWithOpts(o priorityqueue.AddOpts, keys ...reconcile.Request) {
	priority := ptr.Deref(o.Priority, 0)
	for _, key := range keys {
		switch {
		case o.RateLimited:
			q.lanes.askLater(key, priority)
			q.TypedRateLimitingInterface.AddRateLimited(key)
		case o.After > 0:
			q.lanes.askLater(key, priority)
			q.TypedRateLimitingInterface.AddAfter(key, o.After)
		default:
			q.lanes.ask(key, priority)
			q.TypedRateLimitingInterface.Add(key)
		}
	}
}

// Add implements workqueue.TypedInterface.
func (q *fairQueue) Add(key reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, key) }

// GetWithPriority implements priorityqueue.PriorityQueue.
func (q *fairQueue) GetWithPriority() (key reconcile.Request, priority int, shutdown bool) {
	key, shutdown = q.Get()
	return key, q.lanes.priority(key), shutdown
}

// Done implements workqueue.TypedInterface. Whoever is done gets the next key, so nobody else need be woken for the place that is free.
func (q *fairQueue) Done(key reconcile.Request) {
	q.lanes.done(key)
	q.TypedRateLimitingInterface.Done(key)
}

// Len implements workqueue.TypedInterface: it counts also what may not go yet.
func (q *fairQueue) Len() int { return q.lanes.len() }

// ShutDown implements workqueue.TypedInterface. What waits is not given out any more.
func (q *fairQueue) ShutDown() {
	q.lanes.end()
	q.TypedRateLimitingInterface.ShutDown()
}

// ShutDownWithDrain implements workqueue.TypedInterface.
func (q *fairQueue) ShutDownWithDrain() { q.ShutDown() }

// lanes is the order in which keys go: a workqueue.Queue, whose methods the queue calls with a lock of its own.
type lanes struct {
	clock       clock.PassiveClock
	share, most int

	mu sync.Mutex
	// last is the namespace that had something to do last, at lastAt, and otherAt is when any other had.
	last            string
	lastAt, otherAt time.Time
	// asked are the priorities of keys that are being added, and later those other than 0 of keys that are delayed.
	asked, later map[reconcile.Request]int
	waiting      map[reconcile.Request]*waiter
	// underWay are the priorities of what was given out.
	underWay map[reconcile.Request]int
	of       map[string]*lane
	// next are the lanes that may go, the first of which does.
	next lanesByTurn
	// moment counts what happens.
	moment int
	ended  bool
}

// lane is what waits of a namespace.
type lane struct {
	namespace string
	waiting   waitersByPriority
	underWay  int
	// since is the moment from which on the namespace waits for its turn.
	since int
	place int // among lanes.next, absent when not there
}

// waiter is a key that waits.
type waiter struct {
	key             reconcile.Request
	priority, since int
	place           int
}

const absent = -1

func (l *lanes) ask(key reconcile.Request, priority int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.asked[key]; !ok || before < priority {
		l.asked[key] = priority
	}
}

func (l *lanes) askLater(key reconcile.Request, priority int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.later[key]; ok {
		priority = max(priority, before)
	}
	if l.later[key] = priority; priority == 0 { // as for most, who need not be known
		delete(l.later, key)
	}
}

// wanted is the priority that a key was added with. It needs the lock, as do all below that do not take it.
func (l *lanes) wanted(key reconcile.Request) int {
	from := l.later
	if _, ok := l.asked[key]; ok {
		from = l.asked
	}
	priority := from[key]
	delete(from, key)
	return priority
}

// Push implements workqueue.Queue.
func (l *lanes) Push(key reconcile.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moment++
	w := &waiter{key: key, priority: l.wanted(key), since: l.moment}
	l.waiting[key] = w
	its := l.of[key.Namespace]
	if its == nil {
		its = &lane{namespace: key.Namespace, place: absent}
		l.of[key.Namespace] = its
	}
	heap.Push(&its.waiting, w)
	l.settle(its)
	l.meet(its)
}

// meet notes that a namespace has something to do, of which others will have to take account when they are next.
func (l *lanes) meet(its *lane) {
	if l.last != its.namespace {
		l.last, l.otherAt = its.namespace, l.lastAt
	}
	l.lastAt = l.clock.Now()
	l.settle(its)
}

// limit is how many keys of a namespace may be under way.
func (l *lanes) limit(its *lane) int {
	others := l.lastAt
	if its.namespace == l.last {
		others = l.otherAt
	}
	if l.clock.Since(others) < company {
		return l.share
	}
	return l.most
}

// Touch implements workqueue.Queue: a key that is added with a higher priority takes its place behind those that have it.
func (l *lanes) Touch(key reconcile.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.waiting[key]
	if priority := l.wanted(key); priority > w.priority {
		l.moment++
		w.priority, w.since = priority, l.moment
		its := l.of[key.Namespace]
		heap.Fix(&its.waiting, w.place)
		l.settle(its)
	}
}

// Len implements workqueue.Queue: it is how many namespaces have something that may go.
func (l *lanes) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return 0
	}
	return len(l.next)
}

// Pop implements workqueue.Queue.
func (l *lanes) Pop() reconcile.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	its := l.next[0]
	w := heap.Pop(&its.waiting).(*waiter)
	delete(l.waiting, w.key)
	l.underWay[w.key] = w.priority
	l.moment++
	its.since = l.moment
	its.underWay++
	l.settle(its)
	l.meet(its)
	return w.key
}

func (l *lanes) done(key reconcile.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.underWay, key)
	its := l.of[key.Namespace]
	its.underWay--
	l.settle(its)
	if len(l.waiting) == 0 && len(l.underWay) == 0 { // which comes soon, and then nobody need be known any more
		clear(l.of)
	}
}

// settle puts a lane where it belongs after something of it has changed.
func (l *lanes) settle(its *lane) {
	mayGo := len(its.waiting) > 0 && its.underWay < l.limit(its)
	switch {
	case mayGo && its.place == absent:
		l.moment++
		its.since = l.moment
		heap.Push(&l.next, its)
	case mayGo:
		heap.Fix(&l.next, its.place)
	case its.place != absent:
		heap.Remove(&l.next, its.place)
	}
}

func (l *lanes) priority(key reconcile.Request) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.underWay[key]
}

func (l *lanes) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

func (l *lanes) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// lanesByTurn is a heap of lanes that may go: what is of the highest priority comes first, and of that, who has waited longest.
type lanesByTurn []*lane

func (h lanesByTurn) Len() int { return len(h) }

func (h lanesByTurn) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(cmp.Compare(b.waiting[0].priority, a.waiting[0].priority), cmp.Compare(a.since, b.since)) < 0
}

func (h lanesByTurn) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *lanesByTurn) Push(x any) {
	its := x.(*lane)
	its.place = len(*h)
	*h = append(*h, its)
}

// Pop implements heap.Interface.
func (h *lanesByTurn) Pop() any {
	last := len(*h) - 1
	its := (*h)[last]
	its.place = absent
	(*h)[last] = nil
	*h = (*h)[:last]
	return its
}

// waitersByPriority is a heap of what waits in a lane.
type waitersByPriority []*waiter

func (h waitersByPriority) Len() int { return len(h) }

func (h waitersByPriority) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[j].priority, h[i].priority), cmp.Compare(h[i].since, h[j].since)) < 0
}

func (h waitersByPriority) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *waitersByPriority) Push(x any) {
	w := x.(*waiter)
	w.place = len(*h)
	*h = append(*h, w)
}

// Pop implements heap.Interface.
func (h *waitersByPriority) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return w
}
