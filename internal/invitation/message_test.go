// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testUser(locale string) *v1alpha1.User {
	u := &v1alpha1.User{Spec: v1alpha1.UserSpec{
		Organization: "acme", Email: address, GivenName: "Jean", FamilyName: "Martin", Locale: locale,
	}}
	u.Name, u.UID = "jean", testClaims().UID
	u.Status.Roles = []string{"commercial", "expenses"}
	return u
}

func testOrganization() *v1alpha1.Organization {
	return &v1alpha1.Organization{Spec: v1alpha1.OrganizationSpec{DisplayName: "Acme SAS", Locale: "en"}}
}

func testRole(name string) *v1alpha1.Role {
	return map[string]*v1alpha1.Role{
		"commercial": {Spec: v1alpha1.RoleSpec{DisplayName: "Commercial", Description: "CRM & customers, nothing else"}},
		"expenses":   {},
	}[name]
}

func testParams(t *testing.T, d Details) Params {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	portal, err := url.Parse("https://join.acme.example/")
	if err != nil {
		t.Fatal(err)
	}
	return Params{
		Details: d, Claims: testClaims(), TTL: 168 * time.Hour, Zone: paris, Portal: portal,
		From: mail.Address{Name: "Acme", Email: "people@acme.example"}, Keys: Keyring{Current: testKey(1)},
	}
}

func mustMessage(t *testing.T, p Params) mail.Message {
	t.Helper()
	m, err := Message(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Validate(); err != nil {
		t.Fatalf("no mail server would take the message: %v", err)
	}
	return m
}

func TestMessageGolden(t *testing.T) {
	for _, locale := range Locales {
		t.Run(string(locale), func(t *testing.T) {
			m := mustMessage(t, testParams(t, Describe(testUser(string(locale)), testOrganization(), testRole)))
			header := "Message-ID: <" + m.ID + ">\nDate: " + m.Date.Format(time.RFC3339) + "\nFrom: " + m.From.Name + " <" + m.From.Email +
				">\nTo: " + m.To.Name + " <" + m.To.Email + ">\nSubject: " + m.Subject + "\n\n"
			golden(t, string(locale)+".txt", header+m.Text)
			golden(t, string(locale)+".html", m.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), run the test with -update if it is meant:\n%s", name, diff)
	}
}

func TestMessageIsTheSameAgain(t *testing.T) {
	p := testParams(t, Describe(testUser("fr"), testOrganization(), testRole))
	if diff := cmp.Diff(mustMessage(t, p), mustMessage(t, p)); diff != "" {
		t.Errorf("the same Params gave two messages:\n%s", diff)
	}
}

func TestMessageWithLittle(t *testing.T) {
	u := testUser("")
	u.Spec.GivenName, u.Spec.FamilyName, u.Status.Roles = "", "", []string{"gone"}
	m := mustMessage(t, testParams(t, Describe(u, nil, testRole)))
	for _, want := range []string{"Hello,\n", "acme invites you", "  - gone\n"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, m.Text)
		}
	}
	if m.To.Name != "" {
		t.Errorf("the recipient is called %q", m.To.Name)
	}
}

func TestMessageCannotBeForged(t *testing.T) {
	const hostile = "Evil\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u202e\u2066txet\u0000\u0085\u2028next"
	u, org := testUser("en"), testOrganization()
	u.Spec.GivenName, u.Spec.FamilyName, org.Spec.DisplayName = hostile, hostile, hostile
	role := func(string) *v1alpha1.Role {
		return &v1alpha1.Role{Spec: v1alpha1.RoleSpec{DisplayName: hostile, Description: hostile}}
	}
	m := mustMessage(t, testParams(t, Describe(u, org, role)))
	for name, s := range map[string]string{"subject": m.Subject, "recipient": m.To.Name} {
		if strings.ContainsAny(s, "\r\n\x00\u0085\u2028\u202e\u2066") {
			t.Errorf("the %s holds a character that can forge: %q", name, s)
		}
	}
	if strings.ContainsAny(m.Text+m.HTML, "\r\x00\u0085\u2028\u202e\u2066") || strings.Contains(m.Text, "\nBcc") {
		t.Errorf("the text can be forged: %q", m.Text)
	}
	if strings.Contains(m.HTML, "<script") {
		t.Errorf("the HTML can be forged: %s", m.HTML)
	}
}

func TestMessageRefuses(t *testing.T) {
	for want, change := range map[string]func(*Params){
		"load the keyring": func(p *Params) { p.Keys = Keyring{} },
		"sender":           func(p *Params) { p.From.Email = "people" },
		"MatchLocale":      func(p *Params) { p.Locale = "tlh" },
	} {
		p := testParams(t, Describe(testUser("en"), testOrganization(), testRole))
		change(&p)
		if _, err := Message(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Message: %v; want %q", err, want)
		}
	}
}

func TestLink(t *testing.T) {
	for base, want := range map[string]string{
		"https://join.acme.example":         "https://join.acme.example/invitations/abc",
		"https://join.acme.example/":        "https://join.acme.example/invitations/abc",
		"http://acme.example:8080/members/": "http://acme.example:8080/members/invitations/abc",
	} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := link(u, "abc"); got != want {
			t.Errorf("link(%s) = %s, want %s", base, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Acme SAS":                      "Acme SAS",
		"  two \t words\u00a0\n here ":  "two words here",
		"a\u202e \u202cb":               "a b",
		"\u200f\u061cשלום":              "שלום",
		"می\u200cخواهم":                 "می\u200cخواهم",
		"👩\u200d💻 team":                 "👩\u200d💻 team",
		"zero\u200bwidth\ufeff\u00ad":   "zerowidth",
		"\x1b[31mred\x7f":               "[31mred",
		"\u2068\r\n\u2069":              "",
		"Jos\u00e9 O\u2019Neill-Łukasz": "José O’Neill-Łukasz",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%+q) = %+q, want %+q", in, got, want)
		}
	}
}
