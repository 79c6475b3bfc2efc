// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realmail

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// Refuse answers the next n attempts to send mail to this recipient with a reply like "450 4.2.0 Greylisted" or
// "550 5.1.1 No such user here". 0 ends it.
func (s *Server) Refuse(email, reply string, n int) {
	s.policy.mu.Lock()
	defer s.policy.mu.Unlock()
	s.policy.refusals[strings.ToLower(email)] = &refusal{reply: reply, times: n}
}

// policy is what Postfix asks about each recipient (its SMTP access policy delegation).
type policy struct {
	addr string

	mu       sync.Mutex
	refusals map[string]*refusal // by address in lower case
	conns    map[net.Conn]bool
}

type refusal struct {
	reply string
	times int
}

func startPolicy(t *testing.T) *policy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &policy{addr: l.Addr().String(), refusals: map[string]*refusal{}, conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if p.enter(conn) {
				serving.Go(func() { p.serve(conn) })
			}
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.end()
		serving.Wait()
	})
	return p
}

// enter returns false once the policy has ended.
func (p *policy) enter(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = true
	return true
}

func (p *policy) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// serve answers requests of lines like recipient=ada@example.org, each of which ends with an empty line.
func (p *policy) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var recipient string
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), "="); name == "recipient" {
			recipient = value
		}
		if lines.Text() != "" {
			continue
		}
		if _, err := fmt.Fprintf(conn, "action=%s\n\n", p.decide(recipient)); err != nil {
			return
		}
	}
}

func (p *policy) decide(recipient string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.refusals[strings.ToLower(recipient)]
	if r == nil || r.times == 0 {
		return "DUNNO"
	}
	r.times--
	return r.reply
}
