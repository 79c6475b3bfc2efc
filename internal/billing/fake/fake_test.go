// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/billing/billingtest"
	"seatkeeper.dev/seatkeeper/internal/billing/fake"
)

func TestProvider(t *testing.T) {
	billingtest.Contract(t, func(*testing.T) billingtest.Server {
		p := &fake.Provider{}
		return billingtest.Server{
			Provider: p,
			Quantity: func() int64 { n, _ := p.Quantity(billingtest.Item); return n },
			Applied:  func() int { return len(p.Changes()) },
			Reject:   func(words string) { p.Reject(billingtest.Item, words) },
			Refuse:   func(words string) { p.Refuse(billingtest.APIKey, words) },
			Throttle: func(seconds int) {
				p.Fail(billing.AsThrottled(errors.New("slow down"), time.Duration(seconds)*time.Second))
			},
			Crash: func(words string, applied bool) {
				if err := billing.AsSpent(errors.New(words)); applied {
					p.FailAfter(err)
				} else {
					p.Fail(err)
				}
			},
			Lose: func(applied bool) {
				if err := billing.AsUnavailable(errors.New("connection reset")); applied {
					p.FailAfter(err)
				} else {
					p.Fail(err)
				}
			},
			Hang: func() { p.Hang() },
			Down: func() { p.Down(billing.AsUnavailable(errors.New("connection refused"))) },
		}
	})
}

func TestOpenGateLetsChangesThrough(t *testing.T) {
	p := &fake.Provider{}
	gate := p.Hang()
	outcome := make(chan error)
	go func() {
		_, err := p.SetQuantity(t.Context(), billingtest.Change("k", 5))
		outcome <- err
	}()
	<-gate.Reached()
	if changes := p.Changes(); len(changes) != 0 {
		t.Errorf("made while it should hang: %v", changes)
	}
	gate.Open()
	gate.Open()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if n, ok := p.Quantity(billingtest.Item); !ok || n != 5 || len(p.Attempts()) != 1 {
		t.Errorf("%d are billed (%v) after %d attempts, want 5 after 1", n, ok, len(p.Attempts()))
	}
	if _, ok := p.Quantity("si_other"); ok {
		t.Error("an item that was never set has a quantity")
	}
}

// The keys of the real one are forgotten after a day.
func TestStripeForgetsKeysAfterADay(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s := fake.NewStripe(clock)
	defer s.Close()
	s.Add("si_1", "sub_1", 0)
	s.Script(fake.Fault{Status: 500})
	post := func(quantity string) int {
		t.Helper()
		form := strings.NewReader(url.Values{"quantity": {quantity}}.Encode())
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v1/subscription_items/si_1", form)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Authorization": {"Bearer k"}, "Idempotency-Key": {"a"}, "Content-Type": {"application/x-www-form-urlencoded"}}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for _, step := range []struct {
		why      string
		wait     time.Duration
		quantity string
		want     int
	}{
		{"it crashes", 0, "5", 500},
		{"the crash is replayed", time.Hour, "5", 500},
		{"to the end of the day", 23*time.Hour - time.Second, "5", 500},
		{"the key is for one request", 0, "6", 400},
		{"the key is forgotten", time.Second, "6", 200},
	} {
		clock.SetTime(clock.Now().Add(step.wait))
		if got := post(step.quantity); got != step.want {
			t.Errorf("%s: status %d, want %d", step.why, got, step.want)
		}
	}
	if n := s.Quantity("si_1"); n != 6 || s.Applied() != 1 {
		t.Errorf("%d are billed after %d changes, want 6 after 1", n, s.Applied())
	}
}
