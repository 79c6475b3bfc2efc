// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// watchEnd records that access has ended by the clock (rule IN-1). All others go by the record, since they know no clock; it
// is also what keeps a manager whose clock is behind from taking the end back. What was told of another end is forgotten.
func (d *Decision) watchEnd() {
	st, until := &d.User.Status, access.Until(d.User)
	switch {
	case access.Ended(d.User):
	case until.IsZero():
		st.AccessEndedAt = nil
	case d.now.Before(until):
		st.AccessEndedAt, d.changes = nil, until
	default:
		st.AccessEndedAt = d.stamp()
	}
	d.watchPlan(until)
	if !st.AccessNotice.Until.Time.Equal(until) {
		st.AccessNotice = v1alpha1.AccessNotice{}
	}
}

// watchPlan records which end of access was declared ahead: one that is seen so long before as the organization's protection
// looks back, but for what a pass may be late, or that takes nothing from the user, or no more than was planned. An earlier end is
// a removal once it is over (rule AC-18).
func (d *Decision) watchPlan(until time.Time) {
	const lateness = 10 // parts of the window, of which one is allowed for
	st := &d.User.Status
	switch {
	case until.IsZero():
		st.PlannedEnd = nil
	case d.org == nil, st.PlannedEnd != nil && st.PlannedEnd.Time.Equal(until):
	case d.org.Protected() && access.Present(d.User) && !access.PlannedEnd(d.User) && until.Before(d.now.Add(access.Window(d.org.Spec.Protection)/lateness*(lateness-1))):
	default:
		st.PlannedEnd = new(metav1.NewTime(until))
	}
}

// announce tells that access ends before long: on record and by an event first, and then, which is to repeat what is on
// record, by a mail to who has access.
func (d *Decision) announce(s Situation) {
	until := access.Until(d.User)
	if until.IsZero() || access.Leaving(d.User) || d.org == nil {
		return
	}
	period := ptr.Deref(d.org.Spec.Offboarding.AccessNotice, metav1.Duration{}).Duration
	switch due := until.Add(-period); {
	case period <= 0:
	case s.Now.Before(due):
		d.changes = access.Sooner(d.changes, due)
	case d.User.Status.AccessNotice.Until.IsZero():
		d.putOnRecord(until, s.Now)
	case access.Active(d.User):
		d.mailNotice()
	}
}

// putOnRecord records that it is told that access ends, if there is any, or may be once an invitation is accepted.
func (d *Decision) putOnRecord(until, now time.Time) {
	active := access.Active(d.User)
	if !active && !open(d.User) && d.Send == nil {
		return
	}
	d.User.Status.AccessNotice = v1alpha1.AccessNotice{Until: metav1.NewTime(until), AnnouncedAt: *d.stamp()}
	if active && d.Verdict.Kind != verdict.Silent { // which is not written, so that another look would find the same
		d.changes = access.Sooner(d.changes, now)
	}
}

func (d *Decision) mailNotice() {
	if told := d.User.Status.AccessNotice; told.SentAt == nil && told.Rejection == "" {
		d.Notice = told.DeepCopy()
	}
}

// NoticeSent records that the mail server took the mail that access ends.
func (d *Decision) NoticeSent(at time.Time) {
	d.Notice.SentAt = new(metav1.NewTime(at.Truncate(time.Second)))
	d.User.Status.AccessNotice = *d.Notice
}

// NoticeRefused records that the mail server refuses it for good, in its words.
func (d *Decision) NoticeRefused(words string) {
	d.Notice.Rejection = cmp.Or(words, "it did not say why")
	d.User.Status.AccessNotice = *d.Notice
}

// NoticeUnsent has it tried again. Nothing else waits for it.
func (d *Decision) NoticeUnsent(retryAt time.Time) { d.changes = access.Sooner(d.changes, retryAt) }

// archived says why somebody is archived, and how the person comes back.
func archived(u *v1alpha1.User) string {
	if !access.Ended(u) {
		return "has no access and no seat: set spec.state to Active to bring the person back"
	}
	back := "set spec.accessUntil to a later time, or remove it,"
	if u.Spec.State != v1alpha1.UserActive {
		back += " and set spec.state to Active"
	}
	return fmt.Sprintf("access ended at %s (spec.accessUntil), and there is no seat any more: %s to bring the person back",
		access.Until(u).UTC().Format(time.RFC3339), back)
}
