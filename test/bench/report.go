// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Report is what the bench found out.
type Report struct {
	Setting  Setting   `json:"setting"`
	Plan     Plans     `json:"plan,omitempty"`
	Sizes    []Size    `json:"sizes"`
	Releases []Release `json:"releases"`
	// Admissions are two for each number of people: on a quiet system, and under load.
	Admissions  []Admission `json:"admissions"`
	Directories []Directory `json:"directories"`
	Handovers   []Handover  `json:"handovers"`
	Imports     []Import    `json:"imports"`
	Fairnesses  []Fairness  `json:"fairnesses"`
	Restarts    []Restart   `json:"restarts"`
	// Singles are two for each number of people: while nothing else happens, and while others are applied.
	Singles []Single `json:"singles"`
	Idles   []Idle   `json:"idles"`
	// Growth compares the sizes of those scenarios of which several were measured.
	Growth []Growth `json:"growth"`
	// Rejected are the measurements that others disturbed, and that count for nothing.
	Rejected []Rejection `json:"rejected"`
}

// newReport has no measurements: empty lists, which are not null in JSON.
func newReport() Report {
	return Report{
		Setting: Setting{Go: runtime.Version(), Processors: runtime.NumCPU(), ServerGOGC: serverGOGC},
		Sizes:   []Size{}, Releases: []Release{}, Admissions: []Admission{}, Directories: []Directory{}, Handovers: []Handover{}, Imports: []Import{},
		Fairnesses: []Fairness{}, Restarts: []Restart{}, Singles: []Single{}, Idles: []Idle{}, Growth: []Growth{}, Rejected: []Rejection{},
	}
}

// Setting is what all figures depend on.
type Setting struct {
	Kubernetes string `json:"kubernetes"`
	Go         string `json:"go"`
	Processors int    `json:"processors"`
	ServerGOGC string `json:"serverGOGC"`
	EtcdFsync  bool   `json:"etcdFsync"`
	Webhooks   bool   `json:"webhooks"`
}

// Size is what was found out about one number of people in one scenario.
type Size struct {
	Scenario string `json:"scenario"`
	People   int    `json:"people"`
	// Owned is how many objects each of them owns, where they own some.
	Owned int `json:"owned,omitempty"`
	// Runs are the measurements that count, by way, in their order.
	Runs map[string][]Measurement `json:"runs"`
	// Median is the measurement of each way with the median wall time.
	Median map[string]Measurement `json:"median"`
	// Ratios compare the operator's median wall time.
	Ratios []Ratio `json:"ratios"`
}

// Ratio compares the operator with a floor. Without a target, it is only shown.
type Ratio struct {
	To     string  `json:"to"`
	Ratio  float64 `json:"ratio"`
	Target float64 `json:"target,omitempty"`
	Met    bool    `json:"met"`
}

// Rejection is a measurement that others disturbed.
type Rejection struct {
	Scenario string  `json:"scenario"`
	People   int     `json:"people"`
	Way      string  `json:"way"`
	Run      int     `json:"run"`
	Foreign  float64 `json:"foreign"`
}

func (r Rejection) String() string {
	return fmt.Sprintf("rejected: run %d of %s: other processes used %.0f %% of the machine, more than %.0f %%",
		r.Run, task{scenario: r.Scenario, way: r.Way, people: r.People}, 100*r.Foreign, 100*tolerated)
}

// tolerated is the part of the machine that others may use while the bench measures.
const tolerated = 0.1

func disturbed(foreign float64) bool { return foreign > tolerated }

// sumUp concludes from the runs of one size.
func sumUp(scenario string, people int, runs map[string][]Measurement) Size {
	s := Size{Scenario: scenario, People: people, Runs: runs, Median: map[string]Measurement{}}
	for way, all := range runs {
		s.Median[way] = median(all)
	}
	for _, ratio := range courses[scenario].ratios {
		ratio.Ratio = s.Median[wayOperator].Wall / s.Median[ratio.To].Wall
		ratio.Met = ratio.Target == 0 || ratio.Ratio <= ratio.Target
		s.Ratios = append(s.Ratios, ratio)
	}
	return s
}

// median is the measurement with the median wall time, of an even number the quicker of the two in the middle.
func median(all []Measurement) Measurement {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b Measurement) int { return cmp.Compare(a.Wall, b.Wall) })
	return sorted[(len(sorted)-1)/2]
}

// order is the order of the ways in a run: each is first, second and third in turn.
func order(run int) []string {
	first := run % len(ways)
	return slices.Concat(ways[first:], ways[:first])
}

// print writes the table of one size.
func (s Size) print(w io.Writer) {
	row := func(title string, cell func(way string) string) {
		fmt.Fprintf(w, "%-42s", title)
		for _, way := range ways {
			fmt.Fprintf(w, "%11s", cell(way))
		}
		fmt.Fprintln(w)
	}
	number := func(title, format string, value func(m Measurement) float64) {
		row(title, func(way string) string {
			if v := value(s.Median[way]); v != 0 {
				return fmt.Sprintf(format, v)
			}
			return "-"
		})
	}
	fmt.Fprintln(w)
	row(fmt.Sprintf("%s: %d people, median of %d", s.Scenario, s.People, len(s.Runs[wayOperator])), func(way string) string { return way })
	number(courses[s.Scenario].title, "%.2f", func(m Measurement) float64 { return m.Wall })
	number("people per second", "%.0f", func(m Measurement) float64 { return m.PerSecond })
	number("machine idle, %", "%.1f", func(m Measurement) float64 { return 100 * m.Idle })
	number("machine used by others, %", "%.1f", func(m Measurement) float64 { return 100 * m.Foreign })
	number("API server, ms of processor per person", "%.2f", func(m Measurement) float64 { return m.ServerCPU })
	number("manager, ms of processor per person", "%.2f", func(m Measurement) float64 { return m.ManagerCPU })
	number("mail server, ms of processor per person", "%.2f", func(m Measurement) float64 { return m.MailboxCPU })
	number("client, ms of processor per person", "%.2f", func(m Measurement) float64 { return m.ClientCPU })
	number("all of these", "%.2f", func(m Measurement) float64 { return m.CPU })
	number("manager's peak memory, MiB", "%.1f", func(m Measurement) float64 { return float64(m.PeakMemory) / (1 << 20) })
	number("  of it before there were people", "%.1f", func(m Measurement) float64 { return float64(m.EmptyMemory) / (1 << 20) })
	number("  the rest per person, KiB", "%.1f", func(m Measurement) float64 {
		return float64(m.PeakMemory-m.EmptyMemory) / 1024 / float64(s.People)
	})
	number("mails, all different", "%.0f", func(m Measurement) float64 { return float64(m.Mails) })
	number("API writes per person", "%.3f", func(m Measurement) float64 { return m.Writes })
	number("SeatSlice writes in all", "%.0f", func(m Measurement) float64 { return m.SliceWrites })
	number("seconds until all seats are on slices", "%.2f", func(m Measurement) float64 { return m.Ledger })
	for _, kind := range s.kinds() {
		number("  "+kind, "%.3f", func(m Measurement) float64 { return m.Requests[kind] })
	}
	s.judge(w)
}

// judge says what to think of the table.
func (s Size) judge(w io.Writer) {
	for _, r := range s.Ratios {
		title := "operator / " + r.To
		if r.Target == 0 {
			fmt.Fprintf(w, "%-42s%11.2f\n", title, r.Ratio)
			continue
		}
		judge(w, title, "%.2f", r.Ratio, r.Target)
	}
	if s.Scenario == scenarioGrant {
		judge(w, "SeatSlice writes", "%.0f", s.Median[wayOperator].SliceWrites, sliceWrites(s.People))
	}
	if budget := courses[s.Scenario].budget; budget != nil {
		most := budget(s.Owned)
		for _, kind := range kinds(most) {
			judge(w, kind+" per person", "%.3f", s.Median[wayOperator].Requests[kind], most[kind])
		}
	}
	for _, way := range ways {
		if m := s.Median[way]; m.Disturbed {
			fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine while %s ran, so these figures mean little\n", 100*m.Foreign, way)
		}
	}
}

// sliceWrites is how many a wave of grants may take: full slices and 8 % more, which is 170 for 10 000 people.
func sliceWrites(people int) float64 {
	return math.Ceil(math.Ceil(float64(people)/v1alpha1.SeatsPerSlice) * 1.08)
}

// judge shows a figure beside its target, which is the most that it may be.
func judge(w io.Writer, title, format string, value, target float64) {
	verdict := "missed"
	if value <= target {
		verdict = "met"
	}
	fmt.Fprintf(w, "%-42s%11s   the target of %s is %s\n", title, fmt.Sprintf(format, value), fmt.Sprintf(format, target), verdict)
}

// kinds are the requests to show: those that are not a mere handful, writes before reads.
func (s Size) kinds() []string {
	var all []requests
	for _, m := range s.Median {
		all = append(all, m.Requests)
	}
	return kinds(all...)
}

func kinds(all ...requests) []string {
	const few = 0.002
	shown := map[string]bool{}
	for _, r := range all {
		for kind, count := range r {
			if count > few {
				shown[kind] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(shown), func(a, b string) int {
		if isWrite(a) != isWrite(b) {
			if isWrite(a) {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
}
