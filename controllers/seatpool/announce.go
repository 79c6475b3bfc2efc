// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// announce tells people what happened to the seats, once it is written.
func (r *Reconciler) announce(before, after *v1alpha1.SeatPool, plan seats.Plan) {
	event := func(kind, reason, format string, args ...any) {
		r.Events.Eventf(after, nil, kind, reason, "Reconcile", format, args...)
	}
	was, is := before.Status.Bought, ptr.Deref(after.Status.Bought, 0)
	switch {
	case was == nil:
	case is > *was:
		event(corev1.EventTypeNormal, v1alpha1.ReasonSeatsBought, "bought %s on top of %d%s", pricing.Seats(is-*was), *was, costs(after))
	case is < *was:
		event(corev1.EventTypeNormal, v1alpha1.ReasonSeatsGivenBack, "gave %s of %d back%s", pricing.Seats(*was-is), *was, costs(after))
	}
	if over := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionExpired); over != nil && over.Reason == v1alpha1.ReasonTermOver &&
		!meta.IsStatusConditionTrue(before.Status.Conditions, v1alpha1.ConditionExpired) {
		event(corev1.EventTypeWarning, over.Reason, "%s", over.Message)
	}
	if len(plan.Withdrawn) > 0 {
		event(corev1.EventTypeWarning, v1alpha1.ReasonSeatsWithdrawn, "more seats are held than there are, and onShortage is Suspend: the newest holders lose theirs: %s", names(plan.Withdrawn))
	}
	if invoice := invoiceOf(after); invoice != "" && invoice != invoiceOf(before) {
		event(corev1.EventTypeNormal, v1alpha1.ReasonBilled, "the latest invoice is %s", invoice)
	}
}

func costs(pool *v1alpha1.SeatPool) string {
	if pool.Status.Cost == nil {
		return ""
	}
	return fmt.Sprintf("; they cost %s now", pool.Status.Cost.Summary)
}

func invoiceOf(pool *v1alpha1.SeatPool) string {
	if pool.Status.Billing == nil {
		return ""
	}
	return pool.Status.Billing.Invoice
}
