// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package drift says what a directory has otherwise than it is to have, from what it lists and what is on record.
package drift

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// Care is what of an account is to be as it is on record.
type Care int

const (
	// Nothing is, at present: the account is being seen to, or it is nobody's any more.
	Nothing Care = iota
	// Closed accounts are those that nobody is to sign in with, whatever else is in them.
	Closed
	// Whole accounts are to be as they are given.
	Whole
)

// Want is how an account is to be.
type Want struct {
	Care    Care
	Account account.Account
	// Without are the attributes that are no difference: the directory keeps them its own way.
	Without []string
}

// OfUser is how the account of a user is to be, with what the directory calls the manager's. What is on record and not what is
// declared is compared: the directory is on its way to the latter.
func OfUser(u *v1alpha1.User, org *v1alpha1.Organization, managerID string) Want {
	want := Want{Account: account.Of(u, org, membership.MayEnter(u))}
	want.Account.ManagerID = managerID
	has := u.Status.DirectoryAccount
	switch {
	case has != nil && has.Directory == account.At(org) && len(u.Status.Roles) > 0 && want.Account.Given(has.Revision):
		want.Care = Whole
		if org.Spec.Directory.DriftPolicy == v1alpha1.DriftReport {
			// Nothing is sent by which it could be found out, so what is on record counts. Where it is, the directory has another chance.
			want.Without = has.KeptOtherwise
		}
	case !want.Account.Active && has != nil && has.Directory == account.At(org) && has.State == v1alpha1.AccountActive:
		// The account is kept on purpose for who takes over from somebody, or is about to be deactivated before that is recorded.
	case !want.Account.Active: // whatever is on record: the directory may have been another meanwhile, or none
		want.Care = Closed
	}
	return want
}

// OfRecord is how the account of somebody who left is to be. Who is parked has left nothing yet.
func OfRecord(record *v1alpha1.ArchivedUser, org *v1alpha1.Organization) Want {
	r := &record.Record
	want := Want{Account: account.Account{
		UID: cmp.Or(r.AccountUID, r.UID), Organization: types.NamespacedName{Namespace: record.Namespace, Name: r.Spec.Organization},
		UserName: r.Spec.Email,
	}}
	if has := r.DirectoryAccount; has != nil && has.Directory == account.At(org) {
		want.Account.ID = has.ID
	}
	if !record.Parked() && record.DeletionTimestamp.IsZero() {
		want.Care = Closed
	}
	return want
}

// Compare is how a directory has an account that is to be like that.
func Compare(found *directory.Found, want *Want) membership.Drift {
	var d membership.Drift
	if want.Care == Nothing {
		return d
	}
	keepsActive := !slices.Contains(found.Without, directory.Active)
	d.Open = found.Active && !want.Account.Active && keepsActive
	if want.Care == Closed {
		return d
	}
	if want.Account.ID != found.ID { // somebody deleted it, and made another for the person
		d.Differs = append(d.Differs, "id")
	}
	for _, attribute := range found.Differs(want.Account) {
		if (attribute != directory.Active || keepsActive) && !slices.Contains(want.Without, string(attribute)) {
			d.Differs = append(d.Differs, string(attribute))
		}
	}
	return d
}

// Absent is how a directory has an account that it does not list. One with which nobody is to sign in is not missed: some directories
// list such accounts no more, and whoever is let in has it made again.
func Absent(want *Want) membership.Drift {
	return membership.Drift{Missing: want.Care == Whole && want.Account.Active}
}

// Ledger knows whose the accounts are that a directory lists, as K names people. It holds little of each.
type Ledger[K comparable] struct {
	ids  map[string]K
	uids map[types.UID]K
	seen map[K]bool // true by its ID, which is better than by its UID
}

// NewLedger makes an empty one.
func NewLedger[K comparable]() *Ledger[K] {
	return &Ledger[K]{ids: map[string]K{}, uids: map[types.UID]K{}, seen: map[K]bool{}}
}

// Enter enters somebody. Who is entered later has the account of both.
func (l *Ledger[K]) Enter(who K, a *account.Account) {
	if a.ID != "" {
		l.ids[a.ID] = who
	}
	l.uids[a.UID] = who
}

// Whose says whose account it is. An account with the ID that is on record is the person's, and without one that which carries the
// person's UID: a second one is nobody's.
func (l *Ledger[K]) Whose(found *directory.Found) (who K, ours bool) {
	if who, ours = l.ids[found.ID]; ours {
		l.seen[who] = true
		return who, true
	}
	if who, ours = l.uids[found.UID]; !ours || found.UID == "" {
		return who, false
	}
	if _, twice := l.seen[who]; twice {
		return who, false
	}
	l.seen[who] = false
	return who, true
}

// Unseen are those of whom no account was listed, in no order.
func (l *Ledger[K]) Unseen(yield func(K) bool) {
	for _, who := range l.uids {
		if _, seen := l.seen[who]; !seen && !yield(who) {
			return
		}
	}
}

// Names counts names, and keeps the first of them by the alphabet.
type Names struct {
	// Most is how many are kept.
	Most  int
	Count int
	First []string
}

// Add adds a name.
func (n *Names) Add(name string) {
	n.Count++
	at, _ := slices.BinarySearch(n.First, name)
	if at >= n.Most {
		return
	}
	n.First = slices.Insert(n.First, at, name)
	n.First = n.First[:min(len(n.First), n.Most)]
}
