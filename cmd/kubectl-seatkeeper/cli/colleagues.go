// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

// colleagues are those of an organization with whom somebody has to do who leaves or comes back. Each is read when somebody asks, and all of
// them only where it takes all of them, so that one person of 100 000 takes a handful of requests. What fails is kept in err.
type colleagues struct {
	*Shell

	ctx context.Context
	c   *cluster
	org *v1alpha1.Organization
	err error

	// users and roles are those that were asked for, nil those that are not there; everybody says that users are all there are.
	users     map[string]*v1alpha1.User
	everybody bool
	roles     map[string]*v1alpha1.Role
	// teams are all, once one was asked for.
	teams map[string]*v1alpha1.Team
}

var (
	_ access.Source   = (*colleagues)(nil)
	_ handover.People = (*colleagues)(nil)
)

// organizations are the colleagues by organization, each of which is read once.
type organizations struct {
	*Shell

	c     *cluster
	known map[string]*colleagues
}

func (sh *Shell) organizations(c *cluster) *organizations {
	return &organizations{Shell: sh, c: c, known: map[string]*colleagues{}}
}

// of are the colleagues of a user, who is among them.
func (o *organizations) of(ctx context.Context, u *v1alpha1.User) (*colleagues, error) {
	all := o.known[u.Spec.Organization]
	if all == nil {
		org, err := o.c.organization(ctx, u.Spec.Organization)
		if err != nil {
			return nil, err
		}
		all = &colleagues{Shell: o.Shell, ctx: ctx, c: o.c, org: org, users: map[string]*v1alpha1.User{}, roles: map[string]*v1alpha1.Role{}}
		o.known[u.Spec.Organization] = all
	}
	if all.users[u.Name] == nil {
		all.users[u.Name] = u
	}
	return all, nil
}

// assume has a user be as if an edit had been made already.
func (all *colleagues) assume(after *v1alpha1.User) { all.users[after.Name] = after }

// find reads an object of the organization; false when there is none.
func (all *colleagues) find(name string, into client.Object, organization func() string) bool {
	if name == "" || all.err != nil {
		return false
	}
	err := all.c.Get(all.ctx, client.ObjectKey{Namespace: all.c.namespace, Name: name}, into)
	if err != nil && !apierrors.IsNotFound(err) {
		all.err = fmt.Errorf("reading %s %s: %w", strings.ToLower(kindOf(into)), name, err)
	}
	return err == nil && organization() == all.org.Name
}

// in selects what belongs to the organization.
func (all *colleagues) in() []client.ListOption {
	return []client.ListOption{client.InNamespace(all.c.namespace), client.MatchingFields{ofOrganization: all.org.Name}}
}

// Organization implements access.Source.
func (all *colleagues) Organization() *v1alpha1.Organization { return all.org }

// User implements handover.People.
func (all *colleagues) User(name string) *v1alpha1.User {
	if u, ok := all.users[name]; ok || all.everybody {
		return u
	}
	u := &v1alpha1.User{}
	if !all.find(name, u, func() string { return u.Spec.Organization }) {
		u = nil
	}
	all.users[name] = u
	return u
}

// Members implements handover.People. It reads everybody.
func (all *colleagues) Members() []*v1alpha1.User {
	if !all.everybody && all.err == nil {
		p := all.progress("reading users", 0)
		users, err := pages(all.ctx, all.c, p, func(l *v1alpha1.UserList) []v1alpha1.User { return l.Items }, all.in()...)
		p.end()
		if err != nil {
			all.err = fmt.Errorf("listing users: %w", err)
		}
		for i := range users {
			if all.users[users[i].Name] == nil {
				all.users[users[i].Name] = &users[i]
			}
		}
		all.everybody = true
	}
	var members []*v1alpha1.User
	for _, u := range all.users {
		if u != nil {
			members = append(members, u)
		}
	}
	slices.SortFunc(members, func(a, b *v1alpha1.User) int { return strings.Compare(a.Name, b.Name) })
	return members
}

// Role implements access.Source.
func (all *colleagues) Role(name string) *v1alpha1.Role {
	if role, ok := all.roles[name]; ok {
		return role
	}
	role := &v1alpha1.Role{}
	if !all.find(name, role, func() string { return role.Spec.Organization }) || !role.DeletionTimestamp.IsZero() {
		role = nil
	}
	all.roles[name] = role
	return role
}

// Team implements access.Source.
func (all *colleagues) Team(name string) *v1alpha1.Team {
	all.readTeams()
	return all.teams[name]
}

// TeamsOf implements access.Source. It reads all teams, since these name their members.
func (all *colleagues) TeamsOf(user string) []*v1alpha1.Team {
	all.readTeams()
	var teams []*v1alpha1.Team
	for _, team := range all.teams {
		if slices.ContainsFunc(team.Spec.Members, func(m v1alpha1.TeamMembership) bool { return m.User == user }) {
			teams = append(teams, team)
		}
	}
	slices.SortFunc(teams, func(a, b *v1alpha1.Team) int { return strings.Compare(a.Name, b.Name) })
	return teams
}

func (all *colleagues) readTeams() {
	if all.teams != nil || all.err != nil {
		return
	}
	teams, err := pages(all.ctx, all.c, nil, func(l *v1alpha1.TeamList) []v1alpha1.Team { return l.Items }, all.in()...)
	if err != nil {
		all.err = fmt.Errorf("listing teams: %w", err)
	}
	all.teams = map[string]*v1alpha1.Team{}
	for i := range teams {
		if teams[i].DeletionTimestamp.IsZero() {
			all.teams[teams[i].Name] = &teams[i]
		}
	}
}

// Delegators implements access.Source. It reads everybody, since it is they who name their delegates.
func (all *colleagues) Delegators(user string) []*v1alpha1.User {
	return slices.DeleteFunc(all.Members(), func(u *v1alpha1.User) bool {
		return !slices.ContainsFunc(u.Spec.Delegates, func(d v1alpha1.Delegation) bool { return d.User == user })
	})
}

// short says which of some roles too few would hold. It reads everybody where one of them needs somebody.
func (all *colleagues) short(names []string) []string {
	var needed []*v1alpha1.Role
	for _, name := range names {
		if role := all.Role(name); role != nil && ptr.Deref(role.Spec.MinHolders, 0) > 0 {
			needed = append(needed, role)
		}
	}
	if len(needed) == 0 {
		return nil
	}
	return overview.Short(needed, all.Members())
}

// vacancy says whether somebody who needs a seat of a pool gets one, as the end of a sentence.
func (all *colleagues) vacancy(name string) string {
	pool := &v1alpha1.SeatPool{}
	if !all.find(name, pool, func() string { return pool.Spec.Organization }) {
		return overview.Vacancy(nil)
	}
	return overview.Vacancy(pool)
}
