// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

func reporting(o *v1alpha1.Organization) { o.Spec.Directory.DriftPolicy = v1alpha1.DriftReport }

// known is a world in which bea has accepted, cid is invited, dan was suspended, and eve was deleted.
func known(t *testing.T, how func(*v1alpha1.Organization)) (*passes.World, map[string]types.UID) {
	t.Helper()
	w := passes.New(t, accounted(func(o *v1alpha1.Organization) {
		if how != nil {
			how(o)
		}
	}, "bea", "dan", "eve")()...)
	w.Settle()
	for _, name := range []string{"bea", "dan", "eve"} {
		w.Answer(name, accept)
	}
	w.Settle()
	uids := map[string]types.UID{}
	for _, name := range []string{"bea", "dan", "eve"} {
		uids[name] = w.User(name).UID
	}
	edit("dan", state(v1alpha1.UserSuspended))(w)
	gone("eve", nil)(w)
	w.Settle()
	w.Create(member("cid"))
	w.Settle()
	uids["cid"] = w.User("cid").UID
	w.Look()
	w.Settle()
	return w, uids
}

func provisioned(w *passes.World, name string) metav1.Condition {
	if c := meta.FindStatusCondition(w.User(name).Status.Conditions, v1alpha1.ConditionProvisioned); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// wantLookCosts checks that a look takes one request to the directory, and none to the API server.
func wantLookCosts(t *testing.T, w *passes.World) {
	t.Helper()
	w.Traffic.Reset()
	asked := w.Directory.Attempts()
	w.Look()
	w.Settle()
	if n := w.Directory.Attempts() - asked; n != 1 {
		t.Errorf("a look at what is as it is to be takes %d requests", n)
	}
	if all := w.Traffic.Requests(func(r operator.Request) bool { return r.Verb != "watch" }); len(all) > 0 {
		t.Errorf("it asks the API server for %v", all)
	}
}

// What others changed is set right, and costs nothing where they did not.
func TestDriftIsCorrected(t *testing.T) {
	t.Parallel()
	w, uids := known(t, nil)
	was := w.Directory.Accounts()
	wantLookCosts(t, w)
	for why, tamper := range map[string]func(uid types.UID){
		"renamed":                           func(uid types.UID) { w.Directory.Tamper(uid, func(a *directory.Account) { a.GivenName = "B" }) },
		"a role taken":                      func(uid types.UID) { w.Directory.Tamper(uid, func(a *directory.Account) { a.Roles = nil }) },
		"activated or deactivated":          func(uid types.UID) { w.Directory.Tamper(uid, func(a *directory.Account) { a.Active = !a.Active }) },
		"as a crash leaves who is let in":   func(uid types.UID) { w.Directory.Tamper(uid, func(a *directory.Account) { a.Active = false }) },
		"deleted":                           func(uid types.UID) { w.Directory.Remove(uid) },
		"renamed, which was seen, and back": func(uid types.UID) { w.Directory.Tamper(uid, func(a *directory.Account) { a.Title = "Countess" }) },
	} {
		for _, name := range []string{"bea", "cid"} {
			if why == "deleted" && name == "cid" { // who is not let in yet: see TestAccountsThatAreMissing
				continue
			}
			t.Run(why+": "+name, func(t *testing.T) {
				tamper(uids[name])
				version := w.User(name).ResourceVersion
				w.Look()
				w.Settle()
				if diff := cmp.Diff(was, w.Directory.Accounts()); diff != "" {
					t.Errorf("the directory has (-was +is):\n%s", diff)
				}
				if u := w.User(name); u.ResourceVersion != version || provisioned(w, name).Reason != v1alpha1.ReasonProvisioned {
					t.Errorf("%s is written: %+v", name, u.Status)
				}
			})
		}
	}
	w.Look() // which counts what is there again
	w.Settle()
	wantLookCosts(t, w)
	if n := events(w, v1alpha1.ReasonDrifted); n != 0 {
		t.Errorf("%d events tell of what is set right", n)
	}
}

// Nobody who has no access can sign in, whatever the policy.
func TestWhoIsOutStaysOut(t *testing.T) {
	t.Parallel()
	for policy, how := range map[string]func(*v1alpha1.Organization){"Correct": nil, "Report": reporting} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w, uids := known(t, how)
			was := w.Directory.Accounts()
			for _, name := range []string{"cid", "dan", "eve"} {
				version := w.User("cid").ResourceVersion
				w.Directory.Tamper(uids[name], func(a *directory.Account) { a.Active = true })
				w.Look()
				w.Settle()
				if diff := cmp.Diff(was, w.Directory.Accounts()); diff != "" {
					t.Errorf("of %s the directory has (-was +is):\n%s", name, diff)
				}
				if w.User("cid").ResourceVersion != version {
					t.Errorf("for %s, cid is written", name)
				}
			}
			noneTooMany(t, w)
			wantLookCosts(t, w)
		})
	}
}

// Who is signed out at the second try, since the directory was away, is on record as able to sign in until then.
func TestWhoIsOutStaysOutThroughAnOutage(t *testing.T) {
	t.Parallel()
	w, uids := known(t, nil)
	for _, name := range []string{"cid", "dan"} {
		w.Directory.Tamper(uids[name], func(a *directory.Account) { a.Active = true })
	}
	w.Look()
	w.Directory.Unavailable(4)
	for range 2 { // the try, and the record of it
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	w.Restart()
	w.Settle()
	if got := signIns(w); got["cid@acme.example"] || got["dan@acme.example"] {
		t.Errorf("who can sign in: %v", got)
	}
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonSuspended)
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonInvited)
}

// A directory that refuses to sign out who left is asked again after pauses that grow, or when the record is another; that the person
// can sign in is told until it is so no more.
func TestSignOutThatIsRefused(t *testing.T) {
	t.Parallel()
	w, uids := known(t, nil)
	tamper := func(active bool) { w.Directory.Tamper(uids["eve"], func(a *directory.Account) { a.Active = active }) }
	tamper(true)
	w.Directory.Reject(uids["eve"], "not today")
	record := recordOf(w, "eve@acme.example").Name
	look := func(why string, tried bool, drifted int32) {
		t.Helper()
		asked := w.Directory.Attempts()
		w.Look() // 20 minutes later
		if n := w.Directory.Attempts() - asked; n != 1 && !tried || n != 2 && tried {
			t.Errorf("%s: the directory is asked %d times", why, n)
		}
		w.Settle()
		if got := *listed(w).Drifted; got != drifted {
			t.Errorf("%s: %d accounts are otherwise", why, got)
		}
	}
	told := func(want int) {
		t.Helper()
		if n := events(w, v1alpha1.ReasonDirectoryRejected); n != want {
			t.Errorf("%d events, want %d: %v", n, want, w.Events.All())
		}
	}
	look("at once", true, 1)
	wantSaid(t, w, "Warning DirectoryRejected "+record, "(not today): deactivate it there")
	look("less than half an hour later", false, 1)
	look("later", true, 1)
	for range 2 {
		look("less than an hour later", false, 1)
	}
	look("later", true, 1)
	for range 2 {
		look("less than another hour later", false, 1)
	}
	look("an hour later, however often", true, 1)
	told(1)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.DisplayName = "Acme again" })
	w.Settle()
	look("when the organization was changed", true, 1)
	told(2)
	passes.Change(w, record, func(a *v1alpha1.ArchivedUser) {
		metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationReconcileAt, "now")
	})
	look("when the record was changed", true, 1)
	told(3)
	tamper(false)
	look("when somebody there did it", false, 0)
	tamper(true)
	look("anew", true, 1)
	w.Directory.Reject(uids["eve"], "")
	look("less than half an hour later", false, 1)
	look("when it refuses no more", true, 0)
	if signIns(w)["eve@acme.example"] {
		t.Error("who left can sign in")
	}
	wantLookCosts(t, w)
}

// Somebody who comes back, or keeps everything, is not signed out for what was seen before.
func TestWhoIsBackIsNotSignedOut(t *testing.T) {
	t.Parallel()
	w, uids := known(t, nil)
	activate := func() { w.Directory.Tamper(uids["eve"], func(a *directory.Account) { a.Active = true }) }
	record := recordOf(w, "eve@acme.example")
	activate()
	w.SignOut(record)
	if signIns(w)["eve@acme.example"] {
		t.Error("who left can sign in")
	}
	parked := record.DeepCopy()
	parked.Record.Parked.Until = metav1.NewTime(passes.Noon.Add(1000 * time.Hour))
	activate()
	passes.Change(w, record.Name, func(a *v1alpha1.ArchivedUser) { a.Record.Parked = parked.Record.Parked })
	w.SignOut(record)
	if !signIns(w)["eve@acme.example"] {
		t.Error("who is parked by now is signed out")
	}
	passes.Change(w, record.Name, func(a *v1alpha1.ArchivedUser) { a.Record.Parked = v1alpha1.Parking{} })
	w.Create(member("eve"))
	w.Settle()
	wantReason(t, w, w.User("eve"), v1alpha1.ReasonActive)
	w.SignOut(record)
	if !signIns(w)["eve@acme.example"] {
		t.Error("who is back, and of whom no record is left, is signed out")
	}
	late := record.DeepCopy()
	late.ResourceVersion, late.UID = "", ""
	w.Create(late) // as a crash leaves it
	w.SignOut(late)
	if !signIns(w)["eve@acme.example"] {
		t.Error("who is back, and of whom a record is left, is signed out")
	}
}

// What is only to be reported is, once, until it is as it was, or the User is edited.
func TestDriftIsReported(t *testing.T) {
	t.Parallel()
	w, uids := known(t, reporting)
	w.Answer("cid", accept)
	w.Settle()
	wantLookCosts(t, w)
	retitle := func(title string) {
		w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title, a.GivenName = title, title })
	}
	retitle("Countess")
	w.Directory.Remove(uids["cid"])
	w.Look()
	w.Look() // which finds that there is none again
	w.Settle()
	for name, want := range map[string]string{"bea": "displayName, name.givenName, title", "cid": "has the account no more"} {
		if c := provisioned(w, name); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonDrifted || !strings.Contains(c.Message, want) {
			t.Errorf("%s says %+v", name, c)
		}
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	if got := w.Directory.Accounts(); got[uids["bea"]].Account.Title != "Countess" || got[uids["cid"]].Account.UID != "" {
		t.Errorf("the directory was changed: %+v", got)
	}
	if n := events(w, v1alpha1.ReasonDrifted); n != 2 {
		t.Errorf("%d events", n)
	}
	st := listed(w)
	if diff := cmp.Diff(v1alpha1.DirectoryStatus{
		Accounts: new(int32(3)), Unknown: new(int32(0)), Drifted: new(int32(2)), DriftedUsers: []string{"bea", "cid"},
	}, st); diff != "" {
		t.Errorf("the organization says (-want +got):\n%s", diff)
	}
	wantLookCosts(t, w)
	w.Restart()
	wantQuiet(t, w)
	wantLookCosts(t, w)
	if n := events(w, v1alpha1.ReasonDrifted); n != 2 {
		t.Errorf("after a restart, %d events", n)
	}
	retitle("")
	w.Look()
	w.Settle()
	if c := provisioned(w, "bea"); c.Reason != v1alpha1.ReasonProvisioned {
		t.Errorf("what is as it was says %+v", c)
	}
	retitle("Countess")
	w.Look()
	w.Settle()
	edit("bea", func(u *v1alpha1.User) { u.Spec.FamilyName = "Baker" })(w)
	w.Settle()
	if c, has := provisioned(w, "bea"), w.Directory.Accounts()[uids["bea"]].Account; c.Reason != v1alpha1.ReasonProvisioned || has.Title != "" {
		t.Errorf("who is edited says %+v, and has %+v", c, has)
	}
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.DriftPolicy = v1alpha1.DriftCorrect })
	w.Settle()
	if c := provisioned(w, "cid"); c.Reason != v1alpha1.ReasonProvisioned || w.Directory.Accounts()[uids["cid"]].Account.UID == "" {
		t.Errorf("with Correct, cid says %+v", c)
	}
}

// What the directory keeps its own way is not told as somebody's change, by an operator that has just started neither; what else is
// otherwise is, and all that the directory keeps as it is given again.
func TestWhatIsKeptOtherwiseIsNotReported(t *testing.T) {
	t.Parallel()
	w, uids := known(t, reporting)
	w.Directory.KeepOwnWay(func(a *directory.Account) { a.Title = strings.ToUpper(a.Title) })
	edit("bea", func(u *v1alpha1.User) { u.Spec.Title = "Buyer" })(w)
	w.Settle()
	wantKept := func(want ...string) {
		t.Helper()
		if got := w.User("bea").Status.DirectoryAccount.KeptOtherwise; !cmp.Equal(got, want, cmpopts.EquateEmpty()) {
			t.Errorf("on record, the directory keeps %v otherwise", got)
		}
	}
	wantKept("title")
	for why, do := range map[string]func(){"at once": func() {}, "after a restart": w.Restart} {
		do()
		w.Look()
		w.Settle()
		if c := provisioned(w, "bea"); c.Reason != v1alpha1.ReasonProvisioned {
			t.Errorf("%s, bea says %+v", why, c)
		}
		wantLookCosts(t, w)
	}
	w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Locale = "fr" })
	w.Look()
	w.Settle()
	if c := provisioned(w, "bea"); c.Reason != v1alpha1.ReasonDrifted || !strings.Contains(c.Message, "locale") || strings.Contains(c.Message, "title") {
		t.Errorf("with another locale, bea says %+v", c)
	}
	w.Directory.KeepOwnWay(nil)
	edit("bea", func(u *v1alpha1.User) { u.Spec.FamilyName = "Baker" })(w)
	w.Settle()
	wantKept()
	w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title = "Countess" })
	w.Look()
	w.Settle()
	if c := provisioned(w, "bea"); c.Reason != v1alpha1.ReasonDrifted || !strings.Contains(c.Message, "title") {
		t.Errorf("with another title, bea says %+v", c)
	}
}

// An account that a list leaves out is told of when the next one leaves it out as well, and made again at once; one with which nobody
// is to sign in is none of either.
func TestAccountsThatAreMissing(t *testing.T) {
	t.Parallel()
	w, uids := known(t, reporting)
	bea := w.Directory.Accounts()[uids["bea"]].Account
	remove := func() {
		for _, name := range []string{"bea", "cid", "dan", "eve"} {
			w.Directory.Remove(uids[name])
		}
	}
	look := func(why string, want int32, reason string) {
		t.Helper()
		w.Look()
		w.Settle()
		if got := provisioned(w, "bea").Reason; got != reason || want >= 0 && *listed(w).Drifted != want {
			t.Errorf("%s: bea says %s, and %d are otherwise", why, got, *listed(w).Drifted)
		}
		for name, reason := range map[string]string{"cid": v1alpha1.ReasonProvisioned, "dan": v1alpha1.ReasonDeprovisioned} {
			if got := provisioned(w, name).Reason; got != reason {
				t.Errorf("%s: %s says %s", why, name, got)
			}
		}
	}
	for range 2 {
		remove()
		look("left out once", 0, v1alpha1.ReasonProvisioned)
		if _, err := w.Directory.Ensure(t.Context(), bea); err != nil {
			t.Fatal(err)
		}
		look("there again", 0, v1alpha1.ReasonProvisioned)
	}
	remove()
	look("left out", 0, v1alpha1.ReasonProvisioned)
	look("left out again", 1, v1alpha1.ReasonDrifted)
	look("and again", 1, v1alpha1.ReasonDrifted)
	w.Restart()
	look("by an operator that has just started", 1, v1alpha1.ReasonDrifted)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.DriftPolicy = v1alpha1.DriftCorrect })
	w.Settle()
	look("to be set right", 0, v1alpha1.ReasonProvisioned)
	remove()
	look("at once", -1, v1alpha1.ReasonProvisioned)
	look("and counted", 0, v1alpha1.ReasonProvisioned)
	if got := signIns(w); !cmp.Equal(got, map[string]bool{"bea@acme.example": true}) {
		t.Errorf("there are %v", got)
	}
	w.Answer("cid", accept)
	w.Settle()
	if got := signIns(w); !cmp.Equal(got, map[string]bool{"bea@acme.example": true, "cid@acme.example": true}) {
		t.Errorf("with cid let in, there are %v", got)
	}
}

// Nobody can sign in who lost access while the organization named no directory: nothing is on record of the account.
func TestWhoLeftWithoutADirectoryIsSignedOut(t *testing.T) {
	t.Parallel()
	for policy, how := range map[string]func(*v1alpha1.Organization){"Correct": nil, "Report": reporting} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, accounted(how, "bea", "cid", "dan")()...)
			w.Settle()
			for _, name := range []string{"bea", "cid", "dan"} {
				w.Answer(name, accept)
			}
			w.Settle()
			directory := acmeOf(w).Spec.Directory
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory = v1alpha1.DirectoryPolicy{} })
			w.Settle()
			edit("bea", state(v1alpha1.UserArchived))(w)
			gone("cid", nil)(w)
			w.Settle()
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory = directory })
			w.Settle()
			w.Look()
			w.Settle()
			want := map[string]bool{"bea@acme.example": false, "cid@acme.example": false, "dan@acme.example": true}
			if diff := cmp.Diff(want, signIns(w)); diff != "" {
				t.Errorf("who can sign in (-want +got):\n%s", diff)
			}
			wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
			w.Look()
			w.Settle()
			wantLookCosts(t, w)
		})
	}
}

// What is nobody's is told, and left alone.
func TestUnknownAccountsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w, _ := known(t, nil)
	w.Directory.Occupy("zoe@acme.example", "hers")
	w.Directory.Occupy("admin@acme.example", "his")
	had := w.Directory.Accounts()
	w.Look()
	w.Settle()
	st := listed(w)
	if *st.Accounts != 6 || *st.Unknown != 2 || !cmp.Equal(st.UnknownAccounts, []string{"admin@acme.example", "zoe@acme.example"}) {
		t.Errorf("the organization says %+v", st)
	}
	if diff := cmp.Diff(had, w.Directory.Accounts()); diff != "" {
		t.Errorf("the directory has (-was +is):\n%s", diff)
	}
	wantLookCosts(t, w)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory = v1alpha1.DirectoryPolicy{} })
	w.Settle()
	if st := listed(w); st.Accounts != nil {
		t.Errorf("without a directory, the organization says %+v", st)
	}
}

// An account that is made for somebody who came while a look was under way is not nobody's, though the look did not know of the person.
func TestAccountsMadeDuringALookAreKnown(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil, "bea")()...)
	w.Settle()
	w.LookWhile(func() {
		w.Create(member("cid"))
		for range 4 { // until the account is asked for, which waits for the look
			if _, err := w.Turn(); err != nil {
				t.Fatal(err)
			}
		}
		w.Directory.Occupy("cid@acme.example", w.User("cid").UID) // as by another errand
		w.Directory.Occupy("zoe@acme.example", "hers")
	})
	w.Settle()
	if st := listed(w); *st.Accounts != 3 || !cmp.Equal(st.UnknownAccounts, []string{"zoe@acme.example"}) {
		t.Errorf("the organization says %+v", st)
	}
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonInvited)
}

// What a look saw of somebody who was seen to meanwhile, or a moment before, says nothing.
func TestLookIsNoFalseAlarm(t *testing.T) {
	t.Parallel()
	w, uids := known(t, reporting)
	w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title = "Countess" })
	w.Directory.WhileListing(func() { // it is seen to, as a pass does that had asked before
		w.Directory.WhileListing(nil)
		w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title = "" })
		w.Asked("bea")
	})
	w.Look()
	w.Settle()
	w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title = "Countess" })
	w.Directory.WhileListing(func() {
		w.Directory.WhileListing(nil)
		edit("bea", func(u *v1alpha1.User) { u.Spec.Title = "Buyer" })(w)
		w.CatchUp()
		if _, err := w.Pass(passes.User, "bea"); err != nil { // which asks, and the errand waits
			t.Error(err)
		}
	})
	w.Look()
	w.Settle()
	if c := provisioned(w, "bea"); c.Reason != v1alpha1.ReasonProvisioned || w.Directory.Accounts()[uids["bea"]].Account.Title != "Buyer" {
		t.Errorf("bea says %+v", c)
	}
	if n := events(w, v1alpha1.ReasonDrifted); n != 0 {
		t.Errorf("%d events tell of what was never so", n)
	}
	if st := listed(w); *st.Drifted != 0 {
		t.Errorf("the organization says %+v", st)
	}
}

// A look that fails harms nothing, and is tried again.
func TestLookFails(t *testing.T) {
	t.Parallel()
	w, uids := known(t, nil)
	w.Directory.Tamper(uids["bea"], func(a *directory.Account) { a.Title = "Countess" })
	was := listed(w)
	w.Directory.Unavailable(1)
	w.Look()
	w.Settle()
	if diff := cmp.Diff(was, listed(w)); diff != "" {
		t.Errorf("after a failure, the organization says (-was +is):\n%s", diff)
	}
	w.Look()
	w.Settle()
	if has := w.Directory.Accounts()[uids["bea"]].Account; has.Title != "" {
		t.Errorf("bea is %s", has.Title)
	}
}

// listed is what acme says of its directory.
func listed(w *passes.World) v1alpha1.DirectoryStatus {
	var org v1alpha1.Organization
	w.Find("acme", &org)
	return org.Status.Directory
}

// Directories are looked at soon, then every resyncPeriod and a little more, and again after pauses that grow while that fails.
func TestWhenDirectoriesAreLookedAt(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil)()...)
	w.Settle()
	for _, tt := range []struct {
		why  string
		pass time.Duration
		do   func()
		want int
	}{
		{why: "it is seen that there is one", want: 0},
		{why: "not at once, since all are started at once", pass: 9 * time.Second, want: 0},
		{why: "soon", pass: 21 * time.Second, want: 1},
		{why: "not again", pass: 9 * time.Minute, want: 0},
		{why: "after the period, and a fifth of it", pass: 3 * time.Minute, want: 1},
		{why: "another period", pass: 73 * time.Second, do: func() {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				o.Spec.Directory.ResyncPeriod = &metav1.Duration{Duration: time.Minute}
			})
		}, want: 1},
		{why: "which fails", pass: 73 * time.Second, do: func() { w.Directory.Unavailable(2) }, want: 1},
		{why: "not at once", pass: time.Second, want: 0},
		{why: "after a pause, and it fails again", pass: time.Second, want: 1},
		{why: "not after the same pause", pass: 3 * time.Second, want: 0},
		{why: "after twice as long", pass: time.Second, want: 1},
		{why: "not again", pass: 50 * time.Second, want: 0},
		{why: "and then as before", pass: 23 * time.Second, want: 1},
		{why: "another directory", do: func() {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory.SCIM.URL += "/other" })
		}, want: 0},
		{why: "soon as well", pass: 30 * time.Second, want: 1},
		{why: "none", pass: time.Hour, do: func() {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Directory = v1alpha1.DirectoryPolicy{} })
		}, want: 0},
	} {
		if tt.do != nil {
			tt.do()
			w.CatchUp()
		}
		w.Clock.Step(tt.pass)
		if got := w.Tick(); got != tt.want {
			t.Fatalf("%s: the directory is asked %d times, want %d", tt.why, got, tt.want)
		}
	}
}

// The account of a manager is named in those of the people who report to the manager, as soon as there is one; nobody else is
// written for it.
func TestManagersInTheDirectory(t *testing.T) {
	t.Parallel()
	w := passes.New(t, accounted(nil)()...)
	w.Create(member("bea"))
	w.Settle()
	report := member("cid")
	report.Spec.Manager = "dan"
	w.Create(report)
	w.Settle()
	has := func(name string) directory.Account { return w.Directory.Accounts()[w.User(name).UID].Account }
	if got := has("cid").ManagerID; got != "" {
		t.Errorf("nobody yet, and the directory has %q", got)
	}
	version := w.User("bea").ResourceVersion
	w.Create(member("dan"))
	w.Settle()
	if got, want := has("cid").ManagerID, w.User("dan").Status.DirectoryAccount.ID; got != want || got == "" {
		t.Errorf("the directory has the manager %q, want %q", got, want)
	}
	if w.User("bea").ResourceVersion != version {
		t.Error("bea, who has no manager, was written")
	}
	w.Look()
	w.Settle()
	wantLookCosts(t, w)
	w.Directory.Tamper(w.User("cid").UID, func(a *directory.Account) { a.ManagerID = "somebody" })
	w.Look()
	w.Settle()
	if got, want := has("cid").ManagerID, w.User("dan").Status.DirectoryAccount.ID; got != want {
		t.Errorf("after somebody changed it, the directory has the manager %q", got)
	}
	w.Answer("dan", accept)
	w.Settle()
	version, asked := w.User("cid").ResourceVersion, w.Directory.Attempts()
	was := has("cid").ManagerID
	w.Delete(build.User("dan").Obj())
	w.Settle()
	if w.User("cid").ResourceVersion != version || has("cid").ManagerID != was {
		t.Errorf("for a manager who is gone, cid is written, or the directory has the manager %q", has("cid").ManagerID)
	}
	if n := w.Directory.Attempts() - asked; n != 1 {
		t.Errorf("for a manager who is gone, the directory is asked %d times, and not about the manager alone", n)
	}
	w.Restart()
	w.Look()
	w.Settle()
	wantLookCosts(t, w)
	if w.User("cid").ResourceVersion != version {
		t.Error("after a restart, cid is written for a manager who is gone")
	}
	w.Create(member("dan")) // who has the same account
	w.Settle()
	if w.User("cid").ResourceVersion != version {
		t.Error("for a manager who is back, cid is written")
	}
	w.Directory.Tamper(w.User("cid").UID, func(a *directory.Account) { a.ManagerID = "somebody" })
	w.Look()
	w.Settle()
	if got := has("cid").ManagerID; got != was {
		t.Errorf("of a manager who is back, the directory has %q", got)
	}
}
