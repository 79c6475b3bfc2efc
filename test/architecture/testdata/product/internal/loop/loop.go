// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loop writes the status of any kind for its callers.
package loop

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Base is embedded by reconcilers.
type Base struct{ client.Client }

// Persist writes by itself.
func (b Base) Persist(ctx context.Context, before, after v1alpha1.Conditioned) error {
	return b.Status().Patch(ctx, after, client.MergeFrom(before))
}

// Finish writes through Persist.
func (b Base) Finish(ctx context.Context, before, after v1alpha1.Conditioned) error {
	return b.Persist(ctx, before, after)
}

// Look writes nothing.
func (b Base) Look(obj v1alpha1.Conditioned) string { return obj.GetName() }
