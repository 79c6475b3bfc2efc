// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package organization

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// gatherDecisions decides what users ask about roles with limits of holders. Whoever is released rests on others who
// stay, and of these it is made sure past the cache: it may be that of a replica which has just begun to lead.
func (r *Reconciler) gatherDecisions(ctx context.Context, org *v1alpha1.Organization, s *snapshot) error {
	var roles v1alpha1.RoleList
	if err := r.List(ctx, &roles, client.InNamespace(org.Namespace), client.MatchingFields{index.Organization: org.Name}, loop.Lagging{}); err != nil {
		return fmt.Errorf("listing roles: %w", err)
	}
	s.roles = make(map[string]*v1alpha1.Role, len(roles.Items))
	limited := map[string]*v1alpha1.Role{}
	for i := range roles.Items {
		role := &roles.Items[i]
		if !role.DeletionTimestamp.IsZero() { // it waits for its group in a directory to go
			continue
		}
		s.roles[role.Name] = role
		if role.Spec.MinHolders != nil || role.Spec.MaxHolders != nil {
			limited[role.Name] = role
		}
	}
	s.removals = decideRemovals(org, s, r.Clock.Now())
	situation := guard.Situation{Roles: limited, Owner: org.Spec.Owner, Decisions: org.Status.RoleDecisions}
	if err := r.gatherConcerned(ctx, org, s, &situation); err != nil {
		return err
	}
	judged := org.DeepCopy()
	judged.Status.Removals = s.removals
	situation.Barred = guard.Barred(judged, situation.Users)
	s.decisions = guard.Decide(situation)
	if !releases(org.Status.RoleDecisions, s.decisions.Roles) {
		return nil
	}
	var err error
	fresh := map[types.UID]*v1alpha1.User{}
	situation.Stays = func(u *v1alpha1.User, role string) bool {
		now, known := fresh[u.UID]
		if !known && err == nil {
			now, err = r.live(ctx, u.Namespace, u.Name)
			fresh[u.UID] = now
		}
		return now != nil && stays(u, now, role)
	}
	s.decisions = guard.Decide(situation)
	return err
}

// gatherConcerned finds the users with whom the decisions have to do.
func (r *Reconciler) gatherConcerned(ctx context.Context, org *v1alpha1.Organization, s *snapshot, situation *guard.Situation) error {
	known := map[types.UID]bool{}
	for _, d := range org.Status.RoleDecisions {
		known[d.UID] = true
	}
	for _, u := range s.users {
		if known[u.UID] || len(u.Status.RoleRequests) > 0 || slices.ContainsFunc(u.Status.Roles, func(role string) bool { return situation.Roles[role] != nil }) {
			situation.Users = append(situation.Users, u)
			delete(known, u.UID)
		}
	}
	situation.Gone = map[types.UID]bool{}
	for _, d := range org.Status.RoleDecisions {
		if !known[d.UID] {
			continue
		}
		u, err := r.live(ctx, org.Namespace, d.User)
		if err != nil {
			return err
		}
		situation.Gone[d.UID] = u == nil || u.UID != d.UID
	}
	return nil
}

// releases says that users are released who were not before.
func releases(before, after []v1alpha1.RoleDecision) bool {
	return slices.ContainsFunc(after, func(d v1alpha1.RoleDecision) bool {
		return d.Outcome == v1alpha1.RoleRelease && !slices.Contains(before, d)
	})
}

// stays says that a user holds a role still, as the user is now. Nobody gives up such a role without a release.
func stays(u, now *v1alpha1.User, role string) bool {
	return now.UID == u.UID && access.Holds(now, role) && (access.Active(now) || !access.Active(u))
}

// live reads a user past the cache; nil when there is none.
func (r *Reconciler) live(ctx context.Context, namespace, name string) (*v1alpha1.User, error) {
	var u v1alpha1.User
	switch err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &u); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking for user %s: %w", name, err)
	}
	return &u, nil
}
