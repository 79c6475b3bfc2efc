// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seatpool gives and frees the seats of a SeatPool. It alone writes SeatSlices, and the status of
// SeatPools.
package seatpool

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatpools;organizations;users;roles,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatpools/status,verbs=patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=seatslices,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler gives and frees the seats of one pool in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes of one pool, so that a wave of people fills whole slices.
	Pace loop.Pace

	cut cutOff
}

// Reconcile does one pass. It differs from the other controllers' in one thing: the status is written before the
// slices, since that write is what takes the turn to write them (see package seats).
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.SeatPool
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil || !before.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	after := before.DeepCopy()
	writes, v := r.decide(s, after)
	if err := r.Persist(ctx, &before, after, v); err != nil {
		return r.Result(v, err)
	}
	return r.Result(v, r.write(ctx, after, s, writes))
}

// decide says which slices are to be written, and brings the status of pool to what it is then.
func (r *Reconciler) decide(s *snapshot, pool *v1alpha1.SeatPool) ([]seats.Slice, verdict.Verdict) {
	v := verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the pool is in effect"}
	if s.organization == nil {
		v = verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonOrganizationNotFound, Message: fmt.Sprintf(
			"organization %s is not in this namespace: create it, or correct spec.organization; until then no seat is given", pool.Spec.Organization)}
	}
	if open := seats.Unfinished(turnOf(pool), s.ledger); len(open) > 0 {
		if wait := r.cut.grace(pool, s.Now); wait > 0 {
			v.WakeAt = s.Now.Add(wait)
			return nil, v
		}
		takeTurn(pool, s.ledger, open)
		v.WakeAt = s.Now
		return open, v
	}
	plan := seats.Next(s.Situation)
	if len(plan.Writes) > 0 {
		takeTurn(pool, s.ledger, plan.Writes)
	}
	report(pool, s.Capacity, plan, s.Now)
	if plan.More {
		v.WakeAt = s.Now
	}
	return plan.Writes, v
}

func turnOf(pool *v1alpha1.SeatPool) seats.Turn {
	if pool.Status.Ledger == nil {
		return seats.Turn{}
	}
	return seats.Turn{Number: pool.Status.Ledger.Turn, Slices: pool.Status.Ledger.Slices}
}

// takeTurn takes the turn after all that the ledger knows of: a pool that is declared again under its name begins with
// the slices of the one before.
func takeTurn(pool *v1alpha1.SeatPool, ledger, writes []seats.Slice) {
	turn := &v1alpha1.LedgerTurn{Turn: turnOf(pool).Number}
	for _, slice := range ledger {
		turn.Turn = max(turn.Turn, slice.Turn)
	}
	turn.Turn++
	for _, slice := range writes {
		turn.Slices = append(turn.Slices, slice.Number)
	}
	pool.Status.Ledger = turn
}

// report brings the figures of the pool to what the plan makes them.
func report(pool *v1alpha1.SeatPool, capacity int32, plan seats.Plan, now time.Time) {
	const listed = 100
	st := &pool.Status
	st.Seats = ptr.To(ptr.Deref(pool.Spec.Seats, 0))
	st.Capacity = ptr.To(capacity)
	st.Assigned = ptr.To(plan.Assigned)
	st.Available = ptr.To(max(0, capacity-plan.Assigned))
	st.Waiting = ptr.To(int32(len(plan.Queue)))
	st.Queue = plan.Queue[:min(len(plan.Queue), listed)]
	if plan.Assigned >= capacity {
		verdict.Set(pool, v1alpha1.ConditionExhausted, true, v1alpha1.ReasonSeatsTaken, "no seat is free", now)
	} else {
		verdict.Set(pool, v1alpha1.ConditionExhausted, false, v1alpha1.ReasonSeatsAvailable, "seats are free", now)
	}
	if plan.Assigned > capacity {
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, true, v1alpha1.ReasonCapacityBelowUse,
			"more seats are held than there are: nobody loses one, and none is given until enough are free", now)
	} else {
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, false, v1alpha1.ReasonWithinCapacity, "no more seats are held than there are", now)
	}
}

// write writes the slices of the turn that the pool has just taken.
func (r *Reconciler) write(ctx context.Context, pool *v1alpha1.SeatPool, s *snapshot, writes []seats.Slice) error {
	if len(writes) == 0 {
		return nil
	}
	if err := r.act(ctx, pool, s, writes); err != nil {
		return fmt.Errorf("writing seat slices of %s: %w", client.ObjectKeyFromObject(pool), err)
	}
	log.FromContext(ctx).V(1).Info("wrote the ledger", "turn", pool.Status.Ledger.Turn, "slices", len(writes))
	return nil
}
