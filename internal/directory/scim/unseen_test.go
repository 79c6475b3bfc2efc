// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// What directories do that the RFC does not forbid, or that it does: a success is believed when it is shown, nobody else's account is
// touched, and nothing is sent for ever.

// odd is a server that answers as it is told, and 404 to the rest.
type odd struct {
	mu  sync.Mutex
	log []string
}

func (o *odd) sent(method string) (bodies []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, line := range o.log {
		if body, ok := strings.CutPrefix(line, method+" "); ok {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

func startOdd(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, body string) bool, change func(*scim.Config)) (*scim.Client, *odd) {
	t.Helper()
	o := &odd{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		o.log = append(o.log, r.Method+" "+string(body))
		o.mu.Unlock()
		if !serve(w, r, string(body)) {
			said(http.StatusNotFound, "", "none")(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return client(t, server.URL, change), o
}

func like(a directory.Account, more string) string {
	return `{"id":"` + a.ID + `","externalId":"` + string(a.UID) + `","userName":"` + a.UserName + `"` + more + `}`
}

func TestDeactivationIsShown(t *testing.T) {
	for why, answer := range map[string]http.HandlerFunc{
		"it shows that it is active": scimtest.Answer(http.StatusOK, like(directorytest.Ada(), `,"active":true`)),
		"a failure called success":   scimtest.Answer(http.StatusOK, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"no"}`),
		"no words":                   scimtest.Answer(http.StatusOK, ``),
		"later":                      scimtest.Answer(http.StatusAccepted, ``),
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			a := directorytest.Ada()
			a.ID = ensure(t, c, a)
			s.Script(nil, answer)
			if err := c.Deactivate(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("Deactivate: %v, want ErrUnavailable", err)
			}
			if err := c.Deactivate(t.Context(), a); err != nil || s.Accounts()[0].Active {
				t.Errorf("Deactivate: %v, and the account is %+v", err, s.Accounts()[0])
			}
		})
	}
}

// There are directories in which every new account is active.
func TestANewAccountIsKeptOut(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	ensure(t, c, directorytest.Grace())
	a := directorytest.Ada()
	a.Active = false
	s.Script(nil, nil, func(w http.ResponseWriter, r *http.Request) {
		id := s.Add(map[string]any{"externalId": string(a.UID), "userName": a.UserName, "active": true})
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"`+id+`","externalId":"`+string(a.UID)+`","userName":"`+a.UserName+`","active":true}`)
		_ = r
	})
	ensure(t, c, a)
	if all := s.Accounts(); len(all) != 2 || all[1].Active {
		t.Errorf("the accounts are %+v", all)
	}
}

// Nobody is missing from a list that is not whole.
func TestListsThatAreNotWhole(t *testing.T) {
	a := directorytest.Ada()
	people := func(from, to int) (all []any) {
		for i := from; i < to; i++ {
			person := map[string]any{"id": fmt.Sprint("p", i), "userName": fmt.Sprintf("p%d@acme.example", i)}
			if i == 150 {
				person = map[string]any{"id": "ada", "userName": a.UserName, "externalId": string(a.UID), "active": true}
			}
			all = append(all, person)
		}
		return all
	}
	for why, tt := range map[string]struct {
		page  func(start, n int) (total int, shown []any)
		found bool
	}{
		"the total is that of the page": {func(start, _ int) (int, []any) {
			shown := people(start-1, min(start+99, 200))
			return len(shown), shown
		}, true},
		"pages overlap": {func(start, _ int) (int, []any) {
			if start == 1 {
				return 200, people(0, 100)
			}
			return 200, people(50, 150)
		}, false},
		"it ends before it is over": {func(start, _ int) (int, []any) {
			if start == 1 {
				return 200, people(0, 100)
			}
			return 200, nil
		}, false},
		"it counts from 0": {func(start, _ int) (int, []any) { return 1, people(150, 151)[min(start, 1):] }, false},
		"it becomes shorter": {func(start, n int) (int, []any) {
			if start == 1 {
				return 300 - n, people(0, 100)
			}
			return 300 - n, people(160, 260)
		}, false},
	} {
		t.Run(why, func(t *testing.T) {
			pages := 0
			c, o := startOdd(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
				switch {
				case r.URL.Path == "/Users/ada":
					_, _ = io.WriteString(w, `{"id":"ada","userName":"x","active":false}`)
				case r.URL.Path != "/Users":
					return false
				case r.URL.Query().Get("filter") != "" && why != "it counts from 0":
					said(http.StatusBadRequest, "invalidFilter", "none")(w, r)
				default:
					pages++
					start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
					total, shown := tt.page(start, pages)
					_ = json.NewEncoder(w).Encode(map[string]any{"totalResults": total, "Resources": slices.Concat([]any{}, shown)})
				}
				return true
			}, nil)
			err := c.Deactivate(t.Context(), a)
			if found := len(o.sent(http.MethodPut)) > 0; found != tt.found || tt.found && err != nil || !tt.found && !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("Deactivate: %v, and it was found: %t", err, found)
			}
			var last error
			for _, err := range c.Accounts(t.Context()) {
				last = err
			}
			if tt.found != (last == nil) {
				t.Errorf("the list ends with %v", last)
			}
		})
	}
}

// One account, or one answer, without an externalId does not have others be made without.
func TestExternalIDIsNotGivenUpEasily(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	a.GivenName = "Augusta"
	s.Script(nil, scimtest.Answer(http.StatusOK, `{"id":"`+a.ID+`","userName":"ada@acme.example"}`))
	ensure(t, c, a)
	s.Change(a.ID, map[string]any{"externalId": nil})
	if err := c.Deactivate(t.Context(), a); err != nil {
		t.Error(err)
	}
	ensure(t, c, directorytest.Grace())
	if got := s.Accounts()[1].ExternalID; got != string(directorytest.Grace().UID) {
		t.Errorf("the externalId of the next is %q", got)
	}
}

// A filter may find nothing although it is there, when what it asks for is not indexed.
func TestDeactivationLooksAsFarAsCreation(t *testing.T) {
	for why, do := range map[string]func(c *scim.Client, a directory.Account) error{
		"deactivated": func(c *scim.Client, a directory.Account) error { return c.Deactivate(t.Context(), a) },
		"deleted":     func(c *scim.Client, a directory.Account) error { return c.Delete(t.Context(), a) },
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			ensure(t, c, directorytest.Ada())
			c = client(t, s.URL(), nil)
			ensure(t, c, directorytest.Grace())
			s.Script(scimtest.Answer(http.StatusOK, `{"totalResults":0,"Resources":[]}`))
			if err := do(c, directorytest.Ada()); err != nil {
				t.Error(err)
			}
			for _, account := range s.Accounts() {
				if account.UserName == directorytest.Ada().UserName && account.Active {
					t.Errorf("it is not %s: %+v", why, account)
				}
			}
		})
	}
}

// A directory that is set up anew may give the same IDs to others.
func TestAnIDOfSomebodyElse(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = s.Add(map[string]any{"userName": "boss@acme.example", "externalId": "somebody-else", "active": true})
	before := asJSON(t, s.Accounts())
	if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrConflict) {
		t.Errorf("Ensure: %v, want ErrConflict", err)
	}
	if err := c.SetPassword(t.Context(), a, password.New(secret)); !errors.Is(err, directory.ErrConflict) {
		t.Errorf("SetPassword: %v, want ErrConflict", err)
	}
	for _, err := range []error{c.Deactivate(t.Context(), a), c.Delete(t.Context(), a)} {
		if err != nil {
			t.Errorf("there is none of Ada's, and yet: %v", err)
		}
	}
	if after := asJSON(t, s.Accounts()); after != before {
		t.Errorf("it was %s, and is %s", before, after)
	}
}

// Both of two accounts of one person are shut, although only one should be there.
func TestBothOfTwoAreShut(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	for _, name := range []string{a.UserName, "ada@old.example"} {
		s.Add(map[string]any{"userName": name, "externalId": string(a.UID), "active": true})
	}
	if err := c.Deactivate(t.Context(), a); err != nil {
		t.Error(err)
	}
	for _, account := range s.Accounts() {
		if account.Active {
			t.Errorf("%s is active", account.UserName)
		}
	}
}

// A replica may show for a moment what was before.
func TestDeactivationAfterAStaleRead(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	s.Script(scimtest.Answer(http.StatusOK, like(a, `,"active":false`)))
	if err := c.Deactivate(t.Context(), a); err != nil || s.Accounts()[0].Active {
		t.Errorf("Deactivate: %v, and the account is %+v", err, s.Accounts()[0])
	}
}

// What a directory says of itself is not believed when something on the way may have said it, and nobody stays because it says nothing.
func TestDiscoveryThatFails(t *testing.T) {
	busy := said(http.StatusForbidden, "", "secondary rate limit", "Retry-After", "30")
	for why, tt := range map[string]struct {
		answers []http.HandlerFunc
		after   time.Duration
		ensures bool
	}{
		"a limit, at the configuration":   {[]http.HandlerFunc{busy}, 30 * time.Second, false},
		"a limit, at the schemas":         {[]http.HandlerFunc{nil, nil, busy}, 30 * time.Second, false},
		"a failure, at the schemas":       {[]http.HandlerFunc{nil, nil, scimtest.Answer(http.StatusInternalServerError, `{}`)}, 0, false},
		"a plain list, of the schemas":    {[]http.HandlerFunc{nil, nil, scimtest.Answer(http.StatusOK, `[{"id":"x"}]`)}, 0, true},
		"no configuration for these eyes": {[]http.HandlerFunc{said(http.StatusForbidden, "", "no")}, 0, true},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			a := full()
			a.ID = ensure(t, c, a)
			c = client(t, s.URL(), nil)
			s.Script(tt.answers...)
			a.Roles = nil
			_, err := c.Ensure(t.Context(), a)
			if after, _ := directory.RetryAfter(err); (err == nil) != tt.ensures || after != tt.after {
				t.Errorf("Ensure: %v, to be tried again after %v", err, after)
			}
			c = client(t, s.URL(), nil)
			s.Script(tt.answers...)
			if err := c.Deactivate(t.Context(), a); err != nil || s.Accounts()[0].Active {
				t.Errorf("Deactivate: %v, and the account is %+v", err, s.Accounts()[0])
			}
		})
	}
}

// Those who are asked for while a directory does not tell what it can do any more go by what it said before.
func TestHangingAfterAnHour(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	a := directorytest.Ada()
	a.ID = "1"
	var mu sync.Mutex
	hangs, asked := false, 0
	c, _ := startOdd(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
		mu.Lock()
		hang := hangs
		if r.URL.Path == "/ServiceProviderConfig" {
			asked++
		}
		mu.Unlock()
		switch {
		case r.URL.Path == "/Users/1":
			_, _ = io.WriteString(w, like(a, `,"active":false`))
		case hang:
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, `{}`)
		}
		return true
	}, func(c *scim.Config) { c.Clock, c.Timeout = clock, 300*time.Millisecond })
	shut := func() error { return c.Deactivate(t.Context(), a) }
	if err := shut(); err != nil {
		t.Fatal(err)
	}
	clock.SetTime(clock.Now().Add(2 * time.Hour))
	mu.Lock()
	hangs, asked = true, 0
	mu.Unlock()
	done := make(chan error, 10)
	for range cap(done) {
		go func() { done <- shut() }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if asked != 1 {
		t.Errorf("it is asked %d times what it can do, want once", asked)
	}
}

// A creation of a group whose answer is lost is not repeated at once: its name does not keep there from being two.
func TestALostGroupIsMadeOnce(t *testing.T) {
	c, o := startOdd(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
		switch {
		case r.URL.Path == "/Groups" && r.Method == http.MethodPost:
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/Groups":
			_, _ = io.WriteString(w, `{"totalResults":0,"Resources":[]}`)
			return true
		}
		return false
	}, nil)
	for range 2 {
		if _, err := c.EnsureGroup(t.Context(), directorytest.Team()); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("EnsureGroup: %v", err)
		}
	}
	if made := o.sent(http.MethodPost); len(made) != 1 {
		t.Errorf("it is made %d times", len(made))
	}
}

// Who is in a group may be told by a reference, and may not be told at all.
func TestMembersThatAreHidden(t *testing.T) {
	g := directorytest.Team("u1")
	g.ID = "g1"
	for why, tt := range map[string]struct {
		shown   string
		patches int
		words   string
	}{
		"an empty list": {`[]`, 1, "does not show who is in a group"},
		"none":          {`null`, 1, "does not show who is in a group"},
		"references":    {`[{"$ref":"https://scim.acme.example/Users/u1","display":"Ada"}]`, 0, ""},
		"one too many":  {`[{"$ref":"https://scim.acme.example/Users/u1"},{"$ref":"../Users/u2"}]`, 4, "somebody else changes it"},
	} {
		t.Run(why, func(t *testing.T) {
			c, o := startOdd(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
				switch {
				case r.URL.Path == "/ServiceProviderConfig":
					_, _ = io.WriteString(w, `{"patch":{"supported":true}}`)
				case r.URL.Path == "/Groups/g1" && r.Method == http.MethodGet:
					_, _ = io.WriteString(w, `{"id":"g1","displayName":"`+g.DisplayName+`","externalId":"`+string(g.UID)+`","members":`+tt.shown+`}`)
				case r.Method == http.MethodPatch:
					w.WriteHeader(http.StatusNoContent)
				default:
					return false
				}
				return true
			}, nil)
			_, err := c.EnsureGroup(t.Context(), g)
			if words := directory.Words(err); (err != nil) != (tt.words != "") || err != nil && !strings.Contains(words, tt.words) {
				t.Errorf("EnsureGroup: %v", err)
			}
			if n := len(o.sent(http.MethodPatch)); n != tt.patches {
				t.Errorf("%d changes were sent, want %d", n, tt.patches)
			}
		})
	}
}

// Not every directory knows how to take one member out, or a path at all.
func TestFormsThatAreRefused(t *testing.T) {
	refused := said(http.StatusBadRequest, "invalidPath", "path is not supported")
	t.Run("active", func(t *testing.T) {
		c, s := start(t, scimtest.Rich(), nil)
		a := directorytest.Ada()
		a.ID = ensure(t, c, a)
		s.Script(nil, refused)
		if err := c.Deactivate(t.Context(), a); err != nil || s.Accounts()[0].Active {
			t.Errorf("Deactivate: %v, and the account is %+v", err, s.Accounts()[0])
		}
	})
	t.Run("members", func(t *testing.T) {
		c, s := start(t, scimtest.Rich(), nil)
		group := directorytest.Team(numbered(3)...)
		group.ID = ensureGroup(t, c, group)
		s.Script(nil, refused)
		group.Members = group.Members[:1]
		ensureGroup(t, c, group)
		wantMembers(t, s, group.Members)
	})
}

// What a directory keeps its own way is sent once, and another value is sent again.
func TestNothingIsSentForEver(t *testing.T) {
	a := directorytest.Ada()
	a.ID, a.Title = "1", "Countess"
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	for why, shown := range map[string]string{
		"an address without a type": `,"active":true,"displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"value":"ada@acme.example"}],"title":"Countess","locale":"en-GB"`,
		"an address alone":          `,"active":true,"displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":["ada@acme.example"],"title":"Countess","locale":"en-GB"`,
		"no active":                 `,"displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"type":"work","value":"ada@acme.example"}],"title":"Countess","locale":"en-GB"`,
		"a title of its own":        `,"active":true,"displayName":"Ada Lovelace","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"type":"work","value":"ada@acme.example"}],"title":"Other","locale":"en-GB"`,
		"no name":                   `,"active":true,"emails":[{"type":"work","value":"ada@acme.example"}],"title":"Countess","locale":"en-GB"`,
	} {
		t.Run(why, func(t *testing.T) {
			c, o := startOdd(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
				switch r.URL.Path {
				case "/ServiceProviderConfig":
					_, _ = io.WriteString(w, `{"patch":{"supported":true}}`)
				case "/Schemas":
					_, _ = io.WriteString(w, `{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"emails"},{"name":"name"},{"name":"displayName"},{"name":"title"},{"name":"locale"}]}]}`)
				case "/Users/1":
					_, _ = io.WriteString(w, like(a, shown))
				case "/Users":
					_, _ = io.WriteString(w, `{"totalResults":1,"Resources":[`+like(a, shown)+`]}`)
				default:
					return false
				}
				return true
			}, func(c *scim.Config) { c.Clock = clock })
			for range 4 {
				ensure(t, c, a)
			}
			sent := len(o.sent(http.MethodPatch))
			if sent > 1 {
				t.Errorf("it is changed %d times", sent)
			}
			if got := directory.KeptOtherwise(c, a); sent == 0 && got != nil || why == "a title of its own" && !slices.Equal(got, []directory.Attribute{directory.Title}) {
				t.Errorf("it is kept otherwise: %v", got)
			}
			for range 2 {
				for found, err := range c.Accounts(t.Context()) {
					if err != nil || len(found.Differs(a)) > 0 {
						t.Errorf("the list: %v, %v", found.Differs(a), err)
					}
				}
				clock.SetTime(clock.Now().Add(2 * time.Hour)) // which does not make it a difference
			}
			other := a
			other.Title = "Duchess"
			if got := directory.KeptOtherwise(c, other); got != nil {
				t.Errorf("before it is sent, another value is kept otherwise: %v", got)
			}
			ensure(t, c, other)
			if got := directory.KeptOtherwise(c, other); !slices.Contains(got, directory.Title) {
				t.Errorf("another value is kept otherwise: %v", got)
			}
			if n := len(o.sent(http.MethodPatch)); n != sent+1 {
				t.Errorf("another value is sent %d times", n-sent)
			}
		})
	}
}

func TestAVersionThatIsNeverRight(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	s.Script(nil, said(http.StatusPreconditionFailed, "", "no"), nil, nil)
	a.GivenName, a.FamilyName = "Augusta", "King"
	ensure(t, c, a)
	all := s.Requests()
	if last := all[len(all)-1]; last.Method != http.MethodPatch || last.IfMatch != "" {
		t.Errorf("the last is %s for the version %q, want it for any", last.Method, last.IfMatch)
	}
	if err := c.Deactivate(t.Context(), a); err != nil {
		t.Error(err)
	}
}

func TestWhereAnAccountIsKept(t *testing.T) {
	for why, tt := range map[string]struct {
		answer http.HandlerFunc
		id     string
	}{
		"it is told how far it is":   {scimtest.Answer(http.StatusAccepted, "", "Location", "https://scim.acme.example/jobs/4711"), ""},
		"it is somewhere else":       {scimtest.Answer(http.StatusCreated, "", "Location", "https://scim.acme.example/jobs/4711"), ""},
		"the answer has no words":    {scimtest.Answer(http.StatusCreated, "", "Location", "https://scim.acme.example/v2/Users/4711"), "4711"},
		"the answer has other words": {scimtest.Answer(http.StatusCreated, `{"ok":true}`, "Location", "/Users/4711"), "4711"},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			ensure(t, c, directorytest.Grace())
			s.Script(nil, nil, tt.answer)
			if id, err := c.Ensure(t.Context(), directorytest.Ada()); id != tt.id || (err == nil) != (tt.id != "") {
				t.Errorf("Ensure: %q, %v", id, err)
			}
		})
	}
}

// The type of a value is written as the directory has it.
func TestTypesInAnotherCase(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	s.Change(a.ID, map[string]any{"emails": []any{map[string]any{"type": "Work", "value": a.UserName}, map[string]any{"type": "home", "value": "a@home.example"}}})
	a.UserName = "king@acme.example"
	ensure(t, c, a)
	want := []string{`{"op":"replace","path":"userName","value":"king@acme.example"}`, `{"op":"replace","path":"emails[type eq \"Work\"].value","value":"king@acme.example"}`}
	if diff := cmp.Diff(want, operations(t, s)); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

// That a directory keeps no externalId is known for longer than what it says of itself, and no difference for whoever only looks.
func TestWithoutExternalIDForLong(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c, _ := start(t, profile(func(p *scimtest.Profile) { p.IgnoreExternalID = true }), func(c *scim.Config) { c.Clock = clock })
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	for range 3 {
		clock.SetTime(clock.Now().Add(2 * time.Hour))
		for found, err := range c.Accounts(t.Context()) {
			if err != nil || len(found.Differs(a)) > 0 {
				t.Errorf("the list: %v, %v", found.Differs(a), err)
			}
		}
	}
}

// Where accounts are nobody's, one that has the name may be that of another person of ours.
func TestNobodysAccountsAreNotAdopted(t *testing.T) {
	c, s := start(t, profile(func(p *scimtest.Profile) { p.IgnoreExternalID = true }), func(c *scim.Config) { c.Adopt = true })
	a, b := directorytest.Ada(), directorytest.Grace()
	a.ID = ensure(t, c, a)
	b.UserName = a.UserName
	if id, err := c.Ensure(t.Context(), b); !errors.Is(err, directory.ErrConflict) {
		t.Errorf("Ensure: %q, %v; want ErrConflict", id, err)
	}
	if got := s.Accounts()[0].Attributes["displayName"]; got != a.Display() {
		t.Errorf("the account is %v's by now", got)
	}
}

func TestPasswordsAreNotQuotedInAnyForm(t *testing.T) {
	for _, chosen := range []string{`corr&ct-horse-"battery`, `ends with "`, "<violets>"} {
		c, s := start(t, scimtest.Rich(), nil)
		a := directorytest.Ada()
		a.ID = ensure(t, c, a)
		s.Script(nil, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			said(http.StatusBadRequest, "invalidValue", "cannot take "+string(body))(w, r)
		})
		err := c.SetPassword(t.Context(), a, password.New(chosen))
		if words := directory.Words(err); !errors.Is(err, directory.ErrRejected) || words != "" {
			t.Errorf("SetPassword: %q, %v", words, err)
		}
	}
}

// What was given up may be done later: it is shut even if it shows that it is, so that what comes late is for a version that is gone.
func TestAnActivationThatComesLate(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.Active = false
	a.ID = ensure(t, c, a)
	var late *http.Request
	s.Script(nil, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		late = r.Clone(t.Context())
		late.Body, late.RequestURI = io.NopCloser(strings.NewReader(string(body))), ""
		panic(http.ErrAbortHandler)
	})
	a.Active = true
	if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatalf("Ensure: %v", err)
	}
	if err := c.Deactivate(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(s.URL())
	late.URL.Scheme, late.URL.Host = at.Scheme, at.Host
	res, err := http.DefaultClient.Do(late)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusPreconditionFailed || s.Accounts()[0].Active {
		t.Errorf("what came late was answered %d, and the account is %+v", res.StatusCode, s.Accounts()[0])
	}
}
