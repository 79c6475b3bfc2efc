// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fake is a mail server for tests, without the server: it keeps what it
// is sent, and fails on demand. It passes the same contract as the real one.
package fake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// Sender is a mail.Sender that keeps mail. The zero value takes all mail at once.
// Its methods may be called from any goroutine.
type Sender struct {
	mu       sync.Mutex
	sent     []mail.Message
	attempts int
	rejected map[string]string // words by address in lower case
	outages  int
	deferred map[string]*deferral // by address in lower case
	silences int
	gate     *Gate
}

var _ mail.Sender = (*Sender)(nil)

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := s.arrive().pass(ctx); err != nil {
		return mail.Unavailable(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outages > 0 {
		s.outages--
		return mail.Unavailable(errors.New("421 4.3.2 The server is down for maintenance"))
	}
	if d := s.deferred[strings.ToLower(m.To.Email)]; d != nil && d.times > 0 {
		d.times--
		return mail.Deferred(errors.New(d.words))
	}
	if words, ok := s.rejected[strings.ToLower(m.To.Email)]; ok {
		return mail.Rejected(errors.New(words))
	}
	s.sent = append(s.sent, m)
	if s.silences > 0 {
		s.silences--
		return mail.Unconfirmed(errors.New("the connection was cut while the server had the mail"))
	}
	return nil
}

func (s *Sender) arrive() *Gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	return s.gate
}

// Sent returns the mail that was taken, in the order in which it was.
func (s *Sender) Sent() []mail.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Attempts returns how many valid mails were tried, whatever became of them.
func (s *Sender) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// Reject refuses all mail to the address with these words, for good: a reply
// like "550 5.1.1 No such user".
func (s *Sender) Reject(email, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rejected == nil {
		s.rejected = map[string]string{}
	}
	s.rejected[strings.ToLower(email)] = words
}

// deferral is how often an address is still deferred.
type deferral struct {
	times int
	words string
}

// Defer asks to come back later with the next n mails to the address, in these
// words: a reply like "450 4.2.0 Greylisted". 0 ends it.
func (s *Sender) Defer(email, words string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deferred == nil {
		s.deferred = map[string]*deferral{}
	}
	s.deferred[strings.ToLower(email)] = &deferral{times: n, words: words}
}

// Unavailable makes the next n mails find the server unavailable; 0 ends it.
func (s *Sender) Unavailable(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = n
}

// Unconfirmed takes the next n mails that would be taken, and keeps them as sent,
// but does not say so; 0 ends it.
func (s *Sender) Unconfirmed(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silences = n
}

// Hang leaves all mail that arrives from now on without an answer until the gate
// is opened.
func (s *Sender) Hang() *Gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = &Gate{reached: make(chan struct{}), opened: make(chan struct{})}
	return s.gate
}

// Gate is where mail hangs.
type Gate struct {
	reached, opened       chan struct{}
	reachOnce, openedOnce sync.Once
}

// Reached is closed when the first mail hangs.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Open lets the mail go on that hangs, and all that comes later.
func (g *Gate) Open() { g.openedOnce.Do(func() { close(g.opened) }) }

// pass also fails if there is no gate but the context has ended.
func (g *Gate) pass(ctx context.Context) error {
	if g != nil {
		g.reachOnce.Do(func() { close(g.reached) })
		select {
		case <-g.opened:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
