// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoleSpec declares a role of an organization.
type RoleSpec struct {
	// organization is the name of the Organization of this namespace that the role belongs to. It cannot
	// be changed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="organization must be the name of an Organization, in lower case letters, digits, - and ."
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="organization cannot be changed: create a Role in the other organization"
	Organization string `json:"organization,omitempty"`

	// displayName is the name that people read in invitations, up to 128 characters. When unset, the
	// object's name is shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// description tells an invited person what the role is for, up to 512 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Description string `json:"description,omitempty"`

	// seatPool is the name of the SeatPool of which every holder needs one seat. When unset, the role is free.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="seatPool must be the name of a SeatPool, in lower case letters, digits, - and ."
	SeatPool string `json:"seatPool,omitempty"`

	// minHolders is the number of holders that a shortage of seats leaves the role (SeatPool spec.onShortage:
	// Suspend), 0 to 1000. Default: 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MinHolders *int32 `json:"minHolders,omitempty"`
}

// RoleStatus is what the operator reports about a role.
type RoleStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready and, when True, Reconciling or Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// holders is the number of Users to whom the role is granted.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Holders *int32 `json:"holders,omitempty"`
}

// Role is what a member may be in an organization. `kubectl get roles` means the roles of RBAC; use orgroles.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=orgrole;orgroles,categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:printcolumn:name="SeatPool",type=string,JSONPath=`.spec.seatPool`
// +kubebuilder:printcolumn:name="Holders",type=integer,JSONPath=`.status.holders`
// +kubebuilder:printcolumn:name="Min",type=integer,JSONPath=`.spec.minHolders`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Role struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec RoleSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status RoleStatus `json:"status,omitempty,omitzero"`
}

// RoleList is a list of Roles.
//
// +kubebuilder:object:root=true
type RoleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Role `json:"items"`
}
