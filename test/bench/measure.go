// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
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
// what is of the wave from what started it until the last person was seen to be invited.
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
	// Mails is how many mails came, all of them different.
	Mails int `json:"mails"`
}

// measure has people invited in one way, in a namespace of its own.
func (b *bench) measure(ctx context.Context, p *plane, t task) (m Measurement, err error) {
	ctx, cancel := patience(ctx, t)
	defer cancel()
	seats := t.people
	if t.scenario == scenarioGrant {
		seats = 0
	}
	namespace, err := p.house(ctx, seats)
	if err != nil {
		return m, err
	}
	at, err := b.staff(ctx, p, t.way, namespace)
	if err != nil {
		return m, err
	}
	defer at.end()
	err = watched(ctx, append(at.all(), p.child), func(ctx context.Context) error {
		m, err = b.wave(ctx, p, at, t, namespace)
		return err
	})
	return m, err
}

// patience ends what takes too long.
func patience(ctx context.Context, t task) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, 2*time.Minute+time.Duration(t.people)*100*time.Millisecond,
		fmt.Errorf("the bench gives up on %s: it takes too long", t))
}

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
	w := wave{task: t, namespace: namespace, status: b.status}
	if t.scenario == scenarioGrant {
		if err := w.assemble(ctx, p.wire); err != nil {
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
	m.Wall = last.at.Sub(first.at).Seconds()
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
	if at.mailbox != nil {
		m.Mails, err = mails(at.mailbox, t.people)
	}
	return m, err
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// wave is a number of people who get invited.
type wave struct {
	task
	namespace string
	status    *v1alpha1.UserStatus // what the operator gives to people
	// there are the versions of people who are there before, and from that of everything then.
	there []version
	from  string
}

// assemble creates people who wait until there are seats. Only the operator tells them so.
func (w *wave) assemble(ctx context.Context, c *wire) error {
	w.there = make([]version, w.people)
	before, err := present(ctx, c, w.namespace)
	if err != nil {
		return err
	}
	err = each(ctx, w.people, func(ctx context.Context, i int) error { return create(ctx, c, w.namespace, i, &w.there[i]) })
	if err == nil && w.way == wayOperator {
		err = await(ctx, c, w.namespace, before, w.people, waiting)
	}
	if err == nil {
		w.from, err = present(ctx, c, w.namespace)
	}
	return err
}

// run has people invited, and waits until all of them are seen to be.
func (w *wave) run(ctx context.Context, c *wire, processes map[string]int) (first, last sample, err error) {
	if first, err = take(processes); err != nil {
		return first, last, err
	}
	all := make(chan error, 1)
	go func() { all <- await(ctx, c, w.namespace, w.from, w.people, invited) }()
	if err := w.start(ctx, c); err != nil {
		return first, last, err
	}
	if err := <-all; err != nil {
		return first, last, err
	}
	last, err = take(processes)
	return first, last, err
}

// start does what has people invited. Where nobody else does, it plays the operator too.
func (w *wave) start(ctx context.Context, c *wire) error {
	raw := w.way == wayRaw
	if w.scenario == scenarioInvite {
		return each(ctx, w.people, func(ctx context.Context, i int) error {
			if !raw {
				return create(ctx, c, w.namespace, i, nil)
			}
			var created version
			if err := create(ctx, c, w.namespace, i, &created); err != nil {
				return err
			}
			return invite(ctx, c, w.namespace, i, created, w.status)
		})
	}
	scale := fmt.Sprintf(`{"spec":{"seats":%d}}`, w.people)
	err := c.send(ctx, http.MethodPatch, path(w.namespace, "seatpools")+"/"+pool, typeMergePatch, []byte(scale), nil)
	if err != nil || !raw {
		return err
	}
	slices := ledger(w.namespace, w.people)
	if err := each(ctx, len(slices), func(ctx context.Context, i int) error {
		return post(ctx, c, path(w.namespace, "seatslices"), slices[i], nil)
	}); err != nil {
		return err
	}
	return each(ctx, w.people, func(ctx context.Context, i int) error {
		return invite(ctx, c, w.namespace, i, w.there[i], w.status)
	})
}
