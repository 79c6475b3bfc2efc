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
		org := build.Organization("acme").Owner("boss").Protection("1", time.Hour).Obj()
		org.Status.Removals.Passed = p
		return org
	}
	passed := v1alpha1.PassedRemoval{User: "ada", UID: "uid-of-ada", Generation: 3}
	older, other := passed, passed
	older.Generation, other.UID = 2, "uid-of-bob"
	going := acme()
	going.DeletionTimestamp = build.Organization("acme").Deleting(noon).Obj().DeletionTimestamp
	replacing := acme(passed)
	replacing.Spec.EmailChange = v1alpha1.EmailChangeReplace
	owned := replacing.DeepCopy()
	owned.Spec.Owner = "ada"
	deletion, loss := older, passed
	deletion.Kind, loss.Kind, loss.Request = v1alpha1.RemovalDelete, v1alpha1.RemovalRoleLoss, 5
	moved := func() *build.UserBuilder { return u().AcceptedAt(noon).Known("old@acme.example") }
	loses := func(number int64) *build.UserBuilder {
		return u().AcceptedAt(noon).Holds("admin").Asks(number, "admin", v1alpha1.RoleLoss)
	}
	for name, tc := range map[string]struct {
		why      string
		user     *build.UserBuilder
		org      *v1alpha1.Organization
		removal  v1alpha1.RemovalKind
		unpassed bool
	}{
		"archived":            {"nobody let it pass", archived(), acme(), v1alpha1.RemovalArchive, true},
		"suspended":           {"as well", u().AcceptedAt(noon).State(v1alpha1.UserSuspended), acme(), v1alpha1.RemovalSuspend, true},
		"deleted":             {"as well", u().AcceptedAt(noon).Deleting(noon), acme(), v1alpha1.RemovalDelete, true},
		"invited":             {"an invitation is open", u().Invited(1, noon).State(v1alpha1.UserArchived), acme(), v1alpha1.RemovalArchive, true},
		"being invited":       {"it may be out", u().Inviting(1, noon).State(v1alpha1.UserArchived), acme(), v1alpha1.RemovalArchive, true},
		"passed":              {"that very generation", archived(), acme(other, passed), v1alpha1.RemovalArchive, false},
		"passed before":       {"another generation is another removal", archived(), acme(older), v1alpha1.RemovalArchive, true},
		"somebody passed":     {"that is not ada", archived(), acme(other), v1alpha1.RemovalArchive, true},
		"deletion passed":     {"it cannot be taken back, whatever is edited since", u().AcceptedAt(noon).Deleting(noon), acme(deletion), v1alpha1.RemovalDelete, false},
		"archived, not that":  {"who is not deleted can have been taken back", archived(), acme(deletion), v1alpha1.RemovalArchive, true},
		"deleted since":       {"what passed was not the deletion", u().AcceptedAt(noon).Deleting(noon), acme(older), v1alpha1.RemovalDelete, true},
		"stays":               {"is not removed", u().AcceptedAt(noon), acme(), "", false},
		"has left":            {"there is nothing to take", archived().Revoked(noon), acme(), "", false},
		"a record":            {"never had anything", u().State(v1alpha1.UserArchived), acme(), "", false},
		"did not answer":      {"the invitation is over", u().Invited(1, noon).Expired(noon).State(v1alpha1.UserArchived), acme(), "", false},
		"declined":            {"so it is", u().Invited(1, noon).Declined(noon).State(v1alpha1.UserArchived), acme(), "", false},
		"access ended":        {"it was declared ahead", u().AcceptedAt(noon).Until(noon).Ended(noon).Planned(noon), acme(), "", false},
		"ended, and deleted":  {"a deletion does not give access a longer time", u().AcceptedAt(noon).Until(noon).Ended(noon).Planned(noon).Deleting(noon), acme(), "", false},
		"ended at once":       {"nobody had seen it ahead", u().AcceptedAt(noon).Until(noon).Ended(noon), acme(), v1alpha1.RemovalEnd, true},
		"ended earlier":       {"a later end had been declared", u().AcceptedAt(noon).Until(noon).Ended(noon).Planned(noon.Add(time.Second)), acme(), v1alpha1.RemovalEnd, true},
		"ended later":         {"that takes nothing from what was declared", u().AcceptedAt(noon).Until(noon).Ended(noon).Planned(noon.Add(-time.Second)), acme(), "", false},
		"ends at once":        {"it is not over", u().AcceptedAt(noon).Until(noon), acme(), "", false},
		"ended at once, gone": {"one way is as good as the other", u().AcceptedAt(noon).Until(noon).Ended(noon).Deleting(noon), acme(), v1alpha1.RemovalDelete, true},
		"another address":     {"the same person", moved(), acme(), "", false},
		"another person": {"by the organization's policy", moved(), func() *v1alpha1.Organization {
			org := replacing.DeepCopy()
			org.Status = v1alpha1.OrganizationStatus{}
			return org
		}(), v1alpha1.RemovalReplace, true},
		"another, passed":    {"that very generation", moved(), replacing, v1alpha1.RemovalReplace, false},
		"another spelling":   {"is the same address", u().AcceptedAt(noon).Known("ADA@acme.example"), replacing, "", false},
		"another owner":      {"is nobody's business here", moved(), owned, "", false},
		"another, declined":  {"there is nothing to take", u().Invited(1, noon).Declined(noon).Known("old@acme.example"), replacing, "", false},
		"loses a role":       {"that somebody has to hold", loses(5), acme(), v1alpha1.RemovalRoleLoss, true},
		"gains a role":       {"nothing is taken", u().AcceptedAt(noon).Asks(5, "admin", v1alpha1.RoleGain), acme(), "", false},
		"loss passed":        {"up to that request", loses(5), acme(loss), v1alpha1.RemovalRoleLoss, false},
		"another loss":       {"is another request", loses(6), acme(loss), v1alpha1.RemovalRoleLoss, true},
		"loss, not that":     {"an archive that was taken back is no loss of a role", loses(5), acme(passed), v1alpha1.RemovalRoleLoss, true},
		"archived, loss":     {"the loss of a role is not that of access", archived(), acme(loss), v1alpha1.RemovalArchive, true},
		"no organization":    {"there is nobody to ask", archived(), nil, v1alpha1.RemovalArchive, false},
		"no protection":      {"nobody is asked", archived(), build.Organization("acme").Obj(), v1alpha1.RemovalArchive, false},
		"organization going": {"it lets everybody go", archived(), going, v1alpha1.RemovalArchive, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := tc.user.Obj()
			if got := access.Removal(u, tc.org); got != tc.removal {
				t.Errorf("%s; it is a removal: %s", tc.why, got)
			}
			detained := tc.unpassed && tc.removal != v1alpha1.RemovalRoleLoss
			if got := access.Detained(u, tc.org); got != detained {
				t.Errorf("%s; it is detained: %t", tc.why, got)
			}
			if tc.org != nil && tc.org.Protected() && access.Unpassed(u, tc.org) != tc.unpassed {
				t.Errorf("%s; it passed: %t", tc.why, tc.unpassed)
			}
			if tc.removal != "" && !access.MayBeRemoved(u) {
				t.Errorf("%s; the index does not find it", tc.why)
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
