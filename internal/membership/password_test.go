// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

func withPassword(u *v1alpha1.User) *v1alpha1.User {
	u.Spec.InitialPasswordSecretRef.Name = "jean-first-password"
	return u
}

// withDirectory has a directory that has done whatever it is asked for.
func withDirectory(s *membership.Situation) {
	s.Organization.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
}

// provisioned is the decision once the directory has done its part.
func provisioned(s membership.Situation) membership.Decision {
	d := membership.Next(s)
	for range 4 {
		switch {
		case d.AccountTask != nil:
			s.Account = &membership.AccountReport{ID: d.AccountTask.ID, Outcome: membership.AccountDone, AccountID: "7"}
		case d.Verdict.Reason == v1alpha1.ReasonProvisioning:
			s.User, s.Account = d.User, nil
		default:
			return d
		}
		d = membership.Next(s)
	}
	return d
}

func asksForPassword(s *membership.Situation) {
	s.Organization.Spec.Invitation.Acceptance = v1alpha1.AcceptancePassword
}

func TestFirstPasswordComesBeforeTheInvitation(t *testing.T) {
	t.Parallel()
	handed := func() *v1alpha1.User {
		u := withPassword(jean().Obj())
		u.Status.InitialPasswordAt = at(now.Add(-hour))
		return u
	}
	for name, c := range map[string]struct {
		why      string
		user     *v1alpha1.User
		with     []func(*membership.Situation)
		handOver bool
		sends    bool
		reason   string
	}{
		"none":                     {"most have none", jean().Obj(), with(withDirectory), false, true, ""},
		"to hand over":             {"the directory gets it first", withPassword(jean().Obj()), with(withDirectory), true, false, ""},
		"handed over":              {"once", handed(), with(withDirectory), false, true, ""},
		"named later":              {"the person has not signed in yet", withPassword(jean().Invited(1, expiry).Obj()), with(withDirectory), true, false, ""},
		"accepted":                 {"the person has a password", withPassword(jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()), with(withDirectory), false, false, "Active"},
		"no directory":             {"nobody could take it", withPassword(jean().Obj()), nil, false, false, "DirectoryRequired"},
		"no seat":                  {"nobody gets in without a role", withPassword(jean().Obj()), with(withDirectory, pool("standard", membership.Pool{Found: true, Capacity: 3, Position: 1})), false, false, "AwaitingSeat"},
		"page asks":                {"the directory takes what the person chooses", jean().Obj(), with(withDirectory, asksForPassword), false, true, ""},
		"page asks, no directory":  {"nobody could take it", jean().Obj(), with(asksForPassword), false, false, "DirectoryRequired"},
		"page asked, no directory": {"who is in stays in", jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj(), with(asksForPassword), false, false, "Active"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := c.with
			if c.reason != "AwaitingSeat" {
				changes = append(changes, seated("standard"))
			}
			d := provisioned(situation(c.user, changes...))
			if d.HandOver != c.handOver || (d.Send != nil) != c.sends || d.Verdict.Reason != c.reason {
				t.Errorf("%s: hands over %t, sends %v, %v", c.why, d.HandOver, d.Send, d.Verdict)
			}
		})
	}
}

func TestWhatBecomesOfAFirstPassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		become func(*membership.Decision)
		kind   verdict.Kind
		reason string
		handed bool
	}{
		"handed over": {func(d *membership.Decision) { d.HandedOver(now) }, verdict.Wait, "Inviting", true},
		"rejected":    {func(d *membership.Decision) { d.Unprepared("too short") }, verdict.Stuck, "DirectoryRejected", false},
		"missing":     {func(d *membership.Decision) { d.PasswordMissing(now.Add(hour)) }, verdict.Stuck, "SecretNotFound", false},
		"down":        {func(d *membership.Decision) { d.Postponed("connection refused", now.Add(hour)) }, verdict.Retry, "DirectoryUnavailable", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(withPassword(jean().Obj()), withDirectory, seated("standard"))
			d := provisioned(s)
			c.become(&d)
			if d.Verdict.Kind != c.kind || d.Verdict.Reason != c.reason || (d.User.Status.InitialPasswordAt != nil) != c.handed {
				t.Errorf("the verdict is %v, handed over at %v", d.Verdict, d.User.Status.InitialPasswordAt)
			}
			conclude(t, d)
			s.User = d.User
			if again := provisioned(s); again.HandOver == c.handed {
				t.Errorf("the next pass hands it over: %t", again.HandOver)
			}
		})
	}
}
