// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// userStatus is the write that tells what somebody is.
const userStatus = "patch users/status"

// What a wave of people costs is counted in writes: it is what decides how fast the system is. Each line of the budget is one here. The
// operator rests before, so that all that it writes then is for what happens.
func TestWriteBudget(t *testing.T) {
	t.Parallel()
	const many, some, owned = 130, 60, 3
	people := numbered("p", some)
	for name, tt := range map[string]struct {
		seats int32
		names []string
		// before is what is there, and happens what costs something.
		before, happens func(p *payroll)
		most            cost
	}{
		"applied to invited": {
			seats: many, names: numbered("p", many),
			happens: func(p *payroll) {
				p.recruit(p.names, 16)
				p.run()
				p.are(v1alpha1.ReasonInvited, p.names...)
			},
			most: cost{each: map[string]int{userStatus: 1}, slices: (many + 49) / 50, inAll: true, events: 1},
		},
		"accepted": {
			seats: some, names: people, before: (*payroll).invite,
			happens: func(p *payroll) {
				p.run()
				for _, name := range p.names {
					p.answer(p.links(at(name), 1)[0], accept, http.StatusOK)
				}
				p.are(v1alpha1.ReasonActive, p.names...)
			},
			most: cost{each: map[string]int{userStatus: 2}, events: 1}, // one is the portal's
		},
		"seat freed to next invited": {
			seats: some, names: people,
			before: func(p *payroll) {
				holders := numbered("h", some)
				p.recruit(holders, 16)
				p.are(v1alpha1.ReasonInvited, holders...)
				p.recruit(p.names, 16)
				p.are(v1alpha1.ReasonAwaitingSeat, p.names...)
			},
			happens: func(p *payroll) {
				for _, name := range numbered("h", some) { // at once, as it is to the operator
					edit(p.stage, name, func(u *v1alpha1.User) { u.Spec.Roles = nil })
				}
				p.run()
				p.are(v1alpha1.ReasonInvited, p.names...)
			},
			most: cost{each: map[string]int{userStatus: 1}, bystander: map[string]int{userStatus: 2}, slices: 1, events: 1}, // those lose a role, and then a seat
		},
		"archived": {
			seats: some, names: people, before: owning(owned),
			happens: func(p *payroll) {
				p.run()
				for _, name := range p.names {
					p.turn(name, v1alpha1.UserArchived)
				}
				p.are(v1alpha1.ReasonArchived, p.names...)
			},
			most: cost{each: map[string]int{userStatus: 2, "patch configmaps": owned}, slices: 1, events: 2},
		},
		"deleted": {
			seats: some, names: people, before: owning(owned),
			happens: func(p *payroll) {
				p.run()
				for _, name := range p.names {
					p.delete(name)
				}
				for _, name := range p.names {
					p.gone(name)
				}
			},
			most: cost{
				each:   map[string]int{userStatus: 1, "patch configmaps": owned, "patch users": 1}, // the finalizer
				all:    map[string]int{"create archivedusers": some},
				slices: 1, events: 2,
			},
		},
		"a team gets a role": {
			seats: 2 * some, names: people, before: (*payroll).onboard,
			happens: func(p *payroll) {
				p.run()
				edit(p.stage, "sales", func(team *v1alpha1.Team) { team.Spec.Roles = []string{"extra"} })
				p.hold("extra")
			},
			most: cost{each: map[string]int{userStatus: 1}},
		},
		"a team gets members": {
			seats: 2 * some, names: people, before: (*payroll).onboard,
			happens: func(p *payroll) {
				p.run()
				edit(p.stage, "support", func(team *v1alpha1.Team) {
					team.Spec.Members = get[v1alpha1.Team](p.stage, "sales").Spec.Members
				})
				p.hold("rare")
			},
			most: cost{each: map[string]int{userStatus: 1}},
		},
		"people get a role": {
			seats: 2 * some, names: people, before: (*payroll).onboard,
			happens: func(p *payroll) {
				p.run()
				for _, name := range p.names {
					edit(p.stage, name, func(u *v1alpha1.User) { u.Spec.Roles = append(u.Spec.Roles, "extra") })
				}
				p.hold("extra")
			},
			most: cost{each: map[string]int{userStatus: 1}},
		},
		"restarted": {
			seats: 2 * some, names: people, before: (*payroll).onboard,
			happens: (*payroll).run,
		},
		"touched": { // as when caches are filled anew, everybody is looked at
			seats: 2 * some, names: people, before: (*payroll).onboard,
			happens: func(p *payroll) {
				p.run()
				for _, name := range p.names {
					p.annotate(name, "example.com/touched", "yes")
				}
			},
		},
		"applied again": {
			seats: some, names: people,
			before: func(p *payroll) {
				p.apply(declared(p.names))
				p.are(v1alpha1.ReasonInvited, p.names...)
			},
			happens: func(p *payroll) {
				p.run()
				p.apply(declared(p.names))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := employ(t, tt.seats)
			p.names = tt.names
			p.run()
			p.join(boss)
			if tt.before != nil {
				tt.before(p)
			}
			p.rest(1)
			p.count()
			tt.happens(p)
			p.rest(2)
			p.took(tt.most)
		})
	}
}

// invite has people invited.
func (p *payroll) invite() {
	p.Helper()
	p.recruit(p.names, 16)
	p.are(v1alpha1.ReasonInvited, p.names...)
}

// onboard has people who are there, in a team that gives nothing, beside one that gives a role, and a few others in none.
func (p *payroll) onboard() {
	p.Helper()
	others := numbered("o", 10)
	p.create(build.Role("rare").Obj(), build.Team("sales").Members(p.names...).Obj(), build.Team("support").Roles("rare").Obj())
	p.invite()
	p.join(p.names...)
	p.recruit(others, 16)
	p.are(v1alpha1.ReasonInvited, others...)
}

// owning has people who are there, and each own so many objects.
func owning(each int) func(p *payroll) {
	return func(p *payroll) {
		p.Helper()
		p.invite()
		p.join(p.names...)
		for _, name := range p.names {
			for i := range each {
				p.create(build.Note(fmt.Sprintf("%s-%d", name, i), name))
			}
		}
	}
}

// hold waits until everybody whom it concerns has a role.
func (p *payroll) hold(role string) {
	p.Helper()
	for _, name := range p.names {
		await(p.stage, name, func(u *v1alpha1.User) error {
			if !slices.Contains(u.Status.Roles, role) {
				return fmt.Errorf("%s has the roles %v", name, u.Status.Roles)
			}
			return nil
		})
	}
}

// declared are people as a folder of YAML has them.
func declared(names []string) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, name := range names {
		u := member(name).Obj()
		u.APIVersion, u.Kind = v1alpha1.GroupVersion.String(), "User"
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(u)
		if err != nil {
			panic(err) // the test's own values
		}
		delete(content, "status")
		unstructured.RemoveNestedField(content, "metadata", "uid")
		all = append(all, &unstructured.Unstructured{Object: content})
	}
	return all
}

// A look at the accounts of many asks the directory for its pages and for nobody by name, and the API server for nothing.
func TestLooksCostNothing(t *testing.T) {
	t.Parallel()
	const people, pages = 130, 2
	server := scimtest.New(scimtest.Rich())
	t.Cleanup(server.Close)
	accounts, err := scim.New(scim.Config{URL: server.URL(), Credentials: scim.Credentials{Bearer: password.New(scimtest.Token)}})
	if err != nil {
		t.Fatal(err)
	}
	p := employ(t, people, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}})
	p.names, p.directory = numbered("p", people), accounts
	edit(p.stage, "acme", func(o *v1alpha1.Organization) {
		o.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
	})
	p.run()
	p.invite()
	look := func() {
		p.clock.LeapTo(p.clock.Now().Add(13 * time.Minute))
		asked := len(server.Requests())
		env.Eventually(t, func() error {
			if n := len(server.Requests()) - asked; n < pages {
				return fmt.Errorf("the directory got %d requests", n)
			}
			return nil
		})
	}
	look()
	await(p.stage, "acme", func(o *v1alpha1.Organization) error { return counts("accounts", o.Status.Directory.Accounts, people+1) })
	p.distract(probe)
	p.count()
	asked := len(server.Requests())
	look()
	p.rest(1)
	p.took(cost{})
	requests := server.Requests()[asked:]
	for _, r := range requests {
		if r.Method != http.MethodGet || r.Path != "/Users" && !strings.HasSuffix(r.Path, "/Users") || r.Query != "" {
			t.Errorf("a look asks for %s %s, filtered by %q", r.Method, r.Path, r.Query)
		}
	}
	if len(requests) > pages {
		t.Errorf("a look at %d people takes %d requests, want %d", people, len(requests), pages)
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
	s.atMost(&traffic, 1, names)
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

// atMost holds that what each of the people is was told by at most so many writes, and at least one.
func (s *stage) atMost(traffic *operator.Traffic, most int, people []string) {
	s.Helper()
	writes := map[string]int{}
	for _, r := range traffic.Requests(operator.Writing("users/status")) {
		writes[r.Name]++
	}
	if missing := len(people) - len(writes); missing != 0 {
		s.Errorf("of %d people, %d were written to", len(people), len(writes))
	}
	for _, name := range slices.Sorted(maps.Keys(writes)) {
		if writes[name] > most {
			s.Errorf("%s took %d status writes, want at most %d", name, writes[name], most)
		}
	}
}
