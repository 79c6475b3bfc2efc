// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fault is what the ports share: the kinds of their failures, and the words of whatever is on the other
// side, made fit to be shown.
package fault

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// New makes cause an error of kinds that a port knows: errors.Is finds all of them, and the text names the first. The
// cause's text should be the words of the other side, or what happened instead of an answer.
func New(cause, kind error, more ...error) error {
	return &fault{kinds: append([]error{kind}, more...), cause: cause}
}

type fault struct {
	kinds []error
	cause error
}

func (f *fault) Error() string   { return f.kinds[0].Error() + ": " + f.cause.Error() }
func (f *fault) Unwrap() []error { return append(slices.Clone(f.kinds), f.cause) }

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
