// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// maxReference is the longest reference of an invoice that a status holds. One that is longer is none of Stripe's.
const maxReference = 255

// bill records what became of the change that the billing provider was told of, and decides on the next one. A change is
// recorded before the provider is told, by submit, so that it is told the same again after a crash. It returns v, or
// why the pool cannot be said to be in effect.
func (r *Reconciler) bill(pool *v1alpha1.SeatPool, now time.Time, v verdict.Verdict) verdict.Verdict {
	st := &pool.Status
	var outcome billing.Outcome
	if unanswered(pool) {
		outcome = r.submit(pool)
	} else {
		r.Desk.Forget(client.ObjectKeyFromObject(pool))
	}
	if told := st.Billing; told != nil {
		switch outcome.State {
		case billing.Confirmed:
			told.ConfirmedAt = &metav1.Time{Time: outcome.At.Truncate(time.Second)}
			if n := len(outcome.Receipt.Invoice); n > 0 && n <= maxReference {
				told.Invoice = outcome.Receipt.Invoice
			}
		case billing.Rejected:
			told.Rejection, told.RejectedRevision = cmp.Or(billing.Words(outcome.Err), "it did not say why"), pricing.Revision(pool)
		default:
		}
	}
	if st.Seats != nil && pool.DeletionTimestamp.IsZero() {
		st.Billing = pricing.Bill(st.Billing, pool, *st.Seats)
	}
	return reportBill(pool, outcome, now, v)
}

// unanswered says that the provider is to be told what is recorded.
func unanswered(pool *v1alpha1.SeatPool) bool {
	told, stripe := pool.Status.Billing, pool.Spec.Billing.Stripe
	return told != nil && stripe != nil && told.SubscriptionItem == stripe.SubscriptionItem &&
		told.ConfirmedAt == nil && told.Rejection == ""
}

// submit has the desk tell the provider, and says how far it is.
func (r *Reconciler) submit(pool *v1alpha1.SeatPool) billing.Outcome {
	told := pool.Status.Billing
	return r.Desk.Submit(client.ObjectKeyFromObject(pool), billing.Order{
		Key:      fmt.Sprintf("seatkeeper-%s-%d", pool.UID, told.Sequence),
		Item:     told.SubscriptionItem,
		Quantity: int64(*told.Quantity),

		PaymentMethods: told.PaymentMethods,
		// What is paid in advance is invoiced when it is bought.
		InvoiceNow: !pricing.Metered(&pool.Spec),
		APIKey:     r.apiKey(pool.Namespace, pool.Spec.Billing.Stripe.APIKeySecretRef.Name),
	})
}

// apiKey reads a Secret at every try, so that it can be rotated.
func (r *Reconciler) apiKey(namespace, name string) func(context.Context) (string, error) {
	const field = "apiKey"
	missing := fmt.Errorf("there is no Secret %s with the key %s", name, field)
	return func(ctx context.Context) (string, error) {
		var secret corev1.Secret
		if err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &secret); err != nil {
			if apierrors.IsNotFound(err) {
				return "", missing // whether it is there is nobody's business
			}
			return "", fmt.Errorf("reading Secret %s with the API key: %w", name, err)
		}
		if len(secret.Data[field]) == 0 {
			return "", missing
		}
		return string(secret.Data[field]), nil
	}
}

// reportBill says how far the provider has come. What is not known yet changes nothing that was said: after a restart, or
// while a change is tried anew, a provider in trouble stays one in trouble.
func reportBill(pool *v1alpha1.SeatPool, outcome billing.Outcome, now time.Time, v verdict.Verdict) verdict.Verdict {
	told := pool.Status.Billing
	if told == nil || told.SubscriptionItem == "" {
		verdict.Unset(pool, v1alpha1.ConditionBilled)
		return v
	}
	billed := billedVerdict(pool, told, outcome)
	if said := meta.FindStatusCondition(pool.Status.Conditions, v1alpha1.ConditionBilled); said != nil && billed.Reason == v1alpha1.ReasonBilling {
		switch said.Reason {
		case v1alpha1.ReasonBillingUnavailable:
			billed = verdict.Verdict{Kind: verdict.Retry, Reason: said.Reason, Message: said.Message}
		case v1alpha1.ReasonBillingRejected:
			billed = verdict.Verdict{Kind: verdict.Stuck, Reason: said.Reason, Message: said.Message}
		}
	}
	verdict.Set(pool, v1alpha1.ConditionBilled, billed.Reason == v1alpha1.ReasonBilled, billed.Reason, billed.Message, now)
	if billed.Kind != verdict.Done && v.Kind == verdict.Done {
		v.Kind, v.Reason, v.Message = billed.Kind, billed.Reason, billed.Message
	}
	return v
}

func billedVerdict(pool *v1alpha1.SeatPool, told *v1alpha1.BillingStatus, outcome billing.Outcome) verdict.Verdict {
	count := pricing.Seats(*told.Quantity)
	switch {
	case billing.MethodsRejected(told.Rejection): // an earlier try may be billed all the same, or may come to be
		return verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonBillingRejected, Message: fmt.Sprintf(
			"Stripe does not take spec.billing.stripe.paymentMethods for %s (%s): correct them, or allow them in Stripe, then set annotation %s to any new value",
			count, told.Rejection, v1alpha1.AnnotationReconcileAt)}
	case told.Rejection != "":
		return verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonBillingRejected, Message: fmt.Sprintf(
			"Stripe refuses to bill %s (%s): correct spec.billing.stripe or the subscription, then set annotation %s to any new value",
			count, told.Rejection, v1alpha1.AnnotationReconcileAt)}
	case told.ConfirmedAt != nil:
		v := verdict.Verdict{Reason: v1alpha1.ReasonBilled, Message: "Stripe bills " + count}
		if told.Invoice != "" {
			v.Message += "; the latest invoice is " + told.Invoice
		}
		return v
	case outcome.State == billing.Retrying && errors.Is(outcome.Err, billing.ErrUnauthorized):
		return verdict.Verdict{Kind: verdict.Retry, Reason: v1alpha1.ReasonBillingUnavailable, Message: fmt.Sprintf(
			"Stripe refuses the API key of Secret %s (%s): correct it; it is tried again",
			pool.Spec.Billing.Stripe.APIKeySecretRef.Name, billing.Words(outcome.Err))}
	case outcome.State == billing.Retrying:
		return verdict.Verdict{Kind: verdict.Retry, Reason: v1alpha1.ReasonBillingUnavailable, Message: fmt.Sprintf(
			"Stripe cannot be told to bill %s (%s): it is tried again", count, billing.Words(outcome.Err))}
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonBilling, Message: "Stripe is being told to bill " + count}
}
