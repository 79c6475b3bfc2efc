// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ArchivePath is how a person came to be archived.
//
// +enum
// +kubebuilder:validation:Enum=Deletion;Replacement
type ArchivePath string

const (
	// ArchivePathDeletion is the deletion of the User object.
	ArchivePathDeletion ArchivePath = "Deletion"
	// ArchivePathReplacement is another person in the same place (rule EZ-15).
	ArchivePathReplacement ArchivePath = "Replacement"
)

// UserRecord is what remains of a User.
type UserRecord struct {
	// user is the name that the User object had.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	User string `json:"user,omitempty"`

	// uid is the UID that the User object had.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid,omitempty"`

	// accountUID is the identity that the person's account elsewhere is tied to, when it is not uid: that of a User
	// object of an earlier stay, or one of its own for who replaced somebody. Whoever comes back has the same account.
	// When unset, uid is it.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	AccountUID types.UID `json:"accountUID,omitempty"`

	// directoryAccount is the person's account in the organization's directory, which whoever comes back has again; unset when there was
	// none.
	// +optional
	DirectoryAccount *DirectoryAccount `json:"directoryAccount,omitempty"`

	// employeeNumber is the number of the person's employee record; unset when there was none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	EmployeeNumber string `json:"employeeNumber,omitempty"`

	// spec is the last spec of the User.
	// +required
	Spec UserSpec `json:"spec,omitempty,omitzero"`

	// reason is why the person left.
	// +required
	Reason ArchiveReason `json:"reason,omitempty"`

	// path is Deletion, when the User object was deleted, or Replacement, when another person came in the same place.
	// When unset, it is not known.
	// +optional
	Path ArchivePath `json:"path,omitempty"`

	// parked says that the person is not archived yet: the deletion was rejected (annotation seatkeeper.dev/reject-removals of the
	// organization), and the User can be applied again as if nothing had happened. Unset otherwise.
	// +optional
	Parked Parking `json:"parked,omitempty,omitzero"`

	// archivedAt is when the record was written, or when the person was archived who was parked before. It ends after spec.offboarding.retention of the organization.
	// +required
	ArchivedAt metav1.Time `json:"archivedAt,omitempty,omitzero"`

	// acceptedAt is when the person had accepted an invitation; unset when never.
	// +optional
	AcceptedAt *metav1.Time `json:"acceptedAt,omitempty"`

	// identity is who accepted, to the OpenID provider with which the person signed in; unset when there was none.
	// +optional
	Identity Identity `json:"identity,omitempty,omitzero"`

	// handovers say who took over what the person owned, by rule of the organization; unset when nothing was.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Handovers []RuleHandover `json:"handovers,omitempty"`

	// accessEndedAt is when access ended by spec.accessUntil (rule IN-1); unset when it did not.
	// +optional
	AccessEndedAt *metav1.Time `json:"accessEndedAt,omitempty"`
}

// Parking is what a person keeps whose User is gone by a deletion that was rejected, and how far archiving is once that ends.
type Parking struct {
	// until is when the person is archived, unless the User was applied again.
	// +required
	Until metav1.Time `json:"until,omitempty,omitzero"`

	// heir is the User that takes over from the record, having come in time; unset while there is none.
	// +optional
	Heir Heir `json:"heir,omitempty,omitzero"`

	// endedAt is when archiving began: until was over, the ArchivedUser or the organization was deleted. From then on nobody takes
	// over before it is done. Unset while the person keeps everything.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// status is that of the User, as it was when it went, without conditions. Once endedAt is set, it is how far archiving is: the
	// condition Ready says what it waits for.
	// +optional
	Status UserStatus `json:"status,omitempty,omitzero"`
}

// Heir is a User that takes over from a record.
type Heir struct {
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

// Parked says that the person of a record is not archived yet: who keeps access, roles and seats for now, or of whom they are being
// taken back.
func (a *ArchivedUser) Parked() bool { return !a.Record.Parked.Until.IsZero() }

// Ended says that who was parked is being archived.
func (a *ArchivedUser) Ended() bool { return a.Parked() && a.Record.Parked.EndedAt != nil }

// ArchivedUser is what remains when a User object is deleted. The operator writes it. Its name is a hash of
// organization and address, so that no personal data shows in a name. When a User with that address is created
// again, the person is back (rules AX-10, AX-14), and the ArchivedUser goes.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=seatkeeper
// +kubebuilder:printcolumn:name="Email",type=string,JSONPath=`.record.spec.email`
// +kubebuilder:printcolumn:name="Successor",type=string,JSONPath=`.record.handovers[*].successors[*].user`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.record.reason`
// +kubebuilder:printcolumn:name="Archived",type=date,JSONPath=`.record.archivedAt`
// +kubebuilder:printcolumn:name="Parked",type=string,JSONPath=`.record.parked.until`,priority=1
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
