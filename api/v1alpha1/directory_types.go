// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AdoptionPolicy says what becomes of an account that is there already, and that nobody made for this person.
//
// +enum
// +kubebuilder:validation:Enum=Refuse;Adopt
type AdoptionPolicy string

const (
	// AdoptionRefuse leaves it alone: the User stalls with DirectoryConflict.
	AdoptionRefuse AdoptionPolicy = "Refuse"
	// AdoptionAdopt makes it the person's account, unless it carries the externalId of somebody else.
	AdoptionAdopt AdoptionPolicy = "Adopt"
)

// DriftPolicy says what becomes of what others changed in a directory.
//
// +enum
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

const (
	// DriftCorrect sets it right.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport leaves it as it is, and says so.
	DriftReport DriftPolicy = "Report"
)

// DirectoryPolicy says where the accounts of an organization's members live.
type DirectoryPolicy struct {
	// adoption is Refuse or Adopt: what becomes of an account with the address of a User that is there already and that is
	// not the User's. Default: Refuse.
	// +optional
	// +default="Refuse"
	Adoption AdoptionPolicy `json:"adoption,omitempty"`

	// driftPolicy is Correct or Report: what becomes of accounts and groups that somebody changed in the directory. An account that
	// nobody should be able to use is deactivated under either. Default: Correct.
	// +optional
	// +default="Correct"
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// resyncPeriod is how often the whole directory is listed and compared, as a duration such as 10m, from 1m to 8760h. Default: 10m.
	// +optional
	// +default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="resyncPeriod must be a duration from 1m to 8760h such as 10m"
	ResyncPeriod *metav1.Duration `json:"resyncPeriod,omitempty"`

	// scim is a directory that speaks SCIM 2.0 (RFC 7643, RFC 7644).
	// +required
	SCIM SCIMDirectory `json:"scim,omitzero"`
}

// SCIMDirectory is a directory that speaks SCIM 2.0.
type SCIMDirectory struct {
	// url is the base URL of the service, up to 1024 characters, such as https://scim.acme.example/v2: https, or http on the
	// loopback interface. At another URL, everybody is provisioned anew.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.contains('?') && !self.contains('#') && !self.contains('@')",message="url must be a URL such as https://scim.acme.example/v2, without user, query and fragment"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getScheme() == 'https' || url(self).getHostname() in ['localhost', '127.0.0.1', '::1', '[::1]']",message="url must begin with https:// unless it is on the loopback interface"
	URL string `json:"url,omitempty"`

	// credentialsSecretRef names the Secret with what the operator signs in with: token; or username and password; or, for
	// OAuth 2.0, clientID, clientSecret, tokenURL and optionally scopes, separated by spaces. And optionally ca.crt, certificate
	// authorities to trust beside the system's. It is read anew within seconds, so that it can be rotated.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef,omitempty,omitzero"`

	// teamsAsGroups has each Team of the organization be a group in the directory, with those of its members who have an account. When
	// it is set to false again, the groups go. Default: false.
	// +optional
	TeamsAsGroups *bool `json:"teamsAsGroups,omitempty"`

	// rolesAsGroups has each Role of the organization be a group in the directory, with its holders. When it is set to false again, the
	// groups go. Default: false.
	// +optional
	RolesAsGroups *bool `json:"rolesAsGroups,omitempty"`
}

// DirectoryGroup is the group of a team or a role as the operator last left it in the organization's directory.
type DirectoryGroup struct {
	// directory is the URL of the directory that has the group.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Directory string `json:"directory,omitempty"`

	// id is what the directory calls the group (SCIM id).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id,omitempty"`

	// revision tells what the group was given from what it is to be given now; unset when what it has is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`
}

// DirectoryStatus is what the latest look at all that a directory has found.
//
// +kubebuilder:validation:MinProperties=1
type DirectoryStatus struct {
	// accounts is the number of accounts there, whoever made them.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Accounts *int32 `json:"accounts,omitempty"`

	// unknown is the number of accounts that are nobody's here: of no User, and of no ArchivedUser. They are left alone.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unknown *int32 `json:"unknown,omitempty"`

	// unknownAccounts are the user names of those, or what the directory calls them where they have none, sorted, up to 100.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=320
	UnknownAccounts []string `json:"unknownAccounts,omitempty"`

	// drifted is the number of Users whose account somebody changed, activated or deleted there, and that was not set right since,
	// and of ArchivedUsers whose account somebody activated, and which the directory refuses to deactivate.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Drifted *int32 `json:"drifted,omitempty"`

	// driftedUsers are the names of those Users, sorted, up to 20.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	DriftedUsers []string `json:"driftedUsers,omitempty"`
}
