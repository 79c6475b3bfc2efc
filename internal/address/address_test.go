// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package address_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/internal/address"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, a, b string
		same      bool
	}{
		{"capitals do not tell people apart", "Jean@ACME.example", "jean@acme.EXAMPLE", true},
		{"tags do (AX-12)", "jean+a@acme.example", "jean@acme.example", false},
		{"what only looks like a letter is another mailbox", "\u212aim@acme.example", "kim@acme.example", false},
		{"nor is an Angstrom sign a letter", "\u212bsa@acme.example", "\u00e5sa@acme.example", false},
		{"nor a dotted capital i", "\u0130da@acme.example", "ida@acme.example", false},
		{"capitals of other letters are capitals", "\u00c9ve@acme.example", "\u00e9ve@acme.example", true},
	} {
		if got := address.Fold(c.a) == address.Fold(c.b); got != c.same {
			t.Errorf("%s: %q and %q are the same: %t", c.why, c.a, c.b, got)
		}
	}
}
