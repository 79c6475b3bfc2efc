// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Until is when a user's access ends by spec.accessUntil, in whole seconds, which is what the status can record; zero when it
// has no end.
func Until(u *v1alpha1.User) time.Time {
	if u.Spec.AccessUntil == nil {
		return time.Time{}
	}
	return u.Spec.AccessUntil.Truncate(time.Second)
}

// Ended says that it is on record that spec.accessUntil is over. A later time than was found to be over, or none, takes the
// record back by itself.
func Ended(u *v1alpha1.User) bool {
	until := Until(u)
	return !until.IsZero() && u.Status.AccessEndedAt != nil && !until.After(u.Status.AccessEndedAt.Time)
}

// PlannedEnd says that access ends no earlier than was declared ahead.
func PlannedEnd(u *v1alpha1.User) bool {
	return u.Status.PlannedEnd != nil && !Until(u).Before(u.Status.PlannedEnd.Time)
}

// EndedBy says that spec.accessUntil is over at a time, whether or not that is on record.
func EndedBy(u *v1alpha1.User, now time.Time) bool {
	until := Until(u)
	return Ended(u) || !until.IsZero() && !now.Before(until)
}
