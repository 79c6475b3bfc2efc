// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"testing"
	"time"
)

func TestParseMachine(t *testing.T) {
	got, err := parseMachine("cpu  100 1 20 1000 30 4 5 6 90 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
	// user and nice hold the time of guests already; what the host took away is not ours, so it is busy
	want := machineTime{busy: (100 + 1 + 20 + 4 + 5 + 6) * tick, idle: (1000 + 30) * tick}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, broken := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 x 6 7 8"} {
		if _, err := parseMachine(broken); err == nil {
			t.Errorf("%q is read without an error", broken)
		}
	}
}

func TestParseProcess(t *testing.T) {
	const rest = " S 1 7 7 0 -1 4194560 100 200 0 0 41 59 1000 1000 20 0 9 0 12345"
	for _, name := range []string{"(bench)", "(a program) of (mine)"} {
		if got, err := parseProcess("7 " + name + rest); err != nil || got != time.Second {
			t.Errorf("%s: got %v, %v, want a second, without that of its ended children", name, got, err)
		}
	}
	for _, broken := range []string{"", "7 (bench) S 1 2", "7 (bench) S 1 7 7 0 -1 4194560 100 200 0 0 x 59 0"} {
		if _, err := parseProcess(broken); err == nil {
			t.Errorf("%q is read without an error", broken)
		}
	}
}

func TestParsePeak(t *testing.T) {
	got, err := parsePeak("Name:\tbench\nVmPeak:\t 9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1000 kB\n")
	if err != nil || got != 2<<20 {
		t.Errorf("got %d, %v, want 2 MiB", got, err)
	}
	if _, err := parsePeak("Name:\tkthreadd\n"); err == nil {
		t.Error("a process without memory is read without an error")
	}
}

func TestTakeReadsThisMachine(t *testing.T) {
	s, err := take(map[string]int{"client": os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if s.machine.idle+s.machine.busy == 0 {
		t.Error("the machine has done nothing since it started")
	}
	if used := s.processes["client"]; used > s.machine.busy {
		t.Errorf("this process used %v, more than the machine's %v", used, s.machine.busy)
	}
	if rss, err := peak(os.Getpid()); err != nil || rss == 0 {
		t.Errorf("this process had %d bytes at its peak, %v", rss, err)
	}
}

func TestShares(t *testing.T) {
	at := func(busy, idle, server, manager time.Duration) sample {
		return sample{
			machine:   machineTime{busy: busy * time.Second, idle: idle * time.Second},
			processes: map[string]time.Duration{"server": server * time.Second, "manager": manager * time.Second},
		}
	}
	for why, c := range map[string]struct {
		before, after sample
		foreign, idle float64
	}{
		"all of the work is ours":             {at(10, 10, 1, 1), at(18, 12, 6, 4), 0, 0.2},
		"others took two of ten seconds":      {at(10, 10, 1, 1), at(18, 12, 5, 3), 0.2, 0.2},
		"ticks are counted in different ways": {at(10, 10, 1, 1), at(18, 12, 7, 4), 0, 0.2},
		"no time has passed":                  {at(10, 10, 1, 1), at(10, 10, 1, 1), 0, 0},
	} {
		if got := foreign(c.before, c.after); math.Abs(got-c.foreign) > 1e-9 {
			t.Errorf("%s: others used %v, want %v", why, got, c.foreign)
		}
		if got := idle(c.before, c.after); math.Abs(got-c.idle) > 1e-9 {
			t.Errorf("%s: %v was idle, want %v", why, got, c.idle)
		}
	}
}
