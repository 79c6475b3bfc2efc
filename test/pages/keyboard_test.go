// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pages_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/test/pages/site"
)

const (
	tabKey, enter, space = "\t", "\r", " "

	goodPassword = "five blue herons wade"
)

// controls are what a keyboard must reach, in the order in which people read them.
const controls = `[...document.querySelectorAll("a[href], button, input")]`

// focused says where the focus is: the index among the controls, and how wide its outline is.
const focused = `(() => {
	const e = document.activeElement, s = getComputedStyle(e);
	return {At: ` + controls + `.indexOf(e), Outline: s.outlineStyle == "none" ? 0 : parseFloat(s.outlineWidth), What: e.tagName + "#" + e.id};
})()`

type focus struct {
	At      int
	Outline float64
	What    string
}

func TestKeyboardReachesEverything(t *testing.T) {
	everyPage(t, func(b *tab, at string, s site.State) {
		b.window(390, 844)
		b.visit(at, s.Status)
		n := eval[int](b, controls+".length")
		var want, got []int
		for i := range n {
			b.press(tabKey)
			f := eval[focus](b, focused)
			want, got = append(want, i), append(got, f.At)
			if f.Outline < 2 {
				b.Errorf("the outline of %s is %v wide when it has the focus", f.What, f.Outline)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			b.Errorf("the order of the focus (-want +got):\n%s", diff)
		}
		b.press(tabKey)
		if f := eval[focus](b, focused); n > 0 && f.At == n-1 {
			b.Errorf("the focus cannot leave %s", f.What)
		}
	})
}

// everyWay tells a story with scripts and without.
func everyWay(t *testing.T, story func(b *tab)) {
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.window(390, 844)
			if !scripts {
				b.withoutScripts()
			}
			story(b)
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, r := range b.asked {
				if referer := r.Header.Get("Referer"); referer != "" {
					t.Errorf("the browser tells where it comes from: %s", referer)
				}
			}
		})
	}
}

// tabTo moves the focus on until it is on an element.
func (b *tab) tabTo(selector string) {
	b.Helper()
	for range 20 {
		if eval[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
		b.press(tabKey)
	}
	b.Fatalf("the focus never comes to %s", selector)
}

func (b *tab) says(words ...string) {
	b.Helper()
	text := b.text()
	for _, want := range words {
		if !strings.Contains(text, want) {
			b.Fatalf("the page does not say %q:\n%s", want, text)
		}
	}
}

func TestAnswersByKeyboard(t *testing.T) {
	cases := map[string]struct {
		why, state, locale, button, key string
		says, again                     string
	}{
		"accept, Enter":            {"the usual case", "invitation", "en", "accept", enter, "Welcome to Acme SAS", "already accepted"},
		"accept, space":            {"buttons take both", "invitation", "fr", "accept", space, "Bienvenue chez Acme SAS", "déjà accepté"},
		"decline, Enter":           {"no is as easy as yes", "invitation", "fr", "decline", enter, "Vous avez refusé", "déjà refusé"},
		"decline, space":           {"no is as easy as yes", "invitation", "en", "decline", space, "You have declined", "already declined"},
		"decline without password": {"no needs no password", "password", "en", "decline", enter, "You have declined", "already declined"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(b *tab) {
				path := b.site.Prepare(state(t, c.state), c.locale)
				b.visit(path, http.StatusOK)
				b.tabTo(fmt.Sprintf("button[value=%s]", c.button))
				b.submit(c.key, http.StatusOK)
				b.says(c.says)
				b.visit(path, http.StatusConflict)
				b.says(c.again)
			})
		})
	}
}

func TestPasswordByKeyboard(t *testing.T) {
	everyWay(t, func(b *tab) {
		path := b.site.Prepare(state(b.T, "password"), "en")
		b.visit(path, http.StatusOK)
		b.tabTo("#password")
		b.press("password1234")
		b.press(tabKey)
		b.press("password12345")
		b.submit(enter, http.StatusUnprocessableEntity)

		b.says("Check your password", "many people use this password", "not the same")
		if at := eval[string](b, "document.activeElement.className"); at != "problems" {
			b.Errorf("the focus is not on the problems, but on %q", at)
		}
		for _, field := range []string{"password", "repeat"} {
			if value := eval[string](b, fmt.Sprintf("document.getElementById(%q).value", field)); value != "" {
				b.Errorf("%s is filled in", field)
			}
		}
		b.press(tabKey)
		b.press(enter) // the first problem leads to its field
		b.tabTo("#password")
		b.press(goodPassword)
		b.press(tabKey)
		b.press(goodPassword)
		b.press(tabKey)
		b.submit(enter, http.StatusOK)

		b.says("Welcome to Acme SAS")
		if set := b.site.Directory.Record(); len(set) != 1 || set[0].Password != goodPassword {
			b.Errorf("%d passwords were set", len(set))
		}
		b.visit(path, http.StatusConflict)
	})
}

// TestProblemsLeadToTheirFields is for the links above the form.
func TestProblemsLeadToTheirFields(t *testing.T) {
	everyWay(t, func(b *tab) {
		b.visit("/states/en/refused", http.StatusUnprocessableEntity)
		for i, field := range []string{"password", "repeat"} {
			b.tabTo(fmt.Sprintf(".problems li:nth-child(%d) a", i+1))
			b.press(enter)
			if at := eval[string](b, "document.activeElement.id"); at != field {
				b.press(tabKey) // a browser may only set where the focus goes on from
				at = eval[string](b, "document.activeElement.id")
				if at != field {
					b.Errorf("problem %d leads to %q, want %q", i+1, at, field)
				}
			}
			b.visit("/states/en/refused", http.StatusUnprocessableEntity)
		}
	})
}

// TestTheBrowserHelps is for what a browser tells before anything is sent.
func TestTheBrowserHelps(t *testing.T) {
	everyWay(t, func(b *tab) {
		b.visit(b.site.Prepare(state(b.T, "password"), "en"), http.StatusOK)
		b.tabTo("#password")
		b.press("short")
		b.press(enter)
		if valid := eval[bool](b, `document.querySelector("#password").validity.valid`); valid {
			b.Error("the browser takes a password that is too short")
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if last := b.asked[len(b.asked)-1]; last.Method != http.MethodGet {
			b.Error("a password that is too short is sent")
		}
	})
}

func TestTryAgain(t *testing.T) {
	everyWay(t, func(b *tab) {
		s := state(b.T, "password")
		path := b.site.Prepare(s, "en")
		b.site.Directory.Unavailable(1)
		b.visit(path, http.StatusOK)
		b.tabTo("#password")
		b.press(goodPassword + tabKey + goodPassword)
		b.submit(enter, http.StatusServiceUnavailable)
		b.says("One moment, please", "not lost")
		b.tabTo("a.button")
		b.submit(enter, http.StatusOK)
		b.says("Choose a password")
	})
}

func TestMouse(t *testing.T) {
	everyWay(t, func(b *tab) {
		b.visit(b.site.Prepare(state(b.T, "invitation"), "en"), http.StatusOK)
		point := eval[[]float64](b, `(() => { const r = document.querySelector("button[value=accept]").getBoundingClientRect(); return [r.x + 5, r.y + 5] })()`)
		response, err := chromedp.RunResponse(b.ctx, chromedp.MouseClickXY(point[0], point[1]))
		if err != nil || response.Status != http.StatusOK {
			b.Fatalf("a click gives %v, %v", response, err)
		}
		b.says("Welcome to Acme SAS")
	})
}
