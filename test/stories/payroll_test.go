// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// figures are the resources whose status has figures, and how often a second one of them may be written. A pool takes turns twice a
// second, which are in its status, too.
var figures = map[string]int{"organizations/status": 1, "roles/status": 1, "teams/status": 1, "seatpools/status": 2}

// cost is the most that the operator may write because of something, by verb and resource, such as "patch users/status". What is not
// in it is not to be written at all, but for figures, and where nothing is to be written, those neither.
type cost struct {
	// each is about everybody whom it concerns, and bystander about everybody else.
	each, bystander map[string]int
	// all is about nobody by name: so many in all.
	all map[string]int
	// slices is how many SeatSlices may be written, in each turn of the pool or in all.
	slices int
	inAll  bool
	// events is how many there may be about everybody who is written to.
	events int
}

func (c cost) nothing() bool { return c.each == nil && c.all == nil }

// payroll is an organization of many, and what its operator asks the API server for.
type payroll struct {
	*stage
	traffic   operator.Traffic
	directory directory.Directory
	// names are those whom something concerns.
	names []string
	begin time.Time
	first int64 // turn of the pool
}

// boss owns the organization, and takes over from who leaves.
const boss = "boss"

// numbered are the names of so many people.
func numbered(kind string, people int) []string {
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprintf("%s%03d", kind, i)
	}
	return names
}

// employ opens a stage with an organization that has so many seats, and an owner who is there.
func employ(t *testing.T, seats int32, objects ...client.Object) *payroll {
	t.Helper()
	p := &payroll{stage: empty(t)}
	p.create(objects...)
	p.create(
		build.Organization("acme").Owner(boss).Ownership(build.Notes()).Obj(), build.SeatPool("standard").Seats(seats).Obj(),
		build.Role("member").SeatPool("standard").Obj(), build.Role("extra").Obj(), build.Role("chief").Obj(), build.User(boss).Roles("chief").Obj(),
	)
	return p
}

// run starts the operator.
func (p *payroll) run() {
	p.Helper()
	p.start(operator.Options{Config: p.traffic.Config(env.Config(p.T)), Directory: p.directory})
}

// are waits until people are in a state, by the reason of Ready.
func (p *payroll) are(reason string, names ...string) {
	p.Helper()
	for _, name := range names {
		p.is(name, reason)
	}
}

// join has people accept, without the pages.
func (p *payroll) join(names ...string) {
	p.Helper()
	for _, name := range names {
		u := p.invited(name, 1)
		before := u.DeepCopy()
		u.Status.AcceptedAt = new(metav1.Now())
		p.must(p.Status().Patch(p.Context(), u, client.MergeFrom(before)), "accepting for %s", name)
	}
	p.are(v1alpha1.ReasonActive, names...)
}

// rest ends the operator, when it has dealt with what was before.
func (p *payroll) rest(nth int) {
	p.Helper()
	p.distract(fmt.Sprintf("%s-%d", probe, nth))
	p.op.Stop(p.T)
}

// count counts from now on.
func (p *payroll) count() {
	p.Helper()
	p.traffic.Reset()
	p.begin, p.first = time.Now(), p.turns()
}

// turns is how many the pool has taken.
func (p *payroll) turns() int64 {
	if ledger := get[v1alpha1.SeatPool](p.stage, "standard").Status.Ledger; ledger != nil {
		return ledger.Turn
	}
	return 0
}

// took holds that the operator has written no more than that, and read nothing past its caches where it had nothing to write.
func (p *payroll) took(most cost) {
	p.Helper()
	requests := p.traffic.Requests(func(r operator.Request) bool { return !strings.HasPrefix(r.Name, probe) && r.Resource != "events" })
	writes := slices.DeleteFunc(slices.Clone(requests), func(r operator.Request) bool { return !r.Writes() })
	if most.nothing() {
		gets := slices.DeleteFunc(requests, func(r operator.Request) bool {
			return r.Verb != "get" || r.Resource == "secrets" // of the links, which are read when an operator starts
		})
		if len(writes)+len(gets) > 0 {
			p.Errorf("where nothing is to be done, the operator makes the requests %v", slices.Concat(writes, gets))
		}
	} else {
		p.within(most, writes)
		p.coalesced(&p.traffic, p.begin)
	}
	p.told(most)
}

// within holds that no write is one too many.
func (p *payroll) within(most cost, writes []operator.Request) {
	p.Helper()
	counts, ledger := map[operator.Request]int{}, 0
	for _, r := range writes {
		switch {
		case figures[r.Resource] > 0:
			continue
		case r.Resource == "seatslices":
			ledger++
			continue
		}
		r.Name, _, _ = strings.Cut(r.Name, "-") // whose it is
		counts[r]++
	}
	tooMany := map[string][]string{}
	for r, n := range counts {
		kind, limits := r.Verb+" "+r.Resource, most.bystander
		switch {
		case slices.Contains(p.names, r.Name):
			limits = most.each
		case r.Name == "":
			limits = most.all
		}
		if n > limits[kind] {
			what := fmt.Sprintf("%d of %s, of which %d are allowed", n, kind, limits[kind])
			tooMany[what] = append(tooMany[what], r.Name)
		}
	}
	p.complain(tooMany)
	allowed := most.slices
	if !most.inAll {
		allowed *= int(p.turns() - p.first)
	}
	if ledger > allowed {
		p.Errorf("SeatSlices are written %d times, in %d turns, want at most %d", ledger, p.turns()-p.first, allowed)
	}
}

// told holds that nobody who is written to is in more events than that since count, and nobody else in any.
func (p *payroll) told(most cost) {
	p.Helper()
	tooMany := map[string][]string{}
	for name, notes := range p.eventsOf("User", p.begin) {
		allowed := most.events
		if most.bystander == nil && !slices.Contains(p.names, name) {
			allowed = 0
		}
		if len(notes) > allowed && !strings.HasPrefix(name, probe) {
			what := fmt.Sprintf("the events %q, of which %d are allowed", notes, allowed)
			tooMany[what] = append(tooMany[what], name)
		}
	}
	p.complain(tooMany)
}

// complain tells what there is too many of, and about whom.
func (p *payroll) complain(tooMany map[string][]string) {
	p.Helper()
	for _, what := range slices.Sorted(maps.Keys(tooMany)) {
		p.Errorf("%s: about %d, such as %q", what, len(tooMany[what]), slices.Min(tooMany[what]))
	}
}

// eventsOf are the notes of the events about objects of a kind since then, by the name of the object.
func (s *stage) eventsOf(kind string, then time.Time) map[string][]string {
	s.Helper()
	var list eventsv1.EventList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing events")
	notes := map[string][]string{}
	for _, e := range list.Items {
		if e.Regarding.Kind != kind {
			continue
		}
		if e.EventTime.After(then) {
			notes[e.Regarding.Name] = append(notes[e.Regarding.Name], e.Note)
		}
		if e.Series != nil && e.Series.LastObservedTime.After(then) {
			notes[e.Regarding.Name] = append(notes[e.Regarding.Name], fmt.Sprintf("%s (%d times)", e.Note, e.Series.Count))
		}
	}
	return notes
}

// coalesced holds that the figures of a wave were not written more often than they may be.
func (s *stage) coalesced(traffic *operator.Traffic, begin time.Time) {
	s.Helper()
	seconds := int(time.Since(begin).Seconds()) + 1
	written := map[operator.Request]int{}
	for _, r := range traffic.Requests(operator.Writing(slices.Collect(maps.Keys(figures))...)) {
		written[r]++
	}
	for r, n := range written {
		if n > figures[r.Resource]*seconds+1 {
			s.Errorf("%s: %d times within %d seconds", r, n, seconds)
		}
	}
}
