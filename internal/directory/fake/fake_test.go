// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"math"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/password"
)

func start(t *testing.T, adopt bool) directorytest.Server { return serve(t, adopt, false) }

func serve(_ *testing.T, adopt, nested bool) directorytest.Server {
	d := &fake.Directory{Adopt: adopt, Nested: nested}
	return directorytest.Server{
		Directory: d,
		Accounts: func() map[types.UID]directorytest.Kept {
			kept := map[types.UID]directorytest.Kept{}
			for _, s := range d.Accounts() {
				kept[s.Account.UID] = directorytest.Kept{
					UserName: s.Account.UserName, GivenName: s.Account.GivenName, FamilyName: s.Account.FamilyName, Password: s.Password, Active: s.Account.Active,
				}
			}
			return kept
		},
		Groups: d, Lister: d.Lister(), OccupyGroup: d.OccupyGroup,
		Occupy:      d.Occupy,
		Reject:      d.Reject,
		Unavailable: d.Unavailable,
		Lose:        func() { d.Lose(1) },
		Hang:        func() { d.Hang() },
		Down:        func() { d.Unavailable(math.MaxInt) },
	}
}

func TestDirectory(t *testing.T) { directorytest.Contract(t, start) }

func TestGroups(t *testing.T) {
	for name, nested := range map[string]bool{"flat": false, "nested": true} {
		t.Run(name, func(t *testing.T) {
			directorytest.GroupsContract(t, func(t *testing.T, adopt bool) directorytest.Server { t.Helper(); return serve(t, adopt, nested) })
		})
	}
}

func TestOpenGateLetsThrough(t *testing.T) {
	d := &fake.Directory{}
	gate := d.Hang()
	outcome := make(chan error)
	go func() {
		outcome <- d.SetPassword(t.Context(), directorytest.Ada(), password.New("a long walk at dawn"))
	}()
	<-gate.Reached()
	if set := d.Record(); len(set) != 0 {
		t.Errorf("a password was set while it should hang: %v", set)
	}
	gate.Open()
	gate.Open()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if set, attempts := len(d.Record()), d.Attempts(); set != 1 || attempts != 1 {
		t.Errorf("%d passwords set in %d attempts, want 1 in 1", set, attempts)
	}
}

func TestRejectionEnds(t *testing.T) {
	d := &fake.Directory{}
	d.Reject(directorytest.Ada().UID, "used before")
	d.Reject(directorytest.Ada().UID, "")
	if err := d.SetPassword(t.Context(), directorytest.Ada(), password.New("a long walk at dawn")); err != nil {
		t.Error(err)
	}
}
