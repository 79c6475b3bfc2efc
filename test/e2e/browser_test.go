// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// window is that of a real browser, which remembers nothing from before.
type window struct{ tab context.Context }

func open(t *testing.T) window {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		t.Fatal("CHROMIUM does not name a browser: run this by make test-e2e")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancelAllocator)
	tab, cancelTab := chromedp.NewContext(allocator)
	t.Cleanup(cancelTab)
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
