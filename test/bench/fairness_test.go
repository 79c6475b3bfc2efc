// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestPrintFairness(t *testing.T) {
	f := Fairness{
		Crowd: 50_000, Load: loadGranted, Seconds: 240, Disturbed: true, Foreign: 0.3,
		Alone:  Newcomers{Invitations: []float64{30, 20, 40}, writes: []float64{4, 2, 3}},
		Beside: Newcomers{Invitations: []float64{90, 75}, writes: []float64{9, 12}},
	}
	f.sumUp()
	var out strings.Builder
	f.print(&out)
	for _, want := range []string{
		"50000 people of one organization who wait for seats get them all at once, and are invited, in 240 s; 3 of another come one by one before, and 2 meanwhile",
		"from applied to invited, ms, median              30.0       75.0       2.50",
		"from applied to invited, ms, p99                 40.0       90.0       2.25",
		"one bare write, ms, median                        3.0        9.0       3.00",
		"the median in such writes                        10.0        8.3       0.83",
		"2.50   the target of 2.00 is missed", "DISTURBED: other processes used 30 %",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}
