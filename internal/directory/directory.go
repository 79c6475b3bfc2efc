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
	// the first stay, unless the person came in another's place. It is SCIM's externalId.
	UID types.UID
	// ID is what the directory calls the account, as far as that is known; empty when it is not.
	ID string
	// Organization is whose directory it is.
	Organization types.NamespacedName
	// UserName is what the person logs in with: the mail address.
	UserName string
	// These are empty when they are not known, and are taken away from the account then.
	GivenName, FamilyName, Title, WorkPhone, MobilePhone, Locale, TimeZone, EmployeeNumber string
	// ManagerID is what the directory calls the account of the person's manager; empty when there is none.
	ManagerID string
	// Roles are the names of the roles that the person holds, sorted.
	Roles []string
	// Active says that the person can sign in.
	Active bool
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

// Directory is where accounts live. Every method can be repeated without harm. It looks for an account by its ID, and
// else by its UID; an account that has neither is not ours.
//
// A method returns nil once the directory has done what it asks for. Any other outcome is one of three: ErrRejected, which
// comes again for the same values; ErrConflict, which comes again until somebody has changed something there; and
// ErrUnavailable, which may pass. After ErrUnavailable it may have been done nevertheless.
//
// It returns soon after ctx ends, with an error that is ErrUnavailable as well as the context's own. No error holds
// a password. It may be called from many goroutines.
type Directory interface {
	// Ensure has the account be as it is given here, and makes it when there is none. It returns what the directory calls it.
	// What others have set is left alone. An account that is merely called the same is ErrConflict, unless the directory is to
	// adopt such accounts.
	Ensure(ctx context.Context, account Account) (id string, err error)
	// Deactivate has the person sign in no more. An account that is not there is none to sign in with.
	Deactivate(ctx context.Context, account Account) error
	// Delete takes the account away for good. An account that is not there is gone.
	Delete(ctx context.Context, account Account) error
	// SetPassword gives the account a new password; it makes the account when there is none yet. The account then has the
	// password that was given last.
	SetPassword(ctx context.Context, account Account, secret password.Password) error
}
