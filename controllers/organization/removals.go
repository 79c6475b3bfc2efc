// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// decideRemovals decides which removals of people pass. The decision rests on the status as it was read, and counts only if that
// is still so when it is written.
func decideRemovals(org *v1alpha1.Organization, s *snapshot, now time.Time) v1alpha1.RemovalsStatus {
	if !org.Protected() {
		return v1alpha1.RemovalsStatus{}
	}
	users := make([]v1alpha1.User, len(s.users))
	for i, u := range s.users {
		users[i] = *u
	}
	return guard.DecideRemovals(guard.Removals{
		Protection: org.Spec.Protection, Organization: org, Users: users, Record: org.Status.Removals,
		Approval: org.Annotations[v1alpha1.AnnotationApproveRemovals], Rejection: org.Annotations[v1alpha1.AnnotationRejectRemovals], Now: now,
		Parks: func(u *v1alpha1.User) bool {
			return membership.Parks(u, org, func(name string) *v1alpha1.Role { return s.roles[name] })
		},
	})
}

// reportRemovals tells which removals are held. It returns when the last of those that count counts no more.
func reportRemovals(org *v1alpha1.Organization, now time.Time) time.Time {
	if !org.Protected() {
		verdict.Unset(org, v1alpha1.ConditionRemovalsHeld)
		return time.Time{}
	}
	r, approval, rejection := &org.Status.Removals, org.Annotations[v1alpha1.AnnotationApproveRemovals], org.Annotations[v1alpha1.AnnotationRejectRemovals]
	switch {
	case r.HeldCount == 0:
		verdict.Set(org, v1alpha1.ConditionRemovalsHeld, false, v1alpha1.ReasonNoRemovalsHeld, "no removal is held", now)
	case approval != "" && approval != r.Approved && approval != r.Token: // the same list passes once those approved before have gone
		verdict.Set(org, v1alpha1.ConditionRemovalsHeld, true, v1alpha1.ReasonApprovalOutdated,
			fmt.Sprintf("annotation %s is for another list, and nobody passed: %s", v1alpha1.AnnotationApproveRemovals, held(org)), now)
	case rejection != "" && rejection != r.Rejected && rejection != r.Token:
		verdict.Set(org, v1alpha1.ConditionRemovalsHeld, true, v1alpha1.ReasonApprovalOutdated,
			fmt.Sprintf("annotation %s is for another list, and nobody was let go: %s", v1alpha1.AnnotationRejectRemovals, held(org)), now)
	default:
		verdict.Set(org, v1alpha1.ConditionRemovalsHeld, true, v1alpha1.ReasonRemovalsHeld, held(org), now)
	}
	return guard.Ends(org.Spec.Protection, r, now)
}

// held says how many removals are held, of whom, and how to let them pass.
func held(org *v1alpha1.Organization) string {
	const few = 5
	r := &org.Status.Removals
	shown := r.Held[:min(few, len(r.Held))]
	names := make([]string, len(shown))
	for i, h := range shown {
		names[i] = fmt.Sprintf("%s (%s)", h.User, h.Kind)
	}
	who := strings.Join(names, ", ")
	if more := int(r.HeldCount) - len(shown); more > 0 {
		who += fmt.Sprintf(" and %d more", more)
	}
	which, of := "these", ""
	if listed := len(r.Held); int(r.HeldCount) > listed {
		which, of = fmt.Sprintf("the first %d", listed), " of those in status.removals.held"
	}
	text := fmt.Sprintf("%s beyond the %s that spec.protection allows within %s: %s%s; to let exactly %s pass, run: "+
		"kubectl annotate --overwrite -n %s organization %s %s=%s",
		removals(r.HeldCount), org.Spec.Protection.MaxRemovals.String(), guard.Within(org.Spec.Protection), who, of, which,
		org.Namespace, org.Name, v1alpha1.AnnotationApproveRemovals, r.Token)
	if slices.ContainsFunc(r.Held, func(h v1alpha1.HeldRemoval) bool { return h.Kind == v1alpha1.RemovalDelete }) {
		text += fmt.Sprintf("; if deleting was a mistake, annotate %s=%s instead, and apply the Users again", v1alpha1.AnnotationRejectRemovals, r.Token)
	}
	return text
}

func removals(n int32) string {
	if n == 1 {
		return "1 removal is held"
	}
	return fmt.Sprintf("%d removals are held", n)
}

// rejections is how many deletions were rejected which were not before.
func rejections(before, after *v1alpha1.Organization) (n int) {
	for _, p := range after.Status.Removals.Passed {
		if p.By == v1alpha1.PassRejection && !slices.Contains(before.Status.Removals.Passed, p) {
			n++
		}
	}
	return n
}

// announceRemovals tells people when removals come to be held, and when an approval lets nobody pass.
func (r *Reconciler) announceRemovals(before, after *v1alpha1.Organization) {
	if n := rejections(before, after); n > 0 {
		r.Events.Eventf(after, nil, corev1.EventTypeWarning, v1alpha1.ReasonRemovalsRejected, "Reconcile",
			"%d deleted Users are let go, and the people keep everything for %s: apply the Users again within that, or they are archived",
			n, guard.Within(after.Spec.Protection))
	}
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionRemovalsHeld)
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionRemovalsHeld)
	if is == nil || is.Status != "True" || was != nil && was.Reason == is.Reason {
		return
	}
	r.Events.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, "Reconcile", "%s", is.Message)
}
