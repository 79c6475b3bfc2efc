// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

// accountOf is what the directory has of jean, who holds a role, on record.
func accountOf(u *v1alpha1.User, state v1alpha1.AccountState) {
	u.Status.Email, u.Status.Roles, u.Status.Seats = u.Spec.Email, []string{"standard"}, []string{"standard"}
	u.Status.ObservedGeneration = u.Generation
	org := build.Organization("acme").Directory().Obj()
	wanted := account.Of(u, situation(u, withDirectory).Organization, state == v1alpha1.AccountActive)
	u.Status.DirectoryAccount = &v1alpha1.DirectoryAccount{Directory: org.Spec.Directory.SCIM.URL, ID: "7", State: state, Revision: wanted.Revision()}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	accepted := func(change func(*v1alpha1.User)) *v1alpha1.User {
		u := jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()
		accountOf(u, v1alpha1.AccountActive)
		if change != nil {
			change(u)
		}
		return u
	}
	suspend := func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended }
	unrecorded := func(u *v1alpha1.User) {
		accountOf(u, v1alpha1.AccountInactive)
		suspend(u)
	}
	gone := func(u *v1alpha1.User) { u.DeletionTimestamp = at(now) }
	type want struct {
		verb    membership.AccountVerb
		active  bool
		kind    verdict.Kind
		reason  string
		revoked bool
		roles   int
		// state is what is on record of the account.
		state v1alpha1.AccountState
	}
	const active, inactive = v1alpha1.AccountActive, v1alpha1.AccountInactive
	for name, c := range map[string]struct {
		why    string
		user   *v1alpha1.User
		report membership.AccountOutcome
		asked  string
		want   want
	}{
		"new":               {"nobody is invited without an account", jean().Obj(), "", "", want{verb: "ensure", kind: verdict.Silent, roles: 1}},
		"new, made":         {"nobody can sign in yet", jean().Obj(), membership.AccountDone, "", want{kind: verdict.Silent, roles: 1, state: inactive}},
		"new, refused":      {"somebody has to correct it", jean().Obj(), membership.AccountRejected, "", want{kind: verdict.Stuck, reason: "DirectoryRejected", roles: 1}},
		"new, in the way":   {"nothing is taken", jean().Obj(), membership.AccountConflict, "", want{kind: verdict.Stuck, reason: "DirectoryConflict", roles: 1}},
		"new, unavailable":  {"it goes on by itself", jean().Obj(), membership.AccountUnavailable, "", want{kind: verdict.Retry, reason: "DirectoryUnavailable", roles: 1}},
		"accepts":           {"the account is activated", accepted(func(u *v1alpha1.User) { accountOf(u, inactive) }), "", "", want{verb: "ensure", active: true, kind: verdict.Silent, roles: 1, state: inactive}},
		"accepted":          {"nothing is asked", accepted(nil), "", "", want{reason: "Active", roles: 1, state: active}},
		"accepted, edited":  {"a look tells whether all is as it was", accepted(func(u *v1alpha1.User) { u.Generation++ }), "", "", want{verb: "ensure", active: true, kind: verdict.Silent, roles: 1, state: active}},
		"accepted, unclear": {"it may be as it was asked for last", accepted(nil), "", "uid-of-jean deactivate ", want{verb: "ensure", active: true, kind: verdict.Silent, roles: 1, state: active}},
		"comes back": {
			"access is on record before anybody can sign in", accepted(func(u *v1alpha1.User) {
				accountOf(u, inactive)
				u.Status.AccessRevokedAt, u.Status.Roles = at(now.Add(-hour)), nil
			}), "", "", want{kind: verdict.Wait, reason: "Provisioning", roles: 1, state: inactive},
		},
		"suspended":             {"first nobody can sign in", accepted(suspend), "", "", want{verb: "deactivate", kind: verdict.Silent, roles: 1, state: active}},
		"suspended, signed out": {"then access is revoked", accepted(suspend), membership.AccountDone, "", want{kind: verdict.Wait, reason: "Suspending", revoked: true, state: inactive}},
		"suspended, down":       {"the roles go at once", accepted(suspend), membership.AccountUnavailable, "", want{kind: verdict.Retry, reason: "DirectoryUnavailable", state: active}},
		"suspended, refused":    {"nobody can be signed out", accepted(suspend), membership.AccountRejected, "", want{kind: verdict.Stuck, reason: "DirectoryRejected", state: active}},
		"suspended, unrecorded": {"activated before a crash, maybe", accepted(unrecorded), "", "", want{verb: "deactivate", kind: verdict.Silent, roles: 1, state: inactive}},
		"unrecorded, down":      {"who has no role any more may still sign in", accepted(unrecorded), membership.AccountUnavailable, "", want{kind: verdict.Retry, reason: "DirectoryUnavailable", state: active}},
		"deleted, given up":     {"nobody is left to mend it", accepted(gone), membership.AccountGivenUp, "", want{kind: verdict.Wait, reason: "Archiving", revoked: true, state: active}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(c.user, withDirectory, seated("standard"))
			s.Asked = c.asked
			d := membership.Next(s)
			if c.report != "" {
				s.Account = &membership.AccountReport{ID: d.AccountTask.ID, Outcome: c.report, AccountID: "7", Words: "503"}
				d = membership.Next(s)
			}
			st := d.User.Status
			got := want{kind: d.Verdict.Kind, reason: d.Verdict.Reason, revoked: st.AccessRevokedAt != nil, roles: len(st.Roles)}
			if d.AccountTask != nil {
				got.verb, got.active = d.AccountTask.Verb, d.AccountTask.Account.Active
			}
			if st.DirectoryAccount != nil {
				got.state = st.DirectoryAccount.State
			}
			if got != c.want {
				t.Errorf("%s: got %+v, want %+v", c.why, got, c.want)
			}
			if d.AccountTask != nil && d.Send != nil {
				t.Error("somebody is invited before there is an account")
			}
			if strings.HasSuffix(name, "given up") != (d.GaveUp != "") {
				t.Errorf("gave up: %q", d.GaveUp)
			}
			if on := st.DirectoryAccount; c.report != "" && c.report != membership.AccountDone && c.report != membership.AccountGivenUp && on != nil && on.Revision != "" {
				t.Errorf("it is not known what the directory has, and on record is %+v", on)
			}
			if c.want.verb == "deactivate" {
				if diff := cmp.Diff(c.user.Status, st); diff != "" {
					t.Errorf("something is recorded before anybody is signed out:\n%s", diff)
				}
			}
		})
	}
}

// That a manager is named no more is on record, and nothing is sent for it: whoever names the same one again has it sent. One who is
// gone is written about nowhere.
func TestManagerNamedNoMore(t *testing.T) {
	t.Parallel()
	for manager, cut := range map[string]bool{"": true, "mia": false} {
		u := jean().Invited(1, expiry).Obj()
		u.Spec.Manager = manager
		accountOf(u, v1alpha1.AccountInactive)
		org := build.Organization("acme").Directory().Obj()
		without := account.Of(u, org, false)
		with := without
		with.ManagerID = "m-1"
		u.Status.DirectoryAccount.Revision = with.Revision()
		d := membership.Next(situation(u, withDirectory, seated("standard")))
		if got := d.User.Status.DirectoryAccount.Revision; d.AccountTask != nil || (got == without.Revision()) != cut || (got == with.Revision()) == cut {
			t.Errorf("spec.manager %q: asked for %+v, on record is %s", manager, d.AccountTask, got)
		}
	}
}

// Who is to hold no role any more keeps the seat until nobody can sign in.
func TestSeatWaitsUntilNobodySignsIn(t *testing.T) {
	t.Parallel()
	for state, want := range map[v1alpha1.AccountState]seats.Standing{v1alpha1.AccountActive: seats.Leaves, v1alpha1.AccountInactive: seats.Frees} {
		u := jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()
		accountOf(u, state)
		facts := membership.Facts{Organization: build.Organization("acme").Directory().Obj(), NoRoles: true}
		if got := membership.StandingElsewhere(u, facts); got != want {
			t.Errorf("%s: the standing is %v, want %v", state, got, want)
		}
	}
}
