// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package password_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/password"
)

// known is what is known about the person in the tests.
var known = []string{"J.Martinet@acme.example", "Jean", "Ann", "Acme SAS", ""}

func TestCheck(t *testing.T) {
	long := strings.Repeat("five blue herons ", 8)
	cases := map[string]struct {
		why      string
		password string
		want     []password.Problem
	}{
		"good":              {"four words and no more", "five blue herons wade", nil},
		"no composition":    {"neither capitals nor digits are asked for", "hvexquomdptr", nil},
		"shortest":          {"twelve are enough", "hvexquomdptr"[:12], nil},
		"longest":           {"128 are allowed", long[:128], nil},
		"other script":      {"any characters are allowed", "\u4e0a\u6749\u9054\u4e5f\u306e\u9752\u3044\u9dfa\u304c\u4e94\u7fbd\u3044", nil},
		"emoji":             {"each is one, not four", strings.Repeat("\U0001fa91\U0001f9a2\U0001f30a\U0001f305\U0001f33f\U0001f9ed", 2), nil},
		"leading spaces":    {"spaces count like anything else", "  hvexquomdp", nil},
		"separated by tabs": {"a tab is a control character", "hvexquo\tmdptr", []password.Problem{password.Control}},

		"nothing":         {"it is too short, and no more need be said", "", []password.Problem{password.TooShort}},
		"short":           {"eleven are too few", "hvexquomdpt", []password.Problem{password.TooShort}},
		"short in script": {"code points are counted, not bytes", strings.Repeat("\u4e0a", 11), []password.Problem{password.TooShort}},
		"long":            {"129 are too many", long[:129], []password.Problem{password.TooLong}},
		"line break":      {"no field makes one", "hvexquo\nmdptr", []password.Problem{password.Control}},
		"null":            {"directories end there", "hvexquo\x00mdptr", []password.Problem{password.Control}},
		"no text":         {"no field makes it", "hvexquo\xffmdptr", []password.Problem{password.Control}},
		"next line":       {"control characters are not ASCII alone", "hvexquo\u0085mdptr", []password.Problem{password.Control}},
		"five different":  {"five are asked for", "kxkykzkwkxky"[:12], nil},
		"repetitive":      {"it has three", "kxykxykxykxy", []password.Problem{password.Repetitive}},

		"listed":            {"it is tried first", "password1234", []password.Problem{password.Common}},
		"listed, loud":      {"case makes no difference", "PassWord1234", []password.Problem{password.Common}},
		"listed, spaced":    {"spaces make no difference", "pass word 1234", []password.Problem{password.Common}},
		"digits":            {"a walk along the keys", "123456789012", []password.Problem{password.Common}},
		"digits, backwards": {"a walk back", "210987654321", []password.Problem{password.Common}},
		"keys":              {"a walk along the keys", "qwertyuiop12", []password.Problem{password.Common}},
		"French keys":       {"a walk along other keys", "azertyuiopqs", []password.Problem{password.Common}},
		"columns":           {"a walk down the keys", "1qaz2wsx3edc4rfv", []password.Problem{password.Common}},
		"alphabet":          {"from anywhere", "defghijklmnop", []password.Problem{password.Common}},
		"walk and more":     {"what is added makes it another", "123456789012 herons", nil},
		"the comment":       {"the list's head is no password", "# passwords of twelve", nil},

		"local part":          {"it is known", "herons of j.martinet wade", []password.Problem{password.Personal}},
		"address":             {"it is known", "j.martinet@acme.example", []password.Problem{password.Personal}},
		"given name, loud":    {"case makes no difference", "heronsofJEANwade", []password.Problem{password.Personal}},
		"organization":        {"everybody there would think of it", "herons at acme sas", []password.Problem{password.Personal}},
		"organization, glued": {"spaces make no difference", "heronsatAcmeSas", []password.Problem{password.Personal}},
		"a short name":        {"three letters are in many words", "mannequins wade by", nil},
		"part of the name":    {"half of it is another word", "herons near acme", nil},

		"everything at once": {
			"all is said at once", "jean\x00jean", []password.Problem{password.TooShort, password.Control, password.Personal},
		},
		"one digit": {"it has one", "111111111111", []password.Problem{password.Repetitive}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, password.Check(c.password, known...)); diff != "" {
				t.Errorf("Check (-want +got): %s\n%s", c.why, diff)
			}
		})
	}
}

func TestNamesInOtherScriptsAreFolded(t *testing.T) {
	for name, c := range map[string]struct{ known, password string }{
		"Greek with two sigmas": {"\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3", "herons \u03bf\u03b4\u03c5\u03c3\u03c3\u03b5\u03c5\u03c2 wade"},
		"accents":               {"Ren\u00e9e", "herons REN\u00c9E wade"},
		"Kelvin sign":           {"\u212aelvin", "herons kelvin wade"},
	} {
		if got := password.Check(c.password, c.known); !slices.Equal(got, []password.Problem{password.Personal}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("five blue herons wade", "jean.martin@acme.example")
	f.Add("password1234", "Acme")
	f.Add("  \xff\u0130\u0131 ", "@")
	f.Fuzz(func(t *testing.T, secret, about string) {
		problems := password.Check(secret, about)
		has := func(p password.Problem) bool { return slices.Contains(problems, p) }
		if n := utf8.RuneCountInString(secret); has(password.TooShort) != (n < 12) || has(password.TooLong) != (n > 128) {
			t.Errorf("%d characters: %v", n, problems)
		}
		if has(password.Control) != (!utf8.ValidString(secret) || strings.IndexFunc(secret, unicode.IsControl) >= 0) {
			t.Errorf("control characters: %v", problems)
		}
		if utf8.RuneCountInString(about) >= 4 && !strings.ContainsFunc(about, unicode.IsSpace) && utf8.ValidString(about) &&
			strings.Contains(secret, about) && !has(password.Personal) {
			t.Errorf("%q holds %q, and passes", secret, about)
		}
		// Whoever is told of a problem sees the same one when the page comes again.
		if !slices.Equal(problems, password.Check(secret, about)) {
			t.Error("another answer the second time")
		}
		upper := strings.ToUpper(secret)
		if strings.ToLower(upper) == secret && has(password.Common) != slices.Contains(password.Check(upper, about), password.Common) {
			t.Errorf("case makes a difference for %q", secret)
		}
	})
}
