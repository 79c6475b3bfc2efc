// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/test/build"
)

var (
	now  = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	soon = now.Add(24 * time.Hour)
	year = time.Date(2027, time.November, 1, 0, 0, 0, 0, time.UTC)
)

// edit is a change of what is declared.
type edit func(*v1alpha1.SeatPoolSpec)

// declares is a pool with one included seat and so many on top, at 10 EUR a month and 20 % tax.
func declares(seats int32, edits ...edit) *v1alpha1.SeatPoolSpec {
	spec := &build.SeatPool("standard").Included(1).Seats(seats).Obj().Spec
	priced("10.00", "EUR")(spec)
	for _, edit := range edits {
		edit(spec)
	}
	return spec
}

func included(n int32) edit { return func(s *v1alpha1.SeatPoolSpec) { s.Included = &n } }

func priced(amount, currency string) edit {
	return func(s *v1alpha1.SeatPoolSpec) {
		s.Billing.Price, s.Billing.TaxRate = new(monthly(amount, currency)), "20"
	}
}

func taxed(rate string) edit { return func(s *v1alpha1.SeatPoolSpec) { s.Billing.TaxRate = rate } }

func unpriced(s *v1alpha1.SeatPoolSpec) { s.Billing.Price, s.Billing.TaxRate = nil, "" }

func metered(s *v1alpha1.SeatPoolSpec) { s.Billing.Mode, s.Seats = v1alpha1.BillingMetered, nil }

func until(t time.Time) edit {
	return func(s *v1alpha1.SeatPoolSpec) { s.ExpiresAt = new(metav1.NewTime(t)) }
}

func suspends(s *v1alpha1.SeatPoolSpec) { s.OnShortage = v1alpha1.ShortageSuspend }

func maxSeats(n int32) edit { return func(s *v1alpha1.SeatPoolSpec) { s.Purchase.MaxSeats = &n } }

func maxPerOrder(n int32) edit {
	return func(s *v1alpha1.SeatPoolSpec) { s.Purchase.MaxSeatsPerOrder = n }
}

func maxAmount(amount string) edit {
	return func(s *v1alpha1.SeatPoolSpec) { s.Purchase.MaxOrderAmount = amount }
}

func whenFull(only bool) edit {
	return func(s *v1alpha1.SeatPoolSpec) { s.Purchase.OnlyWhenFull = &only }
}

func approved(s *v1alpha1.SeatPoolSpec) { s.Purchase.Approval = v1alpha1.ApprovalRequired }

// after is a situation in which so many seats were bought before.
func after(bought int32, spec *v1alpha1.SeatPoolSpec) pricing.Situation {
	return pricing.Situation{Now: now, Spec: spec, Generation: 4, Bought: &bought}
}

// firstLook is a situation in which nobody has looked at the pool yet.
func firstLook(spec *v1alpha1.SeatPoolSpec) pricing.Situation {
	return pricing.Situation{Now: now, Spec: spec, Generation: 1}
}

func at(t time.Time, s pricing.Situation) pricing.Situation {
	s.Now = t
	return s
}

func held(n int32, s pricing.Situation) pricing.Situation {
	s.Held = n
	return s
}

func answered(approval string, s pricing.Situation) pricing.Situation {
	s.Approved = approval
	return s
}

// term is the time until which seats cost an amount of EUR a month, and 20 % tax.
func term(amount string, until time.Time) *v1alpha1.SeatTerm {
	return &v1alpha1.SeatTerm{Price: monthly(amount, "EUR"), TaxRate: "20", Until: metav1.NewTime(until)}
}

func in(term *v1alpha1.SeatTerm, s pricing.Situation) pricing.Situation {
	s.Term = term
	return s
}

// What a seat costs with tax at the prices of the tables.
const (
	atTen    = "12.00 EUR/Month"
	atTwelve = "14.40 EUR/Month"
)

// outcome is a decision as it can be compared. Prices are those of one seat with tax.
type outcome struct {
	Bought, Limit, Ordered int32
	Expired                bool
	Price, NewPrice        string
	Term                   *v1alpha1.SeatTerm
	Pending                *v1alpha1.PendingOrder
	Outdated               bool
	Refusal, Invalid       string
}

func outcomeOf(d pricing.Decision) outcome {
	o := outcome{
		Bought: d.Bought, Limit: d.Limit, Ordered: d.Ordered, Expired: d.Expired, Term: d.Term,
		Pending: d.Pending, Outdated: d.Outdated, Refusal: d.Refusal, Invalid: d.Invalid,
	}
	if d.Tariff != nil {
		o.Price = d.Tariff.Cost(1).Summary
	}
	if d.NewPrice != nil {
		o.NewPrice = d.NewPrice.Cost(1).Summary
	}
	return o
}

type decisions map[string]struct {
	why  string
	s    pricing.Situation
	want outcome
}

func (table decisions) try(t *testing.T) {
	t.Helper()
	t.Parallel()
	for name, c := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pricing.Decide(c.s)
			if diff := cmp.Diff(c.want, outcomeOf(d)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if (d.PriceNotice() != "") != (c.want.NewPrice != "") {
				t.Errorf("%s: with the new price %q, the notice is %q", c.why, c.want.NewPrice, d.PriceNotice())
			}
		})
	}
}

func TestDecide(t *testing.T) {
	decisions{
		"nothing":     {"a pool without seats", after(0, declares(0, included(0))), outcome{Price: atTen}},
		"settled":     {"what is bought is declared", after(5, declares(5)), outcome{Bought: 5, Limit: 6, Price: atTen}},
		"an order":    {"where nothing limits it, it takes effect at once", after(3, declares(5)), outcome{Bought: 5, Limit: 6, Ordered: 2, Price: atTen}},
		"given back":  {"seats can be given back at any time (AC-13)", after(5, declares(2)), outcome{Bought: 2, Limit: 3, Price: atTen}},
		"all of them": {"down to none", after(5, declares(0)), outcome{Limit: 1, Price: atTen}},
		"given back under limits": {
			"no limit of orders holds up what is none",
			held(3, after(50, declares(9, maxSeats(5), maxPerOrder(1), maxAmount("1"), whenFull(true), approved))),
			outcome{Bought: 9, Limit: 10, Price: atTen},
		},
		"no price": {"nothing is shown, and orders pass", after(3, declares(5, unpriced)), outcome{Bought: 5, Limit: 6, Ordered: 2}},
		"as much as can be": {
			"counts do not overflow", after(0, declares(pricing.MaxSeats, included(1_000_000))),
			outcome{Bought: 1_000_000, Limit: 2_000_000, Ordered: 1_000_000, Price: atTen},
		},
		"undeclared": {
			"what is left out is none", after(0, &v1alpha1.SeatPoolSpec{}), outcome{},
		},
		"restored": {
			"what a pool is created with is no order: it comes back from Git as it was",
			firstLook(declares(50, maxPerOrder(7), maxAmount("1"), whenFull(true), approved)),
			outcome{Bought: 50, Limit: 51, Price: atTen},
		},
		"restored after the end": {
			"a pool comes back expired", firstLook(declares(50, until(now.Add(-time.Hour)))),
			outcome{Bought: 50, Limit: 1, Expired: true, Price: atTen, Term: term("10.00", now.Add(-time.Hour))},
		},
		"created up to the limit": {
			"maxSeats holds from the start", firstLook(declares(5, maxSeats(5))), outcome{Bought: 5, Limit: 6, Price: atTen},
		},
		"created above the limit": {
			"maxSeats holds from the start, and the pool gets what it may", firstLook(declares(6, maxSeats(5))),
			outcome{
				Bought: 5, Limit: 6, Ordered: 1, Price: atTen,
				Refusal: "6 seats would be more than purchase.maxSeats allows, which is 5: declare at most 5",
			},
		},
		"created above the limit and expired": {
			"the limit is what has to be mended", firstLook(declares(6, maxSeats(5), until(now))),
			outcome{
				Bought: 5, Limit: 1, Ordered: 1, Expired: true, Price: atTen, Term: term("10.00", now),
				Refusal: "6 seats would be more than purchase.maxSeats allows, which is 5: declare at most 5",
			},
		},
		"created where none can be bought": {
			"the text holds for one seat, too", firstLook(declares(1, maxSeats(0))),
			outcome{Limit: 1, Ordered: 1, Price: atTen, Refusal: "1 seat would be more than purchase.maxSeats allows, which is 0: declare at most 0"},
		},
	}.try(t)
}

func TestEZ5_SevenSeatsPerOrder(t *testing.T) {
	decisions{
		"seven": {"the limit itself passes", after(3, declares(10, maxPerOrder(7))), outcome{Bought: 10, Limit: 11, Ordered: 7, Price: atTen}},
		"eight": {
			"one more does not, and the seats there are stay", after(3, declares(11, maxPerOrder(7))),
			outcome{
				Bought: 3, Limit: 4, Ordered: 8, Price: atTen,
				Refusal: "an order of 8 seats is more than purchase.maxSeatsPerOrder allows, which is 7: up to 7 seats on top of the 3 there are would pass, which is 10",
			},
		},
		"one by one": {
			"the text holds for one seat, too", after(1, declares(3, maxPerOrder(1))),
			outcome{
				Bought: 1, Limit: 2, Ordered: 2, Price: atTen,
				Refusal: "an order of 2 seats is more than purchase.maxSeatsPerOrder allows, which is 1: up to 1 seat on top of the 1 there are would pass, which is 2",
			},
		},
		"seven, near the most": {
			"what would pass keeps to every limit", after(3, declares(11, maxPerOrder(7), maxSeats(8))),
			outcome{
				Bought: 3, Limit: 4, Ordered: 8, Price: atTen,
				Refusal: "11 seats would be more than purchase.maxSeats allows, which is 8: up to 5 seats on top of the 3 there are would pass, which is 8",
			},
		},
		"eight, and less money": {
			"what would pass keeps to every limit", after(3, declares(11, maxPerOrder(7), maxAmount("30"))),
			outcome{
				Bought: 3, Limit: 4, Ordered: 8, Price: atTen,
				Refusal: "an order of 8 seats is more than purchase.maxSeatsPerOrder allows, which is 7: up to 2 seats on top of the 3 there are would pass, which is 5",
			},
		},
		"no price": {"the limit is one of seats", after(3, declares(11, maxPerOrder(7), unpriced)), outcome{
			Bought: 3, Limit: 4, Ordered: 8,
			Refusal: "an order of 8 seats is more than purchase.maxSeatsPerOrder allows, which is 7: up to 7 seats on top of the 3 there are would pass, which is 10",
		}},
	}.try(t)
}

func TestEZ6_TenThousandEurosPerTransaction(t *testing.T) {
	tenThousand := []edit{priced("100.00", "EUR"), maxAmount("10000.00")}
	const atHundred = "120.00 EUR/Month"
	decisions{
		"83 seats": {
			"9960.00 with tax", after(0, declares(83, tenThousand...)), outcome{Bought: 83, Limit: 84, Ordered: 83, Price: atHundred},
		},
		"84 seats": {
			"10080.00 with tax, although 8400.00 net", after(0, declares(84, tenThousand...)),
			outcome{
				Limit: 1, Ordered: 84, Price: atHundred,
				Refusal: "an order of 84 seats costs 10080.00 EUR per Month with tax, more than purchase.maxOrderAmount allows, which is 10000.00: " +
					"up to 83 seats on top of the 0 there are would pass, which is 83",
			},
		},
		"the amount itself": {
			"10000.00 is not more than 10000.00", after(7, declares(107, priced("100.00", "EUR"), taxed("0"), maxAmount("10000"))),
			outcome{Bought: 107, Limit: 108, Ordered: 100, Price: "100.00 EUR/Month"},
		},
		"a cent more": {
			"10000.01 is more than 10000.00", after(0, declares(1, priced("10000.01", "EUR"), taxed("0"), maxAmount("10000"))),
			outcome{
				Limit: 1, Ordered: 1, Price: "10000.01 EUR/Month",
				Refusal: "an order of 1 seat costs 10000.01 EUR per Month with tax, more than purchase.maxOrderAmount allows, which is 10000: " +
					"no seat can be ordered on top of the 0 there are",
			},
		},
		"what is billed counts": {
			"10000.004 is billed as 10000.00", after(0, declares(1, priced("10000.004", "EUR"), taxed(""), maxAmount("10000.00"))),
			outcome{Bought: 1, Limit: 2, Ordered: 1, Price: "10000.00 EUR/Month"},
		},
		"the order counts": {
			"what was bought before was another transaction", after(83, declares(166, tenThousand...)),
			outcome{Bought: 166, Limit: 167, Ordered: 83, Price: atHundred},
		},
		"free seats": {
			"no number of them is too dear", after(0, declares(1_000_000, priced("0", "EUR"), maxAmount("0"))),
			outcome{Bought: 1_000_000, Limit: 1_000_001, Ordered: 1_000_000, Price: "0.00 EUR/Month"},
		},
		"the price of the term": {
			"what is ordered in the term costs what the term says",
			in(term("100.00", year), after(1, declares(84, append(tenThousand, priced("200.00", "EUR"), until(year))...))),
			outcome{Bought: 84, Limit: 85, Ordered: 83, Price: atHundred, NewPrice: "240.00 EUR/Month", Term: term("100.00", year)},
		},
		"another currency in mid-term": {
			"an amount of USD does not limit EUR",
			in(term("10.00", year), after(1, declares(2, priced("10.00", "USD"), maxAmount("10000"), until(year)))),
			outcome{
				Bought: 1, Limit: 2, Ordered: 1, Price: atTen, NewPrice: "12.00 USD/Month", Term: term("10.00", year),
				Refusal: "seats cost EUR until 2027-11-01T00:00:00Z, and purchase.maxOrderAmount is in USD: " +
					"order then, or renew the seats by a later expiresAt",
			},
		},
		"another currency in mid-term, no amount": {
			"where there is no amount, nothing has to be compared",
			in(term("10.00", year), after(1, declares(2, priced("10.00", "USD"), until(year)))),
			outcome{Bought: 2, Limit: 3, Ordered: 1, Price: atTen, NewPrice: "12.00 USD/Month", Term: term("10.00", year)},
		},
		"another currency at the renewal": {
			"from then on, both are in USD", in(term("10.00", now), after(1, declares(2, priced("10.00", "USD"), maxAmount("12"), until(year)))),
			outcome{
				Bought: 2, Limit: 3, Ordered: 1, Price: "12.00 USD/Month",
				Term: &v1alpha1.SeatTerm{Price: monthly("10.00", "USD"), TaxRate: "20", Until: metav1.NewTime(year)},
			},
		},
	}.try(t)
}

func TestAC6_PurchasableSeats(t *testing.T) {
	decisions{
		"without limit": {"unset is no limit", after(0, declares(1_000_000)), outcome{Bought: 1_000_000, Limit: 1_000_001, Ordered: 1_000_000, Price: atTen}},
		"the limit":     {"it is of the seats on top, the included ones apart", after(0, declares(1, maxSeats(1))), outcome{Bought: 1, Limit: 2, Ordered: 1, Price: atTen}},
		"one more": {
			"the limit is crossed by one", after(0, declares(2, maxSeats(1))),
			outcome{
				Limit: 1, Ordered: 2, Price: atTen,
				Refusal: "2 seats would be more than purchase.maxSeats allows, which is 1: up to 1 seat on top of the 0 there are would pass, which is 1",
			},
		},
		"full": {
			"nothing would pass", after(1, declares(2, maxSeats(1))),
			outcome{
				Bought: 1, Limit: 2, Ordered: 1, Price: atTen,
				Refusal: "2 seats would be more than purchase.maxSeats allows, which is 1: no seat can be ordered on top of the 1 there are",
			},
		},
		"none": {
			"a limit of 0 is one", after(0, declares(1, maxSeats(0))),
			outcome{Limit: 1, Ordered: 1, Price: atTen, Refusal: "1 seat would be more than purchase.maxSeats allows, which is 0: no seat can be ordered on top of the 0 there are"},
		},
		"lowered below what is bought": {"nobody takes seats away that were bought", after(9, declares(9, maxSeats(5))), outcome{Bought: 9, Limit: 10, Price: atTen}},
		"given back above the limit":   {"fewer is always better", after(9, declares(8, maxSeats(5))), outcome{Bought: 8, Limit: 9, Price: atTen}},
		"ordered above the limit": {
			"what is above already does not grow", after(9, declares(10, maxSeats(5))),
			outcome{
				Bought: 9, Limit: 10, Ordered: 1, Price: atTen,
				Refusal: "10 seats would be more than purchase.maxSeats allows, which is 5: no seat can be ordered on top of the 9 there are",
			},
		},
	}.try(t)
}

func TestAC9_OnlyWhenFull(t *testing.T) {
	const free = "seats can be ordered only when every seat is assigned (purchase.onlyWhenFull), and "
	decisions{
		"full":     {"every seat is assigned", held(4, after(3, declares(4, whenFull(true)))), outcome{Bought: 4, Limit: 5, Ordered: 1, Price: atTen}},
		"more":     {"more are held than there are", held(9, after(3, declares(4, whenFull(true)))), outcome{Bought: 4, Limit: 5, Ordered: 1, Price: atTen}},
		"none yet": {"none of none is free", after(0, declares(4, whenFull(true), included(0))), outcome{Bought: 4, Limit: 4, Ordered: 4, Price: atTen}},
		"one free": {"the included seat counts", held(3, after(3, declares(4, whenFull(true)))), outcome{Bought: 3, Limit: 4, Ordered: 1, Price: atTen, Refusal: free + "1 is free: assign them first"}},
		"all free": {"the included seat counts", after(3, declares(4, whenFull(true))), outcome{Bought: 3, Limit: 4, Ordered: 1, Price: atTen, Refusal: free + "4 are free: assign them first"}},
		"no order": {"who orders nothing needs no full pool", after(3, declares(3, whenFull(true))), outcome{Bought: 3, Limit: 4, Price: atTen}},
		"given up": {"nor does who gives back", after(3, declares(2, whenFull(true))), outcome{Bought: 2, Limit: 3, Price: atTen}},
		"and small": {"the other limits hold, too", held(4, after(3, declares(5, whenFull(true), maxPerOrder(1)))), outcome{
			Bought: 3, Limit: 4, Ordered: 2, Price: atTen,
			Refusal: "an order of 2 seats is more than purchase.maxSeatsPerOrder allows, which is 1: up to 1 seat on top of the 3 there are would pass, which is 4",
		}},
	}.try(t)
}

func TestAC10_InStock(t *testing.T) {
	decisions{
		"said":  {"seats can be bought while some are free", after(3, declares(4, whenFull(false))), outcome{Bought: 4, Limit: 5, Ordered: 1, Price: atTen}},
		"unset": {"that is what holds when nothing is said", after(3, declares(4)), outcome{Bought: 4, Limit: 5, Ordered: 1, Price: atTen}},
	}.try(t)
}

func TestAC11_ReviewThenConfirm(t *testing.T) {
	order := &v1alpha1.PendingOrder{
		Generation: 4, Delta: 2,
		Amounts: v1alpha1.Amounts{Net: "20.00", Tax: "4.00", Gross: "24.00", Currency: "EUR", Period: v1alpha1.PeriodMonth},
	}
	waits := outcome{Bought: 3, Limit: 4, Ordered: 2, Price: atTen, Pending: order}
	outdated := waits
	outdated.Outdated = true
	decisions{
		"review":       {"an order is shown, and the seats there are stay", after(3, declares(5, approved)), waits},
		"confirmed":    {"the approval is for this generation", answered("4", after(3, declares(5, approved))), outcome{Bought: 5, Limit: 6, Ordered: 2, Price: atTen}},
		"an old one":   {"an approval is for what was reviewed", answered("3", after(3, declares(5, approved))), outdated},
		"one ahead":    {"nobody approves what nobody has seen", answered("5", after(3, declares(5, approved))), outdated},
		"a longer one": {"nor by a part of a number", answered("40", after(3, declares(5, approved))), outdated},
		"in words":     {"nor in words", answered("yes", after(3, declares(5, approved))), outdated},
		"none needed":  {"an approval that nobody wants does no harm", answered("3", after(3, declares(5))), outcome{Bought: 5, Limit: 6, Ordered: 2, Price: atTen}},
		"no order":     {"what is settled needs none", answered("3", after(5, declares(5, approved))), outcome{Bought: 5, Limit: 6, Price: atTen}},
		"taken back":   {"giving back needs none", after(5, declares(4, approved)), outcome{Bought: 4, Limit: 5, Price: atTen}},
		"no price": {
			"an order is one without amounts, too", after(3, declares(5, approved, unpriced)),
			outcome{Bought: 3, Limit: 4, Ordered: 2, Pending: &v1alpha1.PendingOrder{Generation: 4, Delta: 2}},
		},
		"refused": {
			"what breaks a limit cannot be approved", answered("4", after(3, declares(5, approved, maxPerOrder(1)))),
			outcome{
				Bought: 3, Limit: 4, Ordered: 2, Price: atTen,
				Refusal: "an order of 2 seats is more than purchase.maxSeatsPerOrder allows, which is 1: up to 1 seat on top of the 3 there are would pass, which is 4",
			},
		},
		"at the price of the term": {
			"the amounts are those that will be billed", in(term("10.00", year), after(3, declares(5, approved, priced("12.00", "EUR"), until(year)))),
			outcome{Bought: 3, Limit: 4, Ordered: 2, Price: atTen, NewPrice: atTwelve, Term: term("10.00", year), Pending: order},
		},
		"first seats, with an end": {
			"no term runs for seats that nobody has bought", after(0, declares(2, approved, until(year))),
			outcome{Limit: 1, Ordered: 2, Price: atTen, Pending: order},
		},
	}.try(t)
}

func TestEZ2_Expiry(t *testing.T) {
	ended := "the bought seats ended at 2026-11-03T09:00:00Z: set expiresAt to a later time to renew them, then order more"
	decisions{
		"before":      {"the seats are there up to the end", at(soon.Add(-1), after(5, declares(5, until(soon)))), outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", soon)}},
		"at the end":  {"they end at the very instant", at(soon, after(5, declares(5, until(soon)))), outcome{Bought: 5, Limit: 1, Expired: true, Price: atTen, Term: term("10.00", soon)}},
		"after":       {"the included one stays", at(year, after(5, declares(5, until(soon)))), outcome{Bought: 5, Limit: 1, Expired: true, Price: atTen, Term: term("10.00", soon)}},
		"renewed":     {"a later end brings all of them back, and is no order", after(5, declares(5, until(soon), maxPerOrder(1), maxAmount("1"), whenFull(true), approved)), outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", soon)}},
		"for ever":    {"as does no end", after(5, declares(5)), outcome{Bought: 5, Limit: 6, Price: atTen}},
		"given back":  {"what has ended can be given back", at(soon, after(5, declares(2, until(soon)))), outcome{Bought: 2, Limit: 1, Expired: true, Price: atTen, Term: term("10.00", soon)}},
		"none bought": {"nothing ends", at(soon, after(0, declares(0, until(soon)))), outcome{Limit: 1, Expired: true, Price: atTen}},
		"ordered": {
			"nobody buys what has ended", at(soon, after(5, declares(6, until(soon)))),
			outcome{Bought: 5, Limit: 1, Ordered: 1, Expired: true, Price: atTen, Term: term("10.00", soon), Refusal: ended},
		},
		"ordered, above a limit": {
			"the end comes first: renewing is what helps", at(soon, after(5, declares(6, until(soon), maxSeats(5)))),
			outcome{Bought: 5, Limit: 1, Ordered: 1, Expired: true, Price: atTen, Term: term("10.00", soon), Refusal: ended},
		},
		"an end in another time zone": {
			"an instant is one everywhere", at(soon, after(5, declares(5, until(soon.In(time.FixedZone("", 3600)))))),
			outcome{Bought: 5, Limit: 1, Expired: true, Price: atTen, Term: term("10.00", soon)},
		},
	}.try(t)
}

func TestTermKeepsItsPrice(t *testing.T) {
	dearer := []edit{priced("12.00", "EUR"), until(year)}
	kept := outcome{Bought: 5, Limit: 6, Price: atTen, NewPrice: atTwelve, Term: term("10.00", year)}
	decisions{
		"recorded":     {"seats that end have a term", after(5, declares(5, until(year))), outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year)}},
		"dearer":       {"the price of the spec is for the time after", in(term("10.00", year), after(5, declares(5, dearer...))), kept},
		"other tax":    {"a tax is a part of the price", in(term("10.00", year), after(5, declares(5, taxed("19.6"), until(year)))), outcome{Bought: 5, Limit: 6, Price: atTen, NewPrice: "11.96 EUR/Month", Term: term("10.00", year)}},
		"other period": {"a period is a part of the price", in(term("10.00", year), after(5, declares(5, yearly, until(year)))), outcome{Bought: 5, Limit: 6, Price: atTen, NewPrice: "12.00 EUR/Year", Term: term("10.00", year)}},
		"other money":  {"a currency is a part of the price", in(term("10.00", year), after(5, declares(5, priced("10.00", "USD"), until(year)))), outcome{Bought: 5, Limit: 6, Price: atTen, NewPrice: "12.00 USD/Month", Term: term("10.00", year)}},
		"in other words": {
			"10 is 10.00, and 20.0 % is 20 %", in(term("10.00", year), after(5, declares(5, priced("10", "EUR"), taxed("20.0"), until(year)))),
			outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year)},
		},
		"in another time zone": {
			"an instant is one everywhere", in(term("10.00", year), after(5, declares(5, priced("12.00", "EUR"), until(year.In(time.FixedZone("", -3600)))))), kept,
		},
		"with a fraction of a second": {
			"a status holds whole seconds: the term is still the one recorded", in(term("10.00", year), after(5, declares(5, priced("12.00", "EUR"), until(year.Add(time.Second/2))))), kept,
		},
		"recorded with a fraction": {
			"what is recorded is what is read back", after(5, declares(5, until(year.Add(time.Second/2)))),
			outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year)},
		},
		"ordered": {"all seats of a pool cost the same", in(term("10.00", year), after(3, declares(5, dearer...))), outcome{
			Bought: 5, Limit: 6, Ordered: 2, Price: atTen, NewPrice: atTwelve, Term: term("10.00", year),
		}},
		"given back": {"what is left keeps its price", in(term("10.00", year), after(9, declares(5, dearer...))), kept},
		"all given back": {
			"without seats there is no term, and no price of old", in(term("10.00", year), after(5, declares(0, dearer...))),
			outcome{Limit: 1, Price: atTwelve},
		},
		"bought anew": {
			"who has no seats buys at the price of the day", in(term("10.00", year), after(0, declares(5, dearer...))),
			outcome{Bought: 5, Limit: 6, Ordered: 5, Price: atTwelve, Term: term("12.00", year)},
		},
		"ended": {
			"what it was sold for stays on record until the renewal", at(year, in(term("10.00", year), after(5, declares(5, dearer...)))),
			outcome{Bought: 5, Limit: 1, Expired: true, Price: atTen, NewPrice: atTwelve, Term: term("10.00", year)},
		},
		"renewed": {
			"a later end is a renewal, at the price of the day", in(term("10.00", soon), after(5, declares(5, dearer...))),
			outcome{Bought: 5, Limit: 6, Price: atTwelve, Term: term("12.00", year)},
		},
		"renewed by a second": {
			"however little later", in(term("10.00", year.Add(-time.Second)), after(5, declares(5, dearer...))),
			outcome{Bought: 5, Limit: 6, Price: atTwelve, Term: term("12.00", year)},
		},
		"shortened": {
			"an earlier end is no renewal: the price stays", in(term("10.00", year.Add(time.Hour)), after(5, declares(5, dearer...))), kept,
		},
		"no end any more": {
			"without an end there is no term: the price of the day holds at once", in(term("10.00", year), after(5, declares(5, priced("12.00", "EUR")))),
			outcome{Bought: 5, Limit: 6, Price: atTwelve},
		},
		"never an end": {"the price of the day holds at once", after(5, declares(5, priced("12.00", "EUR"))), outcome{Bought: 5, Limit: 6, Price: atTwelve}},
		"price removed": {
			"what was sold at a price keeps it", in(term("10.00", year), after(5, declares(5, unpriced, until(year)))),
			outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year)},
		},
		"price removed, renewed": {
			"until it is renewed without one", in(term("10.00", soon), after(5, declares(5, unpriced, until(year)))), outcome{Bought: 5, Limit: 6},
		},
		"price removed, no term": {"nothing is shown", after(5, declares(5, unpriced)), outcome{Bought: 5, Limit: 6}},
		"price added": {
			"seats without a price get one at once", after(5, declares(5, until(year))),
			outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year)},
		},
		"a record that means nothing": {
			"the price of the day is better than none",
			in(&v1alpha1.SeatTerm{Price: monthly("10.00", "ABC"), Until: metav1.NewTime(year)}, after(5, declares(5, dearer...))),
			outcome{Bought: 5, Limit: 6, Price: atTwelve, Term: term("12.00", year)},
		},
		"now by use": {
			"a Metered pool has no term", in(term("10.00", year), after(5, declares(0, append(dearer, metered)...))),
			outcome{Limit: 1_000_001, Price: atTwelve},
		},
	}.try(t)
}

func yearly(s *v1alpha1.SeatPoolSpec) { s.Billing.Price.Period = v1alpha1.PeriodYear }

func TestInvalidCurrency(t *testing.T) {
	const abc = `billing.price.currency: there is no currency "ABC": use a code of ISO 4217 such as EUR`
	decisions{
		"bought":     {"seats that were bought stay", after(5, declares(5, priced("10.00", "ABC"))), outcome{Bought: 5, Limit: 6, Invalid: abc}},
		"ordered":    {"nobody knows what an order costs", after(3, declares(5, priced("10.00", "ABC"))), outcome{Bought: 3, Limit: 4, Ordered: 2, Invalid: abc}},
		"given back": {"giving back is not held up", after(5, declares(2, priced("10.00", "ABC"))), outcome{Bought: 2, Limit: 3, Invalid: abc}},
		"created":    {"nor is a pool that is restored", firstLook(declares(5, priced("10.00", "ABC"))), outcome{Bought: 5, Limit: 6, Invalid: abc}},
		"renewed": {
			"nor is a renewal", in(term("10.00", soon), after(5, declares(5, priced("10.00", "ABC"), until(year)))), outcome{Bought: 5, Limit: 6, Invalid: abc},
		},
		"in mid-term": {
			"the price of the term is a good one", in(term("10.00", year), after(5, declares(5, priced("10.00", "ABC"), until(year)))),
			outcome{Bought: 5, Limit: 6, Price: atTen, Term: term("10.00", year), Invalid: abc},
		},
		"ordered in mid-term": {
			"what is wrong is mended before more is bought", in(term("10.00", year), after(3, declares(5, priced("10.00", "ABC"), until(year), maxAmount("10000")))),
			outcome{Bought: 3, Limit: 4, Ordered: 2, Price: atTen, Term: term("10.00", year), Invalid: abc},
		},
		"to be approved": {
			"nor is it put to anybody", after(3, declares(5, priced("10.00", "ABC"), approved)), outcome{Bought: 3, Limit: 4, Ordered: 2, Invalid: abc},
		},
		"limited": {
			"an amount of nothing limits nothing else", after(3, declares(5, priced("10.00", "ABC"), maxAmount("1"))),
			outcome{Bought: 3, Limit: 4, Ordered: 2, Invalid: abc},
		},
		"by use": {"use goes on", after(0, declares(0, priced("10.00", "ABC"), metered)), outcome{Limit: 1_000_001, Invalid: abc}},
	}.try(t)
}

func TestAX2_Metered(t *testing.T) {
	decisions{
		"without limit": {"capacity follows demand as far as seats can be counted", after(0, declares(0, metered)), outcome{Limit: 1_000_001, Price: atTen}},
		"with a limit":  {"beyond the included ones", after(0, declares(0, metered, maxSeats(50))), outcome{Limit: 51, Price: atTen}},
		"limit of none": {"the included ones stay", after(0, declares(0, metered, maxSeats(0))), outcome{Limit: 1, Price: atTen}},
		"bought before": {"what was bought is not, any more", after(5, declares(0, metered)), outcome{Limit: 1_000_001, Price: atTen}},
		"first look":    {"nothing is bought", firstLook(declares(0, metered, maxSeats(50))), outcome{Limit: 51, Price: atTen}},
		"before an end": {"there is no term", at(soon.Add(-1), after(0, declares(0, metered, maxSeats(50), until(soon)))), outcome{Limit: 51, Price: atTen}},
		"at the end":    {"what is beyond the included ones ends", at(soon, after(0, declares(0, metered, maxSeats(50), until(soon)))), outcome{Limit: 1, Expired: true, Price: atTen}},
		"prepaid again": {"seats are bought then, not inherited", after(0, declares(5, maxPerOrder(5))), outcome{Bought: 5, Limit: 6, Ordered: 5, Price: atTen}},
	}.try(t)
}

func TestAX15_Billable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		s    pricing.Situation
		want int32
	}{
		"prepaid":            {"what is bought is paid for, used or not", held(1, after(5, declares(5))), 5},
		"prepaid, overused":  {"and not more", held(9, after(5, declares(5))), 5},
		"an order":           {"from when it takes effect", after(3, declares(5)), 5},
		"a pending order":    {"and not before", after(3, declares(5, approved)), 3},
		"a refused order":    {"nor when it does not", after(3, declares(5, maxPerOrder(1))), 3},
		"expired":            {"what has ended is not paid for", at(soon, held(6, after(5, declares(5, until(soon))))), 0},
		"metered":            {"use beyond the included ones is paid for", held(4, after(0, declares(0, metered))), 3},
		"metered, included":  {"those come with the plan", held(1, after(0, declares(0, metered))), 0},
		"metered, unused":    {"nobody is paid for seats that nobody holds", held(0, after(0, declares(0, metered, included(5)))), 0},
		"metered, one above": {"the first one beyond counts", held(6, after(0, declares(0, metered, included(5)))), 1},
		"metered, ended":     {"use that goes on is paid for", at(soon, held(4, after(0, declares(0, metered, until(soon))))), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pricing.Decide(c.s)
			if got := d.Billable(c.s.Spec, c.s.Held); got != c.want {
				t.Errorf("%s: %d seats are paid for, want %d", c.why, got, c.want)
			}
		})
	}
}

// situation is any situation of a Prepaid pool that the schema lets come about.
var situation = rapid.Custom(func(t *rapid.T) pricing.Situation {
	count := func(name string) int32 {
		return rapid.OneOf(rapid.Int32Range(0, 12), rapid.Int32Range(0, pricing.MaxSeats)).Draw(t, name)
	}
	drawn := func(name string) bool { return rapid.Bool().Draw(t, name) }
	spec := declares(count("seats"), included(rapid.Int32Range(0, 5).Draw(t, "included")))
	spec.Billing.Price, spec.Billing.TaxRate = new(prices(t, "price")), taxes(t, "tax")
	if drawn("maxSeats") {
		spec.Purchase.MaxSeats = new(count("maxSeats"))
	}
	if drawn("maxSeatsPerOrder") {
		spec.Purchase.MaxSeatsPerOrder = max(1, count("maxSeatsPerOrder"))
	}
	if drawn("maxOrderAmount") {
		spec.Purchase.MaxOrderAmount = prices(t, "maxOrderAmount").Amount
	}
	if drawn("approval") {
		approved(spec)
	}
	if rapid.IntRange(0, 4).Draw(t, "onlyWhenFull") == 0 {
		whenFull(true)(spec)
	}
	ends := []time.Time{now.Add(-time.Hour), soon, year, year}
	if drawn("ends") {
		until(rapid.SampledFrom(ends).Draw(t, "end"))(spec)
	}
	s := pricing.Situation{Now: now, Spec: spec, Generation: 4, Approved: rapid.SampledFrom([]string{"", "3", "4"}).Draw(t, "approved"), Held: count("held")}
	if rapid.IntRange(0, 4).Draw(t, "looked") > 0 {
		s.Bought = new(count("bought"))
	}
	if drawn("term") {
		s.Term = &v1alpha1.SeatTerm{
			Price: prices(t, "term price"), TaxRate: taxes(t, "term tax"), Until: metav1.NewTime(rapid.SampledFrom(ends).Draw(t, "term end")),
		}
	}
	return s
})

var passing = regexp.MustCompile(`(?:would pass, which is|declare at most) (\d+)$`)

// TestRefusalNamesWhatPasses holds that the number of seats that a refusal names passes, and one more does not.
func TestRefusalNamesWhatPasses(t *testing.T) {
	t.Parallel()
	named := 0
	rapid.Check(t, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		refusal := pricing.Decide(s).Refusal
		if refusal == "" {
			return
		}
		try := func(seats int32) pricing.Decision {
			other := s
			other.Spec = s.Spec.DeepCopy()
			other.Spec.Seats = &seats
			return pricing.Decide(other)
		}
		if strings.Contains(refusal, "no seat can be ordered") {
			if d := try(*s.Bought + 1); d.Refusal == "" {
				t.Fatalf("refused with %q, and one seat more passes", refusal)
			}
			return
		}
		match := passing.FindStringSubmatch(refusal)
		if match == nil {
			return // what helps is not a number of seats
		}
		named++
		number, err := strconv.ParseInt(match[1], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		seats := int32(number)
		if d := try(seats); d.Refusal != "" || d.Pending == nil && d.Bought != seats {
			t.Fatalf("refused with %q, and then %d seats are %+v", refusal, seats, outcomeOf(d))
		}
		if d := try(seats + 1); d.Refusal == "" {
			t.Fatalf("refused with %q, and then %d seats pass: %+v", refusal, seats+1, outcomeOf(d))
		}
	})
	if named == 0 {
		t.Error("no refusal named a number of seats")
	}
}

// TestDecideSettles holds what is true of every decision, and that the same again decides the same.
func TestDecideSettles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := situation.Draw(t, "situation")
		d := pricing.Decide(s)
		wanted := *s.Spec.Seats
		switch {
		case d.Bought < 0 || d.Bought > wanted:
			t.Fatalf("%d seats are declared, %d bought", wanted, d.Bought)
		case s.Bought != nil && d.Bought > *s.Bought && s.Spec.Purchase.MaxSeats != nil && d.Bought > *s.Spec.Purchase.MaxSeats:
			t.Fatalf("%d seats were bought, the most is %d", d.Bought, *s.Spec.Purchase.MaxSeats)
		case s.Bought != nil && d.Bought < min(*s.Bought, wanted):
			t.Fatalf("of %d seats that were bought, %d are left, and %d declared", *s.Bought, d.Bought, wanted)
		case d.Bought != wanted && d.Refusal == "" && d.Pending == nil:
			t.Fatalf("%d seats are declared, %d bought, and nobody says why", wanted, d.Bought)
		case d.Refusal != "" && d.Pending != nil:
			t.Fatal("an order is refused, and waits for approval")
		case (d.Refusal != "" || d.Pending != nil) && d.Ordered == 0:
			t.Fatal("an order is held up, and there is none")
		case d.NewPrice != nil && (d.Term == nil || d.Tariff == nil || d.PriceNotice() == ""):
			t.Fatal("a new price is for the time after a term, and there is none")
		}
		again := s
		again.Bought, again.Term = &d.Bought, d.Term
		second := pricing.Decide(again)
		if second.Bought != d.Bought || second.Limit != d.Limit {
			t.Fatalf("%+v, and then %+v", outcomeOf(d), outcomeOf(second))
		}
		if diff := cmp.Diff(d.Term, second.Term); diff != "" {
			t.Fatalf("the term does not stay (-first +second):\n%s", diff)
		}
	})
}

// The annotation stays when an order went through: it says nothing wrong about the next one.
func TestAC11_TheApprovalOfTheOrderBefore(t *testing.T) {
	t.Parallel()
	s := answered("3", after(3, declares(5, approved)))
	s.Used = 3
	if d := pricing.Decide(s); d.Pending == nil || d.Outdated || d.Used != 3 {
		t.Errorf("the next order waits as %+v (outdated: %t), and %d is the latest approved", d.Pending, d.Outdated, d.Used)
	}
	s.Approved = "4"
	if d := pricing.Decide(s); d.Bought != 5 || d.Used != 4 {
		t.Errorf("approved, it leads to %d seats, and %d is the latest approved", d.Bought, d.Used)
	}
}

// An approval that a pool is created with, as a copy of it may have one, is for no order that anybody has seen.
func TestAC11_AnApprovalFromBefore(t *testing.T) {
	t.Parallel()
	s := answered("4", after(3, declares(3, approved)))
	s.Bought = nil
	created := pricing.Decide(s)
	if created.Bought != 3 || created.Used != 4 {
		t.Fatalf("created with an approval of generation 4, it has %d seats, and %d has served", created.Bought, created.Used)
	}
	s = answered("4", after(3, declares(5, approved)))
	s.Used = created.Used
	if d := pricing.Decide(s); d.Bought != 3 || d.Pending == nil || !d.Outdated {
		t.Errorf("the first order is approved unseen: %d seats, pending %+v, outdated %t", d.Bought, d.Pending, d.Outdated)
	}
	s.Approved, s.Used = "", pricing.Decide(answered("", s)).Used
	if d := pricing.Decide(answered("4", s)); d.Bought != 5 {
		t.Errorf("taken away and given anew, it approves nothing: %d seats", d.Bought)
	}
}
