// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package verdict says how a pass over an object ended, and how that reads as kstatus conditions. It is
// pure: the caller owns the clock.
package verdict

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Kind is who moves next.
type Kind int

const (
	// Done: everything that can be done is done. Ready=True.
	Done Kind = iota
	// Wait: something else moves next, and a watch or a clock wakes us. Ready=False, Reconciling=True.
	Wait
	// Retry: a call of ours failed, and the queue backs off. Ready=False, Reconciling=True.
	Retry
	// Stuck: only an edit helps. Ready=False, Stalled=True.
	Stuck
	// Silent: nothing is known yet that is worth a write. The conditions stay as they are.
	Silent
)

// Verdict is the single conclusion of a pass.
type Verdict struct {
	Kind    Kind
	Reason  string
	Message string
	// WakeAt is when a clock makes the next pass due; zero when only a watch does.
	WakeAt time.Time
	// Err is what failed, for Retry.
	Err error
}

// Failed is the verdict on a pass whose own call failed: the same as v, but to be tried again.
func (v Verdict) Failed(err error) Verdict {
	v.Kind, v.Err = Retry, err
	return v
}

// Conclude writes v into the conditions of obj. An unchanged verdict leaves them untouched.
func Conclude(obj v1alpha1.Conditioned, v Verdict, now time.Time) {
	if v.Kind == Silent {
		return
	}
	_, observed := obj.StatusConditions()
	Set(obj, v1alpha1.ConditionReady, v.Kind == Done, v.Reason, v.Message, now)
	for _, c := range []struct {
		kind string
		on   bool
	}{
		{v1alpha1.ConditionReconciling, v.Kind == Wait || v.Kind == Retry},
		{v1alpha1.ConditionStalled, v.Kind == Stuck},
	} {
		if c.on {
			Set(obj, c.kind, true, v.Reason, v.Message, now)
		} else {
			Unset(obj, c.kind)
		}
	}
	if v.Kind == Done || v.Kind == Stuck {
		*observed = obj.GetGeneration()
	}
}

// Set sets one condition of obj, of its present generation.
func Set(obj v1alpha1.Conditioned, kind string, on bool, reason, message string, now time.Time) {
	const most = 8192 // the schema refuses 32768, and with that the whole status
	if len(message) > most {
		if runes := []rune(message); len(runes) > most {
			message = string(runes[:most])
		}
	}
	conditions, _ := obj.StatusConditions()
	status := metav1.ConditionFalse
	if on {
		status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message,
		ObservedGeneration: obj.GetGeneration(), LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	})
}

// Unset removes one condition of obj.
func Unset(obj v1alpha1.Conditioned, kind string) {
	conditions, _ := obj.StatusConditions()
	if meta.FindStatusCondition(*conditions, kind) != nil { // what is removed is a copy of the rest, also where nothing is
		meta.RemoveStatusCondition(conditions, kind)
	}
}
