// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package realscim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/realscim"
)

func start(t *testing.T, adopt bool) (*scim.Client, *realscim.Server) {
	t.Helper()
	s := realscim.Start(t)
	c, err := scim.New(scim.Config{URL: s.URL, Credentials: scim.Credentials{Bearer: password.New(realscim.Token)}, Adopt: adopt})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func text(v any) string { s, _ := v.(string); return s }

func TestContract(t *testing.T) { directorytest.Contract(t, contracted) }

func TestGroupsContract(t *testing.T) { directorytest.GroupsContract(t, contracted) }

func contracted(t *testing.T, adopt bool) directorytest.Server {
	t.Helper()
	c, s := start(t, adopt)
	return directorytest.Server{
		Directory: c, Groups: c, Lister: c,
		Accounts: func() map[types.UID]directorytest.Kept {
			all := map[types.UID]directorytest.Kept{}
			for _, u := range s.State(t).Users {
				name, _ := u["name"].(map[string]any)
				active, said := u["active"].(bool)
				uid := types.UID(text(u["externalId"]))
				if _, twice := all[uid]; twice {
					t.Errorf("there are two accounts with the externalId %q", uid)
				}
				all[uid] = directorytest.Kept{
					UserName: text(u["userName"]), GivenName: text(name["givenName"]), FamilyName: text(name["familyName"]),
					Password: text(u["password"]), Active: active || !said,
				}
			}
			return all
		},
		Occupy: func(userName string, uid types.UID) {
			attributes := map[string]any{"userName": userName, "active": true}
			if uid != "" {
				attributes["externalId"] = string(uid)
			}
			s.Add(t, attributes)
		},
		OccupyGroup: func(displayName string, uid types.UID) {
			attributes := map[string]any{"displayName": displayName}
			if uid != "" {
				attributes["externalId"] = string(uid)
			}
			s.AddGroup(t, attributes)
		},
		Reject:      func(uid types.UID, words string) { s.Reject(t, string(uid), words) },
		Unavailable: s.Unavailable,
		Lose:        s.LoseChange,
		Hang:        s.Hang,
		Down:        s.Down,
	}
}

// Everything that an account can have comes and goes, in few requests.
func TestAllAttributes(t *testing.T) {
	c, s := start(t, false)
	ensure := func(a directory.Account) string {
		t.Helper()
		id, err := c.Ensure(t.Context(), a)
		if err != nil {
			t.Fatalf("Ensure: %v", err)
		}
		return id
	}
	want := func(what string, want map[string]int) {
		t.Helper()
		if diff := cmp.Diff(want, s.Requests()); diff != "" {
			t.Errorf("requests to %s (-want +got):\n%s", what, diff)
		}
	}
	manager := ensure(directorytest.Grace())
	want("begin", map[string]int{"GET": 5, "POST": 1})
	a := directorytest.Ada()
	a.Title, a.WorkPhone, a.MobilePhone, a.TimeZone, a.EmployeeNumber = "Countess", "+44-20-7946-0000", "+44-7700-900000", "Europe/London", "E-1042"
	a.ManagerID, a.Roles = manager, []string{"analyst", "auditor"}
	a.ID = ensure(a)
	want("make an account", map[string]int{"GET": 2, "POST": 1})
	ensure(a)
	want("find nothing to do", map[string]int{"GET": 1})
	before := a
	a.UserName, a.Title, a.WorkPhone, a.MobilePhone, a.EmployeeNumber, a.Roles = "king@acme.example", "King", "+44-1", "", "", []string{"auditor", "owner"}
	ensure(a)
	want("change it", map[string]int{"GET": 1, "PATCH": 1})
	ensure(a)
	want("find nothing to do after a change", map[string]int{"GET": 1})
	bare := directory.Account{UID: a.UID, ID: a.ID, UserName: a.UserName}
	ensure(bare)
	ensure(bare)
	want("take all away", map[string]int{"GET": 2, "PATCH": 1})
	ensure(before)
	ensure(before)
	want("put all back", map[string]int{"GET": 2, "PATCH": 1})
}
