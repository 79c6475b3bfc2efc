// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
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

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	secret     = "a long walk at dawn" //nolint:gosec // of a test
)

// full has everything that an account can have.
func full() directory.Account {
	a := directorytest.Ada()
	a.Title, a.WorkPhone, a.MobilePhone, a.TimeZone, a.EmployeeNumber = "Countess", "+44 20 7946 0000", "+44 7700 900000", "Europe/London", "E-1042"
	a.ManagerID, a.Roles, a.Entitlements = "users-77", []string{"analyst", "auditor"}, []string{"basic", "pro"}
	return a
}

func ensure(t *testing.T, c *scim.Client, a directory.Account) string {
	t.Helper()
	id, err := c.Ensure(t.Context(), a)
	if err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	return id
}

func profile(change func(*scimtest.Profile)) scimtest.Profile {
	p := scimtest.Rich()
	change(&p)
	return p
}

func TestAttributes(t *testing.T) {
	everything := map[string]any{
		"userName": "ada@acme.example", "externalId": string(full().UID), "displayName": "Ada Lovelace", "active": true,
		"name":   map[string]any{"givenName": "Ada", "familyName": "Lovelace"},
		"emails": []any{map[string]any{"type": "work", "value": "ada@acme.example", "primary": true}},
		"title":  "Countess", "locale": "en-GB", "timezone": "Europe/London",
		"phoneNumbers": []any{map[string]any{"type": "work", "value": "+44 20 7946 0000"}, map[string]any{"type": "mobile", "value": "+44 7700 900000"}},
		"roles":        []any{map[string]any{"value": "analyst"}, map[string]any{"value": "auditor"}},
		"entitlements": []any{map[string]any{"value": "basic", "type": "seat"}, map[string]any{"value": "pro", "type": "seat"}},
		enterprise:     map[string]any{"employeeNumber": "E-1042", "manager": map[string]any{"value": "users-77"}},
	}
	without := func(names ...string) map[string]any {
		some := map[string]any{}
		for name, value := range everything {
			if !slices.Contains(names, name) {
				some[name] = value
			}
		}
		return some
	}
	for why, tt := range map[string]struct {
		profile scimtest.Profile
		want    map[string]any
	}{
		"with PATCH":            {scimtest.Rich(), everything},
		"with PUT":              {profile(func(p *scimtest.Profile) { p.Patch = false }), everything},
		"without the extension": {profile(func(p *scimtest.Profile) { p.Enterprise = false }), without(enterprise)},
		"without a schema":      {scimtest.Strict(), without(enterprise, "title", "locale", "timezone", "phoneNumbers", "roles", "entitlements")},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, tt.profile, nil)
			ensure(t, c, full())
			want := func(want map[string]any) {
				t.Helper()
				if diff := cmp.Diff(want, s.Accounts()[0].Attributes); diff != "" {
					t.Errorf("the account (-want +got):\n%s", diff)
				}
			}
			want(tt.want)
			bare := directory.Account{UID: full().UID, UserName: full().UserName}
			ensure(t, c, bare)
			left := map[string]any{"userName": "ada@acme.example", "externalId": string(full().UID), "active": false, "emails": everything["emails"]}
			if of, has := tt.want[enterprise]; has { // what Seatkeeper does not know, others may
				left[enterprise] = of
			}
			want(left)
			ensure(t, c, full())
			s.Counts()
			ensure(t, c, full())
			if n := s.Counts(); n["PATCH /Users"]+n["PUT /Users"] != 0 {
				t.Errorf("what is so already is written again: %v", n)
			}
			want(tt.want)
		})
	}
}

// The figures are what a directory with a limit of requests bears.
func TestRequestsAreFew(t *testing.T) {
	for why, tt := range map[string]struct {
		profile scimtest.Profile
		change  string
		// read is how many reads a change takes of what comes from a list, which may not have all that a PUT has to keep.
		read int
	}{
		"with PATCH": {scimtest.Rich(), "PATCH /Users", 1},
		"with PUT":   {scimtest.Strict(), "PUT /Users", 2},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, tt.profile, nil)
			want := func(what string, want map[string]int) {
				t.Helper()
				if diff := cmp.Diff(want, s.Counts()); diff != "" {
					t.Errorf("requests to %s (-want +got):\n%s", what, diff)
				}
			}
			a := directorytest.Grace()
			ensure(t, c, a)
			want("begin", map[string]int{"GET /ServiceProviderConfig": 1, "GET /ResourceTypes": 1, "GET /Schemas": 1, "GET /Users": 2, "POST /Users": 1})
			a = directorytest.Ada()
			a.ID = ensure(t, c, a)
			want("make an account", map[string]int{"GET /Users": 2, "POST /Users": 1})
			ensure(t, c, a)
			want("find nothing to do", map[string]int{"GET /Users": 1})
			a.UserName, a.GivenName = "ada.king@acme.example", "Augusta"
			ensure(t, c, a)
			want("change it", map[string]int{"GET /Users": 1, tt.change: 1})
			a.ID = ""
			ensure(t, c, a)
			want("find it by its UID", map[string]int{"GET /Users": 1})
			if err := c.SetPassword(t.Context(), a, password.New(secret)); err != nil {
				t.Fatal(err)
			}
			want("set its password", map[string]int{"GET /Users": tt.read, tt.change: 1})
			for range 2 {
				if err := c.Deactivate(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			want("deactivate it twice", map[string]int{"GET /Users": tt.read + 1, tt.change: 1}) // an answer without words takes a look
			a.ID = s.Accounts()[1].ID
			if err := c.Delete(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			want("delete it", map[string]int{"GET /Users": 1, "DELETE /Users": 1})
		})
	}
}

func operations(t *testing.T, s *scimtest.Server) (all []string) {
	t.Helper()
	for _, r := range s.Requests() {
		var body struct{ Operations []json.RawMessage }
		if r.Method != http.MethodPatch {
			continue
		}
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			t.Fatal(err)
		}
		for _, o := range body.Operations {
			all = append(all, string(o))
		}
	}
	return all
}

// A directory's log is read by people, and what is not in an operation cannot be overwritten by it.
func TestPatchIsMinimal(t *testing.T) {
	for why, tt := range map[string]struct {
		change func(*directory.Account)
		want   []string
	}{
		"a title": {func(a *directory.Account) { a.Title = "Analyst" }, []string{`{"op":"replace","path":"title","value":"Analyst"}`}},
		"a name": {func(a *directory.Account) { a.GivenName = "Augusta" }, []string{
			`{"op":"replace","path":"displayName","value":"Augusta Lovelace"}`, `{"op":"replace","path":"name.givenName","value":"Augusta"}`,
		}},
		"another address": {func(a *directory.Account) { a.UserName = "king@acme.example" }, []string{
			`{"op":"replace","path":"userName","value":"king@acme.example"}`, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"king@acme.example"}`,
		}},
		"the case of an address":           {func(a *directory.Account) { a.UserName = "Ada@Acme.example" }, nil},
		"a telephone":                      {func(a *directory.Account) { a.MobilePhone = "+44 1" }, []string{`{"op":"replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"+44 1"}`}},
		"a telephone in new form":          {func(a *directory.Account) { a.MobilePhone = "tel:+44-7700-900000" }, nil},
		"no telephone":                     {func(a *directory.Account) { a.WorkPhone = "" }, []string{`{"op":"remove","path":"phoneNumbers[type eq \"work\"]"}`}},
		"another manager":                  {func(a *directory.Account) { a.ManagerID = "users-9" }, []string{`{"op":"replace","path":"` + enterprise + `:manager","value":{"value":"users-9"}}`}},
		"no number, which others may know": {func(a *directory.Account) { a.EmployeeNumber = "" }, nil},
		"a role less":                      {func(a *directory.Account) { a.Roles = []string{"auditor"} }, []string{`{"op":"replace","path":"roles","value":[{"value":"auditor"}]}`}},
		"roles in another order":           {func(a *directory.Account) { a.Roles = []string{"auditor", "analyst"} }, nil},
		"a seat less":                      {func(a *directory.Account) { a.Entitlements = []string{"pro"} }, []string{`{"op":"replace","path":"entitlements","value":[{"type":"seat","value":"pro"}]}`}},
		"a seat more": {func(a *directory.Account) { a.Entitlements = []string{"basic", "max", "pro"} }, []string{
			`{"op":"add","path":"entitlements","value":[{"type":"seat","value":"max"}]}`,
		}},
		"no seat":                {func(a *directory.Account) { a.Entitlements = nil }, []string{`{"op":"remove","path":"entitlements"}`}},
		"seats in another order": {func(a *directory.Account) { a.Entitlements = []string{"pro", "basic"} }, nil},
		"inactive":               {func(a *directory.Account) { a.Active = false }, []string{`{"op":"replace","path":"active","value":false}`}},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			a := full()
			a.ID = ensure(t, c, a)
			tt.change(&a)
			ensure(t, c, a)
			if diff := cmp.Diff(tt.want, operations(t, s)); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
			s.Counts()
			ensure(t, c, a)
			if left := operations(t, s); left != nil {
				t.Errorf("it is not done with: %s", left)
			}
		})
	}
}

// Others keep what they have set, and a number stays as it is written.
func TestWhatOthersSetIsLeftAlone(t *testing.T) {
	const vendor = "urn:vendor:User"
	others := map[string]any{
		"nickName": "Countess",
		vendor:     map[string]any{"badge": json.Number("12345678901234567890"), "seat": json.Number("1.50")},
	}
	for _, p := range scimtest.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			c, s := start(t, p, nil)
			a := full()
			a.ID = ensure(t, c, a)
			given := map[string]any{
				"emails": []any{
					map[string]any{"type": "home", "value": "ada@home.example", "primary": true}, map[string]any{"type": "work", "value": a.UserName, "display": "Ada"},
				},
				"entitlements": []any{map[string]any{"value": "printer"}, map[string]any{"value": "basic", "type": "seat"}, map[string]any{"value": "max", "type": "seat"}},
				"phoneNumbers": []any{map[string]any{"type": "fax", "value": "1"}, map[string]any{"type": "work", "value": a.WorkPhone}},
				enterprise:     map[string]any{"department": "Engines", "employeeNumber": "E-1042"},
			}
			for name, value := range others {
				given[name] = value
			}
			if !p.Enterprise {
				delete(given, enterprise)
			}
			s.Change(a.ID, given)
			a.UserName, a.Title, a.WorkPhone, a.EmployeeNumber = "king@acme.example", "King", "", ""
			ensure(t, c, a)
			if err := c.SetPassword(t.Context(), a, password.New(secret)); err != nil {
				t.Fatal(err)
			}
			if err := c.Deactivate(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			got := s.Accounts()[0].Attributes
			for name, value := range others {
				if fold := got[name]; cmp.Diff(asJSON(t, value), asJSON(t, fold)) != "" {
					t.Errorf("%s was %s, and is %s", name, asJSON(t, value), asJSON(t, fold))
				}
			}
			if !strings.Contains(asJSON(t, got["emails"]), "ada@home.example") || !strings.Contains(asJSON(t, got["phoneNumbers"]), "fax") {
				t.Errorf("other mail addresses or telephones are gone: %v, %v", got["emails"], got["phoneNumbers"])
			}
			if seats := `[{"value":"printer"},{"type":"seat","value":"basic"},{"type":"seat","value":"pro"}]`; p.Discovery && !strings.EqualFold(asJSON(t, got["entitlements"]), seats) {
				t.Errorf("the entitlements are %s, want %s", asJSON(t, got["entitlements"]), seats)
			}
			if p.Enterprise && !strings.Contains(asJSON(t, got[enterprise]), "Engines") {
				t.Errorf("the department is gone: %v", got[enterprise])
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// There are directories that show passwords, or their hashes.
func TestPasswordsAreNotSentBack(t *testing.T) {
	c, s := start(t, profile(func(p *scimtest.Profile) { p.Patch = false }), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	s.Script(scimtest.Answer(http.StatusOK, `{"id":"`+a.ID+`","userName":"ada@acme.example","Password":"{SSHA}hash","meta":{"version":"W/\"1\""}}`))
	ensure(t, c, a)
	all := s.Requests()
	if last := all[len(all)-1]; last.Method != http.MethodPut || strings.Contains(last.Body, "hash") {
		t.Errorf("%s %s", last.Method, last.Body)
	}
}

func TestSomebodyElseChangesItMeanwhile(t *testing.T) {
	for _, patch := range []bool{true, false} {
		c, s := start(t, profile(func(p *scimtest.Profile) { p.Patch = patch }), nil)
		a := directorytest.Ada()
		a.ID = ensure(t, c, a)
		meddle := func(w http.ResponseWriter, r *http.Request) {
			s.Change(a.ID, map[string]any{"nickName": "Countess"})
			scimtest.Answer(http.StatusPreconditionFailed, "")(w, r)
		}
		a.GivenName = "Augusta"
		s.Script(nil, meddle, nil, nil, meddle) // after a refusal, it is looked whether the version is another
		ensure(t, c, a)
		if got := asJSON(t, s.Accounts()[0].Attributes); !strings.Contains(got, "Countess") || !strings.Contains(got, "Augusta") {
			t.Errorf("one of the two is lost: %s", got)
		}
		all := s.Requests()
		if last := all[len(all)-1]; last.IfMatch != `W/"3"` {
			t.Errorf("the last %s is for the version %s", last.Method, last.IfMatch)
		}
		a.GivenName = "Ada"
		s.Script(nil, meddle, nil, nil, meddle, nil, nil, meddle, nil, nil, meddle)
		if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("Ensure: %v, want ErrUnavailable after a few tries", err)
		}
	}
}

func TestTwoAccountsOfOnePersonAreAConflict(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	for _, name := range []string{"a@acme.example", "b@acme.example"} {
		s.Add(map[string]any{"userName": name, "externalId": string(directorytest.Ada().UID), "active": true})
	}
	_, err := c.Ensure(t.Context(), directorytest.Ada())
	if !errors.Is(err, directory.ErrConflict) {
		t.Errorf("Ensure: %v, want ErrConflict", err)
	}
}

// A directory may show what it has made only later. What it answered is believed until then.
func TestEventualConsistency(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c, s := start(t, profile(func(p *scimtest.Profile) { p.Lag = 40 }), func(config *scim.Config) { config.Clock = clock })
	a := directorytest.Ada()
	id := ensure(t, c, a)
	renamed := a
	renamed.UserName = "king@acme.example"
	for why, err := range map[string]error{
		"Ensure":           func() error { _, err := c.Ensure(t.Context(), a); return err }(),
		"Ensure, renamed":  func() error { _, err := c.Ensure(t.Context(), renamed); return err }(),
		"Deactivate":       c.Deactivate(t.Context(), a),
		"Delete":           c.Delete(t.Context(), a),
		"a second process": func() error { _, err := client(t, s.URL(), nil).Ensure(t.Context(), a); return err }(),
	} {
		if !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", why, err)
		}
	}
	for range 40 {
		_, _ = c.Ensure(t.Context(), a)
	}
	if again := ensure(t, c, renamed); again != id || len(s.Accounts()) != 1 {
		t.Errorf("the account is %s and then %s, and there are %d", id, again, len(s.Accounts()))
	}
	s.Remove(id)
	if again := ensure(t, c, a); again == id {
		t.Error("what somebody has removed is not made again")
	}
}

// After a creation without an answer nobody knows whether there is an account; the old name is safe to try, since it is given once.
func TestRenamedAfterALostCreation(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c, s := start(t, profile(func(p *scimtest.Profile) { p.Lag = 8 }), func(config *scim.Config) { config.Clock = clock })
	a := directorytest.Ada()
	s.LoseChange()
	if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatalf("Ensure: %v", err)
	}
	a.UserName = "king@acme.example"
	for range 3 {
		if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("Ensure: %v, want ErrUnavailable", err)
		}
	}
	for range 8 {
		_, _ = c.Ensure(t.Context(), a)
	}
	ensure(t, c, a)
	if all := s.Accounts(); len(all) != 1 || all[0].UserName != a.UserName {
		t.Errorf("the accounts: %v", all)
	}
}

func TestExternalIDIsNotKept(t *testing.T) {
	c, s := start(t, profile(func(p *scimtest.Profile) { p.IgnoreExternalID = true }), nil)
	a := directorytest.Ada()
	a.ID = ensure(t, c, a)
	a.GivenName = "Augusta"
	ensure(t, c, a)
	s.Counts()
	ensure(t, c, a)
	if diff := cmp.Diff(map[string]int{"GET /Users": 1}, s.Counts()); diff != "" {
		t.Errorf("it is given the externalId again (-want +got):\n%s", diff)
	}
	a.ID = ""
	if _, err := c.Ensure(t.Context(), a); !errors.Is(err, directory.ErrConflict) || len(s.Accounts()) != 1 {
		t.Errorf("Ensure: %v, want ErrConflict: whose account that is cannot be known", err)
	}
}

// Seats are known by their type: where there is none, they would be added again each time, and never taken away.
func TestSeatsAreGivenWhereTheyCanBeTold(t *testing.T) {
	for why, tt := range map[string]struct {
		parts string
		given bool
	}{
		"with a type":      {`[{"name":"value"},{"name":"type"}]`, true},
		"parts not listed": {`[]`, true},
		"without a type":   {`[{"name":"value"},{"name":"display"}]`, false},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			s.Script(nil, nil, scimtest.Answer(http.StatusOK, `{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[`+
				`{"name":"entitlements","mutability":"readWrite","returned":"default","subAttributes":`+tt.parts+`}]}]}`))
			ensure(t, c, full())
			if _, given := s.Accounts()[0].Attributes["entitlements"]; given != tt.given {
				t.Errorf("seats are given: %t, want %t", given, tt.given)
			}
		})
	}
}
