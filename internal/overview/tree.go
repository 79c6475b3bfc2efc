// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// Tree is who is in which team (rule CO-11).
type Tree struct {
	Organization string `json:"organization"`
	// Teams are those at the top, and those whose place is not known.
	Teams []Branch `json:"teams"`
	// Teamless are the people in no team who have not left.
	Teamless []Member `json:"teamless"`
}

// Branch is a team with those below it.
type Branch struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	// Problem says why it is not where it is declared to be: a parent that is not there, or a cycle.
	Problem string   `json:"problem,omitempty"`
	Members []Member `json:"members"`
	Teams   []Branch `json:"teams"`
}

// Member is somebody in a team.
type Member struct {
	User string `json:"user"`
	// Role is Lead or Member; unset for who is in no team.
	Role v1alpha1.TeamRole `json:"role,omitempty"`
	// State is that of the User; empty when there is no such User.
	State string   `json:"state,omitempty"`
	Roles []string `json:"roles,omitempty"`
}

// Tree says who is in which team.
func (c *Company) Tree() Tree {
	t := Tree{Organization: c.lists.Organization.Name, Teams: []Branch{}, Teamless: []Member{}}
	below := map[string][]*v1alpha1.Team{}
	for i := range c.lists.Teams {
		team := c.teams[c.lists.Teams[i].Name]
		if team == nil {
			continue
		}
		if problem := c.misplaced(team); problem != "" {
			t.Teams = append(t.Teams, c.branch(team, nil, problem))
			continue
		}
		below[team.Spec.Parent] = append(below[team.Spec.Parent], team)
	}
	for _, team := range below[""] {
		t.Teams = append(t.Teams, c.branch(team, below, ""))
	}
	slices.SortStableFunc(t.Teams, func(a, b Branch) int { return cmp.Compare(a.Problem, b.Problem) })
	for i := range c.lists.Users {
		if u := &c.lists.Users[i]; len(c.teamsOf[u.Name]) == 0 && !access.Archiving(u) {
			t.Teamless = append(t.Teamless, member(u, ""))
		}
	}
	return t
}

// misplaced says why the place of a team is not known; empty when it is.
func (c *Company) misplaced(team *v1alpha1.Team) string {
	switch line := access.Above(team, c.Team); {
	case line.Cycle != nil:
		return "the teams above it lead back to where they began: " + strings.Join(line.Cycle, ", below ")
	case line.Missing != "":
		return fmt.Sprintf("team %s names the parent %s, which is not there", line.Child, line.Missing)
	}
	return ""
}

func (c *Company) branch(team *v1alpha1.Team, below map[string][]*v1alpha1.Team, problem string) Branch {
	b := Branch{
		Name: team.Name, DisplayName: team.Spec.DisplayName, Roles: team.Spec.Roles, Problem: problem,
		Members: []Member{}, Teams: []Branch{},
	}
	for _, m := range team.Spec.Members {
		u := c.users[m.User]
		if u == nil {
			b.Members = append(b.Members, Member{User: m.User, Role: m.Role})
			continue
		}
		b.Members = append(b.Members, member(u, m.Role))
	}
	slices.SortFunc(b.Members, func(a, b Member) int { // who leads comes first, and Lead is before Member
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.User, b.User))
	})
	for _, next := range below[team.Name] {
		b.Teams = append(b.Teams, c.branch(next, below, ""))
	}
	return b
}

func member(u *v1alpha1.User, role v1alpha1.TeamRole) Member {
	return Member{User: u.Name, Role: role, State: StateOf(u), Roles: u.Status.Roles}
}
