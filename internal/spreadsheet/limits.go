// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet

import (
	"fmt"
	"slices"
)

// The limits of a table: far beyond any list of people, and such that a small file of nothing but separators does not take all memory.
const (
	maxRows    = 1_000_000
	maxColumns = 256
	maxCells   = 20_000_000
	maxFaults  = 10_000
	maxYAML    = 16 << 20
	maxQuote   = 64
)

// over says which limit a table exceeds.
func (t *Table) over() error {
	var fault Fault
	switch {
	case len(t.Header)+len(t.Skipped) > maxColumns:
		at := slices.Concat(t.Header, t.Skipped)[maxColumns]
		fault = Fault{Line: at.Line, Column: at.Column, Message: fmt.Sprintf("there are more than %d columns, which no list of people has", maxColumns)}
	case len(t.Rows) > maxRows:
		fault = Fault{Line: t.Rows[maxRows].Line, Message: fmt.Sprintf("there are more than %d people: split the file, and import one part after the other", maxRows)}
	case len(t.Rows)*len(t.Header) > maxCells:
		fault = Fault{Line: t.Rows[len(t.Rows)-1].Line, Message: fmt.Sprintf("there are more than %d cells: take out columns, or split the file", maxCells)}
	default:
		return nil
	}
	return fault
}

// many is the fault that is said to be the last.
func many(faults []Fault) []Fault {
	return append(faults[:maxFaults], Fault{Line: faults[maxFaults].Line, Message: "there are more problems further down: mend these first"})
}

// Quote is Short in quotes.
func Quote(text string) string { return fmt.Sprintf("%q", Short(text)) }

// Short is a value for a message: of one that is long, no more than the beginning.
func Short(text string) string {
	n := 0
	for at := range text {
		if n == maxQuote {
			return text[:at] + "…"
		}
		n++
	}
	return text
}
