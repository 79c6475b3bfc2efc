// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
)

// publish makes of what was written by -json a page, or what benchstat reads.
func publish(args []string) error {
	flags := flag.NewFlagSet("report", flag.ExitOnError)
	from := flags.String("json", "", "`files` that the bench wrote, separated by commas: several count as one run, in which what a later one measured replaces what was before")
	keep := flags.String("save", "", "`file` to write that run to")
	markdown := flags.String("markdown", "", "`file` whose generated blocks to replace")
	benchfmt := flags.String("benchfmt", "", "`file` to write for benchstat")
	_ = flags.Parse(args) // it exits with the usage on an error
	if *from == "" || *markdown == "" && *benchfmt == "" && *keep == "" || flags.NArg() > 0 {
		return errors.New("report needs -json, and -markdown, -benchfmt or -save; see report -h")
	}
	r, err := readReports(strings.Split(*from, ","))
	if err != nil {
		return err
	}
	if *benchfmt != "" {
		var out strings.Builder
		r.benchmarks(&out)
		if err := os.WriteFile(*benchfmt, []byte(out.String()), 0o600); err != nil {
			return err
		}
	}
	if *markdown != "" {
		if err := r.publish(*markdown); err != nil {
			return err
		}
	}
	if *keep != "" {
		return r.save(*keep)
	}
	return nil
}

// publish replaces the generated blocks of a file.
func (r Report) publish(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	made, err := r.fill(string(page))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(made), 0o644)
}

// save writes everything to a file.
func (r Report) save(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}

// readReports makes one run of several, which must have been made in the same setting.
func readReports(files []string) (all Report, err error) {
	all = newReport()
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return all, err
		}
		var r Report
		if err := json.Unmarshal(content, &r); err != nil {
			return all, fmt.Errorf("reading %s: %w", file, err)
		}
		if r.Setting.Kubernetes == "" { // it was ended before it had begun
			return all, fmt.Errorf("%s has no measurement", file)
		}
		if i > 0 && r.Setting != all.Setting {
			return all, fmt.Errorf("%s and %s were made in different settings, and cannot be one run: %+v and %+v", files[0], file, all.Setting, r.Setting)
		}
		all.add(r)
	}
	all.Growth = growth(all.Sizes)
	return all, nil
}

// add takes in what a later run of the same setting measured: of a scenario and a number of people, the latest alone counts, and what
// was rejected before it does not any more.
func (r *Report) add(later Report) {
	r.Setting = later.Setting
	if len(later.Plan) > 0 {
		r.Plan = later.Plan
	}
	now := map[key]bool{}
	r.Sizes = renewed(now, r.Sizes, later.Sizes, func(m Size) key { return key{m.Scenario, m.People} })
	r.Releases = renewed(now, r.Releases, later.Releases, func(m Release) key { return key{scenarioRelease, m.Waiting} })
	r.Admissions = renewed(now, r.Admissions, later.Admissions, func(m Admission) key { return key{scenarioAdmission, m.People} })
	r.Directories = renewed(now, r.Directories, later.Directories, func(m Directory) key { return key{scenarioDirectory, m.People} })
	r.Handovers = renewed(now, r.Handovers, later.Handovers, func(m Handover) key { return key{scenarioHandover, m.Objects} })
	r.Imports = renewed(now, r.Imports, later.Imports, func(m Import) key { return key{scenarioImport, m.People} })
	r.Fairnesses = renewed(now, r.Fairnesses, later.Fairnesses, func(m Fairness) key { return key{scenarioFairness, m.Crowd} })
	r.Restarts = renewed(now, r.Restarts, later.Restarts, func(m Restart) key { return key{scenarioRestart, m.People} })
	r.Singles = renewed(now, r.Singles, later.Singles, func(m Single) key { return key{scenarioSingle, m.People} })
	r.Idles = renewed(now, r.Idles, later.Idles, func(m Idle) key { return key{scenarioIdle, m.People} })
	r.Rejected = slices.DeleteFunc(r.Rejected, func(old Rejection) bool { return now[key{old.Scenario, old.People}] })
	r.Rejected = append(r.Rejected, later.Rejected...)
}

// key is what a measurement is of.
type key struct {
	scenario string
	size     int
}

// renewed has all of later, and of earlier what later has nothing of, in the order of the scenarios and sizes. It notes what later has.
func renewed[T any](now map[key]bool, earlier, later []T, of func(T) key) []T {
	for _, m := range later {
		now[of(m)] = true
	}
	all := append(slices.DeleteFunc(earlier, func(old T) bool { return now[of(old)] }), later...)
	slices.SortStableFunc(all, func(a, b T) int {
		x, y := of(a), of(b)
		return cmp.Or(cmp.Compare(slices.Index(allScenarios, x.scenario), slices.Index(allScenarios, y.scenario)), cmp.Compare(x.size, y.size))
	})
	return all
}

// fill replaces the generated blocks of a page. What is around them is written by hand.
func (r Report) fill(page string) (string, error) {
	for name, write := range map[string]func(io.Writer){"setting": r.settingBlock, "targets": r.targetsBlock, "waves": r.wavesBlock, "growth": r.growthBlock} {
		begin, end := "<!-- begin "+name+": made by make bench-docs -->\n", "<!-- end "+name+" -->\n"
		before, rest, ok := strings.Cut(page, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			return "", fmt.Errorf("it has no block %s: it must have the lines %q and %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		var block strings.Builder
		write(&block)
		page = before + begin + "\n" + block.String() + "\n" + end + after
	}
	return page, nil
}

func (r Report) settingBlock(w io.Writer) {
	if r.Setting.Processors == 0 {
		fmt.Fprintln(w, "Nothing is measured yet.")
		return
	}
	fmt.Fprintf(w, "%d processors, Kubernetes %s, %s. The API server runs with GOGC=%s, etcd without fsync.\n",
		r.Setting.Processors, r.Setting.Kubernetes, r.Setting.Go, r.Setting.ServerGOGC)
	fmt.Fprintf(w, "%d measurements were rejected because others used the machine.\n", len(r.Rejected))
	for _, o := range r.outcomes() {
		if o.Disturbed {
			fmt.Fprintln(w, "\n**Others used the machine meanwhile, and that was allowed: the times marked with (!) mean little.**")
			return
		}
	}
}

func (r Report) targetsBlock(w io.Writer) {
	fmt.Fprintln(w, "| what | people | at most | measured | target |\n|---|---:|---:|---:|---|")
	for _, o := range r.outcomes() {
		size, value := "", "–"
		if o.Size > 0 {
			size = fmt.Sprint(o.Size)
		}
		if o.Measured {
			value = fmt.Sprintf(o.Format, o.Value)
		}
		if o.Disturbed {
			value += " (!)"
		}
		verdict := o.verdict()
		if o.Measured && !o.met() {
			verdict = "**" + verdict + "**"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", o.What, size, fmt.Sprintf(o.Format, o.Target), value, verdict)
	}
}

func (r Report) wavesBlock(w io.Writer) {
	fmt.Fprintln(w, "| scenario | people | way | people a second | API server, ms each | manager, ms each | writes each | peak memory, MiB |\n|---|---:|---|---:|---:|---:|---:|---:|")
	for _, s := range r.Sizes {
		for _, way := range ways {
			m := s.Median[way]
			fmt.Fprintf(w, "| %s | %d | %s | %.0f | %.2f | %.2f | %.2f | %.0f |\n",
				s.Scenario, s.People, way, m.PerSecond, m.ServerCPU, m.ManagerCPU, m.Writes, float64(m.PeakMemory)/(1<<20))
		}
	}
}

func (r Report) growthBlock(w io.Writer) {
	fmt.Fprintln(w, "| scenario | from | to | API server | manager | both | writes |\n|---|---:|---:|---:|---:|---:|---:|")
	for _, g := range growth(r.Sizes) {
		fmt.Fprintf(w, "| %s | %d | %d | %.2f x | %.2f x | %.2f x | %.2f x |\n", g.Scenario, g.Few, g.Many, g.Server, g.Manager, g.Cost, g.Writes)
	}
}

// benchmarks writes every run in the format of Go's benchmarks, which benchstat compares.
func (r Report) benchmarks(w io.Writer) {
	fmt.Fprintf(w, "goos: linux\npkg: seatkeeper.dev/seatkeeper/test/bench\n")
	r.waveBenchmarks(w)
	for _, re := range r.Restarts {
		line(w, scenarioRestart, re.People, figure{re.Quiet * 1e9, "ns/op"}, figure{re.Writes, "writes/op"}, figure{float64(re.PeakMemory), "peak-B"})
	}
	for _, re := range r.Releases {
		for _, latency := range re.Latencies {
			line(w, scenarioRelease, re.Waiting, figure{latency * 1e6, "ns/op"})
		}
	}
	for _, s := range r.Singles {
		for _, k := range s.Kinds {
			line(w, fmt.Sprintf("%s/meanwhile=%d/%s", scenarioSingle, s.Meanwhile, k.Kind), s.People, figure{k.Median * 1e6, "ns/op"}, figure{k.P99 / 1000, "p99-sec/op"})
		}
	}
	for _, h := range r.Handovers {
		line(w, scenarioHandover, h.Objects, figure{h.Operator * 1e9, "ns/op"}, figure{h.Writes, "writes/op"}, figure{float64(h.PeakMemory), "peak-B"})
	}
	for _, i := range r.Imports {
		line(w, scenarioImport, i.People, figure{i.Plugin.Seconds * 1e9, "ns/op"}, figure{float64(i.Plugin.PeakMemory), "peak-B"})
	}
	for _, f := range r.Fairnesses {
		name := scenarioFairness + "/load=" + string(f.Load)
		line(w, name+"/alone", f.Crowd, figure{f.Alone.Median * 1e6, "ns/op"}, figure{f.Alone.P99 / 1000, "p99-sec/op"})
		line(w, name+"/meanwhile", f.Crowd, figure{f.Beside.Median * 1e6, "ns/op"}, figure{f.Beside.P99 / 1000, "p99-sec/op"})
	}
	for _, p := range r.Plan {
		line(w, "plan/case="+p.Case, p.People, figure{p.Nanoseconds, "ns/op"}, figure{p.Bytes, "B/op"}, figure{p.Allocations, "allocs/op"})
	}
}

// waveBenchmarks are those of the scenarios that all three ways go through.
func (r Report) waveBenchmarks(w io.Writer) {
	for _, s := range r.Sizes {
		for _, way := range ways {
			for _, m := range s.Runs[way] {
				line(w, s.Scenario+"/way="+way, s.People,
					figure{m.Wall * 1e9 / float64(s.People), "ns/op"}, figure{m.ServerCPU / 1000, "server-sec/op"}, figure{m.ManagerCPU / 1000, "manager-sec/op"},
					figure{m.Writes, "writes/op"}, figure{float64(m.PeakMemory), "peak-B"})
			}
		}
	}
}

type figure struct {
	value float64
	unit  string
}

// line writes one result. A name there has no blanks.
func line(w io.Writer, name string, people int, figures ...figure) {
	name = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' {
			return '-'
		}
		return r
	}, name)
	fmt.Fprintf(w, "Benchmark%s/people=%d 1", strings.ToUpper(name[:1])+name[1:], people)
	for i, f := range figures {
		if f.value == 0 && i > 0 && f.unit != "writes/op" {
			continue // there is no such process
		}
		fmt.Fprintf(w, " %g %s", f.value, f.unit)
	}
	fmt.Fprintln(w)
}
