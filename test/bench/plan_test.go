// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const benchmarks = `goos: linux
pkg: seatkeeper.dev/seatkeeper/internal/seats
BenchmarkPlan/grant/people=10000-2         	     200	   5000000 ns/op	       500.0 ns/user	 3767600 B/op	    1810 allocs/op
BenchmarkPlan/change/people=100000-2       	     300	      90000 ns/op	         0.9 ns/user	    1024 B/op	      21 allocs/op
BenchmarkPlan/change/people=100000-2       	     300	      40000 ns/op	         0.4 ns/user	    2048 B/op	      22 allocs/op
BenchmarkPlan/change/people=100000-2       	     300	      20000 ns/op	         0.2 ns/user	    4096 B/op	      23 allocs/op
BenchmarkPlan/grant/people=100000          	      20	  60000000 ns/op	       600.0 ns/user	55314320 B/op	   19910 allocs/op
PASS
`

func TestParsePlan(t *testing.T) {
	got, err := parsePlan(strings.NewReader(benchmarks))
	want := Plans{
		{Case: "grant", People: 10_000, Nanoseconds: 5e6, PerUser: 500, Bytes: 3767600, Allocations: 1810},
		{Case: "change", People: 100_000, Nanoseconds: 40_000, PerUser: 0.4, Bytes: 2048, Allocations: 22},
		{Case: "grant", People: 100_000, Nanoseconds: 6e7, PerUser: 600, Bytes: 55314320, Allocations: 19910},
	}
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	for _, wrong := range []string{"", "PASS\n", "BenchmarkPlan/grant/people=10000-2 200 many ns/op\n"} {
		if _, err := parsePlan(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q is read without an error", wrong)
		}
	}
}

func TestPrintPlan(t *testing.T) {
	plans, err := parsePlan(strings.NewReader(benchmarks))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	plans.print(&out)
	for _, want := range []string{
		"from nothing, nobody has a seat                100000     60.000     600.00      19910      54018",
		"from nothing, nobody has a seat, ms             60.00   the target of 50.00 is missed",
		"in one pool, one leaves and one waits, ms        0.04   the target of 0.05 is met",
		"grant: allocations of 100 000 / 10 000           11.0   the target of 12.0 is met",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
