// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// departures are who left lately, by the key of the record that may remain. A record is written before its User goes, but the
// cache may show the one that comes after before it shows the record: then, and only then, the record is read past the cache. It
// is no truth: without it, a record that shows up late corrects what was decided without it, and the person has got a mail more.
type departures struct {
	mu   sync.Mutex
	left map[types.NamespacedName]departure
	// ended are the records that were deleted lately, which the cache may show for a while.
	ended map[types.UID]time.Time
}

type departure struct {
	uid types.UID // of the User who left
	at  time.Time
}

// lag is how long a cache may take to show a record.
const lag = 10 * time.Minute

func (d *departures) note(record types.NamespacedName, uid types.UID, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[types.NamespacedName]departure{}
	}
	purge(d.left, func(was departure) time.Time { return was.at }, now)
	d.left[record] = departure{uid, now}
}

// over notes that a record was deleted.
func (d *departures) over(record types.UID, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended == nil {
		d.ended = map[types.UID]time.Time{}
	}
	purge(d.ended, func(at time.Time) time.Time { return at }, now)
	d.ended[record] = now
}

// without are the records but for those that were deleted.
func (d *departures) without(records []*v1alpha1.ArchivedUser) []*v1alpha1.ArchivedUser {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(records), func(record *v1alpha1.ArchivedUser) bool {
		_, ended := d.ended[record.UID]
		return ended
	})
}

// purge takes out of what is remembered what no cache lags behind any more, now and then.
func purge[K comparable, V any](all map[K]V, at func(V) time.Time, now time.Time) {
	const kept = 1024 // before it is looked through, at each power of two
	if n := len(all); n < kept || n&(n-1) != 0 {
		return
	}
	for key, value := range all {
		if now.Sub(at(value)) > lag {
			delete(all, key)
		}
	}
}

// of is the UID of who left lately; empty when nobody did.
func (d *departures) of(record types.NamespacedName, now time.Time) types.UID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if was, known := d.left[record]; known && now.Sub(was.at) <= lag {
		return was.uid
	}
	return ""
}

func (d *departures) forget(record types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left, record)
}

// leaving notes who is gone, before the next of the same name is looked at. It lets everything through.
func (r *Reconciler) leaving() predicate.Predicate {
	return predicate.Funcs{DeleteFunc: func(e event.DeleteEvent) bool {
		if u, ok := e.Object.(*v1alpha1.User); ok {
			for _, email := range membership.Addresses(u) {
				r.left.note(recordKey(u, email), u.UID, r.Clock.Now())
			}
		}
		return true
	}}
}

// returning wakes those who have accepted nothing yet at the address of a record, and those who wait for the person of one who was
// parked.
func (r *Reconciler) returning(ctx context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	parked := before != nil && before.Parked()
	if after == nil && !parked || parked && before.Ended() && after != nil && after.Ended() {
		return nil
	}
	record := cmp.Or(after, before)
	users, err := index.AtAddress(r.Shelf, record.Namespace, record.Record.Spec.Organization, record.Record.Spec.Email)
	if err != nil {
		// The cache is local: this cannot fail but by a mistake of ours.
		log.FromContext(ctx).Error(err, "looking for the users with the address of a record")
	}
	var keys []types.NamespacedName
	for _, u := range users {
		if comes(u, parked) {
			keys = append(keys, client.ObjectKeyFromObject(u))
		}
	}
	return keys
}

// comes says that a change of the record at the address matters to a user.
func comes(u *v1alpha1.User, parked bool) bool {
	return u.DeletionTimestamp.IsZero() && (parked || membership.ComesFresh(u))
}

func recordKey(u *v1alpha1.User, email string) types.NamespacedName {
	return types.NamespacedName{Namespace: u.Namespace, Name: membership.RecordName(u.Spec.Organization, email)}
}

// gatherRecords finds what remains of who had the user's address before. For somebody who is known already, the cache will do.
func (r *Reconciler) gatherRecords(ctx context.Context, s *snapshot) error {
	emails := membership.Addresses(s.User)
	matters := membership.ComesFresh(s.User) || len(emails) > 1
	for _, email := range emails {
		record, err := r.recordAt(ctx, recordKey(s.User, email), matters)
		if err == nil && record != nil && membership.Claimed(s.User, record) && !membership.TakenOver(s.User, record) {
			record, err = r.recordNow(ctx, record) // nobody becomes another by what the cache says: somebody else may have by now
		}
		if err != nil {
			return fmt.Errorf("looking for the record of who left: %w", err)
		}
		if record == nil {
			continue
		}
		if s.Records == nil {
			s.Records = map[string]*v1alpha1.ArchivedUser{}
		}
		s.Records[membership.FoldEmail(email)] = record
	}
	return nil
}

// recordAt reads a record; nil when there is none. The cache will do, unless it matters and somebody left whom it does not show
// yet.
func (r *Reconciler) recordAt(ctx context.Context, key types.NamespacedName, matters bool) (*v1alpha1.ArchivedUser, error) {
	record := &v1alpha1.ArchivedUser{}
	err := client.IgnoreNotFound(r.Get(ctx, key, record, loop.Lagging{}))
	if left := r.left.of(key, r.Clock.Now()); err != nil || !matters || left == "" || record.Record.UID == left {
		return orNil(record), err
	}
	*record = v1alpha1.ArchivedUser{}
	if err = r.Live.Get(ctx, key, record); apierrors.IsNotFound(err) {
		r.left.forget(key) // who left is gone, and left none: so it stays until the next
		return nil, nil
	}
	return orNil(record), err
}

// recordNow is a record as it is at this moment; nil when it is no more.
func (r *Reconciler) recordNow(ctx context.Context, seen *v1alpha1.ArchivedUser) (*v1alpha1.ArchivedUser, error) {
	record := &v1alpha1.ArchivedUser{}
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(seen), record)
	return orNil(record), client.IgnoreNotFound(err)
}

func orNil(record *v1alpha1.ArchivedUser) *v1alpha1.ArchivedUser {
	if record.Name == "" {
		return nil
	}
	return record
}

// welcome tells of who is back, and ends the records of a person who is here, once the status says all that they did. A
// pass that wrote nothing may rest on an outdated view of the user, and makes sure first.
func (r *Reconciler) welcome(ctx context.Context, before *v1alpha1.User, d *membership.Decision) error {
	wrote := before.ResourceVersion != d.User.ResourceVersion
	if d.Returned && wrote {
		r.Events.Eventf(d.User, nil, corev1.EventTypeNormal, v1alpha1.ReasonReactivated, "Reconcile", "%s", d.Welcome())
	}
	spent := r.left.without(d.Spent)
	if len(spent) == 0 {
		return nil
	}
	if !wrote {
		var now v1alpha1.User
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(before), &now); err != nil {
			return client.IgnoreNotFound(err)
		}
		if now.ResourceVersion != before.ResourceVersion {
			return nil // another pass follows
		}
	}
	return r.end(ctx, d.User, spent)
}

// end deletes records of a user as they were read: one that was written since says something else.
func (r *Reconciler) end(ctx context.Context, of *v1alpha1.User, records []*v1alpha1.ArchivedUser) error {
	for _, record := range records {
		end := r.drop
		if record.Parked() {
			end = func(ctx context.Context, record *v1alpha1.ArchivedUser) error { return r.release(ctx, record, of) }
		}
		if err := end(ctx, record); err != nil {
			return err
		}
		r.left.over(record.UID, r.Clock.Now())
	}
	return nil
}

func (r *Reconciler) drop(ctx context.Context, record *v1alpha1.ArchivedUser) error {
	err := r.Delete(ctx, &v1alpha1.ArchivedUser{ObjectMeta: record.ObjectMeta},
		client.Preconditions{UID: &record.UID, ResourceVersion: &record.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("ending a record: %w", err)
	}
	return nil
}
