// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// percent is by what the collector goes.
func percent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func TestGarbageIsCollectedTheOftenerTheMoreIsKept(t *testing.T) {
	was := debug.SetGCPercent(123)
	t.Cleanup(func() { debug.SetGCPercent(was) })
	frugal(func(string) (string, bool) { return "123", true })
	if got := percent(); got != 123 {
		t.Errorf("GOGC is given, and the collector goes by %d", got)
	}
	frugal(func(string) (string, bool) { return "", false })
	kept := make([]byte, 400<<20)
	env.Eventually(t, func() error {
		runtime.GC()
		if got := percent(); got != 40 {
			return fmt.Errorf("with 400 MiB in use, the collector goes by %d %%", got)
		}
		return nil
	})
	runtime.KeepAlive(kept)
	env.Eventually(t, func() error {
		runtime.GC()
		if got := percent(); got <= 40 {
			return fmt.Errorf("with little in use, the collector goes by %d %%", got)
		}
		return nil
	})
}

func TestGarbage(t *testing.T) {
	for used, want := range map[uint64]int{0: 400, 4 << 20: 400, 32 << 20: 200, 64 << 20: 100, 128 << 20: 50, 160 << 20: 40, 4 << 30: 40} {
		if got := garbage(used); got != want {
			t.Errorf("of %d bytes in use: %d %%, want %d", used, got, want)
		}
	}
}
