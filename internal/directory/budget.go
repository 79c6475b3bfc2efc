// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
)

// Budget is what requests to one directory share, whoever makes them: how many there may be in a second, and the pause that the
// directory asked for. A nil Budget lets all through. Its methods may be called from many goroutines.
type Budget struct {
	limiter *rate.Limiter
	clock   clock.PassiveClock

	mu    sync.Mutex
	until time.Time
	why   error
}

// NewBudget makes one of so many requests in a second, and twice as many at once; 0, and there may be any number.
func NewBudget(perSecond float64, clock clock.PassiveClock) *Budget {
	const atOnce = 2
	b := &Budget{limiter: rate.NewLimiter(rate.Inf, 0), clock: clock}
	if perSecond > 0 {
		b.limiter = rate.NewLimiter(rate.Limit(perSecond), max(1, int(atOnce*perSecond)))
	}
	return b
}

// Wait waits for the turn of one request. While the directory is to be left alone it does not wait, and returns what the directory
// said, with the time that is left. It returns at once as well if the turn would come after ctx ends.
func (b *Budget) Wait(ctx context.Context) error {
	if b == nil {
		return nil
	}
	if err := b.paused(); err != nil {
		return err
	}
	if err := b.limiter.Wait(ctx); err != nil {
		return Unavailable(cmp.Or(ctx.Err(), err))
	}
	return b.paused() // since it began to wait
}

func (b *Budget) paused() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left := b.until.Sub(b.clock.Now()); left > 0 {
		return &pause{error: b.why, after: left}
	}
	return nil
}

// Heed has all leave the directory alone if that is what it said. A pause that it asked for is not made shorter by another.
func (b *Budget) Heed(err error) {
	p := (*pause)(nil)
	if b == nil || !errors.As(err, &p) || p.after <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := b.clock.Now().Add(p.after); until.After(b.until) {
		b.until, b.why = until, p.error
	}
}
