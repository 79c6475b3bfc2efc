// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	netmail "net/mail"
	"strconv"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

func TestContract(t *testing.T) {
	mailtest.Contract(t, func(t *testing.T) mailtest.Server {
		box := startMailbox(t)
		sender, _ := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
		var scripts []mailbox.Script
		add := func(script mailbox.Script) {
			scripts = append(scripts, script)
			box.SetScript(mailbox.FirstOf(scripts...))
		}
		return mailtest.Server{
			Sender:    sender,
			Delivered: func() []mailtest.Delivery { return delivered(t, box) },
			Reject: func(email, words string) {
				code, err := strconv.Atoi(words[:3])
				if err != nil {
					t.Fatal(err)
				}
				add(mailbox.To(email, mailbox.At(mailbox.Rcpt, mailbox.Answer(code, words[4:]))))
			},
			Defer: func(email, words string, n int) {
				code, err := strconv.Atoi(words[:3])
				if err != nil {
					t.Fatal(err)
				}
				add(mailbox.To(email, mailbox.Times(n, mailbox.At(mailbox.Rcpt, mailbox.Answer(code, words[4:])))))
			},
			Unavailable: func(n int) {
				add(mailbox.Times(n, mailbox.At(mailbox.Rcpt, mailbox.Answer(421, "4.3.2 The server is down for maintenance"))))
			},
			Unconfirmed: func(n int) { add(mailbox.Times(n, mailbox.At(mailbox.Data, mailbox.Cut().Keeping()))) },
			Hang:        func() { add(mailbox.At(mailbox.Data, mailbox.Hang())) },
			Down: func() {
				if err := box.Close(); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

func startMailbox(t *testing.T) *mailbox.Server {
	t.Helper()
	box, err := mailbox.Start(mailbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return box
}

func delivered(t *testing.T, box *mailbox.Server) (all []mailtest.Delivery) {
	t.Helper()
	for _, got := range box.Messages() {
		if got.Problem != "" {
			t.Errorf("a mail cannot be read: %s", got.Problem)
		}
		m := mail.Message{
			ID:          got.MessageID,
			InReplyTo:   bracketed(t, got.Header.Get("In-Reply-To")),
			Unsubscribe: bracketed(t, got.Header.Get("List-Unsubscribe")),
			From:        address(t, got.Header.Get("From")),
			To:          address(t, got.Header.Get("To")),
			Subject:     got.Subject,
			Text:        got.Text,
			HTML:        got.HTML,
		}
		if references := bracketed(t, got.Header.Get("References")); references != m.InReplyTo {
			t.Errorf("the mail refers to %q, but answers %q", references, m.InReplyTo)
		}
		var err error
		if m.Date, err = netmail.ParseDate(got.Header.Get("Date")); err != nil {
			t.Error(err)
		}
		if answers := got.Header.Get("Reply-To"); answers != "" {
			to := address(t, answers)
			m.ReplyTo = &to
		}
		if got.From != m.From.Email || !got.SentTo(m.To.Email) || len(got.To) != 1 {
			t.Errorf("the envelope is from %s to %v, the mail from %s to %s", got.From, got.To, m.From.Email, m.To.Email)
		}
		all = append(all, mailtest.Delivery{Message: m, Raw: string(got.Raw)})
	}
	return all
}

// bracketed returns what a field has between angle brackets.
func bracketed(t *testing.T, field string) string {
	t.Helper()
	inner, closed := strings.CutSuffix(strings.TrimPrefix(field, "<"), ">")
	if field != "" && (!closed || field[0] != '<') {
		t.Errorf("no angle brackets around %q", field)
	}
	return inner
}

func address(t *testing.T, field string) mail.Address {
	t.Helper()
	parsed, err := netmail.ParseAddress(field)
	if err != nil {
		t.Errorf("reading the address %q: %v", field, err)
		return mail.Address{}
	}
	return mail.Address{Name: parsed.Name, Email: parsed.Address}
}
