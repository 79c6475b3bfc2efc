// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

const (
	// maxAnswer bounds what is read of an answer: a group of some 300 000 people, or a page of 100 accounts, is less.
	maxAnswer = 64 << 20
	mediaType = "application/scim+json"
	agent     = "seatkeeper"
	// maxPause bounds what a server can have us wait.
	maxPause = time.Hour
)

// request is one request to the directory.
type request struct {
	method string
	// path is below the directory's URL, and begins with a slash.
	path  string
	query url.Values
	// body is sent as JSON, unless it is nil.
	body any
	// version makes the server refuse with 412 if the resource has another one; empty, and any will do.
	version string
}

// answer is what a directory said to a request that it carried out.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// failure is what a directory said to a request that it did not carry out.
type failure struct {
	status          int
	scimType, words string
	// scim says that the answer is in the words of SCIM, and html that it is a page for people.
	scim, html bool
}

func (f *failure) Error() string {
	return cmp.Or(f.words, f.scimType, strings.TrimSpace(fmt.Sprintf("HTTP status %d %s", f.status, http.StatusText(f.status))))
}

// statusOf is the HTTP status that an error rests on, 0 where there was none.
func statusOf(err error) int {
	if f := (*failure)(nil); errors.As(err, &f) {
		return f.status
	}
	return 0
}

// scimTypeOf is the detail error keyword (RFC 7644, section 3.12) that an error rests on, empty where there was none.
func scimTypeOf(err error) string {
	if f := (*failure)(nil); errors.As(err, &f) {
		return f.scimType
	}
	return ""
}

// missing says that the directory does not have what was asked for. A page that says so is a proxy's, or the URL is wrong: then
// nothing is known.
func missing(err error) bool {
	f := (*failure)(nil)
	return errors.As(err, &f) && f.status == http.StatusNotFound && !f.html
}

// do makes a request, and makes it once more with new credentials if the server refuses those that it has got.
func (c *Client) do(ctx context.Context, r request) (*answer, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, directory.Rejected(fmt.Errorf("writing the request: %w", err))
		}
	}
	for last := false; ; last = true {
		authorization, err := c.auth.header(ctx)
		if err != nil {
			return nil, err
		}
		a, err := c.once(ctx, r, body, authorization)
		if err == nil && r.method != http.MethodGet && len(bytes.TrimSpace(a.body)) > 0 {
			// A page to sign in is a success too, but not of what was asked for.
			if _, err := parse(a.body); err != nil {
				return nil, err
			}
		}
		if statusOf(err) != http.StatusUnauthorized || last || !c.auth.refused(ctx, authorization) {
			return a, err
		}
	}
}

func (c *Client) once(ctx context.Context, r request, body []byte, authorization string) (*answer, error) {
	if err := c.budget.Wait(ctx); err != nil {
		return nil, err
	}
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + strings.ReplaceAll(r.query.Encode(), "+", "%20") // a plus is one to some
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, directory.Unavailable(errors.New("the request cannot be written: check the directory's URL"))
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", mediaType+", application/json;q=0.9")
	if body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if r.version != "" {
		req.Header.Set("If-Match", r.version)
	}
	return c.send(req)
}

// send returns what a server answers to any request, the directory or who gives out tokens.
func (c *Client) send(req *http.Request) (*answer, error) {
	req.Header.Set("User-Agent", agent)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(req, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.lost(req, err)
	case len(body) > maxAnswer:
		return nil, directory.Unavailable(fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20))
	case res.StatusCode/100 == 2:
		return &answer{res.StatusCode, res.Header, body}, nil
	}
	err = c.classify(req, res, body)
	c.budget.Heed(err)
	return nil, err
}

// passing is what differs from try to try, and would make one failure look like many.
var passing = regexp.MustCompile(`\S+:\d+->\S+:\d+(: )?`)

// lost is the failure to get an answer. It tells no URL, which may have an address in it.
func (c *Client) lost(req *http.Request, err error) error {
	if ctx := req.Context(); ctx.Err() != nil {
		return directory.Unavailable(fmt.Errorf("no answer from the directory: %w", ctx.Err()))
	}
	u := (*url.Error)(nil)
	switch {
	case errors.As(err, &u) && u.Timeout(), errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("no answer from the directory within %v", c.http.Timeout)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the connection ended without an answer")
	case u != nil:
		err = u.Err
	}
	return directory.Unavailable(errors.New(c.auth.scrub(passing.ReplaceAllString(err.Error(), ""), req.Header.Get("Authorization"))))
}

// classify says which of the port's errors an answer is that is no success.
func (c *Client) classify(req *http.Request, res *http.Response, body []byte) error {
	f := readFailure(res, body)
	f.words = c.auth.scrub(f.words, req.Header.Get("Authorization"))
	after, asked := retryAfter(res.Header, c.clock.Now())
	switch {
	case asked && f.status != http.StatusUnauthorized: // whatever it is called
		return directory.UnavailableFor(f, after)
	case f.status == http.StatusUnauthorized, f.status == http.StatusForbidden:
		// The account is as good as it was: whoever mends the credentials has mended this.
		return directory.Unavailable(fmt.Errorf("the directory does not accept the credentials, or they may not do this: %w", f))
	case f.status/100 == 3:
		return directory.Unavailable(fmt.Errorf("the directory redirects, which is not followed because of the credentials: correct its URL: %w", f))
	case f.status == http.StatusConflict:
		return directory.Conflict(f)
	case f.status == http.StatusNotImplemented, f.status == http.StatusRequestEntityTooLarge, f.rejects():
		return directory.Rejected(f)
	}
	return directory.Unavailable(f)
}

// rejects says that the directory itself, and nothing in front of it, will never take the request.
func (f *failure) rejects() bool {
	switch f.status {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return f.status/100 == 4 && f.scim
}

func readFailure(res *http.Response, body []byte) *failure {
	f := &failure{status: res.StatusCode}
	said := resource{}
	if json.Unmarshal(body, &said) != nil {
		f.html = len(bytes.TrimSpace(body)) > 0
		return f
	}
	schemas, _ := said.get("schemas").([]any)
	f.words, f.scimType = said.text("detail"), said.text("scimType")
	f.scim = f.words != "" || f.scimType != "" || len(schemas) > 0
	// What gives out tokens has its own words.
	f.words = cmp.Or(f.words, said.text("error_description"), said.text("error"))
	return f
}

// retryAfter reads seconds, or a date, which counts from the server's own.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(time.Duration(min(max(seconds, 0), int(maxPause/time.Second)))*time.Second, maxPause), true
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(until.Sub(now), 0), maxPause), true
}
