// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package team writes Teams' status.
package team

import (
	"context"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

type reconciler struct{ loop.Base }

func (r *reconciler) reconcile(ctx context.Context, team *v1alpha1.Team, users []v1alpha1.User) error {
	for i := range users {
		if err := r.Persist(ctx, &users[i], &users[i]); err != nil { // WRONG: writes the status of User, which is for controllers/user and internal/portal
			return err
		}
	}
	if err := r.Create(ctx, &v1alpha1.ArchivedUser{}); err != nil { // WRONG: writes ArchivedUser, which is for controllers/user and controllers/archiveduser
		return err
	}
	return r.Persist(ctx, team, team)
}
