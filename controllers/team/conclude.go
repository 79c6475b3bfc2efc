// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// conclude brings the status of team to what the snapshot makes it, and says how the team is. It is pure.
func conclude(team *v1alpha1.Team, s *snapshot) verdict.Verdict {
	missing, left := count(team, s)
	place(team, s.line.Path)
	stuck := func(reason, format string, args ...any) verdict.Verdict {
		return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	org := team.Spec.Organization
	switch {
	case s.organization == nil:
		return stuck(v1alpha1.ReasonOrganizationNotFound,
			"organization %s is not in this namespace: create it, or correct spec.organization", org)
	case s.line.Cycle != nil:
		return stuck(v1alpha1.ReasonTeamCycle, "%s: correct spec.parent of one of them", spell(team.Name, s.line.Cycle))
	case s.line.Missing != "" && s.line.Child != team.Name:
		return stuck(v1alpha1.ReasonTeamNotFound,
			"organization %s has no Team %s, which Team %s above this one is to be part of: create it, or correct spec.parent of %s",
			org, s.line.Missing, s.line.Child, s.line.Child)
	case s.line.Missing != "":
		return stuck(v1alpha1.ReasonTeamNotFound,
			"organization %s has no Team %s: create it, or correct spec.parent", org, s.line.Missing)
	case len(s.unknown) > 0:
		return stuck(v1alpha1.ReasonRoleNotFound,
			"organization %s has no Role %s: create it, or correct spec.roles", org, some(s.unknown))
	case len(missing) > 0:
		return stuck(v1alpha1.ReasonUserNotFound,
			"organization %s has no User %s: create them, or correct spec.members", org, some(missing))
	case len(left) > 0:
		return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: fmt.Sprintf(
			"the team is in effect without %s, who left the organization: take them out of spec.members", some(left))}
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the team is in effect"}
}

// count brings the figures of the status up to date, and returns the members who are not there, and who left.
func count(team *v1alpha1.Team, s *snapshot) (missing, left []string) {
	var direct, total int32
	team.Status.Lead = ""
	for _, m := range team.Spec.Members {
		switch s.people[m.User] {
		case unknown:
			missing = append(missing, m.User)
		case gone:
			left = append(left, m.User)
		case present:
			direct++
			if m.Role == v1alpha1.TeamLead {
				team.Status.Lead = m.User
			}
		}
	}
	for _, is := range s.people {
		if is == present {
			total++
		}
	}
	team.Status.Members, team.Status.TotalMembers = ptr.To(direct), ptr.To(total)
	return missing, left
}

// place says where the team is among the others, as far as that is known.
func place(team *v1alpha1.Team, path []string) {
	const limit = 2048
	team.Status.Depth, team.Status.Path = nil, ""
	if path == nil {
		return
	}
	team.Status.Depth = ptr.To(int32(len(path) - 1))
	team.Status.Path = strings.Join(path, "/")
	if more := len(team.Status.Path) - limit; more > 0 { // names are in ASCII
		team.Status.Path = "…" + team.Status.Path[more+1:]
	}
}

// spell says a cycle in words. A team below it is told that it is above.
func spell(team string, cycle []string) string {
	var text strings.Builder
	if !slices.Contains(cycle, team) {
		text.WriteString("the teams above this one lead back to each other: ")
	}
	fmt.Fprintf(&text, "%s is part of %s", cycle[0], cycle[1])
	for _, name := range cycle[2:] {
		text.WriteString(", which is part of " + name)
	}
	return text.String()
}

// some names the first few.
func some(names []string) string {
	const few = 5
	slices.Sort(names)
	if more := len(names) - few; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), more)
	}
	return strings.Join(names, ", ")
}
