// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// refused does a pass that rests on an outdated view, and checks that it comes to nothing and asks for another look.
func refused(t *testing.T, w *passes.World, kind passes.Kind, name string) {
	t.Helper()
	before := w.State()
	w.Traffic.Reset()
	result, err := w.Pass(kind, name)
	if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > time.Second {
		t.Errorf("the pass ends with %v, %v, want another look soon", result, err)
	}
	if w.Traffic.Refused() != 1 {
		t.Errorf("the pass was not refused: writes %v", w.Traffic.Writes())
	}
	if diff := cmp.Diff(before, w.State()); diff != "" {
		t.Errorf("the pass changes something:\n%s", diff)
	}
}

func wantReason(t *testing.T, w *passes.World, o v1alpha1.Conditioned, want string) {
	t.Helper()
	if got := w.Reason(o); got != want {
		t.Errorf("%s is %s, want %s", o.GetName(), got, want)
	}
}

// wantCondition checks a condition, and that its message says all of words.
func wantCondition(t *testing.T, o v1alpha1.Conditioned, kind string, status metav1.ConditionStatus, reason string, words ...string) {
	t.Helper()
	conditions, _ := o.StatusConditions()
	c := meta.FindStatusCondition(*conditions, kind)
	if c == nil {
		t.Errorf("%s has no condition %s", o.GetName(), kind)
		return
	}
	if c.Status != status || c.Reason != reason {
		t.Errorf("%s has %s=%s for %s (%s), want %s for %s", o.GetName(), kind, c.Status, c.Reason, c.Message, status, reason)
	}
	for _, word := range words {
		if !strings.Contains(c.Message, word) {
			t.Errorf("%s: the message of %s does not say %q: %s", o.GetName(), kind, word, c.Message)
		}
	}
}

// wantNone checks that there is no condition of a kind.
func wantNone(t *testing.T, o v1alpha1.Conditioned, kind string) {
	t.Helper()
	conditions, _ := o.StatusConditions()
	if c := meta.FindStatusCondition(*conditions, kind); c != nil {
		t.Errorf("%s has %s=%s for %s (%s), want none", o.GetName(), kind, c.Status, c.Reason, c.Message)
	}
}

func TestStaleOrganization(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("organizations")
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "nobody" })
	w.Answer("ada", accept)
	w.See("ada", &v1alpha1.User{})
	refused(t, w, passes.Organization, "acme")
	thaw()
	w.Settle()
	org := &v1alpha1.Organization{}
	w.Find("acme", org)
	wantReason(t, w, org, v1alpha1.ReasonOwnerNotFound)
	if *org.Status.Active != 1 || *org.Status.Invited != 1 {
		t.Errorf("%d are active and %d invited, want 1 and 1", *org.Status.Active, *org.Status.Invited)
	}
}

func TestStaleRole(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("roles")
	passes.Change(w, "member", func(r *v1alpha1.Role) { r.Spec.SeatPool = "ghost" })
	w.Answer("ada", func(st *v1alpha1.UserStatus, _ time.Time) { st.Roles = nil })
	w.See("ada", &v1alpha1.User{})
	refused(t, w, passes.Role, "member")
	thaw()
	w.Settle()
	role := &v1alpha1.Role{}
	w.Find("member", role)
	wantReason(t, w, role, v1alpha1.ReasonSeatPoolNotFound)
}

func TestStaleTeam(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("teams")
	passes.Change(w, "sales", func(tm *v1alpha1.Team) {
		tm.Spec.Members = append(tm.Spec.Members, v1alpha1.TeamMembership{User: "nobody"})
	})
	w.Create(member("bea"))
	w.See("bea", &v1alpha1.User{})
	refused(t, w, passes.Team, "sales")
	thaw()
	w.Settle()
	team := &v1alpha1.Team{}
	w.Find("sales", team)
	wantReason(t, w, team, v1alpha1.ReasonUserNotFound)
	if *team.Status.Members != 2 {
		t.Errorf("the team has %d members, want 2", *team.Status.Members)
	}
}

// A pool that was scaled down a moment ago gives no seat that it no longer has.
func TestStalePool(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("seatpools")
	scale(w, 1)
	w.Create(member("bea"))
	w.See("bea", &v1alpha1.User{})
	refused(t, w, passes.SeatPool, "standard")
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonAwaitingSeat)
}

// What another operator gave a moment ago is neither given again nor taken away.
func TestStaleSlices(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(2, "ada")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("seatslices")
	w.Create(member("bea"), member("cid"))
	w.Scatter("standard", map[int32]string{0: "ada", 1: "cid"})
	w.See("cid", &v1alpha1.User{})
	w.See("standard", &v1alpha1.SeatPool{})
	w.Traffic.Reset()
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	if wrote := w.Traffic.Requests(operator.Writing("seatslices")); len(wrote) > 0 {
		t.Errorf("the pass writes %v", wrote)
	}
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "cid"})
}

// A seat is not freed because the cache has not seen its holder yet, and not for long in the hands of somebody
// whom the cache still has although the person left.
func TestStaleUsers(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("users")
	w.Create(member("zoe"))
	w.Scatter("standard", map[int32]string{0: "ada", 2: "zoe"}) // bea's place is free
	withoutRole("bea")(w)
	w.See("standard", &v1alpha1.SeatPool{})
	w.See("standard-0", &v1alpha1.SeatSlice{})
	if _, err := w.Pass(passes.SeatPool, "standard"); err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea", 2: "zoe"})
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 2: "zoe"})
	wantReason(t, w, w.User("zoe"), v1alpha1.ReasonInvited)
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonNoRoles)
}

// Somebody was suspended between the mail and its record: the record is refused, and the link is dead.
func TestStaleUser(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada")()...)
	w.Settle()
	w.Create(member("bea"))
	untilMailed(t, w, 2)
	thaw := w.Traffic.Freeze("users")
	edit("bea", state(v1alpha1.UserSuspended))(w)
	refused(t, w, passes.User, "bea")
	thaw()
	w.Settle()
	bea := w.User("bea")
	wantReason(t, w, bea, v1alpha1.ReasonSuspended)
	if bea.Status.Invitation != nil {
		t.Errorf("an invitation is on record: %+v", bea.Status.Invitation)
	}
	wantLedger(t, w, map[int32]string{0: "ada"})
}

// A seat that came back before its loss was noticed costs nobody a second mail.
func TestStaleSeat(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	thaw := w.Traffic.Freeze("seatslices")
	w.Scatter("standard", map[int32]string{0: "ada"})
	if _, err := w.Pass(passes.User, "bea"); err != nil {
		t.Errorf("the pass ends with %v", err)
	}
	thaw()
	w.Settle()
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)
	if n := len(w.Mail.Sent()); n != 2 {
		t.Errorf("%d mails were sent, want 2", n)
	}
}

// untilMailed does rounds until so many mails were sent, and stops before the last outcome is looked at. The cache
// shows all that was written.
func untilMailed(t *testing.T, w *passes.World, mails int) {
	t.Helper()
	for range 10 {
		if len(w.Mail.Sent()) == mails {
			w.CatchUp()
			return
		}
		if _, err := w.Round(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%d mails were sent, want %d", len(w.Mail.Sent()), mails)
}

func scale(w *passes.World, seats int32) {
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = &seats })
}

func wantLedger(t *testing.T, w *passes.World, want map[int32]string) {
	t.Helper()
	if got := w.Ledger("standard"); !maps.Equal(got, want) {
		t.Errorf("the seats are held by %v, want %v", got, want)
	}
}
