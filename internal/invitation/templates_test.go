// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	texttemplate "text/template"
	"unicode"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// withText is a set of German templates with this text.
func withText(text string) map[string]string {
	return map[string]string{"de.subject": "Einladung", "de.text": text}
}

// withSubject is one with this subject, withHTML one with this HTML.
func withSubject(subject string) map[string]string {
	return map[string]string{"de.subject": subject, "de.text": "{{.Link}}"}
}

func withHTML(html string) map[string]string {
	return map[string]string{"de.subject": "Einladung", "de.text": "{{.Link}}", "de.html": html}
}

func TestParseTemplatesTakes(t *testing.T) {
	cases := map[string]struct {
		why  string
		data map[string]string
	}{
		"no HTML":             {"a mail of text alone is a mail", withText("{{.Link}}")},
		"all variables":       {"that is what they are for", withText("{{.Organization}} {{.Email}} {{.GivenName}} {{.FullName}} {{range .Roles}}{{.Name}} {{.Description}}{{end}} {{.Link}} {{.Until}} {{.Reminder}} {{.Locale}}")},
		"a line break":        {"values in YAML end in one", withSubject("Einladung\n")},
		"a reminder":          {"it may say something else", withSubject("{{if .Reminder}}Erinnerung {{.Reminder}}{{else}}Einladung{{end}}")},
		"many reminders":      {"numbers compare", withText("{{if gt .Reminder 1}}zum letzten Mal{{end}} {{.Link}}")},
		"variables":           {"as the standard library has them", withText(`{{$l := .Link}}{{$who := or .GivenName .Email}}{{range $i, $r := .Roles}}{{if $i}}, {{end}}{{$r.Name}} of {{$.Organization}} for {{$who}}{{end}} {{$l}}`)},
		"assignment":          {"as the standard library has it", withText(`{{$a := "x"}}{{if .GivenName}}{{$a = .GivenName}}{{end}}{{$a}} {{.Link}}`)},
		"with":                {"the dot changes, and changes back", withText(`{{with .GivenName}}{{.}}{{else}}{{.Email}}{{end}} {{with .Roles}}{{with index . 0}}{{.Name}}{{end}}{{end}} {{.Link}}`)},
		"else with":           {"the dot is that of the inner one", withText(`{{with .GivenName}}{{.}}{{else with .FullName}}{{.}}{{end}} {{.Link}}`)},
		"a first role":        {"where it is sure that there is one", withText(`{{if .Roles}}{{(index .Roles 0).Name}}{{with index .Roles 0}}{{.Description}}{{end}}{{end}} {{.Link}}`)},
		"templates":           {"they serve mails of more than one page", withText(`{{define "r"}}{{.Name}}{{end}}{{define "l"}}{{.Link}}{{end}}{{range .Roles}}{{template "r" .}}{{end}} {{template "l" .}}`)},
		"a block":             {"it is a template as well", withText(`{{block "b" .}}{{.Link}}{{end}}`)},
		"a template for text": {"a dot of text can be shown", withText(`{{define "b"}}<{{.}}>{{end}}{{template "b" .Email}} {{.Link}}`)},
		"break":               {"as the standard library has it", withText(`{{range .Roles}}{{if .Description}}{{continue}}{{end}}{{break}}{{end}}{{.Link}}`)},
		"functions":           {"all that are listed", withText(`{{if and (eq .Locale "de" "fr") (ne .Email "") (not .Reminder) (lt 1 2) (le 1 2) (ge (len .Roles) 1)}}{{print .Email 1 true}}{{println "x"}}{{printf "%-20s|%3d%%" .Email .Reminder}}{{html .Email}}{{.Email | urlquery}}{{index .Email 0}}{{end}}{{.Link}}`)},
		"HTML":                {"the usual case", withHTML(`<p>{{.Organization}}</p><a href="{{.Link}}">Antwort</a>`)},
		"HTML in CSS":         {"contexts are the library's business", withHTML(`<style>p { color: red }</style><p title="{{.Organization}}">{{.Link}}</p>`)},
		"Windows":             {"so editors there end lines", withText("Hallo,\r\n{{.Link}}\r\n")},
		"a full stop":         {"mail programs leave it out", withText("Siehe {{.Link}}.")},
		"quotes":              {"mail programs leave them out", withText(`Siehe <{{.Link}}> und {{printf "%q" .Link}}`)},
		"right to left":       {"marks of direction belong to some languages", withSubject("\u200fשלום {{.Organization}}")},
		"a comment":           {"comments say nothing", withText("{{/* .Nothing */}}{{.Link}}")},
		"fits":                {"512 steps are few", withText(strings.Repeat("{{.Email}}", 512) + "{{.Link}}")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parsed, problems := ParseTemplates(c.data)
			if len(problems) > 0 || parsed.Match("de") != "de" {
				t.Errorf("ParseTemplates: %v: %s", problems, c.why)
			}
		})
	}
}

func TestParseTemplatesRefuses(t *testing.T) {
	cases := map[string]struct {
		why  string
		data map[string]string
		want []string // parts of the problems, in their order
	}{
		"no subject":        {"a mail has one", map[string]string{"de.text": "{{.Link}}"}, []string{"key de.subject: the key is missing"}},
		"HTML alone":        {"HTML alone is not enough", map[string]string{"de.html": "{{.Link}}"}, []string{"key de.subject: the key is missing", "key de.text: the key is missing"}},
		"unknown part":      {"it would be passed over in silence", map[string]string{"de.txt": ""}, []string{"key de.txt: the key means nothing: name it like fr.subject"}},
		"no dot":            {"it would be passed over in silence", map[string]string{"README": ""}, []string{"key README: the key means nothing"}},
		"no language":       {"nobody would get it", map[string]string{"zz.text": ""}, []string{"key zz.text: the key begins with no known language"}},
		"empty language":    {"nobody would get it", map[string]string{".text": ""}, []string{"key .text: the key begins with no known language"}},
		"no language yet":   {"nobody would get it", map[string]string{"und.text": "", "x-acme.text": ""}, []string{"key und.text: the key begins with", "key x-acme.text: the key begins with"}},
		"another spelling":  {"there is one of each", map[string]string{"pt_br.text": "", "FR.text": "", "iw.text": ""}, []string{"key FR.text: spell the language fr", "key iw.text: spell the language he", "key pt_br.text: spell the language pt-BR"}},
		"syntax":            {"it cannot be read", withText("{{.Link}}\n{{if}}x{{end}}"), []string{"key de.text, line 2: missing value for if"}},
		"not closed":        {"it cannot be read", withText("{{.Link}}\n{{if .Email}}\n\n"), []string{"key de.text, line 4: unexpected EOF"}},
		"undefined $":       {"it cannot be read", withText("{{.Link}}\n{{$x}}"), []string{"key de.text, line 2: undefined variable \"$x\""}},
		"unknown variable":  {"a typing error", withText("{{.Link}}\n\n{{.Organisation}}"), []string{"key de.text, line 3: there is no variable .Organisation: use one of .Organization, .Email, .GivenName, .FullName, .Roles, .Link, .Until, .Reminder, .Locale"}},
		"in dead branch":    {"a branch that samples do not take", withText("{{.Link}}{{if eq .Email \"x\"}}\n{{.Nope}}{{else if false}}{{.Never}}{{end}}"), []string{"line 2: there is no variable .Never", "line 2: there is no variable .Nope"}},
		"in range":          {"the dot is a role", withText("{{.Link}}{{range .Roles}}\n{{.Email}}{{.Nope}}{{else}}{{.Name}}{{end}}"), []string{"line 2: a role has no .Email: use one of .Name, .Description, or $.Email for that of the mail", "line 2: a role has no .Nope: use one of .Name, .Description", "line 2: there is no variable .Name"}},
		"in with":           {"the dot is a text", withText("{{.Link}}{{with .Email}}{{.Link}}{{end}}"), []string{"line 1: there is no .Link here: the value before it is text"}},
		"in $":              {"it is a role", withText("{{.Link}}{{range $r := .Roles}}{{$r.Nope}}{{$.Nope}}{{end}}"), []string{"a role has no .Nope", "there is no variable .Nope"}},
		"in an argument":    {"arguments count", withText("{{.Link}}{{printf \"%s\" (or .Nope .Email)}}{{with $x := .Nopes}}{{end}}"), []string{"no variable .Nope:", "no variable .Nopes:"}},
		"in a definition":   {"it is used with a role", withText("{{define \"r\"}}\n{{.Email}}{{end}}{{.Link}}{{range .Roles}}{{template \"r\" .}}{{end}}"), []string{"line 2: a role has no .Email: use one of .Name, .Description"}},
		"unused definition": {"whoever uses it wants to know", withText("{{define \"r\"}}\n{{.Nope}}{{end}}{{.Link}}"), []string{"line 2: there is no variable .Nope"}},
		"nothing handed":    {"the dot is nothing", withText("{{define \"r\"}}{{.Email}}{{end}}{{.Link}}{{template \"r\"}}"), []string{"line 1: there is no .Email here: hand it to the template"}},
		"no such template":  {"nothing to put there", withText("{{.Link}}\n{{if false}}{{template \"nope\" .}}{{end}}"), []string{"line 2: there is no template \"nope\""}},
		"call":              {"it runs other code", withText("{{.Link}}\n{{call .Email}}"), []string{"line 2: there is no function call: use one of and, or, not, len, index, eq,"}},
		"js and slice":      {"no use in a mail", withText("{{.Link}}{{js .Email}}{{slice .Email 1}}{{env \"HOME\"}}"), []string{"no function env", "no function js", "no function slice"}},
		"a method":          {"values have none", withText("{{.Link}}{{.Locale.FormatTime 1}}"), []string{".Locale.FormatTime is no function", "there is no .FormatTime here"}},
		"too many":          {"fails when the mail is written", withText("{{.Link}}{{if false}}{{len .Email 1}}{{eq 1}}{{not}}{{end}}"), []string{"eq: 1 arguments", "len: 2 arguments", "not: 0 arguments"}},
		"len of a number":   {"fails when the mail is written", withText("{{.Link}}{{if false}}{{len .Reminder}}{{end}}"), []string{"len: it counts"}},
		"kinds compared":    {"fails when the mail is written", withText("{{.Link}}{{if false}}{{if eq .Reminder \"1\"}}{{end}}{{lt .Roles 1}}{{gt .Reminder 1.5}}{{end}}"), []string{"1.5: use whole numbers", "eq: it compares", "lt: it compares"}},
		"no argument taken": {"fails when the mail is written", withText("{{.Link}}{{if false}}{{.Email 1}}{{.Email | .Until}}{{end}}"), []string{".Email is no function", ".Until is no function"}},
		"nil":               {"fails when the mail is written", withText("{{.Link}}{{eq nil .Email}}"), []string{"nil is no value here"}},
		"list shown":        {"people cannot read it", withText("{{.Link}}\n{{.Roles}}{{.}}{{range .Roles}}{{.}}{{end}}"), []string{"it shows a list of roles: show", "it shows a role:", "it shows the whole mail:"}},
		"kind changed":      {"nobody can follow", withText("{{.Link}}{{$x := .Email}}{{range .Roles}}{{$x = .}}{{end}}"), []string{"$x is text and cannot become a role"}},
		"left its branch":   {"fails when the mail is written", withText("{{.Link}}{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}"), []string{"there is no variable $x here"}},
		"no link":           {"nobody can answer", withText("Hallo"), []string{"key de.text: it does not show {{.Link}}"}},
		"link for some":     {"nobody else can answer", withText("{{if .Roles}}{{.Link}}{{end}}"), []string{"it does not show {{.Link}}, without which nobody can answer: show it in every case (tried with an invitation with 0 roles)"}},
		"link with a name":  {"nobody else can answer", withText("{{with .GivenName}}{{$.Link}}{{end}}"), []string{"to somebody without a given name"}},
		"link in the first": {"reminders carry it as well", withText("{{if not .Reminder}}{{.Link}}{{end}}"), []string{"tried with reminder 1"}},
		"not in the last":   {"reminders carry it as well", withText("{{if le .Reminder 1}}{{.Link}}{{end}}"), []string{"tried with reminder 2"}},
		"link runs on":      {"what follows becomes part of it", withText("{{.Link}}und"), []string{"what follows {{.Link}} becomes a part of it"}},
		"link quoted":       {"it cannot be followed", withText("{{urlquery .Link}}"), []string{"does not show {{.Link}}"}},
		"no link in HTML":   {"nobody can answer", withHTML("<p>Hallo</p>"), []string{"key de.html: it does not show {{.Link}}"}},
		"link in a comment": {"nobody sees it", withHTML("<!-- {{.Link}} -->"), []string{"key de.html: it does not show {{.Link}}"}},
		"empty text":        {"nothing to read", withText(""), []string{"key de.text: it is empty"}},
		"definitions only":  {"nothing to read", withText("{{define \"x\"}}{{.Link}}{{end}}\n"), []string{"key de.text: it is empty"}},
		"empty HTML":        {"leave the key out", withHTML(" \n"), []string{"key de.html: it is empty"}},
		"empty subject":     {"a mail has one", withSubject(" \n"), []string{"key de.subject: it is empty"}},
		"subject for some":  {"a mail has one", withSubject("{{.GivenName}}"), []string{"key de.subject: the subject must be one line that is not empty (tried with an invitation with 3 roles to somebody"}},
		"two lines":         {"a header is one line", withSubject("Einladung\nBcc: eve@evil.example"), []string{"key de.subject: the subject must be one line"}},
		"println":           {"a header is one line", withSubject("{{println 1}}x"), []string{"the subject must be one line"}},
		"separator":         {"a header is one line", withSubject("a{{\"\\u2028\"}}b"), []string{"the subject must be one line"}},
		"long subject":      {"mail servers refuse it", withSubject(strings.Repeat("ab ", 2000)), []string{"the subject is longer than"}},
		"link in subject":   {"it ends in logs", withSubject("{{.Link}}"), []string{"the subject shows {{.Link}}"}},
		"range out of it":   {"fails for who has no role", withText("{{.Link}}\n{{(index .Roles 0).Name}}"), []string{"key de.text, line 2: <index .Roles 0>: error calling index: reflect: slice index out of range (tried with an invitation with 0 roles)"}},
		"control character": {"it steers terminals", withText("{{.Link}}\n\x1b[31m"), []string{"key de.text, line 2: there is a control character, U+001B"}},
		"not UTF-8":         {"it cannot be read", withText("{{.Link}}\n\xff"), []string{"key de.text: it is not UTF-8"}},
		"too large":         {"mail servers refuse it", withText(strings.Repeat("x", sizeLimit) + "{{.Link}}"), []string{"key de.text: it is longer than 256 KiB"}},
		"bad format":        {"it fills the memory", withText("{{.Link}}\n{{if false}}{{printf \"%1000000d\" 1}}{{end}}"), []string{"line 2: printf: it makes or takes a text of more than 4096 bytes"}},
		"star":              {"it fills the memory", withText("{{.Link}}{{printf \"%*d\" 1000000 1}}"), []string{"printf: its format has a * or a [n]"}},
		"HTML context":      {"nobody can tell what the browser does", withHTML("{{.Link}}\n<p {{if .GivenName}}title='{{end}}>"), []string{"key de.html, line 2: {{if}} branches end in different contexts"}},
		"HTML tag":          {"it goes on for ever", withHTML("{{.Link}}\n<a href=\"x\n"), []string{"key de.html, line 2: ends in a non-text context"}},
		"HTML attribute":    {"it is none", withHTML("{{.Link}}\n\n<a =\"x\">"), []string{"key de.html, line 3: "}},
		"HTML escaper":      {"it escapes twice", withHTML("{{.Link}}\n{{.Email | html | print}}"), []string{"key de.html, line 2: predefined escaper \"html\" disallowed"}},
		"HTML in a script":  {"it cannot be told what it is", withHTML("{{.Link}}\n<script>x = {{.Email}} / {{if .GivenName}}\"{{end}}</script>"), []string{"key de.html, line 2: "}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parsed, problems := ParseTemplates(c.data)
			if parsed.Match("de") == "de" {
				t.Errorf("the locale is used: %s", c.why)
			}
			if len(problems) != len(c.want) {
				t.Fatalf("problems %v, want %q: %s", problems, c.want, c.why)
			}
			for i, p := range problems {
				if !strings.Contains(p.String(), c.want[i]) {
					t.Errorf("%s\nwant it to have %q: %s", p, c.want[i], c.why)
				}
			}
		})
	}
}

// TestParseTemplatesEnds tries what would run for ever, or fill the memory. It fails by taking too long.
func TestParseTemplatesEnds(t *testing.T) {
	doubling := func(line string, n int) string {
		var s strings.Builder
		for i := range n {
			s.WriteString(strings.ReplaceAll(strings.ReplaceAll(line, "#", strconv.Itoa(i)), "@", strconv.Itoa(i+1)))
		}
		return s.String()
	}
	cases := map[string]struct {
		why  string
		text string
		want string
	}{
		"itself":         {"no end", `{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}{{.Link}}`, "uses itself"},
		"the mail":       {"no end", `{{.Link}}{{template "de.text" .}}`, "uses itself"},
		"each other":     {"no end", `{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{if false}}{{template "a" .}}{{end}}{{end}}{{template "a" .}}{{.Link}}`, "uses itself"},
		"unused":         {"no end, once it is used", `{{define "a"}}{{template "a" .}}{{end}}{{.Link}}`, "uses itself"},
		"doubling":       {"2^60 steps that write nothing", doubling(`{{define "t#"}}{{template "t@" .}}{{template "t@" .}}{{end}}`, 60) + `{{define "t60"}}{{end}}{{define "t60x"}}{{end}}{{template "t0" .}}{{.Link}}`, ""},
		"doubling steps": {"2^60 steps that write little", doubling(`{{define "t#"}}{{template "t@" .}}{{template "t@" .}}{{end}}`, 60) + `{{define "t60"}}x{{end}}{{template "t0" .}}{{.Link}}`, "more than 5000 steps"},
		"doubling text":  {"2^60 bytes that are not shown", `{{$x := "abc"}}` + strings.Repeat(`{{$x = print $x $x}}`, 60) + "{{.Link}}", "more than 4096 bytes"},
		"escaping":       {"10^60 bytes", `{{$x := "&"}}` + strings.Repeat(`{{$x = html $x $x}}`, 60) + "{{.Link}}", "more than 4096 bytes"},
		"many arguments": {"a sum of much", `{{$x := print "` + strings.Repeat("x", 4000) + `"}}{{$x = print ` + strings.Repeat("$x ", 1000) + "}}{{.Link}}", "more than 4096 bytes"},
		"many widths":    {"a sum of much", `{{.Link}}{{printf "` + strings.Repeat("%999d", 700) + `"}}`, "more than 4096 bytes"},
		"a computed one": {"formats may be made", `{{.Link}}{{$f := print "%" 9 99999 "d"}}{{printf $f 1}}`, "it makes or takes a text of more than 4096 bytes"},
		"numbers":        {"2^62 rounds", `{{range 4611686018427387904}}{{end}}{{.Link}}`, "only .Roles can be gone through"},
		"a large number": {"2^62 rounds", `{{range $i := 4611686018427387904}}{{end}}{{.Link}}`, "only .Roles can be gone through"},
		"ranges":         {"32^50 rounds, and 2^50 for the escaper", strings.Repeat("{{range $.Roles}}", 50) + strings.Repeat("{{end}}", 50) + "{{.Link}}", "a range within a range"},
		"hidden ranges":  {"the same in disguise", `{{define "a"}}{{range .Roles}}{{end}}{{end}}{{range .Roles}}{{template "a" $}}{{end}}{{.Link}}`, "a range within a range"},
		"deep":           {"a deep nest", strings.Repeat("{{if 1}}", 20000) + strings.Repeat("{{end}}", 20000) + "{{.Link}}", ""},
		"deep brackets":  {"a deep nest", "{{" + strings.Repeat("(", 60000) + "1" + strings.Repeat(")", 60000) + "}}{{.Link}}", ""},
		"many mistakes":  {"a list without end", strings.Repeat("{{.Nope}}\n", 20000) + "{{.Link}}", "no variable .Nope"},
		"much text":      {"300 KiB of it", `{{define "k"}}` + strings.Repeat("x", 3000) + `{{end}}` + strings.Repeat(`{{template "k"}}`, 100) + "{{.Link}}", "it writes more than 256 KiB"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, data := range []map[string]string{withText(c.text), withHTML(strings.ReplaceAll(c.text, "de.text", "de.html"))} {
				parsed, problems := ParseTemplates(data)
				if len(problems) == 0 || len(problems) > problemLimit || parsed.Match("de") == "de" {
					t.Fatalf("problems %v: %s", problems, c.why)
				}
				if all := problems[0].String(); !strings.Contains(all, c.want) {
					t.Errorf("%s\nwant it to have %q: %s", all, c.want, c.why)
				}
				checkProblems(t, problems)
			}
		})
	}
}

func TestParseTemplatesTogether(t *testing.T) {
	data := map[string]string{}
	for _, locale := range strings.Fields("ar bg cs da de el es et fi he hi hr hu id is it ja ko lt lv ms nb nl pl pt ro ru sk sl sv") {
		data[locale+".subject"], data[locale+".text"] = "x", strings.Repeat("{{.Email}}", 2400)+"{{.Link}}"
	}
	parsed, problems := ParseTemplates(data)
	if parsed.Match("ar") != "ar" || parsed.Match("sv") == "sv" || len(problems) == 0 || !strings.Contains(problems[0].Message, "all templates up to this one") {
		t.Errorf("ar is %s, sv is %s, problems %v", parsed.Match("ar"), parsed.Match("sv"), problems)
	}
	checkProblems(t, problems)
}

// checkProblems holds what is promised of all problems.
func checkProblems(t interface {
	Helper()
	Errorf(string, ...any)
}, problems []Problem,
) {
	t.Helper()
	if len(problems) > problemLimit {
		t.Errorf("%d problems at once", len(problems))
	}
	if !slices.IsSortedFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	}) {
		t.Errorf("the problems are in no order: %v", problems)
	}
	for _, p := range problems {
		if p.Message == "" || p.Line < 0 || utf8.RuneCountInString(p.Message) > messageLimit || strings.ContainsFunc(p.Message, unicode.IsControl) {
			t.Errorf("the problem is told badly: %q", p)
		}
	}
}

func TestPrintIsBounded(t *testing.T) {
	half := strings.Repeat("x", printLimit/2)
	called := false
	write := func(n int) func(...any) (string, error) {
		return bounded(func(...any) string { called = true; return strings.Repeat("y", n) })
	}
	cases := map[string]struct {
		why    string
		args   []any
		gives  int
		want   error
		called bool
	}{
		"as much as fits": {"up to the limit", []any{half, half}, printLimit, nil, true},
		"takes too much":  {"the sum counts, before anything is made of it", []any{half, half, 1}, 1, errPrintLimit, false},
		"gives too much":  {"what is made counts as well", []any{half}, printLimit + 1, errPrintLimit, true},
		"a list":          {"nobody knows how long it is", []any{[]Role{{}}}, 1, errPrintKind, false},
		"nothing":         {"it is no text", []any{nil}, 1, errPrintKind, false},
		"all that may be": {"as the checker has it", []any{"x", 1, true, "x"[0]}, 1, nil, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			called = false
			if _, err := write(c.gives)(c.args...); !errors.Is(err, c.want) || called != c.called {
				t.Errorf("called %t, with the error %v; want %t, %v: %s", called, err, c.called, c.want, c.why)
			}
		})
	}
}

func TestCheckFormat(t *testing.T) {
	for format, good := range map[string]bool{
		"":                                true,
		"100 %% of 5000":                  true,
		"%s|%-20s|%05.2d|%q|%x|%+d":       true,
		"%4096d":                          true,
		"%4097d":                          false,
		"%2000d%2000d":                    true,
		"%2000d%2097d":                    false,
		"%.4097d":                         false,
		"%3000.2000d":                     false,
		"%-0+ #9999d":                     false,
		"%99999999999999999999d":          false,
		"%*d":                             false,
		"%.*d":                            false,
		"%[1]d":                           false,
		"%5[1]d":                          false,
		strings.Repeat("x", printLimit+1): false,
	} {
		if err := checkFormat(format); (err == nil) != good {
			t.Errorf("checkFormat(%.40q): %v", format, err)
		}
	}
}

func TestProblemsAreShortLines(t *testing.T) {
	_, problems := ParseTemplates(withText("{{.Link}}{{if false}}{{`two\nlines` 1}}{{template \"" + strings.Repeat("é", 5000) + "\"}}{{end}}"))
	checkProblems(t, problems)
	if len(problems) != 2 || !strings.HasPrefix(problems[0].Message, "`two lines`") || !strings.HasSuffix(problems[1].Message, "...") {
		t.Errorf("problems %v", problems)
	}
	if got, want := problems[0].String(), "key de.text, line 1: `two lines` is no function and takes nothing"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestFieldsAreTheVariables(t *testing.T) {
	for k, of := range map[kind]reflect.Type{kindMail: reflect.TypeFor[variables](), kindRole: reflect.TypeFor[Role]()} {
		var names []string
		for i := range of.NumField() {
			names = append(names, of.Field(i).Name)
		}
		var told []string
		for _, f := range fields[k] {
			told = append(told, f.name)
			want := map[kind]reflect.Type{
				kindText: reflect.TypeFor[string](), kindNumber: reflect.TypeFor[int](), kindRoles: reflect.TypeFor[[]Role](),
			}[f.kind]
			if field, _ := of.FieldByName(f.name); field.Type != want {
				t.Errorf("%s is %v and is taken for %v", f.name, field.Type, want)
			}
		}
		if diff := gocmp.Diff(names, told); diff != "" {
			t.Errorf("what a template may show (-is there +is told):\n%s", diff)
		}
		if of.NumMethod() > 0 {
			t.Errorf("%s has methods, which templates could call", of)
		}
	}
}

func TestFunctionsAreTold(t *testing.T) {
	told := strings.Split(functionNames, ", ")
	slices.Sort(told)
	if diff := gocmp.Diff(slices.Sorted(maps.Keys(signatures)), told); diff != "" {
		t.Errorf("(-there +told):\n%s", diff)
	}
	for _, name := range told {
		if _, err := texttemplate.New("").Parse("{{" + name + "}}"); err != nil {
			t.Errorf("the standard library has none of this name: %v", err)
		}
	}
}

func TestMatch(t *testing.T) {
	own := func(locales ...string) *Templates {
		data := map[string]string{}
		for _, l := range locales {
			data[l+".subject"], data[l+".text"] = l, "{{.Link}}"
		}
		parsed, problems := ParseTemplates(data)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return parsed
	}
	broken, _ := ParseTemplates(map[string]string{
		"fr.subject": "{{.Nope}}", "fr.text": "{{.Link}}", "de.subject": "x", "de.text": "{{.Link}}", "pt-BR.subject": "x", "pt-BR.text": "",
	})
	cases := map[string]struct {
		why    string
		of     *Templates
		wanted []string
		want   Locale
	}{
		"none":                 {"the built-in ones are there", nil, []string{"fr-CA"}, French},
		"empty":                {"the built-in ones are there", own(), []string{"", "fr"}, French},
		"zero":                 {"the built-in ones are there", &Templates{}, []string{"fr"}, French},
		"own":                  {"that is what it is for", own("de"), []string{"de-AT", "fr"}, "de"},
		"own of a region":      {"better than another language", own("pt-BR"), []string{"pt"}, "pt-BR"},
		"best of two":          {"the nearest", own("pt-BR", "pt-PT"), []string{"pt-PT"}, "pt-PT"},
		"own, not the user's":  {"the organization's wish comes second", own("de"), []string{"ja", "de"}, "de"},
		"built-in":             {"the user's language is better than the organization's", own("de"), []string{"fr", "de"}, French},
		"nobody's":             {"English is what remains", own("de"), []string{"ja"}, English},
		"nothing wanted":       {"English is what remains", own("de"), nil, English},
		"own English":          {"English is what remains, and theirs is better", own("de", "en-GB"), []string{"ja"}, "en-GB"},
		"own for built-in":     {"theirs is better", own("fr-CA"), []string{"fr-FR"}, "fr-CA"},
		"own English for ours": {"theirs is better", own("en-GB"), []string{"en-US"}, "en-GB"},
		"broken":               {"the built-in one takes its place", broken, []string{"fr"}, French},
		"broken, no built-in":  {"the next best takes its place", broken, []string{"pt", "de"}, "de"},
		"header":               {"as browsers send it", own("de"), []string{"ja;q=0.9, de;q=0.8"}, "de"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			wanted := slices.Clone(c.wanted)
			if got := c.of.Match(c.wanted...); got != c.want || !slices.Equal(wanted, c.wanted) {
				t.Errorf("Match(%q) = %s, want %s: %s", c.wanted, got, c.want, c.why)
			}
		})
	}
}

func TestMessageOfOrganization(t *testing.T) {
	own, problems := ParseTemplates(map[string]string{
		"de.subject": "{{if .Reminder}}Erinnerung {{.Reminder}}: {{end}}Einladung zu {{.Organization}}\n",
		"de.text":    "Hallo {{.GivenName}},\n{{range $i, $r := .Roles}}{{if $i}}, {{end}}{{$r.Name}}{{end}}\n{{.Link}}\nbis {{.Until}} ({{.Locale}})\n",
		"de.html":    `<p lang="{{.Locale}}">{{.Organization}}</p><a href="{{.Link}}">Antworten</a>`,
		"fr.subject": "Bienvenue",
		"fr.text":    "{{.Link}} {{if .FullName}}{{.FullName}}{{end}} {{if gt (len .Roles) 5}}{{(index .Roles 12).Name}}{{end}}",
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := Describe(testUser("de"), testOrganization(), testRole)
	d.Organization = `Acme & "Söhne" <GmbH>`
	d.Locale = own.Match("de")
	p := testParams(t, d)
	p.Templates = own
	m := mustMessage(t, p)
	if diff := gocmp.Diff(m, mustMessage(t, p)); diff != "" {
		t.Errorf("the same Params gave two messages:\n%s", diff)
	}
	token, err := p.Keys.Token(p.Claims, p.Email)
	if err != nil {
		t.Fatal(err)
	}
	page := "https://join.acme.example/invitations/" + token
	if want := "Hallo Jean,\nCommercial, expenses\n" + page + "\nbis 2026-03-09 17:30 (CET) (de)\n"; m.Text != want {
		t.Errorf("the text is %q, want %q", m.Text, want)
	}
	if want := `<p lang="de">Acme &amp; &#34;Söhne&#34; &lt;GmbH&gt;</p><a href="` + page + `">Antworten</a>`; m.HTML != want {
		t.Errorf("the HTML is %q, want %q", m.HTML, want)
	}
	if want := `Einladung zu Acme & "Söhne" <GmbH>`; m.Subject != want {
		t.Errorf("the subject is %q, want %q", m.Subject, want)
	}
	p.Reminder = 2
	if got := mustMessage(t, p).Subject; !strings.HasPrefix(got, "Erinnerung 2: ") {
		t.Errorf("the subject of the reminder is %q", got)
	}
	p.Locale = French
	if m := mustMessage(t, p); m.Subject != "Bienvenue" || m.HTML != "" || m.InReplyTo == "" {
		t.Errorf("the mail without HTML is %+v", m)
	}
	for range 6 {
		p.Roles = append(p.Roles, Role{Name: "another"})
	}
	if m := mustMessage(t, p); !strings.HasPrefix(m.Subject, "Rappel") || !strings.Contains(m.HTML, `lang="fr"`) {
		t.Errorf("a template that fails holds up the mail, or another than the built-in one takes its place: %+v", m)
	}
	p.Locale = English
	if m := mustMessage(t, p); !strings.HasPrefix(m.Subject, "Reminder: ") {
		t.Errorf("a language without templates of its own has the subject %q", m.Subject)
	}
}

// TestLongestNames holds that no name that the API takes is too long for the mails that come built in.
func TestLongestNames(t *testing.T) {
	long := strings.Repeat("\U0001f600", 253)
	u, org := testUser("en"), testOrganization()
	u.Spec.GivenName, u.Spec.FamilyName, org.Spec.DisplayName = long, long, long
	p := testParams(t, Describe(u, org, testRole))
	for range 32 {
		p.Roles = append(p.Roles, Role{Name: long, Description: strings.Repeat(long, 4)})
	}
	mustMessage(t, p)
}

// accepted says that templates that ParseTemplates took give a mail in every case, in words of their own unless
// something about the case could not be foreseen, and with the link.
func accepted(t interface {
	Helper()
	Errorf(string, ...any)
}, p Params,
) {
	t.Helper()
	m, err := Message(p)
	if err != nil || m.Validate() != nil {
		t.Errorf("templates without a problem give no mail: %v, %v", err, m.Validate())
		return
	}
	token, _ := p.Keys.Token(p.Claims, p.Email)
	if !strings.Contains(m.Text, "https://join.acme.example/invitations/"+token) || m.HTML != "" && !strings.Contains(m.HTML, token) {
		t.Errorf("a mail without its link:\n%s\n%s", m.Text, m.HTML)
	}
	if len(m.Text) > sizeLimit || len(m.HTML) > sizeLimit {
		t.Errorf("a mail of %d and %d bytes", len(m.Text), len(m.HTML))
	}
}

// pieces are what templates are made of, good and bad.
var pieces = []string{
	"{{.Link}}", "{{.Organization}}", "{{.Nope}}", "{{.Reminder}}", "{{.Roles}}", "{{.}}", "{{.Name}}", "{{$.Email}}", "{{$x}}", "{{$x := .Email}}", "{{$x = .Link}}",
	"{{if .GivenName}}", "{{if .Reminder}}", "{{if .Roles}}", "{{with .GivenName}}", "{{with .Roles}}", "{{range .Roles}}", "{{range $i, $x := .Roles}}", "{{else}}", "{{end}}", "{{break}}",
	`{{define "a"}}`, `{{template "a" .}}`, `{{template "b"}}`, `{{block "b" .}}`, `{{printf "%s" .Link}}`, `{{printf "%9999d" 1}}`, "{{len .Roles}}", "{{index .Roles 0}}", "{{(index .Roles 1).Name}}",
	"{{eq .Locale .Email}}", "{{not .Roles | print}}", "{{html .Link}}", "{{.Link | urlquery}}", "<p>", "</p>", `<a href="`, `">`, "'", "<script>", "</script>", "<!--", "-->", "\n", " ", "x", "{{", "}}", "\x00", "é",
}

func TestAnyTemplates(t *testing.T) {
	p := testParams(t, Describe(testUser("en"), testOrganization(), testRole))
	taken := 0
	rapid.Check(t, func(rt *rapid.T) {
		source := func(label string, tail []string) string {
			most := rapid.SampledFrom([]int{0, 0, 0, 2, 12}).Draw(rt, "pieces of the "+label) // enough of them are good
			return strings.Join(append(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, most).Draw(rt, label), tail...), "")
		}
		tail := rapid.SampledFrom([][]string{nil, {" {{.Link}}"}, {" {{.Link}}"}}).Draw(rt, "tail")
		data := map[string]string{"de.subject": source("subject", []string{"x"}), "de.text": source("text", tail)}
		if rapid.Bool().Draw(rt, "with HTML") {
			data["de.html"] = source("html", tail)
		}
		parsed, problems := ParseTemplates(data)
		checkProblems(rt, problems)
		if got := parsed.Match("de") == "de"; got != (len(problems) == 0) {
			rt.Errorf("used %t, with the problems %v", got, problems)
		}
		if len(problems) > 0 {
			return
		}
		taken++
		p := p
		p.Templates, p.Locale = parsed, "de"
		p.Reminder = rapid.IntRange(0, 3).Draw(rt, "reminder")
		p.Roles = p.Roles[:rapid.IntRange(0, len(p.Roles)).Draw(rt, "roles")]
		p.GivenName = rapid.SampledFrom([]string{"", "Jean"}).Draw(rt, "given name")
		accepted(rt, p)
	})
	if taken == 0 {
		t.Error("no templates at all were taken: the test says nothing of those")
	}
}

func FuzzParseTemplates(f *testing.F) {
	f.Add("de", "Einladung", "{{.Link}}", "<a href='{{.Link}}'>x</a>")
	f.Add("pt-BR", "{{.Organization}}", `{{define "a"}}{{.Name}}{{end}}{{range .Roles}}{{template "a" .}}{{end}} {{.Link}}`, "")
	f.Add("zz", "\n", `{{printf "%1000000d" 1}}`, "<script>{{.Link}}</script>")
	f.Add("en", "{{$x := 1}}{{$x}}", `{{template "en.text"}}`, "{{range $.Roles}}{{range $.Roles}}")
	for _, piece := range pieces {
		f.Add("en", piece, piece+"{{.Link}}", piece+"{{.Link}}")
	}
	f.Fuzz(func(t *testing.T, locale, subject, text, html string) {
		data := map[string]string{locale + ".subject": subject, locale + ".text": text}
		if html != "" {
			data[locale+".html"] = html
		}
		parsed, problems := ParseTemplates(data)
		checkProblems(t, problems)
		if again, same := ParseTemplates(data); again.Match(locale) != parsed.Match(locale) || !slices.Equal(same, problems) {
			t.Errorf("the same data has the problems %v, then %v", problems, same)
		}
		if _, used := parsed.find(Locale(locale)); used != (len(problems) == 0) {
			t.Errorf("used %t, with the problems %v", used, problems)
		}
		p := testParams(t, Describe(testUser("en"), testOrganization(), testRole))
		p.Templates, p.Locale = parsed, parsed.Match(locale)
		accepted(t, p)
	})
}
