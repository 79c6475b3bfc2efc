// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/cmd/kubectl-seatkeeper/cli"
	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// Import is what it took to apply a spreadsheet by the kubectl plugin, beside a bare client that makes the same requests.
type Import struct {
	People int `json:"people"`
	// Local is the seconds in which the plugin checks the spreadsheet by itself.
	Local  float64 `json:"localSeconds"`
	Plugin Applied `json:"plugin"`
	Bare   Applied `json:"bare"`
	// AtOnce is how many requests of the bare client were in flight: what was quickest in a trial.
	AtOnce int     `json:"bareAtOnce"`
	Ratio  float64 `json:"ratio"`
	// Disturbed says that others used too much of the machine, and that it was counted nevertheless.
	Disturbed bool `json:"disturbed"`
}

// Applied is what one way took to have the server check everybody and then keep everybody.
type Applied struct {
	Seconds float64 `json:"seconds"`
	// Requests are those to the API server per person, dry runs among them.
	Requests requests `json:"requestsPerPerson"`
	// ServerCPU and ClientCPU are milliseconds of processor time per person.
	ServerCPU float64 `json:"serverMillisecondsPerPerson"`
	ClientCPU float64 `json:"clientMillisecondsPerPerson"`
	Idle      float64 `json:"idle"`
	Foreign   float64 `json:"foreign"`
	// PeakMemory is the most bytes that the plugin had resident; 0 for the bare client, which is in the bench's own process.
	PeakMemory int64 `json:"peakBytes,omitempty"`
}

const (
	// wayPlugin is `kubectl seatkeeper import`.
	wayPlugin = "plugin"
	// importTarget is what the plugin's time may be of the bare client's: 80 % of its rate.
	importTarget = 1.25
	// createUsers is what the API server counts the requests as.
	createUsers = "POST users"
)

// importing measures both ways, as often as asked for, and which is first in turn.
func (b *bench) importing(ctx context.Context, out io.Writer, scenario string, size int) error {
	s, err := newSheet(b.dir, size)
	if err != nil {
		return err
	}
	im := Import{People: size}
	runs := map[string][]Applied{}
	var local []float64
	for run := range b.runs {
		err := b.importRun(ctx, out, task{scenario: scenario, people: size}, run, s, &im, runs)
		if err != nil {
			return err
		}
		seconds, err := b.importLocally(ctx, s)
		if err != nil {
			return err
		}
		local = append(local, seconds)
	}
	slices.Sort(local)
	im.Local = local[(len(local)-1)/2]
	im.Plugin, im.Bare = medianApplied(runs[wayPlugin]), medianApplied(runs[wayRaw])
	im.Ratio = im.Plugin.Seconds / im.Bare.Seconds
	if err := im.comparable(); err != nil {
		return err
	}
	b.report.Imports = append(b.report.Imports, im)
	im.print(out)
	return nil
}

// comparable says why the ways cannot be compared: the bare client is a floor only while it makes the plugin's requests.
func (im *Import) comparable() error {
	if plugin, bare := im.Plugin.Requests[createUsers], im.Bare.Requests[createUsers]; math.Abs(plugin-bare) > 0.01 {
		return fmt.Errorf("the plugin makes %.3f requests %s per person and the bare client %.3f: they are to be the same", plugin, createUsers, bare)
	}
	return nil
}

// medianApplied is the measurement with the median time, of an even number the quicker of the two in the middle.
func medianApplied(all []Applied) Applied {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b Applied) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return sorted[(len(sorted)-1)/2]
}

// importRun measures each way once, on a control plane of their own.
func (b *bench) importRun(ctx context.Context, out io.Writer, t task, run int, s *sheet, im *Import, runs map[string][]Applied) error {
	p, err := b.warmPlane(ctx, t.scenario)
	if err != nil {
		return err
	}
	defer p.end()
	ctx, cancel := patience(ctx, t)
	defer cancel()
	if im.AtOnce == 0 {
		if im.AtOnce, err = s.trial(ctx, p); err != nil {
			return err
		}
	}
	both := []string{wayPlugin, wayRaw}
	if run%2 == 1 {
		slices.Reverse(both)
	}
	for _, t.way = range both {
		var a Applied
		disturbed, err := b.quietly(ctx, out, t, run, func() (float64, error) {
			a, err = b.apply(ctx, p, t, s, im.AtOnce)
			return a.Foreign, err
		})
		if err != nil {
			return fmt.Errorf("measuring %s: %w", t, err)
		}
		im.Disturbed = im.Disturbed || disturbed
		fmt.Fprintf(out, "run %d of %d: %s took %.2f s\n", run+1, b.runs, t, a.Seconds)
		runs[t.way] = append(runs[t.way], a)
	}
	return nil
}

// apply has everybody applied in one way, in a namespace of its own.
func (b *bench) apply(ctx context.Context, p *plane, t task, s *sheet, atOnce int) (a Applied, err error) {
	namespace, err := p.house(ctx, t.people)
	if err != nil {
		return a, err
	}
	processes := staff{}.processes(p)
	asked, _, err := p.settled(ctx, processes)
	if err != nil {
		return a, err
	}
	var first, last sample
	client := "client"
	if t.way == wayPlugin {
		client = wayPlugin
		var c *child
		if c, err = b.startPlugin(ctx, "--kubeconfig", p.kubeconfig, "-n", namespace, "import", s.path, "--apply"); err != nil {
			return a, err
		}
		defer c.end()
		processes[wayPlugin] = c.pid
		first, last, err = between(processes, c.run)
		if err == nil {
			a.PeakMemory, err = peak(c.pid)
		}
	} else {
		first, last, err = between(processes, func() error { return s.apply(ctx, p.wire, namespace, len(s.changes), atOnce) })
	}
	if err != nil {
		return a, err
	}
	answered, _, err := p.settled(ctx, map[string]int{"server": p.pid})
	each := func(name string) float64 { return milliseconds(used(first, last, name)) / float64(t.people) }
	a.Seconds, a.Idle, a.Foreign = last.at.Sub(first.at).Seconds(), idle(first, last), foreign(first, last)
	a.ServerCPU, a.ClientCPU = each("server"), each(client)
	a.Requests = answered.since(asked).per(t.people)
	return a, err
}

// between takes a sample before something is done, and one after it.
func between(processes map[string]int, do func() error) (first, last sample, err error) {
	if first, err = take(processes); err != nil {
		return first, last, err
	}
	if err = do(); err != nil {
		return first, last, err
	}
	last, err = take(processes)
	return first, last, err
}

// importLocally is how many seconds the plugin takes to check the sheet by itself.
func (b *bench) importLocally(ctx context.Context, s *sheet) (float64, error) {
	c, err := b.startPlugin(ctx, "import", s.path, "--local", "--organization", organization)
	if err != nil {
		return 0, err
	}
	defer c.end()
	first, last, err := between(map[string]int{wayPlugin: c.pid}, c.run)
	return last.at.Sub(first.at).Seconds(), err
}

// startPlugin starts a process that is ready to run a command line of the plugin.
func (b *bench) startPlugin(ctx context.Context, args ...string) (*child, error) {
	c, err := start(ctx, b.dir, wayPlugin, nil, append([]string{b.self, wayPlugin}, args...)...)
	if err != nil {
		return nil, err
	}
	if _, err := c.answer("ready"); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// run has the child do its work once, and returns when it has succeeded.
func (c *child) run() error {
	if _, err := fmt.Fprintln(c.in, "go"); err != nil {
		return err
	}
	_, err := c.answer("done")
	return err
}

// runPlugin runs a command line of the plugin once it is told to, and then stays until standard input ends, so that what it took can be read.
func runPlugin(ctx context.Context, args []string) error {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	sh := cli.OS()
	sh.In, sh.Out = strings.NewReader(""), io.Discard
	fmt.Println("ready")
	if _, err := fmt.Scanln(new(string)); err != nil {
		return err
	}
	if code := cli.Run(ctx, sh, "kubectl-seatkeeper", args); code != 0 {
		return fmt.Errorf("the plugin ended with %d", code)
	}
	fmt.Println("done")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// sheet is a spreadsheet with people.
type sheet struct {
	path string
	// changes are what is to be sent for each of them.
	changes []people.Change
}

// newSheet writes a spreadsheet with so many people.
func newSheet(dir string, size int) (*sheet, error) {
	records := [][]string{{"email", "givenName", "familyName", "title", "workPhone", "employeeNumber", "roles", "locale", "timeZone", "manager"}}
	address := func(i int) string { return personName(i) + "@acme.example" }
	for i := range size {
		records = append(records, []string{
			address(i), "Ada", fmt.Sprintf("Lovelace %d", i), "Comptable", "+33 1 02 03 04 05", fmt.Sprintf("%06d", i), role, "fr-FR", "Europe/Paris", address(i / 10),
		})
	}
	records[1][len(records[1])-1] = "" // nobody's own manager
	var content bytes.Buffer
	if err := spreadsheet.WriteCSV(&content, spreadsheet.Options{}, records); err != nil {
		return nil, err
	}
	table, faults, err := spreadsheet.ReadCSV(content.Bytes(), spreadsheet.EncodingAuto)
	set, problems := people.Parse(table, nil)
	plan, more := set.Plan(people.Cluster{Organization: organization, Roles: []string{role}})
	if problems = append(problems, more...); err != nil || len(faults)+len(problems) > 0 {
		return nil, fmt.Errorf("the spreadsheet is wrong: %v %v: %w", faults, problems, err)
	}
	s := &sheet{path: filepath.Join(dir, fmt.Sprintf("people-%d.csv", size)), changes: plan.Users}
	return s, os.WriteFile(s.path, content.Bytes(), 0o600)
}

// trial is how many requests at once are the quickest for a bare client.
func (s *sheet) trial(ctx context.Context, p *plane) (int, error) {
	const some = 2000
	best, least := 0, time.Duration(math.MaxInt64)
	for _, atOnce := range []int{8, 16, 32, 64} {
		namespace, err := p.house(ctx, some)
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		if err := s.apply(ctx, p.wire, namespace, min(some, len(s.changes)), atOnce); err != nil {
			return 0, err
		}
		if took := time.Since(begun); took < least {
			best, least = atOnce, took
		}
	}
	return best, nil
}

// apply makes the requests of the plugin for the first n, and nothing else: the server checks everybody, and then keeps everybody.
func (s *sheet) apply(ctx context.Context, w *wire, namespace string, n, atOnce int) error {
	for _, query := range []string{"dryRun=All&", ""} {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for i := range n {
			group.Go(func() error { return s.put(ctx, w, namespace, &s.changes[i], query) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// put creates one person, as the plugin does who is new.
func (s *sheet) put(ctx context.Context, w *wire, namespace string, change *people.Change, query string) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "User", "metadata": map[string]any{"name": change.Name, "namespace": namespace}, "spec": change.Apply,
	})
	if err != nil {
		return err
	}
	address := w.host + strings.TrimSuffix(userPath(namespace, ""), "/") + "?" + query + "fieldManager=seatkeeper-import"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if resp.StatusCode >= http.StatusBadRequest {
		err = errors.Join(err, fmt.Errorf("creating %s: %s: %s", change.Name, resp.Status, said))
	}
	return err
}

// print writes the table of one size.
func (im Import) print(w io.Writer) {
	fmt.Fprintf(w, "\n%-56s%11s%11s\n", fmt.Sprintf("import: a spreadsheet of %d people is applied", im.People), wayPlugin, "bare")
	row := func(title, format string, value func(a Applied) float64) {
		fmt.Fprintf(w, "%-56s%11s%11s\n", title, fmt.Sprintf(format, value(im.Plugin)), fmt.Sprintf(format, value(im.Bare)))
	}
	row("seconds until everybody is checked and applied", "%.2f", func(a Applied) float64 { return a.Seconds })
	row("people per second", "%.0f", func(a Applied) float64 { return float64(im.People) / a.Seconds })
	row("machine idle, %", "%.1f", func(a Applied) float64 { return 100 * a.Idle })
	row("machine used by others, %", "%.1f", func(a Applied) float64 { return 100 * a.Foreign })
	row("API server, ms of processor per person", "%.2f", func(a Applied) float64 { return a.ServerCPU })
	row("client, ms of processor per person", "%.2f", func(a Applied) float64 { return a.ClientCPU })
	for _, kind := range kinds(im.Plugin.Requests, im.Bare.Requests) {
		row("requests per person: "+kind, "%.3f", func(a Applied) float64 { return a.Requests[kind] })
	}
	fmt.Fprintf(w, "%-56s%11.2f\n", "seconds to check it locally", im.Local)
	fmt.Fprintf(w, "%-56s%11.1f\n", "plugin's peak memory, MiB", float64(im.Plugin.PeakMemory)/(1<<20))
	fmt.Fprintf(w, "%-56s%11s%11d\n", "requests of the bare client at once, the best", "", im.AtOnce)
	judge(w, "plugin / bare client", "%.2f", im.Ratio, importTarget)
	if im.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used up to %.0f %% of the machine, so these figures mean little\n", 100*max(im.Plugin.Foreign, im.Bare.Foreign))
	}
}
