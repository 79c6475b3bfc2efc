// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
)

var (
	now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

	users       = schema.GroupResource{Group: "seatkeeper.dev", Resource: "users"}
	errNotFound = apierrors.NewNotFound(users, "jean")
	errConflict = apierrors.NewConflict(users, "jean", errors.New("the object has been modified"))
	errExists   = apierrors.NewAlreadyExists(users, "jean")
	errCaused   = errors.New("connection refused")
	errOther    = errors.New("the API server is shutting down")
)

func TestResult(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) verdict.Verdict { return verdict.Verdict{WakeAt: now.Add(d)} }
	retry := verdict.Verdict{}.Failed(errCaused)
	for name, c := range map[string]struct {
		why  string
		v    verdict.Verdict
		err  error
		want ctrl.Result
		// fails says that the queue is to back off, for these reasons.
		fails []error
	}{
		"done":               {why: "a watch wakes us", v: verdict.Verdict{}},
		"stuck":              {why: "an edit wakes us: what cannot succeed is not tried again", v: verdict.Verdict{Kind: verdict.Stuck}},
		"silent":             {why: "a watch wakes us", v: verdict.Verdict{Kind: verdict.Silent}},
		"clock":              {why: "the clock wakes us in time", v: at(time.Hour), want: ctrl.Result{RequeueAfter: time.Hour}},
		"clock, stuck":       {why: "the clock runs whoever has to act", v: verdict.Verdict{Kind: verdict.Stuck, WakeAt: now.Add(time.Hour)}, want: ctrl.Result{RequeueAfter: time.Hour}},
		"clock, silent":      {why: "the clock runs though nothing was written", v: verdict.Verdict{Kind: verdict.Silent, WakeAt: now.Add(time.Hour)}, want: ctrl.Result{RequeueAfter: time.Hour}},
		"now":                {why: "0 would mean never", v: at(0), want: ctrl.Result{RequeueAfter: time.Nanosecond}},
		"late":               {why: "what is overdue is due", v: at(-time.Hour), want: ctrl.Result{RequeueAfter: time.Nanosecond}},
		"retry":              {why: "the queue backs off", v: retry, fails: []error{errCaused}},
		"retry later":        {why: "who failed says when to try again", v: verdict.Verdict{Kind: verdict.Retry, WakeAt: now.Add(time.Second)}, want: ctrl.Result{RequeueAfter: time.Second}},
		"unwritten":          {why: "the queue backs off", v: at(time.Hour), err: errCaused, fails: []error{errCaused}},
		"retry, unwritten":   {why: "neither failure hides the other", v: retry, err: errOther, fails: []error{errCaused, errOther}},
		"retry, gone":        {why: "nobody is left to try it for", v: retry, err: errNotFound},
		"outdated":           {why: "the cache catches up in a moment: no error, and nothing in the log", v: at(time.Hour), err: fmt.Errorf("writing status: %w", errConflict), want: ctrl.Result{RequeueAfter: 50 * time.Millisecond}},
		"there already":      {why: "so does that of what somebody else has created", err: errExists, want: ctrl.Result{RequeueAfter: 50 * time.Millisecond}},
		"retry, outdated":    {why: "what failed is tried on a view that is not outdated", v: retry, err: errConflict, want: ctrl.Result{RequeueAfter: 50 * time.Millisecond}},
		"gone":               {why: "nobody is left to write about", err: errNotFound},
		"gone, with a clock": {why: "the next look finds nothing, and ends it", v: at(time.Hour), err: errNotFound, want: ctrl.Result{RequeueAfter: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := loop.Base{Clock: clocktesting.NewFakePassiveClock(now)}
			got, err := b.Result(c.v, c.err)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			if (err != nil) != (len(c.fails) > 0) {
				t.Errorf("%s: got error %v", c.why, err)
			}
			for _, want := range c.fails {
				if !errors.Is(err, want) {
					t.Errorf("%s: error %q does not tell of %q", c.why, err, want)
				}
			}
		})
	}
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing failed":                {nil, false},
		"the version is gone":           {errConflict, true},
		"the object was created":        {errExists, true},
		"whatever it is wrapped in":     {fmt.Errorf("writing seat slices: %w", fmt.Errorf("slice 3: %w", errConflict)), true},
		"the object is gone":            {errNotFound, false},
		"the API server is unreachable": {errCaused, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got := loop.Outdated(c.err); got != c.want {
				t.Errorf("want %t, got %t", c.want, got)
			}
		})
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	a, b := types.NamespacedName{Namespace: "acme", Name: "a"}, types.NamespacedName{Namespace: "acme", Name: "b"}
	p := &loop.Pace{Every: time.Second}
	for _, step := range []struct {
		why  string
		key  types.NamespacedName
		at   time.Duration
		want time.Duration
	}{
		{"the first pass is due", a, 0, 0},
		{"the second is put off until a second has passed", a, 0, time.Second},
		{"another key has its own pace", b, 300 * time.Millisecond, 0},
		{"whoever asks again is put off no further", a, 400 * time.Millisecond, 600 * time.Millisecond},
		{"to the last moment", a, time.Second - 1, 1},
		{"then it is due", a, time.Second, 0},
		{"and counts", a, time.Second, time.Second},
		{"the other key is due by now", b, 1300 * time.Millisecond, 0},
		{"after a rest a pass is not delayed", a, time.Hour, 0},
		{"a clock that was set back delays nobody for long", a, time.Minute, 0},
		{"and counts from there", a, time.Minute, time.Second},
	} {
		if got := p.Turn(step.key, now.Add(step.at)); got != step.want {
			t.Errorf("%s: after %v, %s is put off for %v, want %v", step.why, step.at, step.key, got, step.want)
		}
	}
}

// Whoever has to look at very many is not busy with that all the time; and nobody waits for it who comes after a rest.
func TestPaceOfALookAtVeryMany(t *testing.T) {
	t.Parallel()
	a := types.NamespacedName{Namespace: "acme", Name: "a"}
	p := &loop.Pace{Every: time.Second}
	for _, step := range []struct {
		why    string
		at     time.Duration
		people int
		want   time.Duration
	}{
		{"the first pass is due", 0, 100_000, 0},
		{"the second waits for them", time.Second, 0, 4 * time.Second},
		{"then it is due, and there are few", 5 * time.Second, 20_000, 0},
		{"so the pace is the usual one", 5500 * time.Millisecond, 0, 500 * time.Millisecond},
		{"then it is due, and there are many again", 6 * time.Second, 1_000_000, 0},
		{"after a rest a pass is not delayed", time.Hour, 1_000_000, 0},
		{"a clock that was set back delays nobody for long", time.Minute, 0, 0},
	} {
		if got := p.Turn(a, now.Add(step.at)); got != step.want {
			t.Errorf("%s: after %v, it is put off for %v, want %v", step.why, step.at, got, step.want)
		}
		if step.want == 0 {
			p.Looked(a, step.people)
		}
	}
}

func TestPaceOfNothing(t *testing.T) {
	t.Parallel()
	var p loop.Pace
	for range 3 {
		if got := p.Turn(types.NamespacedName{Name: "a"}, now); got != 0 {
			t.Errorf("without a pace, a pass is put off for %v", got)
		}
		p.Looked(types.NamespacedName{Name: "a"}, 1_000_000)
	}
}

// TestPaceSpacesPasses checks that two passes over a key are never nearer than the pace says, and that none is put off
// beyond it: whoever comes back when told to is let through.
func TestPaceSpacesPasses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := &loop.Pace{Every: time.Duration(rapid.Int64Range(1, int64(2*time.Second)).Draw(t, "every"))}
		last := map[types.NamespacedName]time.Time{}
		at := now
		for range rapid.IntRange(1, 30).Draw(t, "asks") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "later")))
			key := types.NamespacedName{Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")}
			before, seen := last[key]
			wait := p.Turn(key, at)
			switch {
			case wait == 0 && seen && at.Sub(before) < p.Every:
				t.Fatalf("%s is due %v after the last pass, the pace is %v", key, at.Sub(before), p.Every)
			case wait == 0:
				last[key] = at
			case !seen || at.Add(wait) != before.Add(p.Every):
				t.Fatalf("%s is put off for %v, %v after the last pass", key, wait, at.Sub(before))
			}
		}
	})
}

// patches is a client that notes the patches that it is asked for.
type patches struct {
	client.Client
	err  error
	made []string
}

func (p *patches) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
	data, err := patch.Data(obj)
	p.made = append(p.made, string(data))
	return errors.Join(p.err, err)
}

func TestEnsureFinalizer(t *testing.T) {
	t.Parallel()
	plain := build.User("jean").Obj()
	plain.ResourceVersion = "7"
	held := plain.DeepCopy()
	held.Finalizers = []string{v1alpha1.FinalizerArchive}
	for name, c := range map[string]struct {
		why  string
		user *v1alpha1.User
		fail error
		want []string
	}{
		"there":   {why: "admission added it: nothing to write", user: held},
		"missing": {why: "it is added on condition that nobody has written since", user: plain, want: []string{`{"metadata":{"finalizers":["seatkeeper.dev/archive"],"resourceVersion":"7"}}`}},
		"refused": {why: "a failure is told", user: plain, fail: errConflict, want: []string{`{"metadata":{"finalizers":["seatkeeper.dev/archive"],"resourceVersion":"7"}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &patches{err: c.fail}
			u := c.user.DeepCopy()
			err := loop.EnsureFinalizer(t.Context(), p, u, v1alpha1.FinalizerArchive)
			if !errors.Is(err, c.fail) || c.fail != nil && !strings.Contains(err.Error(), v1alpha1.FinalizerArchive) {
				t.Errorf("%s: got error %v", c.why, err)
			}
			if diff := cmp.Diff(c.want, p.made); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
			if diff := cmp.Diff(held, u); diff != "" {
				t.Errorf("%s: the pass goes on with something else; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}
