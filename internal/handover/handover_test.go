// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	byName    = v1alpha1.SuccessorNamed
	byManager = v1alpha1.SuccessorManager
	byLead    = v1alpha1.SuccessorTeamLead
	byOwner   = v1alpha1.SuccessorOwner
	spread    = v1alpha1.SuccessorSpread
)

// people are an organization in memory, as a roster has it: users of other organizations are not there.
type people struct {
	*build.Sources

	users []*v1alpha1.User
}

func company(objects ...client.Object) people {
	p := people{Sources: build.Source(objects...)}
	for _, o := range objects {
		if u, ok := o.(*v1alpha1.User); ok && u.Spec.Organization == "acme" {
			p.users = append(p.users, u)
		}
	}
	return p
}

func (p people) User(name string) *v1alpha1.User {
	for _, u := range p.users {
		if u.Name == name {
			return u
		}
	}
	return nil
}

func (p people) Members() []*v1alpha1.User { return p.users }

// active starts a user who has access.
func active(name string) *build.UserBuilder { return build.User(name).AcceptedAt(now) }

// gone starts a user who leaves for good.
func gone(name string) *build.UserBuilder { return active(name).State(v1alpha1.UserArchived) }

// took records who took over from a user.
func took(u *build.UserBuilder, names ...string) *v1alpha1.User {
	o := u.Obj()
	on := v1alpha1.RuleHandover{Rule: "deals", State: v1alpha1.HandoverDone}
	for _, name := range names {
		on.Successors = append(on.Successors, successor(name))
	}
	o.Status.Handover = &v1alpha1.Handover{Generation: 1, Rules: []v1alpha1.RuleHandover{{Rule: "another", State: v1alpha1.HandoverDone}, on}}
	return o
}

func successor(name string) v1alpha1.Successor {
	return v1alpha1.Successor{User: name, UID: types.UID("uid-of-" + name)}
}

func rule(sources ...v1alpha1.SuccessorSource) *v1alpha1.OwnershipRule {
	return &v1alpha1.OwnershipRule{Name: "deals", Successor: sources}
}

type choice struct {
	why string
	// The first user is who leaves.
	users   []client.Object
	teams   []client.Object
	sources []v1alpha1.SuccessorSource
	want    []string
	problem string
}

func by(sources ...v1alpha1.SuccessorSource) []v1alpha1.SuccessorSource { return sources }

func (c *choice) check(t *testing.T) {
	t.Helper()
	objects := append(append([]client.Object{build.Organization("acme").Owner("ada").Obj()}, c.users...), c.teams...)
	chosen, problem := handover.Choose(rule(c.sources...), c.users[0].(*v1alpha1.User), company(objects...))
	var names []string
	for _, s := range chosen {
		names = append(names, s.User)
		if s != successor(s.User) {
			t.Errorf("%s: the UID of %s is %s", c.why, s.User, s.UID)
		}
	}
	if diff := cmp.Diff(c.want, names); diff != "" {
		t.Errorf("%s; want -, got +:\n%s", c.why, diff)
	}
	if problem != c.problem {
		t.Errorf("%s:\nthe problem is %q\nwant           %q", c.why, problem, c.problem)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	jean := gone("jean")
	for name, c := range map[string]choice{
		"named": {
			why: "who was named takes over", sources: by(byName, byManager), want: []string{"bea"},
			users: []client.Object{gone("jean").Successor("bea").Manager("max").Obj(), active("bea").Obj(), active("max").Obj()},
		},
		"manager": {
			why: "nobody was named", sources: by(byName, byManager), want: []string{"max"},
			users: []client.Object{gone("jean").Manager("max").Obj(), active("bea").Obj(), active("max").Obj()},
		},
		"order": {
			why: "the rule says in which order", sources: by(byManager, byName), want: []string{"max"},
			users: []client.Object{gone("jean").Successor("bea").Manager("max").Obj(), active("bea").Obj(), active("max").Obj()},
		},
		"only what the rule says": {
			why: "a manager does not take over by a rule that does not say so", sources: by(byName),
			users:   []client.Object{gone("jean").Manager("max").Obj(), active("max").Obj()},
			problem: "nobody takes over: of spec.successor, none has access and stays",
		},
		"owner": {
			why: "the organization has one who is always there", sources: by(byName, byManager, byLead, byOwner), want: []string{"ada"},
			users: []client.Object{jean.Obj(), active("ada").Obj()},
		},
		"nobody": {
			why: "every source is named in its order", sources: by(byName, byManager, byLead, byOwner, spread), users: []client.Object{jean.Obj()},
			problem: "nobody takes over: of spec.successor, spec.manager, the leads of the teams, the owner of the organization, the members, " +
				"none has access and stays",
		},
		"spread": {
			why: "all who have access, by name, and not who leaves", sources: by(spread), want: []string{"ada", "bea", "max"},
			users: []client.Object{jean.Obj(), active("max").Obj(), active("ada").Obj(), gone("guy").Obj(), active("bea").Obj(), build.User("new").Obj()},
		},
		"spread, and nobody is left": {
			why: "who leaves does not take over from himself", sources: by(spread), users: []client.Object{jean.Obj()},
			problem: "nobody takes over: of the members, none has access and stays",
		},
		"spread, then owner": {
			why: "a source that comes after spread counts when nobody is there", sources: by(spread, byName), want: nil,
			users:   []client.Object{gone("jean").Successor("new").Obj(), build.User("new").Obj()},
			problem: "nobody takes over: of the members, spec.successor, none has access and stays",
		},
		"not accepted": {
			why: "who was only invited cannot take over", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("new").Obj(), build.User("new").Obj(), active("ada").Obj()},
		},
		"suspended": {
			why: "who is suspended cannot take over, nor does anybody for them", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{
				gone("jean").Successor("bea").Obj(), active("bea").State(v1alpha1.UserSuspended).Successor("max").Obj(), active("max").Obj(), active("ada").Obj(),
			},
		},
		"revoked": {
			why: "who is to be there again and has no access yet cannot take over", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), active("bea").Revoked(now).Obj(), active("ada").Obj()},
		},
		"archived": {
			why: "who is archived, and has nobody, is passed over", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), gone("bea").Revoked(now).Obj(), active("ada").Obj()},
		},
		"being deleted": {
			why: "who is being deleted leaves too", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), active("bea").Deleting(now).Obj(), active("ada").Obj()},
		},
		"of another organization": {
			why: "what an organization has stays in it", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), active("bea").In("acme", "other").Obj(), active("ada").Obj()},
		},
		"absent": {
			why: "there is no such user", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("nil").Obj(), active("ada").Obj()},
		},
		"an owner who leaves": {
			why: "the owner may be suspended or gone too", sources: by(byOwner), users: []client.Object{jean.Obj(), gone("ada").Obj()},
			problem: "nobody takes over: of the owner of the organization, none has access and stays",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func TestChooseFollows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]choice{
		"by what was declared": {
			why: "jean to bea to cid", sources: by(byName, byOwner), want: []string{"cid"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), gone("bea").Successor("cid").Obj(), active("cid").Obj(), active("ada").Obj()},
		},
		"by what was declared, far": {
			why: "jean to bea to cid to dan, each by another source", sources: by(byName, byManager, byOwner), want: []string{"dan"},
			users: []client.Object{
				gone("jean").Manager("bea").Obj(), gone("bea").Successor("cid").Obj(), active("cid").Deleting(now).Manager("dan").Obj(), active("dan").Obj(),
			},
		},
		"by what was recorded": {
			why: "bea's objects are with dan, whatever was declared since", sources: by(byName, byOwner), want: []string{"dan"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), took(gone("bea").Successor("cid"), "dan"), active("cid").Obj(), active("dan").Obj()},
		},
		"by what was recorded, spread": {
			why: "bea's objects were spread", sources: by(byName, byOwner), want: []string{"dan", "cid"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), took(gone("bea"), "dan", "cid", "dan"), active("cid").Obj(), active("dan").Obj()},
		},
		"by what was recorded, spread, one gone": {
			why: "who stays has them, and who takes over from who does not", sources: by(byName, byOwner), want: []string{"dan", "eve"},
			users: []client.Object{
				gone("jean").Successor("bea").Obj(), took(gone("bea"), "dan", "cid"), active("dan").Obj(), gone("cid").Successor("eve").Obj(), active("eve").Obj(),
			},
		},
		"by what was recorded, all gone": {
			why: "when nobody who took over is there, what was declared counts", sources: by(byName, byOwner), want: []string{"cid"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), took(gone("bea").Successor("cid"), "nil"), active("cid").Obj(), active("ada").Obj()},
		},
		"nothing was recorded by this rule": {
			why: "bea owned nothing of this kind", sources: by(byName, byOwner), want: []string{"cid"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), took(gone("bea").Successor("cid")), active("cid").Obj()},
		},
		"the chain ends": {
			why: "bea has nobody, and jean has an owner", sources: by(byName, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), gone("bea").Successor("cid").Obj(), active("ada").Obj()},
		},
		"a cycle of two": {
			why: "people named each other: they correct it", sources: by(byName, byOwner),
			users:   []client.Object{gone("jean").Successor("bea").Obj(), gone("bea").Successor("jean").Obj(), active("ada").Obj()},
			problem: "the successors lead back to where they began: jean, who hands over to bea, who hands over to jean",
		},
		"a cycle of three": {
			why: "each of them is named", sources: by(byName, byOwner),
			users: []client.Object{
				gone("jean").Successor("bea").Obj(), gone("bea").Successor("cid").Obj(), gone("cid").Successor("jean").Obj(), active("ada").Obj(),
			},
			problem: "the successors lead back to where they began: jean, who hands over to bea, who hands over to cid, who hands over to jean",
		},
		"a cycle that jean is not in": {
			why: "the cycle is named from where it begins", sources: by(byName, byOwner),
			users: []client.Object{
				gone("jean").Successor("bea").Obj(), gone("bea").Successor("cid").Obj(), gone("cid").Successor("bea").Obj(), active("ada").Obj(),
			},
			problem: "the successors lead back to where they began: bea, who hands over to cid, who hands over to bea",
		},
		"a cycle by what was recorded": {
			why: "bea's objects are with jean, and bea has nobody else", sources: by(byName),
			users:   []client.Object{gone("jean").Successor("bea").Obj(), took(gone("bea"), "jean")},
			problem: "the successors lead back to where they began: jean, who hands over to bea, who hands over to jean",
		},
		"a cycle by what was recorded, and somebody else": {
			why: "jean, who took over from bea, goes: bea's manager does", sources: by(byName, byManager, byOwner), want: []string{"max"},
			users: []client.Object{
				gone("jean").Successor("bea").Obj(), took(gone("bea").Successor("nil").Manager("max"), "jean"), active("max").Obj(), active("ada").Obj(),
			},
		},
		"a cycle of managers": {
			why: "nobody meant anything by it: the next source counts", sources: by(byManager, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Manager("bea").Obj(), gone("bea").Manager("jean").Obj(), active("ada").Obj()},
		},
		"a cycle of managers, and nobody": {
			why: "a cycle that is skipped is not told", sources: by(byManager, byOwner),
			users:   []client.Object{gone("jean").Manager("bea").Obj(), gone("bea").Manager("jean").Obj()},
			problem: "nobody takes over: of spec.manager, the owner of the organization, none has access and stays",
		},
		"a cycle of a manager": {
			why: "that the manager named jean does not keep the owner", sources: by(byName, byManager, byOwner), want: []string{"ada"},
			users: []client.Object{gone("jean").Manager("bea").Obj(), gone("bea").Successor("jean").Obj(), active("ada").Obj()},
		},
		"spread along the chain": {
			why: "whoever leaves is left out, also on the way", sources: by(byName, spread), want: []string{"ada", "max"},
			users: []client.Object{gone("jean").Successor("bea").Obj(), gone("bea").Obj(), active("max").Obj(), active("ada").Obj()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func TestChooseTeamLeads(t *testing.T) {
	t.Parallel()
	sources := by(byLead, byOwner)
	nobody := "nobody takes over: of the leads of the teams, the owner of the organization, none has access and stays"
	for name, c := range map[string]choice{
		"own team": {
			why: "the lead of the team, not a member", want: []string{"lea"},
			users: []client.Object{gone("jean").Obj(), active("bea").Obj(), active("lea").Obj()},
			teams: []client.Object{build.Team("sales").Members("bea", "jean").Lead("lea").Obj()},
		},
		"two leads": {
			why: "the first who is there", want: []string{"lou"},
			users: []client.Object{gone("jean").Obj(), active("lea").State(v1alpha1.UserSuspended).Obj(), active("lou").Obj(), active("ada").Obj()},
			teams: []client.Object{build.Team("sales").Members("jean").Lead("lea").Lead("lou").Obj()},
		},
		"two teams": {
			why: "the first team by name", want: []string{"lea"},
			users: []client.Object{gone("jean").Obj(), active("lea").Obj(), active("lou").Obj()},
			teams: []client.Object{build.Team("west").Members("jean").Lead("lou").Obj(), build.Team("east").Members("jean").Lead("lea").Obj()},
		},
		"a lead leaves": {
			why: "who leads does not take over from himself, and the team above does", want: []string{"top"},
			users: []client.Object{gone("jean").Obj(), active("bea").Obj(), active("top").Obj()},
			teams: []client.Object{
				build.Team("sales").Lead("jean").Members("bea").Parent("company").Obj(), build.Team("company").Lead("jean").Lead("top").Obj(),
			},
		},
		"up the tree": {
			why: "own teams go before those above, and these by distance", want: []string{"far"},
			users: []client.Object{gone("jean").Obj(), active("far").Obj(), active("top").Obj()},
			teams: []client.Object{
				build.Team("a").Members("jean").Parent("b").Obj(), build.Team("b").Lead("nil").Parent("c").Obj(), build.Team("c").Lead("top").Obj(),
				build.Team("z").Members("jean").Parent("y").Obj(), build.Team("y").Lead("far").Obj(),
			},
		},
		"the lead's lead": {
			why: "a lead who leaves is followed, before the next source", want: []string{"top"},
			users: []client.Object{gone("jean").Obj(), gone("lea").Obj(), active("top").Obj(), active("ada").Obj()},
			teams: []client.Object{build.Team("sales").Members("jean").Lead("lea").Obj(), build.Team("leads").Members("lea").Lead("top").Obj()},
		},
		"teams in a cycle": {
			why: "the search ends, and nobody is there", users: []client.Object{gone("jean").Obj()}, problem: nobody,
			teams: []client.Object{build.Team("a").Members("jean").Parent("b").Obj(), build.Team("b").Parent("a").Obj()},
		},
		"a team of itself": {
			why: "the search ends, and the owner is there", users: []client.Object{gone("jean").Obj(), active("ada").Obj()}, want: []string{"ada"},
			teams: []client.Object{build.Team("a").Members("jean").Parent("a").Obj()},
		},
		"a team above that is not there": {
			why: "the search ends", users: []client.Object{gone("jean").Obj()}, problem: nobody,
			teams: []client.Object{build.Team("a").Members("jean").Parent("nil").Obj()},
		},
		"leads of each other": {
			why: "both leave: nobody meant anything by it", want: []string{"ada"},
			users: []client.Object{gone("jean").Obj(), gone("lea").Obj(), active("ada").Obj()},
			teams: []client.Object{build.Team("a").Members("jean").Lead("lea").Obj(), build.Team("b").Members("lea").Lead("jean").Obj()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.sources = sources
			c.check(t)
		})
	}
}

// counted counts how often a user is asked for, and gives up on a search that does not end.
type counted struct {
	people

	asked *int
}

func (c counted) User(name string) *v1alpha1.User {
	const most = 100_000
	if *c.asked++; *c.asked > most {
		panic("the search does not end")
	}
	return c.people.User(name)
}

// Those who are gone for good stay in their teams, and in what was recorded: the search does not go through them in each
// of their orders.
func TestChooseAmongManyWhoAreGone(t *testing.T) {
	t.Parallel()
	const many = 40
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprintf("u%02d", i)
	}
	leads, spreads := build.Team("a"), []client.Object{active("ada").Obj(), build.Organization("acme").Obj()}
	team := slices.Clone(spreads)
	for _, name := range names {
		leads.Lead(name)
		team = append(team, gone(name).Obj())
		spreads = append(spreads, took(gone(name), names...))
	}
	for name, c := range map[string]struct {
		objects []client.Object
		sources []v1alpha1.SuccessorSource
	}{
		"leads of one team":             {append(team, leads.Obj()), by(byLead)},
		"leads of one team, and spread": {append(slices.Clone(team), leads.Obj()), by(byLead, spread)},
		"named, who took over":          {slices.Concat(spreads, []client.Object{gone("jean").Successor("u00").Obj()}), by(byName, byOwner)},
		"a manager, who took over":      {slices.Concat(spreads, []client.Object{gone("jean").Manager("u00").Obj()}), by(byManager, byOwner)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if r := recover(); r != nil {
					t.Fatal(r)
				}
			}()
			all := counted{company(c.objects...), new(int)}
			u := all.people.User("jean")
			if u == nil {
				u = all.people.User("u00")
			}
			chosen, problem := handover.Choose(rule(c.sources...), u, all)
			if len(chosen) > 0 && !cmp.Equal(chosen, []v1alpha1.Successor{successor("ada")}) || len(chosen) == 0 && problem == "" {
				t.Errorf("%v take over (%s)", chosen, problem)
			}
		})
	}
}

func TestSpreadIsWrittenDown(t *testing.T) {
	t.Parallel()
	const most, many = 64, 200
	objects := []client.Object{build.Organization("acme").Obj()}
	for i := range many {
		objects = append(objects, active(fmt.Sprintf("u%03d", i)).Obj())
	}
	leaving := []client.Object{gone("jean").Obj(), gone("paul").Obj()}
	all := company(append(objects, leaving...)...)
	first, problem := handover.Choose(rule(spread), all.User("jean"), all)
	if problem != "" || len(first) != most {
		t.Fatalf("%d take over (%s), want %d", len(first), problem, most)
	}
	for _, s := range first {
		if !handover.Available(all.User(s.User)) {
			t.Errorf("%s takes over", s.User)
		}
	}
	if !slices.IsSortedFunc(first, func(a, b v1alpha1.Successor) int { return strings.Compare(a.User, b.User) }) {
		t.Error("they are not in order")
	}
	slices.Reverse(objects)
	turned := company(append(objects, leaving...)...)
	if again, _ := handover.Choose(rule(spread), all.User("jean"), turned); !cmp.Equal(first, again) {
		t.Errorf("in another order, others take over:\n%s", cmp.Diff(first, again))
	}
	if other, _ := handover.Choose(rule(spread), all.User("paul"), all); cmp.Equal(first, other) {
		t.Error("the same take over from everybody, and the rest never do")
	}
}

// What a follow of many is written down as fits too.
func TestFollowedSpreadIsWrittenDown(t *testing.T) {
	t.Parallel()
	const most = 64
	objects := []client.Object{build.Organization("acme").Obj(), gone("jean").Successor("bea").Obj()}
	var first []string
	for i := range most {
		var next []string
		for j := range 3 {
			name := fmt.Sprintf("v%02d-%d", i, j)
			objects, next = append(objects, active(name).Obj()), append(next, name)
		}
		name := fmt.Sprintf("u%02d", i)
		objects, first = append(objects, took(gone(name), next...)), append(first, name)
	}
	all := company(append(objects, took(gone("bea"), first...))...)
	if chosen, problem := handover.Choose(rule(byName), all.User("jean"), all); problem != "" || len(chosen) != most {
		t.Errorf("%d take over (%s), want %d", len(chosen), problem, most)
	}
}

// several draws successors, each of their own.
func several(t *rapid.T) []v1alpha1.Successor {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{4,8}`), 2, 8, rapid.ID[string]).Draw(t, "names")
	all := make([]v1alpha1.Successor, len(names))
	for i, name := range names {
		all[i] = successor(name)
	}
	return all
}

func TestHeir(t *testing.T) {
	t.Parallel()
	const objects = 1000
	rapid.Check(t, func(t *rapid.T) {
		all := several(t)
		leaves := rapid.SampledFrom(all).Draw(t, "leaves")
		rest := slices.DeleteFunc(slices.Clone(all), func(s v1alpha1.Successor) bool { return s == leaves })
		mixed := rapid.Permutation(all).Draw(t, "order")
		salt := rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "salt")
		got := map[string]int{}
		for i := range objects {
			object := types.UID(fmt.Sprintf("%s-%d", salt, i))
			heir := handover.Heir(all, object)
			got[heir.User]++
			if other := handover.Heir(mixed, object); other != heir {
				t.Fatalf("%s goes to %s, and in another order to %s", object, heir.User, other.User)
			}
			if next := handover.Heir(rest, object); heir != leaves && next != heir {
				t.Fatalf("%s is with %s, who stays, and goes to %s since %s leaves", object, heir.User, next.User, leaves.User)
			}
		}
		for _, s := range all {
			if fair := objects / len(all); got[s.User] < fair/2 || got[s.User] > fair*2 {
				t.Fatalf("of %d objects, %s of %d gets %d", objects, s.User, len(all), got[s.User])
			}
		}
	})
	if only := successor("bea"); handover.Heir([]v1alpha1.Successor{only}, "x") != only {
		t.Error("who is the only one gets everything")
	}
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user *v1alpha1.User
		want bool
	}{
		"nobody":    {nil, false},
		"active":    {active("bea").Obj(), true},
		"invited":   {build.User("bea").Invited(1, now).Obj(), false},
		"suspended": {active("bea").State(v1alpha1.UserSuspended).Obj(), false},
		"archived":  {gone("bea").Obj(), false},
		"deleted":   {active("bea").Deleting(now).Obj(), false},
		"revoked":   {active("bea").Revoked(now).Obj(), false},
	} {
		if got := handover.Available(c.user); got != c.want {
			t.Errorf("%s: available is %t", name, got)
		}
	}
}

func TestPendingAndFinished(t *testing.T) {
	t.Parallel()
	const moving, incomplete, done, retained = v1alpha1.HandoverMoving, v1alpha1.HandoverIncomplete, v1alpha1.HandoverDone, v1alpha1.HandoverRetained
	for state, want := range map[v1alpha1.HandoverState]bool{moving: false, incomplete: false, done: true, retained: true, "": false} {
		if got := handover.Finished(&v1alpha1.RuleHandover{State: state}); got != want {
			t.Errorf("%q is finished: %t", state, got)
		}
	}
	for name, c := range map[string]struct {
		why    string
		states []v1alpha1.HandoverState
		want   bool
	}{
		"nothing was looked for": {why: "there is nothing to hand over", states: nil, want: false},
		"all is done":            {why: "nothing is left to do", states: []v1alpha1.HandoverState{done, retained}, want: false},
		"the last one moves":     {why: "each rule counts", states: []v1alpha1.HandoverState{done, retained, moving}, want: true},
		"the first one waits":    {why: "what cannot be moved now is still owned", states: []v1alpha1.HandoverState{incomplete, done}, want: true},
	} {
		var status v1alpha1.UserStatus
		for i, state := range c.states {
			if status.Handover == nil {
				status.Handover = &v1alpha1.Handover{Generation: 1}
			}
			status.Handover.Rules = append(status.Handover.Rules, v1alpha1.RuleHandover{Rule: fmt.Sprint(i), State: state})
		}
		if got := handover.Pending(&status); got != c.want {
			t.Errorf("%s (%s): pending is %t", name, c.why, got)
		}
	}
}

func TestOnAndOf(t *testing.T) {
	t.Parallel()
	u := took(gone("jean"), "bea")
	if on := handover.On(u, "deals"); on == nil || on != &u.Status.Handover.Rules[1] {
		t.Errorf("on deals: %v, which is to be the one in the status", on)
	}
	if on := handover.On(u, "nothing"); on != nil {
		t.Errorf("on a rule that there is not: %v", on)
	}
	if on := handover.On(gone("jean").Obj(), "deals"); on != nil {
		t.Errorf("before it has begun: %v", on)
	}
	report := &handover.Report{Rules: []handover.Result{{Rule: "a"}, {Rule: "b", Left: 2}}}
	if of := report.Of("b"); of == nil || of.Left != 2 {
		t.Errorf("of b: %v", of)
	}
	if of := report.Of("c"); of != nil {
		t.Errorf("of a rule that there is not: %v", of)
	}
}
