// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// SeatPoolBuilder makes a SeatPool.
type SeatPoolBuilder struct{ pool v1alpha1.SeatPool }

// SeatPool starts a SeatPool without seats.
func SeatPool(name string) *SeatPoolBuilder {
	return &SeatPoolBuilder{pool: v1alpha1.SeatPool{
		ObjectMeta: meta(name),
		Spec:       v1alpha1.SeatPoolSpec{Organization: "acme", Included: new(int32), Seats: new(int32)},
	}}
}

// In sets the namespace and the name of the organization.
func (b *SeatPoolBuilder) In(namespace, organization string) *SeatPoolBuilder {
	b.pool.Namespace, b.pool.Spec.Organization = namespace, organization
	return b
}

// Seats sets the number of seats bought on top of those that are included.
func (b *SeatPoolBuilder) Seats(n int32) *SeatPoolBuilder {
	b.pool.Spec.Seats = &n
	return b
}

// Included sets the number of seats that come with the plan.
func (b *SeatPoolBuilder) Included(n int32) *SeatPoolBuilder {
	b.pool.Spec.Included = &n
	return b
}

// Price sets what one seat costs for a month.
func (b *SeatPoolBuilder) Price(amount, currency string) *SeatPoolBuilder {
	b.pool.Spec.Billing.Price = &v1alpha1.Price{Amount: amount, Currency: currency, Period: v1alpha1.PeriodMonth}
	return b
}

// Tax sets the tax on top of the price in percent.
func (b *SeatPoolBuilder) Tax(rate string) *SeatPoolBuilder {
	b.pool.Spec.Billing.TaxRate = rate
	return b
}

// Metered lets the capacity follow demand.
func (b *SeatPoolBuilder) Metered() *SeatPoolBuilder {
	b.pool.Spec.Billing.Mode = v1alpha1.BillingMetered
	return b
}

// Stripe has Stripe bill the seats, with the API key of a Secret.
func (b *SeatPoolBuilder) Stripe(item, secret string) *SeatPoolBuilder {
	b.pool.Spec.Billing.Stripe = &v1alpha1.StripeBilling{
		SubscriptionItem: item, APIKeySecretRef: v1alpha1.SecretReference{Name: secret},
	}
	return b
}

// MaxSeats sets the most that seats may be.
func (b *SeatPoolBuilder) MaxSeats(n int32) *SeatPoolBuilder {
	b.pool.Spec.Purchase.MaxSeats = &n
	return b
}

// MaxSeatsPerOrder sets the most that seats may rise by in one order.
func (b *SeatPoolBuilder) MaxSeatsPerOrder(n int32) *SeatPoolBuilder {
	b.pool.Spec.Purchase.MaxSeatsPerOrder = n
	return b
}

// MaxOrderAmount sets the most that one order may cost with tax.
func (b *SeatPoolBuilder) MaxOrderAmount(amount string) *SeatPoolBuilder {
	b.pool.Spec.Purchase.MaxOrderAmount = amount
	return b
}

// OnlyWhenFull lets seats be ordered only while every seat is assigned.
func (b *SeatPoolBuilder) OnlyWhenFull() *SeatPoolBuilder {
	b.pool.Spec.Purchase.OnlyWhenFull = new(true)
	return b
}

// Approval has orders wait for approval.
func (b *SeatPoolBuilder) Approval() *SeatPoolBuilder {
	b.pool.Spec.Purchase.Approval = v1alpha1.ApprovalRequired
	return b
}

// ExpiresAt sets when the bought seats end.
func (b *SeatPoolBuilder) ExpiresAt(t time.Time) *SeatPoolBuilder {
	b.pool.Spec.ExpiresAt = stamp(t)
	return b
}

// OnShortage sets what happens while more seats are held than there are.
func (b *SeatPoolBuilder) OnShortage(policy v1alpha1.ShortagePolicy) *SeatPoolBuilder {
	b.pool.Spec.OnShortage = policy
	return b
}

// Annotation sets an annotation.
func (b *SeatPoolBuilder) Annotation(key, value string) *SeatPoolBuilder {
	metav1.SetMetaDataAnnotation(&b.pool.ObjectMeta, key, value)
	return b
}

// Ledger sets the latest turn and the numbers of the slices that it writes.
func (b *SeatPoolBuilder) Ledger(turn int64, slices ...int32) *SeatPoolBuilder {
	b.pool.Status.Ledger = &v1alpha1.LedgerTurn{Turn: turn, Slices: slices}
	return b
}

// Queue sets the names of those who wait, next one first.
func (b *SeatPoolBuilder) Queue(users ...string) *SeatPoolBuilder {
	b.pool.Status.Queue, b.pool.Status.Waiting = users, new(int32(len(users)))
	return b
}

// Obj returns the SeatPool.
func (b *SeatPoolBuilder) Obj() *v1alpha1.SeatPool { return b.pool.DeepCopy() }
