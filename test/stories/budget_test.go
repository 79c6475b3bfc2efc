// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/outbox"
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

// counting is a sender that knows how many mails are on their way at once.
type counting struct {
	mail.Sender
	underWay, most atomic.Int64
}

// Send implements mail.Sender.
func (c *counting) Send(ctx context.Context, m mail.Message) error {
	for n := c.underWay.Add(1); ; {
		if most := c.most.Load(); n <= most || c.most.CompareAndSwap(most, n) {
			break
		}
	}
	defer c.underWay.Add(-1)
	return c.Sender.Send(ctx, m)
}

// recruit creates members, so many one after the other and all of these rows side by side.
func (s *stage) recruit(names []string, row int) {
	s.Helper()
	var creating errgroup.Group
	for some := range slices.Chunk(names, row) {
		creating.Go(func() error {
			for _, name := range some {
				u := member(name).In(s.ns, "acme").Obj()
				u.Finalizers = []string{v1alpha1.FinalizerArchive} // as admission has it, which is off here
				if err := s.Create(s.Context(), u); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		})
	}
	s.must(creating.Wait(), "creating %d users", len(names))
}

// TestTenThousandInvitations holds the budget of writes in a large wave: what one person costs does not grow. Mail goes out
// side by side, but not all at once.
func TestTenThousandInvitations(t *testing.T) {
	const batch = 20
	people := env.Size(10_000, 2_000)
	s := empty(t)
	s.create(build.Organization("acme").Owner("p00000").Obj(), build.SeatPool("standard").Seats(int32(people)).Obj(), build.Role("member").SeatPool("standard").Obj())
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprintf("p%05d", i)
	}
	s.recruit(names, people/batch)
	var traffic operator.Traffic
	sender := &counting{Sender: operator.Sender(t, s.box)}
	begin := time.Now()
	s.start(operator.Options{Config: traffic.Config(env.Config(t)), Sender: sender})
	for want := int32(200); want <= int32(people); want += 200 { // each with the patience of one wait
		await(s, "acme", func(o *v1alpha1.Organization) error {
			if n := ptr.Deref(o.Status.Invited, 0); n < want {
				return fmt.Errorf("%d are invited", n)
			}
			return nil
		})
	}
	s.coalesced(&traffic, begin)
	s.atMost(&traffic, 1, names, "users/status")
	if n, most := len(traffic.Requests(operator.Writing("seatslices"))), people/50+2; n > most {
		t.Errorf("the seats of %d people take %d writes, want at most %d", people, n, most)
	}
	if n := len(s.box.Messages()); n != people {
		t.Errorf("%d mails were sent", n)
	}
	if most := sender.most.Load(); most < 2 || most > outbox.DefaultPerServer {
		t.Errorf("%d mails were on their way at once, want several, and at most %d", most, outbox.DefaultPerServer)
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
