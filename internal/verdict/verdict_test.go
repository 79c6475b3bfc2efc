// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
)

var (
	now   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	later = now.Add(time.Hour)
)

// condition is one of generation 2, set at now.
func condition(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: "so it is", ObservedGeneration: 2, LastTransitionTime: metav1.NewTime(now),
	}
}

func user(observed int64, conditions ...metav1.Condition) *v1alpha1.User {
	u := build.User("ada").In("acme", "acme").Generation(2).Obj()
	u.Status.ObservedGeneration, u.Status.Conditions = observed, conditions
	return u
}

const (
	yes = metav1.ConditionTrue
	no  = metav1.ConditionFalse
)

func TestConclude(t *testing.T) {
	t.Parallel()
	seated := condition("Seated", yes, "Seated")
	for name, c := range map[string]struct {
		why  string
		from *v1alpha1.User
		kind verdict.Kind
		want []metav1.Condition
		// observed is the root observedGeneration then.
		observed int64
	}{
		"done": {
			why: "Ready alone, and the generation is dealt with", from: user(-1), kind: verdict.Done,
			want: []metav1.Condition{condition("Ready", yes, "Why")}, observed: 2,
		},
		"wait": {
			why: "it goes on by itself; the generation is not dealt with", from: user(1), kind: verdict.Wait,
			want: []metav1.Condition{condition("Ready", no, "Why"), condition("Reconciling", yes, "Why")}, observed: 1,
		},
		"retry": {
			why: "it goes on by itself; the generation is not dealt with", from: user(1), kind: verdict.Retry,
			want: []metav1.Condition{condition("Ready", no, "Why"), condition("Reconciling", yes, "Why")}, observed: 1,
		},
		"stuck": {
			why: "somebody has to act; the generation is dealt with", from: user(1), kind: verdict.Stuck,
			want: []metav1.Condition{condition("Ready", no, "Why"), condition("Stalled", yes, "Why")}, observed: 2,
		},
		"silent": {
			why: "nothing is known that is worth a write", from: user(1, seated), kind: verdict.Silent,
			want: []metav1.Condition{seated}, observed: 1,
		},
		"from stuck to done": {
			why: "Stalled is there only when True", kind: verdict.Done,
			from: user(1, condition("Ready", no, "Old"), condition("Stalled", yes, "Old"), seated),
			want: []metav1.Condition{condition("Ready", yes, "Why"), seated}, observed: 2,
		},
		"from wait to stuck": {
			why: "never both", kind: verdict.Stuck,
			from: user(1, condition("Ready", no, "Old"), condition("Reconciling", yes, "Old"), seated),
			want: []metav1.Condition{condition("Ready", no, "Why"), seated, condition("Stalled", yes, "Why")}, observed: 2,
		},
		"from stuck to retry": {
			why: "never both; what was dealt with before stays so", kind: verdict.Retry,
			from: user(2, condition("Ready", no, "Old"), condition("Stalled", yes, "Old"), seated),
			want: []metav1.Condition{condition("Ready", no, "Why"), seated, condition("Reconciling", yes, "Why")}, observed: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := verdict.Verdict{Kind: c.kind, Reason: "Why", Message: "so it is"}
			verdict.Conclude(c.from, v, now.Add(345*time.Millisecond))
			inOrder := cmpopts.SortSlices(func(a, b metav1.Condition) bool { return a.Type < b.Type })
			if diff := cmp.Diff(c.want, c.from.Status.Conditions, inOrder); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			if got := c.from.Status.ObservedGeneration; got != c.observed {
				t.Errorf("%s: observedGeneration is %d, want %d", c.why, got, c.observed)
			}
			if c.kind == verdict.Silent {
				return
			}
			if err := contract.Conditions(c.from); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestConcludeIsStable checks that the same verdict, given again at a later time, leaves nothing to write.
func TestConcludeIsStable(t *testing.T) {
	t.Parallel()
	for _, kind := range []verdict.Kind{verdict.Done, verdict.Wait, verdict.Retry, verdict.Stuck, verdict.Silent} {
		u := user(-1, condition("Ready", no, "Old"), condition("Stalled", yes, "Old"))
		v := verdict.Verdict{Kind: kind, Reason: "Why", Message: "so it is"}
		verdict.Conclude(u, v, now)
		first := u.DeepCopy()
		verdict.Conclude(u, v, later)
		if diff := cmp.Diff(first, u); diff != "" {
			t.Errorf("kind %d, given again, writes:\n%s", kind, diff)
		}
	}
}

// TestConcludeKeepsTheContract gives any verdicts one after the other to any kind of object.
func TestConcludeKeepsTheContract(t *testing.T) {
	t.Parallel()
	objects := map[string]func() v1alpha1.Conditioned{
		"User":         func() v1alpha1.Conditioned { return build.User("ada").Obj() },
		"Organization": func() v1alpha1.Conditioned { return build.Organization("acme").Obj() },
		"Role":         func() v1alpha1.Conditioned { return build.Role("support").Obj() },
		"SeatPool":     func() v1alpha1.Conditioned { return build.SeatPool("standard").Obj() },
		"Team":         func() v1alpha1.Conditioned { return build.Team("sales").Obj() },
	}
	for kind, object := range objects {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				obj, at := object(), now
				for range rapid.IntRange(1, 6).Draw(t, "passes") {
					obj.SetGeneration(obj.GetGeneration() + int64(rapid.IntRange(0, 1).Draw(t, "edits")))
					at = at.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "seconds")) * time.Second)
					v := verdict.Verdict{
						Kind:    verdict.Kind(rapid.IntRange(int(verdict.Done), int(verdict.Stuck)).Draw(t, "kind")),
						Reason:  rapid.SampledFrom([]string{"One", "Two"}).Draw(t, "reason"),
						Message: rapid.SampledFrom([]string{"so it is", "so it goes"}).Draw(t, "message"),
					}
					verdict.Conclude(obj, v, at)
					if err := contract.Conditions(obj); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	v := verdict.Verdict{Reason: "Why", Message: "so it is", WakeAt: later}.Failed(cause)
	if want := (verdict.Verdict{Kind: verdict.Retry, Reason: "Why", Message: "so it is", WakeAt: later, Err: cause}); !cmp.Equal(want, v, cmpopts.EquateErrors()) {
		t.Errorf("want %v, got %v", want, v)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why        string
		on         bool
		reason     string
		generation int64
		want       metav1.Condition
	}{
		"unchanged":       {why: "nothing to write", on: true, reason: "Seated", generation: 2, want: condition("Seated", yes, "Seated")},
		"another reason":  {why: "the time is that of the transition of the status", on: true, reason: "Other", generation: 2, want: condition("Seated", yes, "Other")},
		"another edition": {why: "the generation it speaks of is the present one", on: true, reason: "Seated", generation: 3, want: at(condition("Seated", yes, "Seated"), 3, now)},
		"turned":          {why: "a transition has its time, in whole seconds", reason: "AwaitingSeat", generation: 2, want: at(condition("Seated", no, "AwaitingSeat"), 2, later)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := user(2, condition("Seated", yes, "Seated"))
			u.Generation = c.generation
			verdict.Set(u, "Seated", c.on, c.reason, "so it is", later.Add(999*time.Millisecond))
			if diff := cmp.Diff([]metav1.Condition{c.want}, u.Status.Conditions); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func at(c metav1.Condition, generation int64, since time.Time) metav1.Condition {
	c.ObservedGeneration, c.LastTransitionTime = generation, metav1.NewTime(since)
	return c
}

func TestUnset(t *testing.T) {
	t.Parallel()
	u := user(2, condition("Ready", yes, "Active"), condition("Seated", yes, "Seated"))
	verdict.Unset(u, "Seated")
	verdict.Unset(u, "Archived") // which is not there
	if diff := cmp.Diff([]metav1.Condition{condition("Ready", yes, "Active")}, u.Status.Conditions); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
