// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

func monthly(amount, currency string) v1alpha1.Price {
	return v1alpha1.Price{Amount: amount, Currency: currency, Period: v1alpha1.PeriodMonth}
}

func tariff(t *testing.T, price v1alpha1.Price, taxRate string) pricing.Tariff {
	t.Helper()
	tariff, err := pricing.NewTariff(price, taxRate)
	if err != nil {
		t.Fatal(err)
	}
	return tariff
}

func TestTariff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why              string
		amount, currency string
		taxRate          string
		seats            int32
		want             string // net + tax = gross
	}{
		"plain":     {"what a price list says", "10.00", "EUR", "20", 9, "90.00 + 18.00 = 108.00"},
		"no seat":   {"nothing costs nothing", "10.00", "EUR", "20", 0, "0.00 + 0.00 = 0.00"},
		"no tax":    {"none is added when unset", "10.00", "EUR", "", 3, "30.00 + 0.00 = 30.00"},
		"tax of 0":  {"a tax may be none", "10.00", "EUR", "0", 3, "30.00 + 0.00 = 30.00"},
		"all tax":   {"a tax may double the price", "10.00", "EUR", "100", 3, "30.00 + 30.00 = 60.00"},
		"free":      {"a seat may cost nothing", "0", "EUR", "20", 7, "0.00 + 0.00 = 0.00"},
		"no point":  {"whole units are written out", "10", "EUR", "20", 1, "10.00 + 2.00 = 12.00"},
		"zeros":     {"leading zeros are no octal", "010.00", "EUR", "08", 1, "10.00 + 0.80 = 10.80"},
		"two units": {"the usual minor unit", "1.234", "USD", "", 1, "1.23 + 0.00 = 1.23"},

		"half a cent":            {"half up, where a float is below the half", "1.005", "EUR", "", 1, "1.01 + 0.00 = 1.01"},
		"half a cent, even":      {"half up, where a banker rounds to even", "2.345", "EUR", "", 1, "2.35 + 0.00 = 2.35"},
		"half a cent, odd":       {"half up, as a banker does", "2.355", "EUR", "", 1, "2.36 + 0.00 = 2.36"},
		"below half":             {"half up, not up", "1.004", "EUR", "", 1, "1.00 + 0.00 = 1.00"},
		"two halves":             {"the line is rounded, not the seat, which would be 2.02", "1.005", "EUR", "", 2, "2.01 + 0.00 = 2.01"},
		"three halves":           {"the line is rounded, not the seat, which would be 3.03", "1.005", "EUR", "", 3, "3.02 + 0.00 = 3.02"},
		"a thousand halves":      {"the line is rounded, not the seat, which would be 1010.00", "1.005", "EUR", "", 1000, "1005.00 + 0.00 = 1005.00"},
		"tenths":                 {"three tenths are 0.3, which floats are not", "0.1", "EUR", "", 3, "0.30 + 0.00 = 0.30"},
		"thousandths":            {"what a seat costs may be below a cent", "0.001", "EUR", "", 4, "0.00 + 0.00 = 0.00"},
		"five thousandths":       {"what many of them cost is not", "0.001", "EUR", "", 5, "0.01 + 0.00 = 0.01"},
		"tax on a half":          {"5.5 % of 0.10 are 0.0055", "0.10", "EUR", "5.5", 1, "0.10 + 0.01 = 0.11"},
		"tax of 5.5":             {"5.5 % of 29.00 are 1.595, which is rounded up; a float is below", "29.00", "EUR", "5.5", 1, "29.00 + 1.60 = 30.60"},
		"tax of 5.5, to even":    {"5.5 % of 9.00 are 0.495", "9.00", "EUR", "5.5", 1, "9.00 + 0.50 = 9.50"},
		"tax of 5.5, not even":   {"5.5 % of 3.00 are 0.165, where a banker says 0.16", "3.00", "EUR", "5.5", 1, "3.00 + 0.17 = 3.17"},
		"tax of 19.6":            {"19.6 % of 0.99 are 0.19404", "0.99", "EUR", "19.6", 1, "0.99 + 0.19 = 1.18"},
		"tax of 19.6, a half":    {"19.6 % of 11.25 are 2.205, where a banker says 2.20", "11.25", "EUR", "19.6", 1, "11.25 + 2.21 = 13.46"},
		"tax of 2.1":             {"2.1 % of 5.00 are 0.105, where a banker says 0.10", "5.00", "EUR", "2.1", 1, "5.00 + 0.11 = 5.11"},
		"tax of the line":        {"2.1 % of 50.00 are 1.05; ten seats taxed apart would be 1.10", "5.00", "EUR", "2.1", 10, "50.00 + 1.05 = 51.05"},
		"tax on the rounded net": {"4.9 % of 0.10 are 0.0049; of 0.104 they would be 0.0051, that is 0.01", "0.104", "EUR", "4.9", 1, "0.10 + 0.00 = 0.10"},
		"no rounding of totals":  {"1.004 and 50 % would be 1.506, that is 1.51, in one rounding", "1.004", "EUR", "50", 1, "1.00 + 0.50 = 1.50"},
		"three decimals of tax":  {"8.875 % in New York", "100.00", "USD", "8.875", 1, "100.00 + 8.88 = 108.88"},

		"JPY":               {"the yen has no minor unit", "1000", "JPY", "10", 3, "3000 + 300 = 3300"},
		"JPY, a half":       {"a price below the minor unit is rounded with the line", "10.5", "JPY", "10", 1, "11 + 1 = 12"},
		"JPY, two halves":   {"and not with the seat", "10.5", "JPY", "", 2, "21 + 0 = 21"},
		"KRW":               {"nor has the won", "999.4", "KRW", "", 1, "999 + 0 = 999"},
		"KWD":               {"the dinar has a thousandth", "1.005", "KWD", "5.5", 1, "1.005 + 0.055 = 1.060"},
		"IQD":               {"ISO 4217 has a thousandth, whatever people write", "1.234", "IQD", "50", 1, "1.234 + 0.617 = 1.851"},
		"LBP":               {"ISO 4217 has a hundredth, whatever people write", "1.005", "LBP", "", 1, "1.01 + 0.00 = 1.01"},
		"MGA":               {"the minor unit is a fifth, which ISO 4217 writes with two decimals", "1.25", "MGA", "", 1, "1.25 + 0.00 = 1.25"},
		"CLF":               {"the unidad de fomento has four", "1.005", "CLF", "0.5", 1, "1.0050 + 0.0050 = 1.0100"},
		"UYW":               {"and so has the unidad previsional", "1.005", "UYW", "", 1, "1.0050 + 0.0000 = 1.0050"},
		"as much as can be": {"twenty digits are exact", "999999999999.999", "EUR", "100", 1_000_000, "999999999999999000.00 + 999999999999999000.00 = 1999999999999998000.00"},
		"as much, in yen":   {"nor is anything lost above the minor unit", "999999999999.999", "JPY", "99.999", 1_000_000, "999999999999999000 + 999989999999999000 = 1999989999999998000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tariff := tariff(t, monthly(c.amount, c.currency), c.taxRate)
			got := tariff.Of(c.seats)
			net, rest, _ := strings.Cut(c.want, " + ")
			tax, gross, _ := strings.Cut(rest, " = ")
			want := v1alpha1.Amounts{Net: net, Tax: tax, Gross: gross, Currency: c.currency, Period: v1alpha1.PeriodMonth}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			cost := &v1alpha1.SeatPoolCost{Seats: &c.seats, Amounts: want, Summary: gross + " " + c.currency + "/Month"}
			if diff := cmp.Diff(cost, tariff.Cost(c.seats)); diff != "" {
				t.Errorf("%s: cost (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestTariffPeriod(t *testing.T) {
	t.Parallel()
	year := tariff(t, v1alpha1.Price{Amount: "100", Currency: "EUR", Period: v1alpha1.PeriodYear}, "20")
	if got, want := year.Cost(2).Summary, "240.00 EUR/Year"; got != want {
		t.Errorf("a price for a year is shown as %s, want %s", got, want)
	}
	if got := year.Of(2).Period; got != v1alpha1.PeriodYear {
		t.Errorf("the amounts are for a %s, want a Year", got)
	}
}

// inForce are the codes of ISO 4217 by the number of decimals of the minor unit; "-" has those without one, in
// which nobody bills.
var inForce = map[string]string{
	"0": "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	"2": `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
		COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
		KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK
		NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
		TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
	"3": "BHD IQD JOD KWD LYD OMR TND",
	"4": "CLF UYW",
}

func TestMinorUnits(t *testing.T) {
	t.Parallel()
	written := map[string]string{"0": "1", "2": "1.00", "3": "1.000", "4": "1.0000"}
	for decimals, codes := range inForce {
		for code := range strings.FieldsSeq(codes) {
			if got := tariff(t, monthly("1", code), "").Of(1).Gross; got != written[decimals] {
				t.Errorf("%s 1 is written %s, want %s", code, got, written[decimals])
			}
		}
	}
}

func TestNewTariffRefuses(t *testing.T) {
	t.Parallel()
	noCurrency := func(code string) string {
		return `price.currency: there is no currency "` + code + `": use a code of ISO 4217 such as EUR`
	}
	for name, c := range map[string]struct {
		why     string
		price   v1alpha1.Price
		taxRate string
		want    string
	}{
		"invented":     {"three letters are not a currency", monthly("10", "ABC"), "20", noCurrency("ABC")},
		"no currency":  {"ISO 4217 has a code for none", monthly("10", "XXX"), "20", noCurrency("XXX")},
		"test":         {"and one for tests", monthly("10", "XTS"), "20", noCurrency("XTS")},
		"in between":   {"codes are looked up whole", monthly("10", "E U"), "20", noCurrency("E U")},
		"empty":        {"a currency is needed", monthly("10", ""), "20", noCurrency("")},
		"a comma":      {"what the schema refuses is not guessed", monthly("10,00", "EUR"), "20", `price.amount: "10,00" is not a decimal number such as 10.00`},
		"no amount":    {"an amount is needed", monthly("", "EUR"), "20", `price.amount: "" is not a decimal number such as 10.00`},
		"a share":      {"what the schema refuses is not guessed", monthly("10", "EUR"), "20 %", `taxRate: "20 %" is not a percentage such as 20`},
		"both invalid": {"the currency is said first", monthly("ten", "ABC"), "some", noCurrency("ABC")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pricing.NewTariff(c.price, c.taxRate)
			if err == nil {
				t.Fatalf("%s: accepted", c.why)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// The patterns that the schema of SeatPool has.
var (
	amountPattern   = regexp.MustCompile(`^[0-9]{1,12}([.][0-9]{1,3})?$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
	taxRatePattern  = regexp.MustCompile(`^(100([.]0{1,3})?|[0-9]{1,2}([.][0-9]{1,3})?)$`)
	figures         = regexp.MustCompile(`^[0-9]{1,20}([.][0-9]{2,4})?$`)
)

// consistent says what is wrong with what seats cost; empty when nothing is.
func consistent(a v1alpha1.Amounts, price v1alpha1.Price, taxRate string, seats int32) string {
	for _, figure := range []string{a.Net, a.Tax, a.Gross} {
		if !figures.MatchString(figure) {
			return "is no amount: " + figure
		}
	}
	net, tax, gross := decimal.RequireFromString(a.Net), decimal.RequireFromString(a.Tax), decimal.RequireFromString(a.Gross)
	if !net.Add(tax).Equal(gross) {
		return "net + tax is not gross"
	}
	_, decimals, _ := strings.Cut(a.Gross, ".")
	half := decimal.New(5, -int32(len(decimals))-1)
	// Rounding half up leaves less than a half below, and at most a half above.
	rounded := func(figure, exact decimal.Decimal) bool {
		off := figure.Sub(exact)
		return off.GreaterThan(half.Neg()) && off.LessThanOrEqual(half)
	}
	if !rounded(net, decimal.RequireFromString(price.Amount).Mul(decimal.NewFromInt32(seats))) {
		return "net is not the price of the seats, rounded once"
	}
	if taxRate == "" {
		taxRate = "0"
	}
	if !rounded(tax, net.Mul(decimal.RequireFromString(taxRate)).Shift(-2)) {
		return "tax is not that on net, rounded once"
	}
	return ""
}

// prices are those that the schema lets pass, in currencies that there are.
func prices(t *rapid.T, name string) v1alpha1.Price {
	return v1alpha1.Price{
		Amount: rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,3}([.][0-9]{1,3})?`), rapid.StringMatching(`[0-9]{1,12}([.][0-9]{1,3})?`),
			rapid.SampledFrom([]string{"0", "0.001", "1.005", "999999999999.999"}),
		).Draw(t, name+" amount"),
		Currency: rapid.SampledFrom([]string{"EUR", "EUR", "USD", "JPY", "KWD", "CLF"}).Draw(t, name+" currency"),
		Period:   rapid.SampledFrom([]v1alpha1.BillingPeriod{v1alpha1.PeriodMonth, v1alpha1.PeriodYear}).Draw(t, name+" period"),
	}
}

func taxes(t *rapid.T, name string) string {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "0", "2.1", "5.5", "19.6", "20", "100"}), rapid.StringMatching(`[0-9]{1,2}([.][0-9]{1,3})?`)).Draw(t, name)
}

func TestTariffIsConsistent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price, taxRate := prices(t, "price"), taxes(t, "tax")
		tariff, err := pricing.NewTariff(price, taxRate)
		if err != nil {
			t.Fatal(err)
		}
		seats := rapid.Int32Range(0, pricing.MaxSeats-1).Draw(t, "seats")
		got := tariff.Of(seats)
		if wrong := consistent(got, price, taxRate, seats); wrong != "" {
			t.Fatalf("%d seats: %+v %s", seats, got, wrong)
		}
		more := decimal.RequireFromString(tariff.Of(seats + 1).Gross)
		if more.LessThan(decimal.RequireFromString(got.Gross)) {
			t.Fatalf("a seat more than %d costs less: %s", seats, more)
		}
	})
}

// FuzzNewTariff holds that whatever the schema lets pass is refused in words or reckons right.
func FuzzNewTariff(f *testing.F) {
	f.Add("10.00", "EUR", "20", int32(9))
	f.Add("1.005", "KWD", "5.5", int32(3))
	f.Add("10.5", "JPY", "", int32(1))
	f.Add("999999999999.999", "CLF", "100.000", int32(pricing.MaxSeats))
	f.Add("0", "XXX", "0", int32(0))
	f.Fuzz(func(t *testing.T, amount, currency, taxRate string, seats int32) {
		if !amountPattern.MatchString(amount) || !currencyPattern.MatchString(currency) ||
			taxRate != "" && !taxRatePattern.MatchString(taxRate) || seats < 0 || seats > pricing.MaxSeats {
			t.Skip("the schema refuses it")
		}
		price := monthly(amount, currency)
		tariff, err := pricing.NewTariff(price, taxRate)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "price.currency: ") {
				t.Fatalf("the schema let it pass, and then: %v", err)
			}
			return
		}
		if wrong := consistent(tariff.Of(seats), price, taxRate, seats); wrong != "" {
			t.Fatalf("%d seats: %+v %s", seats, tariff.Of(seats), wrong)
		}
		if summary := tariff.Cost(seats).Summary; len(summary) > 64 {
			t.Fatalf("the summary %q is longer than the schema allows", summary)
		}
	})
}
