// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portal records answers.
package portal

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

type portal struct{ client.Client }

func (p *portal) answer(ctx context.Context, user *v1alpha1.User, patch client.Patch) error {
	return p.Status().Patch(ctx, user, patch)
}

func (p *portal) overreach(ctx context.Context, user *v1alpha1.User, team v1alpha1.Team) error {
	if err := p.SubResource("status").Update(ctx, &team); err != nil { // WRONG: writes the status of Team, which is for controllers/team
		return err
	}
	return p.Delete(ctx, user) // WRONG: makes, changes or deletes User, which is for people
}
