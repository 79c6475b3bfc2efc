// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/internal/roster"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// renewal is how old a record may become.
const renewal = 10 * time.Minute

// snapshot is everything that a pass reads.
type snapshot struct {
	*record
	now          time.Time
	pool         *v1alpha1.SeatPool
	organization *v1alpha1.Organization
	order        pricing.Situation
}

func (r *Reconciler) gather(ctx context.Context, pool *v1alpha1.SeatPool) (*snapshot, error) {
	key := client.ObjectKeyFromObject(pool)
	rec, due := r.records.take(key)
	s := &snapshot{record: rec, now: r.Clock.Now(), pool: pool}
	if err := r.fill(ctx, s, due); err != nil {
		r.records.drop(key)
		return nil, err
	}
	s.order = pricing.Situation{
		Now: s.now, Spec: &pool.Spec, Generation: pool.Generation, Approved: pool.Annotations[v1alpha1.AnnotationApproveOrder],
		Used: pool.Status.ApprovedGeneration, Bought: pool.Status.Bought, Term: pool.Status.Term, Held: s.book.Held(),
	}
	return s, nil
}

// fill brings the record up to date.
func (r *Reconciler) fill(ctx context.Context, s *snapshot, due changes) error {
	var org v1alpha1.Organization
	switch err := r.Get(ctx, types.NamespacedName{Namespace: s.pool.Namespace, Name: s.pool.Spec.Organization}, &org); {
	case err == nil:
		s.organization = &org
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("reading organization: %w", err)
	}
	bring := r.amend
	if !r.follows || due.all || s.book == nil || s.of != s.pool.UID || s.now.Sub(s.made) > renewal {
		bring = r.renew
	}
	if err := bring(ctx, s, due); err != nil {
		return err
	}
	if r.cut.suspects(s.pool, s.book) {
		// What looks unfinished may be a cache that lags.
		if err := r.readLedger(ctx, r.Live, s); err != nil {
			return err
		}
	}
	return r.gatherStrangers(ctx, s)
}

// renew makes the record from all there is.
func (r *Reconciler) renew(ctx context.Context, s *snapshot, _ changes) error {
	people, err := r.gatherPeople(ctx, s)
	if err != nil {
		return err
	}
	*s.record = record{book: seats.NewBook(people, nil), minimums: s.minimums, alarms: s.alarms, parked: s.parked, of: s.pool.UID, made: s.now}
	s.keepParked()
	return r.readLedger(ctx, r, s)
}

// readLedger tells the book of the slices of the pool, all as they were at one moment: what was written in one turn
// rests on what was written in those before.
func (r *Reconciler) readLedger(ctx context.Context, from client.Reader, s *snapshot) error {
	var list v1alpha1.SeatSliceList
	if err := from.List(ctx, &list, client.InNamespace(s.pool.Namespace), client.MatchingFields{index.SlicePool: s.pool.Name},
		&client.ListOptions{UnsafeDisableDeepCopy: new(true)}); err != nil {
		return fmt.Errorf("listing seat slices: %w", err)
	}
	had := s.objects
	s.objects = make(map[int32]*v1alpha1.SeatSlice, len(list.Items))
	for i := range list.Items {
		o := &list.Items[i]
		number := ptr.Deref(o.FirstSeat, 0) / seats.PerSlice
		s.objects[number] = o
		if was := had[number]; was == nil || was.ResourceVersion != o.ResourceVersion || was.UID != o.UID {
			s.book.SetSlice(sliceOf(o))
		}
	}
	for number := range had {
		if s.objects[number] == nil {
			s.book.RemoveSlice(number)
		}
	}
	return nil
}

// gatherPeople reads who there is, and what each is to the pool.
func (r *Reconciler) gatherPeople(ctx context.Context, s *snapshot) ([]seats.Person, error) {
	users, err := index.Find[v1alpha1.User](r.Shelf, s.pool.Namespace, index.Organization, s.pool.Spec.Organization)
	if err != nil {
		return nil, err
	}
	source := s.roster(ctx, r)
	if err := source.ReadAll(users); err != nil {
		return nil, err
	}
	if err := r.gatherMinimums(ctx, s, source); err != nil {
		return nil, err
	}
	if err := r.gatherParked(ctx, s); err != nil {
		return nil, err
	}
	s.alarms = map[types.UID]alarm{}
	atEmail := make(map[string]*v1alpha1.User, len(users))
	for _, u := range users {
		email := membership.FoldEmail(u.Spec.Email)
		if other := atEmail[email]; other == nil || membership.HasPriority(u, other) {
			atEmail[email] = u
		}
	}
	people := make([]seats.Person, 0, len(users))
	for _, u := range users {
		people = append(people, r.person(s, u, source, atEmail[membership.FoldEmail(u.Spec.Email)]))
	}
	return people, nil
}

// gatherMinimums notes the roles with minHolders whose holders need a seat of the pool.
func (r *Reconciler) gatherMinimums(ctx context.Context, s *snapshot, source *roster.Roster) error {
	var roles v1alpha1.RoleList
	err := r.List(ctx, &roles, client.InNamespace(s.pool.Namespace), client.MatchingFields{index.Organization: s.pool.Spec.Organization}, loop.Lagging{})
	if err != nil {
		return fmt.Errorf("listing roles: %w", err)
	}
	s.minimums = map[string]int32{}
	for i := range roles.Items {
		role := &roles.Items[i]
		if least := ptr.Deref(role.Spec.MinHolders, 0); least > 0 && role.DeletionTimestamp.IsZero() && slices.Contains(access.Pools(role, source.Role), s.pool.Name) {
			s.minimums[role.Name] = least
		}
	}
	return nil
}

// roster reads what the roles of the organization's users rest on.
func (s *snapshot) roster(ctx context.Context, reader client.Reader) *roster.Roster {
	key := types.NamespacedName{Namespace: s.pool.Namespace, Name: s.pool.Spec.Organization}
	return roster.New(ctx, reader, key, s.organization)
}

// person is what a user is to the pool. holder is the one of all users with the same address who has it.
func (r *Reconciler) person(s *snapshot, u *v1alpha1.User, source access.Source, holder *v1alpha1.User) seats.Person {
	roles := access.Of(u, source, s.now)
	if s.alarms[u.UID] = (alarm{u.Name, roles.Changes}); roles.Changes.IsZero() {
		delete(s.alarms, u.UID)
	}
	facts := membership.Facts{
		Organization: s.organization, UnknownRoles: len(roles.Unknown) > 0, NoRoles: roles.None(), Tied: len(roles.Tied) > 0, Ending: access.EndedBy(u, s.now),
		HandedOver: r.Departed.Has(u),
		Unclaimed:  membership.Unclaimed(u, s.organization),
	}
	if facts.EmailHolder = s.keeper(u); holder.UID != u.UID {
		facts.EmailHolder = holder.Name
	}
	standing := membership.StandingElsewhere
	if slices.Contains(roles.Pools, s.pool.Name) {
		standing = membership.Standing
	}
	return seats.Person{
		Name: u.Name, UID: u.UID, Created: u.CreationTimestamp.Time,
		Owner: membership.IsOwner(u, s.organization), Active: access.Active(u), Standing: standing(u, facts), From: s.from(u),
		Roles: s.needed(roles), Revoked: membership.Revoked(u, s.pool.Name),
	}
}

// needed are the roles of a user that have a minimum of holders.
func (s *snapshot) needed(roles access.Roles) []string {
	if len(s.minimums) == 0 {
		return nil
	}
	return slices.DeleteFunc(roles.Names(), func(name string) bool { return s.minimums[name] == 0 })
}

// amend tells the record of what has changed.
func (r *Reconciler) amend(ctx context.Context, s *snapshot, due changes) error {
	source := s.roster(ctx, r)
	for uid, name := range due.users {
		if err := r.readUser(ctx, s, source, uid, name); err != nil {
			return err
		}
	}
	for uid, alarm := range s.alarms {
		if alarm.at.After(s.now) {
			continue
		}
		if err := r.readUser(ctx, s, source, uid, alarm.user); err != nil {
			return err
		}
	}
	if err := r.amendParked(ctx, s); err != nil {
		return err
	}
	return r.readLedger(ctx, r, s)
}

func sliceOf(o *v1alpha1.SeatSlice) seats.Slice {
	slice := seats.Slice{Number: ptr.Deref(o.FirstSeat, 0) / seats.PerSlice, Turn: o.Turn}
	for _, a := range o.Assignments {
		slice.Seats = append(slice.Seats, seats.Seat{
			Number: ptr.Deref(a.Seat, 0), User: a.User, UID: a.UID, Since: a.Since.Time, Withdrawn: a.Withdrawn,
		})
	}
	return slice
}

func (r *Reconciler) readUser(ctx context.Context, s *snapshot, source *roster.Roster, uid types.UID, name string) error {
	var u v1alpha1.User
	err := r.Get(ctx, types.NamespacedName{Namespace: s.pool.Namespace, Name: name}, &u, loop.Lagging{})
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading user %s: %w", name, err)
	case u.UID != uid || u.Spec.Organization != s.pool.Spec.Organization: // gone, or a namesake, who has changes of their own
		s.book.RemovePerson(uid)
		delete(s.alarms, uid)
		return nil
	}
	holder, err := r.emailHolder(&u)
	if err != nil {
		return err
	}
	s.book.SetPerson(r.person(s, &u, source, holder))
	return source.Err()
}

// emailHolder is the one of all users with the address of u who has it.
func (r *Reconciler) emailHolder(u *v1alpha1.User) (*v1alpha1.User, error) {
	users, err := index.AtAddress(r.Shelf, u.Namespace, u.Spec.Organization, u.Spec.Email)
	if err != nil {
		return nil, err
	}
	holder := u
	for _, other := range users {
		if other.UID != u.UID && membership.HasPriority(other, holder) {
			holder = other
		}
	}
	return holder, nil
}

// gatherStrangers finds out about holders whom the book does not know: some have no business in the pool, which a book
// does not keep, and some are no more. A seat is never freed because a cache has not seen its holder yet.
func (r *Reconciler) gatherStrangers(ctx context.Context, s *snapshot) error {
	source := s.roster(ctx, r)
	for _, seat := range s.book.Strangers() {
		if err := r.readUser(ctx, s, source, seat.UID, seat.User); err != nil {
			return err
		}
	}
	for _, seat := range s.book.Strangers() {
		var u v1alpha1.User
		err := r.Live.Get(ctx, types.NamespacedName{Namespace: s.pool.Namespace, Name: seat.User}, &u)
		switch {
		case apierrors.IsNotFound(err), err == nil && (u.UID != seat.UID || u.Spec.Organization != s.pool.Spec.Organization):
			parked, err := r.parkedLive(ctx, s, seat.UID)
			if err != nil {
				return err
			}
			gone := seats.Person{Name: seat.User, UID: seat.UID, Standing: seats.Frees}
			if parked != nil { // which the cache does not show yet
				gone = resident(parked)
			}
			s.book.SetPerson(gone)
		case err != nil:
			return fmt.Errorf("looking for the holder of seat %d: %w", seat.Number, err)
		}
	}
	return nil
}

// cutOff remembers since when a turn of each pool has been seen unfinished. A turn is fenced only after a moment
// of grace, so that two managers that both believe to lead do not cut each other off for ever. It is no truth,
// only courtesy.
type cutOff struct {
	mu   sync.Mutex
	seen map[types.UID]sighting
}

type sighting struct {
	turn  int64
	since time.Time
}

// suspects says that the turn of the pool looks unfinished.
func (c *cutOff) suspects(pool *v1alpha1.SeatPool, book *seats.Book) bool {
	if len(book.Unfinished(turnOf(pool))) > 0 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, pool.UID)
	return false
}

// grace says how long to leave the unfinished turn of a pool to its writer.
func (c *cutOff) grace(pool *v1alpha1.SeatPool, now time.Time) time.Duration {
	const patience = time.Second
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[types.UID]sighting{}
	}
	at, ok := c.seen[pool.UID]
	if !ok || at.turn != pool.Status.Ledger.Turn {
		at = sighting{turn: pool.Status.Ledger.Turn, since: now}
		c.seen[pool.UID] = at
	}
	return max(0, patience-now.Sub(at.since))
}
