// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures how fast people get from applied to invited, and what that costs, against two floors: a
// bare client, and a controller that does nothing but the same writes. See README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
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
	sizes                        []int
	runs                         int
	json                         string
	allowNoise                   bool
	controlplane, operator, crds string

	self string // this program
	dir  string // for logs and the like, removed at the end
	// status is what the operator gives to people, found out when it warms up.
	status *v1alpha1.UserStatus
	report Report
}

func parse(args []string) (*bench, error) {
	b := &bench{report: Report{Sizes: []Size{}, Rejected: []Rejection{}, Setting: Setting{
		Go: runtime.Version(), Processors: runtime.NumCPU(), ServerGOGC: serverGOGC,
	}}}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	people := flags.String("people", "1000,10000", "how many people to invite, one table for each `number`")
	flags.IntVar(&b.runs, "runs", 3, "how often to measure each way; the median counts")
	flags.StringVar(&b.json, "json", "", "`file` to write everything to, see test/bench/README.md")
	flags.BoolVar(&b.allowNoise, "allow-noise", false, "count measurements that other processes disturbed, and mark them")
	flags.StringVar(&b.controlplane, "controlplane", "bin/controlplane", "the control plane's `program`")
	flags.StringVar(&b.operator, "operator", "bin/seatkeeper", "the operator's `program`")
	flags.StringVar(&b.crds, "crds", "config/crd/bases", "the `directory` of the custom resource definitions")
	_ = flags.Parse(args) // it exits with the usage on an error
	var err error
	if b.sizes, err = parseSizes(*people); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 || b.runs < 1 {
		return nil, errors.New("unexpected arguments: only flags are taken, and -runs must be 1 or more; see -h")
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	b.dir, err = os.MkdirTemp("", "bench-")
	return b, err
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 1_000_000 {
			return nil, fmt.Errorf("-people is %q: it must be numbers from 1 to 1000000, separated by commas", list)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// all measures every size.
func (b *bench) all(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "From apply to invited on %d processors. The API server runs with GOGC=%s, its etcd without fsync. No webhooks:\n"+
		"people are created with the finalizer that admission would add.\n\n", b.report.Setting.Processors, serverGOGC)
	for _, people := range b.sizes {
		runs := map[string][]Measurement{}
		for run := range b.runs {
			if err := b.round(ctx, out, people, run, runs); err != nil {
				return err
			}
		}
		size := sumUp(people, runs)
		b.report.Sizes = append(b.report.Sizes, size)
		size.print(out)
	}
	return nil
}

// round measures all three ways once, on a control plane of their own: what earlier rounds left behind would slow
// the later ones down.
func (b *bench) round(ctx context.Context, out io.Writer, people, run int, runs map[string][]Measurement) error {
	p, err := startPlane(ctx, b.controlplane, b.crds, b.dir)
	if err != nil {
		return err
	}
	defer p.end()
	if err := b.warmUp(ctx, p); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	for _, way := range order(run) {
		m, err := b.quietly(ctx, out, p, way, people, run)
		if err != nil {
			return fmt.Errorf("measuring %s with %d people: %w", way, people, err)
		}
		fmt.Fprintf(out, "run %d of %d: %s with %d people took %.2f s\n", run+1, b.runs, way, people, m.Wall)
		runs[way] = append(runs[way], m)
	}
	return nil
}

// warmUp invites a few people by the operator, and finds out what it writes about them.
func (b *bench) warmUp(ctx context.Context, p *plane) error {
	const few = 100
	var version struct{ GitVersion string }
	if err := p.wire.send(ctx, "GET", "/version", "", nil, &version); err != nil {
		return err
	}
	b.report.Setting.Kubernetes = version.GitVersion
	if _, err := b.measure(ctx, p, wayOperator, few); err != nil {
		return err
	}
	var anybody v1alpha1.UserList
	if err := p.client.List(ctx, &anybody, client.Limit(1)); err != nil {
		return err
	}
	b.status = &anybody.Items[0].Status
	return nil
}

// quietly measures until nobody disturbed it, or too often.
func (b *bench) quietly(ctx context.Context, out io.Writer, p *plane, way string, people, run int) (Measurement, error) {
	const attempts, pause = 4, 15 * time.Second
	for attempt := 1; ; attempt++ {
		m, err := b.measure(ctx, p, way, people)
		if err != nil || !disturbed(m) {
			return m, err
		}
		if b.allowNoise {
			m.Disturbed = true
			return m, nil
		}
		rejected := Rejection{People: people, Way: way, Run: run + 1, Foreign: m.Foreign}
		b.report.Rejected = append(b.report.Rejected, rejected)
		fmt.Fprintln(out, rejected)
		if attempt == attempts {
			return m, fmt.Errorf("the machine was not quiet in %d attempts: stop what else runs, or use -allow-noise", attempts)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return m, ctx.Err()
		}
	}
}

// save writes the report where it is asked for, whatever there is of it.
func (b *bench) save() error {
	if b.json == "" {
		return nil
	}
	content, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.json, append(content, '\n'), 0o600)
}
