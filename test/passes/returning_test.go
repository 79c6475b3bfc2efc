// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// gone has somebody answer, unless answer is nil, and then deleted.
func gone(name string, answer func(*v1alpha1.UserStatus, time.Time)) func(*passes.World) {
	return func(w *passes.World) {
		if answer != nil {
			w.Answer(name, answer)
		}
		w.Delete(build.User(name).Obj())
	}
}

// held gives a user the finalizer that admission gives.
func held(u *v1alpha1.User) *v1alpha1.User {
	u.Finalizers = []string{v1alpha1.FinalizerArchive}
	return u
}

// replacing is acme where an edit of an address stands for another person.
func replacing(users ...string) func() []client.Object {
	return func() []client.Object {
		objects := acme(3, users...)()
		objects[0].(*v1alpha1.Organization).Spec.EmailChange = v1alpha1.EmailChangeReplace
		return objects
	}
}

// finally is acme where a deletion leaves nothing.
func finally(users ...string) func() []client.Object {
	return func() []client.Object {
		objects := acme(3, users...)()
		objects[0].(*v1alpha1.Organization).Spec.Offboarding.Policy = v1alpha1.OffboardingDelete
		return objects
	}
}

func readdress(w *passes.World, name, email string) {
	edit(name, func(u *v1alpha1.User) { u.Spec.Email = email })(w)
	w.Settle()
}

func confirm(name string) func(*passes.World) {
	return edit(name, func(u *v1alpha1.User) {
		metav1.SetMetaDataAnnotation(&u.ObjectMeta, v1alpha1.AnnotationConfirmDelete, string(u.UID))
	})
}

// recordOf is the record of whoever had an address; nil when there is none.
func recordOf(w *passes.World, email string) *v1alpha1.ArchivedUser {
	var record v1alpha1.ArchivedUser
	if !w.Find(membership.RecordName("acme", email), &record) {
		return nil
	}
	return &record
}

func events(w *passes.World, reason string) int {
	return len(slices.DeleteFunc(w.Events.All(), func(e string) bool { return !strings.Contains(e, " "+reason+" ") }))
}

func wantAccount(t *testing.T, u *v1alpha1.User, want types.UID) {
	t.Helper()
	if u.Account() != want {
		t.Errorf("%s has account %s, want %s", u.Name, u.Account(), want)
	}
}

// Rules AX-10 and AX-14: whoever is deleted and applied again, as by GitOps, is as before: without a mail, with one write of
// the status and without a read, however often.
func TestPruneAndReapply(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	account := w.User("bea").UID
	w.Answer("bea", accept)
	for round := range 3 {
		accepted := w.User("bea").Status.AcceptedAt
		w.Delete(build.User("bea").Obj())
		w.Settle()
		if record := recordOf(w, "bea@acme.example"); record == nil || record.Record.Account() != account {
			t.Fatalf("round %d: what remains is %+v, want account %s", round, record, account)
		}
		w.Create(held(member("bea")))
		mails, back := len(w.Mail.Sent()), events(w, v1alpha1.ReasonReactivated)
		w.CatchUp()
		w.Traffic.Reset()
		w.Settle()
		bea := w.User("bea")
		wantReason(t, w, bea, v1alpha1.ReasonActive)
		wantAccount(t, bea, account)
		if !bea.Status.AcceptedAt.Equal(accepted) || len(w.Mail.Sent()) != mails || recordOf(w, "bea@acme.example") != nil {
			t.Errorf("round %d: accepted %v, mails %d, record %v", round, bea.Status.AcceptedAt, len(w.Mail.Sent())-mails, recordOf(w, "bea@acme.example"))
		}
		if n := events(w, v1alpha1.ReasonReactivated) - back; n != 1 {
			t.Errorf("round %d: it is told %d times", round, n)
		}
		if wrote := w.Traffic.Requests(ofUser); len(wrote) != 2 {
			t.Errorf("round %d: it takes %v, want a status and the end of the record", round, wrote)
		}
		if reads := w.Traffic.Reads(); len(reads) > 0 {
			t.Errorf("round %d: it reads %v", round, reads)
		}
		org := &v1alpha1.Organization{}
		w.Find("acme", org)
		if *org.Status.Archived != 0 || *org.Status.Active != 1 {
			t.Errorf("round %d: %d are archived and %d active, want 0 and 1", round, *org.Status.Archived, *org.Status.Active)
		}
	}
}

// Whoever comes back has no seat in store: another has it, and was first.
func TestReturnGoesByTheQueue(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada", "bea", "cid")()...)
	w.Settle()
	w.Answer("bea", accept)
	w.Delete(build.User("bea").Obj())
	w.Settle()
	w.Create(member("bea"))
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "cid"})
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonAwaitingSeat)
	if bea.Status.AcceptedAt == nil || recordOf(w, "bea@acme.example") != nil {
		t.Errorf("bea is %+v", bea.Status)
	}
	mails := len(w.Mail.Sent())
	scale(w, 3)
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	if len(w.Mail.Sent()) != mails || events(w, v1alpha1.ReasonReactivated) != 1 {
		t.Errorf("%d mails more, events %v", len(w.Mail.Sent())-mails, w.Events.All())
	}
}

// A first password goes to the account of before, for who never accepted, and not to that of who did.
func TestFirstPasswordOfWhoIsBack(t *testing.T) {
	t.Parallel()
	w := passes.New(t, append(accounted(nil, "ada", "bea")(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "first"}, StringData: map[string]string{"password": "correct horse battery"}})...)
	w.Settle()
	account := w.User("bea").UID
	back := func() {
		w.Delete(build.User("bea").Obj())
		w.Settle()
		bea := member("bea")
		bea.Spec.InitialPasswordSecretRef.Name = "first"
		w.Create(bea)
		w.Settle()
	}
	back()
	if set := w.Directory.Record(); len(set) != 1 || set[0].Account.UID != account {
		t.Errorf("passwords were set for %+v, want one for %s", set, account)
	}
	w.Answer("bea", accept)
	back()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	if set := w.Directory.Record(); len(set) != 1 {
		t.Errorf("passwords were set for %+v: whoever accepted keeps the password", set)
	}
}

// free is acme with a role that takes no seat, so that a pass is enough for everything.
func free(users ...string) []client.Object {
	objects := append(acme(3, "ada")(), build.Role("free").Obj())
	for _, name := range users {
		objects = append(objects, held(build.User(name).Roles("free").Obj()))
	}
	return objects
}

// A cache that does not show a record yet sends nobody an invitation: who left lately is known, and the record is read past
// the cache, once. Of everybody else it is not.
func TestReturnBeforeTheCacheShowsTheRecord(t *testing.T) {
	t.Parallel()
	w := passes.New(t, free("bea")...)
	w.Settle()
	account, mails := w.User("bea").UID, len(w.Mail.Sent())
	w.Answer("bea", accept)
	w.Settle()
	thaw := w.Traffic.Freeze("archivedusers")
	defer thaw()
	pass := func(name string) {
		t.Helper()
		w.See(name, &v1alpha1.User{})
		if _, err := w.Pass(passes.User, name); err != nil {
			t.Fatal(err)
		}
		w.Delivered()
	}
	w.Delete(build.User("bea").Obj())
	pass("bea")
	if w.Find("bea", &v1alpha1.User{}) || recordOf(w, "bea@acme.example") == nil {
		t.Fatal("bea is still there, or left no record")
	}
	w.Create(held(build.User("bea").Roles("free").Obj()), held(build.User("cid").Roles("free").Obj()))
	w.Traffic.Reset()
	pass("bea")
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	wantAccount(t, w.User("bea"), account)
	if reads := w.Traffic.Reads(); len(reads) != 1 || len(w.Mail.Sent()) != mails {
		t.Errorf("it reads %v, and sends %d mails", reads, len(w.Mail.Sent())-mails)
	}
	if recordOf(w, "bea@acme.example") != nil {
		t.Error("the record is still there")
	}
	w.Traffic.Reset()
	pass("cid")
	if reads := w.Traffic.Reads(); len(reads) > 0 {
		t.Errorf("for somebody whom nobody knows, it reads %v", reads)
	}
	thaw()
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
}

// An outdated record in the cache is not taken for the one that was written since.
func TestReturnWithAnOutdatedRecord(t *testing.T) {
	t.Parallel()
	w := passes.New(t, free("bea")...)
	w.Settle()
	other := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: membership.RecordName("acme", "bea@acme.example")}, Record: v1alpha1.UserRecord{
		User: "nadia", UID: "uid-of-nadia", Spec: v1alpha1.UserSpec{Organization: "acme", Email: "bea@acme.example"}, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.NewTime(passes.Noon),
	}}
	w.Answer("bea", accept)
	w.Settle()
	w.Create(other) // bea has the address that was nadia's
	w.Settle()
	account := w.User("bea").UID
	thaw := w.Traffic.Freeze("archivedusers")
	defer thaw()
	w.Delete(build.User("bea").Obj())
	for range 2 { // who is to go, and who comes after
		w.See("bea", &v1alpha1.User{})
		if _, err := w.Pass(passes.User, "bea"); err != nil {
			t.Fatal(err)
		}
		if !w.Find("bea", &v1alpha1.User{}) {
			w.Create(held(build.User("bea").Roles("free").Obj()))
		}
	}
	wantAccount(t, w.User("bea"), account)
	thaw()
	w.Settle()
	wantAccount(t, w.User("bea"), account)
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
}

// Another operator knows nothing of who left. When the record shows up, what was decided without it is corrected.
func TestLateRecordCorrects(t *testing.T) {
	t.Parallel()
	w := passes.New(t, free("bea")...)
	w.Settle()
	account := w.User("bea").UID
	w.Answer("bea", accept)
	w.Settle()
	twin := w.Twin()
	thaw := twin.Traffic.Freeze("archivedusers")
	w.Delete(build.User("bea").Obj())
	w.Settle()
	w.Create(held(build.User("bea").Roles("free").Obj()))
	for range 4 {
		twin.See("bea", &v1alpha1.User{})
		if _, err := twin.Pass(passes.User, "bea"); err != nil {
			t.Fatal(err)
		}
		twin.Delivered()
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)
	thaw()
	twin.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	wantAccount(t, w.User("bea"), account)
	if recordOf(w, "bea@acme.example") != nil {
		t.Error("the record is still there")
	}
}

// An operator with an outdated view of who left does not take the record for that of an earlier stay.
func TestOutdatedViewSparesTheRecord(t *testing.T) {
	t.Parallel()
	w := passes.New(t, free("bea")...)
	w.Settle()
	w.Answer("bea", accept)
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	w.Create(held(build.User("bea").Roles("free").Obj()))
	w.Settle() // bea is back, and has an account of before
	twin := w.Twin()
	thaw := twin.Traffic.Freeze("users")
	defer thaw()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	record := recordOf(w, "bea@acme.example")
	twin.See(record.Name, &v1alpha1.ArchivedUser{})
	if _, err := twin.Pass(passes.User, "bea"); err != nil {
		t.Fatal(err)
	}
	if recordOf(w, "bea@acme.example") == nil {
		t.Error("the record is gone")
	}
}

// Two operators at once take up a record once.
func TestTwoOperatorsTakeUpOneRecord(t *testing.T) {
	t.Parallel()
	w := passes.New(t, free("bea")...)
	w.Settle()
	account, mails := w.User("bea").UID, len(w.Mail.Sent())
	w.Answer("bea", accept)
	w.Delete(build.User("bea").Obj())
	w.Settle()
	twin := w.Twin()
	w.Create(held(build.User("bea").Roles("free").Obj()))
	w.CatchUp()
	twin.CatchUp()
	ended := make(chan error, 2)
	for _, operator := range []*passes.World{w, twin} {
		go func() {
			_, err := operator.Try(passes.User, "bea")
			ended <- err
		}()
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Errorf("a pass ends with %v", err)
		}
	}
	w.Settle()
	twin.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	wantAccount(t, w.User("bea"), account)
	if n := events(w, v1alpha1.ReasonReactivated); n != 1 || len(w.Mail.Sent()) != mails || recordOf(w, "bea@acme.example") != nil {
		t.Errorf("it is told %d times, %d mails more, record %v", n, len(w.Mail.Sent())-mails, recordOf(w, "bea@acme.example"))
	}
}

// Whoever takes over an object under another name is the same person: the address says who it is.
func TestReturnUnderAnotherName(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	account := w.User("bea").UID
	w.Answer("bea", accept)
	w.Settle()
	w.Create(build.User("beatrice").Email("Bea@acme.example").Roles("member").Obj()) // applied before the other is pruned
	w.Settle()
	wantReason(t, w, w.User("beatrice"), v1alpha1.ReasonEmailInUse)
	w.Delete(build.User("bea").Obj())
	mails := len(w.Mail.Sent())
	w.Settle()
	wantReason(t, w, w.User("beatrice"), v1alpha1.ReasonActive)
	wantAccount(t, w.User("beatrice"), account)
	if len(w.Mail.Sent()) != mails {
		t.Errorf("%d mails more", len(w.Mail.Sent())-mails)
	}
}

// Rule EZ-15: who was replaced and comes back, as another User, has the account of before, and who came in the place another.
func TestReplacedAndBack(t *testing.T) {
	t.Parallel()
	w := passes.New(t, replacing("ada", "bea")()...)
	w.Settle()
	account := w.User("bea").UID
	w.Answer("bea", accept)
	w.Settle()
	readdress(w, "bea", "nadia@acme.example")
	w.Answer("bea", accept)
	nadias := w.User("bea").Account()
	w.Create(build.User("bea-again").Email("bea@acme.example").Roles("member").Obj())
	w.Settle()
	wantReason(t, w, w.User("bea-again"), v1alpha1.ReasonActive)
	wantAccount(t, w.User("bea-again"), account)
	if nadias == account {
		t.Error("two people have one account")
	}
	w.Delete(build.User("bea").Obj())
	w.Settle()
	if record := recordOf(w, "nadia@acme.example"); record == nil || record.Record.Account() != nadias {
		t.Errorf("of nadia remains %+v, want account %s", record, nadias)
	}
}

// Rule IN-6: who somebody signed in as is remembered as long as the acceptance is, and is not the next one's.
func TestIdentityGoesWithTheAcceptance(t *testing.T) {
	t.Parallel()
	beas := v1alpha1.Identity{Issuer: "https://accounts.google.com", Subject: "110169484474386276334"}
	signedIn := func(st *v1alpha1.UserStatus, now time.Time) {
		accept(st, now)
		st.Identity = beas
	}
	moved := edit("bea", func(u *v1alpha1.User) { u.Spec.Email = "nadia@acme.example" })
	for why, tc := range map[string]struct {
		objects func() []client.Object
		happens func(*passes.World)
		// identity is bea's afterwards, and recorded the one on the record of her first address.
		identity, recorded v1alpha1.Identity
	}{
		"deleted":        {acme(3, "ada", "bea"), func(w *passes.World) { w.Delete(build.User("bea").Obj()) }, v1alpha1.Identity{}, beas},
		"back":           {acme(3, "ada", "bea"), func(w *passes.World) { w.Delete(build.User("bea").Obj()); w.Settle(); w.Create(held(member("bea"))) }, beas, v1alpha1.Identity{}},
		"suspended":      {acme(3, "ada", "bea"), edit("bea", func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended }), beas, v1alpha1.Identity{}},
		"renamed":        {acme(3, "ada", "bea"), moved, beas, v1alpha1.Identity{}},
		"another person": {replacing("ada", "bea"), moved, v1alpha1.Identity{}, beas},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, tc.objects()...)
			w.Settle()
			w.Answer("bea", signedIn)
			w.Settle()
			tc.happens(w)
			w.Settle()
			bea := &v1alpha1.User{}
			w.Find("bea", bea)
			if bea.Status.Identity != tc.identity {
				t.Errorf("bea is %+v, want %+v", bea.Status.Identity, tc.identity)
			}
			var recorded v1alpha1.Identity
			if record := recordOf(w, "bea@acme.example"); record != nil {
				recorded = record.Record.Identity
			}
			if recorded != tc.recorded {
				t.Errorf("the record has %+v, want %+v", recorded, tc.recorded)
			}
		})
	}
}

// Rules IN-10 and AC-15: under Delete nothing happens before the deletion is confirmed, and nothing remains after.
func TestDeletedForGood(t *testing.T) {
	t.Parallel()
	w := passes.New(t, finally("ada", "bea")()...)
	w.Settle()
	w.Answer("bea", accept)
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonConfirmationRequired)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	if bea.Status.AccessRevokedAt != nil || len(bea.Status.Roles) != 1 || events(w, v1alpha1.ReasonDeleted) != 0 {
		t.Errorf("something happens before: %+v", bea.Status)
	}
	confirm("bea")(w)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
	if w.Find("bea", &v1alpha1.User{}) || recordOf(w, "bea@acme.example") != nil || events(w, v1alpha1.ReasonDeleted) != 1 {
		t.Errorf("bea is still there, or left a record, or no event: %v", w.Events.All())
	}
	w.Create(member("bea"))
	mails := len(w.Mail.Sent())
	w.Settle()
	if bea := w.User("bea"); bea.Account() != bea.UID || bea.Status.AcceptedAt != nil || len(w.Mail.Sent()) != mails+1 {
		t.Errorf("whoever comes after is %+v, after %d mails", bea.Status, len(w.Mail.Sent())-mails)
	}
}

// A policy that was changed a moment ago counts: what is gone is gone.
func TestArchivedAfterAll(t *testing.T) {
	t.Parallel()
	for why, state := range map[string]v1alpha1.UserState{"with access": v1alpha1.UserActive, "without": v1alpha1.UserSuspended} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, append(free(), held(build.User("bea").Roles("free").State(state).Obj()))...)
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Policy = v1alpha1.OffboardingDelete })
			w.Settle()
			thaw := w.Traffic.Freeze("organizations")
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Policy = v1alpha1.OffboardingArchive })
			confirm("bea")(w)
			w.Delete(build.User("bea").Obj())
			w.See("bea", &v1alpha1.User{})
			if _, err := w.Pass(passes.User, "bea"); err != nil {
				t.Fatal(err)
			}
			thaw()
			w.Settle()
			if recordOf(w, "bea@acme.example") == nil {
				t.Error("nothing remains of bea")
			}
		})
	}
}

// What waits for a confirmation goes with its organization, and with a change of mind.
func TestNobodyIsHeldForEver(t *testing.T) {
	t.Parallel()
	for why, happens := range map[string]func(*passes.World){
		"the organization goes": func(w *passes.World) { w.Delete(build.Organization("acme").Obj()) },
		"a record is to remain": func(w *passes.World) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Policy = v1alpha1.OffboardingArchive })
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, finally("ada", "bea")()...)
			w.Settle()
			w.Delete(build.User("bea").Obj())
			w.Settle()
			wantReason(t, w, w.User("bea"), v1alpha1.ReasonConfirmationRequired)
			happens(w)
			w.Settle()
			if w.Find("bea", &v1alpha1.User{}) {
				t.Error("bea is still there")
			}
		})
	}
}

// Records end when the organization says so, by the clock, and not before.
func TestRetention(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	record := recordOf(w, "bea@acme.example")
	keep := func(d *metav1.Duration) {
		t.Helper()
		passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Retention = d })
		w.CatchUp()
	}
	due := func(why string, want time.Duration) {
		t.Helper()
		w.Traffic.Reset()
		result, err := w.Pass(passes.ArchivedUser, record.Name)
		if err != nil || result.RequeueAfter != want {
			t.Errorf("%s: the pass ends with %v, %v, want another in %v", why, result, err, want)
		}
		if all := append(w.Traffic.Writes(), w.Traffic.Reads()...); len(all) > 0 {
			t.Errorf("%s: the pass asks for %v", why, all)
		}
	}
	due("for ever", 0)
	keep(&metav1.Duration{Duration: 24 * time.Hour})
	w.Clock.SetTime(record.Record.ArchivedAt.Add(time.Hour))
	due("a day", 23*time.Hour)
	keep(&metav1.Duration{Duration: 48 * time.Hour})
	due("another day", 47*time.Hour)
	w.Clock.SetTime(record.Record.ArchivedAt.Add(48*time.Hour - time.Second))
	due("to the last second", time.Second)

	// Of a view that is outdated, nothing ends: the policy is asked for, and the record of a later stay is another.
	w.Clock.SetTime(record.Record.ArchivedAt.Add(48 * time.Hour))
	thaw := w.Traffic.Freeze("organizations")
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Retention = nil })
	if _, err := w.Pass(passes.ArchivedUser, record.Name); err != nil || recordOf(w, "bea@acme.example") == nil {
		t.Errorf("a record that is kept for ever ended: %v", err)
	}
	thaw()
	keep(&metav1.Duration{Duration: time.Hour})
	thaw = w.Traffic.Freeze("archivedusers")
	passes.Change(w, record.Name, func(r *v1alpha1.ArchivedUser) { r.Record.ArchivedAt = metav1.NewTime(w.Clock.Now()) })
	refused(t, w, passes.ArchivedUser, record.Name)
	thaw()
	w.CatchUp()
	due("anew", time.Hour)
	w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
	if _, err := w.Pass(passes.ArchivedUser, record.Name); err != nil || recordOf(w, "bea@acme.example") != nil {
		t.Errorf("it has not ended: %v", err)
	}
	w.CatchUp()
	due("gone", 0)
}

// Without an organization nobody says that a record is to end.
func TestRecordsOutlastTheOrganization(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Offboarding.Retention = &metav1.Duration{Duration: time.Hour} })
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	w.Delete(build.Organization("acme").Obj())
	w.Clock.SetTime(w.Clock.Now().Add(1000 * time.Hour))
	w.CatchUp()
	record := recordOf(w, "bea@acme.example")
	if result, err := w.Pass(passes.ArchivedUser, record.Name); err != nil || result.RequeueAfter != 0 || recordOf(w, "bea@acme.example") == nil {
		t.Errorf("the pass ends with %v, %v", result, err)
	}
	back := build.Organization("acme").Retention(time.Hour).Obj()
	w.Create(back)
	w.CatchUp()
	if _, err := w.Pass(passes.ArchivedUser, record.Name); err != nil || recordOf(w, "bea@acme.example") != nil {
		t.Errorf("with the organization back, the record has not ended: %v", err)
	}
}
