// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxIdle is more than the outbox has workers, and less than what servers
	// grant one client (Postfix: 50).
	maxIdle = 32
	// idleTimeout is shorter than the patience of servers.
	idleTimeout = 30 * time.Second
)

// pool keeps idle connections for the next mail.
type pool struct {
	timeout time.Duration

	mu     sync.Mutex
	idle   []*connection // the one used last is last
	closed bool
}

// take returns the connection used last, so that the others can go after a wave;
// nil if there is none.
func (p *pool) take() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = slices.Delete(p.idle, last, last+1)
	c.expiry.Stop()
	return c
}

// keep may end the connection instead.
func (p *pool) keep(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) == maxIdle {
		go c.quit()
		return
	}
	p.idle = append(p.idle, c)
	c.expiry = time.AfterFunc(p.timeout, func() { p.expire(c) })
}

func (p *pool) expire(c *connection) {
	p.mu.Lock()
	i := slices.Index(p.idle, c)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	// It may have been taken while its timer fired.
	if i >= 0 {
		c.quit()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range idle {
		c.expiry.Stop()
		ending.Go(c.quit)
	}
	ending.Wait()
}
