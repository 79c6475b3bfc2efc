// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// SetupWithManager watches the organization and the people it counts.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("organization").
		For(&v1alpha1.Organization{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.User{}, loop.AffectedBy(ofUser)).
		Watches(&v1alpha1.ArchivedUser{}, loop.AffectedBy(ofArchivedUser)).
		WithOptions(opts).
		Complete(r)
}

func ofUser(_ context.Context, u *v1alpha1.User) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: u.Namespace, Name: u.Spec.Organization}}
}

func ofArchivedUser(_ context.Context, a *v1alpha1.ArchivedUser) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: a.Namespace, Name: a.Record.Spec.Organization}}
}
