// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// snapshot is everything that a pass reads.
type snapshot struct {
	membership.Situation
	// key is that of the pass, and of all that it asks for.
	key types.NamespacedName
	// record is where the person lives who is parked; nil for a User.
	record *v1alpha1.ArchivedUser
	// roles are those that the user may come to hold.
	roles map[string]*v1alpha1.Role
	// source is what the roles rest on.
	source *roster.Roster
	// failed is what the pass went on without, and ends with.
	failed error
}

func (r *Reconciler) gather(ctx context.Context, u *v1alpha1.User) (*snapshot, error) {
	key := client.ObjectKeyFromObject(u)
	s := &snapshot{Situation: membership.Situation{
		Now: r.Clock.Now(), User: u, Asked: r.errands.of(key),
	}, key: key, roles: map[string]*v1alpha1.Role{}}
	var org v1alpha1.Organization
	if found, err := r.find(ctx, u.Namespace, u.Spec.Organization, &org); err != nil {
		return nil, err
	} else if found {
		s.Organization = &org
		s.Invalid = invalid(u, &org)
	}
	if err := r.gatherAccount(ctx, s); err != nil {
		return nil, err
	}
	if err := r.gatherRoles(ctx, s); err != nil {
		return nil, err
	}
	if err := r.gatherSeats(s); err != nil {
		return nil, err
	}
	if err := r.gatherPools(ctx, s); err != nil {
		return nil, err
	}
	if err := r.gatherRecords(ctx, s); err != nil {
		return nil, err
	}
	if err := r.gatherEmailHolder(s); err != nil {
		return nil, err
	}
	if err := r.gatherKeeper(ctx, s); err != nil {
		return nil, err
	}
	return s, r.gatherClaim(ctx, s)
}

// gatherRoles resolves the roles. Those that may come to be granted are kept, since mails describe them.
func (r *Reconciler) gatherRoles(ctx context.Context, s *snapshot) error {
	key := types.NamespacedName{Namespace: s.User.Namespace, Name: s.User.Spec.Organization}
	source := roster.New(ctx, r, key, s.Organization)
	s.source, s.Roles = source, access.Of(s.User, source, s.Now)
	s.People = &people{Roster: source, Reconciler: r, ctx: ctx, of: s.User}
	for _, name := range s.Roles.Names() {
		s.roles[name] = source.Role(name)
	}
	s.UnknownRoles, s.NoRoles, s.Tied = len(s.Roles.Unknown) > 0, s.Roles.None(), len(s.Roles.Tied) > 0
	return source.Err()
}

func (s *snapshot) role(name string) *v1alpha1.Role { return s.roles[name] }

// invalid says which value means nothing although the schema let it pass.
func invalid(u *v1alpha1.User, org *v1alpha1.Organization) string {
	if _, err := invitation.LoadZone(u.Spec.TimeZone, org.Spec.TimeZone); err != nil {
		return "timeZone: " + err.Error()
	}
	if err := mailroom.CheckAddresses(org); err != nil {
		return fmt.Sprintf("organization %s: %v", org.Name, err)
	}
	return ""
}

// organization is the organization of a user as it is at this moment; nil when there is none. Of a wave of people who leave, those who
// ask at once share what is read after they did.
func (r *Reconciler) organization(ctx context.Context, u *v1alpha1.User) (*v1alpha1.Organization, error) {
	key := types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}
	org, err := r.organizations.Do(ctx, key, struct{}{}, func(ctx context.Context, _ []struct{}) (*v1alpha1.Organization, error) {
		var org v1alpha1.Organization
		if err := r.Live.Get(ctx, key, &org); err != nil {
			return nil, client.IgnoreNotFound(err)
		}
		return &org, nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the organization: %w", err)
	}
	return org.DeepCopy(), nil
}

// organizationNow reads the organization of a pass past the cache.
func (r *Reconciler) organizationNow(ctx context.Context, s *snapshot) (err error) {
	if s.Organization, err = r.organization(ctx, s.User); s.record != nil {
		s.Organization = membership.LettingGo(s.Organization)
	}
	return err
}

// find reads an object that may not be there.
func (r *Reconciler) find(ctx context.Context, namespace, name string, object client.Object) (bool, error) {
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object, loop.Lagging{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %T %s: %w", object, name, err)
	}
	return true, nil
}

func (r *Reconciler) gatherSeats(s *snapshot) (err error) {
	s.Seats, err = r.seatsOf(s.User.Namespace, s.User.UID)
	return err
}

// seatsOf are the seats that somebody holds, by pool.
func (r *Reconciler) seatsOf(namespace string, holder types.UID) (held []membership.Seat, err error) {
	found, err := index.Find[v1alpha1.SeatSlice](r.Shelf, namespace, index.SliceHolder, index.Bucket(string(holder)))
	if err != nil {
		return nil, err
	}
	for _, slice := range found {
		for i := range slice.Assignments {
			if a := &slice.Assignments[i]; a.UID == holder {
				held = append(held, membership.Seat{Pool: slice.Pool, Since: a.Since.Time, Withdrawn: a.Withdrawn, Turn: slice.Turn})
			}
		}
	}
	slices.SortFunc(held, func(a, b membership.Seat) int { return cmp.Compare(a.Pool, b.Pool) })
	return held, nil
}

func (r *Reconciler) gatherPools(ctx context.Context, s *snapshot) error {
	s.Pools = make(map[string]membership.Pool, len(s.Roles.Pools))
	for _, name := range s.Roles.Pools {
		var pool v1alpha1.SeatPool
		found, err := r.find(ctx, s.User.Namespace, name, &pool)
		if err != nil {
			return err
		}
		if !found || pool.Spec.Organization != s.User.Spec.Organization {
			continue
		}
		s.Pools[name] = membership.Pool{
			Found:    true,
			Leaving:  !pool.DeletionTimestamp.IsZero(),
			Capacity: ptr.Deref(pool.Status.Capacity, 0),
			Position: slices.Index(pool.Status.Queue, s.User.Name) + 1,
			Crowded:  crowded(&pool),
		}
	}
	return nil
}

// crowded says that a pool has more people waiting than it lists.
func crowded(pool *v1alpha1.SeatPool) bool {
	return meta.IsStatusConditionTrue(pool.Status.Conditions, v1alpha1.ConditionExhausted) &&
		int(ptr.Deref(pool.Status.Waiting, 0)) > len(pool.Status.Queue)
}

// gatherEmailHolder finds the other User who goes before this one at the same address.
func (r *Reconciler) gatherEmailHolder(s *snapshot) error {
	users, err := index.AtAddress(r.Shelf, s.User.Namespace, s.User.Spec.Organization, s.User.Spec.Email)
	if err != nil {
		return err
	}
	first := s.User
	for _, other := range users {
		if other.UID != s.User.UID && membership.HasPriority(other, first) {
			first = other
		}
	}
	if first != s.User {
		s.EmailHolder, s.HolderState = first.Name, first.Spec.State
	}
	return nil
}
