// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package resync

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// What was found of a user is not forgotten for somebody else of the same name, such as who is parked while another has come.
func TestMarksAreOfOnePerson(t *testing.T) {
	t.Parallel()
	found := membership.Drift{Open: true, Differs: []string{"title", string(directory.Active)}}
	jean, former := build.User("jean").In("acme", "acme").UID("u-2").Obj(), build.User("jean").In("acme", "acme").UID("u-1").Obj()
	for why, tt := range map[string]struct {
		happens func(*Keeper)
		want    *membership.Drift
	}{
		"another one is settled":    {func(k *Keeper) { k.Settled(former) }, &found},
		"another one is signed out": {func(k *Keeper) { k.SignedOut(former) }, &found},
		"settled":                   {func(k *Keeper) { k.Settled(jean) }, nil},
		"signed out":                {func(k *Keeper) { k.SignedOut(jean) }, &membership.Drift{Differs: []string{"title"}}},
	} {
		t.Run(why, func(t *testing.T) {
			k := New(nil, nil, nil, clock.RealClock{})
			k.boards[types.NamespacedName{Namespace: jean.Namespace, Name: "acme"}] = &board{marks: map[string]mark{"jean": {jean.UID, &found}}}
			tt.happens(k)
			if diff := cmp.Diff(tt.want, k.Of(jean)); diff != "" {
				t.Errorf("of jean is known (-want +got):\n%s", diff)
			}
			if got := k.Of(former); got != nil {
				t.Errorf("of the one before is known %+v", got)
			}
		})
	}
}
