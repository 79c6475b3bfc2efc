// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// Problem is what is wrong with a table, and where. Column counts from 1, and is 0 for what is about a whole line; Header is what is
// written above it.
type Problem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"`
	Header  string `json:"header,omitempty"`
	Message string `json:"message"`
	// Warning says that it keeps nothing from being done.
	Warning bool `json:"warning,omitempty"`
}

// Sort has problems come in the order of the file.
func Sort(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
}

// Fatal says that one of the problems is more than a warning.
func Fatal(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// Row is a person, and where the file has them.
type Row struct {
	Person

	cells []spreadsheet.Cell
	line  int
	// wrong says that the row has a problem: what is read of it is not all.
	wrong bool
	// left is the record of who has left, and is nobody any more.
	left *v1alpha1.UserRecord
}

// Set is what a table says.
type Set struct {
	Rows []Row
	// header are the headers, and at the position of each Column that the table has.
	header []spreadsheet.Cell
	at     map[Column]int
}

// Archived says that there is somebody in it who has left.
func (s *Set) Archived() bool {
	return slices.ContainsFunc(s.Rows, func(row Row) bool { return row.State == v1alpha1.UserArchived })
}

// Has says that the table has a column.
func (s *Set) Has(name Column) bool {
	_, ok := s.at[name]
	return ok
}

// says tells whether a row has a cell in a column, be it an empty one.
func (s *Set) says(row *Row, name Column) bool {
	at, ok := s.at[name]
	return ok && !row.cells[at].Missing
}

// problem is one of a row, at a column; at the line when the table has no such column.
func (s *Set) problem(row *Row, name Column, message string) Problem {
	at, ok := s.at[name]
	if !ok {
		return Problem{Line: row.line, Message: message}
	}
	cell := row.cells[at]
	return Problem{Line: cmp.Or(cell.Line, row.line), Column: cell.Column, Header: spreadsheet.Short(s.header[at].Text), Message: message}
}

// leave is what a column is mapped to that is left out.
const leave = "-"

// Parse reads people from a table. names say what columns are about whose headers do not, by header; those that are - are left out.
// Rows with problems are among those it returns.
func Parse(table spreadsheet.Table, names map[string]string) (Set, []Problem) {
	set := Set{header: table.Header, at: map[Column]int{}}
	problems := set.columns(names, table.Skipped)
	if Fatal(problems) { // of rows whose columns are unknown, nothing can be said
		return set, problems
	}
	set.Rows = make([]Row, 0, len(table.Rows))
	known := memo{}
	seen := make(map[string]int, len(table.Rows))
	for _, cells := range table.Rows {
		row, wrong := set.row(cells, known)
		if row.Email != "" {
			key := foldEmail(row.Email)
			if first, twice := seen[key]; twice {
				wrong = append(wrong, set.problem(&row, ColumnEmail, fmt.Sprintf("%q is the address of line %d already", row.Email, first)))
			} else {
				seen[key] = row.line
			}
		}
		row.wrong = Fatal(wrong)
		set.Rows = append(set.Rows, row)
		problems = append(problems, wrong...)
		if len(problems) > maxProblems {
			problems = append(problems[:maxProblems], Problem{Line: row.line, Message: "there are more problems further down: mend these first"})
			break
		}
	}
	if len(table.Rows) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{Message: "there is nobody in it: below the names of the columns, each line is a person"})
	}
	return set, problems
}

// maxProblems is how many are told at once.
const maxProblems = 10_000

// Wanted says which columns of a file Parse reads, by their headers.
func Wanted(names map[string]string) func(header string) bool {
	given := map[string]string{}
	for header, name := range names {
		given[fold(header)] = name
	}
	return func(header string) bool {
		name, mapped := given[fold(header)]
		if !mapped {
			name = header
		}
		return IsColumn(name)
	}
}

// columns finds out what each column is about. skipped are those that the rows do not have.
func (s *Set) columns(names map[string]string, skipped []spreadsheet.Cell) []Problem {
	var problems []Problem
	given := map[string]string{}
	for header, name := range names {
		given[fold(header)] = name
	}
	unused := maps.Clone(given)
	for i, cell := range slices.Concat(s.header, skipped) {
		wrong := func(message string) {
			problems = append(problems, Problem{Line: cell.Line, Column: cell.Column, Header: spreadsheet.Short(cell.Text), Message: message})
		}
		key := fold(cell.Text)
		name, mapped := given[key]
		delete(unused, key)
		if cell.Text == "" || name == leave {
			continue
		}
		c, ok := headers[key]
		if mapped {
			c, ok = headers[fold(name)]
		}
		switch {
		case !ok:
			wrong(fmt.Sprintf("%s is no column that is known: say what it is about with --map '%s=COLUMN', or leave it out with --map '%s=-'",
				spreadsheet.Quote(cell.Text), spreadsheet.Short(cell.Text), spreadsheet.Short(cell.Text)))
		case s.Has(columns[c].name):
			wrong(fmt.Sprintf("%q is about %s, and so is column %d: leave one out with --map '%s=-'", cell.Text, columns[c].name, s.header[s.at[columns[c].name]].Column, cell.Text))
		default:
			s.at[columns[c].name] = i
		}
	}
	for header := range unused {
		problems = append(problems, Problem{Line: 1, Message: fmt.Sprintf("--map names a column that is not there: %s", named(names, header))})
	}
	if !s.Has(ColumnEmail) && len(problems) == 0 {
		problems = append(problems, Problem{Line: 1, Message: "no column is about the address: name one email, or say which it is with --map 'HEADER=email'"})
	}
	return problems
}

// named is how a header was written that is folded.
func named(names map[string]string, folded string) string {
	for header := range names {
		if fold(header) == folded {
			return header
		}
	}
	return folded
}

// memo remembers what was said of values that take long to check, and of which there are few.
type memo map[string][2]string

func (m memo) check(c *column, p *Person, text string) (wrong, odd string) {
	if c.name != ColumnTimeZone && c.name != ColumnLocale {
		return c.set(p, text)
	}
	key := string(c.name) + "=" + text
	said, ok := m[key]
	if !ok {
		said[0], said[1] = c.set(&Person{}, text)
		m[key] = said
	}
	switch {
	case said[0] != "":
	case c.name == ColumnTimeZone:
		p.TimeZone = text
	default:
		p.Locale = text
	}
	return said[0], said[1]
}

// row reads a row.
func (s *Set) row(cells spreadsheet.Row, known memo) (Row, []Problem) {
	row := Row{cells: cells.Cells, line: cells.Line}
	var problems []Problem
	for i := range columns {
		c := &columns[i]
		at, ok := s.at[c.name]
		if !ok || c.set == nil {
			continue
		}
		text := tidy(c.name, cells.Cells[at].Text)
		if text == "" {
			continue
		}
		wrong, odd := known.check(c, &row.Person, text)
		if wrong != "" {
			problems = append(problems, s.problem(&row, c.name, wrong))
		}
		if odd != "" {
			p := s.problem(&row, c.name, odd)
			p.Warning = true
			problems = append(problems, p)
		}
	}
	problems = append(problems, s.whole(&row)...)
	return row, problems
}

// tidy is a value without what cannot be in it, and nobody sees. In names and titles, which are what people write, that stays.
func tidy(name Column, text string) string {
	switch name {
	case ColumnGivenName, ColumnFamilyName, ColumnTitle:
		return text
	}
	text = strings.Map(func(r rune) rune {
		switch r {
		case '\u00a0', '\u202f':
			return ' '
		case '\u200b', '\u200e', '\u200f', '\u2060', '\ufeff':
			return -1
		}
		return r
	}, text)
	switch name {
	case ColumnEmail, ColumnManager, ColumnSuccessor:
		text = norm.NFC.String(text)
	}
	return strings.TrimSpace(text)
}

// whole is what is wrong with a row as a whole.
func (s *Set) whole(row *Row) []Problem {
	var problems []Problem
	if at, ok := s.at[ColumnEmail]; ok && tidy(ColumnEmail, row.cells[at].Text) == "" {
		problems = append(problems, s.problem(row, ColumnEmail, "the address is missing"))
	}
	if row.EmployeeNumber != "" && row.NewEmployee {
		problems = append(problems, s.problem(row, ColumnNewEmployee, "there is an employee number already: either it, or a new one"))
	}
	return problems
}
