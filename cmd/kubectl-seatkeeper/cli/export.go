// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// exporting is `export` with its flags.
type exporting struct {
	*Shell

	organization string
	archived     bool
	columns      []string
	sheet        sheetFlags
	output       output
}

func newExport(sh *Shell) *cobra.Command {
	e := &exporting{Shell: sh}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "List the users of an organization, as a file that import reads",
		Long: `List the users of an organization with their roles, teams, seats and state, as a file that import reads: what comes back is the same.

In CSV, what a spreadsheet would take for a formula has an apostrophe before it, which import takes away.`,
		Example: `  # For a spreadsheet
  kubectl seatkeeper export > people.csv

  # For Excel in French, with who left
  kubectl seatkeeper export --archived --lang=fr --bom > personnes.csv

  # With the columns of the spreadsheet that was imported, to compare the two
  kubectl seatkeeper export --columns=email,givenName,familyName,roles,teams

  # For a program
  kubectl seatkeeper export -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&e.archived, "archived", false, "List who left as well, after who is there.")
	cmd.Flags().StringSliceVar(&e.columns, "columns", nil, "Columns of the CSV, in their order, by names that import knows; all by default.")
	_ = cmd.RegisterFlagCompletionFunc("columns", cobra.FixedCompletions(people.Columns(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	sh.organizationFlag(cmd, &e.organization)
	e.sheet.flags(cmd)
	e.output.flags(cmd, formatCSV, formatYAML, formatJSON, formatTable, formatWide, formatName)
	return cmd
}

// check refuses command lines that cannot be meant.
func (e *exporting) check() error {
	if err := e.output.check(); err != nil {
		return err
	}
	for _, name := range e.columns {
		if !people.IsColumn(name) {
			return fmt.Errorf("--columns has %q: there is no such column; there are %s", name, strings.Join(people.Columns(), ", "))
		}
	}
	if len(e.columns) > 0 && e.output.format != formatCSV {
		return fmt.Errorf("--columns is for CSV: it does not go with --output=%s", e.output.format)
	}
	return nil
}

func (e *exporting) run(ctx context.Context) error {
	if err := e.check(); err != nil {
		return err
	}
	language, options, err := e.sheet.options()
	if err != nil {
		return err
	}
	all, err := e.list(ctx)
	if err != nil {
		return err
	}
	switch e.output.format {
	case formatCSV:
		records := people.Records(all, language, e.columns...)
		e.controls(records)
		return spreadsheet.WriteCSV(e.Out, options, records)
	case formatJSON, formatYAML:
		objects := make([]map[string]any, len(all))
		for i := range all {
			objects[i] = people.Object(&all[i])
		}
		return data(e.Out, e.output.format, map[string]any{"users": objects})
	case formatName:
		for i := range all {
			fmt.Fprintf(e.Out, "user.%s/%s\n", v1alpha1.GroupVersion.Group, all[i].User)
		}
		return nil
	}
	return e.table(all)
}

// controls says in how many cells there are control characters, which CSV does not get.
func (e *exporting) controls(records [][]string) {
	cells := 0
	for _, record := range records {
		for _, text := range record {
			if spreadsheet.Printable(text) != text {
				cells++
			}
		}
	}
	if cells > 0 {
		e.note("control characters are left out of %s", count(cells, "cell"))
	}
}

func (e *exporting) list(ctx context.Context) ([]people.Person, error) {
	c, err := e.cluster()
	if err != nil {
		return nil, err
	}
	org, err := c.organization(ctx, e.organization)
	if err != nil {
		return nil, err
	}
	found, err := c.people(ctx, org.Name)
	if err != nil {
		return nil, err
	}
	roll := people.Roll{Organization: org.Name, Users: found.Users, Teams: found.Teams, Archived: e.archived, Now: e.Clock.Now()}
	if e.archived {
		if roll.Left, err = c.left(ctx, "leave out --archived"); err != nil {
			return nil, err
		}
	}
	return people.List(roll), nil
}

func (e *exporting) table(all []people.Person) error {
	t := &metav1.Table{ColumnDefinitions: columns([]string{"Name", "Email", "Roles", "Teams", "Seats", "State", "Status"}, "Given name", "Family name", "Manager", "Until")}
	for i := range all {
		p := &all[i]
		var teams []string
		for _, m := range p.Teams {
			teams = append(teams, m.String())
		}
		until := ""
		if !p.AccessUntil.IsZero() {
			until = p.AccessUntil.UTC().Format("2006-01-02T15:04:05Z")
		}
		t.Rows = append(t.Rows, metav1.TableRow{Cells: []any{
			p.User, p.Email, strings.Join(p.Roles, ","), strings.Join(teams, ","), strings.Join(p.Seats, ","), string(p.State), p.Status,
			p.GivenName, p.FamilyName, p.Manager, until,
		}})
	}
	return e.output.printTable(e.Out, t)
}
