// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// planned is an import that has looked at the cluster, and has written nothing yet.
func planned(t *testing.T, ns, file string) *job {
	t.Helper()
	config, path := genericclioptions.NewConfigFlags(true), kubeconfig(t)
	config.KubeConfig, config.Namespace = &path, &ns
	sh := &Shell{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &bytes.Buffer{}, ErrOut: &bytes.Buffer{}},
		Config:    config, Terminal: func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
	}
	table, faults, err := spreadsheet.ReadCSV([]byte(file), spreadsheet.EncodingAuto)
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	set, problems := people.Parse(table, nil)
	j := &job{importing: &importing{Shell: sh, workers: 4, dryRun: dryRunNone, apply: true}, set: &set, problems: problems}
	j.output.format = formatTable
	if err := j.check(t.Context()); err != nil {
		t.Fatal(err, j.problems)
	}
	return j
}

func members(t *testing.T, ns, team string) []string {
	t.Helper()
	var is v1alpha1.Team
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: ns, Name: team}, &is); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range is.Spec.Members {
		name, _, _ := strings.Cut(m.User, "-")
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// TestTwoImportsAtOnce has two imports plan from the same state, and write one after the other: neither takes away what the other has done.
func TestTwoImportsAtOnce(t *testing.T) {
	const before = "email,title,teams\nbob@acme.example,Clerk,sales\n"
	for _, c := range []struct {
		why, one, two string
		members       []string
		spec          v1alpha1.UserSpec
	}{
		{
			"both create the same person, with other columns", "email,title\nada@acme.example,Countess\n", "email,roles\nada@acme.example,it\n",
			[]string{"bob"},
			v1alpha1.UserSpec{Title: "Countess", Roles: []string{"it"}},
		},
		{
			"both add to one team", "email,teams\nada@acme.example,sales\n", "email,teams\nkim@acme.example,sales\n",
			[]string{"ada", "bob", "kim"},
			v1alpha1.UserSpec{},
		},
		{
			"one takes out of a team who stays in it for the other", "email,teams\nbob@acme.example,\n", "email,teams\nada@acme.example,sales\n",
			[]string{"ada"},
			v1alpha1.UserSpec{},
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			ns := acme(t)
			run(t, "-n", ns, "import", write(t, "a.csv", before), "--apply").done(t)
			one, two := planned(t, ns, c.one), planned(t, ns, c.two)
			for _, j := range []*job{one, two} {
				if err := j.put(t.Context()); err != nil {
					t.Fatal(err, j.problems)
				}
			}
			if got := members(t, ns, "sales"); !slices.Equal(got, c.members) {
				t.Errorf("in the team are %v, want %v", got, c.members)
			}
			ada := users(t, ns)["ada@acme.example"]
			if ada.Spec.Title != c.spec.Title || !slices.Equal(ada.Spec.Roles, c.spec.Roles) {
				t.Errorf("there is %+v", ada.Spec)
			}
		})
	}
}

func TestTwoImportsChangeOnePersonAtOnce(t *testing.T) {
	ns := acme(t)
	run(t, "-n", ns, "import", write(t, "a.csv", "email\nada@acme.example\n"), "--apply").done(t)
	one, two := planned(t, ns, "email,title\nada@acme.example,Countess\n"), planned(t, ns, "email,roles\nada@acme.example,it\n")
	for _, j := range []*job{one, two} {
		if err := j.put(t.Context()); err != nil {
			t.Fatal(err, j.problems)
		}
	}
	if ada := users(t, ns)["ada@acme.example"]; ada.Spec.Title != "Countess" || !slices.Equal(ada.Spec.Roles, []string{"it"}) {
		t.Errorf("there is %+v", ada.Spec)
	}
}

// TestADeletionStands has somebody deleted between the check and the apply: they stay so, and the file's line is told.
func TestADeletionStands(t *testing.T) {
	for why, first := range map[string]string{
		"who was created by an import": "email,title\nada@acme.example,Countess\nbob@acme.example,Clerk\n",
		"who was changed by one since": "email,title\nada@acme.example,\nbob@acme.example,\n",
	} {
		t.Run(why, func(t *testing.T) { deleted(t, first) })
	}
}

func deleted(t *testing.T, first string) {
	ns := acme(t)
	run(t, "-n", ns, "import", write(t, "a.csv", "email,title\nada@acme.example,Countess\nbob@acme.example,Clerk\n"), "--apply").done(t)
	run(t, "-n", ns, "import", write(t, "b.csv", first), "--apply").done(t)
	j := planned(t, ns, "email,title\nbob@acme.example,Chief\nada@acme.example,Queen\n")
	ada := users(t, ns)["ada@acme.example"]
	if err := env.Client(t).Delete(t.Context(), &ada); err != nil {
		t.Fatal(err)
	}
	if err := j.put(t.Context()); err == nil {
		t.Error("it says nothing")
	}
	if len(j.problems) != 1 || j.problems[0].Line != 3 || !strings.Contains(j.problems[0].Message, "was deleted by somebody else in the meantime") {
		t.Errorf("it says %+v", j.problems)
	}
	if all := users(t, ns); len(all) != 1 || all["bob@acme.example"].Spec.Title != "Chief" {
		t.Errorf("there are %+v", all)
	}
}

// TestWhatIsCreatedCanBeTakenAway has an import take away what one before it has created, and not what another program applied.
func TestWhatIsCreatedCanBeTakenAway(t *testing.T) {
	ns := acme(t)
	run(t, "-n", ns, "import", write(t, "a.csv", "email,title,roles\nada@acme.example,Countess,it;fleet\n"), "--apply").done(t)
	run(t, "-n", ns, "import", write(t, "b.csv", "email,title,roles\nada@acme.example,,it\n"), "--apply").done(t)
	ada := users(t, ns)["ada@acme.example"]
	if ada.Spec.Title != "" || !slices.Equal(ada.Spec.Roles, []string{"it"}) {
		t.Errorf("there is %+v", ada.Spec)
	}
}

// TestTeamsGetNobodyWhoIsNotThere has a quota refuse, after the check has passed, people who were to join a team.
func TestTeamsGetNobodyWhoIsNotThere(t *testing.T) {
	ns := acme(t)
	one := corev1.ResourceList{"count/users.seatkeeper.dev": resource.MustParse("1")}
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}, Spec: corev1.ResourceQuotaSpec{Hard: one}}
	if err := env.Client(t).Create(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	quota.Status = corev1.ResourceQuotaStatus{Hard: one, Used: corev1.ResourceList{"count/users.seatkeeper.dev": resource.MustParse("0")}}
	if err := env.Client(t).Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	file := write(t, "a.csv", "email,teams\na@acme.example,sales\nb@acme.example,sales\nc@acme.example,sales\n")
	if got := run(t, "-n", ns, "import", file, "-o", "wide").done(t); strings.Count(got, "email,teams") != 3 {
		t.Errorf("the check does not show who joins a team:\n%s", got)
	}
	got := run(t, "-n", ns, "import", file, "--apply", "-o", "name")
	if got.code != exitFailed || strings.Count(got.out, "user.seatkeeper.dev/") != 1 || !strings.Contains(got.err, "1 created, 0 configured, 0 unchanged, 2 refused, 1 team configured") ||
		strings.Count(got.err, "exceeded quota") != 2 {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
	all := users(t, ns)
	if in := members(t, ns, "sales"); len(all) != 1 || len(in) != 1 || all[in[0]+"@acme.example"].Name == "" {
		t.Errorf("of %d Users, in the team are %v", len(all), in)
	}
}

// waiting is a standard input that gives nothing, and says when somebody begins to wait for it.
type waiting struct{ begun, end chan struct{} }

func (w *waiting) Read([]byte) (int, error) {
	close(w.begun)
	<-w.end
	return 0, io.EOF
}

func TestInterruptedWhileItReads(t *testing.T) {
	w := &waiting{make(chan struct{}), make(chan struct{})}
	defer close(w.end)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-w.begun; cancel() }()
	if got := (call{stdin: w, ctx: ctx}).raw(t, "import", "-", "--local", "--organization=acme"); got.code != exitInterrupted {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
}

func TestInterruptedBeforeItWrites(t *testing.T) {
	j := planned(t, acme(t), "email\nada@acme.example\n")
	j.outputDir = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.write(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
	if all, _ := filepath.Glob(filepath.Join(j.outputDir, "*")); len(all) > 0 {
		t.Errorf("it has written %v", all)
	}
}

// expiring forgets where the first list was when the second page of it is asked for.
type expiring struct {
	client.Client

	lists int
}

func (e *expiring) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	e.lists++
	switch e.lists {
	case 1:
		list.SetContinue("on")
	case 2:
		return apierrors.NewResourceExpired("the continue parameter is too old")
	}
	return nil
}

func TestListsBeginAgain(t *testing.T) {
	e := &expiring{}
	if _, err := (&cluster{Client: e, namespace: "people"}).people(t.Context(), "acme"); err != nil || e.lists != 5 {
		t.Errorf("after %d lists it says %v", e.lists, err)
	}
}

func TestWhoLeftIsNotImportedAnew(t *testing.T) {
	left := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: "left"}, Record: v1alpha1.UserRecord{
		User: "gone", UID: "1", Spec: build.User("gone").In("", "acme").Obj().Spec, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.Now(),
	}}
	ns := acme(t, left)
	file, dir := write(t, "a.csv", run(t, "-n", ns, "export", "--archived").done(t)), t.TempDir()
	run(t, "-n", ns, "import", file, "--output-dir", dir).done(t)
	run(t, "-n", ns, "import", file, "--apply").done(t)
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); len(users(t, ns))+len(all) > 0 {
		t.Errorf("there is somebody: %v", all)
	}
}

// TestAdoptIsAllOrNothing has a file that one of the chosen accounts cannot have keep all of them from being written.
func TestAdoptIsAllOrNothing(t *testing.T) {
	server := scimtest.New(scimtest.Rich())
	t.Cleanup(server.Close)
	for _, name := range []string{"ada", "kim", "lee"} {
		server.Add(map[string]any{"userName": name + "@acme.example", "active": true})
	}
	org := build.Organization("acme").Directory().Obj()
	org.Spec.Directory.SCIM.URL, org.Spec.Directory.Adoption = server.URL(), v1alpha1.AdoptionAdopt
	ns := env.Namespace(t)
	seed(t, ns, org, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}, Data: map[string][]byte{"token": []byte(scimtest.Token)}})
	all := func(dir string) []string {
		files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
		return files
	}
	first, dir := t.TempDir(), t.TempDir()
	run(t, "-n", ns, "adopt", "--output-dir", first).done(t)
	if len(all(first)) != 3 {
		t.Fatalf("it writes %v", all(first))
	}
	kim := filepath.Join(dir, filepath.Base(all(first)[1]))
	if err := os.WriteFile(kim, []byte("kind: ConfigMap\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, "-n", ns, "adopt", "--output-dir", dir).says(t, kim+" is there, and is not User kim-", "so nothing was written")
	if text, err := os.ReadFile(kim); got.code != exitFailed || len(all(dir)) != 1 || err != nil || string(text) != "kind: ConfigMap\n" {
		t.Errorf("exit code %d, and there are %v", got.code, all(dir))
	}
}

// TestAdoptIsNotHeldUp has one account that cannot become a User, and who left, keep none of the others from it.
func TestAdoptIsNotHeldUp(t *testing.T) {
	server := scimtest.New(scimtest.Rich())
	t.Cleanup(server.Close)
	boss := server.Add(map[string]any{"userName": "boss@acme.example", "active": true, "externalId": "somebody-else"})
	server.Add(map[string]any{
		"userName": "kim@acme.example", "active": true,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"manager": map[string]any{"value": boss}},
	})
	server.Add(map[string]any{"userName": "gone@acme.example", "active": true})
	org := build.Organization("acme").Directory().Obj()
	org.Spec.Directory.SCIM.URL, org.Spec.Directory.Adoption = server.URL(), v1alpha1.AdoptionAdopt
	ns := env.Namespace(t)
	for _, o := range []client.Object{
		org, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "directory"}, Data: map[string][]byte{"token": []byte(scimtest.Token)}},
		&v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: "left"}, Record: v1alpha1.UserRecord{
			User: "gone", UID: "1", Spec: build.User("gone").In("", "acme").Obj().Spec, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.Now(),
		}},
	} {
		o.SetNamespace(ns)
		o.SetUID("")
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	got := run(t, "-n", ns, "adopt", "--output-dir", dir)
	if out := got.done(t); !strings.Contains(out, "left on "+time.Now().UTC().Format("2006-")) || !strings.Contains(got.err, `account "kim@acme.example": its manager is left out`) {
		t.Errorf("it prints\n%s%s", out, got.err)
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); len(all) != 1 || !strings.HasPrefix(filepath.Base(all[0]), "kim-") {
		t.Errorf("it writes %v", all)
	}
}
