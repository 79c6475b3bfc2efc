// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux tells programs about processor time, whatever the kernel counts in.
const tick = 10 * time.Millisecond

// sample is what processors and processes had done at one moment.
type sample struct {
	at      time.Time
	machine machineTime
	// processes are the bench's own, by name.
	processes map[string]time.Duration
}

// machineTime sums up all processors since the machine started.
type machineTime struct{ busy, idle time.Duration }

// take reads the machine and the processes, which are given by name and process ID.
func take(processes map[string]int) (sample, error) {
	s := sample{at: time.Now(), processes: map[string]time.Duration{}}
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return s, err
	}
	if s.machine, err = parseMachine(string(content)); err != nil {
		return s, err
	}
	for name, pid := range processes {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return s, fmt.Errorf("reading the processor time of %s: %w", name, err)
		}
		if s.processes[name], err = parseProcess(string(content)); err != nil {
			return s, err
		}
	}
	return s, nil
}

// parseMachine reads /proc/stat. Time that the host of a virtual machine gave to others counts as busy.
func parseMachine(stat string) (machineTime, error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	// cpu, user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice already.
	const idle, iowait, steal = 4, 5, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return machineTime{}, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var t machineTime
	for i := 1; i <= steal; i++ {
		ticks, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return machineTime{}, fmt.Errorf("/proc/stat begins with %q: %w", line, err)
		}
		if i == idle || i == iowait {
			t.idle += time.Duration(ticks) * tick
		} else {
			t.busy += time.Duration(ticks) * tick
		}
	}
	return t, nil
}

// parseProcess reads the time in user and kernel mode from /proc/<pid>/stat.
func parseProcess(stat string) (time.Duration, error) {
	// The name of the program stands in brackets, and may hold blanks and brackets.
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("the kernel says of a process: %q", stat)
	}
	u, err1 := strconv.ParseInt(fields[user], 10, 64)
	s, err2 := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+s) * tick, errors.Join(err1, err2)
}

// peak is the most memory that a process ever had resident, in bytes.
func peak(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parsePeak(string(content))
}

func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel does not tell the peak memory of a process")
}

// used is the processor time of one of our processes between two samples.
func used(before, after sample, name string) time.Duration {
	return after.processes[name] - before.processes[name]
}

// idle is the part of the machine that nobody used between two samples, from 0 to 1.
func idle(before, after sample) float64 {
	rest := after.machine.idle - before.machine.idle
	return share(rest, rest+after.machine.busy-before.machine.busy)
}

// foreign is the part of the machine that others than our processes used between two samples, from 0 to 1.
func foreign(before, after sample) float64 {
	busy := after.machine.busy - before.machine.busy
	others := busy
	for name := range after.processes {
		others -= used(before, after, name)
	}
	return share(max(0, others), busy+after.machine.idle-before.machine.idle)
}

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
