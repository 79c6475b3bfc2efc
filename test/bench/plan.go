// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Plan is what deciding on the seats of 10 pools takes, without an API server: the median of several runs of one case of
// BenchmarkPlan in internal/seats.
type Plan struct {
	// Case is grant: nothing is known of the pools, and nobody has a seat; restart: as much is known, and everybody has
	// one; settled: nothing changed in any pool; or change: in one of the pools somebody leaves and somebody else waits.
	Case   string `json:"case"`
	People int    `json:"people"`
	// Nanoseconds are of one pass over each pool, and PerUser those per person. Bytes and Allocations are what is
	// allocated meanwhile.
	Nanoseconds float64 `json:"nanoseconds"`
	PerUser     float64 `json:"nanosecondsPerUser"`
	Bytes       float64 `json:"bytes"`
	Allocations float64 `json:"allocations"`
}

// Plans are the cases of BenchmarkPlan.
type Plans []Plan

var planLine = regexp.MustCompile(`^BenchmarkPlan/(\w+)/people=(\d+)(?:-\d+)?\s+\d+\s(.*)`)

func readPlan(file string) (Plans, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parsePlan(f)
}

// parsePlan reads what go test says of BenchmarkPlan, each case once or several times.
func parsePlan(r io.Reader) (Plans, error) {
	var all []Plan
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		m := planLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		p := Plan{Case: m[1]}
		p.People, _ = strconv.Atoi(m[2]) // digits
		figures := map[string]*float64{"ns/op": &p.Nanoseconds, "ns/user": &p.PerUser, "B/op": &p.Bytes, "allocs/op": &p.Allocations}
		for fields := strings.Fields(m[3]); len(fields) >= 2; fields = fields[2:] {
			value, err := strconv.ParseFloat(fields[0], 64)
			if err != nil {
				return nil, fmt.Errorf("go test says of a benchmark %q: %w", lines.Text(), err)
			}
			if figure := figures[fields[1]]; figure != nil {
				*figure = value
			}
		}
		all = append(all, p)
	}
	if len(all) == 0 && lines.Err() == nil {
		return nil, fmt.Errorf("go test says nothing of BenchmarkPlan")
	}
	return medians(all), lines.Err()
}

// medians leave each case once, in the order of the first time.
func medians(all []Plan) Plans {
	var plans Plans
	for len(all) > 0 {
		first := all[0]
		same := func(p Plan) bool { return p.Case == first.Case && p.People == first.People }
		runs := slices.DeleteFunc(slices.Clone(all), func(p Plan) bool { return !same(p) })
		slices.SortFunc(runs, func(p, q Plan) int { return cmp.Compare(p.Nanoseconds, q.Nanoseconds) })
		plans = append(plans, runs[(len(runs)-1)/2])
		all = slices.DeleteFunc(all, same)
	}
	return plans
}

// planTitles say in words what the cases are.
var planTitles = map[string]string{
	"grant": "from nothing, nobody has a seat", "restart": "from nothing, everybody has a seat",
	"settled": "nothing changed", "change": "in one pool, one leaves and one waits",
}

// planPeople is how many people planTargets are for, which are milliseconds.
const planPeople = 100_000

var planTargets = map[string]float64{"grant": 50, "restart": 50, "settled": 50, "change": 0.05}

// print writes the table, and beside the targets what 100 000 people take.
func (ps Plans) print(w io.Writer) {
	const few, many = 10_000, planPeople
	fmt.Fprintf(w, "%-42s%11s%11s%11s%11s%11s\n", "plan: 10 pools, no API server", "people", "ms", "ns/person", "allocs", "KiB")
	for _, p := range ps {
		fmt.Fprintf(w, "%-42s%11d%11.3f%11.2f%11.0f%11.0f\n",
			planTitles[p.Case], p.People, p.Nanoseconds/1e6, p.PerUser, p.Allocations, p.Bytes/1024)
	}
	for _, p := range ps {
		if p.People == many {
			judge(w, planTitles[p.Case]+", ms", "%.2f", p.Nanoseconds/1e6, planTargets[p.Case])
		}
	}
	for _, p := range ps {
		for _, q := range ps {
			if p.Case == q.Case && p.People == few && q.People == many {
				judge(w, p.Case+": allocations of 100 000 / 10 000", "%.1f", q.Allocations/p.Allocations, 1.2*many/few)
			}
		}
	}
	fmt.Fprintln(w)
}
