// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/passes"
)

var endOfTerm = passes.Noon.Add(30 * 24 * time.Hour)

// The bought seats end on the clock, and the included ones stay. A later end renews them.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2).Included(1).ExpiresAt(endOfTerm), "ada", "bea")...)
	w.Answer("ada", accept)
	w.Answer("bea", accept)
	w.Settle()
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionExpired, metav1.ConditionFalse, v1alpha1.ReasonTermRunning, "2026-06-03T12:00:00Z")
	result, err := w.Pass(passes.SeatPool, "standard")
	if want := endOfTerm.Sub(w.Clock.Now()); err != nil || result.RequeueAfter != want {
		t.Errorf("a pass before the end asks for the next one after %s (%v), want %s", result.RequeueAfter, err, want)
	}
	wantQuiet(t, w)

	w.Clock.SetTime(endOfTerm.Add(-time.Hour))
	w.Settle()
	wantBought(t, w, 2, 3)
	w.Clock.SetTime(endOfTerm)
	w.Settle()
	pool := w.Pool("standard")
	wantBought(t, w, 2, 1)
	wantCondition(t, pool, v1alpha1.ConditionExpired, metav1.ConditionTrue, v1alpha1.ReasonTermOver, "a later spec.expiresAt renews them")
	wantCondition(t, pool, v1alpha1.ConditionOvercommitted, metav1.ConditionTrue, v1alpha1.ReasonCapacityBelowUse)
	if *pool.Status.Seats != 0 || pool.Status.Cost.Summary != "0.00 EUR/Month" {
		t.Errorf("%d seats are in effect, at %s", *pool.Status.Seats, pool.Status.Cost.Summary)
	}
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"}) // nobody loses a seat
	wantEvent(t, w, 1, "Warning TermOver standard")
	wantQuiet(t, w)
	wantEvent(t, w, 0, "SeatsGivenBack")

	w.Create(member("cid"))
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonAwaitingSeat)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = new(metav1.NewTime(endOfTerm.Add(30 * 24 * time.Hour))) })
	w.Settle()
	wantBought(t, w, 2, 3)
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionExpired, metav1.ConditionFalse, v1alpha1.ReasonTermRunning)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid"})
	wantEvent(t, w, 1, "TermOver")
}

// What is bought until a certain time keeps its price until then.
func TestPriceChangesAtTheEndOfTheTerm(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2).ExpiresAt(endOfTerm), "ada")...)
	wantNone(t, w.Pool("standard"), v1alpha1.ConditionPriceChangePending)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Amount = "15.00" })
	w.Settle()
	pool := w.Pool("standard")
	wantCondition(t, pool, v1alpha1.ConditionPriceChangePending, metav1.ConditionTrue, v1alpha1.ReasonTermRunning, "12.00 EUR", "18.00 EUR")
	if got := pool.Status.Cost.Summary; got != "24.00 EUR/Month" {
		t.Errorf("in mid-term the seats cost %s", got)
	}
	wantQuiet(t, w)
	scale(w, 3) // at the price of the term
	w.Settle()
	if got := w.Pool("standard").Status.Cost.Summary; got != "36.00 EUR/Month" {
		t.Errorf("with one more seat they cost %s", got)
	}
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = new(metav1.NewTime(endOfTerm.Add(24 * time.Hour))) })
	w.Settle()
	pool = w.Pool("standard")
	wantNone(t, pool, v1alpha1.ConditionPriceChangePending)
	if got := pool.Status.Cost.Summary; got != "54.00 EUR/Month" {
		t.Errorf("renewed they cost %s", got)
	}
}

// Without an end a new price holds at once.
func TestPriceChangesAtOnce(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2), "ada")...)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Amount, p.Spec.Billing.TaxRate = "15.00", "" })
	w.Settle()
	if got := w.Pool("standard").Status.Cost.Summary; got != "30.00 EUR/Month" {
		t.Errorf("the seats cost %s", got)
	}
	wantNone(t, w.Pool("standard"), v1alpha1.ConditionPriceChangePending)
}

// Money is rounded to what its currency has, half up.
func TestCost(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]string{"JPY": "36 JPY/Month", "EUR": "36.01 EUR/Month", "KWD": "36.014 KWD/Month"} {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			w := settled(t, selling(standard(3).Price("10.004", currency))...)
			if got := w.Pool("standard").Status.Cost.Summary; got != want {
				t.Errorf("the seats cost %s, want %s", got, want)
			}
		})
	}
}

// A currency that there is not costs nobody a seat.
func TestUnknownCurrency(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2), "ada", "bea")...)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) {
		p.Spec.Billing.Price.Currency, p.Spec.Seats = "ABC", new(int32(3))
	})
	w.Settle()
	pool := w.Pool("standard")
	wantReason(t, w, pool, v1alpha1.ReasonInvalidSpec)
	wantCondition(t, pool, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "spec.billing.price.currency", `"ABC"`)
	wantBought(t, w, 2, 2)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantQuiet(t, w)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Currency = "EUR" })
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantBought(t, w, 3, 3)
}
