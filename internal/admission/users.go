// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// +kubebuilder:webhook:path=/mutate-seatkeeper-dev-v1alpha1-user,mutating=true,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=users,verbs=create,versions=v1alpha1,name=default.users.seatkeeper.dev,admissionReviewVersions=v1
// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-user,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=users,verbs=create;update;delete,versions=v1alpha1,name=validate.users.seatkeeper.dev,admissionReviewVersions=v1

// userAdmission judges Users.
type userAdmission struct {
	*base

	lately lately
}

// ValidateCreate refuses what cannot become a member, or gets what is not the requester's to give.
func (a *userAdmission) ValidateCreate(ctx context.Context, u *v1alpha1.User) (admission.Warnings, error) {
	errs := timeZone(u.Spec.TimeZone)
	if !a.runs(u.Namespace) {
		return nil, refusal("User", u.Name, errs)
	}
	r, err := a.roster(ctx, u.Namespace, u.Spec.Organization)
	if err != nil {
		return nil, err
	}
	taken, err := a.emailTaken(ctx, u, r.Organization())
	if err != nil {
		return nil, err
	}
	more, err := a.given(ctx, nil, u, r)
	if err != nil {
		return nil, err
	}
	back, err := a.known(ctx, u)
	if err != nil {
		return nil, err
	}
	return answer("User", u.Name, slices.Concat(back, ownersEnd(nil, u, r.Organization())), slices.Concat(errs, taken, more))
}

// ValidateUpdate refuses changes that cannot take effect, or give what is not the requester's to give. What was wrong
// before does not keep the rest from being changed.
func (a *userAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.User) (admission.Warnings, error) {
	if !after.DeletionTimestamp.IsZero() && (!extended(before, after) || gone(after, a.clock.Now())) {
		return nil, nil // it must be possible to let go; only access does not get longer for as long as that is held
	}
	var errs field.ErrorList
	if before.Spec.TimeZone != after.Spec.TimeZone {
		errs = append(errs, timeZone(after.Spec.TimeZone)...)
	}
	if !a.runs(after.Namespace) {
		return nil, refusal("User", after.Name, errs)
	}
	r, err := a.roster(ctx, after.Namespace, after.Spec.Organization)
	if err != nil {
		return nil, err
	}
	readdressed, warnings, err := a.readdressed(ctx, before, after, r.Organization())
	if err != nil {
		return nil, err
	}
	owner, held, err := a.demoted(ctx, before, after, r)
	if err != nil {
		return nil, err
	}
	more, err := a.given(ctx, before, after, r)
	if err != nil {
		return nil, err
	}
	errs, err = a.unlessSurplus(ctx, before, after, r, slices.Concat(errs, readdressed, owner, more))
	if err != nil {
		return nil, err
	}
	warnings = slices.Concat(warnings, held, delegatesToo(before, after, a.clock.Now()))
	return answer("User", after.Name, warnings, errs)
}

// given judges the roles that a user, or somebody by a user, comes by. before is nil for a user who is created.
func (a *userAdmission) given(ctx context.Context, before, after *v1alpha1.User, r *roster.Roster) (field.ErrorList, error) {
	errs, err := a.delegates(ctx, before, after)
	if err != nil {
		return nil, err
	}
	var was []string
	if before != nil {
		was = before.Spec.Roles
	}
	wrong, err := a.foreignRoles(ctx, field.NewPath("spec", "roles"), after.Namespace, after.Spec.Organization, was, after.Spec.Roles)
	if err != nil {
		return nil, err
	}
	errs = append(errs, wrong...)
	if wrong, err = a.named(ctx, before, after); err != nil {
		return nil, err
	}
	errs = append(errs, wrong...)
	demands := userGains(before, after, r, a.clock.Now())
	if err := r.Err(); err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	refused, err := a.rights.refuse(ctx, after.Namespace, demands)
	return append(errs, refused...), err
}

// named refuses a new successor or manager who cannot be any.
func (a *userAdmission) named(ctx context.Context, before, after *v1alpha1.User) (field.ErrorList, error) {
	var was v1alpha1.UserSpec
	if before != nil {
		was = before.Spec
	}
	var errs field.ErrorList
	for _, who := range []struct{ field, was, is string }{
		{"manager", was.Manager, after.Spec.Manager}, {"successor", was.Successor, after.Spec.Successor},
	} {
		if who.is == "" || who.is == who.was {
			continue
		}
		wrong, err := a.noUser(ctx, field.NewPath("spec", who.field), after.Namespace, who.is, after.Spec.Organization)
		if err != nil {
			return nil, err
		}
		errs = append(errs, wrong...)
	}
	return errs, nil
}

// delegates refuses new delegates who cannot be any.
func (a *userAdmission) delegates(ctx context.Context, before, after *v1alpha1.User) (field.ErrorList, error) {
	var errs field.ErrorList
	for i, d := range after.Spec.Delegates {
		if before != nil && slices.ContainsFunc(before.Spec.Delegates, func(was v1alpha1.Delegation) bool { return was.User == d.User }) {
			continue
		}
		wrong, err := a.noUser(ctx, field.NewPath("spec", "delegates").Index(i).Child("user"), after.Namespace, d.User, after.Spec.Organization)
		if err != nil {
			return nil, err
		}
		errs = append(errs, wrong...)
	}
	return errs, nil
}

// readdressed judges an edit of the address by the organization's policy (rules EZ-15, IN-9). Setting back an edit that
// came around admission is none.
func (a *userAdmission) readdressed(ctx context.Context, before, after *v1alpha1.User, org *v1alpha1.Organization) (field.ErrorList, admission.Warnings, error) {
	if !edited(before, after) {
		return nil, nil, nil
	}
	errs, err := a.emailTaken(ctx, after, org)
	if err != nil || org == nil || membership.FoldEmail(after.Spec.Email) == membership.FoldEmail(after.Status.Email) {
		return errs, nil, err
	}
	switch org.Spec.EmailChange {
	case v1alpha1.EmailChangeDeny:
		errs = append(errs, field.Forbidden(field.NewPath("spec", "email"), fmt.Sprintf(
			"organization %s does not let addresses be edited (spec.emailChange is Deny): delete this User, and create one with the new address", org.Name)))
	case v1alpha1.EmailChangeReplace:
		if membership.IsOwner(after, org) && after.Status.AcceptedAt != nil {
			return append(errs, field.Forbidden(field.NewPath("spec", "email"), fmt.Sprintf(
				"stands for another person then (spec.emailChange of organization %s is Replace), and this User is its owner: name another owner there first", org.Name))), nil, nil
		}
		back, err := a.known(ctx, after)
		return errs, append(admission.Warnings{fmt.Sprintf(
			"the address of User %s now stands for another person (spec.emailChange of organization %s is Replace): whoever had the old one loses access, and an invitation goes to the new one",
			after.Name, org.Name)}, back...), err
	default:
	}
	warnings, err := a.passedOn(ctx, before, after)
	return errs, warnings, err
}

// edited says that a user has another address now by the organization's policy, for which the spelling does not count.
func edited(before, after *v1alpha1.User) bool {
	return membership.FoldEmail(before.Spec.Email) != membership.FoldEmail(after.Spec.Email)
}

func (a *userAdmission) emailTaken(ctx context.Context, u *v1alpha1.User, org *v1alpha1.Organization) (field.ErrorList, error) {
	var list v1alpha1.UserList
	key := index.EmailKey(u.Spec.Organization, u.Spec.Email)
	if err := a.cache.List(ctx, &list, client.InNamespace(u.Namespace), client.MatchingFields{index.UserEmail: index.Bucket(key)}, loop.Lagging{}); err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("looking for the address: %w", err))
	}
	for i := range list.Items {
		if other := &list.Items[i]; other.Name != u.Name && index.EmailKey(other.Spec.Organization, other.Spec.Email) == key {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "email"), u.Spec.Email, fmt.Sprintf(
				"is in use by User %s of organization %s%s", other.Name, u.Spec.Organization, remedy(other)))}, nil
		}
	}
	if !membership.Scoped(org) || membership.FoldEmail(u.Spec.Email) == u.Status.AddressClaim.Email { // who has it, whatever others declare
		return nil, nil
	}
	return a.emailElsewhere(ctx, u)
}

// emailElsewhere refuses an address that somebody has in another organization, where both say that it can be in one of them only
// (rule AX-11). Who has it there is told to those who may read it.
func (a *userAdmission) emailElsewhere(ctx context.Context, u *v1alpha1.User) (field.ErrorList, error) {
	var list v1alpha1.UserList
	email := membership.FoldEmail(u.Spec.Email)
	if err := a.cache.List(ctx, &list, client.MatchingFields{index.UserAddress: index.Bucket(email)}, loop.Lagging{}); err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("looking for the address: %w", err))
	}
	for i := range list.Items {
		other := &list.Items[i]
		if !index.HasAddress(other, email) || other.Namespace == u.Namespace && other.Spec.Organization == u.Spec.Organization {
			continue
		}
		r, err := a.roster(ctx, other.Namespace, other.Spec.Organization)
		if err != nil {
			return nil, err
		}
		if !membership.Scoped(r.Organization()) {
			continue
		}
		unseen, err := a.rights.refuse(ctx, other.Namespace, []demand{{
			field.NewPath("spec", "email"), "see who has the address", right{"get", v1alpha1.GroupVersion.Group, "users", other.Name},
		}})
		if err != nil {
			return nil, err
		}
		where := membership.Elsewhere
		if len(unseen) == 0 {
			where = fmt.Sprintf("by User %s of organization %s in namespace %s%s", other.Name, other.Spec.Organization, other.Namespace, remedy(other))
		}
		return field.ErrorList{field.Invalid(field.NewPath("spec", "email"), u.Spec.Email, fmt.Sprintf(
			"is in use %s (spec.emailScope of organization %s is Cluster)", where, u.Spec.Organization))}, nil
	}
	return nil, nil
}

// remedy says how the address that somebody has becomes free, or that person comes back (rules AX-10, AX-11).
func remedy(holder *v1alpha1.User) string {
	if away := membership.Away(holder.Name, holder.Spec.State); away != "" {
		return ", " + away
	}
	return ": use another address, or change or delete that User"
}
