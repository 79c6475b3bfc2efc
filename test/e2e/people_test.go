// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/test/env"
)

// lists holds that a command of kubectl lists just these, by their names.
func (a account) lists(args []string, want ...string) {
	a.Helper()
	var got []string
	for name := range strings.FieldsSeq(a.run("", append([]string{"get", "-o", "name"}, args...)...)) {
		got = append(got, name[strings.LastIndex(name, "/")+1:])
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		a.Errorf("kubectl get %s lists %q, want %q", strings.Join(args, " "), got, want)
	}
}

func TestAX1_AllInOnePlaceAndArchivedOnesApart(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	a.lists([]string{"users"}, "emma", "karim", "sophie")
	a.sets("users/emma", `{"state":"Archived"}`)
	a.is("users/emma", "Archived")
	a.goes("karim")
	a.records(1)
	a.lists([]string{"users", "--field-selector=spec.state!=Archived"}, "sophie")
	a.lists([]string{"users", "--field-selector=spec.state=Archived"}, "emma")
	a.has("archivedusers", "{.items[*].record.user}", "karim")
	a.has("org/atelier", "{.status.active} {.status.invited} {.status.archived}", "0 1 2")
	if out := a.run("", "get", "users"); !inOrder(strings.ReplaceAll(out, "\n", " "), []string{"emma", "Archived", "sophie", "Invited"}) || strings.Contains(out, "karim") {
		t.Errorf("kubectl get users prints\n%s", out)
	}
	if out := a.run("", "get", "archivedusers"); !strings.Contains(out, "karim.haddad@") || strings.Contains(out, "emma") {
		t.Errorf("kubectl get archivedusers prints\n%s", out)
	}
}

func TestEZ1_EverybodySeesTheSameProjects(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	for _, name := range []string{"claire", "luc", "ines"} {
		a.permissions(name, "projects.*")
	}
	a.orders(scale("users", 5), "order: 2 seats")
	a.invites("voyages", "zoe", "administrator")
	a.invites("voyages", "max", "collaborator")
	for _, name := range []string{"zoe", "max"} {
		a.is("users/"+name, "Invited")
		a.permissions(name, "projects.*")
	}
	// What is said of projects once, holds for all.
	a.run("", "patch", "orgrole/projects", "--type=merge", "-p", `{"spec":{"permissions":["projects.*","calendar.read"]}}`)
	for _, name := range []string{"claire", "luc", "ines", "zoe", "max"} {
		a.permissions(name, "calendar.read", "projects.*")
	}
}

func TestIN8_DetailsCanBeEdited(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	a.accepts("lea")
	address := a.address("lea")
	before := a.run("", "get", "users/lea", "-o", "jsonpath={.status.acceptedAt} {.status.seats} {.status.roles}")
	a.run("", "patch", "users/lea", "--type=merge", "-p",
		`{"spec":{"givenName":"Léa-Marie","familyName":"Blanc-Roux","title":"Bookkeeper","phoneNumbers":{"mobile":"+33 6 00 00 00 02"},"locale":"en","timeZone":"Europe/Brussels"}}`)
	a.has("users/lea", "{.status.observedGeneration}", a.run("", "get", "users/lea", "-o", "jsonpath={.metadata.generation}"))
	a.is("users/lea", "Active")
	a.has("users/lea", "{.spec.givenName} {.spec.familyName}, {.spec.title}", "Léa-Marie Blanc-Roux, Bookkeeper")
	if after := a.run("", "get", "users/lea", "-o", "jsonpath={.status.acceptedAt} {.status.seats} {.status.roles}"); after != before {
		t.Errorf("an edit of details changed %s to %s", before, after)
	}
	a.mailed(address, 1)
	// What mails say follows: the notice of an end is in the language that lea has now.
	a.sets("users/lea", `{"accessUntil":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	a.latest("lea", 2, "Your access to Cabinet Roux is about to end")
	// Of those who are invited as well.
	a.sets("users/hugo", `{"givenName":"Hugues"}`)
	a.is("users/hugo", "Invited")
	a.mailed(a.address("hugo"), 1)
}

// sheet is a file of CSV with these lines.
func sheet(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCO9_TheListOfUsersIsExported(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.goes("fanny")
	a.records(1)
	export := func(args ...string) []string {
		t.Helper()
		out, _, err := plugin(t, a.namespace, append([]string{"export"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	}
	columns := "--columns=user,familyName,roles,teams,state,status"
	want := []string{
		"user,familyName,roles,teams,state,status",
		"alice,Morel,administration,,Active,Invited",
		"bruno,Petit,accounting;fleet,,Active,Invited",
		"chloe,Blin,,equipment:lead,Active,Invited",
		"david,Roy,,helpdesk,Active,Invited",
		"gael,Simon,fleet,,Suspended,Suspended",
	}
	env.Eventually(t, func() error { return differs("list", strings.Join(export(columns), "\n"), strings.Join(want, "\n")) })
	if all := export("--archived", columns); len(all) != len(want)+1 || !strings.HasPrefix(all[len(all)-1], "fanny,Aubry,") {
		t.Errorf("with who left, the list is\n%s", strings.Join(all, "\n"))
	}

	// What is exported can be imported, and changes nothing.
	_, said, err := plugin(t, a.namespace, "import", sheet(t, export()...))
	if err != nil || !strings.Contains(said, "5 users: 0 created, 0 configured, 5 unchanged") {
		t.Errorf("importing it again says %s (%v)", said, err)
	}
}

func TestCO10_ImportIsCheckedBeforeItIsDone(t *testing.T) {
	t.Parallel()
	a := commown(t)
	imports := func(file string, more ...string) (string, error) {
		out, said, err := plugin(t, a.namespace, append([]string{"import", file}, more...)...)
		return out + said, err
	}
	// The template, filled in.
	template, _, err := plugin(t, a.namespace, "import", "--template")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(template, "\n")
	header := append(strings.Split(first, ","), "user") // by which people are called as one likes
	fill := func(people ...map[string]string) string {
		t.Helper()
		lines := []string{strings.Join(header, ",")}
		for _, person := range people {
			cells := make([]string, len(header))
			for column, value := range person {
				at := slices.Index(header, column)
				if at < 0 {
					t.Fatalf("the template has the columns %q, and no %s", header, column)
				}
				cells[at] = value
			}
			lines = append(lines, strings.Join(cells, ","))
		}
		return sheet(t, lines...)
	}
	hana := map[string]string{"user": "hana", "email": a.at("hana"), "givenName": "Hana", "roles": "it", "teams": "helpdesk"}
	ivan := map[string]string{"user": "ivan", "email": a.at("ivan"), "roles": "marketing"}
	bruno := map[string]string{"user": "bruno", "email": a.address("bruno"), "givenName": "Bruno", "familyName": "Petit", "title": "Accountant", "roles": "accounting;fleet"}

	// The check tells all that is wrong, and then nothing is done, --apply or not.
	for _, more := range [][]string{nil, {"--apply"}} {
		_, err := imports(fill(hana, ivan, map[string]string{"email": "jo"}), more...)
		if err == nil || !inOrder(strings.ReplaceAll(err.Error(), "\n", " "), []string{"3 ", "roles", "organization verger has no Role marketing", "4 ", "email", "one bare address"}) {
			t.Errorf("the check says %v", err)
		}
		a.lists([]string{"users"}, "alice", "bruno", "chloe", "david", "fanny", "gael")
	}
	ivan["roles"] = "support"
	file := fill(hana, ivan, bruno)
	out, err := imports(file)
	if err != nil || !inOrder(strings.ReplaceAll(out, "\n", " "), []string{"hana", "created", "ivan", "created", "bruno", "configured", "only checked"}) {
		t.Errorf("the check says %s (%v)", out, err)
	}
	a.lists([]string{"users"}, "alice", "bruno", "chloe", "david", "fanny", "gael")
	notMailed(t, a.at("hana"))

	if out, err = imports(file, "--apply"); err != nil {
		t.Fatalf("importing says %s (%v)", out, err)
	}
	a.lists([]string{"users"}, "alice", "bruno", "chloe", "david", "fanny", "gael", "hana", "ivan")
	a.is("users/hana", "Invited")
	a.holds("hana", "fleet", "it") // the help desk is a part of equipment
	a.holds("ivan", "support")
	a.has("users/bruno", "{.spec.title} {.spec.roles}", `Accountant ["accounting","fleet"]`)
	if out, err = imports(file, "--apply"); err != nil || !strings.Contains(out, "0 created, 0 configured, 3 unchanged") {
		t.Errorf("importing it again says %s (%v)", out, err)
	}
}
