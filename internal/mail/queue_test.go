// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"strings"
	"sync"
	"testing"
)

func TestQueueLetsNamespacesTakeTurns(t *testing.T) {
	q := newQueue[string]()
	for _, item := range strings.Fields("a1 a2 a3 b1 a4 c1 b2") {
		q.push(item[:1], item)
	}
	var got []string
	for range 7 {
		item, _ := q.pull(t.Context())
		got = append(got, item)
	}
	if got, want := strings.Join(got, " "), "a1 b1 c1 a2 b2 a3 a4"; got != want {
		t.Errorf("order is %s, want %s", got, want)
	}
	if len(q.waiting) != 0 || len(q.turns) != 0 {
		t.Errorf("something is left: %v %v", q.waiting, q.turns)
	}
}

func TestQueueLosesNothing(t *testing.T) {
	const pushers, pullers, items = 4, 4, 500
	q := newQueue[int]()
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan int)
	var pulling sync.WaitGroup
	for range pullers {
		pulling.Go(func() {
			for {
				item, ok := q.pull(ctx)
				if !ok {
					return
				}
				seen <- item
			}
		})
	}
	for p := range pushers {
		go func() {
			for i := range items {
				q.push(string(rune('a'+i%7)), p*items+i)
			}
		}()
	}
	got := map[int]bool{}
	for range pushers * items {
		item := <-seen
		if got[item] {
			t.Errorf("item %d came twice", item)
		}
		got[item] = true
	}
	cancel()
	pulling.Wait()
}
