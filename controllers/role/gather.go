// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package role

import (
	"context"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// snapshot is everything that a pass reads, and what follows from it without a decision.
type snapshot struct {
	// organization is nil when there is none of that name.
	organization *v1alpha1.Organization
	pool         bool
	// holders is the number of those who hold the role itself, and present of those among them who accepted and have access.
	holders, present int32
	permissions      []string
	// cycle is the way from the role through what it includes back to it, unknown are the roles that it includes and that are
	// not there.
	cycle, unknown []string

	bindings []rbacv1.RoleBinding
	// bound are those who are to be bound: who hold the role or one that includes it, accepted and have access. nameless are
	// the Users among them whom Kubernetes cannot know by any name.
	bound    []bindings.Holder
	nameless []string

	// group is the group that the role is to be; nil when it is to be none.
	group *group.Wanted
}

func (r *Reconciler) gather(ctx context.Context, role *v1alpha1.Role) (*snapshot, error) {
	s := &snapshot{}
	organization := types.NamespacedName{Namespace: role.Namespace, Name: role.Spec.Organization}
	var org v1alpha1.Organization
	err := r.Get(ctx, organization, &org)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	if err == nil {
		s.organization = &org
	}
	if group.Roles(s.organization) {
		s.group = &group.Wanted{Group: group.Of(role, &org)}
	}
	if err := r.gatherPool(ctx, role, s); err != nil {
		return nil, err
	}
	roles := roster.New(ctx, r.Client, organization, &org)
	s.permissions = access.Permissions(role, roles.Role)
	s.cycle = access.RoleCycle(role, roles.Role)
	for _, name := range role.Spec.Includes {
		if roles.Role(name) == nil {
			s.unknown = append(s.unknown, name)
		}
	}
	slices.Sort(s.unknown)
	binds := len(role.Spec.Kubernetes.RoleRefs) > 0 && s.organization != nil // with it goes whoever could take rights away
	above := []string{role.Name}
	if binds {
		above = roles.Including(role.Name)
	}
	if err := roles.Err(); err != nil {
		return nil, err
	}
	for _, name := range above {
		if err := r.gatherHolders(ctx, role, name, binds, s); err != nil {
			return nil, err
		}
	}
	s.bindings, err = bindings.Of(ctx, r.Client, client.ObjectKeyFromObject(role))
	return s, err
}

func (r *Reconciler) gatherPool(ctx context.Context, role *v1alpha1.Role, s *snapshot) error {
	if role.Spec.SeatPool == "" {
		return nil
	}
	var pool v1alpha1.SeatPool
	err := r.Get(ctx, types.NamespacedName{Namespace: role.Namespace, Name: role.Spec.SeatPool}, &pool)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading seat pool: %w", err)
	}
	s.pool = err == nil && pool.Spec.Organization == role.Spec.Organization
	return nil
}

// gatherHolders takes in who holds a role, which is the one of the pass or one that includes it.
func (r *Reconciler) gatherHolders(ctx context.Context, role *v1alpha1.Role, name string, binds bool, s *snapshot) error {
	users, err := index.Find[v1alpha1.User](r.Shelf, role.Namespace, index.UserHolds, name)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Spec.Organization != role.Spec.Organization {
			continue
		}
		accepted := access.Active(u)
		if name == role.Name {
			s.holders++
			s.gatherMember(u)
			if accepted {
				s.present++
			}
		}
		if accepted && binds {
			r.gatherBound(u, s)
		}
	}
	return r.gatherParked(ctx, role, name, binds, s)
}

// gatherMember takes in the account of a holder.
func (s *snapshot) gatherMember(u *v1alpha1.User) {
	if s.group == nil {
		return
	}
	id, pending := group.Member(u, account.At(s.organization))
	s.group.Pending = s.group.Pending || pending
	if id != "" && !slices.Contains(s.group.Members, id) { // who takes over from somebody has the same account
		s.group.Members = append(s.group.Members, id)
	}
}

// gatherParked takes in who keeps a role by a record, while there is no User. Such a person does nobody's work, and is bound and in the
// group.
func (r *Reconciler) gatherParked(ctx context.Context, role *v1alpha1.Role, name string, binds bool, s *snapshot) error {
	var parked v1alpha1.ArchivedUserList
	err := r.List(ctx, &parked, client.InNamespace(role.Namespace), client.MatchingFields{index.Parked: role.Spec.Organization}, loop.Lagging{})
	if err != nil {
		return fmt.Errorf("listing parked users: %w", err)
	}
	for i := range parked.Items {
		u := membership.Resident(&parked.Items[i])
		if !access.Active(u) || !access.Holds(u, name) {
			continue
		}
		if others, err := r.othersSpeak(ctx, &parked.Items[i]); err != nil {
			return err
		} else if others {
			continue
		}
		if name == role.Name {
			s.gatherMember(u)
		}
		known, err := r.Names.Of(u)
		there := err == nil && slices.ContainsFunc(s.bound, func(h bindings.Holder) bool { return h.Name == known })
		if binds && !there {
			r.gatherBound(u, s)
		}
	}
	return nil
}

// othersSpeak says that a User says how it is with the person of a record: that which is still there, or one that has taken over and is
// not to have access any more.
func (r *Reconciler) othersSpeak(ctx context.Context, record *v1alpha1.ArchivedUser) (bool, error) {
	if gone, err := r.heirGone(ctx, record); err != nil || gone {
		return gone, err
	}
	var still v1alpha1.User
	err := r.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: record.Record.User}, &still, loop.Lagging{})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading user %s: %w", record.Record.User, err)
	}
	return still.UID == record.Record.UID, nil
}

// heirGone says that the User which has taken over from a record is not to have access any more, and so neither is the person.
func (r *Reconciler) heirGone(ctx context.Context, record *v1alpha1.ArchivedUser) (bool, error) {
	heir := record.Record.Parked.Heir
	if heir.UID == "" {
		return false, nil
	}
	var u v1alpha1.User
	err := r.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: heir.User}, &u, loop.Lagging{})
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading user %s: %w", heir.User, err)
	}
	return u.UID == heir.UID && membership.TakenOver(&u, record) && !access.Active(&u), nil
}

func (r *Reconciler) gatherBound(u *v1alpha1.User, s *snapshot) {
	name, err := r.Names.Of(u)
	if err != nil {
		s.nameless = append(s.nameless, u.Name)
		return
	}
	s.bound = append(s.bound, bindings.Holder{Name: name, UID: u.UID, Version: u.ResourceVersion})
}
