// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// counted is what was counted of acme, by the last label.
func counted(t *testing.T, w *passes.World) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(w.Course)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				switch l.GetName() {
				case "namespace":
					if l.GetValue() != w.Namespace {
						t.Errorf("%s of namespace %s", name, l.GetValue())
					}
				case "organization":
				default:
					name = l.GetValue()
				}
			}
			all[name] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// What happens to invitations counts once, whatever passes, restarts and reminders there are.
func TestInvitationsAreCounted(t *testing.T) {
	t.Parallel()
	w := settled(t, acme(9, "bea", "cid", "dan", "eve")()...)
	w.Answer("bea", accept)
	w.Answer("cid", decline)
	w.Settle()
	w.Clock.Step(90 * 24 * time.Hour)
	w.Settle()
	edit("cid", resend)(w)
	w.Settle()
	gone("eve", nil)(w)
	w.Settle()
	w.Delete(build.User("bea").Obj())
	w.Settle()
	w.Create(member("bea")) // who comes back, and was asked before
	w.Settle()
	want := map[string]float64{
		"sent": 5, "accepted": 1, "declined": 1, "expired": 2, "seatkeeper_invitation_wait_seconds": 4, "seatkeeper_invitation_acceptance_seconds": 1,
	}
	for _, why := range []string{"then", "after a restart"} {
		if diff := cmp.Diff(want, counted(t, w)); diff != "" {
			t.Errorf("%s (-want +counted):\n%s", why, diff)
		}
		w.Restart()
		w.Settle()
	}
}

// What is handed over counts when that is recorded, also where the object goes in the same pass.
func TestWhatIsHandedOverIsCounted(t *testing.T) {
	t.Parallel()
	for why, leave := range map[string]func(*passes.World){
		"archived": edit("bea", archive), "deleted": func(w *passes.World) { w.Delete(build.User("bea").Obj()) },
	} {
		w := rich(t, build.Notes())
		leave(w)
		w.Settle()
		w.Restart()
		w.Settle()
		if got := counted(t, w); got["moved"] != 2 || got["left"] != 0 {
			t.Errorf("%s: %v", why, got)
		}
		w.Create(build.Role("guest").Obj(), build.User("eve").Roles("guest").Successor("cid").Obj(), build.Note("four", "eve"))
		w.Settle()
		w.Answer("eve", accept)
		w.Settle()
		w.Delete(build.User("eve").Obj()) // who has no seat to wait for
		w.Settle()
		if got := counted(t, w); got["moved"] != 3 {
			t.Errorf("%s, and somebody without a seat: %v", why, got)
		}
	}
}
