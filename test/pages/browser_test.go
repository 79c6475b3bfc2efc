// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages_test looks at the pages of the portal with a real browser: for barriers, for what does not fit, and
// for whether people get through with a keyboard and without JavaScript.
package pages_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/go-logr/logr"

	"seatkeeper.dev/seatkeeper/test/pages/site"
)

// patience is how long one tab may be open: far longer than anything takes.
const patience = 3 * time.Minute

var stop = func() {}

// browser is the one that all tests of the package share, each with tabs of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	path := os.Getenv("CHROMIUM")
	if path == "" {
		return nil, errors.New("CHROMIUM does not name a browser: run this by make test-e2e")
	}
	profile, err := os.MkdirTemp("", "pages")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stop = func() {
		cancel()
		end()
		os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
})

func TestMain(m *testing.M) {
	code := m.Run()
	stop()
	os.Exit(code)
}

// tab is a tab of the browser, on a site of its own.
type tab struct {
	*testing.T
	ctx  context.Context
	site *site.Site
	url  string

	mu sync.Mutex
	// asked are the requests for pages.
	asked []*http.Request
}

func open(t *testing.T) *tab {
	t.Helper()
	shared, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(shared)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	letters := http.StripPrefix(mailsAt, http.FileServer(http.Dir(mails)))
	b := &tab{T: t, ctx: ctx, site: site.New(logr.Discard())}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r)
		b.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, mailsAt) {
			letters.ServeHTTP(w, r)
			return
		}
		b.site.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval asks the page itself. It works where the page may run no scripts, too.
func eval[T any](b *tab, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("evaluating %.80s: %v", expression, err)
	}
	return value
}

func (b *tab) window(width, height int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// prefers emulates a media feature.
func (b *tab) prefers(feature, value string) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	}); err != nil {
		b.Fatal(err)
	}
}

func (b *tab) withoutScripts() {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.Fatal(err)
	}
}

// visit opens a page and checks its status.
func (b *tab) visit(path string, status int) {
	b.Helper()
	response, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(b.url+path))
	if err != nil {
		b.Fatalf("opening a page: %v", err)
	}
	if response.Status != int64(status) {
		b.Fatalf("the page answers %d, want %d", response.Status, status)
	}
}

// press types keys.
func (b *tab) press(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// submit types keys that bring another page, and checks its status.
func (b *tab) submit(keys string, status int) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience/6)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(keys))
	if err != nil {
		b.Fatalf("waiting for the next page: %v, on this one:\n%s", err, b.text())
	}
	if response.Status != int64(status) {
		b.Fatalf("the next page answers %d, want %d:\n%s", response.Status, status, b.text())
	}
}

func (b *tab) text() string {
	b.Helper()
	return eval[string](b, "document.body.innerText")
}

// state finds a page of the site.
func state(t *testing.T, name string) site.State {
	t.Helper()
	i := slices.IndexFunc(site.States, func(s site.State) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("the site has no page %q", name)
	}
	return site.States[i]
}

// everyPage runs a test on every page in every language.
func everyPage(t *testing.T, test func(b *tab, at string, s site.State)) {
	for _, locale := range site.Locales {
		t.Run(string(locale), func(t *testing.T) {
			b := open(t)
			for _, s := range site.States {
				t.Run(s.Name, func(t *testing.T) {
					outer := b.T
					b.T = t
					defer func() { b.T = outer }()
					test(b, fmt.Sprintf("/states/%s/%s", locale, s.Name), s)
				})
			}
		})
	}
}
