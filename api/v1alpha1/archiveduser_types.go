// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// UserRecord is what remains of a User.
type UserRecord struct {
	// user is the name that the User object had.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// uid is the UID that the User object had; accounts elsewhere are tied to it.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// spec is the last spec of the User.
	// +required
	Spec UserSpec `json:"spec,omitempty,omitzero"`

	// reason is why the person left.
	// +required
	Reason ArchiveReason `json:"reason,omitempty"`

	// archivedAt is when the record was written.
	// +required
	ArchivedAt metav1.Time `json:"archivedAt,omitempty,omitzero"`

	// acceptedAt is when the person had accepted an invitation; unset when never.
	// +optional
	AcceptedAt *metav1.Time `json:"acceptedAt,omitempty"`

	// handovers say who took over what the person owned, by rule of the organization; unset when nothing was.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Handovers []RuleHandover `json:"handovers,omitempty"`

	// accessEndedAt is when access ended by spec.accessUntil (rule IN-1); unset when it did not.
	// +optional
	AccessEndedAt *metav1.Time `json:"accessEndedAt,omitempty"`
}

// ArchivedUser is what remains when a User object is deleted. The operator writes it. Its name is a hash of
// organization and address, so that no personal data shows in a name.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=seatkeeper
// +kubebuilder:printcolumn:name="Email",type=string,JSONPath=`.record.spec.email`
// +kubebuilder:printcolumn:name="Successor",type=string,JSONPath=`.record.handovers[*].successors[*].user`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.record.reason`
// +kubebuilder:printcolumn:name="Archived",type=date,JSONPath=`.record.archivedAt`
// +kubebuilder:selectablefield:JSONPath=`.record.spec.organization`
type ArchivedUser struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// record is what is known of the person who left.
	// +required
	Record UserRecord `json:"record,omitzero"`
}

// ArchivedUserList is a list of ArchivedUsers.
//
// +kubebuilder:object:root=true
type ArchivedUserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ArchivedUser `json:"items"`
}
