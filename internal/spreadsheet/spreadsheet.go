// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spreadsheet reads and writes tables as spreadsheets leave them: CSV in the encodings and with the separators that Excel and
// others write, and the same as JSON or YAML. It knows nothing of what is in the cells, but for where each one is.
package spreadsheet

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cell is one value, and where it is in the file. Lines and columns count from 1; a column is that of the table in CSV, and a
// character of the line elsewhere.
type Cell struct {
	Text         string
	Line, Column int
	// Missing says that the record does not have the cell, which is another thing than an empty one: nothing is said.
	Missing bool
}

// Row is one record. It has as many cells as the table has headers.
type Row struct {
	Line  int
	Cells []Cell
}

// Table is what a file holds.
type Table struct {
	Header []Cell
	// Skipped are the headers of columns that nobody wants, of which the rows have no cells.
	Skipped []Cell
	Rows    []Row
	// Encoding is what a CSV file was read as, and Comma what is between its cells.
	Encoding Encoding
	Comma    rune
}

// Fault is something that cannot be read, and where it is. Column is 0 when it is about the whole line.
type Fault struct {
	Line, Column int
	Message      string
	// Warning says that all is read nevertheless.
	Warning bool
}

// Error implements error.
func (f Fault) Error() string {
	if f.Line == 0 {
		return f.Message
	}
	if f.Column == 0 {
		return fmt.Sprintf("line %d: %s", f.Line, f.Message)
	}
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Message)
}

// formulas begin what a spreadsheet takes for a formula, in narrow and wide letters.
const formulas = "=+-@＝＋－＠\t\r"

// quotes are what some write around a cell, and what ends them.
var quotes = map[rune]rune{'“': '”', '„': '“', '«': '»'}

// hidden says that an apostrophe before this letter is a spreadsheet's: it has what follows taken as text.
func hidden(r rune) bool {
	_, quote := quotes[r]
	return quote || r == '\'' || unicode.IsDigit(r) || blank(r) || strings.ContainsRune(formulas, r)
}

// inner is what a spreadsheet takes for a formula that splits lines elsewhere than they were written to be split: what separators and line breaks
// stand before, and the apostrophes that are before it already.
var inner = regexp.MustCompile(`([,;|\t\r\n]\s*)('*)([=+\-@＝＋－＠])`)

// innerEscaped is what inner is with an apostrophe of ours.
var innerEscaped = regexp.MustCompile(`([,;|\t\r\n]\s*)'('*[=+\-@＝＋－＠])`)

// Escape has a spreadsheet show a value as it is, and not take it, or a part of it, for a formula. Clean takes back what it adds. Control
// characters, which would move the cursor of a terminal, are left out.
func Escape(text string) string {
	text = inner.ReplaceAllString(Printable(text), "$1'$2$3")
	runes := []rune(text)
	if len(runes) == 0 {
		return text
	}
	first := runes[0]
	_, quote := quotes[first]
	switch {
	case strings.ContainsRune(formulas, first), quote, blank(first), first == '\'' && len(runes) > 1 && hidden(runes[1]):
		return "'" + text
	}
	return text
}

// Printable is a text without control characters, but for tabs and line breaks.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) {
			return -1
		}
		return r
	}, text)
}

// Clean is the value that somebody meant with a cell: without blanks around it, the apostrophe that Escape and spreadsheets write
// before it, or typographic quotes around it.
func Clean(cell string) string {
	return innerEscaped.ReplaceAllString(outer(cell), "$1$2")
}

// outer is Clean of what is around a value. An apostrophe that is the very first is followed by the value as it is, blanks and all.
func outer(cell string) string {
	if rest, ok := escaped(cell); ok {
		return rest
	}
	text := strings.TrimFunc(cell, blank)
	if rest, ok := escaped(text); ok {
		return rest
	}
	runes := []rune(text)
	if len(runes) > 1 && quotes[runes[0]] == runes[len(runes)-1] {
		return strings.TrimFunc(string(runes[1:len(runes)-1]), blank)
	}
	return text
}

// escaped is what is after the apostrophe of a spreadsheet.
func escaped(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "'")
	if !ok || rest == "" {
		return "", false
	}
	first, _ := utf8.DecodeRuneInString(rest)
	return rest, hidden(first)
}

// blank says that nobody sees a letter: spreadsheets and web pages leave no-break spaces and marks without width.
func blank(r rune) bool {
	switch r {
	case '\u200b', '\u200e', '\u200f', '\u2060', '\ufeff':
		return true
	}
	return unicode.IsSpace(r)
}

// Blank says that nobody sees anything of a text.
func Blank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !blank(r) }) < 0
}
