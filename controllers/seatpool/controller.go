// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seatpool gives and frees the seats of a SeatPool. It alone writes SeatSlices, and the status of
// SeatPools.
package seatpool

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatpools;organizations;users;roles;teams;archivedusers,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatpools,verbs=patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatpools/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatslices,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler gives and frees the seats of one pool in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes of one pool, so that a wave of people fills whole slices.
	Pace loop.Pace
	// Departed are who owns nothing any more, although the status does not say so yet.
	Departed *ownership.Departed
	// Desk tells the billing provider how many seats to bill, so that no pass waits for it.
	Desk *billing.Desk

	cut     cutOff
	records records
	// follows says that the watches tell the records of what changes.
	follows bool
}

// Reconcile does one pass. It differs from the other controllers' in one thing: the status is written before the
// slices, since that write is what takes the turn to write them (see package seats).
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.SeatPool
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil {
		r.Desk.Forget(req.NamespacedName)
		r.records.drop(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if before.DeletionTimestamp.IsZero() {
		if err := loop.EnsureFinalizer(ctx, r, &before, v1alpha1.FinalizerSeats); err != nil {
			return r.Result(verdict.Verdict{}, err)
		}
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	after := before.DeepCopy()
	d := r.decide(s, after)
	if d.farewell {
		return r.Result(d.verdict, r.retire(ctx, s, after))
	}
	return r.conclude(ctx, s, &before, after, d)
}

// conclude writes what was decided: first the status, which takes the turn, then the slices.
func (r *Reconciler) conclude(ctx context.Context, s *snapshot, before, after *v1alpha1.SeatPool, d decision) (ctrl.Result, error) {
	if d.verdict.Kind != verdict.Silent {
		d.verdict = r.bill(after, s.now, d.verdict)
	}
	if err := r.Persist(ctx, before, after, d.verdict); err != nil {
		return r.Result(d.verdict, err)
	}
	if after.ResourceVersion == before.ResourceVersion {
		r.Pace.Spare(client.ObjectKeyFromObject(after)) // a pass that changed nothing does not hold up the next one, which may
	}
	r.announce(before, after, d.plan)
	if unanswered(after) {
		r.submit(after)
	}
	err := r.write(ctx, after, s, d)
	if d.fences && s.book.Held() == 0 && apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		err = r.retire(ctx, s, after) // nobody can write the rest of the turn any more
	}
	return r.Result(d.verdict, err)
}

// write writes the slices of the turn that the pool has just taken.
func (r *Reconciler) write(ctx context.Context, pool *v1alpha1.SeatPool, s *snapshot, d decision) error {
	if len(d.writes) == 0 {
		return nil
	}
	if err := r.act(ctx, pool, s, d); err != nil {
		return fmt.Errorf("writing seat slices of %s: %w", client.ObjectKeyFromObject(pool), err)
	}
	log.FromContext(ctx).V(1).Info("wrote the ledger", "turn", pool.Status.Ledger.Turn, "slices", len(d.writes))
	return nil
}
