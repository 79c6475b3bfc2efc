// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package realscim runs a SCIM server that is not ours for tests: scimmy on Node.js, on loopback.
package realscim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Token is the bearer token that the server takes.
const Token = "realscim-token-81b4" //nolint:gosec // of tests

// Server is a SCIM server of a test's own, with a proxy in front that can fail.
type Server struct {
	// URL is the base of the endpoints.
	URL string

	direct string
	front  *httptest.Server
	ended  chan struct{}

	mu            sync.Mutex
	outages, lost int
	hanging       bool
	requests      map[string]int
	chaos         chaos
}

// Start runs a server until the test ends. REALSCIM names the directory that holds it, with what it needs.
func Start(t *testing.T) *Server {
	t.Helper()
	dir := os.Getenv("REALSCIM")
	if dir == "" {
		t.Fatal("REALSCIM is not set: run these tests by `make test-e2e`, or with REALSCIM=$(hack/realscim.sh)")
	}
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "SCIM_TOKEN="+Token)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test, whose end closes the input
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the SCIM server: %v", err)
		}
	})
	port, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the SCIM server does not say its port: %v", err)
	}
	s := &Server{direct: "http://127.0.0.1:" + strings.TrimSpace(port), ended: make(chan struct{}), requests: map[string]int{}}
	target, err := url.Parse(s.direct)
	if err != nil {
		t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(target)
	next.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that give up
	s.front = httptest.NewUnstartedServer(s.proxy(next))
	s.front.Config.SetKeepAlivesEnabled(false) // Go's client would repeat what it lost on a connection that was not new
	s.front.Start()
	s.URL = s.front.URL + "/scim/v2"
	t.Cleanup(s.Down)
	return s
}

// proxy passes requests on, unless they are to fail.
func (s *Server) proxy(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests[r.Method]++
		hang, outage := s.hanging, s.outages > 0
		if outage {
			s.outages--
		}
		lose := !hang && !outage && s.lost > 0 && r.Method != http.MethodGet
		if lose {
			s.lost--
		}
		fault := s.chaos.draw()
		s.mu.Unlock()
		switch {
		case hang:
			s.hang(r)
		case fault != "":
			s.suffer(fault, w, r, next)
		case outage:
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		case lose:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, r)
		}
	}
}

// hang waits for whoever asks to give up.
func (s *Server) hang(r *http.Request) {
	select {
	case <-s.ended:
	case <-r.Context().Done():
	}
}

// Unavailable has the next n requests find a proxy whose server is down.
func (s *Server) Unavailable(n int) { s.set(func() { s.outages = n }) }

// LoseChange has the next request that is no GET be carried out, and the connection end without an answer.
func (s *Server) LoseChange() { s.set(func() { s.lost++ }) }

// Hang leaves every request without an answer, to the end of the test.
func (s *Server) Hang() { s.set(func() { s.hanging = true }) }

// Requests returns how many requests there were by method, and forgets them.
func (s *Server) Requests() (requests map[string]int) {
	s.set(func() { requests, s.requests = s.requests, map[string]int{} })
	return requests
}

func (s *Server) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Down has nobody listen at URL any more.
func (s *Server) Down() {
	s.set(func() {
		select {
		case <-s.ended:
		default:
			close(s.ended)
		}
	})
	s.front.CloseClientConnections()
	s.front.Close()
}

// State is what the server has.
type State struct{ Users, Groups []map[string]any }

// State returns what the server has, in the order in which it was made.
func (s *Server) State(t *testing.T) State {
	t.Helper()
	state, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// Read is State for any goroutine.
func (s *Server) Read() (state State, err error) {
	res, err := http.Get(s.direct + "/test/state")
	if err != nil {
		return state, err
	}
	defer res.Body.Close()
	return state, json.NewDecoder(res.Body).Decode(&state)
}

// Reject refuses every password of the account with these words, for good.
func (s *Server) Reject(t *testing.T, externalID, words string) {
	t.Helper()
	s.post(t, "/test/reject", "application/json", map[string]string{"externalId": externalID, "words": words})
}

// Add makes an account as somebody else would.
func (s *Server) Add(t *testing.T, attributes map[string]any) {
	t.Helper()
	attributes["schemas"] = []string{"urn:ietf:params:scim:schemas:core:2.0:User"}
	s.post(t, "/scim/v2/Users", "application/scim+json", attributes)
}

// AddGroup makes a group as somebody else would.
func (s *Server) AddGroup(t *testing.T, attributes map[string]any) {
	t.Helper()
	attributes["schemas"] = []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}
	s.post(t, "/scim/v2/Groups", "application/scim+json", attributes)
}

func (s *Server) post(t *testing.T, path, contentType string, body any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.direct+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatal(fmt.Errorf("POST %s: %s", path, res.Status))
	}
}
