// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// fairnessTarget is by how much at most a single invitation may take longer while people of another organization are onboarded.
	fairnessTarget = 2
	// alone is how many single invitations are measured while nothing else happens.
	alone = 20
	// apart is how long after one single invitation the next comes: a pool looks twice a second at most.
	apart = 1200 * time.Millisecond
)

// Load is where a crowd comes from, and so who keeps the API server busy meanwhile.
type Load string

const (
	// loadApplied is a client that creates the people as fast as they are taken, and the operator beside it.
	loadApplied Load = "applied"
	// loadGranted is the operator alone: the people are there and wait, and their pool is scaled up for all of them by one write.
	loadGranted Load = "granted"
)

var loads = []Load{loadApplied, loadGranted}

// short says which crowd it is.
func (l Load) short() string {
	if l == loadGranted {
		return "gets seats"
	}
	return "is applied"
}

// onboarded says what happens to a crowd.
func (l Load) onboarded() string {
	if l == loadGranted {
		return "who wait for seats get them all at once, and are invited"
	}
	return "are applied by a client, and invited"
}

// Fairness is how long single invitations of one organization take while nothing else happens, and while people of another are
// onboarded.
type Fairness struct {
	Crowd int `json:"crowd"`
	// Load is where the crowd comes from.
	Load Load `json:"load"`
	// Seconds is how long the crowd took.
	Seconds float64   `json:"seconds"`
	Alone   Newcomers `json:"alone"`
	Beside  Newcomers `json:"beside"`
	// Ratio is that of the medians of the invitations, and WriteRatio that of the bare writes, which the API server alone is to blame for.
	Ratio      float64 `json:"ratio"`
	WriteRatio float64 `json:"writeRatio"`
	Foreign    float64 `json:"foreign"`
	Disturbed  bool    `json:"disturbed"`
}

// Newcomers are invitations one after the other, each after a bare write that nobody looks at.
type Newcomers struct {
	// Invitations are the milliseconds from the create until the person was seen to be invited, in their order.
	Invitations []float64 `json:"milliseconds"`
	Median      float64   `json:"medianMilliseconds"`
	P99         float64   `json:"p99Milliseconds"`
	// Write is the milliseconds of one create of a User in a namespace that nobody looks at, the median.
	Write float64 `json:"writeMilliseconds"`

	writes []float64
}

// neighbour is an organization to which people come one by one.
type neighbour struct {
	wire *wire
	// namespace is where they come, and nowhere where nobody looks.
	namespace, nowhere string
	people             int
}

// fairness has a crowd come to one organization in either way, and now and then somebody to another.
func (b *bench) fairness(ctx context.Context, out io.Writer, scenario string, crowd int) error {
	t := task{scenario: scenario, way: wayOperator, people: crowd}
	for _, load := range loads {
		var f Fairness
		disturbed, err := b.quietly(ctx, out, t, 0, func() (float64, error) {
			f = Fairness{Crowd: crowd, Load: load}
			err := f.measure(ctx, b, t)
			return f.Foreign, err
		})
		if err != nil {
			return fmt.Errorf("measuring %s, %s: %w", t, load, err)
		}
		f.Disturbed = disturbed
		b.report.Fairnesses = append(b.report.Fairnesses, f)
		f.print(out)
	}
	return nil
}

func (f *Fairness) measure(ctx context.Context, b *bench, t task) error {
	n := &neighbour{}
	return b.onSite(ctx, t, 0, func(ctx context.Context, p *plane) ([]string, error) {
		n.wire = p.wire
		seats := f.Crowd
		if f.Load == loadGranted {
			seats = 0
		}
		crowded, err := p.house(ctx, seats)
		if err != nil {
			return nil, err
		}
		if n.namespace, err = p.house(ctx, alone+f.Crowd); err != nil {
			return nil, err
		}
		n.nowhere, err = p.namespace(ctx)
		return []string{crowded, n.namespace}, err
	}, func(ctx context.Context, s *site) error {
		w := &wave{task: t, namespace: s.namespaces[0]}
		processes := s.at.processes(s.p)
		if err := f.prepare(ctx, s, w, processes); err != nil {
			return err
		}
		if err := n.come(ctx, &f.Alone, func() bool { return len(f.Alone.writes) == alone }); err != nil {
			return err
		}
		first, err := take(processes)
		if err != nil {
			return err
		}
		if err := f.wave(ctx, s.p.wire, w, n); err != nil {
			return err
		}
		last, err := take(processes)
		f.Seconds, f.Foreign = last.at.Sub(first.at).Seconds(), foreign(first, last)
		f.sumUp()
		return err
	})
}

// prepare has the crowd wait, where it is there before.
func (f *Fairness) prepare(ctx context.Context, s *site, w *wave, processes map[string]int) error {
	if f.Load != loadGranted {
		return nil
	}
	if err := assemble(ctx, s.p, s.at, w); err != nil {
		return err
	}
	_, _, err := s.p.settled(ctx, processes)
	return err
}

// wave has the crowd come, and the neighbour's people until all of it is invited.
func (f *Fairness) wave(ctx context.Context, c *wire, w *wave, n *neighbour) error {
	start := startInvite
	if f.Load == loadGranted {
		start = startGrant
	}
	group, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	group.Go(func() error { return start(ctx, c, w) })
	group.Go(func() error {
		defer close(over)
		return await(ctx, c, w.namespace, w.from, f.Crowd, invited)
	})
	group.Go(func() error {
		return n.come(ctx, &f.Beside, func() bool {
			select {
			case <-over:
				return len(f.Beside.writes) > 0
			default:
				return false
			}
		})
	})
	return group.Wait()
}

// come has one person after the other invited, until that is enough.
func (n *neighbour) come(ctx context.Context, s *Newcomers, enough func() bool) error {
	for ; !enough(); n.people++ {
		begun := time.Now()
		if err := create(ctx, n.wire, n.nowhere, n.people, nil); err != nil {
			return err
		}
		s.writes = append(s.writes, milliseconds(time.Since(begun)))
		var created version
		begun = time.Now()
		if err := create(ctx, n.wire, n.namespace, n.people, &created); err != nil {
			return err
		}
		name := personName(n.people)
		if err := await(ctx, n.wire, n.namespace, created.Metadata.ResourceVersion, 1, func(c change) bool {
			return c.Object.Metadata.Name == name && invited(c)
		}); err != nil {
			return err
		}
		s.Invitations = append(s.Invitations, milliseconds(time.Since(begun)))
		select {
		case <-time.After(apart):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (f *Fairness) sumUp() {
	for _, s := range []*Newcomers{&f.Alone, &f.Beside} {
		s.Median, s.P99, s.Write = quantile(s.Invitations, 0.5), quantile(s.Invitations, 0.99), quantile(s.writes, 0.5)
	}
	f.Ratio, f.WriteRatio = f.Beside.Median/f.Alone.Median, f.Beside.Write/f.Alone.Write
}

// print writes the table of one size.
func (f Fairness) print(w io.Writer) {
	fmt.Fprintf(w, "\nfairness: %d people of one organization %s, in %.0f s; %d of another come one by one before, and %d meanwhile\n",
		f.Crowd, f.Load.onboarded(), f.Seconds, len(f.Alone.Invitations), len(f.Beside.Invitations))
	fmt.Fprintf(w, "%-42s%11s%11s%11s\n", "", "alone", "meanwhile", "ratio")
	row := func(title string, alone, beside float64) {
		fmt.Fprintf(w, "%-42s%11.1f%11.1f%11.2f\n", title, alone, beside, beside/alone)
	}
	row("from applied to invited, ms, median", f.Alone.Median, f.Beside.Median)
	row("from applied to invited, ms, p99", f.Alone.P99, f.Beside.P99)
	row("one bare write, ms, median", f.Alone.Write, f.Beside.Write)
	row("the median in such writes", f.Alone.Median/f.Alone.Write, f.Beside.Median/f.Beside.Write)
	judge(w, "the median, in that alone", "%.2f", f.Ratio, fairnessTarget)
	if f.Disturbed {
		fmt.Fprintf(w, "DISTURBED: other processes used %.0f %% of the machine meanwhile, so these figures mean little\n", 100*f.Foreign)
	}
}
