// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e_test tells stories against the system that `make run` runs, by kubectl, mail and browser.
package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/internal/billing/fake"
	"seatkeeper.dev/seatkeeper/test/env"
)

// repository is the root of the repository, seen from here.
const repository = "../.."

// system is what runs, as it says itself.
var system struct {
	Kubeconfig string `json:"kubeconfig"`
	Mailbox    string `json:"mailbox"`
	Directory  string `json:"directory"`
	Portal     string `json:"portal"`
}

// payments is the Stripe of the system.
var payments = fake.NewStripe(nil)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts the system, as `make run` does, in a directory of its own, and runs the tests against it.
func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "seatkeeper-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var output bytes.Buffer
	cmd := exec.Command("bin/dev", "-dir", filepath.Join(dir, "state"), "-stripe-url", payments.URL())
	cmd.Dir, cmd.Stdout, cmd.Stderr = repository, &output, &output
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("starting the system: %w: run this by make test-e2e", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := ready(filepath.Join(dir, "state", "system.json"), ended); err != nil {
		return 1, fmt.Errorf("%w\n%s", err, &output)
	}
	code = m.Run()
	closeBrowser()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		return 1, fmt.Errorf("stopping the system: %w", err)
	}
	if err := <-ended; err != nil && code == 0 {
		return 1, fmt.Errorf("the system did not end well: %w\n%s", err, &output)
	}
	return code, nil
}

func ready(path string, ended <-chan error) error {
	tick, deadline := time.NewTicker(100*time.Millisecond), time.After(3*time.Minute)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the system ended before it was ready: %w", err)
		case <-deadline:
			return fmt.Errorf("the system is not ready in time")
		case <-tick.C:
		}
		if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &system) == nil {
			return nil
		}
	}
}

// kubectl runs a command as a person would, and returns what it prints.
func kubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, _, err := kubectlIn(t, "acme", "", args...)
	return out, err
}

// kubectlIn is kubectl in a namespace, with something to read. Beside what it prints it returns what it warns of.
func kubectlIn(t *testing.T, namespace, input string, args ...string) (out, warnings string, err error) {
	t.Helper()
	return program(t, "bin/kubectl", namespace, input, args...)
}

// plugin is kubectl seatkeeper, as kubectlIn is kubectl.
func plugin(t *testing.T, namespace string, args ...string) (out, warnings string, err error) {
	t.Helper()
	return program(t, "bin/kubectl-seatkeeper", namespace, "", args...)
}

func program(t *testing.T, path, namespace, input string, args ...string) (out, warnings string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--kubeconfig", system.Kubeconfig, "-n", namespace}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = repository, strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), stderr.String(), fmt.Errorf("%s %s: %w: %s", strings.TrimPrefix(path, "bin/"), strings.Join(args, " "), err, &stderr)
	}
	return stdout.String(), stderr.String(), nil
}

// must is kubectl that works.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shows waits until a kubectl command prints a line that holds all the words, in this order.
func shows(t *testing.T, args []string, words ...string) {
	t.Helper()
	env.Eventually(t, func() error {
		out, err := kubectl(t, args...)
		if err != nil {
			return err
		}
		for line := range strings.Lines(out) {
			if inOrder(line, words) {
				return nil
			}
		}
		return fmt.Errorf("no line with %q in:\n%s", words, out)
	})
}

func inOrder(line string, words []string) bool {
	for _, word := range words {
		_, rest, found := strings.Cut(line, word)
		if !found {
			return false
		}
		line = rest
	}
	return true
}

// mail is a mail in the development mailbox.
type mail struct {
	Subject string   `json:"subject"`
	Links   []string `json:"links"`
}

// mails are those that came for an address, newest first.
func mails(t *testing.T, address string) ([]mail, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.Mailbox+"/api/messages?to="+url.QueryEscape(address), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var found struct {
		Messages []mail `json:"messages"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, fmt.Errorf("the mailbox answered %s: %w", body, err)
	}
	return found.Messages, nil
}

// invitation waits for the one mail to an address and returns its link.
func invitation(t *testing.T, address string) string {
	t.Helper()
	var link string
	env.Eventually(t, func() error {
		found, err := mails(t, address)
		if err != nil {
			return err
		}
		if len(found) != 1 || len(found[0].Links) != 1 {
			return fmt.Errorf("%s has the mails %+v, want one with one link", address, found)
		}
		link = found[0].Links[0]
		return nil
	})
	return link
}
