// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pages_test

import (
	"os"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/pages/site"
)

// axe is the program that looks for barriers.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("AXE")
	if path == "" {
		t.Fatal("AXE does not name an axe.min.js: run this by make test-e2e")
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(program)
}

// barriers are all rules of axe, those for beginners and those that are off by default, but for contrast beyond what
// is asked of any page. What axe cannot decide counts as well.
const barriers = `axe.run(document, {
	runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
	rules: {"target-size": {enabled: true}},
	resultTypes: ["violations", "incomplete"],
}).then(r => [...r.violations, ...r.incomplete].map(v => v.id + ": " + v.nodes.map(n => n.html + ": " + n.failureSummary).join("; ")))`

func TestNoBarriers(t *testing.T) {
	program := axe(t)
	everyPage(t, func(b *tab, at string, s site.State) {
		for feature, values := range map[string][]string{"prefers-color-scheme": {"light", "dark"}, "forced-colors": {"active"}} {
			for _, value := range values {
				b.window(1280, 800)
				b.prefers(feature, value)
				b.visit(at, s.Status)
				eval[bool](b, program+"; true")
				for _, found := range eval[[]string](b, barriers) {
					b.Errorf("%s %s: %s", feature, value, found)
				}
			}
		}
	})
}

// TestBarriersAreFound is there lest axe looks at nothing: each of these, axe must find on a page of ours.
func TestBarriersAreFound(t *testing.T) {
	program := axe(t)
	b := open(t)
	for rule, damage := range map[string]string{
		"color-contrast":       `document.querySelector("p").style.color = "#ddd"`,
		"label":                `document.querySelector("label[for=password]").remove()`,
		"html-has-lang":        `document.documentElement.removeAttribute("lang")`,
		"document-title":       `document.title = ""`,
		"page-has-heading-one": `document.querySelector("h1").remove()`,
		"target-size":          `document.querySelectorAll("button").forEach(b => b.style = "min-height:0;height:8px;width:8px;padding:0;display:inline-block;font-size:1px;margin:0;position:absolute;left:" + (b.value == "accept" ? 0 : 9) + "px;top:0")`,
	} {
		b.visit("/states/en/password", 200)
		eval[bool](b, program+";"+damage+"; true")
		if found := strings.Join(eval[[]string](b, barriers), "\n"); !strings.Contains(found, rule+":") {
			t.Errorf("%s is not found, but %q", rule, found)
		}
	}
}

// beyond are the elements that reach out of the window, and the texts that are cut off. A field scrolls.
const beyond = `(() => {
	const out = [];
	if (document.documentElement.scrollWidth > innerWidth) out.push("the page scrolls sideways: " + document.documentElement.scrollWidth);
	for (const e of document.body.querySelectorAll("*")) {
		const box = e.getBoundingClientRect();
		if (box.left < -0.5 || box.right > innerWidth + 0.5) out.push(e.outerHTML.slice(0, 80) + " reaches from " + box.left + " to " + box.right);
		if (e.tagName != "INPUT" && !e.closest("svg") && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) &&
			getComputedStyle(e).overflow != "visible") out.push(e.outerHTML.slice(0, 80) + " is cut off");
		const range = document.createRange();
		range.selectNodeContents(e);
		const text = range.getBoundingClientRect(), card = document.querySelector("main, .card").getBoundingClientRect();
		if (e.tagName != "INPUT" && text.width && (text.left < card.left - 0.5 || text.right > card.right + 0.5)) {
			out.push("the text of " + e.outerHTML.slice(0, 80) + " reaches out of its card");
		}
	}
	return out;
})()`

func TestEverythingFits(t *testing.T) {
	everyPage(t, func(b *tab, at string, s site.State) {
		for _, width := range []int64{320, 390, 640, 1280, 2560} {
			b.window(width, 640)
			b.visit(at, s.Status)
			if size := eval[int64](b, "innerWidth"); size != width {
				b.Fatalf("the window is %d wide, want %d", size, width)
			}
			for _, found := range eval[[]string](b, beyond) {
				b.Errorf("%d wide: %s", width, found)
			}
		}
		// Who has set the browser to letters of twice the size has them here.
		b.window(640, 640)
		eval[bool](b, `document.documentElement.style.fontSize = "200%"; true`)
		for _, found := range eval[[]string](b, beyond) {
			b.Errorf("large letters: %s", found)
		}
	})
}

func TestWhatDoesNotFitIsFound(t *testing.T) {
	b := open(t)
	b.window(320, 640)
	for name, damage := range map[string]string{
		"wide":     `document.querySelector("p").style.width = "400px"`,
		"unbroken": `document.querySelector("main").style.overflowWrap = "normal"`,
		"cut off":  `document.querySelector("h1").style = "height: 10px; overflow: hidden"`,
	} {
		b.visit("/states/en/invitation-long", 200)
		eval[bool](b, damage+"; true")
		if found := eval[[]string](b, beyond); len(found) == 0 {
			t.Errorf("a page that is %s passes", name)
		}
	}
}

// TestNothingMoves is for people whom movement makes ill.
func TestNothingMoves(t *testing.T) {
	everyPage(t, func(b *tab, at string, s site.State) {
		b.prefers("prefers-reduced-motion", "reduce")
		b.visit(at, s.Status)
		moving := eval[[]string](b, `[...document.querySelectorAll("*")].filter(e => {
			const s = getComputedStyle(e);
			return s.animationName != "none" || s.transitionDuration.split(", ").some(d => d != "0s") || s.scrollBehavior == "smooth";
		}).map(e => e.outerHTML.slice(0, 80))`)
		for _, e := range moving {
			b.Errorf("this moves: %s", e)
		}
	})
}

// TestThePolicyLetsThePageBe is there lest the browser refuses the style sheet, or a page asks for something else.
func TestThePolicyLetsThePageBe(t *testing.T) {
	everyPage(t, func(b *tab, at string, s site.State) {
		b.mu.Lock()
		b.asked = nil
		b.mu.Unlock()
		b.visit(at, s.Status)
		if width := eval[string](b, `getComputedStyle(document.querySelector("main")).maxWidth`); width != "528px" {
			b.Errorf("the style sheet does not apply: the card is up to %s wide", width)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, r := range b.asked[1:] {
			b.Errorf("the page asks for %s", r.URL.Path)
		}
		if title := eval[string](b, "document.title"); strings.TrimSpace(title) == "" || strings.ContainsAny(title, "<>") {
			b.Errorf("the title is %q", title)
		}
	})
}
