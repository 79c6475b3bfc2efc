// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPrintSingle(t *testing.T) {
	var idle, busy strings.Builder
	one := Single{People: 1000, Write: 4, Mail: 1, Kinds: []Settled{settled(kindApply, []float64{9, 12}), settled(kindRole, []float64{13})}}
	one.Kinds[0].Target, one.Kinds[1].Target = 13, 12
	one.print(&idle)
	one.Kinds[0].Target, one.Kinds[1].Target, one.Meanwhile, one.Disturbed = 0, 0, 5000, true
	one.print(&busy)
	for _, want := range []string{
		"among 1000 people, nothing else happens", kindApply + "                  2        9.0       12.0\n",
		kindApply + ", p99          12.0   the target of 13.0 is met", kindRole + ", p99                 13.0   the target of 12.0 is missed",
	} {
		if !strings.Contains(idle.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, idle.String())
		}
	}
	if table := busy.String(); !strings.Contains(table, "5000 others are applied") || strings.Contains(table, "target") || !strings.Contains(table, "DISTURBED") {
		t.Errorf("the table is wrong:\n%s", table)
	}
}

// While others are applied, changes go on until they are; otherwise there are so many.
func TestWhileOthers(t *testing.T) {
	var posts atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	defer api.Close()
	w := &wire{client: api.Client(), host: api.URL}
	s := &scene{}
	n := 0
	if err := s.whileOthers(t.Context(), w, 0, 3, func(context.Context) error { n++; return nil }); err != nil || n != 3 || posts.Load() != 0 {
		t.Errorf("%d changes and %d others, want 3 and 0: %v", n, posts.Load(), err)
	}
	n = 0
	if err := s.whileOthers(t.Context(), w, 20, 3, func(context.Context) error { n++; return nil }); err != nil || n == 0 || posts.Load() != 20 || s.others.Load() != 20 {
		t.Errorf("%d changes were made, and %d others applied, want 20: %v", n, posts.Load(), err)
	}
}

func TestPrintIdle(t *testing.T) {
	var out strings.Builder
	Idle{People: 10, Minutes: 5, Reads: 2, Requests: requests{"GET users": 2}, Asked: requests{"GET /Users": 5}}.print(&out)
	for _, want := range []string{
		"API writes                                          0   the target of 0 is met", "API reads                                           2   the target of 0 is missed",
		"  GET users                                         2\n", "directory: GET /Users                               5\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
