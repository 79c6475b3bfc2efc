// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"sync"
)

// queue passes items from many goroutines to many others. It is unbounded, so
// push never waits. Namespaces take turns, each in its own order, so that one
// organization's wave does not hold up another's single mail.
type queue[T any] struct {
	mu      sync.Mutex
	changed *sync.Cond     // an item has arrived, or the context has ended
	waiting map[string][]T // by namespace, oldest first; none is empty
	turns   []string       // the namespaces in waiting, next first
}

func newQueue[T any]() *queue[T] {
	q := &queue[T]{waiting: map[string][]T{}}
	q.changed = sync.NewCond(&q.mu)
	return q
}

func (q *queue[T]) push(namespace string, item T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting[namespace]) == 0 {
		q.turns = append(q.turns, namespace)
	}
	q.waiting[namespace] = append(q.waiting[namespace], item)
	q.changed.Signal()
}

// pull waits for an item. It returns false when ctx ends, which all who pull from
// a queue share: a signal may be lost with whoever gives up.
func (q *queue[T]) pull(ctx context.Context) (T, bool) {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.turns) == 0 && ctx.Err() == nil {
		q.changed.Wait()
	}
	if ctx.Err() != nil {
		var none T
		return none, false
	}
	return q.pop(), true
}

// wake lets everybody who waits look at its context.
func (q *queue[T]) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

// pop needs the lock and an item.
func (q *queue[T]) pop() T {
	namespace := q.turns[0]
	q.turns = q.turns[1:]
	items := q.waiting[namespace]
	item := items[0]
	clear(items[:1]) // else it stays in memory as long as its neighbours
	if len(items) == 1 {
		delete(q.waiting, namespace)
	} else {
		q.waiting[namespace] = items[1:]
		q.turns = append(q.turns, namespace)
	}
	return item
}
