// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Measurement is what one way took for a number of people. What is per person counts until nobody wrote any more,
// what is of the wave from the first create until the last person was seen to be invited.
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
	// Mails is how many mails came, all of them different.
	Mails int `json:"mails"`
}

// measure takes people from applied to invited in one way, in a namespace of its own.
func (b *bench) measure(ctx context.Context, p *plane, way string, people int) (Measurement, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute+time.Duration(people)*100*time.Millisecond,
		fmt.Errorf("the bench gives up on %s: it takes too long", way))
	defer cancel()
	namespace, err := p.namespace(ctx)
	if err != nil {
		return Measurement{}, err
	}
	at, err := b.staff(ctx, p, way, namespace, people)
	if err != nil {
		return Measurement{}, err
	}
	defer at.end()
	ctx, cancel = untilAnyEnds(ctx, append(at.all(), p.child))
	defer cancel()
	m, err := b.wave(ctx, p, at, way, namespace, people)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return m, err
}

// wave measures what happens between two moments of silence.
func (b *bench) wave(ctx context.Context, p *plane, at staff, way, namespace string, people int) (m Measurement, err error) {
	processes := map[string]int{"client": os.Getpid(), "server": p.pid}
	for _, c := range at.all() {
		processes[c.name] = c.pid
	}
	asked, _, err := p.settled(ctx, processes)
	if err != nil {
		return m, err
	}
	if at.manager != nil {
		if m.EmptyMemory, err = peak(at.manager.pid); err != nil {
			return m, err
		}
	}
	first, last, err := b.run(ctx, p, processes, way, namespace, people)
	if err != nil {
		return m, err
	}
	m.Wall = last.at.Sub(first.at).Seconds()
	m.PerSecond = float64(people) / m.Wall
	m.Idle, m.Foreign = idle(first, last), foreign(first, last)

	total, end, err := p.settled(ctx, processes)
	if err != nil {
		return m, err
	}
	each := func(name string) float64 { return used(first, end, name).Seconds() * 1000 / float64(people) }
	m.ServerCPU, m.ManagerCPU, m.MailboxCPU, m.ClientCPU = each("server"), each("manager"), each("mailbox"), each("client")
	m.CPU = m.ServerCPU + m.ManagerCPU + m.MailboxCPU + m.ClientCPU
	m.Requests = total.since(asked).per(people)
	m.Writes = m.Requests.writes()
	if at.manager != nil {
		if m.PeakMemory, err = peak(at.manager.pid); err != nil {
			return m, err
		}
	}
	if at.mailbox != nil {
		m.Mails, err = mails(at.mailbox, people)
	}
	return m, err
}

// run applies the people and waits until all of them are seen to be invited.
func (b *bench) run(ctx context.Context, p *plane, processes map[string]int, way, namespace string, people int) (first, last sample, err error) {
	var status *v1alpha1.UserStatus
	if way == wayRaw {
		status = b.status
	}
	if first, err = take(processes); err != nil {
		return first, last, err
	}
	invited := make(chan error, 1)
	go func() {
		a := &audience{invited: make(map[string]bool, people)}
		invited <- a.await(people, func(version string) (io.ReadCloser, error) { return watch(ctx, p.wire, namespace, version) })
	}()
	if err := apply(ctx, p.wire, namespace, people, status); err != nil {
		return first, last, err
	}
	if err := <-invited; err != nil {
		return first, last, err
	}
	last, err = take(processes)
	return first, last, err
}
