// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/test/build"
)

// running is a pool whose seats keep the price at which they were bought, until a time.
func running(p *v1alpha1.SeatPool, amount string, until time.Time) *v1alpha1.SeatPool {
	p.Status.Bought = p.Spec.Seats
	p.Status.Term = &v1alpha1.SeatTerm{Price: *p.Spec.Billing.Price, TaxRate: p.Spec.Billing.TaxRate, Until: metav1.NewTime(until)}
	p.Status.Term.Price.Amount = amount
	return p
}

func TestNewOffer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour)
	euros := func(net, tax, gross string) v1alpha1.Amounts {
		return v1alpha1.Amounts{Net: net, Tax: tax, Gross: gross, Currency: "EUR", Period: v1alpha1.PeriodMonth}
	}
	priced := func() *build.SeatPoolBuilder { return build.SeatPool("users").Seats(3).Price("59.00", "EUR").Tax("20") }
	for _, c := range []struct {
		why   string
		pool  *v1alpha1.SeatPool
		seats int32
		want  pricing.Offer
	}{
		{
			"an order, until a time", priced().ExpiresAt(later).Obj(), 7,
			pricing.Offer{
				Bought: pricing.Line{Seats: 3, Amounts: euros("177.00", "35.40", "212.40")}, Order: pricing.Line{Seats: 4, Amounts: euros("236.00", "47.20", "283.20")},
				Then: pricing.Line{Seats: 7, Amounts: euros("413.00", "82.60", "495.60")}, TaxRate: "20", Until: ptr.To(metav1.NewTime(later)),
			},
		},
		{
			"it waits for approval", priced().Approval().Obj(), 4,
			pricing.Offer{
				Bought: pricing.Line{Seats: 3, Amounts: euros("177.00", "35.40", "212.40")}, Order: pricing.Line{Seats: 1, Amounts: euros("59.00", "11.80", "70.80")},
				Then: pricing.Line{Seats: 4, Amounts: euros("236.00", "47.20", "283.20")}, TaxRate: "20", Approval: true,
			},
		},
		{
			"given back, without a price", build.SeatPool("users").Seats(3).Obj(), 1,
			pricing.Offer{Bought: pricing.Line{Seats: 3}, Order: pricing.Line{Seats: -2}, Then: pricing.Line{Seats: 1}},
		},
		{
			"they have ended", build.SeatPool("users").Seats(3).ExpiresAt(at).Obj(), 3,
			pricing.Offer{Bought: pricing.Line{Seats: 3}, Then: pricing.Line{Seats: 3}, Until: ptr.To(metav1.NewTime(at)), Expired: true},
		},
		{
			"nobody pays for what has ended", priced().ExpiresAt(at).Obj(), 3,
			pricing.Offer{
				Bought: pricing.Line{Seats: 3, Amounts: euros("0.00", "0.00", "0.00")}, Order: pricing.Line{Amounts: euros("0.00", "0.00", "0.00")},
				Then: pricing.Line{Seats: 3, Amounts: euros("0.00", "0.00", "0.00")}, TaxRate: "20", Until: ptr.To(metav1.NewTime(at)), Expired: true,
			},
		},
		{
			"another price, when they are renewed", running(priced().ExpiresAt(later).Obj(), "50.00", later), 4,
			pricing.Offer{
				Bought: pricing.Line{Seats: 3, Amounts: euros("150.00", "30.00", "180.00")}, Order: pricing.Line{Seats: 1, Amounts: euros("50.00", "10.00", "60.00")},
				Then: pricing.Line{Seats: 4, Amounts: euros("200.00", "40.00", "240.00")}, TaxRate: "20", Until: ptr.To(metav1.NewTime(later)),
				NewPrice: ptr.To(euros("236.00", "47.20", "283.20")),
			},
		},
	} {
		after := c.pool.DeepCopy()
		after.Spec.Seats, after.Generation = &c.seats, 2
		s := pricing.Change(c.pool, after, at)
		if diff := cmp.Diff(c.want, pricing.NewOffer(s, pricing.Decide(s))); diff != "" {
			t.Errorf("%s; want -, got +:\n%s", c.why, diff)
		}
	}
}

// TestChangeCountsWhatIsGivenBack checks that seats which were just given back, and which nobody has looked at, are not bought any more.
func TestChangeCountsWhatIsGivenBack(t *testing.T) {
	t.Parallel()
	p := build.SeatPool("users").Seats(2).Obj()
	p.Status.Bought = ptr.To[int32](5)
	if s := pricing.Change(p, p, time.Time{}); *s.Bought != 2 {
		t.Errorf("%d are bought", *s.Bought)
	}
	if s := pricing.Change(nil, p, time.Time{}); s.Bought != nil {
		t.Errorf("%d of a pool that is created are bought", *s.Bought)
	}
}
