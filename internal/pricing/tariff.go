// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pricing decides what seats cost, and which orders of seats go through. It is pure, and reckons in
// decimals.
package pricing

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// minorUnits is the number of decimals of the currencies that do not have two, by ISO 4217. (Package currency goes by
// CLDR, which says how people write amounts: it has no decimals for LBP, MGA and twenty more.)
var minorUnits = map[string]int32{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// The codes of ISO 4217 that package currency does not know yet, and those that stand for no currency.
var (
	newCodes = []string{"MRU", "SLE", "UYW", "VED", "VES", "XCG", "ZWG"}
	noMoney  = []string{"XTS", "XXX"}
)

const usualMinorUnits = 2

// Tariff is what seats cost.
type Tariff struct {
	unit, rate decimal.Decimal
	price      v1alpha1.Price
}

// NewTariff reads a price and its tax. The error names the field and the remedy.
func NewTariff(price v1alpha1.Price, taxRate string) (Tariff, error) {
	if _, err := currency.ParseISO(price.Currency); slices.Contains(noMoney, price.Currency) ||
		err != nil && !slices.Contains(newCodes, price.Currency) {
		return Tariff{}, fmt.Errorf("price.currency: there is no currency %q: use a code of ISO 4217 such as EUR", price.Currency)
	}
	t := Tariff{price: price}
	var err error
	if t.unit, err = decimal.NewFromString(price.Amount); err != nil {
		return Tariff{}, fmt.Errorf("price.amount: %q is not a decimal number such as 10.00", price.Amount)
	}
	if taxRate == "" {
		return t, nil
	}
	if t.rate, err = decimal.NewFromString(taxRate); err != nil {
		return Tariff{}, fmt.Errorf("taxRate: %q is not a percentage such as 20", taxRate)
	}
	return t, nil
}

// Of is what a number of seats costs as one line of an order: net and tax are rounded half up, each once.
func (t Tariff) Of(seats int32) v1alpha1.Amounts {
	net, tax := t.reckon(seats)
	return v1alpha1.Amounts{
		Net: t.fixed(net), Tax: t.fixed(tax), Gross: t.fixed(net.Add(tax)),
		Currency: t.price.Currency, Period: t.price.Period,
	}
}

// Cost is what a number of seats costs, as the status of a pool shows it.
func (t Tariff) Cost(seats int32) *v1alpha1.SeatPoolCost {
	amounts := t.Of(seats)
	return &v1alpha1.SeatPoolCost{
		Seats: &seats, Amounts: amounts,
		Summary: fmt.Sprintf("%s %s/%s", amounts.Gross, amounts.Currency, amounts.Period),
	}
}

func (t Tariff) reckon(seats int32) (net, tax decimal.Decimal) {
	const percent = -2
	net = t.unit.Mul(decimal.NewFromInt32(seats)).Round(t.scale())
	return net, net.Mul(t.rate).Shift(percent).Round(t.scale())
}

func (t Tariff) gross(seats int32) decimal.Decimal {
	net, tax := t.reckon(seats)
	return net.Add(tax)
}

func (t Tariff) scale() int32 {
	if scale, ok := minorUnits[t.price.Currency]; ok {
		return scale
	}
	return usualMinorUnits
}

func (t Tariff) fixed(amount decimal.Decimal) string { return amount.StringFixed(t.scale()) }
