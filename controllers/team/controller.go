// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package team sums up each Team. It alone writes the status of Teams.
package team

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams;organizations;roles;users,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams/status,verbs=patch

// Reconciler sums up one team in a pass.
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
	var before v1alpha1.Team
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil || !before.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	after := before.DeepCopy()
	v := conclude(after, s)
	return r.Finish(ctx, &before, after, v)
}
