// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package resync

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// calls stand between who has news and who receives it, which may take its time: nobody waits, and nothing is lost.
type calls struct {
	out     chan types.NamespacedName
	arrived chan struct{}

	mu      sync.Mutex
	line    []types.NamespacedName
	waiting map[types.NamespacedName]bool
}

func newCalls() *calls {
	return &calls{out: make(chan types.NamespacedName), arrived: make(chan struct{}, 1), waiting: map[types.NamespacedName]bool{}}
}

func (c *calls) push(names ...types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		if !c.waiting[name] {
			c.waiting[name] = true
			c.line = append(c.line, name)
		}
	}
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

func (c *calls) pop() (name types.NamespacedName, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.line) == 0 {
		return name, false
	}
	name = c.line[0]
	c.line = c.line[1:]
	delete(c.waiting, name)
	return name, true
}

// run hands out names until ctx ends.
func (c *calls) run(ctx context.Context) {
	for {
		name, ok := c.pop()
		if !ok {
			select {
			case <-c.arrived:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case c.out <- name:
		case <-ctx.Done():
			return
		}
	}
}
