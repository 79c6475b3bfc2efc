// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"golang.org/x/text/unicode/norm"

	"seatkeeper.dev/seatkeeper/internal/address"
)

// foldEmail is an address in the form in which those of a table and of Users are compared: of letters with accents, some spreadsheets write the
// accent by itself, which nobody sees.
func foldEmail(email string) string { return norm.NFC.String(address.Fold(email)) }
