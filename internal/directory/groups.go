// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"

	"seatkeeper.dev/seatkeeper/internal/group"
)

// Group is a team or a role as a directory is to know it.
type Group = group.Group

// Groups is where groups of accounts live. What Directory says of repeating, of outcomes and of contexts holds here too.
type Groups interface {
	// Nests says that groups can be members of groups. Where they cannot, EnsureGroup refuses a group that has Groups.
	Nests(ctx context.Context) (bool, error)
	// EnsureGroup has the group be as it is given here, and makes it when there is none. It returns what the directory calls
	// it. A group that is merely called the same is ErrConflict, unless the directory is to adopt such groups. After an error
	// some members may be in or out already.
	EnsureGroup(ctx context.Context, group Group) (id string, err error)
	// DeleteGroup takes the group away for good, and none of the accounts in it. A group that is not there is gone.
	DeleteGroup(ctx context.Context, group Group) error
}
