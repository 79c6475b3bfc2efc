// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// Growth is what one person costs among many, as a multiple of what one costs among few.
type Growth struct {
	Scenario string `json:"scenario"`
	Few      int    `json:"few"`
	Many     int    `json:"many"`
	// Server and Manager are of processor time, Cost is of both together, and Writes of requests that write.
	Server  float64 `json:"server"`
	Manager float64 `json:"manager"`
	Cost    float64 `json:"cost"`
	Writes  float64 `json:"writes"`
}

// growthTarget is what Cost may be.
const growthTarget = 1.2

// growth compares the sizes of each scenario with its smallest.
func growth(sizes []Size) []Growth {
	smallest := map[string]Size{}
	for _, s := range sizes {
		if least, ok := smallest[s.Scenario]; !ok || s.People < least.People {
			smallest[s.Scenario] = s
		}
	}
	all := []Growth{}
	for _, s := range sizes {
		least := smallest[s.Scenario]
		if s.People == least.People {
			continue
		}
		few, many := least.Median[wayOperator], s.Median[wayOperator]
		all = append(all, Growth{
			Scenario: s.Scenario, Few: least.People, Many: s.People,
			Server: over(many.ServerCPU, few.ServerCPU), Manager: over(many.ManagerCPU, few.ManagerCPU),
			Cost: over(many.ServerCPU+many.ManagerCPU, few.ServerCPU+few.ManagerCPU), Writes: over(many.Writes, few.Writes),
		})
	}
	return all
}

// over is a ratio, 0 when there is nothing to compare with.
func over(value, base float64) float64 {
	if base == 0 {
		return 0
	}
	return value / base
}

// printGrowth writes the table, when several sizes were measured.
func printGrowth(w io.Writer, all []Growth) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-42s%11s%11s%11s%11s\n", "growth: a person's cost, many / few", "server", "manager", "both", "writes")
	for _, g := range all {
		fmt.Fprintf(w, "%-42s%11.2f%11.2f%11.2f%11.2f\n", fmt.Sprintf("%s: %d / %d people", g.Scenario, g.Many, g.Few), g.Server, g.Manager, g.Cost, g.Writes)
	}
	for _, g := range all {
		judge(w, fmt.Sprintf("%s at %d, both", g.Scenario, g.Many), "%.2f", g.Cost, growthTarget)
	}
}

// Outcome is a figure beside its target.
type Outcome struct {
	// What is measured, in words, and Size among how many people; 0 when that is said in What.
	What string
	Size int
	// Value is what it is, Target the most that it may be, both written by Format. Measured says that there is a value.
	Value, Target float64
	Format        string
	Measured      bool
	Disturbed     bool
}

func (o Outcome) met() bool { return o.Value <= o.Target }

// verdict says whether a target is met, and otherwise by how much it is missed.
func (o Outcome) verdict() string {
	switch {
	case !o.Measured:
		return "not measured"
	case o.met():
		return "met"
	case o.Target == 0:
		return "missed"
	}
	return fmt.Sprintf("missed by %.0f %%", math.Ceil(100*(o.Value/o.Target-1)-1e-6)) // what is left of fractions
}

// outcomes are all targets, in the order of the scenarios, with what was measured of them; what was not is among them.
func (r Report) outcomes() []Outcome {
	return slices.Concat(r.waves(), r.directoryOutcomes(), r.singleOutcomes(), r.restartOutcomes(), r.idleOutcomes(), r.admissionOutcomes(), r.importOutcomes(), r.fairnessOutcomes(), r.planOutcomes(), r.growthOutcomes())
}

// orElse leaves a row for a target of which nothing was measured.
func orElse(all []Outcome, what, format string, target float64) []Outcome {
	if len(all) == 0 {
		return []Outcome{{What: what, Format: format, Target: target}}
	}
	return all
}

const times = "%.2f x"

// waves are the outcomes of the scenarios that all three ways go through.
func (r Report) waves() []Outcome {
	var all []Outcome
	for _, scenario := range allScenarios {
		c, ok := courses[scenario]
		if !ok {
			continue
		}
		var of []Outcome
		for _, s := range r.Sizes {
			if s.Scenario == scenario {
				of = append(of, s.outcomes()...)
			}
		}
		all = append(all, orElse(of, scenario+": time, operator / "+wayMinimal, times, c.ratios[0].Target)...)
	}
	return all
}

func (s Size) outcomes() []Outcome {
	operator := s.Median[wayOperator]
	var all []Outcome
	for _, ratio := range s.Ratios {
		if ratio.Target > 0 {
			all = append(all, Outcome{
				What: s.Scenario + ": time, operator / " + ratio.To, Size: s.People, Value: ratio.Ratio, Target: ratio.Target, Format: times, Measured: true,
				Disturbed: operator.Disturbed || s.Median[ratio.To].Disturbed,
			})
		}
	}
	if budget := courses[s.Scenario].budget; budget != nil {
		most := budget(s.Owned)
		for _, kind := range kinds(most) {
			all = append(all, Outcome{
				What: s.Scenario + ": " + kind + " per person", Size: s.People, Value: operator.Requests[kind], Target: most[kind], Format: "%.3f", Measured: true,
			})
		}
	}
	for _, p := range peers {
		if took := p.took(operator) / float64(s.People); s.Scenario == p.scenario && took > 0 {
			all = append(all, Outcome{
				What: p.what, Size: s.People, Value: 1000 * took, Target: 1000 / (p.times * p.rate), Format: "%.2f ms", Measured: true, Disturbed: operator.Disturbed,
			})
		}
	}
	if s.Scenario == scenarioGrant {
		all = append(all, Outcome{
			What: "grant: SeatSlice writes", Size: s.People, Value: operator.SliceWrites, Target: sliceWrites(s.People), Format: "%.0f", Measured: true,
		})
	}
	return all
}

// peer is another product that does a part of a scenario. The bench does not run it.
type peer struct {
	scenario, what string
	// rate is the most people a second that it took to where the scenario has them get, on a quiet machine with two processors,
	// and times is how much quicker we mean to be.
	rate, times float64
	// took is the seconds that compare.
	took func(Measurement) float64
}

func wall(m Measurement) float64 { return m.Wall }

// peers are milo, with its invitations and its quota, and the control-api of APPUiO, without the rate limit that it has. Where the rates
// are from, docs/performance.md says.
var peers = []peer{
	{scenarioInvite, "invite: a person, beside a third of milo's time", 47, 3, wall},
	{scenarioInvite, "invite: a person, beside control-api's time / 1.1", 157, 1.1, wall},
	{scenarioGrant, "grant: a seat on the ledger, beside a 20th of milo's time", 47, 20, func(m Measurement) float64 { return m.Ledger }},
}

func (r Report) directoryOutcomes() []Outcome {
	var all []Outcome
	for _, d := range r.Directories {
		if d.Latency > 0 {
			for what, v := range map[string]Provision{"create": d.Create, "change": d.Change} {
				all = append(all, Outcome{
					What: "directory, " + what + ": time, operator / bare client", Size: d.People, Value: v.Ratio, Target: directoryTarget, Format: times, Measured: true, Disturbed: d.Disturbed,
				})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Outcome) int { return cmp.Or(cmp.Compare(a.Size, b.Size), -cmp.Compare(a.What, b.What)) })
	return orElse(all, "directory: time, operator / bare client", times, directoryTarget)
}

func (r Report) singleOutcomes() []Outcome {
	var all []Outcome
	for _, s := range r.Singles {
		for _, k := range s.Kinds {
			if k.Target > 0 {
				all = append(all, Outcome{What: "single, idle: " + k.Kind + ", p99", Size: s.People, Value: k.P99, Target: k.Target, Format: "%.1f ms", Measured: true, Disturbed: s.Disturbed})
			}
		}
	}
	return orElse(all, "single, idle: p99 of a change, in writes", "%.0f", 3)
}

func (r Report) restartOutcomes() []Outcome {
	var all, memory []Outcome
	for _, s := range r.Restarts {
		all = append(all,
			Outcome{What: "restart: time, quiet / listed", Size: s.People, Value: s.Ratio, Target: restartTarget, Format: times, Measured: true, Disturbed: s.Disturbed},
			Outcome{What: "restart: API writes", Size: s.People, Value: s.Writes, Format: "%.0f", Measured: true},
		)
		if s.People >= memoryPeople {
			memory = append(memory, Outcome{What: "restart: memory per person", Size: s.People, Value: s.PerPerson, Target: memoryTarget, Format: "%.1f KiB", Measured: true})
		}
	}
	return append(orElse(all, "restart: time, quiet / listed", times, restartTarget), orElse(memory, "restart: memory per person, of 100 000", "%.1f KiB", memoryTarget)...)
}

func (r Report) idleOutcomes() []Outcome {
	var all []Outcome
	for _, i := range r.Idles {
		all = append(all,
			Outcome{What: fmt.Sprintf("idle, %.0f minutes: API writes", i.Minutes), Size: i.People, Value: i.Writes, Format: "%.0f", Measured: true},
			Outcome{What: fmt.Sprintf("idle, %.0f minutes: API reads", i.Minutes), Size: i.People, Value: i.Reads, Format: "%.0f", Measured: true},
		)
	}
	return orElse(all, "idle: API writes and reads", "%.0f", 0)
}

func (r Report) admissionOutcomes() []Outcome {
	var all []Outcome
	for _, a := range r.Admissions {
		what := fmt.Sprintf("admission: a call, p99 at most, beside %d writers", a.Writers)
		all = append(all, Outcome{What: what, Size: a.People, Value: a.AtMost, Target: callTarget, Format: "%.1f ms", Measured: true, Disturbed: a.Disturbed})
	}
	return orElse(all, "admission: a call, p99 at most", "%.1f ms", callTarget)
}

func (r Report) importOutcomes() []Outcome {
	var all []Outcome
	for _, i := range r.Imports {
		all = append(all, Outcome{What: "import: time, plugin / bare client", Size: i.People, Value: i.Ratio, Target: importTarget, Format: times, Measured: true, Disturbed: i.Disturbed})
	}
	return orElse(all, "import: time, plugin / bare client", times, importTarget)
}

func (r Report) fairnessOutcomes() []Outcome {
	var all []Outcome
	for _, load := range loads {
		what := fmt.Sprintf("fairness: an invitation, beside a crowd that %s / alone", load.short())
		var these []Outcome
		for _, f := range r.Fairnesses {
			if f.Load == load {
				these = append(these, Outcome{What: what, Size: f.Crowd, Value: f.Ratio, Target: fairnessTarget, Format: times, Measured: true, Disturbed: f.Disturbed})
			}
		}
		all = append(all, orElse(these, what, times, fairnessTarget)...)
	}
	return all
}

func (r Report) planOutcomes() []Outcome {
	var all []Outcome
	for _, p := range r.Plan {
		if p.People == planPeople {
			all = append(all, Outcome{What: "plan: " + planTitles[p.Case], Size: p.People, Value: p.Nanoseconds / 1e6, Target: planTargets[p.Case], Format: "%.2f ms", Measured: true})
		}
	}
	return orElse(all, "plan: all pools, of 100 000", "%.2f ms", planTargets["grant"])
}

func (r Report) growthOutcomes() []Outcome {
	var all []Outcome
	for _, g := range growth(r.Sizes) {
		all = append(all, Outcome{What: fmt.Sprintf("growth, %s: cost per person / that of %d", g.Scenario, g.Few), Size: g.Many, Value: g.Cost, Target: growthTarget, Format: times, Measured: true})
	}
	return orElse(all, "growth: cost per person, many / few", times, growthTarget)
}
