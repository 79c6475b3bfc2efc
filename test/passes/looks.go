// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import "time"

// Tick has those directories looked at that are due, and says how often they were asked.
func (w *World) Tick() int {
	w.t.Helper()
	asked := w.Directory.Attempts()
	w.must(w.looks.Tick(w.t.Context()), "looking at directories")
	w.Delivered()
	return w.Directory.Attempts() - asked
}

// Look has all directories looked at once, when the next look is due, and waits until that is done with all that follows at once.
func (w *World) Look() {
	w.t.Helper()
	w.CatchUp()
	const period = 10 * time.Minute
	w.must(w.looks.Tick(w.t.Context()), "finding directories")
	w.Clock.Step(2 * period) // jitter and all
	w.must(w.looks.Tick(w.t.Context()), "looking at directories")
	w.Delivered()
}
