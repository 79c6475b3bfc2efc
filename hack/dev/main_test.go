// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"
)

// TestMain lets the test binary be the leash, as the program itself is.
func TestMain(m *testing.M) {
	if os.Args[0] == leashName {
		os.Exit(leash(os.Args[1:]))
	}
	os.Exit(m.Run())
}
