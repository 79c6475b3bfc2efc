// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	accounts "seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/portal"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/pages/site"
)

const people = 1000

// crowd is many people at the portal, over the network and through a proxy as in production.
type crowd struct {
	*testing.T
	store     *site.Store
	directory *accounts.Directory
	base      string
	http      http.Client

	// passwords are those that people were welcomed with.
	mu        sync.Mutex
	passwords map[types.UID]string
}

func newCrowd(t *testing.T, acceptance v1alpha1.AcceptanceMode) *crowd {
	t.Helper()
	c := &crowd{T: t, store: site.NewStore(), directory: &accounts.Directory{}, passwords: map[types.UID]string{}}
	stale := site.NewStore() // the cache has seen nothing of the answers yet
	organization := &v1alpha1.Organization{
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme"},
		Spec: v1alpha1.OrganizationSpec{
			DisplayName: "Acme SAS", Invitation: v1alpha1.InvitationPolicy{Acceptance: acceptance},
			Directory: build.Organization("acme").Directory().Obj().Spec.Directory,
		},
	}
	for i := range people {
		stale.Put(person(i))
		c.store.Put(person(i))
	}
	stale.Put(organization)
	// The tokens of the limits come back with time; it stands still here, so that what is let through is the burst.
	var clock clock.PassiveClock = clocktesting.NewFakePassiveClock(site.Now)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &portal.Server{Listener: listener, Log: logr.Discard(), Handler: portal.New(portal.Options{
		Cache: stale, Live: c.store, Status: c.store, Directories: c.directory, Clock: clock, Log: logr.Discard(),
		Keys:           func() invitation.Keyring { return site.Keys },
		URL:            &url.URL{Scheme: "http", Host: "127.0.0.1"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Start(ctx) }()
	c.base = "http://" + listener.Addr().String()
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	return c
}

func person(i int) *v1alpha1.User {
	return site.NewUser(fmt.Sprintf("person-%d", i), fmt.Sprintf("person-%d@acme.example", i))
}

// ask sends a request from an address, and returns the status and the page.
func (c *crowd) ask(method, from, path string, form url.Values) (int, string) {
	r, err := http.NewRequestWithContext(c.Context(), method, c.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.Error(err)
		return 0, ""
	}
	r.Header.Set("X-Forwarded-For", from)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := c.http.Do(r)
	if err != nil {
		c.Errorf("%s: %v", method, err)
		return 0, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.Errorf("%s: %v", method, err)
	}
	return response.StatusCode, string(body)
}

// open looks at a link as the person, a mail scanner and a preview do.
func (c *crowd) open(i int) {
	path := site.LinkOf(person(i))
	for _, visitor := range []struct{ method, from string }{
		{http.MethodGet, address(i)}, {http.MethodHead, "203.0.113.7"}, {http.MethodGet, address(i + people)},
	} {
		if visitor.from == "203.0.113.7" && i >= 200 {
			continue // one scanner opens so many at once before it is told to slow down
		}
		if status, _ := c.ask(visitor.method, visitor.from, path, nil); status != http.StatusOK {
			c.Errorf("%s of link %d answers %d", visitor.method, i, status)
		}
	}
}

func address(i int) string { return fmt.Sprintf("198.18.%d.%d", i/250, i%250) }

// answer posts several answers to a link at the same moment, and returns how many of them counted. Who finds the
// portal busy asks once more when the others are done.
func (c *crowd) answer(i int, forms []url.Values) (counted int) {
	path, user := site.LinkOf(person(i)), person(i)
	statuses, pages := make([]int, len(forms)), make([]string, len(forms))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for n, form := range forms {
		all.Go(func() {
			<-begin
			statuses[n], pages[n] = c.ask(http.MethodPost, address(i+n*people), path, form)
		})
	}
	close(begin)
	all.Wait()
	for n, form := range forms {
		if statuses[n] == http.StatusServiceUnavailable {
			statuses[n], pages[n] = c.ask(http.MethodPost, address(i+n*people), path, form)
		}
		switch {
		case statuses[n] == http.StatusOK:
			counted++
			if want := map[string]string{"accept": "Welcome to Acme SAS", "decline": "You have declined"}[form.Get("answer")]; !strings.Contains(pages[n], want) {
				c.Errorf("link %d: the page does not say %q:\n%s", i, want, pages[n])
			}
			c.mu.Lock()
			c.passwords[user.UID] = form.Get("password")
			c.mu.Unlock()
			c.wantRecorded(i, form.Get("answer"))
		case statuses[n] != http.StatusConflict || !strings.Contains(pages[n], "You have already"):
			c.Errorf("link %d: an answer that lost gets %d:\n%s", i, statuses[n], pages[n])
		}
	}
	return counted
}

func (c *crowd) wantRecorded(i int, answer string) {
	var u v1alpha1.User
	if err := c.store.Get(c.Context(), client.ObjectKeyFromObject(person(i)), &u); err != nil {
		c.Error(err)
		return
	}
	accepted, declined := u.Status.AcceptedAt != nil, u.Status.Invitation.DeclinedAt != nil
	if accepted != (answer == "accept") || declined != (answer == "decline") || u.Status.Invitation.Answering.ID != "" {
		c.Errorf("link %d was answered with %s, and the record says accepted %t, declined %t", i, answer, accepted, declined)
	}
}

// everybody does something for every person, many at a time.
func (c *crowd) everybody(do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range people {
		next <- i
	}
	close(next)
	all.Wait()
}

// answersOf are what comes to a link at once: two who accept, and for some one who declines between them.
func answersOf(i int, acceptance v1alpha1.AcceptanceMode) []url.Values {
	accept := func(n int) url.Values {
		form := url.Values{"answer": {"accept"}}
		if acceptance == v1alpha1.AcceptancePassword {
			secret := fmt.Sprintf("five blue herons wade %d/%d", i, n)
			form.Set("password", secret)
			form.Set("repeat", secret)
		}
		return form
	}
	if i%3 == 0 {
		return []url.Values{accept(1), {"answer": {"decline"}}, accept(2)}
	}
	return []url.Values{accept(1), accept(2)}
}

func TestThousandPeople(t *testing.T) {
	for _, acceptance := range []v1alpha1.AcceptanceMode{v1alpha1.AcceptanceConfirm, v1alpha1.AcceptancePassword} {
		t.Run(string(acceptance), func(t *testing.T) {
			c := newCrowd(t, acceptance)
			var flooding sync.WaitGroup
			flooded := 0
			flooding.Go(func() { // somebody guesses meanwhile, and is alone with that
				for i := range 400 {
					if status, _ := c.ask(http.MethodGet, "192.0.2.66", fmt.Sprintf("%sguess-%d", invitation.Path, i), nil); status == http.StatusTooManyRequests {
						flooded++
					}
				}
			})
			c.everybody(func(i int) {
				c.open(i)
				if counted := c.answer(i, answersOf(i, acceptance)); counted != 1 {
					c.Errorf("link %d: %d answers counted, want 1", i, counted)
				}
			})
			flooding.Wait()
			if flooded != 100 {
				t.Errorf("of 400 guesses, %d were turned away, want 100", flooded)
			}
			c.wantPasswords(acceptance)
		})
	}
}

// wantPasswords says that whoever was welcomed with a password has that one.
func (c *crowd) wantPasswords(acceptance v1alpha1.AcceptanceMode) {
	if acceptance == v1alpha1.AcceptanceConfirm {
		if n := c.store.Patches(); n != people {
			c.Errorf("%d writes for %d people", n, people)
		}
		return
	}
	kept := c.directory.Accounts()
	for uid, secret := range c.passwords {
		if kept[uid].Password != secret {
			c.Errorf("%s was welcomed with another password than the directory has", uid)
		}
	}
	if attempts := c.directory.Attempts(); attempts != len(kept) {
		c.Errorf("%d passwords reached the directory for %d people", attempts, len(kept))
	}
}
