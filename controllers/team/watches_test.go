// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// A team is looked at when a record makes somebody a member, or does so no more, and for nothing else that is written there.
func TestParkedAt(t *testing.T) {
	t.Parallel()
	at := metav1.NewTime(time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC))
	of := func(change func(*v1alpha1.ArchivedUser)) *v1alpha1.ArchivedUser {
		a := &v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{User: "jean", UID: "u-1", Parked: v1alpha1.Parking{Until: at}}}
		a.Record.Parked.Status.DirectoryAccount = &v1alpha1.DirectoryAccount{Directory: "https://a.example", ID: "7", State: v1alpha1.AccountActive}
		if change != nil {
			change(a)
		}
		return a
	}
	for why, tt := range map[string]struct {
		after *v1alpha1.ArchivedUser
		same  bool
	}{
		"nothing":             {of(nil), true},
		"seats":               {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.Status.Seats = []string{"standard"} }), true},
		"the account's state": {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.Status.DirectoryAccount.Revision = "1" }), true},
		"gone":                {nil, false},
		"ended":               {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.EndedAt = &at }), false},
		"archived":            {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked = v1alpha1.Parking{} }), false},
		"somebody takes over": {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.Heir.UID = "u-2" }), false},
		"another account":     {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.Status.DirectoryAccount.ID = "8" }), false},
		"no account":          {of(func(a *v1alpha1.ArchivedUser) { a.Record.Parked.Status.DirectoryAccount = nil }), false},
	} {
		if got := parkedAt(of(nil)) == parkedAt(tt.after); got != tt.same {
			t.Errorf("%s: the same is %t", why, got)
		}
	}
}
