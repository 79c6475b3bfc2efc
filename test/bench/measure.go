// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// task is what is measured at a time: a scenario, in one way, with a number of people.
type task struct {
	scenario, way string
	people        int
}

func (t task) String() string {
	return fmt.Sprintf("%s by %s with %d people", t.scenario, t.way, t.people)
}

// Measurement is what one way took for a number of people. What is per person counts until nobody wrote any more,
// what is of the wave from what started it until the last person was seen to be where the scenario has people get.
type Measurement struct {
	// Wall is the seconds that the wave took.
	Wall float64 `json:"wallSeconds"`
	// PerSecond is how many people that is in a second.
	PerSecond float64 `json:"peoplePerSecond"`
	// Idle is the part of the machine that nobody used in the wave, and Foreign the part that was used by others
	// than the bench and what it started; both from 0 to 1.
	Idle    float64 `json:"idle"`
	Foreign float64 `json:"foreign"`
	// Disturbed says that Foreign was too much, and that it was counted nevertheless.
	Disturbed bool `json:"disturbed"`
	// ServerCPU, ManagerCPU, MailboxCPU and ClientCPU are milliseconds of processor time per person: of the API
	// server with etcd in the same process, of the manager, of the mail server, and of the bench as a client.
	// CPU is their sum.
	CPU        float64 `json:"millisecondsPerPerson"`
	ServerCPU  float64 `json:"serverMillisecondsPerPerson"`
	ManagerCPU float64 `json:"managerMillisecondsPerPerson"`
	MailboxCPU float64 `json:"mailboxMillisecondsPerPerson"`
	ClientCPU  float64 `json:"clientMillisecondsPerPerson"`
	// EmptyMemory and PeakMemory are the most bytes that the manager had resident, before there were people and ever.
	EmptyMemory int64 `json:"managerEmptyBytes"`
	PeakMemory  int64 `json:"managerPeakBytes"`
	// Requests are those to the API server per person, and Writes those of them that write.
	Requests requests `json:"requestsPerPerson"`
	Writes   float64  `json:"writesPerPerson"`
	// SliceWrites is how many SeatSlices were written in all.
	SliceWrites float64 `json:"sliceWrites"`
	// Ledger is the seconds until all seats of a pool that is scaled up were on slices.
	Ledger float64 `json:"ledgerSeconds,omitempty"`
	// Mails is how many mails came, all of them different.
	Mails int `json:"mails"`
}

// measure has people go through a scenario in one way, in a namespace of its own. Unless then is nil, it is done where they are then.
func (b *bench) measure(ctx context.Context, p *plane, t task, then func(ctx context.Context, s *site, m Measurement) error) (m Measurement, err error) {
	var longer time.Duration
	if then != nil {
		longer = 5*time.Minute + patienceFor(t.people)
	}
	ctx, cancel := patienceBeside(ctx, t, longer)
	defer cancel()
	namespace, err := p.furnish(ctx, courses[t.scenario].house(t.people))
	if err != nil {
		return m, err
	}
	s, err := b.open(ctx, p, t, namespace)
	if err != nil {
		return m, err
	}
	defer s.end()
	err = s.watched(ctx, func(ctx context.Context) error {
		m, err = b.wave(ctx, p, s.at, t, namespace)
		return err
	})
	if err != nil || then == nil {
		return m, err
	}
	return m, then(ctx, s, m)
}

// patience ends what takes too long.
func patience(ctx context.Context, t task) (context.Context, context.CancelFunc) {
	return patienceBeside(ctx, t, 0)
}

// patienceBeside ends what takes too long, where some of the time has nothing to do with how many people there are.
func patienceBeside(ctx context.Context, t task, other time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, 2*time.Minute+other+patienceFor(t.people), fmt.Errorf("the bench gives up on %s: it takes too long", t))
}

func patienceFor(people int) time.Duration { return time.Duration(people) * 100 * time.Millisecond }

// watched does something until it is done or one of the children ends, and says which one when it fails for that.
func watched(ctx context.Context, children []*child, do func(ctx context.Context) error) error {
	ctx, cancel := untilAnyEnds(ctx, children)
	defer cancel()
	err := do(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// wave measures what happens between two moments of silence.
func (b *bench) wave(ctx context.Context, p *plane, at staff, t task, namespace string) (m Measurement, err error) {
	processes := at.processes(p)
	asked, _, err := p.settled(ctx, processes)
	if err != nil {
		return m, err
	}
	if m.EmptyMemory, err = at.memory(); err != nil {
		return m, err
	}
	w := wave{task: t, course: courses[t.scenario], namespace: namespace, owned: b.owned, portal: at.portal, example: b.examples[t.scenario]}
	if w.prepare != nil {
		if err := w.prepare(ctx, p, at, &w); err != nil {
			return m, err
		}
		if asked, _, err = p.settled(ctx, processes); err != nil {
			return m, err
		}
	}
	first, last, err := w.run(ctx, p.wire, processes)
	if err != nil {
		return m, err
	}
	m.Wall, m.Ledger = last.at.Sub(first.at).Seconds(), w.ledger
	m.PerSecond = float64(t.people) / m.Wall
	m.Idle, m.Foreign = idle(first, last), foreign(first, last)

	total, end, err := p.settled(ctx, processes)
	if err != nil {
		return m, err
	}
	each := func(name string) float64 { return milliseconds(used(first, end, name)) / float64(t.people) }
	m.ServerCPU, m.ManagerCPU, m.MailboxCPU, m.ClientCPU = each("server"), each("manager"), each("mailbox"), each("client")
	m.CPU = m.ServerCPU + m.ManagerCPU + m.MailboxCPU + m.ClientCPU
	all := total.since(asked)
	m.SliceWrites = all.writesOf("seatslices")
	m.Requests = all.per(t.people)
	m.Writes = m.Requests.writes()
	if m.PeakMemory, err = at.memory(); err != nil {
		return m, err
	}
	if at.mailbox == nil {
		return m, nil
	}
	if w.example.after, err = w.look(ctx, p.wire, w.first); err != nil {
		return m, err
	}
	b.examples[t.scenario] = w.example
	m.Mails, err = mails(at.mailbox, w.first+w.crowd())
	return m, err
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
