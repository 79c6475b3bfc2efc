// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
)

// Group is a team or a role as a directory is to know it.
type Group struct {
	// UID names the group for good, whatever it is called. It is SCIM's externalId.
	UID types.UID
	// ID is what the directory calls the group, as far as that is known; empty when it is not.
	ID string
	// Organization is whose directory it is.
	Organization types.NamespacedName
	// DisplayName is what people see. It is not empty.
	DisplayName string
	// Members are what the directory calls the accounts in the group, in any order. Whoever is not among them is taken out.
	Members []string
}

// Groups is where groups of accounts live. What Directory says of repeating, of outcomes and of contexts holds here too.
type Groups interface {
	// EnsureGroup has the group be as it is given here, and makes it when there is none. It returns what the directory calls
	// it. A group that is merely called the same is ErrConflict, unless the directory is to adopt such groups. After an error
	// some members may be in or out already.
	EnsureGroup(ctx context.Context, group Group) (id string, err error)
	// DeleteGroup takes the group away for good, and none of the accounts in it. A group that is not there is gone.
	DeleteGroup(ctx context.Context, group Group) error
}
