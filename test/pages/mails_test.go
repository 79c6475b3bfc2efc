// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pages_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// mails is where the mails are, as the tests of package invitation find them made.
	mails = "../../internal/invitation/testdata"
	// mailsAt is where they are served.
	mailsAt = "/mails/"
)

// without is what looks for barriers, but for some rules.
func without(rules ...string) string {
	var off strings.Builder
	for _, rule := range rules {
		fmt.Fprintf(&off, "%q: {enabled: false}, ", rule)
	}
	return strings.Replace(barriers, "rules: {", "rules: {"+off.String(), 1)
}

// surrounding are the rules about what a mail gets from the program that shows it: there it is a part of a page, and not one
// with headings and landmarks of its own.
var surrounding = []string{"page-has-heading-one", "landmark-one-main", "region", "bypass"}

// mailBarriers looks for all others. Where people force their own colors, axe takes the button's text for white, which it is
// not any more: the contrast is what the people have chosen.
var (
	mailBarriers       = without(surrounding...)
	mailBarriersForced = without(append(surrounding, "color-contrast")...)
)

// everyMail runs a test on every mail in HTML.
func everyMail(t *testing.T, test func(b *tab, at string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(mails, "*.html"))
	if err != nil || len(files) < 6 {
		t.Fatalf("the mails are %q (%v), want an invitation, a reminder and a notice in each language", files, err)
	}
	b := open(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			outer := b.T
			b.T = t
			defer func() { b.T = outer }()
			test(b, mailsAt+filepath.Base(file))
		})
	}
}

func TestMailsHaveNoBarriers(t *testing.T) {
	program := axe(t)
	everyMail(t, func(b *tab, at string) {
		for _, look := range []struct{ feature, value, barriers string }{
			{"prefers-color-scheme", "light", mailBarriers},
			{"prefers-color-scheme", "dark", mailBarriers},
			{"forced-colors", "active", mailBarriersForced},
		} {
			b.window(1000, 700)
			b.prefers(look.feature, look.value)
			b.visit(at, http.StatusOK)
			eval[bool](b, program+"; true")
			for _, found := range eval[[]string](b, look.barriers) {
				b.Errorf("%s %s: %s", look.feature, look.value, found)
			}
			colors := eval[[]string](b, `Array.from(document.querySelectorAll(".button"), e => getComputedStyle(e)).flatMap(s => [s.color, s.backgroundColor])`)
			if len(colors) > 0 && colors[0] == colors[1] { // a notice has none
				b.Errorf("%s %s: the text of the button has its color, %s", look.feature, look.value, colors[0])
			}
		}
	})
}

func TestMailsFit(t *testing.T) {
	everyMail(t, func(b *tab, at string) {
		for _, width := range []int64{320, 1000} {
			b.window(width, 700)
			b.visit(at, http.StatusOK)
			if size := eval[int64](b, "innerWidth"); size != width {
				b.Fatalf("the window is %d wide, want %d", size, width)
			}
			for _, found := range eval[[]string](b, beyond) {
				b.Errorf("%d wide: %s", width, found)
			}
		}
	})
}

// TestWhatIsWrongWithAMailIsFound is there lest nothing is looked at.
func TestWhatIsWrongWithAMailIsFound(t *testing.T) {
	program := axe(t)
	b := open(t)
	b.window(320, 640)
	for rule, damage := range map[string]string{
		"color-contrast": `document.querySelector("p").style.color = "#ddd"`,
		"html-has-lang":  `document.documentElement.removeAttribute("lang")`,
		"link-name":      `document.querySelector(".button").textContent = ""`,
	} {
		b.visit(mailsAt+"en.html", http.StatusOK)
		eval[bool](b, program+";"+damage+"; true")
		if found := strings.Join(eval[[]string](b, mailBarriers), "\n"); !strings.Contains(found, rule+":") {
			t.Errorf("%s is not found, but %q", rule, found)
		}
	}
	for name, damage := range map[string]string{
		"wide":     `document.querySelector("p").style.width = "400px"`,
		"unbroken": `document.querySelector(".card").style = "overflow-wrap: normal; word-break: normal"`,
	} {
		b.visit(mailsAt+"en.html", http.StatusOK)
		eval[bool](b, damage+"; true")
		if found := eval[[]string](b, beyond); len(found) == 0 {
			t.Errorf("a mail that is %s passes", name)
		}
	}
}
