// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realmail_test

import (
	"context"
	"errors"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
	"seatkeeper.dev/seatkeeper/internal/mail/smtp"
	"seatkeeper.dev/seatkeeper/test/realmail"
)

// sender is what the operator would make of a Secret for this server; change varies the Secret.
func sender(t *testing.T, server *realmail.Server, change func(secret map[string][]byte)) *smtp.Sender {
	t.Helper()
	secret := map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "ca.crt": server.CA,
	}
	if change != nil {
		change(secret)
	}
	options, err := smtp.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	options.HelloName = "seatkeeper.example"
	s, err := smtp.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func send(t *testing.T, s *smtp.Sender, m mail.Message) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return s.Send(ctx, m)
}

func mustSend(t *testing.T, s *smtp.Sender, m mail.Message) {
	t.Helper()
	if err := send(t, s, m); err != nil {
		t.Fatal(err)
	}
}

func wantKinds(t *testing.T, err error, want map[error]bool) {
	t.Helper()
	for _, kind := range []error{mail.ErrRejected, mail.ErrDeferred, mail.ErrUnavailable} {
		if errors.Is(err, kind) != want[kind] {
			t.Errorf("Send: %v, which is %q: %v, want %v", err, kind, !want[kind], want[kind])
		}
	}
}

var (
	rejected    = map[error]bool{mail.ErrRejected: true}
	deferred    = map[error]bool{mail.ErrDeferred: true, mail.ErrUnavailable: true}
	unavailable = map[error]bool{mail.ErrUnavailable: true}
)

func TestMailArrivesIntact(t *testing.T) {
	long := strings.Repeat("tres_long_sans_espace.", 200)
	tests := map[string]func(*mail.Message){
		"an invitation": func(*mail.Message) {},
		"a reminder": func(m *mail.Message) {
			m.InReplyTo, m.Unsubscribe = "6f1c-0@seatkeeper.example", "https://acme.example/u/"+strings.Repeat("t", 300)
			m.ReplyTo = &mail.Address{Name: "Équipe", Email: "it@acme.example"}
		},
		"text alone": func(m *mail.Message) { m.HTML = "" },
		"other scripts": func(m *mail.Message) {
			m.From.Name, m.To.Name = "جمعية الكتاب", "上杉 達也"
			m.Subject = strings.Repeat("組織への招待 🪑 دعوة ", 8) + "終"
			m.Text, m.HTML = "こんにちは、達也さん\n", "<p dir=\"rtl\">مرحبا</p>\n"
		},
		"lines like SMTP": func(m *mail.Message) { m.Text, m.HTML = ".\n..\nFrom ada\n.\nQUIT\n", "<p>.\n.\n</p>\n" },
		"long lines":      func(m *mail.Message) { m.Text, m.HTML = long+"\n", "<p>"+long+"</p>\n" },
		"addresses beyond ASCII": func(m *mail.Message) {
			m.From.Email, m.To.Email = "事務局@學會.example", "達也@example.org"
		},
	}
	server := realmail.Start(t)
	s := sender(t, server, nil)
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			m := mailtest.Invitation()
			change(&m)
			before := len(server.Messages(t))
			mustSend(t, s, m)
			got := server.Messages(t)[before:]
			if len(got) != 1 {
				t.Fatalf("%d mails arrived, want 1", len(got))
			}
			if diff := cmp.Diff(m, written(t, got[0])); diff != "" {
				t.Errorf("not delivered as given (-want +got):\n%s", diff)
			}
			if got[0].From != m.From.Email || got[0].To != m.To.Email {
				t.Errorf("the envelope is from %q to %q", got[0].From, got[0].To)
			}
			if auto := got[0].Header.Get("Auto-Submitted"); auto != "auto-generated" {
				t.Errorf("Auto-Submitted is %q", auto)
			}
		})
	}
}

// written is the message that a mail was made of.
func written(t *testing.T, got realmail.Message) mail.Message {
	t.Helper()
	inner := func(field string) string { return strings.Trim(got.Header.Get(field), "<>") }
	m := mail.Message{
		ID: inner("Message-Id"), InReplyTo: inner("In-Reply-To"), Unsubscribe: inner("List-Unsubscribe"),
		From: address(t, got.Header.Get("From")), To: address(t, got.Header.Get("To")),
		Subject: got.Subject, Text: got.Text, HTML: got.HTML,
	}
	if references := inner("References"); references != m.InReplyTo {
		t.Errorf("the mail refers to %q, but answers %q", references, m.InReplyTo)
	}
	if answers := got.Header.Get("Reply-To"); answers != "" {
		to := address(t, answers)
		m.ReplyTo = &to
	}
	var err error
	if m.Date, err = got.Header.Date(); err != nil {
		t.Error(err)
	}
	return m
}

func address(t *testing.T, field string) mail.Address {
	t.Helper()
	parsed, err := netmail.ParseAddress(field)
	if err != nil {
		t.Fatalf("reading the address %q: %v", field, err)
	}
	return mail.Address{Name: parsed.Name, Email: parsed.Address}
}

func TestSameMessageArrivesTwiceTheSame(t *testing.T) {
	server := realmail.Start(t)
	for range 2 { // as two processes, one after the other
		mustSend(t, sender(t, server, nil), mailtest.Invitation())
	}
	got := server.Messages(t)
	if len(got) != 2 {
		t.Fatalf("%d mails arrived, want 2", len(got))
	}
	if diff := cmp.Diff(written(t, got[0]), written(t, got[1])); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
	if diff := cmp.Diff(string(got[0].Body), string(got[1].Body)); diff != "" {
		t.Errorf("their bodies differ:\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	const always = 1 << 30
	tests := map[string]struct {
		reply string
		want  map[error]bool
	}{
		"no such user":   {"550 5.1.1 No such user here", rejected},
		"greylisting":    {"450 4.2.0 Greylisted", deferred},
		"a full mailbox": {"452 4.2.2 Mailbox full", deferred},
		"an end":         {"421 4.3.2 Shutting down", unavailable},
	}
	server := realmail.Start(t)
	s := sender(t, server, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := mailtest.Invitation()
			m.To.Email = strings.ReplaceAll(name, " ", "-") + "@example.org"
			server.Refuse(m.To.Email, tt.reply, always)
			for range 2 {
				err := send(t, s, m)
				wantKinds(t, err, tt.want)
				code, said, _ := strings.Cut(tt.reply, " ")
				enhanced, said, _ := strings.Cut(said, " ")
				if words := mail.Words(err); !strings.HasPrefix(words, code+" "+enhanced) || !strings.HasSuffix(words, said) {
					t.Errorf("the words are %q, want those of %q", words, tt.reply)
				}
			}
			mustSend(t, s, mailtest.Invitation()) // the connection is fit, or replaced
		})
	}
	t.Run("another domain", func(t *testing.T) {
		m := mailtest.Invitation()
		m.To.Email = "ada@elsewhere.example"
		wantKinds(t, send(t, s, m), rejected) // nothing leaves the machine
	})
	for _, got := range server.Messages(t) {
		if got.To != mailtest.Invitation().To.Email {
			t.Errorf("mail to %s arrived", got.To)
		}
	}
}

func TestGreylistedMailIsTakenLater(t *testing.T) {
	server := realmail.Start(t)
	s := sender(t, server, nil)
	m := mailtest.Invitation()
	server.Refuse(m.To.Email, "450 4.2.0 Greylisted", 1)
	wantKinds(t, send(t, s, m), deferred)
	mustSend(t, s, m)
	if n := len(server.Messages(t)); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func TestStoppedServerIsUnavailableUntilItIsBack(t *testing.T) {
	server := realmail.Start(t)
	s := sender(t, server, nil)
	mustSend(t, s, mailtest.Invitation())
	server.Stop(t)
	for range 2 { // over the connection of before, and over a new one
		wantKinds(t, send(t, s, mailtest.Invitation()), unavailable)
	}
	server.Restart(t)
	mustSend(t, s, mailtest.Invitation())
	if n := len(server.Messages(t)); n != 2 {
		t.Errorf("%d mails arrived, want 2", n)
	}
}

func TestProtection(t *testing.T) {
	tests := map[string]struct {
		why    string
		change func(map[string][]byte)
		want   map[error]bool // nil if the mail is taken
		tls    bool
	}{
		"required":           {tls: true},
		"opportunistic":      {change: func(s map[string][]byte) { s["tls"] = []byte("Opportunistic") }, tls: true},
		"disabled":           {change: func(s map[string][]byte) { s["tls"] = []byte("Disabled") }},
		"an unknown issuer":  {change: func(s map[string][]byte) { delete(s, "ca.crt") }, want: unavailable, why: "anybody could be the server"},
		"another's name":     {change: func(s map[string][]byte) { s["host"] = []byte("localhost") }, want: unavailable, why: "the certificate is for 127.0.0.1"},
		"a login, not asked": {change: func(s map[string][]byte) { s["username"], s["password"] = []byte("u"), []byte("p") }, want: unavailable, why: "the server knows no logins"},
	}
	server := realmail.Start(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := len(server.Messages(t))
			err := send(t, sender(t, server, tt.change), mailtest.Invitation())
			got := server.Messages(t)[before:]
			if tt.want != nil {
				wantKinds(t, err, tt.want)
				if len(got) != 0 {
					t.Errorf("the mail was taken: %s", tt.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// ESMTPS is ESMTP over TLS (RFC 3848).
			if received := got[0].Header.Get("Received"); strings.Contains(received, " with ESMTPS ") != tt.tls {
				t.Errorf("it was received %q, want TLS: %v", received, tt.tls)
			}
		})
	}
}

func TestWaveArrives(t *testing.T) {
	const workers, mails = 16, 8
	server := realmail.Start(t)
	s := sender(t, server, nil)
	var wave sync.WaitGroup
	for range workers {
		wave.Go(func() {
			for range mails {
				if err := send(t, s, mailtest.Invitation()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wave.Wait()
	if n := len(server.Messages(t)); n != workers*mails {
		t.Errorf("%d mails arrived, want %d", n, workers*mails)
	}
}
