// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// SetupWithManager watches what moves seats: the pool, its slices, and the organization's users and roles.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	opts.MaxConcurrentReconciles = 4
	return ctrl.NewControllerManagedBy(mgr).
		Named("seatpool").
		For(&v1alpha1.SeatPool{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.SeatSlice{}, loop.AffectedBy(poolOfSlice)).
		Watches(&v1alpha1.User{}, loop.Affected(r.poolsOfUser)).
		Watches(&v1alpha1.Role{}, loop.AffectedBy(r.poolsOfRole), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Organization{}, loop.AffectedBy(r.poolsOfOrganization), builder.WithPredicates(loop.Declared())).
		WithOptions(opts).
		Complete(r)
}

func poolOfSlice(_ context.Context, slice *v1alpha1.SeatSlice) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: slice.Namespace, Name: slice.Pool}}
}

func (r *Reconciler) poolsOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	switch {
	case after == nil:
		return r.pools(ctx, before.Namespace, before.Spec.Organization)
	case before == nil || standsAnew(before, after):
		return r.pools(ctx, after.Namespace, after.Spec.Organization)
	}
	return nil
}

// standsAnew says that a change of a user may be one of what the user is to a pool.
func standsAnew(before, after *v1alpha1.User) bool {
	if before.Generation != after.Generation ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		before.Annotations[v1alpha1.AnnotationResendInvitation] != after.Annotations[v1alpha1.AnnotationResendInvitation] ||
		(before.Status.AccessRevokedAt == nil) != (after.Status.AccessRevokedAt == nil) {
		return true
	}
	was, is := before.Status.Invitation, after.Status.Invitation
	return was != nil && is != nil && (was.DeclinedAt == nil) != (is.DeclinedAt == nil)
}

func (r *Reconciler) poolsOfRole(ctx context.Context, role *v1alpha1.Role) []types.NamespacedName {
	return r.pools(ctx, role.Namespace, role.Spec.Organization)
}

func (r *Reconciler) poolsOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return r.pools(ctx, org.Namespace, org.Name)
}

// pools are the keys of the pools of an organization.
func (r *Reconciler) pools(ctx context.Context, namespace, organization string) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.SeatPoolList{}, namespace, index.Organization, organization)
}
