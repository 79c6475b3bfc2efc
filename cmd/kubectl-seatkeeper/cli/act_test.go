// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// read reads an object as it is.
func read[T client.Object](t *testing.T, ns, name string, into T) T {
	t.Helper()
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, into); err != nil {
		t.Fatal(err)
	}
	return into
}

// asked is a call at a terminal with this answer.
func asked(answer string) call {
	return call{terminal: true, stdin: strings.NewReader(answer), environment: map[string]string{"NO_COLOR": "1"}}
}

// says fails the test unless a command said all of this on standard error.
func (a answer) says(t *testing.T, words ...string) answer {
	t.Helper()
	for _, text := range words {
		if !strings.Contains(a.err, text) {
			t.Errorf("it does not say %q:\n%s", text, a.err)
		}
	}
	return a
}

func TestInvite(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	resend := func() string {
		return read(t, ns, "jean", &v1alpha1.User{}).Annotations[v1alpha1.AnnotationResendInvitation]
	}
	run(t, "invite", "jean", "-n", ns).says(t, "Invite jean (jean@acme.example), who is Invited", "is dead then").failed(t, "give --yes to confirm")
	asked("n\n").run(t, "invite", "jean", "-n", ns).failed(t, "Do it? [y/N]", "nothing was changed")
	for _, dry := range []string{"client", "server"} {
		got := run(t, "invite", "jean", "-n", ns, "--dry-run="+dry).done(t)
		if !strings.HasPrefix(got, "user.seatkeeper.dev/jean invited (") || !strings.HasSuffix(got, "dry run)\n") {
			t.Errorf("a dry run of the %s says %q", dry, got)
		}
	}
	if resend() != "" {
		t.Error("nothing was confirmed, and it asks for an invitation")
	}
	if got := asked("y\n").run(t, "invite", "jean", "-n", ns).done(t); got != "user.seatkeeper.dev/jean invited\n" {
		t.Errorf("it prints %q", got)
	}
	first := resend()
	if got := run(t, "invite", "jean", "-n", ns, "--yes", "-o", "name").done(t); got != "user.seatkeeper.dev/jean\n" || first == "" || resend() == first {
		t.Errorf("it prints %q; it asked with %q, and then with %q", got, first, resend())
	}
}

func TestActingFails(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	may(t, ns, "eve", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"*"}, Verbs: []string{"get", "list"}})
	for _, c := range []struct {
		why  string
		args []string
		want string
	}{
		{"there is no such user", []string{"invite", "nobody"}, `has no User "nobody"`},
		{"who has accepted is not invited", []string{"invite", "marie"}, "there is nothing to invite to"},
		{"who has left is not invited", []string{"invite", "lea"}, "kubectl seatkeeper reactivate lea"},
		{"the owner stays", []string{"archive", "marie"}, "user marie is the owner of organization acme"},
		{"who has left has left", []string{"archive", "lea"}, "user lea is leaving, or has left, already (Archived)"},
		{"of several, one cannot leave", []string{"archive", "noah", "marie"}, "user marie is the owner"},
		{"who has no access takes nothing over", []string{"archive", "noah", "--successor", "jean"}, "user jean cannot take over, being Invited"},
		{"nobody takes over from themselves", []string{"archive", "noah", "--successor", "noah"}, "cannot take over from themselves"},
		{"nor somebody who is not there", []string{"archive", "noah", "--successor", "zoe"}, `has no User "zoe" to take over`},
		{"there is no such reason", []string{"archive", "noah", "--reason", "Bored"}, "it must be one of Left, RoleChange, Duplicate, Other"},
		{"who is there does not come back", []string{"reactivate", "noah"}, "user noah is neither archived nor suspended"},
		{"the end is over", []string{"reactivate", "lea", "--until", "2020-01-01T00:00:00Z"}, "which is over"},
		{"the end is no time", []string{"reactivate", "lea", "--until", "tomorrow"}, "it must be a time such as"},
		{"it is another list", []string{"approve", "removals", "--token", "0"}, "has the token 8bb791e73bb39d41: it is another one"},
		{"no order waits", []string{"approve", "order", "addon"}, "no order of SeatPool addon waits"},
		{"it is another order", []string{"approve", "order", "users", "--generation", "7"}, "that waits has the generation 1"},
		{"there is no such pool", []string{"quote", "seats", "+1"}, `has no SeatPool "seats"`},
		{"an order waits already", []string{"quote", "users", "+1"}, "approve it ('kubectl seatkeeper approve order users')"},
		{"that is no number to order", []string{"quote", "addon", "5"}, "is no number of seats to order, such as +5"},
		{"nothing was bought", []string{"quote", "addon", "--", "-1"}, "has 0 seats bought: no more can be given back"},
		{"nobody says what people own", []string{"handover", "noah", "--to", "marie"}, "declare it in spec.offboarding.ownership"},
		{"somebody has to take over", []string{"handover", "noah"}, `required flag(s) "to" not set`},
		{"nobody is there to take over", []string{"handover", "noah", "--to", "zoe"}, `--to: namespace ` + ns + ` has no User "zoe"`},
		{"a format that does not exist", []string{"invite", "jean", "-o", "wide"}, `--output is "wide"`},
		{"a dry run that does not exist", []string{"invite", "jean", "--dry-run=maybe"}, `must be "none", "server" or "client"`},
		{"somebody may not write", []string{"archive", "noah", "--as", "eve"}, "user noah was not archived"},
	} {
		t.Run(c.why, func(t *testing.T) {
			dashes := slices.Index(c.args, "--")
			if dashes < 0 {
				dashes = len(c.args)
			}
			run(t, slices.Insert(slices.Clone(c.args), dashes, "-n", ns, "--yes")...).failed(t, c.want)
		})
	}
	if u := read(t, ns, "noah", &v1alpha1.User{}); u.Spec.State != v1alpha1.UserActive {
		t.Errorf("noah is %s", u.Spec.State)
	}
}

// staysBesideFlux checks that commands have written an object, and that Flux leaves what they have set alone.
func staysBesideFlux(t *testing.T, o client.Object, as string) {
	t.Helper()
	var managers []string
	for _, entry := range o.GetManagedFields() {
		managers = append(managers, entry.Manager)
		if strings.HasPrefix(entry.Manager, "kubectl") {
			t.Errorf("the field manager %s is one that Flux takes for somebody's mistake", entry.Manager)
		}
	}
	if !slices.Contains(managers, as) {
		t.Errorf("the field managers of %s are %q", o.GetName(), managers)
	}
}

func TestArchiveAndReactivate(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	org := read(t, ns, "acme", &v1alpha1.Organization{})
	notes := build.Notes()
	tokens := build.Notes()
	tokens.Name, tokens.OnArchive = "tokens", v1alpha1.OwnershipBlock
	org.Spec.Offboarding.Ownership = []v1alpha1.OwnershipRule{notes, tokens}
	if err := env.Client(t).Update(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	a := asked("yes\n").run(t, "archive", "noah", "--successor", "marie", "--reason", "Left", "-n", ns).says(t,
		"Archive noah (noah@acme.example), who is Active", "Roles that are lost: commercial", "Seats that are freed: users",
		"Owned configmaps (rule notes): pass to marie", "Owned configmaps (rule tokens): have to be moved first")
	if got := a.done(t); got != "user.seatkeeper.dev/noah archived\n" {
		t.Errorf("it prints %q", got)
	}
	u := read(t, ns, "noah", &v1alpha1.User{})
	if u.Spec.State != v1alpha1.UserArchived || u.Spec.Successor != "marie" || u.Spec.ArchiveReason != v1alpha1.ArchiveLeft {
		t.Errorf("the spec is %+v", u.Spec)
	}
	staysBesideFlux(t, u, "seatkeeper-cli")
	run(t, "reactivate", "noah", "lea", "--until", "2099-01-01T00:00:00Z", "-n", ns, "--yes").says(t,
		"Reactivate noah (noah@acme.example)", "Access ends at 2099-01-01T00:00:00Z",
		"Roles: commercial", "Needs a seat of pool users, of which none is free: the user waits, and 1 other does", "An invitation was accepted before",
		"Reactivate lea (lea@acme.example), who is Archived", "An invitation was not accepted before").done(t)
	for _, name := range []string{"noah", "lea"} {
		if u := read(t, ns, name, &v1alpha1.User{}); u.Spec.State != v1alpha1.UserActive || u.Spec.AccessUntil == nil {
			t.Errorf("%s is %s until %v", name, u.Spec.State, u.Spec.AccessUntil)
		}
	}
	run(t, "reactivate", "lea", "--until=none", "-n", ns, "--yes").done(t)
	if u := read(t, ns, "lea", &v1alpha1.User{}); u.Spec.AccessUntil != nil {
		t.Errorf("lea's access ends at %v", u.Spec.AccessUntil)
	}
}

// TestWhoLeavesTogether checks that nobody who leaves takes over from another, and that a role which would lose too many is named.
func TestWhoLeavesTogether(t *testing.T) {
	t.Parallel()
	ns := env.Namespace(t)
	notes := build.Notes()
	notes.Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorManager, v1alpha1.SuccessorOwner}
	seed(t, ns,
		build.Organization("acme").Owner("marie").Ownership(notes).Obj(), build.Role("admin").MinHolders(1).Permissions("*").Obj(),
		active(build.User("marie")), active(build.User("jean").Holds("admin")), active(build.User("max").Manager("jean").Holds("admin")))
	alone := run(t, "archive", "max", "-n", ns, "--yes", "--dry-run=client").says(t, "(rule notes): pass to jean")
	alone.done(t)
	if strings.Contains(alone.err, "minHolders") {
		t.Errorf("jean stays and holds the role, and it says:\n%s", alone.err)
	}
	run(t, "archive", "max", "jean", "--successor", "jean", "-n", ns, "--yes").failed(t, "user jean cannot take over from themselves")
	run(t, "archive", "max", "jean", "-n", ns, "--yes").failed(t, "nothing was changed: role admin needs 1 who hold it (spec.minHolders), and without them 0 do")
	if u := read(t, ns, "max", &v1alpha1.User{}); u.Spec.State != v1alpha1.UserActive {
		t.Errorf("max is %s", u.Spec.State)
	}
	run(t, "archive", "max", "marie", "-n", ns, "--yes").failed(t, "user marie is the owner")
	role := read(t, ns, "admin", &v1alpha1.Role{})
	role.Spec.MinHolders = nil
	if err := env.Client(t).Update(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	both := run(t, "archive", "max", "jean", "-n", ns, "--yes")
	both.done(t)
	if strings.Contains(both.err, "pass to jean") || strings.Count(both.err, "pass to marie") != 2 {
		t.Errorf("it passes on otherwise:\n%s", both.err)
	}
}

// meddler answers yes after something has happened.
type meddler struct {
	happens func()
	io.Reader
}

func (m *meddler) Read(p []byte) (int, error) {
	if m.happens != nil {
		m.happens()
		m.happens = nil
	}
	return m.Reader.Read(p)
}

func whileAsked(happens func()) call {
	return call{terminal: true, stdin: &meddler{happens, strings.NewReader("y\n")}}
}

// TestWhatWasShownIsDone checks that an edit by somebody else, while the question is on the screen, is looked at: one that changes
// nothing of what was shown is no matter, and another one is.
func TestWhatWasShownIsDone(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	whileAsked(func() {
		u := read(t, ns, "noah", &v1alpha1.User{})
		u.Spec.Title = "Herald"
		if err := env.Client(t).Update(t.Context(), u); err != nil {
			t.Error(err)
		}
	}).run(t, "archive", "noah", "-n", ns).done(t)
	if u := read(t, ns, "noah", &v1alpha1.User{}); u.Spec.State != v1alpha1.UserArchived || u.Spec.Title != "Herald" {
		t.Errorf("noah is %s, %s", u.Spec.State, u.Spec.Title)
	}
	whileAsked(func() {
		o := read(t, ns, "acme", &v1alpha1.Organization{})
		o.Status.Removals.Token, o.Status.Removals.HeldCount = "0123456789abcdef", 2
		o.Status.Removals.Held = append(o.Status.Removals.Held, v1alpha1.HeldRemoval{User: "zoe", UID: "z", Generation: 1, Kind: v1alpha1.RemovalDelete})
		if err := env.Client(t).Status().Update(t.Context(), o); err != nil {
			t.Error(err)
		}
	}).run(t, "approve", "removals", "-n", ns).failed(t, "is not what was shown any more: run the command again")
	if o := read(t, ns, "acme", &v1alpha1.Organization{}); len(o.Annotations) > 0 {
		t.Errorf("it is approved: %v", o.Annotations)
	}
}

// TestGitTakesOverMeanwhile checks that what came into Git while the question was on the screen is left to it.
func TestGitTakesOverMeanwhile(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	whileAsked(func() {
		u := read(t, ns, "noah", &v1alpha1.User{})
		u.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "people"}
		if err := env.Client(t).Update(t.Context(), u); err != nil {
			t.Error(err)
		}
	}).run(t, "archive", "noah", "-n", ns).failed(t, "is not what was shown any more")
}

// TestConflictsWithinABatch checks that of several, each who was edited while the question was on the screen is looked at again, and that what was
// done before one of them is another than shown stays done.
func TestConflictsWithinABatch(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	org := read(t, ns, "acme", &v1alpha1.Organization{})
	org.Spec.Protection.MaxRemovals = ptr.To(intstr.FromInt32(3))
	if err := env.Client(t).Update(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	meddle := func(name string, change func(*v1alpha1.User)) {
		u := read(t, ns, name, &v1alpha1.User{})
		change(u)
		status := u.Status
		if err := env.Client(t).Update(t.Context(), u); err != nil {
			t.Error(err)
		}
		u.Status = status
		if err := env.Client(t).Status().Update(t.Context(), u); err != nil {
			t.Error(err)
		}
	}
	titled := func(u *v1alpha1.User) { u.Spec.Title = "Herald" }
	a := whileAsked(func() {
		meddle("noah", titled)
		meddle("jean", titled)
		meddle("karim", func(u *v1alpha1.User) { u.Status.Roles = []string{"support"} })
	}).run(t, "archive", "noah", "jean", "karim", "-n", ns).says(t, "Do all 3?", "User karim was changed meanwhile, and is not what was shown any more")
	if want := "user.seatkeeper.dev/noah archived\nuser.seatkeeper.dev/jean archived\n"; a.code != exitFailed || a.out != want {
		t.Errorf("exit code %d, and it prints %q", a.code, a.out)
	}
	for name, want := range map[string]v1alpha1.UserState{"noah": v1alpha1.UserArchived, "jean": v1alpha1.UserArchived, "karim": v1alpha1.UserActive} {
		if u := read(t, ns, name, &v1alpha1.User{}); u.Spec.State != want {
			t.Errorf("%s is %s", name, u.Spec.State)
		}
	}
}

// TestWhoWasDeletedComesBackByAnotherWay checks that somebody whose User is gone is told of.
func TestWhoWasDeletedComesBackByAnotherWay(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	gone := &v1alpha1.ArchivedUser{}
	gone.Name, gone.Namespace = "65f2c1f345723eb33182d00666c24e03", ns
	gone.Record.User, gone.Record.UID, gone.Record.Reason = "emma", "u", v1alpha1.ArchiveOther
	gone.Record.Spec.Organization, gone.Record.Spec.Email = "acme", "emma@acme.example"
	gone.Record.ArchivedAt.Time = then
	if err := env.Client(t).Create(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	run(t, "reactivate", "emma", "-n", ns, "--yes").failed(t, "user emma was deleted, and ArchivedUser 65f2c1f345723eb33182d00666c24e03 is what remains")
	run(t, "reactivate", "emma", "zoe", "-n", ns, "--yes").failed(t, "user emma was deleted")
	run(t, "reactivate", "zoe", "emma", "-n", ns, "--yes").failed(t, `has no User "zoe"`)
	run(t, "reactivate", "zoe", "-n", ns, "--yes").failed(t, `has no User "zoe"`)
}

func TestApproveAndReject(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	a := asked("y\n").run(t, "approve", "removals", "acme", "-n", ns).says(t, "Let pass 1 removal that is held in organization acme (token 8bb791e73bb39d41)", "noah (Archive)")
	if got := a.done(t); got != "organization.seatkeeper.dev/acme removals approved\n" {
		t.Errorf("it prints %q", got)
	}
	run(t, "reject", "removals", "-n", ns, "--yes", "--token", "8bb791e73bb39d41").says(t, "apply these Users again within it").done(t)
	want := map[string]string{v1alpha1.AnnotationApproveRemovals: "8bb791e73bb39d41", v1alpha1.AnnotationRejectRemovals: "8bb791e73bb39d41"}
	if diff := cmp.Diff(want, read(t, ns, "acme", &v1alpha1.Organization{}).Annotations); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}

	users := read(t, ns, "users", &v1alpha1.SeatPool{})
	users.Spec.Seats = ptr.To[int32](4)
	if err := env.Client(t).Update(t.Context(), users); err != nil {
		t.Fatal(err)
	}
	run(t, "approve", "order", "users", "-n", ns, "--yes").failed(t, "was edited since the order that status.pendingOrder shows")
	users.Status.PendingOrder.Generation, users.Status.PendingOrder.Delta = users.Generation, 1
	if err := env.Client(t).Status().Update(t.Context(), users); err != nil {
		t.Fatal(err)
	}
	a = run(t, "approve", "order", "users", "-n", ns, "--yes").says(t, "Approve the order of 1 seat for SeatPool users", "order    +1      10.00   2.00   12.00   EUR per Month", "VAT is 20 %.")
	if got := a.done(t); got != "seatpool.seatkeeper.dev/users order approved\n" {
		t.Errorf("it prints %q", got)
	}
	if got := read(t, ns, "users", &v1alpha1.SeatPool{}).Annotations[v1alpha1.AnnotationApproveOrder]; got != "2" {
		t.Errorf("generation %q is approved", got)
	}
}

// ezus is a pool whose seats end at a time (rule EZ-2).
func ezus(t *testing.T) string {
	t.Helper()
	ns := env.Namespace(t)
	p := build.SeatPool("users").Seats(3).Price("59.00", "EUR").Tax("20").MaxSeatsPerOrder(7).ExpiresAt(time.Date(2099, 11, 1, 0, 0, 0, 0, time.UTC)).Obj()
	p.Spec.Plan = "Pro"
	p.Status.Bought, p.Status.Assigned = ptr.To[int32](3), ptr.To[int32](3)
	seed(t, ns, build.Organization("acme").Obj(), p)
	return ns
}

// bought has the operator look at pool users, of which so many seats are bought then.
func bought(t *testing.T, ns string, seats int32) {
	t.Helper()
	p := read(t, ns, "users", &v1alpha1.SeatPool{})
	p.Status.Bought, p.Status.ObservedGeneration = &seats, p.Generation
	if err := env.Client(t).Status().Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// TestOneOrderAtATime checks that an order does not swallow the one before, or take it back.
func TestOneOrderAtATime(t *testing.T) {
	t.Parallel()
	ns := ezus(t)
	run(t, "quote", "users", "+2147483647", "-n", ns, "--yes").failed(t, "it can have 1000000 at most, so order no more than 999997")
	run(t, "quote", "users", "+5", "-n", ns, "--yes").done(t)
	for _, delta := range []string{"+2", "-1"} {
		run(t, "quote", "users", "-n", ns, "--yes", "--", delta).failed(t, "the operator has not looked at it since (it declares 8 seats)")
	}
	bought(t, ns, 3)
	run(t, "quote", "users", "+2", "-n", ns, "--yes").failed(t, "an order of 5 seats is on its way, or was refused", "kubectl scale seatpool/users --replicas=3")
	if got := *read(t, ns, "users", &v1alpha1.SeatPool{}).Spec.Seats; got != 8 {
		t.Errorf("%d seats are declared", got)
	}
	run(t, "quote", "users", "-n", ns).done(t) // to look is always possible
	bought(t, ns, 8)
	run(t, "quote", "users", "+2", "-n", ns, "--yes").done(t)
}

// TestQuoteOfAnEnd checks that a quote tells the price after the end, and no price of what has ended.
func TestQuoteOfAnEnd(t *testing.T) {
	t.Parallel()
	ns := ezus(t)
	p := read(t, ns, "users", &v1alpha1.SeatPool{})
	p.Status.Term = &v1alpha1.SeatTerm{Price: *p.Spec.Billing.Price, TaxRate: "20", Until: *p.Spec.ExpiresAt}
	p.Status.Term.Price.Amount = "50.00"
	ended := build.SeatPool("ended").Seats(3).Price("59.00", "EUR").Tax("20").ExpiresAt(then).Obj()
	ended.Status.Bought = ptr.To[int32](3)
	if err := env.Client(t).Status().Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	seed(t, ns, ended)
	for pool, want := range map[string]string{
		"users": "From 2099-11-01T00:00:00Z, if a later spec.expiresAt renews them, 3 seats cost 177.00 net + 35.40 VAT = 212.40 EUR per Month.\n",
		"ended": "bought   3       0.00   0.00   0.00    EUR per Month\n",
	} {
		if got := run(t, "quote", pool, "-n", ns).done(t); !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	ns := ezus(t)
	seats := func() int32 { return *read(t, ns, "users", &v1alpha1.SeatPool{}).Spec.Seats }
	want := `SeatPool users, plan Pro
         SEATS   NET      VAT     GROSS
bought   3       177.00   35.40   212.40   EUR per Month
order    +4      236.00   47.20   283.20   EUR per Month
then     7       413.00   82.60   495.60   EUR per Month
VAT is 20 %.
The bought seats end at 2099-11-01T00:00:00Z.
`
	for _, dry := range []string{"client", "server"} {
		got := run(t, "quote", "users", "+4", "-n", ns, "--dry-run="+dry).done(t)
		if quote, done, _ := strings.Cut(got, "seatpool.seatkeeper.dev/users scaled"); quote != want || !strings.Contains(done, "dry run)") {
			t.Errorf("a dry run of the %s says:\n%s", dry, got)
		}
	}
	if a := run(t, "quote", "users", "+4", "-n", ns); a.out != want || a.code != exitFailed {
		t.Errorf("off a terminal it quotes, and orders nothing; exit code %d:\n%s", a.code, cmp.Diff(want, a.out))
	}
	if seats() != 3 {
		t.Fatal("nothing was confirmed, and it was ordered")
	}
	may(t, ns, "buyer",
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"seatpools"}, Verbs: []string{"get"}},
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"seatpools/scale"}, Verbs: []string{"get", "patch", "update"}})
	asked("y\n").run(t, "quote", "users", "+4", "-n", ns, "--as", "buyer").done(t)
	if seats() != 7 {
		t.Errorf("%d seats are declared", seats())
	}
	bought(t, ns, 7)
	run(t, "quote", "users", "+8", "-n", ns, "--yes").failed(t, "purchase.maxSeatsPerOrder")
	run(t, "quote", "users", "-n", ns, "--yes", "--", "-6").done(t)
	if seats() != 1 {
		t.Errorf("%d seats are declared", seats())
	}
	if got := run(t, "quote", "users", "-n", ns, "-o", "name").done(t); got != "seatpool.seatkeeper.dev/users\n" {
		t.Errorf("the name is %q", got)
	}
	run(t, "quote", "users", "-n", ns, "-o", "wide").done(t)
	if got := run(t, "quote", "users", "-n", ns, "-o", "json").done(t); !strings.Contains(got, `"until": "2099-11-01T00:00:00Z"`) || strings.Contains(got, "scaled") {
		t.Errorf("as JSON it is:\n%s", got)
	}
}

// tracked has a tool declare an object in Git, and write these fields of it.
func tracked(t *testing.T, o client.Object, manager string, labels map[string]string) {
	t.Helper()
	o.SetLabels(labels)
	o.SetManagedFields(nil)
	o.SetResourceVersion("")
	if err := env.Client(t).Patch(t.Context(), o, client.Apply, client.FieldOwner(manager), client.ForceOwnership); err != nil { //nolint:staticcheck // typed objects are applied as they are
		t.Fatal(err)
	}
}

func TestGitIsNotFought(t *testing.T) {
	t.Parallel()
	ns := organized(t)
	git := func(kind, name string) client.Object {
		o := map[string]client.Object{"User": &v1alpha1.User{}, "SeatPool": &v1alpha1.SeatPool{}}[kind]
		read(t, ns, name, o)
		o.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		return o
	}
	tracked(t, git("User", "noah"), "kustomize-controller", map[string]string{"kustomize.toolkit.fluxcd.io/name": "people"})
	tracked(t, git("User", "jean"), "argocd-controller", nil)
	tracked(t, git("SeatPool", "addon"), "kustomize-controller", map[string]string{"kustomize.toolkit.fluxcd.io/name": "people"})

	a := run(t, "archive", "noah", "--reason", "Left", "-n", ns, "--yes").says(t, "User noah is declared in Git, and Flux (people) would set it back. Nothing was changed: commit this there.")
	want := `---
apiVersion: seatkeeper.dev/v1alpha1
kind: User
metadata:
  name: noah
  namespace: ` + ns + `
spec:
  archiveReason: Left
  state: Archived
`
	if diff := cmp.Diff(want, a.out); diff != "" || a.code != exitFailed {
		t.Errorf("exit code %d; want -, got +:\n%s", a.code, diff)
	}
	a = run(t, "archive", "noah", "-n", ns, "--yes", "-o", "json").says(t, "commit this there")
	if !strings.HasPrefix(a.out, "{\n    \"apiVersion\": ") || a.code != exitFailed {
		t.Errorf("as JSON it is:\n%s", a.out)
	}
	run(t, "archive", "noah", "-n", ns, "--yes", "-o", "name").failed(t, "-o yaml prints the change")
	a = run(t, "quote", "addon", "+2", "-n", ns, "--yes").says(t, "Flux (people) would set it back")
	if !strings.HasSuffix(a.out, "spec:\n  seats: 2\n") || strings.Contains(a.out, "generation") || a.code != exitFailed {
		t.Errorf("exit code %d, and it prints:\n%s", a.code, a.out)
	}
	if u, p := read(t, ns, "noah", &v1alpha1.User{}), read(t, ns, "addon", &v1alpha1.SeatPool{}); u.Spec.State != v1alpha1.UserActive || *p.Spec.Seats != 0 {
		t.Errorf("noah is %s, and there are %d seats", u.Spec.State, *p.Spec.Seats)
	}
	run(t, "invite", "jean", "-n", ns, "--yes").done(t) // an annotation that is not in Git stays
	jean := git("User", "jean")
	jean.SetAnnotations(map[string]string{v1alpha1.AnnotationResendInvitation: "again"})
	tracked(t, jean, "argocd-controller", nil)
	run(t, "invite", "jean", "-n", ns, "--yes").says(t, "Argo CD (field manager argocd-controller) would set it back")
}
