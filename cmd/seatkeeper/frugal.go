// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// frugal has garbage collected oftener than Go does by itself where there are very many people: what is kept of them is most of the
// memory, and as much again would be let become garbage. Among few, the collector would be at work all the time for a few MiB. GOGC in the
// environment counts, if it is there.
func frugal(environment func(string) (string, bool)) {
	if _, given := environment("GOGC"); !given {
		adjust(struct{}{})
	}
}

// garbage is how much of it there may be before it is collected, in percent of the heap that is in use: 64 MiB of one that is neither
// very large nor nearly empty.
func garbage(used uint64) int {
	const (
		least, most = 40, 400
		bytes       = 64 << 20
	)
	return int(min(max(bytes*100/max(used, 1), least), most))
}

// adjust goes by what is in use, and does so again after each collection.
func adjust(struct{}) {
	now := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	if percent := garbage(now[0].Value.Uint64()); uint64(percent) != now[1].Value.Uint64() {
		debug.SetGCPercent(percent) // for a moment, nothing else runs
	}
	// Nothing refers to it, so that the next collection finds it. Without a pointer, it could be kept together with something that lives.
	runtime.AddCleanup(new(struct{ _ *int }), adjust, struct{}{})
}
