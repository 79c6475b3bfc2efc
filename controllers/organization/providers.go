// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/follow"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// providers is what a pass knows of the Secrets of an organization's identity providers.
type providers struct {
	// named says that a provider names a Secret, and unread that the API server does not show one.
	named, unread bool
	// problems say which providers nobody can sign in with, and why.
	problems []string
}

func (r *Reconciler) gatherProviders(ctx context.Context, org *v1alpha1.Organization) (s providers) {
	const mostWords = 600 // of a Secret's name, what names it, and what to do
	for _, p := range org.Spec.Invitation.IdentityProviders {
		if p.ClientSecretRef.Name == "" {
			continue
		}
		s.named = true
		switch _, err := r.SignIn.Provider(ctx, org, p); {
		case errors.Is(err, follow.ErrUnread) && !errors.Is(err, follow.ErrForbidden):
			s.unread = true
		case err != nil:
			s.problems = append(s.problems, fmt.Sprintf("people cannot accept by signing in with %s: %s", p.Name, fault.Words(err, mostWords)))
		}
	}
	return s
}

// report says which Secrets are no use. Where the API server does not show one, what was said stays.
func (s providers) report(org *v1alpha1.Organization, now time.Time) {
	switch {
	case !s.named:
		verdict.Unset(org, v1alpha1.ConditionIdentityProvidersValid)
	case len(s.problems) > 0:
		verdict.Set(org, v1alpha1.ConditionIdentityProvidersValid, false, v1alpha1.ReasonSecretNotFound, strings.Join(s.problems, "; "), now)
	case !s.unread:
		verdict.Set(org, v1alpha1.ConditionIdentityProvidersValid, true, v1alpha1.ReasonIdentityProvidersValid,
			"the Secrets of the identity providers have what they are to have", now)
	}
}

// again is when the Secrets are looked at again, which are not watched. One that is missing may be on its way: the longer it is, the
// longer the pauses.
func (s providers) again(org *v1alpha1.Organization, now time.Time) time.Time {
	const first, last, settled = time.Second, 5 * time.Minute, 10 * time.Minute
	is := meta.FindStatusCondition(org.Status.Conditions, v1alpha1.ConditionIdentityProvidersValid)
	switch {
	case !s.named:
		return time.Time{}
	case len(s.problems) > 0:
		return now.Add(min(last, max(first, now.Sub(is.LastTransitionTime.Time))))
	case s.unread:
		return now.Add(last)
	}
	return now.Add(settled)
}
