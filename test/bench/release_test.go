// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for why, c := range map[string]struct {
		values       []float64
		part, wanted float64
	}{
		"one value is every quantile":              {[]float64{7}, 0.99, 7},
		"the median of three in any order":         {[]float64{9, 1, 4}, 0.5, 4},
		"of two, the smaller":                      {[]float64{9, 1}, 0.5, 1},
		"the p99 of few is the largest":            {[]float64{9, 1, 4}, 0.99, 9},
		"the p99 of a hundred leaves one above it": {hundred, 0.99, 99},
		"nothing is below the smallest":            {[]float64{3, 2}, 0, 2},
	} {
		if got := quantile(c.values, c.part); got != c.wanted {
			t.Errorf("%s: %v, want %v", why, got, c.wanted)
		}
	}
}

func TestPrintRelease(t *testing.T) {
	var out strings.Builder
	Release{
		Waiting: 50_000, Seats: 50, Latencies: []float64{20, 60}, Median: 20, P99: 60, Write: 4, Disturbed: true, Foreign: 0.3,
		Requests: requests{"PATCH users/status": 102, "GET users": 1},
	}.print(&out)
	for _, want := range []string{
		"50000 people wait for 50 seats, 2 holders are archived",
		"the p99 in such patches                                        15.0",
		"  PATCH users/status                                         102.00\n  GET users  ",
		"DISTURBED: other processes used 30 % of the machine",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
