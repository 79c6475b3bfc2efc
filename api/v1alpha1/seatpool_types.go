// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SeatPoolSpec declares a number of seats of an organization.
type SeatPoolSpec struct {
	// organization is the name of the Organization of this namespace that the pool belongs to. It cannot
	// be changed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="organization must be the name of an Organization, in lower case letters, digits, - and ."
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="organization cannot be changed: create a SeatPool in the other organization"
	Organization string `json:"organization,omitempty"`

	// displayName is the name that people read, up to 128 characters. When unset, the object's name is shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// plan is the name of the plan that the seats belong to, a label for people, up to 64 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Plan string `json:"plan,omitempty"`

	// included is the number of seats that come with the plan (rule AC-5), 0 to 1000000. Default: 0.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Included *int32 `json:"included,omitempty"`

	// seats is the number of seats bought on top, 0 to 1000000; `kubectl scale` sets it. The capacity is
	// included + seats. When it falls below use, nobody loses a seat and no new one is given. Default: 0.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Seats *int32 `json:"seats,omitempty"`
}

// Capacity is the number of seats that the pool may give.
func (s *SeatPoolSpec) Capacity() int32 {
	var n int32
	for _, seats := range []*int32{s.Included, s.Seats} {
		if seats != nil {
			n += *seats
		}
	}
	return n
}

// LedgerTurn is the right to write the pool's SeatSlices. It is taken by compare-and-swap on the SeatPool,
// which makes the capacity that its writer saw the capacity in force, and is over when every slice named
// here carries its number.
type LedgerTurn struct {
	// turn counts the turns from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Turn int64 `json:"turn,omitempty"`

	// slices are the numbers of the SeatSlices that this turn writes, sorted.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	Slices []int32 `json:"slices,omitempty"`
}

// SeatPoolStatus is what the operator reports about a pool.
type SeatPoolStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Exhausted, Overcommitted and, when True, Reconciling or Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// seats is the number of bought seats in effect; the scale subresource shows it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Seats *int32 `json:"seats,omitempty"`

	// capacity is the number of seats that can be held: included and bought.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Capacity *int32 `json:"capacity,omitempty"`

	// assigned is the number of seats that are held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Assigned *int32 `json:"assigned,omitempty"`

	// available is the number of seats that are free; 0 when the capacity was lowered below use.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Available *int32 `json:"available,omitempty"`

	// waiting is the number of Users who wait for a seat.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Waiting *int32 `json:"waiting,omitempty"`

	// queue holds the names of the first 100 Users who wait, next one first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Queue []string `json:"queue,omitempty"`

	// ledger is the latest turn at writing the pool's SeatSlices; unset before the first seat was given.
	// +optional
	Ledger *LedgerTurn `json:"ledger,omitempty"`
}

// SeatPool is a number of seats that the holders of roles need. Its seats are given in the order of the
// users' creation, the organization's owner before all, and never more than its capacity.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.seats,statuspath=.status.seats
// +kubebuilder:resource:shortName=seats,categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:printcolumn:name="Plan",type=string,JSONPath=`.spec.plan`
// +kubebuilder:printcolumn:name="Capacity",type=integer,JSONPath=`.status.capacity`
// +kubebuilder:printcolumn:name="Assigned",type=integer,JSONPath=`.status.assigned`
// +kubebuilder:printcolumn:name="Available",type=integer,JSONPath=`.status.available`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 200",message="the name of a SeatPool has at most 200 characters, so that its SeatSlices can be named after it"
type SeatPool struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec SeatPoolSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status SeatPoolStatus `json:"status,omitempty,omitzero"`
}

// SeatPoolList is a list of SeatPools.
//
// +kubebuilder:object:root=true
type SeatPoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SeatPool `json:"items"`
}
