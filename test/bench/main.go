// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures how fast people get seats and invitations, and what that costs, against two floors: a bare
// client, and a controller that does nothing but the same writes; and what admission adds to a request. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch runs the bench, or one of the processes that it starts.
func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "minimal":
			return runMinimal(ctx, args[1:])
		case "mailbox":
			return runMailbox(ctx)
		case "scim":
			return runScim(ctx, args[1:])
		case wayPlugin:
			return runPlugin(ctx, args[1:])
		case "report":
			return publish(args[1:])
		}
	}
	log.SetLogger(logr.Discard()) // for what the libraries have to say
	b, err := parse(args)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	err = b.all(ctx, os.Stdout)
	return errors.Join(err, b.save())
}

// bench is one call of the program.
type bench struct {
	scenarios []string
	// sizes are the numbers of people, by scenario.
	sizes                        map[string][]int
	seats, releases, asks, owned int
	meanwhile                    int
	latency, idles               time.Duration
	runs                         int
	plan                         string
	json                         string
	allowNoise                   bool
	controlplane, operator, crds string
	kubectl, webhooks            string

	self string // this program
	dir  string // for logs and the like, removed at the end
	// examples are what the operator writes about people, by scenario, found out when it warms up.
	examples map[string]example
	report   Report
}

func parse(args []string) (*bench, error) {
	b := &bench{sizes: map[string][]int{}, examples: map[string]example{}, report: newReport()}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	scenarios := flags.String("scenarios", strings.Join(allScenarios, ","), "which `scenarios` to measure")
	people := map[string]*string{
		scenarioInvite:    flags.String("people", "1000,10000", "invite: how many people to invite, one table for each `number`"),
		scenarioGrant:     flags.String("grants", "10000", "grant: how many people wait for the seats that come, one table for each `number`"),
		scenarioAccept:    flags.String("accepts", "1000,10000", "accept: how many people accept, one table for each `number`"),
		scenarioOffboard:  flags.String("leavers", "1000", "offboard: how many people are archived, one table for each `number`"),
		scenarioTeam:      flags.String("members", "1000,10000", "team: how many members the teams have, one table for each `number`"),
		scenarioMove:      flags.String("movers", "1000", "move: how many people move to another team, one table for each `number`"),
		scenarioRestart:   flags.String("restarts", "1000,10000", "restart: how many people are there, one table for each `number`"),
		scenarioSingle:    flags.String("settled", "1000", "single: how many people there are beside, two tables for each `number`"),
		scenarioIdle:      flags.String("idlers", "1000", "idle: how many people there are, one table for each `number`"),
		scenarioRelease:   flags.String("waiting", "50000", "release: how many people wait, one table for each `number`"),
		scenarioAdmission: flags.String("users", "10000", "admission: how many people there are, two tables for each `number`"),
		scenarioDirectory: flags.String("accounts", "10000", "directory: how many people have accounts there, one table for each `number`"),
		scenarioHandover:  flags.String("objects", "10000", "handover: how many objects somebody owns, one table for each `number`"),
		scenarioFairness:  flags.String("crowd", "50000", "fairness: how many people of one organization are onboarded, one table for each `number`"),
		scenarioImport:    flags.String("rows", "50000", "import: how many people are in the spreadsheet, one table for each `number`"),
	}
	flags.IntVar(&b.asks, "asks", 100, "admission, single: how many requests of each kind to make")
	flags.DurationVar(&b.latency, "latency", 100*time.Millisecond, "directory: how long it takes for each request; 0, and the API server is the slower side")
	flags.IntVar(&b.meanwhile, "meanwhile", 10000, "single: how many others are applied in the second of its tables")
	flags.DurationVar(&b.idles, "idle", 5*time.Minute, "idle: for how long")
	flags.IntVar(&b.owned, "owned", 3, "offboard: how many objects each of them owns")
	flags.IntVar(&b.seats, "seats", 50, "release: how many seats the pool has")
	flags.IntVar(&b.releases, "releases", 20, "release: how many holders to archive, one after the other; fewer than -seats")
	flags.IntVar(&b.runs, "runs", 3, "how often to measure each way; the median counts")
	flags.StringVar(&b.plan, "plan", "", "`file` with what go test says of BenchmarkPlan, to show beside the targets")
	flags.StringVar(&b.json, "json", "", "`file` to write everything to, see test/bench/README.md")
	flags.BoolVar(&b.allowNoise, "allow-noise", false, "count measurements that other processes disturbed, and mark them")
	flags.StringVar(&b.controlplane, "controlplane", "bin/controlplane", "the control plane's `program`")
	flags.StringVar(&b.operator, "operator", "bin/seatkeeper", "the operator's `program`")
	flags.StringVar(&b.crds, "crds", "config/crd/bases", "the `directory` of the custom resource definitions")
	flags.StringVar(&b.kubectl, "kubectl", "bin/kubectl", "the `program` that puts the webhook configurations together")
	flags.StringVar(&b.webhooks, "webhooks", "config/webhook", "the `directory` of the webhook configurations")
	grow := flags.String("sizes", "", "`numbers` of people for every scenario whose growth is looked at, instead of their own flags")
	_ = flags.Parse(args) // it exits with the usage on an error
	if *grow != "" {
		for _, scenario := range growing {
			*people[scenario] = *grow
		}
	}
	var err error
	if b.scenarios, err = parseScenarios(*scenarios); err != nil {
		return nil, err
	}
	for _, scenario := range allScenarios {
		if b.sizes[scenario], err = parseSizes(*people[scenario]); err != nil {
			return nil, fmt.Errorf("%s: %w", scenario, err)
		}
	}
	if err := b.check(flags.NArg()); err != nil {
		return nil, err
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	b.dir, err = os.MkdirTemp("", "bench-")
	return b, err
}

// check says what of the flags cannot be.
func (b *bench) check(arguments int) error {
	switch {
	case arguments > 0 || b.runs < 1 || b.asks < 1 || b.owned < 0 || b.latency < 0 || b.meanwhile < 1 || b.idles <= 0:
		return errors.New("unexpected arguments: only flags are taken, and -runs, -asks, -meanwhile and -idle must be more than 0, and -latency and -owned not negative; see -h")
	case b.releases < 1 || b.releases >= b.seats || b.releases > queued || b.seats > 1000:
		return fmt.Errorf("-releases must be 1 to %d and less than -seats, of which there are up to 1000", queued)
	}
	return nil
}

func parseScenarios(list string) ([]string, error) {
	var scenarios []string
	for word := range strings.SplitSeq(list, ",") {
		scenario := strings.TrimSpace(word)
		if !slices.Contains(allScenarios, scenario) {
			return nil, fmt.Errorf("-scenarios is %q: it must be some of %s, separated by commas", list, strings.Join(allScenarios, ", "))
		}
		scenarios = append(scenarios, scenario)
	}
	return scenarios, nil
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 1_000_000 {
			return nil, fmt.Errorf("the number of people is %q: it must be numbers from 1 to 1000000, separated by commas", list)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// all measures every scenario with every size.
func (b *bench) all(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "On %d processors. The API server runs with GOGC=%s and GOMEMLIMIT=%s, its etcd without fsync. No webhooks but in\n"+
		"the scenario admission: people are created with the finalizer that they would add.\n\n", b.report.Setting.Processors, serverGOGC, serverMemory)
	if b.plan != "" {
		var err error
		if b.report.Plan, err = readPlan(b.plan); err != nil {
			return err
		}
		b.report.Plan.print(out)
	}
	for _, scenario := range b.scenarios {
		measure, ok := map[string]func(ctx context.Context, out io.Writer, scenario string, people int) error{
			scenarioRelease: b.release, scenarioAdmission: b.admission, scenarioDirectory: b.directory, scenarioHandover: b.handover,
			scenarioImport: b.importing, scenarioRestart: b.restart, scenarioSingle: b.single, scenarioIdle: b.idle, scenarioFairness: b.fairness,
		}[scenario]
		if !ok {
			measure = b.compare
		}
		for _, people := range b.sizes[scenario] {
			if err := measure(ctx, out, scenario, people); err != nil {
				return err
			}
		}
	}
	b.report.Growth = growth(b.report.Sizes)
	printGrowth(out, b.report.Growth)
	return nil
}

// compare measures all three ways of a scenario, several times.
func (b *bench) compare(ctx context.Context, out io.Writer, scenario string, people int) error {
	runs := map[string][]Measurement{}
	for run := range b.runs {
		if err := b.round(ctx, out, scenario, people, run, runs); err != nil {
			return err
		}
	}
	size := sumUp(scenario, people, runs)
	if scenario == scenarioOffboard {
		size.Owned = b.owned
	}
	b.report.Sizes = append(b.report.Sizes, size)
	size.print(out)
	return nil
}

// round measures all three ways once, on a control plane of their own: what earlier rounds left behind would slow
// the later ones down. Many people are so much to leave behind that each way has one of its own.
func (b *bench) round(ctx context.Context, out io.Writer, scenario string, people, run int, runs map[string][]Measurement) error {
	const many = 20_000
	p, err := b.warmPlane(ctx, scenario)
	if err != nil {
		return err
	}
	defer func() { p.end() }()
	for i, way := range order(run) {
		if i > 0 && people > many {
			p.end()
			another, err := b.warmPlane(ctx, scenario)
			if err != nil {
				return err
			}
			p = another
		}
		t := task{scenario: scenario, way: way, people: people}
		var m Measurement
		var then func(ctx context.Context, s *site, m Measurement) error
		if b.restartsAfter(t) {
			then = func(ctx context.Context, s *site, m Measurement) error {
				if disturbed(m.Foreign) && !b.allowNoise { // it does not count, and comes again
					return nil
				}
				return b.restarts(ctx, out, s, people, m.EmptyMemory)
			}
		}
		disturbed, err := b.quietly(ctx, out, t, run, func() (float64, error) {
			m, err = b.measure(ctx, p, t, then)
			return m.Foreign, err
		})
		if err != nil {
			return fmt.Errorf("measuring %s: %w", t, err)
		}
		m.Disturbed = disturbed
		fmt.Fprintf(out, "run %d of %d: %s took %.2f s\n", run+1, b.runs, t, m.Wall)
		runs[way] = append(runs[way], m)
	}
	return nil
}

// warmPlane starts a control plane, and has the operator invite a few people there, and do with others what a scenario is about:
// that warms it up, and shows what the operator writes about them.
func (b *bench) warmPlane(ctx context.Context, scenario string) (*plane, error) {
	p, err := startPlane(ctx, b.controlplane, b.crds, b.dir)
	if err != nil {
		return nil, err
	}
	if err := b.warmUp(ctx, p, scenario); err != nil {
		p.end()
		return nil, fmt.Errorf("warming up: %w", err)
	}
	return p, nil
}

func (b *bench) warmUp(ctx context.Context, p *plane, scenario string) error {
	const few = 100
	var version struct{ GitVersion string }
	if err := p.wire.send(ctx, "GET", "/version", "", nil, &version); err != nil {
		return err
	}
	b.report.Setting.Kubernetes = version.GitVersion
	if _, err := b.measure(ctx, p, task{scenario: scenarioInvite, way: wayOperator, people: few}, nil); err != nil {
		return err
	}
	if courses[scenario].prepare == nil { // nobody is anywhere before
		return nil
	}
	_, err := b.measure(ctx, p, task{scenario: scenario, way: wayOperator, people: few}, nil)
	return err
}

// quietly measures until nobody disturbed it, or too often. measure says which part of the machine others used.
func (b *bench) quietly(ctx context.Context, out io.Writer, t task, run int, measure func() (float64, error)) (bool, error) {
	const attempts, pause = 4, 15 * time.Second
	for attempt := 1; ; attempt++ {
		foreign, err := measure()
		if err != nil || !disturbed(foreign) {
			return false, err
		}
		if b.allowNoise {
			return true, nil
		}
		rejected := Rejection{Scenario: t.scenario, People: t.people, Way: t.way, Run: run + 1, Foreign: foreign}
		b.report.Rejected = append(b.report.Rejected, rejected)
		fmt.Fprintln(out, rejected)
		if attempt == attempts {
			return true, fmt.Errorf("the machine was not quiet in %d attempts: stop what else runs, or use -allow-noise", attempts)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// save writes the report where it is asked for, whatever there is of it.
func (b *bench) save() error {
	if b.json == "" {
		return nil
	}
	return b.report.save(b.json)
}
