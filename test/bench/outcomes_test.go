// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func grown(scenario string, people int, server, manager, writes float64) Size {
	m := walls(10)
	m[0].ServerCPU, m[0].ManagerCPU, m[0].Writes = server, manager, writes
	return sumUp(scenario, people, map[string][]Measurement{wayRaw: walls(8), wayMinimal: walls(10), wayOperator: m})
}

func TestGrowth(t *testing.T) {
	all := growth([]Size{
		grown(scenarioInvite, 10_000, 11, 2, 3), grown(scenarioInvite, 1000, 8, 2, 3), grown(scenarioGrant, 1000, 5, 0, 2), grown(scenarioTeam, 500, 1, 0, 0), grown(scenarioTeam, 900, 2, 3, 1),
	})
	want := []Growth{
		{Scenario: scenarioInvite, Few: 1000, Many: 10_000, Server: 1.375, Manager: 1, Cost: 1.3, Writes: 1},
		{Scenario: scenarioTeam, Few: 500, Many: 900, Server: 2, Manager: 0, Cost: 5, Writes: 0},
	}
	if !cmp.Equal(all, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, all))
	}
	var out strings.Builder
	printGrowth(&out, all)
	for _, want := range []string{
		"invite: 10000 / 1000 people                      1.38       1.00       1.30       1.00\n", "invite at 10000, both                            1.30   the target of 1.20 is missed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	out.Reset()
	if printGrowth(&out, growth([]Size{grown(scenarioInvite, 1000, 8, 2, 3)})); out.String() != "" {
		t.Errorf("one size alone grows: %s", out.String())
	}
}

func TestVerdict(t *testing.T) {
	for want, o := range map[string]Outcome{
		"met":            {Value: 1.15, Target: 1.15, Measured: true},
		"missed by 12 %": {Value: 1.4482, Target: 1.3, Measured: true},
		"missed by 1 %":  {Value: 1.3001, Target: 1.3, Measured: true},
		"missed":         {Value: 1, Measured: true},
		"not measured":   {Value: 0, Target: 5},
	} {
		if got := o.verdict(); got != want {
			t.Errorf("%v of %v: %s, want %s", o.Value, o.Target, got, want)
		}
	}
}

// A target of which nothing was measured is not left out.
func TestOutcomesOfNothing(t *testing.T) {
	all := Report{}.outcomes()
	for _, scenario := range allScenarios {
		if scenario == scenarioRelease || scenario == scenarioHandover { // these have none
			continue
		}
		found := false
		for _, o := range all {
			found = found || strings.HasPrefix(o.What, scenario)
			if o.Measured {
				t.Errorf("%s is said to be measured", o.What)
			}
		}
		if !found {
			t.Errorf("%s has no row", scenario)
		}
	}
}

func TestOutcomes(t *testing.T) {
	size := grown(scenarioTeam, 1000, 1, 1, 1)
	size.Median[wayOperator] = Measurement{Requests: requests{"PATCH users/status": 1.25}}
	wave := grown(scenarioGrant, 1000, 1, 1, 1)
	wave.Ratios = nil
	wave.Median[wayOperator] = Measurement{Ledger: 0.5, SliceWrites: 17}
	r := Report{
		Sizes: []Size{size, wave}, Restarts: []Restart{{People: 100_000, Ratio: 3, Writes: 2, PerPerson: 5}}, Idles: []Idle{{Minutes: 5, Reads: 1}},
		Singles:    []Single{{Kinds: []Settled{{Kind: kindRole, P99: 9, Target: 12}}}, {Meanwhile: 1, Kinds: []Settled{{Kind: kindRole, P99: 900}}}},
		Admissions: []Admission{{Writers: 16, AtMost: 30}}, Directories: []Directory{{Latency: 100, Create: Provision{Ratio: 1}, Change: Provision{Ratio: 2}}},
		Imports: []Import{{Ratio: 1.2}}, Fairnesses: []Fairness{{Ratio: 2.5, Load: loadApplied}, {Ratio: 2, Load: loadGranted}}, Plan: Plans{{Case: "change", People: 100_000, Nanoseconds: 60_000}, {Case: "change", People: 1000}},
	}
	var got []string
	for _, o := range r.outcomes() {
		if o.Measured {
			got = append(got, o.What+": "+o.verdict())
		}
	}
	want := []string{
		"grant: a seat on the ledger, beside a 20th of milo's time: met", "grant: SeatSlice writes: met",
		"team: time, operator / minimal: met", "team: PATCH users/status per person: missed by 25 %",
		"directory, create: time, operator / bare client: met", "directory, change: time, operator / bare client: missed by 60 %",
		"single, idle: " + kindRole + ", p99: met",
		"restart: time, quiet / listed: missed by 50 %", "restart: API writes: missed", "restart: memory per person: met",
		"idle, 5 minutes: API writes: met", "idle, 5 minutes: API reads: missed", "admission: a call, p99 at most, beside 16 writers: missed by 50 %",
		"import: time, plugin / bare client: met", "fairness: an invitation, beside a crowd that is applied / alone: missed by 25 %", "fairness: an invitation, beside a crowd that gets seats / alone: met", "plan: in one pool, one leaves and one waits: missed by 20 %",
	}
	if !cmp.Equal(got, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
}
