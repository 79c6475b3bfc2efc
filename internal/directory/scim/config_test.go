// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/directorytest"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/directory/scimtest"
	"seatkeeper.dev/seatkeeper/internal/password"
)

func TestConfig(t *testing.T) {
	bearer := scim.Credentials{Bearer: password.New("token")}
	oauth := func(change func(*scim.OAuth)) scim.Credentials {
		o := scim.OAuth{TokenURL: "https://id.example/token", ClientID: "seatkeeper", ClientSecret: password.New("hunter2")} //nolint:gosec // of a test
		change(&o)
		return scim.Credentials{OAuth: &o}
	}
	const https = "https://scim.example/v2"
	for why, tt := range map[string]struct {
		config scim.Config
		want   string
	}{
		"a token":                   {scim.Config{URL: https, Credentials: bearer}, ""},
		"a user name":               {scim.Config{URL: https, Credentials: scim.Credentials{Username: "seatkeeper", Password: password.New("hunter2")}}, ""},
		"OAuth":                     {scim.Config{URL: https, Credentials: oauth(func(*scim.OAuth) {})}, ""},
		"a slash at the end":        {scim.Config{URL: https + "/", Credentials: bearer}, ""},
		"this machine":              {scim.Config{URL: "http://127.0.0.1:8080", Credentials: bearer}, ""},
		"this machine, IPv6":        {scim.Config{URL: "http://[::1]:8080", Credentials: bearer}, ""},
		"in the clear":              {scim.Config{URL: "http://scim.example", Credentials: bearer}, "must begin with https://"},
		"a name that looks like it": {scim.Config{URL: "http://localhost.example", Credentials: bearer}, "must begin with https://"},
		"another protocol":          {scim.Config{URL: "ftp://127.0.0.1", Credentials: bearer}, "must begin with https://"},
		"no URL":                    {scim.Config{Credentials: bearer}, "must be like https://"},
		"no host":                   {scim.Config{URL: "https:///v2", Credentials: bearer}, "must be like https://"},
		"unreadable":                {scim.Config{URL: "https://a:hunter2@[scim", Credentials: bearer}, "must be like https://"},
		"a user in it":              {scim.Config{URL: "https://a:hunter2@scim.example", Credentials: bearer}, "must hold no user name"}, //nolint:gosec // of a test
		"a query":                   {scim.Config{URL: https + "?token=hunter2", Credentials: bearer}, "without ? and #"},
		"no credentials":            {scim.Config{URL: https}, "exactly one"},
		"two credentials":           {scim.Config{URL: https, Credentials: scim.Credentials{Bearer: password.New("t"), Username: "a", Password: password.New("hunter2")}}, "exactly one"},
		"a token with a line break": {scim.Config{URL: https, Credentials: scim.Credentials{Bearer: password.New("hunter2\n")}}, "line breaks"},
		"a user without a password": {scim.Config{URL: https, Credentials: scim.Credentials{Username: "a"}}, "belong together"},
		"a password without a user": {scim.Config{URL: https, Credentials: scim.Credentials{Password: password.New("hunter2")}}, "belong together"},
		"a user with a colon":       {scim.Config{URL: https, Credentials: scim.Credentials{Username: "a:b", Password: password.New("hunter2")}}, "colon"},
		"OAuth without an ID":       {scim.Config{URL: https, Credentials: oauth(func(o *scim.OAuth) { o.ClientID = "" })}, "client ID"},
		"OAuth in the clear":        {scim.Config{URL: https, Credentials: oauth(func(o *scim.OAuth) { o.TokenURL = "http://id.example" })}, "the token URL must begin with https://"},
		"a bundle that is none":     {scim.Config{URL: https, Credentials: bearer, CA: []byte("hunter2")}, "no certificate"},
		"a negative timeout":        {scim.Config{URL: https, Credentials: bearer, Timeout: -1}, "negative"},
	} {
		t.Run(why, func(t *testing.T) {
			_, err := scim.New(tt.config)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("New: %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a secret: %v", err)
			}
			if printed := fmt.Sprintf("%v %+v", tt.config, tt.config); strings.Contains(printed, "hunter2") && !strings.Contains(tt.config.URL, "hunter2") {
				t.Errorf("printing it shows a secret: %s", printed)
			}
		})
	}
}

func TestBasicCredentials(t *testing.T) {
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) {
		config.Credentials = scim.Credentials{Username: "seatkeeper", Password: password.New("hunter2:ä")}
	})
	if _, err := c.Ensure(t.Context(), directorytest.Ada()); !errors.Is(err, directory.ErrUnavailable) || len(s.Requests()) != 1 {
		t.Errorf("Ensure: %v, after %d requests; want ErrUnavailable after 1: nothing new can be sent", err, len(s.Requests()))
	}
	s.Tokens("seatkeeper:hunter2:ä")
	ensure(t, c, directorytest.Ada())
}

// tokens gives out token-1, token-2 and so on.
type tokens struct {
	*httptest.Server
	given  atomic.Int64
	answer atomic.Pointer[string]
}

func startTokens(t *testing.T) *tokens {
	t.Helper()
	ts := &tokens{}
	ts.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "users groups" || id != "seat%3Akeeper" || secret != "hunter2%26" {
			scimtest.Answer(http.StatusUnauthorized, `{"error":"invalid_client"}`)(w, r)
			return
		}
		n := ts.given.Add(1)
		if answer := ts.answer.Load(); answer != nil {
			scimtest.Answer(http.StatusOK, *answer)(w, r)
			return
		}
		scimtest.Answer(http.StatusOK, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, n))(w, r)
	}))
	t.Cleanup(ts.Close)
	return ts
}

func (ts *tokens) credentials(config *scim.Config) {
	config.Credentials = scim.Credentials{OAuth: &scim.OAuth{
		TokenURL: ts.URL, ClientID: "seat:keeper", ClientSecret: password.New("hunter2&"), Scopes: []string{"users", "groups"},
	}}
}

func TestOAuth(t *testing.T) {
	ts := startTokens(t)
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) { config.Clock = clock; ts.credentials(config) })
	steps := []struct {
		why   string
		takes []string
		after time.Duration
		want  int64
		fails bool
	}{
		{"a token is asked for", []string{"token-1"}, 0, 1, false},
		{"and kept", []string{"token-1"}, 59 * time.Minute, 1, false},
		{"until shortly before it ends", []string{"token-1", "token-2"}, 40 * time.Second, 2, false},
		{"one that is refused is asked for anew", []string{"token-3"}, 0, 3, false},
		{"but once", nil, 0, 4, true},
		{"and again the next time", []string{"token-5"}, 0, 5, false},
	}
	for _, step := range steps {
		clock.SetTime(clock.Now().Add(step.after))
		s.Tokens(step.takes...)
		_, err := c.Ensure(t.Context(), directorytest.Ada())
		if given := ts.given.Load(); given != step.want || (err != nil) != step.fails {
			t.Errorf("%s: %v, %d tokens, want %d", step.why, err, given, step.want)
		}
	}
}

func TestOddTokens(t *testing.T) {
	for why, tt := range map[string]struct {
		answer string
		works  bool
	}{
		"a lifetime as a text":  {`{"access_token":"token-1","expires_in":"3600"}`, true},
		"no lifetime":           {`{"access_token":"token-1","token_type":"bearer"}`, true},
		"a lifetime of nothing": {`{"access_token":"token-1","expires_in":0}`, true},
		"no token":              {`{}`, false},
		"a page":                {"<html>", false},
		"another kind of token": {`{"access_token":"token-1","token_type":"mac"}`, false},
	} {
		t.Run(why, func(t *testing.T) {
			ts := startTokens(t)
			ts.answer.Store(&tt.answer)
			c, s := start(t, scimtest.Rich(), ts.credentials)
			s.Tokens("token-1")
			if _, err := c.Ensure(t.Context(), directorytest.Ada()); (err == nil) != tt.works || err != nil && !errors.Is(err, directory.ErrUnavailable) {
				t.Errorf("Ensure: %v", err)
			}
		})
	}
	t.Run("the wrong secret", func(t *testing.T) {
		ts := startTokens(t)
		c, _ := start(t, scimtest.Rich(), func(config *scim.Config) {
			ts.credentials(config)
			config.Credentials.OAuth.ClientSecret = password.New("hunter3")
		})
		_, err := c.Ensure(t.Context(), directorytest.Ada())
		if words := directory.Words(err); !errors.Is(err, directory.ErrUnavailable) || !strings.Contains(words, "no token") || !strings.Contains(words, "invalid_client") {
			t.Errorf("Ensure: %v", err)
		}
	})
}

func TestCertificateIsChecked(t *testing.T) {
	asked := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		w.WriteHeader(http.StatusTeapot)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the first client
	server.StartTLS()
	defer server.Close()
	_, err := client(t, server.URL, nil).Ensure(t.Context(), directorytest.Ada())
	if !errors.Is(err, directory.ErrUnavailable) || asked {
		t.Errorf("Ensure: %v, and the server was asked: %t; want ErrUnavailable, not asked", err, asked)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	_, _ = client(t, server.URL, func(config *scim.Config) { config.CA = ca }).Ensure(t.Context(), directorytest.Ada())
	if !asked {
		t.Error("a certificate of the bundle is not trusted")
	}
}

func TestOneRequestTakesNoLongerThanItsTimeout(t *testing.T) {
	c, s := start(t, scimtest.Rich(), func(config *scim.Config) { config.Timeout = 20 * time.Millisecond })
	s.Hang()
	_, err := c.Ensure(t.Context(), directorytest.Ada())
	if diff := cmp.Diff(outcome{"unavailable", 0, "no answer from the directory within 20ms"}, outcomeOf(err)); diff != "" {
		t.Errorf("Ensure: (-want +got):\n%s", diff)
	}
}

// Credentials do not follow a redirect.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	c, s := start(t, scimtest.Rich(), nil)
	s.Script(scimtest.Answer(http.StatusTemporaryRedirect, "", "Location", elsewhere.URL))
	if _, err := c.Ensure(t.Context(), directorytest.Ada()); !errors.Is(err, directory.ErrUnavailable) || asked {
		t.Errorf("Ensure: %v, and the other server was asked: %t", err, asked)
	}
}
