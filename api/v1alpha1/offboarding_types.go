// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// OwnershipAction is what becomes of the objects that a person who leaves owns.
//
// +enum
// +kubebuilder:validation:Enum=Reassign;Block;Retain
type OwnershipAction string

const (
	// OwnershipReassign hands them to a successor (rules AX-17, AC-17).
	OwnershipReassign OwnershipAction = "Reassign"
	// OwnershipBlock keeps the person until somebody has moved them (rule AC-4).
	OwnershipBlock OwnershipAction = "Block"
	// OwnershipRetain leaves them as they are (rule AX-16).
	OwnershipRetain OwnershipAction = "Retain"
)

// SuccessorSource is where a successor is looked for.
//
// +enum
// +kubebuilder:validation:Enum=Named;Manager;TeamLead;Owner;Spread
type SuccessorSource string

const (
	// SuccessorNamed is the User in spec.successor of who leaves.
	SuccessorNamed SuccessorSource = "Named"
	// SuccessorManager is the User in spec.manager of who leaves.
	SuccessorManager SuccessorSource = "Manager"
	// SuccessorTeamLead is the first lead of the teams of who leaves, by name, and of the teams above them.
	SuccessorTeamLead SuccessorSource = "TeamLead"
	// SuccessorOwner is the owner of the organization.
	SuccessorOwner SuccessorSource = "Owner"
	// SuccessorSpread shares the objects out at random among up to 64 members who have access (rule AX-17).
	SuccessorSpread SuccessorSource = "Spread"
)

// OffboardingMode is what the deletion of a User leaves.
//
// +enum
// +kubebuilder:validation:Enum=Archive;Delete
type OffboardingMode string

const (
	// OffboardingArchive leaves an ArchivedUser, so that the person can come back (rules AX-13, AX-14, CO-8).
	OffboardingArchive OffboardingMode = "Archive"
	// OffboardingDelete leaves nothing but an Event, after a confirmation (rules IN-10, AC-15).
	OffboardingDelete OffboardingMode = "Delete"
)

// OffboardingPolicy says what becomes of members who leave, and of what they own.
type OffboardingPolicy struct {
	// policy is Archive or Delete: what the deletion of a User leaves. Archive leaves an ArchivedUser, by which the person
	// can come back. Delete leaves nothing and cannot be undone, so it goes ahead only once the annotation
	// seatkeeper.dev/confirm-delete of the User is the User's UID; until then nothing happens. It asks nobody when the
	// organization or the namespace is being deleted. spec.state Archived keeps the User under either. Default: Archive.
	// +optional
	// +default="Archive"
	Policy OffboardingMode `json:"policy,omitempty"`

	// retention is how long an ArchivedUser is kept, as a duration such as 8760h, from 1m to 876000h. It ends on a timer. A
	// new value applies to those that are there, too. When unset, they are kept for ever.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) >= duration('1m') && duration(self) <= duration('876000h')",message="retention must be a duration from 1m to 876000h such as 8760h"
	Retention *metav1.Duration `json:"retention,omitempty"`

	// ownership says what the objects are that members own, and what becomes of those of a member who is archived or
	// deleted (rules AX-16, AX-17, AC-4, AC-17), up to 16 rules. The objects are in the namespace of the organization. When
	// empty, nothing is looked for.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Ownership []OwnershipRule `json:"ownership,omitempty"`

	// accessNotice is how long before spec.accessUntil of a User it is told that access ends (rule IN-1): by an event on the
	// User, and by a mail to the person if access was accepted, once for each value of spec.accessUntil. It is a duration
	// such as 72h, up to 8760h; 0s tells nobody. Default: 72h.
	// +optional
	// +default="72h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) <= duration('8760h')",message="accessNotice must be a duration up to 8760h such as 72h, or 0s"
	AccessNotice *metav1.Duration `json:"accessNotice,omitempty"`
}

// OwnershipRule says of objects of one kind whose they are, and what becomes of them.
type OwnershipRule struct {
	// name tells the rule from others, in status and messages.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must be in lower case letters, digits and -"
	Name string `json:"name,omitempty"`

	// resource is what the objects are. The operator needs a ClusterRole that lets it list and patch them, with the
	// label seatkeeper.dev/aggregate-to-operator: "true".
	// +required
	Resource OwnedResource `json:"resource,omitempty,omitzero"`

	// ownerField is the field that holds the name of the User, such as spec.owner: names of fields, separated by dots,
	// which do not begin with metadata or status. When unset, the label seatkeeper.dev/owner holds it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_$][A-Za-z0-9_$-]*([.][A-Za-z_$][A-Za-z0-9_$-]*)*$')",message="ownerField must be names of fields separated by dots, such as spec.owner"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^(metadata|status|kind|apiVersion)([.]|$)')",message="ownerField must not be in metadata or status"
	OwnerField string `json:"ownerField,omitempty"`

	// onArchive is Reassign, Block or Retain. Default: Reassign.
	// +optional
	// +default="Reassign"
	OnArchive OwnershipAction `json:"onArchive,omitempty"`

	// successor is where a successor is looked for, in this order: the first who has access and does not leave takes over.
	// Who leaves as well is followed to the one who takes over from them. Default: Named, Manager, TeamLead, Owner.
	// +optional
	// +default=["Named","Manager","TeamLead","Owner"]
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Successor []SuccessorSource `json:"successor,omitempty"`
}

// OwnedResource names a namespaced resource of the API.
type OwnedResource struct {
	// group is the API group, such as crm.example.com; unset for the core group.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="group must be an API group such as crm.example.com"
	// +kubebuilder:validation:XValidation:rule="self != 'seatkeeper.dev'",message="group must not be seatkeeper.dev: what people own belongs to other applications"
	Group string `json:"group,omitempty"`

	// version is a version in which it is served, such as v1.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="version must be a version of an API such as v1"
	Version string `json:"version,omitempty"`

	// resource is its plural, such as deals.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="resource must be the plural of a kind, in lower case, such as deals"
	Resource string `json:"resource,omitempty"`
}

// HandoverState is how far the objects of one rule are handed over.
//
// +enum
// +kubebuilder:validation:Enum=Moving;Incomplete;Done;Retained
type HandoverState string

const (
	// HandoverMoving is under way.
	HandoverMoving HandoverState = "Moving"
	// HandoverIncomplete met objects that it cannot move; the message says why. It is tried again.
	HandoverIncomplete HandoverState = "Incomplete"
	// HandoverDone found no object left.
	HandoverDone HandoverState = "Done"
	// HandoverRetained leaves the objects as they are.
	HandoverRetained HandoverState = "Retained"
)

// Handover is how what a person who leaves owns passes to others.
type Handover struct {
	// generation is that of the User for which objects were looked for. Another one looks again.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// rules are the organization's, by name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Rules []RuleHandover `json:"rules,omitempty"`
}

// RuleHandover is how the objects of one rule pass to others.
type RuleHandover struct {
	// rule is the name of the rule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Rule string `json:"rule,omitempty"`

	// state is Moving, Incomplete, Done or Retained.
	// +required
	State HandoverState `json:"state,omitempty"`

	// message says what is in the way, or what people should know, up to 512 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`

	// successors take over. They are chosen once, and written down before the first object moves; only who leaves
	// meanwhile is replaced. There are several when the objects are spread.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Successors []Successor `json:"successors,omitempty"`

	// former are successors who have left since, whose objects of this rule move on as well. The latest 64 are kept.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Former []string `json:"former,omitempty"`

	// objects is the number of objects that were found with who leaves, and are handed over.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Objects *int32 `json:"objects,omitempty"`

	// remaining is the number of objects that are left of them. It is brought up to date each thousand; unset when it is done.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Remaining *int32 `json:"remaining,omitempty"`
}

// Successor is who takes over.
type Successor struct {
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
}
