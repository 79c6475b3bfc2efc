// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Sources is an organization with what the roles of its users rest on, in memory.
type Sources struct {
	organization *v1alpha1.Organization
	roles        map[string]*v1alpha1.Role
	teams        map[string]*v1alpha1.Team
	users        []*v1alpha1.User
}

// Source makes Sources of objects, all of one organization.
func Source(objects ...client.Object) *Sources {
	s := &Sources{roles: map[string]*v1alpha1.Role{}, teams: map[string]*v1alpha1.Team{}}
	for _, o := range objects {
		switch o := o.(type) {
		case *v1alpha1.Organization:
			s.organization = o
		case *v1alpha1.Role:
			s.roles[o.Name] = o
		case *v1alpha1.Team:
			s.teams[o.Name] = o
		case *v1alpha1.User:
			s.users = append(s.users, o)
		}
	}
	return s
}

// Organization is the organization; nil when none was given.
func (s *Sources) Organization() *v1alpha1.Organization { return s.organization }

// Role is the role of a name; nil when there is none.
func (s *Sources) Role(name string) *v1alpha1.Role { return s.roles[name] }

// Team is the team of a name; nil when there is none.
func (s *Sources) Team(name string) *v1alpha1.Team { return s.teams[name] }

// TeamsOf are the teams that name a user, by name.
func (s *Sources) TeamsOf(user string) []*v1alpha1.Team {
	var teams []*v1alpha1.Team
	for _, team := range s.teams {
		if slices.ContainsFunc(team.Spec.Members, func(m v1alpha1.TeamMembership) bool { return m.User == user }) {
			teams = append(teams, team)
		}
	}
	slices.SortFunc(teams, func(a, b *v1alpha1.Team) int { return strings.Compare(a.Name, b.Name) })
	return teams
}

// Delegators are the users who name a user among their delegates.
func (s *Sources) Delegators(user string) []*v1alpha1.User {
	var users []*v1alpha1.User
	for _, u := range s.users {
		if slices.ContainsFunc(u.Spec.Delegates, func(d v1alpha1.Delegation) bool { return d.User == user }) {
			users = append(users, u)
		}
	}
	return users
}
