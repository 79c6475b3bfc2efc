// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// retire lets a pool go that is being deleted, with its slices. Nobody holds a seat by now, and no turn is unfinished, so
// nobody gives one yet. The billing provider is told nothing: what was bought is bought, and a pool that was deleted by
// mistake is to find its subscription as it was.
func (r *Reconciler) retire(ctx context.Context, s *snapshot, pool *v1alpha1.SeatPool) error {
	for _, slice := range s.objects {
		read := client.Preconditions{UID: &slice.UID, ResourceVersion: &slice.ResourceVersion}
		if err := r.Delete(ctx, slice.DeepCopy(), read); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting seat slice %s: %w", slice.Name, err)
		}
	}
	base := pool.DeepCopy()
	if !controllerutil.RemoveFinalizer(pool, v1alpha1.FinalizerSeats) {
		return nil
	}
	if err := r.Patch(ctx, pool, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing finalizer %s: %w", v1alpha1.FinalizerSeats, err)
	}
	if stripe := pool.Spec.Billing.Stripe; stripe != nil {
		r.Events.Eventf(pool, nil, corev1.EventTypeWarning, v1alpha1.ReasonStillBilled, "Reconcile",
			"the pool is gone, and subscription item %s goes on in Stripe as it is: end it there", stripe.SubscriptionItem)
	}
	return nil
}
