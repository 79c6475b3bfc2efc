// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package directory is the port to where the accounts of an organization's members live.
package directory

import (
	"cmp"
	"context"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Account is one person's account as a directory is to know it.
type Account struct {
	// UID names the account for good, whatever the person is called, and whichever User object stands for the person: that of
	// the first stay, unless the person came in another's place.
	UID types.UID
	// Organization is whose directory it is.
	Organization types.NamespacedName
	// UserName is what the person logs in with: the mail address.
	UserName string
	// GivenName, FamilyName and Locale are empty when they are not known.
	GivenName, FamilyName, Locale string
}

// AccountOf is the account of a user, who belongs to that organization.
func AccountOf(user *v1alpha1.User, organization *v1alpha1.Organization) Account {
	spec := &user.Spec
	return Account{
		UID: user.Account(), Organization: types.NamespacedName{Namespace: user.Namespace, Name: spec.Organization},
		UserName: spec.Email, GivenName: spec.GivenName, FamilyName: spec.FamilyName,
		Locale: cmp.Or(spec.Locale, organization.Spec.Locale),
	}
}

// Directory is where accounts live.
//
// SetPassword gives the account with that UID a new password; it makes the account when there is none yet.
// Repeating it is safe: the account then has the password that was given last.
//
// It returns nil once the directory has taken the password. Any other outcome is one of two: ErrRejected, which
// comes again for the same account and password, or ErrUnavailable, which may pass. After ErrUnavailable the
// password may have been set nevertheless.
//
// It returns soon after ctx ends, with an error that is ErrUnavailable as well as the context's own. No error holds
// the password. It may be called from many goroutines.
type Directory interface {
	SetPassword(ctx context.Context, account Account, secret password.Password) error
}
