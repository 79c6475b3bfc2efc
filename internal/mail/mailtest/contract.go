// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mailtest holds what every mail.Sender promises, as tests.
package mailtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Server is a sender with the server behind it, which a test can make fail.
type Server struct {
	Sender mail.Sender
	// Delivered returns the mail that was taken, oldest first.
	Delivered func() []Delivery
	// Reject refuses mail to the address with these words, a 5xx reply.
	Reject func(email, words string)
	// Defer asks to come back later with the next n mails to the address, in these
	// words, a 4xx reply.
	Defer func(email, words string, n int)
	// Unavailable makes the next n mails find a server that does no work now.
	Unavailable func(n int)
	// Unconfirmed takes the next n mails without a word.
	Unconfirmed func(n int)
	// Hang leaves all mail without an answer, to the end of the test.
	Hang func()
	// Down ends the server.
	Down func()
}

// Delivery is a mail as its recipient has it.
type Delivery struct {
	Message mail.Message
	// Raw is the same for two mails if and only if they are identical.
	Raw string
}

// Contract tests a sender. start is called for each test.
func Contract(t *testing.T, start func(*testing.T) Server) {
	tests := map[string]func(*testing.T, Server){
		"delivers what it was given":            delivers,
		"sends the same message the same way":   repeats,
		"refuses what is not a mail":            refuses,
		"reports a rejection with its words":    reportsRejection,
		"reports a deferral with its words":     reportsDeferral,
		"reports a server that does no work":    reportsUnavailable,
		"reports a server that is down":         reportsDown,
		"reports mail that may have been taken": reportsUnconfirmed,
		"gives up a server that hangs":          givesUp,
		"stops when its context is cancelled":   stops,
		"does not begin with a cancelled one":   doesNotBegin,
		"sends many at once":                    sendsMany,
		"forgets a failure when the next comes": forgetsFailure,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// Invitation is a message that any sender takes.
func Invitation() mail.Message {
	return mail.Message{
		ID:      "6f1c-1@seatkeeper.example",
		From:    mail.Address{Name: "Acme", Email: "invitations@acme.example"},
		To:      mail.Address{Name: "Ada Lovelace", Email: "ada@example.org"},
		Subject: "Join Acme",
		Text:    "Hello Ada,\n\nhttps://acme.example/i/token\n",
		HTML:    "<p>Hello Ada</p>\n",
		Date:    time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
	}
}

func delivers(t *testing.T, s Server) {
	long := strings.Repeat("tres_long_sans_espace.", 200)
	tests := map[string]func(*mail.Message){
		"plain":    func(*mail.Message) {},
		"no HTML":  func(m *mail.Message) { m.HTML = "" },
		"no names": func(m *mail.Message) { m.From.Name, m.To.Name = "", "" },
		"answers":  func(m *mail.Message) { m.ReplyTo = &mail.Address{Name: "Équipe", Email: "it@acme.example"} },
		"a reminder": func(m *mail.Message) {
			m.InReplyTo, m.Unsubscribe = "6f1c-0@seatkeeper.example", "https://acme.example/u/"+strings.Repeat("t", 64)+"?a=b%20c,d&e"
		},
		"long references": func(m *mail.Message) {
			m.InReplyTo = strings.Repeat("0", 200) + "@seatkeeper.example"
			m.Unsubscribe = "https://acme.example/u/" + strings.Repeat("=?x?=,", 146)
		},
		"time zone": func(m *mail.Message) { m.Date = m.Date.In(time.FixedZone("", 5*3600+1800)) },
		"accents": func(m *mail.Message) {
			m.From.Name, m.To.Name = "Société Générée, S.A.", `Zoë "Zo" Çelik`
			m.Subject = "Vous êtes invitée à rejoindre l’équipe — réponse souhaitée d’ici à la fin du mois de février"
			m.Text, m.HTML = "Chère Zoë,\n\tà bientôt ! \n", "<p>Chère Zoë, à bientôt !</p>"
		},
		"other scripts": func(m *mail.Message) {
			m.From.Name, m.To.Name = "Ακαδημία Επιστημών", "上杉 達也"
			m.Subject = strings.Repeat("組織への招待 🪑 دعوة ", 8) + "終"
			m.Text, m.HTML = "こんにちは、達也さん\n", "<p dir=\"rtl\">مرحبا</p>\n"
		},
		"long lines":     func(m *mail.Message) { m.Text, m.HTML = long+"\n"+long, "<p>"+long+"</p>" },
		"leading dots":   func(m *mail.Message) { m.Text, m.HTML = ".\n..\n.a\n.\n", ".\n<p>..\n.</p>" },
		"SMTP lookalike": func(m *mail.Message) { m.Text = "From ada\nQUIT\n--\n=3D =\n\n.\nRSET" },
		"one big word":   func(m *mail.Message) { m.Subject = strings.Repeat("x", 200) },
		"special names":  func(m *mail.Message) { m.From.Name, m.To.Name = `A <b@c.example>, (d) \ "e"`, "=?x?=" },
		"large":          func(m *mail.Message) { m.Text = strings.Repeat("Ligne à répéter.\n", 20_000) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			m := Invitation()
			change(&m)
			before := len(s.Delivered())
			if err := s.Sender.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			var got []mail.Message
			for _, d := range s.Delivered()[before:] {
				got = append(got, d.Message)
			}
			if diff := cmp.Diff([]mail.Message{m}, got); diff != "" {
				t.Errorf("not delivered as given (-want +got):\n%s", diff)
			}
		})
	}
}

func repeats(t *testing.T, s Server) {
	m := Invitation()
	for range 2 {
		if err := s.Sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	all := s.Delivered()
	if len(all) != 2 {
		t.Fatalf("%d mails arrived, want 2", len(all))
	}
	if diff := cmp.Diff(all[0].Raw, all[1].Raw); diff != "" {
		t.Errorf("the duplicate differs:\n%s", diff)
	}
}

func refuses(t *testing.T, s Server) {
	tests := map[string]func(*mail.Message){
		"no ID":                              func(m *mail.Message) { m.ID = "" },
		"an ID in brackets":                  func(m *mail.Message) { m.ID = "<a@b.example>" },
		"a line break in the ID":             func(m *mail.Message) { m.ID += "\r\nBcc: mallory@example.org" },
		"a previous ID in brackets":          func(m *mail.Message) { m.InReplyTo = "<a@b.example>" },
		"a header in the previous ID":        func(m *mail.Message) { m.InReplyTo = "a@b.example>\r\nBcc: mallory@example.org" },
		"two previous IDs":                   func(m *mail.Message) { m.InReplyTo = "a@b.example c@d.example" },
		"a line break after the previous ID": func(m *mail.Message) { m.InReplyTo = "a@b.example\n" },
		"a header in the URL":                func(m *mail.Message) { m.Unsubscribe = "https://a.example/\r\nBcc: mallory@example.org" },
		"an end of the URL in it":            func(m *mail.Message) { m.Unsubscribe = "https://a.example/>,<mailto:m@example.org" },
		"a space in the URL":                 func(m *mail.Message) { m.Unsubscribe = "https://a.example/a b" },
		"a URL beyond ASCII":                 func(m *mail.Message) { m.Unsubscribe = "https://a.example/\u00e9" },
		"a relative URL":                     func(m *mail.Message) { m.Unsubscribe = "/unsubscribe" },
		"a URL without a host":               func(m *mail.Message) { m.Unsubscribe = "https:///unsubscribe" },
		"a URL to write to":                  func(m *mail.Message) { m.Unsubscribe = "mailto:mallory@example.org" },
		"a URL that runs":                    func(m *mail.Message) { m.Unsubscribe = "javascript://a.example/%0aalert(1)" },
		"a URL longer than a line":           func(m *mail.Message) { m.Unsubscribe = "https://a.example/" + strings.Repeat("t", 900) },
		"no sender":                          func(m *mail.Message) { m.From = mail.Address{} },
		"a line break in the sender":         func(m *mail.Message) { m.From.Name = "Acme\r\nBcc: mallory@example.org" },
		"no recipient":                       func(m *mail.Message) { m.To.Email = "" },
		"two recipients":                     func(m *mail.Message) { m.To.Email += ", mallory@example.org" },
		"a name in the address":              func(m *mail.Message) { m.To.Email = "Ada <ada@example.org>" },
		"a command in the address":           func(m *mail.Message) { m.To.Email = "ada@example.org>\r\nRCPT TO:<mallory@example.org" },
		"a bad address for answers":          func(m *mail.Message) { m.ReplyTo = &mail.Address{Email: "it"} },
		"no subject":                         func(m *mail.Message) { m.Subject = "" },
		"a header in the subject":            func(m *mail.Message) { m.Subject = "Join\r\nBcc: mallory@example.org" },
		"a bare LF in the subject":           func(m *mail.Message) { m.Subject = "Join\nBcc: mallory@example.org" },
		"a subject that is no text":          func(m *mail.Message) { m.Subject = "Join \xff" },
		"no text":                            func(m *mail.Message) { m.Text = "" },
		"no date":                            func(m *mail.Message) { m.Date = time.Time{} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			m := Invitation()
			change(&m)
			if err := s.Sender.Send(t.Context(), m); !errors.Is(err, mail.ErrRejected) {
				t.Errorf("Send: %v, want ErrRejected", err)
			}
		})
	}
	if all := s.Delivered(); len(all) != 0 {
		t.Errorf("delivered nevertheless: %v", all)
	}
}

func reportsRejection(t *testing.T, s Server) {
	s.Reject("ada@example.org", "550 5.1.1 No such user here")
	err := s.Sender.Send(t.Context(), Invitation())
	if !errors.Is(err, mail.ErrRejected) || errors.Is(err, mail.ErrUnavailable) || errors.Is(err, mail.ErrUnconfirmed) {
		t.Errorf("Send: %v, want ErrRejected alone", err)
	}
	if words := mail.Words(err); words != "550 5.1.1 No such user here" {
		t.Errorf("the server's words are %q", words)
	}
}

func reportsDeferral(t *testing.T, s Server) {
	s.Defer("ada@example.org", "450 4.2.0 Greylisted", 2)
	other := Invitation()
	other.To.Email = "bob@example.org"
	for range 2 {
		err := s.Sender.Send(t.Context(), Invitation())
		if !errors.Is(err, mail.ErrDeferred) || !errors.Is(err, mail.ErrUnavailable) || errors.Is(err, mail.ErrRejected) {
			t.Errorf("Send: %v, want ErrDeferred and ErrUnavailable", err)
		}
		wantConfirmed(t, err)
		if words := mail.Words(err); words != "450 4.2.0 Greylisted" {
			t.Errorf("the server's words are %q", words)
		}
		if err := s.Sender.Send(t.Context(), other); err != nil {
			t.Errorf("to another address: %v", err)
		}
	}
	if err := s.Sender.Send(t.Context(), Invitation()); err != nil {
		t.Errorf("the mail is welcome now, but Send: %v", err)
	}
	if n := len(s.Delivered()); n != 3 {
		t.Errorf("%d mails arrived, want 3", n)
	}
}

func reportsUnavailable(t *testing.T, s Server) {
	s.Unavailable(2)
	for range 2 {
		err := s.Sender.Send(t.Context(), Invitation())
		wantUnavailable(t, err)
		wantConfirmed(t, err)
		if words := mail.Words(err); !strings.HasPrefix(words, "4") {
			t.Errorf("the server's words are %q, want its 4xx reply", words)
		}
	}
	if err := s.Sender.Send(t.Context(), Invitation()); err != nil {
		t.Errorf("the server is back, but Send: %v", err)
	}
	if n := len(s.Delivered()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func reportsDown(t *testing.T, s Server) {
	if err := s.Sender.Send(t.Context(), Invitation()); err != nil {
		t.Fatal(err)
	}
	s.Down()
	for range 2 {
		err := s.Sender.Send(t.Context(), Invitation())
		wantUnavailable(t, err)
		wantConfirmed(t, err)
	}
}

// A server that hangs may have the mail or not; only one that has it can be tested.
func reportsUnconfirmed(t *testing.T, s Server) {
	s.Unconfirmed(2)
	for range 2 {
		err := s.Sender.Send(t.Context(), Invitation())
		wantUnavailable(t, err)
		if !errors.Is(err, mail.ErrUnconfirmed) {
			t.Errorf("Send: %v, want ErrUnconfirmed as well", err)
		}
	}
	if err := s.Sender.Send(t.Context(), Invitation()); err != nil {
		t.Errorf("the server answers again, but Send: %v", err)
	}
	all := s.Delivered()
	if len(all) != 3 {
		t.Fatalf("%d mails arrived, want 3", len(all))
	}
	for _, d := range all[1:] {
		if diff := cmp.Diff(all[0].Raw, d.Raw); diff != "" {
			t.Errorf("the duplicate differs:\n%s", diff)
		}
	}
}

func givesUp(t *testing.T, s Server) {
	s.Hang()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Sender.Send(ctx, Invitation())
	wantUnavailable(t, err)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send: %v, want DeadlineExceeded as well", err)
	}
}

func stops(t *testing.T, s Server) {
	s.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	// Whether the mail has reached the server by then makes no difference.
	time.AfterFunc(20*time.Millisecond, cancel)
	err := s.Sender.Send(ctx, Invitation())
	wantUnavailable(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Send: %v, want Canceled as well", err)
	}
}

func doesNotBegin(t *testing.T, s Server) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Sender.Send(ctx, Invitation())
	wantUnavailable(t, err)
	wantConfirmed(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Send: %v, want Canceled as well", err)
	}
	if all := s.Delivered(); len(all) != 0 {
		t.Errorf("delivered nevertheless: %v", all)
	}
}

func sendsMany(t *testing.T, s Server) {
	const goroutines, mails = 8, 10
	outcomes := make(chan error)
	for range goroutines {
		go func() {
			for range mails {
				outcomes <- s.Sender.Send(t.Context(), Invitation())
			}
		}()
	}
	for range goroutines * mails {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Delivered()); n != goroutines*mails {
		t.Errorf("%d mails arrived, want %d", n, goroutines*mails)
	}
}

func forgetsFailure(t *testing.T, s Server) {
	s.Reject("nobody@example.org", "550 5.1.1 No such user here")
	bad := Invitation()
	bad.To.Email = "Nobody@example.org"
	for range 2 {
		if err := s.Sender.Send(t.Context(), bad); !errors.Is(err, mail.ErrRejected) {
			t.Errorf("Send: %v, want ErrRejected", err)
		}
		if err := s.Sender.Send(t.Context(), Invitation()); err != nil {
			t.Errorf("to another address: %v", err)
		}
	}
	if n := len(s.Delivered()); n != 2 {
		t.Errorf("%d mails arrived, want 2", n)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, mail.ErrUnavailable) || errors.Is(err, mail.ErrDeferred) || errors.Is(err, mail.ErrRejected) {
		t.Errorf("Send: %v, want ErrUnavailable alone", err)
	}
	if mail.Words(err) == "" {
		t.Error("there are no words for a person")
	}
}

// wantConfirmed wants to know of the mail that it was not taken.
func wantConfirmed(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, mail.ErrUnconfirmed) {
		t.Errorf("Send: %v, want no ErrUnconfirmed: it was not taken", err)
	}
}
