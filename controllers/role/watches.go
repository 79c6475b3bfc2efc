// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package role

import (
	"context"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// SetupWithManager watches the role, its holders, the roles above and below it, the RoleBindings of its holders, and what it
// is declared to belong to and to need.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("role").
		For(&v1alpha1.Role{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.Role{}, loop.Affected(loop.Present(r.rolesOfRole))).
		Watches(&v1alpha1.User{}, loop.Affected(r.rolesOfUser)).
		Watches(&v1alpha1.ArchivedUser{}, loop.Affected(r.rolesOfRecord)).
		Watches(&rbacv1.RoleBinding{}, loop.Found(loop.By(rolesOfBinding))).
		Watches(&v1alpha1.SeatPool{}, loop.ComesOrGoes(r.rolesOfPool)).
		Watches(&v1alpha1.Organization{}, loop.Affected(groups.Of(r.rolesOfOrganization))).
		WatchesRawSource(loop.Woken(r.Groups.Counter.Done())).
		WatchesRawSource(loop.Woken(r.Groups.Woken)).
		WithOptions(opts).
		Complete(r)
}

// rolesOfRole are the roles that a change of another concerns: those above it, which have its permissions, and, when what it
// includes changes, those below it, whose RoleBindings are for its holders too.
func (r *Reconciler) rolesOfRole(ctx context.Context, before, after *v1alpha1.Role) []types.NamespacedName {
	var includes []string
	role := after
	switch {
	case before == nil:
		includes = after.Spec.Includes
	case after == nil:
		role, includes = before, before.Spec.Includes
	case !slices.Equal(before.Spec.Includes, after.Spec.Includes):
		includes = slices.Concat(before.Spec.Includes, after.Spec.Includes)
	case slices.Equal(before.Spec.Permissions, after.Spec.Permissions):
		return nil
	}
	roles := r.roster(ctx, role.Namespace, role.Spec.Organization)
	return keys(role.Namespace, append(roles.Including(role.Name), access.Closure(includes, roles.Role)...))
}

// rolesOfUser are the roles that a user gained or lost; all of them, when the user gained or lost access, or has another
// name. What they include comes with them.
func (r *Reconciler) rolesOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	var changed []string
	u := after
	switch {
	case before == nil:
		changed = after.Status.Roles
	case after == nil:
		u, changed = before, before.Status.Roles
	case access.Active(before) != access.Active(after) || groups.Moved(before, after) || bindings.Address(before) != bindings.Address(after):
		changed = slices.Concat(before.Status.Roles, after.Status.Roles)
	case slices.Equal(before.Status.Roles, after.Status.Roles):
		return nil
	default:
		changed = difference(before.Status.Roles, after.Status.Roles)
	}
	return keys(u.Namespace, access.Closure(changed, r.roster(ctx, u.Namespace, u.Spec.Organization).Role))
}

// rolesOfRecord are the roles that somebody keeps by a record, or does so no more.
func (r *Reconciler) rolesOfRecord(ctx context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	var changed []string
	var record *v1alpha1.ArchivedUser
	for _, a := range []*v1alpha1.ArchivedUser{before, after} {
		if a != nil {
			record, changed = a, append(changed, a.Record.Parked.Status.Roles...)
		}
	}
	if len(changed) == 0 || before != nil && after != nil && before.Parked() == after.Parked() && before.Record.UID == after.Record.UID &&
		access.Active(membership.Resident(before)) == access.Active(membership.Resident(after)) &&
		slices.Equal(before.Record.Parked.Status.Roles, after.Record.Parked.Status.Roles) {
		return nil
	}
	return keys(record.Namespace, access.Closure(changed, r.roster(ctx, record.Namespace, record.Record.Spec.Organization).Role))
}

// difference are the names that only one of the lists has.
func difference(a, b []string) []string {
	var names []string
	for _, pair := range [][2][]string{{a, b}, {b, a}} {
		for _, name := range pair[0] {
			if !slices.Contains(pair[1], name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (r *Reconciler) roster(ctx context.Context, namespace, organization string) *roster.Roster {
	return roster.New(ctx, r.Client, types.NamespacedName{Namespace: namespace, Name: organization}, nil)
}

// rolesOfBinding are the roles that a RoleBinding is of, by its label and by its owner. A label that stands for a longer name
// is that of no Role.
func rolesOfBinding(_ context.Context, b *rbacv1.RoleBinding) []types.NamespacedName {
	var names []string
	for _, name := range []string{b.Labels[v1alpha1.LabelRole], bindings.Owner(b)} {
		if name != "" {
			names = append(names, name)
		}
	}
	return keys(b.Namespace, names)
}

func keys(namespace string, names []string) []types.NamespacedName {
	all := make([]types.NamespacedName, len(names))
	for i, name := range names {
		all[i] = types.NamespacedName{Namespace: namespace, Name: name}
	}
	return all
}

func (r *Reconciler) rolesOfPool(ctx context.Context, pool *v1alpha1.SeatPool) []types.NamespacedName {
	return loop.KeysBy[v1alpha1.Role](ctx, r.Base, pool.Namespace, index.RolePool, pool.Name)
}

func (r *Reconciler) rolesOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return loop.KeysBy[v1alpha1.Role](ctx, r.Base, org.Namespace, index.Organization, org.Name)
}
