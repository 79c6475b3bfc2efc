// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// EmailChange is what an edit of spec.email makes of a User.
//
// +enum
// +kubebuilder:validation:Enum=Rename;Replace;Deny
type EmailChange string

const (
	// EmailChangeRename keeps the person: the same acceptance and access, under the new address.
	EmailChangeRename EmailChange = "Rename"
	// EmailChangeReplace is another person on the same seat: the one who was there is archived, the new one is
	// invited (rule EZ-15).
	EmailChangeReplace EmailChange = "Replace"
	// EmailChangeDeny refuses the edit (rule IN-9).
	EmailChangeDeny EmailChange = "Deny"
)

// EmailScope is where an address can be had by one User only.
//
// +enum
// +kubebuilder:validation:Enum=Organization;Cluster
type EmailScope string

const (
	// EmailScopeOrganization lets one person be a User of several organizations with one address.
	EmailScopeOrganization EmailScope = "Organization"
	// EmailScopeCluster lets an address be in one of all organizations that have this scope (rule AX-11).
	EmailScopeCluster EmailScope = "Cluster"
)

// AcceptanceMode is what an invitation page asks of the person who accepts.
//
// +enum
// +kubebuilder:validation:Enum=Confirm;Password;SignIn
type AcceptanceMode string

const (
	// AcceptanceConfirm asks for a click.
	AcceptanceConfirm AcceptanceMode = "Confirm"
	// AcceptancePassword asks for a new password, and hands it to the directory (rules IN-6, CO-3).
	AcceptancePassword AcceptanceMode = "Password"
	// AcceptanceSignIn asks the person to sign in with one of the identity providers (rule IN-6).
	AcceptanceSignIn AcceptanceMode = "SignIn"
)

// OrganizationSpec declares an organization: who owns it and how its members are invited.
type OrganizationSpec struct {
	// displayName is the name that people read in mails and on pages, up to 128 characters.
	// When unset, the object's name is shown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// owner is the name of the principal User (rule IN-4). While named here, that User is never suspended
	// or archived, and is first in every queue for a seat.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="owner must be the name of a User, in lower case letters, digits, - and ."
	Owner string `json:"owner,omitempty"`

	// locale is the language of mails and pages for users who have none of their own, as a BCP 47 tag
	// such as fr-FR. Default: en.
	// +optional
	// +default="en"
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z]{2,3}(-([A-Za-z0-9]-)?[A-Za-z0-9]{2,8})*$')",message="locale must be a BCP 47 language tag such as en or fr-FR"
	Locale string `json:"locale,omitempty"`

	// timeZone is the IANA time zone in which users who have none of their own read times, such as
	// Europe/Paris. Default: UTC.
	// +optional
	// +default="UTC"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self != 'Local' && self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$')",message="timeZone must be an IANA time zone such as Europe/Paris or UTC"
	TimeZone string `json:"timeZone,omitempty"`

	// defaultRole is the name of the Role of users who have no other: none of their own, of a team, or delegated
	// (rules CO-2, IN-2). When unset, such a user is a record without access.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="defaultRole must be the name of a Role, in lower case letters, digits, - and ."
	DefaultRole string `json:"defaultRole,omitempty"`

	// emailScope is Organization or Cluster: where an address can be had by one User only. Cluster: in all the organizations of the
	// cluster that have this scope too (rule AX-11). The later one is EmailInUse, and loses nothing that was given before the scope was
	// set. Default: Organization.
	// +optional
	// +default="Organization"
	EmailScope EmailScope `json:"emailScope,omitempty"`

	// emailChange is Rename, Replace or Deny: what an edit of a User's spec.email means. Another spelling of
	// the same address, in capitals or not, is no edit. Default: Rename.
	// +optional
	// +default="Rename"
	EmailChange EmailChange `json:"emailChange,omitempty"`

	// invitation says how members are invited. Default: every field's default.
	// +optional
	// +default={}
	Invitation InvitationPolicy `json:"invitation,omitempty,omitzero"`

	// mail says who sends the organization's mail, and through which server. When unset, the operator's own
	// sender and server do.
	// +optional
	Mail OrganizationMail `json:"mail,omitempty,omitzero"`

	// directory is where the accounts of the organization's members live. When unset, membership lives in Kubernetes alone.
	// +optional
	Directory DirectoryPolicy `json:"directory,omitempty,omitzero"`

	// offboarding says how people leave, and what becomes of what they own. Default: every field's default; nothing is handed
	// over.
	// +optional
	// +default={}
	Offboarding OffboardingPolicy `json:"offboarding,omitempty,omitzero"`

	// protection holds removals of people beyond a number, or a share of all, within a while (rule AC-18). When unset, none
	// is held.
	// +optional
	Protection ProtectionPolicy `json:"protection,omitempty,omitzero"`
}

// OrganizationMail says who sends an organization's mail, and through which server.
//
// +kubebuilder:validation:MinProperties=1
type OrganizationMail struct {
	// from is the sender as mail programs show it, up to 320 characters: an address, or a name and an address
	// such as Acme <people@acme.example>. Its domain is in ASCII. When unset, the operator's sender.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=320
	From string `json:"from,omitempty"`

	// replyTo is the address that answers go to, up to 320 characters. When unset, they go to the sender.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=320
	ReplyTo string `json:"replyTo,omitempty"`

	// smtpSecretRef names the Secret that holds the mail server: host, and optionally port (default 587; 465 is
	// encrypted from the first byte), username and password, tls (Required, Implicit, Opportunistic or Disabled; default
	// Required), ca.crt, a certificate authority to trust in the place of the system's, and hello, the name to
	// introduce oneself with. It is read anew within seconds, so that it can be rotated. When unset, the operator's server.
	// +optional
	SMTPSecretRef SecretReference `json:"smtpSecretRef,omitempty,omitzero"`
}

// ConfigMapReference names a ConfigMap of the same namespace.
type ConfigMapReference struct {
	// name is the name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// IdentityProvider is an OpenID provider with which people may sign in to accept an invitation. It has to say of their
// address that it is verified, and the address has to be the one that is invited.
type IdentityProvider struct {
	// name tells the provider from the others: lower case letters, digits and -, up to 63.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="name must consist of lower case letters, digits and -, such as google"
	Name string `json:"name,omitempty"`

	// displayName is what people know the provider by, up to 64 characters: the page offers to continue with it. When
	// unset, the name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	DisplayName string `json:"displayName,omitempty"`

	// issuer is the URL by which the provider calls itself, up to 512 characters, such as https://accounts.google.com: https,
	// or http on the loopback interface. It is compared letter by letter, and what the provider offers is found below it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.contains('?') && !self.contains('#') && !self.contains('@')",message="issuer must be a URL such as https://accounts.google.com, without user, query and fragment"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getScheme() == 'https' || url(self).getHostname() in ['localhost', '127.0.0.1', '::1', '[::1]']",message="issuer must begin with https:// unless it is on the loopback interface"
	Issuer string `json:"issuer,omitempty"`

	// clientID is what the provider knows the invitation pages by, up to 256 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="clientID must be one word, as the provider gave it"
	ClientID string `json:"clientID,omitempty"`

	// clientSecretRef names the Secret that holds what the provider knows the invitation pages by, beside clientID, under
	// the key clientSecret. When unset, they are a public client, which has none.
	// +optional
	ClientSecretRef SecretReference `json:"clientSecretRef,omitempty,omitzero"`
}

// InvitationPolicy says how the members of an organization are invited.
//
// +kubebuilder:validation:XValidation:rule="!has(self.acceptance) || self.acceptance != 'SignIn' || has(self.identityProviders) && self.identityProviders.size() > 0",message="acceptance SignIn needs one of identityProviders at least"
type InvitationPolicy struct {
	// ttl is how long an invitation can be answered, as a duration such as 168h, from 1m to 8760h. It ends
	// on a timer; the seat is then free for the next in the queue. A new value applies to invitations sent
	// from then on. Default: 168h.
	// +optional
	// +default="168h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="ttl must be a duration from 1m to 8760h such as 168h"
	TTL *metav1.Duration `json:"ttl,omitempty"`

	// reminderInterval is how long after a mail that nobody answered a reminder with the same link follows, as a
	// duration such as 48h, from 1m to 8760h. It is sent on a timer, until maxSends mails were sent or the
	// invitation expires. When unset, nobody is reminded.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,3})?[hms])+$') && duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="reminderInterval must be a duration from 1m to 8760h such as 48h"
	ReminderInterval *metav1.Duration `json:"reminderInterval,omitempty"`

	// maxSends is how many mails a person is sent before somebody has to ask for more, from 1 to 20: the first
	// invitation, reminders, and the invitations that follow by themselves when a seat that was withdrawn is
	// given back. The annotation seatkeeper.dev/resend-invitation, another address and a return from suspension
	// start anew. Default: 3.
	// +optional
	// +default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MaxSends int32 `json:"maxSends,omitempty"`

	// templates names the ConfigMap with the organization's own mails. When unset, the built-in ones are used;
	// also for a language in which the ConfigMap has none, or one with a mistake.
	// +optional
	Templates ConfigMapReference `json:"templates,omitempty,omitzero"`

	// acceptance is Confirm, Password or SignIn: what the page asks of the person who accepts. Password needs a
	// directory, SignIn one of identityProviders. Default: Confirm.
	// +optional
	// +default="Confirm"
	Acceptance AcceptanceMode `json:"acceptance,omitempty"`

	// identityProviders are the OpenID providers with which people may sign in to accept, up to 5, in the order in which the
	// page offers them: beside the click or the password, or as the only way under acceptance SignIn. When empty, there are none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=5
	IdentityProviders []IdentityProvider `json:"identityProviders,omitempty"`
}

// RoleOutcome is what was decided on a user's request.
//
// +enum
// +kubebuilder:validation:Enum=Grant;Release;Hold
type RoleOutcome string

const (
	// RoleGrant lets the user hold a role with maxHolders. It stays on record while the user holds it.
	RoleGrant RoleOutcome = "Grant"
	// RoleRelease lets the user give up a role with minHolders. It stays on record until that is done.
	RoleRelease RoleOutcome = "Release"
	// RoleHold lets nothing happen: the role would have too few holders.
	RoleHold RoleOutcome = "Hold"
)

// RoleDecision is the organization's answer to a user's request about a role with minHolders or maxHolders.
type RoleDecision struct {
	// role is the name of the Role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Role string `json:"role,omitempty"`

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

	// number is that of the request which is answered; unset for a grant to who held the role before it had maxHolders.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Number int64 `json:"number,omitempty"`

	// outcome is Grant, Release or Hold.
	// +required
	Outcome RoleOutcome `json:"outcome,omitempty"`
}

// OrganizationStatus is what the operator reports about an organization.
type OrganizationStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, OwnerPresent, TemplatesValid, MailReachable, DirectoryReachable and RemovalsHeld where they apply and, when True, Reconciling or Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// active is the number of Users who accepted and have access.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Active *int32 `json:"active,omitempty"`

	// invited is the number of Users whose invitation is open.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Invited *int32 `json:"invited,omitempty"`

	// waiting is the number of Users who wait for a seat.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Waiting *int32 `json:"waiting,omitempty"`

	// roleDecisions are the answers to the requests of users about roles with minHolders or maxHolders, sorted by role and
	// user. All are decided here, in one place, so that of two administrators who leave in the same second one stays.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	RoleDecisions []RoleDecision `json:"roleDecisions,omitempty"`

	// fullRoles are the names of the Roles that have all the holders which maxHolders lets them have, sorted. Who asks for one of
	// them waits until a holder gives it up.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	FullRoles []string `json:"fullRoles,omitempty"`

	// removals are the decisions about those who are removed, and so the truth about who may be. Empty without
	// spec.protection.
	// +optional
	Removals RemovalsStatus `json:"removals,omitempty,omitzero"`

	// directory is what the latest look at the whole directory found, every spec.directory.resyncPeriod. Unset without a directory,
	// and until the first look.
	// +optional
	Directory DirectoryStatus `json:"directory,omitempty,omitzero"`

	// archived is the number of Users with state Archived or whose access ended, and of ArchivedUsers.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Archived *int32 `json:"archived,omitempty"`
}

// Organization is a company, a customer or an association whose membership Seatkeeper runs. It and
// everything that belongs to it live in one namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=org;orgs,categories=seatkeeper
// +kubebuilder:printcolumn:name="Owner",type=string,JSONPath=`.spec.owner`
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.active`
// +kubebuilder:printcolumn:name="Invited",type=integer,JSONPath=`.status.invited`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Archived",type=integer,JSONPath=`.status.archived`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Organization struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec OrganizationSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status OrganizationStatus `json:"status,omitempty,omitzero"`
}

// OrganizationList is a list of Organizations.
//
// +kubebuilder:object:root=true
type OrganizationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Organization `json:"items"`
}
