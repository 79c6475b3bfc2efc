// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"context"
	"fmt"
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
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// snapshot is everything that a pass reads.
type snapshot struct {
	seats.Situation
	organization *v1alpha1.Organization
	ledger       []seats.Slice
	objects      map[int32]*v1alpha1.SeatSlice
}

func (r *Reconciler) gather(ctx context.Context, pool *v1alpha1.SeatPool) (*snapshot, error) {
	s := &snapshot{Situation: seats.Situation{Now: r.Clock.Now(), Capacity: pool.Spec.Capacity()}}
	var org v1alpha1.Organization
	switch err := r.Get(ctx, types.NamespacedName{Namespace: pool.Namespace, Name: pool.Spec.Organization}, &org); {
	case err == nil:
		s.organization = &org
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	if err := r.gatherLedger(ctx, r, pool, s); err != nil {
		return nil, err
	}
	if r.cut.suspects(pool, s.ledger) {
		// What looks unfinished may be a cache that lags.
		if err := r.gatherLedger(ctx, r.Live, pool, s); err != nil {
			return nil, err
		}
	}
	if err := r.gatherPeople(ctx, pool, s); err != nil {
		return nil, err
	}
	return s, r.gatherGone(ctx, pool.Namespace, s)
}

// gatherLedger reads the slices of the pool, all as they were at one moment.
func (r *Reconciler) gatherLedger(ctx context.Context, from client.Reader, pool *v1alpha1.SeatPool, s *snapshot) error {
	var list v1alpha1.SeatSliceList
	if err := from.List(ctx, &list, client.InNamespace(pool.Namespace), client.MatchingFields{index.SlicePool: pool.Name}); err != nil {
		return fmt.Errorf("listing seat slices: %w", err)
	}
	s.ledger, s.objects = nil, make(map[int32]*v1alpha1.SeatSlice, len(list.Items))
	for i := range list.Items {
		o := &list.Items[i]
		slice := seats.Slice{Number: ptr.Deref(o.FirstSeat, 0) / seats.PerSlice, Turn: o.Turn}
		for _, a := range o.Assignments {
			slice.Seats = append(slice.Seats, seats.Seat{Number: ptr.Deref(a.Seat, 0), User: a.User, UID: a.UID, Since: a.Since.Time})
		}
		s.ledger, s.objects[slice.Number] = append(s.ledger, slice), o
	}
	s.Ledger = s.ledger
	return nil
}

// gatherPeople reads who there is, and what each is to the pool.
func (r *Reconciler) gatherPeople(ctx context.Context, pool *v1alpha1.SeatPool, s *snapshot) error {
	of := []client.ListOption{
		client.InNamespace(pool.Namespace),
		client.MatchingFields{index.Organization: pool.Spec.Organization},
		loop.Lagging{},
	}
	var roles v1alpha1.RoleList
	if err := r.List(ctx, &roles, of...); err != nil {
		return fmt.Errorf("listing roles: %w", err)
	}
	byName := make(map[string]*v1alpha1.Role, len(roles.Items))
	for i := range roles.Items {
		byName[roles.Items[i].Name] = &roles.Items[i]
	}
	var users v1alpha1.UserList
	if err := r.List(ctx, &users, of...); err != nil {
		return fmt.Errorf("listing users: %w", err)
	}
	atEmail := make(map[string]*v1alpha1.User, len(users.Items))
	for i := range users.Items {
		u, email := &users.Items[i], membership.FoldEmail(users.Items[i].Spec.Email)
		if other := atEmail[email]; other == nil || membership.HasPriority(u, other) {
			atEmail[email] = u
		}
	}
	s.People = make([]seats.Person, 0, len(users.Items))
	for i := range users.Items {
		u := &users.Items[i]
		needs, unknown := access.Needs(u, byName, pool.Name)
		facts := membership.Facts{Organization: s.organization, UnknownRoles: unknown}
		if holder := atEmail[membership.FoldEmail(u.Spec.Email)]; holder != u {
			facts.EmailHolder = holder.Name
		}
		standing := membership.Standing(u, facts)
		if !needs {
			standing = membership.StandingElsewhere(u, facts)
		}
		s.People = append(s.People, seats.Person{
			Name: u.Name, UID: u.UID, Created: u.CreationTimestamp.Time,
			Owner: membership.IsOwner(u, s.organization), Standing: standing,
		})
	}
	return nil
}

// gatherGone finds out which holders are no more. A seat is never freed because a cache has not seen its holder
// yet.
func (r *Reconciler) gatherGone(ctx context.Context, namespace string, s *snapshot) error {
	s.Gone = map[types.UID]bool{}
	for _, seat := range seats.Strangers(s.ledger, s.People) {
		var u v1alpha1.User
		err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: seat.User}, &u)
		switch {
		case apierrors.IsNotFound(err), err == nil && u.UID != seat.UID:
			s.Gone[seat.UID] = true
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
func (c *cutOff) suspects(pool *v1alpha1.SeatPool, ledger []seats.Slice) bool {
	if len(seats.Unfinished(turnOf(pool), ledger)) > 0 {
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
