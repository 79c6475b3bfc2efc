// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/address"
)

// Present says that a user has access, or could have it for the asking: an invitation is open.
func Present(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	open := inv != nil && inv.DeclinedAt == nil && inv.ExpiredAt == nil
	return u.Status.AccessRevokedAt == nil && (u.Status.AcceptedAt != nil || open)
}

// Removal says how a user of an organization is declared to lose access, or a role that somebody has to hold, while there is
// something to be taken yet; empty when not. Of these an organization with spec.protection lets so many pass (rule AC-18).
// Access that ends by spec.accessUntil as planned is none: it was declared ahead, and is not to go on because others end with it.
func Removal(u *v1alpha1.User, org *v1alpha1.Organization) v1alpha1.RemovalKind {
	switch {
	case !Present(u), Ended(u) && PlannedEnd(u):
		return ""
	case !u.DeletionTimestamp.IsZero():
		return v1alpha1.RemovalDelete
	case u.Spec.State == v1alpha1.UserSuspended:
		return v1alpha1.RemovalSuspend
	case u.Spec.State == v1alpha1.UserArchived:
		return v1alpha1.RemovalArchive
	case Ended(u):
		return v1alpha1.RemovalEnd
	case Readdressed(u) && org != nil && org.Spec.EmailChange == v1alpha1.EmailChangeReplace && org.Spec.Owner != u.Name:
		return v1alpha1.RemovalReplace
	case LossRequest(u) != 0:
		return v1alpha1.RemovalRoleLoss
	}
	return ""
}

// MayBeRemoved says that a user is removed, by what organization it may be.
func MayBeRemoved(u *v1alpha1.User) bool {
	return Removal(u, nil) != "" || Present(u) && Readdressed(u)
}

// Readdressed says that the address was edited, which has not taken effect.
func Readdressed(u *v1alpha1.User) bool {
	return u.Status.Email != "" && address.Fold(u.Status.Email) != address.Fold(u.Spec.Email)
}

// LossRequest is the number of the latest request of a user to give up a role that somebody has to hold; 0 when there is none.
func LossRequest(u *v1alpha1.User) int64 {
	var latest int64
	for _, r := range u.Status.RoleRequests {
		if r.Change == v1alpha1.RoleLoss {
			latest = max(latest, r.Number)
		}
	}
	return latest
}

// Detained says that the organization of a user, who is declared to have no access or to be replaced, has not let that pass.
// Who is only to lose a role is not detained: the role is.
func Detained(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return org != nil && org.Protected() && Removal(u, org) != v1alpha1.RemovalRoleLoss && Unpassed(u, org)
}

// Unpassed says that a user is removed from a protected organization in a way that it has not let pass.
func Unpassed(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	kind := Removal(u, org)
	return kind != "" && !slices.ContainsFunc(org.Status.Removals.Passed, func(p v1alpha1.PassedRemoval) bool { return Covers(&p, u, kind) })
}

// Covers says that what was let pass is this removal of a user. It is one generation of the User: whoever was taken back and is
// removed again is another removal. A deletion cannot be taken back, so it passed whatever is edited since. The loss of roles is
// known by the request.
func Covers(p *v1alpha1.PassedRemoval, u *v1alpha1.User, kind v1alpha1.RemovalKind) bool {
	switch {
	case p.UID != u.UID, p.By == v1alpha1.PassRejection:
		return false
	case p.Kind == v1alpha1.RemovalDelete && kind == v1alpha1.RemovalDelete:
		return true
	case kind == v1alpha1.RemovalRoleLoss:
		return p.Kind == kind && p.Request >= LossRequest(u)
	}
	return p.Kind != v1alpha1.RemovalRoleLoss && p.Generation == u.Generation
}

// Window is for how long a removal counts.
func Window(p v1alpha1.ProtectionPolicy) time.Duration {
	return ptr.Deref(p.Window, metav1.Duration{Duration: time.Hour}).Duration
}

// Rejected says that the organization lets a User go who is deleted, and that the person keeps everything for now.
func Rejected(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	return org != nil && org.Protected() && Removal(u, org) == v1alpha1.RemovalDelete &&
		slices.ContainsFunc(org.Status.Removals.Passed, func(p v1alpha1.PassedRemoval) bool {
			return p.UID == u.UID && p.By == v1alpha1.PassRejection
		})
}

// Refused says that the organization decided about the removal of a user, and holds it. It lists so many; there may be
// others.
func Refused(u *v1alpha1.User, org *v1alpha1.Organization) bool {
	r := &org.Status.Removals
	return int(r.HeldCount) > len(r.Held) || slices.ContainsFunc(r.Held, func(h v1alpha1.HeldRemoval) bool { return h.UID == u.UID })
}
