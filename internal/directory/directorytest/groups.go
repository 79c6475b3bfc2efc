// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directorytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// GroupsContract tests the groups of a directory, and what it tells of all that it has.
func GroupsContract(t *testing.T, start func(t *testing.T, adopt bool) Server) {
	tests := map[string]func(*testing.T, Server){
		"makes a group":                        makesGroup,
		"changes a group":                      changesGroup,
		"takes many members":                   takesMany,
		"finds a group by its UID":             findsGroupByUID,
		"leaves groups of others alone":        leavesGroups,
		"deletes a group":                      deletesGroup,
		"has groups in groups, or has none":    nestsGroups,
		"tells of one group":                   tellsGroup,
		"finds a group that it was not told":   findsLostGroup,
		"refuses what is no group":             refusesGroups,
		"reports groups that cannot be kept":   reportsGroupsUnavailable,
		"tells every account":                  tellsAccounts,
		"tells what differs":                   tellsDifferences,
		"tells no further than it is asked to": tellsSome,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t, false)) })
	}
	t.Run("adopts a group", func(t *testing.T) { adoptsGroup(t, start(t, true)) })
}

// Team is a group that any directory takes.
func Team(members ...string) directory.Group {
	return directory.Group{
		UID: "2b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de", Organization: Ada().Organization, DisplayName: "Engines & Looms", Members: members,
	}
}

func (s Server) mustEnsureGroup(t *testing.T, group directory.Group) (id string) {
	t.Helper()
	id, err := s.Groups.EnsureGroup(t.Context(), group)
	if err != nil || id == "" {
		t.Fatalf("EnsureGroup: %q, %v", id, err)
	}
	return id
}

// wantGroups compares all but the IDs.
func (s Server) wantGroups(t *testing.T, want ...directory.Group) {
	t.Helper()
	got := map[types.UID]directory.Group{}
	for g, err := range s.Lister.Groups(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if g.Partial { // or it has none
			whole, err := s.Lister.Group(t.Context(), g.Group)
			if err != nil || whole == nil {
				t.Fatalf("group %s: %v, %v", g.ID, whole, err)
			}
			g = *whole
		}
		g.ID = ""
		slices.Sort(g.Members)
		got[g.UID] = g.Group
	}
	wanted := map[types.UID]directory.Group{}
	for _, g := range want {
		g.ID, g.Organization = "", types.NamespacedName{}
		g.Members, g.Groups = g.All(), nil
		wanted[g.UID] = g
	}
	same := cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })
	if diff := cmp.Diff(wanted, got, same); diff != "" {
		t.Errorf("the groups (-want +got):\n%s", diff)
	}
}

// people makes so many accounts, and returns what the directory calls them.
func (s Server) people(t *testing.T, n int) (ids []string) {
	t.Helper()
	for i := range n {
		a := Ada()
		a.UID, a.UserName = types.UID(fmt.Sprintf("3b7ba7a6-4f3c-4c57-9a4e-%012d", i)), fmt.Sprintf("p%d@acme.example", i)
		ids = append(ids, s.mustEnsure(t, a))
	}
	return ids
}

func makesGroup(t *testing.T, s Server) {
	ids := s.people(t, 2)
	empty := Team()
	empty.UID, empty.DisplayName = "4b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de", "Nobody"
	s.mustEnsureGroup(t, empty)
	group := Team(ids...)
	id := s.mustEnsureGroup(t, group)
	known := Team(ids[1], ids[0], ids[1])
	known.ID = id
	for _, again := range []directory.Group{group, known} {
		if got := s.mustEnsureGroup(t, again); got != id {
			t.Errorf("the group is called %s, and %s later", id, got)
		}
	}
	s.wantGroups(t, group, empty)
}

func changesGroup(t *testing.T, s Server) {
	ids := s.people(t, 3)
	group := Team(ids[:2]...)
	group.ID = s.mustEnsureGroup(t, group)
	for _, change := range []func(){
		func() { group.Members = ids[1:] }, func() { group.DisplayName = "Looms" }, func() { group.Members = nil },
		func() { group.Members, group.DisplayName = ids, "Engines" },
	} {
		change()
		s.mustEnsureGroup(t, group)
		s.wantGroups(t, group)
	}
}

func takesMany(t *testing.T, s Server) {
	ids := s.people(t, 105)
	group := Team(ids...)
	group.ID = s.mustEnsureGroup(t, group)
	s.wantGroups(t, group)
	group.Members = ids[100:]
	s.mustEnsureGroup(t, group)
	s.wantGroups(t, group)
	group.Members = ids[:103]
	s.mustEnsureGroup(t, group)
	s.wantGroups(t, group)
}

func findsGroupByUID(t *testing.T, s Server) {
	group := Team(s.people(t, 1)...)
	id := s.mustEnsureGroup(t, group)
	group.ID, group.DisplayName = "an-id-of-before", "Looms"
	if again := s.mustEnsureGroup(t, group); again != id {
		t.Errorf("the group is called %s, and %s later", id, again)
	}
	s.wantGroups(t, group)
}

func leavesGroups(t *testing.T, s Server) {
	s.OccupyGroup(Team().DisplayName, "")
	_, err := s.Groups.EnsureGroup(t.Context(), Team())
	if !errors.Is(err, directory.ErrConflict) || !strings.Contains(directory.Words(err), Team().DisplayName) {
		t.Errorf("EnsureGroup: %v, want ErrConflict that names the group", err)
	}
	s.wantGroups(t, directory.Group{DisplayName: Team().DisplayName})
}

func adoptsGroup(t *testing.T, s Server) {
	s.OccupyGroup(Team().DisplayName, "")
	s.mustEnsureGroup(t, Team(s.people(t, 1)...))
	s.mustEnsureGroup(t, Team())
	s.wantGroups(t, Team())
}

func deletesGroup(t *testing.T, s Server) {
	ids := s.people(t, 1)
	group := Team(ids...)
	unknown := group
	group.ID = s.mustEnsureGroup(t, group)
	for _, g := range []directory.Group{group, group, unknown} {
		if err := s.Groups.DeleteGroup(t.Context(), g); err != nil {
			t.Errorf("DeleteGroup: %v", err)
		}
		s.wantGroups(t)
	}
	if n := len(s.Accounts()); n != 1 {
		t.Errorf("%d accounts are left, want 1", n)
	}
}

// nestsGroups has a group in a group, beside people, and takes it out again; a directory that cannot says so.
func nestsGroups(t *testing.T, s Server) {
	ids := s.people(t, 2)
	below := directory.Group{UID: "5b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de", Organization: Ada().Organization, DisplayName: "Looms", Members: ids[:1]}
	below.ID = s.mustEnsureGroup(t, below)
	group := Team(ids...)
	group.Groups = []string{below.ID}
	nests, err := s.Groups.Nests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !nests {
		if _, err := s.Groups.EnsureGroup(t.Context(), group); !errors.Is(err, directory.ErrRejected) {
			t.Errorf("EnsureGroup: %v, want ErrRejected", err)
		}
		s.wantGroups(t, below)
		return
	}
	group.ID = s.mustEnsureGroup(t, group)
	s.wantGroups(t, group, below)
	group.Members = nil
	s.mustEnsureGroup(t, group)
	s.wantGroups(t, group, below)
	group.Members, group.Groups = ids[1:], nil
	s.mustEnsureGroup(t, group)
	s.wantGroups(t, group, below)
}

func tellsGroup(t *testing.T, s Server) {
	ids := s.people(t, 3)
	group := Team(ids...)
	group.ID = s.mustEnsureGroup(t, group)
	found, err := s.Lister.Group(t.Context(), directory.Group{ID: group.ID})
	if err != nil || found == nil || found.Revision() != group.Revision() || found.ID != group.ID {
		t.Errorf("Group: %+v, %v", found, err)
	}
	if found, err := s.Lister.Group(t.Context(), directory.Group{ID: "nobody-has-this"}); err != nil || found != nil {
		t.Errorf("a group that is not there: %+v, %v", found, err)
	}
}

func findsLostGroup(t *testing.T, s Server) {
	group := Team(s.people(t, 1)...)
	s.Lose()
	_, err := s.Groups.EnsureGroup(t.Context(), group)
	wantUnavailable(t, "EnsureGroup", err)
	s.mustEnsureGroup(t, group)
	s.wantGroups(t, group)
}

func refusesGroups(t *testing.T, s Server) {
	for why, change := range map[string]func(*directory.Group){
		"no UID":              func(g *directory.Group) { g.UID = "" },
		"no display name":     func(g *directory.Group) { g.DisplayName = "" },
		"a member of no name": func(g *directory.Group) { g.Members = []string{""} },
	} {
		group := Team()
		change(&group)
		if _, err := s.Groups.EnsureGroup(t.Context(), group); !errors.Is(err, directory.ErrRejected) {
			t.Errorf("%s: EnsureGroup: %v, want ErrRejected", why, err)
		}
	}
	if err := s.Groups.DeleteGroup(t.Context(), directory.Group{}); !errors.Is(err, directory.ErrRejected) {
		t.Errorf("DeleteGroup of none: %v, want ErrRejected", err)
	}
	s.wantGroups(t)
}

func reportsGroupsUnavailable(t *testing.T, s Server) {
	s.mustEnsureGroup(t, Team())
	calls := map[string]func(context.Context) error{
		"EnsureGroup": func(ctx context.Context) error { _, err := s.Groups.EnsureGroup(ctx, Team()); return err },
		"DeleteGroup": func(ctx context.Context) error { return s.Groups.DeleteGroup(ctx, Team()) },
		"Accounts": func(ctx context.Context) (err error) {
			for _, err = range s.Lister.Accounts(ctx) {
			}
			return err
		},
		"Groups": func(ctx context.Context) (err error) {
			for _, err = range s.Lister.Groups(ctx) {
			}
			return err
		},
	}
	for method, call := range calls {
		s.Unavailable(1)
		wantUnavailable(t, method, call(t.Context()))
	}
	s.Hang()
	for method, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := call(ctx)
		cancel()
		wantUnavailable(t, method, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want DeadlineExceeded as well", method, err)
		}
	}
}

func tellsAccounts(t *testing.T, s Server) {
	const people = 105
	ids := s.people(t, people)
	s.Occupy("stranger@acme.example", "")
	told := map[string]directory.Found{}
	for found, err := range s.Lister.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := told[found.ID]; twice {
			t.Errorf("%s comes twice", found.ID)
		}
		told[found.ID] = found
	}
	if len(told) != people+1 {
		t.Errorf("%d accounts, want %d", len(told), people+1)
	}
	for i, id := range ids {
		if found := told[id]; found.UserName != fmt.Sprintf("p%d@acme.example", i) || !found.Active || found.GivenName != "Ada" {
			t.Fatalf("account %d is %v", i, found)
		}
	}
}

func tellsDifferences(t *testing.T, s Server) {
	s.mustEnsure(t, Ada())
	other := Ada()
	other.UserName, other.GivenName, other.Active = "king@acme.example", "Augusta", false
	want := []directory.Attribute{directory.UserName, directory.Email, directory.DisplayName, directory.GivenName, directory.Active}
	for found, err := range s.Lister.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if same := found.Differs(Ada()); len(same) != 0 {
			t.Errorf("what was just written differs in %s", same)
		}
		if diff := cmp.Diff(want, found.Differs(other)); diff != "" {
			t.Errorf("differences (-want +got):\n%s", diff)
		}
	}
}

func tellsSome(t *testing.T, s Server) {
	s.people(t, 5)
	n := 0
	for _, err := range s.Lister.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d accounts, want the 2 that were asked for", n)
	}
}
