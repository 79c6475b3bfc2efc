// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fault is what the ports share: the kinds of their failures, and the words of whatever is on the other
// side, made fit to be shown.
package fault

import (
	"errors"
	"strings"
	"unicode"
)

// New makes cause an error of a kind that a port knows: errors.Is finds both. The cause's text should be the
// words of the other side, or what happened instead of an answer.
func New(kind, cause error) error { return &fault{kind: kind, cause: cause} }

type fault struct{ kind, cause error }

func (f *fault) Error() string   { return f.kind.Error() + ": " + f.cause.Error() }
func (f *fault) Unwrap() []error { return []error{f.kind, f.cause} }

// Words returns the text of the cause, without the kind and what was wrapped around it, as one printable line of
// at most so many characters. Of an error that New did not make it is the text. It may hold personal data, so it
// does not belong in a log.
func Words(err error, most int) string {
	if err == nil {
		return ""
	}
	if f := (*fault)(nil); errors.As(err, &f) {
		err = f.cause
	}
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, err.Error())
	words := []rune(strings.Join(strings.Fields(printable), " "))
	if len(words) > most {
		words = append(words[:most-1], '\u2026')
	}
	return string(words)
}
