// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
)

func ensureGroup(t *testing.T, c *scim.Client, g directory.Group) string {
	t.Helper()
	id, err := c.EnsureGroup(t.Context(), g)
	if err != nil {
		t.Fatalf("EnsureGroup: %v", err)
	}
	return id
}

func numbered(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("users-%05d", i))
	}
	return ids
}

func wantMembers(t *testing.T, s *scimtest.Server, want []string) {
	t.Helper()
	got := []string{}
	members, _ := s.Groups()[0]["members"].([]any)
	for _, m := range members {
		member, _ := m.(map[string]any)
		got = append(got, fmt.Sprint(member["value"]))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("there are %d members, want %d", len(got), len(want))
	}
}

// A big team changes by those who come and go, and not by those who stay.
func TestBigGroups(t *testing.T) {
	for why, tt := range map[string]struct {
		profile      scimtest.Profile
		create, swap map[string]int
		longest      int
	}{
		"with PATCH": {
			scimtest.Rich(), map[string]int{"GET /Groups": 2, "POST /Groups": 1, "PATCH /Groups": 49}, map[string]int{"GET /Groups": 2, "PATCH /Groups": 4}, 10_000,
		},
		"in bulk, by bytes": {
			profile(func(p *scimtest.Profile) { p.Bulk = 1000 }),
			map[string]int{"GET /Groups": 2, "POST /Groups": 1, "POST /Bulk": 2},
			map[string]int{"GET /Groups": 2, "POST /Bulk": 1},
			100_000,
		},
		"in bulk, by number": {
			profile(func(p *scimtest.Profile) { p.Bulk = 3 }),
			map[string]int{"GET /Groups": 2, "POST /Groups": 1, "POST /Bulk": 16, "PATCH /Groups": 1},
			map[string]int{"GET /Groups": 2, "POST /Bulk": 1, "PATCH /Groups": 1},
			20_000,
		},
		"with PUT": {
			scimtest.Strict(), map[string]int{"GET /Groups": 2, "POST /Groups": 1}, map[string]int{"GET /Groups": 1, "PUT /Groups": 1}, 1_000_000,
		},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, tt.profile, nil)
			ensure(t, c, directorytest.Ada())
			s.Counts()
			ids := numbered(5150)
			group := directorytest.Team(ids[:5000]...)
			group.ID = ensureGroup(t, c, group)
			wantMembers(t, s, ids[:5000])
			for _, r := range s.Requests() {
				if len(r.Body) > tt.longest {
					t.Errorf("a %s has %d bytes", r.Method, len(r.Body))
				}
			}
			if diff := cmp.Diff(tt.create, s.Counts()); diff != "" {
				t.Errorf("requests to make it (-want +got):\n%s", diff)
			}
			group.Members = ids[150:]
			ensureGroup(t, c, group)
			wantMembers(t, s, ids[150:])
			if diff := cmp.Diff(tt.swap, s.Counts()); diff != "" {
				t.Errorf("requests to swap 150 (-want +got):\n%s", diff)
			}
			ensureGroup(t, c, group)
			if diff := cmp.Diff(map[string]int{"GET /Groups": 1}, s.Counts()); diff != "" {
				t.Errorf("requests when nothing is to do (-want +got):\n%s", diff)
			}
		})
	}
}

// What is refused in bulk is sent by itself, whatever was done of it, and the answer to that counts.
func TestBulkThatFails(t *testing.T) {
	ids := numbered(250)
	for why, tt := range map[string]struct {
		answer http.HandlerFunc
		want   error
		counts map[string]int
	}{
		"refused":   {said(http.StatusNotImplemented, "", "not here"), nil, map[string]int{"POST /Bulk": 1, "PATCH /Groups": 3}},
		"too large": {said(http.StatusRequestEntityTooLarge, "tooMany", "less"), nil, map[string]int{"POST /Bulk": 1, "PATCH /Groups": 3}},
		"one fails": {
			scimtest.Answer(http.StatusOK, `{"Operations":[{"status":"200"},{"status":"400"}]}`), nil, map[string]int{"POST /Bulk": 1, "PATCH /Groups": 3},
		},
		"some are left out": {scimtest.Answer(http.StatusOK, `{"Operations":[{"status":"200"}]}`), nil, map[string]int{"POST /Bulk": 1, "PATCH /Groups": 3}},
		"codes in objects": {
			scimtest.Answer(http.StatusOK, `{"Operations":[{"status":{"code":"200"}},{"status":{"code":"200"}},{"status":{"code":"204"}}]}`), nil,
			map[string]int{"POST /Bulk": 1},
		},
		"out of order": {said(http.StatusServiceUnavailable, "", "later"), directory.ErrUnavailable, map[string]int{"POST /Bulk": 1}},
		"too often":    {said(http.StatusTooManyRequests, "", "later"), directory.ErrUnavailable, map[string]int{"POST /Bulk": 1}},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, profile(func(p *scimtest.Profile) { p.Bulk = 1000 }), nil)
			group := directorytest.Team(ids[0])
			group.ID = ensureGroup(t, c, group)
			s.Counts()
			s.Script(nil, tt.answer) // after it is read
			group.Members = ids
			if _, err := c.EnsureGroup(t.Context(), group); !errors.Is(err, tt.want) {
				t.Errorf("EnsureGroup: %v, want %v", err, tt.want)
			}
			tt.counts["GET /Groups"] = 1
			if diff := cmp.Diff(tt.counts, s.Counts()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchOfAGroupIsMinimal(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	group := directorytest.Team("users-1", "users-2", `us"ers&3`)
	group.ID = ensureGroup(t, c, group)
	s.Change(group.ID, map[string]any{"description": "Ours"})
	group.Members, group.DisplayName = []string{"users-2", "users-4"}, "Looms"
	ensureGroup(t, c, group)
	if diff := cmp.Diff([]string{
		`{"op":"replace","path":"displayName","value":"Looms"}`, `{"op":"add","path":"members","value":[{"value":"users-4"}]}`,
		`{"op":"remove","path":"members[value eq \"us\\\"ers\u00263\"]"}`, `{"op":"remove","path":"members[value eq \"users-1\"]"}`,
	}, operations(t, s)); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	wantMembers(t, s, group.Members)
	if s.Groups()[0]["description"] != "Ours" {
		t.Error("what others have set is gone")
	}
}

// Half of the members are in when the connection breaks; the next try adds the others.
func TestMembersAfterAFailure(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	ids := numbered(250)
	ensureGroup(t, c, directorytest.Team())
	s.Script(nil, nil, nil, scimtest.Reset) // it is read from a list, and then by itself, and 100 members are added
	if _, err := c.EnsureGroup(t.Context(), directorytest.Team(ids...)); !errors.Is(err, directory.ErrUnavailable) {
		t.Fatalf("EnsureGroup: %v", err)
	}
	wantMembers(t, s, ids[:100])
	ensureGroup(t, c, directorytest.Team(ids...))
	wantMembers(t, s, ids)
}

// PATCH of members alone shows that there is none, and so does a list without members that there may be some.
func TestGroupsOfOddDirectories(t *testing.T) {
	t.Run("no PATCH though it says so", func(t *testing.T) {
		c, s := start(t, profile(func(p *scimtest.Profile) { p.Patch, p.Lies = false, true }), nil)
		group := directorytest.Team("users-1")
		group.ID = ensureGroup(t, c, group)
		group.Members = []string{"users-2"}
		ensureGroup(t, c, group)
		wantMembers(t, s, group.Members)
	})
	t.Run("no members in lists", func(t *testing.T) {
		c, s := start(t, scimtest.Rich(), nil)
		group := directorytest.Team("users-1", "users-2")
		id := ensureGroup(t, c, group)
		c = client(t, s.URL(), nil) // which does not know it
		ensure(t, c, directorytest.Ada())
		s.Script(scimtest.Answer(http.StatusOK, fmt.Sprintf(`{"totalResults":1,"Resources":[{"id":%q,"externalId":%q,"displayName":%q}]}`, id, group.UID, group.DisplayName)))
		group.Members = []string{"users-2"}
		ensureGroup(t, c, group)
		wantMembers(t, s, group.Members)
	})
	t.Run("no externalId for groups", func(t *testing.T) {
		c, s := start(t, profile(func(p *scimtest.Profile) { p.IgnoreExternalID = true }), nil)
		group := directorytest.Team()
		group.ID = ensureGroup(t, c, group)
		ensureGroup(t, c, group)
		s.Counts()
		ensureGroup(t, c, group)
		if diff := cmp.Diff(map[string]int{"GET /Groups": 1}, s.Counts()); diff != "" {
			t.Errorf("it is given the externalId again (-want +got):\n%s", diff)
		}
	})
	t.Run("no groups", func(t *testing.T) {
		c, s := start(t, scimtest.Rich(), nil)
		s.Script(nil, scimtest.Answer(http.StatusOK, `{"Resources":[{"schema":"urn:ietf:params:scim:schemas:core:2.0:User","endpoint":"/Users"}]}`))
		for range 2 {
			if _, err := c.EnsureGroup(t.Context(), directorytest.Team()); !errors.Is(err, directory.ErrRejected) || !strings.Contains(directory.Words(err), "no groups") {
				t.Errorf("EnsureGroup: %v, want ErrRejected", err)
			}
		}
		if err := c.DeleteGroup(t.Context(), directorytest.Team()); err != nil {
			t.Errorf("DeleteGroup: %v: where there are no groups, there is none of ours", err)
		}
	})
}

// Somebody comes or goes while the list is read: nobody who is there all the time is missed, or comes twice.
func TestTheListChangesWhileItIsRead(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	var ids []string
	for i := range 250 {
		ids = append(ids, s.Add(map[string]any{"userName": fmt.Sprintf("p%d@acme.example", i)}))
	}
	remove := func(id string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.Remove(id)
			s.ServeHTTP(w, r)
		}
	}
	s.Script(nil, nil, nil, nil, remove(ids[3]), remove(ids[150]))
	told := map[string]int{}
	for found, err := range c.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		told[found.ID]++
	}
	for i, id := range ids {
		if n := told[id]; n != 1 && i != 3 && i != 150 {
			t.Errorf("account %d comes %d times", i, n)
		}
	}
}

func TestAListThatCannotBeReadWholeIsAnError(t *testing.T) {
	for why, tt := range map[string]struct {
		profile scimtest.Profile
		want    string
	}{
		"every page is the first": {profile(func(p *scimtest.Profile) { p.IgnoreStart, p.MaxPage = true, 2 }), "shows 2 of its 5 accounts"},
		"all on one page":         {profile(func(p *scimtest.Profile) { p.IgnorePaging = true }), ""},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, tt.profile, nil)
			for i := range 5 {
				s.Add(map[string]any{"userName": fmt.Sprintf("p%d@acme.example", i)})
			}
			n, last := 0, error(nil)
			for _, err := range c.Accounts(t.Context()) {
				if n, last = n+1, err; err != nil {
					n--
				}
			}
			if tt.want == "" && (last != nil || n != 5) || tt.want != "" && (!errors.Is(last, directory.ErrUnavailable) || !strings.Contains(directory.Words(last), tt.want)) {
				t.Errorf("%d accounts, and then %v", n, last)
			}
		})
	}
}

// To look at a big group costs one request, and one person more another one.
func TestOnePersonMore(t *testing.T) {
	c, s := start(t, scimtest.Rich(), nil)
	ids := numbered(5001)
	group := directorytest.Team(ids[:5000]...)
	group.ID = ensureGroup(t, c, group)
	s.Counts()
	group.Members = ids
	ensureGroup(t, c, group)
	for _, r := range s.Requests() {
		if len(r.Body) > 300 {
			t.Errorf("a %s for one person has %d bytes", r.Method, len(r.Body))
		}
	}
	if diff := cmp.Diff(map[string]int{"GET /Groups": 1, "PATCH /Groups": 1}, s.Counts()); diff != "" {
		t.Errorf("requests for one person more (-want +got):\n%s", diff)
	}
	wantMembers(t, s, ids)
}

// Whoever can PUT alone takes away what is not sent back: what a list leaves out is read first.
func TestPutKeepsWhatListsLeaveOut(t *testing.T) {
	put := profile(func(p *scimtest.Profile) { p.Patch, p.BriefLists = false, true })
	t.Run("a group", func(t *testing.T) {
		c, s := start(t, put, nil)
		group := directorytest.Team("users-1", "users-2")
		ensureGroup(t, c, group)
		c = client(t, s.URL(), nil) // which does not know it
		group.DisplayName = "Looms"
		ensureGroup(t, c, group)
		wantMembers(t, s, group.Members)
		c = client(t, s.URL(), nil)
		group.Members = nil
		ensureGroup(t, c, group)
		wantMembers(t, s, []string{})
	})
	t.Run("an account", func(t *testing.T) {
		c, s := start(t, put, nil)
		a := directorytest.Ada()
		id := ensure(t, c, a)
		s.Change(id, map[string]any{"nickName": "Enchantress of Number"})
		c = client(t, s.URL(), nil)
		a.GivenName = "Augusta"
		ensure(t, c, a)
		if got := s.Accounts()[0].Attributes["nickName"]; got != "Enchantress of Number" {
			t.Errorf("what others have set is %v", got)
		}
	})
}

// What a directory says of its groups decides whether they can have groups: each way of saying it counts, and silence does not.
func TestWhatNests(t *testing.T) {
	schema := func(members string) string {
		return `{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:Group","attributes":[{"name":"displayName"},` + members + `]}]}`
	}
	for why, tt := range map[string]struct {
		schemas string
		want    bool
	}{
		"type":               {schema(`{"name":"members","subAttributes":[{"name":"type","canonicalValues":["User","Group"]}]}`), true},
		"reference":          {schema(`{"name":"Members","subAttributes":[{"name":"$ref","referenceTypes":["User","group"]}]}`), true},
		"users alone":        {schema(`{"name":"members","subAttributes":[{"name":"type","canonicalValues":["User"]},{"name":"$ref","referenceTypes":["User"]}]}`), false},
		"nothing is said":    {schema(`{"name":"members"}`), false},
		"there is no schema": {`{"Resources":[]}`, false},
		"of accounts": {
			`{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"members","subAttributes":[{"name":"type","canonicalValues":["Group"]}]}]}]}`, false,
		},
	} {
		t.Run(why, func(t *testing.T) {
			c, s := start(t, scimtest.Rich(), nil)
			s.Script(nil, nil, scimtest.Answer(http.StatusOK, tt.schemas))
			if got, err := c.Nests(t.Context()); err != nil || got != tt.want {
				t.Errorf("Nests: %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}
