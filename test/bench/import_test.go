// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// The bare client is a floor only while it has the server check everybody and then keep everybody.
func TestBareClientAppliesEverybodyTwice(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Spec struct{ Email, Organization string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		asked[fmt.Sprintf("%s %s %s %s", r.Method, r.URL.Query().Get("dryRun"), r.Header.Get("Content-Type"), body.Spec.Organization)]++
		asked[body.Spec.Email]++
	}))
	t.Cleanup(server.Close)
	s, err := newSheet(t.TempDir(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.apply(t.Context(), &wire{client: server.Client(), host: server.URL}, "acme", 20, 4); err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]int{
		"POST All application/json acme": 20, "POST  application/json acme": 20, personName(7) + "@acme.example": 2,
	} {
		if asked[request] != want {
			t.Errorf("%q was asked %d times, want %d: %v", request, asked[request], want, asked)
		}
	}
}

func TestImportIsCompared(t *testing.T) {
	same := requests{createUsers: 2}
	im := Import{People: 100, Plugin: Applied{Seconds: 13, Requests: same}, Bare: Applied{Seconds: 10, Requests: same}, Ratio: 1.3, AtOnce: 16}
	if err := im.comparable(); err != nil {
		t.Error(err)
	}
	var out strings.Builder
	im.print(&out)
	for _, want := range []string{"import: a spreadsheet of 100 people is applied", "1.30   the target of 1.25 is missed", "requests per person: POST users"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	im.Bare.Requests = requests{createUsers: 1}
	if err := im.comparable(); err == nil {
		t.Error("a client that makes half of the requests is taken for a floor")
	}
}
