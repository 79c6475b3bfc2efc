// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mail_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

func TestErrorKinds(t *testing.T) {
	rejected, unavailable := mail.Rejected(io.EOF), mail.Unavailable(io.EOF)
	deferred, unconfirmed := mail.Deferred(io.EOF), mail.Unconfirmed(io.EOF)
	tests := map[string]struct {
		err, target error
		want        bool
	}{
		"rejected":            {rejected, mail.ErrRejected, true},
		"rejected, cause":     {rejected, io.EOF, true},
		"rejected, other":     {rejected, mail.ErrUnavailable, false},
		"unavailable":         {unavailable, mail.ErrUnavailable, true},
		"unavailable, cause":  {unavailable, io.EOF, true},
		"unavailable, other":  {unavailable, mail.ErrRejected, false},
		"unavailable, answer": {unavailable, mail.ErrDeferred, false},
		"deferred":            {deferred, mail.ErrDeferred, true},
		"deferred, later":     {deferred, mail.ErrUnavailable, true},
		"deferred, cause":     {deferred, io.EOF, true},
		"deferred, other":     {deferred, mail.ErrRejected, false},
		"deferred, known":     {deferred, mail.ErrUnconfirmed, false},
		"unconfirmed":         {unconfirmed, mail.ErrUnconfirmed, true},
		"unconfirmed, later":  {unconfirmed, mail.ErrUnavailable, true},
		"unconfirmed, cause":  {unconfirmed, io.EOF, true},
		"unconfirmed, other":  {unconfirmed, mail.ErrRejected, false},
		"unconfirmed, answer": {unconfirmed, mail.ErrDeferred, false},
		"unavailable, known":  {unavailable, mail.ErrUnconfirmed, false},
		"wrapped":             {fmt.Errorf("inviting: %w", rejected), mail.ErrRejected, true},
		"the text of another": {errors.New("mail rejected: EOF"), mail.ErrRejected, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := errors.Is(tt.err, tt.target); got != tt.want {
				t.Errorf("errors.Is(%v, %v) = %v", tt.err, tt.target, got)
			}
		})
	}
	for err, want := range map[error]string{
		rejected: "mail rejected: EOF", deferred: "mail deferred: EOF", unconfirmed: "mail unconfirmed: EOF",
	} {
		if got := err.Error(); got != want {
			t.Errorf("the text is %q, want %q", got, want)
		}
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("é", 400)
	tests := map[string]struct {
		err  error
		want string
	}{
		"no error":       {nil, ""},
		"a reply":        {mail.Rejected(errors.New("550 5.1.1 No such user")), "550 5.1.1 No such user"},
		"wrapped":        {fmt.Errorf("inviting: %w", mail.Unavailable(errors.New("451 Later"))), "451 Later"},
		"deferred":       {mail.Deferred(errors.New("452 4.2.2 Mailbox full")), "452 4.2.2 Mailbox full"},
		"unconfirmed":    {mail.Unconfirmed(errors.New("no answer")), "no answer"},
		"another error":  {errors.New("rendering the mail: no subject"), "rendering the mail: no subject"},
		"several lines":  {mail.Rejected(errors.New("550 5.7.1 Blocked\n5.7.1 see\r\n\thttps://a.example ")), "550 5.7.1 Blocked 5.7.1 see https://a.example"},
		"control codes":  {mail.Rejected(errors.New("550 \x1b[31mred\x00 \u202eback")), "550 [31mred back"},
		"not UTF-8":      {mail.Rejected(errors.New("550 caf\xe9")), "550 caf"},
		"a novel":        {mail.Rejected(errors.New(long)), strings.Repeat("é", 299) + "…"},
		"just no novel":  {mail.Rejected(errors.New(long[:600])), strings.Repeat("é", 300)},
		"other scripts":  {mail.Rejected(errors.New("550 該当者なし")), "550 該当者なし"},
		"nothing at all": {mail.Rejected(errors.New("\r\n")), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mail.Words(tt.err); got != tt.want {
				t.Errorf("Words(%v) = %q, want %q", tt.err, got, tt.want)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("550 5.1.1 No such user")
	f.Add("550-a\r\n550 \x00\xff\u2028")
	f.Fuzz(func(t *testing.T, said string) {
		words := mail.Words(mail.Rejected(errors.New(said)))
		if utf8.RuneCountInString(words) > 300 || !utf8.ValidString(words) {
			t.Errorf("not short and clean: %q", words)
		}
		if i := strings.IndexFunc(words, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("unprintable at %d: %q", i, words)
		}
	})
}
