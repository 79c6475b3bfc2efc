// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import "testing"

// Errands that go on at once come to their end in time.
func TestAtOnce(t *testing.T) {
	for rate, want := range map[float64]int{0: 16, 0.1: 2, 0.5: 3, 1: 6, 2.5: 15, 3: 16, 50: 16, 1e9: 16} {
		if got := atOnce(rate); got != want {
			t.Errorf("with %v requests in a second, %d, want %d", rate, got, want)
		}
	}
}
