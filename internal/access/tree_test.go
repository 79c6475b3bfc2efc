// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
)

func TestClosure(t *testing.T) {
	t.Parallel()
	got := access.Closure([]string{"accountant", "zoe"}, source().Role)
	if diff := cmp.Diff([]string{"accountant", "auditor", "guest", "nobody", "zoe"}, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why  string
		in   []string
		want []string
	}{
		"twice":      {why: "each once, sorted", in: []string{"b.read", "a", "b.read"}, want: []string{"a", "b.read"}},
		"covered":    {why: "x.* covers what begins with x.", in: []string{"crm.read", "crm.*", "crm.deals.read"}, want: []string{"crm.*"}},
		"not itself": {why: "x.* does not cover x", in: []string{"crm", "crm.*"}, want: []string{"crm", "crm.*"}},
		"wider":      {why: "x.* covers x.y.*", in: []string{"crm.deals.*", "crm.*"}, want: []string{"crm.*"}},
		"prefix":     {why: "words are whole", in: []string{"crm.*", "crmx.read"}, want: []string{"crm.*", "crmx.read"}},
		"everything": {why: "* covers all", in: []string{"crm.*", "*", "a"}, want: []string{"*"}},
		"none":       {why: "none is none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, access.Merge(c.in), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

// allows is the meaning of a list of permissions.
func allows(permissions []string, asked string) bool {
	return slices.ContainsFunc(permissions, func(p string) bool {
		return p == asked || p == "*" || strings.HasSuffix(p, ".*") && strings.HasPrefix(asked, strings.TrimSuffix(p, "*"))
	})
}

// TestMergeMeansTheSame checks that what is left out changes nothing, and that nothing more can be left out.
func TestMergeMeansTheSame(t *testing.T) {
	t.Parallel()
	all := []string{"*", "a", "a.*", "a.b", "a.b.*", "a.b.c", "b.*", "b.c", "bb", "bb.c"}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "permissions")
		merged := access.Merge(in)
		for _, asked := range append(all, "a.x", "a.b.x", "c") {
			if allows(in, asked) != allows(merged, asked) {
				t.Fatalf("%v and %v do not agree on %s", in, merged, asked)
			}
		}
		for i := range merged {
			if rest := slices.Delete(slices.Clone(merged), i, i+1); allows(rest, merged[i]) {
				t.Fatalf("%s is not needed in %v", merged[i], merged)
			}
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := build.Source(
		build.Role("a").Permissions("x.read", "y").Includes("b", "gone").Obj(),
		build.Role("b").Permissions("x.*").Includes("a").Obj(),
	)
	if diff := cmp.Diff([]string{"x.*", "y"}, access.Permissions(s.Role("a"), s.Role)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestRoleCycle(t *testing.T) {
	t.Parallel()
	s := build.Source(
		build.Role("a").Includes("c", "b").Obj(), build.Role("b").Includes("c").Obj(), build.Role("c").Includes("d").Obj(),
		build.Role("d").Includes("b", "a", "gone").Obj(), build.Role("e").Includes("a").Obj(), build.Role("self").Includes("self").Obj(),
	)
	for name, want := range map[string]string{
		"a": "a c d a", "b": "b c d b", "c": "c d a c", "d": "d a c d",
		"e":    "", // it includes a cycle, and is not in it
		"self": "self self",
	} {
		if got := strings.Join(access.RoleCycle(s.Role(name), s.Role), " "); got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
}

func TestAbove(t *testing.T) {
	t.Parallel()
	s := build.Source(
		build.Team("company").Obj(), build.Team("sales").Parent("company").Obj(), build.Team("field").Parent("sales").Obj(),
		build.Team("lost").Parent("gone").Obj(), build.Team("far").Parent("lost").Obj(),
		build.Team("x").Parent("y").Obj(), build.Team("y").Parent("z").Obj(), build.Team("z").Parent("y").Obj(),
	)
	for name, want := range map[string]access.Line{
		"company": {Path: []string{"company"}},
		"field":   {Path: []string{"company", "sales", "field"}},
		"lost":    {Missing: "gone", Child: "lost"},
		"far":     {Missing: "gone", Child: "lost"},
		"x":       {Cycle: []string{"y", "z", "y"}},
		"z":       {Cycle: []string{"z", "y", "z"}},
	} {
		if diff := cmp.Diff(want, access.Above(s.Team(name), s.Team)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

var _ access.Source = (*build.Sources)(nil)

// TestLeaving checks who is declared to have no access.
func TestLeaving(t *testing.T) {
	t.Parallel()
	for _, u := range []*v1alpha1.User{
		ada().State(v1alpha1.UserSuspended).Obj(), ada().State(v1alpha1.UserArchived).Obj(), ada().Deleting(now).Obj(),
	} {
		if !access.Leaving(u) {
			t.Errorf("%s, deleted %v, is not leaving", u.Spec.State, u.DeletionTimestamp)
		}
	}
	if access.Leaving(ada().Obj()) {
		t.Error("who is Active is leaving")
	}
}
