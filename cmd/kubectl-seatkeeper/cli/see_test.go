// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/overview"
	"seatkeeper.dev/seatkeeper/internal/verdict"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

var then = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// listOfNoah stands for the list of removals that are held.
const listOfNoah = "8bb791e73bb39d41"

// seed creates objects in a namespace, with the status that they have.
func seed(t *testing.T, ns string, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		with, ok := o.DeepCopyObject().(client.Object)
		if !ok {
			t.Fatalf("%T is no object", o)
		}
		o.SetNamespace(ns)
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		switch o := o.(type) {
		case *v1alpha1.Organization:
			o.Status = with.(*v1alpha1.Organization).Status
		case *v1alpha1.User:
			o.Status = with.(*v1alpha1.User).Status
		case *v1alpha1.SeatPool:
			o.Status = with.(*v1alpha1.SeatPool).Status
			o.Status.ObservedGeneration = o.Generation
		case *v1alpha1.Role:
			o.Status = with.(*v1alpha1.Role).Status
		case *v1alpha1.Team:
			o.Status = with.(*v1alpha1.Team).Status
		default:
			continue
		}
		if err := env.Client(t).Status().Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// ready is an object of which the operator says so; stalled that somebody has to act.
func ready[T v1alpha1.Conditioned](o T, status bool, reason, message string, stalled bool) T {
	verdict.Set(o, v1alpha1.ConditionReady, status, reason, message, then)
	if stalled {
		verdict.Set(o, v1alpha1.ConditionStalled, true, reason, message, then)
	}
	return o
}

func active(b *build.UserBuilder) *v1alpha1.User {
	return ready(b.AcceptedAt(then).Obj(), true, v1alpha1.ReasonActive, "accepted the invitation and has access", false)
}

// organized is the namespace of organization acme, in which something of everything is going on.
func organized(t *testing.T) string {
	t.Helper()
	ns := env.Namespace(t)
	org := ready(build.Organization("acme").Owner("marie").DisplayName("Acme SAS").Protection("1", time.Hour).Obj(), true, v1alpha1.ReasonReady, "the organization is in effect", false)
	org.Status.Removals = v1alpha1.RemovalsStatus{
		Held: []v1alpha1.HeldRemoval{{User: "noah", UID: "u", Generation: 2, Kind: v1alpha1.RemovalArchive}}, HeldCount: 1,
	}
	org.Status.Removals.Token = listOfNoah
	users := build.SeatPool("users").Seats(5).Price("10.00", "EUR").Tax("20").Approval().Obj()
	users.Spec.Plan = "Pro"
	ready(users, false, v1alpha1.ReasonOrderPending, "an order of 2 seats waits", true)
	users.Status.Bought, users.Status.Capacity, users.Status.Assigned, users.Status.Available = ptr.To[int32](3), ptr.To[int32](3), ptr.To[int32](3), ptr.To[int32](0)
	users.Status.Waiting, users.Status.Queue = ptr.To[int32](1), []string{"karim"}
	users.Status.Cost = &v1alpha1.SeatPoolCost{
		Seats: ptr.To[int32](3), Summary: "36.00 EUR/Month",
		Amounts: v1alpha1.Amounts{Net: "30.00", Tax: "6.00", Gross: "36.00", Currency: "EUR", Period: v1alpha1.PeriodMonth},
	}
	users.Status.PendingOrder = &v1alpha1.PendingOrder{
		Generation: 1, Delta: 2, Amounts: v1alpha1.Amounts{Net: "20.00", Tax: "4.00", Gross: "24.00", Currency: "EUR", Period: v1alpha1.PeriodMonth},
	}
	addon := ready(build.SeatPool("addon").Included(4).Price("5.00", "EUR").Tax("20").ExpiresAt(time.Date(2099, 11, 1, 0, 0, 0, 0, time.UTC)).Obj(), true, v1alpha1.ReasonReady, "the pool is in effect", false)
	addon.Status.Capacity, addon.Status.Assigned, addon.Status.Available, addon.Status.Waiting = ptr.To[int32](4), ptr.To[int32](1), ptr.To[int32](3), ptr.To[int32](0)
	addon.Status.Cost = &v1alpha1.SeatPoolCost{
		Seats: ptr.To[int32](0), Summary: "0.00 EUR/Month",
		Amounts: v1alpha1.Amounts{Net: "0.00", Tax: "0.00", Gross: "0.00", Currency: "EUR", Period: v1alpha1.PeriodMonth},
	}
	seed(t, ns, org, users, addon,
		ready(build.Role("commercial").Permissions("crm.*").SeatPool("users").Includes("support").Obj(), true, v1alpha1.ReasonReady, "ok", false),
		ready(build.Role("support").Permissions("tickets.read").Obj(), true, v1alpha1.ReasonReady, "ok", false),
		ready(build.Team("company").Roles("support").Obj(), true, v1alpha1.ReasonReady, "ok", false),
		ready(build.Team("sales").Parent("company").Roles("commercial").Lead("marie").Members("jean", "ghost").Obj(), true, v1alpha1.ReasonReady, "ok", false),
		active(build.User("marie").Holds("commercial", "support").Seats("users")),
		active(build.User("noah").Roles("commercial").Holds("commercial").Seats("users")),
		ready(build.User("jean").Holds("commercial", "support").Seats("users").Invited(1, then.Add(time.Hour)).Obj(), true, v1alpha1.ReasonInvited, "the invitation is out", false),
		ready(build.User("karim").Roles("commercial").Obj(), false, v1alpha1.ReasonAwaitingSeat,
			"every seat of seat pool users is taken (capacity 3): number 1 in the queue; buy seats, or free one", true),
		ready(build.User("lea").Roles("support").State(v1alpha1.UserArchived).Obj(), true, v1alpha1.ReasonArchived, "left", false),
	)
	return ns
}

// statusText is what others than terminals get.
const statusText = `Organization acme (Acme SAS), owner marie: Ready

STATE          PEOPLE
Active         2
Invited        1
AwaitingSeat   1
Archived       1
all            5, of whom 2 have access

POOL    PLAN   SEATS          HELD   FREE   WAITING   COST
addon   -      [##--------]   1/4    3      0         0.00 EUR/Month
users   Pro    [##########]   3/3    0      1         36.00 EUR/Month
All seats cost 36.00 EUR/Month (30.00 net + 6.00 tax)

HELD       WHAT                       TO LET IT PASS
removals   1 person                   kubectl seatkeeper approve removals acme
           noah (Archive)
order      2 seats, 24.00 EUR/Month   kubectl seatkeeper approve order users

WAITING   STATE          WHY
karim     AwaitingSeat   every seat of seat pool users is taken (capacity 3): number 1 in the queue; buy seats, or free one
`

func TestStatusReadsWell(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	if diff := cmp.Diff(statusText, run(t, "status", "-n", ns).done(t)); diff != "" {
		t.Errorf("off a terminal nothing is cut or coloured; want -, got +:\n%s", diff)
	}
	narrow := call{terminal: true, environment: map[string]string{"COLUMNS": "80", "NO_COLOR": "1"}}.run(t, "status", "acme", "-n", ns).done(t)
	if diff := cmp.Diff(statusNarrow, narrow); diff != "" {
		t.Errorf("on a terminal of 80 columns; want -, got +:\n%s", diff)
	}
	colourful := call{terminal: true, environment: map[string]string{"COLUMNS": "80"}}.run(t, "status", "acme", "-n", ns).done(t)
	if !strings.Contains(colourful, "\x1b[31mAwaitingSeat\x1b[m") {
		t.Errorf("who has to be seen to is not in red: %q", colourful)
	}
	if diff := cmp.Diff(narrow, plain(colourful)); diff != "" {
		t.Errorf("colours move the words; without -, with +:\n%s", diff)
	}
}

// statusNarrow is what a terminal of 80 columns shows.
const statusNarrow = `Organization acme (Acme SAS), owner marie: Ready

STATE          PEOPLE
Active         2
Invited        1
AwaitingSeat   1
Archived       1
all            5, of whom 2 have access

POOL    PLAN   SEATS          HELD   FREE   WAITING   COST
addon   -      [##--------]   1/4    3      0         0.00 EUR/Month
users   Pro    [##########]   3/3    0      1         36.00 EUR/Month
All seats cost 36.00 EUR/Month (30.00 net + 6.00 tax)

HELD       WHAT                       TO LET IT PASS
removals   1 person                   kubectl seatkeeper approve removals acme
           noah (Archive)
order      2 seats, 24.00 EUR/Month   kubectl seatkeeper approve order users

WAITING   STATE          WHY
karim     AwaitingSeat   every seat of seat pool users is taken (capacity 3):
                         number 1 in the queue; buy seats, or free one
`

// plain is a text without its colours.
func plain(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\x1b' {
			b.WriteByte(text[i])
			continue
		}
		for text[i] != 'm' {
			i++
		}
	}
	return b.String()
}

func TestStatusAsData(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	var r overview.Report
	if err := json.Unmarshal([]byte(run(t, "status", "-n", ns, "-o", "json").done(t)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Organization != "acme" || r.Namespace != ns || len(r.Pools) != 2 || r.Pools[1].Plan != "Pro" || r.Removals.Token != "8bb791e73bb39d41" || len(r.Waiting) != 1 {
		t.Errorf("it says %+v", r)
	}
	if got := run(t, "status", "-n", ns, "-o", "yaml").done(t); !strings.Contains(got, "\norganization: acme\n") {
		t.Errorf("as YAML it says:\n%s", got)
	}
	if got := run(t, "status", "-n", ns, "-o", "name").done(t); got != "organization.seatkeeper.dev/acme\n" {
		t.Errorf("the name is %q", got)
	}
	if got := run(t, "status", "-n", ns, "--no-headers").done(t); strings.Contains(got, "PEOPLE") {
		t.Errorf("there are headers:\n%s", got)
	}
	if got := run(t, "status", "-n", ns, "-o", "wide").done(t); !strings.Contains(got, "NEXT\n") || !strings.Contains(got, "karim\n") {
		t.Errorf("the queue is not shown:\n%s", got)
	}
}

func TestSeeingFails(t *testing.T) {
	t.Parallel()
	ns, empty := organized(t), env.Namespace(t)
	may(t, ns, "peek", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"*"}, Verbs: []string{"get", "list"}})
	for _, c := range []struct {
		why  string
		args []string
		want []string
	}{
		{"there is no organization", []string{"status", "-n", empty}, []string{"has no Organization: create one"}},
		{"there is none of that name", []string{"tree", "nobody", "-n", ns}, []string{`organizations.seatkeeper.dev "nobody" not found`}},
		{"a format that does not exist", []string{"status", "-n", ns, "-o", "xml"}, []string{`--output is "xml": it must be one of table, wide, json, yaml, name`}},
		{"somebody may not look", []string{"status", "-n", ns, "--as", "eve"}, []string{"listing organizations", "forbidden", "Ask who runs the cluster for this right"}},
		{"who may look may not watch", []string{"status", "acme", "-w", "-n", ns, "--as", "peek"}, []string{"watching", "forbidden", "Ask who runs the cluster for this right"}},
		{"the role means nothing", []string{"who-can", "fly", "-n", ns}, []string{`no Role "fly", and no Role with a permission that is or covers "fly"`}},
		{"no word to look for", []string{"who-can", "-n", ns}, []string{"accepts 1 arg(s), received 0"}},
	} {
		t.Run(c.why, func(t *testing.T) { run(t, c.args...).failed(t, c.want...) })
	}
	t.Run("the kubeconfig is none", func(t *testing.T) {
		call{}.raw(t, "status", "--kubeconfig", write(t, "kubeconfig", "}{")).failed(t, "error loading config file")
	})
	t.Run("the context is wrong", func(t *testing.T) {
		run(t, "status", "--context", "nowhere").failed(t, "context was not found for specified context: nowhere", "Check the kubeconfig")
	})
}

func TestTreeOfTeams(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	want := `NAME                         ROLE     STATE
acme
├── company [support]
│   └── sales [commercial]
│       ├── marie            Lead     Active
│       ├── ghost            Member   no such User
│       └── jean             Member   Invited
└── in no team
    ├── karim                         AwaitingSeat
    └── noah                          Active
`
	if diff := cmp.Diff(want, run(t, "tree", "-n", ns).done(t)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if got := run(t, "tree", "-n", ns, "-o", "name").done(t); got != "team.seatkeeper.dev/company\nteam.seatkeeper.dev/sales\n" {
		t.Errorf("the names are %q", got)
	}
	if got := run(t, "tree", "-n", ns, "-o", "wide").done(t); !strings.Contains(got, "Lead     Active         commercial,support\n") {
		t.Errorf("the roles are not shown:\n%s", got)
	}
	var tree overview.Tree
	if err := json.Unmarshal([]byte(run(t, "tree", "-n", ns, "-o", "json").done(t)), &tree); err != nil || tree.Teams[0].Teams[0].Members[0].User != "marie" {
		t.Errorf("it says %+v, %v", tree, err)
	}
}

func TestWhoCan(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	want := `USER    STATE     ACCESS   ROLES                 GIVEN BY
jean    Invited   No       commercial, support   team sales, team company
marie   Active    Yes      commercial, support   team sales, team company
noah    Active    Yes      commercial            spec.roles
`
	if diff := cmp.Diff(want, run(t, "who-can", "support", "-n", ns).done(t)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if got := run(t, "who-can", "crm.deals.write", "-n", ns, "-o", "name").done(t); got != "user.seatkeeper.dev/jean\nuser.seatkeeper.dev/marie\nuser.seatkeeper.dev/noah\n" {
		t.Errorf("the names are %q", got)
	}
	var a whoCanAnswer
	if err := json.Unmarshal([]byte(run(t, "who-can", "crm.read", "-n", ns, "-o", "json").done(t)), &a); err != nil || a.Permission != "crm.read" || len(a.Holders) != 3 {
		t.Errorf("it says %+v, %v", a, err)
	}
	run(t, "who-can", "support", "--permission", "-n", ns).failed(t, `no Role with a permission that is or covers "support"`)
}

func TestNamesAreCompleted(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"organizations", []string{"status", ""}, "acme\n"},
		{"roles", []string{"who-can", "c"}, "commercial\n"},
		{"users", []string{"invite", "ka"}, "karim\n"},
		{"several users", []string{"archive", "karim", "no"}, "noah\n"},
		{"pools", []string{"quote", ""}, "addon\nusers\n"},
		{"pools, for orders", []string{"approve", "order", "u"}, "users\n"},
		{"who takes over", []string{"handover", "noah", "--to", "ma"}, "marie\n"},
		{"a second organization is none", []string{"status", "acme", ""}, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			got := run(t, append([]string{"__complete", "-n", ns}, c.args...)...).done(t)
			if names, _, _ := strings.Cut(got, ":"); names != c.want {
				t.Errorf("it completes %q, want %q", names, c.want)
			}
		})
	}
}

// TestListsArePaged checks that people beyond a page are there, and that each kind is listed once.
func TestListsArePaged(t *testing.T) {
	t.Parallel()
	ns := env.Namespace(t)
	seed(t, ns, build.Organization("acme").Owner("u0000").Obj())
	for i := range pageSize + 3 {
		if err := env.Client(t).Create(t.Context(), build.User(fmt.Sprintf("u%04d", i)).In(ns, "acme").Obj()); err != nil {
			t.Fatal(err)
		}
	}
	got := run(t, "status", "-n", ns).done(t)
	if !strings.Contains(got, "Pending   503\n") || !strings.Contains(got, "and 494 more: -o wide shows all\n") {
		t.Errorf("it shows:\n%s", got)
	}
}

// screen is an output that several may write to and read.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) shows(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(s.b.String(), text) {
		return fmt.Errorf("it does not show %q:\n%s", text, s.b.String())
	}
	return nil
}

func TestStatusIsFollowed(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs screen
	sh := &Shell{
		IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errs}, Config: genericclioptions.NewConfigFlags(true),
		Terminal: func(any) bool { return false }, Env: func(string) string { return "" }, Clock: clock.RealClock{},
	}
	ended, config := make(chan int), kubeconfig(t)
	go func() {
		ended <- Run(ctx, sh, "", []string{"status", "acme", "--watch", "-n", ns, "--kubeconfig", config})
	}()
	env.Eventually(t, func() error { return out.shows("Active         2\n") })
	jean := &v1alpha1.User{}
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "jean"}, jean); err != nil {
		t.Fatal(err)
	}
	jean.Status.AcceptedAt = ptr.To(metav1.NewTime(then))
	ready(jean, true, v1alpha1.ReasonActive, "accepted", false)
	if err := env.Client(t).Status().Update(t.Context(), jean); err != nil {
		t.Fatal(err)
	}
	env.Eventually(t, func() error { return out.shows("Active         3\n") })
	stop()
	if code := <-ended; code != exitInterrupted {
		t.Errorf("exit code %d: %s", code, errs.b.String())
	}
}

// may lets somebody do something in a namespace.
func may(t *testing.T, ns, who string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Namespace: ns}, Rules: rules}
	if err := env.Client(t).Create(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Namespace: ns},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: who}},
	}
	if err := env.Client(t).Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
}
