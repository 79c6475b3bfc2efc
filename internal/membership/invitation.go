// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// invite takes a user who holds a role to an accepted invitation, as far as it goes.
func (d *Decision) invite(s Situation) verdict.Verdict {
	u := d.User
	if u.Status.AcceptedAt != nil {
		u.Status.AccessRevokedAt = nil
		const message = "accepted the invitation and has access"
		verdict.Set(u, v1alpha1.ConditionInvited, true, v1alpha1.ReasonAccepted, "the invitation was accepted", d.now)
		verdict.Set(u, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "the invitation was accepted", d.now)
		return done(v1alpha1.ReasonActive, message)
	}
	if v := d.prepare(s); v.Kind != verdict.Done {
		return v
	}
	if current(u) {
		v := d.await()
		d.remind()
		return v
	}
	return d.send(s)
}

// send sends an invitation that was decided upon, or decides upon the next.
func (d *Decision) send(s Situation) verdict.Verdict {
	u := d.User
	inv := u.Status.Invitation
	if ttl := ttl(s.Organization); !reserved(u) || !worthSending(inv.ExpiresAt.Time, d.now, ttl) || inv.ExpiresAt.After(d.now.Add(ttl+skew)) {
		if d.exhausted() {
			inv.ExpiredAt = d.stamp()
			d.dropRoles()
			return d.end()
		}
		next, derived := d.draft(s)
		if !derived {
			u.Status.Invitation, u.Status.AccessRevokedAt = &next, nil
			const message = "an invitation is on its way to the mail server"
			verdict.Set(u, v1alpha1.ConditionInvited, false, v1alpha1.ReasonInviting, message, d.now)
			return verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: message, WakeAt: s.Now}
		}
		inv = &next
	}
	d.Send = inv.DeepCopy()
	d.Send.Email = u.Spec.Email // in the present spelling, which is what the mail server judges
	return verdict.Verdict{Kind: verdict.Silent}
}

// current says that the latest invitation is the one to await an answer to: it was sent, or refused by the
// mail server, and nothing has happened since that calls for another.
func current(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	return inv != nil && (inv.SentAt != nil || inv.Rejection != "" && inv.Email == u.Spec.Email) && stands(u)
}

// open says that the latest invitation waits for an answer, until it expires.
func open(u *v1alpha1.User) bool { return u.Status.AcceptedAt == nil && current(u) }

// reserved says that the latest invitation was decided upon and recorded, and is still to be sent.
func reserved(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	return inv != nil && inv.SentAt == nil && inv.Rejection == "" && stands(u)
}

// stands says that nothing has happened since the latest invitation that calls for another.
func stands(u *v1alpha1.User) bool {
	inv := u.Status.Invitation
	return !ended(inv) && !askedAgain(u) && u.Status.AccessRevokedAt == nil && sameAddress(inv, known(u))
}

// draft makes the next invitation. A crash between sending a mail and recording it causes a second mail, which
// has to be the same mail with the same link, so everything in it must be known before it is sent. In the usual
// case it follows from what is recorded already, the time at which the seat was given, and derived is true;
// otherwise the invitation is recorded first, at the cost of one more write.
func (d *Decision) draft(s Situation) (next v1alpha1.InvitationStatus, derived bool) {
	u, ttl := d.User, ttl(s.Organization)
	next = v1alpha1.InvitationStatus{Sequence: 1, Email: u.Spec.Email, AnswersRequest: request(u), ExpiresAt: metav1.NewTime(d.now.Add(ttl))}
	if last := u.Status.Invitation; last != nil {
		next.Sequence = last.Sequence + 1
		if !askedAgain(u) && sameAddress(last, u.Spec.Email) {
			next.Sends = ptr.To(sends(last))
		}
	}
	since := earliest(s.Seats)
	fresh := u.Status.Invitation == nil || u.Status.AccessRevokedAt != nil && since.After(u.Status.AccessRevokedAt.Time)
	if expiresAt := since.Add(ttl); !since.IsZero() && fresh && worthSending(expiresAt, d.now, ttl) {
		next.ExpiresAt = metav1.NewTime(expiresAt)
		return next, true
	}
	return next, false
}

// skew is how far apart the clocks of two managers may be.
const skew = 5 * time.Minute

// worthSending says that a mail which was held up, as by a server that was not there for days, leaves the person at
// least half of the time to answer.
func worthSending(expiresAt, now time.Time, ttl time.Duration) bool {
	return now.Before(expiresAt.Add(-ttl / 2))
}

func ttl(org *v1alpha1.Organization) time.Duration { return org.Spec.Invitation.TTL.Duration }

func earliest(seats []Seat) time.Time {
	var first time.Time
	for _, s := range seats {
		if first.IsZero() || s.Since.Before(first) {
			first = s.Since
		}
	}
	return first
}

// expire ends an open invitation when its time is over. What came with an invitation that ended is revoked, whatever
// else keeps the user from going on.
func (d *Decision) expire() {
	if inv := d.User.Status.Invitation; open(d.User) && !d.now.Before(inv.ExpiresAt.Time) {
		inv.ExpiredAt = d.stamp()
	}
	if over(d.User) {
		d.end()
	}
}

// await waits for an answer to the latest invitation, until it expires.
func (d *Decision) await() verdict.Verdict {
	inv := d.User.Status.Invitation
	v := done(v1alpha1.ReasonInvited, "the invitation is out, and waits for an answer until "+inv.ExpiresAt.UTC().Format(time.RFC3339))
	if inv.Rejection != "" {
		v = stuck(v1alpha1.ReasonMailRejected, "the mail server refused the invitation (%s): correct spec.email, or set annotation %s to try again",
			inv.Rejection, v1alpha1.AnnotationResendInvitation)
	}
	v.WakeAt = inv.ExpiresAt.Time
	if due := d.reminderDue(); !due.IsZero() && due.After(d.now) {
		v.WakeAt = access.Sooner(v.WakeAt, due)
	}
	verdict.Set(d.User, v1alpha1.ConditionInvited, inv.Rejection == "", v.Reason, v.Message, d.now)
	return v
}

// end is what remains of an invitation that was declined or has expired.
func (d *Decision) end() verdict.Verdict {
	v := stuck(v1alpha1.ReasonInvitationExpired, "nobody answered the invitation in time: set annotation %s to any new value to invite again",
		v1alpha1.AnnotationResendInvitation)
	switch inv := d.User.Status.Invitation; {
	case inv.DeclinedAt == nil && inv.ExpiredAt != nil && inv.ExpiredAt.Before(&inv.ExpiresAt):
		v = stuck(v1alpha1.ReasonInvitationExpired,
			"nobody answered %d mails, as many as organization %s sends (spec.invitation.maxSends): set annotation %s to any new value to invite again",
			sends(inv), d.User.Spec.Organization, v1alpha1.AnnotationResendInvitation)
	case inv.DeclinedAt != nil:
		v = stuck(v1alpha1.ReasonDeclined, "the person declined the invitation: set annotation %s to any new value to invite again",
			v1alpha1.AnnotationResendInvitation)
	}
	d.revoke(v.Reason, v.Message)
	verdict.Unset(d.User, v1alpha1.ConditionSeated)
	return v
}

// Sent records that the mail server took what was to be sent.
func (d *Decision) Sent(at time.Time) {
	sent := metav1.NewTime(at.Truncate(time.Second))
	d.Send.Sends = ptr.To(sends(d.Send) + 1)
	if d.Reminder > 0 {
		d.Send.RemindedAt = &sent
	} else {
		d.Send.SentAt = &sent
	}
	d.conclude()
}

// Refused records that the mail server refuses the mail for good, in its words.
func (d *Decision) Refused(words string) {
	d.Send.Rejection = cmp.Or(words, "it did not say why")
	d.conclude()
}

// Queued records that the mail has not been tried yet. An invitation that waits for too long is drafted anew.
func (d *Decision) Queued() {
	if d.Reminder == 0 {
		d.Verdict.WakeAt = d.Send.ExpiresAt.Add(-ttl(d.org) / 2)
	}
}

// Unsent records that the mail server could not be reached, or asks to come back later, in its words. Nobody has to be
// told that of a reminder.
func (d *Decision) Unsent(words string, retryAt time.Time) {
	if d.Reminder > 0 {
		d.Verdict.WakeAt = access.Sooner(d.Verdict.WakeAt, retryAt)
		return
	}
	message := fmt.Sprintf("the mail server is not available (%s): the invitation is sent as soon as it is", words)
	if c := meta.FindStatusCondition(d.User.Status.Conditions, v1alpha1.ConditionReady); c != nil && sameStart(c.Message, message) {
		message = c.Message // many servers end their words with a number that is another one each time
	}
	d.Verdict = verdict.Verdict{Kind: verdict.Retry, Reason: v1alpha1.ReasonMailUnavailable, Message: message, WakeAt: retryAt}
}

// sameStart says that two messages begin alike, with the code of the server's reply and the first words after it.
func sameStart(a, b string) bool {
	const alike = 10
	x, y := strings.Fields(a), strings.Fields(b)
	n := min(alike, len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

func (d *Decision) conclude() {
	d.User.Status.Invitation, d.User.Status.AccessRevokedAt = d.Send, nil
	d.Verdict = d.sumUp(d.await())
}
