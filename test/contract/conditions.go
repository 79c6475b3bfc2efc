// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contract states what holds for every kind alike, so that every test can ask for it.
package contract

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Conditions says in which ways the status of obj breaks the contract of what a pass writes, nil when in none. It
// is not for a pass that ends in silence after an edit: that leaves the status of the older generation.
//
//   - Ready is True or False. Reconciling and Stalled are there only when True: none of them beside
//     Ready=True, one of them beside Ready=False, with the same reason.
//   - A condition has a CamelCase reason, a message of one sentence that does not change by itself, the time of
//     its transition, and the generation that it speaks of.
//   - The root observedGeneration is the present one when Ready or Stalled is True.
//   - Lists that the API documents as sorted are.
//   - kstatus, and with it Flux, and the script for Argo CD in docs/gitops.md draw the same conclusion from the object as Ready,
//     Reconciling and Stalled.
func Conditions(obj v1alpha1.Conditioned) error {
	conditions, observed := obj.StatusConditions()
	broken := []error{summary(*conditions), generation(obj, *conditions, *observed), sorted(obj)}
	seen := map[string]bool{}
	for _, c := range *conditions {
		if seen[c.Type] {
			broken = append(broken, fmt.Errorf("%s is there twice", c.Type))
		}
		seen[c.Type] = true
		if qualifies(c) && c.Status != metav1.ConditionTrue {
			broken = append(broken, fmt.Errorf("%s is there and %s: it is there only when True", c.Type, c.Status))
		}
		broken = append(broken, wording(c), times(c, obj.GetGeneration()))
	}
	broken = append(broken, gitops(obj, *conditions))
	if err := errors.Join(broken...); err != nil {
		return fmt.Errorf("%T %s/%s breaks the condition contract:\n%w", obj, obj.GetNamespace(), obj.GetName(), err)
	}
	return nil
}

// summary checks how Ready, Reconciling and Stalled go together.
func summary(conditions []metav1.Condition) error {
	beside := slices.DeleteFunc(slices.Clone(conditions), func(c metav1.Condition) bool { return !qualifies(c) })
	switch ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); {
	case ready == nil:
		return errors.New("condition Ready is missing")
	case len(beside) > 1:
		return errors.New("conditions Reconciling and Stalled are both there")
	case ready.Status == metav1.ConditionTrue && len(beside) == 1:
		return fmt.Errorf("condition Ready is True beside %s", beside[0].Type)
	case ready.Status == metav1.ConditionTrue:
		return nil
	case ready.Status != metav1.ConditionFalse:
		return fmt.Errorf("condition Ready is %s: it is True or False", ready.Status)
	case len(beside) == 0:
		return errors.New("condition Ready is False without Reconciling or Stalled")
	case beside[0].Reason != ready.Reason:
		return fmt.Errorf("the reason of Ready is %s, that of %s is %s", ready.Reason, beside[0].Type, beside[0].Reason)
	}
	return nil
}

// qualifies says that a condition tells who moves next while Ready is False.
func qualifies(c metav1.Condition) bool {
	return c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled
}

// generation checks the root observedGeneration.
func generation(obj v1alpha1.Conditioned, conditions []metav1.Condition, observed int64) error {
	conclusive := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) ||
		meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
	if now := obj.GetGeneration(); conclusive && observed != now || observed > now {
		return fmt.Errorf("status.observedGeneration is %d at generation %d", observed, now)
	}
	return nil
}

var (
	camelCase = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	// foreign is what others said: in quotes or parentheses. It need not be a sentence of ours.
	foreign = regexp.MustCompile(`(?s)".*"|\(.*\)`)
	// another is where a second sentence starts. After a capital letter the full stop is an abbreviation's.
	another = regexp.MustCompile(`[^\p{Lu}][.!?]\s+\p{Lu}`)
	// moving is what is another at the next look: a time to the fraction of a second, a monotonic clock
	// reading, or how long ago or ahead something is.
	moving = regexp.MustCompile(`\d:\d\d:\d\d[.,]\d|\bm=[+-]\d|\b(ago|elapsed|remaining)\b|\bin \d[\d.]*(ns|µs|ms|s|m|h)`)
)

// wording checks reason and message.
func wording(c metav1.Condition) error {
	var broken []error
	if !camelCase.MatchString(c.Reason) {
		broken = append(broken, fmt.Errorf("%s: reason %q is not CamelCase", c.Type, c.Reason))
	}
	switch ours := foreign.ReplaceAllString(c.Message, ""); {
	case strings.TrimSpace(c.Message) == "":
		broken = append(broken, fmt.Errorf("%s: the message is empty", c.Type))
	case strings.ContainsAny(c.Message, "\r\n"):
		broken = append(broken, fmt.Errorf("%s: message %q has more than one line", c.Type, c.Message))
	case another.MatchString(ours):
		broken = append(broken, fmt.Errorf("%s: message %q has more than one sentence", c.Type, c.Message))
	case moving.MatchString(c.Message):
		broken = append(broken, fmt.Errorf("%s: message %q changes by itself", c.Type, c.Message))
	}
	return errors.Join(broken...)
}

// times checks when and of which generation a condition speaks.
func times(c metav1.Condition, generation int64) error {
	var broken []error
	if c.ObservedGeneration < 1 || c.ObservedGeneration > generation {
		broken = append(broken, fmt.Errorf("%s: observedGeneration is %d at generation %d", c.Type, c.ObservedGeneration, generation))
	}
	if c.LastTransitionTime.IsZero() {
		broken = append(broken, fmt.Errorf("%s: lastTransitionTime is missing", c.Type))
	}
	return errors.Join(broken...)
}

// sorted checks the lists that the API documents as sorted.
func sorted(obj v1alpha1.Conditioned) error {
	switch o := obj.(type) {
	case *v1alpha1.User:
		return errors.Join(ascending("status.roles", o.Status.Roles), ascending("status.seats", o.Status.Seats))
	case *v1alpha1.SeatPool:
		if o.Status.Ledger != nil {
			return ascending("status.ledger.slices", o.Status.Ledger.Slices)
		}
	}
	return nil
}

func ascending[T int32 | string](field string, list []T) error {
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		return fmt.Errorf("%s is not sorted, each once: %v", field, list)
	}
	return nil
}

// gitops checks that GitOps concludes what the conditions say.
func gitops(obj v1alpha1.Conditioned, conditions []metav1.Condition) error {
	var want status.Status
	switch {
	case !obj.GetDeletionTimestamp().IsZero():
		want = status.TerminatingStatus
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling):
		want = status.InProgressStatus
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		want = status.FailedStatus
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady):
		want = status.CurrentStatus
	default:
		return nil // summary has said what is wrong
	}
	flux, argo, err := Health(obj)
	switch {
	case err != nil:
		return err
	case flux != want:
		return fmt.Errorf("kstatus concludes %s, the conditions say %s", flux, want)
	case argo != InArgo[want]:
		return fmt.Errorf("health.lua concludes %s, the conditions say %s", argo, want)
	}
	return nil
}
