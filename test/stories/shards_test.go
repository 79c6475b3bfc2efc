// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// town is organizations in namespaces of their own, of which every shard has one at least.
type town struct {
	*stage
	of         int
	namespaces []string
	directory  *fake.Directory
	front      *operator.Operator
	// people are the names of those who came, by namespace. No two have the same.
	people map[string][]string
}

func newTown(t *testing.T, of int) *town {
	t.Helper()
	w := &town{stage: empty(t), of: of, directory: &fake.Directory{}, people: map[string][]string{}}
	for owners := map[int]bool{}; len(owners) < of; {
		ns := env.Namespace(t)
		w.namespaces = append(w.namespaces, ns)
		owners[shards.Owner(ns, of)] = true
	}
	w.front = operator.Start(t, w.ns, operator.Options{Namespaces: w.namespaces, Front: true, Mailbox: w.box, Clock: w.clock, Directory: w.directory})
	for _, ns := range w.namespaces {
		w.in(ns).create(
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}}, build.Organization("acme").Directory().Obj(),
			build.SeatPool("standard").Seats(100).Obj(), build.Role("member").SeatPool("standard").Obj())
	}
	return w
}

// in is the stage of one organization.
func (w *town) in(ns string) *stage {
	s := *w.stage
	s.ns = ns
	return &s
}

// shard starts a replica of a shard, which acts while it is elected.
func (w *town) shard(number, of int, traffic *operator.Traffic) *operator.Operator {
	w.Helper()
	return operator.Start(w, w.ns, operator.Options{
		Namespaces: w.namespaces, Shard: &shards.Shard{Number: number, Of: of}, LeaderElect: true, Portal: w.front.Portal,
		Config: traffic.Config(env.Config(w)), Mailbox: w.box, Clock: w.clock, Directory: w.directory,
	})
}

// come lets people come to every organization.
func (w *town) come(n int) {
	w.Helper()
	for i, ns := range w.namespaces {
		for range n {
			name := fmt.Sprintf("p%d-%d", i, len(w.people[ns]))
			w.people[ns] = append(w.people[ns], name)
			w.in(ns).create(member(name).Obj())
		}
	}
}

// allInvited waits until everybody is invited whose namespace is among some.
func (w *town) allInvited(among func(ns string) bool) {
	w.Helper()
	for ns, names := range w.people {
		for _, name := range names {
			if among(ns) {
				w.in(ns).invited(name, 1)
			}
		}
	}
}

func everywhere(string) bool { return true }

// with says that a namespace is with a shard.
func (w *town) with(number int) func(string) bool {
	return func(ns string) bool { return shards.Owner(ns, w.of) == number }
}

// keepsTo holds that whoever's traffic it is has written of people of these namespaces alone, and of some.
func (w *town) keepsTo(who string, traffic *operator.Traffic, ours func(ns string) bool) {
	w.Helper()
	written := traffic.Requests(operator.Writing("users/status"))
	for ns, names := range w.people {
		for _, request := range written {
			if slices.Contains(names, request.Name) && !ours(ns) {
				w.Errorf("%s writes of %s, who is in another's namespace", who, request.Name)
			}
		}
	}
	if len(written) == 0 {
		w.Errorf("%s has written nothing", who)
	}
}

// wantOneOfEach holds that everybody has one seat, one account and one mail. Where some died, a mail may have come twice.
func (w *town) wantOneOfEach(died func(ns string) bool) {
	w.Helper()
	first, again := map[string]mailbox.Message{}, 0
	for _, m := range w.box.Messages() {
		was, came := first[m.To[0]]
		if first[m.To[0]] = m; !came {
			continue
		}
		again++
		if diff := cmp.Diff(was, m, cmpopts.IgnoreFields(mailbox.Message{}, "ID", "Received")); diff != "" {
			w.Errorf("%s got two mails, not one mail twice:\n%s", m.To[0], diff)
		}
		for ns, names := range w.people {
			if name, _, _ := strings.Cut(m.To[0], "@"); slices.Contains(names, name) && !died(ns) {
				w.Errorf("%s got a mail twice, and nobody died there", name)
			}
		}
	}
	people := 0
	for ns, names := range w.people {
		people += len(names)
		var ledger v1alpha1.SeatSliceList
		w.must(w.List(w.Context(), &ledger, client.InNamespace(ns)), "listing slices")
		var seated []string
		for _, slice := range ledger.Items {
			for _, a := range slice.Assignments {
				seated = append(seated, a.User)
			}
		}
		slices.Sort(seated)
		if want := slices.Sorted(slices.Values(names)); !slices.Equal(seated, want) {
			w.Errorf("in %s, the seats are held by %v, want %v", ns, seated, want)
		}
	}
	if accounts := len(w.directory.Accounts()); len(first) != people || accounts != people {
		w.Errorf("%d people have %d accounts, and %d got a mail", people, accounts, len(first))
	}
	w.Logf("of %d mails, %d came again", len(first), again)
}

// Three shards run the organizations of many namespaces, and one of them dies in the middle of its work. Whoever stands by takes
// over its share, those of the others do not notice, and nobody gets anything twice. Pages are served all along.
func TestAShardDies(t *testing.T) {
	t.Parallel()
	const lost = 1
	w := newTown(t, 3)
	var traffic [3]operator.Traffic
	var running [3]*operator.Operator
	for n := range running {
		running[n] = w.shard(n, w.of, &traffic[n])
	}
	w.come(3)
	w.allInvited(everywhere)
	var standby operator.Traffic
	w.shard(lost, w.of, &standby)

	dead := traffic[lost].Kill(operator.NoAnswer, 2, operator.Writing("users/status"))
	w.come(3)
	<-dead
	running[lost].Stop(t)
	w.come(3)
	w.allInvited(func(ns string) bool { return !w.with(lost)(ns) })
	w.allInvited(everywhere)

	w.wantOneOfEach(w.with(lost))
	for n := range running {
		w.keepsTo(fmt.Sprintf("shard %d", n), &traffic[n], w.with(n))
	}
	w.keepsTo("the one that stood by", &standby, w.with(lost))
	for ns, names := range w.people {
		s := w.in(ns)
		links := s.mails(at(names[0]))[0].Links()
		s.answer(links[0], accept, http.StatusOK)
		s.is(names[0], v1alpha1.ReasonActive)
	}
}

// Another shard is added while the others run. Nobody works in its namespaces before all of them have stopped, and then those who
// came meanwhile are invited; who is settled stays as they are.
func TestAShardIsAdded(t *testing.T) {
	t.Parallel()
	w := newTown(t, 2)
	var olds, news operator.Traffic
	var old []*operator.Operator
	for n := range 2 {
		old = append(old, w.shard(n, 2, &olds))
	}
	w.come(2)
	w.allInvited(everywhere)
	for n := range 3 {
		w.shard(n, 3, &news)
	}
	env.Eventually(t, func() error { // they have tried
		if asked := news.Requests(func(r operator.Request) bool { return r.Verb == "list" && r.Resource == "leases" }); len(asked) < 6 {
			return fmt.Errorf("the new shards have looked for others %d times", len(asked))
		}
		return nil
	})
	w.come(1)
	w.allInvited(everywhere)
	if writes := news.Writes(); len(writes) > 0 {
		t.Errorf("while others run, the new shards write %v", writes)
	}
	for _, o := range old {
		o.Stop(t)
	}
	w.come(1)
	w.allInvited(everywhere)
	w.wantOneOfEach(func(string) bool { return false })
	env.Eventually(t, func() error { // one that has no namespace here holds up nobody
		var leases coordinationv1.LeaseList
		if err := w.List(t.Context(), &leases, client.InNamespace(w.ns)); err != nil {
			return err
		}
		held := []string{}
		for _, lease := range leases.Items {
			if ptr.Deref(lease.Spec.HolderIdentity, "") != "" {
				held = append(held, lease.Name)
			}
		}
		slices.Sort(held)
		if want := []string{"seatkeeper-0-of-3", "seatkeeper-1-of-3", "seatkeeper-2-of-3"}; !slices.Equal(held, want) {
			return fmt.Errorf("the Leases %v are held, want %v", held, want)
		}
		return nil
	})
}

// For a moment, shards of two numbers may believe that a namespace is theirs, and one stalls in the middle of its turns.
func TestShardsOfTwoNumbersRace(t *testing.T) {
	r := newRace(t)
	r.shard(2, &operator.Traffic{})
	var traffic operator.Traffic
	r.shard(3, &traffic)
	r.stallsHarmlessly(&traffic)
}

// shard starts the one of so many that the race is with.
func (r *race) shard(of int, traffic *operator.Traffic) {
	r.Helper()
	operator.Start(r, r.ns, operator.Options{
		Shard:  &shards.Shard{Number: shards.Owner(r.ns, of), Of: of},
		Config: traffic.Config(env.Config(r)), Mailbox: r.box, Clock: r.clock, Portal: &url.URL{Scheme: "https", Host: "join.acme.example"},
	})
}
