// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// UserState is what somebody wants a User to be.
//
// +enum
// +kubebuilder:validation:Enum=Active;Suspended;Archived
type UserState string

const (
	// UserActive is a member: seated, invited, and with access once the person has accepted.
	UserActive UserState = "Active"
	// UserSuspended is a member without access or seat. The record and the acceptance stay (rules CO-3, CO-4).
	UserSuspended UserState = "Suspended"
	// UserArchived is a person who left: no access, no seat, the record stays (rules AX-13, CO-8).
	UserArchived UserState = "Archived"
)

// ArchiveReason is why a person left.
//
// +enum
// +kubebuilder:validation:Enum=Left;RoleChange;Duplicate;Other
type ArchiveReason string

const (
	// ArchiveLeft is a person who left the organization.
	ArchiveLeft ArchiveReason = "Left"
	// ArchiveRoleChange is a person who stays but no longer needs access.
	ArchiveRoleChange ArchiveReason = "RoleChange"
	// ArchiveDuplicate is a User who was declared twice.
	ArchiveDuplicate ArchiveReason = "Duplicate"
	// ArchiveOther is any other reason, and none given.
	ArchiveOther ArchiveReason = "Other"
)

// UserSpec declares one member of an organization.
type UserSpec struct {
	// organization is the name of the Organization of this namespace that the user belongs to. It cannot
	// be changed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="organization must be the name of an Organization, in lower case letters, digits, - and ."
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="organization cannot be changed: archive this User and create one in the other organization"
	Organization string `json:"organization,omitempty"`

	// email is the address that the invitation goes to, and the login (rules AX-3, EZ-11): a bare address of
	// up to 254 characters with an ASCII domain. It is unique within the organization, compared without
	// regard to case; name+tag@ is an address of its own (AX-12).
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^\\\\s\\\\p{Z}\\\\p{C}@<>(),;:\"\\\\[\\\\]\\\\\\\\.]+([.][^\\\\s\\\\p{Z}\\\\p{C}@<>(),;:\"\\\\[\\\\]\\\\\\\\.]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$')",message="email must be one bare address such as jean@acme.example"
	Email string `json:"email,omitempty"`

	// givenName is the person's given name (SCIM name.givenName), up to 128 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	GivenName string `json:"givenName,omitempty"`

	// familyName is the person's family name (SCIM name.familyName), up to 128 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	FamilyName string `json:"familyName,omitempty"`

	// title is the person's job title (SCIM title, rule AX-4), up to 128 characters. It goes to the directory.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Title string `json:"title,omitempty"`

	// phoneNumbers are the person's telephone numbers (SCIM phoneNumbers, rule AX-5). They go to the directory.
	// +optional
	PhoneNumbers PhoneNumbers `json:"phoneNumbers,omitempty,omitzero"`

	// employee links the user to an employee record: by its number, or by one that is issued (rule AX-6). When unset, there is
	// none.
	// +optional
	Employee Employee `json:"employee,omitempty,omitzero"`

	// locale is the language of the person's mails and pages as a BCP 47 tag such as fr-FR (rule AX-7).
	// When unset, the organization's applies.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z]{2,3}(-([A-Za-z0-9]-)?[A-Za-z0-9]{2,8})*$')",message="locale must be a BCP 47 language tag such as en or fr-FR"
	Locale string `json:"locale,omitempty"`

	// timeZone is the IANA time zone in which the person reads times, such as Europe/Paris (rule AX-7).
	// When unset, the organization's applies.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self != 'Local' && self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$')",message="timeZone must be an IANA time zone such as Europe/Paris or UTC"
	TimeZone string `json:"timeZone,omitempty"`

	// roles are the names of the Roles of this organization that the user is to hold, up to 32. They add
	// up (rule AX-18), with each other and with those of teams. Without any at all, the organization's default role
	// applies; without that, the user is a record without access (CO-1).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="roles must be names of Roles, in lower case letters, digits, - and ."
	Roles []string `json:"roles,omitempty"`

	// initialPasswordSecretRef names the Secret whose key password holds the person's first password (rule
	// EZ-12). It is handed to the directory once, before the first invitation is sent, and never again; the Secret can be
	// deleted then. It needs a directory. When unset, the directory gives none.
	// +optional
	InitialPasswordSecretRef SecretReference `json:"initialPasswordSecretRef,omitempty,omitzero"`

	// delegates are who holds this user's roles as well while the user is absent (rule CO-7), up to 16. They hold what
	// the user holds by spec.roles, by teams and by default, not what is delegated to the user, and need seats
	// of their own. A delegation ends with its window, and when the user is suspended, archived or deleted, or the user's
	// access ends.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Delegates []Delegation `json:"delegates,omitempty"`

	// manager is the name of the User of the same organization whom the user reports to. An ownership rule may hand over
	// to them what the user owns. When unset, there is none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="manager must be the name of a User, in lower case letters, digits, - and ."
	Manager string `json:"manager,omitempty"`

	// successor is the name of the User of the same organization who takes over what the user owns, when the user is
	// archived or deleted and an ownership rule of the organization says so (rule AC-17). When unset, the rule's other
	// sources apply.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="successor must be the name of a User, in lower case letters, digits, - and ."
	Successor string `json:"successor,omitempty"`

	// state is Active, Suspended or Archived. Suspended and Archived revoke access and free the seats; back
	// at Active, a seat is claimed anew and an acceptance still counts (rules AX-14, CO-4). Default: Active.
	// +optional
	// +default="Active"
	State UserState `json:"state,omitempty"`

	// accessUntil is when the person's access ends, on a timer, as if state were Archived from then on (rules IN-1,
	// IN-11): a time such as 2027-06-30T18:00:00Z, of which fractions of a second do not count. A later time, or none,
	// brings the person back. When unset, access has no end.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= timestamp('2000-01-01T00:00:00Z') && self < timestamp('9999-12-31T00:00:00Z')",message="accessUntil must be a time such as 2027-06-30T18:00:00Z, of this millennium"
	AccessUntil *metav1.Time `json:"accessUntil,omitempty"`

	// archiveReason says why the person left: Left, RoleChange, Duplicate or Other. It goes on the
	// ArchivedUser. When unset, Other is recorded.
	// +optional
	ArchiveReason ArchiveReason `json:"archiveReason,omitempty"`
}

// PhoneNumbers are a person's telephone numbers, each of up to 32 characters: digits, spaces, and + ( ) . / - as people write
// them, and ext or x before an extension.
//
// +kubebuilder:validation:MinProperties=1
type PhoneNumbers struct {
	// work is the landline (SCIM type work), such as +33 1 02 03 04 05.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?[0-9(][0-9 ().,/-]*( ?(ext[.]?|x) ?[0-9]+)?$')",message="work must be a telephone number such as +33 1 02 03 04 05"
	Work string `json:"work,omitempty"`

	// mobile is the mobile number (SCIM type mobile), such as +33 6 02 03 04 05.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?[0-9(][0-9 ().,/-]*( ?(ext[.]?|x) ?[0-9]+)?$')",message="mobile must be a telephone number such as +33 6 02 03 04 05"
	Mobile string `json:"mobile,omitempty"`
}

// Employee links a user to an employee record.
//
// +kubebuilder:validation:XValidation:rule="has(self.number) != has(self.create)",message="either number or create: a record that is there has a number, and a new one is given one"
type Employee struct {
	// number is that of an employee record which is there already, up to 64 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Number string `json:"number,omitempty"`

	// create true has a number issued, once, in status.employeeNumber. It is the person's for good: through archive and
	// return, under whatever name or address.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self",message="create is true, or left out"
	Create *bool `json:"create,omitempty"`
}

// AccountState is whether somebody can sign in with an account.
//
// +enum
// +kubebuilder:validation:Enum=Active;Inactive
type AccountState string

const (
	// AccountActive is an account that the person can sign in with.
	AccountActive AccountState = "Active"
	// AccountInactive is an account that nobody can sign in with: before the invitation is accepted, and after access ended.
	AccountInactive AccountState = "Inactive"
)

// DirectoryAccount is a person's account as the operator last left it in the organization's directory.
type DirectoryAccount struct {
	// directory is the URL of the directory that has the account.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Directory string `json:"directory,omitempty"`

	// id is what the directory calls the account (SCIM id).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id,omitempty"`

	// state is Active or Inactive: whether the person can sign in.
	// +required
	State AccountState `json:"state,omitempty"`

	// revision tells what the account was given from what it is to be given now; unset once the account was deactivated, so that
	// whoever comes back is given everything.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`

	// keptOtherwise are the attributes, in the words of SCIM and sorted, that the directory had otherwise right after it was given
	// them, such as a title that it shortens, but for roles and entitlements. Under driftPolicy Report they are no difference. The
	// operator writes it with
	// revision; unset when the directory keeps everything as it is given.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	KeptOtherwise []string `json:"keptOtherwise,omitempty"`
}

// Delegation is the time in which another user holds one's roles.
//
// +kubebuilder:validation:XValidation:rule="!has(self.from) || self.from < self.until",message="until must be after from"
type Delegation struct {
	// user is the name of the User of the same organization who holds the roles meanwhile.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="user must be the name of a User, in lower case letters, digits, - and ."
	User string `json:"user,omitempty"`

	// from is when it begins, on a timer. When unset, it begins at once.
	// +optional
	From *metav1.Time `json:"from,omitempty"`

	// until is when it ends, on a timer: a time such as 2027-01-05T00:00:00Z.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= timestamp('2000-01-01T00:00:00Z') && self < timestamp('9999-12-31T00:00:00Z')",message="until must be a time such as 2027-06-30T18:00:00Z, of this millennium"
	Until metav1.Time `json:"until,omitempty,omitzero"`
}

// RoleChange is what a user asks of the organization about a role with a limit of holders.
//
// +enum
// +kubebuilder:validation:Enum=Gain;Loss
type RoleChange string

const (
	// RoleGain asks to hold a role with maxHolders.
	RoleGain RoleChange = "Gain"
	// RoleLoss asks to hold a role with minHolders no more.
	RoleLoss RoleChange = "Loss"
)

// RoleRequest is a change of roles that waits for the organization's decision (status.roleDecisions of the Organization).
type RoleRequest struct {
	// number tells this request from all others of the user.
	// +required
	// +kubebuilder:validation:Minimum=1
	Number int64 `json:"number,omitempty"`

	// role is the name of the Role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Role string `json:"role,omitempty"`

	// change is Gain or Loss.
	// +required
	Change RoleChange `json:"change,omitempty"`
}

// WithheldRole is a role that the user is to hold and does not.
type WithheldRole struct {
	// name is the name of the Role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// reason is why: AwaitingSeat, SeatPoolNotFound, RoleNotFound, RoleRequested or MaxHoldersReached.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message says what is missing, up to 512 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// InvitationStatus is the latest invitation of a user. An invitation with sentAt is open until it is
// accepted (status.acceptedAt), declined, expired, or revoked (status.accessRevokedAt).
type InvitationStatus struct {
	// sequence counts the user's invitations from 1. Only the link of the latest one works.
	// +required
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// email is the address that the invitation is for. A link dies when the user's address changes.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`

	// expiresAt is until when the link can be answered.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt,omitempty,omitzero"`

	// sentAt is when the mail server took the mail; unset while it has not yet.
	// +optional
	SentAt *metav1.Time `json:"sentAt,omitempty"`

	// sends is the number of mails that the person was sent since somebody last asked for an invitation, with
	// this invitation and its reminders. It is held to spec.invitation.maxSends of the organization.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Sends *int32 `json:"sends,omitempty"`

	// remindedAt is when the mail server took the latest reminder; unset while there was none.
	// +optional
	RemindedAt *metav1.Time `json:"remindedAt,omitempty"`

	// answering is an answer that is being worked on: its password is on its way to the directory. Until then
	// nobody else's answer counts.
	// +optional
	Answering InvitationAnswer `json:"answering,omitempty,omitzero"`

	// declinedAt is when the person declined. Nobody is asked again until somebody says so.
	// +optional
	DeclinedAt *metav1.Time `json:"declinedAt,omitempty"`

	// expiredAt is when the operator found that nobody had answered in time. Nobody is asked again until
	// somebody says so.
	// +optional
	ExpiredAt *metav1.Time `json:"expiredAt,omitempty"`

	// rejection is what the mail server said when it refused the mail for good, up to 512 characters; unset
	// while it has not. The mail is not tried again until the address changes or somebody asks for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Rejection string `json:"rejection,omitempty"`

	// answersRequest is the value of the annotation seatkeeper.dev/resend-invitation that this invitation
	// answers; unset when nobody had asked.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	AnswersRequest string `json:"answersRequest,omitempty"`
}

// InvitationAnswer is an answer that is being worked on.
type InvitationAnswer struct {
	// id tells this answer from others: it is drawn at random.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id,omitempty"`

	// until is when others are let in again, should this one never end.
	// +required
	Until metav1.Time `json:"until,omitempty,omitzero"`
}

// SeatWithdrawal is a seat that a user lost because its pool has fewer seats than holders.
type SeatWithdrawal struct {
	// pool is the name of the SeatPool.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Pool string `json:"pool,omitempty"`

	// turn is the turn in which the seat was withdrawn, as its SeatSlice says.
	// +required
	// +kubebuilder:validation:Minimum=1
	Turn int64 `json:"turn,omitempty"`
}

// Identity is who somebody is to an OpenID provider.
type Identity struct {
	// issuer is the URL by which the provider calls itself.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Issuer string `json:"issuer,omitempty"`

	// subject is what the provider knows the person by; never the same for two.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Subject string `json:"subject,omitempty"`
}

// AccessNotice is what was told of the end of a user's access.
type AccessNotice struct {
	// until is the spec.accessUntil that it is about.
	// +required
	Until metav1.Time `json:"until,omitempty,omitzero"`

	// announcedAt is when an event told of it. The mail to the person has this date.
	// +required
	AnnouncedAt metav1.Time `json:"announcedAt,omitempty,omitzero"`

	// sentAt is when the mail server took the mail to the person; unset while it has not. Who has not accepted, or has no
	// access, is sent none.
	// +optional
	SentAt *metav1.Time `json:"sentAt,omitempty"`

	// rejection is what the mail server said when it refused the mail for good, up to 512 characters; unset while it
	// has not. The mail is not tried again.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Rejection string `json:"rejection,omitempty"`
}

// AddressClaim is a claim to an address, of which there is one in the cluster.
type AddressClaim struct {
	// email is the address, in the form in which addresses are compared.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`

	// lease is the name of the Lease in the operator's namespace that says who has the address. It shows no address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Lease string `json:"lease,omitempty"`
}

// UserStatus is what the operator reports about a user.
type UserStatus struct {
	// observedGeneration is the generation that the status speaks of; -1 until the operator has looked.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, the domain conditions Seated, Provisioned, Invited, Accepted and Archived where they have
	// something to say and, when True, Reconciling or Stalled. docs/conditions.md lists the reasons.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// roles are the names of the Roles that the user holds, sorted: those of spec.roles, of the user's teams and the
	// teams above them, of who delegates to the user, or else the organization's default role. A role that cannot be
	// granted is not among them. What a role includes is not listed apart.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Roles []string `json:"roles,omitempty"`

	// withheldRoles are the roles that the user is to hold and does not, and why, sorted by name. The first 64 are listed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	WithheldRoles []WithheldRole `json:"withheldRoles,omitempty"`

	// roleRequests are the changes of roles with minHolders or maxHolders that the organization has to decide, sorted by
	// role. Until it has released a loss, the role is held on.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	RoleRequests []RoleRequest `json:"roleRequests,omitempty"`

	// lastRoleRequest is the number of the latest request; unset while there was none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	LastRoleRequest int64 `json:"lastRoleRequest,omitempty"`

	// seats are the names of the SeatPools in which the user holds a seat, sorted. The SeatSlices are the
	// truth; this follows them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Seats []string `json:"seats,omitempty"`

	// withdrawals are the seats that the user lost because a pool has fewer seats than holders, and still needs,
	// sorted by pool. A seat that is listed here carries no role any more, and can be freed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4096
	Withdrawals []SeatWithdrawal `json:"withdrawals,omitempty"`

	// email is the address that the operator knows the person by: spec.email, except while an edit of it has not
	// taken effect, or does not.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`

	// addressClaim is the claim by which the user has the address in all organizations of the cluster that have emailScope Cluster; unset
	// in others, and while there is none: the address is then in use elsewhere, or the operator has not looked yet.
	// +optional
	AddressClaim AddressClaim `json:"addressClaim,omitempty,omitzero"`

	// accountUID is the identity that the person's account elsewhere is tied to, when it is not the UID of this object: that
	// of an earlier stay, for who came back, or one of its own, for who replaced somebody. When unset, the UID is it.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	AccountUID types.UID `json:"accountUID,omitempty"`

	// directoryAccount is the person's account in the organization's directory; unset while there is none.
	// +optional
	DirectoryAccount *DirectoryAccount `json:"directoryAccount,omitempty"`

	// employeeNumber is the number of the person's employee record: spec.employee.number, or the one that was issued. It stays
	// with the person (rule AX-6).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	EmployeeNumber string `json:"employeeNumber,omitempty"`

	// initialPasswordAt is when the password of spec.initialPasswordSecretRef was handed to the directory.
	// It is not handed over again.
	// +optional
	InitialPasswordAt *metav1.Time `json:"initialPasswordAt,omitempty"`

	// invitation is the latest invitation; unset until the first is on its way.
	// +optional
	Invitation *InvitationStatus `json:"invitation,omitempty"`

	// acceptedAt is when the person accepted an invitation. It outlasts suspension and archive.
	// +optional
	AcceptedAt *metav1.Time `json:"acceptedAt,omitempty"`

	// identity is who accepted, to the OpenID provider with which the person signed in for that; unset when the person
	// accepted otherwise. It lasts as long as acceptedAt. Several Users can have the same one.
	// +optional
	Identity Identity `json:"identity,omitempty,omitzero"`

	// accessRevokedAt is since when the person has no access and no open invitation, because of
	// suspension, archive, the end of access, deletion, expiry, decline, or the withdrawal of the last seat. Seats are freed
	// only after it is set.
	// +optional
	AccessRevokedAt *metav1.Time `json:"accessRevokedAt,omitempty"`

	// handover is how what the user owned passes to others; unset while the user stays, and when the organization has no
	// rules of ownership.
	// +optional
	Handover *Handover `json:"handover,omitempty"`

	// accessEndedAt is when the operator found that spec.accessUntil was over; unset while it is not. The user is leaving
	// from then on, and until spec.accessUntil is later than this.
	// +optional
	AccessEndedAt *metav1.Time `json:"accessEndedAt,omitempty"`

	// plannedEnd is the spec.accessUntil that ends access as it was declared ahead: one that was seen as long before as
	// spec.protection.window of the organization is, or while there was nothing to take, or where there was no protection. An
	// earlier one is a removal, when it is over. Unset while access has no end.
	// +optional
	PlannedEnd *metav1.Time `json:"plannedEnd,omitempty"`

	// accessNotice is what was told of the end of access that is to come; unset while nothing was.
	// +optional
	AccessNotice AccessNotice `json:"accessNotice,omitempty,omitzero"`
}

// User is one member of an organization.
//
// +kubebuilder:validation:XValidation:rule="!has(self.spec.delegates) || !self.spec.delegates.exists(d, d.user == self.metadata.name)",message="a user cannot be a delegate of their own"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.successor) || self.spec.successor != self.metadata.name",message="a user cannot be a successor of their own"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.manager) || self.spec.manager != self.metadata.name",message="a user cannot be a manager of their own"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=seatkeeper
// +kubebuilder:selectablefield:JSONPath=`.spec.organization`
// +kubebuilder:selectablefield:JSONPath=`.spec.email`
// +kubebuilder:selectablefield:JSONPath=`.spec.state`
// +kubebuilder:printcolumn:name="Email",type=string,JSONPath=`.spec.email`
// +kubebuilder:printcolumn:name="Roles",type=string,JSONPath=`.status.roles`
// +kubebuilder:printcolumn:name="Seats",type=string,JSONPath=`.status.seats`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Manager",type=string,JSONPath=`.spec.manager`,priority=1
// +kubebuilder:printcolumn:name="Invited",type=date,JSONPath=`.status.invitation.sentAt`,priority=1
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.invitation.expiresAt`,priority=1
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.accessUntil`,priority=1
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type User struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what people declare.
	// +required
	Spec UserSpec `json:"spec,omitzero"`

	// status is what the operator reports.
	// +optional
	// +default={"observedGeneration":-1}
	Status UserStatus `json:"status,omitempty,omitzero"`
}

// UserList is a list of Users.
//
// +kubebuilder:object:root=true
type UserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []User `json:"items"`
}
