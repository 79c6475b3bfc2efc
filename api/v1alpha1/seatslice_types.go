// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// SeatsPerSlice is the number of seats that one SeatSlice records.
const SeatsPerSlice = 64

// SeatAssignment is one seat and who holds it.
type SeatAssignment struct {
	// seat is the number of the seat in its pool, from 0.
	// +required
	// +kubebuilder:validation:Minimum=0
	Seat *int32 `json:"seat,omitempty"`

	// user is the name of the User who holds the seat.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// uid is the UID of that User, so that a namesake created later does not inherit the seat.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// since is when the seat was given. The first invitation's expiry counts from here, so that a mail sent
	// again after a crash is the same mail.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`

	// withdrawn is the turn in which the seat was withdrawn for want of seats (SeatPool spec.onShortage: Suspend);
	// unset while it is not. It becomes free once the User's status says that what came with it is revoked.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Withdrawn int64 `json:"withdrawn,omitempty"`
}

// SeatSlice is a part of the ledger of who holds which seat of a pool, as EndpointSlice is to Endpoints: the
// seats firstSeat to firstSeat+63. The operator writes it, by compare-and-swap, in the turns that
// SeatPool.status.ledger records. It is the only truth about seats.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.pool`
// +kubebuilder:printcolumn:name="Pool",type=string,JSONPath=`.pool`
// +kubebuilder:printcolumn:name="First",type=integer,JSONPath=`.firstSeat`
// +kubebuilder:printcolumn:name="Capacity",type=integer,JSONPath=`.capacity`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="!has(self.assignments) || self.assignments.size() == 0 || self.assignments[0].seat >= self.firstSeat && self.assignments[self.assignments.size() - 1].seat < self.firstSeat + 64",message="a SeatSlice records the 64 seats from firstSeat on"
type SeatSlice struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// pool is the name of the SeatPool whose seats these are.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="pool cannot be changed"
	Pool string `json:"pool,omitempty"`

	// firstSeat is the number of the first seat that this slice records, a multiple of 64.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:MultipleOf=64
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="firstSeat cannot be changed"
	FirstSeat *int32 `json:"firstSeat,omitempty"`

	// capacity is the capacity of the pool when this slice was last written. No seat at or above it was
	// given then.
	// +required
	// +kubebuilder:validation:Minimum=0
	Capacity *int32 `json:"capacity,omitempty"`

	// turn is the turn in which this slice was last written; see SeatPool.status.ledger.
	// +required
	// +kubebuilder:validation:Minimum=1
	Turn int64 `json:"turn,omitempty"`

	// assignments are the seats that are held, sorted by number, each once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(i, a, i == 0 || self[i - 1].seat < a.seat)",message="assignments must be sorted by seat, each seat once"
	Assignments []SeatAssignment `json:"assignments,omitempty"`
}

// SeatSliceList is a list of SeatSlices.
//
// +kubebuilder:object:root=true
type SeatSliceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SeatSlice `json:"items"`
}
