// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package role

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// SetupWithManager watches the role, its holders, and what it is declared to belong to and to need.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("role").
		For(&v1alpha1.Role{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.User{}, loop.Affected(rolesOfUser)).
		Watches(&v1alpha1.SeatPool{}, loop.ComesOrGoes(r.rolesOfPool)).
		Watches(&v1alpha1.Organization{}, loop.ComesOrGoes(r.rolesOfOrganization)).
		WithOptions(opts).
		Complete(r)
}

// rolesOfUser are the roles that a user gained or lost.
func rolesOfUser(_ context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	held := func(u *v1alpha1.User) []string {
		if u == nil {
			return nil
		}
		return u.Status.Roles
	}
	var changed []types.NamespacedName
	for _, pair := range [][2]*v1alpha1.User{{before, after}, {after, before}} {
		for _, name := range held(pair[0]) {
			if !slices.Contains(held(pair[1]), name) {
				changed = append(changed, types.NamespacedName{Namespace: pair[0].Namespace, Name: name})
			}
		}
	}
	return changed
}

func (r *Reconciler) rolesOfPool(ctx context.Context, pool *v1alpha1.SeatPool) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.RoleList{}, pool.Namespace, index.RolePool, pool.Name)
}

func (r *Reconciler) rolesOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.RoleList{}, org.Namespace, index.Organization, org.Name)
}
