// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// directed is an organization with a directory, handing with one whose people own notes that are handed over.
func directed(b *build.OrganizationBuilder) { b.Directory() }

func handing(b *build.OrganizationBuilder) { b.Directory().Ownership(build.Notes()) }

func blocking(b *build.OrganizationBuilder) {
	block := build.Notes()
	block.OnArchive = v1alpha1.OwnershipBlock
	b.Ownership(block)
}

// parking is a world in which cid and dan are parked. Cid owns notes.
func parking(t *testing.T, how ...func(*build.OrganizationBuilder)) *passes.World {
	t.Helper()
	w := rejecting(t, how...)
	w.Create(build.Note("one", "cid"), build.Note("two", "cid"), build.Note("three", "dan"))
	rejectHeld(w)
	w.Settle()
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Fatalf("parked are (-want +got):\n%s", diff)
	}
	return w
}

var cidsRecord = membership.RecordName("acme", "cid@acme.example")

// over lets the window be over.
func over(w *passes.World) { w.Clock.SetTime(w.Clock.Now().Add(time.Hour)) }

func holdsSeat(w *passes.World, name string) bool {
	return slices.Contains(slices.Collect(maps.Values(w.Ledger("standard"))), name)
}

// watchOrder checks that nobody's seat is free who can sign in, has rights, or owns what is to be handed over.
func watchOrder(t *testing.T, w *passes.World, name string, handsOver bool) {
	t.Helper()
	if holdsSeat(w, name) {
		return
	}
	if signIns(w)[name+"@acme.example"] {
		t.Errorf("the seat of %s is free, who can sign in", name)
	}
	for _, b := range allBindings(t, w) {
		for _, s := range b.Subjects {
			if s.Name == name+"@acme.example" {
				t.Errorf("the seat of %s is free, who has rights", name)
			}
		}
	}
	if handsOver && slices.Contains(slices.Collect(maps.Values(owners(t, w))), name) {
		t.Errorf("the seat of %s is free, who owns things", name)
	}
}

// readyOf is what a record says of how far archiving is.
func readyOf(t *testing.T, w *passes.World, name string) metav1.Condition {
	t.Helper()
	var record v1alpha1.ArchivedUser
	if w.Find(name, &record) {
		if c := meta.FindStatusCondition(record.Record.Parked.Status.Conditions, v1alpha1.ConditionReady); c != nil {
			return *c
		}
	}
	return metav1.Condition{}
}

// wantArchived checks that cid and dan have left for good.
func wantArchived(t *testing.T, w *passes.World) {
	t.Helper()
	if names := parkedRecords(t, w); len(names) > 0 {
		t.Errorf("parked are %v", names)
	}
	for _, name := range []string{"cid", "dan"} {
		record := recordOf(w, name+"@acme.example")
		if record == nil || len(record.Finalizers) > 0 || !record.Record.ArchivedAt.Time.After(passes.Noon.Add(time.Hour)) {
			t.Errorf("the record of %s is %+v", name, record)
		} else if has := record.Record.DirectoryAccount; has != nil && has.State != v1alpha1.AccountInactive {
			t.Errorf("on record, %s has the account %+v", name, has)
		}
		if signIns(w)[name+"@acme.example"] {
			t.Errorf("%s can sign in", name)
		}
	}
	wantRights(t, w, "ada", "eve")
	holders := slices.Sorted(maps.Values(w.Ledger("standard"))) // which seat zoe gets is told by who goes first
	if diff := cmp.Diff([]string{"ada", "eve", "yan", "zoe"}, holders); diff != "" {
		t.Errorf("the seats are held by (-want +got):\n%s", diff)
	}
}

// Who is parked keeps the account: nobody touches it. Back in time, it is the same; later, it is deactivated before the seat is free.
func TestAccountOfWhoIsParked(t *testing.T) {
	t.Parallel()
	w := rejecting(t, directed)
	before, asked := w.User("cid"), w.Directory.Attempts()
	rejectHeld(w)
	w.Settle()
	w.Clock.SetTime(w.Clock.Now().Add(50 * time.Minute))
	w.Traffic.Reset()
	w.Settle()
	if n := w.Directory.Attempts() - asked; n != 0 {
		t.Errorf("the directory is asked %d times", n)
	}
	if writes := w.Traffic.Writes(); len(writes) > 0 {
		t.Errorf("a settled record causes the writes %v", writes)
	}
	w.Create(member("cid"))
	for settled := false; !settled; settled, _ = w.Round() {
		if !signIns(w)["cid@acme.example"] {
			t.Fatal("cid is signed out")
		}
	}
	if cid := w.User("cid"); cid.Account() != before.Account() || w.Reason(cid) != v1alpha1.ReasonActive {
		t.Errorf("cid is back with %+v", cid.Status)
	}
	wantLedger(t, w, full)
	over(w)
	for settled := false; !settled; settled, _ = w.Round() {
		watchOrder(t, w, "dan", false)
	}
	if signIns(w)["dan@acme.example"] || !signIns(w)["cid@acme.example"] {
		t.Errorf("who can sign in: %v", signIns(w))
	}
	wantRights(t, w, "ada", "cid", "eve")
	wantLedger(t, w, map[int32]string{0: "ada", 1: "yan", 2: "cid", 3: "zoe", 4: "eve"})
}

// A directory that is down keeps the seat of who was parked, and not the roles.
func TestDirectoryDownWhenParkingEnds(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Directory.Unavailable(1000)
	over(w)
	for range 6 {
		_, _ = w.Round()
	}
	wantLedger(t, w, full)
	wantRights(t, w, "ada", "eve")
	if c := readyOf(t, w, cidsRecord); c.Reason != v1alpha1.ReasonDirectoryUnavailable {
		t.Errorf("the record says %+v", c)
	}
	w.Directory.Unavailable(0)
	w.Clock.Step(time.Minute)
	w.Settle()
	wantArchived(t, w)
}

// What was owned is handed over after access is revoked, and before the seat is free, and the record says to whom.
func TestHandoverOfWhoWasParked(t *testing.T) {
	t.Parallel()
	w := parking(t, handing)
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "dan"})
	over(w)
	for settled := false; !settled; settled, _ = w.Round() {
		watchOrder(t, w, "cid", true)
		watchOrder(t, w, "dan", true)
	}
	wantArchived(t, w)
	wantOwners(t, w, map[string]string{"one": "ada", "two": "ada", "three": "ada"})
	if h := recordOf(w, "cid@acme.example").Record.Handovers; len(h) != 1 || *h[0].Objects != 2 || h[0].Successors[0].User != "ada" {
		t.Errorf("on record is %+v", h)
	}
	wantQuiet(t, w)
}

// What is to be moved first keeps the person, who loses nothing until then, and the record says so.
func TestBlockedEndOfParking(t *testing.T) {
	t.Parallel()
	w := parking(t, blocking)
	over(w)
	for range 6 {
		_, _ = w.Round()
	}
	wantLedger(t, w, full)
	wantRights(t, w, "ada", "cid", "dan", "eve")
	if c := readyOf(t, w, cidsRecord); c.Reason != v1alpha1.ReasonTransferBlocked {
		t.Errorf("the record says %+v", c)
	}
	wantEvent(t, w, 1, "Warning "+v1alpha1.ReasonTransferBlocked, cidsRecord)
	for _, note := range []string{"one", "two", "three"} {
		w.Delete(build.Note(note, ""))
	}
	w.Clock.Step(5 * time.Minute)
	w.Settle()
	wantArchived(t, w)
}

// Whoever deletes the record of who is parked has the person archived at once; then the object goes, whatever is asked of it.
func TestParkedRecordDeleted(t *testing.T) {
	t.Parallel()
	w := parking(t, handing)
	w.Delete(&v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Name: cidsRecord}})
	for settled := false; !settled; settled, _ = w.Round() {
		watchOrder(t, w, "cid", true)
	}
	if w.Find(cidsRecord, &v1alpha1.ArchivedUser{}) {
		t.Error("the record is there")
	}
	if who := signIns(w); who["cid@acme.example"] || !who["dan@acme.example"] {
		t.Errorf("who can sign in: %v", who)
	}
	wantOwners(t, w, map[string]string{"one": "ada", "two": "ada", "three": "dan"})
	wantRights(t, w, "ada", "dan", "eve")
	wantLedger(t, w, map[int32]string{0: "ada", 1: "yan", 2: "zoe", 3: "dan", 4: "eve"})
}

// Wherever the process dies, the person is archived, in the same order.
func TestCrashAtTheEndOfParking(t *testing.T) {
	t.Parallel()
	writes := operator.Writing("archivedusers", "rolebindings", "seatslices", "seatpools/status", "configmaps")
	end := func(t *testing.T, a *accident) int {
		t.Helper()
		w := parking(t, handing)
		w.Traffic.Reset()
		over(w)
		if a != nil {
			dies(t, w, w.Traffic.Kill(a.fault, a.nth, writes))
		}
		for settled := false; !settled; settled, _ = w.Round() {
			watchOrder(t, w, "cid", true)
			watchOrder(t, w, "dan", true)
		}
		w.Clock.Step(time.Minute)
		w.Settle()
		wantArchived(t, w)
		wantOwners(t, w, map[string]string{"one": "ada", "two": "ada", "three": "ada"})
		return len(w.Traffic.Requests(writes))
	}
	for _, a := range drawn(deaths(end(t, nil))) {
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			end(t, &a)
		})
	}
}

// dies does rounds until an accident has happened, which no pass has to tell of: it may befall an errand. Then another process starts.
func dies(t *testing.T, w *passes.World, hit <-chan struct{}) {
	t.Helper()
	for range 20 {
		_, _ = w.Round()
		select {
		case <-hit:
			w.Traffic.Restore()
			w.Restart()
			return
		default:
		}
	}
	t.Fatalf("the accident does not happen: writes %v", w.Traffic.Writes())
}

// Nobody waits for ever for a directory that goes with the organization.
func TestDirectoryThatGoesWhileParked(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Directory.Unavailable(1000)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Finalizers = []string{"acme.example/wait"} })
	w.Delete(build.Organization("acme").Obj())
	for range 40 {
		_, _ = w.Round()
		w.Clock.Step(10 * time.Second)
	}
	if names := parkedRecords(t, w); len(names) > 0 {
		t.Errorf("parked are %v: %+v", names, readyOf(t, w, cidsRecord))
	}
	if !slices.ContainsFunc(w.Events.All(), func(e string) bool {
		return strings.HasPrefix(e, "Warning "+v1alpha1.ReasonDirectoryUnavailable+" "+cidsRecord)
	}) {
		t.Errorf("nothing tells that the account can be used still: %v", w.Events.All())
	}
	if holdsSeat(w, "cid") {
		t.Error("the seat is held")
	}
}

// Of a User that comes and the end of the time, which both have an outdated view, one wins.
func TestTakeoverAtTheEnd(t *testing.T) {
	t.Parallel()
	t.Run("the end", func(t *testing.T) {
		t.Parallel()
		w := parking(t, directed)
		twin := w.Twin()
		thaw := twin.Traffic.Freeze("archivedusers")
		w.Create(member("cid"))
		w.CatchUp()
		twin.See("cid", &v1alpha1.User{})
		w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
		if _, err := w.PassOver(cidsRecord); err != nil {
			t.Fatal(err)
		}
		w.Clock.SetTime(w.Clock.Now().Add(-time.Hour)) // the clock of the other is behind
		if _, err := twin.Pass(passes.User, "cid"); err != nil {
			t.Fatal(err)
		}
		if cid := w.User("cid"); cid.Status.AcceptedAt != nil {
			t.Errorf("cid has taken over: %+v", cid.Status)
		}
		thaw()
		over(w)
		out := false
		for settled := false; !settled; settled, _ = w.Round() {
			out = out || !signIns(w)["cid@acme.example"]
		}
		wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive) // as who was archived, and is back
		if !out {
			t.Error("cid was not archived")
		}
	})
	t.Run("the User", func(t *testing.T) {
		t.Parallel()
		w := parking(t, directed)
		twin := w.Twin()
		thaw := twin.Traffic.Freeze("archivedusers")
		w.Create(member("cid"))
		w.CatchUp()
		if _, err := w.Pass(passes.User, "cid"); err != nil {
			t.Fatal(err)
		}
		over(w)
		if _, err := twin.PassOver(cidsRecord); err != nil {
			t.Fatal(err)
		}
		thaw()
		w.CatchUp()
		if _, err := w.PassOver(cidsRecord); err != nil { // which sees the claim
			t.Fatal(err)
		}
		for settled := false; !settled; settled, _ = w.Round() {
			if !signIns(w)["cid@acme.example"] {
				t.Fatal("cid is signed out")
			}
		}
		wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
		if l := w.Ledger("standard"); l[2] != "cid" {
			t.Errorf("the seats are held by %v", l)
		}
	})
}

// A claim of a User that went, or has another address by now, counts for nothing.
func TestClaimOfNobody(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*passes.World){
		"gone": func(w *passes.World) {
			passes.Change(w, "cid", func(u *v1alpha1.User) { u.Finalizers = nil })
			w.Delete(build.User("cid").Obj())
		},
		"another address": edit("cid", func(u *v1alpha1.User) { u.Spec.Email = "elsewhere@acme.example" }),
		"going":           func(w *passes.World) { w.Delete(build.User("cid").Obj()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := parking(t, directed)
			w.Create(member("cid"))
			w.CatchUp()
			w.Traffic.Break(operator.NotSent, 1, operator.Writing("users/status"))
			_, _ = w.Pass(passes.User, "cid") // which claims, and comes no further
			var record v1alpha1.ArchivedUser
			if w.Find(cidsRecord, &record); record.Record.Parked.Heir.User != "cid" || w.User("cid").Status.AcceptedAt != nil {
				t.Fatalf("the record is %+v, and cid %+v", record.Record.Parked, w.User("cid").Status)
			}
			change(w)
			w.Settle()
			if !signIns(w)["cid@acme.example"] {
				t.Error("cid is signed out")
			}
			over(w)
			w.Settle()
			if parked := parkedRecords(t, w); len(parked) > 0 || signIns(w)["cid@acme.example"] {
				t.Errorf("parked are %v, and who can sign in: %v", parked, signIns(w))
			}
		})
	}
}

// Somebody else of the same name has nothing to do with it, and keeps what is theirs.
func TestNamesakeOfWhoIsParked(t *testing.T) {
	t.Parallel()
	w := parking(t, handing)
	w.Create(build.User("cid").Roles("member").Email("another@acme.example").Obj())
	w.Settle()
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	over(w)
	w.Settle()
	if parked := parkedRecords(t, w); len(parked) > 0 || signIns(w)["cid@acme.example"] {
		t.Errorf("parked are %v, and who can sign in: %v", parked, signIns(w))
	}
	wantOwners(t, w, map[string]string{"one": "cid", "two": "cid", "three": "ada"})
	wantRights(t, w, "ada", "eve")
}

// Who comes too late waits until the person is archived, and then comes back as anybody who left.
func TestTooLateToTakeOver(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	account := recordOf(w, "cid@acme.example").Record.Account()
	w.Directory.Unavailable(1000)
	over(w)
	for range 3 {
		_, _ = w.Round()
	}
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(9)) })
	w.Create(build.User("cidney").Roles("member").Email("CID@acme.example").Obj())
	for range 4 {
		_, _ = w.Round()
	}
	cid := w.User("cidney")
	wantReason(t, w, cid, v1alpha1.ReasonEmailInUse)
	if cid.Status.AcceptedAt != nil || holdsSeat(w, "cidney") {
		t.Errorf("cid has %+v", cid.Status)
	}
	w.Directory.Unavailable(0)
	w.Clock.Step(time.Minute)
	w.Settle()
	if cid := w.User("cidney"); w.Reason(cid) != v1alpha1.ReasonActive || cid.Account() != account || !signIns(w)["CID@acme.example"] {
		t.Errorf("cid is %s with account %s: %v", w.Reason(cid), cid.Account(), signIns(w))
	}
	if w.Find(cidsRecord, &v1alpha1.ArchivedUser{}) {
		t.Error("the record is there")
	}
}

// A deactivation that is under way when the person is back signs nobody out.
func TestLateDeactivation(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	over(w)
	w.CatchUp()
	pass(t, w, passes.User, "eve")
	if _, err := w.PassOver(cidsRecord); err != nil {
		t.Fatal(err)
	}
	twin := w.Twin()
	w.CatchUp()
	gate := w.Directory.Hang()
	if _, err := twin.PassOver(membership.RecordName("acme", "dan@acme.example")); err != nil { // ends dan's
		t.Fatal(err)
	}
	w.CatchUp()
	if _, err := twin.PassOver(membership.RecordName("acme", "dan@acme.example")); err != nil { // which hangs, before that of cid
		t.Fatal(err)
	}
	<-gate.Reached()
	twin.CatchUp()
	if _, err := twin.PassOver(cidsRecord); err != nil { // waits behind it
		t.Fatal(err)
	}
	var record v1alpha1.ArchivedUser
	w.Find(cidsRecord, &record)
	record.Record.Parked, record.Finalizers = v1alpha1.Parking{}, nil // as if another operator had come to the end
	if err := env.Client(t).Update(t.Context(), &record, client.FieldOwner("test")); err != nil {
		t.Fatal(err)
	}
	gate.Open()
	twin.Delivered()
	if !signIns(w)["cid@acme.example"] {
		t.Error("cid is signed out by what was decided before")
	}
}

// Rights that the User has not come into go before the record does, by which the seat becomes free.
func TestRightsThatAreNotTakenOver(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Create(build.Role("guest").Obj())
	w.Settle()
	w.Traffic.Reset()
	w.Create(build.User("cid").Roles("guest").Obj())
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
	wantRights(t, w, "ada", "dan", "eve")
	var order []string
	for _, r := range w.Traffic.Requests(operator.Writing("rolebindings", "archivedusers", "seatslices")) {
		order = append(order, r.Verb+" "+r.Resource)
	}
	want := []string{"update archivedusers", "delete archivedusers", "update rolebindings", "update archivedusers", "update seatslices"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("the order of the writes (-want +got):\n%s", diff)
	}
	if !signIns(w)["cid@acme.example"] {
		t.Error("cid is signed out")
	}
}

// Whoever has taken over and goes again, while the record keeps something still, leaves as anybody: the record gives nobody rights.
func TestHeirWhoGoes(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Create(build.Role("lead").MaxHolders(1).Obj())
	edit("ada", func(u *v1alpha1.User) { u.Spec.Roles = append(u.Spec.Roles, "lead") })(w)
	w.Settle()
	w.Create(build.User("cid").Roles("member", "lead").Obj())
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonMaxHoldersReached)
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	w.Delete(build.User("cid").Obj())
	w.Settle()
	w.Traffic.Reset()
	passes.Change(w, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationApproveRemovals, o.Status.Removals.Token)
	})
	for settled := false; !settled; settled, _ = w.Round() {
		watchOrder(t, w, "cid", false)
	}
	if diff := cmp.Diff([]string{"dan"}, parkedRecords(t, w)); diff != "" || signIns(w)["cid@acme.example"] {
		t.Errorf("who can sign in: %v, parked are (-want +got):\n%s", signIns(w), diff)
	}
	if writes := w.Traffic.Requests(operator.Writing("rolebindings")); len(writes) != 1 {
		t.Errorf("rights are taken once, and given to nobody: %v", writes)
	}
	if record := recordOf(w, "cid@acme.example"); record == nil || len(record.Finalizers) > 0 {
		t.Errorf("the record is %+v", record)
	}
}

// Who had nothing to do with the person of a record does not write over it.
func TestOthersDoNotWriteOverARecord(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Create(build.Role("guest").Obj(), build.User("eli").Roles("guest").Obj())
	w.Settle()
	wantReason(t, w, w.User("eli"), v1alpha1.ReasonInvited)
	edit("eli", func(u *v1alpha1.User) { u.Spec.Roles, u.Spec.Email = nil, "cid@acme.example" })(w)
	w.Settle()
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Protection = v1alpha1.ProtectionPolicy{} })
	w.Settle()
	w.Delete(build.User("eli").Obj())
	w.Settle()
	if w.Find("eli", &v1alpha1.User{}) {
		t.Errorf("eli is there: %+v", w.User("eli").Status)
	}
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" || !signIns(w)["cid@acme.example"] {
		t.Errorf("who can sign in: %v, parked are (-want +got):\n%s", signIns(w), diff)
	}
}

// A namespace that goes does not wait for a directory that goes with it.
func TestNamespaceThatGoesWhileParked(t *testing.T) {
	t.Parallel()
	w := parking(t, handing)
	w.Directory.Unavailable(1000)
	if err := env.Client(t).Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}); err != nil {
		t.Fatal(err)
	}
	if err := env.Client(t).DeleteAllOf(t.Context(), &v1alpha1.ArchivedUser{}, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		_, _ = w.Round()
		w.Clock.Step(10 * time.Second)
	}
	if w.Find(cidsRecord, &v1alpha1.ArchivedUser{}) {
		t.Errorf("the record is there: %+v", readyOf(t, w, cidsRecord))
	}
}

// An edit to the address of who is parked claims nothing, since it may never take effect: the record would wait for it for ever.
func TestEditToTheAddressOfWhoIsParked(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.EmailChange{v1alpha1.EmailChangeDeny, v1alpha1.EmailChangeReplace, v1alpha1.EmailChangeRename} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := rejecting(t, directed, func(b *build.OrganizationBuilder) { b.EmailChange(policy) })
			rejectHeld(w)
			w.Settle()
			edit("yan", func(u *v1alpha1.User) { u.Spec.Email = "cid@acme.example" })(w)
			w.Settle()
			var record v1alpha1.ArchivedUser
			if w.Find(cidsRecord, &record); record.Record.Parked.Heir.UID != "" || !signIns(w)["cid@acme.example"] {
				t.Errorf("the record is %+v, and who can sign in: %v", record.Record.Parked, signIns(w))
			}
			over(w)
			w.Settle()
			if parked := parkedRecords(t, w); len(parked) > 0 {
				t.Errorf("parked are %v", parked)
			}
			if a := recordOf(w, "cid@acme.example"); a != nil && a.Record.DirectoryAccount.State != v1alpha1.AccountInactive {
				t.Errorf("the record is %+v", a.Record)
			}
		})
	}
}

// Whoever is deleted between the claim and the takeover takes nobody along: neither access nor the seat of who is parked, whatever the
// pool does in between.
func TestHeirDeletedBeforeItHasTakenOver(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Create(member("cid"))
	w.CatchUp()
	w.Traffic.Break(operator.NotSent, 1, operator.Writing("users/status"))
	_, _ = w.Pass(passes.User, "cid") // which claims, and comes no further
	w.CatchUp()
	pass(t, w, passes.SeatPool, "standard")
	w.Delete(build.User("cid").Obj())
	w.Settle()
	if w.Find("cid", &v1alpha1.User{}) || !signIns(w)["cid@acme.example"] {
		t.Errorf("who can sign in: %v", signIns(w))
	}
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	wantLedger(t, w, full)
	wantRights(t, w, "ada", "cid", "dan", "eve")
	w.Create(member("cid"))
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
	wantLedger(t, w, full)
}

// Whoever is back with a role that is unknown comes into the seat nevertheless: else it would be somebody else's at the end of the
// window, while the person can sign in.
func TestHeirWithAnUnknownRole(t *testing.T) {
	t.Parallel()
	for name, roles := range map[string][]string{"beside another": {"nowhere", "member"}, "alone": {"nowhere"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := parking(t, directed)
			w.Create(build.User("cid").Roles(roles...).Obj())
			w.Settle()
			w.Directory.Unavailable(1000)
			over(w)
			for range 8 {
				_, _ = w.Round()
				watchOrder(t, w, "cid", false)
			}
			wantLedger(t, w, full)
		})
	}
}

// Who has taken over, and is deleted before coming into the seat, is held by the guard, and loses nothing.
func TestHeirDeletedBeforeItHasTheSeat(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	w.Create(member("cid"))
	w.CatchUp()
	pass(t, w, passes.User, "cid")
	if w.User("cid").Status.AcceptedAt == nil {
		t.Fatal("cid has not taken over")
	}
	w.CatchUp()
	w.Delete(build.User("cid").Obj())
	for settled := false; !settled; settled, _ = w.Round() {
		if !signIns(w)["cid@acme.example"] {
			t.Fatal("cid is signed out")
		}
	}
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonRemovalHeld)
	wantLedger(t, w, full)
	over(w)
	w.Settle()
	if !signIns(w)["cid@acme.example"] || !holdsSeat(w, "cid") {
		t.Errorf("cid is signed out, or has no seat: %v", w.Ledger("standard"))
	}
}

// Who holds a role that so many may hold is not parked: somebody else would be given it meanwhile, and both would have its rights.
func TestHolderOfALimitedRoleIsNotParked(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	w.Create(build.Role("principal").MaxHolders(1).RoleRefs("admin").Obj())
	edit("eve", func(u *v1alpha1.User) { u.Spec.Roles = append(u.Spec.Roles, "principal") })(w)
	w.Settle()
	w.Delete(build.User("eve").Obj())
	w.Settle()
	rejectHeld(w)
	w.Settle()
	edit("ada", func(u *v1alpha1.User) { u.Spec.Roles = append(u.Spec.Roles, "principal") })(w)
	w.Settle()
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	wantReason(t, w, w.User("eve"), v1alpha1.ReasonRemovalHeld)
	for _, b := range allBindings(t, w) {
		if b.RoleRef.Name == "admin" && (len(b.Subjects) != 1 || b.Subjects[0].Name != "eve@acme.example") {
			t.Errorf("bound are %v", b.Subjects)
		}
	}
}
