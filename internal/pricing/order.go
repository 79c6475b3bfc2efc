// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"cmp"
	"fmt"
	"sort"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// MaxSeats is the most seats that can be bought, or be in use in a Metered pool, beyond the included ones.
const MaxSeats = 1_000_000

// Situation is what a decision on the seats of a pool rests on.
type Situation struct {
	Now  time.Time
	Spec *v1alpha1.SeatPoolSpec
	// Generation is that of the spec, and Approved the generation whose order somebody confirmed, as the
	// annotation has it.
	Generation int64
	Approved   string
	// Used is the generation whose approval has served, as recorded.
	Used int64
	// Bought is the number of seats that orders have brought so far; nil when nobody has looked at the pool yet.
	Bought *int32
	// Term is the time for which those seats keep their price, as recorded.
	Term *v1alpha1.SeatTerm
	// Held is the number of seats that are held.
	Held int32
}

// Decision is what holds for the seats of a pool.
type Decision struct {
	// Bought is the number of seats that orders have brought. Those of a Metered pool are not bought.
	Bought int32
	// Expired says that they have ended.
	Expired bool
	// Limit is the number of seats that can be held.
	Limit int32
	// Tariff is what seats cost at present; nil where the pool has no price.
	Tariff *Tariff
	// Term is the time for which the bought seats keep their price; nil where they do not expire.
	Term *v1alpha1.SeatTerm
	// NewPrice is the price that the spec has for the time after the term; nil when it is the term's.
	NewPrice *Tariff
	// Ordered is the number of seats that the spec asks for on top of those that were bought before.
	Ordered int32
	// Used is the generation whose approval has served by now.
	Used int64
	// Pending is the order when it waits for approval, nil when none does. Outdated says that the approval given
	// is for another one.
	Pending  *v1alpha1.PendingOrder
	Outdated bool
	// Refusal says which limit the order breaks, and what would pass; empty when it breaks none.
	Refusal string
	// Invalid says which field means nothing although the schema let it pass; empty when none does.
	Invalid string
}

// Decide says which seats are bought, in effect and paid for.
func Decide(s Situation) Decision {
	d := Decision{Used: used(s), Expired: s.Spec.ExpiresAt != nil && !s.Now.Before(s.Spec.ExpiresAt.Time)}
	included, wanted := ptr.Deref(s.Spec.Included, 0), ptr.Deref(s.Spec.Seats, 0)
	most := ptr.Deref(s.Spec.Purchase.MaxSeats, MaxSeats)
	before := ptr.Deref(s.Bought, min(wanted, most))
	d.price(s, min(before, wanted))
	d.Limit = included
	if Metered(s.Spec) {
		d.Term, d.NewPrice = nil, nil
		if !d.Expired {
			d.Limit += most
		}
		return d
	}
	d.Bought = min(before, wanted)
	if d.Ordered = wanted - d.Bought; d.Ordered > 0 {
		d.order(s, before)
	}
	if d.Bought == 0 {
		d.Term = nil
	}
	if !d.Expired {
		d.Limit += d.Bought
	}
	return d
}

// Metered says that the capacity of a pool follows demand.
func Metered(spec *v1alpha1.SeatPoolSpec) bool { return spec.Billing.Mode == v1alpha1.BillingMetered }

// Billable is the number of seats that are paid for, of those that are held.
func (d *Decision) Billable(spec *v1alpha1.SeatPoolSpec, held int32) int32 {
	switch {
	case Metered(spec):
		return max(0, held-ptr.Deref(spec.Included, 0))
	case d.Expired:
		return 0
	}
	return d.Bought
}

// price finds out what seats cost: what is bought until a certain time keeps its price until then.
func (d *Decision) price(s Situation, bought int32) {
	var declared *Tariff
	if s.Spec.Billing.Price != nil {
		t, err := NewTariff(*s.Spec.Billing.Price, s.Spec.Billing.TaxRate)
		if err != nil {
			d.Invalid = "billing." + err.Error()
		} else {
			declared = &t
		}
	}
	if s.Spec.ExpiresAt == nil {
		d.Tariff = declared
		return
	}
	// A status holds whole seconds. An end that is not later is no renewal.
	end := s.Spec.ExpiresAt.Rfc3339Copy()
	if running := s.Term; running != nil && bought > 0 && !Metered(s.Spec) && !running.Until.Before(&end) {
		if t, err := NewTariff(running.Price, running.TaxRate); err == nil {
			d.Tariff, d.Term = &t, &v1alpha1.SeatTerm{Price: running.Price, TaxRate: running.TaxRate, Until: end}
			if declared != nil && !declared.equal(t) {
				d.NewPrice = declared
			}
			return
		}
	}
	d.Tariff = declared
	if declared != nil {
		d.Term = &v1alpha1.SeatTerm{Price: declared.price, TaxRate: s.Spec.Billing.TaxRate, Until: end}
	}
}

func (t Tariff) equal(u Tariff) bool {
	return t.unit.Equal(u.unit) && t.rate.Equal(u.rate) && t.price.Currency == u.price.Currency && t.price.Period == u.price.Period
}

// order decides on the seats that are asked for beyond those bought before.
func (d *Decision) order(s Situation, before int32) {
	if d.Refusal = d.refuse(s, before); d.Refusal != "" || d.Invalid != "" {
		return
	}
	switch approval := strconv.FormatInt(s.Generation, 10); {
	case s.Spec.Purchase.Approval != v1alpha1.ApprovalRequired:
	case s.Approved == approval && d.Used != s.Generation:
		d.Used = s.Generation
	default:
		d.Outdated = s.Approved == approval || s.Approved != "" && s.Approved != strconv.FormatInt(d.Used, 10)
		d.Pending = &v1alpha1.PendingOrder{Generation: s.Generation, Delta: d.Ordered}
		if d.Tariff != nil {
			d.Pending.Amounts = d.Tariff.Of(d.Ordered)
		}
		return
	}
	d.Bought += d.Ordered
}

// used is the generation whose approval has served. One that a pool is created with, as it may be restored from a copy,
// is for none of its orders.
func used(s Situation) int64 {
	switch given, err := strconv.ParseInt(s.Approved, 10, 64); {
	case s.Approved == "":
		return 0
	case s.Bought == nil && err == nil:
		return max(0, given)
	}
	return s.Used
}

// refuse says why an order does not go through; empty when it does.
func (d *Decision) refuse(s Situation, before int32) string {
	p, order, wanted := &s.Spec.Purchase, d.Ordered, before+d.Ordered
	most := ptr.Deref(p.MaxSeats, MaxSeats)
	if wanted > most && s.Bought == nil {
		return fmt.Sprintf("%s would be more than purchase.maxSeats allows, which is %d: declare at most %d", Seats(wanted), most, most)
	}
	if closed := d.closed(s, before); closed != "" {
		return closed
	}
	passes := before + d.mostInOneOrder(p)
	var broken string
	switch {
	case wanted > most:
		broken = fmt.Sprintf("%s would be more than purchase.maxSeats allows, which is %d", Seats(wanted), most)
	case p.MaxSeatsPerOrder > 0 && order > p.MaxSeatsPerOrder:
		broken = fmt.Sprintf("an order of %s is more than purchase.maxSeatsPerOrder allows, which is %d", Seats(order), p.MaxSeatsPerOrder)
	case wanted > passes:
		broken = fmt.Sprintf("an order of %s costs %s with tax, more than purchase.maxOrderAmount allows, which is %s", Seats(order), d.Tariff.of(order), p.MaxOrderAmount)
	default:
		return ""
	}
	if passes = min(passes, most); passes <= before {
		return fmt.Sprintf("%s: no seat can be ordered on top of the %d there are", broken, before)
	}
	return fmt.Sprintf("%s: up to %s on top of the %d there are would pass, which is %d", broken, Seats(passes-before), before, passes)
}

// closed says why no order goes through at present, however small; empty when some may.
func (d *Decision) closed(s Situation, before int32) string {
	p := &s.Spec.Purchase
	switch {
	case d.Expired:
		return fmt.Sprintf("the bought seats ended at %s: set expiresAt to a later time to renew them, then order more", stamp(s.Spec.ExpiresAt))
	case ptr.Deref(p.OnlyWhenFull, false) && d.Limit+before > s.Held:
		return fmt.Sprintf("seats can be ordered only when every seat is assigned (purchase.onlyWhenFull), and %s free: assign them first", Are(d.Limit+before-s.Held))
	case p.MaxOrderAmount != "" && d.NewPrice != nil && d.NewPrice.price.Currency != d.Tariff.price.Currency:
		return fmt.Sprintf("seats cost %s until %s, and purchase.maxOrderAmount is in %s: order then, or renew the seats by a later expiresAt",
			d.Tariff.price.Currency, stamp(s.Spec.ExpiresAt), d.NewPrice.price.Currency)
	}
	return ""
}

// mostInOneOrder is the most seats that the limits of a single order let pass.
func (d *Decision) mostInOneOrder(p *v1alpha1.SeatPoolPurchase) int32 {
	most := cmp.Or(p.MaxSeatsPerOrder, MaxSeats)
	limit, err := decimal.NewFromString(p.MaxOrderAmount)
	if err != nil || d.Tariff == nil {
		return most
	}
	// What more seats cost is never less, so the limit is crossed once.
	return int32(sort.Search(int(most), func(n int) bool { return d.Tariff.gross(int32(n) + 1).GreaterThan(limit) }))
}

// of is what seats cost, as people read it.
func (t Tariff) of(seats int32) string {
	return t.fixed(t.gross(seats)) + " " + t.price.Currency + " per " + string(t.price.Period)
}

func stamp(t *metav1.Time) string { return t.UTC().Format(time.RFC3339) }

// Seats is a number of seats in words, such as "1 seat".
func Seats(n int32) string {
	if n == 1 {
		return "1 seat"
	}
	return fmt.Sprintf("%d seats", n)
}

// Are is a number of seats as the beginning of what they are, such as "1 is".
func Are(n int32) string {
	if n == 1 {
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}
