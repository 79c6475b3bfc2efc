// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// start starts a server and makes a client of it; change changes what the client is made of.
func start(t *testing.T, p scimtest.Profile, change func(*scim.Config)) (*scim.Client, *scimtest.Server) {
	t.Helper()
	s := scimtest.New(p)
	t.Cleanup(s.Close)
	return client(t, s.URL(), change), s
}

func client(t *testing.T, url string, change func(*scim.Config)) *scim.Client {
	t.Helper()
	config := scim.Config{URL: url, Credentials: scim.Credentials{Bearer: password.New(scimtest.Token)}}
	if change != nil {
		change(&config)
	}
	c, err := scim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestContract(t *testing.T) {
	for _, p := range scimtest.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			directorytest.Contract(t, func(t *testing.T, adopt bool) directorytest.Server {
				return contracted(t, p, adopt)
			})
		})
	}
}

func TestGroupsContract(t *testing.T) {
	for _, p := range scimtest.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			directorytest.GroupsContract(t, func(t *testing.T, adopt bool) directorytest.Server {
				return contracted(t, p, adopt)
			})
		})
	}
}

func contracted(t *testing.T, p scimtest.Profile, adopt bool) directorytest.Server {
	t.Helper()
	c, s := start(t, p, func(config *scim.Config) { config.Adopt = adopt })
	return directorytest.Server{
		Directory: c, Groups: c, Lister: c,
		Accounts: func() map[types.UID]directorytest.Kept {
			all := map[types.UID]directorytest.Kept{}
			for _, a := range s.Accounts() {
				name, _ := a.Attributes["name"].(map[string]any)
				kept := directorytest.Kept{UserName: a.UserName, Password: a.Password, Active: a.Active}
				kept.GivenName, _ = name["givenName"].(string)
				kept.FamilyName, _ = name["familyName"].(string)
				if _, twice := all[types.UID(a.ExternalID)]; twice {
					t.Errorf("there are two accounts with the externalId %q", a.ExternalID)
				}
				all[types.UID(a.ExternalID)] = kept
			}
			return all
		},
		Occupy: func(userName string, uid types.UID) {
			attributes := map[string]any{"userName": userName, "active": true}
			if uid != "" {
				attributes["externalId"] = string(uid)
			}
			s.Add(attributes)
		},
		OccupyGroup: func(displayName string, uid types.UID) {
			attributes := map[string]any{"displayName": displayName}
			if uid != "" {
				attributes["externalId"] = string(uid)
			}
			s.AddGroup(attributes)
		},
		Reject:      func(uid types.UID, words string) { s.Reject(string(uid), words) },
		Unavailable: s.Unavailable,
		Lose:        s.LoseChange,
		Hang:        s.Hang,
		Down:        s.Close,
	}
}
