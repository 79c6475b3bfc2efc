// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// What a look found is seen to or told, by what the organization says; who is out is signed out in any case.
func TestDrift(t *testing.T) {
	t.Parallel()
	of := func(state v1alpha1.AccountState, change func(*v1alpha1.User)) *v1alpha1.User {
		u := jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()
		if state == v1alpha1.AccountInactive {
			u.Status.AcceptedAt = nil
		}
		accountOf(u, state)
		if change != nil {
			change(u)
		}
		return u
	}
	said := func(u *v1alpha1.User) {
		verdict.Set(u, v1alpha1.ConditionProvisioned, false, v1alpha1.ReasonDrifted, "the directory has of the account otherwise: title", now)
	}
	out := func(u *v1alpha1.User) {
		u.Spec.State, u.Status.AccessRevokedAt, u.Status.AcceptedAt = v1alpha1.UserSuspended, at(now.Add(-hour)), at(now.Add(-2*hour))
		u.Status.Roles, u.Status.Seats = nil, nil
		u.Status.DirectoryAccount.Revision = ""
	}
	const active, inactive = v1alpha1.AccountActive, v1alpha1.AccountInactive
	differs := &membership.Drift{Differs: []string{"name.givenName", "title"}}
	open := &membership.Drift{Open: true, Differs: []string{"active"}}
	for name, tt := range map[string]struct {
		why     string
		user    *v1alpha1.User
		drift   *membership.Drift
		reports bool
		verb    membership.AccountVerb
		reason  string // of Provisioned
		words   string
	}{
		"nothing known":             {"the record is taken for granted", of(active, nil), nil, false, "", "Provisioned", ""},
		"differs":                   {"it is set right", of(active, nil), differs, false, "ensure", "", ""},
		"missing":                   {"it is made again", of(inactive, nil), &membership.Drift{Missing: true}, false, "ensure", "", ""},
		"differs, reported":         {"it is told", of(active, nil), differs, true, "", "Drifted", "otherwise than declared: name.givenName, title"},
		"missing, reported":         {"it is told", of(inactive, nil), &membership.Drift{Missing: true}, true, "", "Drifted", "has the account no more"},
		"well again":                {"it is told", of(active, said), &membership.Drift{}, true, "", "Provisioned", ""},
		"said, nothing known since": {"a restart changes nothing", of(active, said), nil, true, "", "Drifted", "title"},
		"said, and to be corrected": {"the policy was changed", of(active, said), nil, false, "ensure", "", ""},
		"said, and edited":          {"an edit sets all right", of(active, func(u *v1alpha1.User) { said(u); u.Spec.Title = "Buyer" }), nil, true, "ensure", "", ""},
		"said, and out":             {"there is nothing to compare any more", of(inactive, func(u *v1alpha1.User) { said(u); out(u) }), nil, true, "", "Deprovisioned", ""},
		"invited, open":             {"nobody signs in without a yes", of(inactive, nil), open, false, "deactivate", "", ""},
		"invited, open, reported":   {"nor when the rest is only told", of(inactive, nil), open, true, "deactivate", "", ""},
		"out, open":                 {"who left signs in no more", of(inactive, out), open, true, "deactivate", "", ""},
		"accepted since, open":      {"what was seen is outdated", of(active, nil), &membership.Drift{Open: true}, true, "", "Provisioned", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := situation(tt.user, withDirectory)
			if len(tt.user.Status.Seats) > 0 {
				seated("standard")(&s)
			}
			s.Drift = tt.drift
			if tt.reports {
				s.Organization.Spec.Directory.DriftPolicy = v1alpha1.DriftReport
			}
			d := membership.Next(s)
			var verb membership.AccountVerb
			if d.AccountTask != nil {
				verb = d.AccountTask.Verb
			}
			if verb != tt.verb {
				t.Fatalf("%s: asks for %q, want %q (%+v)", tt.why, verb, tt.verb, d.Verdict)
			}
			if verb == "" {
				c := meta.FindStatusCondition(d.User.Status.Conditions, v1alpha1.ConditionProvisioned)
				if c == nil || c.Reason != tt.reason || !strings.Contains(c.Message, tt.words) || (c.Status == metav1.ConditionTrue) != (c.Reason == "Provisioned") {
					t.Errorf("%s: says %+v", tt.why, c)
				}
				return
			}
			s.Account = &membership.AccountReport{ID: d.AccountTask.ID, Outcome: membership.AccountDone, AccountID: "7"}
			done := membership.Next(s)
			if diff := cmp.Diff(tt.user.Status.DirectoryAccount, done.User.Status.DirectoryAccount); verb == "deactivate" && diff != "" {
				t.Errorf("%s: the record was right, and is another (-was +is):\n%s", tt.why, diff)
			}
			s.Account.Outcome, s.Account.Words = membership.AccountUnavailable, "503"
			down := membership.Next(s)
			if down.Verdict.Reason != v1alpha1.ReasonDirectoryUnavailable || down.User.Status.DirectoryAccount.Revision != "" {
				t.Errorf("%s: while the directory is down, %+v and %+v", tt.why, down.Verdict, down.User.Status.DirectoryAccount)
			}
			if on := down.User.Status.DirectoryAccount.State; verb == "deactivate" && (on != active || !strings.Contains(down.Verdict.Message, "somebody activated the account there")) {
				t.Errorf("%s: on record is %s, and %s", tt.why, on, down.Verdict.Message)
			}
		})
	}
}

// The account of the manager goes with the rest, and nothing is asked where there is none.
func TestManagerOfAnAccount(t *testing.T) {
	t.Parallel()
	u := jean().Invited(1, expiry).AcceptedAt(now.Add(-hour)).Obj()
	accountOf(u, v1alpha1.AccountActive)
	s := situation(u, withDirectory, seated("standard"))
	s.ManagerID = "m-1"
	d := membership.Next(s)
	if d.AccountTask == nil || d.AccountTask.Account.ManagerID != "m-1" {
		t.Fatalf("asks for %+v", d.AccountTask)
	}
	s.Account = &membership.AccountReport{ID: d.AccountTask.ID, Outcome: membership.AccountDone, AccountID: "7"}
	s.User, s.Account = membership.Next(s).User, nil
	if d := membership.Next(s); d.AccountTask != nil {
		t.Errorf("once that is on record, asks for %+v", d.AccountTask)
	}
}
