// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stories_test tells the main stories against a real API server, mail server and operator.
package stories_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

func TestMainStory(t *testing.T) {
	t.Parallel()
	s := play(t, acme(3, "ada", "bea", "cid", "dan", "eve")...)
	for _, name := range []string{"ada", "bea", "cid"} {
		s.holds(s.is(name, v1alpha1.ReasonInvited), "standard")
	}
	s.says("dan", v1alpha1.ReasonAwaitingSeat, "number 1 in the queue of seat pool standard")
	s.says("eve", v1alpha1.ReasonAwaitingSeat, "number 2 in the queue of seat pool standard")
	s.join("ada")
}

func TestScalingUpInvitesTheNextInOrder(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada", "bea", "cid")...)
	s.is("ada", v1alpha1.ReasonInvited)
	s.is("bea", v1alpha1.ReasonAwaitingSeat)
	s.scale(2)
	s.holds(s.is("bea", v1alpha1.ReasonInvited), "standard")
	s.says("cid", v1alpha1.ReasonAwaitingSeat, "number 1 in the queue of seat pool standard")
	s.scale(3)
	s.is("cid", v1alpha1.ReasonInvited)
}

func TestArchivingFreesTheSeat(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	s.join("bea")
	s.turn("bea", v1alpha1.UserArchived)
	bea := s.is("bea", v1alpha1.ReasonArchived)
	s.holds(bea)
	if bea.Status.AcceptedAt == nil || bea.Status.AccessRevokedAt == nil {
		t.Errorf("it is forgotten that bea was here, or bea still is: %+v", bea.Status)
	}
	s.holds(s.is("cid", v1alpha1.ReasonInvited), "standard")
}

func TestDeletionLeavesARecord(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea", "cid")...)
	s.join("bea")
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.ArchiveReason = v1alpha1.ArchiveLeft })
	bea := s.is("bea", v1alpha1.ReasonActive)
	s.delete("bea")
	s.gone("bea")
	s.is("cid", v1alpha1.ReasonInvited)
	var records v1alpha1.ArchivedUserList
	s.must(s.List(t.Context(), &records, client.InNamespace(s.ns)), "listing the records")
	if len(records.Items) != 1 {
		t.Fatalf("there are %d records, want 1", len(records.Items))
	}
	if name := records.Items[0].Name; !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(name) {
		t.Errorf("the record is called %s, want a hash", name)
	}
	want := v1alpha1.UserRecord{
		User: "bea", UID: bea.UID, Spec: bea.Spec, Reason: v1alpha1.ArchiveLeft, AcceptedAt: bea.Status.AcceptedAt,
		Path: v1alpha1.ArchivePathDeletion,
	}
	if diff := cmp.Diff(want, records.Items[0].Record, cmpopts.IgnoreFields(want, "ArchivedAt")); diff != "" {
		t.Errorf("the record is not what it should be (-want +got):\n%s", diff)
	}
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusNotFound)
}

func TestSuspendedBeforeTheInvitation(t *testing.T) {
	t.Parallel()
	s := play(t, append(acme(2, "ada"), member("bea").State(v1alpha1.UserSuspended).Obj(), member("cid").Obj())...)
	s.holds(s.is("bea", v1alpha1.ReasonSuspended))
	s.is("cid", v1alpha1.ReasonInvited) // although bea was first
	s.links(at("bea"), 0)
	s.scale(3)
	s.turn("bea", v1alpha1.UserActive)
	s.holds(s.is("bea", v1alpha1.ReasonInvited), "standard")
	s.links(at("bea"), 1)
}

func TestSuspensionKillsTheLink(t *testing.T) {
	t.Parallel()
	s := play(t, acme(2, "ada", "bea")...)
	s.is("bea", v1alpha1.ReasonInvited)
	s.turn("bea", v1alpha1.UserSuspended)
	s.holds(s.is("bea", v1alpha1.ReasonSuspended))
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusGone)
	s.turn("bea", v1alpha1.UserActive)
	s.holds(s.invited("bea", 2), "standard")
	links := s.links(at("bea"), 2)
	s.answer(links[0], accept, http.StatusGone)
	s.answer(links[1], accept, http.StatusOK)
	s.is("bea", v1alpha1.ReasonActive)
}

func TestComingBack(t *testing.T) {
	t.Parallel()
	for _, away := range []v1alpha1.UserState{v1alpha1.UserSuspended, v1alpha1.UserArchived} {
		t.Run(string(away), func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(2, "ada", "bea", "cid")...)
			s.join("bea")
			s.turn("bea", away)
			s.is("cid", v1alpha1.ReasonInvited)
			s.turn("bea", v1alpha1.UserActive)
			s.holds(s.is("bea", v1alpha1.ReasonAwaitingSeat)) // the seat is claimed anew
			s.scale(3)
			s.holds(s.is("bea", v1alpha1.ReasonActive), "standard")
			s.links(at("bea"), 1) // who has accepted is not asked again
		})
	}
}
