// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package groups keeps the groups of teams and roles in directories: it asks for what package group decides, and says what became of
// it. What it remembers is a cache, never the truth.
package groups

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

const (
	// tries and longest bound how often, and for how long, a directory is asked to delete a group whose organization goes, before that
	// is given up: once at least.
	tries   = 10
	longest = 2 * time.Minute
	// A wave of people is few changes of their group. rest is how long a group is left alone after a change; settle is how long it is
	// while people are on their way into it who have no account yet, unless nobody has come for so long; and patience is how long that
	// goes on at most.
	rest     = 5 * time.Second
	settle   = 2 * time.Second
	patience = 30 * time.Second
	// firstRetry and lastRetry space the tries of what a directory did not take.
	firstRetry, lastRetry, doublings = 50 * time.Millisecond, 5 * time.Minute, 13
)

var (
	// errOutdated means that a group was to become what nobody wants any more.
	errOutdated = errors.New("it has changed since")
	errNoGroups = errors.New("the directory has no groups")
)

// Desk keeps the groups of the objects of one kind.
type Desk struct {
	Directories directory.Directories
	// Counter talks to them, so that no pass waits for a directory.
	Counter *outbox.Counter
	// Woken are the objects that are to be looked at because their group was found to be another. It may be nil.
	Woken chan types.NamespacedName

	mu     sync.Mutex
	known  map[types.NamespacedName]*file
	serial int64
}

// file is what is remembered of one object.
type file struct {
	// turn is held by whoever talks to the directory about the group.
	turn chan struct{}
	// asked is the task that the directory was asked for last, and running the one that it is at.
	asked, running string
	// id and nests are what became of asked, at is when the directory was asked last, or had done what it was asked for.
	id    string
	nests bool
	at    time.Time

	// failed is the task that failed so many times, and is tried again then; not while it is.
	failed  string
	count   int
	retryAt time.Time
	// changing is what the group was to be, since when, and since when it is to be another at all.
	changing     string
	since, first time.Time

	finding *group.Finding
}

func (d *Desk) file(key types.NamespacedName) *file {
	if d.known == nil {
		d.known = map[types.NamespacedName]*file{}
	}
	f := d.known[key]
	if f == nil {
		f = &file{turn: make(chan struct{}, 1)}
		d.known[key] = f
	}
	return f
}

// Forget drops what is remembered of an object that is gone.
func (d *Desk) Forget(key types.NamespacedName) {
	d.mu.Lock()
	delete(d.known, key)
	d.mu.Unlock()
	d.Counter.Forget(key)
}

// Decide decides about the group of an object, with what the directory has done by now. It adds the finalizer before there can be a
// group, and takes it away when there is none. gone says that with it the object went.
func (d *Desk) Decide(ctx context.Context, b loop.Base, object v1alpha1.Conditioned, organization *v1alpha1.Organization, wanted *group.Wanted) (
	decision group.Decision, gone bool, err error,
) {
	key := client.ObjectKeyFromObject(object)
	s := group.Situation{
		Object: object, Organization: organization, Wanted: wanted,
		Held: controllerutil.ContainsFinalizer(object, v1alpha1.FinalizerGroup),
	}
	s.Asked, s.Finding = d.recall(key)
	decision = group.Decide(s)
	if decision.Task != nil {
		if decision.Task.Verb == group.Ensure {
			if err := loop.EnsureFinalizer(ctx, b, object, v1alpha1.FinalizerGroup); err != nil {
				return decision, false, err
			}
		}
		if s.Report, err = d.ask(ctx, b, s, &decision); err != nil {
			return decision, false, err
		}
		if s.Report != nil {
			decision = group.Decide(s)
		}
	}
	if decision.Release {
		gone, err = release(ctx, b, object)
	}
	if err == nil {
		d.tell(ctx, b, object, &decision)
	}
	return decision, gone, err
}

func release(ctx context.Context, b loop.Base, object v1alpha1.Conditioned) (gone bool, err error) {
	base := object.DeepCopyObject().(client.Object)
	if !controllerutil.RemoveFinalizer(object, v1alpha1.FinalizerGroup) {
		return false, nil
	}
	err = b.Patch(ctx, object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return false, fmt.Errorf("removing finalizer %s: %w", v1alpha1.FinalizerGroup, err)
	}
	return !object.GetDeletionTimestamp().IsZero(), nil
}

// tell announces what stays in a directory.
func (d *Desk) tell(ctx context.Context, b loop.Base, object v1alpha1.Conditioned, decision *group.Decision) {
	if decision.GaveUp != "" {
		b.Events.Eventf(object, nil, corev1.EventTypeWarning, v1alpha1.ReasonDirectoryUnavailable, "Reconcile", "%s", decision.GaveUp)
		log.FromContext(ctx).Info("a group stays in a directory")
	}
}

// Leave ends a pass over an object that is being deleted, and goes when its group is deleted in the directory of the organization of that
// name.
func (d *Desk) Leave(ctx context.Context, b loop.Base, object v1alpha1.Conditioned, organization string) (ctrl.Result, error) {
	decision, gone, err := d.letGo(ctx, b, object, organization)
	if err != nil || gone {
		return b.Result(verdict.Verdict{}, err)
	}
	return d.Finish(ctx, b, object, object.DeepCopyObject().(v1alpha1.Conditioned), decision.Leaving(), &decision)
}

// letGo decides about the group of an object that is being deleted. gone says that it went, or that others hold it.
func (d *Desk) letGo(ctx context.Context, b loop.Base, object v1alpha1.Conditioned, name string) (decision group.Decision, gone bool, err error) {
	if !controllerutil.ContainsFinalizer(object, v1alpha1.FinalizerGroup) {
		return decision, true, nil
	}
	organization := &v1alpha1.Organization{}
	switch err := b.Get(ctx, types.NamespacedName{Namespace: object.GetNamespace(), Name: name}, organization); {
	case client.IgnoreNotFound(err) != nil:
		return decision, false, fmt.Errorf("reading organization: %w", err)
	case err != nil:
		organization = nil
	}
	return d.Decide(ctx, b, object, organization, nil)
}

// Finish ends a pass: it writes the status, with what is so of the group, and tells of that.
func (d *Desk) Finish(ctx context.Context, b loop.Base, before, after v1alpha1.Conditioned, v verdict.Verdict, decision *group.Decision) (ctrl.Result, error) {
	v = decision.Conclude(after, v, b.Clock.Now())
	err := b.Persist(ctx, before, after, v)
	if err == nil {
		d.announce(b, before, after, decision)
	}
	return b.Result(v, err)
}

// announce tells of a transition of Provisioned that was written, unless Ready tells of it, or all that was needed was patience. What
// became of a task that is recorded need not be remembered.
func (d *Desk) announce(b loop.Base, before, after v1alpha1.Conditioned, decision *group.Decision) {
	if !decision.Open() {
		d.settled(client.ObjectKeyFromObject(before))
	}
	was, is := condition(before, v1alpha1.ConditionProvisioned), condition(after, v1alpha1.ConditionProvisioned)
	if is == nil || was != nil && was.Reason == is.Reason {
		return
	}
	switch ready := condition(after, v1alpha1.ConditionReady); {
	case ready != nil && ready.Reason == is.Reason:
	case is.Reason != v1alpha1.ReasonProvisioned:
		b.Events.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, "Reconcile", "%s", is.Message)
	case was != nil:
		b.Events.Eventf(after, nil, corev1.EventTypeNormal, is.Reason, "Reconcile", "%s", is.Message)
	}
}

func condition(object v1alpha1.Conditioned, kind string) *metav1.Condition {
	conditions, _ := object.StatusConditions()
	return meta.FindStatusCondition(*conditions, kind)
}

// settled forgets the task whose outcome is on record.
func (d *Desk) settled(key types.NamespacedName) {
	d.mu.Lock()
	f := d.known[key]
	rests := f == nil || f.asked == ""
	if f != nil {
		f.asked, f.failed, f.count, f.changing, f.first = "", "", 0, "", time.Time{}
	}
	d.mu.Unlock()
	if !rests {
		d.Counter.Forget(key)
	}
}

// ask has the directory do something, and says what became of it: nil while that is not known, or it is too early to ask.
func (d *Desk) ask(ctx context.Context, b loop.Base, s group.Situation, decision *group.Decision) (*group.Report, error) {
	key, now, task := client.ObjectKeyFromObject(s.Object), b.Clock.Now(), decision.Task
	f, wait := d.claim(key, task, now)
	if wait > 0 {
		decision.RetryAt = now.Add(wait)
	}
	if f == nil {
		return nil, nil
	}
	organization := client.ObjectKeyFromObject(s.Organization)
	run := &errand{desk: d, file: f, key: key, task: *task, organization: s.Organization, clock: b.Clock}
	errand := outbox.Errand{Owner: key, ID: task.ID, Server: organization.String(), Tenant: organization, Run: run.do}
	o := d.Counter.Do(errand)
	lasts := task.Verb == group.Ensure && errors.Is(o.Err, directory.ErrRejected) // and would be the same again
	if o.State == outbox.Failed && !lasts && d.due(f, task.ID, now) {
		d.Counter.Forget(key)
		o = d.Counter.Do(errand)
	}
	report := &group.Report{ID: task.ID, Words: directory.Words(o.Err), Outcome: outcomeOf(o.Err)}
	switch {
	case o.State == outbox.Queued:
		return nil, nil
	case errors.Is(o.Err, errOutdated):
		d.Counter.Forget(key)
		return nil, nil
	case o.State == outbox.Done:
		d.mu.Lock()
		defer d.mu.Unlock()
		report.GroupID, report.Nests, f.finding = f.id, f.nests, nil
		return report, nil
	}
	retryAt, count := d.failed(f, task.ID, now, o.Err, s.Object.GetDeletionTimestamp())
	if !lasts {
		report.RetryAt = retryAt
	}
	return report, giveUp(ctx, b, s, report, count)
}

func outcomeOf(err error) group.Outcome {
	switch {
	case err == nil:
		return group.Done
	case errors.Is(err, directory.ErrRejected):
		return group.Rejected
	case errors.Is(err, directory.ErrConflict):
		return group.Conflict
	}
	return group.Unavailable
}

// claim has a task be the one that the directory is asked for. It is nil while it is at another one, whose end wakes the object, and
// while a wave of people goes on; then wait says for how long.
func (d *Desk) claim(key types.NamespacedName, task *group.Task, now time.Time) (f *file, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f = d.file(key)
	if f.asked == task.ID {
		return f, 0
	}
	if f.running != "" {
		return nil, 0
	}
	if f.changing != task.ID {
		f.changing, f.since = task.ID, now
		if f.first.IsZero() {
			f.first = now
		}
	}
	if wait := f.wait(task, now); wait > 0 {
		return nil, wait
	}
	f.asked, f.first, f.id, f.at = task.ID, time.Time{}, "", now
	return f, 0
}

// wait is how long a task is to wait so that others come with it.
func (f *file) wait(task *group.Task, now time.Time) time.Duration {
	if task.Verb == group.Delete {
		return 0
	}
	wait := min(f.at.Add(rest).Sub(now), rest) // the clock may have been set back
	if task.Wanted.Pending {
		wait = max(wait, min(f.since.Add(settle).Sub(now), f.first.Add(patience).Sub(now)))
	}
	return wait
}

// due says that a task that failed is to be tried again, which it is from now on.
func (d *Desk) due(f *file, task string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.failed != task || f.retryAt.IsZero() || now.Before(f.retryAt) {
		return false
	}
	f.retryAt = time.Time{}
	return true
}

// failed notes that a task failed, once for each try, and says when it is tried again, and how many tries there were. What is deleted
// may be given up then, however long a pause the directory asks for.
func (d *Desk) failed(f *file, task string, now time.Time, cause error, deleted *metav1.Time) (retryAt time.Time, count int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.failed != task {
		f.failed, f.count, f.retryAt = task, 0, time.Time{}
	}
	if f.retryAt.IsZero() {
		pause := min(lastRetry, firstRetry<<min(f.count, doublings))
		if after, ok := directory.RetryAfter(cause); ok {
			pause = max(pause, after)
		}
		f.count, f.retryAt = f.count+1, now.Add(pause)
		if deleted != nil && now.Before(deleted.Add(longest)) && f.retryAt.After(deleted.Add(longest)) {
			f.retryAt = deleted.Add(longest)
		}
	}
	return f.retryAt, f.count
}

// giveUp says that enough was tried where the organization goes, and with it whoever could mend anything.
func giveUp(ctx context.Context, b loop.Base, s group.Situation, report *group.Report, count int) error {
	deleted := s.Object.GetDeletionTimestamp()
	if deleted.IsZero() || count < tries && b.Clock.Since(deleted.Time) < longest {
		return nil
	}
	goes := !s.Organization.DeletionTimestamp.IsZero()
	if !goes {
		var namespace corev1.Namespace
		err := b.Live.Get(ctx, types.NamespacedName{Name: s.Object.GetNamespace()}, &namespace)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("looking for the namespace: %w", err)
		}
		goes = apierrors.IsNotFound(err) || !namespace.DeletionTimestamp.IsZero()
	}
	if goes {
		report.Outcome = group.GivenUp
	}
	return nil
}

// errand is a task on its way to the directory.
type errand struct {
	desk         *Desk
	file         *file
	key          types.NamespacedName
	task         group.Task
	organization *v1alpha1.Organization
	clock        clock.PassiveClock
}

// do does the task, one at a time for each group, unless another one has taken its place.
func (e *errand) do(ctx context.Context) error {
	select {
	case e.file.turn <- struct{}{}:
		defer func() { <-e.file.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, directory.Unavailable(ctx.Err()))
	}
	if !e.begin() {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, errOutdated)
	}
	var id string
	var nests bool
	defer func() { e.end(id, nests) }()
	at, err := e.desk.Directories.Of(ctx, e.organization)
	if err != nil {
		return err
	}
	has, ok := at.(directory.Groups)
	if !ok {
		return directory.Rejected(errNoGroups)
	}
	if e.task.Verb == group.Delete {
		return has.DeleteGroup(ctx, e.task.Wanted.Group)
	}
	if nests, err = has.Nests(ctx); err == nil {
		id, err = has.EnsureGroup(ctx, e.task.Wanted.For(nests))
	}
	return err
}

func (e *errand) begin() bool {
	e.desk.mu.Lock()
	defer e.desk.mu.Unlock()
	if e.file.asked != e.task.ID {
		return false
	}
	e.file.running = e.task.ID
	return true
}

func (e *errand) end(id string, nests bool) {
	e.desk.mu.Lock()
	defer e.desk.mu.Unlock()
	e.file.running, e.file.at = "", e.clock.Now()
	if e.file.asked == e.task.ID {
		e.file.id, e.file.nests = id, nests
	}
}

// recall is what the directory was asked for about an object's group, as far as that is not on record, and what was found of it lately.
func (d *Desk) recall(key types.NamespacedName) (asked string, finding *group.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.known[key]; f != nil {
		return f.asked, f.finding
	}
	return "", nil
}
