// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mail is the port through which Seatkeeper sends mail: what a mail is,
// what a sender promises, and the outbox that keeps slow mail servers away from
// the reconcile workers.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Address is a mailbox with the name of whoever reads it. Name may be empty.
type Address struct {
	Name  string
	Email string
}

// Message is one mail to one recipient. It is complete: sending it twice sends
// the same mail twice, byte by byte, so that a duplicate is recognized as one.
type Message struct {
	// ID is the Message-ID, without angle brackets.
	ID string
	// InReplyTo is the Message-ID of the mail that this one follows, without angle
	// brackets, so that mail programs show the two together. Empty: none.
	InReplyTo string
	// Unsubscribe is the http or https URL where the reader asks for no more such
	// mail; mail programs show it as a button. Empty: none.
	Unsubscribe string

	From Address
	// ReplyTo is where answers go; to From if nil.
	ReplyTo *Address
	To      Address
	Subject string
	// Text is the mail as plain text, HTML the same for mail programs that show
	// it. HTML may be empty.
	Text string
	HTML string
	// Date is when the mail was written. Mail knows no fractions of a second.
	Date time.Time
}

// Sender hands mail to a mail server.
//
// Send returns nil once the server has taken responsibility for the mail, which
// may be before it reaches its recipient. Any other outcome is one of two:
// ErrRejected, which comes again for the same message and is not to be retried,
// or ErrUnavailable, which may pass; if the server did answer, it is ErrDeferred as
// well. If the mail may have been taken nevertheless, it is ErrUnconfirmed as well:
// sending is at least once, and repeating it is safe because a Message is complete.
//
// Send returns soon after ctx ends, with an error that is ErrUnavailable as well
// as the context's own. It refuses a message that Validate refuses. It may be
// called from many goroutines.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// idPattern is narrower than RFC 5322, but any mail server and mail program
// takes it.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$`)

// maxURL leaves room in a line of a mail, which may have 998 characters: a URL
// cannot be folded.
const maxURL = 900

// Validate returns an ErrRejected that says why no server could be given this
// message. A message that passes cannot smuggle header fields into the mail.
func (m Message) Validate() error {
	if err := m.validate(); err != nil {
		return Rejected(err)
	}
	return nil
}

func (m Message) validate() error {
	if !idPattern.MatchString(m.ID) {
		return fmt.Errorf("the message ID %q must be like 1-2.a@example.org: ASCII letters, digits and . _ + - around one @", m.ID)
	}
	if err := m.From.validate(); err != nil {
		return fmt.Errorf("the sender: %w", err)
	}
	if err := m.To.validate(); err != nil {
		return fmt.Errorf("the recipient: %w", err)
	}
	if m.ReplyTo != nil {
		if err := m.ReplyTo.validate(); err != nil {
			return fmt.Errorf("the address for answers: %w", err)
		}
	}
	if err := m.validateLinks(); err != nil {
		return err
	}
	switch {
	case m.Subject == "":
		return errors.New("the subject is empty")
	case !oneLine(m.Subject):
		return errors.New("the subject must be one line of text, without control characters")
	case m.Text == "":
		return errors.New("the plain text is empty: HTML alone is not enough")
	case m.Date.IsZero():
		return errors.New("the date is missing")
	}
	return nil
}

func (m Message) validateLinks() error {
	if m.InReplyTo != "" && !idPattern.MatchString(m.InReplyTo) {
		return fmt.Errorf("the ID of the message that this one follows, %q, must be like 1-2.a@example.org: ASCII letters, digits and . _ + - around one @", m.InReplyTo)
	}
	if m.Unsubscribe != "" && !linkable(m.Unsubscribe) {
		return fmt.Errorf("the URL to unsubscribe must be like https://example.org/unsubscribe: an absolute http or https URL of at most %d printable ASCII characters, without spaces, < and >", maxURL)
	}
	return nil
}

// The messages keep the address to themselves: they may end in a log.
func (a Address) validate() error {
	if parsed, err := netmail.ParseAddress(a.Email); err != nil || parsed.Address != a.Email || !oneLine(a.Email) {
		return errors.New("its e-mail address is not one: it must be like ada@example.org")
	}
	if !oneLine(a.Name) {
		return errors.New("its name must be one line of text, without control characters")
	}
	return nil
}

// linkable tells whether s is a URL that can stand between angle brackets. It may
// hold a token, so nobody quotes it.
func linkable(s string) bool {
	if len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
