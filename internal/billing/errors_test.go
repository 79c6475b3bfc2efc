// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package billing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/billing"
)

func TestErrorKinds(t *testing.T) {
	rejected, spent := billing.AsRejected(io.EOF), billing.AsSpent(io.EOF)
	tests := map[string]struct {
		err, target error
		want        bool
	}{
		"rejected":            {rejected, billing.ErrRejected, true},
		"rejected, cause":     {rejected, io.EOF, true},
		"rejected, other":     {rejected, billing.ErrUnavailable, false},
		"unauthorized":        {billing.AsUnauthorized(io.EOF), billing.ErrUnauthorized, true},
		"unavailable":         {billing.AsUnavailable(io.EOF), billing.ErrUnavailable, true},
		"spent":               {spent, billing.ErrUnavailable, true},
		"spent, other":        {spent, billing.ErrRejected, false},
		"throttled":           {billing.AsThrottled(io.EOF, time.Second), billing.ErrThrottled{After: time.Second}, true},
		"throttled, other":    {billing.AsThrottled(io.EOF, time.Second), billing.ErrUnavailable, false},
		"wrapped":             {fmt.Errorf("billing: %w", rejected), billing.ErrRejected, true},
		"the text of another": {errors.New("billing change rejected: EOF"), billing.ErrRejected, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := errors.Is(tt.err, tt.target); got != tt.want {
				t.Errorf("errors.Is(%v, %v) = %v", tt.err, tt.target, got)
			}
		})
	}
	for err, want := range map[error]bool{
		nil: false, rejected: false, spent: true, fmt.Errorf("billing: %w", spent): true,
		billing.AsUnavailable(io.EOF): false, billing.AsThrottled(io.EOF, 0): false, errors.New("x"): false,
	} {
		if got := billing.Spent(err); got != want {
			t.Errorf("Spent(%v) = %v", err, got)
		}
	}
	for err, want := range map[error]string{
		rejected:                                 "billing change rejected: EOF",
		billing.AsThrottled(io.EOF, 0):           "billing provider wants fewer requests: EOF",
		billing.AsThrottled(io.EOF, time.Minute): "billing provider wants fewer requests for 1m0s: EOF",
	} {
		if got := err.Error(); got != want {
			t.Errorf("the text is %q, want %q", got, want)
		}
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("é", 600)
	tests := map[string]struct {
		err  error
		want string
	}{
		"no error":      {nil, ""},
		"an answer":     {billing.AsRejected(errors.New("No such item")), "No such item"},
		"wrapped":       {fmt.Errorf("billing: %w", billing.AsSpent(errors.New("Later"))), "Later"},
		"another error": {errors.New("reading the Secret: not found"), "reading the Secret: not found"},
		"several lines": {billing.AsRejected(errors.New("No\r\n\tsuch item ")), "No such item"},
		"control codes": {billing.AsRejected(errors.New("\x1b[31mred\x00 \u202eback")), "[31mred back"},
		"not UTF-8":     {billing.AsRejected(errors.New("caf\xe9")), "caf"},
		"a novel":       {billing.AsRejected(errors.New(long)), strings.Repeat("é", 511) + "…"},
		"just no novel": {billing.AsRejected(errors.New(long[:1024])), strings.Repeat("é", 512)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := billing.Words(tt.err); got != tt.want {
				t.Errorf("Words(%v) = %q, want %q", tt.err, got, tt.want)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Your card was declined.")
	f.Add("a\r\nb \x00\xff\u2028")
	f.Fuzz(func(t *testing.T, said string) {
		words := billing.Words(billing.AsRejected(errors.New(said)))
		if utf8.RuneCountInString(words) > 512 || !utf8.ValidString(words) {
			t.Errorf("not short and clean: %q", words)
		}
		if i := strings.IndexFunc(words, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("unprintable at %d: %q", i, words)
		}
	})
}
