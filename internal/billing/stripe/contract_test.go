// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stripe

import (
	"net/http"
	"strconv"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/billing/billingtest"
	"seatkeeper.dev/seatkeeper/internal/billing/fake"
)

func TestContract(t *testing.T) {
	billingtest.Contract(t, func(t *testing.T) billingtest.Server {
		p, s := start(t)
		return billingtest.Server{
			Provider: p,
			Quantity: func() int64 { return s.Quantity(billingtest.Item) },
			Applied:  s.Applied,
			Reject: func(words string) {
				s.Script(fake.Fault{Status: http.StatusNotFound, Error: fake.Error{Type: "invalid_request_error", Message: words}})
			},
			Refuse: func(words string) { s.Refuse(billingtest.APIKey, words) },
			Throttle: func(seconds int) {
				s.Script(fake.Fault{
					Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
					Error: fake.Error{Type: "invalid_request_error", Code: "rate_limit", Message: "Request rate limit exceeded for " + billingtest.APIKey},
				})
			},
			Crash: func(words string, applied bool) {
				s.Script(fake.Fault{Applied: applied, Status: http.StatusInternalServerError, Error: fake.Error{Type: "api_error", Message: words}})
			},
			Lose: func(applied bool) { s.Script(fake.Fault{Applied: applied, Cut: true}) },
			Hang: func() { s.Hang() },
			Down: s.Close,
		}
	})
}

// start runs a Stripe that has billingtest.Item, and a provider to it.
func start(t *testing.T) (*Provider, *fake.Stripe) {
	t.Helper()
	s := fake.NewStripe(nil)
	t.Cleanup(s.Close)
	s.Add(billingtest.Item, "sub_1", 0)
	return provider(t, Options{BaseURL: s.URL()}), s
}

func provider(t *testing.T, o Options) *Provider {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}
