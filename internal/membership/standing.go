// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/address"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// FoldEmail returns the form of an address in which two addresses are compared: without regard to case, tags
// kept (rule AX-12).
func FoldEmail(email string) string { return address.Fold(email) }

// HasPriority says that a, rather than b, has the address that both declare: who has been invited at it goes
// before who only claims it, then the older, then the first by name.
func HasPriority(a, b *v1alpha1.User) bool {
	if x, y := invitedAt(a), invitedAt(b); x != y {
		return x
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

func invitedAt(u *v1alpha1.User) bool {
	if u.Status.AcceptedAt != nil && FoldEmail(u.Status.Email) == FoldEmail(u.Spec.Email) {
		return true // and maybe renamed since
	}
	return u.Status.Invitation != nil && FoldEmail(u.Status.Invitation.Email) == FoldEmail(u.Spec.Email)
}

// Facts are what the standing of a user depends on besides the User itself.
type Facts struct {
	// Organization is the user's organization; nil when there is none of that name.
	Organization *v1alpha1.Organization
	// UnknownRoles says that the user names roles that the organization does not have.
	UnknownRoles bool
	// NoRoles says that the user is to hold no role at all.
	NoRoles bool
	// EmailHolder is the name of the other User who has the address; empty when it is free.
	EmailHolder string
	// Unclaimed says that the user may not have the address yet, since somebody in another organization may; see Unclaimed.
	Unclaimed bool
	// Tied says that the user holds roles that may not be given up yet.
	Tied bool
	// Ending says that access is over by the clock, which the User's controller records in a moment.
	Ending bool
	// HandedOver says that nothing is left of what the user owned, which the User's controller records once the seats are free.
	HandedOver bool
}

// taken says that the address is not the user's to have, or not yet.
func (f Facts) taken() bool { return f.EmailHolder != "" || f.Unclaimed }

// Standing says what a user is to a pool that the user's roles need.
func Standing(u *v1alpha1.User, f Facts) seats.Standing {
	switch {
	case f.Organization == nil && u.DeletionTimestamp.IsZero():
		return seats.Keeps
	case leaves(u, f), over(u):
		return afterRevocation(u, f)
	case access.Leaving(u) && f.Tied, held(u, f.Organization), access.Detained(u, f.Organization): // who may not leave yet is given nothing more
		return seats.Keeps
	case f.UnknownRoles, f.taken(), f.Ending:
		return seats.Keeps
	}
	return seats.Claims
}

// StandingElsewhere says what a user is to a pool that the user's roles do not need, as far as the roles are known.
func StandingElsewhere(u *v1alpha1.User, f Facts) seats.Standing {
	switch {
	case f.Organization == nil && u.DeletionTimestamp.IsZero():
		return seats.Keeps
	case leaves(u, f), over(u):
		return afterRevocation(u, f)
	case f.UnknownRoles:
		return seats.Keeps
	case f.NoRoles && signedIn(u, f.Organization):
		return seats.Leaves
	}
	return seats.Frees
}

// signedIn says that somebody can sign in, as far as is on record.
func signedIn(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	has := u.Status.DirectoryAccount
	return HasDirectory(org) && has != nil && has.State == v1alpha1.AccountActive
}

// afterRevocation frees a seat only when the access that goes with it is revoked, and what the user owns is handed over.
func afterRevocation(u *v1alpha1.User, f Facts) seats.Standing {
	if u.Status.AccessRevokedAt == nil || handover.Pending(&u.Status) && !f.HandedOver {
		return seats.Leaves
	}
	return seats.Frees
}

// Revoked is the turn of the withdrawal from a pool after which the user's status says that what came with the seat is
// revoked; 0 when it says no such thing.
func Revoked(u *v1alpha1.User, pool string) int64 {
	for _, w := range u.Status.Withdrawals {
		if w.Pool == pool {
			return w.Turn
		}
	}
	return 0
}

// IsOwner says that u is the principal user of the organization.
func IsOwner(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return org != nil && org.Spec.Owner == u.Name && org.Name == u.Spec.Organization
}

// protected says that u cannot leave, being the owner of an organization that is not itself being deleted.
func protected(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return IsOwner(u, org) && org.DeletionTimestamp.IsZero()
}

// leaves says that u is declared to have no access, and that nothing is in the way.
func leaves(u *v1alpha1.User, f Facts) bool {
	return access.Leaving(u) && !protected(u, f.Organization) && !f.Tied && !held(u, f.Organization) && !access.Detained(u, f.Organization)
}

// ended says that an invitation was left without a yes, and that only somebody's request leads to another.
func ended(inv *v1alpha1.InvitationStatus) bool {
	return inv != nil && (inv.DeclinedAt != nil || inv.ExpiredAt != nil)
}

// over says that u has not accepted, and is not to be invited until somebody asks for it.
func over(u *v1alpha1.User) bool {
	return ended(u.Status.Invitation) && u.Status.AcceptedAt == nil && !askedAgain(u) && !readdressed(u)
}

// readdressed says that the invitation expired at an address that has been corrected since. Who declined at another
// address has declined.
func readdressed(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	return inv.DeclinedAt == nil && u.Status.Email != "" && !sameAddress(inv, u.Status.Email)
}

// askedAgain says that somebody asked for a fresh invitation that was not given yet.
func askedAgain(u *v1alpha1.User) bool {
	asked, inv := request(u), u.Status.Invitation
	return asked != "" && inv != nil && inv.AnswersRequest != asked
}

// request is what somebody wrote to ask for a fresh invitation, as far as it is kept.
func request(u *v1alpha1.User) string {
	const kept = 256
	asked := []rune(u.Annotations[v1alpha1.AnnotationResendInvitation])
	return string(asked[:min(len(asked), kept)])
}
