// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// Nobody becomes the person of a record by a claim that only the cache has still: somebody else has claimed the record since, and two
// Users would have one account, of whom the one who leaves signs the other out.
func TestClaimThatSomebodyElseHasByNow(t *testing.T) {
	t.Parallel()
	w := parking(t, directed)
	record := recordOf(w, "cid@acme.example")
	w.Create(build.User("bob").Roles("member").Email("cid@acme.example").Obj())
	w.CatchUp()
	w.Traffic.Break(operator.NotSent, 1, operator.Writing("users/status"))
	_, _ = w.Pass(passes.User, "bob") // which claims, and comes no further
	w.CatchUp()
	twin := w.Twin()
	thaw := w.Traffic.Freeze("archivedusers")

	edit("bob", withEmail("bob@acme.example"))(w)
	w.Create(member("cid"))
	twin.CatchUp()
	pass(t, twin, passes.User, "cid")
	if cid := w.User("cid"); cid.Account() != record.Record.Account() || cid.Status.AcceptedAt == nil {
		t.Fatalf("cid has not taken over: %+v", cid.Status)
	}
	edit("bob", withEmail("cid@acme.example"))(w)
	w.See("cid", &v1alpha1.User{})
	w.See("bob", &v1alpha1.User{})
	var seen v1alpha1.ArchivedUser
	if err := w.Client().Get(t.Context(), client.ObjectKeyFromObject(record), &seen); err != nil || seen.Record.Parked.Heir.User != "bob" {
		t.Fatalf("the cache has the claim of %+v (%v), want that of bob", seen.Record.Parked.Heir, err)
	}
	pass(t, w, passes.User, "bob")
	if bob := w.User("bob"); bob.Account() == record.Record.Account() || bob.Status.AcceptedAt != nil {
		t.Errorf("bob has taken over what cid has: %+v", bob.Status)
	}

	thaw()
	w.Settle()
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonActive)
	wantReason(t, w, w.User("bob"), v1alpha1.ReasonEmailInUse)
	if !signIns(w)["cid@acme.example"] {
		t.Error("cid is signed out")
	}
	wantLedger(t, w, full)
}
