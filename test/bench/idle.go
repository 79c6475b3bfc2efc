// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Idle is what the operator asks of the API server while nobody does anything, with a directory that it looks at as often as can be.
type Idle struct {
	People int `json:"people"`
	// Minutes is how long that was.
	Minutes float64 `json:"minutes"`
	// Requests are those to the API server in all, and Writes and Reads what of them writes and does not.
	Requests requests `json:"requests"`
	Writes   float64  `json:"writes"`
	Reads    float64  `json:"reads"`
	// Asked are the requests to the directory in all.
	Asked requests `json:"directoryRequests"`
	// ServerCPU and ManagerCPU are milliseconds of processor time per minute.
	ServerCPU  float64 `json:"serverMillisecondsPerMinute"`
	ManagerCPU float64 `json:"managerMillisecondsPerMinute"`
	Foreign    float64 `json:"foreign"`
}

// idlePeriod is the shortest time between two looks at a directory that an organization can ask for.
const idlePeriod = time.Minute

// idle has people settle, and then only waits. Who else uses the machine makes no difference to what is asked.
func (b *bench) idle(ctx context.Context, out io.Writer, scenario string, people int) error {
	t := task{scenario: scenario, way: wayOperator, people: people}
	accounts, err := b.startScim(ctx, 0)
	if err != nil {
		return err
	}
	defer accounts.end()
	i := Idle{People: people}
	if err := b.onSite(ctx, t, 2*idlePeriod+b.idles, accounted(people, accounts.url, idlePeriod), func(ctx context.Context, s *site) error {
		if err := s.populate(ctx, people); err != nil {
			return err
		}
		return i.measure(ctx, s.p, accounts, s.at, b.idles)
	}, accounts.child); err != nil {
		return fmt.Errorf("measuring %s: %w", t, err)
	}
	b.report.Idles = append(b.report.Idles, i)
	i.print(out)
	return nil
}

// measure counts for so long, after the first look at the directory that saw everybody.
func (i *Idle) measure(ctx context.Context, p *plane, s *scim, at staff, lasts time.Duration) error {
	processes := at.processes(p)
	processes["directory"] = s.pid
	if err := sleep(ctx, idlePeriod+idlePeriod/2); err != nil {
		return err
	}
	before, _, err := p.settled(ctx, processes)
	if err != nil {
		return err
	}
	asked, err := s.asked()
	if err != nil {
		return err
	}
	first, err := take(processes)
	if err != nil {
		return err
	}
	if err := sleep(ctx, lasts); err != nil {
		return err
	}
	last, err := take(processes)
	if err != nil {
		return err
	}
	after, err := p.wire.requests(ctx)
	if err != nil {
		return err
	}
	answered, err := s.asked()
	i.Minutes = last.at.Sub(first.at).Minutes()
	i.Requests, i.Asked = after.since(before), answered.since(asked)
	i.Writes = i.Requests.writes()
	i.Reads = i.Requests.sum() - i.Writes
	i.ServerCPU, i.ManagerCPU = milliseconds(used(first, last, "server"))/i.Minutes, milliseconds(used(first, last, "manager"))/i.Minutes
	i.Foreign = foreign(first, last)
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// print writes the table.
func (i Idle) print(w io.Writer) {
	row := func(title, format string, value float64) {
		fmt.Fprintf(w, "%-42s%11s\n", title, fmt.Sprintf(format, value))
	}
	fmt.Fprintf(w, "\nidle: %d people in a directory that is looked at every minute, for %.1f minutes\n", i.People, i.Minutes)
	judge(w, "API writes", "%.0f", i.Writes, 0)
	judge(w, "API reads", "%.0f", i.Reads, 0)
	for _, kind := range kinds(i.Requests) {
		row("  "+kind, "%.0f", i.Requests[kind])
	}
	for _, kind := range kinds(i.Asked) {
		row("directory: "+kind, "%.0f", i.Asked[kind])
	}
	row("API server, ms of processor a minute", "%.1f", i.ServerCPU)
	row("manager, ms of processor a minute", "%.1f", i.ManagerCPU)
}
