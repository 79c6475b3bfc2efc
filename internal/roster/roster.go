// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package roster reads from the cache what the roles of an organization's users rest on, and finds the users whom a
// change concerns.
package roster

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// Roster is an access.Source over the cache. It reads what it is asked for, once, and is for one pass. What it returns
// is not to be changed. Teams and roles that are being deleted, and wait for their groups to be, are not there any more.
type Roster struct {
	reader       client.Reader
	ctx          context.Context
	namespace    string
	name         string
	organization *v1alpha1.Organization
	roles        map[string]*v1alpha1.Role
	teams        map[string]*v1alpha1.Team
	teamsOf      map[string][]*v1alpha1.Team
	delegators   map[string][]*v1alpha1.User
	// complete says that everything was read at once.
	complete bool
	err      error
}

var _ access.Source = (*Roster)(nil)

// New makes a roster of an organization, which may be nil when there is none of that name.
func New(ctx context.Context, reader client.Reader, key types.NamespacedName, organization *v1alpha1.Organization) *Roster {
	return &Roster{
		reader: reader, ctx: ctx, namespace: key.Namespace, name: key.Name, organization: organization,
		roles: map[string]*v1alpha1.Role{}, teams: map[string]*v1alpha1.Team{},
		teamsOf: map[string][]*v1alpha1.Team{}, delegators: map[string][]*v1alpha1.User{},
	}
}

// Of makes the roster of an organization that is read from the cache as well. It is for watches, which go by it at once.
func Of(ctx context.Context, reader client.Reader, namespace, organization string) *Roster {
	key := types.NamespacedName{Namespace: namespace, Name: organization}
	r := New(ctx, reader, key, nil)
	if org := (&v1alpha1.Organization{}); r.get(organization, org) {
		r.organization = org
	}
	return r
}

// Err is the first failure to read. What was resolved before it is told is worth nothing.
func (r *Roster) Err() error { return r.err }

// Organization implements access.Source.
func (r *Roster) Organization() *v1alpha1.Organization { return r.organization }

// Role implements access.Source.
func (r *Roster) Role(name string) *v1alpha1.Role {
	if role, known := r.roles[name]; known || r.complete {
		return role
	}
	role := &v1alpha1.Role{}
	if !r.get(name, role) || role.Spec.Organization != r.name || !role.DeletionTimestamp.IsZero() {
		role = nil
	}
	r.roles[name] = role
	return role
}

// Team implements access.Source.
func (r *Roster) Team(name string) *v1alpha1.Team {
	if team, known := r.teams[name]; known || r.complete || name == "" {
		return team
	}
	team := &v1alpha1.Team{}
	if !r.get(name, team) || team.Spec.Organization != r.name || !team.DeletionTimestamp.IsZero() {
		team = nil
	}
	r.teams[name] = team
	return team
}

// TeamsOf implements access.Source.
func (r *Roster) TeamsOf(user string) []*v1alpha1.Team {
	if teams, known := r.teamsOf[user]; known || r.complete {
		return teams
	}
	var list v1alpha1.TeamList
	r.list(&list, index.TeamMember, user)
	var teams []*v1alpha1.Team
	for i := range list.Items {
		if team := &list.Items[i]; team.Spec.Organization == r.name && team.DeletionTimestamp.IsZero() {
			teams = append(teams, team)
		}
	}
	r.teamsOf[user] = teams
	return teams
}

// Delegators implements access.Source.
func (r *Roster) Delegators(user string) []*v1alpha1.User {
	if users, known := r.delegators[user]; known || r.complete {
		return users
	}
	var list v1alpha1.UserList
	r.list(&list, index.UserDelegate, user)
	var users []*v1alpha1.User
	for i := range list.Items {
		if u := &list.Items[i]; u.Spec.Organization == r.name {
			users = append(users, u)
		}
	}
	r.delegators[user] = users
	return users
}

// ReadAll reads everything at once, for whoever looks at all users. It takes the users as they were listed.
func (r *Roster) ReadAll(users []*v1alpha1.User) error {
	var roles v1alpha1.RoleList
	r.list(&roles, index.Organization, r.name)
	for i := range roles.Items {
		if role := &roles.Items[i]; role.DeletionTimestamp.IsZero() {
			r.roles[role.Name] = role
		}
	}
	var teams v1alpha1.TeamList
	r.list(&teams, index.Organization, r.name)
	for i := range teams.Items {
		team := &teams.Items[i]
		if !team.DeletionTimestamp.IsZero() {
			continue
		}
		r.teams[team.Name] = team
		for _, m := range team.Spec.Members {
			r.teamsOf[m.User] = append(r.teamsOf[m.User], team)
		}
	}
	for _, u := range users {
		for j, d := range u.Spec.Delegates {
			if !named(u.Spec.Delegates[:j], d.User) {
				r.delegators[d.User] = append(r.delegators[d.User], u)
			}
		}
	}
	r.complete = true
	return r.err
}

// named says that a user is among some delegates.
func named(delegates []v1alpha1.Delegation, user string) bool {
	for _, d := range delegates {
		if d.User == user {
			return true
		}
	}
	return false
}

func (r *Roster) get(name string, object client.Object) bool {
	err := r.reader.Get(r.ctx, types.NamespacedName{Namespace: r.namespace, Name: name}, object, loop.Lagging{})
	if err != nil && !apierrors.IsNotFound(err) && r.err == nil {
		r.err = fmt.Errorf("reading %T %s: %w", object, name, err)
	}
	return err == nil
}

func (r *Roster) list(list client.ObjectList, by, value string) {
	err := r.reader.List(r.ctx, list, client.InNamespace(r.namespace), client.MatchingFields{by: value}, loop.Lagging{})
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("listing %T by %s: %w", list, by, err)
	}
}
