// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"
	"sigs.k8s.io/yaml"
)

const (
	// gap is between the columns of a table.
	gap = "   "
	// usualWidth is that of a terminal that does not tell, and leastWidth that of text in the last column of a table.
	usualWidth, leastWidth = 80, 30
)

// width is how long lines may be; 0 off a terminal, where other programs read them.
func (sh *Shell) width(w io.Writer) int {
	if !sh.Terminal(w) {
		return 0
	}
	if columns, err := strconv.Atoi(sh.Env("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	if file, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return usualWidth
}

// grid is a table of words that may have colours. What is too long in the last column goes on below, if there is a width.
type grid struct {
	width int
	rows  [][]string
}

// row adds a line of texts, of which only what is styled may have colours.
func (g *grid) row(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = cellText(cell)
	}
	g.rows = append(g.rows, row)
}

// lines are those of the table, each without space at its end.
func (g *grid) lines() []string {
	var widths []int
	for _, row := range g.rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	var lines []string
	for _, row := range g.rows {
		var line strings.Builder
		for i, cell := range row[:len(row)-1] {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-lipgloss.Width(cell)) + gap)
		}
		indent := lipgloss.Width(line.String())
		for i, part := range wrapped(row[len(row)-1], g.width, indent) {
			if i > 0 {
				line.WriteString(strings.Repeat(" ", indent))
			}
			lines = append(lines, strings.TrimRight(line.String()+part, " "))
			line.Reset()
		}
	}
	return lines
}

// wrapped are the lines of a text that begins at a column.
func wrapped(text string, width, indent int) []string {
	if width == 0 || lipgloss.Width(text)+indent <= width {
		return []string{text}
	}
	room := max(width-indent, leastWidth)
	var lines []string
	var line string
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= room:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// bar shows how much of a whole is taken, and what is beyond it.
func bar(taken, whole int32, p palette) styled {
	const cells = 10
	if whole <= 0 && taken <= 0 {
		return p.faint.Render(strings.Repeat("-", cells))
	}
	full := cells
	if taken < whole {
		full = int(int64(taken) * cells / int64(whole))
		if taken > 0 {
			full = max(full, 1)
		}
	}
	style := p.good
	switch {
	case taken > whole:
		style = p.bad
	case taken == whole:
		style = p.warn
	}
	return style.Render(strings.Repeat("#", full)) + p.faint.Render(strings.Repeat("-", cells-full))
}

// data prints a value that is no object of the API, as JSON or YAML.
func data(w io.Writer, format string, value any) error {
	text, err := json.MarshalIndent(value, "", "    ")
	if err != nil {
		return err
	}
	text = append(visible(text), '\n')
	if format == formatYAML {
		if text, err = yaml.JSONToYAML(text); err != nil {
			return err
		}
	}
	_, err = w.Write(text)
	return err
}
