// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// A team or a role that is being deleted may wait long, for a directory: nobody holds anything by it meanwhile.
func TestWhatIsBeingDeletedIsGone(t *testing.T) {
	t.Parallel()
	objects := house()
	leaving := new(metav1.NewTime(now))
	find[*v1alpha1.Team](objects, "sales").DeletionTimestamp = leaving
	find[*v1alpha1.Role](objects, "seller").DeletionTimestamp = leaving
	c := newCache(t, objects...)
	one := roster.New(t.Context(), c, types.NamespacedName{Namespace: "ns", Name: "acme"}, acme())
	whole := roster.New(t.Context(), c, types.NamespacedName{Namespace: "ns", Name: "acme"}, acme())
	if err := whole.ReadAll(nil); err != nil {
		t.Fatal(err)
	}
	for how, r := range map[string]*roster.Roster{"one by one": one, "at once": whole} {
		if r.Team("sales") != nil || len(r.TeamsOf("jean")) > 0 || r.Role("seller") != nil {
			t.Errorf("%s: the team is %v, jean is in %v, the role is %v", how, r.Team("sales"), r.TeamsOf("jean"), r.Role("seller"))
		}
		if r.Team("field") == nil || len(r.TeamsOf("max")) != 1 || r.Role("boss") == nil {
			t.Errorf("%s: what stays is gone too", how)
		}
	}
	if below := one.Children("company"); len(below) != 1 || below[0].Name != "labs" {
		t.Errorf("below the company are %d teams", len(below))
	}
}
