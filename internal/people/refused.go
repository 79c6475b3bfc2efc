// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Refused is what the server has against a change, by line and column.
func (p *Plan) Refused(c *Change, err error) []Problem { return p.refused(c.row, err, columnOf) }

// RefusedTeam is what the server has against a change of a team.
func (p *Plan) RefusedTeam(c *TeamChange, err error) []Problem {
	problems := p.refused(c.row, err, func(string) Column { return ColumnTeams })
	for i := range problems {
		problems[i].Message = "team " + c.Name + ": " + problems[i].Message
	}
	return problems
}

func (p *Plan) refused(row *Row, err error, of func(field string) Column) []Problem {
	var problems []Problem
	var status *apierrors.StatusError
	if errors.As(err, &status) && status.ErrStatus.Details != nil {
		for _, cause := range status.ErrStatus.Details.Causes {
			if cause.Field == "" || cause.Message == "" {
				continue
			}
			message := cause.Message
			if cause.Type == metav1.CauseTypeFieldManagerConflict {
				message += ", with another value: change it there, or take it over with --force-conflicts"
			}
			problems = append(problems, p.planner.problem(row, of(cause.Field), message))
		}
	}
	if len(problems) == 0 {
		problems = append(problems, p.planner.problem(row, of(""), err.Error()))
	}
	return problems
}

// columnOf is the column of a field such as spec.phoneNumbers.work or .spec.roles[0]; that of the address when there is none.
func columnOf(field string) Column {
	steps := strings.FieldsFunc(field, func(r rune) bool { return strings.ContainsRune(".[", r) })
	if len(steps) < 2 || steps[0] != "spec" {
		return ColumnEmail
	}
	steps = steps[1:]
	best := ColumnEmail
	for i := range columns {
		c := &columns[i]
		switch {
		case len(c.path) == 0:
		case len(steps) >= len(c.path) && slices.Equal(steps[:len(c.path)], c.path):
			return c.name
		case steps[0] == c.path[0] && best == ColumnEmail:
			best = c.name
		}
	}
	return best
}
