// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// Request is what a request asks of the API server.
type Request struct {
	// Verb is create, update, patch, delete, get, list or watch.
	Verb string
	// Resource is the resource with its subresource, such as users or users/status.
	Resource string
	// Name is the object's; empty for list, watch and create.
	Name string
}

// Writes says that the request is to change something.
func (r Request) Writes() bool { return !slices.Contains([]string{"get", "list", "watch"}, r.Verb) }

func (r Request) String() string { return strings.TrimSpace(r.Verb + " " + r.Resource + " " + r.Name) }

// Match chooses requests.
type Match func(Request) bool

// Writing chooses the requests that change one of the resources.
func Writing(resources ...string) Match {
	return func(r Request) bool { return r.Writes() && slices.Contains(resources, r.Resource) }
}

// Fault is what becomes of a request.
type Fault string

const (
	// NotSent is a request that never reaches the API server.
	NotSent Fault = "not sent"
	// NoAnswer is a request that takes effect, although whoever sent it never learns so.
	NoAnswer Fault = "no answer"
)

// ErrLost is what a request fails with that a Fault hits.
var ErrLost = errors.New("the connection to the API server is lost")

// Traffic stands between clients and the API server. It counts what they ask for, and makes it fail on demand. The
// zero value lets everything through.
type Traffic struct {
	mu       sync.Mutex
	requests []Request
	refused  int
	rules    []*rule
	cut      bool
	frozen   map[string]chan struct{} // by resource; closed when it thaws
}

// rule says what becomes of the n-th request that matches.
type rule struct {
	match Match
	n     int
	fault Fault
	kill  bool
	held  *Held
	done  chan struct{}
	// again is what becomes of the same request the next time.
	again *rule
}

// Config returns a configuration like cfg whose clients send their requests through here.
func (t *Traffic) Config(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return t.roundTrip(next, r) })
	})
	return cfg
}

// Requests returns those since Reset that match, in the order in which they were made, watches left out.
func (t *Traffic) Requests(match Match) []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.requests), func(r Request) bool { return !match(r) })
}

// Writes returns the requests since Reset that change something.
func (t *Traffic) Writes() []Request { return t.Requests(Request.Writes) }

// Reads returns the requests since Reset that change nothing.
func (t *Traffic) Reads() []Request {
	return t.Requests(func(r Request) bool { return !r.Writes() })
}

// Refused is the number of requests since Reset that rested on a view that was gone.
func (t *Traffic) Refused() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// Reset forgets the requests so far.
func (t *Traffic) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests, t.refused = nil, 0
}

// Break lets a fault hit the n-th request that matches, counted from 1 and from now on. What it returns is closed
// then.
func (t *Traffic) Break(fault Fault, n int, match Match) <-chan struct{} {
	return t.add(&rule{fault: fault, n: n, match: match})
}

// BreakTwice lets the n-th request that matches not be sent, and the same one get no answer when it is made again. What it returns
// is closed then.
func (t *Traffic) BreakTwice(n int, match Match) (notSent, noAnswer <-chan struct{}) {
	again := &rule{fault: NoAnswer, n: 1, done: make(chan struct{})}
	return t.add(&rule{fault: NotSent, n: n, match: match, again: again}), again.done
}

// Kill is Break, and nothing gets through after it until Restore: so the API server sees a process that dies at
// that moment.
func (t *Traffic) Kill(fault Fault, n int, match Match) <-chan struct{} {
	return t.add(&rule{fault: fault, n: n, match: match, kill: true})
}

// Cut lets nothing through until Restore.
func (t *Traffic) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = true
}

// Restore ends what Kill or Cut has done.
func (t *Traffic) Restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = false
}

// Held is a request that is held back.
type Held struct {
	reached, released chan struct{}
	once              sync.Once
}

// Reached is closed when the request is there.
func (h *Held) Reached() <-chan struct{} { return h.reached }

// Release lets the request go.
func (h *Held) Release() { h.once.Do(func() { close(h.released) }) }

// Hold holds back the n-th request that matches, counted from 1 and from now on, before it is sent.
func (t *Traffic) Hold(n int, match Match) *Held {
	held := &Held{released: make(chan struct{})}
	held.reached = t.add(&rule{n: n, match: match, held: held})
	return held
}

func (t *Traffic) add(r *rule) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.done = make(chan struct{})
	t.rules = append(t.rules, r)
	return r.done
}

// Freeze lets caches see no change of a resource until thaw is called.
func (t *Traffic) Freeze(resource string) (thaw func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.frozen == nil {
		t.frozen = map[string]chan struct{}{}
	}
	ice := make(chan struct{})
	t.frozen[resource] = ice
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.frozen, resource)
		close(ice)
	})
}

func (t *Traffic) roundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	request := parse(r)
	hit, cut := t.take(request)
	if err := await(r.Context(), hit, cut); err != nil {
		return nil, fmt.Errorf("%s: %w", request, err)
	}
	response, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusConflict {
		t.refuse()
	}
	if request.Verb == "watch" {
		response.Body = &stream{ReadCloser: response.Body, ended: make(chan struct{}), frozen: func() chan struct{} { return t.ice(request.Resource) }}
	}
	if hit != nil && hit.fault == NoAnswer {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s: %w", request, ErrLost)
	}
	return response, nil
}

// await returns an error for a request that is not to be sent, and holds back one that is to wait.
func await(ctx context.Context, hit *rule, cut bool) error {
	switch {
	case cut:
		return ErrLost
	case hit != nil && hit.held != nil:
		select {
		case <-hit.held.released:
		case <-ctx.Done():
			return ctx.Err()
		}
	case hit != nil && hit.fault == NotSent:
		return ErrLost
	}
	return nil
}

func (t *Traffic) refuse() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
}

// take counts a request, and finds out what becomes of it.
func (t *Traffic) take(request Request) (hit *rule, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return nil, true
	}
	if request.Verb != "watch" {
		t.requests = append(t.requests, request)
	}
	for i, r := range t.rules {
		if !r.match(request) {
			continue
		}
		if r.n--; r.n == 0 {
			t.rules = slices.Delete(t.rules, i, i+1)
			if r.again != nil {
				r.again.match = func(next Request) bool { return next == request }
				t.rules = append(t.rules, r.again)
			}
			t.cut = r.kill
			close(r.done)
			return r, false
		}
	}
	return nil, false
}

func (t *Traffic) ice(resource string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.frozen[resource]
}

// stream is the answer to a watch.
type stream struct {
	io.ReadCloser
	frozen func() chan struct{}
	ended  chan struct{}
	once   sync.Once
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if ice := s.frozen(); ice != nil {
		select {
		case <-ice:
		case <-s.ended:
		}
	}
	return n, err
}

func (s *stream) Close() error {
	s.once.Do(func() { close(s.ended) })
	return s.ReadCloser.Close()
}

// parse reads /api/v1/... and /apis/<group>/<version>/..., each with or without namespaces/<namespace>.
func parse(r *http.Request) Request {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	skip := 3
	if parts[0] == "api" {
		skip = 2
	}
	parts = parts[min(skip, len(parts)):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	var request Request
	if len(parts) > 0 {
		request.Resource = parts[0]
	}
	if len(parts) > 1 {
		request.Name = parts[1]
	}
	if len(parts) > 2 {
		request.Resource += "/" + parts[2]
	}
	request.Verb = verb(r, request.Name)
	return request
}

func verb(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	}
	switch {
	case r.URL.Query().Get("watch") == "true":
		return "watch"
	case name == "":
		return "list"
	}
	return "get"
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
