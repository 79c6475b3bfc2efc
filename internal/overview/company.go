// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package overview says what an organization is like at a moment, from what a cluster lists: who is in which state and waits for what,
// what seats are held and cost, who is in which team, and who may do what. It is pure.
package overview

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/pricing"
)

// Lists are an organization and all that belongs to it, as it was listed.
type Lists struct {
	Organization *v1alpha1.Organization
	Users        []v1alpha1.User
	Roles        []v1alpha1.Role
	Teams        []v1alpha1.Team
	Pools        []v1alpha1.SeatPool
	Archived     []v1alpha1.ArchivedUser
}

// Company answers what others ask of an organization, without a look at a cluster for each question.
type Company struct {
	lists      Lists
	users      map[string]*v1alpha1.User
	roles      map[string]*v1alpha1.Role
	teams      map[string]*v1alpha1.Team
	teamsOf    map[string][]*v1alpha1.Team
	delegators map[string][]*v1alpha1.User
}

var _ access.Source = (*Company)(nil)

// New makes a Company of lists, which are brought into the order of names. As for the operator, roles and teams that are being deleted
// are not there any more. Nor are records of people who are there as Users.
func New(lists Lists) *Company {
	c := &Company{
		lists: lists, users: map[string]*v1alpha1.User{}, roles: map[string]*v1alpha1.Role{}, teams: map[string]*v1alpha1.Team{},
		teamsOf: map[string][]*v1alpha1.Team{}, delegators: map[string][]*v1alpha1.User{},
	}
	slices.SortFunc(lists.Users, func(a, b v1alpha1.User) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(lists.Roles, func(a, b v1alpha1.Role) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(lists.Teams, func(a, b v1alpha1.Team) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(lists.Pools, func(a, b v1alpha1.SeatPool) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(lists.Archived, func(a, b v1alpha1.ArchivedUser) int { return cmp.Compare(a.Name, b.Name) })
	for i := range lists.Users {
		u := &lists.Users[i]
		c.users[u.Name] = u
		for j, d := range u.Spec.Delegates {
			again := slices.ContainsFunc(u.Spec.Delegates[:j], func(e v1alpha1.Delegation) bool { return e.User == d.User })
			if !again {
				c.delegators[d.User] = append(c.delegators[d.User], u)
			}
		}
	}
	for i := range lists.Roles {
		if role := &lists.Roles[i]; role.DeletionTimestamp.IsZero() {
			c.roles[role.Name] = role
		}
	}
	for i := range lists.Teams {
		team := &lists.Teams[i]
		if !team.DeletionTimestamp.IsZero() {
			continue
		}
		c.teams[team.Name] = team
		for _, m := range team.Spec.Members {
			c.teamsOf[m.User] = append(c.teamsOf[m.User], team)
		}
	}
	c.lists.Archived = gone(lists.Users, lists.Archived)
	return c
}

// gone are the records of people of whom there is no User: neither the one that they had, nor one who has taken over from it.
func gone(users []v1alpha1.User, records []v1alpha1.ArchivedUser) []v1alpha1.ArchivedUser {
	there := make(map[types.UID]*v1alpha1.User, len(users))
	for i := range users {
		if uid := users[i].UID; uid != "" {
			there[uid] = &users[i]
		}
	}
	left := make([]v1alpha1.ArchivedUser, 0, len(records))
	for i := range records {
		a := &records[i]
		heir := there[a.Record.Parked.Heir.UID]
		if there[a.Record.UID] == nil && (heir == nil || !membership.Claimed(heir, a) || !membership.TakenOver(heir, a)) {
			left = append(left, *a)
		}
	}
	return left
}

// Short says which of some roles are held by fewer members who stay than they need; empty when none is.
func Short(roles []*v1alpha1.Role, members []*v1alpha1.User) []string {
	var lines []string
	for _, role := range roles {
		stay := 0
		for _, u := range members {
			if access.Holds(u, role.Name) && access.Active(u) && !access.Archiving(u) {
				stay++
			}
		}
		if least := int(ptr.Deref(role.Spec.MinHolders, 0)); stay < least {
			lines = append(lines, fmt.Sprintf("Role %s needs %d who hold it (spec.minHolders), and %d of those who do would stay: give it to somebody else first, or it is not lost", role.Name, least, stay))
		}
	}
	return lines
}

// Organization implements access.Source.
func (c *Company) Organization() *v1alpha1.Organization { return c.lists.Organization }

// Role implements access.Source.
func (c *Company) Role(name string) *v1alpha1.Role { return c.roles[name] }

// Team implements access.Source.
func (c *Company) Team(name string) *v1alpha1.Team { return c.teams[name] }

// TeamsOf implements access.Source.
func (c *Company) TeamsOf(user string) []*v1alpha1.Team { return c.teamsOf[user] }

// Delegators implements access.Source.
func (c *Company) Delegators(user string) []*v1alpha1.User { return c.delegators[user] }

// Pool is the pool of a name; nil when there is none.
func (c *Company) Pool(name string) *v1alpha1.SeatPool {
	for i := range c.lists.Pools {
		if p := &c.lists.Pools[i]; p.Name == name {
			return p
		}
	}
	return nil
}

// Vacancy says whether somebody who needs a seat of a pool gets one, as the end of a sentence; nil is a pool that is not there.
func Vacancy(p *v1alpha1.SeatPool) string {
	switch {
	case p == nil:
		return ", which is not there"
	case pricing.Metered(&p.Spec):
		return ", which has as many as are needed"
	case ptr.Deref(p.Status.Available, 0) > ptr.Deref(p.Status.Waiting, 0):
		return fmt.Sprintf(", of which %d are free", *p.Status.Available)
	default:
		others := "others do"
		if ptr.Deref(p.Status.Waiting, 0) == 1 {
			others = "other does"
		}
		return fmt.Sprintf(", of which none is free: the user waits, and %d %s", ptr.Deref(p.Status.Waiting, 0), others)
	}
}
