// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"context"
	"strconv"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// act writes the slices, each as it follows from the version that was read: a version that is gone is a conflict.
func (r *Reconciler) act(ctx context.Context, pool *v1alpha1.SeatPool, s *snapshot, d decision) error {
	const atOnce = 4 // more would hold up others' writes
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, slice := range d.writes {
		group.Go(func() error { return r.actOn(ctx, pool, s.objects[slice.Number], slice, d.capacity) })
	}
	return group.Wait()
}

// actOn writes one slice. It has no owner reference: whoever deletes a pool in the foreground would have the garbage
// collector delete the slices at once, and with them the seats that are held. A pool that goes deletes them itself.
func (r *Reconciler) actOn(ctx context.Context, pool *v1alpha1.SeatPool, have *v1alpha1.SeatSlice, slice seats.Slice, capacity int32) error {
	object := &v1alpha1.SeatSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: pool.Namespace, Name: pool.Name + "-" + strconv.Itoa(int(slice.Number)),
	}}
	if have != nil {
		object = have.DeepCopy()
	}
	object.Pool, object.Turn = pool.Name, pool.Status.Ledger.Turn
	object.FirstSeat, object.Capacity = ptr.To(slice.Number*seats.PerSlice), ptr.To(capacity)
	object.Assignments = nil
	for _, seat := range slice.Seats {
		object.Assignments = append(object.Assignments, v1alpha1.SeatAssignment{
			Seat: ptr.To(seat.Number), User: seat.User, UID: seat.UID, Since: metav1.NewTime(seat.Since), Withdrawn: seat.Withdrawn,
		})
	}
	if have == nil {
		return r.Create(ctx, object)
	}
	return r.Update(ctx, object)
}
