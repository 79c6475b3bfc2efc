// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// Whose deletion is held is in all groups still, and so is who is parked: until the window is over, or for good when a User comes that
// is the same person, of whose leaving the directory never hears then.
func TestGroupsOfWhoIsHeldOrParked(t *testing.T) {
	t.Parallel()
	all := map[string][]string{"member": {"ada", "cid", "dan", "eve", "yan"}, "sales": {"cid", "eve"}, "field": {"dan"}, "all": {"cid", "dan", "eve"}}
	for why, tt := range map[string]struct {
		happens func(*passes.World)
		want    map[string][]string
		writes  bool
	}{
		"the User comes back": {happens: func(w *passes.World) { w.Create(member("cid"), member("dan")) }, want: all},
		"the window is over": {
			happens: over, writes: true,
			want: map[string][]string{"member": {"ada", "eve", "yan", "zoe"}, "sales": {"eve"}, "field": {}, "all": {"eve"}},
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := rejecting(t, directed)
			passes.Change(w, "acme", func(o *v1alpha1.Organization) {
				o.Spec.Directory.SCIM.RolesAsGroups, o.Spec.Directory.SCIM.TeamsAsGroups = new(true), new(true)
			})
			w.Create(build.Team("sales").Parent("all").Members("cid", "eve").Obj(), build.Team("field").Parent("all").Members("dan").Obj(),
				build.Team("all").Obj())
			w.Settle()
			wantGroups(t, w, all)
			writes := w.Directory.GroupWrites()
			rejectHeld(w)
			w.Settle()
			w.Clock.SetTime(w.Clock.Now().Add(10 * time.Minute))
			w.Settle()
			wantGroups(t, w, all)
			wantReason(t, w, team(w, "sales"), v1alpha1.ReasonReady)
			tt.happens(w)
			w.Settle()
			wantGroups(t, w, tt.want)
			if n := w.Directory.GroupWrites() - writes; n > 0 != tt.writes {
				t.Errorf("the groups were written %d times", n)
			}
			wantRest(t, w)
		})
	}
}
