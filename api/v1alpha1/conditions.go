// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Condition types. Ready, Reconciling and Stalled are on every kind and follow kstatus: Ready is always
// there; Reconciling and Stalled are there only when True, and never both.
const (
	// ConditionReady sums up. True: everything the operator can do is done.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator goes on by itself.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when somebody has to act.
	ConditionStalled = "Stalled"

	// ConditionSeated (User): every seat that the user's roles need is held.
	// Absent when no seat is needed, or the user has left. Reasons: Seated, AwaitingSeat, SeatPoolNotFound.
	ConditionSeated = "Seated"
	// ConditionProvisioned (User): the directory has the account as it is to be. Absent where the organization has no directory, and
	// until there is an account. Reasons: Provisioned, Deprovisioned, Drifted, DirectoryUnavailable, DirectoryRejected, DirectoryConflict.
	// (Team, Role): the directory has the group as it is to be. Absent where teams, or roles, are no groups, and until there is one.
	// Reasons: Provisioned, DirectoryUnavailable, DirectoryRejected, DirectoryConflict, Drifted.
	ConditionProvisioned = "Provisioned"
	// ConditionInvited (User): an invitation is open or was accepted.
	// Reasons: Invited, Accepted, Inviting, InvitationExpired, Declined, MailRejected, InvitationRevoked.
	ConditionInvited = "Invited"
	// ConditionAccepted (User): the person accepted. It stays True through suspension and archive.
	// Reasons: Accepted.
	ConditionAccepted = "Accepted"
	// ConditionOwnershipTransferred (User): what a user who leaves owns is handed over. Absent while the user stays, and when
	// the organization has no rules of ownership, and while nothing happens, which Ready says. Reasons: Transferred,
	// Transferring, TransferIncomplete, SuccessorRequired.
	ConditionOwnershipTransferred = "OwnershipTransferred"
	// ConditionArchived (User): access is revoked, the seats are free. Reasons: Archived.
	ConditionArchived = "Archived"

	// ConditionExhausted (SeatPool): no seat is free. Reasons: SeatsTaken, SeatsAvailable.
	ConditionExhausted = "Exhausted"
	// ConditionOvercommitted (SeatPool): more seats are held than there are, because the capacity was
	// lowered below use. spec.onShortage says whether anybody loses a seat; no new one is given.
	// Reasons: CapacityBelowUse, WithdrawingSeats, WithinCapacity.
	ConditionOvercommitted = "Overcommitted"
	// ConditionExpired (SeatPool): the bought seats have ended (rule EZ-2). Absent where they do not expire.
	// Reasons: TermOver, TermRunning.
	ConditionExpired = "Expired"
	// ConditionOrderPending (SeatPool): an order waits for approval (rule AC-11). Absent where none is required.
	// Reasons: ApprovalRequired, ApprovalOutdated, NoOrder.
	ConditionOrderPending = "OrderPending"
	// ConditionPriceChangePending (SeatPool): the price of the spec is not the one at which seats are bought until
	// they expire. It takes effect when they are renewed. Absent otherwise. Reasons: TermRunning.
	ConditionPriceChangePending = "PriceChangePending"
	// ConditionBilled (SeatPool): the billing provider confirmed the number of seats (rule EZ-4). Absent where
	// there is no provider. Reasons: Billed, Billing, BillingUnavailable, BillingRejected.
	ConditionBilled = "Billed"

	// ConditionOwnerPresent (Organization): the User named as owner exists and is Active.
	// Reasons: OwnerFound, OwnerNotFound, OwnerNotActive.
	ConditionOwnerPresent = "OwnerPresent"
	// ConditionTemplatesValid (Organization): the ConfigMap of spec.invitation.templates is there and without
	// mistakes. Absent where there is none. Reasons: TemplatesValid, TemplatesInvalid, ConfigMapNotFound.
	ConditionTemplatesValid = "TemplatesValid"
	// ConditionIdentityProvidersValid (Organization): the Secrets that spec.invitation.identityProviders names are there, with
	// what they are to have. Absent where none is named. Reasons: IdentityProvidersValid, SecretNotFound.
	ConditionIdentityProvidersValid = "IdentityProvidersValid"
	// ConditionCovered (Role): as many who accepted hold the role as spec.minHolders asks for. Absent without minHolders.
	// Reasons: Covered, TooFewHolders.
	ConditionCovered = "Covered"
	// ConditionBound (Role): the holders who accepted are bound to every role of spec.kubernetes.roleRefs. Absent without any.
	// Reasons: Bound, BindingForbidden, BindingConflict, UserNameRefused.
	ConditionBound = "Bound"
	// ConditionMailReachable (Organization): the mail server took, or answered, the latest mail of the organization.
	// Absent until there was one. Reasons: MailReachable, MailUnavailable.
	ConditionMailReachable = "MailReachable"
	// ConditionDirectoryReachable (Organization): the directory took, or answered, the latest request about an account of the
	// organization. Absent until there was one. Reasons: DirectoryReachable, DirectoryUnavailable.
	ConditionDirectoryReachable = "DirectoryReachable"
	// ConditionRemovalsHeld (Organization): removals do not happen until they are approved, since there are more than
	// spec.protection allows (rule AC-18). Absent without spec.protection. Reasons: RemovalsHeld, ApprovalOutdated, NoRemovalsHeld.
	ConditionRemovalsHeld = "RemovalsHeld"
)

// Reasons of Ready with status True: the operator has done all that it can.
const (
	// ReasonActive (User): the person accepted and has access.
	ReasonActive = "Active"
	// ReasonInvited (User): the invitation is out; the person moves next. Also of the condition Invited.
	ReasonInvited = "Invited"
	// ReasonSuspended (User): no access, no seat; the record and the acceptance stay.
	ReasonSuspended = "Suspended"
	// ReasonArchived (User): left; access revoked, seats free, the record stays.
	ReasonArchived = "Archived"
	// ReasonNoRoles (User): a record without access (rule CO-1): no role, hence no seat and no invitation.
	ReasonNoRoles = "NoRoles"
	// ReasonReady (every other kind): the object is in effect.
	ReasonReady = "Ready"
)

// Reasons of Ready with status False and Reconciling: it goes on by itself.
const (
	// ReasonProvisioning (User): the account is on its way to the directory, or what waited for it follows.
	ReasonProvisioning = "Provisioning"
	// ReasonInviting (User): the invitation is on its way to the mail server.
	ReasonInviting = "Inviting"
	// ReasonMailUnavailable (User): the mail server cannot be reached or asks to come back later.
	ReasonMailUnavailable = "MailUnavailable"
	// ReasonDirectoryUnavailable (User, Organization): the directory cannot be reached, or asks to come back later.
	ReasonDirectoryUnavailable = "DirectoryUnavailable"
	// ReasonRoleRequested (User): the organization is asked whether a role with minHolders can be given up, or one with
	// maxHolders be taken.
	ReasonRoleRequested = "RoleRequested"
	// ReasonArchiving (User): access is revoked, the seats are being freed.
	ReasonArchiving = "Archiving"
	// ReasonSuspending (User): access is revoked, the seats are being freed.
	ReasonSuspending = "Suspending"
	// ReasonBillingUnavailable (SeatPool): the billing provider cannot be reached, or asks to come back later.
	ReasonBillingUnavailable = "BillingUnavailable"
)

// Reasons of Ready with status False and Stalled: somebody has to act.
const (
	// ReasonAwaitingSeat (User): every seat of a pool that is needed is taken.
	ReasonAwaitingSeat = "AwaitingSeat"
	// ReasonEmailInUse (User): another User has the address, of the organization, or of another where that matters.
	ReasonEmailInUse = "EmailInUse"
	// ReasonInvitationExpired (User): nobody answered in time.
	ReasonInvitationExpired = "InvitationExpired"
	// ReasonDeclined (User): the person said no.
	ReasonDeclined = "Declined"
	// ReasonMailRejected (User): the mail server refuses this mail for good.
	ReasonMailRejected = "MailRejected"
	// ReasonEmailChangeDenied (User): spec.email was edited, which the organization's spec.emailChange denies.
	ReasonEmailChangeDenied = "EmailChangeDenied"
	// ReasonDirectoryRequired (User, Organization): passwords are to be handed to a directory, and there is none.
	ReasonDirectoryRequired = "DirectoryRequired"
	// ReasonDirectoryRejected (User, Team, Role): the directory refuses what it is given for good.
	ReasonDirectoryRejected = "DirectoryRejected"
	// ReasonDirectoryConflict (User, Team, Role): the directory has an account, or a group, of that name which is not ours.
	ReasonDirectoryConflict = "DirectoryConflict"
	// ReasonSecretNotFound (User): there is no Secret of the name in spec.initialPasswordSecretRef, or it lacks
	// the key password. (Organization): there is none of the name in clientSecretRef of one of spec.invitation.identityProviders,
	// or it lacks the key clientSecret, or the operator may not read it. Also of the condition IdentityProvidersValid.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonRoleNotFound (User, Role, Team, Organization): a role is named that the organization does not have.
	ReasonRoleNotFound = "RoleNotFound"
	// ReasonSeatPoolNotFound (User, Role): a role names a pool that the organization does not have.
	ReasonSeatPoolNotFound = "SeatPoolNotFound"
	// ReasonOrganizationNotFound (all): spec.organization names no Organization of this namespace.
	ReasonOrganizationNotFound = "OrganizationNotFound"
	// ReasonOwnerProtected (User): the organization's owner cannot be suspended, archived or deleted.
	ReasonOwnerProtected = "OwnerProtected"
	// ReasonLastHolder (User): a role would be left with fewer holders than its minHolders. Until somebody else holds it,
	// nothing happens.
	ReasonLastHolder = "LastHolder"
	// ReasonTransferBlocked (User): the user owns objects that somebody has to move before the user can leave, by a rule of
	// the organization with onArchive: Block. Until then nothing happens; it is looked for again by itself.
	ReasonTransferBlocked = "TransferBlocked"
	// ReasonSuccessorRequired (User): the user owns objects, and nobody whom the rule names can take them over.
	ReasonSuccessorRequired = "SuccessorRequired"
	// ReasonTransferIncomplete (User): access is revoked, and some objects cannot be handed over: the operator may not, the
	// API refuses it, or Git declares them. It is tried again by itself.
	ReasonTransferIncomplete = "TransferIncomplete"
	// ReasonConfirmationRequired (User): the User was deleted, and the organization's spec.offboarding.policy is Delete, which
	// cannot be undone. Until somebody confirms it, nothing happens.
	ReasonConfirmationRequired = "ConfirmationRequired"
	// ReasonRemovalHeld (User): more people are to be removed than the organization's spec.protection allows. Until that is
	// approved or taken back, nothing happens.
	ReasonRemovalHeld = "RemovalHeld"
	// ReasonMaxHoldersReached (User): a role has all the holders that its maxHolders lets it have.
	ReasonMaxHoldersReached = "MaxHoldersReached"
	// ReasonRoleCycle (Role): the roles that it includes lead back to it.
	ReasonRoleCycle = "RoleCycle"
	// ReasonTeamCycle (Team): the teams above it lead back to it.
	ReasonTeamCycle = "TeamCycle"
	// ReasonTeamNotFound (Team): a parent is named that the organization does not have.
	ReasonTeamNotFound = "TeamNotFound"
	// ReasonBindingForbidden (Role): the operator may not bind the holders to a role of spec.kubernetes.roleRefs.
	ReasonBindingForbidden = "BindingForbidden"
	// ReasonBindingConflict (Role): a RoleBinding of a name that the operator needs is somebody else's.
	ReasonBindingConflict = "BindingConflict"
	// ReasonUserNotFound (Team): members are named that the organization does not have.
	ReasonUserNotFound = "UserNotFound"
	// ReasonOwnerNotFound (Organization): the User named as owner does not exist or belongs elsewhere.
	ReasonOwnerNotFound = "OwnerNotFound"
	// ReasonInvalidSpec (User, Role, Organization, SeatPool): a value passed the schema but means nothing, such as the
	// time zone Europe/Atlantis or the currency ABC.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonOrderRefused (SeatPool): spec.seats asks for more than spec.purchase allows. Those bought stay in effect.
	ReasonOrderRefused = "OrderRefused"
	// ReasonOrderPending (SeatPool): an order waits for approval. The seats bought before stay in effect.
	ReasonOrderPending = "OrderPending"
	// ReasonBillingRejected (SeatPool): the billing provider refuses the number of seats for good. The seats stay
	// in effect.
	ReasonBillingRejected = "BillingRejected"
	// ReasonSeatsHeld (SeatPool): the pool is deleted, and stays until nobody holds a seat.
	ReasonSeatsHeld = "SeatsHeld"
)

// Reasons of the other conditions.
const (
	ReasonSeated                 = "Seated"
	ReasonAccepted               = "Accepted"
	ReasonInvitationRevoked      = "InvitationRevoked"
	ReasonSeatsTaken             = "SeatsTaken"
	ReasonSeatsAvailable         = "SeatsAvailable"
	ReasonCapacityBelowUse       = "CapacityBelowUse"
	ReasonWithdrawingSeats       = "WithdrawingSeats"
	ReasonWithinCapacity         = "WithinCapacity"
	ReasonTermOver               = "TermOver"
	ReasonTermRunning            = "TermRunning"
	ReasonApprovalRequired       = "ApprovalRequired"
	ReasonApprovalOutdated       = "ApprovalOutdated"
	ReasonNoOrder                = "NoOrder"
	ReasonBilled                 = "Billed"
	ReasonBilling                = "Billing"
	ReasonOwnerFound             = "OwnerFound"
	ReasonOwnerNotActive         = "OwnerNotActive"
	ReasonTemplatesValid         = "TemplatesValid"
	ReasonTemplatesInvalid       = "TemplatesInvalid"
	ReasonConfigMapNotFound      = "ConfigMapNotFound"
	ReasonIdentityProvidersValid = "IdentityProvidersValid"
	ReasonMailReachable          = "MailReachable"
	ReasonCovered                = "Covered"
	ReasonTooFewHolders          = "TooFewHolders"
	ReasonBound                  = "Bound"
	ReasonUserNameRefused        = "UserNameRefused"
	ReasonProvisioned            = "Provisioned"
	ReasonDeprovisioned          = "Deprovisioned"
	ReasonDrifted                = "Drifted"
	ReasonDirectoryReachable     = "DirectoryReachable"
	ReasonTransferred            = "Transferred"
	ReasonTransferring           = "Transferring"
	ReasonRemovalsHeld           = "RemovalsHeld"
	ReasonNoRemovalsHeld         = "NoRemovalsHeld"
)

// Reasons of events alone.
const (
	// ReasonReactivated (User): the person had been a member before, and is back.
	ReasonReactivated = "Reactivated"
	// ReasonDeleted (User): the person is removed for good, and no record is left.
	ReasonDeleted = "Deleted"
	// ReasonSeatsBought (SeatPool): an order went through.
	ReasonSeatsBought = "SeatsBought"
	// ReasonSeatsGivenBack (SeatPool): bought seats were given back.
	ReasonSeatsGivenBack = "SeatsGivenBack"
	// ReasonSeatsWithdrawn (SeatPool): holders lose their seats for want of seats.
	ReasonSeatsWithdrawn = "SeatsWithdrawn"
	// ReasonStillBilled (SeatPool): the pool is gone, and its subscription item is not.
	ReasonStillBilled = "StillBilled"
	// ReasonRemovalsRejected (Organization): deletions were rejected, and the people are parked.
	ReasonRemovalsRejected = "RemovalsRejected"
	// ReasonParked (User): the object goes, and the person keeps everything for one window of spec.protection.
	ReasonParked = "Parked"
	// ReasonAccessEnding (User): access ends before long, by spec.accessUntil.
	ReasonAccessEnding = "AccessEnding"
	// ReasonSignInUnavailable (Organization): people cannot accept by signing in with an identity provider.
	ReasonSignInUnavailable = "SignInUnavailable"
)

// Annotations that people may set.
const (
	// AnnotationResendInvitation (User): any new value asks for a fresh invitation with a fresh link.
	// The old link dies. It is also how an expired or declined invitation is taken up again.
	AnnotationResendInvitation = "seatkeeper.dev/resend-invitation"
	// AnnotationConfirmDelete (User): the UID of the User, which confirms a deletion that cannot be undone (rules IN-10,
	// AC-15). It means nothing unless the organization's spec.offboarding.policy is Delete.
	AnnotationConfirmDelete = "seatkeeper.dev/confirm-delete"
	// AnnotationApproveOrder (SeatPool): the generation of the pending order, which confirms it.
	AnnotationApproveOrder = "seatkeeper.dev/approve-order"
	// AnnotationApproveRemovals (Organization): the token in status.removals, which lets exactly the list held there pass.
	AnnotationApproveRemovals = "seatkeeper.dev/approve-removals"
	// AnnotationRejectRemovals (Organization): the token in status.removals, which lets the Users of the list held there go that are
	// deleted, and keeps what the people have for one window, in which they can be applied again.
	AnnotationRejectRemovals = "seatkeeper.dev/reject-removals"
	// AnnotationReconcileAt (all): any new value makes the operator look again now.
	AnnotationReconcileAt = "seatkeeper.dev/reconcile-at"
)

// LabelOwner says, on objects of any kind, which User owns them, where an ownership rule names no field.
const LabelOwner = "seatkeeper.dev/owner"

// Labels of the RoleBindings that the operator makes.
const (
	// LabelManagedBy says whose they are.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// LabelRole is the name of the Role whose holders they bind, or stands for one that is too long for a label.
	LabelRole = "seatkeeper.dev/role"
)

// ManagedBy is the value of LabelManagedBy.
const ManagedBy = "seatkeeper"

// FinalizerArchive holds a deleted User until access is revoked, the seats are free and an ArchivedUser
// is written.
const FinalizerArchive = "seatkeeper.dev/archive"

// FinalizerSeats holds a deleted SeatPool until nobody holds a seat of it.
const FinalizerSeats = "seatkeeper.dev/seats"

// FinalizerGroup holds a deleted Team or Role until its group in a directory is deleted.
const FinalizerGroup = "seatkeeper.dev/group"

// Conditioned is a kind with the conditions and the observedGeneration that every kind of this API has.
//
// +k8s:deepcopy-gen=false
type Conditioned interface {
	metav1.Object
	runtime.Object
	// StatusConditions is where the conditions and the observed generation are kept, to read and to set.
	StatusConditions() (*[]metav1.Condition, *int64)
}

// StatusConditions implements Conditioned.
func (o *Organization) StatusConditions() (*[]metav1.Condition, *int64) {
	return &o.Status.Conditions, &o.Status.ObservedGeneration
}

// StatusConditions implements Conditioned.
func (u *User) StatusConditions() (*[]metav1.Condition, *int64) {
	return &u.Status.Conditions, &u.Status.ObservedGeneration
}

// StatusConditions implements Conditioned.
func (r *Role) StatusConditions() (*[]metav1.Condition, *int64) {
	return &r.Status.Conditions, &r.Status.ObservedGeneration
}

// StatusConditions implements Conditioned.
func (p *SeatPool) StatusConditions() (*[]metav1.Condition, *int64) {
	return &p.Status.Conditions, &p.Status.ObservedGeneration
}

// StatusConditions implements Conditioned.
func (t *Team) StatusConditions() (*[]metav1.Condition, *int64) {
	return &t.Status.Conditions, &t.Status.ObservedGeneration
}
