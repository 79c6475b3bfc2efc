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
	d.lessen(s)
	if !access.Refused(d.User, s.Organization) {
		return verdict.Verdict{Kind: verdict.Silent}
	}
	remedy := "approve it there, or set spec.state to Active"
	if !d.User.DeletionTimestamp.IsZero() {
		remedy = "approve it there"
	}
	return stuck(v1alpha1.ReasonRemovalHeld,
		"keeps access, since more people are removed than spec.protection of organization %s allows: see its condition RemovalsHeld, and %s",
		d.User.Spec.Organization, remedy)
}
