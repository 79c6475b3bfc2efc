// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ProtectionPolicy guards an organization against the removal of many people at once (rule AC-18). A removal takes access,
// or an open invitation, from a User, who is deleted, archived, suspended or replaced by another person, or whose access is
// made to end at once; or it takes a role with minHolders.
type ProtectionPolicy struct {
	// maxRemovals is how many people may be removed within window: a number from 1 to 1000000, or a percentage from 1% to 100%
	// of those who have accepted and have access, rounded down. One removal is always possible. Those beyond it are refused,
	// or held until they are approved or taken back.
	// +required
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? int(self) >= 1 && int(self) <= 1000000 : string(self).matches('^([1-9][0-9]?|100)%$')",message="maxRemovals must be a number from 1 to 1000000, or a percentage from 1% to 100%, such as 25%"
	MaxRemovals *intstr.IntOrString `json:"maxRemovals,omitempty"`

	// window is for how long a removal counts, as a duration such as 1h, from 1m to 720h. Default: 1h.
	// +optional
	// +default="1h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')",message="window must be a duration from 1m to 720h such as 1h"
	Window *metav1.Duration `json:"window,omitempty"`
}

// RemovalKind is how a User is removed.
//
// +enum
// +kubebuilder:validation:Enum=Archive;Delete;Suspend;Replace;End;RoleLoss
type RemovalKind string

const (
	// RemovalArchive is spec.state Archived.
	RemovalArchive RemovalKind = "Archive"
	// RemovalDelete is the deletion of the object.
	RemovalDelete RemovalKind = "Delete"
	// RemovalSuspend is spec.state Suspended.
	RemovalSuspend RemovalKind = "Suspend"
	// RemovalReplace is another address in spec.email, where spec.emailChange of the organization is Replace.
	RemovalReplace RemovalKind = "Replace"
	// RemovalEnd is a spec.accessUntil that is over, and was not seen so long ahead as the window is.
	RemovalEnd RemovalKind = "End"
	// RemovalRoleLoss is the loss of a role with minHolders by somebody who stays.
	RemovalRoleLoss RemovalKind = "RoleLoss"
)

// RemovalPass is why a removal was let pass.
//
// +enum
// +kubebuilder:validation:Enum=Limit;Approval;Rejection
type RemovalPass string

const (
	// PassLimit is a removal within spec.protection.maxRemovals. It counts.
	PassLimit RemovalPass = "Limit"
	// PassApproval is a removal that somebody approved. It does not count.
	PassApproval RemovalPass = "Approval"
	// PassRejection is a deletion that somebody rejected: the User goes, and the person stays as they are for one window, in which
	// the User can be applied again. It does not count.
	PassRejection RemovalPass = "Rejection"
)

// PassedRemoval is a removal that was let pass.
type PassedRemoval struct {
	// user is the name of the User.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// uid is the UID of the User.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// generation is that of the User which was let pass. What is edited later is another removal, but for a deletion, which
	// cannot be taken back.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// kind is Archive, Delete, Suspend, Replace, End or RoleLoss: how the User is removed. When unset, it is not known.
	// +optional
	Kind RemovalKind `json:"kind,omitempty"`

	// request is the number of the latest of status.roleRequests that was let pass, for a RoleLoss; unset for others.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Request int64 `json:"request,omitempty"`

	// at is when it was let pass.
	// +required
	At metav1.Time `json:"at,omitempty,omitzero"`

	// by is Limit, Approval or Rejection: why it was let pass.
	// +required
	By RemovalPass `json:"by,omitempty"`
}

// CountedRemovals are removals of which only the number is kept.
type CountedRemovals struct {
	// at is when the last of them was let pass, or up to a sixtieth of the window later.
	// +required
	At metav1.Time `json:"at,omitempty,omitzero"`

	// count is how many they are.
	// +required
	// +kubebuilder:validation:Minimum=1
	Count int32 `json:"count,omitempty"`
}

// HeldRemoval is a removal that does not happen until it is approved.
type HeldRemoval struct {
	// user is the name of the User.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// uid is the UID of the User.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// generation is that of the User which is held.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// kind is Archive, Delete, Suspend, Replace, End or RoleLoss: how the User is removed.
	// +required
	Kind RemovalKind `json:"kind,omitempty"`

	// request is the number of the latest of status.roleRequests that is held, for a RoleLoss; unset for others.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Request int64 `json:"request,omitempty"`
}

// RemovalsStatus is what was decided about removals. It is bounded: 2000 passed and 1000 held ones are listed at most, which is
// about 450 KB with names of 20 letters.
type RemovalsStatus struct {
	// members is the number of people of whom spec.protection.maxRemovals is a percentage: those who have accepted
	// and have access, and those who were let pass within the window. Unset where it is a number.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Members *int32 `json:"members,omitempty"`

	// passed are the removals that were let pass within the window, or that have not happened yet, sorted by at, user and uid.
	// Of more than 1000 that happened, the oldest are in counted alone.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	Passed []PassedRemoval `json:"passed,omitempty"`

	// counted are the removals within the window that are not in passed, sorted by at.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	Counted []CountedRemovals `json:"counted,omitempty"`

	// held are the removals that do not happen until they are approved, sorted by user and uid. Of more than 1000, the
	// others come when these have passed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Held []HeldRemoval `json:"held,omitempty"`

	// heldCount is the number of removals that are held, listed or not. Unset when none is.
	// +optional
	// +kubebuilder:validation:Minimum=1
	HeldCount int32 `json:"heldCount,omitempty"`

	// token stands for exactly the list in held. Annotation seatkeeper.dev/approve-removals with this value lets it pass.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Token string `json:"token,omitempty"`

	// approved is the token of the list that was approved last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Approved string `json:"approved,omitempty"`

	// rejected is the token of the list that was rejected last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Rejected string `json:"rejected,omitempty"`
}

// Protected says that the organization counts removals. One that is being deleted does not.
func (o *Organization) Protected() bool {
	return o.Spec.Protection.MaxRemovals != nil && o.DeletionTimestamp.IsZero()
}
