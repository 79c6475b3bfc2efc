// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// spent removes bea from a guarded world, which is the one removal that it allows.
func spent(t *testing.T, w *passes.World) {
	t.Helper()
	edit("bea", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
}

// Another person in one's place takes the access of the one who was there: that is a removal, and nothing happens while it is
// held. Approved, it happens as ever.
func TestReplacementIsARemoval(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeReplace })
	spent(t, w)
	edit("cid", func(u *v1alpha1.User) { u.Spec.Email = "gus@acme.example" })(w)
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")
	cid := w.User("cid")
	wantCondition(t, cid, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRemovalHeld, "or set spec.email back")
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonRemovalsHeld, "1 removal is held", "cid (Replace)")
	if cid.Status.Email != "cid@acme.example" || cid.Status.AcceptedAt == nil {
		t.Errorf("cid is replaced: %+v", cid.Status)
	}
	approveHeld(w)
	w.Settle()
	cid = w.User("cid")
	wantReason(t, w, cid, v1alpha1.ReasonInvited)
	if cid.Status.Email != "gus@acme.example" || cid.Status.AcceptedAt != nil {
		t.Errorf("cid is not replaced: %+v", cid.Status)
	}
}

// An end of access that nobody could see ahead is a removal; one that was seen is none, however many.
func TestSuddenEndIsARemoval(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	planned := w.Clock.Now().Add(90 * time.Minute)
	edit("eve", until(planned))(w)
	spent(t, w)
	edit("cid", until(w.Clock.Now().Add(-time.Hour)))(w)
	edit("dan", until(w.Clock.Now().Add(30*time.Minute)))(w)
	w.Settle()
	wantStaying(t, w, "cid", "dan", "eve")
	wantCondition(t, w.User("cid"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRemovalHeld, "or set a later spec.accessUntil")
	wantReason(t, w, w.User("dan"), v1alpha1.ReasonActive) // it is not over
	w.Clock.SetTime(planned)
	w.Settle()
	wantReason(t, w, w.User("eve"), v1alpha1.ReasonArchived)
	wantStaying(t, w, "cid") // the window has moved on by then, and dan is one removal
	if r := acmeOf(w).Status.Removals; len(r.Held) != 1 || r.Held[0].Kind != v1alpha1.RemovalEnd || len(r.Passed) != 1 || r.Passed[0].User != "dan" {
		t.Errorf("on record is %+v", r)
	}
	edit("cid", until(planned.Add(10*time.Hour)))(w)
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
}

// overseen is a guarded world in which all are admins by a team, of whom there has to be one.
func overseen(t *testing.T) *passes.World {
	t.Helper()
	objects := []client.Object{
		build.Organization("acme").Owner("ada").Protection("1", time.Hour).Obj(), build.SeatPool("standard").Seats(9).Obj(),
		build.Role("member").SeatPool("standard").RoleRefs("view").Obj(), build.Role("admin").MinHolders(1).Obj(),
		build.Team("office").Members("ada", "cid", "dan").Roles("admin").Obj(), member("ada"),
	}
	for _, name := range guardedPeople {
		objects = append(objects, member(name))
	}
	return working(t, objects, append([]string{"ada"}, guardedPeople...)...)
}

// The loss of a role that somebody has to hold is a removal, by whatever it is lost.
func TestLossOfARoleIsARemoval(t *testing.T) {
	t.Parallel()
	w := overseen(t)
	spent(t, w)
	passes.Change(w, "office", func(tm *v1alpha1.Team) {
		tm.Spec.Members = slices.DeleteFunc(tm.Spec.Members, func(m v1alpha1.TeamMembership) bool { return m.User == "cid" })
	})
	w.Settle()
	cid := w.User("cid")
	wantCondition(t, cid, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRemovalHeld, "keeps role admin", "or give the role back")
	if !access.Holds(cid, "admin") {
		t.Errorf("cid holds %v", cid.Status.Roles)
	}
	wantCondition(t, acmeOf(w), v1alpha1.ConditionRemovalsHeld, metav1.ConditionTrue, v1alpha1.ReasonRemovalsHeld, "cid (RoleLoss)")
	w.Traffic.Reset()
	w.Settle()
	if writes := w.Traffic.Writes(); len(writes) > 0 {
		t.Errorf("while it is held, written are %v", writes)
	}
	approveHeld(w)
	w.Settle()
	cid = w.User("cid")
	wantReason(t, w, cid, v1alpha1.ReasonActive)
	if access.Holds(cid, "admin") {
		t.Errorf("cid holds %v", cid.Status.Roles)
	}

	w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour))
	passes.Change(w, "office", func(tm *v1alpha1.Team) { tm.Spec.Members = tm.Spec.Members[:1] })
	w.Settle()
	if dan := w.User("dan"); access.Holds(dan, "admin") {
		t.Errorf("within the limit, dan holds %v", dan.Status.Roles)
	}
	edit("eve", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantReason(t, w, w.User("eve"), v1alpha1.ReasonRemovalHeld) // the loss counted
}

// An approved deletion is no other one when the User is edited before anybody has looked at it.
func TestApprovedDeletionHoldsForTheUser(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	spent(t, w)
	w.Delete(build.User("cid").Obj())
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonRemovalHeld)
	approveHeld(w)
	w.CatchUp()
	pass(t, w, passes.Organization, "acme")
	edit("cid", func(u *v1alpha1.User) { u.Spec.GivenName = "Cid" })(w)
	w.Settle()
	wantStaying(t, w, "dan", "eve")
}
