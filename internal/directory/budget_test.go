// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

func TestBudgetIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := directory.NewBudget(10, clocktesting.NewFakePassiveClock(time.Now()))
		began := time.Now()
		for range 30 {
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("30 requests, of which 20 at once, take %v at 10 a second", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Wait(ctx); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("without the time to wait: %v", err)
		}
	})
	for why, b := range map[string]*directory.Budget{"none": nil, "no limit": directory.NewBudget(0, clocktesting.NewFakePassiveClock(time.Now()))} {
		for range 1000 {
			if err := b.Wait(t.Context()); err != nil {
				t.Fatalf("%s: %v", why, err)
			}
		}
	}
}

func TestPauseIsShared(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	b := directory.NewBudget(0, clock)
	for _, step := range []struct {
		why   string
		heeds error
		pass  time.Duration
		left  time.Duration
		words string
	}{
		{"nothing was said", nil, 0, 0, ""},
		{"an outage is no pause", directory.Unavailable(errors.New("down")), 0, 0, ""},
		{"no time is none", directory.UnavailableFor(errors.New("now"), 0), 0, 0, ""},
		{"a minute", directory.UnavailableFor(errors.New("slow down"), time.Minute), 20 * time.Second, 40 * time.Second, "slow down"},
		{"a shorter one", directory.UnavailableFor(errors.New("a bit"), 10*time.Second), 0, 40 * time.Second, "slow down"},
		{"a longer one", directory.UnavailableFor(errors.New("much"), time.Minute), 0, time.Minute, "much"},
		{"it is over", nil, time.Minute, 0, ""},
	} {
		b.Heed(step.heeds)
		clock.SetTime(clock.Now().Add(step.pass))
		err := b.Wait(t.Context())
		left, _ := directory.RetryAfter(err)
		if left != step.left || directory.Words(err) != step.words && step.words != "" || (err == nil) != (left == 0) {
			t.Errorf("%s: %v, to be left alone for %v", step.why, err, left)
		}
	}
	(*directory.Budget)(nil).Heed(directory.UnavailableFor(errors.New("slow down"), time.Minute))
}
