// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"flag"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/passes"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	// Worlds mostly wait, for the API server and their caches: with one for each processor, half of the machine is idle.
	if err := flag.Set("test.parallel", strconv.Itoa(max(5, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	env.Main(m)
}

// village is a world that has somebody in every state in which a user can rest, by the reason of Ready.
func village(t *testing.T) (*passes.World, map[string]string) {
	t.Helper()
	w := passes.New(t,
		build.Organization("acme").Owner("ada").Obj(),
		build.SeatPool("standard").Seats(130).Obj(),
		build.SeatPool("small").Seats(1).Obj(),
		build.Role("member").SeatPool("standard").Obj(),
		build.Role("scarce").SeatPool("small").Obj(),
		build.Role("lost").SeatPool("ghost").Obj(),
		build.Role("stray").In("", "ghost").Obj(),
		build.Role("free").Obj(),
		build.Team("sales").Lead("ada").Members("bea", "dan").Obj(),
		build.Team("empty").Members("nobody").Obj(),
		build.Team("adrift").In("", "ghost").Members("ada").Obj(),
		build.Organization("brief").Owner("lea").TTL(time.Hour).Obj(),
		build.Organization("headless").Owner("nobody").Obj(),
		build.Organization("lost-in-time").TimeZone("Europe/Atlantis").Owner("oda").Obj(),
		build.Organization("held").Owner("ned").Obj(),
		build.Organization("kept").Owner("rob").Obj(),
		build.Organization("brittle").Owner("zoe").Policy(v1alpha1.OffboardingDelete).Obj(),
		build.User("tea").In("", "brittle").Obj(),
		build.Role("guest").In("", "brief").Obj(),
		build.SeatPool("adrift").In("", "ghost").Seats(1).Obj(),

		secret(),
		build.SeatPool("pending").Approval().Price("10.00", "EUR").Obj(),
		build.SeatPool("refused").Seats(9).MaxSeats(1).Obj(),
		build.SeatPool("expired").Seats(1).ExpiresAt(passes.Noon).Price("10.00", "EUR").Obj(),
		build.SeatPool("termed").Seats(1).ExpiresAt(passes.Noon.Add(300*24*time.Hour)).Price("10.00", "EUR").Stripe("si_termed", "stripe").Obj(),
		build.SeatPool("metered").Metered().Included(1).Price("10.00", "EUR").Tax("20").Stripe("si_metered", "stripe").Obj(),
		build.SeatPool("rejected").Seats(1).Stripe("si_rejected", "stripe").Obj(),
		build.SeatPool("invalid").Seats(1).Price("10.00", "ABC").Obj(),
		build.SeatPool("crowded").Seats(2).OnShortage(v1alpha1.ShortageSuspend).Obj(),
		build.SeatPool("leaving").Seats(1).Obj(),
		build.Role("user").SeatPool("metered").Obj(),
		build.Role("late").SeatPool("leaving").Obj(),
		build.Role("rival").SeatPool("crowded").Obj(),
		build.User("pam").Roles("user").Obj(),
		build.User("quy").Roles("user", "late").Obj(),
		build.User("ron").Roles("rival").Obj(),
		build.User("sue").Roles("rival").Obj(),

		build.User("ada").Roles("member").Obj(),
		build.User("bea").Roles("member", "free").Obj(),
		build.User("cas").Roles("scarce").Obj(),
		build.User("cid").Roles("scarce").Obj(),
		build.User("cor").Roles("member", "scarce").Obj(),
		build.User("dan").Obj(),
		build.User("eve").Roles("member").Email("BEA@acme.example").Obj(),
		build.User("fay").Roles("member", "unheard-of").Obj(),
		build.User("gus").Roles("lost").Obj(),
		build.User("hal").In("", "ghost").Roles("member").Obj(),
		build.User("ida").Roles("member").State(v1alpha1.UserSuspended).Obj(),
		build.User("jon").Roles("member").State(v1alpha1.UserArchived).Obj(),
		build.User("kim").Roles("member").Obj(),
		build.User("tia").Roles("member").Until(passes.Noon.Add(-time.Hour)).Obj(),
		build.User("uma").Roles("free").Until(passes.Noon.Add(40*time.Hour)).Obj(),
		build.User("val").Roles("free").Until(passes.Noon.Add(40*time.Hour)).Obj(),
		build.User("lea").In("", "brief").Roles("guest").Obj(),
		build.User("max").Roles("member").Obj(),
		build.User("ned").In("", "held").State(v1alpha1.UserSuspended).Obj(),
		build.User("oda").In("", "lost-in-time").Obj(),
		build.User("rob").In("", "kept").Obj(),
	)
	w.Mail.Reject("max@acme.example", "550 5.1.1 No such user")
	w.Billing.Reject("si_rejected", "No such subscription item: 'si_rejected'")
	w.Settle()
	passes.Change(w, "pending", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(2)) })
	passes.Change(w, "termed", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Amount = "20.00" })
	passes.Change(w, "crowded", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(1)) })
	w.Delete(build.SeatPool("leaving").Obj())
	w.Answer("ada", accept)
	w.Answer("uma", accept)
	w.Answer("kim", decline)
	w.Delete(build.User("rob").Obj())
	w.Delete(build.User("tea").Obj())
	w.Clock.SetTime(w.Clock.Now().Add(time.Hour)) // lea does not answer
	w.Settle()
	return w, map[string]string{
		"ada": v1alpha1.ReasonActive, "bea": v1alpha1.ReasonInvited, "cas": v1alpha1.ReasonInvited,
		"cid": v1alpha1.ReasonAwaitingSeat, "cor": v1alpha1.ReasonAwaitingSeat, "dan": v1alpha1.ReasonNoRoles,
		"eve": v1alpha1.ReasonEmailInUse, "fay": v1alpha1.ReasonRoleNotFound, "gus": v1alpha1.ReasonSeatPoolNotFound,
		"hal": v1alpha1.ReasonOrganizationNotFound, "ida": v1alpha1.ReasonSuspended, "jon": v1alpha1.ReasonArchived,
		"kim": v1alpha1.ReasonDeclined, "lea": v1alpha1.ReasonInvitationExpired, "max": v1alpha1.ReasonMailRejected,
		"pam": v1alpha1.ReasonInvited, "quy": v1alpha1.ReasonInvited, "ron": v1alpha1.ReasonInvited, "sue": v1alpha1.ReasonAwaitingSeat,
		"ned": v1alpha1.ReasonOwnerProtected, "oda": v1alpha1.ReasonInvalidSpec, "rob": v1alpha1.ReasonOwnerProtected,
		"tia": v1alpha1.ReasonArchived, "uma": v1alpha1.ReasonActive, "val": v1alpha1.ReasonInvited,
		"tea": v1alpha1.ReasonConfirmationRequired,
	}
}

func accept(st *v1alpha1.UserStatus, now time.Time) { st.AcceptedAt = new(metav1.NewTime(now)) }

func decline(st *v1alpha1.UserStatus, now time.Time) {
	st.Invitation.DeclinedAt = new(metav1.NewTime(now))
}

// A pass over what is settled does nothing, however late it comes.
func TestQuiet(t *testing.T) {
	t.Parallel()
	w, reasons := village(t)
	for name, want := range reasons {
		if got := w.Reason(w.User(name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"standard": v1alpha1.ReasonReady, "pending": v1alpha1.ReasonOrderPending, "refused": v1alpha1.ReasonOrderRefused,
		"expired": v1alpha1.ReasonReady, "termed": v1alpha1.ReasonReady, "metered": v1alpha1.ReasonReady, "crowded": v1alpha1.ReasonReady,
		"rejected": v1alpha1.ReasonBillingRejected, "invalid": v1alpha1.ReasonInvalidSpec, "leaving": v1alpha1.ReasonSeatsHeld,
		"adrift": v1alpha1.ReasonOrganizationNotFound,
	} {
		wantReason(t, w, w.Pool(name), want)
	}
	mails, events, bills := w.Mail.Attempts(), len(w.Events.All()), len(w.Billing.Attempts())
	w.Clock.SetTime(w.Clock.Now().Add(90 * time.Minute))
	for kind, names := range w.CatchUp() {
		for _, name := range append(names, "no-such-object") {
			w.Traffic.Reset()
			if result, err := w.Pass(kind, name); err != nil || result.RequeueAfter > 0 && result.RequeueAfter < 24*time.Hour {
				t.Errorf("%s %s: the pass ends with %v, %v", kind, name, result, err)
			}
			w.Delivered()
			w.Billed()
			if n := len(w.Billing.Attempts()) - bills; n != 0 {
				t.Errorf("%s %s: the pass asks the billing provider %d times", kind, name, n)
			}
			if all := append(w.Traffic.Writes(), w.Traffic.Reads()...); len(all) > 0 {
				t.Errorf("%s %s: the pass asks the API server for %v", kind, name, all)
			}
			if n := w.Mail.Attempts() - mails; n != 0 {
				t.Errorf("%s %s: the pass sends %d mails", kind, name, n)
			}
			if all := w.Events.All(); len(all) != events {
				t.Errorf("%s %s: the pass announces %v", kind, name, all[events:])
			}
		}
	}
}

// The clock moves in small steps through what the pace of a pass may depend on.
func TestQuietAllDayLong(t *testing.T) {
	t.Parallel()
	w, _ := village(t)
	w.Traffic.Reset()
	for range 24 {
		w.Clock.SetTime(w.Clock.Now().Add(time.Hour))
		if settled, err := w.Round(); !settled || err != nil {
			t.Fatalf("at %s: %v, writes %v", w.Clock.Now(), err, w.Traffic.Writes())
		}
	}
	if reads := w.Traffic.Reads(); len(reads) > 0 {
		t.Errorf("a settled system reads %v", reads)
	}
}
