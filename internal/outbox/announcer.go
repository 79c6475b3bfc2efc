// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// announcer stands between those who have news and the one who receives from out:
// the former never wait, and the latter misses nothing. Whoever is already to be
// woken is woken once, and then finds all the news.
type announcer struct {
	out     chan types.NamespacedName
	arrived chan struct{} // holds something if the line may have become longer

	mu      sync.Mutex
	line    line[types.NamespacedName]
	waiting map[types.NamespacedName]bool
}

func newAnnouncer() *announcer {
	return &announcer{
		out:     make(chan types.NamespacedName),
		arrived: make(chan struct{}, 1),
		waiting: map[types.NamespacedName]bool{},
	}
}

func (a *announcer) push(tenant, name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.waiting[name] {
		a.waiting[name] = true
		a.line.push(tenant, name, false)
		wake(a.arrived)
	}
}

func (a *announcer) pop() (name types.NamespacedName, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.line.empty() {
		return types.NamespacedName{}, false
	}
	name = a.line.pop()
	delete(a.waiting, name)
	return name, true
}

// run hands out names until ctx ends.
func (a *announcer) run(ctx context.Context) {
	for {
		name, ok := a.pop()
		if !ok {
			select {
			case <-a.arrived:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case a.out <- name:
		case <-ctx.Done():
			return
		}
	}
}
