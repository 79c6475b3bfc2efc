// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// selling is the organization acme with a pool, and with users who have the role member, which needs a seat of it.
func selling(pool *build.SeatPoolBuilder, users ...string) []client.Object {
	objects := []client.Object{
		build.Organization("acme").Owner("ada").Obj(), pool.Obj(), build.Role("member").SeatPool("standard").Obj(),
	}
	for _, name := range users {
		objects = append(objects, member(name))
	}
	return objects
}

func standard(seats int32) *build.SeatPoolBuilder {
	return build.SeatPool("standard").Seats(seats).Price("10.00", "EUR").Tax("20")
}

// settled is a world that has come to rest.
func settled(t *testing.T, objects ...client.Object) *passes.World {
	t.Helper()
	w := passes.New(t, objects...)
	w.Settle()
	return w
}

// wantBought checks how many seats orders have brought, and are in effect.
func wantBought(t *testing.T, w *passes.World, bought, capacity int32) {
	t.Helper()
	st := w.Pool("standard").Status
	if *st.Bought != bought || *st.Capacity != capacity {
		t.Errorf("%d seats are bought and the capacity is %d, want %d and %d", *st.Bought, *st.Capacity, bought, capacity)
	}
}

// wantEvent checks that something was announced so many times.
func wantEvent(t *testing.T, w *passes.World, times int, words ...string) {
	t.Helper()
	all := w.Events.All()
	matching := slices.DeleteFunc(slices.Clone(all), func(e string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(e, word) })
	})
	if len(matching) != times {
		t.Errorf("%q was announced %d times, want %d, in %q", words, len(matching), times, all)
	}
}

// wantQuiet checks that one more pass over a pool, an hour later, asks nobody for anything.
func wantQuiet(t *testing.T, w *passes.World) {
	t.Helper()
	w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
	w.Traffic.Reset()
	told, events := len(w.Billing.Attempts()), len(w.Events.All())
	if settled, err := w.Round(); !settled || err != nil {
		t.Errorf("one more round ends with %v", err)
	}
	if all := append(w.Traffic.Writes(), w.Traffic.Reads()...); len(all) > 0 {
		t.Errorf("one more round asks the API server for %v", all)
	}
	if n := len(w.Billing.Attempts()) - told; n != 0 {
		t.Errorf("one more round asks the billing provider %d times", n)
	}
	if all := w.Events.All(); len(all) != events {
		t.Errorf("one more round announces %v", all[events:])
	}
}

// An order that is written around admission meets the same limits. What was bought before stays in effect.
func TestOrderIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pool *build.SeatPoolBuilder
		want int32
		says []string
	}{
		"maxSeats":         {standard(2).MaxSeats(5), 6, []string{"purchase.maxSeats", "which is 5"}},
		"maxSeatsPerOrder": {standard(2).MaxSeatsPerOrder(3), 6, []string{"purchase.maxSeatsPerOrder", "up to 3 seats on top of the 2 there are would pass"}},
		"maxOrderAmount":   {standard(2).MaxOrderAmount("36.00"), 6, []string{"48.00 EUR per Month with tax", "purchase.maxOrderAmount", "up to 3 seats"}},
		"onlyWhenFull":     {standard(2).OnlyWhenFull(), 6, []string{"purchase.onlyWhenFull", "1 is free"}},
		"expired":          {standard(2).ExpiresAt(passes.Noon), 3, []string{"ended at", "set expiresAt to a later time"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := settled(t, selling(tt.pool, "ada")...)
			before := w.Pool("standard").Status
			scale(w, tt.want)
			w.Settle()
			pool := w.Pool("standard")
			wantReason(t, w, pool, v1alpha1.ReasonOrderRefused)
			wantCondition(t, pool, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonOrderRefused, append(tt.says, "spec.seats")...)
			wantBought(t, w, 2, *before.Capacity)
			if diff := cmp.Diff(before.Cost, pool.Status.Cost); diff != "" {
				t.Errorf("the cost changed: %s", diff)
			}
			wantEvent(t, w, 1, "Warning OrderRefused standard")
			wantEvent(t, w, 0, "SeatsBought")
			wantQuiet(t, w)

			scale(w, 2) // withdrawn
			w.Settle()
			wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
			wantBought(t, w, 2, *before.Capacity)
		})
	}
}

// What passes does so with the same figures in status and event.
func TestOrderPasses(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2).MaxSeats(5).MaxSeatsPerOrder(3).MaxOrderAmount("36.00"), "ada")...)
	scale(w, 5)
	w.Settle()
	wantBought(t, w, 5, 5)
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	cost := w.Pool("standard").Status.Cost
	if *cost.Seats != 5 || cost.Net != "50.00" || cost.Tax != "10.00" || cost.Gross != "60.00" || cost.Summary != "60.00 EUR/Month" {
		t.Errorf("the cost is %+v", cost)
	}
	wantEvent(t, w, 1, "Normal SeatsBought standard", "3 seats", "on top of 2", "60.00 EUR/Month now")
	wantQuiet(t, w)

	scale(w, 1)
	w.Settle()
	wantBought(t, w, 1, 1)
	wantEvent(t, w, 1, "Normal SeatsGivenBack standard", "4 seats of 5", "12.00 EUR/Month now")
	scale(w, 5) // what was given back is ordered anew
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderRefused)
	wantBought(t, w, 1, 1)
}

// What a pool is created with is no order, but for the limit of all seats.
func TestWhatAPoolIsCreatedWithIsNoOrder(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(8).MaxSeatsPerOrder(1).MaxOrderAmount("1.00").OnlyWhenFull().Approval(), "ada")...)
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantBought(t, w, 8, 8)
	wantEvent(t, w, 0, "Seats")

	w = settled(t, selling(standard(8).MaxSeats(5), "ada")...)
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderRefused)
	wantBought(t, w, 5, 5)
}

// An order that has to wait until the pool is full goes through by itself then.
func TestOnlyWhenFull(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2).OnlyWhenFull(), "ada")...)
	scale(w, 3)
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderRefused)
	w.Create(member("bea"), member("cid"))
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantBought(t, w, 3, 3)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid"})
	wantEvent(t, w, 1, "SeatsBought")
}

func approve(generation int64) func(*v1alpha1.SeatPool) {
	return func(p *v1alpha1.SeatPool) {
		p.Annotations = map[string]string{v1alpha1.AnnotationApproveOrder: fmt.Sprint(generation)}
	}
}

// An order that needs approval waits, with its figures in the status, and goes through when it is approved.
func TestApproval(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(1).Approval(), "ada", "bea", "cid")...)
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionOrderPending, metav1.ConditionFalse, v1alpha1.ReasonNoOrder)
	scale(w, 2)
	w.Settle()
	pool := w.Pool("standard")
	first := pool.Generation
	want := &v1alpha1.PendingOrder{Generation: first, Delta: 1, Amounts: v1alpha1.Amounts{
		Net: "10.00", Tax: "2.00", Gross: "12.00", Currency: "EUR", Period: v1alpha1.PeriodMonth,
	}}
	if diff := cmp.Diff(want, pool.Status.PendingOrder); diff != "" {
		t.Errorf("the pending order is not what it is to be (-want +got):\n%s", diff)
	}
	wantReason(t, w, pool, v1alpha1.ReasonOrderPending)
	wantCondition(t, pool, v1alpha1.ConditionOrderPending, metav1.ConditionTrue, v1alpha1.ReasonApprovalRequired,
		"12.00 EUR gross per Month", fmt.Sprintf(`seatkeeper.dev/approve-order to "%d"`, first))
	wantBought(t, w, 1, 1)
	wantEvent(t, w, 1, "Warning OrderPending standard")
	wantQuiet(t, w)

	scale(w, 3) // another order
	w.Settle()
	pool = w.Pool("standard")
	if p := pool.Status.PendingOrder; p.Delta != 2 || p.Generation != pool.Generation || p.Gross != "24.00" {
		t.Errorf("the pending order is %+v", p)
	}
	passes.Change(w, "standard", approve(first))
	w.Settle()
	pool = w.Pool("standard")
	wantCondition(t, pool, v1alpha1.ConditionOrderPending, metav1.ConditionTrue, v1alpha1.ReasonApprovalOutdated, "approves something else")
	wantReason(t, w, pool, v1alpha1.ReasonOrderPending)
	wantBought(t, w, 1, 1)
	wantQuiet(t, w)

	passes.Change(w, "standard", approve(pool.Generation))
	w.Settle()
	pool = w.Pool("standard")
	wantReason(t, w, pool, v1alpha1.ReasonReady)
	wantCondition(t, pool, v1alpha1.ConditionOrderPending, metav1.ConditionFalse, v1alpha1.ReasonNoOrder)
	if pool.Status.PendingOrder != nil {
		t.Errorf("an order is still pending: %+v", pool.Status.PendingOrder)
	}
	wantBought(t, w, 3, 3)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid"})
	wantEvent(t, w, 1, "SeatsBought", "2 seats")

	scale(w, 5) // an approval is for one order
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderPending)
	wantBought(t, w, 3, 3)
	scale(w, 3)
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
}

// An order without a price waits too, and shows no figures.
func TestApprovalWithoutPrice(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(build.SeatPool("standard").Approval())...)
	scale(w, 4)
	w.Settle()
	pool := w.Pool("standard")
	if diff := cmp.Diff(&v1alpha1.PendingOrder{Generation: pool.Generation, Delta: 4}, pool.Status.PendingOrder); diff != "" {
		t.Errorf("the pending order is not what it is to be (-want +got):\n%s", diff)
	}
	if pool.Status.Cost != nil {
		t.Errorf("there is a cost: %+v", pool.Status.Cost)
	}
}

// A pass that does not know of the newest order does not let it through, nor one that was withdrawn.
func TestStaleOrder(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(1).Approval(), "ada")...)
	scale(w, 2)
	w.Settle()
	passes.Change(w, "standard", approve(w.Pool("standard").Generation))
	w.CatchUp()
	thaw := w.Traffic.Freeze("seatpools")
	scale(w, 9)
	refused(t, w, passes.SeatPool, "standard")
	thaw()
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonOrderPending)
	wantBought(t, w, 1, 1)
}

// A pool that is deleted while an order is about to go through goes all the same.
func TestOrderOfADeletedPool(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(1))...)
	scale(w, 2)
	w.CatchUp()
	held := w.Traffic.Hold(1, operator.Writing("seatpools/status"))
	ended := make(chan error)
	go func() {
		_, err := w.Try(passes.SeatPool, "standard")
		ended <- err
	}()
	<-held.Reached()
	w.Delete(build.SeatPool("standard").Obj())
	held.Release()
	if err := <-ended; err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	w.Settle()
	if w.Find("standard", &v1alpha1.SeatPool{}) {
		t.Error("the pool is still there")
	}
	wantEvent(t, w, 0, "SeatsBought")
}
