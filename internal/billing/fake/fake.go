// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fake is a billing provider for tests, twice: Provider without a server,
// for who uses the port, and Stripe, a server for who speaks to one. Both keep
// quantities, remember keys and fail on demand.
package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"seatkeeper.dev/seatkeeper/internal/billing"
)

// Provider is a billing.Provider that keeps quantities. The zero value knows every
// item and makes every change at once. It passes the same contract as the real
// one. Its methods may be called from any goroutine.
type Provider struct {
	mu         sync.Mutex
	quantities map[string]int64
	invoices   map[string]string // the latest by item
	invoiced   int
	attempts   []billing.Change
	changes    []billing.Change
	remembered map[string]result // by key
	rejected   map[string]string // words by item
	refused    map[string]string // words by API key
	faults     []fault
	down       error
	gate       *Gate
}

var _ billing.Provider = (*Provider)(nil)

type result struct {
	receipt billing.Receipt
	err     error
}

type fault struct {
	err     error
	applied bool
}

// SetQuantity implements billing.Provider.
func (p *Provider) SetQuantity(ctx context.Context, c billing.Change) (billing.Receipt, error) {
	if err := c.Validate(); err != nil {
		return billing.Receipt{}, err
	}
	if err := p.arrive(c).pass(ctx); err != nil {
		return billing.Receipt{}, billing.AsUnavailable(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return billing.Receipt{}, p.down
	}
	if words, ok := p.refused[c.APIKey]; ok {
		return billing.Receipt{}, billing.AsUnauthorized(errors.New(words))
	}
	if before, ok := p.remembered[c.Key]; ok {
		return before.receipt, before.err
	}
	if words, ok := p.rejected[c.Item]; ok {
		return p.remember(c, result{err: billing.AsRejected(errors.New(words))})
	}
	if len(p.faults) == 0 {
		return p.remember(c, result{receipt: p.apply(c)})
	}
	f := p.faults[0]
	p.faults = p.faults[1:]
	if f.applied {
		if receipt := p.apply(c); !billing.Spent(f.err) { // then the key still finds out
			_, _ = p.remember(c, result{receipt: receipt})
		}
	}
	if billing.Spent(f.err) || errors.Is(f.err, billing.ErrRejected) {
		return p.remember(c, result{err: f.err})
	}
	return billing.Receipt{}, f.err
}

func (p *Provider) arrive(c billing.Change) *Gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts = append(p.attempts, c)
	return p.gate
}

// apply needs the lock.
func (p *Provider) apply(c billing.Change) billing.Receipt {
	set(&p.quantities, c.Item, c.Quantity)
	p.changes = append(p.changes, c)
	if c.InvoiceNow {
		p.invoiced++
		set(&p.invoices, c.Item, fmt.Sprintf("in_%d", p.invoiced))
	}
	return billing.Receipt{Invoice: p.invoices[c.Item]}
}

// remember needs the lock.
func (p *Provider) remember(c billing.Change, r result) (billing.Receipt, error) {
	set(&p.remembered, c.Key, r)
	return r.receipt, r.err
}

// Quantity returns what is billed of the item, false if that was never set.
func (p *Provider) Quantity(item string) (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.quantities[item]
	return n, ok
}

// Quantities returns what is billed by item.
func (p *Provider) Quantities() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.quantities)
}

// Changes returns the changes that took effect, oldest first.
func (p *Provider) Changes() []billing.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.changes)
}

// Attempts returns the valid changes that were tried, whatever became of them,
// oldest first.
func (p *Provider) Attempts() []billing.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.attempts)
}

// Reject rejects all changes of the item from now on.
func (p *Provider) Reject(item, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set(&p.rejected, item, words)
}

// Refuse refuses the API key from now on.
func (p *Provider) Refuse(apiKey, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set(&p.refused, apiKey, words)
}

// Fail makes the next changes that are new fail, one by one, before they take
// effect. The errors come from this port's functions: AsSpent and AsRejected ones
// are remembered under the key.
func (p *Provider) Fail(errs ...error) { p.fail(false, errs) }

// FailAfter makes them fail as Fail does, but after they took effect.
func (p *Provider) FailAfter(errs ...error) { p.fail(true, errs) }

func (p *Provider) fail(applied bool, errs []error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, err := range errs {
		p.faults = append(p.faults, fault{err: err, applied: applied})
	}
}

// Down makes everything fail with the error from now on; nil ends it.
func (p *Provider) Down(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}

// Hang leaves all changes that arrive from now on without an answer until the
// gate is opened.
func (p *Provider) Hang() *Gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = newGate()
	return p.gate
}

func set[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

// Gate is where changes hang.
type Gate struct {
	reached, opened       chan struct{}
	reachOnce, openedOnce sync.Once
}

func newGate() *Gate { return &Gate{reached: make(chan struct{}), opened: make(chan struct{})} }

// Reached is closed when the first change hangs.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Open lets the changes go on that hang, and all that come later.
func (g *Gate) Open() { g.openedOnce.Do(func() { close(g.opened) }) }

// pass also fails if there is no gate but the context has ended.
func (g *Gate) pass(ctx context.Context) error {
	if g != nil {
		g.reachOnce.Do(func() { close(g.reached) })
		select {
		case <-g.opened:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
