// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TeamRole is what a member is in a team.
//
// +enum
// +kubebuilder:validation:Enum=Lead;Member
type TeamRole string

const (
	// TeamLead leads the team. A team has at most one.
	TeamLead TeamRole = "Lead"
	// TeamMember belongs to the team.
	TeamMember TeamRole = "Member"
)

// TeamMembership is one member of a team.
type TeamMembership struct {
	// user is the name of a User of the team's organization.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="user must be the name of a User, in lower case letters, digits, - and ."
	User string `json:"user,omitempty"`

	// role is Lead or Member. Default: Member.
	// +optional
	// +default="Member"
	Role TeamRole `json:"role,omitempty"`
}

// TeamSpec declares a team of an organization (rule CO-11).
//
// +kubebuilder:validation:XValidation:rule="!has(self.members) || self.members.filter(m, m.role == 'Lead').size() <= 1",message="a team has at most one Lead"
type TeamSpec struct {
	// organization is the name of the Organization of this namespace that the team belongs to. It cannot
	// be changed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="organization must be the name of an Organization, in lower case letters, digits, - and ."
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="organization cannot be changed: create a Team in the other organization"
	Organization string `json:"organization,omitempty"`

	// displayName is the name that people read, up to 128 characters. When unset, the object's name is shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// parent is the name of the Team that this one is a part of (rule CO-11). Its members hold the parent's roles too.
	// Cycles are refused. When unset, the team stands by itself.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="parent must be the name of a Team, in lower case letters, digits, - and ."
	Parent string `json:"parent,omitempty"`

	// roles are the names of the Roles that the members of the team, and of the teams below it, hold, up to 32.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="roles must be names of Roles, in lower case letters, digits, - and ."
	Roles []string `json:"roles,omitempty"`

	// members are the users of the team, each once, up to 5000.
	// +optional
	// +listType=map
	// +listMapKey=user
	// +kubebuilder:validation:MaxItems=5000
	Members []TeamMembership `json:"members,omitempty"`
}

// TeamStatus is what the operator reports about a team.
type TeamStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Provisioned for a team that is a group in a directory and, when True, Reconciling or Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// members is the number of members who exist and have not left.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Members *int32 `json:"members,omitempty"`

	// totalMembers is the number of people who are members of the team or of a team below it, each counted once.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TotalMembers *int32 `json:"totalMembers,omitempty"`

	// depth is the number of teams above this one; unset while they are not known, or form a cycle.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Depth *int32 `json:"depth,omitempty"`

	// path are the names of the teams from the top down to this one, joined by /; unset when depth is. A path of more than
	// 2048 characters begins with …
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Path string `json:"path,omitempty"`

	// lead is the name of the User who leads the team; unset when nobody does.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Lead string `json:"lead,omitempty"`

	// directoryGroup is the group that stands for the team in the directory of the organization; unset while there is none.
	// +optional
	DirectoryGroup *DirectoryGroup `json:"directoryGroup,omitempty"`
}

// Team is a group of users of an organization.
//
// +kubebuilder:validation:XValidation:rule="!has(self.spec.parent) || self.spec.parent != self.metadata.name",message="a team cannot be a part of itself"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:printcolumn:name="Parent",type=string,JSONPath=`.spec.parent`
// +kubebuilder:printcolumn:name="Lead",type=string,JSONPath=`.status.lead`
// +kubebuilder:printcolumn:name="Members",type=integer,JSONPath=`.status.members`
// +kubebuilder:printcolumn:name="All",type=integer,JSONPath=`.status.totalMembers`,priority=1
// +kubebuilder:printcolumn:name="Path",type=string,JSONPath=`.status.path`,priority=1
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Team struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec TeamSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status TeamStatus `json:"status,omitempty,omitzero"`
}

// TeamList is a list of Teams.
//
// +kubebuilder:object:root=true
type TeamList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Team `json:"items"`
}
