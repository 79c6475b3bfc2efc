// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// accounts is a directory, and what the operator knows of what it asked there.
type accounts struct {
	of map[types.UID]directory.Account
	// down has nothing done, and lost everything done without an answer.
	down, lost bool
	// asked is what was asked for and is not on record, as long as the operator lives.
	asked string
	// forgotten says that somebody was signed out, not by an edit, and that the operator may have died before it was on record, and
	// not know that there is anything to be done.
	forgotten bool
}

// withDirectory gives the organization a directory.
func (l *life) withDirectory() {
	l.org.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
	l.of = map[types.UID]directory.Account{}
}

// act has the directory do what a decision waits for, and decides again.
func (l *life) act(seen version, s membership.Situation, task *membership.AccountTask) membership.Decision {
	l.asked = task.ID
	report := &membership.AccountReport{ID: task.ID, Outcome: membership.AccountUnavailable, Words: "503", RetryAt: l.now.Add(time.Second)}
	outdated := task.Account.Active && (seen.user.Generation != l.stored.Generation || !seen.user.DeletionTimestamp.Equal(l.stored.DeletionTimestamp) ||
		!membership.MayEnter(l.stored))
	if !l.down && !outdated {
		l.do(task)
		if !l.accounts.lost {
			report.Outcome, report.AccountID = membership.AccountDone, "id-"+string(task.Account.UID)
		}
	}
	s.Account, s.Asked = report, l.asked
	return membership.Next(s)
}

func (l *life) do(task *membership.AccountTask) {
	account := task.Account
	switch task.Verb {
	case membership.EnsureAccount:
		if account.Active && !membership.MayEnter(l.stored) {
			l.Fatal("lets somebody in who has no access on record")
		}
		l.of[account.UID], l.forgotten = account, false
	case membership.DeactivateAccount:
		if was, ok := l.of[account.UID]; ok {
			l.forgotten = l.forgotten || was.Active && l.stored.Generation == l.stored.Status.ObservedGeneration
			was.Active = false
			l.of[account.UID] = was
		}
	case membership.DeleteAccount:
		delete(l.of, account.UID)
	}
}

// recorded notes that what the directory did is on record, and died that the operator knows no more what is not.
func (l *life) recorded() { l.asked = "" }
func (l *life) died()     { l.asked = "" }

// signedIn checks who can sign in: nobody whose access is on record as revoked, or who never had any.
func (l *life) signedIn(what string) {
	for uid, account := range l.of {
		if !account.Active {
			continue
		}
		st := &l.stored.Status
		on := st.DirectoryAccount
		switch {
		case uid != l.stored.Account():
			l.Fatalf("after %s, the account of somebody who was replaced can be used", what)
		case st.AcceptedAt == nil || st.AccessRevokedAt != nil:
			l.Fatalf("after %s, an account can be used, accepted at %v, access revoked at %v", what, st.AcceptedAt, st.AccessRevokedAt)
		case len(st.Roles) == 0 && (on == nil || on.State != v1alpha1.AccountActive):
			l.Fatalf("after %s, who holds no role can sign in, and on record is %v", what, on)
		}
	}
}

// accounted checks that at rest the directory has what it is to have.
func (l *life) accounted() {
	if l.of == nil {
		return
	}
	st := &l.stored.Status
	account, there := l.of[l.stored.Account()]
	enters := membership.MayEnter(l.stored)
	switch {
	case len(st.Roles) > 0 && !there:
		l.Fatal("at rest, who holds a role has no account")
	case account.Active && !enters:
		l.Fatalf("at rest, somebody can sign in who is not to: roles %v, access revoked at %v", st.Roles, st.AccessRevokedAt)
	case !account.Active && enters && !l.forgotten:
		l.Fatal("at rest, somebody cannot sign in who is to")
	case enters && account.UserName != st.Email:
		l.Fatal("at rest, the account has another name than its user")
	}
}

func (l *life) directoryEvents() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"the directory is down": func(t *rapid.T) { l.down = rapid.Bool().Draw(t, "down") },
		"its answers are lost":  func(t *rapid.T) { l.accounts.lost = rapid.Bool().Draw(t, "lost") },
	}
}
