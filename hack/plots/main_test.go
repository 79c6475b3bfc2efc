// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const saved = `{"sizes": [
	{"scenario": "invite", "people": 1000, "ratios": [{"to": "raw", "ratio": 1.4, "target": 1.5}, {"to": "minimal", "ratio": 1.1, "target": 1.15}],
	 "median": {"raw": {"peoplePerSecond": 150}, "minimal": {"peoplePerSecond": 120}, "operator": {"peoplePerSecond": 100, "writesPerPerson": 2.5}}},
	{"scenario": "team", "people": 10000, "ratios": [{"to": "raw", "ratio": 2}], "median": {"operator": {"peoplePerSecond": 90}}}
]}`

func TestRun(t *testing.T) {
	dir := t.TempDir()
	from, out := filepath.Join(dir, "run.json"), filepath.Join(dir, "plots")
	if err := os.WriteFile(from, []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(from, out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ratios.png", "rates.png", "server.png", "manager.png", "writes.png"} {
		f, err := os.Open(filepath.Join(out, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 300 {
			t.Errorf("%s is no picture: %v", name, err)
		}
		f.Close()
	}
}

func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{`{}`: "none of the scenarios", `nonsense`: "reading"} {
		from := filepath.Join(dir, "run.json")
		if err := os.WriteFile(from, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(from, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", content, err, want)
		}
	}
	if err := run("", dir); err == nil {
		t.Error("no file is taken")
	}
}

func TestRatios(t *testing.T) {
	c := report{Sizes: []size{{Ratios: []ratio{{To: "raw", Ratio: 3}, {To: "minimal", Ratio: 1.2, Target: 1.3}}}, {}}}.ratios()
	if got := c.values[c.series[0]]; !slices.Equal(got, []float64{1.2, 0}) || !slices.Equal(c.limits, []float64{1.3, 0}) {
		t.Errorf("drawn are %v with targets %v", got, c.limits)
	}
}
