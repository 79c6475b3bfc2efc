// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClaim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there")
	first := claimed(t, dir)
	up := new(upError)
	if _, err := claim(dir); !errors.As(err, &up) {
		t.Fatalf("a second claim: got %v, want an upError", err)
	}
	if up.ready || up.PID != os.Getpid() || !up.Since.Equal(first.since) || !strings.Contains(up.Error(), "starting") {
		t.Errorf("while it starts: %+v", up)
	}
	if err := first.save(systemFile, record{PID: 7, Mailbox: "http://mailbox"}); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir); !errors.As(err, &up) || !up.ready || !strings.Contains(up.Error(), "http://mailbox") {
		t.Errorf("while it is up: %v", err)
	}
	first.release() // as when it is killed: the file stays
	second := claimed(t, dir)
	if _, err := os.Stat(second.path(systemFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a new run still shows the addresses of the one before: %v", err)
	}
}

func TestClaimLeavesOtherDirectoriesAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func(context.Context, string, io.Writer) error{"run": func(ctx context.Context, dir string, out io.Writer) error { return run(ctx, dir, "", out) }, "clean": clean} {
		if err := act(t.Context(), dir, io.Discard); err == nil || !strings.Contains(err.Error(), "holds something else") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v (%v)", entries, err)
	}
}

func TestClean(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := clean(t.Context(), dir, io.Discard); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
	s := claimed(t, dir)
	if err := clean(t.Context(), dir, io.Discard); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("in use: got %v", err)
	}
	s.release()
	if err := clean(t.Context(), dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestAwaitEarlier(t *testing.T) {
	s := claimed(t, t.TempDir())
	remains, err := os.Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer remains.Close()
	if free, err := tryLock(remains); !free || err != nil {
		t.Fatalf("locking: %v, %v", free, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.awaitEarlier(ctx, progress{io.Discard}); err == nil || !strings.Contains(err.Error(), "still runs in "+s.dir) {
		t.Errorf("while something runs: got %v", err)
	}
	go remains.Close()
	if err := s.awaitEarlier(t.Context(), progress{io.Discard}); err != nil {
		t.Errorf("once it has ended: %v", err)
	}
}

func TestRecallPorts(t *testing.T) {
	s := claimed(t, t.TempDir())
	p, err := s.recallPorts()
	if err != nil || p.Portal != 8090 {
		t.Errorf("at first: %+v, %v", p, err)
	}
	p.Portal = 4711
	if err := s.save(portsFile, p); err != nil {
		t.Fatal(err)
	}
	if again, err := s.recallPorts(); err != nil || again != p {
		t.Errorf("saved %+v and got %+v, %v", p, again, err)
	}
	if err := os.WriteFile(s.path(portsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.recallPorts(); err == nil || !strings.Contains(err.Error(), "is damaged, remove it") {
		t.Errorf("from a damaged file: %v", err)
	}
}

func claimed(t *testing.T, dir string) *state {
	t.Helper()
	s, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.release)
	return s
}
