// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Quote reads like an order: what a change of a pool from one spec to another costs (rule EZ-2). It is empty when
// it changes nothing that costs. before is nil when the pool is created.
func Quote(pool string, before *v1alpha1.SeatPoolSpec, s Situation, d Decision) []string {
	quote := d.quote(pool, before, s)
	if d.Limit < s.Held && before != nil && (len(quote) > 0 || tightens(before, s.Spec)) {
		quote = append(quote, shortage(pool, d.Limit, s.Held, s.Spec.OnShortage))
	}
	return quote
}

// tightens says that a change leaves fewer seats, or does something else to those who have none then.
func tightens(before, after *v1alpha1.SeatPoolSpec) bool {
	return Metered(before) != Metered(after) || ptr.Deref(before.Included, 0) > ptr.Deref(after.Included, 0) || before.OnShortage != after.OnShortage ||
		ptr.Deref(before.Purchase.MaxSeats, MaxSeats) > ptr.Deref(after.Purchase.MaxSeats, MaxSeats) ||
		!before.ExpiresAt.Equal(after.ExpiresAt)
}

func shortage(pool string, limit, held int32, policy v1alpha1.ShortagePolicy) string {
	consequence := "nobody loses one, and none is given until enough are free"
	if policy == v1alpha1.ShortageSuspend {
		consequence = "the newest holder who is not spared loses theirs"
		if held-limit > 1 {
			consequence = fmt.Sprintf("the %d newest holders who are not spared lose theirs", held-limit)
		}
	}
	return fmt.Sprintf("SeatPool %s has %s then, and %s held: %s (onShortage)", pool, Seats(limit), Are(held), consequence)
}

func (d Decision) quote(pool string, before *v1alpha1.SeatPoolSpec, s Situation) []string {
	after := s.Spec
	if Metered(after) {
		if before != nil && Metered(before) && SamePrice(before, after) || d.Tariff == nil {
			return nil
		}
		return []string{fmt.Sprintf("SeatPool %s is billed by use: %s", pool, d.Tariff.each())}
	}
	is := ptr.Deref(after.Seats, 0)
	if before != nil && ptr.Deref(before.Seats, 0) == is {
		return d.quoteTerms(pool, before, after)
	}
	// What was declared before may be an order that did not go through.
	switch bought := ptr.Deref(s.Bought, is); {
	case is < bought:
		return []string{fmt.Sprintf("%s of SeatPool %s given back: %s", Seats(bought-is), pool, d.then(is, after))}
	case is > bought:
		return d.quoteOrder(pool, is, after)
	case is > 0:
		return []string{fmt.Sprintf("SeatPool %s: %s", pool, d.then(is, after))}
	}
	return nil
}

// quoteTerms is about a change that leaves the number of seats as it is.
func (d Decision) quoteTerms(pool string, before, after *v1alpha1.SeatPoolSpec) []string {
	is := ptr.Deref(after.Seats, 0)
	switch {
	case is == 0:
		return nil
	case before.ExpiresAt == nil && after.ExpiresAt != nil, after.ExpiresAt.Before(before.ExpiresAt):
		return []string{fmt.Sprintf("new end of SeatPool %s: %s", pool, d.then(is, after))}
	case !before.ExpiresAt.Equal(after.ExpiresAt):
		return []string{fmt.Sprintf("renewal of SeatPool %s: %s", pool, d.then(is, after))}
	case !SamePrice(before, after):
		return d.quotePrice(pool, is, after)
	}
	return nil
}

// SamePrice says that two specs have the same price and tax, in the same words.
func SamePrice(before, after *v1alpha1.SeatPoolSpec) bool {
	return ptr.Equal(before.Billing.Price, after.Billing.Price) && before.Billing.TaxRate == after.Billing.TaxRate
}

func (d Decision) quoteOrder(pool string, is int32, spec *v1alpha1.SeatPoolSpec) []string {
	text := fmt.Sprintf("order: %s for SeatPool %s", Seats(d.Ordered), pool)
	if d.Tariff != nil {
		text += ": " + d.Tariff.line(d.Ordered)
	}
	quotes := []string{fmt.Sprintf("%s; then %s", text, d.then(is, spec))}
	if d.Pending != nil {
		quotes = append(quotes, fmt.Sprintf(`the order waits for approval: kubectl annotate seatpool/%s --overwrite %s=%d`,
			pool, v1alpha1.AnnotationApproveOrder, d.Pending.Generation))
	}
	return quotes
}

func (d Decision) quotePrice(pool string, is int32, spec *v1alpha1.SeatPoolSpec) []string {
	switch {
	case d.NewPrice != nil:
		return []string{fmt.Sprintf("SeatPool %s: %s", pool, d.PriceNotice())}
	case d.Tariff != nil && spec.Billing.Price == nil:
		return []string{fmt.Sprintf("SeatPool %s: the price stays %s%s, although it is no longer declared", pool, d.Tariff.each(), until(spec))}
	}
	return []string{fmt.Sprintf("the price of SeatPool %s changes: %s", pool, d.then(is, spec))}
}

// PriceNotice says when the price that the spec has takes effect; empty when it is in effect.
func (d Decision) PriceNotice() string {
	if d.NewPrice == nil {
		return ""
	}
	return fmt.Sprintf("the price stays %s, until %s; it becomes %s when a later expiresAt renews the seats",
		d.Tariff.each(), stamp(&d.Term.Until), d.NewPrice.each())
}

// then is what all the seats cost.
func (d Decision) then(n int32, spec *v1alpha1.SeatPoolSpec) string {
	switch {
	case d.Expired:
		return fmt.Sprintf("%s, which ended at %s", Seats(n), stamp(spec.ExpiresAt))
	case d.Tariff == nil:
		return Seats(n) + ", without a price" + until(spec)
	}
	return Seats(n) + ": " + d.Tariff.line(n) + until(spec)
}

// line is a line of an order: net, VAT, gross.
func (t Tariff) line(n int32) string {
	a := t.Of(n)
	return fmt.Sprintf("%s net + %s VAT (%s %%) = %s %s gross per %s", a.Net, a.Tax, t.rate, a.Gross, a.Currency, a.Period)
}

// each is what one seat costs.
func (t Tariff) each() string { return t.line(1) + " and seat" }

func until(spec *v1alpha1.SeatPoolSpec) string {
	if spec.ExpiresAt == nil {
		return ""
	}
	return ", until " + stamp(spec.ExpiresAt)
}
