// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Limits of an organization's templates. They keep one organization from filling the memory, or the time, of all.
const (
	// sizeLimit is how many bytes a template has at most, and how many it writes.
	sizeLimit = 256 << 10
	// subjectLimit is how many bytes a subject has. The longest names fit.
	subjectLimit = 4096
	// stepLimit is how many steps a template takes, totalLimit how many all of an organization take.
	stepLimit, totalLimit = 5000, 100_000
	// problemLimit is how many problems are told at once, and messageLimit how long each is, in characters.
	problemLimit, messageLimit = 20, 300
)

// The parts of a mail, as they end the keys of a ConfigMap.
const (
	partSubject = "subject"
	partText    = "text"
	partHTML    = "html"
)

// Templates are the mails that an organization wrote itself. A nil one has none.
type Templates struct {
	own map[Locale]letterTemplates
	// matcher picks among locales: the organization's own, and the built-in ones of other languages.
	matcher language.Matcher
	locales []Locale
}

// Problem is a mistake in the templates of an organization.
type Problem struct {
	// Key is the key of the ConfigMap.
	Key string
	// Line is where in its value, from 1; 0 when it is about all of it.
	Line int
	// Message says what is wrong and what to do, in one line.
	Message string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return "key " + p.Key + ": " + p.Message
	}
	return "key " + p.Key + ", line " + strconv.Itoa(p.Line) + ": " + p.Message
}

// ParseTemplates reads the mails of an organization from the data of its ConfigMap. Its keys are <locale>.subject,
// <locale>.text and <locale>.html, where the locale is a BCP 47 tag such as fr or pt-BR; html may be absent. Each is a
// template of Go's text/template, the last of html/template. They may show:
//
//	.Organization  the name of the organization
//	.Email         the address that is invited
//	.GivenName     what to call the person; may be empty
//	.FullName      given and family name; may be empty
//	.Roles         what the person is to be, for {{range .Roles}}: .Name, and .Description, which may be empty
//	.Link          the address of the page on which the person answers; not in the subject
//	.Until         until when, for people to read
//	.Reminder      0 in the invitation itself, n in its nth reminder
//	.Locale        the locale of the template
//
// They may use the functions and, or, not, len, index, eq, ne, lt, le, gt, ge, print, printf, println, html and
// urlquery. Text and HTML must show .Link in every case, and the subject must be one line.
//
// A locale with a problem is left out as a whole: half a mail in each of two versions would confuse. The problems are
// sorted, and not more than people care to read at once.
func ParseTemplates(data map[string]string) (*Templates, []Problem) {
	r := reader{data: data, steps: totalLimit}
	t := &Templates{own: map[Locale]letterTemplates{}}
	for _, locale := range r.localesOf() {
		if letter, ok := r.letter(locale); ok {
			t.own[locale] = letter
		}
	}
	t.prepare()
	slices.SortFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	r.problems = slices.Compact(r.problems)
	return t, r.problems[:min(len(r.problems), problemLimit)]
}

// prepare readies t for Match.
func (t *Templates) prepare() {
	var tags []language.Tag
	spoken := map[language.Base]bool{}
	add := func(locale Locale) {
		tag := language.Make(string(locale))
		base, _ := tag.Base()
		spoken[base] = true
		t.locales, tags = append(t.locales, locale), append(tags, tag)
	}
	for _, locale := range slices.Sorted(maps.Keys(t.own)) {
		add(locale)
	}
	for _, locale := range Locales {
		if base, _ := language.Make(string(locale)).Base(); !spoken[base] {
			add(locale)
		}
	}
	t.matcher = language.NewMatcher(tags)
}

// Match picks the language that suits best, as MatchLocale does, among those of the organization and the built-in
// ones. The organization's own take the place of the built-in one of the same language.
func (t *Templates) Match(wanted ...string) Locale {
	if t == nil || len(t.own) == 0 {
		return MatchLocale(wanted...)
	}
	_, i := language.MatchStrings(t.matcher, append(slices.Clone(wanted), string(English))...)
	return t.locales[i]
}

// find returns the templates of the organization for a locale.
func (t *Templates) find(locale Locale) (letterTemplates, bool) {
	if t == nil {
		return letterTemplates{}, false
	}
	own, found := t.own[locale]
	return own, found
}

// letter is what a mail says.
type letter struct{ subject, text, html string }

// executor is what the two template packages have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// letterTemplates are the templates of a letter. The one for HTML may be nil.
type letterTemplates struct{ subject, text, html executor }

// fault is why a letter cannot be written.
type fault struct {
	part string
	err  error
}

// write writes a letter. The same values give the same letter, or the same fault.
func (l letterTemplates) write(v variables) (letter, *fault) {
	var out letter
	for _, part := range []struct {
		name     string
		template executor
		to       *string
		check    func(string, variables) error
	}{
		{partSubject, l.subject, &out.subject, checkSubject}, {partText, l.text, &out.text, checkText}, {partHTML, l.html, &out.html, checkHTML},
	} {
		if part.template == nil {
			continue
		}
		var w limited
		err := part.template.Execute(&w, v)
		*part.to = w.kept.String()
		if part.name == partSubject {
			out.subject = strings.TrimSpace(out.subject) // a value in YAML often ends in a line break
		}
		if err = cmp.Or(err, part.check(*part.to, v)); err != nil {
			return letter{}, &fault{part.name, err}
		}
	}
	return out, nil
}

var (
	errTooLong     = fmt.Errorf("it writes more than %d KiB: shorten it", sizeLimit>>10)
	errNoLink      = errors.New("it does not show {{.Link}}, without which nobody can answer: show it in every case")
	errLinkRuns    = errors.New("what follows {{.Link}} becomes a part of it: put a space or a line break between them")
	errSubject     = errors.New("the subject must be one line that is not empty")
	errSubjectLong = fmt.Errorf("the subject is longer than %d bytes: shorten it", subjectLimit)
	errSubjectLink = errors.New("the subject shows {{.Link}}, and mail servers write subjects to their logs: show it in the text alone")
)

func checkSubject(subject string, v variables) error {
	switch {
	case subject == "" || !utf8.ValidString(subject) || strings.ContainsFunc(subject, breaksLines):
		return errSubject
	case len(subject) > subjectLimit:
		return errSubjectLong
	case strings.Contains(subject, tokenOf(v.Link)):
		return errSubjectLink
	}
	return nil
}

func checkText(text string, v variables) error { return checkLink(text, v.Link) }

// checkHTML looks for the token alone: HTML spells some characters of an address differently, but none of a token.
func checkHTML(html string, v variables) error { return checkLink(html, tokenOf(v.Link)) }

// checkLink says whether a link is there to follow: mail programs end a link at the first character that cannot be
// part of one.
func checkLink(s, link string) error {
	err := errNoLink
	for {
		_, after, found := strings.Cut(s, link)
		if !found {
			return err
		}
		if next, _ := utf8.DecodeRuneInString(after); after == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && !strings.ContainsRune("-_/%~+=&@", next) {
			return nil
		}
		s, err = after, errLinkRuns
	}
}

// tokenOf is the token of a link, which no spelling of HTML alters.
func tokenOf(link string) string { return link[strings.LastIndexByte(link, '/')+1:] }

// breaksLines finds characters that have no place within a line.
func breaksLines(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// limited keeps what is written, and refuses what is too much before it is kept.
type limited struct{ kept strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > sizeLimit {
		return 0, errTooLong
	}
	return l.kept.Write(p)
}

// reader reads templates and collects what is wrong with them.
type reader struct {
	data     map[string]string
	problems []Problem
	// steps are how many the templates to come may take.
	steps int
}

func (r *reader) wrong(key string, line int, message string) {
	message = Clean(message)
	if runes := []rune(message); len(runes) > messageLimit {
		message = string(runes[:messageLimit-3]) + "..."
	}
	r.problems = append(r.problems, Problem{key, line, message})
}

// localesOf returns the locales that the keys speak of, sorted, and reports the other keys.
func (r *reader) localesOf() []Locale {
	found := map[Locale]bool{}
	for key := range r.data {
		if locale, wrong := parseKey(key); wrong != "" {
			r.wrong(key, 0, wrong)
		} else {
			found[locale] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// parseKey splits off the locale of a key, or says what is wrong with the key.
func parseKey(key string) (locale Locale, wrong string) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 || !slices.Contains([]string{partSubject, partText, partHTML}, key[i+1:]) {
		return "", "the key means nothing: name it like fr.subject, fr.text or fr.html"
	}
	tag, err := language.Parse(key[:i])
	if base, _ := tag.Base(); err != nil || base.String() == "und" || tag.IsRoot() {
		return "", "the key begins with no known language: begin it with a tag of BCP 47 such as fr or pt-BR"
	}
	if tag.String() != key[:i] {
		return "", "spell the language " + tag.String()
	}
	return Locale(key[:i]), ""
}

// letter reads the templates of a locale. They are good if all is.
func (r *reader) letter(locale Locale) (letterTemplates, bool) {
	before := len(r.problems)
	var l letterTemplates
	for _, part := range []string{partSubject, partText, partHTML} {
		key := string(locale) + "." + part
		source, found := r.data[key]
		switch {
		case !found && part == partHTML:
		case !found:
			r.wrong(key, 0, "the key is missing: a language needs a subject and a text")
		case part == partSubject:
			l.subject = r.template(key, source, newText)
		case part == partText:
			l.text = r.template(key, source, newText)
		default:
			l.html = r.template(key, source, newHTML)
		}
	}
	if len(r.problems) > before {
		return letterTemplates{}, false
	}
	for _, s := range samples(locale) {
		if _, fault := l.write(s.variables); fault != nil {
			key := string(locale) + "." + fault.part
			line, message := locate(key, r.data[key], fault.err)
			r.wrong(key, line, message+" (tried with "+s.why+")")
			return letterTemplates{}, false
		}
	}
	return l, true
}

func newText(name, source string) (executor, error) {
	return texttemplate.New(name).Funcs(functions).Parse(source)
}

func newHTML(name, source string) (executor, error) {
	return htmltemplate.New(name).Funcs(functions).Parse(source)
}

// template reads one template, and returns nil when there is a problem.
func (r *reader) template(key, source string, build func(name, source string) (executor, error)) executor {
	if line, wrong := checkSource(source); wrong != "" {
		r.wrong(key, line, wrong)
		return nil
	}
	trees := map[string]*parse.Tree{}
	tree := parse.New(key)
	tree.Mode = parse.SkipFuncCheck // the checker finds all of them, not the first alone
	if _, err := tree.Parse(source, "", "", trees); err != nil {
		line, message := locate(key, source, err)
		r.wrong(key, line, message)
		return nil
	}
	if trees[key] == nil || parse.IsEmptyTree(trees[key].Root) {
		r.wrong(key, 0, "it is empty: write something, or delete the key")
		return nil
	}
	before := len(r.problems)
	c := checker{
		source: source, trees: trees, limit: stepLimit, steps: map[use]int{}, open: map[string]bool{},
		report: func(line int, message string) {
			if len(r.problems)-before < 100 { // far more than are told
				r.wrong(key, line, message)
			}
		},
	}
	if r.steps -= c.check(key); r.steps < 0 {
		r.wrong(key, 0, fmt.Sprintf("all templates up to this one take more than %d steps: shorten them", totalLimit))
	}
	if len(r.problems) > before {
		return nil
	}
	built, err := build(key, source)
	if err != nil {
		line, message := locate(key, source, err)
		r.wrong(key, line, message)
		return nil
	}
	return built
}

// checkSource finds what is wrong with a template before it is read as one.
func checkSource(source string) (line int, wrong string) {
	if len(source) > sizeLimit {
		return 0, fmt.Sprintf("it is longer than %d KiB: shorten it", sizeLimit>>10)
	}
	if !utf8.ValidString(source) {
		return 0, "it is not UTF-8: save it in that encoding"
	}
	odd := strings.IndexFunc(source, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) })
	if odd >= 0 {
		return lineOf(source, odd), fmt.Sprintf("there is a control character, %U: delete it", []rune(source[odd:])[0])
	}
	return 0, ""
}

func lineOf(source string, offset int) int {
	return 1 + strings.Count(source[:min(max(offset, 0), len(source))], "\n")
}

var (
	// position begins what text/template says, after the name of the template.
	position = regexp.MustCompile(`^:(\d+)(?::\d+)?: (?:executing "[^"]*" at )?`)
	// quoted ends what html/template says when it knows no line: the text that it could not read.
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"$`)
)

// locate says at which line of a template what went wrong; 0 when it is about all of it.
func locate(name, source string, err error) (line int, message string) {
	var escaping *htmltemplate.Error
	if errors.As(err, &escaping) {
		return locateEscaping(source, escaping), escaping.Description
	}
	rest, found := strings.CutPrefix(err.Error(), "template: "+name)
	at := position.FindStringSubmatch(rest)
	if !found || at == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(at[1]) // digits, as position has it
	message = rest[len(at[0]):]
	if where, what, found := strings.Cut(message, ">: "); found && len(where) > 60 {
		message = what // the line has to do
	}
	return line, message
}

func locateEscaping(source string, err *htmltemplate.Error) int {
	switch {
	case err.Node != nil:
		return lineOf(source, int(err.Node.Position()))
	case err.Line != 0:
		return err.Line
	case err.ErrorCode == htmltemplate.ErrEndContext:
		return lineOf(source, len(strings.TrimRight(source, "\r\n")))
	}
	if text, unquoting := strconv.Unquote(quoted.FindString(err.Description)); unquoting == nil && text != "" {
		if i := strings.Index(source, text); i >= 0 {
			return lineOf(source, i)
		}
	}
	return 0
}
