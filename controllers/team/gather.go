// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// standing is whether somebody who is named as a member is one.
type standing int

const (
	// unknown: the organization has no such User.
	unknown standing = iota
	// gone: archived, or being deleted.
	gone
	// present: a member.
	present
)

// snapshot is everything that a pass reads.
type snapshot struct {
	organization bool
	// people are those whom the team, and the teams below it, name as members.
	people map[string]standing
	line   access.Line
	// unknown are the roles that the team names and that are not there.
	unknown []string
}

func (r *Reconciler) gather(ctx context.Context, team *v1alpha1.Team) (*snapshot, error) {
	organization := types.NamespacedName{Namespace: team.Namespace, Name: team.Spec.Organization}
	s := &snapshot{people: make(map[string]standing, len(team.Spec.Members))}
	var org v1alpha1.Organization
	err := r.Get(ctx, organization, &org)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	s.organization = err == nil
	names := roster.New(ctx, r.Client, organization, &org)
	s.line = access.Above(team, names.Team)
	for _, name := range team.Spec.Roles {
		if names.Role(name) == nil {
			s.unknown = append(s.unknown, name)
		}
	}
	for _, each := range withBelow(team, names) {
		for _, m := range each.Spec.Members {
			if err := r.gatherMember(ctx, team, m.User, s); err != nil {
				return nil, err
			}
		}
	}
	return s, names.Err()
}

// gatherMember looks up a member once, in however many teams.
func (r *Reconciler) gatherMember(ctx context.Context, team *v1alpha1.Team, name string, s *snapshot) error {
	if _, known := s.people[name]; known {
		return nil
	}
	var u v1alpha1.User
	err := r.Get(ctx, types.NamespacedName{Namespace: team.Namespace, Name: name}, &u, loop.Lagging{})
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading member %s: %w", name, err)
	case err != nil || u.Spec.Organization != team.Spec.Organization:
		s.people[name] = unknown
	case access.Archiving(&u):
		s.people[name] = gone
	default:
		s.people[name] = present
	}
	return nil
}

// withBelow are a team and all teams below it, each once.
func withBelow(team *v1alpha1.Team, names *roster.Roster) []*v1alpha1.Team {
	teams, seen := []*v1alpha1.Team{team}, map[string]struct{}{team.Name: {}}
	for i := 0; i < len(teams); i++ {
		for _, child := range names.Children(teams[i].Name) {
			if _, known := seen[child.Name]; !known {
				seen[child.Name] = struct{}{}
				teams = append(teams, child)
			}
		}
	}
	return teams
}
