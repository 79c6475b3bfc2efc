// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// maxMembers is how many a team may have.
const maxMembers = 5000

// TeamChange is what happens to the members of one Team.
type TeamChange struct {
	Name string
	// Members are those that server-side apply is given, and Whole the team that comes of it.
	Members []v1alpha1.TeamMembership
	Whole   *v1alpha1.Team

	// row is the first that has to do with it.
	row *Row
	is  *v1alpha1.Team
	// said are the members as the rows have it, nil for who is not to be in it; rows are those of people.
	said map[string]*Membership
	rows map[string]*Row
}

// Line is where the file has the first person with whom it has to do.
func (c *TeamChange) Line() int { return c.row.line }

// Is is the Team as the change was planned.
func (c *TeamChange) Is() *v1alpha1.Team { return c.is }

// Moved are the Users who join a team or leave one, or lead one from now on or no more.
func (p *Plan) Moved() map[string]bool {
	users := map[string]bool{}
	for k := range p.Teams {
		for user := range p.Teams[k].said {
			users[user] = true
		}
	}
	return users
}

// team takes note of a team, and of who is in it.
func (p *planner) team(t *v1alpha1.Team) {
	if t.Spec.Organization != p.cluster.Organization {
		return
	}
	p.teams[t.Name] = t
	for _, m := range t.Spec.Members {
		p.inside[m.User] = append(p.inside[m.User], Membership{t.Name, m.Role == v1alpha1.TeamLead})
	}
}

// teamChanges are the teams that people join or leave, or lead from now on or no more.
func (p *planner) teamChanges(users []Change) []TeamChange {
	if !p.Has(ColumnTeams) {
		return nil
	}
	said, first := p.moves(users)
	rows := make(map[string]*Row, len(users))
	for i := range users {
		if users[i].row.left == nil {
			rows[users[i].Name] = users[i].row
		}
	}
	var changes []TeamChange
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if p.teams[name] != nil {
			changes = append(changes, p.teamChange(p.teams[name], said[name], first[name], rows))
		}
	}
	return changes
}

// moves are the members by team, as the rows have it where it is not so yet, nil for who is not to be in it; and the first row of each team.
func (p *planner) moves(users []Change) (said map[string]map[string]*Membership, first map[string]*Row) {
	said, first = map[string]map[string]*Membership{}, map[string]*Row{}
	note := func(row *Row, team, user string, is *Membership) {
		if said[team] == nil {
			said[team], first[team] = map[string]*Membership{}, row
		}
		said[team][user] = is
	}
	for i := range users {
		row, user := users[i].row, users[i].Name
		if !p.says(row, ColumnTeams) || row.left != nil {
			continue
		}
		for _, was := range p.inside[user] {
			if !slices.Contains(row.Teams, was) {
				note(row, was.Team, user, nil)
			}
		}
		for j, m := range row.Teams {
			if !slices.Contains(p.inside[user], m) {
				note(row, m.Team, user, &row.Teams[j])
			}
		}
	}
	return said, first
}

func (p *planner) teamChange(team *v1alpha1.Team, said map[string]*Membership, first *Row, rows map[string]*Row) TeamChange {
	change := TeamChange{Name: team.Name, Whole: team.DeepCopy(), row: first, is: team, said: said, rows: rows}
	owned := ownersOf(team)
	change.Whole.Spec.Members = nil
	for _, m := range team.Spec.Members {
		to, moved := said[m.User]
		path := fieldpath.MakePathOrDie("spec", "members", fieldpath.KeyByFields("user", m.User))
		switch {
		case !moved:
			change.Whole.Spec.Members = append(change.Whole.Spec.Members, m)
			if owned.has(p.cluster.Manager, path) {
				change.Members = append(change.Members, m)
			}
		case to == nil:
			if ok, who := owned.removable(p.cluster.Manager, path); !ok {
				p.report(rows[m.User], ColumnTeams, "the team %s is not there, and %s has made %s a member of it: take them out there", team.Name, who, m.User)
			}
		}
	}
	for _, user := range slices.Sorted(maps.Keys(said)) {
		if to := said[user]; to != nil {
			m := v1alpha1.TeamMembership{User: user, Role: v1alpha1.TeamMember}
			if to.Lead {
				m.Role = v1alpha1.TeamLead
			}
			change.Members, change.Whole.Spec.Members = append(change.Members, m), append(change.Whole.Spec.Members, m)
		}
	}
	p.sizes(&change, rows)
	return change
}

// sizes holds that a team has one lead, and not too many members.
func (p *planner) sizes(change *TeamChange, rows map[string]*Row) {
	var leads []string
	var last *Row
	for _, m := range change.Whole.Spec.Members {
		if m.Role == v1alpha1.TeamLead {
			leads = append(leads, m.User)
			if rows[m.User] != nil {
				last = rows[m.User]
			}
		}
	}
	if len(leads) > 1 && last != nil {
		p.report(last, ColumnTeams, "the team %s would have %d leads, %s: it has one", change.Name, len(leads), strings.Join(leads, ", "))
	}
	if n := len(change.Whole.Spec.Members); n > maxMembers {
		p.report(change.row, ColumnTeams, "the team %s would have %d members: it can have %d", change.Name, n, maxMembers)
	}
}
