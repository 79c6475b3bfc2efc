// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package directory is the port to where the accounts of an organization's members live.
package directory

import (
	"context"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Account is one person's account as a directory is to know it.
type Account = account.Account

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

// Directories knows the directory of each organization that has one.
type Directories interface {
	// Of is the directory of an organization. An error is ErrUnavailable, and says what is missing.
	Of(ctx context.Context, organization *v1alpha1.Organization) (Directory, error)
}
