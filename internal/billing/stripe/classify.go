// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v85"

	"seatkeeper.dev/seatkeeper/internal/billing"
)

// classify says which of the port's errors an error of stripe-go is. Nothing of
// stripe-go goes further than this.
func classify(ctx context.Context, a *answer, err error, apiKey string) error {
	said := (*api.Error)(nil)
	stripes := errors.As(err, &said) && said.Type != ""
	cause := errors.New(words(a, said, err, apiKey))
	switch {
	case ctx.Err() != nil && !stripes:
		return billing.AsUnavailable(fmt.Errorf("no answer from Stripe: %w", ctx.Err()))
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return billing.AsUnauthorized(cause)
	case a.status == http.StatusTooManyRequests:
		return billing.AsThrottled(cause, retryAfter(a.header))
	case a.status >= 500:
		return billing.AsSpent(cause)
	case !stripes, a.status == http.StatusConflict:
		// No answer, somebody else's, or a conflict: another request with this key or
		// about this subscription is being carried out.
		return billing.AsUnavailable(cause)
	case said.Type == api.ErrorTypeIdempotency:
		// The key was sent before with other parameters, say by an older version of
		// ours. What became of that is unknown, and this key never finds out.
		return billing.AsSpent(cause)
	}
	return billing.AsRejected(cause)
}

var (
	keys = regexp.MustCompile(`\b[rs]k_(live|test)_[^\s'",.]+`)
	// What differs from try to try would make one failure look like many.
	passing = regexp.MustCompile(`\s*\(?\breq_[A-Za-z0-9]+\)?|\S+:\d+->\S+:\d+(: )?`)
)

// words are Stripe's if it said any. They never hold an API key, though Stripe
// and what is in between may quote one.
func words(a *answer, said *api.Error, err error, apiKey string) string {
	text := err.Error()
	switch u := (*url.Error)(nil); {
	case said != nil:
		text = cmp.Or(said.Msg, string(said.Code), string(said.Type))
	case a.status >= 300: // the text is stripe-go's, about a body that it cannot read
		text = strings.TrimSpace(fmt.Sprintf("HTTP status %d %s", a.status, http.StatusText(a.status)))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the connection ended without an answer"
	case errors.As(err, &u):
		text = u.Err.Error()
	}
	text = strings.ReplaceAll(text, apiKey, "(API key)")
	return passing.ReplaceAllString(keys.ReplaceAllString(text, "(API key)"), "")
}

// retryAfter reads seconds or a date, which counts from the server's own.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(seconds), 0), 7*24*3600) * time.Second
	}
	until, err := http.ParseTime(value)
	now, errNow := http.ParseTime(h.Get("Date"))
	if err != nil || errNow != nil {
		return 0
	}
	return max(until.Sub(now), 0)
}
