// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Sum adds amounts up, one sum for each currency and period, sorted by these. What is no number is left out.
func Sum(amounts []v1alpha1.Amounts) []v1alpha1.Amounts {
	type key struct {
		currency string
		period   v1alpha1.BillingPeriod
	}
	type sum struct{ net, tax, gross decimal.Decimal }
	sums := map[key]sum{}
	for _, a := range amounts {
		net, err := decimal.NewFromString(a.Net)
		tax, err2 := decimal.NewFromString(a.Tax)
		gross, err3 := decimal.NewFromString(a.Gross)
		if cmp.Or(err, err2, err3) != nil {
			continue
		}
		of := key{a.Currency, a.Period}
		was := sums[of]
		sums[of] = sum{was.net.Add(net), was.tax.Add(tax), was.gross.Add(gross)}
	}
	all := make([]v1alpha1.Amounts, 0, len(sums))
	for of, s := range sums {
		t := Tariff{price: v1alpha1.Price{Currency: of.currency, Period: of.period}}
		all = append(all, v1alpha1.Amounts{
			Net: t.fixed(s.net), Tax: t.fixed(s.tax), Gross: t.fixed(s.gross), Currency: of.currency, Period: of.period,
		})
	}
	slices.SortFunc(all, func(a, b v1alpha1.Amounts) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Period, b.Period))
	})
	return all
}
