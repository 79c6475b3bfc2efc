// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/test/build"
)

// A user is meant as declared: not who is back since, nor another of the same name.
func TestDepartedAreMeantAsDeclared(t *testing.T) {
	t.Parallel()
	var departed ownership.Departed
	var told []string
	departed.Follow(func(u *v1alpha1.User) { told = append(told, u.Name) })
	jean := build.User("jean").In("acme", "acme").UID("u-1").Generation(2).Obj()
	departed.Note(jean)
	departed.Note(jean)
	if !departed.Has(jean) || !slices.Equal(told, []string{"jean"}) {
		t.Errorf("jean is among them: %t, and told of are %v", departed.Has(jean), told)
	}
	for why, u := range map[string]*v1alpha1.User{
		"is back":           build.User("jean").In("acme", "acme").UID("u-1").Generation(3).Obj(),
		"is somebody else":  build.User("jean").In("acme", "acme").UID("u-2").Generation(2).Obj(),
		"is elsewhere":      build.User("jean").In("globex", "acme").UID("u-1").Generation(2).Obj(),
		"has another name":  build.User("bea").In("acme", "acme").UID("u-1").Generation(2).Obj(),
		"never was in here": build.User("bea").In("acme", "acme").UID("u-3").Generation(1).Obj(),
	} {
		if departed.Has(u) {
			t.Errorf("who %s is among them", why)
		}
	}
	departed.Forget(client.ObjectKeyFromObject(jean))
	if departed.Has(jean) {
		t.Error("who is forgotten is among them")
	}
}
