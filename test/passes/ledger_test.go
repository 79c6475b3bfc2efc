// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// An operator takes a turn to give somebody a seat in the second slice, and stalls. The next one fences the turn and
// gives the person a seat in the first slice. What the stalled one still sends changes nothing.
func TestLateWriterIsFencedOff(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(v1alpha1.SeatsPerSlice+1)()...)
	holders := map[int32]string{}
	for seat := range int32(v1alpha1.SeatsPerSlice) {
		holders[seat] = fmt.Sprintf("u%02d", seat)
		w.Create(member(holders[seat]))
	}
	w.Create(member("zoe"))
	w.Scatter("standard", holders)
	w.CatchUp()
	held := w.Traffic.Hold(1, operator.Writing("seatslices"))
	ended := make(chan error)
	go func() {
		_, err := w.Pass(passes.SeatPool, "standard")
		ended <- err
	}()
	<-held.Reached()
	withoutRole(holders[7])(w)
	holders[7] = "zoe"
	twin := w.Twin()
	for range 4 {
		w.Clock.SetTime(w.Clock.Now().Add(time.Second))
		twin.CatchUp()
		if _, err := twin.Pass(passes.SeatPool, "standard"); err != nil {
			t.Errorf("the pass of the next operator ends with %v", err)
		}
	}
	wantLedger(t, w, holders)
	w.Traffic.Reset()
	held.Release()
	if err := <-ended; err != nil {
		t.Errorf("the late pass ends with %v", err)
	}
	if w.Traffic.Refused() != 1 {
		t.Error("the late write was not refused")
	}
	wantLedger(t, w, holders)
}

// A turn is left to its writer for a moment, so that two operators do not cut each other off for ever.
func TestTurnIsLeftToItsWriterForAMoment(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2)()...)
	w.Settle()
	w.Create(member("ada"))
	w.CatchUp()
	dead := w.Traffic.Kill(operator.NotSent, 1, operator.Writing("seatslices"))
	if _, err := w.Pass(passes.SeatPool, "standard"); err == nil {
		t.Error("the pass does not tell that it could not write")
	}
	<-dead
	w.Traffic.Restore()
	w.Restart()
	w.CatchUp()
	w.Traffic.Reset()
	result, err := w.Pass(passes.SeatPool, "standard")
	if err != nil || result.RequeueAfter <= 0 {
		t.Errorf("the next operator's pass ends with %v, %v, want another look soon", result, err)
	}
	if wrote := w.Traffic.Writes(); len(wrote) > 0 {
		t.Errorf("the next operator writes %v at once", wrote)
	}
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// The slices of a turn are written in any order, and some perhaps never: at no moment are there more seats held than
// there are.
func TestSeatsAreFreedBeforeTheyAreGivenElsewhere(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"standard-0", "standard-1"} {
		t.Run(last+" is written last", func(t *testing.T) {
			w := passes.New(t, scattered()...)
			w.Settle()
			scatter(w)
			w.Settle()
			held := w.Traffic.Hold(1, func(r operator.Request) bool {
				return r.Writes() && r.Resource == "seatslices" && r.Name == last
			})
			withoutRole("cid")(w)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				w.Settle()
			}()
			<-held.Reached()
			if got := w.Ledger("standard"); len(got) > 4 {
				t.Errorf("4 seats are held by %v", got)
			}
			held.Release()
			<-ended
			wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "eve", 65: "dan"})
		})
	}
}

// Whoever holds a seat beyond the capacity keeps it, and nobody else is given one until enough are free.
func TestShrink(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea", "cid", "dan", "eve")()...)
	w.Settle()
	scale(w, 1)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid"})
	withoutRole("ada")(w)
	withoutRole("bea")(w)
	w.Settle()
	wantLedger(t, w, map[int32]string{2: "cid"})
	withoutRole("cid")(w)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "dan"})
}

// Who is to leave keeps the seat until access is revoked, whoever looks first.
func TestSeatIsFreedAfterAccessIsRevoked(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*passes.World){
		"suspended": edit("bea", state(v1alpha1.UserSuspended)),
		"archived":  edit("bea", state(v1alpha1.UserArchived)),
		"deleted":   func(w *passes.World) { w.Delete(build.User("bea").Obj()) },
		"declined":  func(w *passes.World) { w.Answer("bea", decline) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, acme(2, "ada", "bea")()...)
			w.Settle()
			leave(w)
			w.CatchUp()
			held := map[int32]string{0: "ada", 1: "bea"}
			if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
				t.Error(err)
			}
			wantLedger(t, w, held)
			if _, err := w.Pass(passes.User, "bea"); err != nil {
				t.Error(err)
			}
			wantLedger(t, w, held)
			if w.User("bea").Status.AccessRevokedAt == nil {
				t.Error("access is not revoked")
			}
			w.Settle()
			wantLedger(t, w, map[int32]string{0: "ada"})
		})
	}
}
