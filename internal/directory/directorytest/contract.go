// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package directorytest holds what every directory.Directory promises, as tests.
package directorytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Server is a directory with the server behind it, which a test can make fail.
type Server struct {
	Directory directory.Directory
	// Groups and Lister are of the same server, for GroupsContract.
	Groups directory.Groups
	Lister directory.Lister
	// Accounts returns the accounts that there are; one that nobody has claimed has no UID.
	Accounts func() map[types.UID]Kept
	// Occupy makes an active account as somebody else does, who has claimed it unless uid is empty.
	Occupy func(userName string, uid types.UID)
	// OccupyGroup makes a group without members in the same way.
	OccupyGroup func(displayName string, uid types.UID)
	// Reject refuses every password for the account with these words, for good.
	Reject func(uid types.UID, words string)
	// Unavailable makes the next n attempts find a server that asks to come back.
	Unavailable func(n int)
	// Lose has the next change be made, and its answer get lost.
	Lose func()
	// Hang leaves every attempt without an answer, to the end of the test.
	Hang func()
	// Down ends the server.
	Down func()
}

// Kept is an account as the server has it.
type Kept struct {
	UserName, GivenName, FamilyName, Password string
	Active                                    bool
}

// Contract tests a directory. start is called for each test; the directory may adopt accounts where that is asked for.
func Contract(t *testing.T, start func(t *testing.T, adopt bool) Server) {
	tests := map[string]func(*testing.T, Server){
		"makes an account":                           ensures,
		"makes one that cannot sign in":              ensuresInactive,
		"changes what is otherwise":                  changes,
		"takes away what is not known any more":      empties,
		"finds an account by its UID":                findsByUID,
		"renames an account":                         renames,
		"leaves accounts of others alone":            leavesOthers,
		"has a name once":                            hasNameOnce,
		"deactivates an account":                     deactivates,
		"deletes an account":                         deletes,
		"finds again what it was not told":           findsLost,
		"makes an account and sets its password":     makes,
		"sets a password anew":                       setsAnew,
		"sets a password and nothing else":           setsNothingElse,
		"repeats without harm":                       repeats,
		"knows an account by its UID":                knowsByUID,
		"takes any text for a password":              takesAnyText,
		"refuses what is no account":                 refuses,
		"reports a rejection with its words":         reportsRejection,
		"reports a server that asks to wait":         reportsUnavailable,
		"reports a server that is down":              reportsDown,
		"gives up a server that hangs":               givesUp,
		"stops when its context is cancelled":        stops,
		"does not begin with a cancelled one":        doesNotBegin,
		"works for many at once":                     worksForMany,
		"makes one account for many who ask at once": makesOneForMany,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t, false)) })
	}
	t.Run("adopts an account", func(t *testing.T) { adopts(t, start(t, true)) })
	t.Run("adopts none that somebody has claimed", func(t *testing.T) { leavesClaimed(t, start(t, true)) })
}

// Ada has an account that any directory takes.
func Ada() directory.Account {
	return directory.Account{
		UID:          "0b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de",
		Organization: types.NamespacedName{Namespace: "acme", Name: "acme"},
		UserName:     "ada@acme.example", GivenName: "Ada", FamilyName: "Lovelace", Locale: "en-GB", Active: true,
	}
}

// Grace has another.
func Grace() directory.Account {
	a := Ada()
	a.UID, a.UserName, a.GivenName, a.FamilyName = "1b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de", "grace@acme.example", "Grace", "Hopper"
	return a
}

// kept is what becomes of an account.
func kept(a directory.Account, secret string) Kept {
	return Kept{UserName: a.UserName, GivenName: a.GivenName, FamilyName: a.FamilyName, Password: secret, Active: a.Active}
}

const first, second = "a long walk at dawn", "five blue herons wade"

func (s Server) set(t *testing.T, account directory.Account, secret string) error {
	t.Helper()
	err := s.Directory.SetPassword(t.Context(), account, password.New(secret))
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Error("the error holds the password")
	}
	return err
}

func (s Server) mustSet(t *testing.T, account directory.Account, secret string) {
	t.Helper()
	if err := s.set(t, account, secret); err != nil {
		t.Fatalf("SetPassword: %v", err)
	}
}

func (s Server) wantAccounts(t *testing.T, want map[types.UID]Kept) {
	t.Helper()
	if diff := cmp.Diff(want, s.Accounts()); diff != "" {
		t.Errorf("the accounts (-want +got):\n%s", diff)
	}
}

func makes(t *testing.T, s Server) {
	s.mustSet(t, Ada(), first)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), first)})
}

func setsAnew(t *testing.T, s Server) {
	s.mustSet(t, Ada(), first)
	s.mustSet(t, Ada(), second)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), second)})
}

func repeats(t *testing.T, s Server) {
	for range 3 {
		s.mustSet(t, Ada(), first)
	}
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), first)})
}

func knowsByUID(t *testing.T, s Server) {
	renamed, other := Ada(), Grace()
	renamed.UserName = "ada.king@acme.example"
	s.mustSet(t, Ada(), first)
	s.mustSet(t, other, first)
	s.mustSet(t, renamed, second)
	accounts := s.Accounts()
	if len(accounts) != 2 || accounts[Ada().UID].Password != second || accounts[other.UID].Password != first {
		t.Errorf("the accounts: %v", accounts)
	}
}

func takesAnyText(t *testing.T, s Server) {
	for why, secret := range map[string]string{
		"quotes and brackets": `"'<>{}[]\/&;$(x)%00` + "`",
		"spaces":              "  a  b  c  d  ",
		"other scripts":       "\u00e9\u00df\u4e0a\u6749\u9054\u4e5f\u0634\u0643\u0631\U0001fa91\U0001fa91",
		"long":                strings.Repeat("0123456789abcdef", 8),
	} {
		s.mustSet(t, Ada(), secret)
		if got := s.Accounts()[Ada().UID].Password; got != secret {
			t.Errorf("%s: the password became %q", why, got)
		}
	}
}

func refuses(t *testing.T, s Server) {
	for why, change := range map[string]func(*directory.Account){
		"no UID":       func(a *directory.Account) { a.UID = "" },
		"no user name": func(a *directory.Account) { a.UserName = "" },
	} {
		account := Ada()
		change(&account)
		for method, call := range s.methods(account) {
			if err := call(t.Context()); !errors.Is(err, directory.ErrRejected) {
				t.Errorf("%s: %s: %v, want ErrRejected", why, method, err)
			}
		}
	}
	s.wantAccounts(t, map[types.UID]Kept{})
}

// methods are all of a directory's.
func (s Server) methods(account directory.Account) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Ensure":      func(ctx context.Context) error { _, err := s.Directory.Ensure(ctx, account); return err },
		"Deactivate":  func(ctx context.Context) error { return s.Directory.Deactivate(ctx, account) },
		"Delete":      func(ctx context.Context) error { return s.Directory.Delete(ctx, account) },
		"SetPassword": func(ctx context.Context) error { return s.Directory.SetPassword(ctx, account, password.New(first)) },
	}
}

func reportsRejection(t *testing.T, s Server) {
	s.Reject(Ada().UID, "This password was used before.")
	err := s.set(t, Ada(), first)
	if !errors.Is(err, directory.ErrRejected) || errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("SetPassword: %v, want ErrRejected alone", err)
	}
	if words := directory.Words(err); words != "This password was used before." {
		t.Errorf("the directory's words are %q", words)
	}
	s.mustSet(t, Grace(), first)
	if password := s.Accounts()[Ada().UID].Password; password != "" {
		t.Error("the password was set nevertheless")
	}
}

func reportsUnavailable(t *testing.T, s Server) {
	s.mustEnsure(t, Ada())
	for method, call := range s.methods(Ada()) {
		s.Unavailable(2)
		for range 2 {
			wantUnavailable(t, method, call(t.Context()))
		}
	}
	s.mustSet(t, Ada(), second)
	s.wantAccounts(t, map[types.UID]Kept{Ada().UID: kept(Ada(), second)})
}

func reportsDown(t *testing.T, s Server) {
	s.mustSet(t, Ada(), first)
	s.Down()
	for method, call := range s.methods(Ada()) {
		wantUnavailable(t, method, call(t.Context()))
	}
}

func givesUp(t *testing.T, s Server) {
	s.Hang()
	for method, call := range s.methods(Ada()) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := call(ctx)
		cancel()
		wantUnavailable(t, method, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want DeadlineExceeded as well", method, err)
		}
	}
}

func stops(t *testing.T, s Server) {
	s.Hang()
	for method, call := range s.methods(Ada()) {
		ctx, cancel := context.WithCancel(t.Context())
		// Whether it has reached the server by then makes no difference.
		time.AfterFunc(20*time.Millisecond, cancel)
		err := call(ctx)
		wantUnavailable(t, method, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want Canceled as well", method, err)
		}
	}
}

func doesNotBegin(t *testing.T, s Server) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for method, call := range s.methods(Ada()) {
		err := call(ctx)
		wantUnavailable(t, method, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want Canceled as well", method, err)
		}
	}
	s.wantAccounts(t, map[types.UID]Kept{})
}

func worksForMany(t *testing.T, s Server) {
	const people = 20
	outcomes := make(chan error)
	want := map[types.UID]Kept{}
	for i := range people {
		account := Ada()
		account.UID = types.UID(fmt.Sprintf("0b7ba7a6-4f3c-4c57-9a4e-%012d", i))
		account.UserName = fmt.Sprintf("ada%d@acme.example", i)
		want[account.UID] = kept(account, fmt.Sprint(first, i))
		go func() {
			outcomes <- s.Directory.SetPassword(t.Context(), account, password.New(fmt.Sprint(first, i)))
		}()
	}
	for range people {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	s.wantAccounts(t, want)
}

func wantUnavailable(t *testing.T, method string, err error) {
	t.Helper()
	if !errors.Is(err, directory.ErrUnavailable) || errors.Is(err, directory.ErrRejected) {
		t.Errorf("%s: %v, want ErrUnavailable alone", method, err)
	}
	if directory.Words(err) == "" {
		t.Errorf("%s: there are no words for a person", method)
	}
}
