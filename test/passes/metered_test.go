// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

func metered(most int32) *build.SeatPoolBuilder {
	return standard(0).Included(1).Metered().MaxSeats(most)
}

// wantUse checks the figures of a Metered pool.
func wantUse(t *testing.T, w *passes.World, capacity, assigned, billable int32, cost string) {
	t.Helper()
	st := w.Pool("standard").Status
	if *st.Capacity != capacity || *st.Assigned != assigned || *st.Seats != billable || st.Cost.Summary != cost || *st.Bought != 0 {
		t.Errorf("%d of %d seats are held, %d are billed at %s and %d bought, want %d of %d, %d at %s and none", *st.Assigned, *st.Capacity,
			*st.Seats, st.Cost.Summary, *st.Bought, assigned, capacity, billable, cost)
	}
}

// The capacity follows demand up to the limit, and the bill follows use.
func TestMetered(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(metered(2))...)
	wantUse(t, w, 1, 0, 0, "0.00 EUR/Month")
	w.Create(member("ada"))
	w.Settle()
	wantUse(t, w, 1, 1, 0, "0.00 EUR/Month")
	w.Create(member("bea"), member("cid"), member("dan"))
	w.Settle()
	wantUse(t, w, 3, 3, 2, "24.00 EUR/Month")
	wantUsers(t, w, map[string]string{"cid": v1alpha1.ReasonInvited, "dan": v1alpha1.ReasonAwaitingSeat})
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantEvent(t, w, 0, "SeatsBought")
	wantQuiet(t, w)

	edit("bea", state(v1alpha1.UserArchived))(w) // dan is next
	w.Settle()
	wantUse(t, w, 3, 3, 2, "24.00 EUR/Month")
	wantUsers(t, w, map[string]string{"dan": v1alpha1.ReasonInvited})
	edit("dan", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantUse(t, w, 2, 2, 1, "12.00 EUR/Month")
	edit("bea", state(v1alpha1.UserActive))(w)
	w.Settle()
	wantUse(t, w, 3, 3, 2, "24.00 EUR/Month")
	edit("dan", state(v1alpha1.UserActive))(w)
	w.Settle()
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonAwaitingSeat)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Purchase.MaxSeats = nil })
	w.Settle()
	wantUse(t, w, 4, 4, 3, "36.00 EUR/Month")
	wantQuiet(t, w)
}

// A limit below use is a shortage.
func TestMeteredShortage(t *testing.T) {
	t.Parallel()
	w := short(t, selling(metered(2).OnShortage(v1alpha1.ShortageSuspend)), "ada", "bea", "cid")
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Purchase.MaxSeats = new(int32(1)) })
	w.Settle()
	wantUse(t, w, 2, 2, 1, "12.00 EUR/Month")
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonAwaitingSeat)
}

// Seats that were bought are given up when a pool becomes Metered, and ordered anew when it is Prepaid again.
func TestMeteredAndBack(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(3).Included(1), "ada", "bea")...)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Mode, p.Spec.Seats = v1alpha1.BillingMetered, nil })
	w.Settle()
	wantUse(t, w, 2, 2, 1, "12.00 EUR/Month")
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) {
		p.Spec.Billing.Mode, p.Spec.Seats, p.Spec.Purchase.MaxSeatsPerOrder = v1alpha1.BillingPrepaid, new(int32(3)), 1
	})
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderRefused)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
}
