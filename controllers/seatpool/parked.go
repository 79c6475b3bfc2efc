// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// organizationField finds ArchivedUsers past the cache by their organization.
const organizationField = "record.spec.organization"

// gatherParked reads who keeps a seat by a record while there is no User. There are few, if any.
func (r *Reconciler) gatherParked(ctx context.Context, s *snapshot) error {
	var list v1alpha1.ArchivedUserList
	err := r.List(ctx, &list, client.InNamespace(s.pool.Namespace), client.MatchingFields{index.Parked: s.pool.Spec.Organization}, loop.Lagging{})
	if err != nil {
		return fmt.Errorf("listing parked users: %w", err)
	}
	s.parked = make(map[string]*v1alpha1.ArchivedUser, len(list.Items))
	for i := range list.Items {
		a := &list.Items[i]
		var u v1alpha1.User
		err := r.Get(ctx, types.NamespacedName{Namespace: a.Namespace, Name: a.Record.User}, &u, loop.Lagging{})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("reading user %s: %w", a.Record.User, err)
		}
		if u.UID == a.Record.UID {
			continue // speaks for itself
		}
		s.parked[membership.FoldEmail(a.Record.Spec.Email)] = a
	}
	return nil
}

// amendParked tells the book of who is parked now, and of those who are to take over from them. Who is not parked any more is a
// stranger, of whom it is found out what became.
func (r *Reconciler) amendParked(ctx context.Context, s *snapshot) error {
	was := s.parked
	if err := r.gatherParked(ctx, s); err != nil {
		return err
	}
	source := s.roster(ctx, r)
	for email, a := range was {
		now := s.parked[email]
		if now != nil && now.Record.UID == a.Record.UID {
			continue
		}
		if err := r.readUser(ctx, s, source, a.Record.UID, a.Record.User); err != nil {
			return err
		}
		if now == nil {
			if err := r.readNeighbours(ctx, s, source, a); err != nil {
				return err
			}
		}
	}
	for email, a := range s.parked {
		if known := was[email]; known != nil && keptBy(known) == keptBy(a) {
			continue
		}
		if err := r.readNeighbours(ctx, s, source, a); err != nil {
			return err
		}
	}
	s.keepParked()
	return nil
}

// readNeighbours reads those with the address of a record, who take over from it, or wait for it.
func (r *Reconciler) readNeighbours(ctx context.Context, s *snapshot, source *roster.Roster, a *v1alpha1.ArchivedUser) error {
	for _, u := range r.neighbours(ctx, membership.Resident(a)) {
		if err := r.readUser(ctx, s, source, u.UID, u.Name); err != nil {
			return err
		}
	}
	return nil
}

// keeping is what matters of a record to a pool.
type keeping struct {
	parked, ended bool
	uid, heir     types.UID
	standing      seats.Standing
}

func keptBy(a *v1alpha1.ArchivedUser) keeping {
	if a == nil || !a.Parked() {
		return keeping{}
	}
	return keeping{true, a.Ended(), a.Record.UID, a.Record.Parked.Heir.UID, membership.ResidentStanding(a)}
}

// keepParked tells the book of who keeps a seat by a record.
func (s *snapshot) keepParked() {
	for _, a := range s.parked {
		s.book.SetPerson(resident(a))
	}
}

func resident(a *v1alpha1.ArchivedUser) seats.Person {
	u := membership.Resident(a)
	return seats.Person{Name: u.Name, UID: u.UID, Created: u.CreationTimestamp.Time, Active: access.Active(u), Standing: membership.ResidentStanding(a)}
}

// from is whose seat a user takes over: that of the same person, whose User went by mistake. It is so once the user is on record as
// the person: until then the user may go, and nobody would know of whom the seat was.
func (s *snapshot) from(u *v1alpha1.User) types.UID {
	if a := s.parked[membership.FoldEmail(u.Spec.Email)]; a != nil && membership.Claimed(u, a) && membership.TakenOver(u, a) {
		return a.Record.UID
	}
	return ""
}

// keeper is the name of who keeps the address of a user by a record; empty when nobody does. Of a user who takes over, the claim and
// the takeover have both to be seen.
func (s *snapshot) keeper(u *v1alpha1.User) string {
	a := s.parked[membership.FoldEmail(u.Spec.Email)]
	if a != nil && a.Record.UID != u.UID && (membership.KeptFrom(u, a) || membership.Claimed(u, a) != membership.TakenOver(u, a)) {
		return a.Record.User
	}
	return ""
}

// parkedLive finds the record, past the cache, by which somebody without a User keeps a seat; nil when there is none.
func (r *Reconciler) parkedLive(ctx context.Context, s *snapshot, uid types.UID) (*v1alpha1.ArchivedUser, error) {
	var list v1alpha1.ArchivedUserList
	err := r.Live.List(ctx, &list, client.InNamespace(s.pool.Namespace), client.MatchingFields{organizationField: s.pool.Spec.Organization})
	if err != nil {
		return nil, fmt.Errorf("looking for parked users: %w", err)
	}
	for i := range list.Items {
		if a := &list.Items[i]; a.Record.UID == uid && a.Parked() {
			return a, nil
		}
	}
	return nil, nil
}

// poolsOfRecord are the pools in which somebody may keep a seat by a record, or does so no more.
func (r *Reconciler) poolsOfRecord(ctx context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	if keptBy(before) == keptBy(after) {
		return nil
	}
	a := cmp.Or(after, before)
	return r.pools(ctx, a.Namespace, a.Record.Spec.Organization)
}
