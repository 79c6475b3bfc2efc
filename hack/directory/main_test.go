// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// start runs the command on a free port, and returns where it listens.
func start(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) (url string, ended <-chan error) {
	t.Helper()
	out, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-http=127.0.0.1:0"}, args...), stdin, stdout)
		stdout.Close()
		done <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the ready line: %v, %v", err, <-done)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "ready ")), done
}

func client(t *testing.T, url, token string) *scim.Client {
	t.Helper()
	c, err := scim.New(scim.Config{URL: url, Credentials: scim.Credentials{Bearer: password.New(token)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKeepsAccounts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "directory")
	ctx, cancel := context.WithCancel(t.Context())
	// Standard input ends at once, which matters only if tied.
	url, ended := start(ctx, t, strings.NewReader(""), "-dir", dir, "-token=open-sesame")
	account := directorytest.Ada()
	id, err := client(t, url, "open-sesame").Ensure(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, url, "let-me-in").Ensure(t.Context(), account); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("with another token: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	url, _ = start(t.Context(), t, strings.NewReader(""), "-dir", dir)
	again, err := client(t, url, "let-me-in").Ensure(t.Context(), account)
	if err != nil || again != id {
		t.Errorf("the account was %q, and is %q (%v)", id, again, err)
	}
	account.UID, account.UserName = "somebody-else", "somebody@acme.example"
	if other, err := client(t, url, "let-me-in").Ensure(t.Context(), account); err != nil || other == id {
		t.Errorf("somebody else has the account %q too (%v)", other, err)
	}
}

func TestDamagedFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "accounts.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-http=127.0.0.1:0", "-dir", dir}, strings.NewReader(""), io.Discard); err == nil || !strings.Contains(err.Error(), "accounts.json is damaged") {
		t.Errorf("got %v", err)
	}
}

func TestSignIn(t *testing.T) {
	url, _ := start(t.Context(), t, strings.NewReader(""))
	c := client(t, url, "let-me-in")
	account := directorytest.Ada()
	signIn := func(name, secret string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(url, "/scim/v2")+"/sign-in",
			strings.NewReader(neturl.Values{"name": {name}, "password": {secret}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	const secret = "seven violets by the old bridge"
	for _, active := range []bool{true, false} {
		account.Active = active
		if _, err := c.Ensure(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		if active {
			if got := signIn(account.UserName, ""); got != http.StatusUnauthorized {
				t.Errorf("without a password: %d", got)
			}
			if err := c.SetPassword(t.Context(), account, password.New(secret)); err != nil {
				t.Fatal(err)
			}
		}
		want := map[bool]int{true: http.StatusNoContent, false: http.StatusUnauthorized}[active]
		if got := signIn(account.UserName, secret); got != want {
			t.Errorf("active: %v: %d, want %d", active, got, want)
		}
	}
	for name, secret := range map[string]string{account.UserName: "another", "nobody@acme.example": secret, "": ""} {
		if got := signIn(name, secret); got != http.StatusUnauthorized {
			t.Errorf("%q with %q: %d", name, secret, got)
		}
	}
}

func TestOutage(t *testing.T) {
	url, _ := start(t.Context(), t, strings.NewReader(""))
	c := client(t, url, "let-me-in")
	outage := func(method string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(url, "/scim/v2")+"/outage", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil || response.StatusCode != http.StatusNoContent {
			t.Fatalf("%s /outage: %v, %v", method, response, err)
		}
		response.Body.Close()
	}
	for _, down := range []bool{true, false, true} {
		outage(map[bool]string{true: http.MethodPost, false: http.MethodDelete}[down])
		if _, err := c.Ensure(t.Context(), directorytest.Ada()); errors.Is(err, directory.ErrUnavailable) != down || err == nil == down {
			t.Errorf("while it is down (%v): %v", down, err)
		}
	}
}

func TestTakenPort(t *testing.T) {
	url, _ := start(t.Context(), t, strings.NewReader(""))
	taken := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/scim/v2")
	other, _ := start(t.Context(), t, strings.NewReader(""), "-http="+taken)
	if other == url {
		t.Errorf("two are at %s", url)
	}
}

func TestTiedStopsWithStdin(t *testing.T) {
	stdin, parent := io.Pipe()
	_, ended := start(t.Context(), t, stdin, "-tied")
	select {
	case err := <-ended:
		t.Fatalf("stopped while standard input is open: %v", err)
	default:
	}
	parent.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
