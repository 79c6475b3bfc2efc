// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command screenshots takes a picture of every page of the portal, and of the mail, as a phone and as a desktop show
// them. It needs CHROMIUM to name a browser.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/go-logr/logr"

	"seatkeeper.dev/seatkeeper/test/pages/site"
)

func main() {
	out := flag.String("out", "coverage/screenshots", "the directory for the pictures")
	only := flag.String("only", "", "only pages whose name has this in it")
	mails := flag.String("mails", "internal/invitation/testdata", "the directory with the mails, as HTML")
	flag.Parse()
	if err := run(*out, *only, *mails); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// window is how something is looked at.
type window struct {
	name          string
	width, height int64
	features      map[string]string
}

func run(out, only, mails string) error {
	path := os.Getenv("CHROMIUM")
	if path == "" {
		return fmt.Errorf("CHROMIUM does not name a browser: try CHROMIUM=$(hack/chromium.sh) %s", strings.Join(os.Args, " "))
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	server := httptest.NewServer(site.New(logr.Discard()))
	defer server.Close()
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true))...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocator)
	defer closeTab()

	light, dark := map[string]string{"prefers-color-scheme": "light"}, map[string]string{"prefers-color-scheme": "dark"}
	windows := []window{
		{"phone-light", 390, 844, light},
		{"phone-dark", 390, 844, dark},
		{"desktop-light", 1280, 800, light},
		{"desktop-dark", 1280, 800, dark},
	}
	special := []window{
		{"narrow-light", 320, 640, light},
		{"desktop-forced", 1280, 800, map[string]string{"forced-colors": "active", "prefers-color-scheme": "dark"}},
	}
	for _, state := range site.States {
		pictures := map[string][]window{"en": append(windows[:4:4], special...), "fr": windows[:1]}
		for locale, windows := range pictures {
			for _, w := range windows {
				name := strings.Join([]string{state.Name, locale, w.name}, "-")
				if !strings.Contains(name, only) {
					continue
				}
				if err := picture(tab, w, server.URL+"/states/"+locale+"/"+state.Name, filepath.Join(out, name+".png")); err != nil {
					return fmt.Errorf("taking %s: %w", name, err)
				}
			}
		}
	}
	return pictureMails(tab, mails, out, only)
}

func pictureMails(tab context.Context, from, out, only string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.html"))
	if err != nil {
		return err
	}
	for _, file := range files {
		absolute, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		for _, w := range []window{
			{"narrow-light", 320, 640, map[string]string{"prefers-color-scheme": "light"}},
			{"wide-light", 1000, 700, map[string]string{"prefers-color-scheme": "light"}},
			{"narrow-dark", 320, 640, map[string]string{"prefers-color-scheme": "dark"}},
		} {
			name := "mail-" + strings.TrimSuffix(filepath.Base(file), ".html") + "-" + w.name
			if !strings.Contains(name, only) {
				continue
			}
			if err := picture(tab, w, "file://"+absolute, filepath.Join(out, name+".png")); err != nil {
				return fmt.Errorf("taking %s: %w", name, err)
			}
		}
	}
	return nil
}

func picture(tab context.Context, w window, address, file string) error {
	params := emulation.SetEmulatedMediaParams{}
	for name, value := range w.features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(w.width, w.height)); err != nil {
		return err
	}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, params); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		return err
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(file, png, 0o644)
}
