// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package billingtest holds what every billing.Provider promises, as tests.
package billingtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/billing"
)

const (
	// Item is what a server that is tested bills, at first none of it.
	Item = "si_seats"
	// APIKey lets in.
	APIKey = "sk_test_c0ffee"
)

// Server is a provider with the server behind it, which a test can make fail.
type Server struct {
	Provider billing.Provider
	// Quantity returns what is billed of Item.
	Quantity func() int64
	// Applied returns how many changes took effect.
	Applied func() int
	// Reject rejects the next change with these words, for good.
	Reject func(words string)
	// Refuse refuses APIKey from now on with these words.
	Refuse func(words string)
	// Throttle asks the next change to come back after so many seconds.
	Throttle func(seconds int)
	// Crash makes the next change fail with these words, which are remembered under
	// its key, before or after it takes effect.
	Crash func(words string, applied bool)
	// Lose makes the next change end without an answer, before or after it takes
	// effect.
	Lose func(applied bool)
	// Hang leaves all changes without an answer, to the end of the test.
	Hang func()
	// Down ends the server.
	Down func()
}

// Contract tests a provider. start is called for each test.
func Contract(t *testing.T, start func(*testing.T) Server) {
	tests := map[string]func(*testing.T, Server){
		"sets the quantity it was given":             sets,
		"takes a key once":                           takesKeyOnce,
		"makes a change back under a new key":        changesBack,
		"invoices at once when asked to":             invoices,
		"refuses what is not a change":               refuses,
		"reports a rejection with its words":         reportsRejection,
		"reports an API key that is refused":         reportsUnauthorized,
		"reports how long to wait":                   reportsThrottled,
		"remembers a crash under the key":            remembersCrash(false),
		"remembers a crash after the change":         remembersCrash(true),
		"repeats what was lost":                      repeatsLost(false),
		"repeats what was lost after the change":     repeatsLost(true),
		"reports a server that is down":              reportsDown,
		"gives up a server that hangs":               givesUp,
		"stops when its context is cancelled":        stops,
		"does not begin with a cancelled one":        doesNotBegin,
		"makes many changes at once":                 makesMany,
		"keeps the API key to itself":                keepsSecret,
		"says a novel in one line of 512 characters": saysOneLine,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// Change is a change that any provider makes.
func Change(key string, quantity int64) billing.Change {
	return billing.Change{Key: key, Item: Item, Quantity: quantity, APIKey: APIKey}
}

func (s Server) set(t *testing.T, c billing.Change) error {
	t.Helper()
	_, err := s.Provider.SetQuantity(t.Context(), c)
	return err
}

func (s Server) mustSet(t *testing.T, c billing.Change) billing.Receipt {
	t.Helper()
	receipt, err := s.Provider.SetQuantity(t.Context(), c)
	if err != nil {
		t.Fatalf("SetQuantity(%s, %d): %v", c.Key, c.Quantity, err)
	}
	return receipt
}

func (s Server) want(t *testing.T, quantity int64, applied int) {
	t.Helper()
	if n, m := s.Quantity(), s.Applied(); n != quantity || m != applied {
		t.Errorf("%d are billed after %d changes, want %d after %d", n, m, quantity, applied)
	}
}

// wantKind wants one of the four kinds alone.
func wantKind(t *testing.T, err error, want string) {
	t.Helper()
	var got []string
	for kind, sentinel := range map[string]error{
		"rejected": billing.ErrRejected, "unauthorized": billing.ErrUnauthorized, "unavailable": billing.ErrUnavailable,
	} {
		if errors.Is(err, sentinel) {
			got = append(got, kind)
		}
	}
	if throttled := (billing.ErrThrottled{}); errors.As(err, &throttled) {
		got = append(got, "throttled")
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("SetQuantity: %v, which is %v, want %s alone", err, got, want)
	}
	if billing.Words(err) == "" {
		t.Error("there are no words for a person")
	}
}

func wantWords(t *testing.T, err error, want string) {
	t.Helper()
	if got := billing.Words(err); got != want {
		t.Errorf("the words are %q, want %q", got, want)
	}
}

func sets(t *testing.T, s Server) {
	for i, quantity := range []int64{5, 1, 1_000_000, 0} {
		s.mustSet(t, Change(fmt.Sprint("k", i), quantity))
		s.want(t, quantity, i+1)
	}
}

func takesKeyOnce(t *testing.T, s Server) {
	c := Change("k", 5)
	c.InvoiceNow = true
	first := s.mustSet(t, c)
	s.mustSet(t, Change("k2", 7))
	if again := s.mustSet(t, c); again != first {
		t.Errorf("the receipt is %v, the first time it was %v", again, first)
	}
	s.want(t, 7, 2)
}

func changesBack(t *testing.T, s Server) {
	for i, quantity := range []int64{5, 7, 5, 5} {
		s.mustSet(t, Change(fmt.Sprint("k", i), quantity))
	}
	s.want(t, 5, 4)
}

func invoices(t *testing.T, s Server) {
	if receipt := s.mustSet(t, Change("k1", 5)); receipt.Invoice != "" {
		t.Errorf("the invoice is %q before there is one", receipt.Invoice)
	}
	now := Change("k2", 7)
	now.InvoiceNow = true
	first := s.mustSet(t, now)
	if first.Invoice == "" {
		t.Error("there is no invoice")
	}
	if receipt := s.mustSet(t, Change("k3", 8)); receipt != first {
		t.Errorf("the receipt is %v, want still %v", receipt, first)
	}
	now.Key, now.Quantity = "k4", 9
	if receipt := s.mustSet(t, now); receipt.Invoice == "" || receipt == first {
		t.Errorf("the receipt is %v, want a new one", receipt)
	}
}

func refuses(t *testing.T, s Server) {
	tests := map[string]struct {
		change func(*billing.Change)
		want   string
	}{
		"no key":                      {func(c *billing.Change) { c.Key = "" }, "rejected"},
		"a header in the key":         {func(c *billing.Change) { c.Key = "k\r\nX: y" }, "rejected"},
		"a key that is too long":      {func(c *billing.Change) { c.Key = strings.Repeat("k", 256) }, "rejected"},
		"no item":                     {func(c *billing.Change) { c.Item = "" }, "rejected"},
		"an item that leads up":       {func(c *billing.Change) { c.Item = ".." }, "rejected"},
		"an item that leads away":     {func(c *billing.Change) { c.Item = "si/../../customers" }, "rejected"},
		"fewer than none":             {func(c *billing.Change) { c.Quantity = -1 }, "rejected"},
		"no API key":                  {func(c *billing.Change) { c.APIKey = "" }, "unauthorized"},
		"a line break in the API key": {func(c *billing.Change) { c.APIKey += "\n" }, "unauthorized"},
	}
	for why, tt := range tests {
		t.Run(why, func(t *testing.T) {
			c := Change("k", 5)
			tt.change(&c)
			wantKind(t, s.set(t, c), tt.want)
		})
	}
	s.want(t, 0, 0)
}

func reportsRejection(t *testing.T, s Server) {
	s.Reject("No such subscription_item: 'si_seats'")
	for range 2 { // it comes again
		err := s.set(t, Change("k", 5))
		wantKind(t, err, "rejected")
		wantWords(t, err, "No such subscription_item: 'si_seats'")
	}
	s.want(t, 0, 0)
}

func reportsUnauthorized(t *testing.T, s Server) {
	s.Refuse("Expired API Key provided")
	err := s.set(t, Change("k", 5))
	wantKind(t, err, "unauthorized")
	wantWords(t, err, "Expired API Key provided")
	s.want(t, 0, 0)
	c := Change("k", 5)
	c.APIKey = "sk_test_corrected"
	s.mustSet(t, c)
	s.want(t, 5, 1)
}

func reportsThrottled(t *testing.T, s Server) {
	s.Throttle(17)
	err := s.set(t, Change("k", 5))
	wantKind(t, err, "throttled")
	throttled := billing.ErrThrottled{}
	if errors.As(err, &throttled); throttled.After != 17*time.Second {
		t.Errorf("to wait %s, want 17s", throttled.After)
	}
	if billing.Spent(err) {
		t.Error("the key is spent, but nothing was remembered under it")
	}
	s.mustSet(t, Change("k", 5))
	s.want(t, 5, 1)
}

func remembersCrash(applied bool) func(*testing.T, Server) {
	return func(t *testing.T, s Server) {
		s.Crash("An unknown error occurred", applied)
		for range 2 {
			err := s.set(t, Change("k", 5))
			wantKind(t, err, "unavailable")
			wantWords(t, err, "An unknown error occurred")
			if !billing.Spent(err) {
				t.Error("the key is not spent, but will never give another answer")
			}
		}
		s.mustSet(t, Change("k~1", 5))
		if n := s.Quantity(); n != 5 {
			t.Errorf("%d are billed, want 5", n)
		}
	}
}

func repeatsLost(applied bool) func(*testing.T, Server) {
	return func(t *testing.T, s Server) {
		s.Lose(applied)
		err := s.set(t, Change("k", 5))
		wantKind(t, err, "unavailable")
		if billing.Spent(err) {
			t.Error("the key is spent, but it is what finds out")
		}
		s.mustSet(t, Change("k", 5))
		s.want(t, 5, 1)
	}
}

func reportsDown(t *testing.T, s Server) {
	s.mustSet(t, Change("k1", 5))
	s.Down()
	for range 2 {
		err := s.set(t, Change("k2", 6))
		wantKind(t, err, "unavailable")
		if billing.Spent(err) {
			t.Error("the key is spent, but nobody has seen it")
		}
	}
}

func givesUp(t *testing.T, s Server) {
	s.Hang()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Provider.SetQuantity(ctx, Change("k", 5))
	wantKind(t, err, "unavailable")
	if !errors.Is(err, context.DeadlineExceeded) || billing.Spent(err) {
		t.Errorf("SetQuantity: %v, want DeadlineExceeded as well, and the key not spent", err)
	}
}

func stops(t *testing.T, s Server) {
	s.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	// Whether the change has reached the server by then makes no difference.
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := s.Provider.SetQuantity(ctx, Change("k", 5))
	wantKind(t, err, "unavailable")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("SetQuantity: %v, want Canceled as well", err)
	}
}

func doesNotBegin(t *testing.T, s Server) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Provider.SetQuantity(ctx, Change("k", 5))
	wantKind(t, err, "unavailable")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("SetQuantity: %v, want Canceled as well", err)
	}
	s.want(t, 0, 0)
}

func makesMany(t *testing.T, s Server) {
	const goroutines, changes = 8, 10
	outcomes := make(chan error)
	for g := range goroutines {
		go func() {
			for i := range changes {
				_, err := s.Provider.SetQuantity(t.Context(), Change(fmt.Sprintf("k%d-%d", g, i), 5))
				outcomes <- err
			}
		}()
	}
	for range goroutines * changes {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	s.want(t, 5, goroutines*changes)
}

func keepsSecret(t *testing.T, s Server) {
	secret := strings.TrimPrefix(APIKey, "sk_test_")
	s.Throttle(1)
	s.Lose(false)
	for range 2 {
		if err := s.set(t, Change("k", 5)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("SetQuantity: %v, want an error without the API key", err)
		}
	}
	c := Change("k", 5)
	c.APIKey += "\n"
	if err := s.set(t, c); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("SetQuantity: %v, want an error without the API key", err)
	}
}

func saysOneLine(t *testing.T, s Server) {
	s.Reject(strings.Repeat("Nein.\n", 400))
	words := billing.Words(s.set(t, Change("k", 5)))
	if n := utf8.RuneCountInString(words); n != 512 || strings.ContainsAny(words, "\r\n") {
		t.Errorf("%d characters, want one line of 512: %q", n, words)
	}
}
