// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// remain is what becomes of a user whose removal the organization has not let pass: nothing, but for roles that are not declared
// any more. Before it has decided there is nothing to tell. What is told names no figure and no token: these change with
// everybody else who is removed, and thousands would be written anew each time.
func (d *Decision) remain(s Situation) verdict.Verdict {
	if access.Rejected(d.User, s.Organization) {
		d.park(s)
		return verdict.Verdict{Kind: verdict.Silent}
	}
	d.lessen(s)
	switch {
	case access.Refused(d.User, s.Organization):
	case access.Ended(d.User) && !access.Ended(s.User): // by which the organization goes
		return verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonArchiving, Message: "spec.accessUntil is over, and the organization decides whether access may end"}
	default:
		return verdict.Verdict{Kind: verdict.Silent}
	}
	remedy := "approve it there"
	switch access.Removal(d.User, s.Organization) {
	case v1alpha1.RemovalArchive, v1alpha1.RemovalSuspend:
		remedy += ", or set spec.state to Active"
	case v1alpha1.RemovalReplace:
		remedy += ", or set spec.email back"
	case v1alpha1.RemovalEnd:
		remedy += ", or set a later spec.accessUntil"
	default: // a deletion cannot be taken back
		remedy = "approve or reject it there"
	}
	return stuck(v1alpha1.ReasonRemovalHeld,
		"keeps access, since more people are removed than spec.protection of organization %s allows: see its condition RemovalsHeld, and %s",
		d.User.Spec.Organization, remedy)
}

// tiedBy says what becomes of a role that may not be given up yet, of a user who stays: it may be that the loss is one removal too
// many.
func (d *Decision) tiedBy(s Situation, t access.Tied) verdict.Verdict {
	org := s.Organization
	if t.Refused && org != nil && org.Protected() && access.Removal(s.User, org) == v1alpha1.RemovalRoleLoss &&
		access.Unpassed(s.User, org) && access.Refused(s.User, org) {
		return stuck(v1alpha1.ReasonRemovalHeld,
			"keeps role %s, since more people are removed, or lose such a role, than spec.protection of organization %s allows: see its condition RemovalsHeld, and approve it there, or give the role back",
			t.Role.Name, org.Name)
	}
	return tied(t)
}
