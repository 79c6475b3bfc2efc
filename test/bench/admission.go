// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Admission is how long requests take that the webhooks judge, while nothing else happens or while others write.
type Admission struct {
	People int `json:"people"`
	// Members is how many people are in each team.
	Members int `json:"members"`
	// Writers is how many create Users meanwhile, each one after the other, and PerSecond how many Users that are.
	Writers   int     `json:"writers"`
	PerSecond float64 `json:"createdPerSecond"`
	Kinds     []Asked `json:"kinds"`
	// Seen is how long the webhooks took of all these requests, the writers' too, as the API server counts it, and Own
	// as the operator does. Reviews is how often the operator asked who may do what.
	Seen    Buckets `json:"seenByServer"`
	Own     Buckets `json:"ownOfOperator"`
	Reviews float64 `json:"accessReviews"`
	// EmptyMedian, EmptyP99 and EmptyP995 are how many milliseconds a call of the operator takes about which there is nothing
	// to judge, made by the bench in between: what no webhook can do without here.
	EmptyMedian float64 `json:"emptyCallMedianMilliseconds"`
	EmptyP99    float64 `json:"emptyCallP99Milliseconds"`
	EmptyP995   float64 `json:"emptyCallP995Milliseconds"`
	// AtMost is how many milliseconds 99 % of the calls took at most: of those not in the slowest two hundredth of the
	// operator's work, nor in that of the way there and back, there are 99 % or more.
	AtMost float64 `json:"callP99AtMostMilliseconds"`
	// Idle and Foreign are the parts of the machine that nobody and that others used; Disturbed says that the latter
	// was too much, and counts.
	Idle      float64 `json:"idle"`
	Foreign   float64 `json:"foreign"`
	Disturbed bool    `json:"disturbed"`
}

// Asked is how many milliseconds one kind of request takes as its client sees it, with and without the webhooks.
type Asked struct {
	Kind        string  `json:"kind"`
	Requests    int     `json:"requests"`
	Median      float64 `json:"medianMilliseconds"`
	P99         float64 `json:"p99Milliseconds"`
	FloorMedian float64 `json:"floorMedianMilliseconds"`
	FloorP99    float64 `json:"floorP99Milliseconds"`
}

// Buckets counts calls by how many seconds they took at most; "+Inf" has all.
type Buckets map[string]float64

// The histograms of the API server and of the operator.
const (
	seenByServer  = "apiserver_admission_webhook_admission_duration_seconds"
	ownOfOperator = "controller_runtime_webhook_latency_seconds"
)

// parseBuckets sums up the series of a histogram that are about our webhooks.
func parseBuckets(metrics io.Reader, name string) (Buckets, error) {
	counts := Buckets{}
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		series, ok := strings.CutPrefix(lines.Text(), name+"_bucket{")
		if !ok || !strings.Contains(series, "seatkeeper") {
			continue
		}
		count, err := strconv.ParseFloat(series[strings.LastIndexByte(series, ' ')+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("calls are counted as %q: %w", lines.Text(), err)
		}
		for _, m := range label.FindAllStringSubmatch(series, -1) {
			if m[1] == "le" {
				counts[m[2]] += count
			}
		}
	}
	return counts, lines.Err()
}

// buckets are those of now of a histogram.
func (w *wire) buckets(ctx context.Context, name string) (Buckets, error) {
	metrics, err := w.open(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return nil, err
	}
	defer metrics.Close()
	return parseBuckets(metrics, name)
}

func (b Buckets) since(before Buckets) Buckets {
	more := Buckets{}
	for le, count := range b {
		more[le] = count - before[le]
	}
	return more
}

// atMost is the lowest bound, in seconds, that so large a part of the calls did not exceed.
func (b Buckets) atMost(part float64) float64 {
	least := math.Inf(1)
	for le, count := range b {
		if bound, _ := strconv.ParseFloat(le, 64); count >= part*b["+Inf"] { // "+Inf" is a number too
			least = min(least, bound)
		}
	}
	return least
}

// within is the percentage of calls that took at most so long.
func (b Buckets) within(le string) float64 { return 100 * b[le] / max(1, b["+Inf"]) }

// callTarget is how many milliseconds a call of a webhook may take.
const callTarget = 20

// admission lets people settle, and then makes requests that the webhooks judge.
func (b *bench) admission(ctx context.Context, out io.Writer, scenario string, people int) error {
	t := task{scenario: scenario, way: wayOperator, people: people}
	if least := 3 * teams; people < least {
		return fmt.Errorf("%s: there must be %d people or more, so that two are left in a team when one goes", scenario, least)
	}
	h := &hall{people: people, wires: map[string]*wire{}}
	var from string
	err := b.onSite(ctx, t, 0, func(ctx context.Context, p *plane) (_ []string, err error) {
		if err := h.fill(ctx, p); err != nil {
			return nil, err
		}
		from, err = present(ctx, p.wire, h.namespace)
		return []string{h.namespace}, err
	}, func(ctx context.Context, s *site) (err error) {
		if err := await(ctx, s.p.wire, h.namespace, from, people, invited); err != nil {
			return err
		}
		if err := h.open(ctx, b, s.p, s.at); err != nil {
			return err
		}
		for _, writers := range []int{0, 1, atOnce} {
			a := Admission{People: people, Members: people / teams, Writers: writers}
			if a.Disturbed, err = b.quietly(ctx, out, t, 0, func() (float64, error) {
				err := a.measure(ctx, h, s.p, s.at, b.asks)
				return a.Foreign, err
			}); err != nil {
				return err
			}
			b.report.Admissions = append(b.report.Admissions, a)
			a.print(out)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	return nil
}

// counted is what others counted until one moment.
type counted struct {
	sample
	seen, own Buckets
	requests  requests
	created   int64
}

func (h *hall) count(ctx context.Context, p *plane, at staff) (c counted, err error) {
	var errs [4]error
	c.seen, errs[0] = p.wire.buckets(ctx, seenByServer)
	c.own, errs[1] = (&wire{client: http.DefaultClient, host: "http://" + at.metrics}).buckets(ctx, ownOfOperator)
	c.requests, errs[2] = p.wire.requests(ctx)
	c.created = h.created.Load()
	c.sample, errs[3] = take(at.processes(p))
	return c, errors.Join(errs[:]...)
}

// measure makes so many requests of each kind, and as many of the same that are not judged, in turn.
func (a *Admission) measure(ctx context.Context, h *hall, p *plane, at staff, often int) error {
	if _, _, err := p.settled(ctx, at.processes(p)); err != nil {
		return err
	}
	before, err := h.count(ctx, p, at)
	if err != nil {
		return err
	}
	h.calm = a.Writers == 0
	judged, floor, empty := make([][]float64, len(inquiries)), make([][]float64, len(inquiries)), []float64{}
	if err := h.whileWriting(ctx, a.Writers, func(ctx context.Context) error {
		for range often {
			took, err := h.knock(ctx)
			if err := errors.Join(err, h.round(ctx, judged, floor)); err != nil {
				return err
			}
			empty = append(empty, took)
		}
		return nil
	}); err != nil {
		return err
	}
	after, err := h.count(ctx, p, at)
	if err != nil {
		return err
	}
	a.Idle, a.Foreign = idle(before.sample, after.sample), foreign(before.sample, after.sample)
	a.PerSecond = float64(after.created-before.created) / after.at.Sub(before.at).Seconds()
	a.Seen, a.Own = after.seen.since(before.seen), after.own.since(before.own)
	a.Reviews = after.requests.since(before.requests)["POST subjectaccessreviews"]
	a.EmptyMedian, a.EmptyP99, a.EmptyP995 = quantile(empty, 0.5), quantile(empty, 0.99), quantile(empty, 0.995)
	a.AtMost = 1000*a.Own.atMost(0.995) + a.EmptyP995
	a.Kinds = nil
	for i, q := range inquiries {
		a.Kinds = append(a.Kinds, Asked{
			Kind: q.kind, Requests: often, Median: quantile(judged[i], 0.5), P99: quantile(judged[i], 0.99),
			FloorMedian: quantile(floor[i], 0.5), FloorP99: quantile(floor[i], 0.99),
		})
	}
	return nil
}

// whileWriting does something while so many others create Users.
func (h *hall) whileWriting(ctx context.Context, writers int, do func(ctx context.Context) error) error {
	var done atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	for range writers {
		group.Go(func() error {
			for !done.Load() {
				u := h.guest(fmt.Sprintf("load-%06d", h.created.Add(1)), role)
				if err := post(ctx, h.wires[loader], path(h.namespace, "users"), u, nil); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer done.Store(true)
		return do(ctx)
	})
	return group.Wait()
}

// round makes one request of each kind, and the same by somebody about whom the webhooks are not asked: either is first in
// turn, so that both have the same before them.
func (h *hall) round(ctx context.Context, judged, floor [][]float64) error {
	h.rounds++
	for i, q := range inquiries {
		for turn := range 2 {
			n := (turn + h.rounds) % 2
			who := []string{q.by, unasked}[n]
			c := q.call(h, 2*h.rounds+n)
			begun := time.Now()
			err := h.wires[who].send(ctx, c.method, c.path, c.contentType, c.body, nil)
			took := milliseconds(time.Since(begun))
			if who == editor && !refused(err) {
				return errors.Join(err, fmt.Errorf("%s: it was not refused for want of a right", q.kind))
			} else if who != editor && err != nil {
				return err
			}
			all := [][][]float64{judged, floor}[n]
			all[i] = append(all[i], took)
			if err := h.rest(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// print writes the table.
func (a Admission) print(w io.Writer) {
	meanwhile := "nothing else happens"
	if a.Writers > 0 {
		meanwhile = fmt.Sprintf("%d writers create %.0f more a second", a.Writers, a.PerSecond)
	}
	fmt.Fprintf(w, "\nadmission: %d people in %d teams of %d, %s\n", a.People, teams, a.Members, meanwhile)
	fmt.Fprintf(w, "%-58s%22s%22s%16s\n", fmt.Sprintf("median and p99 of %d, ms", a.Kinds[0].Requests), "request", "without webhooks", "ratio")
	for _, k := range a.Kinds {
		fmt.Fprintf(w, "%-58s%11.1f%11.1f%11.1f%11.1f%8.2f%8.2f\n",
			k.Kind, k.Median, k.P99, k.FloorMedian, k.FloorP99, k.Median/k.FloorMedian, k.P99/k.FloorP99)
	}
	fmt.Fprintf(w, "%.0f calls of webhooks, %.0f access reviews for them; machine idle %.1f %%, used by others %.1f %%\n",
		a.Seen["+Inf"], a.Reviews, 100*a.Idle, 100*a.Foreign)
	fmt.Fprintf(w, "of the calls, by the API server's count: %.1f %% within 5 ms, %.1f %% within 25, %.1f %% within 100\n",
		a.Seen.within("0.005"), a.Seen.within("0.025"), a.Seen.within("0.1"))
	fmt.Fprintf(w, "by the operator's own count: %.1f %% within 1 ms, %.1f %% within 10, %.1f %% within 100\n",
		a.Own.within("0.001"), a.Own.within("0.01"), a.Own.within("0.1"))
	fmt.Fprintf(w, "an empty call of the operator, ms: median %.1f, p99 %.1f\n", a.EmptyMedian, a.EmptyP99)
	judge(w, "a call, p99 at most, ms", "%.1f", a.AtMost, callTarget)
	if a.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*a.Foreign)
	}
}
