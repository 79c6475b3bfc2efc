// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import "time"

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
