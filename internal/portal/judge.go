// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// Verdict is what a link is worth.
type Verdict string

const (
	// NotFound is a link that Seatkeeper did not make. Nothing is said about anybody.
	NotFound Verdict = "NotFound"
	// Open is a link that can be answered.
	Open Verdict = "Open"
	// Accepted is a link of somebody who has accepted.
	Accepted Verdict = "Accepted"
	// Declined is a link that was answered with no.
	Declined Verdict = "Declined"
	// Expired is a link whose time is over.
	Expired Verdict = "Expired"
	// Superseded is a link that a newer one replaces, or whose address is no longer the user's.
	Superseded Verdict = "Superseded"
	// Revoked is a link to a membership that is suspended, archived, over, or being deleted.
	Revoked Verdict = "Revoked"
	// NotYet is a link that arrived before the record of it: its mail is sent first, then recorded.
	NotYet Verdict = "NotYet"
)

// Judge says what a link is worth: one that claims to be for user and carries the seal.
func Judge(keys invitation.Keyring, user *v1alpha1.User, claims invitation.Claims, seal []byte, now time.Time) Verdict {
	switch {
	case claims.UID != user.UID, !keys.Genuine(claims, seal):
		return NotFound
	case !keys.Verify(claims, user.Spec.Email, seal):
		return Superseded
	}
	return judgeGenuine(user, claims, now)
}

// judgeGenuine tells first what concerns the person, then what concerns the link.
func judgeGenuine(user *v1alpha1.User, claims invitation.Claims, now time.Time) Verdict {
	latest := user.Status.Invitation
	switch {
	case !user.DeletionTimestamp.IsZero(), user.Spec.State != v1alpha1.UserActive, access.EndedBy(user, now):
		return Revoked
	case user.Status.AcceptedAt != nil:
		return Accepted
	case latest != nil && claims.Sequence < latest.Sequence:
		return Superseded
	case latest == nil, claims.Sequence > latest.Sequence:
		if !now.Before(claims.ExpiresAt) {
			return Expired
		}
		return NotYet
	case claims.ExpiresAt.Unix() != latest.ExpiresAt.Unix(): // the API keeps whole seconds
		return Superseded
	}
	return judgeLatest(user, now)
}

// judgeLatest judges the link of the latest invitation that is on record.
func judgeLatest(user *v1alpha1.User, now time.Time) Verdict {
	latest := user.Status.Invitation
	switch {
	case latest.DeclinedAt != nil:
		return Declined
	case latest.ExpiredAt != nil, !now.Before(latest.ExpiresAt.Time):
		return Expired
	case user.Status.AccessRevokedAt != nil:
		return Revoked
	case latest.SentAt == nil && latest.Rejection == "":
		return NotYet
	}
	return Open
}
