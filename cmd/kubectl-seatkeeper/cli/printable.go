// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"
)

// printable is a text on one line that a terminal only shows. Names, plans and messages come from whoever may write the objects, and
// what a terminal obeys instead would hide, or make up, what is on the screen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// printableLines is printable for a text of several lines, which it leaves apart.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// visible is JSON with the control characters that encoding/json leaves as they are, but terminals obey and YAML refuses, written as JSON
// has others.
func visible(text []byte) []byte {
	if !bytes.ContainsFunc(text, obeyed) {
		return text
	}
	var all bytes.Buffer
	for _, r := range string(text) {
		if obeyed(r) {
			fmt.Fprintf(&all, `\u%04x`, r)
		} else {
			all.WriteRune(r)
		}
	}
	return all.Bytes()
}

// obeyed says that a terminal takes a letter for a command: DEL, and those that are ESC and a letter in one.
func obeyed(r rune) bool { return r >= '\u007f' && r <= '\u009f' }

// styled is a text that is printable, but for the colours that were given to it here.
type styled string

// style gives colours to words.
type style struct{ is lipgloss.Style }

// Render colours a text, and takes all else away that a terminal obeys.
func (s style) Render(text string) styled { return styled(s.is.Render(printable(text))) }

// cellText is the text of a cell as a terminal may have it.
func cellText(cell any) string {
	if text, ok := cell.(styled); ok {
		return string(text)
	}
	return printable(fmt.Sprint(cell))
}
