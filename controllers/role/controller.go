// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package role sums up each Role. It alone writes the status of Roles.
package role

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=roles;organizations;seatpools;users,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=roles/status,verbs=patch

// Reconciler sums up one role in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes, so that a wave of people moves the figures now and then.
	Pace loop.Pace
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.Role
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil || !before.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	after := before.DeepCopy()
	after.Status.Holders = ptr.To(s.holders)
	return r.Finish(ctx, &before, after, conclude(after, s))
}

// snapshot is everything that a pass reads.
type snapshot struct {
	organization, pool bool
	holders            int32
}

func (r *Reconciler) gather(ctx context.Context, role *v1alpha1.Role) (*snapshot, error) {
	s := &snapshot{}
	var org v1alpha1.Organization
	err := r.Get(ctx, types.NamespacedName{Namespace: role.Namespace, Name: role.Spec.Organization}, &org)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	s.organization = err == nil
	if role.Spec.SeatPool != "" {
		var pool v1alpha1.SeatPool
		err := r.Get(ctx, types.NamespacedName{Namespace: role.Namespace, Name: role.Spec.SeatPool}, &pool)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading seat pool: %w", err)
		}
		s.pool = err == nil && pool.Spec.Organization == role.Spec.Organization
	}
	var users v1alpha1.UserList
	if err := r.List(ctx, &users, client.InNamespace(role.Namespace), client.MatchingFields{index.UserRole: role.Name}, loop.Lagging{}); err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	for i := range users.Items {
		if u := &users.Items[i]; u.Spec.Organization == role.Spec.Organization && slices.Contains(u.Status.Roles, role.Name) {
			s.holders++
		}
	}
	return s, nil
}

// conclude says how the role is. It is pure.
func conclude(role *v1alpha1.Role, s *snapshot) verdict.Verdict {
	stuck := func(reason, format string, args ...any) verdict.Verdict {
		return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case !s.organization:
		return stuck(v1alpha1.ReasonOrganizationNotFound,
			"organization %s is not in this namespace: create it, or correct spec.organization", role.Spec.Organization)
	case role.Spec.SeatPool != "" && !s.pool:
		return stuck(v1alpha1.ReasonSeatPoolNotFound,
			"organization %s has no seat pool %s: create it, or correct spec.seatPool", role.Spec.Organization, role.Spec.SeatPool)
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the role is in effect"}
}
