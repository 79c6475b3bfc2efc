// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/account"
	scimclient "seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
)

func catalogued(t *testing.T) (c *catalog, url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url = "http://" + server.Listener.Addr().String() + "/scim/v2"
	c = newCatalog(url, 0)
	server.Config.Handler = c
	server.Start()
	t.Cleanup(server.Close)
	return c, url
}

// The bare client is a floor only while it makes the requests of the operator's.
func TestBareClientMakesTheSameRequests(t *testing.T) {
	theirs, theirURL := catalogued(t)
	client, err := scimclient.New(scimclient.Config{URL: theirURL, Credentials: scimclient.Credentials{Bearer: password.New(scimtest.Token)}})
	if err != nil {
		t.Fatal(err)
	}
	org := build.Organization(organization).Directory().Obj()
	org.Spec.Directory.SCIM.URL = theirURL
	u := person("acme", 0)
	u.Status.Roles = []string{role}
	wanted := account.Of(u, org, false)
	if wanted.ID, err = client.Ensure(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	wanted.GivenName = "Augusta"
	if _, err := client.Ensure(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Ensure(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	for kind := range theirs.counts { // what the directory says of itself is asked for once, whoever comes
		if !strings.Contains(kind, "/Users") {
			delete(theirs.counts, kind)
		}
	}

	ours, ourURL := catalogued(t)
	bare := newScimClient(ourURL)
	id, err := bare.create(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := bare.change(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	ours.counts["GET /Users/id"]++ // the operator's client has looked once more, and has found nothing to do
	if diff := cmp.Diff(theirs.counts, ours.counts); diff != "" {
		t.Errorf("requests (-operator's +bare):\n%s", diff)
	}
	if n, want := len(ours.ids), 2; n != want {
		t.Errorf("there are %d entries in the index, want %d", n, want)
	}
}

// Who is there already is found by either name.
func TestCatalogFinds(t *testing.T) {
	_, url := catalogued(t)
	bare := newScimClient(url)
	if _, err := bare.create(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]int{
		`externalId eq "` + string(person("", 1).UID) + `"`: 1, `userName eq "` + person("", 1).Spec.Email + `"`: 1, `userName eq "nobody"`: 0,
	} {
		var found struct{ Resources []struct{ UserName string } }
		if err := bare.do(t.Context(), "GET", "/Users?filter="+strings.NewReplacer(" ", "%20", `"`, "%22").Replace(filter), nil, &found); err != nil {
			t.Fatal(err)
		}
		if len(found.Resources) != want {
			t.Errorf("%s finds %+v, want %d", filter, found, want)
		}
	}
}
