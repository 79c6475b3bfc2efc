// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"errors"

	"seatkeeper.dev/seatkeeper/internal/fault"
)

var (
	// ErrRejected means that this mail will never be taken as it is: sending it
	// again is pointless and unwelcome.
	ErrRejected = errors.New("mail rejected")
	// ErrUnavailable means that the mail server could not be reached, did not
	// answer in time or asked to come back later: the same mail may succeed.
	ErrUnavailable = errors.New("mail server unavailable")
	// ErrDeferred means that the mail server is there, but asks to come back later
	// with this mail: greylisting, a full mailbox, too many mails for one person.
	// Other mail may go through meanwhile. It comes with ErrUnavailable.
	ErrDeferred = errors.New("mail deferred")
	// ErrUnconfirmed means that the mail may have been taken: it was handed over
	// completely, but the mail server never said what became of it. It comes with
	// ErrUnavailable.
	ErrUnconfirmed = errors.New("mail unconfirmed")
)

// Rejected makes cause an ErrRejected. The cause's text should be the server's
// words.
func Rejected(cause error) error { return fault.New(cause, ErrRejected) }

// Unavailable makes cause an ErrUnavailable. The cause's text should be the
// server's words, or what happened instead of an answer.
func Unavailable(cause error) error { return fault.New(cause, ErrUnavailable) }

// Deferred makes cause an ErrDeferred, which is an ErrUnavailable as well. The
// cause's text should be the server's words.
func Deferred(cause error) error { return fault.New(cause, ErrDeferred, ErrUnavailable) }

// Unconfirmed makes cause an ErrUnconfirmed, which is an ErrUnavailable as well. The
// cause's text should be what happened instead of an answer.
func Unconfirmed(cause error) error { return fault.New(cause, ErrUnconfirmed, ErrUnavailable) }

// maxWords bounds, in characters, what a stranger's server can put in a status.
const maxWords = 300

// Words returns what the mail server said, or what happened instead of an
// answer, fit for a status message: one printable line of at most 300
// characters. Of an error that no Sender returned it is the text. It may hold an
// e-mail address, so it does not belong in a log.
func Words(err error) string { return fault.Words(err, maxWords) }
