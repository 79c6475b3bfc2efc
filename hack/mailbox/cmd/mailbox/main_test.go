// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"path/filepath"
	"strings"
	"testing"
)

// serve runs the command on free ports and returns where it listens.
func serve(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) (smtpAddr, url string, ended <-chan error) {
	t.Helper()
	out, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-smtp=127.0.0.1:0", "-http=127.0.0.1:0"}, args...), stdin, stdout)
		stdout.Close()
		done <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the ready line: %v, %v", err, <-done)
	}
	if _, err := fmt.Sscanf(line, "ready smtp=%s http=%s\n", &smtpAddr, &url); err != nil {
		t.Fatalf("reading %q: %v", line, err)
	}
	return smtpAddr, url, done
}

func TestStopsWithContextAndKeepsMail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	ctx, cancel := context.WithCancel(t.Context())
	// Standard input ends at once, which matters only if tied.
	smtpAddr, _, ended := serve(ctx, t, strings.NewReader(""), "-dir", dir)
	if err := smtp.SendMail(smtpAddr, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: kept\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	_, url, ended := serve(ctx, t, strings.NewReader(""), "-dir", dir)
	response, err := http.Get(url + "/api/messages/1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), `"subject":"kept"`) {
		t.Errorf("mail after the restart: %s, %v", body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestTiedStopsWithStdin(t *testing.T) {
	stdin, parent := io.Pipe()
	_, _, ended := serve(t.Context(), t, stdin, "-tied")
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

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	for want, args := range map[string][]string{
		`unexpected argument "serve"`: {"serve"},
		"capacity is -3":              {"-capacity=-3"},
	} {
		err := run(t.Context(), args, strings.NewReader(""), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run(%q): %v, want an error with %q", args, err, want)
		}
	}
}
