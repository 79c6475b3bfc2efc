// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// What a wave of people costs is counted in writes. It is what decides how fast the system is.
func TestWriteBudget(t *testing.T) {
	const people = 200
	s := empty(t)
	s.create(acme(people)...)
	s.create(build.Team("sales").Lead("p000").Obj())
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%03d", i))
		s.create(member(names[i]).Obj())
	}
	var traffic operator.Traffic
	begin := time.Now()
	s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	for _, name := range names {
		s.invited(name, 1)
	}
	s.coalesced(&traffic, begin)
	s.atMost(&traffic, 1, names, "users") // admission is off, which saves this one
	s.atMost(&traffic, 1, names, "users/status")
	if n, most := len(traffic.Requests(operator.Writing("seatslices"))), people/50+2; n > most {
		t.Errorf("the seats of %d people take %d writes, want at most %d", people, n, most)
	}
	s.oneEventEach(names)

	traffic.Reset()
	begin = time.Now()
	for _, name := range names {
		s.answer(s.links(at(name), 1)[0], accept, http.StatusOK)
	}
	for _, name := range names {
		s.is(name, v1alpha1.ReasonActive)
	}
	s.coalesced(&traffic, begin)
	s.atMost(&traffic, 2, names, "users/status") // one is the portal's
	if writes := traffic.Requests(operator.Writing("users", "seatslices", "archivedusers")); len(writes) > 0 {
		t.Errorf("answers lead to the writes %v", writes)
	}
}

// atMost holds that each of the people took at most so many writes of a resource, and at least one.
func (s *stage) atMost(traffic *operator.Traffic, most int, people []string, resource string) {
	s.Helper()
	writes := map[string]int{}
	for _, r := range traffic.Requests(operator.Writing(resource)) {
		writes[r.Name]++
	}
	if missing := len(people) - len(writes); missing != 0 {
		s.Errorf("of %d people, %d were written to %s", len(people), len(writes), resource)
	}
	for _, name := range slices.Sorted(maps.Keys(writes)) {
		if writes[name] > most {
			s.Errorf("%s took %d writes of %s, want at most %d", name, writes[name], resource, most)
		}
	}
}

// coalesced holds that the figures of a wave were written about once a second, and what took seats a few times more.
func (s *stage) coalesced(traffic *operator.Traffic, begin time.Time) {
	s.Helper()
	seconds := int(time.Since(begin).Seconds()) + 1
	for resource, every := range map[string]int{
		"organizations/status": 1, "roles/status": 1, "teams/status": 1, "seatpools/status": 4,
	} {
		if n := len(traffic.Requests(operator.Writing(resource))); n > every*seconds+1 {
			s.Errorf("%s was written %d times within %d seconds", resource, n, seconds)
		}
	}
}

// oneEventEach holds that there is no more than one event of each of the people.
func (s *stage) oneEventEach(people []string) {
	s.Helper()
	var list eventsv1.EventList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing events")
	notes := map[string][]string{}
	for _, e := range list.Items {
		if e.Regarding.Kind != "User" {
			continue
		}
		notes[e.Regarding.Name] = append(notes[e.Regarding.Name], e.Note)
		if e.Series != nil {
			s.Errorf("%s is told %q %d times", e.Regarding.Name, e.Note, e.Series.Count)
		}
	}
	for _, name := range people {
		if len(notes[name]) > 1 {
			s.Errorf("%s is in the events %q, want at most one", name, notes[name])
		}
	}
}
