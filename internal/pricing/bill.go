// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"fmt"
	"slices"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Bill says what the billing provider is to be told: what it was told, as long as it bills the right number of seats in the right
// ways or has not answered yet, and otherwise the next change. Where there is no provider any more, the count of the changes
// remains: a change must never be taken for an earlier one.
func Bill(told *v1alpha1.BillingStatus, pool *v1alpha1.SeatPool, billable int32) *v1alpha1.BillingStatus {
	stripe := pool.Spec.Billing.Stripe
	switch {
	case stripe == nil && told == nil:
		return nil
	case stripe == nil:
		return &v1alpha1.BillingStatus{Sequence: told.Sequence, Quantity: told.Quantity}
	}
	next := &v1alpha1.BillingStatus{SubscriptionItem: stripe.SubscriptionItem, Sequence: 1, Quantity: &billable, PaymentMethods: slices.Sorted(slices.Values(stripe.PaymentMethods))}
	if told == nil {
		return next
	}
	next.Sequence = told.Sequence + 1
	if told.SubscriptionItem != stripe.SubscriptionItem {
		return next
	}
	return follow(told, next, Revision(pool))
}

// follow is next, or what was told of the same item where next has to wait or says nothing new.
func follow(told, next *v1alpha1.BillingStatus, revision string) *v1alpha1.BillingStatus {
	next.Invoice = told.Invoice
	moved := ptr.Deref(told.Quantity, 0) != *next.Quantity
	same := !moved && slices.Equal(told.PaymentMethods, next.PaymentMethods)
	switch {
	case told.Rejection != "":
		if same && told.RejectedRevision == revision {
			return told
		}
	case told.ConfirmedAt == nil, same:
		return told
	case !moved && len(next.PaymentMethods) == 0:
		// Ways to pay that are not asked for any more stay with the provider, so there is nothing to tell.
		left := told.DeepCopy()
		left.PaymentMethods = nil
		return left
	}
	return next
}

// Revision is what has to change before a change that the billing provider refused is tried again.
func Revision(pool *v1alpha1.SeatPool) string {
	const kept = 256
	asked := []rune(pool.Annotations[v1alpha1.AnnotationReconcileAt])
	return fmt.Sprintf("%d/%s", pool.Generation, string(asked[:min(len(asked), kept)]))
}
