// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// lines joins lines as SMTP has them.
func lines(list ...string) string { return strings.Join(list, "\r\n") + "\r\n" }

// nested is a multipart within a multipart, and so on.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for i := range depth {
		fmt.Fprintf(&b, "\r\n--b%d--\r\n", depth-1-i)
	}
	return b.String()
}

// reading is what a test wants of a mail.
type reading struct{ Subject, MessageID, Text, HTML, Problem string }

var parseTests = map[string]struct {
	raw  string
	want reading
}{
	"bare text": {
		lines("Subject: Hi", "Message-ID: <a@b>", "", "Hello"),
		reading{Subject: "Hi", MessageID: "a@b", Text: "Hello\n"},
	},
	"encoded words over two lines": {
		lines("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_?=", " =?UTF-8?B?w7xiZXJhbGw=?=", "", ""),
		reading{Subject: "Grüße überall", Text: "\n"},
	},
	"encoded word in an unknown charset stays": {
		lines("Subject: =?klingon?q?Q?=", "", "x"),
		reading{Subject: "=?klingon?q?Q?=", Text: "x\n"},
	},
	"quoted-printable": {
		lines("Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: Quoted-Printable", "",
			"Gr=C3=BC=", "=C3=9Fe"),
		reading{Text: "Grüße\n"},
	},
	"base64 HTML": {
		lines("Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: BASE64", "", "PHA+R3L", "DvMOfZTwvcD4="),
		reading{HTML: "<p>Grüße</p>"},
	},
	"first of each kind, attachments left out": {
		lines(`Content-Type: multipart/mixed; boundary="outer"`, "", "preamble",
			"--outer", "Content-Type: text/plain", `Content-Disposition: Attachment; filename="a.txt"`, "", "attached",
			"--outer", "Content-Type: multipart/alternative; boundary=inner", "",
			"--inner", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", "Grüße",
			"--inner", "Content-Type: text/html; charset=utf-8", "", "<p>Grüße</p>",
			"--inner--",
			"--outer", "Content-Type: text/plain", "", "footer",
			"--outer", "Content-Type: image/png", "", "png",
			"--outer--"),
		reading{Text: "Grüße", HTML: "<p>Grüße</p>"},
	},
	"no header": {
		"nothing", reading{Problem: "reading the header: malformed header line: nothing"},
	},
	"bad content type": {
		lines("Subject: x", "Content-Type: text/", "", "y"),
		reading{Subject: "x", Problem: `reading Content-Type "text/": mime: expected token after slash`},
	},
	"multipart cut off": {
		lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "half"),
		reading{Text: "half", Problem: "reading the text/plain part: decoding it: unexpected EOF"},
	},
	"bad base64 keeps what came before": {
		lines("Content-Type: text/plain", "Content-Transfer-Encoding: base64", "", "SGVsbG8h~~~~"),
		reading{Text: "Hello!", Problem: "reading the text/plain part: decoding it: illegal base64 data at input byte 8"},
	},
	"not the UTF-8 it says": {
		lines("Content-Type: text/plain; charset=utf-8", "", "Gr\xfc\xdfe"),
		reading{Text: "Gr\uFFFDe\n", Problem: "reading the text/plain part: it is not valid UTF-8"},
	},
	"other charset": {
		lines("Content-Type: text/plain; charset=iso-8859-1", "", "x"),
		reading{Text: "x\n", Problem: `reading the text/plain part: its charset is "iso-8859-1": only utf-8 and us-ascii are read`},
	},
	"unknown transfer encoding": {
		lines("Content-Type: text/plain", "Content-Transfer-Encoding: x-rot13", "", "x"),
		reading{Text: "x\n", Problem: `reading the text/plain part: its transfer encoding "x-rot13" is unknown`},
	},
	"nested too deep": {
		nested(11),
		reading{Problem: "reading the parts: they are nested more than 10 deep"},
	},
}

func TestParse(t *testing.T) {
	for name, test := range parseTests {
		t.Run(name, func(t *testing.T) {
			m := parse([]byte(test.raw))
			got := reading{m.Subject, m.MessageID, m.Text, m.HTML, m.Problem}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		"ftp://a.example httpx://b": nil,
		"See https://a.example/x?y=1&z=2#f, or http://b.example.":          {"https://a.example/x?y=1&z=2#f", "http://b.example"},
		"(https://a.example/i/abc) <https://b.example/> https://c.example": {"https://a.example/i/abc", "https://b.example/", "https://c.example"},
		"https://a.example/Seat_(chair)":                                   {"https://a.example/Seat_(chair)"},
		"„https://a.example/ü“ [https://b.example/…]":                      {"https://a.example/ü", "https://b.example/"},
		"a token may end so: https://a.example/i/eyJ-_":                    {"https://a.example/i/eyJ-_"},
	} {
		if diff := cmp.Diff(want, Message{Text: text}.Links()); diff != "" {
			t.Errorf("links in %q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lines("Subject: =?utf-8?q?a?=", "Content-Type: multipart/mixed; boundary=b", "",
		"--b", "Content-Type: text/html", "Content-Transfer-Encoding: base64", "", "PHA+", "--b", "", "https://a", "--b--")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := parse(raw)
		if !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML) {
			t.Errorf("text %q or HTML %q is not valid UTF-8", m.Text, m.HTML)
		}
		for _, link := range m.Links() {
			if !strings.Contains(m.Text, link) {
				t.Errorf("link %q is not in the text", link)
			}
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	sample := Message{From: "a@b", To: []string{"c@d", "e@f"}, Received: time.Unix(1, 5).UTC(), Raw: []byte("Subject: x\r\n\r\ny")}
	f.Add(marshal(sample))
	f.Add([]byte("X-Mailbox-From: a\r\nSubject: x\r\n\r\n"))
	f.Add([]byte("X-Mailbox-Received: yesterday\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := unmarshal(content)
		if err != nil {
			return
		}
		again, err := unmarshal(marshal(m))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Raw, again.Raw) || m.From != again.From || !cmp.Equal(m.To, again.To) || !m.Received.Equal(again.Received) {
			t.Errorf("kept %+v, loaded %+v", m, again)
		}
	})
}
