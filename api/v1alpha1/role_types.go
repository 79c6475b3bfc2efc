// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoleRefKind is the kind of a role of Kubernetes.
//
// +enum
// +kubebuilder:validation:Enum=ClusterRole;Role
type RoleRefKind string

const (
	// RoleRefClusterRole is a ClusterRole; its rights hold within the namespace of the Role that names it.
	RoleRefClusterRole RoleRefKind = "ClusterRole"
	// RoleRefRole is a Role of rbac.authorization.k8s.io of the same namespace.
	RoleRefRole RoleRefKind = "Role"
)

// RoleRef names a role of Kubernetes, as the roleRef of a RoleBinding does.
type RoleRef struct {
	// kind is ClusterRole or Role.
	// +required
	Kind RoleRefKind `json:"kind,omitempty"`

	// name is the name of the ClusterRole or Role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// RoleKubernetes is what the holders of a role may do in Kubernetes.
//
// +kubebuilder:validation:MinProperties=1
type RoleKubernetes struct {
	// roleRefs are the ClusterRoles and Roles that the holders are bound to in this namespace, by RoleBindings which the
	// operator keeps, up to 16. A holder is bound once the invitation is accepted. Whoever names one needs the verb bind on it.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	RoleRefs []RoleRef `json:"roleRefs,omitempty"`
}

// RoleSpec declares a role of an organization.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minHolders) || !has(self.maxHolders) || self.minHolders <= self.maxHolders",message="minHolders must not be more than maxHolders"
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

	// permissions are what the holders may do, as the product's applications read it from status.permissions of the
	// Role (rule AX-8), up to 256: words of letters, digits, _ and -, joined by dots. The last may be *, which stands
	// for all that begins so.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*]|[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*([.][*])?)$')",message="permissions must be words joined by dots, such as customers.read or crm.*"
	Permissions []string `json:"permissions,omitempty"`

	// includes are the names of other Roles of the organization whose permissions, seats and roleRefs come with this one,
	// up to 32. Cycles are refused.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="includes must be names of Roles, in lower case letters, digits, - and ."
	Includes []string `json:"includes,omitempty"`

	// seatPool is the name of the SeatPool of which every holder needs one seat. When unset, the role is free.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="seatPool must be the name of a SeatPool, in lower case letters, digits, - and ."
	SeatPool string `json:"seatPool,omitempty"`

	// minHolders is the number of holders below which nobody loses the role, 0 to 1000 (rules CO-7, AC-1): a demotion, a
	// suspension, an archive, the end of a delegation or of a membership in a team is held until somebody else holds it.
	// Of those who are left one has to have accepted, if who goes has. Default: 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	MinHolders *int32 `json:"minHolders,omitempty"`

	// maxHolders is the number of holders beyond which nobody is given the role, 1 to 100 (rules IN-3, IN-4). Those who
	// hold it when it is lowered keep it. When unset, there is no limit but the seats.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxHolders *int32 `json:"maxHolders,omitempty"`

	// kubernetes is what the holders may do in Kubernetes. When unset, nothing.
	// +optional
	Kubernetes RoleKubernetes `json:"kubernetes,omitempty,omitzero"`
}

// RoleStatus is what the operator reports about a role.
type RoleStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Covered for a role with minHolders, Bound for one with roleRefs, Provisioned for one that is a group in a
	// directory and, when True, Reconciling or Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// holders is the number of Users to whom the role is granted.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Holders *int32 `json:"holders,omitempty"`

	// permissions are those of the role and of all that it includes, sorted, each once, without those that another covers.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	Permissions []string `json:"permissions,omitempty"`

	// directoryGroup is the group that stands for the role in the directory of the organization; unset while there is none.
	// +optional
	DirectoryGroup *DirectoryGroup `json:"directoryGroup,omitempty"`
}

// Role is what a member may be in an organization. `kubectl get roles` means the roles of RBAC; use orgroles.
//
// +kubebuilder:validation:XValidation:rule="!has(self.spec.includes) || !(self.metadata.name in self.spec.includes)",message="a role cannot include itself"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=orgrole;orgroles,categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:printcolumn:name="SeatPool",type=string,JSONPath=`.spec.seatPool`
// +kubebuilder:printcolumn:name="Holders",type=integer,JSONPath=`.status.holders`
// +kubebuilder:printcolumn:name="Min",type=integer,JSONPath=`.spec.minHolders`
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.maxHolders`
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
