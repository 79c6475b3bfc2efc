// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
)

type outcome struct {
	Is    string
	After time.Duration
	Words string
}

func outcomeOf(err error) outcome {
	o := outcome{Is: "nothing", Words: directory.Words(err)}
	for name, kind := range map[string]error{"rejected": directory.ErrRejected, "conflict": directory.ErrConflict, "unavailable": directory.ErrUnavailable} {
		if errors.Is(err, kind) {
			o.Is = name
		}
	}
	o.After, _ = directory.RetryAfter(err)
	return o
}

func said(status int, scimType, detail string, header ...string) http.HandlerFunc {
	return scimtest.Answer(status, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":%q,"detail":%q,"status":"%d"}`, scimType, detail, status), header...)
}

const html = "<html><title>Sign in</title></html>"

// at is which request it happens to: the first reads the account, the second changes it.
func TestOddAnswers(t *testing.T) {
	const reading, writing = 0, 1
	noServer := "the answer is not JSON: something that is not a SCIM server may have given it"
	credentials := "the directory does not accept the credentials, or they may not do this: "
	for why, tt := range map[string]struct {
		at     int
		answer http.HandlerFunc
		want   outcome
	}{
		"a rejection":                 {writing, said(400, "invalidValue", "The locale is unknown."), outcome{"rejected", 0, "The locale is unknown."}},
		"a rejection without words":   {writing, said(400, "mutability", ""), outcome{"rejected", 0, "mutability"}},
		"a rejection, unprocessable":  {writing, said(422, "", "No."), outcome{"rejected", 0, "No."}},
		"a proxy's 400":               {writing, scimtest.Answer(400, html), outcome{"unavailable", 0, "HTTP status 400 Bad Request"}},
		"a gateway's 400 in JSON":     {writing, scimtest.Answer(400, `{"message":"bad"}`), outcome{"unavailable", 0, "HTTP status 400 Bad Request"}},
		"too large":                   {writing, scimtest.Answer(413, ""), outcome{"rejected", 0, "HTTP status 413 Request Entity Too Large"}},
		"a conflict":                  {writing, said(409, "uniqueness", "Taken."), outcome{"conflict", 0, "another account with the user name ada@acme.example is there already: Taken."}},
		"wrong credentials":           {reading, said(401, "", "Who?"), outcome{"unavailable", 0, credentials + "Who?"}},
		"credentials quoted":          {reading, said(401, "", "Bearer "+scimtest.Token+" is not known"), outcome{"unavailable", 0, credentials + "Bearer (credentials) is not known"}},
		"no right to write":           {writing, scimtest.Answer(403, html), outcome{"unavailable", 0, credentials + "HTTP status 403 Forbidden"}},
		"slow down":                   {reading, said(429, "", "Slow down.", "Retry-After", "9"), outcome{"unavailable", 9 * time.Second, "Slow down."}},
		"slow down, at no time":       {reading, said(429, "", "Slow down.", "Retry-After", "soon"), outcome{"unavailable", 0, "Slow down."}},
		"slow down, for ever":         {reading, said(429, "", "Slow down.", "Retry-After", "9223372036854775807"), outcome{"unavailable", time.Hour, "Slow down."}},
		"slow down, until before":     {reading, said(429, "", "Slow down.", "Retry-After", "-3"), outcome{"unavailable", 0, "Slow down."}},
		"maintenance until a time":    {writing, said(503, "", "Down.", "Retry-After", "Sun, 01 Mar 2026 09:02:00 GMT", "Date", "Sun, 01 Mar 2026 09:00:00 GMT"), outcome{"unavailable", 2 * time.Minute, "Down."}},
		"a crash":                     {writing, said(500, "", "Oh no."), outcome{"unavailable", 0, "Oh no."}},
		"a proxy's crash":             {reading, scimtest.Answer(502, html), outcome{"unavailable", 0, "HTTP status 502 Bad Gateway"}},
		"a connection that is cut":    {writing, scimtest.Reset, outcome{"unavailable", 0, "the connection ended without an answer"}},
		"a page instead of JSON":      {reading, scimtest.Answer(200, html), outcome{"unavailable", 0, noServer}},
		"half an answer":              {reading, scimtest.Answer(200, `{"id":"u`), outcome{"unavailable", 0, noServer}},
		"less than was promised":      {reading, scimtest.Answer(200, `{}`, "Content-Length", "900"), outcome{"unavailable", 0, "the connection ended without an answer"}},
		"nothing":                     {reading, scimtest.Answer(200, ""), outcome{"unavailable", 0, noServer}},
		"null":                        {reading, scimtest.Answer(200, "null"), outcome{"unavailable", 0, noServer}},
		"without end":                 {reading, scimtest.Answer(200, strings.Repeat(" ", 65<<20)), outcome{"unavailable", 0, "the answer is longer than 64 MiB"}},
		"a list":                      {reading, scimtest.Answer(200, "[]"), outcome{"unavailable", 0, noServer}},
		"anything in JSON":            {reading, scimtest.Answer(200, `{"ok":true}`), outcome{"unavailable", 0, "the answer is not the account that was asked for: something that is not a SCIM server may have given it"}},
		"another account":             {reading, scimtest.Answer(200, `{"id":"x","userName":"x"}`), outcome{"unavailable", 0, "the answer is not the account that was asked for: something that is not a SCIM server may have given it"}},
		"a proxy's 404":               {reading, scimtest.Answer(404, html), outcome{"unavailable", 0, "HTTP status 404 Not Found"}},
		"a redirect":                  {reading, scimtest.Answer(302, "", "Location", "https://elsewhere.example/"), outcome{"unavailable", 0, "the directory redirects, which is not followed because of the credentials: correct its URL: HTTP status 302 Found"}},
		"a redirect of a change":      {writing, scimtest.Answer(303, "", "Location", "/scim/v2/Users"), outcome{"unavailable", 0, "the directory redirects, which is not followed because of the credentials: correct its URL: HTTP status 303 See Other"}},
		"a change is not implemented": {writing, scimtest.Answer(501, ""), outcome{"nothing", 0, ""}}, // by PATCH, so it is done with PUT
		"an answer without content":   {writing, scimtest.Answer(204, ""), outcome{"nothing", 0, ""}},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			a := directorytest.Ada()
			a.ID = ensure(t, c, a)
			a.GivenName = "Augusta"
			s.Script(append(make([]http.HandlerFunc, tt.at), tt.answer)...)
			_, err := c.Ensure(t.Context(), a)
			if diff := cmp.Diff(tt.want, outcomeOf(err)); diff != "" {
				t.Errorf("Ensure: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Who leaves must not stay signed in because a proxy has no such page.
func TestOddAnswersAreNoProofThatAnAccountIsGone(t *testing.T) {
	list := func(body string) http.HandlerFunc { return scimtest.Answer(200, body) }
	gone := said(404, "", "There is none.")
	for why, answers := range map[string][]http.HandlerFunc{
		"a proxy's 404":           {scimtest.Answer(404, html)},
		"a gateway's 404":         {scimtest.Answer(404, `{"message":"no route"}`), scimtest.Answer(404, `{"message":"no route"}`)},
		"a list that is none":     {gone, list(`{}`)},
		"a list without accounts": {gone, list(`{"totalResults":7}`)},
		"accounts without an ID":  {gone, list(`{"totalResults":1,"Resources":[{"userName":"ada@acme.example"}]}`)},
		"the first page for ever": {gone, list(`{"totalResults":2,"Resources":[{"id":"7"}]}`), list(`{"totalResults":2,"Resources":[{"id":"7"}]}`)},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			a := directorytest.Ada()
			a.ID = ensure(t, c, a)
			for method, call := range map[string]func() error{
				"Deactivate": func() error { return c.Deactivate(t.Context(), a) },
				"Delete":     func() error { return c.Delete(t.Context(), a) },
			} {
				s.Script(answers...)
				if err := call(); !errors.Is(err, directory.ErrUnavailable) {
					t.Errorf("%s: %v, want ErrUnavailable", method, err)
				}
			}
		})
	}
}

func TestCreationsWithOddAnswers(t *testing.T) {
	for why, tt := range map[string]struct {
		change func(s *scimtest.Server, w http.ResponseWriter)
		want   string
	}{
		"says where it is alone": {func(_ *scimtest.Server, w http.ResponseWriter) {
			w.Header().Set("Location", "https://scim.acme.example/Users/users-1")
			w.WriteHeader(http.StatusCreated)
		}, ""},
		"says nothing at all": {func(_ *scimtest.Server, w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) }, "does not say what it calls it"},
		"has made it and says that it is there": {func(_ *scimtest.Server, w http.ResponseWriter) {
			said(409, "uniqueness", "There is one.")(w, nil)
		}, ""},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			ensure(t, c, directorytest.Grace())
			s.Remove(s.Accounts()[0].ID)
			a := directorytest.Ada()
			s.Script(nil, nil, func(w http.ResponseWriter, _ *http.Request) {
				s.Add(map[string]any{"userName": a.UserName, "externalId": string(a.UID), "active": true})
				tt.change(s, w)
			})
			_, err := c.Ensure(t.Context(), a)
			if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(directory.Words(err), tt.want) {
				t.Errorf("Ensure: %v, want %q", err, tt.want)
			}
			if _, err := c.Ensure(t.Context(), a); err != nil || len(s.Accounts()) != 1 {
				t.Errorf("Ensure again: %v, and there are %d accounts", err, len(s.Accounts()))
			}
		})
	}
}

// An answer may quote what it was given.
func TestNoErrorHoldsAPassword(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	for _, status := range []int{400, 401, 409, 429, 500} {
		s.Script(nil, said(status, "", "cannot take "+secret, "Retry-After", "5"))
		err := c.SetPassword(t.Context(), a, password.New(secret))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("status %d: %v", status, err)
		}
		if after, _ := directory.RetryAfter(err); status == 429 && after != 5*time.Second {
			t.Errorf("status %d: to be asked again after %v, want 5s", status, after)
		}
	}
}

func TestAddressesAreNotInErrors(t *testing.T) {
	s := scimtest.New(scimtest.Rich())
	c := client(t, s.URL(), nil)
	ensure(t, c, directorytest.Grace())
	s.Close()
	if _, err := c.Ensure(t.Context(), directorytest.Ada()); err == nil || strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), "/Users") {
		t.Errorf("Ensure: %v", err)
	}
}

// A directory that says that it takes no passwords would take one in silence, and whoever chose it could not sign in.
func TestNoPasswords(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	s.Script(scimtest.Answer(200, `{"changePassword":{"supported":false}}`))
	if err := c.SetPassword(t.Context(), directorytest.Ada(), password.New(secret)); !errors.Is(err, directory.ErrRejected) || len(s.Accounts()) != 0 {
		t.Errorf("SetPassword: %v, and there are %d accounts", err, len(s.Accounts()))
	}
}

func TestFeaturesAreReadAgain(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) { config.Clock = clock })
	a := directorytest.Ada()
	reads := func() int { return s.Counts()["GET /Schemas"] }
	steps := []struct {
		why   string
		after time.Duration
		do    func()
		want  int
	}{
		{"it begins", 0, nil, 1},
		{"they are known", 59 * time.Minute, nil, 0},
		{"an hour has passed", time.Minute, nil, 1},
		{"an operation that they allow is refused, at once", 0, func() { s.Script(nil, said(400, "invalidPath", "What?")) }, 0},
		{"it had not been refused right after they were read", 0, nil, 0},
		{"an operation that they allow is refused", 2 * time.Minute, func() { s.Script(nil, said(400, "invalidPath", "What?")) }, 0},
		{"it was refused", 0, nil, 1},
		{"they cannot be read: what was known is used", 2 * time.Hour, func() { s.Script(scimtest.Reset) }, 0},
		{"a minute is not over", 59 * time.Second, nil, 0},
		{"they can again", time.Second, nil, 1},
	}
	for i, step := range steps {
		clock.SetTime(clock.Now().Add(step.after))
		if step.do != nil {
			step.do()
		}
		a.GivenName = fmt.Sprint("Ada", i)
		_, _ = c.Ensure(t.Context(), a)
		if got := reads(); got != step.want {
			t.Errorf("%s: the schemas are read %d times, want %d", step.why, got, step.want)
		}
	}
	if got := asJSON(t, s.Accounts()[0].Attributes); !strings.Contains(got, "Ada9") {
		t.Errorf("the account: %s", got)
	}
}

// A budget is for all requests; who would wait for a turn longer than there is time is told so at once.
func TestBudget(t *testing.T) {
	const perSecond = 0.001 // and one at once
	budget := directory.NewBudget(perSecond, clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)))
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) { config.Budget = budget })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.Ensure(ctx, directorytest.Ada()); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("Ensure: %v, want ErrUnavailable", err)
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// A pause that one request is told of holds for all, of other clients as well, and for what gives out tokens.
func TestPause(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	budget := directory.NewBudget(0, clock)
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) { config.Budget = budget })
	other, err := scim.New(scim.Config{URL: s.URL(), Credentials: scim.Credentials{Bearer: password.New(scimtest.Token)}, Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	s.Script(said(429, "", "Slow down.", "Retry-After", "60"))
	if err := c.Deactivate(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatal(err)
	}
	asked := len(s.Requests())
	clock.SetTime(clock.Now().Add(20 * time.Second))
	for _, client := range []*scim.Client{c, other} {
		if got, want := outcomeOf(client.Deactivate(t.Context(), a)), (outcome{"unavailable", 40 * time.Second, "Slow down."}); got != want {
			t.Errorf("meanwhile: %+v, want %+v", got, want)
		}
	}
	if n := len(s.Requests()) - asked; n != 0 {
		t.Errorf("meanwhile the directory is asked %d times", n)
	}
	clock.SetTime(clock.Now().Add(40 * time.Second))
	if err := other.Deactivate(t.Context(), a); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Whatever goes wrong and in whatever order things are asked for, in the end everything is as it was asked for last.
func TestItConverges(t *testing.T) {
	profiles := scimtest.Profiles()
	rapid.Check(t, func(r *rapid.T) {
		p := rapid.SampledFrom(profiles).Draw(r, "profile")
		p.Lag = rapid.SampledFrom([]int{0, 0, 5}).Draw(r, "lag")
		s := scimtest.New(p)
		defer s.Close()
		clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
		config := scim.Config{URL: s.URL(), Credentials: scim.Credentials{Bearer: password.New(scimtest.Token)}, Clock: clock}
		c, err := scim.New(config)
		if err != nil {
			r.Fatal(err)
		}
		defer c.Close()
		s.Chaos(rapid.Uint64().Draw(r, "seed"), 0.3)
		wanted := map[string]directory.Account{}
		converge := func(a directory.Account, do func() error) {
			for n := 0; ; n++ {
				err := do()
				if err == nil {
					return
				}
				if n > 200 || !errors.Is(err, directory.ErrUnavailable) && !errors.Is(err, directory.ErrConflict) {
					r.Fatalf("%s, %d times: %v", a.UID, n, err)
				}
				clock.SetTime(clock.Now().Add(10 * time.Second))
			}
		}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			who := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "who")
			a, known := wanted[who]
			a.UID = types.UID("uid-" + who)
			a.UserName = who + rapid.SampledFrom([]string{"1", "2"}).Draw(r, "name") + "@acme.example"
			a.GivenName = rapid.SampledFrom([]string{"", "Ada", "Augusta"}).Draw(r, "given name")
			a.Active = rapid.Bool().Draw(r, "active")
			switch rapid.SampledFrom([]string{"ensure", "ensure", "deactivate", "restart"}).Draw(r, "do") {
			case "ensure":
				converge(a, func() error {
					id, err := c.Ensure(t.Context(), a)
					if err == nil && rapid.Bool().Draw(r, "keeps the ID") {
						a.ID = id
					}
					return err
				})
				wanted[who] = a
			case "deactivate":
				converge(a, func() error { return c.Deactivate(t.Context(), a) })
				if known {
					a = wanted[who]
					a.Active = false
					wanted[who] = a
				}
			case "restart":
				// A person who is renamed after a restart, before the directory shows what was made before it, whose ID the caller
				// has lost as well, is made twice: nothing is left that knows.
				for range p.Lag {
					_ = c.Deactivate(t.Context(), directorytest.Grace()) // who has no account: this is a request or two
				}
				if c, err = scim.New(config); err != nil {
					r.Fatal(err)
				}
			}
		}
		wantExactly(r, s, wanted)
	})
}

func wantExactly(r *rapid.T, s *scimtest.Server, wanted map[string]directory.Account) {
	type is struct {
		Name   string
		Active bool
	}
	want, got := map[string]is{}, map[string]is{}
	for _, a := range wanted {
		want[string(a.UID)] = is{a.UserName, a.Active}
	}
	for _, a := range s.Accounts() {
		if _, twice := got[a.ExternalID]; twice {
			r.Errorf("there are two accounts of %s", a.ExternalID)
		}
		got[a.ExternalID] = is{a.UserName, a.Active}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("the accounts (-want +got):\n%s", diff)
	}
}

// A directory that hangs holds up all who ask for the first time once, and not one after the other.
func TestHangingBeforeAnythingIsKnown(t *testing.T) {
	c, s := start(t, scimtest.Rich(), func(c *scim.Config) { c.Timeout = 200 * time.Millisecond })
	const many = 8
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for range many {
		s.Script(hang)
	}
	failed := make(chan error, many)
	for i := range many {
		go func() {
			a := directorytest.Ada()
			a.UID += types.UID(strconv.Itoa(i))
			_, err := c.Ensure(t.Context(), a)
			failed <- err
		}()
	}
	for range many {
		if err := <-failed; !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("Ensure: %v, want ErrUnavailable", err)
		}
	}
	if n := s.Counts()["GET /ServiceProviderConfig"]; n == many {
		t.Errorf("each of %d waits for itself", n)
	}
}
