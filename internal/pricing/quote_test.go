// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

func TestEZ2_Quote(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		before *v1alpha1.SeatPoolSpec
		s      pricing.Situation
		want   []string
	}{
		"order": {
			"price, tax and end are there before anybody pays", declares(3, until(year)),
			in(term("10.00", year), after(3, declares(5, until(year)))),
			[]string{
				"order: 2 seats for SeatPool standard: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month; " +
					"then 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2027-11-01T00:00:00Z",
			},
		},
		"order of one, without end": {
			"the text holds for one seat, too", declares(0), after(0, declares(1)),
			[]string{
				"order: 1 seat for SeatPool standard: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month; " +
					"then 1 seat: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month",
			},
		},
		"order in mid-term": {
			"the price is that of the term", declares(3, priced("12.00", "EUR"), until(year)),
			in(term("10.00", year), after(3, declares(4, priced("12.00", "EUR"), until(year)))),
			[]string{
				"order: 1 seat for SeatPool standard: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month; " +
					"then 4 seats: 40.00 net + 8.00 VAT (20 %) = 48.00 EUR gross per Month, until 2027-11-01T00:00:00Z",
			},
		},
		"order in yen, for a year": {
			"figures are in the minor unit", declares(0, priced("1000", "JPY"), taxed("10"), yearly), after(0, declares(3, priced("1000", "JPY"), taxed("10"), yearly)),
			[]string{
				"order: 3 seats for SeatPool standard: 3000 net + 300 VAT (10 %) = 3300 JPY gross per Year; " +
					"then 3 seats: 3000 net + 300 VAT (10 %) = 3300 JPY gross per Year",
			},
		},
		"order without a price": {
			"there is an order all the same", declares(3, unpriced), after(3, declares(5, unpriced)),
			[]string{"order: 2 seats for SeatPool standard; then 5 seats, without a price"},
		},
		"order without a price, with an end": {
			"and an end", declares(3, unpriced, until(year)), after(3, declares(5, unpriced, until(year))),
			[]string{"order: 2 seats for SeatPool standard; then 5 seats, without a price, until 2027-11-01T00:00:00Z"},
		},
		"order with approval (AC-11)": {
			"who reviews it is told how", declares(3, approved), after(3, declares(5, approved)),
			[]string{
				"order: 2 seats for SeatPool standard: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month; " +
					"then 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month",
				"the order waits for approval: kubectl annotate seatpool/standard --overwrite seatkeeper.dev/approve-order=4",
			},
		},
		"order above one that waits": {
			"what is ordered is all that was not bought", declares(5, approved), after(3, declares(6, approved)),
			[]string{
				"order: 3 seats for SeatPool standard: 30.00 net + 6.00 VAT (20 %) = 36.00 EUR gross per Month; " +
					"then 6 seats: 60.00 net + 12.00 VAT (20 %) = 72.00 EUR gross per Month",
				"the order waits for approval: kubectl annotate seatpool/standard --overwrite seatkeeper.dev/approve-order=4",
			},
		},
		"order below one that waits": {
			"a smaller order gives nothing back", declares(10, approved), after(3, declares(5, approved)),
			[]string{
				"order: 2 seats for SeatPool standard: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month; " +
					"then 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month",
				"the order waits for approval: kubectl annotate seatpool/standard --overwrite seatkeeper.dev/approve-order=4",
			},
		},
		"order that is taken back": {
			"nothing is bought, and nothing given back", declares(5, approved), after(3, declares(3, approved)),
			[]string{"SeatPool standard: 3 seats: 30.00 net + 6.00 VAT (20 %) = 36.00 EUR gross per Month"},
		},
		"order of the first seats, taken back": {
			"nothing is left to tell", declares(5, approved), after(0, declares(0, approved)), nil,
		},
		"approval": {
			"whoever confirms has seen the order", declares(5, approved), answered("4", after(3, declares(5, approved))), nil,
		},
		"change before the first look": {
			"nobody has bought anything yet, so that it is no order", declares(3), firstLook(declares(5)),
			[]string{"SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month"},
		},
		"back": {
			"what is left is shown (AC-13)", declares(5), held(3, after(5, declares(2))),
			[]string{"3 seats of SeatPool standard given back: 2 seats: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month"},
		},
		"one back, until its end": {
			"the text holds for one seat, too", declares(2, until(year)), in(term("10.00", year), after(2, declares(1, until(year)))),
			[]string{"1 seat of SeatPool standard given back: 1 seat: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month, until 2027-11-01T00:00:00Z"},
		},
		"all back": {
			"no seat costs nothing", declares(2), after(2, declares(0)),
			[]string{"2 seats of SeatPool standard given back: 0 seats: 0.00 net + 0.00 VAT (20 %) = 0.00 EUR gross per Month"},
		},
		"back, below an order that waits": {
			"given back is what was bought", declares(10, approved), after(3, declares(2, approved)),
			[]string{"1 seat of SeatPool standard given back: 2 seats: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month"},
		},
		"back, without a price": {
			"there are fewer all the same", declares(5, unpriced), after(5, declares(2, unpriced)),
			[]string{"3 seats of SeatPool standard given back: 2 seats, without a price"},
		},
		"back, expired": {
			"what has ended costs nothing", declares(5, until(now)), after(5, declares(2, until(now))),
			[]string{"3 seats of SeatPool standard given back: 2 seats, which ended at 2026-11-02T09:00:00Z"},
		},
		"back, with a shortage: Keep": {
			"who lowers the number learns what comes of it", declares(5), held(5, after(5, declares(2))),
			[]string{
				"3 seats of SeatPool standard given back: 2 seats: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month",
				"SeatPool standard has 3 seats then, and 5 are held: nobody loses one, and none is given until enough are free (onShortage)",
			},
		},
		"back, with a shortage: Suspend": {
			"who lowers the number learns what comes of it", declares(5, suspends), held(5, after(5, declares(2, suspends))),
			[]string{
				"3 seats of SeatPool standard given back: 2 seats: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month",
				"SeatPool standard has 3 seats then, and 5 are held: the 2 newest holders who are not spared lose theirs (onShortage)",
			},
		},
		"back, with a shortage of one": {
			"the text holds for one seat, too", declares(1, included(0), suspends), held(1, after(1, declares(0, included(0), suspends))),
			[]string{
				"1 seat of SeatPool standard given back: 0 seats: 0.00 net + 0.00 VAT (20 %) = 0.00 EUR gross per Month",
				"SeatPool standard has 0 seats then, and 1 is held: the newest holder who is not spared loses theirs (onShortage)",
			},
		},
		"a smaller plan": {
			"nothing is sold, and yet seats go", declares(1, included(3)), held(4, after(1, declares(1, included(2)))),
			[]string{"SeatPool standard has 3 seats then, and 4 are held: nobody loses one, and none is given until enough are free (onShortage)"},
		},
		"a larger plan, too small": {"what was short before is no news", declares(1, included(2)), held(9, after(1, declares(1, included(3)))), nil},
		"another policy": {
			"whoever turns it on learns who loses a seat", declares(1), held(4, after(1, declares(1, suspends))),
			[]string{"SeatPool standard has 2 seats then, and 4 are held: the 2 newest holders who are not spared lose theirs (onShortage)"},
		},
		"less use": {
			"a lower limit of use is a shortage as well", declares(0, metered, maxSeats(5)), held(4, after(0, declares(0, metered, maxSeats(2)))),
			[]string{"SeatPool standard has 3 seats then, and 4 are held: nobody loses one, and none is given until enough are free (onShortage)"},
		},
		"use that ends": {
			"an end of use is a shortage as well", declares(0, metered), held(4, after(0, declares(0, metered, until(now)))),
			[]string{"SeatPool standard has 1 seat then, and 4 are held: nobody loses one, and none is given until enough are free (onShortage)"},
		},
		"creation": {
			"what is created is no order", nil, firstLook(declares(5, until(year))),
			[]string{"SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2027-11-01T00:00:00Z"},
		},
		"creation without a price": {"seats are told", nil, firstLook(declares(5, unpriced)), []string{"SeatPool standard: 5 seats, without a price"}},
		"creation, expired": {
			"who creates it learns that nothing is there", nil, firstLook(declares(5, until(now))),
			[]string{"SeatPool standard: 5 seats, which ended at 2026-11-02T09:00:00Z"},
		},
		"creation without seats": {"the included ones cost nothing", nil, firstLook(declares(0)), nil},
		"creation by use": {
			"what a seat will cost", nil, firstLook(declares(0, metered)),
			[]string{"SeatPool standard is billed by use: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month and seat"},
		},
		"creation by use, without a price": {"nobody is billed", nil, firstLook(declares(0, metered, unpriced)), nil},
		"renewal": {
			"a later end costs as much again", declares(5, until(soon)), in(term("10.00", soon), after(5, declares(5, until(year)))),
			[]string{"renewal of SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2027-11-01T00:00:00Z"},
		},
		"renewal at the new price": {
			"from the renewal on, the price of the spec holds", declares(5, priced("12.00", "EUR"), until(soon)),
			in(term("10.00", soon), after(5, declares(5, priced("12.00", "EUR"), until(year)))),
			[]string{"renewal of SeatPool standard: 5 seats: 60.00 net + 12.00 VAT (20 %) = 72.00 EUR gross per Month, until 2027-11-01T00:00:00Z"},
		},
		"renewal for ever": {
			"no end is a later one", declares(5, until(soon)), in(term("10.00", soon), after(5, declares(5))),
			[]string{"renewal of SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month"},
		},
		"renewal into the past": {
			"who renews too little learns it, and who loses a seat", declares(5, until(now.Add(-time.Hour)), suspends),
			held(3, after(5, declares(5, until(now), suspends))),
			[]string{
				"renewal of SeatPool standard: 5 seats, which ended at 2026-11-02T09:00:00Z",
				"SeatPool standard has 1 seat then, and 3 are held: the 2 newest holders who are not spared lose theirs (onShortage)",
			},
		},
		"an earlier end": {
			"is no renewal", declares(5, until(year)), in(term("10.00", year), after(5, declares(5, until(soon)))),
			[]string{"new end of SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2026-11-03T09:00:00Z"},
		},
		"a first end": {
			"is no renewal", declares(5), after(5, declares(5, until(soon))),
			[]string{"new end of SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2026-11-03T09:00:00Z"},
		},
		"the same end elsewhere": {
			"an instant is one everywhere", declares(5, until(soon)), after(5, declares(5, until(soon.In(time.FixedZone("", 3600))))), nil,
		},
		"an end elsewhere": {
			"times are told in UTC", declares(5, until(soon)), after(5, declares(5, until(year.In(time.FixedZone("", 3600))))),
			[]string{"renewal of SeatPool standard: 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until 2027-11-01T00:00:00Z"},
		},
		"renewal of nothing": {"the included ones do not end", declares(0, until(soon)), after(0, declares(0, until(year))), nil},
		"price in mid-term": {
			"what is sold keeps its price", declares(5, until(year)), in(term("10.00", year), after(5, declares(5, priced("12.00", "EUR"), until(year)))),
			[]string{
				"SeatPool standard: the price stays 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month and seat, until 2027-11-01T00:00:00Z; " +
					"it becomes 12.00 net + 2.40 VAT (20 %) = 14.40 EUR gross per Month and seat when a later expiresAt renews the seats",
			},
		},
		"price removed in mid-term": {
			"what is sold keeps its price", declares(5, until(year)), in(term("10.00", year), after(5, declares(5, unpriced, until(year)))),
			[]string{
				"SeatPool standard: the price stays 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month and seat, until 2027-11-01T00:00:00Z, " +
					"although it is no longer declared",
			},
		},
		"price without a term": {
			"it holds at once", declares(5), after(5, declares(5, priced("12.00", "EUR"))),
			[]string{"the price of SeatPool standard changes: 5 seats: 60.00 net + 12.00 VAT (20 %) = 72.00 EUR gross per Month"},
		},
		"tax without a term": {
			"a tax is a part of the price", declares(5), after(5, declares(5, taxed("5.5"))),
			[]string{"the price of SeatPool standard changes: 5 seats: 50.00 net + 2.75 VAT (5.5 %) = 52.75 EUR gross per Month"},
		},
		"price removed": {
			"nothing is shown any more", declares(5), after(5, declares(5, unpriced)),
			[]string{"the price of SeatPool standard changes: 5 seats, without a price"},
		},
		"price of nothing": {"who has bought nothing pays nothing", declares(0), after(0, declares(0, priced("12.00", "EUR"))), nil},
		"price by use": {
			"it holds at once", declares(0, metered), held(4, after(0, declares(0, metered, priced("12.00", "EUR")))),
			[]string{"SeatPool standard is billed by use: 12.00 net + 2.40 VAT (20 %) = 14.40 EUR gross per Month and seat"},
		},
		"from prepaid to use": {
			"who changes it learns what a seat costs", declares(5), after(5, declares(0, metered)),
			[]string{"SeatPool standard is billed by use: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month and seat"},
		},
		"from use to prepaid": {
			"seats are bought then", declares(0, metered), after(0, declares(2)),
			[]string{
				"order: 2 seats for SeatPool standard: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month; " +
					"then 2 seats: 20.00 net + 4.00 VAT (20 %) = 24.00 EUR gross per Month",
			},
		},
		"another limit of use": {"a limit costs nothing", declares(0, metered), held(4, after(0, declares(0, metered, maxSeats(50)))), nil},
		"another plan":         {"a label costs nothing", declares(5), held(9, after(5, declares(5, named))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pricing.Quote("standard", c.before, c.s, pricing.Decide(c.s))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			fitForAHeader(t, got)
		})
	}
}

func named(s *v1alpha1.SeatPoolSpec) { s.Plan = "Professional" }

// fitForAHeader holds that kubectl shows a text as it is: the API server sends it as an HTTP Warning header.
func fitForAHeader(t interface {
	Helper()
	Errorf(format string, args ...any)
}, texts []string,
) {
	t.Helper()
	for _, text := range texts {
		if len(text) >= 400 {
			t.Errorf("a text of %d bytes: %s", len(text), text)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("a text with more than printable ASCII: %q", text)
		}
		if text == "" || text != strings.TrimSpace(text) {
			t.Errorf("a text with a margin: %q", text)
		}
	}
}

// TestQuoteFits holds that no change leads to a text that does not fit.
func TestQuoteFits(t *testing.T) {
	t.Parallel()
	t.Run("the longest", func(t *testing.T) {
		t.Parallel()
		most := []edit{priced("999999999999.999", "CLF"), taxed("99.999"), until(year), approved}
		s := after(0, declares(pricing.MaxSeats, most...))
		quote := pricing.Quote(strings.Repeat("a", 63), declares(0, most...), s, pricing.Decide(s))
		if len(quote) != 2 {
			t.Errorf("want the order and how it is approved, got %q", quote)
		}
		fitForAHeader(t, quote)
	})
	t.Run("any", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			s := situation.Draw(t, "situation")
			var before *v1alpha1.SeatPoolSpec
			if rapid.Bool().Draw(t, "an update") {
				before = situation.Draw(t, "before").Spec
			}
			for _, edit := range []edit{metered, unpriced, suspends} {
				if rapid.IntRange(0, 3).Draw(t, "edited") == 0 {
					edit(s.Spec)
				}
			}
			fitForAHeader(t, pricing.Quote("standard", before, s, pricing.Decide(s)))
		})
	})
}
