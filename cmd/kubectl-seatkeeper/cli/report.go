// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

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

// refuse says what is wrong.
func (j *job) refuse(summary string) error {
	switch j.output.format {
	case formatJSON, formatYAML:
		if err := j.structured(imported{Organization: j.organization, Problems: j.problems}); err != nil {
			return err
		}
	default:
		if err := j.table(columns([]string{"Line", "Column", "Header", "Problem"}), func(row func(...any)) {
			for _, p := range j.problems {
				if !p.Warning {
					row(place(p.Line), place(p.Column), p.Header, p.Message)
				}
			}
		}); err != nil {
			return err
		}
	}
	if summary == "" {
		lines, problems := map[int]bool{}, 0
		for _, p := range j.problems {
			if !p.Warning {
				lines[p.Line] = true
				problems++
			}
		}
		summary = fmt.Sprintf("%s in %s, so nothing was written", count(problems, "problem"), count(len(lines), "line"))
	}
	fmt.Fprintln(j.ErrOut, j.palette(j.ErrOut).bad.Render("error:"), summary)
	return errSilent
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
		fmt.Fprintf(j.ErrOut, "%s %s: %s\n", j.palette(j.ErrOut).warn.Render("warning:"), where, p.Message)
	}
}

// succeed says what was done, or would be.
func (j *job) succeed() error {
	counts := map[people.Action]int{}
	for k := range j.plan.Users {
		counts[j.plan.Users[k].Action]++
	}
	if err := j.print(); err != nil {
		return err
	}
	said := fmt.Sprintf("%s: %d created, %d configured, %d unchanged", count(len(j.plan.Users), "user"), counts[people.Created], counts[people.Configured], counts[people.Unchanged])
	if n := len(j.plan.Teams); n > 0 {
		said += ", " + count(n, "team") + " configured"
	}
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

func (j *job) print() error {
	switch j.output.format {
	case formatName:
		var b bytes.Buffer
		for k := range j.plan.Users {
			fmt.Fprintf(&b, "user.%s/%s\n", v1alpha1.GroupVersion.Group, j.plan.Users[k].Name)
		}
		_, err := j.Out.Write(b.Bytes())
		return err
	case formatJSON, formatYAML:
		result := imported{Organization: j.organization, Problems: j.problems}
		for k := range j.plan.Users {
			c := &j.plan.Users[k]
			result.Users = append(result.Users, importedUser{c.Line(), c.Name, c.Email, c.Action, c.Columns})
		}
		for k := range j.plan.Teams {
			result.Teams = append(result.Teams, j.plan.Teams[k].Name)
		}
		return j.structured(result)
	}
	return j.table(columns([]string{"Line", "Name", "Email", "Action"}, "Changes"), func(row func(...any)) {
		for k := range j.plan.Users {
			c := &j.plan.Users[k]
			var names []string
			for _, name := range c.Columns {
				names = append(names, string(name))
			}
			row(place(c.Line()), c.Name, c.Email, string(c.Action), strings.Join(names, ","))
		}
	})
}

// table prints a table of its rows.
func (j *job) table(of []metav1.TableColumnDefinition, rows func(row func(...any))) error {
	t := &metav1.Table{ColumnDefinitions: of}
	rows(func(cells ...any) { t.Rows = append(t.Rows, metav1.TableRow{Cells: cells}) })
	options := printers.PrintOptions{Wide: j.output.format == formatWide, NoHeaders: j.output.noHeaders}
	return printers.NewTablePrinter(options).PrintObj(t, j.Out)
}

// structured prints a value as JSON or YAML.
func (j *job) structured(value any) error { return structured(j.Out, j.output.format, value) }

func structured(w io.Writer, format string, value any) error {
	var text []byte
	var err error
	if format == formatYAML {
		text, err = yaml.Marshal(value)
	} else {
		text, err = json.MarshalIndent(value, "", "    ")
		text = append(text, '\n')
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
