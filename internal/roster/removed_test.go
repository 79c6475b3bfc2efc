// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// Who passed, or is held, and was not before, has to be told.
func TestRemoved(t *testing.T) {
	before, after := acme(), acme()
	before.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "old", UID: "1", Generation: 1}, {User: "again", UID: "2", Generation: 1}}
	before.Status.Removals.Held = []v1alpha1.HeldRemoval{{User: "held", UID: "3", Generation: 1}, {User: "approved", UID: "4", Generation: 1}, {User: "back", UID: "5", Generation: 1}, {User: "more", UID: "8", Generation: 1, Request: 1}}
	after.Status.Removals.Passed = []v1alpha1.PassedRemoval{{User: "old", UID: "1", Generation: 1}, {User: "again", UID: "2", Generation: 2}, {User: "approved", UID: "4", Generation: 1}, {User: "new", UID: "7", Generation: 1}}
	after.Status.Removals.Held = []v1alpha1.HeldRemoval{{User: "held", UID: "3", Generation: 1}, {User: "edited", UID: "6", Generation: 2}, {User: "more", UID: "8", Generation: 1, Request: 2}}
	if diff := cmp.Diff([]string{"again", "approved", "edited", "more", "new"}, roster.Removed(before, after)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := roster.Removed(after, after); got != nil {
		t.Errorf("nothing was decided, and told are %v", got)
	}
}
