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
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// short is a pool that suspends in a shortage, whose seats the users got one after the other. They have accepted.
func short(t *testing.T, objects []client.Object, users ...string) *passes.World {
	t.Helper()
	w := settled(t, objects...)
	for _, name := range users {
		w.Create(member(name))
		w.Settle()
		w.Answer(name, accept)
	}
	w.Settle()
	return w
}

func suspending(seats int32) *build.SeatPoolBuilder {
	return standard(seats).OnShortage(v1alpha1.ShortageSuspend)
}

func wantUsers(t *testing.T, w *passes.World, reasons map[string]string) {
	t.Helper()
	for name, want := range reasons {
		wantReason(t, w, w.User(name), want)
	}
}

// The newest holders lose their seats and wait, and everybody is told. When there are enough seats again they are back,
// without another invitation.
func TestShortageSuspends(t *testing.T) {
	t.Parallel()
	w := short(t, selling(suspending(4)), "ada", "bea", "cid", "dan")
	mails := len(w.Mail.Sent())
	scale(w, 2)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantUsers(t, w, map[string]string{
		"ada": v1alpha1.ReasonActive, "bea": v1alpha1.ReasonActive, "cid": v1alpha1.ReasonAwaitingSeat, "dan": v1alpha1.ReasonAwaitingSeat,
	})
	cid := w.User("cid")
	wantCondition(t, cid, v1alpha1.ConditionSeated, metav1.ConditionFalse, v1alpha1.ReasonAwaitingSeat,
		"lost the seat in seat pool standard, which had more holders than seats", "number 1 in its queue")
	wantCondition(t, cid, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonAwaitingSeat, "add seats, or free one")
	if st := cid.Status; len(st.Roles)+len(st.Seats) > 0 || len(st.Withdrawals) != 1 || st.Withdrawals[0].Pool != "standard" || st.AccessRevokedAt == nil || st.AcceptedAt == nil {
		t.Errorf("cid has the status %+v", st)
	}
	pool := w.Pool("standard")
	wantCondition(t, pool, v1alpha1.ConditionOvercommitted, metav1.ConditionFalse, v1alpha1.ReasonWithinCapacity)
	if st := pool.Status; *st.Assigned != 2 || *st.Waiting != 2 || !slices.Equal(st.Queue, []string{"cid", "dan"}) {
		t.Errorf("the pool has the status %+v", st)
	}
	wantEvent(t, w, 1, "Warning SeatsWithdrawn standard", "dan, cid")
	wantEvent(t, w, 1, "Warning AwaitingSeat cid")
	wantEvent(t, w, 1, "Warning AwaitingSeat dan")
	wantEvent(t, w, 0, "AwaitingSeat bea")
	wantQuiet(t, w)

	scale(w, 4)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid", 3: "dan"})
	wantUsers(t, w, map[string]string{"cid": v1alpha1.ReasonActive, "dan": v1alpha1.ReasonActive})
	if st := w.User("cid").Status; len(st.Withdrawals) > 0 || st.AccessRevokedAt != nil || !slices.Equal(st.Roles, []string{"member"}) {
		t.Errorf("cid is back with the status %+v", st)
	}
	if n := len(w.Mail.Sent()); n != mails {
		t.Errorf("%d mails were sent, want the first %d", n, mails)
	}
	wantQuiet(t, w)
}

// An invitation that is open loses its seat too, and its link is dead. With a seat there is another.
func TestShortageRevokesAnInvitation(t *testing.T) {
	t.Parallel()
	w := short(t, selling(suspending(2)), "ada")
	w.Create(member("bea"))
	w.Settle()
	scale(w, 1)
	w.Settle()
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonAwaitingSeat)
	wantCondition(t, bea, v1alpha1.ConditionInvited, metav1.ConditionFalse, v1alpha1.ReasonInvitationRevoked)
	scale(w, 2)
	w.Settle()
	again := w.User("bea")
	wantReason(t, w, again, v1alpha1.ReasonInvited)
	if again.Status.Invitation.Sequence == bea.Status.Invitation.Sequence {
		t.Error("the link that was dead is alive again")
	}
}

// The owner is spared, however new, and so is who a role needs.
func TestShortageSparesOwnerAndMinHolders(t *testing.T) {
	t.Parallel()
	objects := append(selling(suspending(4)), build.Role("lead").SeatPool("standard").MinHolders(1).Obj())
	w := short(t, objects, "bea", "cid", "ada")
	w.Create(build.User("dan").Roles("lead").Obj())
	w.Settle()
	w.Answer("dan", accept)
	w.Settle()
	scale(w, 2)
	w.Settle()
	wantUsers(t, w, map[string]string{
		"ada": v1alpha1.ReasonActive, "dan": v1alpha1.ReasonActive, "cid": v1alpha1.ReasonAwaitingSeat, "bea": v1alpha1.ReasonAwaitingSeat,
	})
	scale(w, 0)
	w.Settle()
	wantUsers(t, w, map[string]string{"ada": v1alpha1.ReasonActive, "dan": v1alpha1.ReasonActive})
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionOvercommitted, metav1.ConditionTrue, v1alpha1.ReasonCapacityBelowUse, "spared")
	wantQuiet(t, w)
}

// Without Suspend nobody loses a seat. When it comes later, it holds for the shortage that there is.
func TestShortageKeeps(t *testing.T) {
	t.Parallel()
	w := short(t, selling(standard(3)), "ada", "bea", "cid")
	scale(w, 1)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "cid"})
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionOvercommitted, metav1.ConditionTrue, v1alpha1.ReasonCapacityBelowUse, "nobody loses one")
	wantEvent(t, w, 0, "SeatsWithdrawn")
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.OnShortage = v1alpha1.ShortageSuspend })
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// A term that ends is a shortage like any other.
func TestShortageByExpiry(t *testing.T) {
	t.Parallel()
	w := short(t, selling(suspending(2).Included(1).ExpiresAt(endOfTerm)), "ada", "bea")
	w.Clock.SetTime(endOfTerm)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonAwaitingSeat)
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = nil })
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
}

// withdrawing is a world in which the pool has marked the seat of bea, who has not noticed.
func withdrawing(t *testing.T) *passes.World {
	t.Helper()
	w := short(t, selling(suspending(2)), "ada", "bea")
	scale(w, 1)
	w.CatchUp()
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Fatal(err)
	}
	w.CatchUp()
	return w
}

// A seat is free only when what came with it is revoked.
func TestAccessIsRevokedBeforeTheSeatIsFree(t *testing.T) {
	t.Parallel()
	w := withdrawing(t)
	w.Create(member("cid"))
	w.CatchUp()
	pool := w.Pool("standard")
	wantCondition(t, pool, v1alpha1.ConditionOvercommitted, metav1.ConditionTrue, v1alpha1.ReasonWithdrawingSeats, "bea")
	both := map[int32]string{0: "ada", 1: "bea"}
	for range 3 { // however often the pool looks
		w.Clock.SetTime(w.Clock.Now().Add(time.Second))
		if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
			t.Error(err)
		}
		wantLedger(t, w, both)
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
	if _, err := w.Pass(passes.User, "bea"); err != nil {
		t.Error(err)
	}
	wantLedger(t, w, both)
	if st := w.User("bea").Status; len(st.Roles) > 0 || st.AccessRevokedAt == nil || len(st.Withdrawals) != 1 {
		t.Errorf("bea has the status %+v", st)
	}
	w.CatchUp()
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Error(err)
	}
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// Seats that return in between are not taken: the marks go, whether or not their holders have noticed.
func TestMarksAreTakenBack(t *testing.T) {
	t.Parallel()
	for name, noticed := range map[string]bool{"before anybody noticed": false, "after access was revoked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withdrawing(t)
			if noticed {
				if _, err := w.Pass(passes.User, "bea"); err != nil {
					t.Error(err)
				}
			}
			mails := len(w.Mail.Sent())
			w.Create(member("cid"))
			scale(w, 2)
			w.Settle()
			wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
			bea := w.User("bea")
			wantReason(t, w, bea, v1alpha1.ReasonActive)
			if st := bea.Status; len(st.Withdrawals) > 0 || st.AccessRevokedAt != nil || !slices.Equal(st.Roles, []string{"member"}) {
				t.Errorf("bea has the status %+v", st)
			}
			if n := len(w.Mail.Sent()); n != mails {
				t.Errorf("%d mails were sent, want the first %d", n, mails)
			}
		})
	}
}

// A mark that somebody sees late does not take the seat that was given back meanwhile.
func TestStaleMark(t *testing.T) {
	t.Parallel()
	w := withdrawing(t)
	thaw := w.Traffic.Freeze("seatslices")
	scale(w, 2)
	twin := w.Twin()
	for range 3 {
		w.Clock.SetTime(w.Clock.Now().Add(time.Second))
		twin.CatchUp()
		if _, err := twin.Pass(passes.SeatPool, "standard"); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.Pass(passes.User, "bea"); err != nil { // who still sees the mark
		t.Error(err)
	}
	twin.CatchUp()
	if _, err := twin.Pass(passes.SeatPool, "standard"); err != nil {
		t.Error(err)
	}
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonActive)
}

// Nor does somebody who has not seen the mark bring back the access that was revoked for it.
func TestStaleSlicesBringNoAccessBack(t *testing.T) {
	t.Parallel()
	w := short(t, selling(suspending(2)), "ada", "bea")
	twin := w.Twin()
	thaw := twin.Traffic.Freeze("seatslices")
	scale(w, 1)
	w.CatchUp()
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Fatal(err)
	}
	w.CatchUp()
	if _, err := w.Pass(passes.User, "bea"); err != nil {
		t.Fatal(err)
	}
	twin.See("bea", &v1alpha1.User{})
	if _, err := twin.Pass(passes.User, "bea"); err != nil {
		t.Error(err)
	}
	if st := w.User("bea").Status; len(st.Roles) > 0 || st.AccessRevokedAt == nil || len(st.Withdrawals) != 1 {
		t.Errorf("bea has the status %+v", st)
	}
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// Who is deleted while the seat is being withdrawn is recorded and goes.
func TestDeletedWhileWithdrawn(t *testing.T) {
	t.Parallel()
	w := withdrawing(t)
	held := w.Traffic.Hold(1, operator.Writing("users/status"))
	ended := make(chan error)
	go func() {
		_, err := w.Try(passes.User, "bea")
		ended <- err
	}()
	<-held.Reached()
	w.Delete(build.User("bea").Obj())
	held.Release()
	if err := <-ended; err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	w.Settle()
	if w.Find("bea", &v1alpha1.User{}) {
		t.Error("bea is still there")
	}
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// Roles of several pools take a seat in each. A pool that has none left withholds its role alone.
func TestSeveralPools(t *testing.T) {
	t.Parallel()
	w := settled(t, append(selling(standard(3)),
		build.SeatPool("addon").Seats(1).OnShortage(v1alpha1.ShortageSuspend).Obj(), build.Role("analyst").SeatPool("addon").Obj(),
		build.User("ada").Roles("member", "analyst").Obj())...)
	w.Create(build.User("bea").Roles("member", "analyst").Obj())
	w.Settle()
	if st := w.User("ada").Status; !slices.Equal(st.Seats, []string{"addon", "standard"}) || !slices.Equal(st.Roles, []string{"analyst", "member"}) {
		t.Errorf("ada has the status %+v", st)
	}
	bea := w.User("bea")
	if st := bea.Status; !slices.Equal(st.Seats, []string{"standard"}) || !slices.Equal(st.Roles, []string{"member"}) || st.Invitation.SentAt == nil {
		t.Errorf("bea has the status %+v", st)
	}
	wantCondition(t, bea, v1alpha1.ConditionSeated, metav1.ConditionFalse, v1alpha1.ReasonAwaitingSeat, "addon")

	passes.Change(w, "addon", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(2)) })
	w.Settle()
	if st := w.User("bea").Status; !slices.Equal(st.Roles, []string{"analyst", "member"}) {
		t.Errorf("with one more seat bea has the status %+v", st)
	}
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)

	passes.Change(w, "addon", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(1)) })
	w.Settle()
	bea = w.User("bea")
	if st := bea.Status; !slices.Equal(st.Roles, []string{"member"}) || st.AccessRevokedAt != nil || len(st.Withdrawals) != 1 {
		t.Errorf("without the seat of the add-on bea has the status %+v", st)
	}
	if n := len(w.Mail.Sent()); n != 2 {
		t.Errorf("%d mails were sent, want 2", n)
	}
	wantQuiet(t, w)
}
