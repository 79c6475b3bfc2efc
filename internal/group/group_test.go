// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package group_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/test/build"
)

func wanted() *group.Wanted {
	return &group.Wanted{
		Group: group.Group{UID: "sales-uid", DisplayName: "sales", Members: []string{"b", "a", "b"}, Groups: []string{"field"}}, Below: []string{"c", "a"},
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		nests bool
		want  []string
	}{
		"groups in groups: those who are below are in theirs": {true, []string{"a", "b", "field"}},
		"none: who is below is in the group itself, once":     {false, []string{"a", "b", "c"}},
	} {
		if diff := cmp.Diff(c.want, wanted().For(c.nests).All()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", why, diff)
		}
	}
}

func TestRevision(t *testing.T) {
	t.Parallel()
	same := wanted().For(true).Revision()
	for name, c := range map[string]struct {
		why    string
		change func(*group.Wanted)
		other  bool
	}{
		"order":               {"the order of members says nothing", func(w *group.Wanted) { w.Members = []string{"a", "b"} }, false},
		"the directory's ID":  {"which is the directory's", func(w *group.Wanted) { w.ID = "g-1" }, false},
		"somebody more below": {"who is in a group of their own", func(w *group.Wanted) { w.Below = nil }, false},
		"somebody more":       {"who is to be in", func(w *group.Wanted) { w.Members = append(w.Members, "d") }, true},
		"a group more":        {"which is to be in", func(w *group.Wanted) { w.Groups = nil }, true},
		"another name":        {"which people see", func(w *group.Wanted) { w.DisplayName = "Sales" }, true},
		"another team":        {"of the same name, made anew", func(w *group.Wanted) { w.UID = "other" }, true},
	} {
		w := wanted()
		c.change(w)
		if other := w.For(true).Revision() != same; other != c.other {
			t.Errorf("%s: another revision: %t, want %t: %s", name, other, c.other, c.why)
		}
	}
	nested, flat := wanted().Revisions()
	if nested != same || flat != wanted().For(false).Revision() || nested == flat {
		t.Errorf("the revisions are %s and %s", nested, flat)
	}
	alone := group.Wanted{Group: group.Group{UID: "x", Members: []string{"a"}}}
	if nested, flat := alone.Revisions(); nested != flat || flat != alone.For(false).Revision() {
		t.Errorf("without a team below, the revisions are %s and %s", nested, flat)
	}
}

func TestDiffers(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*group.Group){
		"":                                     func(g *group.Group) { g.Members = []string{"field", "b", "a"}; g.Groups = nil },
		"another displayName":                  func(g *group.Group) { g.DisplayName = "Sales" },
		"another externalId":                   func(g *group.Group) { g.UID = "other" },
		"2 members more, 1 member fewer":       func(g *group.Group) { g.Members = []string{"a", "x", "y"} },
		"another displayName, 3 members fewer": func(g *group.Group) { g.DisplayName, g.Members, g.Groups = "x", nil, nil },
	} {
		found := wanted().For(true)
		change(&found)
		if got := wanted().For(true).Differs(found); got != want {
			t.Errorf("differs in %q, want %q", got, want)
		}
	}
}

func TestMember(t *testing.T) {
	t.Parallel()
	const at = "https://here"
	has := func(directory string) func(*v1alpha1.User) {
		return func(u *v1alpha1.User) {
			u.Status.DirectoryAccount = &v1alpha1.DirectoryAccount{Directory: directory, ID: "u-1"}
		}
	}
	for name, c := range map[string]struct {
		why     string
		user    *v1alpha1.User
		change  func(*v1alpha1.User)
		id      string
		pending bool
	}{
		"has an account":             {"invited or not", build.User("ada").Holds("member").Obj(), has(at), "u-1", false},
		"suspended":                  {"who comes back into the team is in its group still", build.User("ada").State(v1alpha1.UserSuspended).Obj(), has(at), "u-1", false},
		"has an account elsewhere":   {"it will be made here", build.User("ada").Holds("member").Obj(), has("https://there"), "", true},
		"has a role, and no account": {"it is on its way", build.User("ada").Holds("member").Obj(), func(*v1alpha1.User) {}, "", true},
		"has no role":                {"nor an account then: nothing to wait for", build.User("ada").Obj(), func(*v1alpha1.User) {}, "", false},
	} {
		c.change(c.user)
		if id, pending := group.Member(c.user, at); id != c.id || pending != c.pending {
			t.Errorf("%s: %q, %t, want %q, %t: %s", name, id, pending, c.id, c.pending, c.why)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	org := build.Organization("acme").Directory().Obj()
	team, role := build.Team("sales").In("acme", "acme").Obj(), build.Role("member").In("acme", "acme").Obj()
	team.UID, role.UID, role.Spec.DisplayName = "t", "r", "Members"
	team.Status.DirectoryGroup = &v1alpha1.DirectoryGroup{Directory: build.DirectoryURL, ID: "g-1"}
	role.Status.DirectoryGroup = &v1alpha1.DirectoryGroup{Directory: "https://there", ID: "g-2"}
	acme := types.NamespacedName{Namespace: "acme", Name: "acme"}
	for object, want := range map[v1alpha1.Conditioned]group.Group{
		team: {UID: "t", ID: "g-1", Organization: acme, DisplayName: "sales"},
		role: {UID: "r", Organization: acme, DisplayName: "Members"},
	} {
		if diff := cmp.Diff(want, group.Of(object, org)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// A pass over a team with as many members as there can be does this once.
func BenchmarkDecide(b *testing.B) {
	s := settled()
	s.Wanted.Members, s.Wanted.Groups, s.Wanted.Below = nil, nil, nil
	for i := range 5000 {
		s.Wanted.Members = append(s.Wanted.Members, fmt.Sprintf("2819c223-7f76-453a-919d-%012d", i))
	}
	for b.Loop() {
		group.Decide(s)
	}
}
