// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import "fmt"

var billingRules = []rule{
	{"bought before use (EZ-9)", seatPool, fields{"spec.billing.mode": "Prepaid"}, ""},
	{"a way of billing that there is not", seatPool, fields{"spec.billing.mode": "Free"}, `supported values: "Prepaid", "Metered"`},
	{"a way of billing in lower case", seatPool, fields{"spec.billing.mode": "metered"}, `supported values: "Prepaid", "Metered"`},
	{"no way of billing is left out, not empty", seatPool, fields{"spec.billing.mode": ""}, `supported values: "Prepaid", "Metered"`},
	{"a price for a month", seatPool, fields{"spec.billing.price": euros("10.00")}, ""},
	{"a price for a year", seatPool, fields{"spec.billing.price": price("100", "EUR", "Year")}, ""},
	{"a price with tax", seatPool, fields{"spec.billing.price": euros("10.00"), "spec.billing.taxRate": "20"}, ""},
	{"a price for a week", seatPool, fields{"spec.billing.price": price("10.00", "EUR", "Week")}, `supported values: "Month", "Year"`},
	{"a price for no time", seatPool, fields{"spec.billing.price": price("10.00", "EUR", "")}, `supported values: "Month", "Year"`},
	{"a price is of some amount", seatPool, fields{"spec.billing.price": priceWithout("amount")}, "spec.billing.price.amount: Required value"},
	{"a price is in a currency", seatPool, fields{"spec.billing.price": priceWithout("currency")}, "spec.billing.price.currency: Required value"},
	{"a price is for some time", seatPool, fields{"spec.billing.price": priceWithout("period")}, "spec.billing.price.period: Required value"},
	{"a price is no number", seatPool, fields{"spec.billing.price": price(int64(10), "EUR", "Month")}, "must be of type string"},
	{"a tax is no number", seatPool, fields{"spec.billing.taxRate": int64(20)}, "must be of type string"},
	{"billed by Stripe", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe")}, ""},
	{"the longest item", seatPool, fields{"spec.billing.stripe": stripe("si_"+text(252), "stripe")}, ""},
	{"paid by card or SEPA (EZ-3)", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Card", "SEPADebit"}}, ""},
	{"paid by card alone (EZ-3)", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Card"}}, ""},
	{"paid in no way", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{}}, "spec.billing.stripe.paymentMethods"},
	{"paid in cash", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Cash"}}, `supported values: "Card", "SEPADebit"`},
	{"paid twice", seatPool, fields{"spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Card", "Card"}}, "spec.billing.stripe.paymentMethods[1]: Duplicate value"},
	{"euros by SEPA", seatPool, fields{"spec.billing.price": price("10.00", "EUR", "Month"), "spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"SEPADebit"}}, ""},
	{"dollars by card", seatPool, fields{"spec.billing.price": price("10.00", "USD", "Month"), "spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Card"}}, ""},
	{"dollars by SEPA", seatPool, fields{"spec.billing.price": price("10.00", "USD", "Month"), "spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"SEPADebit"}}, sepaRule},
	{"dollars by card or SEPA", seatPool, fields{"spec.billing.price": price("10.00", "USD", "Month"), "spec.billing.stripe": stripe("si_123", "stripe"), "spec.billing.stripe.paymentMethods": []any{"Card", "SEPADebit"}}, sepaRule},
	{"an item that is too long", seatPool, fields{"spec.billing.stripe": stripe("si_"+text(253), "stripe")}, "subscriptionItem: Too long"},
	{"an item without an ID", seatPool, fields{"spec.billing.stripe": stripe("", "stripe")}, "spec.billing.stripe.subscriptionItem"},
	{"a subscription is no item", seatPool, fields{"spec.billing.stripe": stripe("sub_123", "stripe")}, subscriptionRule},
	{"an item with a path", seatPool, fields{"spec.billing.stripe": stripe("si_123/../../customers", "stripe")}, subscriptionRule},
	{"an item and a newline", seatPool, fields{"spec.billing.stripe": stripe("si_123\n", "stripe")}, subscriptionRule},
	{"Stripe bills an item", seatPool, fields{"spec.billing.stripe": map[string]any{"apiKeySecretRef": map[string]any{"name": "stripe"}}}, "spec.billing.stripe.subscriptionItem: Required value"},
	{"Stripe wants a key", seatPool, fields{"spec.billing.stripe": map[string]any{"subscriptionItem": "si_123"}}, "spec.billing.stripe.apiKeySecretRef: Required value"},
	{"a Secret has a name", seatPool, fields{"spec.billing.stripe": stripe("si_123", "")}, "spec.billing.stripe.apiKeySecretRef.name"},
	{"a name that no Secret has", seatPool, fields{"spec.billing.stripe": stripe("si_123", text(254))}, "spec.billing.stripe.apiKeySecretRef.name: Too long"},
	{"the key itself has no place", seatPool, fields{"spec.billing.stripe.apiKey": "sk_test_123"}, `unknown field "spec.billing.stripe.apiKey"`},
}

var purchaseRules = []rule{
	{"no more seats can be bought (AC-6)", seatPool, fields{"spec.purchase.maxSeats": int64(0)}, ""},
	{"as many seats as there can be (AC-6)", seatPool, fields{"spec.purchase.maxSeats": int64(1000000)}, ""},
	{"a limit below none", seatPool, fields{"spec.purchase.maxSeats": int64(-1)}, "spec.purchase.maxSeats: Invalid value: -1"},
	{"a limit that is none", seatPool, fields{"spec.purchase.maxSeats": int64(1000001)}, "spec.purchase.maxSeats: Invalid value: 1000001"},
	{"more seats at the start than the limit is for the operator to tell", seatPool, fields{"spec.purchase.maxSeats": int64(1), "spec.seats": int64(3)}, ""},
	{"seven seats in one order (EZ-5)", seatPool, fields{"spec.purchase.maxSeatsPerOrder": int64(7)}, ""},
	{"the largest order (EZ-5)", seatPool, fields{"spec.purchase.maxSeatsPerOrder": int64(1000000)}, ""},
	{"orders of no seat", seatPool, fields{"spec.purchase.maxSeatsPerOrder": int64(0)}, "spec.purchase.maxSeatsPerOrder: Invalid value: 0"},
	{"orders of less than none", seatPool, fields{"spec.purchase.maxSeatsPerOrder": int64(-7)}, "spec.purchase.maxSeatsPerOrder: Invalid value: -7"},
	{"an order that is too large", seatPool, fields{"spec.purchase.maxSeatsPerOrder": int64(1000001)}, "spec.purchase.maxSeatsPerOrder: Invalid value: 1000001"},
	{"ten thousand euros in one transaction (EZ-6)", seatPool, fields{"spec.billing.price": euros("10.00"), "spec.purchase.maxOrderAmount": "10000.00"}, ""},
	{"ten thousand of what", seatPool, fields{"spec.purchase.maxOrderAmount": "10000.00"}, pricedLimitRule},
	{"a tax is no price", seatPool, fields{"spec.billing.taxRate": "20", "spec.purchase.maxOrderAmount": "10000.00"}, pricedLimitRule},
	{"every seat is assigned first (AC-9)", seatPool, fields{"spec.purchase.onlyWhenFull": true}, ""},
	{"seats are bought in stock (AC-10)", seatPool, fields{"spec.purchase.onlyWhenFull": false}, ""},
	{"yes is no truth", seatPool, fields{"spec.purchase.onlyWhenFull": "yes"}, "must be of type boolean"},
	{"review, then confirm (AC-11)", seatPool, fields{"spec.purchase.approval": "Required"}, ""},
	{"no review", seatPool, fields{"spec.purchase.approval": "None"}, ""},
	{"a review that there is not", seatPool, fields{"spec.purchase.approval": "Optional"}, `supported values: "None", "Required"`},
	{"no review is left out, not empty", seatPool, fields{"spec.purchase.approval": ""}, `supported values: "None", "Required"`},
	{"a misspelt limit limits nothing", seatPool, fields{"spec.purchase.maxSeat": int64(7)}, `unknown field "spec.purchase.maxSeat"`},
}

var meteredRules = []rule{
	{"capacity follows demand (AX-2)", seatPool, metered(nil), ""},
	{"seats are left out", seatPool, metered(fields{"spec.seats": nil}), ""},
	{"included seats come with the plan", seatPool, metered(fields{"spec.included": int64(3)}), ""},
	{"use has a limit", seatPool, metered(fields{"spec.purchase.maxSeats": int64(50)}), ""},
	{"use has a limit, and no approval", seatPool, metered(fields{"spec.purchase.maxSeats": int64(50), "spec.purchase.approval": "None"}), ""},
	{"use has a price", seatPool, metered(fields{"spec.billing.price": euros("10.00"), "spec.billing.taxRate": "20", "spec.billing.stripe": stripe("si_123", "stripe")}), ""},
	{"seats that nobody asked for", seatPool, metered(fields{"spec.seats": int64(1)}), meteredSeatsRule},
	{"fewer seats than none, by use", seatPool, metered(fields{"spec.seats": int64(-1)}), "spec.seats: Invalid value: -1"},
	{"orders by use: their size", seatPool, metered(fields{"spec.purchase.maxSeatsPerOrder": int64(7)}), meteredOrdersRule},
	{"orders by use: their amount", seatPool, metered(fields{"spec.billing.price": euros("10.00"), "spec.purchase.maxOrderAmount": "10000.00"}), meteredOrdersRule},
	{"orders by use: when", seatPool, metered(fields{"spec.purchase.onlyWhenFull": true}), meteredOrdersRule},
	{"orders by use: approval", seatPool, metered(fields{"spec.purchase.approval": "Required"}), meteredOrdersRule},
	{"orders by use: a limit beside", seatPool, metered(fields{"spec.purchase.maxSeats": int64(50), "spec.purchase.approval": "Required"}), meteredOrdersRule},
}

// onStatus are the rules that the operator's own writing meets.
var onStatus = []rule{
	{
		"all that the status of a pool shows", seatPool, fields{
			"status.bought": int64(3), "status.seats": int64(3), "status.capacity": int64(3), "status.assigned": int64(3),
			"status.available": int64(0), "status.waiting": int64(0), "status.pendingOrder": map[string]any{"generation": int64(1), "delta": int64(1)},
			"status.cost": map[string]any{
				"seats": int64(3), "net": "30.00", "tax": "6.00", "gross": "36.00", "currency": "EUR", "period": "Month", "summary": "36.00 EUR/Month",
			},
			"status.term": term("10.00", "EUR"),
			"status.billing": map[string]any{
				"subscriptionItem": "si_123", "sequence": int64(1), "quantity": int64(3), "confirmedAt": "2026-05-04T12:00:00Z", "invoice": "in_123",
			},
		}, "",
	},
	{"a term at a price", seatPool, fields{"status.term": term("10.00", "EUR")}, ""},
	{"a term at no amount", seatPool, fields{"status.term": term("10,00", "EUR")}, amountRule},
	{"a term in no currency", seatPool, fields{"status.term": term("10.00", "eur")}, currencyRule},
	{"a term ends", seatPool, fields{"status.term": map[string]any{"price": euros("10.00")}}, "status.term.until: Required value"},
	{"fewer seats bought than none", seatPool, fields{"status.bought": int64(-1)}, "status.bought: Invalid value: -1"},
	{"an order of no seat is none", seatPool, fields{"status.pendingOrder": map[string]any{"generation": int64(1), "delta": int64(0)}}, "status.pendingOrder.delta: Invalid value: 0"},
	{"changes of what is billed count from 1", seatPool, fields{"status.billing": map[string]any{"subscriptionItem": "si_123", "sequence": int64(0), "quantity": int64(3)}}, "status.billing.sequence: Invalid value: 0"},
	{"a seat that a user lost", user, fields{"status.withdrawals": []any{map[string]any{"pool": "standard", "turn": int64(1)}}}, ""},
	{"a seat that a user lost in no turn", user, fields{"status.withdrawals": []any{map[string]any{"pool": "standard", "turn": int64(0)}}}, "status.withdrawals[0].turn: Invalid value: 0"},
	{"a seat that a user lost in no pool", user, fields{"status.withdrawals": []any{map[string]any{"turn": int64(1)}}}, "status.withdrawals[0].pool: Required value"},
}

// amountRules are those of amounts of money. What an empty text and one that is too long is refused with is up to
// the API server, which says it before it looks at the rules.
func amountRules() []rule {
	var rules []rule
	for _, place := range []struct {
		what, message string
		set           func(amount string) fields
	}{
		{"price", amountRule, func(amount string) fields { return fields{"spec.billing.price": euros(amount)} }},
		{"limit", maxOrderAmountRule, func(amount string) fields {
			return fields{"spec.billing.price": euros("10.00"), "spec.purchase.maxOrderAmount": amount}
		}},
	} {
		for _, amount := range []string{"0", "7", "10.00", "0.1", "0.01", "1.005", "007", "999999999999.999"} {
			rules = append(rules, rule{fmt.Sprintf("a good %s: %s", place.what, amount), seatPool, place.set(amount), ""})
		}
		for why, amount := range map[string]string{
			"a comma": "10,00", "a comma between thousands": "10,000.00", "a space between thousands": "10 000", "four decimals": "1.0005",
			"a point and nothing": "10.", "nothing and a point": ".5", "two points": "1.2.3", "13 digits": "1000000000000", "negative": "-10.00", "a plus": "+10.00",
			"an exponent": "1e3", "a currency": "10.00 EUR", "a sign": "€10", "a word": "ten", "not a number": "NaN", "infinity": "Infinity",
			"a space before": " 10.00", "a space after": "10.00 ", "a newline after": "10.00\n", "digits of another script": "١٠", "hexadecimal": "0x10",
		} {
			rules = append(rules, rule{fmt.Sprintf("a bad %s: %s", place.what, why), seatPool, place.set(amount), place.message})
		}
		field := map[string]string{"price": "spec.billing.price.amount", "limit": "spec.purchase.maxOrderAmount"}[place.what]
		rules = append(rules,
			rule{fmt.Sprintf("a bad %s: empty", place.what), seatPool, place.set(""), field},
			rule{fmt.Sprintf("a bad %s: 17 characters", place.what), seatPool, place.set("0000000000000.000"), field + ": Too long"},
		)
	}
	return rules
}

func taxRateRules() []rule {
	var rules []rule
	for _, rate := range []string{"0", "2.1", "5.5", "19.6", "20", "20.00", "07", "99.999", "100", "100.0", "100.000"} {
		rules = append(rules, rule{"a tax: " + rate, seatPool, fields{"spec.billing.taxRate": rate}, ""})
	}
	for _, rate := range []string{"100.001", "100.1", "101", "200", "999", "-5", "+20", "5,5", "20 %", "20%", "5.5555", ".5", "5.", "1e1", "020", "20\n", " 20", "none"} {
		rules = append(rules, rule{fmt.Sprintf("no tax: %q", rate), seatPool, fields{"spec.billing.taxRate": rate}, taxRateRule})
	}
	return append(rules,
		rule{"no tax is left out, not empty", seatPool, fields{"spec.billing.taxRate": ""}, "spec.billing.taxRate"},
		rule{"a tax of 8 characters", seatPool, fields{"spec.billing.taxRate": "100.0000"}, "spec.billing.taxRate: Too long"},
	)
}

func currencyRules() []rule {
	var rules []rule
	for _, code := range []string{"EUR", "JPY", "KWD", "CLF", "XCG"} {
		rules = append(rules, rule{"a currency: " + code, seatPool, fields{"spec.billing.price": price("10", code, "Month")}, ""})
	}
	for _, code := range []string{"eur", "Eur", "EU1", "E R", "ЕUR"} {
		rules = append(rules, rule{fmt.Sprintf("no currency: %q", code), seatPool, fields{"spec.billing.price": price("10", code, "Month")}, currencyRule})
	}
	for why, code := range map[string]string{"empty": "", "two letters": "EU", "a sign": "€"} {
		rules = append(rules, rule{"no currency: " + why, seatPool, fields{"spec.billing.price": price("10", code, "Month")}, "spec.billing.price.currency"})
	}
	for why, code := range map[string]string{"four letters": "EURO", "words": "US dollars"} {
		rules = append(rules, rule{"no currency: " + why, seatPool, fields{"spec.billing.price": price("10", code, "Month")}, "spec.billing.price.currency: Too long"})
	}
	return rules
}

func price(amount any, currency, period string) map[string]any {
	return map[string]any{"amount": amount, "currency": currency, "period": period}
}

func euros(amount string) map[string]any { return price(amount, "EUR", "Month") }

// priceWithout are the fields of a price but one.
func priceWithout(field string) map[string]any {
	p := euros("10.00")
	delete(p, field)
	return p
}

func stripe(item, secret string) map[string]any {
	return map[string]any{"subscriptionItem": item, "apiKeySecretRef": map[string]any{"name": secret}}
}

func term(amount, currency string) map[string]any {
	return map[string]any{"price": price(amount, currency, "Month"), "taxRate": "20", "until": "2027-11-01T00:00:00Z"}
}

// metered are the fields that make the typical pool one that is billed by use, and more of them.
func metered(more fields) fields {
	all := fields{"spec.billing.mode": "Metered", "spec.seats": int64(0)}
	for path, value := range more {
		all[path] = value
	}
	return all
}
