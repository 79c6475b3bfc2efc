// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
)

func init() { commands = append(commands, treeCommand) }

func treeCommand(sh *Shell) *cobra.Command {
	o := &output{}
	cmd := &cobra.Command{
		Use:   "tree [ORGANIZATION]",
		Short: "Show teams, the teams below them, and their members",
		Long: `Show the teams of an organization with those below them and who is in each, and who is in none. Members of a team hold the roles of the
teams above it as well, which are in brackets. The organization can be left out where the namespace has only one.`,
		Example: `  # Teams and members
  kubectl seatkeeper tree

  # With the roles that each person holds
  kubectl seatkeeper tree acme -o wide`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return sh.tree(cmd.Context(), o, onlyOne(args))
		},
	}
	sh.organizationArgument(cmd)
	o.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	return cmd
}

func (sh *Shell) tree(ctx context.Context, o *output, name string) error {
	c, err := sh.cluster()
	if err != nil {
		return err
	}
	company, err := sh.company(ctx, c, name)
	if err != nil {
		return err
	}
	t := company.Tree()
	switch {
	case o.format == formatName:
		return sh.print(teamNames(t.Teams))
	case !o.table():
		return data(sh.Out, o.format, t)
	}
	g := &forest{grid: grid{width: sh.width(sh.Out)}, palette: sh.palette(sh.Out), wide: o.format == formatWide}
	if !o.noHeaders {
		g.add("NAME", "ROLE", "STATE", "ROLES")
	}
	g.add(g.strong.Render(t.Organization), "", "", "")
	g.grow("", t.Teams, nil, len(t.Teamless) == 0)
	g.teamless(t.Teamless)
	return sh.print(g.lines())
}

// print prints lines.
func (sh *Shell) print(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(sh.Out, strings.Join(lines, "\n"))
	return err
}

func teamNames(teams []overview.Branch) []string {
	var names []string
	for i := range teams {
		names = append(names, "team.seatkeeper.dev/"+teams[i].Name)
		names = append(names, teamNames(teams[i].Teams)...)
	}
	return names
}

// forest draws teams and people below each other.
type forest struct {
	grid
	palette

	wide bool
}

// add adds a line; roles are shown with -o wide.
func (f *forest) add(name, role, state, roles any) {
	if f.wide {
		f.row(name, role, state, roles)
		return
	}
	f.row(name, role, state)
}

// grow draws the members of a team, and the teams below it. last says that nothing follows below them.
func (f *forest) grow(indent string, teams []overview.Branch, members []overview.Member, last bool) {
	for i := range members {
		f.member(indent, &members[i], last && len(teams) == 0 && i == len(members)-1)
	}
	for i := range teams {
		t := &teams[i]
		edge, below := "├── ", "│   "
		if last && i == len(teams)-1 {
			edge, below = "└── ", "    "
		}
		name := f.strong.Render(t.Name)
		if len(t.Roles) > 0 {
			name += f.faint.Render(" [" + strings.Join(t.Roles, ", ") + "]")
		}
		f.add(styled(indent+edge)+name, "", f.bad.Render(t.Problem), "")
		f.grow(indent+below, t.Teams, t.Members, true)
	}
}

func (f *forest) member(indent string, m *overview.Member, last bool) {
	edge := "├── "
	if last {
		edge = "└── "
	}
	state, style := m.State, f.warn
	switch state {
	case v1alpha1.ReasonActive:
		style = f.good
	case "":
		state, style = "no such User", f.bad
	}
	f.add(indent+edge+m.User, string(m.Role), style.Render(state), strings.Join(m.Roles, ","))
}

// teamless draws who is in no team.
func (f *forest) teamless(members []overview.Member) {
	if len(members) == 0 {
		return
	}
	f.add("└── "+f.faint.Render("in no team"), "", "", "")
	n := len(members)
	if !f.wide {
		n = min(n, shortList)
	}
	for i := range members[:n] {
		f.member("    ", &members[i], i == len(members)-1)
	}
	if more := len(members) - n; more > 0 {
		f.add("    └── "+f.faint.Render(fmt.Sprintf("and %d more: -o wide shows all", more)), "", "", "")
	}
}
