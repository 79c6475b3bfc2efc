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

func TestRemovals(t *testing.T) {
	noon := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)
	u := func() *build.UserBuilder { return build.User("ada").Generation(3) }
	archived := func() *build.UserBuilder { return u().AcceptedAt(noon).State(v1alpha1.UserArchived) }
	acme := func(p ...v1alpha1.PassedRemoval) *v1alpha1.Organization {
		org := build.Organization("acme").Protection("1", time.Hour).Obj()
		org.Status.Removals.Passed = p
		return org
	}
	passed := v1alpha1.PassedRemoval{User: "ada", UID: "uid-of-ada", Generation: 3}
	older, other := passed, passed
	older.Generation, other.UID = 2, "uid-of-bob"
	going := acme()
	going.DeletionTimestamp = build.Organization("acme").Deleting(noon).Obj().DeletionTimestamp
	for name, tc := range map[string]struct {
		why      string
		user     *build.UserBuilder
		org      *v1alpha1.Organization
		removal  bool
		detained bool
	}{
		"archived":           {"nobody let it pass", archived(), acme(), true, true},
		"suspended":          {"as well", u().AcceptedAt(noon).State(v1alpha1.UserSuspended), acme(), true, true},
		"deleted":            {"as well", u().AcceptedAt(noon).Deleting(noon), acme(), true, true},
		"invited":            {"an invitation is open", u().Invited(1, noon).State(v1alpha1.UserArchived), acme(), true, true},
		"being invited":      {"it may be out", u().Inviting(1, noon).State(v1alpha1.UserArchived), acme(), true, true},
		"passed":             {"that very generation", archived(), acme(other, passed), true, false},
		"passed before":      {"another generation is another removal", archived(), acme(older), true, true},
		"somebody passed":    {"that is not ada", archived(), acme(other), true, true},
		"stays":              {"is not removed", u().AcceptedAt(noon), acme(), false, false},
		"has left":           {"there is nothing to take", archived().Revoked(noon), acme(), false, false},
		"a record":           {"never had anything", u().State(v1alpha1.UserArchived), acme(), false, false},
		"did not answer":     {"the invitation is over", u().Invited(1, noon).Expired(noon).State(v1alpha1.UserArchived), acme(), false, false},
		"declined":           {"so it is", u().Invited(1, noon).Declined(noon).State(v1alpha1.UserArchived), acme(), false, false},
		"access ended":       {"it was declared ahead", u().AcceptedAt(noon).Until(noon).Ended(noon), acme(), false, false},
		"ended, and deleted": {"a deletion does not give access a longer time", u().AcceptedAt(noon).Until(noon).Ended(noon).Deleting(noon), acme(), false, false},
		"no protection":      {"nobody is asked", archived(), build.Organization("acme").Obj(), true, false},
		"no organization":    {"there is nobody to ask", archived(), nil, true, false},
		"organization going": {"it lets everybody go", archived(), going, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := tc.user.Obj()
			if got := access.Removal(u); got != tc.removal {
				t.Errorf("%s; it is a removal: %t", tc.why, got)
			}
			if got := access.Detained(u, tc.org); got != tc.detained {
				t.Errorf("%s; it is detained: %t", tc.why, got)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	ada, org := build.User("ada").Obj(), build.Organization("acme").Obj()
	for _, step := range []struct {
		why   string
		held  []v1alpha1.HeldRemoval
		count int32
		want  bool
	}{
		{"nobody is held", nil, 0, false},
		{"somebody else is", []v1alpha1.HeldRemoval{{UID: "uid-of-bob"}}, 1, false},
		{"ada is", []v1alpha1.HeldRemoval{{UID: "uid-of-bob"}, {UID: "uid-of-ada"}}, 2, true},
		{"not all who are held are listed", []v1alpha1.HeldRemoval{{UID: "uid-of-bob"}}, 2, true},
	} {
		org.Status.Removals.Held, org.Status.Removals.HeldCount = step.held, step.count
		if got := access.Refused(ada, org); got != step.want {
			t.Errorf("%s; refused: %t", step.why, got)
		}
	}
}
