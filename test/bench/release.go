// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// queued is how many of those who wait a pool lists.
const queued = 100

// Release is what it took until the next in the queue had the seat of somebody who was archived, one time after the
// other. What is per release counts until nobody wrote any more.
type Release struct {
	Waiting int `json:"waiting"`
	Seats   int `json:"seats"`
	// Prepared is the seconds that it took to have that many people wait, and Created those of them until all were
	// created; the operator starts then.
	Prepared float64 `json:"preparationSeconds"`
	Created  float64 `json:"creationSeconds"`
	// Latencies are the milliseconds from the write that archives a holder until the head of the queue was seen to be
	// invited, in their order. Median and P99 are of them.
	Latencies []float64 `json:"milliseconds"`
	Median    float64   `json:"medianMilliseconds"`
	P99       float64   `json:"p99Milliseconds"`
	// Write is the milliseconds that one status patch of a User takes on the same idle control plane, the median of many.
	Write float64 `json:"writeMilliseconds"`
	// Foreign is the part of the machine that others used, and Disturbed says that it was too much, and counts.
	Foreign   float64 `json:"foreign"`
	Disturbed bool    `json:"disturbed"`
	// ServerCPU and ManagerCPU are milliseconds of processor time per release.
	ServerCPU  float64 `json:"serverMillisecondsPerRelease"`
	ManagerCPU float64 `json:"managerMillisecondsPerRelease"`
	// PeakMemory is the most bytes that the manager had resident.
	PeakMemory int64 `json:"managerPeakBytes"`
	// Requests are those to the API server per release, and Writes those of them that write; the one that archives the
	// holder is among them.
	Requests requests `json:"requestsPerRelease"`
	Writes   float64  `json:"writesPerRelease"`
}

// release has people wait in a pool that is full, and then lets holders go.
func (b *bench) release(ctx context.Context, out io.Writer, scenario string, people int) error {
	t := task{scenario: scenario, way: wayOperator, people: people}
	r := Release{Waiting: people, Seats: b.seats}
	var begun time.Time
	var from string
	err := b.onSite(ctx, t, 0, func(ctx context.Context, p *plane) ([]string, error) {
		namespace, err := p.house(ctx, b.seats)
		if err != nil {
			return nil, err
		}
		begun = time.Now()
		// While nobody looks, which is cheaper than to have the queue decided on time and again.
		if err := each(ctx, b.seats+people, func(ctx context.Context, i int) error { return create(ctx, p.wire, namespace, i, nil) }); err != nil {
			return nil, err
		}
		r.Created = time.Since(begun).Seconds()
		from, err = present(ctx, p.wire, namespace)
		return []string{namespace}, err
	}, func(ctx context.Context, s *site) (err error) {
		decided := func(c change) bool { return invited(c) || waiting(c) }
		if err := await(ctx, s.p.wire, s.namespaces[0], from, b.seats+people, decided); err != nil {
			return err
		}
		r.Prepared = time.Since(begun).Seconds()
		fmt.Fprintf(out, "%d people were created in %.0f s, and wait after %.0f s\n", b.seats+people, r.Created, r.Prepared)
		r.Disturbed, err = b.quietly(ctx, out, t, 0, func() (float64, error) {
			err := r.measure(ctx, s.p, s.at, s.namespaces[0], b.releases)
			return r.Foreign, err
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	b.report.Releases = append(b.report.Releases, r)
	r.print(out)
	return nil
}

// measure archives so many holders, one after the other.
func (r *Release) measure(ctx context.Context, p *plane, at staff, namespace string, releases int) error {
	holders, heads, err := standing(ctx, p.client, namespace, releases)
	if err != nil {
		return err
	}
	processes := at.processes(p)
	writes, err := bareWrites(ctx, p, 0)
	if err != nil {
		return err
	}
	r.Write = quantile(writes, 0.5)
	asked, begin, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	r.Latencies, r.ServerCPU, r.ManagerCPU = nil, 0, 0
	var end sample
	var total requests
	for i := range releases {
		first, err := take(processes)
		if err != nil {
			return err
		}
		latency, err := archive(ctx, p.wire, namespace, holders[i], heads[i])
		if err != nil {
			return err
		}
		if total, end, err = p.settled(ctx, processes); err != nil {
			return err
		}
		r.Latencies = append(r.Latencies, milliseconds(latency))
		r.ServerCPU += milliseconds(used(first, end, "server")) / float64(releases)
		r.ManagerCPU += milliseconds(used(first, end, "manager")) / float64(releases)
	}
	r.Median, r.P99 = quantile(r.Latencies, 0.5), quantile(r.Latencies, 0.99)
	r.Foreign = foreign(begin, end)
	r.Requests = total.since(asked).per(releases)
	r.Writes = r.Requests.writes()
	r.PeakMemory, err = at.memory()
	return err
}

// standing are some who hold a seat, other than the owner, who stays, and as many who are next to have one.
func standing(ctx context.Context, c client.Client, namespace string, some int) (holders, heads []string, err error) {
	var seats v1alpha1.SeatPool
	var slices v1alpha1.SeatSliceList
	if err := errors.Join(
		c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: pool}, &seats),
		c.List(ctx, &slices, client.InNamespace(namespace)),
	); err != nil {
		return nil, nil, err
	}
	for _, slice := range slices.Items {
		for _, a := range slice.Assignments {
			if a.User != personName(0) {
				holders = append(holders, a.User)
			}
		}
	}
	heads = seats.Status.Queue
	if len(holders) < some || len(heads) < some {
		return nil, nil, fmt.Errorf("%d hold a seat and %d are listed as waiting: too few to release %d seats", len(holders), len(heads), some)
	}
	return holders[:some], heads[:some], nil
}

// archive archives a holder, and says how long it took until the head of the queue was seen to be invited.
func archive(ctx context.Context, w *wire, namespace, holder, head string) (time.Duration, error) {
	begun := time.Now()
	var archived version
	patch := []byte(`{"spec":{"state":"` + v1alpha1.UserArchived + `"}}`)
	if err := w.send(ctx, http.MethodPatch, userPath(namespace, holder), typeMergePatch, patch, &archived); err != nil {
		return 0, err
	}
	err := await(ctx, w, namespace, archived.Metadata.ResourceVersion, 1, func(c change) bool {
		return c.Object.Metadata.Name == head && invited(c)
	})
	return time.Since(begun), err
}

// bareOften is how often a bare write is made.
const bareOften = 100

// bareWrites are how many milliseconds status patches take, one after the other and each after a rest, in a namespace that nobody looks at.
func bareWrites(ctx context.Context, p *plane, rest time.Duration) ([]float64, error) {
	namespace, err := p.namespace(ctx)
	if err != nil {
		return nil, err
	}
	if err := create(ctx, p.wire, namespace, 0, nil); err != nil {
		return nil, err
	}
	var all []float64
	for i := range bareOften {
		if err := sleep(ctx, rest); err != nil {
			return nil, err
		}
		begun := time.Now()
		patch := fmt.Appendf(nil, `{"status":{"observedGeneration":%d}}`, i)
		if err := p.wire.send(ctx, http.MethodPatch, userPath(namespace, personName(0))+"/status", typeMergePatch, patch, nil); err != nil {
			return nil, err
		}
		all = append(all, milliseconds(time.Since(begun)))
	}
	return all, nil
}

// quantile is the smallest of some values that so large a part of them does not exceed.
func quantile(values []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

// print writes the table of one size.
func (r Release) print(w io.Writer) {
	row := func(title, format string, value float64) {
		fmt.Fprintf(w, "%-56s%11s\n", title, fmt.Sprintf(format, value))
	}
	fmt.Fprintf(w, "\nrelease: %d people wait for %d seats, %d holders are archived one after the other\n", r.Waiting, r.Seats, len(r.Latencies))
	row("from archived to the next one invited, ms, median", "%.1f", r.Median)
	row("from archived to the next one invited, ms, p99", "%.1f", r.P99)
	row("one status patch, ms, median", "%.1f", r.Write)
	row("the median in such patches", "%.1f", r.Median/r.Write)
	row("the p99 in such patches", "%.1f", r.P99/r.Write)
	row("machine used by others, %", "%.1f", 100*r.Foreign)
	row("API server, ms of processor per release", "%.1f", r.ServerCPU)
	row("manager, ms of processor per release", "%.1f", r.ManagerCPU)
	row("manager's peak memory, MiB", "%.1f", float64(r.PeakMemory)/(1<<20))
	row("API writes per release", "%.2f", r.Writes)
	for _, kind := range kinds(r.Requests) {
		row("  "+kind, "%.2f", r.Requests[kind])
	}
	row("seconds until all were created", "%.0f", r.Created)
	row("seconds until all were known to wait", "%.0f", r.Prepared)
	if r.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*r.Foreign)
	}
}
