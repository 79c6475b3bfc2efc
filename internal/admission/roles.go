// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-role,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=roles,verbs=create;update,versions=v1alpha1,name=validate.roles.seatkeeper.dev,admissionReviewVersions=v1

// roleAdmission judges Roles.
type roleAdmission struct{ *base }

// ValidateCreate refuses roles that include themselves, or give what is not the requester's to give.
func (a *roleAdmission) ValidateCreate(ctx context.Context, r *v1alpha1.Role) (admission.Warnings, error) {
	return nil, a.judge(ctx, nil, r)
}

// ValidateUpdate refuses changes that close a cycle, or give what is not the requester's to give.
func (a *roleAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.Role) (admission.Warnings, error) {
	return nil, a.judge(ctx, before, after)
}

// ValidateDelete is not asked.
func (a *roleAdmission) ValidateDelete(context.Context, *v1alpha1.Role) (admission.Warnings, error) {
	return nil, nil
}

// judge judges what is new in a role. before is nil for a role that is created. A role that is being deleted is still
// held, so that rights count to the last.
func (a *roleAdmission) judge(ctx context.Context, before, after *v1alpha1.Role) error {
	if !a.runs(after.Namespace) {
		return nil
	}
	r, err := a.roster(ctx, after.Namespace, after.Spec.Organization)
	if err != nil {
		return err
	}
	lookup := func(name string) *v1alpha1.Role {
		if name == after.Name {
			return after
		}
		return r.Role(name)
	}
	var was v1alpha1.RoleSpec
	if before != nil {
		was = before.Spec
	}
	var errs field.ErrorList
	if len(added(was.Includes, after.Spec.Includes)) > 0 && after.DeletionTimestamp.IsZero() {
		if errs, err = a.foreignRoles(ctx, field.NewPath("spec", "includes"), after.Namespace, after.Spec.Organization, was.Includes, after.Spec.Includes); err != nil {
			return err
		}
		errs = append(errs, circle(after, lookup)...)
	}
	demands := roleGains(before, after, lookup)
	if err := r.Err(); err != nil {
		return apierrors.NewInternalError(err)
	}
	refused, err := a.rights.refuse(ctx, after.Namespace, demands)
	if err != nil {
		return err
	}
	return refusal("Role", after.Name, append(errs, refused...))
}

// circle refuses includes that lead back to the role.
func circle(role *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) field.ErrorList {
	cycle := access.RoleCycle(role, lookup)
	if cycle == nil {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("spec", "includes"), cycle[1], fmt.Sprintf(
		"leads back: %s. Take out one of these", strings.Join(cycle, " includes ")))}
}

// roleGains are the rights that a change of a role needs: whoever makes it more, or easier to come by, gives it to all
// that are to hold it, and they may be there before it. What it includes is given as well.
func roleGains(before, after *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []demand {
	g := &gains{role: lookup}
	spec := field.NewPath("spec")
	if before == nil {
		g.itself(field.NewPath("metadata", "name"), after.Name)
		before = &v1alpha1.Role{}
	} else {
		for _, field := range strengthened(before, after, lookup) {
			g.itself(spec.Child(field), after.Name)
		}
	}
	for _, i := range added(before.Spec.Includes, after.Spec.Includes) {
		g.assign(spec.Child("includes").Index(i), after.Spec.Includes[i], "")
	}
	for i, ref := range after.Spec.Kubernetes.RoleRefs {
		if !slices.Contains(before.Spec.Kubernetes.RoleRefs, ref) {
			g.bind(spec.Child("kubernetes", "roleRefs").Index(i), ref)
		}
	}
	return g.demands
}

// strengthened are the fields by which a role becomes more than it was, or easier or harder to come by. A permission or
// roleRef that is taken out makes it less; something included may have asked for a seat.
func strengthened(before, after *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []string {
	was, is := &before.Spec, &after.Spec
	var fields []string
	for field, stronger := range map[string]bool{
		"permissions": len(added(was.Permissions, is.Permissions)) > 0,
		"includes":    len(added(was.Includes, is.Includes)) > 0 || lessSeats(before, after, lookup),
		"kubernetes": slices.ContainsFunc(is.Kubernetes.RoleRefs, func(ref v1alpha1.RoleRef) bool {
			return !slices.Contains(was.Kubernetes.RoleRefs, ref)
		}),
		"seatPool":   was.SeatPool != is.SeatPool,
		"minHolders": !ptr.Equal(was.MinHolders, is.MinHolders),
		"maxHolders": !ptr.Equal(was.MaxHolders, is.MaxHolders),
	} {
		if stronger {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return fields
}

// lessSeats says that a role includes less than it did, and so needs a seat less.
func lessSeats(before, after *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) bool {
	return len(added(after.Spec.Includes, before.Spec.Includes)) > 0 &&
		len(added(access.Pools(after, lookup), access.Pools(before, lookup))) > 0
}
