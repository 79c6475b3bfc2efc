// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// remind sends a reminder of an invitation that nobody answered, when it is due.
func (d *Decision) remind() {
	due := d.reminderDue()
	if due.IsZero() || due.After(d.now) {
		return
	}
	d.Send = d.User.Status.Invitation.DeepCopy()
	d.Reminder, d.WrittenAt = int(sends(d.Send)), due
}

// reminderDue is when the next reminder of the invitation that is open is to be sent; zero when there is none to come.
func (d *Decision) reminderDue() time.Time {
	inv, policy := d.User.Status.Invitation, d.org.Spec.Invitation
	if policy.ReminderInterval == nil || inv.SentAt == nil || inv.Rejection != "" || sends(inv) >= policy.MaxSends {
		return time.Time{}
	}
	last := inv.SentAt.Time
	if inv.RemindedAt != nil {
		last = inv.RemindedAt.Time
	}
	due := last.Add(policy.ReminderInterval.Duration)
	if !due.Before(inv.ExpiresAt.Time) {
		return time.Time{}
	}
	return due
}

// exhausted says that the person was sent as many mails as the organization allows without anybody asking for more.
func (d *Decision) exhausted() bool {
	u := d.User
	inv := u.Status.Invitation
	return inv != nil && !askedAgain(u) && sameAddress(inv, u.Spec.Email) && sends(inv) >= d.org.Spec.Invitation.MaxSends
}

// sends is how many mails the person was sent since somebody last asked. An invitation that was recorded before they were
// counted was sent once.
func sends(inv *v1alpha1.InvitationStatus) int32 {
	if inv.Sends == nil && inv.SentAt != nil {
		return 1
	}
	return ptr.Deref(inv.Sends, 0)
}
