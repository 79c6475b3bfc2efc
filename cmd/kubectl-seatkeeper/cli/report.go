// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/people"
)

// imported is what an import says to programs.
type imported struct {
	Organization string           `json:"organization"`
	Users        []importedUser   `json:"users,omitempty"`
	Teams        []string         `json:"teams,omitempty"`
	Problems     []people.Problem `json:"problems,omitempty"`
}

type importedUser struct {
	Line    int             `json:"line"`
	Name    string          `json:"name"`
	Email   string          `json:"email"`
	Action  people.Action   `json:"action"`
	Columns []people.Column `json:"columns,omitempty"`
}

// refuse says what is wrong, and that nothing is done. Programs that read a table or names from standard output do not take it for data.
func (j *job) refuse() error {
	people.Sort(j.problems)
	if j.output.format == formatJSON || j.output.format == formatYAML {
		if err := data(j.Out, j.output.format, imported{Organization: j.organization, Problems: j.problems}); err != nil {
			return err
		}
	} else if err := j.complain(); err != nil {
		return err
	}
	lines, problems := map[int]bool{}, 0
	for _, p := range j.problems {
		if !p.Warning {
			lines[p.Line] = true
			problems++
		}
	}
	j.fail(fmt.Sprintf("%s in %s, so nothing was written", count(problems, "problem"), count(len(lines), "line")))
	return errSilent
}

// partly says what was done, and what the server has refused although the check had passed.
func (j *job) partly() error {
	people.Sort(j.problems)
	for k := range j.plan.Users {
		if c := &j.plan.Users[k]; j.refused[c.Name] {
			c.Action = people.Refused
		}
	}
	if err := j.print(); err != nil {
		return err
	}
	if j.output.format != formatJSON && j.output.format != formatYAML {
		if err := j.complain(); err != nil {
			return err
		}
	}
	j.fail("not everything is imported: what is listed was refused, although the check had passed; the rest was applied: " + j.summary())
	return errSilent
}

// complain lists the problems for people.
func (j *job) complain() error {
	return j.table(j.ErrOut, columns([]string{"Line", "Column", "Header", "Problem"}), func(row func(...any)) {
		for _, p := range j.problems {
			if !p.Warning {
				row(place(p.Line), place(p.Column), p.Header, p.Message)
			}
		}
	})
}

func (j *job) fail(summary string) {
	fmt.Fprintln(j.ErrOut, j.palette(j.ErrOut).bad.Render("error:"), summary)
}

func place(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// maxWarnings is how many warnings are shown.
const maxWarnings = 20

// warn says what is odd.
func (j *job) warn() {
	for k, p := range j.problems {
		if k == maxWarnings {
			fmt.Fprintf(j.ErrOut, "%s and %d more\n", j.palette(j.ErrOut).warn.Render("warning:"), len(j.problems)-k)
			break
		}
		where := fmt.Sprintf("line %d, column %d (%s)", p.Line, p.Column, p.Header)
		if p.Column == 0 {
			where = fmt.Sprintf("line %d", p.Line)
		}
		fmt.Fprintf(j.ErrOut, "%s %s: %s\n", j.palette(j.ErrOut).warn.Render("warning:"), printable(where), printable(p.Message))
	}
}

// succeed says what was done, or would be.
func (j *job) succeed() error {
	if err := j.print(); err != nil {
		return err
	}
	said := j.summary()
	switch {
	case j.dryRun != dryRunNone:
		said += j.dryRun.suffix()
	case j.outputDir != "":
		said += ", written to " + j.outputDir
	case !j.apply:
		said += " (only checked: --apply applies them, --output-dir writes YAML)"
	}
	fmt.Fprintln(j.ErrOut, j.palette(j.ErrOut).good.Render(said))
	return nil
}

// summary counts what was done.
func (j *job) summary() string {
	counts := map[people.Action]int{}
	for k := range j.plan.Users {
		counts[j.plan.Users[k].Action]++
	}
	said := fmt.Sprintf("%s: %d created, %d configured, %d unchanged", count(len(j.plan.Users), "user"), counts[people.Created], counts[people.Configured], counts[people.Unchanged])
	if n := counts[people.Refused]; n > 0 {
		said += fmt.Sprintf(", %d refused", n)
	}
	done := 0
	for k := range j.plan.Teams {
		if !j.refusedTeams[j.plan.Teams[k].Name] {
			done++
		}
	}
	if done > 0 {
		said += ", " + count(done, "team") + " configured"
	}
	if n := len(j.plan.Teams) - done; n > 0 {
		said += ", " + count(n, "team") + " refused"
	}
	return said
}

// changes are the columns with another value than there is.
func changes(c *people.Change, moved map[string]bool) []people.Column {
	if moved[c.Name] {
		return append(slices.Clone(c.Columns), people.ColumnTeams)
	}
	return c.Columns
}

func (j *job) print() error {
	moved := j.plan.Moved()
	switch j.output.format {
	case formatName:
		var b bytes.Buffer
		for k := range j.plan.Users {
			if j.plan.Users[k].Action == people.Refused {
				continue
			}
			fmt.Fprintf(&b, "user.%s/%s\n", v1alpha1.GroupVersion.Group, j.plan.Users[k].Name)
		}
		_, err := j.Out.Write(b.Bytes())
		return err
	case formatJSON, formatYAML:
		result := imported{Organization: j.organization, Problems: j.problems}
		for k := range j.plan.Users {
			c := &j.plan.Users[k]
			result.Users = append(result.Users, importedUser{c.Line(), c.Name, c.Email, c.Action, changes(c, moved)})
		}
		for k := range j.plan.Teams {
			if name := j.plan.Teams[k].Name; !j.refusedTeams[name] {
				result.Teams = append(result.Teams, name)
			}
		}
		return data(j.Out, j.output.format, result)
	}
	return j.table(j.Out, columns([]string{"Line", "Name", "Email", "Action"}, "Changes"), func(row func(...any)) {
		for k := range j.plan.Users {
			c := &j.plan.Users[k]
			var names []string
			for _, name := range changes(c, moved) {
				names = append(names, string(name))
			}
			row(place(c.Line()), c.Name, c.Email, string(c.Action), strings.Join(names, ","))
		}
	})
}

// table prints a table of its rows.
func (j *job) table(w io.Writer, of []metav1.TableColumnDefinition, rows func(row func(...any))) error {
	t := &metav1.Table{ColumnDefinitions: of}
	rows(func(cells ...any) { t.Rows = append(t.Rows, metav1.TableRow{Cells: cells}) })
	return j.output.printTable(w, t)
}
