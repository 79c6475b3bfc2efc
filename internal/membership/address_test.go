// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/test/build"
)

const newAddress = "nadia@acme.example"

// readdressed edits the address of a user whom the operator knows by another.
func readdressed(u *v1alpha1.User) *v1alpha1.User {
	u.Status.Email, u.Spec.Email = u.Spec.Email, newAddress
	return u
}

func changing(policy v1alpha1.EmailChange) func(*membership.Situation) {
	return func(s *membership.Situation) {
		s.Organization = build.Organization("acme").In("acme").EmailChange(policy).Obj()
	}
}

func TestEditedAddresses(t *testing.T) {
	t.Parallel()
	accepted := func() *build.UserBuilder { return jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)) }
	rename, replace, deny := v1alpha1.EmailChangeRename, v1alpha1.EmailChangeReplace, v1alpha1.EmailChangeDeny
	for name, c := range map[string]struct {
		why    string
		policy v1alpha1.EmailChange
		user   *v1alpha1.User
		// reason is the verdict's; known the address that took effect; sequence the latest invitation's.
		reason, known string
		sequence      int64
		accepted      bool
		replaced      *membership.Replaced
	}{
		"invited, Rename":  {"the invitation goes to the new address", rename, jean().Invited(3, expiry).Obj(), "Inviting", newAddress, 4, false, nil},
		"invited, Replace": {"so it does, and a record remains of who was invited", replace, jean().Invited(3, expiry).Obj(), "Inviting", newAddress, 4, false, &membership.Replaced{Email: "jean@acme.example", UID: "uid-of-jean"}},
		"invited, Deny":    {"the edit has no effect", deny, jean().Invited(3, expiry).Obj(), "EmailChangeDenied", "jean@acme.example", 3, false, nil},

		"accepted, Rename":  {"the same person under another address", rename, accepted().Obj(), "Active", newAddress, 3, true, nil},
		"accepted, Replace": {"another person: nobody has accepted yet", replace, accepted().Obj(), "Inviting", newAddress, 4, false, &membership.Replaced{Email: "jean@acme.example", AcceptedAt: at(now.Add(-hour)), UID: "uid-of-jean"}},
		"accepted, Deny":    {"the edit has no effect", deny, accepted().Obj(), "EmailChangeDenied", "jean@acme.example", 3, true, nil},

		"declined, Rename":  {"the person has said no", rename, jean().Invited(3, expiry).Declined(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), "Declined", newAddress, 3, false, nil},
		"declined, Replace": {"another person was not asked yet", replace, jean().Invited(3, expiry).Declined(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), "Inviting", newAddress, 4, false, &membership.Replaced{Email: "jean@acme.example", UID: "uid-of-jean"}},
		"expired, Rename":   {"the address was corrected", rename, jean().Invited(3, now.Add(-hour)).Expired(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), "Inviting", newAddress, 4, false, nil},
		"expired, Deny":     {"the edit has no effect", deny, jean().Invited(3, now.Add(-hour)).Expired(now.Add(-hour)).Revoked(now.Add(-hour)).Obj(), "EmailChangeDenied", "jean@acme.example", 3, false, nil},
		"not sent yet":      {"nobody was written to", replace, jean().Inviting(1, expiry).Obj(), "Inviting", newAddress, 2, false, nil},
		"never invited":     {"there is nobody to replace", replace, jean().Obj(), "", newAddress, 1, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := membership.Next(situation(readdressed(c.user), changing(c.policy), seated("standard")))
			st := d.User.Status
			sequence := int64(0)
			if inv := st.Invitation; inv != nil {
				sequence = inv.Sequence
			}
			if d.Send != nil {
				sequence = d.Send.Sequence
			}
			if d.Verdict.Reason != c.reason || st.Email != c.known || sequence != c.sequence || (st.AcceptedAt != nil) != c.accepted {
				t.Errorf("%s: %v, known as %s, invitation %d, accepted %v", c.why, d.Verdict, st.Email, sequence, st.AcceptedAt)
			}
			if diff := cmp.Diff(c.replaced, d.Replaced); diff != "" {
				t.Errorf("%s; replaced, want -, got +:\n%s", c.why, diff)
			}
			if standing := membership.Standing(d.User, situation(d.User, changing(c.policy)).Facts); c.reason != "Declined" && c.reason != "EmailChangeDenied" && standing != seats.Claims {
				t.Errorf("%s: to its pool the user is %v, and the seat must stay", c.why, standing)
			}
		})
	}
}

func TestSpellingIsNoEdit(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.EmailChange{v1alpha1.EmailChangeReplace, v1alpha1.EmailChangeDeny} {
		u := jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Obj()
		u.Status.Email, u.Spec.Email = u.Spec.Email, "Jean@acme.example"
		d := membership.Next(situation(u, changing(policy), seated("standard")))
		if d.Verdict.Reason != v1alpha1.ReasonActive || d.Replaced != nil || d.User.Status.Email != "Jean@acme.example" {
			t.Errorf("%s: %v, known as %s", policy, d.Verdict, d.User.Status.Email)
		}
	}
}

func TestEditWaitsForATakenAddress(t *testing.T) {
	t.Parallel()
	u := readdressed(jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Obj())
	d := membership.Next(situation(u, changing(v1alpha1.EmailChangeReplace), seated("standard"), func(s *membership.Situation) { s.EmailHolder = "nadia" }))
	if d.Verdict.Reason != v1alpha1.ReasonEmailInUse || d.User.Status.AcceptedAt == nil || d.Replaced != nil || d.User.Status.Email != "jean@acme.example" {
		t.Errorf("%v, accepted %v, known as %s: nobody is replaced by somebody who cannot come", d.Verdict, d.User.Status.AcceptedAt, d.User.Status.Email)
	}
}

// A pool goes by what is recorded: that an edit took effect must be, even when nothing else is known yet.
func TestEditOfAnExpiredInvitationIsRecorded(t *testing.T) {
	t.Parallel()
	u := readdressed(jean().Invited(3, now.Add(-hour)).Expired(now.Add(-hour)).Revoked(now.Add(-hour)).Obj())
	d := membership.Next(situation(u))
	if d.Verdict.Reason != v1alpha1.ReasonInviting || d.User.Status.Email != newAddress {
		t.Errorf("the verdict is %v, known as %s", d.Verdict, d.User.Status.Email)
	}
	if got := membership.Standing(d.User, situation(d.User).Facts); got != seats.Claims {
		t.Errorf("to its pool the user is %v, and is to get a seat again", got)
	}
}

// Whoever is replaced has no access any more, and no link that could work again when the address is set back.
func TestReplacingEndsWhatWas(t *testing.T) {
	t.Parallel()
	u := readdressed(jean().Roles().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Obj()) // nobody is invited without a role
	u.Status.InitialPasswordAt = at(now.Add(-2 * hour))
	d := membership.Next(situation(u, changing(v1alpha1.EmailChangeReplace)))
	st := d.User.Status
	if st.AcceptedAt != nil || st.InitialPasswordAt == nil || st.AccessRevokedAt == nil {
		t.Errorf("accepted at %v, first password at %v, access revoked at %v", st.AcceptedAt, st.InitialPasswordAt, st.AccessRevokedAt)
	}
	back := d.User
	back.Spec.Email, back.Spec.Roles = "jean@acme.example", []string{"standard"}
	d = membership.Next(situation(back, changing(v1alpha1.EmailChangeReplace), seated("standard")))
	if d.Replaced != nil {
		t.Errorf("%v remains, whom nobody wrote to", d.Replaced)
	}
	if inv := d.User.Status.Invitation; inv.Sequence != 4 || d.User.Status.Email != "jean@acme.example" {
		t.Errorf("known as %s, with %+v: a fresh invitation goes out", d.User.Status.Email, inv)
	}
}

func TestTheOwnerIsNotReplaced(t *testing.T) {
	t.Parallel()
	ownedWith := func(policy v1alpha1.EmailChange) func(*membership.Situation) {
		return func(s *membership.Situation) {
			s.Organization = build.Organization("acme").In("acme").Owner("jean").EmailChange(policy).Obj()
		}
	}
	owner := func() *v1alpha1.User { return readdressed(jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Obj()) }
	d := membership.Next(situation(owner(), ownedWith(v1alpha1.EmailChangeReplace), seated("standard")))
	if d.Verdict.Reason != v1alpha1.ReasonOwnerProtected || d.User.Status.AcceptedAt == nil || d.Replaced != nil {
		t.Errorf("%v, accepted at %v", d.Verdict, d.User.Status.AcceptedAt)
	}
	if d := membership.Next(situation(owner(), ownedWith(v1alpha1.EmailChangeRename), seated("standard"))); d.Verdict.Reason != v1alpha1.ReasonActive {
		t.Errorf("renamed: %v", d.Verdict)
	}
}

// An edit that has no effect does not keep the invitation from its end: the seat goes to the next.
func TestInvitationExpiresDuringADeniedEdit(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(*membership.Situation){
		"denied": changing(v1alpha1.EmailChangeDeny),
		"taken":  func(s *membership.Situation) { s.EmailHolder = "nadia" },
	} {
		u := readdressed(jean().Invited(3, now.Add(hour)).Obj())
		if d := membership.Next(situation(u, with, seated("standard"))); !d.Verdict.WakeAt.Equal(now.Add(hour)) {
			t.Errorf("%s: the next look is at %v", name, d.Verdict.WakeAt)
		}
		s := situation(u, with, seated("standard"))
		s.Now = now.Add(hour)
		if d := membership.Next(s); d.User.Status.Invitation.ExpiredAt == nil || d.User.Status.AccessRevokedAt == nil {
			t.Errorf("%s: the invitation is %+v", name, d.User.Status.Invitation)
		}
	}
}

// Whoever is deleted after an edit is recorded as who was known.
func TestEditThenDelete(t *testing.T) {
	t.Parallel()
	u := readdressed(jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Deleting(now).Obj())
	d := membership.Next(situation(u, changing(v1alpha1.EmailChangeReplace)))
	if !d.Farewell || d.Replaced != nil || d.User.Status.Email != "jean@acme.example" || d.User.Status.AcceptedAt == nil {
		t.Errorf("farewell %t, replaced %v, known as %s, accepted at %v", d.Farewell, d.Replaced, d.User.Status.Email, d.User.Status.AcceptedAt)
	}
}

// A person who accepted and was renamed since has the address before anybody who claims it.
func TestRenamedPersonKeepsTheAddress(t *testing.T) {
	t.Parallel()
	renamed := jean().Invited(3, expiry).AcceptedAt(now.Add(-hour)).Obj()
	renamed.Status.Email, renamed.Spec.Email = newAddress, newAddress
	older := build.User("aaron").In("acme", "acme").Email(newAddress).Created(now.Add(-48 * hour)).Obj()
	if membership.HasPriority(older, renamed) || !membership.HasPriority(renamed, older) {
		t.Error("an older User takes the address from who has it")
	}
}
