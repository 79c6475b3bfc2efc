// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// testNotice is what tells Jean of the end of access in a language.
func testNotice(t *testing.T, locale string) Notice {
	t.Helper()
	p := testParams(t, Describe(testUser(locale), testOrganization(), testRole))
	return Notice{
		Details: p.Details, UID: p.UID, Until: time.Date(2027, 6, 30, 18, 0, 0, 0, time.UTC), Date: time.Date(2027, 6, 27, 18, 0, 0, 0, time.UTC),
		Zone: p.Zone, From: p.From, ReplyTo: &mail.Address{Name: "Help", Email: "help@acme.example"},
	}
}

func mustNotice(t *testing.T, n Notice) mail.Message {
	t.Helper()
	m, err := NoticeMessage(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Validate(); err != nil {
		t.Fatalf("no mail server would take the message: %v", err)
	}
	return m
}

func TestNoticeGolden(t *testing.T) {
	for _, locale := range Locales {
		t.Run(string(locale), func(t *testing.T) {
			m := mustNotice(t, testNotice(t, string(locale)))
			golden(t, string(locale)+"-notice.txt", header(m)+"\n"+m.Text)
			golden(t, string(locale)+"-notice.html", m.HTML)
		})
	}
}

// TestNoticeIsTheSameAgain checks that its Message-ID stands for one end of one person's access, and for nothing else.
func TestNoticeIsTheSameAgain(t *testing.T) {
	n := testNotice(t, "en")
	first := mustNotice(t, n)
	if diff := cmp.Diff(first, mustNotice(t, n)); diff != "" {
		t.Errorf("the same Notice gave two messages:\n%s", diff)
	}
	for why, c := range map[string]struct {
		change func(*Notice)
		same   bool
	}{
		"another end":      {func(n *Notice) { n.Until = n.Until.Add(time.Second) }, false},
		"another person":   {func(n *Notice) { n.UID = "1b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de" }, false},
		"another zone":     {func(n *Notice) { n.Zone, n.Until = time.UTC, n.Until.In(n.Zone) }, true},
		"another language": {func(n *Notice) { n.Locale = French }, true},
	} {
		other := n
		c.change(&other)
		if got := mustNotice(t, other).ID == first.ID; got != c.same {
			t.Errorf("%s: the same Message-ID %t, want %t", why, got, c.same)
		}
	}
	invited := mustMessage(t, testParams(t, n.Details))
	if first.ID == invited.ID {
		t.Error("the notice has the Message-ID of the invitation")
	}
}

func TestNoticeSaysWhen(t *testing.T) {
	for locale, want := range map[string]string{
		"en": "Wednesday, 30 June 2027 at 20:00 (CEST)", "fr": "mercredi 30 juin 2027 à 20\u00a0h\u00a000 (CEST)",
	} {
		m := mustNotice(t, testNotice(t, locale))
		if !strings.Contains(m.Text, want) || !strings.Contains(html.UnescapeString(m.HTML), want) {
			t.Errorf("%s: it does not say %q, but %q", locale, want, m.Text)
		}
		if strings.Contains(m.Text+m.HTML, "://") {
			t.Errorf("%s: there is a link in it", locale)
		}
	}
}

func TestNoticeCannotBeForged(t *testing.T) {
	const hostile = "Evil\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u202e\u2066"
	u, org := testUser("en"), testOrganization()
	u.Spec.GivenName, u.Spec.FamilyName, org.Spec.DisplayName = hostile, hostile, hostile
	n := testNotice(t, "en")
	n.Details = Describe(u, org, testRole)
	m := mustNotice(t, n)
	if strings.ContainsAny(m.Subject+m.To.Name, "\r\n\u202e\u2066") || strings.Contains(m.Text, "\nBcc") || strings.Contains(m.HTML, "<script") {
		t.Errorf("the notice can be forged: %+v", m)
	}
}

func TestNoticeRefuses(t *testing.T) {
	for want, change := range map[string]func(*Notice){
		"sender":      func(n *Notice) { n.From.Email = "people" },
		"MatchLocale": func(n *Notice) { n.Locale = "tlh" },
	} {
		n := testNotice(t, "en")
		change(&n)
		if _, err := NoticeMessage(n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NoticeMessage: %v; want %q", err, want)
		}
	}
}
