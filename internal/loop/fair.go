// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"slices"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// FairQueue returns a queue in which namespaces take turns, and of whose keys no namespace has more than share under way: a wave of one
// organization does not hold up what others have to do, and is not held up for ever by them. A key only knows its namespace, so
// organizations that share one are one here.
func FairQueue(share int) func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	return func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
		q := &fairQueue{
			PriorityQueue: priorityqueue.New(name, func(o *priorityqueue.Opts[reconcile.Request]) { o.RateLimiter = limiter }),
			lines:         map[int]*line{},
			share:         share,
			underWay:      map[string]int{},
			out:           map[reconcile.Request]bool{},
		}
		q.changed.L = &q.mu
		return q
	}
}

// fairQueue puts the turn of a key into its priority. Whoever adds and gets keys sees the priority alone, so a key that is tried again
// does not keep a turn of before.
type fairQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]

	mu sync.Mutex
	// lines are by priority: what can wait takes no turn from what cannot.
	lines map[int]*line

	share int
	// underWay are how many keys of each namespace were given out and are not done.
	underWay map[string]int
	// held are keys whose turn came when their namespace had its share under way. They are few: nobody looks for a key as long as that
	// would find but such.
	held []turned
	// out are the keys that the queue below does not give out again until they are done: those under way, and those held.
	out map[reconcile.Request]bool
	// looking says that somebody looks for a key: one at a time does.
	looking, ended bool
	// changed says that one who waits may have something to do.
	changed sync.Cond
}

// turned is a key whose turn has come.
type turned struct {
	key      reconcile.Request
	priority int
}

// line gives turns to the keys of a priority: each namespace has one in every turn.
type line struct {
	// now is the turn of what was given out last.
	now int
	// next is the first turn that a namespace has not used, where that is after now.
	next map[string]int
	due  map[reconcile.Request]int
	// ready is how many keys of a namespace are due, without those that are out.
	ready map[string]int
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
	q.mu.Lock()
	defer q.mu.Unlock()
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

// turn is that of a key that is due; it keeps the one it has. It needs the lock, as do all below that do not take it.
func (q *fairQueue) turn(priority int, key reconcile.Request) int {
	l := q.lines[priority]
	if l == nil {
		l = &line{next: map[string]int{}, due: map[reconcile.Request]int{}, ready: map[string]int{}}
		q.lines[priority] = l
	}
	turn, ok := l.due[key]
	if !ok {
		turn = max(l.now, l.next[key.Namespace])
		l.due[key], l.next[key.Namespace] = turn, turn+1
		if !q.out[key] {
			l.ready[key.Namespace]++
		}
		if q.mayGo(key.Namespace) {
			q.changed.Signal()
		}
	}
	return turn
}

// Get implements workqueue.TypedInterface.
func (q *fairQueue) Get() (reconcile.Request, bool) {
	key, _, shutdown := q.GetWithPriority()
	return key, shutdown
}

// GetWithPriority implements priorityqueue.PriorityQueue.
func (q *fairQueue) GetWithPriority() (reconcile.Request, int, bool) {
	for {
		if next, ok := q.await(); ok {
			return next.key, next.priority, false
		}
		key, rank, shutdown := q.PriorityQueue.GetWithPriority()
		if shutdown {
			return key, unranked(rank), true
		}
		if q.found(turned{key, unranked(rank)}, rank) {
			return key, unranked(rank), false
		}
	}
}

// await returns when a key is to be looked for, or with one that was held and may go now.
func (q *fairQueue) await() (next turned, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.ended {
		if i := slices.IndexFunc(q.held, func(t turned) bool { return q.mayGo(t.key.Namespace) }); i >= 0 {
			next = q.held[i]
			q.held = slices.Delete(q.held, i, i+1)
			q.underWay[next.key.Namespace]++
			return next, true
		}
		if !q.looking && q.promising() {
			q.looking = true
			break
		}
		q.changed.Wait()
	}
	return turned{}, false
}

func (q *fairQueue) mayGo(namespace string) bool { return q.underWay[namespace] < q.share }

// promising says that whoever looks for a key finds one that may go soon, or waits for it. While a namespace has its share under way, that
// is so when another one's is among what comes next: before its turn, there are but few.
func (q *fairQueue) promising() bool {
	full := false
	for namespace := range q.underWay {
		full = full || !q.mayGo(namespace)
	}
	if !full {
		return true
	}
	var next *line
	highest := 0
	for priority, l := range q.lines {
		if len(l.ready) > 0 && (next == nil || priority > highest) {
			next, highest = l, priority
		}
	}
	if next == nil {
		return false
	}
	for namespace := range next.ready {
		if q.mayGo(namespace) {
			return true
		}
	}
	return false
}

// found takes in a key that the queue below gave out, and says whether it may go. What comes before its turn was delayed, whether it came
// in time or was added again meanwhile, and goes back to wait for it. What may not go is held.
func (q *fairQueue) found(t turned, rank int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.looking = false
	q.changed.Signal()
	turn := q.turn(t.priority, t.key)
	if its := ranked(t.priority, turn); rank > its {
		q.PriorityQueue.AddWithOpts(priorityqueue.AddOpts{Priority: &its}, t.key)
		q.PriorityQueue.Done(t.key)
		return false
	}
	for _, l := range q.lines {
		if _, due := l.due[t.key]; due {
			delete(l.due, t.key)
			l.unready(t.key.Namespace)
		}
	}
	q.lines[t.priority].reach(turn)
	q.out[t.key] = true
	if !q.mayGo(t.key.Namespace) {
		q.held = append(q.held, t)
		return false
	}
	q.underWay[t.key.Namespace]++
	return true
}

func (l *line) unready(namespace string) {
	if l.ready[namespace]--; l.ready[namespace] == 0 {
		delete(l.ready, namespace)
	}
}

// reach notes that a turn has come.
func (l *line) reach(turn int) {
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

// Done implements workqueue.TypedInterface.
func (q *fairQueue) Done(key reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.PriorityQueue.Done(key)
	delete(q.out, key)
	for _, l := range q.lines {
		if _, due := l.due[key]; due {
			l.ready[key.Namespace]++
		}
	}
	if q.underWay[key.Namespace]--; q.underWay[key.Namespace] == 0 {
		delete(q.underWay, key.Namespace)
	}
	q.changed.Signal()
}

// ShutDown implements workqueue.TypedInterface.
func (q *fairQueue) ShutDown() {
	q.PriorityQueue.ShutDown()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Broadcast()
}

// ShutDownWithDrain implements workqueue.TypedInterface.
func (q *fairQueue) ShutDownWithDrain() { q.ShutDown() }
