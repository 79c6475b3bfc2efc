// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// acme is a namespace with the organization acme, its roles it and fleet, and its teams sales and support.
func acme(t testing.TB, more ...client.Object) string {
	t.Helper()
	ns := env.Namespace(t)
	objects := append([]client.Object{
		build.Organization("acme").Obj(), build.Role("it").In(ns, "acme").Obj(), build.Role("fleet").In(ns, "acme").Obj(),
		build.Team("sales").In(ns, "acme").Obj(), build.Team("support").In(ns, "acme").Obj(),
	}, more...)
	for _, o := range objects {
		o.SetNamespace(ns)
		o.SetUID("")
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return ns
}

// users are all Users of a namespace, by address.
func users(t testing.TB, ns string) map[string]v1alpha1.User {
	t.Helper()
	var list v1alpha1.UserList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(ns)); err != nil {
		t.Fatal(err)
	}
	all := map[string]v1alpha1.User{}
	for _, u := range list.Items {
		if _, twice := all[u.Spec.Email]; twice {
			t.Errorf("there are two Users with the address %s", u.Spec.Email)
		}
		all[u.Spec.Email] = u
	}
	return all
}

// people3 is from an Excel in French.
//
//nolint:misspell // in French
const people3 = `Nom;Prénom;Courriel;Téléphone;Rôles;Équipes;Responsable;État
Lovelace;Ada;ada@acme.example;+33 1 02 03 04 05;it,fleet;sales:lead;;Actif
Noël;Zoé;zoe@acme.example;;;sales support;ada@acme.example;
Martin;Jean;jean.martin@acme.example;;fleet;;ada@acme.example;Suspendu
`

func TestFromASpreadsheetToUsersAndBack(t *testing.T) {
	ns := acme(t)
	file := write(t, "personnes.csv", people3)
	checked := run(t, "-n", ns, "import", file)
	if checked.done(t); !strings.Contains(checked.err, "3 users: 3 created, 0 configured, 0 unchanged, 1 team") && !strings.Contains(checked.err, "only checked") {
		t.Errorf("it says %s", checked.err)
	}
	if n := len(users(t, ns)); n > 0 {
		t.Fatalf("checking made %d Users", n)
	}
	run(t, "-n", ns, "import", file, "--apply").done(t)
	got := users(t, ns)
	ada, zoe, jean := got["ada@acme.example"], got["zoe@acme.example"], got["jean.martin@acme.example"]
	if len(got) != 3 || zoe.Spec.Manager != ada.Name || jean.Spec.State != v1alpha1.UserSuspended || !slices.Equal(ada.Spec.Roles, []string{"fleet", "it"}) ||
		zoe.Spec.GivenName != "Zoé" || ada.Spec.PhoneNumbers.Work != "+33 1 02 03 04 05" {
		t.Errorf("there are %+v", got)
	}
	var sales v1alpha1.Team
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "sales"}, &sales); err != nil {
		t.Fatal(err)
	}
	for _, o := range []client.Object{&ada, &sales} {
		staysBesideFlux(t, o, "seatkeeper-import")
	}
	want := []v1alpha1.TeamMembership{{User: ada.Name, Role: v1alpha1.TeamLead}, {User: zoe.Name, Role: v1alpha1.TeamMember}}
	if diff := cmp.Diff(want, sales.Spec.Members); diff != "" {
		t.Errorf("team sales (-want +got):\n%s", diff)
	}

	exported := run(t, "-n", ns, "export").done(t)
	back := write(t, "people.csv", exported)
	again := run(t, "-n", ns, "import", back, "--apply", "-o", "json").done(t)
	if strings.Contains(again, `"created"`) || strings.Contains(again, `"configured"`) || strings.Contains(again, `"teams"`) {
		t.Errorf("what was exported changes something:\n%s", again)
	}
	for email, u := range users(t, ns) {
		if was := got[email]; u.ResourceVersion != was.ResourceVersion {
			t.Errorf("%s was written again", email)
		}
	}

	other := acme(t)
	run(t, "-n", other, "import", back, "--apply").done(t)
	if twin := run(t, "-n", other, "export").done(t); twin != exported {
		t.Errorf("in another namespace, the spreadsheet is another (-want +got):\n%s", cmp.Diff(exported, twin))
	}
}

func TestImportChangesWhoIsThere(t *testing.T) {
	ns := acme(t)
	run(t, "-n", ns, "import", write(t, "a.csv", "email,title,roles,teams\nada@acme.example,Countess,it,sales\nbob@acme.example,Clerk,,sales\n"), "--apply").done(t)
	before := users(t, ns)
	got := run(t, "-n", ns, "import", write(t, "b.csv", "email,roles,teams\nADA@acme.example,fleet,support\n"), "--apply", "-o", "wide").done(t)
	if !strings.Contains(got, "configured") || !strings.Contains(got, "email,roles") {
		t.Errorf("it prints %s", got)
	}
	after := users(t, ns)
	ada := after["ADA@acme.example"]
	if len(after) != 2 || ada.Name != before["ada@acme.example"].Name || ada.Spec.Title != "Countess" || !slices.Equal(ada.Spec.Roles, []string{"fleet"}) {
		t.Errorf("there are %+v", after)
	}
	if exported := run(t, "-n", ns, "export", "-o", "table").done(t); !strings.Contains(exported, "support") || strings.Count(exported, "sales") != 1 {
		t.Errorf("it lists\n%s", exported)
	}
	run(t, "-n", ns, "import", write(t, "c.csv", "email,title,roles,teams\nada@acme.example,,,\n"), "--apply").done(t)
	if ada := users(t, ns)["ada@acme.example"]; ada.Spec.Title != "" || len(ada.Spec.Roles) > 0 {
		t.Errorf("empty cells take nothing away: %+v", ada.Spec)
	}
}

// TestFiveHundredErrors has every one of them told, by line and column, those that only the server sees as well, and nobody applied.
func TestFiveHundredErrors(t *testing.T) {
	t.Run("that the server is asked about", func(t *testing.T) { fiveHundredErrors(t, 2000, "--apply") })
	t.Run("in a large company", func(t *testing.T) { fiveHundredErrors(t, 50_000, "--dry-run=client") })
}

// fiveHundredErrors imports as many rows, of which 500 have something wrong, and one is there twice.
func fiveHundredErrors(t *testing.T, rows int, flag string) {
	t.Helper()
	ns := acme(t)
	var b strings.Builder
	b.WriteString("email,phone,title\n")
	bad := map[int]bool{}
	for i := range rows {
		phone := "+33 1 02 03 04 05"
		if i%(rows/500) == 1 {
			phone, bad[i+2] = "call me", true
		}
		fmt.Fprintf(&b, "p%d@acme.example,%s,Clerk\n", i, phone)
	}
	fmt.Fprintf(&b, "P0@acme.example,,Clerk\n")
	bad[rows+2] = true
	got := run(t, "-n", ns, "import", write(t, "people.csv", b.String()), flag, "-o", "json")
	var said imported
	if err := json.Unmarshal([]byte(got.out), &said); err != nil || got.code != exitFailed {
		t.Fatalf("%d %v\n%s", got.code, err, got.err)
	}
	for _, p := range said.Problems {
		if !bad[p.Line] || p.Column == 0 || p.Header == "" {
			t.Errorf("it says %+v", p)
		}
		delete(bad, p.Line)
	}
	if len(bad) > 0 || len(said.Problems) != 501 {
		t.Errorf("%d problems, and %d lines are not among them", len(said.Problems), len(bad))
	}
	if !strings.Contains(got.err, "501 problems in 501 lines, so nothing was written") {
		t.Errorf("it says %s", got.err)
	}
	if n := len(users(t, ns)); n > 0 {
		t.Errorf("%d Users are there nevertheless", n)
	}
}

// TestTheServerIsAsked has what the server alone knows told like what the file shows: here, who else manages a field.
func TestTheServerIsAsked(t *testing.T) {
	ns := acme(t)
	u := build.User("ada").In(ns, "acme").Obj()
	u.UID, u.Spec.Title = "", "Countess"
	if err := env.Client(t).Create(t.Context(), u, client.FieldOwner("flux")); err != nil {
		t.Fatal(err)
	}
	file := write(t, "people.csv", "email,title\nbob@acme.example,Clerk\nada@acme.example,Clerk\n")
	got := run(t, "-n", ns, "import", file, "--apply")
	if got.code != exitFailed || got.out != "" || !strings.Contains(got.err, `3      2        title    conflict with "flux"`) || !strings.Contains(got.err, "--force-conflicts") {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
	if n := len(users(t, ns)); n != 1 {
		t.Errorf("there are %d Users", n)
	}
	run(t, "-n", ns, "import", file, "--dry-run=client").done(t) // which does not ask
	run(t, "-n", ns, "import", file, "--apply", "--force-conflicts").done(t)
	if got := users(t, ns)["ada@acme.example"]; got.Spec.Title != "Clerk" || got.Name != "ada" {
		t.Errorf("there is %+v", got)
	}
}

func TestDryRunsKeepNothing(t *testing.T) {
	ns := acme(t)
	file := write(t, "people.csv", people3)
	for _, mode := range []string{"client", "server"} {
		got := run(t, "-n", ns, "import", file, "--apply", "--dry-run="+mode)
		if got.done(t); !strings.Contains(got.err, "dry run)") {
			t.Errorf("%s: it says %s", mode, got.err)
		}
	}
	dir := filepath.Join(t.TempDir(), "users")
	run(t, "-n", ns, "import", file, "--output-dir", dir, "--dry-run=server").done(t)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("there is a directory: %v", err)
	}
	if n := len(users(t, ns)); n > 0 {
		t.Errorf("there are %d Users", n)
	}
}

func TestFilesForGit(t *testing.T) {
	ns, dir := acme(t), filepath.Join(t.TempDir(), "users")
	until := build.User("eve").In(ns, "acme").Delegate("ada", build.Organization("x").Obj().CreationTimestamp.Time, metav1.Now().AddDate(1, 0, 0)).Obj()
	until.UID = ""
	until.Spec.Delegates[0].From = nil
	if err := env.Client(t).Create(t.Context(), until); err != nil {
		t.Fatal(err)
	}
	file := write(t, "people.csv", people3+"Eve;Eve;eve@acme.example;;;;;\n")
	run(t, "-n", ns, "import", file, "--output-dir", dir).done(t)
	if n := len(users(t, ns)); n != 1 {
		t.Errorf("there are %d Users", n)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(found) != 4 {
		t.Fatalf("%v %v", found, err)
	}
	teams, _ := filepath.Glob(filepath.Join(dir, "teams", "*.yaml"))
	var stamps []os.FileInfo
	for _, path := range append(found, teams...) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, info)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(text, &object); err != nil || object.Namespace != ns || object.Name+".yaml" != filepath.Base(path) {
			t.Errorf("%s: %v\n%s", path, err, text)
		}
		if object.Name == "eve" && !strings.Contains(string(text), "delegates") {
			t.Errorf("what the file does not say is lost:\n%s", text)
		}
		body, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := env.Client(t).Patch(t.Context(), &object, client.RawPatch("application/apply-patch+yaml", body), client.FieldOwner("git"), client.ForceOwnership); err != nil {
			t.Errorf("%s does not apply: %v", path, err)
		}
	}
	if n := len(users(t, ns)); n != 4 || len(teams) != 2 {
		t.Errorf("of %d files come %d Users, and there are %d of Teams", len(found), n, len(teams))
	}
	again := run(t, "-n", ns, "import", file, "--output-dir", dir, "-o", "json").done(t)
	if strings.Contains(again, `"created"`) || strings.Contains(again, `"configured"`) {
		t.Errorf("what was applied from the files is not what the spreadsheet says:\n%s", again)
	}
	for i, path := range found {
		if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(stamps[i].ModTime()) {
			t.Errorf("%s was written again: %v", path, err)
		}
	}
}

// TestFilesForGitAreKept has what others have written into a file stay, and files of others as they are.
func TestFilesForGitAreKept(t *testing.T) {
	const object = "apiVersion: seatkeeper.dev/v1alpha1\nkind: User\n%smetadata:\n  name: ada-35b65597\n  labels:\n    site: paris\nspec:\n  title: %s\n  organization: acme\n  email: ada@acme.example\n"
	for _, c := range []struct {
		why, was, want, says string
		code                 int
	}{
		{"the same in other words is left", fmt.Sprintf(object, "# ticket 42\n", "\"Clerk\""), "\"Clerk\"", "", exitDone},
		{"another spec is replaced, and labels stay", fmt.Sprintf(object, "", "Chief"), "site: paris\n  name: ada-35b65597\nspec:\n  email: ada@acme.example\n  organization: acme\n  title: Clerk\n", "", exitDone},
		{"comments that are lost are told", fmt.Sprintf(object, "# ticket 42\n", "Chief"), "title: Clerk", "had comments, which are lost", exitDone},
		{"another object", "kind: ConfigMap\n", "kind: ConfigMap\n", "is there, and is not User ada-35b65597 alone", exitFailed},
		{"two objects", fmt.Sprintf(object, "", "Clerk") + "---\nkind: ConfigMap\n", "kind: ConfigMap\n", "is there, and is not User ada-35b65597 alone", exitFailed},
		{"no YAML", "\tx", "\tx", "is there, and is not User ada-35b65597 alone", exitFailed},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "ada-35b65597.yaml")
			if err := os.WriteFile(path, []byte(c.was), 0o600); err != nil {
				t.Fatal(err)
			}
			got := call{}.raw(t, "-n", "people", "import", write(t, "a.csv", "email,title\nada@acme.example,Clerk\nbob@acme.example,Clerk\n"), "--local", "--organization=acme", "--output-dir", dir)
			text, err := os.ReadFile(path)
			if err != nil || got.code != c.code || !strings.Contains(string(text), c.want) || !strings.Contains(got.out+got.err, c.says) {
				t.Errorf("exit code %d, %v\n%s%s\n%s", got.code, err, got.out, got.err, text)
			}
			if all, _ := filepath.Glob(filepath.Join(dir, "*")); (len(all) == 2) != (c.code == exitDone) {
				t.Errorf("it has written %v", all)
			}
		})
	}
}

func TestNamesTooLongForFiles(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "a.csv", "email,user\nada@acme.example,\nbob@acme.example,"+strings.Repeat("a", 251)+"\n")
	got := call{}.raw(t, "-n", "people", "import", file, "--local", "--organization=acme", "--output-dir", dir)
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); got.code != exitFailed || len(all) > 0 || !strings.Contains(got.out+got.err, "has too long a name for a file") {
		t.Errorf("exit code %d\n%s%s\n%v", got.code, got.out, got.err, all)
	}
}

func TestLocal(t *testing.T) {
	dir := t.TempDir()
	got := call{}.raw(t, "--kubeconfig", "/dev/null", "-n", "acme-people", "import", write(t, "people.csv", people3), "--local", "--organization=acme", "--output-dir", dir, "-o", "name").done(t)
	var want string
	for _, email := range []string{"ada", "zoe", "jean.martin"} {
		want += "user.seatkeeper.dev/" + people.Name("acme", email+"@acme.example", func(string) bool { return false }) + "\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*.yaml")); len(found) != 3 {
		t.Errorf("it writes %v", found)
	}
}

// TestAfterABreak has an import that was interrupted go on where it was.
func TestAfterABreak(t *testing.T) {
	ns := acme(t)
	var b strings.Builder
	b.WriteString("email,title\n")
	const rows = 400
	for i := range rows {
		fmt.Fprintf(&b, "p%d@acme.example,Clerk\n", i)
	}
	file := write(t, "people.csv", b.String())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan answer, 1)
	go func() { done <- call{ctx: ctx}.run(t, "-n", ns, "import", file, "--apply", "--concurrency=1") }()
	env.Eventually(t, func() error {
		if n := len(users(t, ns)); n < 3 {
			return fmt.Errorf("%d Users", n)
		}
		return nil
	})
	cancel()
	if got := <-done; got.code != exitInterrupted || got.out != "" || !strings.Contains(got.err, "interrupted") {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
	before := users(t, ns)
	if len(before) >= rows {
		t.Fatal("it was not interrupted")
	}
	got := run(t, "-n", ns, "import", file, "--apply")
	if got.done(t); !strings.Contains(got.err, fmt.Sprintf("%d created, 0 configured, %d unchanged", rows-len(before), len(before))) {
		t.Errorf("of %d that were there it says %s", len(before), got.err)
	}
	after := users(t, ns)
	if len(after) != rows {
		t.Errorf("there are %d Users", len(after))
	}
	for email, u := range before {
		if after[email].ResourceVersion != u.ResourceVersion {
			t.Errorf("%s was written twice", email)
		}
	}
}

func TestFilesThatAreNoPeople(t *testing.T) {
	ns := acme(t)
	large := write(t, "large.csv", "email\n")
	if err := os.Truncate(large, 1<<30); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"a gigabyte", []string{large}, "has more than 64 MiB"},
		{"a NUL byte", []string{write(t, "nul.csv", "email\nada@acme.example\x00\n")}, "line 2: there is a NUL byte"},
		{"no such file", []string{"/nowhere/people.csv"}, "/nowhere/people.csv: no such file"},
		{"a directory", []string{t.TempDir()}, "is a directory"},
		{"nothing in it", []string{write(t, "empty.csv", "")}, "the file is empty"},
		{"no file", nil, "name one file"},
		{"broken JSON", []string{write(t, "a.json", `[{"email": }]`)}, "line 1, column 12"},
		{"an encoding that is none", []string{write(t, "a.csv", "email\n"), "--encoding=klingon"}, `--encoding is "klingon"`},
		{"--map of nothing", []string{large, "--map=x"}, "it must be HEADER=COLUMN"},
		{"--map to nothing that there is", []string{large, "--map=x=y"}, "there is no column y"},
		{"two ways to go", []string{large, "--apply", "--output-dir=x"}, "either --apply or --output-dir"},
		{"a template that is applied", []string{"--template", "--apply"}, "--template prints the CSV to fill in, and does nothing else"},
		{"a template of a file", []string{"--template", large}, "--template prints the CSV to fill in, and does nothing else"},
		{"a directory that is not asked", []string{large, "--directory-url=https://scim.example.org"}, "go with --from-directory"},
		{"the token of no directory", []string{"--from-directory", "--directory-token-file=x"}, "goes with --directory-url"},
		{"headers of a directory", []string{"--from-directory", "--map=x=email"}, "it does not go with --from-directory"},
		{"a format that is none", []string{large, "-o", "xml"}, "--output is \"xml\""},
	} {
		t.Run(c.why, func(t *testing.T) {
			run(t, append([]string{"-n", ns, "import"}, c.args...)...).failed(t, c.want)
		})
	}
	if n := len(users(t, ns)); n > 0 {
		t.Errorf("there are %d Users", n)
	}
}

func TestWithoutRights(t *testing.T) {
	ns := acme(t)
	file := write(t, "people.csv", people3)
	run(t, "-n", ns, "--as=nobody", "import", file, "--apply").failed(t, `"nobody" cannot list resource "organizations"`, "kubectl auth can-i")
	if err := env.Client(t).Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"seatkeeper.dev"}, Resources: []string{"*"}, Verbs: []string{"get", "list"}}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := env.Client(t).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "reader"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "reader"}},
	}); err != nil {
		t.Fatal(err)
	}
	run(t, "-n", ns, "--as=reader", "export").done(t)
	run(t, "-n", ns, "--as=reader", "import", file, "--apply").failed(t, "you may not create users, patch users, patch teams of seatkeeper.dev in namespace "+ns)
	run(t, "-n", ns, "--as=reader", "import", file, "--dry-run=client").done(t)
	if n := len(users(t, ns)); n > 0 {
		t.Errorf("there are %d Users", n)
	}
}

// TestWithoutTheRightToSeeWhoLeft has what needs the records of who left say so, and what does not go on.
func TestWithoutTheRightToSeeWhoLeft(t *testing.T) {
	ns := acme(t, build.User("ada").In("", "acme").Obj())
	may(t, ns, "half", rbacv1.PolicyRule{
		APIGroups: []string{"seatkeeper.dev"}, Resources: []string{"organizations", "users", "teams", "roles", "seatpools"}, Verbs: []string{"get", "list", "create", "patch"},
	})
	as := func(args ...string) answer { return run(t, append([]string{"-n", ns, "--as=half"}, args...)...) }
	const lacks = "you may not list archivedusers of seatkeeper.dev in namespace "
	as("export").done(t)
	as("export", "--archived").failed(t, lacks+ns, "or leave out --archived")
	file := write(t, "people.csv", "email,state\nada@acme.example,Active\n")
	as("import", file, "--apply").done(t)
	left := write(t, "people.csv", "email,state\nada@acme.example,Active\neve@acme.example,Archived\n")
	as("import", left, "--apply").failed(t, lacks, "or take out the lines of who is Archived")
	for _, command := range [][]string{{"status"}, {"tree"}, {"who-can", "it"}} {
		a := as(command...).says(t, lacks, "are not shown")
		if a.done(t); strings.Count(a.err, "note:") != 1 {
			t.Errorf("%v says\n%s", command, a.err)
		}
	}
	run(t, "-n", ns, "--as=nobody", "export").failed(t, "forbidden")
}

func TestWhichOrganization(t *testing.T) {
	run(t, "-n", env.Namespace(t), "export").failed(t, "has no Organization")
	ns := acme(t, build.Organization("other").Obj())
	run(t, "-n", ns, "export").failed(t, "name one of acme, other with --organization")
	run(t, "-n", ns, "export", "--organization=moon").failed(t, `"moon" not found`)
	run(t, "-n", ns, "export", "--organization=acme").done(t)
}

func TestTemplate(t *testing.T) {
	got := call{}.raw(t, "import", "--template").done(t)
	if !strings.HasPrefix(got, "email,givenName,familyName,") || strings.Contains(got, "seats") {
		t.Errorf("it is %q", got)
	}
	french := call{}.raw(t, "import", "--template", "--lang=fr", "--bom").done(t)
	if !strings.HasPrefix(french, "\ufeffcourriel;prénom;nom;") {
		t.Errorf("it is %q", french)
	}
	ns := acme(t)
	for _, template := range []string{got, french} { // filled in with an address alone
		run(t, "-n", ns, "import", write(t, "people.csv", template+"ada@acme.example\n"), "--apply").done(t)
	}
	if n := len(users(t, ns)); n != 1 {
		t.Errorf("there are %d Users", n)
	}
}

func TestFromStandardInput(t *testing.T) {
	ns := acme(t)
	call{stdin: strings.NewReader(`{"users": [{"email": "ada@acme.example", "roles": ["it"]}]}`)}.run(t, "-n", ns, "import", "-", "--format=json", "--apply").done(t)
	if u := users(t, ns)["ada@acme.example"]; !slices.Equal(u.Spec.Roles, []string{"it"}) {
		t.Errorf("there is %+v", u)
	}
}

func TestExportFormats(t *testing.T) {
	left := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: "left"}, Record: v1alpha1.UserRecord{
		User: "gone", UID: "1", Spec: build.User("gone").In("", "acme").Obj().Spec, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.Now(),
	}}
	ns := acme(t, left, build.User("ada").In("", "acme").Name("=1+1", "Lovelace").Roles("it").Obj())
	for _, c := range []struct {
		why  string
		args []string
		want []string
	}{
		{"no formula gets into a spreadsheet", nil, []string{"user,email,", "'=1+1"}},
		{"who left is asked for", []string{"--archived"}, []string{"ada@acme.example", "gone@acme.example"}},
		{"JSON", []string{"-o", "json"}, []string{`"givenName": "=1+1"`, `"roles": [`}},
		{"YAML", []string{"-o", "yaml"}, []string{"email: ada@acme.example", "- it"}},
		{"names", []string{"-o", "name"}, []string{"user.seatkeeper.dev/ada\n"}},
		{"a table", []string{"-o", "table"}, []string{"NAME", "ada@acme.example"}},
		{"French", []string{"--lang=fr"}, []string{"utilisateur;courriel;"}},
		{"some columns, in another order and by other names", []string{"--columns=rôles,Email,givenName"}, []string{"roles,email,givenName\nit,ada@acme.example,'=1+1\n"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			got := run(t, append([]string{"-n", ns, "export"}, c.args...)...)
			out := got.done(t)
			if got.err != "" || strings.Contains(out, "gone") != slices.Contains(c.args, "--archived") {
				t.Errorf("it prints\n%s%s", out, got.err)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not have %q:\n%s", want, out)
				}
			}
			if format := strings.Join(c.args, ""); format == "-ojson" || format == "-oyaml" {
				back := run(t, "-n", ns, "import", write(t, "back."+c.args[1], out))
				if back.done(t); !strings.Contains(back.err, "1 user: 0 created, 0 configured, 1 unchanged") {
					t.Errorf("read back, it says %s", back.err)
				}
			}
		})
	}
}

func TestExportRefusesColumns(t *testing.T) {
	run(t, "export", "--columns=email,shoes").failed(t, `--columns has "shoes": there is no such column; there are user, email,`)
	run(t, "export", "--columns=email", "-o", "json").failed(t, "--columns is for CSV: it does not go with --output=json")
}

func TestFromDirectory(t *testing.T) {
	server := scimtest.New(scimtest.Strict())
	t.Cleanup(server.Close)
	server.Add(map[string]any{"userName": "ada@acme.example", "active": true, "name": map[string]any{"givenName": "Ada", "familyName": "Lovelace"}})
	for i := range 120 {
		server.Add(map[string]any{"userName": fmt.Sprintf("p%d@acme.example", i), "active": i != 7, "title": "Clerk"})
	}
	server.Add(map[string]any{"userName": "svc-backup", "active": true})
	org := build.Organization("acme").Directory().Obj()
	org.Spec.Directory.SCIM.URL = server.URL()
	ns := env.Namespace(t)
	for _, o := range []client.Object{org, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}, Data: map[string][]byte{"token": []byte(scimtest.Token + "\n")}}} {
		o.SetNamespace(ns)
		o.SetUID("")
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	got := run(t, "-n", ns, "import", "--from-directory", "--apply")
	got.done(t)
	for _, want := range []string{`account "svc-backup" is left out`, `account "p7@acme.example" is left out: nobody can sign in with it`, "120 users: 120 created"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("it does not say %q:\n%s", want, got.err)
		}
	}
	all := users(t, ns)
	if len(all) != 120 || all["ada@acme.example"].Spec.GivenName != "Ada" || all["p3@acme.example"].Spec.Title != "Clerk" {
		t.Errorf("there are %d Users", len(all))
	}
	token := write(t, "token", scimtest.Token+"\n")
	run(t, "-n", ns, "import", "--from-directory", "--directory-url", server.URL(), "--directory-token-file", token).done(t)
	call{environment: map[string]string{tokenVariable: scimtest.Token}}.run(t, "-n", ns, "import", "--from-directory", "--directory-url", server.URL()).done(t)
	wrong := write(t, "wrong", "another-token")
	bad := run(t, "-n", ns, "import", "--from-directory", "--directory-url", server.URL(), "--directory-token-file", wrong)
	if bad.failed(t, "listing the accounts of the directory"); strings.Contains(bad.err, "another-token") {
		t.Errorf("it tells the token: %s", bad.err)
	}
	run(t, "-n", ns, "import", "--from-directory", "--directory-url", server.URL()).failed(t, tokenVariable)
}

func TestCompletion(t *testing.T) {
	ns := acme(t)
	config := kubeconfig(t)
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"commands", []string{"ex"}, "export\t"},
		{"formats", []string{"export", "-o", ""}, "csv\nyaml\njson\ntable\nwide\nname\n"},
		{"organizations", []string{"--kubeconfig", config, "-n", ns, "export", "--organization", "a"}, "acme\n"},
		{"namespaces", []string{"--kubeconfig", config, "export", "-n", ns[:len(ns)-1]}, ns + "\n"},
		{"contexts", []string{"--kubeconfig", config, "export", "--context", ""}, "test\n"},
		{"dry runs", []string{"import", "--dry-run", ""}, "none\nserver\nclient\n"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := (call{as: completer}).raw(t, c.args...).done(t); !strings.HasPrefix(got, c.want) {
				t.Errorf("it completes %q, want %q", got, c.want)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		why      string
		terminal bool
		total    int
		want     string
	}{
		{"on a terminal", true, 9, "\r\x1b[Kchecking: 3 of 9\r\x1b[K"},
		{"of nobody knows how much", true, 0, "\r\x1b[Kchecking: 3\r\x1b[K"},
		{"off a terminal", false, 9, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			sh, errs := testShell("", c.terminal, map[string]string{"NO_COLOR": "1"})
			clock := clocktesting.NewFakeClock(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
			sh.Clock = clock
			p := sh.progress("checking", c.total)
			p.add(2)
			clock.Step(time.Second)
			p.add(1)
			p.add(1) // at once, which is not shown
			p.end()
			if got := errs.String(); got != c.want {
				t.Errorf("it shows %q, want %q", got, c.want)
			}
		})
	}
}

func TestAdopt(t *testing.T) {
	server := scimtest.New(scimtest.Rich())
	t.Cleanup(server.Close)
	for _, name := range []string{"ada@acme.example", "kim@acme.example", "svc-backup"} {
		server.Add(map[string]any{"userName": name, "active": true, "title": "Clerk"})
	}
	org := build.Organization("acme").Directory().Obj()
	org.Spec.Directory.SCIM.URL, org.Spec.Directory.Adoption = server.URL(), v1alpha1.AdoptionAdopt
	ns := env.Namespace(t)
	for _, o := range []client.Object{
		org, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}, Data: map[string][]byte{"token": []byte(scimtest.Token)}},
		build.User("ada").In(ns, "acme").Obj(),
	} {
		o.SetNamespace(ns)
		o.SetUID("")
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	got := run(t, "-n", ns, "adopt", "--output-dir", dir)
	if out := got.done(t); !strings.Contains(out, "svc-backup") || !strings.Contains(got.err, "3 accounts: 1 matched, 1 unmatched, 1 conflicting, 0 inactive") {
		t.Errorf("it prints\n%s%s", out, got.err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "kim-*.yaml"))
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 1 || len(all) != 1 {
		t.Fatalf("it writes %v", all)
	}
	if text, err := os.ReadFile(found[0]); err != nil || !strings.Contains(string(text), "email: kim@acme.example") || !strings.Contains(string(text), "title: Clerk") {
		t.Errorf("%v\n%s", err, text)
	}
	if n := len(users(t, ns)); n != 1 {
		t.Errorf("there are %d Users", n)
	}
}
