// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// What is deleted is let go, whatever a pass is about to write.
func TestDeletedHalfWay(t *testing.T) {
	tests := map[passes.Kind]struct {
		happens func(*passes.World)
		name    string
		held    operator.Match
		delete  func(*passes.World)
	}{
		passes.Organization: {
			accepted("ada"), "acme", operator.Writing("organizations/status"),
			func(w *passes.World) { w.Delete(build.Organization("acme").Obj()) },
		},
		passes.Role: {
			func(w *passes.World) { w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Roles = nil }) },
			"member", operator.Writing("roles/status"),
			func(w *passes.World) { w.Delete(build.Role("member").Obj()) },
		},
		passes.Team: {
			func(w *passes.World) { w.Create(member("bea")) }, "sales", operator.Writing("teams/status"),
			func(w *passes.World) { w.Delete(build.Team("sales").Obj()) },
		},
		passes.SeatPool: {
			func(w *passes.World) { w.Create(member("bea")) }, "standard", operator.Writing("seatpools/status"),
			func(w *passes.World) { w.Delete(build.SeatPool("standard").Obj()) },
		},
		passes.User: {
			edit("ada", resend), "ada", operator.Writing("users/status"),
			func(w *passes.World) {
				passes.Change(w, "ada", func(u *v1alpha1.User) { u.Finalizers = nil })
				w.Delete(build.User("ada").Obj())
			},
		},
	}
	for kind, tt := range tests {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, acme(3, "ada")()...)
			w.Settle()
			tt.happens(w)
			w.CatchUp()
			held := w.Traffic.Hold(1, tt.held)
			ended := make(chan error)
			go func() {
				_, err := w.Pass(kind, tt.name)
				ended <- err
			}()
			<-held.Reached()
			tt.delete(w)
			held.Release()
			if err := <-ended; err != nil {
				t.Errorf("the pass ends with %v", err)
			}
			w.Settle()
		})
	}
}

// Whatever else holds an object that is being deleted, it is left alone.
func TestLeftAloneWhileItGoes(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	hold := func(o client.Object) { o.SetFinalizers([]string{"acme.example/hold"}) }
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { hold(o) })
	passes.Change(w, "member", func(o *v1alpha1.Role) { hold(o) })
	passes.Change(w, "sales", func(o *v1alpha1.Team) { hold(o) })
	for _, o := range []client.Object{build.Organization("acme").Obj(), build.Role("member").Obj(), build.Team("sales").Obj()} {
		w.Delete(o)
	}
	w.Answer("ada", accept) // which is news to all of them
	withoutRole("bea")(w)
	w.Traffic.Reset()
	w.Settle()
	touched := w.Traffic.Requests(func(r operator.Request) bool {
		return r.Writes() && slices.Contains([]string{"organizations", "roles", "teams"}, strings.TrimSuffix(r.Resource, "/status"))
	})
	if len(touched) > 0 {
		t.Errorf("what is being deleted leads to %v", touched)
	}
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// deletePool deletes the pool of acme, whose seats ada and bea hold.
func deletePool(t *testing.T) *passes.World {
	t.Helper()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	w.Delete(build.SeatPool("standard").Obj())
	w.Create(member("cid"))
	w.Settle()
	return w
}

// A pool that is deleted stays while anybody holds a seat, says so, and gives none. Nobody loses one.
func TestPoolIsHeldWhileSeatsAre(t *testing.T) {
	t.Parallel()
	w := deletePool(t)
	pool := w.Pool("standard")
	wantReason(t, w, pool, v1alpha1.ReasonSeatsHeld)
	wantCondition(t, pool, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonSeatsHeld, "2 ")
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)
	wantReason(t, w, w.User("cid"), v1alpha1.ReasonSeatPoolNotFound)
	w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
	w.Traffic.Reset()
	if settled, err := w.Round(); !settled || err != nil {
		t.Errorf("one more round ends with %v and writes %v", err, w.Traffic.Writes())
	}
	withoutRole("bea")(w)
	w.Settle()
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonSeatsHeld, "1 ")
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// It goes when the holders do, or when their roles need another pool.
func TestPoolGoesWithItsHolders(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(*passes.World){
		"without roles": func(w *passes.World) {
			withoutRole("ada")(w)
			withoutRole("bea")(w)
		},
		"archived": func(w *passes.World) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "cid" })
			edit("ada", state(v1alpha1.UserArchived))(w)
			edit("bea", state(v1alpha1.UserArchived))(w)
		},
		"with another pool": func(w *passes.World) {
			w.Create(build.SeatPool("other").Seats(3).Obj())
			passes.Change(w, "member", func(r *v1alpha1.Role) { r.Spec.SeatPool = "other" })
		},
		"with a free role": func(w *passes.World) {
			passes.Change(w, "member", func(r *v1alpha1.Role) { r.Spec.SeatPool = "" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := deletePool(t)
			happens(w)
			w.Settle()
			if w.Find("standard", &v1alpha1.SeatPool{}) {
				t.Errorf("the pool is still there, and its seats are held by %v", w.Ledger("standard"))
			}
			if held := w.Ledger("standard"); len(held) > 0 {
				t.Errorf("the pool is gone, and its seats are held by %v", held)
			}
			if name == "with another pool" {
				if held := w.Ledger("other"); len(held) != 3 {
					t.Errorf("the seats of the other pool are held by %v", held)
				}
				wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)
			}
		})
	}
}

// What befalls the slices of a pool that goes does not keep it.
func TestPoolGoesWithItsSlices(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string]int64{"that were written": 0, "of a turn that was not finished": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := deletePool(t)
			pool := w.Pool("standard")
			pool.Status.Ledger.Turn += turn
			if err := env.Client(t).Status().Update(t.Context(), pool); err != nil {
				t.Fatal(err)
			}
			w.Delete(&v1alpha1.SeatSlice{ObjectMeta: metav1.ObjectMeta{Name: "standard-0"}})
			w.Settle()
			if w.Find("standard", &v1alpha1.SeatPool{}) {
				t.Error("the pool is still there")
			}
		})
	}
}

// A User whom somebody else holds too is recorded and let go by us.
func TestUserHeldByOthers(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	edit("bea", func(u *v1alpha1.User) { u.Finalizers = append(u.Finalizers, "acme.example/hold") })(w)
	w.Delete(build.User("bea").Obj())
	w.Settle()
	if got := w.User("bea").Finalizers; len(got) != 1 || got[0] != "acme.example/hold" {
		t.Errorf("bea is held by %v", got)
	}
	wantLedger(t, w, map[int32]string{0: "ada"})
	var records v1alpha1.ArchivedUserList
	if err := env.Client(t).List(t.Context(), &records, client.InNamespace(w.Namespace)); err != nil || len(records.Items) != 1 {
		t.Errorf("there are %d records (%v), want 1", len(records.Items), err)
	}
}

// In a namespace that goes nothing can be recorded any more, and everybody goes nevertheless.
func TestNamespaceGoes(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(1, "ada", "bea")()...)
	w.Settle()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	if err := env.Client(t).Delete(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []client.Object{ // as its deletion does by and by
		&v1alpha1.Organization{}, &v1alpha1.SeatPool{}, &v1alpha1.SeatSlice{}, &v1alpha1.User{},
	} {
		if err := env.Client(t).DeleteAllOf(t.Context(), kind, client.InNamespace(w.Namespace)); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		_, _ = w.Round() // others delete at the same time
		var users v1alpha1.UserList
		var pools v1alpha1.SeatPoolList
		for _, list := range []client.ObjectList{&users, &pools} {
			if err := env.Client(t).List(t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
				t.Fatal(err)
			}
		}
		if len(users.Items)+len(pools.Items) == 0 {
			return
		}
	}
	t.Error("somebody or some pool does not go")
}

// A pool that is declared again under its name goes on with the slices of the one before, as long as they are there.
func TestPoolIsDeclaredAgain(t *testing.T) {
	t.Parallel()
	// Somebody lets the pool go by force.
	for name, orphaned := range map[string]bool{"slices are collected": false, "slices are left behind": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, acme(2, "ada", "bea", "cid")()...)
			w.Settle()
			turn := w.Pool("standard").Status.Ledger.Turn
			if orphaned { // as kubectl delete --cascade=orphan does
				passes.Change(w, "standard-0", func(s *v1alpha1.SeatSlice) { s.OwnerReferences = nil })
			}
			w.Delete(build.SeatPool("standard").Obj())
			passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Finalizers = nil })
			w.Create(build.SeatPool("standard").Seats(2).Obj())
			withoutRole("ada")(w)
			w.Settle()
			if !orphaned { // as the garbage collector does, now or earlier
				if err := env.Client(t).DeleteAllOf(t.Context(), &v1alpha1.SeatSlice{}, client.InNamespace(w.Namespace)); err != nil {
					t.Fatal(err)
				}
				w.Settle()
			} else if now := w.Pool("standard").Status.Ledger.Turn; now <= turn {
				t.Errorf("the pool takes turn %d after turn %d of the one before", now, turn)
			}
			ledger := w.Ledger("standard")
			if seated := slices.Sorted(maps.Values(ledger)); !slices.Equal(seated, []string{"bea", "cid"}) {
				t.Errorf("the seats are held by %v, want bea and cid", ledger)
			}
			wantMails(t, w, "ada@acme.example", "bea@acme.example", "cid@acme.example")
		})
	}
}

// A pool that was let go leaves slices without holders, which its successor takes over.
func TestPoolIsDeclaredAgainAfterItWent(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada")()...)
	w.Settle()
	w.Delete(build.SeatPool("standard").Obj())
	withoutRole("ada")(w)
	w.Settle()
	w.Create(build.SeatPool("standard").Seats(1).Obj(), member("bea"))
	edit("ada", func(u *v1alpha1.User) { u.Spec.Roles = []string{"member"} })(w)
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonAwaitingSeat)
}

// Whoever took the last turn may still write its slices: the pool goes when they cannot any more.
func TestPoolGoesAfterItsLastTurn(t *testing.T) {
	t.Parallel()
	w := settled(t, acme(2)()...)
	pool := w.Pool("standard")
	pool.Status.Ledger = &v1alpha1.LedgerTurn{Turn: 7, Slices: []int32{0}}
	if err := env.Client(t).Status().Update(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	w.Delete(build.SeatPool("standard").Obj())
	w.See("standard", pool)
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Fatal(err)
	}
	if !w.Find("standard", &v1alpha1.SeatPool{}) {
		t.Fatal("it goes in the middle of a turn")
	}
	w.Settle()
	if w.Find("standard", &v1alpha1.SeatPool{}) {
		t.Error("it stays when the turn is over")
	}
}
