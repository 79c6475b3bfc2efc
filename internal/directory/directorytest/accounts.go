// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directorytest

import (
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

func (s Server) mustEnsure(t *testing.T, account directory.Account) (id string) {
	t.Helper()
	id, err := s.Directory.Ensure(t.Context(), account)
	if err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	if id == "" {
		t.Fatal("Ensure does not say what the directory calls the account")
	}
	return id
}

func ensures(t *testing.T, s Server) {
	id := s.mustEnsure(t, Ada())
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), "")})
	known := Ada()
	known.ID = id
	for _, account := range []directory.Account{Ada(), known, known} {
		if again := s.mustEnsure(t, account); again != id {
			t.Errorf("the account is called %s, and %s later", id, again)
		}
	}
	if other := s.mustEnsure(t, Grace()); other == id {
		t.Errorf("two accounts are called %s", id)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), ""), Grace().UID: kept(Grace(), "")})
}

func ensuresInactive(t *testing.T, s Server) {
	inactive := Ada()
	inactive.Active = false
	s.mustEnsure(t, inactive)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(inactive, "")})
	s.mustEnsure(t, Ada())
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), "")})
}

func changes(t *testing.T, s Server) {
	account := Ada()
	account.ID = s.mustEnsure(t, account)
	s.mustSet(t, account, first)
	for _, name := range []string{"King", "Byron"} {
		account.FamilyName, account.GivenName = name, "Augusta "+name
		s.mustEnsure(t, account)
		s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, first)})
	}
}

func empties(t *testing.T, s Server) {
	account := Ada()
	account.FamilyName = "King"
	s.mustEnsure(t, account)
	account.FamilyName, account.GivenName = "", ""
	s.mustEnsure(t, account)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, "")})
}

func findsByUID(t *testing.T, s Server) {
	id := s.mustEnsure(t, Ada())
	outdated := Ada()
	outdated.ID, outdated.GivenName = "an-id-of-before", "Augusta"
	if again := s.mustEnsure(t, outdated); again != id {
		t.Errorf("the account is called %s, and %s later", id, again)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(outdated, "")})
	if err := s.Directory.Deactivate(t.Context(), outdated); err != nil {
		t.Errorf("Deactivate: %v", err)
	}
	outdated.Active = false
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(outdated, "")})
	if err := s.Directory.Delete(t.Context(), outdated); err != nil {
		t.Errorf("Delete: %v", err)
	}
	s.wantAccounts(t, map[types.UID]Kept{})
}

func renames(t *testing.T, s Server) {
	account := Ada()
	account.ID = s.mustEnsure(t, account)
	s.mustSet(t, account, first)
	account.UserName = "ada.king@acme.example"
	if again := s.mustEnsure(t, account); again != account.ID {
		t.Errorf("the account was %s, and is %s under another name", account.ID, again)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, first)})
	namesake := Grace()
	namesake.UserName = Ada().UserName
	s.mustEnsure(t, namesake)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, first), Grace().UID: kept(namesake, "")})
}

func (s Server) wantConflict(t *testing.T, account directory.Account) {
	t.Helper()
	for _, method := range []string{"Ensure", "SetPassword"} {
		err := s.methods(account)[method](t.Context())
		if !errors.Is(err, directory.ErrConflict) || errors.Is(err, directory.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrConflict alone", method, err)
		}
		if words := directory.Words(err); !strings.Contains(words, account.UserName) {
			t.Errorf("%s: %q does not name the account", method, words)
		}
	}
}

func leavesOthers(t *testing.T, s Server) {
	s.Occupy(strings.ToUpper(Ada().UserName), "")
	s.wantConflict(t, Ada())
	for _, method := range []string{"Deactivate", "Delete"} {
		if err := s.methods(Ada())[method](t.Context()); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	s.wantAccounts(t, map[types.UID]Kept{"": {UserName: strings.ToUpper(Ada().UserName), Active: true}})
}

func adopts(t *testing.T, s Server) {
	s.Occupy(strings.ToUpper(Ada().UserName), "")
	id := s.mustEnsure(t, Ada())
	account := Ada()
	account.UserName = "ada.king@acme.example"
	if again := s.mustEnsure(t, account); again != id {
		t.Errorf("the account was %s, and is %s under another name", id, again)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, "")})
}

func leavesClaimed(t *testing.T, s Server) {
	s.Occupy(Ada().UserName, Grace().UID)
	s.wantConflict(t, Ada())
	s.wantAccounts(t, map[types.UID]Kept{Grace().UID: {UserName: Ada().UserName, Active: true}})
}

func hasNameOnce(t *testing.T, s Server) {
	s.mustEnsure(t, Grace())
	account := Ada()
	account.ID = s.mustEnsure(t, account)
	account.UserName = Grace().UserName
	if _, err := s.Directory.Ensure(t.Context(), account); !errors.Is(err, directory.ErrConflict) || !strings.Contains(directory.Words(err), account.UserName) {
		t.Errorf("Ensure: %v, want ErrConflict that names the account", err)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), ""), Grace().UID: kept(Grace(), "")})
}

func deactivates(t *testing.T, s Server) {
	s.deactivate(t, Ada())
	s.wantAccounts(t, map[types.UID]Kept{})
	account := Ada()
	account.ID = s.mustEnsure(t, account)
	s.mustSet(t, account, first)
	inactive := Ada()
	inactive.Active = false
	for _, a := range []directory.Account{account, account, Ada()} {
		s.deactivate(t, a)
		s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(inactive, first)})
	}
	s.mustEnsure(t, account)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), first)})
}

func (s Server) deactivate(t *testing.T, account directory.Account) {
	t.Helper()
	if err := s.Directory.Deactivate(t.Context(), account); err != nil {
		t.Errorf("Deactivate: %v", err)
	}
}

func deletes(t *testing.T, s Server) {
	account := Ada()
	account.ID = s.mustEnsure(t, account)
	s.mustEnsure(t, Grace())
	for range 2 {
		if err := s.Directory.Delete(t.Context(), account); err != nil {
			t.Errorf("Delete: %v", err)
		}
		s.deactivate(t, account)
	}
	s.wantAccounts(t, map[types.UID]Kept{Grace().UID: kept(Grace(), "")})
	s.mustEnsure(t, account)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), ""), Grace().UID: kept(Grace(), "")})
}

func findsLost(t *testing.T, s Server) {
	s.mustEnsure(t, Grace())
	account := Ada()
	for _, change := range []func(){func() {}, func() { account.FamilyName = "King" }, func() { account.Active = false }} {
		change()
		s.Lose()
		_, err := s.Directory.Ensure(t.Context(), account)
		wantUnavailable(t, "Ensure", err)
		s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, ""), Grace().UID: kept(Grace(), "")})
		s.mustEnsure(t, account)
		s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, ""), Grace().UID: kept(Grace(), "")})
	}
	s.Lose()
	wantUnavailable(t, "Delete", s.Directory.Delete(t.Context(), account))
	if err := s.Directory.Delete(t.Context(), account); err != nil {
		t.Errorf("Delete: %v", err)
	}
	s.wantAccounts(t, map[types.UID]Kept{Grace().UID: kept(Grace(), "")})
}

func setsNothingElse(t *testing.T, s Server) {
	account := Ada()
	account.FamilyName, account.Active = "King", false
	s.mustEnsure(t, account)
	s.mustSet(t, Ada(), first)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(account, first)})
}

func makesOneForMany(t *testing.T, s Server) {
	const callers = 10
	outcomes := make(chan error)
	for range callers {
		go func() {
			_, err := s.Directory.Ensure(t.Context(), Ada())
			outcomes <- err
		}()
	}
	for range callers {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), "")})
}
