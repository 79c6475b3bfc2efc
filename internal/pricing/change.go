// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing

import (
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Change is the situation of a pool that is to be edited, as after has it, or created, where before is nil. The status is that of before.
func Change(before, after *v1alpha1.SeatPool, now time.Time) Situation {
	s := Situation{
		Now: now, Spec: &after.Spec, Generation: after.Generation, Approved: after.Annotations[v1alpha1.AnnotationApproveOrder],
	}
	if before != nil {
		s.Used = before.Status.ApprovedGeneration
		s.Bought, s.Term, s.Held = bought(before), before.Status.Term, ptr.Deref(before.Status.Assigned, 0)
	}
	return s
}

// bought is the number of seats that orders have brought. Those that were just given back, and that the controller has
// not looked at yet, are not among them.
func bought(p *v1alpha1.SeatPool) *int32 {
	declared := ptr.Deref(p.Spec.Seats, 0)
	return new(min(declared, ptr.Deref(p.Status.Bought, declared)))
}
