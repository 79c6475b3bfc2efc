// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package user writes Users' status and ArchivedUsers.
package user

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

type reconciler struct{ loop.Base }

type pass struct{ team *v1alpha1.Team }

func (r *reconciler) good(ctx context.Context, before *v1alpha1.User, record *v1alpha1.ArchivedUser) error {
	after := before.DeepCopy()
	if err := r.Create(ctx, record); err != nil {
		return err
	}
	if err := r.Patch(ctx, after, client.MergeFrom(before)); err != nil {
		return err
	}
	return r.Finish(ctx, before, after)
}

func (r *reconciler) bad(ctx context.Context, p pass, any v1alpha1.Conditioned) error {
	_ = r.Look(p.team)
	if err := r.Finish(ctx, p.team, p.team); err != nil { // WRONG: writes the status of Team, which is for controllers/team
		return err
	}
	if err := r.Status().Update(ctx, any); err != nil { // WRONG: writes the status of what cannot be told: hand over the kind's own type
		return err
	}
	writer := r.Status()              // WRONG: keeps a status writer: call it at once
	return writer.Update(ctx, p.team) // WRONG: makes, changes or deletes Team, which is for people
}
