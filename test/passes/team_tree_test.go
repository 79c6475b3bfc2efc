// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// onlyTeams does passes over all teams until they write nothing.
func onlyTeams(t *testing.T, w *passes.World) {
	t.Helper()
	for range 3 {
		var names []string
		for kind, all := range w.CatchUp() {
			if kind == passes.Team {
				names = all
			}
		}
		before := len(w.Traffic.Writes())
		for _, name := range names {
			if result, err := w.Pass(passes.Team, name); err != nil || result.RequeueAfter > 0 {
				t.Fatalf("the pass over %s ends with %v, %v", name, result, err)
			}
		}
		if before == len(w.Traffic.Writes()) {
			return
		}
	}
	t.Fatalf("the teams do not settle: writes %v", w.Traffic.Writes())
}

func team(w *passes.World, name string) *v1alpha1.Team {
	tm := &v1alpha1.Team{}
	w.Find(name, tm)
	return tm
}

// standing is where a team is, and who is in it.
type standing struct {
	Members, Total, Depth int32
	Path, Lead            string
}

func standingOf(tm *v1alpha1.Team) standing {
	st := tm.Status
	return standing{ptr.Deref(st.Members, -1), ptr.Deref(st.TotalMembers, -1), ptr.Deref(st.Depth, -1), st.Path, st.Lead}
}

func wantTeams(t *testing.T, w *passes.World, want map[string]standing) {
	t.Helper()
	got := map[string]standing{}
	for name := range want {
		got[name] = standingOf(team(w, name))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the teams (-want +got):\n%s", diff)
	}
}

func TestTeamTree(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(),
		build.Team("company").Lead("ada").Obj(),
		build.Team("sales").Parent("company").Lead("bea").Members("cid", "dan").Obj(),
		build.Team("field").Parent("sales").Members("cid", "eve", "ada").Obj(),
		build.Team("ops").Parent("company").Obj(),
		build.User("ada").Obj(), build.User("bea").Obj(), build.User("cid").Obj(),
		build.User("dan").State(v1alpha1.UserSuspended).Obj(), build.User("eve").State(v1alpha1.UserArchived).Obj(),
	)
	onlyTeams(t, w)
	wantTeams(t, w, map[string]standing{
		"company": {1, 4, 0, "company", "ada"}, "sales": {3, 4, 1, "company/sales", "bea"},
		"field": {2, 2, 2, "company/sales/field", ""}, "ops": {0, 0, 1, "company/ops", ""},
	})
	wantCondition(t, team(w, "field"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "without eve", "take them out of spec.members")

	t.Run("a second pass writes nothing", func(t *testing.T) {
		w.Traffic.Reset()
		w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
		onlyTeams(t, w)
		if all := append(w.Traffic.Writes(), w.Traffic.Reads()...); len(all) > 0 {
			t.Errorf("it asks the API server for %v", all)
		}
	})

	passes.Change(w, "sales", func(tm *v1alpha1.Team) { tm.Spec.Parent = "" })
	w.Delete(build.User("bea").Obj())
	onlyTeams(t, w)
	wantTeams(t, w, map[string]standing{
		"company": {1, 1, 0, "company", "ada"}, "sales": {2, 3, 0, "sales", ""}, "field": {2, 2, 1, "sales/field", ""},
	})
}

func TestTeamsThatAreStuck(t *testing.T) {
	t.Parallel()
	w := passes.New(t, build.Organization("acme").Obj(), build.Organization("globex").Obj(),
		build.Role("theirs").In("", "globex").Obj(), build.Role("member").Obj(),
		build.Team("a").Parent("b").Obj(), build.Team("b").Parent("c").Obj(), build.Team("c").Parent("a").Obj(),
		build.Team("below").Parent("a").Members("ada").Obj(),
		build.Team("orphan").Parent("ghost").Obj(), build.Team("grandchild").Parent("orphan").Obj(),
		build.Team("theirs").In("", "globex").Obj(), build.Team("stray").Parent("theirs").Obj(),
		build.Team("roles").Roles("member", "theirs", "ghost").Obj(),
		build.Team("homeless").In("", "ghost").Obj(), build.Team("people").Members("nobody", "ada").Obj(),
		build.User("ada").Obj(),
	)
	onlyTeams(t, w)
	for name, want := range map[string]struct {
		reason string
		words  []string
	}{
		"a":          {v1alpha1.ReasonTeamCycle, []string{"a is part of b, which is part of c, which is part of a: "}},
		"c":          {v1alpha1.ReasonTeamCycle, []string{"c is part of a, which is part of b, which is part of c: "}},
		"below":      {v1alpha1.ReasonTeamCycle, []string{"the teams above this one", "a is part of b, which is part of c, which is part of a: "}},
		"orphan":     {v1alpha1.ReasonTeamNotFound, []string{"acme has no Team ghost: create it, or correct spec.parent"}},
		"grandchild": {v1alpha1.ReasonTeamNotFound, []string{"acme has no Team ghost, which Team orphan above this one"}},
		"stray":      {v1alpha1.ReasonTeamNotFound, []string{"acme has no Team theirs"}},
		"roles":      {v1alpha1.ReasonRoleNotFound, []string{"acme has no Role ghost, theirs", "spec.roles"}},
		"homeless":   {v1alpha1.ReasonOrganizationNotFound, []string{"organization ghost"}},
		"people":     {v1alpha1.ReasonUserNotFound, []string{"acme has no User nobody"}},
	} {
		wantCondition(t, team(w, name), v1alpha1.ConditionStalled, metav1.ConditionTrue, want.reason, want.words...)
	}
	// Who is in a cycle is counted with all others in it, and nobody twice.
	wantTeams(t, w, map[string]standing{
		"a": {0, 1, -1, "", ""}, "below": {1, 1, -1, "", ""}, "grandchild": {0, 0, -1, "", ""}, "people": {1, 1, 0, "people", ""},
	})
	passes.Change(w, "a", func(tm *v1alpha1.Team) { tm.Spec.Parent = "" })
	w.Create(build.Team("ghost").Obj())
	onlyTeams(t, w)
	wantTeams(t, w, map[string]standing{"below": {1, 1, 1, "a/below", ""}, "b": {0, 0, 2, "a/c/b", ""}, "grandchild": {0, 0, 2, "ghost/orphan/grandchild", ""}})
}

// A path that is too long for the status begins with an ellipsis.
func TestTeamPathIsLong(t *testing.T) {
	t.Parallel()
	name := func(i int) string { return fmt.Sprintf("%c%s", 'a'+i, strings.Repeat("x", 252)) }
	objects := []client.Object{build.Organization("acme").Obj(), build.Team(name(0)).Obj()}
	for i := range 9 {
		objects = append(objects, build.Team(name(i+1)).Parent(name(i)).Obj())
	}
	w := passes.New(t, objects...)
	onlyTeams(t, w)
	last := team(w, name(9)).Status
	if n := len([]rune(last.Path)); n != 2048 || !strings.HasPrefix(last.Path, "…") || !strings.HasSuffix(last.Path, name(8)+"/"+name(9)) || *last.Depth != 9 {
		t.Errorf("depth %d, path of %d characters: %s", *last.Depth, n, last.Path)
	}
	if got := team(w, name(7)).Status.Path; strings.HasPrefix(got, "…") || len(got) != 8*254-1 {
		t.Errorf("path of %d characters: %s", len(got), got)
	}
}

// A change of one team reaches those above it and those below it.
func TestTeamsWakeEachOther(t *testing.T) {
	t.Parallel()
	ns, change := running(t, build.Organization("acme").Obj(),
		build.Team("top").Obj(), build.Team("middle").Parent("top").Roles("member").Obj(), build.Team("bottom").Parent("middle").Members("bea").Obj(),
	)
	stands := func(why, name string, want standing) {
		t.Helper()
		becomes(t, ns, name, why, func(tm *v1alpha1.Team) bool { return standingOf(tm) == want })
	}
	reason := func(name, want string) {
		t.Helper()
		becomes(t, ns, name, "is to be "+want, func(tm *v1alpha1.Team) bool {
			return slices.ContainsFunc(tm.Status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionReady && c.Reason == want })
		})
	}
	reason("bottom", v1alpha1.ReasonUserNotFound)
	reason("middle", v1alpha1.ReasonRoleNotFound)
	change(create(build.Role("member").In(ns, "acme").Obj()))
	reason("middle", v1alpha1.ReasonReady)
	change(create(build.User("bea").In(ns, "acme").Obj()))
	stands("somebody joins two teams below", "top", standing{0, 1, 0, "top", ""})
	change(edited("bea", func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserArchived }))
	stands("somebody leaves two teams below", "top", standing{0, 0, 0, "top", ""})
	change(edited("bea", func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserActive }))
	stands("somebody is back two teams below", "top", standing{0, 1, 0, "top", ""})
	change(edited("bottom", func(tm *v1alpha1.Team) { tm.Spec.Members = nil }))
	stands("nobody is a member two teams below", "top", standing{0, 0, 0, "top", ""})
	change(edited("middle", func(tm *v1alpha1.Team) { tm.Spec.Parent = "" }))
	stands("the team above is above no more", "bottom", standing{0, 0, 1, "middle/bottom", ""})
	change(edited("middle", func(tm *v1alpha1.Team) { tm.Spec.Parent = "bottom" }))
	reason("middle", v1alpha1.ReasonTeamCycle)
	reason("bottom", v1alpha1.ReasonTeamCycle)
	change(edited("bottom", func(tm *v1alpha1.Team) { tm.Spec.Parent = "top" }))
	stands("the cycle is broken", "middle", standing{0, 0, 2, "top/bottom/middle", ""})
	change(func(ctx context.Context, c client.Client) error {
		return c.Delete(ctx, build.Team("top").In(ns, "acme").Obj())
	})
	reason("middle", v1alpha1.ReasonTeamNotFound)
	change(create(build.Team("top").In(ns, "acme").Obj()))
	reason("middle", v1alpha1.ReasonReady)
}

func create(o client.Object) func(context.Context, client.Client) error {
	return func(ctx context.Context, c client.Client) error { return c.Create(ctx, o) }
}

// BenchmarkTeamPass is a pass over a team of 5 000 with 50 teams below it that name the same people.
func BenchmarkTeamPass(b *testing.B) {
	const people, below = 5000, 50
	names := make([]string, people)
	objects := []client.Object{build.Organization("acme").Obj()}
	for i := range names {
		names[i] = fmt.Sprintf("u%04d", i)
		objects = append(objects, build.User(names[i]).Obj())
	}
	objects = append(objects, build.Team("top").Members(names...).Obj())
	for i := range below {
		objects = append(objects, build.Team(fmt.Sprintf("below-%d", i)).Parent("top").Members(names...).Obj())
	}
	w := passes.New(b, objects...)
	w.CatchUp()
	for b.Loop() {
		if _, err := w.Pass(passes.Team, "top"); err != nil {
			b.Fatal(err)
		}
	}
}
