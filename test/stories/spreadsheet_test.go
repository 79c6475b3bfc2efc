// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/cmd/kubectl-seatkeeper/cli"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// TestThousandPeopleFromASpreadsheetAndBack takes people from a spreadsheet to invited, each by one mail, and back to a spreadsheet that
// is the same in every byte; to import that changes nothing, and writes nothing.
func TestThousandPeopleFromASpreadsheetAndBack(t *testing.T) {
	people := env.Size(1000, 100)
	s := play(t,
		build.Organization("acme").Obj(), build.SeatPool("standard").Seats(int32(people)).Obj(),
		build.Role("driver").SeatPool("standard").Obj(), build.Role("it").Obj(),
		build.Team("sales").Obj(), build.Team("support").Obj(), build.Team("night").Obj(),
	)
	sheet := roll(t, people)
	file := filepath.Join(t.TempDir(), "people.csv")
	s.must(os.WriteFile(file, sheet, 0o600), "writing a spreadsheet")
	var traffic operator.Traffic
	p := &plugin{stage: s, traffic: &traffic}

	created := fmt.Sprintf("%d users: %d created, 0 configured, 0 unchanged", people, people)
	p.run(created, "import", file)
	var none v1alpha1.UserList
	s.must(s.List(t.Context(), &none, client.InNamespace(s.ns)), "listing users")
	if len(none.Items) > 0 {
		t.Fatalf("checking made %d users", len(none.Items))
	}
	p.run(created, "import", file, "--apply")
	s.everybodyInvited(people)
	s.oneMailEach(people)

	back := p.run("", "export", "-o", "csv", "--columns", strings.Join(rollColumns, ","))
	if diff := cmp.Diff(string(sheet), back); diff != "" {
		t.Fatalf("the spreadsheet that comes back is another (-want +got):\n%s", diff)
	}
	all := p.run("", "export")
	for what, content := range map[string]string{"the same columns": back, "all columns": all} {
		s.must(os.WriteFile(file, []byte(content), 0o600), "writing a spreadsheet")
		traffic.Reset()
		p.run(fmt.Sprintf("%d users: 0 created, 0 configured, %d unchanged", people, people), "import", file, "--apply")
		if writes := traffic.Writes(); len(writes) > 0 {
			t.Errorf("what came back with %s, imported again, takes %d writes, such as %s", what, len(writes), writes[0])
		}
	}
}

// rollColumns are the columns of a roll: all that a person can have in a spreadsheet before there is anything to tell.
var rollColumns = []string{
	"email", "givenName", "familyName", "title", "workPhone", "mobilePhone", "employeeNumber", "locale", "timeZone", "roles", "teams",
	"manager", "successor", "state", "accessUntil",
}

// roll is a spreadsheet of so many people, sorted by address, as a program writes it that has no part in this one: names have accents,
// quotes, commas and apostrophes, numbers begin with 0 and +, and some cells are empty.
func roll(t *testing.T, people int) []byte {
	t.Helper()
	pick := func(i int, of ...string) string { return of[i%len(of)] }
	address := func(i int) string { return fmt.Sprintf("p%04d@acme.example", i) }
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	records := [][]string{rollColumns}
	for i := range people {
		manager, successor := address(i/10), ""
		if i == 0 {
			manager = ""
		}
		teams := pick(i, "sales", "night;sales", "", "support")
		if i == 1 { // of a team, one leads
			teams = "night;sales:lead"
		}
		if i%7 == 3 {
			successor = address(i - 1)
		}
		records = append(records, []string{
			address(i), pick(i, "Zoé", "Łukasz", "Nguyễn", "Ada", "Иван", "海", ""), pick(i, "Noël", "O'Brien", "D’Arc", "Ñíguez, fils", "Müller-Lüdenscheidt"),
			pick(i, "Comptable", `Chef "de file"`, "'=Directeur", ""), pick(i, "'+33 1 02 03 04 05", "01 02 03 04 05", ""), fmt.Sprintf("'+33 6 %02d %02d 00 00", i/100, i%100),
			fmt.Sprintf("%06d", i), pick(i, "fr-FR", "en", ""), pick(i, "Europe/Paris", "America/New_York", ""), pick(i, "driver", "driver;it"),
			teams, manager, successor, "Active", pick(i, "", "", "", "2099-12-31T22:59:59Z"),
		})
	}
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plugin is `kubectl seatkeeper` in the namespace of a stage, as its administrator.
type plugin struct {
	*stage
	traffic *operator.Traffic
}

// run runs a command line, which is to succeed and to say something, and returns what it prints.
func (p *plugin) run(saying string, args ...string) string {
	p.Helper()
	kubeconfig := filepath.Join(p.TempDir(), "kubeconfig") // so that nobody's own counts
	p.must(os.WriteFile(kubeconfig, nil, 0o600), "writing a kubeconfig")
	var out, errs bytes.Buffer
	cfg := p.traffic.Config(env.Config(p))
	sh := &cli.Shell{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errs},
		Config:    genericclioptions.NewConfigFlags(true).WithWrapConfigFn(func(*rest.Config) *rest.Config { return cfg }),
		Terminal:  func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
	}
	args = slices.Concat([]string{"--kubeconfig", kubeconfig, "--server", cfg.Host, "-n", p.ns}, args)
	if code := cli.Run(p.Context(), sh, "kubectl-seatkeeper", args); code != 0 || !strings.Contains(errs.String(), saying) {
		p.Fatalf("%q ends with %d, and is to say %q:\n%s%s", args, code, saying, out.String(), errs.String())
	}
	return out.String()
}

// everybodyInvited waits until all people of acme are.
func (s *stage) everybodyInvited(people int) {
	s.Helper()
	for want := range people { // each with the patience of one wait
		if want++; want%100 > 0 && want < people {
			continue
		}
		await(s, "acme", func(o *v1alpha1.Organization) error {
			if n := ptr.Deref(o.Status.Invited, 0); n < int32(want) {
				return fmt.Errorf("%d are invited, want %d", n, want)
			}
			return nil
		})
	}
	var all v1alpha1.UserList
	s.must(s.List(s.Context(), &all, client.InNamespace(s.ns)), "listing users")
	if len(all.Items) != people {
		s.Errorf("there are %d users, want %d", len(all.Items), people)
	}
	for i := range all.Items {
		u := &all.Items[i]
		if err := stands(u, v1alpha1.ReasonInvited); err != nil {
			s.Error(err)
		}
		s.holds(u, "standard")
	}
}

// oneMailEach holds that each of the roll got one mail, and nobody else any.
func (s *stage) oneMailEach(people int) {
	s.Helper()
	mails := map[string]int{}
	for _, m := range s.box.Messages() {
		mails[m.To[0]]++
	}
	want := map[string]int{}
	for i := range people {
		want[fmt.Sprintf("p%04d@acme.example", i)] = 1
	}
	if diff := cmp.Diff(want, mails); diff != "" {
		s.Errorf("mails by address (-want +got):\n%s", diff)
	}
}
