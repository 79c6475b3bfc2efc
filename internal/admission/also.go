// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// alsoListed is how many of those who come by a role besides are told.
const alsoListed = 5

// also collects who comes by roles besides those they are given to, so that whoever gives them knows: by a delegation, or
// a team below, that others made earlier.
type also struct {
	said admission.Warnings
	more int
}

func (a *also) say(format string, args ...any) {
	if len(a.said) == alsoListed {
		a.more++
		return
	}
	a.said = append(a.said, fmt.Sprintf(format, args...))
}

func (a *also) warnings() admission.Warnings {
	if a.more == 0 {
		return a.said
	}
	return append(a.said, fmt.Sprintf("and %d more", a.more))
}

// delegatesToo tells of the delegates to whom roles go that are added to a user. Whoever creates a user names both.
func delegatesToo(before, after *v1alpha1.User, now time.Time) admission.Warnings {
	var a also
	for _, i := range added(before.Spec.Roles, after.Spec.Roles) {
		for _, d := range after.Spec.Delegates {
			if !d.Until.After(now) {
				continue
			}
			from := ""
			if d.From != nil && d.From.After(now) {
				from = "from " + moment(d.From.Time) + " "
			}
			a.say("role %s: user %s holds it as well, by delegation %suntil %s", after.Spec.Roles[i], d.User, from, moment(d.Until.Time))
		}
	}
	return a.warnings()
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// belowToo tells of the teams below a team to whose members roles go that the team comes by. They may have been there
// before it.
func belowToo(was *v1alpha1.TeamSpec, after *v1alpha1.Team, lookup func(name string) *v1alpha1.Team, children func(team string) []*v1alpha1.Team) admission.Warnings {
	roles := gained(was, after, lookup)
	if len(roles) == 0 {
		return nil
	}
	var a also
	seen := map[string]struct{}{after.Name: {}}
	for next := children(after.Name); len(next) > 0; next = next[1:] {
		team := next[0]
		if _, known := seen[team.Name]; known {
			continue
		}
		seen[team.Name] = struct{}{}
		next = append(next, children(team.Name)...)
		if len(team.Spec.Members) == 0 {
			continue // whoever lets somebody join needs the right to give the roles
		}
		for _, role := range roles {
			a.say("the members of team %s, below team %s, hold role %s as well", team.Name, after.Name, role)
		}
	}
	return a.warnings()
}

// gained are the roles that a team comes by: those that are added, and those of the teams above with another parent.
func gained(was *v1alpha1.TeamSpec, after *v1alpha1.Team, lookup func(name string) *v1alpha1.Team) []string {
	var roles []string
	for _, i := range added(was.Roles, after.Spec.Roles) {
		roles = append(roles, after.Spec.Roles[i])
	}
	if was.Parent == after.Spec.Parent {
		return roles
	}
	for _, above := range line(after, lookup)[1:] {
		for _, i := range added(slices.Concat(was.Roles, roles), above.Spec.Roles) {
			roles = append(roles, above.Spec.Roles[i])
		}
	}
	return roles
}
