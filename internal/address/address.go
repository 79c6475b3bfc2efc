// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package address compares mail addresses.
package address

import (
	"strings"
	"unicode"
)

// Fold returns the form of an address in which two addresses are compared: without regard to case, tags kept (rule AX-12). What
// is not the capital of the letter that Unicode makes of it, such as the Kelvin sign of a k, is another letter: no mail server
// takes the one for the other.
func Fold(email string) string {
	return strings.Map(func(r rune) rune {
		if small := unicode.ToLower(r); unicode.ToUpper(small) == r {
			return small
		}
		return r
	}, email)
}
