// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// removed are those whose removal was let pass, or is held since, or is not any more. Who is not listed is told of it when
// there come to be such.
func (r *Reconciler) removed(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
	if before.Protected() != after.Protected() || unlisted(before) != unlisted(after) {
		return r.users(ctx, after.Namespace, index.UserRemoval, after.Name)
	}
	return keys(after.Namespace, roster.Removed(before, after))
}

// unlisted says that more removals are held than are listed.
func unlisted(org *v1alpha1.Organization) bool {
	return int(org.Status.Removals.HeldCount) > len(org.Status.Removals.Held)
}
