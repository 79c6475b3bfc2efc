// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

func TestChildEndsWithItsStandardInput(t *testing.T) {
	s := claimed(t, t.TempDir())
	c := launched(t, s, exec.Command("sh", "-c", "echo ready at last; echo and more; cat; echo over"))
	if line, err := c.firstLine(t.Context()); err != nil || line != "ready at last" {
		t.Errorf("its first line: %q, %v", line, err)
	}
	c.stop()
	if c.err != nil {
		t.Errorf("it ended with %v", c.err)
	}
	if got, want := logOf(t, c), "ready at last\nand more\nover\n"; got != want {
		t.Errorf("the log holds %q, want %q", got, want)
	}
}

func TestChildThatEndsByItselfSaysWhy(t *testing.T) {
	s := claimed(t, t.TempDir())
	c := launched(t, s, exec.Command("sh", "-c", "echo no such luck >&2; exit 3"))
	_, err := c.firstLine(t.Context())
	ended := new(endedError)
	if !errors.As(err, &ended) || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("waiting for its first line: %v", err)
	}
	if err := c.answers(t.Context(), "http://127.0.0.1:1/readyz"); !errors.As(err, &ended) {
		t.Errorf("waiting for its answer: %v", err)
	}
}

func TestChildAnswers(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) < 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	c := launched(t, claimed(t, t.TempDir()), exec.Command("cat"))
	if err := c.answers(t.Context(), server.URL); err != nil || requests.Load() != 3 {
		t.Errorf("after %d requests: %v", requests.Load(), err)
	}
}

func TestLeash(t *testing.T) {
	const untilTerminated = `trap 'echo asked to end; exit 0' TERM; echo up; while :; do sleep 0.01; done`
	t.Run("ends the program with its standard input", func(t *testing.T) {
		c := onLeash(t, untilTerminated)
		c.stop()
		if c.err != nil || !strings.HasSuffix(logOf(t, c), "asked to end\n") {
			t.Errorf("it ended with %v, and its log holds %q", c.err, logOf(t, c))
		}
	})
	t.Run("passes its exit code on", func(t *testing.T) {
		c := onLeash(t, "echo up; exit 3")
		<-c.ended
		if exit := new(exec.ExitError); !errors.As(c.err, &exit) || exit.ExitCode() != 3 {
			t.Errorf("it ended with %v", c.err)
		}
	})
	t.Run("leaves no program behind when it is killed", func(t *testing.T) {
		c := onLeash(t, untilTerminated)
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-c.ended
		// The program has the lock of its directory, until it ends.
		dir, err := os.Open(c.cmd.ExtraFiles[0].Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.cmd.ExtraFiles[0].Close(); err != nil {
			t.Fatal(err)
		}
		if err := (&state{inUse: dir}).awaitEarlier(t.Context(), progress{io.Discard}); err != nil {
			t.Error(err)
		}
	})
}

// onLeash runs a shell script that prints one line, and waits for that.
func onLeash(t *testing.T, script string) *child {
	t.Helper()
	s := claimed(t, t.TempDir())
	if err := s.awaitEarlier(t.Context(), progress{io.Discard}); err != nil {
		t.Fatal(err)
	}
	cmd, err := leashed("sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	c := launched(t, s, cmd)
	if line, err := c.firstLine(t.Context()); err != nil || line != "up" {
		t.Fatalf("its first line: %q, %v", line, err)
	}
	return c
}

func TestLineReporter(t *testing.T) {
	var log bytes.Buffer
	line := make(chan string, 1)
	w := &lineReporter{log: &log, line: line}
	for _, part := range []string{"rea", "dy\nmore", "\nand more\n"} {
		if n, err := io.WriteString(w, part); n != len(part) || err != nil {
			t.Fatalf("writing %q: %d, %v", part, n, err)
		}
	}
	if got := <-line; got != "ready" {
		t.Errorf("the first line is %q", got)
	}
	if got, want := log.String(), "ready\nmore\nand more\n"; got != want {
		t.Errorf("the log holds %q, want %q", got, want)
	}
}

func TestTailIsShort(t *testing.T) {
	path := t.TempDir() + "/log"
	if err := os.WriteFile(path, []byte(strings.Repeat("old\n", 100)+"new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tail(path); strings.Count(got, "\n") != 14 || !strings.HasSuffix(got, "\n  new") {
		t.Errorf("got %q", got)
	}
}

func TestAbandoned(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	done := make(chan struct{})
	go func() {
		abandoned(writer)
		close(done)
	}()
	if _, err := writer.WriteString("still read"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
		t.Fatal("while somebody reads")
	default:
	}
	reader.Close()
	<-done
}

// launched starts a child that ends with the test.
func launched(t *testing.T, s *state, cmd *exec.Cmd) *child {
	t.Helper()
	c, err := s.launch("child", cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

func logOf(t *testing.T, c *child) string {
	t.Helper()
	data, err := os.ReadFile(c.logPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
