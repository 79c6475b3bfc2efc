// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"flag"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
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
		for _, reminder := range []int{0, 1} {
			name := string(locale) + map[int]string{1: "-reminder"}[reminder]
			t.Run(name, func(t *testing.T) {
				p := testParams(t, Describe(testUser(string(locale)), testOrganization(), testRole))
				if reminder > 0 {
					p.Reminder, p.Date = reminder, p.ExpiresAt.Add(-48*time.Hour)
					p.ReplyTo = &mail.Address{Name: "Help", Email: "help@acme.example"}
				}
				m := mustMessage(t, p)
				golden(t, name+".txt", header(m)+"\n"+m.Text)
				golden(t, name+".html", m.HTML)
			})
		}
	}
}

// header is what a mail says of itself.
func header(m mail.Message) string {
	s := "Message-ID: <" + m.ID + ">\n"
	if m.InReplyTo != "" {
		s += "In-Reply-To: <" + m.InReplyTo + ">\n"
	}
	s += "Date: " + m.Date.Format(time.RFC3339) + "\nFrom: " + m.From.Name + " <" + m.From.Email + ">\n"
	if m.ReplyTo != nil {
		s += "Reply-To: " + m.ReplyTo.Name + " <" + m.ReplyTo.Email + ">\n"
	}
	s += "To: " + m.To.Name + " <" + m.To.Email + ">\nSubject: " + m.Subject + "\n"
	if m.Unsubscribe != "" {
		s += "List-Unsubscribe: <" + m.Unsubscribe + ">\n"
	}
	return s
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

func TestReminder(t *testing.T) {
	p := testParams(t, Describe(testUser("en"), testOrganization(), testRole))
	p.ReplyTo = &mail.Address{Email: "help@acme.example"}
	first := mustMessage(t, p)
	if first.InReplyTo != "" || first.Unsubscribe != "" || first.ReplyTo != p.ReplyTo {
		t.Errorf("the invitation is sent in reply to %q, to be unsubscribed from at %q, with answers to %v", first.InReplyTo, first.Unsubscribe, first.ReplyTo)
	}
	if want := p.ExpiresAt.Add(-p.TTL); !first.Date.Equal(want) {
		t.Errorf("the invitation is of %s, want %s", first.Date, want)
	}
	token, err := p.Keys.Token(p.Claims, p.Email)
	if err != nil {
		t.Fatal(err)
	}
	page := "https://join.acme.example/invitations/" + token
	seen := map[string]int{first.ID: 0}
	for n := 1; n <= 3; n++ {
		p.Reminder, p.Date = n, first.Date.Add(time.Duration(n)*time.Hour)
		m := mustMessage(t, p)
		if diff := cmp.Diff(m, mustMessage(t, p)); diff != "" {
			t.Errorf("reminder %d is another one the second time:\n%s", n, diff)
		}
		if other, found := seen[m.ID]; found {
			t.Errorf("reminders %d and %d have one Message-ID", other, n)
		}
		seen[m.ID] = n
		if m.InReplyTo != first.ID || m.Unsubscribe != page || !m.Date.Equal(p.Date) || m.ReplyTo != p.ReplyTo {
			t.Errorf("reminder %d: in reply to %q, unsubscribe at %q, of %s, answers to %v", n, m.InReplyTo, m.Unsubscribe, m.Date, m.ReplyTo)
		}
		if !strings.HasPrefix(m.Subject, "Reminder: ") || !strings.Contains(m.Text, page+"\n") || !strings.Contains(m.HTML, `href="`+page+`"`) {
			t.Errorf("reminder %d has the subject %q and the text\n%s", n, m.Subject, m.Text)
		}
	}
}

// scripts are names as people write them, by what is special about them.
var scripts = map[string]string{
	"accents":     "Zoë Müller-Łukasz, Société Générale d’Été",
	"decomposed":  "Jose\u0301",
	"Arabic":      "شركة المثال (ذ.م.م)",
	"Hebrew":      "דוגמה בע״מ",
	"Persian":     "می\u200cخواهم",
	"Chinese":     "示例有限公司",
	"Hindi":       "क्\u200dष उदाहरण",
	"emoji":       "👩\u200d💻 Team 🏳️\u200d🌈",
	"astral":      "𝔄𝔠𝔪𝔢 𠮷野家",
	"mixed":       "Acme אקמה 123 شركة",
	"punctuation": `"O'Neill" <Sons> & Co; {{.Link}} %d \ = ?`,
}

func TestNamesSurvive(t *testing.T) {
	own, problems := ParseTemplates(map[string]string{
		"he.subject": "הזמנה: {{.Organization}}",
		"he.text":    "שלום {{.GivenName}}: {{.Organization}} {{range .Roles}}{{.Name}} {{.Description}}{{end}}\n{{.Link}}\n",
		"he.html":    `<p dir="rtl">{{.GivenName}} {{.Organization}} {{range .Roles}}{{.Name}} {{.Description}}{{end}}<a href="{{.Link}}">קישור</a>`,
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for why, name := range scripts {
		for _, locale := range []string{"en", "fr", "he"} {
			u, org := testUser(""), testOrganization()
			u.Spec.GivenName, u.Spec.FamilyName, org.Spec.DisplayName = name, name, name
			p := testParams(t, Describe(u, org, func(string) *v1alpha1.Role {
				return &v1alpha1.Role{Spec: v1alpha1.RoleSpec{DisplayName: name, Description: name}}
			}))
			p.Templates = own
			p.Locale = own.Match(locale)
			m := mustMessage(t, p)
			if !strings.Contains(m.Subject, name) || m.To.Name != name+" "+name {
				t.Errorf("%s, %s: the subject is %q, the recipient %q", why, locale, m.Subject, m.To.Name)
			}
			// As what it is called, who invites, and in the names and descriptions of two roles.
			if n := strings.Count(m.Text, name); n != 6 {
				t.Errorf("%s, %s: the text has the name %d times, want 6:\n%s", why, locale, n, m.Text)
			}
			if n := strings.Count(html.UnescapeString(m.HTML), name); n < 6 {
				t.Errorf("%s, %s: the HTML has the name %d times, want at least 6:\n%s", why, locale, n, m.HTML)
			}
		}
	}
}

func TestHTMLStandsAlone(t *testing.T) {
	for _, locale := range Locales {
		for _, reminder := range []int{0, 1} {
			u, org := testUser(string(locale)), testOrganization()
			org.Spec.DisplayName = strings.Repeat("Donaudampfschiff", 15)
			p := testParams(t, Describe(u, org, testRole))
			p.Reminder = reminder
			m := mustMessage(t, p)
			lower := strings.ToLower(m.HTML)
			for _, remote := range []string{"src=", "srcset", "url(", "@import", "<link", "<script", "<img", "<iframe", "<form", "<base", "background=", "http-equiv", "//fonts"} {
				if strings.Contains(lower, remote) {
					t.Errorf("%s: the mail has %q: it could load something from afar", locale, remote)
				}
			}
			links := regexp.MustCompile(`(?:[a-z]+:)?//[^"<\s]*`).FindAllString(m.HTML, -1)
			if len(links) != 3 { // the button, and the address as a link to itself
				t.Errorf("%s: links %q, want 3", locale, links)
			}
			for _, l := range links {
				if !strings.HasPrefix(l, "https://join.acme.example/invitations/") || !strings.Contains(m.Text, l+"\n") {
					t.Errorf("%s: a link to %s", locale, l)
				}
			}
			for _, needed := range []string{
				`lang="` + string(locale) + `"`, `dir="ltr"`, `dir="auto"`, "width=device-width", "max-width:560px", "overflow-wrap:anywhere",
				"word-break:break-word", "@media (max-width: 480px)", "box-sizing:border-box",
			} {
				if !strings.Contains(m.HTML, needed) {
					t.Errorf("%s: the mail lacks %s", locale, needed)
				}
			}
			for _, wide := range []string{"<table", "white-space", "nowrap", "min-width"} {
				if strings.Contains(lower, wide) || regexp.MustCompile(`[;"{ ]width: *[0-9]`).MatchString(lower) {
					t.Errorf("%s: the mail has %s or a fixed width, and does not fit a narrow window", locale, wide)
				}
			}
		}
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
		"no reminder -1":   func(p *Params) { p.Reminder = -1 },
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
		if got := Clean(in); got != want {
			t.Errorf("Clean(%+q) = %+q, want %+q", in, got, want)
		}
	}
}
