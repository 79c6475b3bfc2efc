// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// followers runs replicas that never lead: somebody else, who does nothing, holds the Lease.
func (s *stage) followers(n int, o operator.Options) []*operator.Operator {
	s.Helper()
	s.create(&coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "seatkeeper"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: ptr.To("somebody else"), LeaseDurationSeconds: ptr.To(int32(3600)),
			AcquireTime: &metav1.MicroTime{Time: time.Now()}, RenewTime: &metav1.MicroTime{Time: time.Now()},
		},
	})
	o.LeaderElect, o.Mailbox, o.Clock = true, s.box, s.clock
	var running []*operator.Operator
	for range n {
		running = append(running, operator.Start(s, s.ns, o))
	}
	return running
}

// through is a link as another replica serves it.
func through(replica *operator.Operator, link string) string {
	at, err := url.Parse(link)
	if err != nil {
		panic(err)
	}
	at.Host = replica.Portal.Host
	return at.String()
}

// While nobody leads, pages are served and answers count.
func TestAnswersCountWithoutALeader(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	s.invited("ada", 1)
	s.invited("bea", 1)
	s.op.Stop(t)
	replicas := s.followers(2, operator.Options{})
	ada, bea := s.links(at("ada"), 1)[0], s.links(at("bea"), 1)[0]
	s.answer(through(replicas[0], ada), accept, http.StatusOK)
	s.answer(through(replicas[1], ada), accept, http.StatusConflict)
	s.answer(through(replicas[1], bea), decline, http.StatusOK)
	if u := get[v1alpha1.User](s, "ada"); u.Status.AcceptedAt == nil {
		t.Error("the answer is not on record")
	}
	s.start(operator.Options{}) // somebody leads again
	s.is("ada", v1alpha1.ReasonActive)
	s.is("bea", v1alpha1.ReasonDeclined)
}

// audience is a load of people who open their pages, and answer them, all at once.
type audience struct {
	*stage
	replicas []*operator.Operator
	links    map[string]string // by person
	http.Client
	// doors bound how many requests are under way: more than this one machine can answer, it would only turn away.
	doors chan struct{}

	mu sync.Mutex
	// answers are the statuses of the answers, by person.
	answers map[string][]int
	// unsure are those who were told once that the answer cannot be taken now, though it may have counted.
	unsure map[string]bool
	opened int
}

// TestAThousandAtOnce has 1 000 people open their pages and accept, each twice at the same moment, through two replicas: no
// answer is lost, and none counts twice. All 2 000 start together, and 64 requests are under way at any time. On a slow
// machine an answer may be on record although the page says 503, because the API server took too long to say so: whoever
// got one tries again, and may be told only then that the answer has counted, by 409.
func TestAThousandAtOnce(t *testing.T) {
	const people = 1000
	s := empty(t)
	s.start(operator.Options{})
	s.create(build.Organization("acme").Owner("p0000").Obj(), build.SeatPool("standard").Seats(people).Obj(), build.Role("member").SeatPool("standard").Obj())
	names := make([]string, people)
	for i := range names {
		names[i] = fmt.Sprintf("p%04d", i)
		s.create(member(names[i]).Obj())
	}
	for _, name := range names {
		s.invited(name, 1)
	}
	c := s.audience()
	var all sync.WaitGroup
	for i, name := range names {
		for half := range 2 {
			all.Go(func() { c.visit(name, i, half) })
		}
	}
	all.Wait()
	if c.opened != 2*people {
		t.Errorf("%d pages were opened, want %d", c.opened, 2*people)
	}
	for _, name := range names {
		if err := countOnce(c.answers[name], c.unsure[name]); err != nil {
			t.Errorf("of %s, %v", name, err)
		}
	}
	for _, name := range names {
		if u := s.is(name, v1alpha1.ReasonActive); u.Status.AcceptedAt == nil {
			t.Errorf("the answer of %s is not on record", name)
		}
	}
}

// audience is everybody who was invited, once each, before the doors of two replicas.
func (s *stage) audience() *audience {
	s.Helper()
	local := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	doors := make(chan struct{}, 64)
	c := &audience{
		stage: s, replicas: s.followers(2, operator.Options{TrustedProxies: local}), links: map[string]string{}, doors: doors,
		Client:  http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: cap(doors)}},
		answers: map[string][]int{}, unsure: map[string]bool{},
	}
	for _, m := range s.box.Messages() {
		name, _, _ := strings.Cut(m.To[0], "@")
		if c.links[name] != "" {
			s.Fatalf("%s was sent two invitations", name)
		}
		c.links[name] = m.Links()[0]
	}
	return c
}

// countOnce says why one person's two answers are not one that counts and one that comes too late. Of whoever is unsure, the
// one that counts may not have been told so.
func countOnce(answers []int, unsure bool) error {
	counted := 0
	for _, status := range answers {
		switch status {
		case http.StatusOK:
			counted++
		case http.StatusConflict:
		default:
			return fmt.Errorf("an answer gives %d", status)
		}
	}
	if len(answers) != 2 || counted > 1 || counted == 0 && !unsure {
		return fmt.Errorf("the answers %v count (one was unsure: %t)", answers, unsure)
	}
	return nil
}

// visit opens a page and accepts, as people do who wait a moment when they are asked to.
func (c *audience) visit(name string, i, half int) {
	link := through(c.replicas[(i+half)%len(c.replicas)], c.links[name])
	client := fmt.Sprintf("10.%d.%d.%d", half, i/250, i%250)
	if status, _ := c.ask(http.MethodGet, link, client, nil); status == http.StatusOK || status == http.StatusConflict {
		c.mu.Lock()
		c.opened++
		c.mu.Unlock()
	}
	status, unsure := c.ask(http.MethodPost, link, client, url.Values{"answer": {accept}})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[name] = append(c.answers[name], status)
	c.unsure[name] = c.unsure[name] || unsure
}

// ask tries again while a page says that it is busy, after a pause: one link is asked for so often and no more. busy tells
// whether that happened at all.
func (c *audience) ask(method, link, client string, form url.Values) (status int, busy bool) {
	for {
		status, err := c.once(method, link, client, form)
		if err != nil {
			c.Error(err)
		}
		if status != http.StatusServiceUnavailable {
			return status, busy
		}
		busy = true
		select {
		case <-time.After(time.Second):
		case <-c.Context().Done():
			return 0, busy
		}
	}
}

// once asks when there is room.
func (c *audience) once(method, link, client string, form url.Values) (int, error) {
	c.doors <- struct{}{}
	defer func() { <-c.doors }()
	r, err := http.NewRequestWithContext(c.Context(), method, link, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", client)
	response, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// TestALeaderStopsWhilePeopleAnswer has people answer through a replica that does not lead, while the one that does is stopped
// with an answer in its hands. Every answer counts, and the other takes over.
func TestALeaderStopsWhilePeopleAnswer(t *testing.T) {
	t.Parallel()
	const people = 20
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	s := empty(t)
	var traffic operator.Traffic
	s.start(operator.Options{Config: traffic.Config(env.Config(t)), LeaderElect: true})
	s.create(acme(people+1, names...)...)
	for _, name := range names {
		s.invited(name, 1)
	}
	other := operator.Start(t, s.ns, operator.Options{LeaderElect: true, Mailbox: s.box, Clock: s.clock})
	held := traffic.Hold(1, operator.Writing("users/status"))
	defer held.Release()
	s.answer(through(other, s.links(at(names[0]), 1)[0]), accept, http.StatusOK)
	<-held.Reached() // the leader is about to say that this one is active

	statuses := make([]int, people)
	var answering sync.WaitGroup
	for i, name := range names[1:] {
		link := through(other, s.links(at(name), 1)[0])
		answering.Go(func() { statuses[i+1] = s.post(link, accept) })
	}
	s.op.Stop(t)
	answering.Wait()
	for i, name := range names[1:] {
		if statuses[i+1] != http.StatusOK {
			t.Errorf("the answer of %s gives %d", name, statuses[i+1])
		}
		if get[v1alpha1.User](s, name).Status.AcceptedAt == nil {
			t.Errorf("the answer of %s is not on record", name)
		}
	}
	for _, name := range names {
		s.holds(s.is(name, v1alpha1.ReasonActive), "standard")
	}
	s.create(member("zoe").Obj())
	s.invited("zoe", 1)
}
