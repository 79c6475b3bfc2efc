// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestTenantsTakeTurns(t *testing.T) {
	tests := map[string]struct{ pushed, removed, want, why string }{
		"one":            {pushed: "a1 a2 a3", want: "a1 a2 a3"},
		"a wave":         {pushed: "a1 a2 a3 b1 a4 c1 b2", want: "a1 b1 c1 a2 b2 a3 a4"},
		"one taken out":  {pushed: "a1 a2 b1", removed: "a1", want: "a2 b1", why: "the others keep their turns"},
		"the last one":   {pushed: "a1 b1 c1", removed: "b1", want: "a1 c1"},
		"all":            {pushed: "a1 b1 a2", removed: "a2 b1 a1"},
		"urgent ones":    {pushed: "a1 a2 a3! b1 a4! b2!", want: "a3! b2! a4! b1 a1 a2", why: "they go before the others of their tenant, and of no other"},
		"one not urgent": {pushed: "a1 a2! a3!", removed: "a2! a3!", want: "a1"},
		"out of a crowd": {pushed: "a1 a2 a3 b1 b2", removed: "a2 b2", want: "a1 b1 a3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l line[string]
			places := map[string]place{}
			for _, item := range strings.Fields(tt.pushed) {
				places[item] = l.push(types.NamespacedName{Name: item[:1]}, item, strings.HasSuffix(item, "!"))
			}
			for _, item := range strings.Fields(tt.removed) {
				l.remove(places[item])
			}
			var got []string
			for !l.empty() {
				got = append(got, l.pop())
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("order is %s, want %s: %s", got, want, tt.why)
			}
			if len(l.waiting) != 0 || len(l.turns) != 0 {
				t.Errorf("something is left: %v %v", l.waiting, l.turns)
			}
		})
	}
}

// wantNothing fails the test if the outbox still knows anything.
func wantNothing(t *testing.T, o *Outbox) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tasks)+len(o.servers)+len(o.ready)+len(o.health) > 0 {
		t.Errorf("something is left: %d tasks, %d servers, %d ready ones, %d tenants", len(o.tasks), len(o.servers), len(o.ready), len(o.health))
	}
	for name, a := range map[string]*announcer{"done": o.done, "changed": o.changed} {
		a.mu.Lock()
		if !a.line.empty() || len(a.line.waiting)+len(a.waiting) > 0 {
			t.Errorf("wake-ups are left in %s: %v %v", name, a.line.turns, a.waiting)
		}
		a.mu.Unlock()
	}
}
