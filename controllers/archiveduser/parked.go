// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package archiveduser

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// unpark archives the person of a parked record once the time in which the User could be applied again is over, or the organization
// is: first the rights in Kubernetes go, then the record says that nothing is kept any more, by which the seats become free.
func (r *Reconciler) unpark(ctx context.Context, record *v1alpha1.ArchivedUser) (ctrl.Result, error) {
	now, until := r.Clock.Now(), record.Record.Parked.Until.Time
	over, err := r.organizationGoes(ctx, record)
	if err != nil || !over && now.Before(until) {
		return r.Result(verdict.Verdict{WakeAt: until}, err)
	}
	if err := r.withdraw(ctx, record); err != nil {
		return r.Result(verdict.Verdict{}, fmt.Errorf("taking back the rights of who is parked: %w", err))
	}
	archived := record.DeepCopy()
	archived.Record.Parked, archived.Record.ArchivedAt = v1alpha1.Parking{}, metav1.NewTime(now)
	if err := r.Update(ctx, archived); err != nil {
		return r.Result(verdict.Verdict{}, fmt.Errorf("archiving who is parked: %w", err))
	}
	log.FromContext(ctx).Info("transition", "reason", v1alpha1.ReasonArchived)
	return ctrl.Result{}, nil
}

// withdraw takes back the rights in Kubernetes, unless a User has the address: these are that User's then, or the roles take them.
func (r *Reconciler) withdraw(ctx context.Context, record *v1alpha1.ArchivedUser) error {
	u := membership.Resident(record)
	var list v1alpha1.UserList
	err := r.List(ctx, &list, client.InNamespace(u.Namespace), client.MatchingFields{index.UserEmail: index.EmailKey(u.Spec.Organization, u.Spec.Email)}, loop.Lagging{})
	if err != nil {
		return fmt.Errorf("listing users by address: %w", err)
	}
	if slices.ContainsFunc(list.Items, func(other v1alpha1.User) bool { return other.Account() == record.Record.Account() }) {
		return nil
	}
	return r.Names.Withdraw(ctx, r, u, r.Clock.Now(), func(string) bool { return false })
}

// organizationGoes says that the organization of a record is no more, or is being deleted: that is not held up by anybody.
func (r *Reconciler) organizationGoes(ctx context.Context, record *v1alpha1.ArchivedUser) (bool, error) {
	var org v1alpha1.Organization
	err := r.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: record.Record.Spec.Organization}, &org, loop.Lagging{})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading the organization: %w", err)
	}
	return apierrors.IsNotFound(err) || !org.DeletionTimestamp.IsZero(), nil
}
