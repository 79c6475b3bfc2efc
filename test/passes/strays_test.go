// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// wantSwept looks once for strays.
func wantSwept(t *testing.T, w *passes.World, want ...string) {
	t.Helper()
	w.CatchUp()
	if got, err := w.Sweep(); err != nil || !slices.Equal(got, want) {
		t.Errorf("of those who had left, %v own something again (%v), want %v", got, err, want)
	}
}

// looks are how often objects that people own were asked for.
func looks(w *passes.World) int {
	return len(w.Traffic.Requests(func(r operator.Request) bool { return r.Verb == "list" && r.Resource == "configmaps" }))
}

// Rule AC-17: what is made for somebody who has left already is handed over as well, and nothing is written where there is none.
func TestAC17_WhatComesAfterSomebodyLeft(t *testing.T) {
	t.Parallel()
	w := rich(t, build.Notes())
	w.Traffic.Reset()
	wantSwept(t, w)
	if n := looks(w); n != 0 {
		t.Errorf("nobody has left, and it takes %d looks to know that", n)
	}
	edit("bea", archive)(w)
	w.Settle()
	version := w.User("bea").ResourceVersion
	w.Create(build.Note("late", "bea"), build.Note("not-hers", "dan"))
	wantQuiet(t, w)
	w.Traffic.Reset()
	wantSwept(t, w, "bea")
	if n := looks(w); n != 1 {
		t.Errorf("it takes %d looks", n)
	}
	w.Settle()
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan", "late": "cid", "not-hers": "dan"})
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonArchived)
	if on := bea.Status.Handover.Rules[0]; *on.Objects != 3 || on.State != v1alpha1.HandoverDone || bea.ResourceVersion == version {
		t.Errorf("the handover is %+v", on)
	}
	version = w.User("bea").ResourceVersion
	wantSwept(t, w)
	wantQuiet(t, w)
	if w.User("bea").ResourceVersion != version {
		t.Error("nothing is found, and bea is written")
	}
}

// What a sweep saw is no truth: where it is forgotten, or gone meanwhile, nothing is lost and nothing is written.
func TestStraysAreSeenAgain(t *testing.T) {
	t.Parallel()
	w := rich(t, build.Notes())
	edit("bea", archive)(w)
	w.Settle()
	w.Create(build.Note("late", "bea"))
	wantSwept(t, w, "bea")
	w.Restart()
	wantQuiet(t, w)
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan", "late": "bea"})
	wantSwept(t, w, "bea")
	w.Delete(build.Note("late", "bea"))
	version := w.User("bea").ResourceVersion
	w.Settle()
	if w.User("bea").ResourceVersion != version {
		t.Error("what was seen is gone, and bea is written")
	}
	w.Create(build.Note("later", "bea"))
	wantSwept(t, w, "bea")
	edit("bea", state(v1alpha1.UserActive))(w)
	w.Settle()
	wantSwept(t, w)
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan", "later": "bea"})
}

// Where nobody can take over what came, the user says so until somebody can.
func TestStraysThatNobodyTakes(t *testing.T) {
	t.Parallel()
	rule := build.Notes()
	rule.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorNamed}
	w := rich(t, rule)
	edit("bea", archive)(w)
	w.Settle()
	edit("cid", state(v1alpha1.UserSuspended))(w)
	w.Settle()
	w.Create(build.Note("late", "bea"))
	wantSwept(t, w, "bea")
	for range 3 {
		_, _ = w.Round()
		_, _ = w.Round()
		wantCondition(t, w.User("bea"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonSuccessorRequired, "late")
	}
	edit("cid", state(v1alpha1.UserActive))(w)
	w.Settle()
	for range 20 {
		_, _ = w.Round()
	}
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan", "late": "cid"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
}

// Only what is to be handed over is looked for, and a rule that cannot be asked keeps none of the rest.
func TestStraysByRule(t *testing.T) {
	t.Parallel()
	retain, block, lost := build.Notes(), build.Notes(), build.Notes()
	retain.Name, retain.OnArchive = "kept", v1alpha1.OwnershipRetain
	block.Name, block.OnArchive = "blocked", v1alpha1.OwnershipBlock
	block.Resource.Resource, lost.Resource.Resource, lost.Name = "services", "limitranges", "lost"
	w := rich(t, retain, block, lost, build.Notes())
	edit("bea", archive)(w)
	w.Settle()
	w.Create(build.Note("late", "bea"))
	w.CatchUp()
	w.Traffic.Reset()
	w.Traffic.Break(operator.NotSent, 1, func(r operator.Request) bool { return r.Verb == "list" && r.Resource == "limitranges" })
	got, err := w.Sweep()
	if !slices.Equal(got, []string{"bea"}) || !errors.Is(err, operator.ErrLost) {
		t.Errorf("%v own something again (%v)", got, err)
	}
	asked := w.Traffic.Requests(func(r operator.Request) bool { return r.Resource == "services" })
	if len(asked) != 0 || looks(w) != 1 {
		t.Errorf("asked for %v, and %d times for what is reassigned", asked, looks(w))
	}
}

// It is looked every 10 to 12 minutes, and who is found is told.
func TestStraysAreLookedForByTheClock(t *testing.T) {
	t.Parallel()
	w := rich(t, build.Notes())
	edit("bea", archive)(w)
	w.Settle()
	w.Create(build.Note("late", "bea"))
	w.CatchUp()
	w.Traffic.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	timer := clocktesting.NewFakeClock(passes.Noon)
	found, ended := make(chan types.NamespacedName), make(chan struct{})
	go func() {
		defer close(ended)
		w.Sweeps(ctx, timer, found)
	}()
	waits := func() error {
		if !timer.HasWaiters() {
			return errors.New("nobody waits")
		}
		return nil
	}
	for range 2 {
		env.Eventually(t, waits)
		before := looks(w)
		timer.Step(10*time.Minute - time.Second)
		if waits() != nil || looks(w) != before {
			t.Error("it is looked too soon")
		}
		timer.Step(2*time.Minute + time.Second)
		env.Eventually(t, func() error {
			select {
			case key := <-found:
				if key.Name != "bea" || key.Namespace != w.Namespace {
					t.Errorf("%s is told", key)
				}
				return nil
			default:
				return errors.New("nobody is told")
			}
		})
	}
	env.Eventually(t, waits)
	cancel()
	<-ended
}
