// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// member is jean, who has had access for long.
func member() *build.UserBuilder {
	return jean().Known("jean@acme.example").AcceptedAt(now.Add(-48 * hour)).Holds("standard").Seats("standard")
}

// noticing is an organization that tells of the end of access so long before.
func noticing(before time.Duration) func(*membership.Situation) {
	return func(s *membership.Situation) { s.Organization.Spec.Offboarding.AccessNotice.Duration = before }
}

// TestIN1_AccessEnds walks through what becomes of somebody whose access is temporary.
func TestIN1_AccessEnds(t *testing.T) {
	t.Parallel()
	const back = "set spec.accessUntil to a later time, or remove it,"
	day := 24 * hour
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with []func(*membership.Situation)
		// reason is the verdict's, revoked whether access is, and ended when the end is on record. wake is when the next pass is
		// due, and says a part of the message.
		reason  string
		revoked bool
		ended   time.Time
		wake    time.Time
		says    string
	}{
		"to come": {
			why: "a timer ends it", user: member().Until(now.Add(hour)).Obj(), with: with(noticing(0), seated("standard")),
			reason: v1alpha1.ReasonActive, wake: now.Add(hour),
		},
		"to come, invited": {
			why: "an end before the invitation's", user: jean().Known("jean@acme.example").Holds("standard").Invited(1, expiry).Until(now.Add(hour)).Obj(), with: with(noticing(0), seated("standard")),
			reason: v1alpha1.ReasonInvited, wake: now.Add(hour),
		},
		"to come, suspended": {
			why: "who is suspended is archived then", user: member().State(v1alpha1.UserSuspended).Until(now.Add(hour)).Obj(), with: with(noticing(0)),
			reason: v1alpha1.ReasonSuspended, revoked: true, wake: now.Add(hour),
		},
		"now": {
			why: "access first, then the seat", user: member().Until(now).Obj(), with: with(seated("standard")),
			reason: v1alpha1.ReasonArchiving, revoked: true, ended: now,
		},
		"seatless": {
			why: "the reason is on the object, and what to do", user: member().Until(now.Add(-hour)).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now, says: "access ended at 2026-03-02T08:00:00Z (spec.accessUntil), and there is no seat any more: " + back + " to bring the person back",
		},
		"long since": {
			why: "the record stays as it is", user: member().Until(now.Add(-day)).Ended(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now.Add(-hour), says: "access ended at 2026-03-01T09:00:00Z",
		},
		"invited": {
			why: "nobody is awaited any more", user: jean().Holds("standard").Invited(1, expiry).Until(now).Obj(), with: with(seated("standard")),
			reason: v1alpha1.ReasonArchiving, revoked: true, ended: now,
		},
		"new": {
			why: "who is over at creation is never invited", user: jean().Until(now.Add(-day)).Obj(), with: with(seated("standard")),
			reason: v1alpha1.ReasonArchiving, revoked: true, ended: now,
		},
		"suspended": {
			why: "an end counts more than a pause, and both have to be undone", user: member().State(v1alpha1.UserSuspended).Until(now).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now, says: back + " and set spec.state to Active to bring",
		},
		"archived before": {
			why: "both have to be undone", user: member().State(v1alpha1.UserArchived).Until(now).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now, says: back + " and set spec.state to Active to bring",
		},
		"archived, to come": {
			why: "the end has nothing to do with it", user: member().State(v1alpha1.UserArchived).Until(now.Add(hour)).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, wake: now.Add(hour), says: "has no access and no seat: set spec.state to Active",
		},
		"the owner": {
			why: "is protected", user: member().Until(now).Obj(), with: with(seated("standard"), owned),
			reason: v1alpha1.ReasonOwnerProtected, ended: now,
		},
		"without an organization": {
			why: "who decides is not known", user: member().Until(now).Obj(), with: with(seated("standard"), noOrganization),
			reason: v1alpha1.ReasonOrganizationNotFound, ended: now,
		},
		"a clock that is behind": {
			why: "another manager found that it was over: nobody comes back for a second", user: member().Until(now.Add(2 * time.Second)).Ended(now.Add(2 * time.Second)).Revoked(now.Add(2 * time.Second)).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now.Add(2 * time.Second),
		},
		"extended": {
			why: "the person is back at once, and has a seat", user: member().Until(now.Add(hour)).Ended(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), with: with(noticing(0), seated("standard")),
			reason: v1alpha1.ReasonActive, wake: now.Add(hour),
		},
		"extended, and full": {
			why: "a seat is claimed anew", user: member().Until(now.Add(hour)).Ended(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(),
			with:   with(noticing(0), pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 1})),
			reason: v1alpha1.ReasonAwaitingSeat, revoked: true, wake: now.Add(hour),
		},
		"extended, over again": {
			why: "it is recorded anew", user: member().Until(now.Add(-hour)).Ended(now.Add(-day)).Revoked(now.Add(-day)).Obj(),
			reason: v1alpha1.ReasonArchived, revoked: true, ended: now,
		},
		"removed": {
			why: "access has no end any more", user: member().Ended(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), with: with(seated("standard")),
			reason: v1alpha1.ReasonActive,
		},
		"removed, suspended": {
			why: "what is left is the pause", user: member().State(v1alpha1.UserSuspended).Ended(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(),
			reason: v1alpha1.ReasonSuspended, revoked: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(c.user, c.with...))
			st := d.User.Status
			if d.Send != nil || d.Notice != nil {
				t.Errorf("sends %v and %v", d.Send, d.Notice)
			}
			if d.Verdict.Reason != c.reason || (st.AccessRevokedAt != nil) != c.revoked {
				t.Errorf("%s: is %s, access revoked at %v, want %s, revoked %t", c.why, d.Verdict.Reason, st.AccessRevokedAt, c.reason, c.revoked)
			}
			if got := st.AccessEndedAt; (got == nil) != c.ended.IsZero() || got != nil && !got.Time.Equal(c.ended) {
				t.Errorf("%s: ended at %v, want %v", c.why, got, c.ended)
			}
			if !d.Due().Equal(c.wake) {
				t.Errorf("%s: due at %v, want %v", c.why, d.Due(), c.wake)
			}
			if !strings.Contains(d.Verdict.Message, c.says) {
				t.Errorf("%s: the message is %q, want %q in it", c.why, d.Verdict.Message, c.says)
			}
			archived := meta.IsStatusConditionTrue(st.Conditions, v1alpha1.ConditionArchived)
			if archived != (c.reason == v1alpha1.ReasonArchived) {
				t.Errorf("%s: the condition Archived is %t", c.why, archived)
			}
			conclude(t, d)
		})
	}
}

// TestIN1_LastHolderIsHeld checks that a role with minHolders is asked for before access ends, as when somebody is archived.
func TestIN1_LastHolderIsHeld(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[v1alpha1.RoleOutcome]string{
		"": v1alpha1.ReasonRoleRequested, v1alpha1.RoleHold: v1alpha1.ReasonLastHolder, v1alpha1.RoleRelease: v1alpha1.ReasonArchived,
	} {
		u := jean().UID("u-jean").AcceptedAt(now.Add(-hour)).Roles("admin").Holds("admin").Until(now).Obj()
		loss := v1alpha1.RoleRequest{Number: 3, Role: "admin", Change: v1alpha1.RoleLoss}
		s := decided(requests(u, 3, loss), []v1alpha1.RoleDecision{{Role: "admin", Number: 3, Outcome: outcome}})
		d := membership.Next(s)
		if d.Verdict.Reason != want || (d.User.Status.AccessRevokedAt != nil) != (want == v1alpha1.ReasonArchived) || d.User.Status.AccessEndedAt == nil {
			t.Errorf("the organization answers %q: is %s, access revoked at %v, ended at %v; want %s",
				outcome, d.Verdict.Reason, d.User.Status.AccessRevokedAt, d.User.Status.AccessEndedAt, want)
		}
	}
}

// TestIN1_Standing checks what a pool makes of somebody whose access ends.
func TestIN1_Standing(t *testing.T) {
	t.Parallel()
	facts := membership.Facts{Organization: build.Organization("acme").In("acme").Obj()}
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		ending bool
		want   seats.Standing
	}{
		"to come":            {"a seat until then", jean().Until(now.Add(hour)).Obj(), false, seats.Claims},
		"over, not recorded": {"nothing is given in the moment before it is recorded, and nothing taken", jean().Until(now).Obj(), true, seats.Keeps},
		"recorded":           {"never before access is revoked", jean().Until(now).Ended(now).Obj(), true, seats.Leaves},
		"revoked":            {"the seat can go", jean().Until(now).Ended(now).Revoked(now).Obj(), true, seats.Frees},
		"extended":           {"whoever comes back claims anew", jean().Until(now.Add(hour)).Ended(now).Revoked(now).AcceptedAt(now).Obj(), false, seats.Claims},
	} {
		facts := facts
		facts.Ending = c.ending
		if got := membership.Standing(c.user, facts); got != c.want {
			t.Errorf("%s: is %d, want %d: %s", name, got, c.want, c.why)
		}
	}
}

// TestIN1_Notice checks when it is told that access ends, and to whom.
func TestIN1_Notice(t *testing.T) {
	t.Parallel()
	until, told := now.Add(2*hour), now.Add(-hour)
	seat := seated("standard")
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		with []func(*membership.Situation)
		// announced is when it is on record that it was told, mail whether the person is mailed now, due when the next pass is.
		announced time.Time
		mail      bool
		due       time.Time
	}{
		"not yet":          {why: "a timer tells", user: member().Until(until).Obj(), with: with(seat, noticing(hour)), due: now.Add(hour)},
		"nobody is told":   {why: "0s", user: member().Until(until).Obj(), with: with(seat, noticing(0)), due: until},
		"now":              {why: "on record first: the mail is dated by it", user: member().Until(until).Obj(), with: with(seat, noticing(2*hour)), announced: now, due: now},
		"long since":       {why: "who is short of time is told at once", user: member().Until(until).Obj(), with: with(seat, noticing(72*hour)), announced: now, due: now},
		"on record":        {why: "the mail follows", user: member().Until(until).Noticed(told, time.Time{}).Obj(), with: with(seat), announced: told, mail: true, due: until},
		"mailed":           {why: "once", user: member().Until(until).Noticed(told, told).Obj(), with: with(seat), announced: told, due: until},
		"turned off since": {why: "nobody wants the mail any more", user: member().Until(until).Noticed(told, time.Time{}).Obj(), with: with(seat, noticing(0)), announced: told, due: until},
		"another end":      {why: "that is news", user: changed(member().Until(until).Noticed(told, told).Obj(), func(u *v1alpha1.User) { u.Spec.AccessUntil = at(until.Add(hour)) }), with: with(seat), announced: now, due: now},
		"a far end":        {why: "what was told is true no more", user: changed(member().Until(until).Noticed(told, told).Obj(), func(u *v1alpha1.User) { u.Spec.AccessUntil = at(now.Add(100 * hour)) }), with: with(seat), due: now.Add(28 * hour)},
		"no end":           {why: "what was told is true no more", user: changed(member().Until(until).Noticed(told, told).Obj(), func(u *v1alpha1.User) { u.Spec.AccessUntil = nil }), with: with(seat)},
		"refused": {
			why: "an address that refuses mail is left alone", with: with(seat), announced: told, due: until,
			user: changed(member().Until(until).Noticed(told, time.Time{}).Obj(), func(u *v1alpha1.User) { u.Status.AccessNotice.Rejection = "550" }),
		},
		"invited": {
			why: "who has not accepted is not mailed, but whoever looks after people is told", announced: now, due: until,
			user: jean().Known("jean@acme.example").Holds("standard").Invited(1, expiry).Until(until).Obj(), with: with(seat),
		},
		"invited, on record": {
			why: "nor later", announced: told, due: until,
			user: jean().Known("jean@acme.example").Holds("standard").Invited(1, expiry).Until(until).Noticed(told, time.Time{}).Obj(), with: with(seat),
		},
		"to be invited": {why: "it is recorded with the invitation", user: jean().Until(until).Obj(), with: with(seat), announced: now, due: until},
		"waiting":       {why: "there is no access that could end", user: jean().Until(until).Obj(), with: with(pool("standard", membership.Pool{Found: true, Position: 1})), due: until},
		"undecided":     {why: "nothing is written, so nobody is to look at once", user: member().Until(until).Holds().Seats().Revoked(told).Obj(), due: until},
		"suspended":     {why: "there is no access that could end", user: member().State(v1alpha1.UserSuspended).Until(until).Obj(), with: with(seat), due: until},
		"over":          {why: "too late", user: member().Until(now).Obj(), with: with(seat)},
		"over, on record": {
			why: "too late, whatever the mail server did", user: member().Until(now).Noticed(told, time.Time{}).Obj(), with: with(seat), announced: told,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(c.user, c.with...))
			var announced time.Time
			if n := d.User.Status.AccessNotice; !n.Until.IsZero() {
				announced = n.AnnouncedAt.Time
				if !n.Until.Equal(c.user.Spec.AccessUntil) {
					t.Errorf("%s: on record is the end at %v", c.why, n.Until)
				}
			}
			if !announced.Equal(c.announced) || (d.Notice != nil) != c.mail {
				t.Errorf("%s: announced at %v, and mails %v; want %v, mail %t", c.why, announced, d.Notice, c.announced, c.mail)
			}
			due := d.Due()
			if c.due.Equal(now) {
				due = due.Truncate(time.Second)
			}
			if !due.Equal(c.due) {
				t.Errorf("%s: due at %v, want %v", c.why, due, c.due)
			}
		})
	}
}

// TestIN1_WhatBecomesOfANotice checks that a mail server delays it, and nothing else.
func TestIN1_WhatBecomesOfANotice(t *testing.T) {
	t.Parallel()
	until := now.Add(2 * hour)
	for name, c := range map[string]struct {
		become func(d *membership.Decision)
		want   v1alpha1.AccessNotice
		due    time.Time
	}{
		"sent":      {func(d *membership.Decision) { d.NoticeSent(now.Add(1500 * time.Millisecond)) }, v1alpha1.AccessNotice{SentAt: at(now.Add(time.Second))}, until},
		"refused":   {func(d *membership.Decision) { d.NoticeRefused("550 5.1.1 No such user") }, v1alpha1.AccessNotice{Rejection: "550 5.1.1 No such user"}, until},
		"no words":  {func(d *membership.Decision) { d.NoticeRefused("") }, v1alpha1.AccessNotice{Rejection: "it did not say why"}, until},
		"unsent":    {func(d *membership.Decision) { d.NoticeUnsent(now.Add(hour)) }, v1alpha1.AccessNotice{}, now.Add(hour)},
		"long gone": {func(d *membership.Decision) { d.NoticeUnsent(now.Add(6 * hour)) }, v1alpha1.AccessNotice{}, until},
		"queued":    {func(*membership.Decision) {}, v1alpha1.AccessNotice{}, until},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(member().Until(until).Noticed(now.Add(-hour), time.Time{}).Obj(), seated("standard"))
			d := membership.Next(s)
			c.become(&d)
			c.want.Until, c.want.AnnouncedAt = metav1.NewTime(until), metav1.NewTime(now.Add(-hour))
			if diff := cmp.Diff(c.want, d.User.Status.AccessNotice); diff != "" {
				t.Errorf("on record, want -, got +:\n%s", diff)
			}
			if d.Verdict.Kind != verdict.Done || d.Verdict.Reason != v1alpha1.ReasonActive || !d.Due().Equal(c.due) {
				t.Errorf("is %v, and looked at again at %v; want %v", d.Verdict, d.Due(), c.due)
			}
			s.User = d.User
			if again := membership.Next(s); (again.Notice != nil) != (c.want.SentAt == nil && c.want.Rejection == "") {
				t.Errorf("the next pass mails %v", again.Notice)
			}
		})
	}
}
