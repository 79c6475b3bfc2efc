// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// tries are those of what was asked of directories that failed, however many passes see it. They are no truth, only courtesy.
type tries struct {
	mu   sync.Mutex
	last map[types.NamespacedName]try
}

// try is the latest of several at one effect: at another one, they start anew.
type try struct {
	id      string
	count   int
	outcome outbox.Outcome
	again   time.Time
}

// failed takes in how a try ended, which is told by when that was known, and says how many there were, and when the next is due. The
// pauses between them double.
func (t *tries) failed(owner types.NamespacedName, id string, o outbox.Outcome, again func(pause time.Duration) time.Time) try {
	const first, last, doublings = 50 * time.Millisecond, 5 * time.Minute, 13
	t.mu.Lock()
	defer t.mu.Unlock()
	is := t.last[owner]
	if is.id != id {
		is = try{id: id}
	}
	if is.count > 0 && is.outcome.At.Equal(o.At) {
		return is
	}
	is.outcome, is.again = o, again(min(last, first<<min(is.count, doublings)))
	is.count++
	if t.last == nil {
		t.last = map[types.NamespacedName]try{}
	}
	t.last[owner] = is
	return is
}

// resting is how the latest try ended, if the next one is not due yet.
func (t *tries) resting(owner types.NamespacedName, id string, now time.Time) (o outbox.Outcome, rests bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	is, ok := t.last[owner]
	return is.outcome, ok && is.id == id && now.Before(is.again)
}

func (t *tries) forget(owner types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.last, owner)
}
