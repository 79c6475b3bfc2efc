// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import (
	"maps"
	"slices"
	"strconv"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// Scatter writes the ledger of a pool as another operator may have left it: who holds which seat.
func (w *World) Scatter(pool string, holders map[int32]string) {
	w.t.Helper()
	p := w.Pool(pool)
	turn := int64(1)
	if p.Status.Ledger != nil {
		turn += p.Status.Ledger.Turn
	}
	bySlice := map[int32]*build.SeatSliceBuilder{}
	for _, seat := range slices.Sorted(maps.Keys(holders)) {
		number := seat / v1alpha1.SeatsPerSlice
		if bySlice[number] == nil {
			bySlice[number] = build.SeatSlice(pool, number).In(w.Namespace).Capacity(ptr.Deref(p.Spec.Included, 0) + ptr.Deref(p.Spec.Seats, 0)).Turn(turn)
		}
		bySlice[number].Held(seat, w.User(holders[seat]), w.Clock.Now())
	}
	p.Status.Ledger = &v1alpha1.LedgerTurn{Turn: turn, Slices: slices.Sorted(maps.Keys(bySlice))}
	w.must(env.Client(w.t).Status().Update(w.t.Context(), p), "taking a turn")
	for number, b := range bySlice {
		slice, have := b.Obj(), &v1alpha1.SeatSlice{}
		if w.Find(pool+"-"+strconv.Itoa(int(number)), have) {
			slice.ObjectMeta = have.ObjectMeta
			w.must(env.Client(w.t).Update(w.t.Context(), slice), "writing a slice")
			continue
		}
		w.Create(slice)
	}
}

// Ledger is who holds which seat of a pool.
func (w *World) Ledger(pool string) map[int32]string {
	w.t.Helper()
	var list v1alpha1.SeatSliceList
	w.must(env.Client(w.t).List(w.t.Context(), &list, client.InNamespace(w.Namespace)), "listing the slices")
	holders := map[int32]string{}
	for _, slice := range list.Items {
		for _, a := range slice.Assignments {
			if slice.Pool == pool {
				holders[*a.Seat] = a.User
			}
		}
	}
	return holders
}
