// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"maps"
	"slices"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
)

// names is a set of names of users.
type names map[string]struct{}

func (n names) add(users ...string) {
	for _, user := range users {
		n[user] = struct{}{}
	}
}

func (n names) sorted() []string { return slices.Sorted(maps.Keys(n)) }

// ByTeam are the users whose roles may change with a team: nil for before when it was created, for after when it is gone.
// They are those who came, who went, and all others only when the team's roles, or the team above it, changed.
func (r *Roster) ByTeam(before, after *v1alpha1.Team) []string {
	users := names{}
	switch {
	case before == nil:
		r.below(after, users, names{})
	case after == nil:
		r.below(before, users, names{})
	case before.Spec.Parent != after.Spec.Parent || !same(before.Spec.Roles, after.Spec.Roles):
		r.below(before, users, names{})
		r.below(after, users, names{})
	default:
		was, is := members(before), members(after)
		for user := range was {
			if _, stays := is[user]; !stays {
				users.add(user)
			}
		}
		for user := range is {
			if _, stayed := was[user]; !stayed {
				users.add(user)
			}
		}
	}
	return r.withDelegates(users)
}

func members(team *v1alpha1.Team) names {
	users := make(names, len(team.Spec.Members))
	for _, m := range team.Spec.Members {
		users.add(m.User)
	}
	return users
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// below adds the members of a team, and of the teams below it.
func (r *Roster) below(team *v1alpha1.Team, users, seen names) {
	if _, known := seen[team.Name]; known {
		return
	}
	seen.add(team.Name)
	for _, m := range team.Spec.Members {
		users.add(m.User)
	}
	for _, child := range r.Children(team.Name) {
		r.below(child, users, seen)
	}
}

// Children are the teams that a team is the parent of.
func (r *Roster) Children(team string) []*v1alpha1.Team {
	var list v1alpha1.TeamList
	r.list(&list, index.TeamParent, team)
	var children []*v1alpha1.Team
	for i := range list.Items {
		if child := &list.Items[i]; child.Spec.Organization == r.name && child.DeletionTimestamp.IsZero() {
			children = append(children, child)
		}
	}
	return children
}

// ByRole are the users who may be given a role, in whatever way, and those who hold it.
func (r *Roster) ByRole(role string) []string {
	users := names{}
	for _, name := range r.Including(role) {
		r.addUsers(users, index.UserRole, name)
		r.addUsers(users, index.UserHolds, name)
		var teams v1alpha1.TeamList
		r.list(&teams, index.TeamRole, name)
		for i := range teams.Items {
			if team := &teams.Items[i]; team.Spec.Organization == r.name {
				r.below(team, users, names{})
			}
		}
		if r.organization != nil && r.organization.Spec.DefaultRole == name {
			r.addUsers(users, index.Organization, r.name)
		}
	}
	return r.withDelegates(users)
}

// Including are the names of a role and of those that include it, at whatever remove, sorted.
func (r *Roster) Including(role string) []string {
	seen := names{}
	for next := []string{role}; len(next) > 0; {
		name := next[0]
		next = next[1:]
		if _, known := seen[name]; known {
			continue
		}
		seen.add(name)
		var list v1alpha1.RoleList
		r.list(&list, index.RoleIncludes, name)
		for i := range list.Items {
			if list.Items[i].Spec.Organization == r.name {
				next = append(next, list.Items[i].Name)
			}
		}
	}
	return seen.sorted()
}

// Delegates are the users whose roles may change with those of another. nil stands for a user who was created, or is gone.
func Delegates(before, after *v1alpha1.User) []string {
	users := names{}
	for _, u := range []*v1alpha1.User{before, after} {
		if u != nil {
			for _, d := range u.Spec.Delegates {
				users.add(d.User)
			}
		}
	}
	if before != nil && after != nil && access.Leaving(before) == access.Leaving(after) &&
		same(before.Spec.Roles, after.Spec.Roles) && sameDelegates(before, after) {
		return nil
	}
	return users.sorted()
}

func sameDelegates(before, after *v1alpha1.User) bool {
	return slices.EqualFunc(before.Spec.Delegates, after.Spec.Delegates, func(a, b v1alpha1.Delegation) bool {
		return a.User == b.User && a.From.Equal(b.From) && a.Until.Equal(&b.Until)
	})
}

// Decided are the users about whom the organization decided something new.
func Decided(before, after *v1alpha1.Organization) []string {
	users := names{}
	was, is := decisions(before), decisions(after)
	for d := range is {
		if _, stood := was[d]; !stood {
			users.add(d.User)
		}
	}
	for d := range was {
		if _, stands := is[d]; !stands {
			users.add(d.User)
		}
	}
	return users.sorted()
}

func decisions(org *v1alpha1.Organization) map[v1alpha1.RoleDecision]struct{} {
	set := map[v1alpha1.RoleDecision]struct{}{}
	if org != nil {
		for _, d := range org.Status.RoleDecisions {
			set[d] = struct{}{}
		}
	}
	return set
}

// Reshaped says that a role changed in a way that matters for who may hold it.
func Reshaped(before, after *v1alpha1.Role) bool {
	return before.Spec.SeatPool != after.Spec.SeatPool || before.Spec.Organization != after.Spec.Organization ||
		!same(before.Spec.Includes, after.Spec.Includes) ||
		!ptr.Equal(before.Spec.MaxHolders, after.Spec.MaxHolders) || !ptr.Equal(before.Spec.MinHolders, after.Spec.MinHolders)
}

func (r *Roster) addUsers(users names, by, value string) {
	var list v1alpha1.UserList
	r.list(&list, by, value)
	for i := range list.Items {
		if list.Items[i].Spec.Organization == r.name {
			users.add(list.Items[i].Name)
		}
	}
}

// withDelegates are the users, and those to whom they delegate, sorted.
func (r *Roster) withDelegates(users names) []string {
	for _, user := range users.sorted() {
		u := &v1alpha1.User{}
		if !r.get(user, u) || u.Spec.Organization != r.name {
			continue
		}
		for _, d := range u.Spec.Delegates {
			users.add(d.User)
		}
	}
	return users.sorted()
}
