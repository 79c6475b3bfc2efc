// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func walls(seconds ...float64) []Measurement {
	var all []Measurement
	for _, s := range seconds {
		all = append(all, Measurement{Wall: s})
	}
	return all
}

func TestMedian(t *testing.T) {
	for why, c := range map[string]struct {
		runs []Measurement
		want float64
	}{
		"one run":                        {walls(3), 3},
		"three in any order":             {walls(9, 1, 2), 2},
		"of two, the quicker":            {walls(5, 4), 4},
		"of four, the quicker in middle": {walls(4, 1, 3, 2), 2},
	} {
		if got := median(c.runs); got.Wall != c.want {
			t.Errorf("%s: %v, want %v", why, got.Wall, c.want)
		}
	}
}

func TestOrderTakesTurns(t *testing.T) {
	places := map[string][]int{}
	for run := range len(ways) {
		for place, way := range order(run) {
			places[way] = append(places[way], place)
		}
	}
	for _, way := range ways {
		if slices.Sort(places[way]); !slices.Equal(places[way], []int{0, 1, 2}) {
			t.Errorf("%s ran at the places %v in three runs, want each once", way, places[way])
		}
	}
	if order(1)[0] == order(2)[0] {
		t.Error("two runs begin with the same way")
	}
}

func TestSumUp(t *testing.T) {
	size := sumUp(scenarioInvite, 1000, map[string][]Measurement{
		wayRaw: walls(8, 8, 80), wayMinimal: walls(10, 9, 11), wayOperator: walls(11.5, 2, 30),
	})
	want := []Ratio{
		{To: wayMinimal, Ratio: 1.15, Target: 1.15, Met: true},
		{To: wayRaw, Ratio: 1.4375, Target: 1.5, Met: true},
	}
	if !cmp.Equal(size.Ratios, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, size.Ratios))
	}
	slow := sumUp(scenarioInvite, 1000, map[string][]Measurement{wayRaw: walls(8), wayMinimal: walls(10), wayOperator: walls(13)})
	for _, ratio := range slow.Ratios {
		if ratio.Met {
			t.Errorf("%+v counts as met", ratio)
		}
	}
}

func TestSumUpGrant(t *testing.T) {
	runs := map[string][]Measurement{wayRaw: walls(8), wayMinimal: walls(10), wayOperator: walls(12)}
	runs[wayOperator][0].SliceWrites = 171
	size := sumUp(scenarioGrant, 10_000, runs)
	want := []Ratio{{To: wayMinimal, Ratio: 1.2, Target: 1.3, Met: true}, {To: wayRaw, Ratio: 1.5, Met: true}}
	if !cmp.Equal(size.Ratios, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, size.Ratios))
	}
	var out strings.Builder
	size.print(&out)
	for _, want := range []string{
		"seconds from scale-up to invited", "operator / raw                                   1.50\n",
		"SeatSlice writes                                  171   the target of 170 is missed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestDisturbed(t *testing.T) {
	for foreign, want := range map[float64]bool{0: false, 0.1: false, 0.101: true, 1: true} {
		if got := disturbed(foreign); got != want {
			t.Errorf("others used %v of the machine: disturbed is %v, want %v", foreign, got, want)
		}
	}
}

func TestPrint(t *testing.T) {
	runs := map[string][]Measurement{wayRaw: walls(8), wayMinimal: walls(10), wayOperator: walls(13)}
	runs[wayOperator][0].Requests = requests{"GET users": 0.5, "POST users": 1, "PATCH roles/status": 0.001}
	runs[wayOperator][0].Disturbed, runs[wayOperator][0].Foreign = true, 0.25
	var out strings.Builder
	sumUp(scenarioInvite, 1000, runs).print(&out)
	table := out.String()
	for _, want := range []string{
		"invite: 1000 people, median of 1", "operator / minimal                               1.30   the target of 1.15 is missed",
		"DISTURBED: other processes used 25 % of the machine while operator ran",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	writes, reads := strings.Index(table, "POST users"), strings.Index(table, "GET users")
	if writes < 0 || reads < writes {
		t.Errorf("the table does not show writes before reads:\n%s", table)
	}
	if strings.Contains(table, "PATCH roles/status") {
		t.Errorf("the table shows one request in a thousand people:\n%s", table)
	}
}

func TestParseSizes(t *testing.T) {
	if got, err := parseSizes("1000, 10000"); err != nil || !slices.Equal(got, []int{1000, 10000}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, wrong := range []string{"", "0", "-5", "many", "1000,", "2000000"} {
		if _, err := parseSizes(wrong); err == nil {
			t.Errorf("%q people are taken", wrong)
		}
	}
}

func TestParseScenarios(t *testing.T) {
	if got, err := parseScenarios("release, invite"); err != nil || !slices.Equal(got, []string{scenarioRelease, scenarioInvite}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, wrong := range []string{"", "plan", "grant,"} {
		if _, err := parseScenarios(wrong); err == nil {
			t.Errorf("%q are taken for scenarios", wrong)
		}
	}
}
