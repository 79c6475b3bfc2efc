// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Within lets tests compare delegations.
var Within = within

// RightsAsked and RightsListed are the limits of what is asked and told.
const (
	RightsAsked  = rightsAsked
	RightsListed = rightsListed
	RightsKept   = rightsKept
)

// Giving lets tests give roles, with answers of their own. What it returns refuses the roles that are not the
// requester's to give.
func Giving(clock clock.PassiveClock, answer func(*authorizationv1.SubjectAccessReviewSpec) (bool, error)) func(ctx context.Context, roles ...string) (field.ErrorList, error) {
	r := &rights{
		review: func(_ context.Context, review *authorizationv1.SubjectAccessReview, _ metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error) {
			var err error
			review.Status.Allowed, err = answer(&review.Spec)
			return review, err
		},
		answers: cache.NewLRUExpireCacheWithClock(rightsRemembered, clock),
	}
	return func(ctx context.Context, roles ...string) (field.ErrorList, error) {
		g := &gains{role: func(string) *v1alpha1.Role { return nil }}
		for i, role := range roles {
			g.assign(field.NewPath("spec", "roles").Index(i), role, "")
		}
		return r.refuse(ctx, "acme", g.demands)
	}
}
