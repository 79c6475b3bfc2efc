// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

func belonging(owner string, n int) string { return fmt.Sprintf("%s-%d", owner, n) }

// prepareOffboard has everybody accept, and own some objects. Where there is no operator, a ledger is made for the bare client to
// write to.
func prepareOffboard(ctx context.Context, p *plane, _ staff, w *wave) error {
	if err := w.settle(ctx, p, true); err != nil {
		return err
	}
	if w.way == wayRaw {
		if err := w.keep(ctx, p.wire, w.first+w.people); err != nil {
			return err
		}
	}
	return w.each(ctx, func(ctx context.Context, i int) error {
		for n := range w.owned {
			if err := p.note(ctx, w.namespace, belonging(personName(i), n), personName(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// startOffboard archives everybody but the owner, who takes over. The bare client then writes what the operator does: that access is
// revoked, the objects, that the person is archived, and in the end the ledger.
func startOffboard(ctx context.Context, c *wire, w *wave) error {
	var revoking *v1alpha1.UserStatus
	if w.way == wayRaw {
		revoking = underWay(w.example.after)
	}
	err := w.each(ctx, func(ctx context.Context, i int) error {
		var v version
		patch := []byte(`{"spec":{"state":"` + v1alpha1.UserArchived + `"}}`)
		if err := c.send(ctx, http.MethodPatch, userPath(w.namespace, personName(i)), typeMergePatch, patch, &v); err != nil || w.way != wayRaw {
			return err
		}
		if err := invite(ctx, c, w.namespace, i, v, revoking, &v); err != nil {
			return err
		}
		for n := range w.owned {
			if err := pass(ctx, c, w.namespace, belonging(personName(i), n), personName(0)); err != nil {
				return err
			}
		}
		return invite(ctx, c, w.namespace, i, v, w.example.after, nil)
	})
	if err != nil || w.way != wayRaw {
		return err
	}
	slices := ledger(w.namespace, w.first+w.people)
	return each(ctx, len(slices), func(ctx context.Context, i int) error {
		return c.send(ctx, http.MethodPatch, path(w.namespace, "seatslices")+"/"+slices[i].Name, typeMergePatch, []byte(`{"assignments":null}`), nil)
	})
}

// underWay is the status of somebody whose offboarding has begun, when that is what it is in the end: the same, but for the reason.
func underWay(after *v1alpha1.UserStatus) *v1alpha1.UserStatus {
	status := after.DeepCopy()
	for i, condition := range status.Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			status.Conditions[i].Reason = v1alpha1.ReasonArchiving
		}
	}
	return status
}
