// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package role

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// maxPermissions is how many the status lists.
const maxPermissions = 4096

// conclude brings the status of role to what the snapshot makes it, and says how the role is. It is pure.
func conclude(role *v1alpha1.Role, s *snapshot, outcome bindings.Outcome, now time.Time) verdict.Verdict {
	present(role, s)
	concludeCovered(role, s, now)
	concludeBound(role, s, outcome, now)
	stuck := func(reason, format string, args ...any) verdict.Verdict {
		return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	org := role.Spec.Organization
	switch {
	case s.organization == nil:
		return stuck(v1alpha1.ReasonOrganizationNotFound,
			"organization %s is not in this namespace: create it, or correct spec.organization", org)
	case role.Spec.SeatPool != "" && !s.pool:
		return stuck(v1alpha1.ReasonSeatPoolNotFound,
			"organization %s has no seat pool %s: create it, or correct spec.seatPool", org, role.Spec.SeatPool)
	case s.cycle != nil:
		return stuck(v1alpha1.ReasonRoleCycle,
			"%s: take one of them out of spec.includes; nobody loses what they hold", spell(s.cycle))
	case len(s.unknown) > 0:
		return stuck(v1alpha1.ReasonRoleNotFound,
			"organization %s has no Role %s: create it, or correct spec.includes", org, some(s.unknown))
	case len(s.permissions) > maxPermissions:
		return stuck(v1alpha1.ReasonInvalidSpec,
			"spec.permissions and those of all that spec.includes names come to %d, and a role has at most %d: take some out; status.permissions stays as it was",
			len(s.permissions), maxPermissions)
	case len(outcome.Taken) > 0:
		return stuck(v1alpha1.ReasonBindingConflict, "%s", taken(outcome))
	case len(outcome.Refused) > 0:
		return stuck(v1alpha1.ReasonBindingForbidden, "%s", forbidden(outcome))
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the role is in effect"}
}

// concludeCovered says whether as many as spec.minHolders asks for hold the role.
func concludeCovered(role *v1alpha1.Role, s *snapshot, now time.Time) {
	least := ptr.Deref(role.Spec.MinHolders, 0)
	switch {
	case least == 0:
		verdict.Unset(role, v1alpha1.ConditionCovered)
	case s.present >= least:
		verdict.Set(role, v1alpha1.ConditionCovered, true, v1alpha1.ReasonCovered,
			fmt.Sprintf("spec.minHolders asks for %s who accepted and have access, and they are there", people(least)), now)
	default:
		verdict.Set(role, v1alpha1.ConditionCovered, false, v1alpha1.ReasonTooFewHolders,
			fmt.Sprintf("spec.minHolders asks for %s who accepted and have access, and there are %d: give the role to others, or lower spec.minHolders",
				people(least), s.present), now)
	}
}

func people(n int32) string {
	if n == 1 {
		return "1 holder"
	}
	return fmt.Sprintf("%d holders", n)
}

// concludeBound says whether the holders are bound to the roles of Kubernetes.
func concludeBound(role *v1alpha1.Role, s *snapshot, outcome bindings.Outcome, now time.Time) {
	set := func(on bool, reason, message string) {
		verdict.Set(role, v1alpha1.ConditionBound, on, reason, message, now)
	}
	refs := make([]string, len(role.Spec.Kubernetes.RoleRefs))
	for i, ref := range role.Spec.Kubernetes.RoleRefs {
		refs[i] = string(ref.Kind) + " " + ref.Name
	}
	slices.Sort(refs)
	switch {
	case len(outcome.Taken) > 0:
		set(false, v1alpha1.ReasonBindingConflict, taken(outcome))
	case len(outcome.Refused) > 0:
		set(false, v1alpha1.ReasonBindingForbidden, forbidden(outcome))
	case len(refs) == 0:
		verdict.Unset(role, v1alpha1.ConditionBound)
	case len(s.nameless) > 0:
		slices.Sort(s.nameless)
		set(false, v1alpha1.ReasonUserNameRefused, fmt.Sprintf(
			"all holders are bound to %s but User %s, for whom --kubernetes-user-name of the operator makes a name that is empty or begins with system",
			strings.Join(refs, ", "), some(slices.Compact(s.nameless))))
	default:
		set(true, v1alpha1.ReasonBound, "the holders who accepted are bound to "+strings.Join(refs, ", "))
	}
}

func taken(outcome bindings.Outcome) string {
	return fmt.Sprintf("RoleBinding %s is not the operator's, and is left alone: delete or rename it, so that the holders can be bound",
		some(slices.Sorted(slices.Values(outcome.Taken))))
}

// forbidden says which right the operator lacks, and how to give it. One is enough: the next is said when this one is given.
func forbidden(outcome bindings.Outcome) string {
	first := outcome.Refused[0]
	resource := "clusterroles"
	if first.Ref.Kind == string(v1alpha1.RoleRefRole) {
		resource = "roles"
	}
	return fmt.Sprintf("the operator may not bind the holders to %s: create a ClusterRole with the label seatkeeper.dev/aggregate-to-operator: true "+
		"that allows the verb bind on %s with the name %s, or correct spec.kubernetes.roleRefs; the API server says %s",
		name(first.Ref), resource, first.Ref.Name, said(first.Err))
}

func name(ref rbacv1.RoleRef) string { return ref.Kind + " " + ref.Name }

// said quotes the API server on one line.
func said(err error) string {
	const limit = 300
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		words := []rune(strings.ReplaceAll(strings.Join(strings.Fields(status.ErrStatus.Message), " "), `"`, "'"))
		return `"` + string(words[:min(len(words), limit)]) + `"`
	}
	return "nothing else"
}

// spell says a cycle in words.
func spell(cycle []string) string { return strings.Join(cycle, " includes ") }

// some names the first few.
func some(names []string) string {
	const few = 5
	if more := len(names) - few; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), more)
	}
	return strings.Join(names, ", ")
}
