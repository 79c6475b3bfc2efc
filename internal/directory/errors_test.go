// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

func TestErrors(t *testing.T) {
	long := errors.New(strings.Repeat("x", 1000))
	rejected, unavailable := directory.Rejected(long), directory.Unavailable(long)
	if !errors.Is(rejected, directory.ErrRejected) || errors.Is(rejected, directory.ErrUnavailable) {
		t.Errorf("a rejection is %v", rejected)
	}
	if !errors.Is(unavailable, directory.ErrUnavailable) || errors.Is(unavailable, directory.ErrRejected) {
		t.Errorf("an outage is %v", unavailable)
	}
	for _, err := range []error{rejected, unavailable} {
		if n := utf8.RuneCountInString(directory.Words(err)); n != 300 {
			t.Errorf("%d characters are left of 1000, want 300", n)
		}
	}
}
