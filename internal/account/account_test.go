// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package account_test

import (
	"testing"

	"seatkeeper.dev/seatkeeper/internal/account"
)

// What a directory was given is given again only if that would change something there.
func TestGiven(t *testing.T) {
	t.Parallel()
	ada := func(change func(*account.Account)) account.Account {
		a := account.Account{UID: "u-1", ID: "7", UserName: "ada@acme.example", Title: "Countess", ManagerID: "m-1", Roles: []string{"member"}}
		if change != nil {
			change(&a)
		}
		return a
	}
	alone := func(a *account.Account) { a.ManagerID = "" }
	for why, tt := range map[string]struct {
		given, wanted func(*account.Account)
		want          bool
	}{
		"the same":                           {want: true},
		"by another ID, which is not given":  {wanted: func(a *account.Account) { a.ID = "8" }, want: true},
		"another title":                      {wanted: func(a *account.Account) { a.Title = "" }},
		"another manager":                    {wanted: func(a *account.Account) { a.ManagerID = "m-2" }},
		"a manager at last":                  {given: alone},
		"a manager no more, who is left":     {wanted: alone, want: true},
		"never a manager":                    {given: alone, wanted: alone, want: true},
		"no manager, and another title":      {wanted: func(a *account.Account) { a.ManagerID, a.Title = "", "" }},
		"a title that reads like a manager":  {given: alone, wanted: func(a *account.Account) { a.ManagerID, a.Title = "", "Countess.m-1" }},
		"active, which is given as the rest": {wanted: func(a *account.Account) { a.Active = true }},
	} {
		revision := ada(tt.given).Revision()
		if got := ada(tt.wanted).Given(revision); got != tt.want {
			t.Errorf("%s: %t", why, got)
		}
		if most := 64; len(revision) > most {
			t.Errorf("%s: revision %s does not fit the status", why, revision)
		}
	}
	if ada(nil).Given("") || ada(alone).Given("") {
		t.Error("what a directory was given is not known, and would not be given")
	}
}
