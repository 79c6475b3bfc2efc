// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// grouped is acme, whose teams and roles are groups. The team field is a part of sales.
func grouped(users ...string) func() []client.Object {
	return func() []client.Object {
		objects := accounted(func(o *v1alpha1.Organization) {
			o.Spec.Directory.SCIM.TeamsAsGroups, o.Spec.Directory.SCIM.RolesAsGroups = new(true), new(true)
		}, append([]string{"ada"}, users...)...)()
		return append(objects, build.Team("field").Parent("sales").Members("cid").Obj())
	}
}

// groupsOf are the groups that there are, by their names, with the names of those who are in them.
func groupsOf(w *passes.World) map[string][]string {
	names := map[string]string{}
	for _, has := range w.Directory.Accounts() {
		names["id-"+string(has.Account.UID)] = has.Account.UserName[:3]
	}
	all := map[string][]string{}
	for _, g := range w.Directory.Groups() {
		names[g.ID] = "group " + g.DisplayName
	}
	for _, g := range w.Directory.Groups() {
		members := []string{}
		for _, id := range g.Members {
			name, ok := names[id]
			if !ok {
				name = "somebody who is not there"
			}
			members = append(members, name)
		}
		slices.Sort(members)
		all[g.DisplayName] = members
	}
	return all
}

func wantGroups(t *testing.T, w *passes.World, want map[string][]string) {
	t.Helper()
	if diff := cmp.Diff(want, groupsOf(w)); diff != "" {
		t.Errorf("the groups (-want +got):\n%s", diff)
	}
}

// wantSaid checks that an event begins so and has these words.
func wantSaid(t *testing.T, w *passes.World, begins, has string) {
	t.Helper()
	if !slices.ContainsFunc(w.Events.All(), func(e string) bool { return strings.HasPrefix(e, begins) && strings.Contains(e, has) }) {
		t.Errorf("nobody is told: %s", strings.Join(w.Events.All(), "\n"))
	}
}

func dismiss(name string) func(*passes.World) {
	return func(w *passes.World) { w.Delete(build.Team(name).Obj()) }
}

func optOut(w *passes.World) {
	passes.Change(w, "acme", func(o *v1alpha1.Organization) {
		o.Spec.Directory.SCIM.TeamsAsGroups, o.Spec.Directory.SCIM.RolesAsGroups = nil, new(false)
	})
}

func ofTeam(r operator.Request) bool {
	return r.Writes() && (r.Resource == "teams" || r.Resource == "teams/status")
}

// groupStories are about the groups of teams and roles.
var groupStories = map[string]struct {
	story
	nested bool
	ends   map[string][]string
}{
	"made": {
		story: story{given: acme(3, "ada", "bea", "cid"), happens: func(w *passes.World) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				o.Spec.Directory = grouped()()[0].(*v1alpha1.Organization).Spec.Directory
			})
		}},
		ends: map[string][]string{"sales": {"ada", "bea"}, "member": {"ada", "bea", "cid"}},
	},
	"flat": {
		story: story{given: grouped("bea", "cid"), happens: func(w *passes.World) { w.Answer("cid", accept) }},
		ends:  map[string][]string{"sales": {"ada", "bea", "cid"}, "field": {"cid"}, "member": {"ada", "bea", "cid"}},
	},
	"nested": {
		story:  story{given: grouped("bea"), happens: func(w *passes.World) { w.Create(member("cid")) }},
		nested: true,
		ends:   map[string][]string{"sales": {"ada", "bea", "group field"}, "field": {"cid"}, "member": {"ada", "bea", "cid"}},
	},
	"renamed": {
		story: story{given: grouped("bea", "cid"), happens: func(w *passes.World) {
			passes.Change(w, "field", func(tm *v1alpha1.Team) { tm.Spec.DisplayName = "Field" })
		}},
		nested: true,
		ends:   map[string][]string{"sales": {"ada", "bea", "group Field"}, "Field": {"cid"}, "member": {"ada", "bea", "cid"}},
	},
	"somebody leaves": {
		story: story{given: grouped("bea", "cid"), before: accepted("cid"), happens: edit("cid", state(v1alpha1.UserArchived))},
		ends:  map[string][]string{"sales": {"ada", "bea"}, "field": {}, "member": {"ada", "bea"}},
	},
	"somebody is suspended": {
		story: story{given: grouped("bea", "cid"), before: accepted("cid"), happens: edit("cid", state(v1alpha1.UserSuspended))},
		ends:  map[string][]string{"sales": {"ada", "bea", "cid"}, "field": {"cid"}, "member": {"ada", "bea"}},
	},
	"a team goes": {
		story:  story{given: grouped("bea", "cid"), happens: dismiss("field")},
		nested: true,
		ends:   map[string][]string{"sales": {"ada", "bea"}, "member": {"ada", "bea", "cid"}},
	},
	"a flat team goes": {
		story: story{given: grouped("bea", "cid"), happens: dismiss("field")},
		ends:  map[string][]string{"sales": {"ada", "bea"}, "member": {"ada", "bea", "cid"}},
	},
	"a role goes": {
		story: story{given: grouped("bea", "cid"), happens: func(w *passes.World) { w.Delete(build.Role("member").Obj()) }},
		ends:  map[string][]string{"sales": {"ada", "bea", "cid"}, "field": {"cid"}},
	},
	"no groups any more": {
		story: story{given: grouped("bea", "cid"), happens: optOut},
		ends:  map[string][]string{},
	},
}

// Whatever befalls a write, or the directory, and whether the operator dies of it or not: there are the same groups in the end.
func TestGroupsCrash(t *testing.T) {
	t.Parallel()
	for name, s := range groupStories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := 0
			run := func(t *testing.T, a *accident, befalls func(*passes.World)) {
				t.Helper()
				w := passes.New(t, s.given()...)
				w.Directory.Nested = s.nested
				w.Settle()
				if s.before != nil {
					s.before(w)
					w.Settle()
				}
				w.Traffic.Reset()
				var hit <-chan struct{}
				if a != nil {
					hit = w.Traffic.Kill(a.fault, a.nth, ofTeam)
				}
				if befalls != nil {
					befalls(w)
				}
				s.happens(w)
				if a != nil {
					suffer(t, w, hit, true)
				}
				for range 4 {
					w.Settle()
					w.Clock.Step(time.Minute)
				}
				w.Settle()
				wantGroups(t, w, s.ends)
				count = len(w.Traffic.Requests(ofTeam))
				wantRest(t, w)
			}
			run(t, nil, nil)
			for _, a := range drawn(deaths(count)) {
				t.Run(a.String(), func(t *testing.T) { run(t, &a, nil) })
			}
			t.Run("the directory is down", func(t *testing.T) { run(t, nil, func(w *passes.World) { w.Directory.Unavailable(6) }) })
			t.Run("its answers are lost", func(t *testing.T) { run(t, nil, func(w *passes.World) { w.Directory.Lose(4) }) })
		})
	}
}

// wantRest checks that nothing is asked of the directory, and nothing written, also by an operator that has just started.
func wantRest(t *testing.T, w *passes.World) {
	t.Helper()
	attempts := w.Directory.Attempts()
	w.Traffic.Reset()
	for _, what := range []string{"settled", "started anew"} {
		for range 3 {
			if _, err := w.Round(); err != nil {
				t.Fatal(err)
			}
		}
		if n, writes := w.Directory.Attempts()-attempts, w.Traffic.Writes(); n > 0 || len(writes) > 0 {
			t.Errorf("%s: the directory is asked %d times, written is %v", what, n, writes)
		}
		w.Restart()
	}
}

func groupReason(t *testing.T, o v1alpha1.Conditioned) string {
	t.Helper()
	conditions, _ := o.StatusConditions()
	if c := meta.FindStatusCondition(*conditions, v1alpha1.ConditionProvisioned); c != nil {
		return c.Reason
	}
	return ""
}

// A group that the directory does not take stalls its team, and nothing else; it is tried again when somebody says so.
func TestGroupThatIsRefused(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	field := team(w, "field")
	w.Directory.Reject(field.UID, "no such name")
	w.Settle()
	for name, want := range map[string]string{"field": v1alpha1.ReasonDirectoryRejected, "sales": v1alpha1.ReasonProvisioned} {
		if got := groupReason(t, team(w, name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	wantReason(t, w, team(w, "field"), v1alpha1.ReasonDirectoryRejected)
	wantReason(t, w, team(w, "sales"), v1alpha1.ReasonReady)
	attempts := w.Directory.Attempts()
	w.Directory.Reject(field.UID, "")
	w.Clock.Step(time.Hour)
	w.Settle()
	if n := w.Directory.Attempts() - attempts; n > 0 {
		t.Errorf("what was refused is tried %d times more", n)
	}
	passes.Change(w, "field", func(tm *v1alpha1.Team) { tm.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: "now"} })
	w.Settle()
	wantReason(t, w, team(w, "field"), v1alpha1.ReasonReady)
	if got := groupReason(t, team(w, "field")); got != v1alpha1.ReasonProvisioned {
		t.Errorf("field is %s", got)
	}
}

// A group of the same name is somebody else's. When it is gone, the team's is made without anybody saying so.
func TestGroupThatIsInTheWay(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	w.Directory.OccupyGroup("field", "of-somebody-else")
	for range 6 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	wantReason(t, w, team(w, "field"), v1alpha1.ReasonDirectoryConflict)
	w.Directory.ChangeGroup("of-somebody-else", nil)
	w.Clock.Step(10 * time.Minute)
	w.Settle()
	wantReason(t, w, team(w, "field"), v1alpha1.ReasonReady)
	wantGroups(t, w, map[string][]string{"sales": {"ada", "bea", "cid"}, "field": {"cid"}, "member": {"ada", "bea", "cid"}})
}

// A team that is deleted is no team any more, though it waits for a directory that is down; and it does not wait for ever when its
// organization goes.
func TestTeamThatWaitsForItsDirectory(t *testing.T) {
	t.Parallel()
	objects := append(grouped("bea", "cid")(), build.Role("seller").Obj())
	for _, o := range objects {
		if tm, ok := o.(*v1alpha1.Team); ok && tm.Name == "field" {
			tm.Spec.Roles = []string{"seller"}
		}
	}
	w := passes.New(t, objects...)
	w.Settle()
	if cid := w.User("cid"); !slices.Contains(cid.Status.Roles, "seller") {
		t.Fatalf("cid holds %v", cid.Status.Roles)
	}
	// The directory takes accounts, and no groups.
	w.Directory.Reject(team(w, "field").UID, "groups are read only")
	w.Delete(build.Team("field").Obj())
	for range 8 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	if cid := w.User("cid"); slices.Contains(cid.Status.Roles, "seller") {
		t.Error("cid holds a role by a team that was deleted")
	}
	if got := team(w, "field"); got.DeletionTimestamp == nil || w.Reason(got) != v1alpha1.ReasonDirectoryRejected {
		t.Errorf("field is being deleted since %v, and is %s", got.DeletionTimestamp, w.Reason(got))
	}
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"acme.example/wait"} })
	w.Delete(build.Organization("acme").Obj())
	for range 30 {
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
		w.Clock.Step(30 * time.Second)
	}
	if w.Find("field", &v1alpha1.Team{}) {
		t.Error("field waits for ever")
	}
	wantSaid(t, w, "Warning DirectoryUnavailable field: ", "nobody is left who could mend that")
}

// At another directory the groups are made anew, and those of before are not forgotten without a word.
func TestGroupsAtAnotherDirectory(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	w.Settle()
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.SCIM.URL = "https://other.acme.example/v2" })
	w.Settle()
	if got := team(w, "sales").Status.DirectoryGroup; got == nil || got.Directory != "https://other.acme.example/v2" || got.Revision == "" {
		t.Errorf("on record is %+v", got)
	}
	wantSaid(t, w, "Warning DirectoryUnavailable sales: ", "the group in the directory that the organization named before stays")
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory = v1alpha1.DirectoryPolicy{} })
	w.Settle()
	if got := team(w, "sales"); got.Status.DirectoryGroup != nil || len(got.Finalizers) > 0 || groupReason(t, got) != "" {
		t.Errorf("without a directory sales has the group %+v, the finalizers %v and is %s", got.Status.DirectoryGroup, got.Finalizers, groupReason(t, got))
	}
	wantRest(t, w)
}

// A wave of people is few changes of their group.
func TestWaveIntoAGroup(t *testing.T) {
	t.Parallel()
	const people = 40
	objects := grouped("bea")()
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	for _, o := range objects {
		switch o := o.(type) {
		case *v1alpha1.SeatPool:
			o.Spec.Seats = new(int32(people + 10))
		case *v1alpha1.Team:
			if o.Name == "field" {
				o.Spec.Members = build.Team("x").Members(names...).Obj().Spec.Members
			}
		}
	}
	w := passes.New(t, objects...)
	w.Settle()
	before := w.Directory.GroupWrites()
	for _, name := range names { // one by one: each round lets a second pass
		w.Create(member(name))
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	w.Settle()
	if n := w.Directory.GroupWrites() - before; n > 3*(people/5+2) {
		t.Errorf("%d people in %d seconds take %d changes of 3 groups", people, people, n)
	}
	wantRest(t, w)
	if got := groupsOf(w); len(got["field"]) != people || len(got["sales"]) != people+2 || len(got["member"]) != people+2 {
		t.Errorf("in field are %d, in sales %d and in member %d", len(got["field"]), len(got["sales"]), len(got["member"]))
	}
}

// What somebody changed in the directory is set right, or said, as the organization wants it.
func TestDriftOfGroups(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*directory.Group){
		"renamed": func(g *directory.Group) { g.DisplayName = "Our sales" },
		"one out": func(g *directory.Group) { g.Members = g.Members[1:] },
		"one in":  func(g *directory.Group) { g.Members = append(g.Members, "id-of-a-stranger") },
		"gone":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, grouped("bea", "cid")()...)
			w.Directory.OccupyGroup("Somebody else's", "s-else")
			w.Settle()
			w.Look() // the first tells the organization how many accounts there are
			w.Settle()
			want := groupsOf(w)
			attempts := w.Directory.Attempts()
			w.Look()
			if n := w.Directory.Attempts() - attempts; n != 2 { // that of the accounts as well
				t.Errorf("to list settled groups takes %d requests", n)
			}
			wantRest(t, w)
			sales := team(w, "sales")
			w.Directory.ChangeGroup(sales.UID, change)
			w.Look()
			w.Settle()
			wantGroups(t, w, want)

			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.DriftPolicy = v1alpha1.DriftReport })
			w.Settle()
			w.Directory.ChangeGroup(sales.UID, change)
			changed := groupsOf(w)
			w.Look()
			w.Settle()
			if got := groupReason(t, team(w, "sales")); got != v1alpha1.ReasonDrifted {
				t.Errorf("sales is %s", got)
			}
			wantReason(t, w, team(w, "sales"), v1alpha1.ReasonReady)
			w.Look()
			wantRest(t, w)
			wantGroups(t, w, changed)
			w.Directory.ChangeGroup(sales.UID, func(g *directory.Group) {
				*g = directory.Group{UID: sales.UID, ID: sales.Status.DirectoryGroup.ID, Organization: g.Organization, DisplayName: "sales"}
				for _, u := range []string{"ada", "bea", "cid"} {
					g.Members = append(g.Members, "id-"+string(w.User(u).UID))
				}
				slices.Sort(g.Members)
			})
			w.Look()
			w.Settle()
			if got := groupReason(t, team(w, "sales")); got != v1alpha1.ReasonProvisioned {
				t.Errorf("after somebody set it right, sales is %s", got)
			}
			wantRest(t, w)
		})
	}
}

// oldList is what a directory had when a list of it began.
type oldList struct {
	directory.Lister
	groups []directory.FoundGroup
}

func (l oldList) Groups(context.Context) iter.Seq2[directory.FoundGroup, error] {
	return func(yield func(directory.FoundGroup, error) bool) {
		for _, g := range l.groups {
			if !yield(g, nil) {
				return
			}
		}
	}
}

// What was listed before a group was changed here says nothing of what others did.
func TestAListThatIsOutdatedIsNoDrift(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.DriftPolicy = v1alpha1.DriftReport })
	w.Settle()
	list := oldList{Lister: w.Directory.Lister()}
	for found, err := range w.Directory.Lister().Groups(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list.groups = append(list.groups, found)
	}
	began := w.Clock.Now()
	passes.Change(w, "field", func(tm *v1alpha1.Team) { tm.Spec.DisplayName = "Field" })
	w.Settle()
	w.CatchUp()
	comparer := groups.Comparer{Cache: w.Client(), Teams: w.Teams, Roles: w.Roles}
	org := &v1alpha1.Organization{}
	w.Find("acme", org)
	for _, c := range []struct {
		why   string
		began time.Time
		want  string
	}{
		{"it began before the change", began, v1alpha1.ReasonProvisioned},
		{"somebody changed it back", w.Clock.Now().Add(time.Second), v1alpha1.ReasonDrifted},
	} {
		if err := comparer.Compare(t.Context(), org, false, list, c.began); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		if got := groupReason(t, team(w, "field")); got != c.want {
			t.Errorf("%s: field is %s, want %s", c.why, got, c.want)
		}
	}
}

// While the directory is at a change, the team is changed back: what it is at is not what the group is to be, though that is on record.
func TestTeamThatIsChangedBack(t *testing.T) {
	t.Parallel()
	w := passes.New(t, grouped("bea", "cid")()...)
	w.Settle()
	want := groupsOf(w)
	turn := func() {
		t.Helper()
		if _, err := w.Turn(); err != nil {
			t.Fatal(err)
		}
	}
	w.Clock.Step(time.Minute)
	gate := w.Directory.Hang()
	passes.Change(w, "field", func(tm *v1alpha1.Team) { tm.Spec.DisplayName = "Field" })
	turn()
	<-gate.Reached()
	passes.Change(w, "field", func(tm *v1alpha1.Team) { tm.Spec.DisplayName = "" })
	turn()
	turn()
	gate.Open()
	w.Settle()
	wantGroups(t, w, want)
	wantRest(t, w)
}

// brief is a directory whose lists say nothing of members. It counts the groups that are read by themselves.
type brief struct {
	directory.Lister
	read *int
}

func (b brief) Groups(ctx context.Context) iter.Seq2[directory.FoundGroup, error] {
	return func(yield func(directory.FoundGroup, error) bool) {
		for g, err := range b.Lister.Groups(ctx) {
			g.Members, g.Partial = nil, true
			if !yield(g, err) {
				return
			}
		}
	}
}

func (b brief) Group(ctx context.Context, g directory.Group) (*directory.FoundGroup, error) {
	*b.read++
	return b.Lister.Group(ctx, g)
}

// A list without members is no drift: groups of ours that have members are read by themselves, and no others.
func TestDriftWhereListsSayNothingOfMembers(t *testing.T) {
	t.Parallel()
	objects := append(grouped("bea", "cid")(), build.Team("empty").Obj())
	w := passes.New(t, objects...)
	w.Directory.OccupyGroup("Somebody else's", "s-else")
	w.Settle()
	w.CatchUp()
	org, read := &v1alpha1.Organization{}, 0
	w.Find("acme", org)
	compare := func() {
		t.Helper()
		read = 0
		comparer := groups.Comparer{Cache: w.Client(), Teams: w.Teams, Roles: w.Roles} // of the process that runs now
		if err := comparer.Compare(t.Context(), org, false, brief{w.Directory.Lister(), &read}, w.Clock.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	compare()
	if read != 3 {
		t.Errorf("%d groups are read by themselves, want sales, field and member", read)
	}
	wantRest(t, w)
	want := groupsOf(w)
	w.Directory.ChangeGroup(team(w, "field").UID, func(g *directory.Group) { g.Members = []string{"id-of-a-stranger"} })
	compare()
	w.Settle()
	wantGroups(t, w, want)
}
