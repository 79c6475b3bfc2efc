// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
)

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func wantIn(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("no %q in:\n%s", part, page)
		}
	}
}

const invitation = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_<b>?=\r\n" +
	"Message-ID: <m1@example.com>\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nJoin: https://seats.example.com/i/x?a=1&b=2\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<!DOCTYPE html>\r\n<html><a href=\"https://seats.example.com/i/x\">Join</a><script>alert(1)</script></html>\r\n--b--\r\n"

func TestListPage(t *testing.T) {
	box := start(t, mailbox.Options{})
	_, page := get(t, box.URL())
	wantIn(t, page, "No mail yet", box.SMTPAddr(), `href="/?live"`)

	if err := sendRaw(box, invitation, "ada@example.com", "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := sendRaw(box, "\r\n", "carl@example.com"); err != nil {
		t.Fatal(err)
	}
	response, page := get(t, box.URL()+"/?live")
	wantIn(t, page, `href="/messages/1"`, "Grüße &lt;b&gt;", "ada@example.com, bob@example.com",
		"(no subject)", "<time datetime=", `http-equiv="refresh"`)
	if strings.Index(page, "carl@") > strings.Index(page, "ada@") {
		t.Error("the newest mail is not first")
	}
	if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy of the page is %q", policy)
	}
	style, _ := get(t, box.URL()+"/style.css")
	if got := style.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("style has type %q", got)
	}
}

func TestMessagePages(t *testing.T) {
	box := start(t, mailbox.Options{})
	if err := sendRaw(box, invitation, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := sendRaw(box, "Content-Type: x/\r\n\r\n", "ada@example.com"); err != nil {
		t.Fatal(err)
	}

	_, page := get(t, box.URL()+"/messages/1")
	wantIn(t, page, `src="/messages/1/html"`, "<dt>Message-Id</dt><dd>&lt;m1@example.com&gt;</dd>",
		"<dd>Grüße &lt;b&gt;</dd>", "From seatkeeper@example.com to ada@example.com",
		`sandbox="allow-popups allow-popups-to-escape-sandbox"`,
		`<a href="https://seats.example.com/i/x?a=1&amp;b=2" target="_blank" rel="noreferrer">`)

	response, html := get(t, box.URL()+"/messages/1/html")
	if want := `<!DOCTYPE html><base target="_blank">`; !strings.HasPrefix(html, want) {
		t.Errorf("HTML part does not start with %q:\n%s", want, html)
	}
	policy := response.Header.Get("Content-Security-Policy")
	wantIn(t, policy, "sandbox allow-popups allow-popups-to-escape-sandbox;", "default-src 'none'")
	if strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("policy %q trusts the mail", policy)
	}

	response, raw := get(t, box.URL()+"/messages/1/raw")
	if raw != invitation || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("raw mail with header %v:\n%s", response.Header, raw)
	}

	_, broken := get(t, box.URL()+"/messages/2")
	wantIn(t, broken, "Not all of this mail can be read:", "reading Content-Type")
}

func TestUnknownMail(t *testing.T) {
	box := start(t, mailbox.Options{})
	for _, path := range []string{"/messages/1", "/messages/x/html", "/messages/0/raw", "/api/messages/99"} {
		response, body := get(t, box.URL()+path)
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
		wantIn(t, body, "is not here: it never arrived")
	}
}

func TestAPI(t *testing.T) {
	box := start(t, mailbox.Options{})
	if err := sendRaw(box, invitation, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	mustSend(t, box, "other", "bob@example.com", "ada+x@example.com")

	_, body := get(t, box.URL()+"/api/messages/1")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if received, ok := got["received"].(string); !ok || !strings.HasSuffix(received, "Z") {
		t.Errorf("received is %v, want a time in UTC", got["received"])
	}
	delete(got, "received")
	want := map[string]any{
		"id": 1.0, "from": sender, "to": []any{"ada@example.com"},
		"subject": "Grüße <b>", "messageID": "m1@example.com",
		"header": map[string]any{
			"Subject":      []any{"=?utf-8?q?Gr=C3=BC=C3=9Fe_<b>?="},
			"Message-Id":   []any{"<m1@example.com>"},
			"Content-Type": []any{"multipart/alternative; boundary=b"},
		},
		"text":  "Join: https://seats.example.com/i/x?a=1&b=2",
		"html":  "<!DOCTYPE html>\n<html><a href=\"https://seats.example.com/i/x\">Join</a><script>alert(1)</script></html>",
		"links": []any{"https://seats.example.com/i/x?a=1&b=2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mail in JSON (-want +got):\n%s", diff)
	}

	for query, want := range map[string][]string{
		"":                       {"2 other", "1 Grüße <b>"},
		"?to=":                   {"2 other", "1 Grüße <b>"},
		"?to=ADA@example.com":    {"1 Grüße <b>"},
		"?to=nobody@example.com": {},
		"?to=" + url.QueryEscape("ada+x@example.com"): {"2 other"},
	} {
		response, body := get(t, box.URL()+"/api/messages"+query)
		var list struct{ Messages []mailbox.Message }
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, subjects(list.Messages)); diff != "" {
			t.Errorf("list %s (-want +got):\n%s", query, diff)
		}
		if got := response.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("list has type %q", got)
		}
	}
}

func TestAPIClear(t *testing.T) {
	box := start(t, mailbox.Options{})
	mustSend(t, box, "a", "ada@example.com")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, box.URL()+"/api/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Errorf("DELETE: %s", response.Status)
	}
	wantSubjects(t, box)
	_, body := get(t, box.URL()+"/api/messages")
	if want := "{\"messages\":[]}\n"; body != want {
		t.Errorf("list is %q, want %q", body, want)
	}
}
