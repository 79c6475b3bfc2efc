// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func published() Report {
	size := grown(scenarioInvite, 1000, 8, 2, 3)
	size.Runs[wayOperator][0].PeakMemory = 1 << 20
	size.Median[wayOperator] = size.Runs[wayOperator][0]
	return Report{
		Setting:    Setting{Processors: 2, Kubernetes: "v1.37.1"},
		Sizes:      []Size{size, grown(scenarioInvite, 10_000, 18, 2, 3)},
		Singles:    []Single{{People: 10, Kinds: []Settled{{Kind: kindApply, Median: 2, P99: 30, Target: 20}}, Disturbed: true}},
		Releases:   []Release{{Waiting: 50, Latencies: []float64{20, 30}}},
		Fairnesses: []Fairness{{Crowd: 500, Load: loadGranted, Alone: Newcomers{Median: 2, P99: 3}, Beside: Newcomers{Median: 3, P99: 40}, Ratio: 1.5}},
		Plan:       Plans{{Case: "change", People: 100_000, Nanoseconds: 16_000, Allocations: 21}},
	}
}

// The page in the repository has all blocks, and what is written by hand stays.
func TestFillPage(t *testing.T) {
	content, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := published().fill(string(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 processors, Kubernetes v1.37.1",
		"| invite: time, operator / minimal | 1000 | 1.15 x | 1.00 x | met |",
		"| single, idle: " + kindApply + ", p99 | 10 | 20.0 ms | 30.0 ms (!) | **missed by 50 %** |",
		"| fairness: an invitation, beside a crowd that gets seats / alone | 500 | 2.00 x | 1.50 x | met |",
		"| idle: API writes and reads |  | 0 | – | not measured |",
		"| invite | 1000 | 10000 | 2.25 x | 1.00 x | 2.00 x | 1.00 x |",
		"### Why some are missed",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	again, err := published().fill(page)
	if err != nil || again != page {
		t.Errorf("filled once more, the page is another one: %v", err)
	}
	if _, err := published().fill(strings.Replace(page, "<!-- end growth -->", "", 1)); err == nil || !strings.Contains(err.Error(), "block growth") {
		t.Errorf("a page without the end of a block is taken: %v", err)
	}
}

func TestBenchmarks(t *testing.T) {
	var out strings.Builder
	published().benchmarks(&out)
	for _, want := range []string{
		"BenchmarkInvite/way=operator/people=1000 1 1e+07 ns/op 0.008 server-sec/op 0.002 manager-sec/op 3 writes/op 1.048576e+06 peak-B\n",
		"BenchmarkRelease/people=50 1 2e+07 ns/op\nBenchmarkRelease/people=50 1 3e+07 ns/op\n",
		"BenchmarkSingle/meanwhile=0/a-person-is-applied--until-invited/people=10 1 2e+06 ns/op 0.03 p99-sec/op\n",
		"BenchmarkFairness/load=granted/alone/people=500 1 2e+06 ns/op 0.003 p99-sec/op\nBenchmarkFairness/load=granted/meanwhile/people=500 1 3e+06 ns/op 0.04 p99-sec/op\n",
		"BenchmarkPlan/case=change/people=100000 1 16000 ns/op 21 allocs/op\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q:\n%s", want, out.String())
		}
	}
}

func TestPublish(t *testing.T) {
	dir := t.TempDir()
	saved, made := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.txt")
	content, err := json.Marshal(published())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(saved, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish([]string{"-json", saved, "-benchfmt", made}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	published().benchmarks(&out)
	if got, err := os.ReadFile(made); err != nil || string(got) != out.String() {
		t.Errorf("what was saved is not what is published: %v\n%s", err, got)
	}
	elsewhere := filepath.Join(dir, "elsewhere.json")
	if err := os.WriteFile(elsewhere, []byte(`{"setting": {"kubernetes": "v1.37.1", "processors": 64}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readReports([]string{saved, elsewhere}); err == nil || !strings.Contains(err.Error(), "different settings") {
		t.Errorf("runs of two machines are taken for one: %v", err)
	}
	for _, wrong := range [][]string{nil, {"-json", saved}, {"-benchfmt", made}, {"-json", saved, "-benchfmt", made, "more"}} {
		if err := publish(wrong); err == nil {
			t.Errorf("%q are taken", wrong)
		}
	}
}

// Of what a later run measured again, that alone counts; everything else stays, and what is made of it is one run that can be read again.
func TestLaterRunReplaces(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, r Report) string {
		r.Setting = Setting{Processors: 2, Kubernetes: "v1.37.1"}
		path := filepath.Join(dir, name)
		if err := r.save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	before := file("before.json", Report{
		Sizes:    []Size{grown(scenarioInvite, 1000, 8, 2, 3), grown(scenarioInvite, 100_000, 9, 2, 3), grown(scenarioGrant, 1000, 8, 2, 3)},
		Singles:  []Single{{People: 10}, {People: 10, Meanwhile: 100}, {People: 20}},
		Restarts: []Restart{{People: 1000, Ratio: 5}},
		Releases: []Release{{Waiting: 50}},
		Plan:     Plans{{Case: "change", Nanoseconds: 1}},
		Rejected: []Rejection{{Scenario: scenarioInvite, People: 1000}, {Scenario: scenarioGrant, People: 1000}, {Scenario: scenarioRestart, People: 1000}},
	})
	after := file("after.json", Report{
		Sizes:    []Size{grown(scenarioInvite, 10_000, 16, 2, 3), grown(scenarioInvite, 1000, 4, 2, 3)},
		Singles:  []Single{{People: 10, Meanwhile: 300}},
		Restarts: []Restart{{People: 1000, Ratio: 1}, {People: 100_000}},
		Rejected: []Rejection{{Scenario: scenarioInvite, People: 1000, Run: 2}},
	})
	kept := filepath.Join(dir, "kept.json")
	if err := publish([]string{"-json", before + "," + after, "-save", kept}); err != nil {
		t.Fatal(err)
	}
	r, err := readReports([]string{kept})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []string
	for _, s := range r.Sizes {
		sizes = append(sizes, fmt.Sprintf("%s %d: %.0f", s.Scenario, s.People, s.Median[wayOperator].ServerCPU))
	}
	if want := []string{"invite 1000: 4", "invite 10000: 16", "invite 100000: 9", "grant 1000: 8"}; !slices.Equal(sizes, want) {
		t.Errorf("the sizes are %q, want %q", sizes, want)
	}
	if got, want := fmt.Sprint(len(r.Singles), r.Singles[0].Meanwhile, r.Singles[1].People, len(r.Releases), len(r.Plan)), "2 300 20 1 1"; got != want {
		t.Errorf("single changes, releases and plans are %s, want %s", got, want)
	}
	if len(r.Restarts) != 2 || r.Restarts[0].Ratio != 1 || r.Restarts[1].People != 100_000 {
		t.Errorf("the restarts are %+v", r.Restarts)
	}
	if want := []Rejection{{Scenario: scenarioGrant, People: 1000}, {Scenario: scenarioInvite, People: 1000, Run: 2}}; !slices.Equal(r.Rejected, want) {
		t.Errorf("rejected are %+v, want %+v", r.Rejected, want)
	}
	if len(r.Growth) != 2 || r.Growth[0].Cost != 3 {
		t.Errorf("growth is %+v", r.Growth)
	}
	if content, err := os.ReadFile(kept); err != nil || regexp.MustCompile(`(?m)^  "\w+": null`).Match(content) {
		t.Errorf("the file has a null in the place of a list: %v\n%s", err, content)
	}
}
