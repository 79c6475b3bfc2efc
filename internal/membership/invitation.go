// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// invite takes a user who holds a role to an accepted invitation, as far as it goes.
func (d *Decision) invite(s Situation) verdict.Verdict {
	u := d.User
	inv := u.Status.Invitation
	if u.Status.AcceptedAt != nil {
		u.Status.AccessRevokedAt = nil
		const message = "accepted the invitation and has access"
		verdict.Set(u, v1alpha1.ConditionInvited, true, v1alpha1.ReasonAccepted, "the invitation was accepted", d.now)
		verdict.Set(u, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "the invitation was accepted", d.now)
		return done(v1alpha1.ReasonActive, message)
	}
	if current(u) {
		return d.await()
	}
	if inv == nil || !reserved(u) || !d.now.Before(inv.ExpiresAt.Time) {
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
	return !ended(inv) && !askedAgain(u) && u.Status.AccessRevokedAt == nil && FoldEmail(inv.Email) == FoldEmail(u.Spec.Email)
}

// draft makes the next invitation. A crash between sending a mail and recording it causes a second mail, which
// has to be the same mail with the same link, so everything in it must be known before it is sent. In the usual
// case it follows from what is recorded already, the time at which the seat was given, and derived is true;
// otherwise the invitation is recorded first, at the cost of one more write.
func (d *Decision) draft(s Situation) (next v1alpha1.InvitationStatus, derived bool) {
	u := d.User
	ttl := s.Organization.Spec.Invitation.TTL.Duration
	next = v1alpha1.InvitationStatus{Sequence: 1, Email: u.Spec.Email, AnswersRequest: request(u), ExpiresAt: metav1.NewTime(d.now.Add(ttl))}
	if u.Status.Invitation != nil {
		next.Sequence = u.Status.Invitation.Sequence + 1
	}
	since := earliest(s.Seats)
	fresh := u.Status.Invitation == nil || u.Status.AccessRevokedAt != nil && since.After(u.Status.AccessRevokedAt.Time)
	if !since.IsZero() && fresh && since.Add(ttl).After(d.now) {
		next.ExpiresAt = metav1.NewTime(since.Add(ttl))
		return next, true
	}
	return next, false
}

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
	verdict.Set(d.User, v1alpha1.ConditionInvited, inv.Rejection == "", v.Reason, v.Message, d.now)
	return v
}

// end is what remains of an invitation that was declined or has expired.
func (d *Decision) end() verdict.Verdict {
	v := stuck(v1alpha1.ReasonInvitationExpired, "nobody answered the invitation in time: set annotation %s to any new value to invite again",
		v1alpha1.AnnotationResendInvitation)
	if d.User.Status.Invitation.DeclinedAt != nil {
		v = stuck(v1alpha1.ReasonDeclined, "the person declined the invitation: set annotation %s to any new value to invite again",
			v1alpha1.AnnotationResendInvitation)
	}
	d.revoke(v.Reason, v.Message)
	verdict.Unset(d.User, v1alpha1.ConditionSeated)
	return v
}

// Sent records that the mail server took the invitation that was to be sent.
func (d *Decision) Sent(at time.Time) {
	sent := metav1.NewTime(at.Truncate(time.Second))
	d.Send.SentAt = &sent
	d.conclude()
}

// Refused records that the mail server refuses the invitation for good, in its words.
func (d *Decision) Refused(words string) {
	d.Send.Rejection = cmp.Or(words, "it did not say why")
	d.conclude()
}

// Unsent records that the mail server could not be reached, or asks to come back later, in its words.
func (d *Decision) Unsent(words string, retryAt time.Time) {
	message := fmt.Sprintf("the mail server is not available (%s): the invitation is sent as soon as it is", words)
	d.Verdict = verdict.Verdict{Kind: verdict.Retry, Reason: v1alpha1.ReasonMailUnavailable, Message: message, WakeAt: retryAt}
}

func (d *Decision) conclude() {
	d.User.Status.Invitation, d.User.Status.AccessRevokedAt = d.Send, nil
	d.Verdict = d.sumUp(d.await())
}
