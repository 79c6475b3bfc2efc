// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// deaf has the test's own program be one that does not end when it is told to.
const deaf = "TEST_DEAF"

func TestMain(m *testing.M) {
	if os.Getenv(deaf) == "" {
		os.Exit(m.Run())
	}
	os.Exit(interruptible(func(ctx context.Context) int {
		_, _ = os.Stdout.WriteString("working\n") // the test reads it
		<-ctx.Done()
		_, _ = os.Stdout.WriteString("told\n")
		select {}
	}))
}

// TestSecondInterrupt checks that whoever interrupts twice is not kept by work that does not heed it.
func TestSecondInterrupt(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), deaf+"=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"working", "told"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("it says %q, want %q", lines.Text(), want)
		}
		// What undoes the handling of signals runs beside the work, so the second may come too early to end it.
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for range 1000 {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("it ends with %v", err)
			}
			return
		case <-again.C:
			_ = cmd.Process.Signal(os.Interrupt) // it may be gone
		}
	}
	_ = cmd.Process.Kill() // as above
	t.Error("no second signal ends it")
}
