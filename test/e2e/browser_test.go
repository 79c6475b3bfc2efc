// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a window may be open: far longer than anything takes.
const patience = 3 * time.Minute

// closeBrowser ends the browser, once there is one.
var closeBrowser = func() {}

// browser is the one that all tests share, each with windows of its own: to start one takes longer than most stories.
var browser = sync.OnceValues(func() (context.Context, error) {
	path := os.Getenv("CHROMIUM")
	if path == "" {
		return nil, errors.New("CHROMIUM does not name a browser: run this by make test-e2e")
	}
	profile, err := os.MkdirTemp("", "seatkeeper-e2e-browser-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	closeBrowser = func() {
		cancel()
		end()
		_ = os.RemoveAll(profile)
	}
	return ctx, chromedp.Do(ctx)
})

// window is that of a real browser, which remembers nothing from before: a private one, which shares nothing with any other.
type window struct{ tab context.Context }

func open(t *testing.T) window {
	t.Helper()
	shared, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	tab, closeTab := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	return window{tab}
}

// visit opens a page and returns what it says.
func (w window) visit(t *testing.T, link string) string {
	t.Helper()
	if err := chromedp.Do(w.tab, chromedp.Navigate(link)); err != nil {
		t.Fatalf("opening a page: %v", err)
	}
	text, err := chromedp.Run(w.tab, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		t.Fatalf("reading a page: %v", err)
	}
	return text
}

// click presses a button and waits for the page that follows.
func (w window) click(t *testing.T, selector string) {
	t.Helper()
	if _, err := chromedp.RunResponse(w.tab, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatalf("pressing %s: %v", selector, err)
	}
}

// types fills in a field of a form.
func (w window) types(t *testing.T, selector, text string) {
	t.Helper()
	if err := chromedp.Do(w.tab, chromedp.SendKeys(chromedp.CSS(selector), text)); err != nil {
		t.Fatalf("typing into %s: %v", selector, err)
	}
}
