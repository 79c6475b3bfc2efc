// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Line is a number of seats and what they cost; the amounts are empty where the pool has no price.
type Line struct {
	Seats            int32 `json:"seats"`
	v1alpha1.Amounts `json:",inline"`
}

// Offer is what a change of the number of bought seats costs, in figures (rules EZ-2, AC-11).
type Offer struct {
	// Bought are the seats bought so far, Order those on top of them, which are negative when seats are given back, and Then all.
	Bought Line `json:"bought"`
	Order  Line `json:"order"`
	Then   Line `json:"then"`
	// TaxRate is in percent.
	TaxRate string `json:"taxRate,omitempty"`
	// NewPrice is what they all cost from the end on, when a later end renews them; unset when the price stays.
	NewPrice *v1alpha1.Amounts `json:"newPrice,omitempty"`
	// Until is when they end; unset when they do not.
	Until *metav1.Time `json:"until,omitempty"`
	// Expired says that they have ended.
	Expired bool `json:"expired"`
	// Approval says that the order waits until somebody approves it.
	Approval bool `json:"approvalRequired"`
}

// NewOffer is what a decision means in figures.
func NewOffer(s Situation, d Decision) Offer {
	bought, wanted := ptr.Deref(s.Bought, 0), ptr.Deref(s.Spec.Seats, 0)
	o := Offer{
		Bought: Line{Seats: bought}, Order: Line{Seats: wanted - bought}, Then: Line{Seats: wanted},
		Until: s.Spec.ExpiresAt, Expired: d.Expired, Approval: d.Pending != nil,
	}
	if d.Tariff == nil {
		return o
	}
	o.TaxRate = d.Tariff.rate.String()
	for _, line := range []*Line{&o.Bought, &o.Order, &o.Then} {
		paid := line.Seats
		if d.Expired {
			paid = 0 // as Billable has it
		}
		line.Amounts = d.Tariff.Of(paid)
	}
	if d.NewPrice != nil {
		o.NewPrice = new(d.NewPrice.Of(wanted))
	}
	return o
}
