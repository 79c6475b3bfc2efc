// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// extended says that access ends later than it did, or not at all any more. Whether the end has come makes no difference:
// whoever may give a role said until when.
func extended(before, after *v1alpha1.User) bool {
	was, is := access.Until(before), access.Until(after)
	return !was.IsZero() && (is.IsZero() || is.After(was))
}

// gone says that a user is declared to have no access at a time, whether or not the operator has found that.
func gone(u *v1alpha1.User, now time.Time) bool {
	return away(u.Spec.State) || access.EndedBy(u, now)
}

// leaving says by which field a change ends a user's access now; nil when it does not.
func leaving(before, after *v1alpha1.User, now time.Time) *field.Path {
	switch {
	case before.Spec.State != after.Spec.State && away(after.Spec.State):
		return field.NewPath("spec", "state")
	case !access.Until(before).Equal(access.Until(after)) && access.EndedBy(after, now):
		return field.NewPath("spec", "accessUntil")
	}
	return nil
}

// ownersEnd warns of an end of access that does not come while the user is the owner. before is nil for a user who is created.
func ownersEnd(before, after *v1alpha1.User, org *v1alpha1.Organization) admission.Warnings {
	until := access.Until(after)
	if !membership.IsOwner(after, org) || until.IsZero() || before != nil && access.Until(before).Equal(until) {
		return nil
	}
	return admission.Warnings{fmt.Sprintf(
		"User %s is the owner of organization %s and keeps access after %s (spec.accessUntil), until spec.owner there names another",
		after.Name, org.Name, moment(until))}
}
