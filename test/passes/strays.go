// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/controllers/user"
)

// Sweep looks once for what came for people after they had left, and returns whose next pass will see to it.
func (w *World) Sweep() ([]string, error) {
	w.t.Helper()
	users, err := w.users().Sweep(w.t.Context())
	var names []string
	for _, u := range users {
		if u.Namespace == w.Namespace {
			names = append(names, u.Name)
		}
	}
	return names, err
}

// Sweeps looks for it as an operator does that runs, by a clock of its own, until ctx ends.
func (w *World) Sweeps(ctx context.Context, timer clock.Clock, found chan<- types.NamespacedName) {
	r := w.users()
	r.Timer = timer
	r.Sweeps(ctx, found)
}

func (w *World) users() *user.Reconciler { return w.reconcilers[User].(*user.Reconciler) }
