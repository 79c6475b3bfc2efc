// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/password"
)

var (
	// ErrRejected means that the directory will never take this as it is.
	ErrRejected = errors.New("directory refuses the change")
	// ErrConflict means that there is an account of the same name that is not ours, or two that are.
	ErrConflict = errors.New("directory has another account of that name")
	// ErrUnavailable means that the directory could not be reached, did not answer in time or asked to come back
	// later: the same may succeed, or has.
	ErrUnavailable = errors.New("directory unavailable")
)

// Rejected makes cause an ErrRejected. The cause's text should be the directory's words.
func Rejected(cause error) error { return fault.New(cause, ErrRejected) }

// Conflict makes cause an ErrConflict. The cause's text should name the account.
func Conflict(cause error) error { return fault.New(cause, ErrConflict) }

// Unavailable makes cause an ErrUnavailable. The cause's text should be the directory's words, or what happened
// instead of an answer.
func Unavailable(cause error) error { return fault.New(cause, ErrUnavailable) }

// UnavailableFor is Unavailable of a directory that says how long to leave it alone.
func UnavailableFor(cause error, after time.Duration) error {
	return &pause{error: Unavailable(cause), after: after}
}

// RetryAfter returns how long the directory asks to be left alone, if it says so.
func RetryAfter(err error) (time.Duration, bool) {
	if p := (*pause)(nil); errors.As(err, &p) {
		return p.after, true
	}
	return 0, false
}

type pause struct {
	error
	after time.Duration
}

func (p *pause) Unwrap() error { return p.error }

// errQuoted stands, without a word, in the place of words that hold a password.
var errQuoted = errors.New("")

// Discreet is err, or the same failure without its words if they hold the password: a directory may quote what it was
// given.
func Discreet(err error, secret password.Password) error {
	switch {
	case err == nil || !slices.ContainsFunc(written(secret.Reveal()), func(form string) bool { return strings.Contains(err.Error(), form) }):
		return err
	case errors.Is(err, ErrRejected):
		return Rejected(errQuoted)
	case errors.Is(err, ErrConflict):
		return Conflict(errQuoted)
	}
	if after, ok := RetryAfter(err); ok {
		return UnavailableFor(errQuoted, after)
	}
	return Unavailable(errQuoted)
}

// written are a text's forms in requests, which are quoted as they are.
func written(text string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be written
	escaped, _ := json.Marshal(text)
	inner := func(quoted string) string { return quoted[1 : len(quoted)-1] }
	return []string{text, inner(strings.TrimSpace(plain.String())), inner(string(escaped))}
}

// maxWords bounds, in characters, what a stranger's server can put in a status or on a page.
const maxWords = 300

// Words returns what the directory said, or what happened instead of an answer, fit for a status message or a page:
// one printable line of at most 300 characters. It may hold personal data, so it does not belong in a log.
func Words(err error) string { return fault.Words(err, maxWords) }
