// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
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

func TestPasswordsAreNotQuoted(t *testing.T) {
	secret := password.New("seven violets")
	for why, c := range map[string]struct {
		err   error
		kind  error
		words string
	}{
		"a rejection without it": {directory.Rejected(errors.New("too weak")), directory.ErrRejected, "too weak"},
		"a rejection with it":    {directory.Rejected(errors.New("seven violets is weak")), directory.ErrRejected, ""},
		"an outage with it":      {directory.Unavailable(errors.New("cannot store seven violets")), directory.ErrUnavailable, ""},
		"anything else with it":  {errors.New("seven violets"), directory.ErrUnavailable, ""},
	} {
		if got := directory.Discreet(c.err, secret); !errors.Is(got, c.kind) || directory.Words(got) != c.words {
			t.Errorf("%s becomes %v, in words %q", why, got, directory.Words(got))
		}
	}
	if directory.Discreet(nil, secret) != nil {
		t.Error("success is none any more")
	}
}
