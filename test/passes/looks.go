// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import (
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
)

// Tick has those directories looked at that are due, and says how often they were asked.
func (w *World) Tick() int {
	w.t.Helper()
	asked := w.Directory.Attempts()
	w.must(w.looks.Tick(w.t.Context()), "looking at directories")
	w.Delivered()
	return w.Directory.Attempts() - asked
}

// Look has all directories looked at once, when the next look is due, and waits until that is done with all that follows at once.
func (w *World) Look() {
	w.t.Helper()
	w.beginLook()
	w.Delivered()
}

// LookWhile is Look, and does something when it is known whose accounts there are to be, before the directory says which there are.
func (w *World) LookWhile(do func()) {
	w.t.Helper()
	gate := w.Directory.Hang()
	w.beginLook()
	<-gate.Reached()
	do()
	gate.Open()
	w.Delivered()
}

func (w *World) beginLook() {
	w.t.Helper()
	w.CatchUp()
	const period = 10 * time.Minute
	w.must(w.looks.Tick(w.t.Context()), "finding directories")
	w.Clock.Step(2 * period) // jitter and all
	w.must(w.looks.Tick(w.t.Context()), "looking at directories")
}

// SignOut has somebody signed out of whom a record is left, as it was seen.
func (w *World) SignOut(record *v1alpha1.ArchivedUser) {
	w.t.Helper()
	w.users().SignOut(get[v1alpha1.Organization](w, record.Record.Spec.Organization), record)
	w.Delivered()
}

// Asked notes that something is asked of the directory about the account of a User.
func (w *World) Asked(name string) {
	w.t.Helper()
	u := w.User(name)
	org := get[v1alpha1.Organization](w, u.Spec.Organization)
	a := account.Of(u, org, false)
	w.looks.Asked(client.ObjectKeyFromObject(org), &a)
}
