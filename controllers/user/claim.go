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
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// gatherClaim sees to it that a user who has the address in the organization, or is about to, has it in the cluster as well, where that is
// asked for, and says whether that came about. What the status says is gone by without a request. Access ends whatever becomes of this,
// so what fails is kept for the end of the pass.
func (r *Reconciler) gatherClaim(ctx context.Context, s *snapshot) error {
	u := s.User
	if s.Organization == nil || !u.DeletionTimestamp.IsZero() { // who keeps what there is
		s.Unclaimed = membership.Unclaimed(u, s.Organization) && !s.NoRoles && u.Spec.State == v1alpha1.UserActive
		return nil
	}
	email := membership.ToClaim(s.Situation)
	claim, err := r.settleClaim(ctx, u, email)
	if loop.Outdated(err) {
		return err // which another look settles
	}
	s.Claim, s.failed, s.ClaimUnknown = claim, err, err != nil
	s.Unclaimed = email == membership.FoldEmail(u.Spec.Email) && email != claim.Email
	return nil
}

// settleClaim is a user's claim to an address. It is recorded at once where the user has no other: else the address of before is the
// user's until this one is.
func (r *Reconciler) settleClaim(ctx context.Context, u *v1alpha1.User, email string) (v1alpha1.AddressClaim, error) {
	had := u.Status.AddressClaim.Email
	claim, err := r.claim(ctx, u, email)
	if err == nil && (email == "" || claim.Email == email && (had == "" || had == email)) {
		err = r.recordClaim(ctx, u, claim)
	}
	return claim, err
}

// claim is a user's claim to an address, taken where there is none yet; empty when somebody else has it, or nobody is to.
func (r *Reconciler) claim(ctx context.Context, u *v1alpha1.User, email string) (claim v1alpha1.AddressClaim, err error) {
	if email == "" {
		return claim, nil
	}
	had := u.Status.AddressClaim
	lease, err := r.Claims.Name(ctx, email)
	switch {
	case had.Email == email && (err != nil || had.Lease == lease):
		return had, nil //nolint:nilerr // who has a claim goes by the status
	case err != nil:
		return claim, err
	}
	if taken, err := r.Claims.Take(ctx, email, lease, u); err != nil || !taken {
		return claim, err
	}
	return v1alpha1.AddressClaim{Email: email, Lease: lease}, nil
}

// recordClaim writes which claim a user goes by, and gives back the one before it after that. Pools wait for what is written here, so it
// is no part of the patch that ends the pass.
func (r *Reconciler) recordClaim(ctx context.Context, u *v1alpha1.User, claim v1alpha1.AddressClaim) error {
	if u.Status.AddressClaim == claim {
		return nil
	}
	before, after := u.DeepCopy(), u.DeepCopy()
	after.Status.AddressClaim = claim
	if meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady) == nil {
		verdict.Conclude(after, verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: "has the address, and an invitation follows"}, r.Clock.Now())
	}
	if err := r.Status().Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing the claim to the address: %w", err)
	}
	after.DeepCopyInto(u)
	return r.letGo(ctx, before, after)
}

// letGo gives back the claim that a user went by, once another one, or none, is on record.
func (r *Reconciler) letGo(ctx context.Context, before, after *v1alpha1.User) error {
	if had := before.Status.AddressClaim; had.Lease != "" && had.Lease != after.Status.AddressClaim.Lease {
		return r.Claims.GiveBack(ctx, had, before)
	}
	return nil
}

// unclaim gives back the claim of somebody who goes. One that a crash leaves behind is taken over by whoever comes next.
func (r *Reconciler) unclaim(ctx context.Context, u *v1alpha1.User) error {
	return r.letGo(ctx, u, &v1alpha1.User{})
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
	return found(ctx)(index.WithAddress(r.Shelf, email))
}

// parkedElsewhere wakes those who may have an address now that somebody who was parked at it in another organization left.
func (r *Reconciler) parkedElsewhere(ctx context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	if before == nil || !before.Parked() || after != nil && after.Parked() || before.Record.Parked.Status.AddressClaim.Email == "" {
		return nil
	}
	return found(ctx)(index.WithAddress(r.Shelf, before.Record.Parked.Status.AddressClaim.Email))
}
