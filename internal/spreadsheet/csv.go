// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// commas are what is between cells.
var commas = []rune{',', ';', '\t', '|'}

// ReadCSV reads a table from CSV. Each line that cannot be read is a fault, and the others are read; an error is about the whole file.
func ReadCSV(data []byte, encoding Encoding) (Table, []Fault, error) {
	return ReadColumns(data, encoding, func(string) bool { return true })
}

// ReadColumns is ReadCSV, of the columns with the headers that are wanted. What the others hold is not kept in memory.
func ReadColumns(data []byte, encoding Encoding, wanted func(header string) bool) (Table, []Fault, error) {
	text, was, err := decode(data, encoding)
	if err != nil {
		return Table{}, nil, err
	}
	text = newlines(text)
	table := Table{Encoding: was}
	skipped := 0
	text, skipped, table.Comma = separator(text)
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = table.Comma, -1, true
	var faults []Fault
	for len(faults) <= maxFaults {
		record, fault, err := next(reader, skipped)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Table{}, nil, err
		}
		if fault != nil {
			faults = append(faults, *fault)
			continue
		}
		line, _ := reader.FieldPos(0)
		if empty(record) {
			continue
		}
		if table.headless() {
			table.head(header(record, line+skipped), wanted)
			if err := table.over(); err != nil {
				return Table{}, nil, err
			}
			continue
		}
		row, wrong := table.row(record, line+skipped)
		faults = append(faults, wrong...)
		table.Rows = append(table.Rows, row)
		if err := table.over(); err != nil {
			return Table{}, nil, err
		}
	}
	if table.headless() && len(faults) == 0 {
		return Table{}, nil, Fault{Message: "the file is empty: its first line has the names of the columns"}
	}
	return table, table.all(faults), nil
}

// all are the faults of a table that is read.
func (t *Table) all(faults []Fault) []Fault {
	if len(faults) > maxFaults {
		return many(faults)
	}
	return append(faults, t.short()...)
}

// short warns of rows that end before the header does. Spreadsheets leave out empty cells at the end, and so does a file that is cut off.
func (t *Table) short() []Fault {
	first, rows := 0, 0
	for _, row := range t.Rows {
		if last := len(row.Cells) - 1; last >= 0 && row.Cells[last].Missing {
			rows++
			if first == 0 {
				first = row.Line
			}
		}
	}
	if rows == 0 {
		return nil
	}
	return []Fault{{Line: first, Warning: true, Message: fmt.Sprintf(
		"%d of %d lines, of which this is the first, have fewer cells than there are columns: what they do not have is left as it is", rows, len(t.Rows))}}
}

// next is the next record, or what is wrong with its line.
func next(reader *csv.Reader, skipped int) ([]string, *Fault, error) {
	record, err := reader.Read()
	var broken *csv.ParseError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return record, nil, err
	case errors.As(err, &broken):
		fault := unreadable(broken, skipped)
		return nil, &fault, nil
	}
	return nil, nil, Fault{Message: err.Error()}
}

// unreadable is an error of the reader as a fault.
func unreadable(err *csv.ParseError, skipped int) Fault {
	message := err.Err.Error()
	switch {
	case errors.Is(err, csv.ErrQuote):
		message = `a cell begins with " and does not end with one: close it, and write each " within it twice`
	case errors.Is(err, csv.ErrBareQuote):
		message = `there is a " within a cell: write it twice, and put the cell in quotes`
	}
	return Fault{Line: err.StartLine + skipped, Message: message}
}

func empty(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return !Blank(cell) })
}

// header is the first line, without the empty columns that spreadsheets leave behind.
func header(record []string, line int) []Cell {
	var cells []Cell
	for i, text := range record {
		cells = append(cells, Cell{Text: Clean(text), Line: line, Column: i + 1})
	}
	for len(cells) > 0 && cells[len(cells)-1].Text == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 { // as of quotes around nothing
		return nil
	}
	return cells
}

// row is a line below the header. Values in columns without a name are faults.
func (t *Table) row(record []string, line int) (Row, []Fault) {
	row := Row{Line: line, Cells: make([]Cell, len(t.Header))}
	for i, header := range t.Header {
		at := header.Column - 1
		row.Cells[i] = Cell{Line: line, Column: header.Column, Missing: at >= len(record)}
		if at < len(record) {
			row.Cells[i].Text = t.keep(Clean(record[at]))
		}
	}
	var faults []Fault
	for i, text := range record {
		if Blank(text) || t.named(i+1) {
			continue
		}
		faults = append(faults, Fault{Line: line, Column: i + 1, Message: fmt.Sprintf(
			"%s is in a column without a name: name it in line %d, or put the cell in quotes that has a %s in it", Quote(Clean(text)), slices.Concat(t.Header, t.Skipped)[0].Line, comma(t.Comma))})
	}
	return row, faults
}

// head takes up the headers, apart by whether their columns are wanted.
func (t *Table) head(headers []Cell, wanted func(string) bool) {
	for _, cell := range headers {
		if cell.Text == "" || wanted(cell.Text) {
			t.Header = append(t.Header, cell)
		} else {
			t.Skipped = append(t.Skipped, cell)
		}
	}
}

// headless says that no headers are there yet.
func (t *Table) headless() bool { return t.Header == nil && t.Skipped == nil }

// keep is a value that does not keep the rest of its line in memory.
func (t *Table) keep(text string) string {
	if len(t.Skipped) == 0 {
		return text
	}
	return strings.Clone(text)
}

// named says that a column has a header.
func (t *Table) named(column int) bool {
	is := func(header Cell) bool { return header.Column == column && header.Text != "" }
	if column <= len(t.Header) && is(t.Header[column-1]) { // as where every column is wanted
		return true
	}
	return slices.ContainsFunc(t.Header, is) || slices.ContainsFunc(t.Skipped, is)
}

func comma(r rune) string {
	if r == '\t' {
		return "tab"
	}
	return string(r)
}

// separator finds what is between cells: what Excel's line sep= says, or what is most often in the first line. It returns the text
// after that line, and how many lines it has skipped.
func separator(text []byte) (rest []byte, skipped int, sep rune) {
	for {
		line, after, more := bytes.Cut(text[len(rest):], []byte("\n"))
		if !more || !Blank(string(line)) {
			break
		}
		rest, skipped = text[:len(text)-len(after)], skipped+1
	}
	body := text[len(rest):]
	line, after, _ := bytes.Cut(body, []byte("\n"))
	if said, ok := bytes.CutPrefix(bytes.ToLower(bytes.Trim(line, "\r\" ")), []byte("sep=")); ok && len(said) <= 1 {
		sep = '\t'
		if len(said) == 1 {
			sep = rune(said[0])
		}
		return after, skipped + 1, sep
	}
	return body, skipped, guess(body)
}

// guess is what is most often between the cells of the first line, which may have line breaks within them.
func guess(text []byte) rune {
	counts, quoted := map[byte]int{}, false
	for _, b := range text {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[b]++
		}
	}
	best := commas[0]
	for _, r := range commas[1:] {
		if counts[byte(r)] > counts[byte(best)] {
			best = r
		}
	}
	return best
}

// Options are how CSV is written.
type Options struct {
	// Comma is between cells; a comma if it is 0.
	Comma rune
	// Mark has the file begin with a byte order mark, by which Excel knows UTF-8.
	Mark bool
}

// WriteCSV writes a table with this header. What a spreadsheet would take for a formula is escaped.
func WriteCSV(w io.Writer, o Options, records [][]string) error {
	if o.Mark {
		if _, err := w.Write(bom); err != nil {
			return err
		}
	}
	writer := csv.NewWriter(w)
	if o.Comma != 0 {
		writer.Comma = o.Comma
	}
	for _, record := range records {
		cells := make([]string, len(record))
		for i, text := range record {
			cells[i] = Escape(text)
		}
		if err := writer.Write(cells); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}
