// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// How often, and for how long, a directory is asked to sign somebody out whose organization goes, before that is given up: once at
// least.
const (
	enough  = 10
	longest = 2 * time.Minute
)

// errOutdated means that an account was to become what nobody wants any more.
var errOutdated = errors.New("the user has changed since")

// accounted decides what is to be done, with what the directory has done by now. While that is not known, nothing is recorded that
// rests on it: the outbox wakes the user.
func (r *Reconciler) accounted(ctx context.Context, s *snapshot) (membership.Decision, error) {
	d, err := r.next(ctx, s)
	if err == nil && d.AccountTask != nil && d.AccountTask.Verb != membership.EnsureAccount {
		// Nobody is signed out by what the cache says of the organization: it may have another owner by now.
		if err = r.organizationNow(ctx, s); err == nil {
			d, err = r.next(ctx, s)
		}
	}
	if err != nil || d.AccountTask == nil {
		return d, err
	}
	if s.Account, err = r.ask(ctx, s, d.AccountTask); err != nil || s.Account == nil {
		return d, err
	}
	return r.next(ctx, s)
}

// ask has the directory do something, and says what became of it: nil while that is not known.
func (r *Reconciler) ask(ctx context.Context, s *snapshot, task *membership.AccountTask) (*membership.AccountReport, error) {
	key, o := s.key, r.try(s, task)
	if errors.Is(o.Err, errOutdated) { // the cache is to show the user as is first
		r.Accounts.Outbox.Forget(key)
		return nil, o.Err
	}
	report := &membership.AccountReport{ID: task.ID, Words: directory.Words(o.Err)}
	switch {
	case o.State == outbox.Queued:
		return nil, nil
	case o.State == outbox.Done && task.Verb == membership.DeactivateAccount:
		r.Accounts.Resync.SignedOut(s.User)
	default:
		r.Accounts.Resync.Settled(s.User)
	}
	switch {
	case o.State == outbox.Done:
		r.tries.forget(key)
		report.Outcome = membership.AccountDone
		report.AccountID, report.KeptOtherwise = r.errands.given(key, task.ID)
		return report, nil
	case errors.Is(o.Err, directory.ErrRejected):
		report.Outcome = membership.AccountRejected
	case errors.Is(o.Err, directory.ErrConflict):
		report.Outcome = membership.AccountConflict
	default:
		report.Outcome = membership.AccountUnavailable
	}
	last := r.failed(s, task, o)
	report.RetryAt = last.again
	return report, r.giveUp(ctx, s, report, last.count)
}

// try has the directory do something. Who is deleted may be given up after so many tries, so these keep their pauses, whatever wakes
// the passes in between.
func (r *Reconciler) try(s *snapshot, task *membership.AccountTask) outbox.Outcome {
	organization := client.ObjectKeyFromObject(s.Organization)
	if o, rests := r.tries.resting(s.key, effort(s, task), s.Now); rests && s.User.DeletionTimestamp != nil {
		return o
	}
	r.Accounts.Resync.Asked(organization, &task.Account)
	r.errands.note(s.key, task.ID)
	run := &errand{Reconciler: r, key: s.key, user: s.User, record: s.record, task: *task, organization: s.Organization}
	return r.Accounts.Outbox.Do(outbox.Errand{
		Owner: s.key, ID: task.ID, Server: organization.String(), Tenant: organization, Run: run.do,
		Urgent: task.Verb != membership.EnsureAccount, // nobody stays because others come
	})
}

// effort is what the tries of a task are counted by: when somebody is deleted, or does something about it, they start anew.
func effort(s *snapshot, task *membership.AccountTask) string {
	if s.User.DeletionTimestamp == nil {
		return task.ID
	}
	return fmt.Sprintf("%s leaving %d %s", task.ID, s.Organization.Generation, s.User.Annotations[v1alpha1.AnnotationReconcileAt])
}

// failed notes that a try failed. The next one is due after a pause that grows, or as long as the directory asks for. Who is deleted may
// be given up then, and is not to stay signed in for what was mended meanwhile, however long that is.
func (r *Reconciler) failed(s *snapshot, task *membership.AccountTask, o outbox.Outcome) try {
	return r.tries.failed(s.key, effort(s, task), o, func(pause time.Duration) time.Time {
		if after, ok := directory.RetryAfter(o.Err); ok {
			pause = max(pause, after)
		}
		at := s.Now.Add(pause)
		deleted := s.User.DeletionTimestamp
		switch {
		case deleted == nil:
			return at
		case s.Now.Before(deleted.Add(longest)):
			return access.Sooner(at, deleted.Add(longest))
		default:
			return access.Sooner(at, s.Now.Add(longest))
		}
	})
}

// giveUp says that enough was tried where the organization goes, and with it whoever could mend anything.
func (r *Reconciler) giveUp(ctx context.Context, s *snapshot, report *membership.AccountReport, tries int) error {
	deleted := s.User.DeletionTimestamp
	if deleted.IsZero() || tries < enough && s.Now.Sub(deleted.Time) < longest {
		return nil
	}
	goes := !s.Organization.DeletionTimestamp.IsZero()
	if !goes {
		var err error
		if goes, err = r.going(ctx, s.User.Namespace); err != nil {
			return err
		}
	}
	if goes {
		report.Outcome = membership.AccountGivenUp
	}
	return nil
}

// errand is a task on its way to the directory.
type errand struct {
	*Reconciler

	key          types.NamespacedName
	user         *v1alpha1.User
	record       *v1alpha1.ArchivedUser // of who is parked; nil for a User
	organization *v1alpha1.Organization
	task         membership.AccountTask
}

// do does the task, one at a time for each account, unless another one has taken its place. Nobody is let in by what was decided
// on a user who is another by now.
func (e *errand) do(ctx context.Context) error {
	unlock, err := e.errands.lock(ctx, e.task.Account.UID)
	if err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, directory.Unavailable(err))
	}
	defer unlock()
	key := e.key
	if e.errands.of(key) != e.task.ID {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, errOutdated)
	}
	switch {
	case e.record != nil:
		err = e.unended(ctx)
	case e.task.Account.Active:
		err = e.current(ctx, key)
	}
	if err != nil {
		return err
	}
	at, err := e.Accounts.Directories.Of(ctx, e.organization)
	if err != nil {
		return err
	}
	switch e.task.Verb {
	case membership.DeactivateAccount:
		return at.Deactivate(ctx, e.task.Account)
	case membership.DeleteAccount:
		return at.Delete(ctx, e.task.Account)
	}
	id, err := at.Ensure(ctx, e.task.Account)
	if err == nil {
		given := e.task.Account
		given.ID = id
		e.errands.done(key, asked{task: e.task.ID, id: id, kept: words(directory.KeptOtherwise(at, given))})
	}
	return err
}

// words are attributes as the status has them, but for those that give rights: what others change of these is always told.
func words(attributes []directory.Attribute) (sorted []string) {
	for _, a := range attributes {
		if a != directory.Roles && a != directory.Entitlements {
			sorted = append(sorted, string(a))
		}
	}
	slices.Sort(sorted)
	return sorted
}

// current says that the user is the one on whom was decided, and still has access on record.
func (e *errand) current(ctx context.Context, key types.NamespacedName) error {
	var now v1alpha1.User
	switch err := e.Live.Get(ctx, key, &now); {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("%w: looking for the user: %w", outbox.ErrNotTried, err)
	case err != nil, now.UID != e.user.UID, now.Generation != e.user.Generation, !now.DeletionTimestamp.Equal(e.user.DeletionTimestamp),
		!membership.MayEnter(&now):
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, errOutdated)
	}
	return nil
}

// errands are what the directories were asked for last, by user, and what they call the accounts that they made. It is no truth:
// without it, a directory is asked again.
type errands struct {
	mu     sync.Mutex
	asked  map[types.NamespacedName]asked
	queues map[types.UID]*queue // of the accounts about which something is under way
}

// asked is a task, with what the directory calls the account, and keeps its own way of it, once it is done.
type asked struct {
	task, id string
	kept     []string
}

// lock waits for whatever else is under way for an account.
func (e *errands) lock(ctx context.Context, account types.UID) (unlock func(), err error) {
	q := e.queue(account)
	leave := func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if q.users--; q.users == 0 {
			delete(e.queues, account)
		}
	}
	select {
	case q.turn <- struct{}{}:
		return func() { <-q.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// queue is where those wait who want to do something about one account.
type queue struct {
	turn  chan struct{}
	users int
}

func (e *errands) queue(account types.UID) *queue {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := e.queues[account]
	if q == nil {
		if e.queues == nil {
			e.queues = map[types.UID]*queue{}
		}
		q = &queue{turn: make(chan struct{}, 1)}
		e.queues[account] = q
	}
	q.users++
	return q
}

func (e *errands) note(user types.NamespacedName, task string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asked == nil {
		e.asked = map[types.NamespacedName]asked{}
	}
	if e.asked[user].task != task {
		e.asked[user] = asked{task: task}
	}
}

func (e *errands) done(user types.NamespacedName, now asked) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asked[user].task == now.task {
		e.asked[user] = now
	}
}

// of is what the directory was asked for a user, and is not on record.
func (e *errands) of(user types.NamespacedName) (task string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[user].task
}

// given is what became of a task, as far as it is known.
func (e *errands) given(user types.NamespacedName, task string) (id string, kept []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if was := e.asked[user]; was.task == task {
		return was.id, was.kept
	}
	return "", nil
}

func (e *errands) forget(user types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.asked, user)
}
