// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// gatherClaim sees to it that a user who has the address in the organization has it in the cluster as well, where that is asked for,
// and says whether that came about. What the status says is gone by without a request.
func (r *Reconciler) gatherClaim(ctx context.Context, s *snapshot) error {
	u, had := s.User, s.User.Status.AddressClaim
	switch {
	case membership.LetsGo(s.Situation):
		if err := r.recordClaim(ctx, u, v1alpha1.AddressClaim{}); err != nil {
			return err
		}
	case membership.Scoped(s.Organization) && u.DeletionTimestamp.IsZero():
		lease, err := r.Claims.Name(ctx, u.Spec.Email)
		if err != nil {
			return err
		}
		claim := v1alpha1.AddressClaim{Email: membership.FoldEmail(u.Spec.Email), Lease: lease}
		if had == claim {
			break
		}
		taken, err := r.Claims.Take(ctx, lease, u)
		if err != nil {
			return err
		}
		if taken {
			err = r.recordClaim(ctx, u, claim)
		}
		if err != nil {
			return err
		}
	}
	s.Unclaimed = membership.Unclaimed(u, s.Organization)
	return nil
}

// recordClaim writes which claim a user goes by, and gives back the one before it after that. Pools wait for what is written here, so it
// is no part of the patch that ends the pass.
func (r *Reconciler) recordClaim(ctx context.Context, u *v1alpha1.User, claim v1alpha1.AddressClaim) error {
	had := u.Status.AddressClaim
	if had == claim {
		return nil
	}
	base := u.DeepCopy()
	u.Status.AddressClaim = claim
	if meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady) == nil {
		verdict.Conclude(u, verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: "has the address, and an invitation follows"}, r.Clock.Now())
	}
	if err := r.Status().Patch(ctx, u, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing the claim to the address: %w", err)
	}
	if had.Lease == "" || claim.Lease == had.Lease {
		return nil
	}
	return r.Claims.GiveBack(ctx, had.Lease, u.UID)
}

// unclaim gives back the claim of somebody who goes. One that a crash leaves behind is taken over by whoever comes next.
func (r *Reconciler) unclaim(ctx context.Context, u *v1alpha1.User) error {
	if u.Status.AddressClaim.Lease == "" {
		return nil
	}
	return r.Claims.GiveBack(ctx, u.Status.AddressClaim.Lease, u.UID)
}

// sameEmailElsewhere wakes those who may have an address now that somebody in another organization gave up.
func (r *Reconciler) sameEmailElsewhere(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	if before == nil || before.Status.AddressClaim.Email == "" {
		return nil
	}
	email := before.Status.AddressClaim.Email
	if after != nil && after.Status.AddressClaim.Email == email {
		return nil
	}
	return r.users(ctx, "", index.UserAddress, email)
}
