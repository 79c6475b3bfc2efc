// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package archiveduser ends each ArchivedUser when the organization's retention is over.
package archiveduser

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=archivedusers,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=organizations,verbs=get;list;watch

// Reconciler ends one record when its time has come.
type Reconciler struct {
	loop.Base
}

// SetupWithManager watches the records, and the organizations that say how long they are kept.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("archiveduser").
		For(&v1alpha1.ArchivedUser{}).
		Watches(&v1alpha1.Organization{}, loop.Affected(r.recordsOf)).
		WithOptions(opts).
		Complete(r)
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var record v1alpha1.ArchivedUser
	if err := r.Get(ctx, req.NamespacedName, &record, loop.Lagging{}); err != nil || !record.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if record.Parked() { // it is not a record of who left yet
		return ctrl.Result{}, nil
	}
	ends, err := end(ctx, r, &record)
	if ends.IsZero() || r.Clock.Now().Before(ends) || err != nil {
		return r.Result(verdict.Verdict{WakeAt: ends}, err)
	}
	// What is gone is gone, so the policy is asked past the cache.
	if ends, err = end(ctx, r.Live, &record); ends.IsZero() || r.Clock.Now().Before(ends) || err != nil {
		return r.Result(verdict.Verdict{WakeAt: ends}, err)
	}
	// The record of a later stay has the same name, and is the same object.
	err = r.Delete(ctx, &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Namespace: record.Namespace, Name: record.Name}},
		client.Preconditions{UID: &record.UID, ResourceVersion: &record.ResourceVersion})
	if err != nil {
		return r.Result(verdict.Verdict{}, fmt.Errorf("ending a record: %w", err))
	}
	log.FromContext(ctx).Info("the retention of a record is over")
	return ctrl.Result{}, nil
}

// end is when a record ends; zero when it is kept for ever. So it is when there is no organization that says otherwise: one that
// is gone by mistake comes back, and what was deleted does not.
func end(ctx context.Context, reader client.Reader, record *v1alpha1.ArchivedUser) (time.Time, error) {
	var org v1alpha1.Organization
	err := reader.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: record.Record.Spec.Organization}, &org, loop.Lagging{})
	switch retention := org.Spec.Offboarding.Retention; {
	case apierrors.IsNotFound(err):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("reading the organization: %w", err)
	case retention == nil:
		return time.Time{}, nil
	default:
		return record.Record.ArchivedAt.Add(retention.Duration), nil
	}
}

// recordsOf are the records of an organization that came, or says anew how long they are kept.
func (r *Reconciler) recordsOf(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
	if after == nil || after.Spec.Offboarding.Retention == nil ||
		before != nil && ptr.Equal(before.Spec.Offboarding.Retention, after.Spec.Offboarding.Retention) {
		return nil // a timer that goes off early looks again
	}
	return loop.KeysBy[v1alpha1.ArchivedUser](ctx, r.Base, after.Namespace, index.Organization, after.Name)
}
