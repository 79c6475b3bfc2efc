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
	http.Client

	mu sync.Mutex
	// answers are the statuses of the answers, by person.
	answers map[string][]int
	opened  int
}

// TestAThousandAtOnce has 1 000 people open their pages and accept, each twice at the same moment, through two replicas: no
// answer is lost, and none counts twice.
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
	links := map[string]string{}
	for _, m := range s.box.Messages() {
		name, _, _ := strings.Cut(m.To[0], "@")
		if links[name] != "" {
			t.Fatalf("%s was sent two invitations", name)
		}
		links[name] = m.Links()[0]
	}
	local := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c := &audience{
		stage: s, replicas: s.followers(2, operator.Options{TrustedProxies: local}), answers: map[string][]int{},
		Client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 256}},
	}
	var all sync.WaitGroup
	for i, name := range names {
		for half := range 2 {
			all.Go(func() { c.visit(name, links[name], i, half) })
		}
	}
	all.Wait()
	if c.opened != 2*people {
		t.Errorf("%d pages were opened, want %d", c.opened, 2*people)
	}
	for _, name := range names {
		counted := 0
		for _, status := range c.answers[name] {
			switch status {
			case http.StatusOK:
				counted++
			case http.StatusConflict:
			default:
				t.Errorf("an answer of %s gives %d", name, status)
			}
		}
		if counted != 1 || len(c.answers[name]) != 2 {
			t.Errorf("of %s, the answers %v count", name, c.answers[name])
		}
	}
	for _, name := range names {
		s.is(name, v1alpha1.ReasonActive)
	}
}

// visit opens a page and accepts, as people do who wait a moment when they are asked to.
func (c *audience) visit(name, link string, i, half int) {
	link = through(c.replicas[(i+half)%len(c.replicas)], link)
	client := fmt.Sprintf("10.%d.%d.%d", half, i/250, i%250)
	if status := c.ask(http.MethodGet, link, client, nil); status == http.StatusOK || status == http.StatusConflict {
		c.mu.Lock()
		c.opened++
		c.mu.Unlock()
	}
	status := c.ask(http.MethodPost, link, client, url.Values{"answer": {accept}})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[name] = append(c.answers[name], status)
}

// ask tries again while a page says that it is busy.
func (c *audience) ask(method, link, client string, form url.Values) int {
	for {
		r, err := http.NewRequestWithContext(c.Context(), method, link, strings.NewReader(form.Encode()))
		if err != nil {
			c.Error(err)
			return 0
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", client)
		response, err := c.Do(r)
		if err != nil {
			c.Error(err)
			return 0
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable {
			return response.StatusCode
		}
	}
}
