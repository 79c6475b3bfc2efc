// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// What was seen after all was handed over is looked for anew, but by nobody who hands over at present, stays, or has no rules.
func TestStraysAreLookedFor(t *testing.T) {
	rules := []v1alpha1.OwnershipRule{ownedBy("deals", reassign)}
	handed := func(state v1alpha1.HandoverState) *v1alpha1.User {
		u := leaver().Revoked(since).Holds().Seats().Obj()
		u.Status.Handover = &v1alpha1.Handover{Generation: 2, Rules: []v1alpha1.RuleHandover{{
			Rule: "deals", State: state, Successors: []v1alpha1.Successor{{User: "max", UID: "uid-max"}}, Objects: new(int32(2)),
		}}}
		return u
	}
	heir := build.User("max").In("acme", "acme").UID("uid-max").AcceptedAt(since).Obj()
	back := handed(v1alpha1.HandoverDone)
	back.Spec.State = v1alpha1.UserActive
	for _, tt := range []struct {
		why    string
		user   *v1alpha1.User
		rules  []v1alpha1.OwnershipRule
		strays bool
		want   bool // that a task looks
	}{
		{why: "something was seen", user: handed(v1alpha1.HandoverDone), rules: rules, strays: true, want: true},
		{why: "nothing was", user: handed(v1alpha1.HandoverDone), rules: rules},
		{why: "what is handed over at present is found by that", user: handed(v1alpha1.HandoverMoving), rules: rules, strays: true},
		{why: "who is back keeps it", user: back, rules: rules, strays: true},
		{why: "the rule is gone", user: handed(v1alpha1.HandoverDone), strays: true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			l := departing(t, tt.user, tt.rules, heir)
			l.seats = nil
			s := l.situation()
			s.Strays = tt.strays
			d := membership.Next(s)
			if looks := d.Task != nil && len(d.Task.Rules[0].To) == 0; looks != tt.want {
				t.Fatalf("the task is %+v", d.Task)
			}
			if !tt.want {
				return
			}
			s.Report = &handover.Report{ID: d.Task.ID, Rules: []handover.Result{{Rule: "deals", Left: 1, Names: []string{"late"}}}}
			found := membership.Next(s)
			if on := handover.On(found.User, "deals"); on.State != v1alpha1.HandoverMoving || *on.Objects != 3 || on.Successors[0].User != "max" {
				t.Errorf("of what was found, the record is %+v", on)
			}
			s.Report = &handover.Report{ID: d.Task.ID, Rules: []handover.Result{{Rule: "deals"}}}
			if on := handover.On(membership.Next(s).User, "deals"); on.State != v1alpha1.HandoverDone || *on.Objects != 2 {
				t.Errorf("nothing was found, and the record is %+v", on)
			}
		})
	}
}
