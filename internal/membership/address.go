// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Replaced is a person in whose place another one came (rule EZ-15).
type Replaced struct {
	// Email is the address that the person had.
	Email string
	// AcceptedAt is when the person accepted; nil when never.
	AcceptedAt *metav1.Time
}

// readdress lets an edit of the address take effect, as the organization's policy has it. One that leads to an address
// that is taken waits.
func (d *Decision) readdress(s Situation) {
	u, st := d.User, &d.User.Status
	switch {
	case st.Email == "", FoldEmail(st.Email) == FoldEmail(u.Spec.Email):
		st.Email = u.Spec.Email
	case s.Organization == nil, s.EmailHolder != "":
	case s.Organization.Spec.EmailChange == v1alpha1.EmailChangeDeny:
		d.denied = true
	case s.Organization.Spec.EmailChange == v1alpha1.EmailChangeReplace:
		d.replace()
		st.Email = u.Spec.Email
	default:
		st.Email = u.Spec.Email
	}
}

// replace puts another person in the place of the one who was there. The seat stays; whatever that person was sent,
// accepted or declined does not count for the other.
func (d *Decision) replace() {
	st := &d.User.Status
	if inv := st.Invitation; inv != nil {
		if st.AcceptedAt != nil || inv.SentAt != nil && sameAddress(inv, st.Email) { // of whom nobody wrote to, nothing remains
			d.Replaced = &Replaced{Email: st.Email, AcceptedAt: st.AcceptedAt}
		}
		inv.DeclinedAt, inv.ExpiredAt, inv.Sends = nil, nil, ptr.To(int32(0))
		if st.AccessRevokedAt == nil {
			st.AccessRevokedAt = d.stamp() // else the link would work again should the address be set back
		}
	}
	st.AcceptedAt, st.InitialPasswordAt = nil, nil
	verdict.Unset(d.User, v1alpha1.ConditionAccepted)
}

func sameAddress(inv *v1alpha1.InvitationStatus, email string) bool {
	return FoldEmail(inv.Email) == FoldEmail(email)
}
