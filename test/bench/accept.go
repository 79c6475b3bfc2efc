// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// prepareAccept has everybody invited. The operator's people have their links from their mails.
func prepareAccept(ctx context.Context, p *plane, at staff, w *wave) error {
	if err := w.settle(ctx, p, false); err != nil || w.way != wayOperator {
		return err
	}
	var err error
	w.links, err = links(at.mailbox)
	return err
}

// startAccept has everybody accept: on the pages where there are some, and otherwise by the write that they make. The bare client
// then writes what the operator makes of it.
func startAccept(ctx context.Context, c *wire, w *wave) error {
	if w.way == wayOperator {
		pages := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
		defer pages.CloseIdleConnections()
		return w.each(ctx, func(ctx context.Context, i int) error {
			link := w.links[person("", i).Spec.Email]
			if link == "" {
				return fmt.Errorf("no mail with a link came for %s", personName(i))
			}
			return answer(ctx, pages, "http://"+w.portal+link, i)
		})
	}
	return w.each(ctx, func(ctx context.Context, i int) error {
		var accepted version
		if err := accept(ctx, c, w.namespace, i, w.there[i], &accepted); err != nil || w.way != wayRaw {
			return err
		}
		return invite(ctx, c, w.namespace, i, accepted, w.example.after, nil)
	})
}

// answer opens a link as the i-th person does, from an address of their own, and accepts.
func answer(ctx context.Context, pages *http.Client, link string, i int) error {
	for _, form := range []url.Values{nil, {"answer": {"accept"}}} {
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(ctx, method, link, strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("X-Forwarded-For", homeAddress(i))
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := pages.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s of the invitation of %s answers %s", method, personName(i), resp.Status)
		}
	}
	return nil
}

// homeAddress is where the i-th person is: the pages let only so many through from one address.
func homeAddress(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255) }
