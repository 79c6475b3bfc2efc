// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

// The whole mail is spelled out: a field that go-mail adds must not go unnoticed.
func TestCompose(t *testing.T) {
	m := mailtest.Invitation()
	m.From.Name = "Société"
	m.ReplyTo = &mail.Address{Email: "it@acme.example"}
	m.Text = "Chère Ada,\n.\n"
	m.Date = time.Date(2026, 3, 1, 9, 30, 0, 0, time.FixedZone("", 3600))
	want := `Auto-Submitted: auto-generated
Date: Sun, 01 Mar 2026 08:30:00 +0000
MIME-Version: 1.0
Message-ID: <6f1c-1@seatkeeper.example>
Subject: Join Acme
From: =?utf-8?q?Soci=C3=A9t=C3=A9?= <invitations@acme.example>
To: "Ada Lovelace" <ada@example.org>
Reply-To: <it@acme.example>
Content-Type: multipart/alternative;
 boundary=937f0594d23c78719990a596376dc82d

--937f0594d23c78719990a596376dc82d
Content-Transfer-Encoding: quoted-printable
Content-Type: text/plain; charset=UTF-8

Ch=C3=A8re Ada,
.

--937f0594d23c78719990a596376dc82d
Content-Transfer-Encoding: quoted-printable
Content-Type: text/html; charset=UTF-8

<p>Hello Ada</p>

--937f0594d23c78719990a596376dc82d--
`
	if diff := cmp.Diff(strings.ReplaceAll(want, "\n", "\r\n"), raw(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTextAloneIsNoMultipart(t *testing.T) {
	m := mailtest.Invitation()
	m.HTML = ""
	parsed, err := netmail.ReadMessage(strings.NewReader(raw(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	if got := parsed.Header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("Content-Type is %q", got)
	}
}

// Parsers undo folding by dropping the line break before white space. What must
// never be folded is the inside of an ID or a URL.
func TestComposeAFollowUp(t *testing.T) {
	m := mailtest.Invitation()
	m.InReplyTo = strings.Repeat("0", 200) + "@seatkeeper.example"
	m.Unsubscribe = "https://acme.example/u/" + strings.Repeat("t", 300)
	text := strings.ReplaceAll(raw(t, m), "\r\n", "\n")
	for field, want := range map[string]string{
		"In-Reply-To": m.InReplyTo, "References": m.InReplyTo, "List-Unsubscribe": m.Unsubscribe,
	} {
		if want := "\n" + field + ":\n <" + want + ">\n"; strings.Count(text, want) != 1 {
			t.Errorf("the mail must have this once: %s\nbut is:\n%s", want, text)
		}
	}
}

// Whatever a message holds: either it is refused, or it becomes a mail with the
// fields and the two parts that it should have, and with no others.
func FuzzCompose(f *testing.F) {
	f.Add("1@a.example", "https://a.example/", "Acme", "ada@example.org", "Join", "Hello", "<p>Hello</p>")
	f.Add("1@a.example", "http://a\r\nBcc: m@example.org", "A\r\nBcc: m@example.org", "ada@example.org", "Join\nBcc: m@example.org", ".\r\n.", "--")
	f.Add("1@a.example", "https://a.example/?>,<", "é\x00", "a\r\nb@example.org", "=?utf-8?q?=0D=0ABcc:?=", "\r\n\r\n--\r", "\n.\n")
	fields := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "In-Reply-To", "List-Unsubscribe", "Message-Id", "Mime-Version", "References", "Subject", "To",
	}
	f.Fuzz(func(t *testing.T, id, link, name, email, subject, text, html string) {
		m := mailtest.Invitation()
		m.ID, m.InReplyTo, m.Unsubscribe, m.Subject, m.Text, m.HTML = id, id, link, subject, text, html
		m.From.Name, m.To = name, mail.Address{Name: name, Email: email}
		if html == "" || link == "" || m.Validate() != nil {
			t.Skip()
		}
		parsed, err := netmail.ReadMessage(strings.NewReader(raw(t, m)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for field, values := range parsed.Header {
			got = append(got, slices.Repeat([]string{field}, len(values))...)
		}
		slices.Sort(got)
		if diff := cmp.Diff(fields, got); diff != "" {
			t.Errorf("header fields (-want +got):\n%s", diff)
		}
		wantParts(t, parsed, 2)
	})
}

func wantParts(t *testing.T, m *netmail.Message, want int) {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for n := 0; ; n++ {
		_, err := parts.NextRawPart()
		if err == io.EOF && n == want {
			return
		}
		if err != nil {
			t.Fatalf("after %d parts, want %d: %v", n, want, err)
		}
	}
}

func raw(t *testing.T, m mail.Message) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := compose(m).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
