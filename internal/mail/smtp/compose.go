// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"

	gomail "github.com/wneessen/go-mail"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// compose writes a mail as RFC 5322 and MIME have it, always the same for the
// same message. It takes a message that is valid.
func compose(m mail.Message) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(boundary(m)))
	msg.SetMessageIDWithValue(m.ID)
	// In UTC, so that it does not depend on the machine's time zone.
	msg.SetDateWithValue(m.Date.UTC())
	if m.InReplyTo != "" {
		before := "<" + m.InReplyTo + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, before)
		msg.SetGenHeader(gomail.HeaderReferences, before)
	}
	if m.Unsubscribe != "" {
		// Without a space, the URL is never folded: at most it begins on a line of
		// its own.
		msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
	}
	msg.FromMailAddress(header(m.From))
	msg.ToMailAddress(header(m.To))
	if m.ReplyTo != nil {
		msg.ReplyToMailAddress(header(*m.ReplyTo))
	}
	msg.Subject(m.Subject)
	// Keeps out-of-office answers away (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg
}

func header(a mail.Address) *netmail.Address {
	return &netmail.Address{Name: a.Name, Address: a.Email}
}

// boundary separates the parts. It depends on what is in them, so that nobody can
// put a boundary into a part: it would have to contain its own hash.
func boundary(m mail.Message) string {
	hash := sha256.New()
	for _, s := range []string{m.ID, m.Text, m.HTML} {
		hash.Write([]byte(s))
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}
