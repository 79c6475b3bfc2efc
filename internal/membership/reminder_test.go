// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// reminding is an organization that reminds people each interval, with max mails in all.
func reminding(interval time.Duration, limit int32) func(*membership.Situation) {
	return func(s *membership.Situation) {
		s.Organization = build.Organization("acme").In("acme").Reminders(interval, limit).Obj()
	}
}

// invited is jean, who was sent an invitation ago, and counted mails in all.
func invited(ago time.Duration, counted int32, change ...func(*v1alpha1.InvitationStatus)) *v1alpha1.User {
	u := jean().Invited(3, expiry).Obj()
	u.Status.Invitation.SentAt, u.Status.Invitation.Sends = at(now.Add(-ago)), ptr.To(counted)
	for _, c := range change {
		c(u.Status.Invitation)
	}
	return u
}

func remindedAt(t time.Time) func(*v1alpha1.InvitationStatus) {
	return func(inv *v1alpha1.InvitationStatus) { inv.RemindedAt = at(t) }
}

func TestReminders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with func(*membership.Situation)
		// reminder is the number of the one that is sent, written its date; 0 when none is. wake is the next look.
		reminder int
		written  time.Time
		wake     time.Time
	}{
		"none wanted":     {why: "unset, nobody is reminded", user: invited(72*hour, 1), with: seated("standard"), wake: expiry},
		"not yet":         {why: "the clock wakes us", user: invited(47*hour, 1), with: reminding(48*hour, 3), wake: now.Add(hour)},
		"due":             {why: "the interval is over", user: invited(48*hour, 1), with: reminding(48*hour, 3), reminder: 1, written: now, wake: expiry},
		"long due":        {why: "an operator that was down sends one, dated when it was due", user: invited(100*hour, 1), with: reminding(48*hour, 3), reminder: 1, written: now.Add(-52 * hour), wake: expiry},
		"the next":        {why: "it counts from the one before", user: invited(100*hour, 2, remindedAt(now.Add(-48*hour))), with: reminding(48*hour, 3), reminder: 2, written: now, wake: expiry},
		"the next, later": {why: "however late the one before was", user: invited(100*hour, 2, remindedAt(now.Add(-4*hour))), with: reminding(48*hour, 3), wake: now.Add(44 * hour)},
		"enough":          {why: "maxSends mails were sent", user: invited(100*hour, 3, remindedAt(now.Add(-48*hour))), with: reminding(48*hour, 3), wake: expiry},
		"one alone":       {why: "maxSends counts the invitation", user: invited(100*hour, 1), with: reminding(48*hour, 1), wake: expiry},
		"too late":        {why: "after the end there is nothing to remind of", user: invited(2*hour, 1), with: reminding(168*hour, 3), wake: expiry},
		"refused":         {why: "an address that refuses mail is left alone", user: invited(72*hour, 1, rejected("550")), with: reminding(48*hour, 3), wake: expiry},
		"declined":        {why: "no is no", user: invited(72*hour, 1, declinedAt(now.Add(-hour))), with: reminding(48*hour, 3)},
		"not counted":     {why: "who was invited before mails were counted was sent one", user: changed(invited(48*hour, 0), func(u *v1alpha1.User) { u.Status.Invitation.Sends = nil }), with: reminding(48*hour, 2), reminder: 1, written: now, wake: expiry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(c.user, c.with, seated("standard"))
			d := membership.Next(s)
			if (d.Send != nil) != (c.reminder > 0) || d.Reminder != c.reminder || !d.WrittenAt.Equal(c.written) {
				t.Errorf("sends %v, reminder %d of %v; want %d of %v: %s", d.Send, d.Reminder, d.WrittenAt, c.reminder, c.written, c.why)
			}
			if !d.Verdict.WakeAt.Equal(c.wake) {
				t.Errorf("wakes at %v, want %v: %s", d.Verdict.WakeAt, c.wake, c.why)
			}
		})
	}
}

func TestWhatBecomesOfAReminder(t *testing.T) {
	t.Parallel()
	remind := func() (membership.Situation, membership.Decision) {
		s := situation(invited(48*hour, 1), reminding(48*hour, 3), seated("standard"))
		return s, membership.Next(s)
	}
	t.Run("sent", func(t *testing.T) {
		t.Parallel()
		_, d := remind()
		d.Sent(now.Add(time.Minute))
		inv := d.User.Status.Invitation
		if *inv.Sends != 2 || !inv.RemindedAt.Equal(at(now.Add(time.Minute))) || !inv.SentAt.Equal(at(now.Add(-48*hour))) || inv.Sequence != 3 {
			t.Errorf("on record is %+v: the same invitation, with one mail more", inv)
		}
		if want := now.Add(time.Minute + 48*hour); !d.Verdict.WakeAt.Equal(want) || d.Verdict.Reason != v1alpha1.ReasonInvited {
			t.Errorf("the verdict is %v, want the next reminder at %v", d.Verdict, want)
		}
	})
	t.Run("unsent", func(t *testing.T) {
		t.Parallel()
		s, d := remind()
		d.Unsent("connection refused", now.Add(hour))
		verdict.Conclude(d.User, d.Verdict, s.Now)
		if d.Verdict.Kind != verdict.Done || !d.Verdict.WakeAt.Equal(now.Add(hour)) || d.User.Status.Invitation.RemindedAt != nil {
			t.Errorf("the verdict is %v: the person is invited all the same", d.Verdict)
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		s, d := remind()
		d.Refused("550 no such user")
		if d.Verdict.Reason != v1alpha1.ReasonMailRejected {
			t.Errorf("the verdict is %v: somebody should know that the mailbox is gone", d.Verdict)
		}
		s.User = d.User
		if again := membership.Next(s); again.Send != nil {
			t.Error("what was refused is sent again")
		}
	})
}

func TestInvitationsThatNobodyAskedForAreLimited(t *testing.T) {
	t.Parallel()
	revoked := at(now.Add(-3 * hour))
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		// reason is the verdict's; carried is what the next invitation starts to count from.
		reason  string
		carried int32
	}{
		"below":            {"two of three were sent", invited(24*hour, 2), "", 2},
		"reached":          {"a seat that comes and goes is no reason to write for ever", invited(24*hour, 3), v1alpha1.ReasonInvitationExpired, 0},
		"asked":            {"counts do not limit who asks", changed(invited(24*hour, 3), asked("1")), "", 0},
		"another address":  {"the limit is for one mailbox", changed(invited(24*hour, 3), func(u *v1alpha1.User) { u.Spec.Email = "j@acme.example" }), "", 0},
		"back after leave": {"somebody brought the person back", invited(24*hour, 0), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.user.Status.AccessRevokedAt = revoked
			d := membership.Next(situation(c.user, seated("standard")))
			if d.Verdict.Reason != c.reason && !(c.reason == "" && d.Verdict.Reason == v1alpha1.ReasonInviting) {
				t.Fatalf("the verdict is %v, want %s: %s", d.Verdict, c.reason, c.why)
			}
			next := d.Send
			if next == nil {
				next = d.User.Status.Invitation
			}
			if c.reason == "" && ptr.Deref(next.Sends, 0) != c.carried {
				t.Errorf("the next counts from %v, want %d: %s", next.Sends, c.carried, c.why)
			}
			if c.reason != "" && (next.ExpiredAt == nil || len(d.User.Status.Roles) > 0) {
				t.Errorf("on record is %+v with roles %v: the seat goes to the next", next, d.User.Status.Roles)
			}
		})
	}
}

func TestLeavingStartsTheCountAnew(t *testing.T) {
	t.Parallel()
	u := invited(24*hour, 3)
	u.Spec.State = v1alpha1.UserSuspended
	if d := membership.Next(situation(u)); *d.User.Status.Invitation.Sends != 0 {
		t.Errorf("%d mails still count", *d.User.Status.Invitation.Sends)
	}
}

func asked(request string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) {
		u.Annotations = map[string]string{v1alpha1.AnnotationResendInvitation: request}
	}
}

func TestMailThatWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	d := membership.Next(situation(jean().Obj(), seated("standard")))
	d.Queued()
	if want := expiry.Add(-ttl / 2); d.Verdict.Kind != verdict.Silent || !d.Verdict.WakeAt.Equal(want) {
		t.Errorf("the verdict is %v, want silence until %v, when it is drafted anew", d.Verdict, want)
	}
}

// A shorter time to answer holds for what is recorded and not sent yet: its mail would be dated in the future.
func TestShorterTimeToAnswer(t *testing.T) {
	t.Parallel()
	s := situation(jean().Roles("guest").Inviting(1, now.Add(ttl)).Obj())
	s.Organization = build.Organization("acme").In("acme").TTL(24 * hour).Obj()
	d := membership.Next(s)
	if inv := d.User.Status.Invitation; d.Send != nil || inv.Sequence != 2 || !inv.ExpiresAt.Time.Equal(now.Add(24*hour)) {
		t.Errorf("sends %v, on record is %+v", d.Send, inv)
	}
}

func TestWordsOfAnOutageStay(t *testing.T) {
	t.Parallel()
	u := jean().Obj()
	for _, c := range []struct{ words, want string }{
		{"451 4.3.0 Come back later, x-17", "x-17"},
		{"451 4.3.0 Come back later, x-18", "x-17"}, // or each try would be a write
		{"dial 10.0.0.1:25: connection refused", "connection refused"},
	} {
		s := situation(u, seated("standard"))
		d := membership.Next(s)
		d.Unsent(c.words, now.Add(hour))
		verdict.Conclude(d.User, d.Verdict, s.Now)
		if !strings.Contains(d.Verdict.Message, c.want) {
			t.Errorf("the message is %q, want %q in it", d.Verdict.Message, c.want)
		}
		u = d.User
	}
}
