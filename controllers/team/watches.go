// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// SetupWithManager watches the team, its members, and its organization.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("team").
		For(&v1alpha1.Team{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.User{}, loop.Affected(r.teamsOfUser)).
		Watches(&v1alpha1.Organization{}, loop.ComesOrGoes(r.teamsOfOrganization)).
		WithOptions(opts).
		Complete(r)
}

// teamsOfUser are the teams of a user who comes, goes, or changes state.
func (r *Reconciler) teamsOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	u := after
	switch {
	case after == nil:
		u = before
	case before != nil && before.Spec.State == after.Spec.State && before.DeletionTimestamp.IsZero() == after.DeletionTimestamp.IsZero():
		return nil
	}
	return r.KeysBy(ctx, &v1alpha1.TeamList{}, u.Namespace, index.TeamMember, u.Name)
}

func (r *Reconciler) teamsOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.TeamList{}, org.Namespace, index.Organization, org.Name)
}
