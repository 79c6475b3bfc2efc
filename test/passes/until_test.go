// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// until sets when access ends.
func until(t time.Time) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Spec.AccessUntil = new(metav1.NewTime(t)) }
}

// Rule IN-1: somebody who is over at creation takes no seat, also when the pool looks before anybody has recorded that.
func TestIN1_OverBeforeAnybodyLooks(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada")()...)
	w.Settle()
	w.Create(build.User("bea").Roles("member").Until(passes.Noon.Add(-time.Hour)).Obj(), member("cid"))
	w.See("bea", &v1alpha1.User{})
	w.See("cid", &v1alpha1.User{})
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Fatal(err)
	}
	wantLedger(t, w, map[int32]string{0: "ada", 1: "cid"})
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "cid"})
}

// Rules IN-1, IN-4: who owns the organization is asked past the cache before access ends.
func TestIN1_WhoHasJustBecomeTheOwnerStays(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada", "bea")()...)
	w.Settle()
	w.Answer("bea", accept)
	end := passes.Noon.Add(10 * time.Hour)
	edit("bea", until(end))(w)
	w.Settle()
	thaw := w.Traffic.Freeze("organizations")
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "bea" })
	w.Clock.SetTime(end)
	if _, err := w.Pass(passes.User, "bea"); err != nil {
		t.Fatal(err)
	}
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonOwnerProtected)
	if bea.Status.AccessRevokedAt != nil || bea.Status.AccessEndedAt == nil {
		t.Errorf("access is revoked at %v, and ended at %v", bea.Status.AccessRevokedAt, bea.Status.AccessEndedAt)
	}
	thaw()
	w.Settle()
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonOwnerProtected)
}

// A pass says itself when the next one is due: for the notice, and then for the end.
func TestIN1_TimersAreSet(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada", "bea")()...)
	w.Settle()
	w.Answer("bea", accept)
	end := passes.Noon.Add(1000 * time.Hour)
	edit("bea", until(end))(w)
	w.Settle()
	for _, due := range []time.Time{end.Add(-72 * time.Hour), end} {
		result, err := w.Pass(passes.User, "bea")
		if want := due.Sub(w.Clock.Now()); err != nil || result.RequeueAfter != want {
			t.Errorf("a pass at %v asks for the next one after %s (%v), want %s", w.Clock.Now(), result.RequeueAfter, err, want)
		}
		w.Clock.SetTime(due)
		w.Settle()
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonArchived)
	wantEvent(t, w, 1, "Warning AccessEnding bea")
}
