// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// When the head of a long queue moves, those are told whose place is told at all: the first hundred.
func TestTheHeadMovesWithoutAStorm(t *testing.T) {
	t.Parallel()
	const waiting, told = 160, 100
	name := func(i int) string { return fmt.Sprintf("w%03d", i) }
	s := empty(t)
	s.create(acme(1, "ada")...)
	for i := range waiting {
		s.create(member(name(i)).Obj())
	}
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	for i := range waiting {
		if i < told {
			s.says(name(i), v1alpha1.ReasonAwaitingSeat, fmt.Sprintf("number %d in the queue of seat pool standard, whose 1 seats", i+1))
		} else {
			s.says(name(i), v1alpha1.ReasonAwaitingSeat, "in the queue of seat pool standard, whose 1 seats")
		}
	}

	traffic.Reset()
	s.scale(2)
	for i := range waiting {
		switch {
		case i == 0:
			s.is(name(i), v1alpha1.ReasonInvited)
		case i <= told:
			s.says(name(i), v1alpha1.ReasonAwaitingSeat, fmt.Sprintf("number %d in the queue of seat pool standard, whose 2 seats", i))
		}
	}
	wrote := map[string]int{}
	for _, r := range traffic.Requests(operator.Writing("users/status")) {
		wrote[r.Name]++
	}
	for i := range waiting {
		want := 0
		if i <= told {
			want = 1
		}
		if wrote[name(i)] != want {
			t.Errorf("%s, number %d, was written to %d times, want %d", name(i), i+1, wrote[name(i)], want)
		}
	}
}
