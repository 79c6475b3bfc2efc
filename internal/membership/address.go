// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Replaced is a person in whose place another one came (rule EZ-15).
type Replaced struct {
	// Email is the address that the person had.
	Email string
	// AcceptedAt is when the person accepted; nil when never.
	AcceptedAt *metav1.Time
	// Identity is who the person signed in as to accept.
	Identity v1alpha1.Identity
	// UID is the identity that the person's account is tied to, which the one who came does not get, and Account is that
	// account in the directory; nil when there was none. EmployeeNumber is the person's as well.
	UID            types.UID
	Account        *v1alpha1.DirectoryAccount
	EmployeeNumber string
}

// readdress lets an edit of the address take effect, as the organization's policy has it. One that leads to an address
// that is taken waits.
func (d *Decision) readdress(s Situation) {
	u, st := d.User, &d.User.Status
	switch {
	case !u.DeletionTimestamp.IsZero() && st.Email != "": // what remains is who was known
	case st.Email == "", FoldEmail(st.Email) == FoldEmail(u.Spec.Email):
		st.Email = u.Spec.Email
	case s.Organization == nil, s.taken():
	case s.Organization.Spec.EmailChange == v1alpha1.EmailChangeDeny:
		d.denied = true
	case s.Organization.Spec.EmailChange == v1alpha1.EmailChangeReplace:
		d.tryToReplace(s)
	default:
		st.Email = u.Spec.Email
	}
}

// tryToReplace replaces the person unless that would lock out the owner, or leave a role to somebody who has accepted nothing
// yet.
func (d *Decision) tryToReplace(s Situation) {
	if access.Detained(d.User, s.Organization) {
		return // first whether the one who is there goes
	}
	accepted := d.User.Status.AcceptedAt != nil
	d.denied = accepted && protected(d.User, s.Organization)
	d.replacing = accepted && !d.denied && s.Tied
	if !d.denied && !d.replacing {
		d.replace()
		d.User.Status.Email = d.User.Spec.Email
	}
}

// replace puts another person in the place of the one who was there. The seat stays; whatever that person was sent,
// accepted or declined does not count for the other.
func (d *Decision) replace() {
	st := &d.User.Status
	inv := st.Invitation
	mailed := inv != nil && (inv.SentAt != nil || sends(inv) > 0) && sameAddress(inv, st.Email)
	if st.AcceptedAt != nil || mailed || st.DirectoryAccount != nil { // of whom nobody wrote to, nothing remains
		d.Replaced = &Replaced{
			Email: st.Email, AcceptedAt: st.AcceptedAt, Identity: st.Identity, UID: d.User.Account(), Account: deactivated(st.DirectoryAccount), EmployeeNumber: st.EmployeeNumber,
		}
	}
	st.AccessNotice.SentAt, st.AccessNotice.Rejection = nil, "" // the other was told nothing
	if inv != nil {
		inv.DeclinedAt, inv.ExpiredAt, inv.Sends = nil, nil, ptr.To(int32(0))
		if st.AccessRevokedAt == nil {
			st.AccessRevokedAt = d.stamp() // else the link would work again should the address be set back
		}
	}
	d.renewed, st.AccountUID = true, another(d.User, d.User.Spec.Email)
	st.DirectoryAccount, st.EmployeeNumber = nil, ""
	st.AcceptedAt, st.Identity = nil, v1alpha1.Identity{} // a first password is handed over once, and not to another
	verdict.Unset(d.User, v1alpha1.ConditionAccepted)
}

// known is the address that the operator knows the person by.
func known(u *v1alpha1.User) string { return cmp.Or(u.Status.Email, u.Spec.Email) }

// unedited is why an edit of the address has no effect.
func unedited(org *v1alpha1.Organization) verdict.Verdict {
	if org.Spec.EmailChange == v1alpha1.EmailChangeReplace {
		return stuck(v1alpha1.ReasonOwnerProtected,
			"is the owner of organization %s, whom another person would replace (spec.emailChange): name another owner there first, or set spec.email back", org.Name)
	}
	return stuck(v1alpha1.ReasonEmailChangeDenied,
		"spec.email was edited, and organization %s denies that (spec.emailChange): set it back, or delete this User and create one with the new address",
		org.Name)
}

func sameAddress(inv *v1alpha1.InvitationStatus, email string) bool {
	return FoldEmail(inv.Email) == FoldEmail(email)
}
