// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Present says that a user has access, or could have it for the asking: an invitation is open.
func Present(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	open := inv != nil && inv.DeclinedAt == nil && inv.ExpiredAt == nil
	return u.Status.AccessRevokedAt == nil && (u.Status.AcceptedAt != nil || open)
}

// Removal says that a user is declared to have no access, and that there is something to be taken yet. Of these an
// organization with spec.protection lets so many pass (rule AC-18). Access that ends by spec.accessUntil is none: it was
// declared ahead, and is not to go on because others end with it.
func Removal(u *v1alpha1.User) bool {
	taken := !u.DeletionTimestamp.IsZero() || u.Spec.State == v1alpha1.UserSuspended || u.Spec.State == v1alpha1.UserArchived
	return taken && !Ended(u) && Present(u)
}

// Detained says that the organization of a user, who is declared to have no access, has not let that pass. What it let pass
// is one generation of the User: whoever was taken back and is removed again is another removal.
func Detained(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return org != nil && org.Protected() && Removal(u) &&
		!slices.ContainsFunc(org.Status.Removals.Passed, func(p v1alpha1.PassedRemoval) bool {
			return p.UID == u.UID && p.Generation == u.Generation
		})
}

// Refused says that the organization decided about the removal of a user, and holds it. It lists so many; there may be
// others.
func Refused(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	r := &org.Status.Removals
	return int(r.HeldCount) > len(r.Held) || slices.ContainsFunc(r.Held, func(h v1alpha1.HeldRemoval) bool { return h.UID == u.UID })
}
