// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loop holds the few lines that every reconciler shares: how a pass ends, how a finalizer is added,
// and how changes of other objects lead to keys.
package loop

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Base is what every reconciler works with.
type Base struct {
	client.Client
	// Live reads past the cache, where a decision needs it.
	Live client.Reader
	// Shelf has what is in the cache, for looks at everybody.
	Shelf  *index.Shelf
	Events events.EventRecorder
	Clock  clock.PassiveClock
}

// Persist concludes a pass: it writes v into the conditions of after, and then the status of after, in one
// patch that fails when before is outdated, and none when the two are the same or the verdict is silent. A
// transition of Ready is announced once it is written.
func (b Base) Persist(ctx context.Context, before, after v1alpha1.Conditioned, v verdict.Verdict) error {
	verdict.Conclude(after, v, b.Clock.Now())
	if v.Kind == verdict.Silent || same(before, after) {
		return nil
	}
	was, is := ready(before), ready(after)
	if err := b.Status().Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing status: %w", err)
	}
	if was != is && !(v.Kind == verdict.Done && expected[was]) {
		b.announce(ctx, after, v)
	}
	return nil
}

// same says that two objects mean the same. In most passes they do to the letter, which is seen in a fraction of the time.
func same(before, after v1alpha1.Conditioned) bool {
	return reflect.DeepEqual(before, after) || equality.Semantic.DeepEqual(before, after)
}

// expected are the reasons after which nobody has to be told that all is well: there was none, or all that was needed
// was patience. A wave of people would be a wave of events that each cost as much as half of a person.
var expected = map[string]bool{"": true, v1alpha1.ReasonAwaitingSeat: true}

// announce tells people of a transition of Ready.
func (b Base) announce(ctx context.Context, obj v1alpha1.Conditioned, v verdict.Verdict) {
	log.FromContext(ctx).Info("transition", "reason", v.Reason)
	kind := corev1.EventTypeNormal
	if v.Kind == verdict.Stuck || v.Kind == verdict.Retry {
		kind = corev1.EventTypeWarning
	}
	b.Events.Eventf(obj, nil, kind, v.Reason, "Reconcile", "%s", v.Message)
}

func ready(obj v1alpha1.Conditioned) string {
	conditions, _ := obj.StatusConditions()
	if c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// Finish persists, and says what the queue is to do.
func (b Base) Finish(ctx context.Context, before, after v1alpha1.Conditioned, v verdict.Verdict) (ctrl.Result, error) {
	return b.Result(v, b.Persist(ctx, before, after, v))
}

// Result says what the queue is to do after a pass that ended with v, and with err where its status could not be
// written. An outdated view is no error: a look a moment later, when the cache has caught up, settles it.
func (b Base) Result(v verdict.Verdict, err error) (ctrl.Result, error) {
	const catchUp = 50 * time.Millisecond
	if v.Kind == verdict.Retry {
		err = errors.Join(v.Err, err)
	}
	switch {
	case Outdated(err):
		return ctrl.Result{RequeueAfter: catchUp}, nil
	case client.IgnoreNotFound(err) != nil:
		return ctrl.Result{}, err
	case v.WakeAt.IsZero():
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(v.WakeAt.Sub(b.Clock.Now()), time.Nanosecond)}, nil
}

// Outdated says that a write failed because it rested on a view that is gone.
func Outdated(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }

// EnsureFinalizer adds a finalizer where admission did not.
func EnsureFinalizer(ctx context.Context, c client.Client, obj client.Object, name string) error {
	if controllerutil.ContainsFinalizer(obj, name) {
		return nil
	}
	base := obj.DeepCopyObject().(client.Object)
	controllerutil.AddFinalizer(obj, name)
	if err := c.Patch(ctx, obj, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("adding finalizer %s: %w", name, err)
	}
	return nil
}

// Pace spaces the passes over one key, so that figures which a wave of changes moves are written now and then
// rather than every time. The first pass after a rest is not delayed. What it remembers is no truth, only
// courtesy.
type Pace struct {
	// Every is the least time between two passes over a key.
	Every time.Duration

	mu   sync.Mutex
	last map[types.NamespacedName]turn
}

// turn is when a pass over a key began, and how long after that the next one may.
type turn struct {
	at   time.Time
	rest time.Duration
}

// Turn says how long the pass over a key is to be put off; 0, and it is due and counted.
func (p *Pace) Turn(key types.NamespacedName, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.last[key]
	if wait := last.at.Add(last.rest).Sub(now); wait > 0 && wait <= last.rest {
		return wait
	}
	if p.last == nil {
		p.last = map[types.NamespacedName]turn{}
	}
	for k, t := range p.last {
		if now.Sub(t.at) > t.rest {
			delete(p.last, k)
		}
	}
	p.last[key] = turn{now, p.Every}
	return 0
}

// Spare gives back most of the wait that follows a pass which had nothing to write.
func (p *Pace) Spare(key types.NamespacedName) {
	const part = 10
	p.rest(key, p.Every/part)
}

// Looked has the next pass over a key wait the longer the more people the last one looked at: while a wave runs, all of them are looked at
// anew each time, which is not to be what the operator is busy with. With 20 000, it is a second, and with 100 000 it is five.
func (p *Pace) Looked(key types.NamespacedName, people int) {
	const each = 50 * time.Microsecond
	if rest := time.Duration(people) * each; p.Every > 0 && rest > p.Every {
		p.rest(key, rest)
	}
}

func (p *Pace) rest(key types.NamespacedName, rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.last[key]; ok {
		p.last[key] = turn{t.at, rest}
	}
}
