// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package together makes one read of those that many ask for at the same time.
package together

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// patience is how long a read may take, with all its pages. It is nobody's own, and does not end with those who asked for it.
const patience = 5 * time.Minute

// Reads are reads by what they are of. Whoever asks while one is under way has a part in the next: nobody gets what was read before
// they asked, so that it is as fresh as a read of one's own, and however many ask, two are what they wait for at most. It serves many
// goroutines, and its zero value can be used.
type Reads[K comparable, A, V any] struct {
	mu sync.Mutex
	// next are the reads that have not begun, by their keys; nil where one is under way and nobody has asked for another.
	next map[K]*round[A, V]
}

// round is a read for some.
type round[A, V any] struct {
	wants []A
	over  chan struct{}
	value V
	err   error
}

// Do has something read, for all who have asked with the same key, by the read of one of them. What it returns is theirs together, and
// not to be changed.
func (r *Reads[K, A, V]) Do(ctx context.Context, key K, want A, read func(ctx context.Context, wants []A) (V, error)) (none V, err error) {
	mine, first := r.join(key, want)
	if first {
		go r.run(context.WithoutCancel(ctx), key, read)
	}
	select {
	case <-mine.over:
		return mine.value, mine.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// join adds what is wanted to the next read, and says whether nobody makes reads of that key yet.
func (r *Reads[K, A, V]) join(key K, want A) (mine *round[A, V], first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = map[K]*round[A, V]{}
	}
	mine, busy := r.next[key]
	if mine == nil {
		mine = &round[A, V]{over: make(chan struct{})}
		r.next[key] = mine
	}
	mine.wants = append(mine.wants, want)
	return mine, !busy
}

// run makes reads of a key for as long as anybody asks.
func (r *Reads[K, A, V]) run(ctx context.Context, key K, read func(context.Context, []A) (V, error)) {
	for now := r.begin(key); now != nil; now = r.begin(key) {
		now.do(ctx, read)
	}
}

// do makes the read. One that panics is an error to all who have asked, as it would be in a pass of their own.
func (n *round[A, V]) do(ctx context.Context, read func(context.Context, []A) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer close(n.over)
	defer func() {
		if r := recover(); r != nil {
			n.err = fmt.Errorf("reading: panic: %v [recovered]\n%s", r, debug.Stack())
		}
	}()
	n.value, n.err = read(ctx, n.wants)
}

// begin takes the next read of a key; nil when there is none.
func (r *Reads[K, A, V]) begin(key K) *round[A, V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.next[key]
	if now == nil {
		delete(r.next, key)
		return nil
	}
	r.next[key] = nil
	return now
}
