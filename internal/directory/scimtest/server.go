// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scimtest is a directory for tests that speaks SCIM 2.0 over HTTP, as well or as badly as a test wants it to.
package scimtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Filter is which filters a directory knows.
type Filter string

// The filters.
const (
	FilterFull    Filter = ""        // eq, ne, co, sw, ew, pr and and
	FilterEq      Filter = "eq"      // eq alone
	FilterNone    Filter = "none"    // any is refused
	FilterIgnored Filter = "ignored" // any gives everything
)

// Profile is what a directory is like. The zero value is one that can do little, and does it well.
type Profile struct {
	Name string
	// Patch and ETag say that it knows PATCH, and If-Match. Lies says that its configuration claims the contrary.
	Patch, ETag, Lies bool
	Filter            Filter
	// Discovery says that it describes itself; Enterprise that it has the extension.
	Discovery, Enterprise bool
	// Bulk is how many operations it takes at once, 0 when none.
	Bulk int
	// MaxPage is how many it shows on a page, 0 for as many as it is asked for.
	MaxPage int
	// IgnorePaging has all on every page; IgnoreStart has the first page every time.
	IgnorePaging, IgnoreStart bool
	// CaseCounts has filters tell upper and lower case apart, though names do not.
	CaseCounts bool
	// OtherCase writes the names of attributes in another case.
	OtherCase bool
	// Terse leaves out what a client can do without: schemas, meta, totalResults, bodies of answers to PATCH and PUT.
	Terse bool
	// IgnoreExternalID keeps no externalId.
	IgnoreExternalID bool
	// Nested takes groups as members of groups, and says so.
	Nested bool
	// BriefLists leave out what is long, or of no use to most: members and nickName.
	BriefLists bool
	// Lag is how many requests something new is not shown for, though its name is taken at once.
	Lag int
}

// Rich is a directory that can do what the RFC has.
func Rich() Profile {
	return Profile{Name: "rich", Patch: true, ETag: true, Discovery: true, Enterprise: true, Nested: true, MaxPage: 100}
}

// Strict is a directory that does what the RFC demands, and often less.
func Strict() Profile {
	return Profile{Name: "strict", Filter: FilterEq, OtherCase: true, Terse: true}
}

// Profiles are Rich, Strict and what is odd in between.
func Profiles() []Profile {
	change := func(p Profile, name string, change func(*Profile)) Profile {
		p.Name = name
		change(&p)
		return p
	}
	return []Profile{
		Rich(), Strict(),
		change(Rich(), "PUT alone", func(p *Profile) { p.Patch = false }),
		change(Rich(), "PUT alone without saying so", func(p *Profile) { p.Patch, p.Lies = false, true }),
		change(Rich(), "in bulk", func(p *Profile) { p.Bulk = 1000 }),
		change(Rich(), "PATCH without ETag", func(p *Profile) { p.ETag = false }),
		change(Rich(), "other case", func(p *Profile) { p.OtherCase, p.Terse = true, true }),
		change(Rich(), "case counts in filters", func(p *Profile) { p.CaseCounts = true }),
		change(Strict(), "no filter", func(p *Profile) { p.Filter, p.MaxPage = FilterNone, 40 }),
		change(Rich(), "filter ignored", func(p *Profile) { p.Filter, p.MaxPage = FilterIgnored, 40 }),
		change(Rich(), "no groups in groups, brief lists", func(p *Profile) { p.Nested, p.BriefLists = false, true }),
		change(Rich(), "PUT alone, brief lists", func(p *Profile) { p.Patch, p.BriefLists = false, true }),
		change(Strict(), "no pages", func(p *Profile) { p.Filter, p.IgnorePaging = FilterNone, true }),
	}
}

// Token is the bearer token that a server takes.
const Token = "scimtest-token-5f1c" //nolint:gosec // of tests

// Request is what a server was asked.
type Request struct{ Method, Path, Query, Body, IfMatch, Authorization string }

// Server is a directory. Its methods may be called from any goroutine.
type Server struct {
	profile Profile
	server  *httptest.Server
	base    string
	forgets bool // what it was asked
	ended   chan struct{}

	mu            sync.Mutex
	users, groups *store
	requests      []Request
	arrived       int
	passwords     map[string]string // by ID
	rejected      map[string]string // words by externalId
	scripted      []http.HandlerFunc
	chance        *rand.Rand
	rate          float64
	hanging       bool
	outages, lost int
	tokens        map[string]bool
}

// New starts a server on the loopback interface.
func New(p Profile) *Server {
	s := empty(p)
	s.server = httptest.NewUnstartedServer(s)
	// Go's client repeats by itself a GET that was lost on a connection that was not new. That hides it from the test.
	s.server.Config.SetKeepAlivesEnabled(false)
	s.server.Start()
	s.base = s.server.URL + "/scim/v2"
	return s
}

func empty(p Profile) *Server {
	return &Server{
		profile: p, ended: make(chan struct{}), passwords: map[string]string{}, rejected: map[string]string{}, tokens: map[string]bool{Token: true},
		users:  &store{path: "/Users", core: "urn:ietf:params:scim:schemas:core:2.0:User", name: "userName", unique: true},
		groups: &store{path: "/Groups", core: "urn:ietf:params:scim:schemas:core:2.0:Group", name: "displayName", unique: true},
	}
}

// URL is the base of the endpoints.
func (s *Server) URL() string { return s.base }

// Close ends the server, and whatever hangs.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
	s.mu.Unlock()
	s.server.CloseClientConnections()
	s.server.Close()
}

// Chaos has a part of the requests fail, between 0 and 1, in every way that there is: refused, lost on the way there, or on the
// way back.
func (s *Server) Chaos(seed uint64, rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chance, s.rate = rand.New(rand.NewPCG(seed, seed)), rate //nolint:gosec // the same faults for the same seed
}

// Script has these answer the next requests, one each; nil stands for what would be answered anyway.
func (s *Server) Script(answers ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripted = append(s.scripted, answers...)
}

// Lose carries out a request, and ends the connection without an answer. It is for Script.
func (s *Server) Lose(_ http.ResponseWriter, r *http.Request) {
	s.carryOut(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Reset ends the connection of a request that is not carried out. It is for Script.
func Reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Answer gives an answer of another making. It is for Script.
func Answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Reject refuses every password of the account with these words, for good.
func (s *Server) Reject(externalID, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected[externalID] = words
}

// Unavailable has the next n requests find a directory that asks to come back.
func (s *Server) Unavailable(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = n
}

// Hang leaves every request without an answer, to the end of the server.
func (s *Server) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging = true
}

// LoseChange has the next request that is no GET be carried out, and the connection end without an answer.
func (s *Server) LoseChange() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost++
}

// Tokens are what the server takes from now on.
func (s *Server) Tokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]bool{}
	for _, token := range tokens {
		s.tokens[token] = true
	}
}

// Requests returns what was asked, in its order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Counts returns how many requests there were, by method and endpoint, as in "GET /Users", and forgets them.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for _, r := range s.requests {
		end := strings.IndexByte(r.Path[1:], '/') + 1
		if end == 0 {
			end = len(r.Path)
		}
		counts[r.Method+" "+r.Path[:end]]++
	}
	s.requests = nil
	return counts
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/scim/v2")
	switch fault := s.arrive(r, string(body)); {
	case fault != nil:
		fault(w, r)
	default:
		s.carryOut(w, r)
	}
}

// record notes what was asked, for Requests and Counts.
func (s *Server) record(r *http.Request, body string) {
	if !s.forgets {
		s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.Query().Get("filter"), body, r.Header.Get("If-Match"), r.Header.Get("Authorization")})
	}
}

// arrive notes a request, and says what goes wrong with it.
func (s *Server) arrive(r *http.Request, body string) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived++
	s.record(r, body)
	switch {
	case s.hanging:
		return func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-s.ended:
			case <-r.Context().Done():
			}
		}
	case s.outages > 0:
		s.outages--
		return errorAnswer(http.StatusServiceUnavailable, "", "The directory is down for maintenance.", "Retry-After", "7")
	case s.lost > 0 && r.Method != http.MethodGet && (s.profile.Patch || r.Method != http.MethodPatch):
		s.lost--
		return s.Lose
	case len(s.scripted) > 0:
		next := s.scripted[0]
		s.scripted = s.scripted[1:]
		return next
	case s.rate > 0 && s.chance.Float64() < s.rate:
		faults := []http.HandlerFunc{
			Reset, s.Lose, s.Lose, Answer(http.StatusBadGateway, "<html>Bad gateway</html>", "Content-Type", "text/html"),
			errorAnswer(http.StatusTooManyRequests, "", "Slow down.", "Retry-After", "1"), errorAnswer(http.StatusInternalServerError, "", "Oh no."),
			Answer(http.StatusOK, "<html>Sign in</html>", "Content-Type", "text/html"), Answer(http.StatusOK, `{"id":"`),
		}
		return faults[s.chance.IntN(len(faults))]
	}
	return nil
}

func errorAnswer(status int, scimType, detail string, header ...string) http.HandlerFunc {
	said := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": fmt.Sprint(status), "detail": detail}
	if scimType != "" {
		said["scimType"] = scimType
	}
	body, _ := json.Marshal(said) //nolint:errchkjson // these are texts
	return Answer(status, string(body), append(header, "Content-Type", "application/scim+json")...)
}

// Account is an account as the server has it.
type Account struct {
	ID, ExternalID, UserName, Password string
	Active                             bool
	// Attributes are all of them, under the names of the RFC.
	Attributes map[string]any
}

// Accounts returns the accounts that there are, in the order in which they were made.
func (s *Server) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Account
	for _, o := range s.users.all {
		a := Account{ID: o.id, Password: s.passwords[o.id], Attributes: clone(o.data)}
		a.ExternalID, _ = o.data["externalId"].(string)
		a.UserName, _ = o.data["userName"].(string)
		active, said := o.data["active"].(bool)
		a.Active = active || !said
		all = append(all, a)
	}
	return all
}

// Groups returns the groups that there are, under the names of the RFC, in the order in which they were made.
func (s *Server) Groups() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []map[string]any
	for _, o := range s.groups.all {
		g := clone(o.data)
		g["id"] = o.id
		all = append(all, g)
	}
	return all
}

// Add makes an account as somebody else would, and returns its ID.
func (s *Server) Add(attributes map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users.add(fromGo(attributes), 0).id
}

// AddGroup makes a group as somebody else would, and returns its ID.
func (s *Server) AddGroup(attributes map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.groups.add(fromGo(attributes), 0).id
}

// Change changes an account or a group as somebody else would; nil takes an attribute away.
func (s *Server) Change(id string, attributes map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, all := range []*store{s.users, s.groups} {
		if o := all.find(id); o != nil {
			maps.Copy(o.data, fromGo(attributes))
			maps.DeleteFunc(o.data, func(_ string, v any) bool { return v == nil })
			o.version++
		}
	}
}

// Remove takes an account or a group away as somebody else would.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users.remove(id)
	s.groups.remove(id)
}

// clone copies JSON. Numbers stay as they are written.
func clone(data map[string]any) map[string]any {
	copied, _ := renamed(data, func(k string) string { return k }).(map[string]any)
	return copied
}

// fromGo is what a client would have written.
func fromGo(data map[string]any) map[string]any {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	written, err := decode(b)
	if err != nil {
		panic(err)
	}
	return written
}

func decode(b []byte) (data map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	err = decoder.Decode(&data)
	return data, err
}
