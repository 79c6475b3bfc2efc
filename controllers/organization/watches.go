// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// SetupWithManager watches the organization and the people it counts.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("organization").
		For(&v1alpha1.Organization{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.User{}, loop.AffectedBy(ofUser)).
		Watches(&v1alpha1.Role{}, loop.AffectedBy(ofRole), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ArchivedUser{}, loop.AffectedBy(ofArchivedUser)).
		WatchesMetadata(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.withTemplates)).
		WatchesRawSource(loop.Woken(r.Outbox.Changed())).
		WatchesRawSource(loop.Woken(r.Accounts.Changed())).
		WatchesRawSource(loop.Woken(r.Resync.Organizations())).
		WithOptions(opts).
		Complete(r)
}

// withTemplates are the organizations whose own mails are in a ConfigMap.
func (r *Reconciler) withTemplates(ctx context.Context, config client.Object) []reconcile.Request {
	var list v1alpha1.OrganizationList
	if err := r.List(ctx, &list, client.InNamespace(config.GetNamespace()), loop.Lagging{}); err != nil {
		// The cache is local: this cannot fail but by a mistake of ours.
		log.FromContext(ctx).Error(err, "listing the organizations of a ConfigMap")
	}
	var keys []reconcile.Request
	for i := range list.Items {
		if org := &list.Items[i]; org.Spec.Invitation.Templates.Name == config.GetName() {
			keys = append(keys, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(org)})
		}
	}
	return keys
}

func ofUser(_ context.Context, u *v1alpha1.User) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: u.Namespace, Name: u.Spec.Organization}}
}

func ofRole(_ context.Context, r *v1alpha1.Role) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: r.Namespace, Name: r.Spec.Organization}}
}

func ofArchivedUser(_ context.Context, a *v1alpha1.ArchivedUser) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: a.Namespace, Name: a.Record.Spec.Organization}}
}
