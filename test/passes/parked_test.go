// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// rejecting is a guarded world with as many seats as there are people, and one more who waits, in which cid and dan were deleted
// after bea was removed. Their deletion is held.
func rejecting(t *testing.T, how ...func(*build.OrganizationBuilder)) *passes.World {
	t.Helper()
	org := build.Organization("acme").Owner("ada").Protection("1", time.Hour)
	for _, change := range how {
		change(org)
	}
	objects := []client.Object{
		org.Obj(), build.SeatPool("standard").Seats(5).Obj(),
		build.Role("member").SeatPool("standard").RoleRefs("view").Obj(), member("ada"),
	}
	for _, name := range guardedPeople {
		objects = append(objects, member(name))
	}
	w := working(t, objects, append([]string{"ada"}, guardedPeople...)...)
	spent(t, w)
	w.Clock.SetTime(w.Clock.Now().Add(time.Minute))
	w.Create(member("yan"), member("zoe"))
	w.Settle()
	w.Delete(build.User("cid").Obj())
	w.Delete(build.User("dan").Obj())
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonRemovalHeld)
	return w
}

// rejectHeld rejects the list that is held.
func rejectHeld(w *passes.World) {
	passes.Change(w, "acme", func(o *v1alpha1.Organization) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.AnnotationRejectRemovals, o.Status.Removals.Token)
	})
}

// wantRights checks who has rights in Kubernetes.
func wantRights(t *testing.T, w *passes.World, want ...string) {
	t.Helper()
	var bound []string
	for _, b := range allBindings(t, w) {
		for _, subject := range b.Subjects {
			bound = append(bound, strings.TrimSuffix(subject.Name, "@acme.example"))
		}
	}
	slices.Sort(bound)
	if diff := cmp.Diff(want, bound); diff != "" {
		t.Errorf("bound are (-want +got):\n%s", diff)
	}
}

// parkedRecords are the names of those who are parked.
func parkedRecords(t *testing.T, w *passes.World) (names []string) {
	t.Helper()
	var list v1alpha1.ArchivedUserList
	if err := w.Client().List(t.Context(), &list, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		if list.Items[i].Parked() {
			names = append(names, list.Items[i].Record.User)
		}
	}
	slices.Sort(names)
	return names
}

// full is the ledger of a world in which somebody waits.
var full = map[int32]string{0: "ada", 1: "yan", 2: "cid", 3: "dan", 4: "eve"}

// A deletion that is rejected takes the User and nothing else. Applied again within the window, nothing has happened to the person.
func TestRejectedDeletion(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	wantLedger(t, w, full)
	before := w.User("cid")
	rejectHeld(w)
	w.Settle()
	for _, name := range []string{"cid", "dan"} {
		if w.Find(name, &v1alpha1.User{}) {
			t.Errorf("%s is there", name)
		}
	}
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	wantLedger(t, w, full)
	wantRights(t, w, "ada", "cid", "dan", "eve")
	wantReason(t, w, w.User("zoe"), v1alpha1.ReasonAwaitingSeat)
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionFalse, v1alpha1.ReasonNoRemovalsHeld)
	wantEvent(t, w, 1, "Warning RemovalsRejected acme")
	wantEvent(t, w, 1, "Normal Parked cid")

	w.Clock.SetTime(w.Clock.Now().Add(50 * time.Minute))
	mails := w.Delivered()
	w.Traffic.Reset()
	w.Create(member("cid"))
	w.Settle()
	cid := w.User("cid")
	wantReason(t, w, cid, v1alpha1.ReasonActive)
	if cid.UID == before.UID || cid.Account() != before.Account() || !cid.Status.AcceptedAt.Equal(before.Status.AcceptedAt) || cid.Status.Invitation != nil {
		t.Errorf("cid was %+v, and is %+v", before.Status, cid.Status)
	}
	if writes := w.Traffic.Requests(operator.Writing("seatslices")); len(writes) != 1 {
		t.Errorf("the seat changes hands in %d writes: %v", len(writes), writes)
	}
	if writes := w.Traffic.Requests(operator.Writing("rolebindings")); len(writes) > 0 {
		t.Errorf("rights are written: %v", writes)
	}
	if n := w.Delivered() - mails; n > 0 {
		t.Errorf("%d mails are sent", n)
	}
	wantLedger(t, w, full)
	wantRights(t, w, "ada", "cid", "dan", "eve")
	if diff := cmp.Diff([]string{"dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}

	w.Clock.SetTime(w.Clock.Now().Add(11 * time.Minute)) // the window is over for dan
	w.Settle()
	wantRights(t, w, "ada", "cid", "eve")
	wantLedger(t, w, map[int32]string{0: "ada", 1: "yan", 2: "cid", 3: "zoe", 4: "eve"})
	if names := parkedRecords(t, w); len(names) > 0 {
		t.Errorf("parked are %v", names)
	}
	w.Create(member("dan")) // comes back as anybody who left
	w.Settle()
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonAwaitingSeat)
}

// Whoever cannot be parked stays held, and the others go.
func TestWhoIsNotParked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		change func(*build.OrganizationBuilder)
	}{
		"no record": {"nothing remains that the person could be parked on", func(b *build.OrganizationBuilder) { b.Policy(v1alpha1.OffboardingDelete) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rejecting(t)
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				b := build.Organization("acme")
				c.change(b)
				o.Spec.Offboarding = b.Obj().Spec.Offboarding
			})
			w.Settle()
			rejectHeld(w)
			w.Settle()
			for _, name := range []string{"cid", "dan"} {
				if u := w.User(name); u.Status.AccessRevokedAt != nil {
					t.Errorf("%s; %s is gone: %+v", c.why, name, u.Status)
				}
			}
			if names := parkedRecords(t, w); len(names) > 0 {
				t.Errorf("%s; parked are %v", c.why, names)
			}
			wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonRemovalsHeld, "2 removals are held")
		})
	}
	t.Run("invited, an edit, and a role", func(t *testing.T) {
		t.Parallel()
		w := rejecting(t)
		passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(6)) })
		w.Create(build.Role("admin").MinHolders(1).Obj())
		edit("eve", func(u *v1alpha1.User) { u.Spec.Roles = append(u.Spec.Roles, "admin") })(w)
		w.Settle()
		wantReason(t, w, w.User("zoe"), v1alpha1.ReasonInvited)
		w.Delete(build.User("zoe").Obj())
		w.Delete(build.User("eve").Obj())
		edit("yan", state(v1alpha1.UserArchived))(w)
		w.Settle()
		rejectHeld(w)
		w.Settle()
		if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
			t.Errorf("parked are (-want +got):\n%s", diff)
		}
		wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonRemovalsHeld, "eve (Delete), yan (Archive), zoe (Delete)")
	})
}

// A token of another list lets nobody go.
func TestRejectionOfAnotherList(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	rejectHeld(w)
	edit("yan", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonApprovalOutdated, "reject-removals is for another list, and nobody was let go")
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonRemovalHeld)
}

// An organization that is deleted is not held up by who is parked.
func TestOrganizationDeletedWhileParked(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	rejectHeld(w)
	w.Settle()
	w.Delete(build.Organization("acme").Obj())
	w.Settle()
	if names := parkedRecords(t, w); len(names) > 0 {
		t.Errorf("parked are %v", names)
	}
	w.Delete(build.SeatPool("standard").Obj())
	w.Settle()
	if ledger := w.Ledger("standard"); slices.Contains([]string{ledger[2], ledger[3]}, "cid") {
		t.Errorf("the seats are held by %v", ledger)
	}
}

// A pool that does not see the record yet does not free the seat of somebody whose User is gone.
func TestParkedBeforeTheRecordIsSeen(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	thaw := w.Traffic.Freeze("archivedusers")
	rejectHeld(w)
	w.See("acme", &v1alpha1.Organization{})
	pass(t, w, passes.Organization, "acme")
	w.See("acme", &v1alpha1.Organization{})
	pass(t, w, passes.User, "cid")
	env.Eventually(t, func() error {
		if w.Client().Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: "cid"}, &v1alpha1.User{}) == nil {
			return errors.New("the cache has cid still")
		}
		return nil
	})
	pass(t, w, passes.SeatPool, "standard")
	wantLedger(t, w, full)
	thaw()
	w.Settle()
	wantLedger(t, w, full)
}

// The record stays until the User has come into the seat, however late the pool looks: it is the record that keeps the seat.
func TestRecordKeepsTheSeatUntilItIsTakenOver(t *testing.T) {
	t.Parallel()
	w := rejecting(t)
	rejectHeld(w)
	w.Settle()
	w.Create(member("cid"))
	for range 3 { // before the pool has looked
		w.CatchUp()
		pass(t, w, passes.User, "cid")
	}
	if diff := cmp.Diff([]string{"cid", "dan"}, parkedRecords(t, w)); diff != "" {
		t.Errorf("parked are (-want +got):\n%s", diff)
	}
	wantRights(t, w, "ada", "cid", "dan", "eve")
	w.Settle()
	wantLedger(t, w, full)
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
}

// Whichever write is lost, with the process or without, people are parked once, come back once, and no seat is free in between.
func TestCrashWhileParking(t *testing.T) {
	t.Parallel()
	writes := operator.Writing("organizations/status", "archivedusers", "users", "users/status", "seatpools/status", "seatslices")
	for _, a := range drawn([]accident{
		{fault: operator.NotSent, nth: 1},
		{fault: operator.NoAnswer, nth: 1, death: true},
		{fault: operator.NotSent, nth: 2},
		{fault: operator.NoAnswer, nth: 2, death: true},
		{fault: operator.NotSent, nth: 3},
		{fault: operator.NoAnswer, nth: 3, death: true},
	}) {
		for name, comes := range map[string]bool{"goes": false, "comes": true} {
			t.Run(name+", "+a.String(), func(t *testing.T) {
				t.Parallel()
				w := rejecting(t)
				happens := func() { rejectHeld(w) }
				if comes {
					happens()
					w.Settle()
					happens = func() { w.Create(member("cid")) }
				}
				happens()
				w.CatchUp()
				hit := w.Traffic.Break(a.fault, a.nth, writes)
				if a.death {
					hit = w.Traffic.Kill(a.fault, a.nth, writes)
				}
				suffer(t, w, hit, a.death)
				w.Settle()
				wantLedger(t, w, full)
				wantRights(t, w, "ada", "cid", "dan", "eve")
				want := []string{"cid", "dan"}
				if comes {
					want = want[1:]
					wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
				}
				if diff := cmp.Diff(want, parkedRecords(t, w)); diff != "" {
					t.Errorf("parked are (-want +got):\n%s", diff)
				}
			})
		}
	}
}
