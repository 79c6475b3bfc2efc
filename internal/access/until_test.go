// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/test/build"
)

// TestAccessEnds checks what is known of the end of access, by the record and by the clock.
func TestAccessEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		why  string
		user *v1alpha1.User
		// ended is what everybody goes by, and over what the clock says.
		ended, over bool
	}{
		"no end":             {"access has no end by itself", ada().Obj(), false, false},
		"to come":            {"the end is ahead", ada().Until(now.Add(time.Second)).Obj(), false, false},
		"over, not recorded": {"nobody but the User's controller goes by a clock", ada().Until(now).Obj(), false, true},
		"over":               {"the record counts", ada().Until(now).Ended(now).Obj(), true, true},
		"recorded late":      {"nobody looked for a while", ada().Until(now.Add(-time.Hour)).Ended(now).Obj(), true, true},
		"recorded by a clock that is ahead": {
			"the record counts, also for a clock that is behind", ada().Until(now.Add(time.Second)).Ended(now.Add(time.Second)).Obj(), true, true,
		},
		"extended":              {"a later time takes the record back by itself", ada().Until(now.Add(time.Hour)).Ended(now).Obj(), false, false},
		"extended, over again":  {"the record is about another time", ada().Until(now).Ended(now.Add(-time.Hour)).Obj(), false, true},
		"removed":               {"without an end nothing is over", ada().Ended(now).Obj(), false, false},
		"fractions of a second": {"what the status can record must be enough", ada().Until(now.Add(900 * time.Millisecond)).Ended(now).Obj(), true, true},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := access.Ended(c.user); got != c.ended {
				t.Errorf("ended: %t, want %t: %s", got, c.ended, c.why)
			}
			if got := access.EndedBy(c.user, now); got != c.over {
				t.Errorf("over: %t, want %t: %s", got, c.over, c.why)
			}
			if access.Archiving(c.user) != c.ended || access.Leaving(c.user) != c.ended {
				t.Errorf("archiving %t, leaving %t, want both %t: whose access ended is as if archived",
					access.Archiving(c.user), access.Leaving(c.user), c.ended)
			}
		})
	}
}

// TestDelegationEndsWithAccess checks that nobody stands in for somebody whose access ended.
func TestDelegationEndsWithAccess(t *testing.T) {
	t.Parallel()
	for ended, want := range map[bool]int{false: 1, true: 0} {
		from := build.User("max").In("acme", "acme").Roles("guest").Delegate("ada", time.Time{}, now.Add(time.Hour)).Until(now)
		if ended {
			from.Ended(now)
		}
		s := build.Source(build.Organization("acme").In("acme").Obj(), build.Role("guest").In("acme", "acme").Obj(), from.Obj())
		if got := access.Of(ada().Obj(), s, now).Names(); len(got) != want {
			t.Errorf("with the end on record %t, ada is to hold %v", ended, got)
		}
	}
}
