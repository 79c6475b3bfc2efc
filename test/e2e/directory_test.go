// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// lighthouse is the sample of a directory, with people of this test's own in the directory of the system, as it is in Git.
func lighthouse(t *testing.T) (a account, git string) {
	t.Helper()
	a = applyWith(t, "directory", "directory", func(a account, yaml string) string {
		git = strings.ReplaceAll(yaml, "http://127.0.0.1:8026/scim/v2", system.Directory)
		git = strings.ReplaceAll(git, "@lighthouse.example", "@"+a.namespace+".example")
		return git
	})
	return a, git
}

// signIn is an account in the directory.
type signIn struct {
	ID         string `json:"id"`
	UserName   string `json:"userName"`
	ExternalID string `json:"externalId"`
	Title      string `json:"title"`
	Active     bool   `json:"active"`
}

// asks makes a request to the directory, as docs/directory.md does.
func asks(t *testing.T, method, url string, into any) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer let-me-in")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// signsIn waits until somebody has one account, with which the person can sign in or not, and returns it.
func (a account) signsIn(name string, active bool) (found signIn) {
	a.Helper()
	address := a.address(name)
	env.Eventually(a.T, func() (err error) {
		found, err = a.one(address, active)
		return err
	})
	return found
}

func (a account) one(address string, active bool) (found signIn, err error) {
	a.Helper()
	var all struct{ Resources []signIn }
	if err := asks(a.T, http.MethodGet, system.Directory+"/Users", &all); err != nil {
		return found, err
	}
	theirs := slices.DeleteFunc(all.Resources, func(s signIn) bool { return s.UserName != address })
	if len(theirs) != 1 || theirs[0].Active != active {
		return found, fmt.Errorf("%s has the accounts %+v, want one that is active: %v", address, theirs, active)
	}
	return theirs[0], nil
}

// outage has the directory be down, or up again.
func outage(t *testing.T, method string) {
	t.Helper()
	if err := asks(t, method, strings.TrimSuffix(system.Directory, "/scim/v2")+"/outage", nil); err != nil {
		t.Error(err)
	}
}

// The story of docs/directory.md: who can sign in follows from the YAML.
func TestAccountsAreInADirectory(t *testing.T) {
	a, git := lighthouse(t)
	address := a.address("sami")
	invited := a.signsIn("sami", false)
	a.signsIn("vera", false)
	if uid := a.uid("sami"); invited.ExternalID != uid || invited.Title != "Night shift" {
		t.Errorf("sami is %s, and has the account %+v", uid, invited)
	}
	a.accepts("sami")
	a.has("users/sami", "{.status.directoryAccount.id} {.status.directoryAccount.state}", invited.ID+" Active")
	a.signsIn("sami", true)
	a.signsIn("vera", false)
	a.sets("users/sami", `{"title":"Day shift"}`)
	env.Eventually(t, func() error {
		if now := a.signsIn("sami", true); now.Title != "Day shift" {
			return fmt.Errorf("sami has the account %+v", now)
		}
		return nil
	})

	a.run("", "delete", "users/sami")
	if _, err := a.one(address, false); err != nil {
		t.Errorf("the User is gone: %v", err)
	}
	a.records(1)
	a.figures("desks", 2, 1, 1, 0)
	a.run(git, "apply", "--server-side", "-f", "-")
	a.is("users/sami", "Active")
	if back := a.signsIn("sami", true); back.ID != invited.ID || back.ExternalID != invited.ExternalID {
		t.Errorf("sami had the account %+v, and has %+v", invited, back)
	}
	a.records(0)
	a.mailed(address, 1)

	defer outage(t, http.MethodDelete)
	outage(t, http.MethodPost)
	a.sets("users/sami", `{"state":"Archived"}`)
	a.is("users/sami", "DirectoryUnavailable")
	a.says("users/sami", `{.status.conditions[?(@.type=="Ready")].message}`,
		"the directory is not available (HTTP status 503 Service Unavailable): access ends, and the seat is freed, as soon as the account is deactivated")
	a.has("users/sami", "{.status.roles}{.status.accessRevokedAt}", "")
	a.figures("desks", 2, 2, 0, 0)
	outage(t, http.MethodDelete)
	a.is("users/sami", "Archived")
	if _, err := a.one(address, false); err != nil {
		t.Errorf("sami is archived: %v", err)
	}
	a.figures("desks", 2, 1, 1, 0)
}
