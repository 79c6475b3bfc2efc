// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package groups

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Of maps an organization that comes, goes, or has its directory changed, to its teams or roles.
func Of(keys func(context.Context, *v1alpha1.Organization) []types.NamespacedName) func(context.Context, *v1alpha1.Organization, *v1alpha1.Organization) []types.NamespacedName {
	return func(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
		switch {
		case before == nil:
			return keys(ctx, after)
		case after == nil:
			return keys(ctx, before)
		case before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero(),
			!equality.Semantic.DeepEqual(before.Spec.Directory, after.Spec.Directory):
			return keys(ctx, after)
		}
		return nil
	}
}

// Moved says that the account of a user is another, or there is none any more.
func Moved(before, after *v1alpha1.User) bool { return place(before) != place(after) }

type at struct{ directory, id string }

func place(u *v1alpha1.User) at {
	if u == nil || u.Status.DirectoryAccount == nil {
		return at{}
	}
	return at{u.Status.DirectoryAccount.Directory, u.Status.DirectoryAccount.ID}
}

// Renamed says that the group of a team is another, or there is none any more: the teams above have it as a member.
func Renamed(before, after *v1alpha1.Team) bool { return found(before) != found(after) }

func found(t *v1alpha1.Team) at {
	if t == nil || t.Status.DirectoryGroup == nil {
		return at{}
	}
	return at{t.Status.DirectoryGroup.Directory, t.Status.DirectoryGroup.ID}
}
