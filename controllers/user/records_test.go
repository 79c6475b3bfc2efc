// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

var noon = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

func TestDepartures(t *testing.T) {
	t.Parallel()
	ada, bea := types.NamespacedName{Namespace: "acme", Name: "ada"}, types.NamespacedName{Namespace: "acme", Name: "bea"}
	var d departures
	wants := func(why string, key types.NamespacedName, at time.Duration, want types.UID) {
		t.Helper()
		if got := d.of(key, noon.Add(at)); got != want {
			t.Errorf("%s: %q left, want %q", why, got, want)
		}
	}
	wants("nobody has left", ada, 0, "")
	d.note(ada, "1", noon)
	wants("a moment ago", ada, 0, "1")
	wants("another did not", bea, 0, "")
	d.note(ada, "2", noon.Add(time.Minute))
	wants("the latest counts", ada, time.Minute, "2")
	wants("for as long as a cache may lag", ada, time.Minute+lag, "2")
	wants("and no longer", ada, time.Minute+lag+1, "")
	d.forget(ada)
	wants("it is known what remains", ada, time.Minute, "")
}

// Whoever left long ago is not kept in memory for ever.
func TestDeparturesAreForgotten(t *testing.T) {
	t.Parallel()
	var d departures
	for i := range 5000 {
		d.note(types.NamespacedName{Name: fmt.Sprint(i)}, "1", noon.Add(time.Duration(i)*time.Minute))
	}
	if n := len(d.left); n > 1100 {
		t.Errorf("%d are remembered, of whom %d left lately", n, lag/time.Minute)
	}
}

// Whoever is gone is known to be before the next User of the name is looked at: the predicate sees the one event before the
// other.
func TestWhoIsGoneIsNoted(t *testing.T) {
	t.Parallel()
	r := &Reconciler{Base: loop.Base{Clock: clocktesting.NewFakePassiveClock(noon)}}
	u := build.User("ada").In("acme", "acme").Known("a@acme.example").Obj()
	p := r.leaving()
	if !p.Delete(event.DeleteEvent{Object: u}) || !p.Create(event.CreateEvent{Object: u}) || !p.Update(event.UpdateEvent{ObjectOld: u, ObjectNew: u}) {
		t.Error("it is not for this predicate to hold anything up")
	}
	for _, email := range []string{"a@acme.example", "ADA@acme.example"} {
		if got := r.left.of(types.NamespacedName{Namespace: "acme", Name: membership.RecordName("acme", email)}, noon); got != u.UID {
			t.Errorf("at %s, %q left, want %q", email, got, u.UID)
		}
	}
}
