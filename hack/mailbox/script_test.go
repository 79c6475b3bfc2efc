// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox_test

import (
	"errors"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

// wantAnswer wants the error to be the server's answer.
func wantAnswer(t *testing.T, err error, code int, text string) {
	t.Helper()
	var answer *textproto.Error
	if !errors.As(err, &answer) || answer.Code != code || !strings.HasPrefix(answer.Msg, text) {
		t.Errorf("error %v, want answer %d %s", err, code, text)
	}
}

// wantNoAnswer wants an error that is no answer of the server.
func wantNoAnswer(t *testing.T, err error) {
	t.Helper()
	var answer *textproto.Error
	if err == nil || errors.As(err, &answer) {
		t.Errorf("error %v, want a broken connection", err)
	}
}

func TestRefusedRecipient(t *testing.T) {
	box := start(t, mailbox.Options{})
	box.SetScript(mailbox.To("nobody@example.com", mailbox.At(mailbox.Rcpt, mailbox.Answer(550, "5.1.1 No such user"))))

	wantAnswer(t, send(box, "a", "Nobody@example.com"), 550, "5.1.1 No such user")
	mustSend(t, box, "b", "ada@example.com")

	// The others of a mail still get it, if its sender goes on.
	client, err := smtp.Dial(box.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Mail(sender); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, client.Rcpt("nobody@example.com"), 550, "5.1.1 No such user")
	if err := client.Rcpt("bob@example.com"); err != nil {
		t.Fatal(err)
	}
	data, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.Write([]byte("Subject: c\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := data.Close(); err != nil {
		t.Fatal(err)
	}
	wantSubjects(t, box, "1 b", "2 c")
	if to := box.Messages()[1].To; len(to) != 1 || to[0] != "bob@example.com" {
		t.Errorf("mail went to %v, want bob alone", to)
	}
}

func TestTemporaryFailures(t *testing.T) {
	box := start(t, mailbox.Options{})
	box.SetScript(mailbox.Times(2, mailbox.At(mailbox.Data, mailbox.Answer(451, "Try again later"))))
	for range 2 {
		wantAnswer(t, send(box, "a", "ada@example.com"), 451, "Try again later")
	}
	mustSend(t, box, "a", "ada@example.com")
	wantSubjects(t, box, "1 a")
}

func TestServiceNotAvailableClosesConnection(t *testing.T) {
	for _, stage := range []mailbox.Stage{mailbox.Rcpt, mailbox.Data} {
		t.Run(string(stage), func(t *testing.T) {
			box := start(t, mailbox.Options{})
			box.SetScript(mailbox.At(stage, mailbox.Answer(421, "4.3.2 Closing")))
			client, err := smtp.Dial(box.SMTPAddr())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			wantAnswer(t, transmit(client), 421, "4.3.2 Closing")
			wantNoAnswer(t, client.Noop())
			wantSubjects(t, box)
		})
	}
}

// transmit sends one mail over an open connection.
func transmit(client *smtp.Client) error {
	if err := client.Mail(sender); err != nil {
		return err
	}
	if err := client.Rcpt("ada@example.com"); err != nil {
		return err
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write([]byte("Subject: a\r\n\r\n")); err != nil {
		return err
	}
	return data.Close()
}

func TestCutConnection(t *testing.T) {
	for name, test := range map[string]struct {
		script mailbox.Script
		kept   []string
	}{
		"at RCPT":                 {mailbox.At(mailbox.Rcpt, mailbox.Cut()), nil},
		"at DATA":                 {mailbox.At(mailbox.Data, mailbox.Cut()), nil},
		"at DATA, mail is kept":   {mailbox.At(mailbox.Data, mailbox.Cut().Keeping()), []string{"1 a"}},
		"keeping says nothing on": {mailbox.At(mailbox.Rcpt, mailbox.Cut().Keeping()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			box := start(t, mailbox.Options{})
			box.SetScript(test.script)
			wantNoAnswer(t, send(box, "a", "ada@example.com"))
			wantSubjects(t, box, test.kept...)
			box.SetScript(nil)
			mustSend(t, box, "b", "ada@example.com")
		})
	}
}

func TestAnswerAlthoughKept(t *testing.T) {
	box := start(t, mailbox.Options{})
	box.SetScript(mailbox.At(mailbox.Data, mailbox.Answer(451, "4.3.0 Or was it").Keeping()))
	wantAnswer(t, send(box, "a", "ada@example.com"), 451, "4.3.0 Or was it")
	wantSubjects(t, box, "1 a")
}

func TestHangEndsWithClose(t *testing.T) {
	for _, stage := range []mailbox.Stage{mailbox.Rcpt, mailbox.Data} {
		t.Run(string(stage), func(t *testing.T) {
			box := start(t, mailbox.Options{})
			asked := make(chan struct{})
			box.SetScript(func(e mailbox.Event) mailbox.Reaction {
				if e.Stage != stage {
					return mailbox.Reaction{}
				}
				close(asked)
				return mailbox.Hang()
			})
			sent := make(chan error)
			go func() { sent <- send(box, "a", "ada@example.com") }()
			<-asked
			// Others are served meanwhile.
			box.SetScript(nil)
			mustSend(t, box, "b", "bob@example.com")
			select {
			case err := <-sent:
				t.Errorf("the hang ended early: %v", err)
			default:
			}
			if err := box.Close(); err != nil {
				t.Fatal(err)
			}
			wantNoAnswer(t, <-sent)
			wantSubjects(t, box, "1 b")
		})
	}
}

func TestHangKeepingMail(t *testing.T) {
	box := start(t, mailbox.Options{})
	box.SetScript(mailbox.At(mailbox.Data, mailbox.Hang().Keeping()))
	client, err := smtp.Dial(box.SMTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error)
	go func() { sent <- transmit(client) }()
	if _, err := box.Wait(t.Context(), func(mailbox.Message) bool { return true }); err != nil {
		t.Fatal(err)
	}
	// The client gives up; that must end the hang as well.
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	wantNoAnswer(t, <-sent)
}

func TestFirstScriptThatReactsDecides(t *testing.T) {
	box := start(t, mailbox.Options{})
	box.SetScript(mailbox.FirstOf(
		mailbox.Times(1, mailbox.To("ada@example.com", mailbox.At(mailbox.Data, mailbox.Answer(452, "4.2.2 Full")))),
		mailbox.To("ada@example.com", mailbox.At(mailbox.Data, mailbox.Answer(554, "5.7.1 Spam"))),
		func(e mailbox.Event) mailbox.Reaction {
			if e.From != sender {
				return mailbox.Answer(550, "Who is "+e.From)
			}
			return mailbox.Reaction{}
		},
	))
	wantAnswer(t, send(box, "a", "ada@example.com"), 452, "4.2.2 Full")
	wantAnswer(t, send(box, "b", "bob@example.com", "ada@example.com"), 554, "5.7.1 Spam")
	mustSend(t, box, "c", "bob@example.com")
	wantSubjects(t, box, "1 c")
}
