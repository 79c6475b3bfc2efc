// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"fmt"
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// decision is what a pass comes to.
type decision struct {
	verdict verdict.Verdict
	// writes are the slices to be written, in the turn that the status takes.
	writes []seats.Slice
	// capacity is the capacity that they are written under.
	capacity int32
	plan     seats.Plan
	// fences says that a turn is being brought to its end, or waited for, and nothing else is decided.
	fences bool
	// farewell says that the object can go.
	farewell bool
}

// decide says which slices are to be written, and brings the status of pool to what it is then.
func (r *Reconciler) decide(s *snapshot, pool *v1alpha1.SeatPool) decision {
	const listed = 100
	deleting := !pool.DeletionTimestamp.IsZero()
	open := s.book.Unfinished(turnOf(pool))
	if deleting && s.book.Held() == 0 && len(open) == 0 {
		return decision{farewell: true, verdict: verdict.Verdict{Kind: verdict.Silent}}
	}
	order := pricing.Decide(s.order)
	terms := seats.Terms{
		Now: s.now, Turn: s.book.NextTurn(turnOf(pool)), Capacity: order.Limit, Listed: listed,
		Suspend: pool.Spec.OnShortage == v1alpha1.ShortageSuspend, Minimums: s.minimums,
	}
	if deleting {
		terms.Capacity, terms.Suspend = 0, false // nobody loses a seat, and none is given
	}
	if len(open) > 0 {
		d := decision{fences: true, verdict: verdict.Verdict{Kind: verdict.Silent, WakeAt: s.now}}
		if wait := r.cut.grace(pool, s.now); wait > 0 {
			d.verdict.WakeAt = s.now.Add(wait)
			return d
		}
		takeTurn(pool, terms.Turn, open)
		d.writes, d.capacity, d.verdict = open, terms.Capacity, summary(pool, s, order)
		d.verdict.WakeAt = s.now
		return d
	}
	d := decision{plan: s.book.Next(terms), capacity: terms.Capacity}
	if d.writes = d.plan.Writes; len(d.writes) > 0 {
		takeTurn(pool, terms.Turn, d.writes)
	}
	report(pool, order, d.plan, terms)
	d.verdict = summary(pool, s, order)
	d.verdict.WakeAt = s.wakeAt(order, d.plan)
	return d
}

// wakeAt is when the pool is to be looked at again by the clock: at once when a turn was not enough, else when the bought
// seats end, or somebody's roles change by themselves. Zero when neither is to come.
func (s *snapshot) wakeAt(order pricing.Decision, plan seats.Plan) time.Time {
	if plan.More {
		return s.now
	}
	at := s.nextAlarm()
	if ends := s.pool.Spec.ExpiresAt; ends != nil && !order.Expired && (at.IsZero() || ends.Time.Before(at)) {
		at = ends.Time
	}
	return at
}

// summary is the verdict on a pool.
func summary(pool *v1alpha1.SeatPool, s *snapshot, order pricing.Decision) verdict.Verdict {
	stuck := func(reason, format string, args ...any) verdict.Verdict {
		return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case !pool.DeletionTimestamp.IsZero():
		return stuck(v1alpha1.ReasonSeatsHeld, "is deleted, and stays until nobody holds a seat, of which %s held: change the roles of the holders or the pool of the roles, or archive the holders", pricing.Are(s.book.Held()))
	case s.organization == nil:
		return stuck(v1alpha1.ReasonOrganizationNotFound,
			"organization %s is not in this namespace: create it, or correct spec.organization; until then no seat is given", pool.Spec.Organization)
	case order.Invalid != "":
		return stuck(v1alpha1.ReasonInvalidSpec, "spec.%s", order.Invalid)
	case order.Refusal != "":
		return stuck(v1alpha1.ReasonOrderRefused, "spec.seats: %s; the order stands until spec.seats is set back to %d", order.Refusal, order.Bought)
	case order.Pending != nil:
		return stuck(v1alpha1.ReasonOrderPending, "%s", pendingMessage(order))
	}
	v := verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the pool is in effect"}
	if order.Expired {
		v.Message += ", without the bought seats, which have ended"
	}
	return v
}

func pendingMessage(order pricing.Decision) string {
	p, price := order.Pending, ""
	if p.Gross != "" {
		price = fmt.Sprintf(" for %s %s gross per %s", p.Gross, p.Currency, p.Period)
	}
	outdated := ""
	if order.Outdated {
		outdated = "; the value that is there approves something else: remove it first"
	}
	return fmt.Sprintf("an order of %s%s waits for approval: set annotation %s to %q%s",
		pricing.Seats(p.Delta), price, v1alpha1.AnnotationApproveOrder, fmt.Sprint(p.Generation), outdated)
}

func turnOf(pool *v1alpha1.SeatPool) seats.Turn {
	if pool.Status.Ledger == nil {
		return seats.Turn{}
	}
	return seats.Turn{Number: pool.Status.Ledger.Turn, Slices: pool.Status.Ledger.Slices}
}

func takeTurn(pool *v1alpha1.SeatPool, number int64, writes []seats.Slice) {
	turn := &v1alpha1.LedgerTurn{Turn: number}
	for _, slice := range writes {
		turn.Slices = append(turn.Slices, slice.Number)
	}
	pool.Status.Ledger = turn
}

// report brings the figures and conditions of the pool to what they are after the plan.
func report(pool *v1alpha1.SeatPool, order pricing.Decision, plan seats.Plan, terms seats.Terms) {
	st, billable := &pool.Status, order.Billable(&pool.Spec, plan.Assigned)
	capacity := terms.Capacity
	if pricing.Metered(&pool.Spec) {
		capacity = min(capacity, max(plan.Assigned, ptr.Deref(pool.Spec.Included, 0)))
	}
	st.Bought, st.Seats = new(order.Bought), new(billable)
	st.Capacity, st.Assigned, st.Available = new(capacity), new(plan.Assigned), new(max(0, capacity-plan.Assigned))
	st.Waiting, st.Queue = new(plan.Waiting), plan.Queue
	if plan.Assigned < terms.Capacity {
		st.Queue = nil // there are seats for them, in the next turn
	}
	st.PendingOrder, st.ApprovedGeneration, st.Term, st.Cost = order.Pending, order.Used, order.Term, nil
	if order.Tariff != nil {
		st.Cost = order.Tariff.Cost(billable)
	}
	reportSeats(pool, terms.Capacity, plan, terms.Now)
	reportOrder(pool, order, terms.Now)
}

// reportSeats sets the conditions that say how the seats held and the seats there are go together.
func reportSeats(pool *v1alpha1.SeatPool, capacity int32, plan seats.Plan, now time.Time) {
	if plan.Assigned >= capacity {
		verdict.Set(pool, v1alpha1.ConditionExhausted, true, v1alpha1.ReasonSeatsTaken, "no seat is free", now)
	} else {
		verdict.Set(pool, v1alpha1.ConditionExhausted, false, v1alpha1.ReasonSeatsAvailable, "seats are free", now)
	}
	switch {
	case plan.Assigned <= capacity:
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, false, v1alpha1.ReasonWithinCapacity, "no more seats are held than there are", now)
	case len(plan.Withdrawing) > 0:
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, true, v1alpha1.ReasonWithdrawingSeats,
			"more seats are held than there are: the newest holders lose theirs: "+names(plan.Withdrawing), now)
	case pool.Spec.OnShortage == v1alpha1.ShortageSuspend && pool.DeletionTimestamp.IsZero():
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, true, v1alpha1.ReasonCapacityBelowUse,
			"more seats are held than there are, but who holds them is spared or about to leave: none is given until enough are free", now)
	default:
		verdict.Set(pool, v1alpha1.ConditionOvercommitted, true, v1alpha1.ReasonCapacityBelowUse,
			"more seats are held than there are: nobody loses one, and none is given until enough are free", now)
	}
}

// reportOrder sets the conditions that say what was bought, until when and for how much.
func reportOrder(pool *v1alpha1.SeatPool, order pricing.Decision, now time.Time) {
	switch at := pool.Spec.ExpiresAt; {
	case at == nil:
		verdict.Unset(pool, v1alpha1.ConditionExpired)
	case order.Expired:
		verdict.Set(pool, v1alpha1.ConditionExpired, true, v1alpha1.ReasonTermOver,
			"the bought seats ended at "+at.UTC().Format(time.RFC3339)+": a later spec.expiresAt renews them", now)
	default:
		verdict.Set(pool, v1alpha1.ConditionExpired, false, v1alpha1.ReasonTermRunning,
			"the bought seats end at "+at.UTC().Format(time.RFC3339), now)
	}
	switch {
	case order.Pending != nil && order.Outdated:
		verdict.Set(pool, v1alpha1.ConditionOrderPending, true, v1alpha1.ReasonApprovalOutdated, pendingMessage(order), now)
	case order.Pending != nil:
		verdict.Set(pool, v1alpha1.ConditionOrderPending, true, v1alpha1.ReasonApprovalRequired, pendingMessage(order), now)
	case pool.Spec.Purchase.Approval == v1alpha1.ApprovalRequired:
		verdict.Set(pool, v1alpha1.ConditionOrderPending, false, v1alpha1.ReasonNoOrder, "no order waits for approval", now)
	default:
		verdict.Unset(pool, v1alpha1.ConditionOrderPending)
	}
	if notice := order.PriceNotice(); notice != "" {
		verdict.Set(pool, v1alpha1.ConditionPriceChangePending, true, v1alpha1.ReasonTermRunning, notice, now)
	} else {
		verdict.Unset(pool, v1alpha1.ConditionPriceChangePending)
	}
}

// names lists who holds some seats, as far as a message can.
func names(held []seats.Seat) string {
	const most = 10
	text := ""
	for i, seat := range held[:min(len(held), most)] {
		if i > 0 {
			text += ", "
		}
		text += seat.User
	}
	if more := len(held) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
