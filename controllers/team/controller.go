// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package team sums up each Team. It alone writes the status of Teams.
package team

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams;organizations;roles;users;archivedusers,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams,verbs=patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get

// Reconciler sums up one team in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes, so that a wave of people moves the figures now and then.
	Pace loop.Pace
	// Groups keeps the groups in directories that stand for teams.
	Groups *groups.Desk
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.Team
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil {
		r.Groups.Forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !before.DeletionTimestamp.IsZero() {
		return r.Groups.Leave(ctx, r.Base, &before, before.Spec.Organization)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	kept, _, err := r.Groups.Decide(ctx, r.Base, &before, s.organization, s.group)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	after := before.DeepCopy()
	v := conclude(after, s)
	return r.Groups.Finish(ctx, r.Base, &before, after, v, &kept)
}
