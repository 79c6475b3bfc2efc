// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package billing

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrRejected means that this change will never be made as it is.
	ErrRejected = errors.New("billing change rejected")
	// ErrUnauthorized means that the API key is refused, or may not do this.
	ErrUnauthorized = errors.New("billing provider refuses the API key")
	// ErrUnavailable means that the provider could not be reached, did not answer
	// in time or failed. The change may have been made nevertheless.
	ErrUnavailable = errors.New("billing provider unavailable")
)

// ErrThrottled means that the provider wants fewer requests. It is for errors.As.
type ErrThrottled struct {
	// After is how long the provider wants to be left alone, zero if it did not
	// say.
	After time.Duration
}

// Error implements error.
func (e ErrThrottled) Error() string {
	if e.After == 0 {
		return "billing provider wants fewer requests"
	}
	return fmt.Sprintf("billing provider wants fewer requests for %s", e.After)
}

// AsRejected makes cause an ErrRejected. The cause's text should be the provider's
// words, here as below, and never holds an API key.
func AsRejected(cause error) error { return &failure{kind: ErrRejected, cause: cause} }

// methodsRefused is how the words begin of a refusal of the ways to pay, and no others.
const methodsRefused = "the ways to pay are refused"

// AsMethodsRejected is AsRejected where it is the ways to pay that are refused. The quantity may be billed before; billed says that
// it is known to be.
func AsMethodsRejected(cause error, billed bool) error {
	nevertheless := ""
	if billed {
		nevertheless = ", and this quantity is billed already"
	}
	return AsRejected(fmt.Errorf("%s%s: %s", methodsRefused, nevertheless, Words(cause)))
}

// MethodsRejected says that the words of a refusal are about the ways to pay. They are what remains of it in a status.
func MethodsRejected(words string) bool { return strings.HasPrefix(words, methodsRefused) }

// AsUnauthorized makes cause an ErrUnauthorized.
func AsUnauthorized(cause error) error { return &failure{kind: ErrUnauthorized, cause: cause} }

// AsThrottled makes cause an ErrThrottled.
func AsThrottled(cause error, after time.Duration) error {
	return &failure{kind: ErrThrottled{After: after}, cause: cause}
}

// AsUnavailable makes cause an ErrUnavailable after which the same key is to be
// sent again: nobody knows what became of the change, and the key finds out.
func AsUnavailable(cause error) error { return &failure{kind: ErrUnavailable, cause: cause} }

// AsSpent makes cause an ErrUnavailable that has spent the key.
func AsSpent(cause error) error {
	return &failure{kind: ErrUnavailable, cause: cause, spent: true}
}

// Spent says that the provider failed and may remember the failure under the
// change's key. Stripe does so for 24 hours: whoever sends the key again gets the
// stored failure, long after the provider has recovered. The change has then to
// be made under another key, which does no harm because it is absolute.
func Spent(err error) bool {
	f := (*failure)(nil)
	return errors.As(err, &f) && f.spent
}

type failure struct {
	kind, cause error
	spent       bool
}

func (f *failure) Error() string   { return f.kind.Error() + ": " + f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// maxWords bounds, in characters, what a stranger's server can put in a status.
const maxWords = 512

// Words returns what the provider said, or what happened instead of an answer,
// fit for a status message: one printable line of at most 512 characters. Of an
// error that no Provider returned it is the text.
func Words(err error) string {
	if err == nil {
		return ""
	}
	if f := (*failure)(nil); errors.As(err, &f) {
		err = f.cause
	}
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, err.Error())
	words := []rune(strings.Join(strings.Fields(printable), " "))
	if len(words) > maxWords {
		words = append(words[:maxWords-1], '…')
	}
	return string(words)
}
