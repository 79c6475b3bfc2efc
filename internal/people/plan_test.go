// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/address"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
	"seatkeeper.dev/seatkeeper/test/build"
)

const ours = "seatkeeper-import"

// managed says that somebody manages these fields of an object.
func managed(object metav1.Object, manager, fields string) {
	object.SetManagedFields(append(object.GetManagedFields(), metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}))
}

func plan(t testing.TB, file string, cluster Cluster) (Plan, []string) {
	t.Helper()
	set, problems := Parse(read(t, file), nil)
	cluster.Organization, cluster.Manager = "acme", ours
	p, more := set.Plan(cluster)
	return p, messages(append(problems, more...))
}

func TestPlan(t *testing.T) {
	t.Parallel()
	ada := func() *v1alpha1.User {
		u := build.User("ada").In("ns", "acme").Name("Ada", "Lovelace").Roles("it").Obj()
		u.Spec.Title = "Countess"
		return u
	}
	for _, c := range []struct {
		why, file string
		user      func() *v1alpha1.User
		action    Action
		columns   []Column
		apply     map[string]any
	}{
		{
			why: "nobody is there", file: "email,title,roles\nada@acme.example,Countess,it\n", action: Created, columns: []Column{ColumnEmail, ColumnTitle, ColumnRoles},
			apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "title": "Countess", "roles": []any{"it"}},
		},
		{
			why: "who is there is the same", file: "email,title,roles,state\nada@acme.example,Countess,it,Active\n", user: ada, action: Unchanged,
			apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "title": "Countess", "roles": []any{"it"}, "state": "Active"},
		},
		{
			why: "an empty state is Active", file: "email,state\nada@acme.example,\n", user: ada, action: Unchanged,
			apply: map[string]any{"organization": "acme", "email": "ada@acme.example"},
		},
		{
			why: "an empty state brings back who is suspended", file: "email,state\nada@acme.example,\n",
			user:   func() *v1alpha1.User { u := ada(); u.Spec.State = v1alpha1.UserSuspended; return u },
			action: Configured, columns: []Column{ColumnState}, apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "state": "Active"},
		},
		{
			why: "the address finds who is there, whatever its case", file: "email,title\nADA@acme.example,Countess\n", user: ada,
			action: Configured, columns: []Column{ColumnEmail}, apply: map[string]any{"organization": "acme", "email": "ADA@acme.example", "title": "Countess"},
		},
		{
			why: "what an earlier import has set stays, where the file says nothing of it", file: "email,familyName\nada@acme.example,King\n",
			user: func() *v1alpha1.User {
				u := ada()
				managed(u, ours, `{"f:spec":{"f:title":{},"f:familyName":{},"f:roles":{"v:\"it\"":{}}}}`)
				return u
			},
			action: Configured, columns: []Column{ColumnFamilyName},
			apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "familyName": "King", "title": "Countess", "roles": []any{"it"}},
		},
		{
			why: "what others have set is left to them", file: "email,familyName\nada@acme.example,King\n",
			user:   func() *v1alpha1.User { u := ada(); managed(u, "kubectl", `{"f:spec":{"f:title":{}}}`); return u },
			action: Configured, columns: []Column{ColumnFamilyName}, apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "familyName": "King"},
		},
		{
			why: "an empty cell takes away what an earlier import has set", file: "email,title,roles\nada@acme.example,,\n",
			user: func() *v1alpha1.User {
				u := ada()
				managed(u, ours, `{"f:spec":{"f:title":{},"f:roles":{"v:\"it\"":{}}}}`)
				return u
			},
			action: Configured, columns: []Column{ColumnTitle, ColumnRoles}, apply: map[string]any{"organization": "acme", "email": "ada@acme.example"},
		},
		{
			why: "a number takes the place of a new one", file: "email,employeeNumber\nada@acme.example,7\n",
			user: func() *v1alpha1.User {
				u := ada()
				u.Spec.Employee.Create = new(true)
				managed(u, ours, `{"f:spec":{"f:employee":{".":{},"f:create":{}}}}`)
				return u
			},
			action: Configured, columns: []Column{ColumnEmployeeNumber, ColumnNewEmployee},
			apply: map[string]any{"organization": "acme", "email": "ada@acme.example", "employee": map[string]any{"number": "7"}},
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			cluster := Cluster{Roles: []string{"it"}}
			if c.user != nil {
				cluster.Users = []v1alpha1.User{*c.user()}
			}
			got, problems := plan(t, c.file, cluster)
			if len(problems) > 0 || len(got.Users) != 1 {
				t.Fatalf("%d users, and %q", len(got.Users), problems)
			}
			user := got.Users[0]
			if user.Action != c.action || c.user != nil && user.Name != "ada" {
				t.Errorf("%s %s", user.Name, user.Action)
			}
			if diff := cmp.Diff(c.columns, user.Columns); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.apply, user.Apply); diff != "" {
				t.Errorf("what is applied (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatIsNotSaidIsLeft has keys that one of several records lacks, and cells that a short line lacks, take nothing away.
func TestWhatIsNotSaidIsLeft(t *testing.T) {
	t.Parallel()
	for why, read := range map[string]func() (spreadsheet.Table, []spreadsheet.Fault, error){
		"a key that one record lacks": func() (spreadsheet.Table, []spreadsheet.Fault, error) {
			return spreadsheet.ReadJSON([]byte(`[{"email":"ada@acme.example"},{"email":"bob@acme.example","title":null,"roles":[],"teams":["sales"]}]`))
		},
		"cells that a line lacks": func() (spreadsheet.Table, []spreadsheet.Fault, error) {
			return spreadsheet.ReadCSV([]byte("email,title,roles,teams\nada@acme.example\nbob@acme.example,,,sales\n"), spreadsheet.EncodingAuto)
		},
	} {
		t.Run(why, func(t *testing.T) {
			table, _, err := read()
			if err != nil {
				t.Fatal(err)
			}
			ada, bob := build.User("ada").In("ns", "acme").Roles("it").Obj(), build.User("bob").In("ns", "acme").Roles("it").Obj()
			ada.Spec.Title, bob.Spec.Title = "Countess", "Clerk"
			sales := team("sales", v1alpha1.TeamMembership{User: "ada", Role: v1alpha1.TeamMember}, v1alpha1.TeamMembership{User: "bob", Role: v1alpha1.TeamMember})
			for _, u := range []*v1alpha1.User{ada, bob} {
				managed(u, ours, `{"f:spec":{"f:title":{},"f:roles":{".":{},"v:\"it\"":{}}}}`)
			}
			set, problems := Parse(table, nil)
			p, more := set.Plan(Cluster{Organization: "acme", Manager: ours, Users: []v1alpha1.User{*ada, *bob}, Teams: []v1alpha1.Team{sales}, Roles: []string{"it"}})
			if len(problems)+len(more)+len(p.Teams) > 0 || len(p.Users) != 2 {
				t.Fatalf("%v %v %v", messages(problems), messages(more), p.Teams)
			}
			if a := p.Users[0]; a.Action != Unchanged {
				t.Errorf("who is not spoken of is %s: %v", a.Action, a.Columns)
			}
			if diff := cmp.Diff([]Column{ColumnTitle, ColumnRoles}, p.Users[1].Columns); diff != "" {
				t.Errorf("what is emptied (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	user := func(name, email string) v1alpha1.User { return *build.User(name).In("ns", "acme").Email(email).Obj() }
	titled := user("ada", "ada@acme.example")
	titled.Spec.Title = "Countess"
	managed(&titled, "flux", `{"f:spec":{"f:title":{}}}`)
	withRole := *build.User("ada").In("ns", "acme").Roles("it").Obj()
	managed(&withRole, "flux", `{"f:spec":{"f:roles":{"v:\"it\"":{}}}}`)
	for _, c := range []struct {
		why, file string
		cluster   Cluster
		want      string
	}{
		{"a role that is not there", "email,roles\nada@acme.example,it\n", Cluster{}, "2:2 roles: organization acme has no Role it"},
		{"a team that is not there", "email,teams\nada@acme.example,sales\n", Cluster{}, "2:2 teams: organization acme has no Team sales"},
		{
			"an address that two Users have", "email\nada@acme.example\n",
			Cluster{Users: []v1alpha1.User{user("b", "ada@acme.example"), user("a", "Ada@acme.example")}},
			`2:1 email: "ada@acme.example" is the address of the Users a, b: delete all but one of them`,
		},
		{
			"a name that the User does not have", "user,email\nbob,ada@acme.example\n",
			Cluster{Users: []v1alpha1.User{user("ada", "ada@acme.example")}},
			`2:1 user: the User with the address "ada@acme.example" is called ada: leave the name empty, or write that one`,
		},
		{
			"a name that somebody else has", "user,email\nada,bob@acme.example\n",
			Cluster{Users: []v1alpha1.User{user("ada", "ada@acme.example")}},
			"2:1 user: ada is the name of a User with another address: leave the name empty, or change the address of that User first",
		},
		{
			"a name of another organization's", "user,email\nada,ada@acme.example\n",
			Cluster{Users: []v1alpha1.User{*build.User("ada").In("ns", "other").Obj()}},
			"2:1 user: ada is the name of a User with another address: leave the name empty, or change the address of that User first",
		},
		{"a name that two people have", "user,email\nx,ada@acme.example\nx,bob@acme.example\n", Cluster{}, "3:1 user: x is the name of another user in the file"},
		{
			"a manager whom nobody knows", "email,manager\nada@acme.example,bob@acme.example\n",
			Cluster{},
			`2:2 manager: "bob@acme.example" is nobody's address, neither in the file nor in organization acme`,
		},
		{"one's own manager", "email,manager\nada@acme.example,ADA@acme.example\n", Cluster{}, "2:2 manager: nobody is their own manager"},
		{
			"to take away what others have set", "email,title\nada@acme.example,\n",
			Cluster{Users: []v1alpha1.User{titled}},
			"2:2 title: the cell is empty, and flux has set Countess: take it away there",
		},
		{
			"to take away a role that others have given", "email,roles\nada@acme.example,\n",
			Cluster{Users: []v1alpha1.User{withRole}},
			"2:2 roles: the role it is not there, and flux has given it: take it away there",
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			if _, got := plan(t, c.file, c.cluster); !slices.Equal(got, []string{c.want}) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

func TestManagersByAddress(t *testing.T) {
	t.Parallel()
	got, problems := plan(t, "email,manager\nada@acme.example,BOB@acme.example\nbob@acme.example,eve@acme.example\n",
		Cluster{Users: []v1alpha1.User{*build.User("eve").In("ns", "acme").Obj()}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff([]any{got.Users[1].Name, "eve"}, []any{got.Users[0].Apply["manager"], got.Users[1].Apply["manager"]}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func team(name string, members ...v1alpha1.TeamMembership) v1alpha1.Team {
	return v1alpha1.Team{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.TeamSpec{Organization: "acme", DisplayName: "The " + name, Members: members}}
}

func TestTeams(t *testing.T) {
	t.Parallel()
	member := func(name string) v1alpha1.TeamMembership {
		return v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamMember}
	}
	lead := func(name string) v1alpha1.TeamMembership {
		return v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamLead}
	}
	key := func(names ...string) string {
		var keys []string
		for _, name := range names {
			keys = append(keys, fmt.Sprintf(`"k:{\"user\":\"%s\"}":{".":{},"f:user":{},"f:role":{}}`, name))
		}
		return `{"f:spec":{"f:members":{` + strings.Join(keys, ",") + `}}}`
	}
	users := []v1alpha1.User{*build.User("ada").In("ns", "acme").Obj(), *build.User("bob").In("ns", "acme").Obj(), *build.User("eve").In("ns", "acme").Obj()}
	sales := team("sales", member("ada"), member("bob"), lead("eve"))
	managed(&sales, ours, key("ada", "bob"))
	managed(&sales, "flux", key("eve"))
	for _, c := range []struct {
		why, file string
		apply     []v1alpha1.TeamMembership
		want      []string
	}{
		{why: "nothing changes", file: "email,teams\nada@acme.example,sales\neve@acme.example,sales:lead\n"},
		{why: "the file says nothing of teams", file: "email\nada@acme.example\n"},
		{why: "one leaves", file: "email,teams\nada@acme.example,\n", apply: []v1alpha1.TeamMembership{member("bob")}},
		{why: "one whom others have put there leaves", file: "email,teams\neve@acme.example,\n", want: []string{
			"2:2 teams: the team sales is not there, and flux has made eve a member of it: take them out there",
		}, apply: []v1alpha1.TeamMembership{member("ada"), member("bob")}},
		{why: "there are two leads", file: "email,teams\nada@acme.example,sales:lead\n", want: []string{
			"2:2 teams: the team sales would have 2 leads, eve, ada: it has one",
		}, apply: []v1alpha1.TeamMembership{member("bob"), lead("ada")}},
		{why: "the lead passes on", file: "email,teams\nada@acme.example,sales:lead\neve@acme.example,sales\n", apply: []v1alpha1.TeamMembership{
			member("bob"), lead("ada"), member("eve"),
		}},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			got, problems := plan(t, c.file, Cluster{Users: users, Teams: []v1alpha1.Team{sales}})
			if diff := cmp.Diff(c.want, problems); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var apply []v1alpha1.TeamMembership
			for _, change := range got.Teams {
				apply = append(apply, change.Members...)
			}
			if diff := cmp.Diff(c.apply, apply); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// anybody draws a User as the API takes them.
func anybody(t *rapid.T, names []string, i int) v1alpha1.User {
	text := func(label string) string {
		return rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[=+@'“A-Za-zéèÉ;,"][ \x{a0}A-Za-zé'’",;=“”-]{0,20}[A-Za-z.]`)).Draw(t, label)
	}
	u := build.User(names[i]).In("ns", "acme").Obj()
	u.Spec.Email = rapid.SampledFrom([]string{"", "=", "+", "-", "'", "é"}).Draw(t, "first") + fmt.Sprintf("%s.%d@Acme.example", rapid.StringMatching(`[A-Za-z+=]{1,5}`).Draw(t, "email"), i)
	u.Spec.GivenName, u.Spec.FamilyName, u.Spec.Title = text("given"), text("family"), text("title")
	phones := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[+]?[0-9(][0-9 ().,/-]{2,10}[0-9]( ext[.] [0-9]{1,3})?`))
	u.Spec.PhoneNumbers = v1alpha1.PhoneNumbers{Work: phones.Draw(t, "work"), Mobile: phones.Draw(t, "mobile")}
	switch rapid.IntRange(0, 2).Draw(t, "employee") {
	case 1:
		u.Spec.Employee.Number = rapid.StringMatching(`[A-Z=+'-][0-9]{1,6}`).Draw(t, "number")
	case 2:
		u.Spec.Employee.Create = new(true)
	}
	u.Spec.Locale = rapid.SampledFrom([]string{"", "en", "fr-FR"}).Draw(t, "locale")
	u.Spec.TimeZone = rapid.SampledFrom([]string{"", "UTC", "Europe/Paris"}).Draw(t, "zone")
	u.Spec.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"it", "fleet", "sales", "a.b-c"}), 0, 4, rapid.ID).Draw(t, "roles")
	others := append([]string{"", "unknown"}, slices.Delete(slices.Clone(names), i, i+1)...)
	u.Spec.Manager, u.Spec.Successor = rapid.SampledFrom(others).Draw(t, "manager"), rapid.SampledFrom(others).Draw(t, "successor")
	u.Spec.State = rapid.SampledFrom([]v1alpha1.UserState{v1alpha1.UserActive, v1alpha1.UserSuspended, v1alpha1.UserArchived}).Draw(t, "state")
	u.Spec.ArchiveReason = rapid.SampledFrom([]v1alpha1.ArchiveReason{"", v1alpha1.ArchiveLeft}).Draw(t, "reason")
	if rapid.Bool().Draw(t, "ends") {
		u.Spec.AccessUntil = new(metav1.NewTime(time.Unix(rapid.Int64Range(946684800, 4102444800).Draw(t, "until"), 0).UTC()))
	}
	return *u
}

// written is what an export of people is read back as.
func written(t *rapid.T, all []Person) spreadsheet.Table {
	var b bytes.Buffer
	var table spreadsheet.Table
	var faults []spreadsheet.Fault
	var err error
	language := rapid.SampledFrom([]Language{English, French}).Draw(t, "language")
	switch form := rapid.SampledFrom([]string{"csv", "json", "yaml"}).Draw(t, "form"); form {
	case "csv":
		comma := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "comma")
		if err := spreadsheet.WriteCSV(&b, spreadsheet.Options{Comma: comma}, Records(all, language)); err != nil {
			t.Fatal(err)
		}
		table, faults, err = spreadsheet.ReadCSV(b.Bytes(), spreadsheet.EncodingAuto)
	default: // JSON is YAML
		var objects []map[string]any
		for i := range all {
			objects = append(objects, Object(&all[i]))
		}
		text, _ := json.Marshal(map[string]any{"users": objects})
		b.Write(text)
		if form == "json" {
			table, faults, err = spreadsheet.ReadJSON(text)
		} else {
			table, faults, err = spreadsheet.ReadYAML(text)
		}
	}
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v %v\n%s", err, faults, &b)
	}
	return table
}

func TestWhatIsExportedIsImported(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{2,6}`), 1, 5, rapid.ID).Draw(t, "names")
		slices.Sort(names)
		here := Cluster{Organization: "acme", Manager: ours, Roles: []string{"it", "fleet", "sales", "a.b-c"}}
		squad, crew := team("squad"), team("crew")
		for i, name := range names {
			here.Users = append(here.Users, anybody(t, names, i))
			if rapid.Bool().Draw(t, "squad") {
				squad.Spec.Members = append(squad.Spec.Members, v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamMember})
			}
			if i == 0 || rapid.Bool().Draw(t, "crew") {
				role := v1alpha1.TeamMember
				if i == 0 {
					role = v1alpha1.TeamLead
				}
				crew.Spec.Members = append(crew.Spec.Members, v1alpha1.TeamMembership{User: name, Role: role})
			}
		}
		here.Teams = []v1alpha1.Team{squad, crew}
		all := List(Roll{Organization: "acme", Users: here.Users, Teams: here.Teams, Archived: true})
		set, problems := Parse(written(t, all), nil)
		if Fatal(problems) {
			t.Fatalf("%q", messages(problems))
		}
		p, problems := set.Plan(here)
		if len(problems) > 0 || len(p.Users) != len(names) || len(p.Teams) > 0 {
			t.Fatalf("%d users, %d teams, and %q", len(p.Users), len(p.Teams), messages(problems))
		}
		for _, change := range p.Users {
			if change.Action != Unchanged {
				t.Fatalf("%s is changed: %v, %v", change.Name, change.Columns, change.Apply)
			}
		}
		anew(t, &set, here)
	})
}

// anew holds that where nobody is, the same people come of a set, with the same teams.
func anew(t *rapid.T, set *Set, was Cluster) {
	empty := Cluster{Organization: "acme", Manager: ours, Roles: was.Roles, Teams: []v1alpha1.Team{team("squad"), team("crew")}}
	p, problems := set.Plan(empty)
	if len(problems) > 0 {
		t.Fatalf("%q", messages(problems))
	}
	got := map[string]v1alpha1.UserSpec{}
	for _, change := range p.Users {
		var spec v1alpha1.UserSpec
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(change.Whole, &spec); err != nil {
			t.Fatal(err)
		}
		got[change.Name] = spec
	}
	want := map[string]v1alpha1.UserSpec{}
	for i := range was.Users {
		want[was.Users[i].Name] = was.Users[i].Spec
	}
	order := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(want, got, order, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	members := map[string][]v1alpha1.TeamMembership{}
	for _, change := range p.Teams {
		members[change.Name] = change.Members
	}
	wantMembers := map[string][]v1alpha1.TeamMembership{}
	for _, team := range was.Teams {
		if len(team.Spec.Members) > 0 {
			wantMembers[team.Name] = team.Spec.Members
		}
	}
	if diff := cmp.Diff(wantMembers, members); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	gone := build.User("gone").In("ns", "acme").Obj()
	gone.Spec.State = v1alpha1.UserArchived
	over := build.User("over").In("ns", "acme").Obj()
	over.Spec.AccessUntil = new(metav1.NewTime(now.Add(-time.Hour)))
	roll := Roll{
		Organization: "acme", Now: now,
		Users: []v1alpha1.User{*gone, *over, *build.User("bob").In("ns", "acme").Obj(), *build.User("ada").In("ns", "acme").Obj(), *build.User("x").In("ns", "other").Obj()},
		Left: []v1alpha1.ArchivedUser{
			{Record: v1alpha1.UserRecord{User: "left", Spec: build.User("left").In("ns", "acme").Obj().Spec, Reason: v1alpha1.ArchiveLeft}},
			{Record: v1alpha1.UserRecord{User: "ada-before", Spec: build.User("ada").In("ns", "acme").Obj().Spec}},
			{Record: v1alpha1.UserRecord{User: "y", Spec: build.User("y").In("ns", "other").Obj().Spec}},
		},
	}
	names := func(all []Person) (names []string) {
		for _, p := range all {
			names = append(names, p.User+" "+string(p.State))
		}
		return names
	}
	if diff := cmp.Diff([]string{"ada Active", "bob Active"}, names(List(roll))); diff != "" {
		t.Errorf("who is there (-want +got):\n%s", diff)
	}
	roll.Archived = true
	if diff := cmp.Diff([]string{"ada Active", "bob Active", "gone Archived", "left Archived", "over Active"}, names(List(roll))); diff != "" {
		t.Errorf("with who left (-want +got):\n%s", diff)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	found := func(id, userName, email, manager string, active bool) directory.Found {
		return directory.Found{Account: account.Account{ID: id, UserName: userName, ManagerID: manager, Active: active, WorkPhone: "tel:+33-1-02-03-04-05", TimeZone: "Nowhere"}, Email: email}
	}
	table, left := Accounts([]directory.Found{
		found("1", "ada@acme.example", "", "2", true), found("2", "bob", "Bob@acme.example", "", true), found("3", "svc-backup", "", "", true),
		found("4", "eve@acme.example", "", "", false), found("5", "joe@acme.example", "", "4", true),
		found("6", "kim@acme.example", "", "", true),
	}, func(a *directory.Found) bool { return a.ID != "6" })
	if diff := cmp.Diff([]string{
		`account "ada@acme.example": its timeZone is left out: "Nowhere" is no time zone such as Europe/Paris or UTC`,
		`account "bob": its timeZone is left out: "Nowhere" is no time zone such as Europe/Paris or UTC`,
		`account "eve@acme.example" is left out: nobody can sign in with it`,
		`account "joe@acme.example": its timeZone is left out: "Nowhere" is no time zone such as Europe/Paris or UTC`, `account "svc-backup" is left out: it has no address`,
	}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	set, problems := Parse(table, nil)
	if len(problems) > 0 {
		t.Fatal(messages(problems))
	}
	var got []Person
	for _, row := range set.Rows {
		got = append(got, row.Person)
	}
	want := []Person{
		{Email: "ada@acme.example", WorkPhone: "+33-1-02-03-04-05", Manager: "Bob@acme.example"},
		{Email: "Bob@acme.example", WorkPhone: "+33-1-02-03-04-05"},
		{Email: "joe@acme.example", WorkPhone: "+33-1-02-03-04-05"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if address.Fold(got[1].Email) != "bob@acme.example" {
		t.Error("the address at work is not taken where the user name is none")
	}
}

// TestWhatADirectoryLacksIsLeft has an account without a title, and with a telephone number that is none, take neither away.
func TestWhatADirectoryLacksIsLeft(t *testing.T) {
	t.Parallel()
	ada := build.User("ada").In("ns", "acme").Obj()
	ada.Spec.Title, ada.Spec.PhoneNumbers.Work = "Countess", "+33 1 02 03 04 05"
	managed(ada, ours, `{"f:spec":{"f:title":{},"f:phoneNumbers":{"f:work":{}}}}`)
	table, _ := Accounts([]directory.Found{{Account: account.Account{ID: "1", UserName: "ada@acme.example", GivenName: "Ada", Active: true, WorkPhone: "call me"}}},
		func(*directory.Found) bool { return true })
	set, problems := Parse(table, nil)
	p, more := set.Plan(Cluster{Organization: "acme", Manager: ours, Users: []v1alpha1.User{*ada}})
	if len(problems)+len(more) > 0 || len(p.Users) != 1 {
		t.Fatal(messages(problems), messages(more))
	}
	if diff := cmp.Diff([]Column{ColumnGivenName}, p.Users[0].Columns); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWhoLeftRoundTrips has everybody who left in the list once, under a name that nobody else has, and nothing made of them where they left.
func TestWhoLeftRoundTrips(t *testing.T) {
	t.Parallel()
	at := func(year int) metav1.Time { return metav1.NewTime(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }
	record := func(user, email, title string, year int) v1alpha1.ArchivedUser {
		spec := build.User(user).In("ns", "acme").Email(email).Obj().Spec
		spec.Title = title
		return v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{User: user, Spec: spec, Reason: v1alpha1.ArchiveLeft, ArchivedAt: at(year)}}
	}
	roll := Roll{
		Organization: "acme", Archived: true, Now: at(2027).Time,
		Users: []v1alpha1.User{*build.User("jean").In("ns", "acme").Email("jean.other@acme.example").Obj()},
		Left: []v1alpha1.ArchivedUser{
			record("gone-2", "Gone@acme.example", "Chief", 2026), record("gone", "gone@acme.example", "Clerk", 2025), record("jean", "jean@acme.example", "", 2025),
		},
		Teams: []v1alpha1.Team{team("sales", v1alpha1.TeamMembership{User: "jean", Role: v1alpha1.TeamMember})},
	}
	all := List(roll)
	var got []string
	for _, p := range all {
		got = append(got, p.User+" "+p.Email+" "+p.Title)
	}
	if diff := cmp.Diff([]string{"jean jean.other@acme.example ", "gone-2 Gone@acme.example Chief", " jean@acme.example "}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var b bytes.Buffer
	if err := spreadsheet.WriteCSV(&b, spreadsheet.Options{}, Records(all, English)); err != nil {
		t.Fatal(err)
	}
	p, problems := plan(t, b.String(), Cluster{Users: roll.Users, Left: roll.Left, Teams: roll.Teams})
	if len(problems)+len(p.Teams) > 0 || len(p.Users) != 3 {
		t.Fatal(problems, p.Teams)
	}
	for _, c := range p.Users {
		if c.Action != Unchanged {
			t.Errorf("%s is %s", c.Email, c.Action)
		}
	}
	if p, problems = plan(t, b.String(), Cluster{Teams: []v1alpha1.Team{team("sales")}}); len(problems) > 0 || len(p.Users) != 3 {
		t.Errorf("elsewhere: %v", problems)
	}
}

// TestManagersWhoLeftAreNamed has a list without who left be imported where nobody has their addresses.
func TestManagersWhoLeftAreNamed(t *testing.T) {
	t.Parallel()
	bob := build.User("bob").In("ns", "acme").State(v1alpha1.UserArchived).Obj()
	roll := Roll{Organization: "acme", Users: []v1alpha1.User{*bob, *build.User("ada").In("ns", "acme").Manager("bob").Obj()}, Now: time.Now()}
	if all := List(roll); len(all) != 1 || all[0].Manager != "bob" {
		t.Errorf("it lists %+v", all)
	}
	roll.Archived = true
	if all := List(roll); len(all) != 2 || all[0].Manager != "bob@acme.example" {
		t.Errorf("with who left, it lists %+v", all)
	}
}

// TestAccentsOfAddresses has an address be the same whether its accents are letters of their own or not.
func TestAccentsOfAddresses(t *testing.T) {
	t.Parallel()
	const nfc, nfd = "zo\u00e9@acme.example", "zoe\u0301@acme.example"
	if _, problems := plan(t, "email\n"+nfc+"\n"+nfd+"\n", Cluster{}); len(problems) != 1 || !strings.Contains(problems[0], "is the address of line 2 already") {
		t.Errorf("in one file, it says %v", problems)
	}
	for _, here := range []string{nfc, nfd} {
		zoe := build.User("zoe").In("ns", "acme").Email(here).Obj()
		for _, there := range []string{nfc, nfd} {
			p, problems := plan(t, "email,title\n"+there+",Clerk\n", Cluster{Users: []v1alpha1.User{*zoe}})
			if len(problems) > 0 || len(p.Users) != 1 || p.Users[0].Name != "zoe" || !slices.Equal(p.Users[0].Columns, []Column{ColumnTitle}) || p.Users[0].Apply["email"] != here {
				t.Errorf("%+q in the file and %+q of the User: %v %+v", there, here, problems, p.Users)
			}
		}
	}
}
