// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
)

// catalog is scimtest's directory with an index: that would look at everybody to find one account by a filter.
type catalog struct {
	scim    http.Handler
	latency time.Duration

	mu     sync.Mutex
	ids    map[string]string // by filter
	counts requests
}

func newCatalog(base string, latency time.Duration) *catalog {
	return &catalog{scim: scimtest.Handler(scimtest.Rich(), base), latency: latency, ids: map[string]string{}, counts: requests{}}
}

// ServeHTTP implements http.Handler.
func (c *catalog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/scim/v2")
	filter := r.URL.Query().Get("filter")
	c.count(r.Method, path, filter)
	time.Sleep(c.latency)
	switch {
	case path == "/Users" && filter != "":
		c.search(w, r, filter)
	case path == "/Users" && r.Method == http.MethodPost:
		c.create(w, r)
	default:
		c.scim.ServeHTTP(w, r)
	}
}

// count counts a request by its method and what it is about.
func (c *catalog) count(method, path, filter string) {
	kind := method + " " + path
	if _, id, ok := strings.Cut(path, "/Users/"); ok && id != "" {
		kind = method + " /Users/id"
	}
	if attribute, _, ok := strings.Cut(filter, " "); ok {
		kind = method + " /Users?" + attribute
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[kind]++
}

func (c *catalog) search(w http.ResponseWriter, r *http.Request, filter string) {
	c.mu.Lock()
	id := c.ids[filter]
	c.mu.Unlock()
	found := []json.RawMessage{}
	if id != "" {
		one := httptest.NewRecorder()
		asked := r.Clone(r.Context())
		asked.URL.Path, asked.URL.RawQuery = "/scim/v2/Users/"+id, ""
		if c.scim.ServeHTTP(one, asked); one.Code == http.StatusOK {
			found = append(found, one.Body.Bytes())
		}
	}
	w.Header().Set("Content-Type", "application/scim+json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(found), "startIndex": 1, "Resources": found,
	})
}

func (c *catalog) create(w http.ResponseWriter, r *http.Request) {
	said := httptest.NewRecorder()
	c.scim.ServeHTTP(said, r)
	var made struct{ ID, ExternalID, UserName string }
	if json.Unmarshal(said.Body.Bytes(), &made) == nil && made.ID != "" {
		c.mu.Lock()
		for attribute, value := range map[string]string{"externalId": made.ExternalID, "userName": made.UserName} {
			c.ids[fmt.Sprintf("%s eq %q", attribute, value)] = made.ID
		}
		c.mu.Unlock()
	}
	for name, values := range said.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(said.Code)
	_, _ = w.Write(said.Body.Bytes())
}

// runScim serves a directory until standard input ends. It says "ready" and its URL, and answers every line with what it was asked for.
func runScim(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("scim", flag.ExitOnError)
	latency := flags.Duration("latency", 0, "")
	_ = flags.Parse(args) // it exits on an error
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String() + "/scim/v2"
	c := newCatalog(base, *latency)
	server := &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	fmt.Println("ready", base)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		c.mu.Lock()
		counts, err := json.Marshal(c.counts)
		c.mu.Unlock()
		if err != nil {
			return err
		}
		fmt.Println("counts", string(counts))
	}
	return nil
}

// scim is a directory in a process of its own.
type scim struct {
	*child
	url string
}

func (b *bench) startScim(ctx context.Context, latency time.Duration) (*scim, error) {
	c, err := start(ctx, b.dir, "directory", nil, b.self, "scim", "-latency", latency.String())
	if err != nil {
		return nil, err
	}
	at, err := c.answer("ready")
	if err != nil {
		c.end()
		return nil, err
	}
	return &scim{child: c, url: at}, nil
}

// asked is what the directory was asked for until now.
func (s *scim) asked() (requests, error) {
	if _, err := fmt.Fprintln(s.in); err != nil {
		return nil, s.failed(err)
	}
	said, err := s.answer("counts")
	if err != nil {
		return nil, err
	}
	counts := requests{}
	return counts, json.Unmarshal([]byte(said), &counts)
}

// changed waits until so many accounts were changed.
func (s *scim) changed(ctx context.Context, people int) error {
	for {
		counts, err := s.asked()
		if err != nil {
			return err
		}
		if counts["PATCH /Users/id"] >= float64(people) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
