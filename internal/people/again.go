// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"maps"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Again plans a change anew, of a User as it is now that somebody else has written it since; nil when it is gone. What is wrong with that
// is returned, and the change stays as it was. A User who was there and is gone was deleted, which stands.
func (p *Plan) Again(c *Change, is *v1alpha1.User) []Problem {
	again := *p.planner
	again.problems = nil
	switch {
	case is == nil && c.is != nil:
		again.report(c.row, ColumnEmail, "User %s was deleted by somebody else in the meantime, and stays so: import again to create it anew", c.Name)
	case is != nil && foldEmail(is.Spec.Email) != foldEmail(c.row.Email):
		again.report(c.row, ColumnEmail, "User %s has got another address from somebody else in the meantime: import again", c.Name)
	default:
		if change, ok := again.change(c.row, is); ok {
			*c = change
		}
	}
	return again.problems
}

// AgainTeam is Again, of a Team.
func (p *Plan) AgainTeam(c *TeamChange, is *v1alpha1.Team) []Problem {
	again := *p.planner
	again.problems = nil
	if is == nil || is.Spec.Organization != again.cluster.Organization {
		again.report(c.row, ColumnTeams, "the team %s was deleted by somebody else in the meantime", c.Name)
		return again.problems
	}
	if change := again.teamChange(is, c.said, c.row, c.rows); len(again.problems) == 0 {
		*c = change
	}
	return again.problems
}

// Without takes Users out of the teams that they were to join, lead or leave: they were refused, and a team has no members who are not there.
func (p *Plan) Without(users map[string]bool) {
	var left []TeamChange
	for _, c := range p.Teams {
		before := len(c.said)
		maps.DeleteFunc(c.said, func(user string, _ *Membership) bool { return users[user] })
		again := *p.planner
		switch {
		case len(c.said) == before:
			left = append(left, c)
		case len(c.said) > 0:
			left = append(left, again.teamChange(c.is, c.said, c.row, c.rows))
		}
	}
	p.Teams = left
}
