// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// Credentials are what a directory knows us by: exactly one of a token, a user name with its password, and OAuth.
type Credentials struct {
	// Bearer is a token that does not change.
	Bearer password.Password
	// Username and Password are for HTTP's Basic scheme.
	Username string
	Password password.Password
	// OAuth asks for tokens.
	OAuth *OAuth
}

// OAuth is what it takes to ask for a token with client credentials (RFC 6749, section 4.4).
type OAuth struct {
	// TokenURL is where the tokens come from; https, like the directory's URL.
	TokenURL     string
	ClientID     string
	ClientSecret password.Password
	// Scopes are asked for; none, and the server decides.
	Scopes []string
}

func (c Credentials) validate() error {
	bearer, basic := c.Bearer.Reveal() != "", c.Username != "" || c.Password.Reveal() != ""
	switch {
	case bearer && !basic && c.OAuth == nil:
		return c.validateBearer()
	case basic && !bearer && c.OAuth == nil:
		return c.validateBasic()
	case c.OAuth != nil && !bearer && !basic:
		return c.OAuth.validate()
	}
	return errors.New("the credentials must be exactly one of a bearer token, a user name with its password, and OAuth client credentials")
}

func (c Credentials) validateBearer() error {
	if strings.ContainsFunc(c.Bearer.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the bearer token must be one word of ASCII: check it for line breaks")
	}
	return nil
}

func (c Credentials) validateBasic() error {
	if c.Username == "" || strings.Contains(c.Username, ":") || c.Password.Reveal() == "" {
		return errors.New("a user name, without a colon, and a password belong together in the credentials")
	}
	return nil
}

func (o *OAuth) validate() error {
	if o.ClientID == "" || o.ClientSecret.Reveal() == "" {
		return errors.New("OAuth takes a client ID and a client secret")
	}
	_, err := checkURL("token URL", o.TokenURL)
	return err
}

// fixed is the header of credentials that do not change.
func (c Credentials) fixed() string {
	if bearer := c.Bearer.Reveal(); bearer != "" {
		return "Bearer " + bearer
	}
	return "Basic " + basic(c.Username, c.Password.Reveal())
}

func basic(name, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(name + ":" + secret))
}

const (
	// tokenMargin is how long before its end a token is not used any more, and tokenLife how long one is that does not say.
	tokenMargin = 30 * time.Second
	tokenLife   = 5 * time.Minute
)

// turn is a lock that is not waited for longer than a context lasts, and not by those who would only fail as whoever had it did: a
// server that hangs has all of them wait once, and not one after the other.
type turn struct {
	held     chan struct{}
	failures atomic.Uint64
	latest   error // of whoever had it
}

func newTurn() *turn { return &turn{held: make(chan struct{}, 1)} }

func (t *turn) take(ctx context.Context) error {
	before := t.failures.Load()
	select {
	case t.held <- struct{}{}:
	case <-ctx.Done():
		return directory.Unavailable(ctx.Err())
	}
	if t.failures.Load() != before {
		defer t.leave()
		return t.latest
	}
	return nil
}

// try takes it if nobody has it.
func (t *turn) try() bool {
	select {
	case t.held <- struct{}{}:
		return true
	default:
		return false
	}
}

// fail has those who wait fail too, unless it is the caller who has no more time.
func (t *turn) fail(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		t.latest = err
		t.failures.Add(1)
	}
	return err
}

func (t *turn) leave() { <-t.held }

// authorizer knows what to put into the header Authorization.
type authorizer struct {
	credentials Credentials
	client      *Client
	// turn is held by whoever reads or changes the token, which takes a request at times.
	turn  *turn
	token string
	until time.Time
}

func newAuthorizer(c *Client, credentials Credentials) *authorizer {
	return &authorizer{credentials: credentials, client: c, turn: newTurn()}
}

// header is the value of the header.
func (a *authorizer) header(ctx context.Context) (string, error) {
	if a.credentials.OAuth == nil {
		return a.credentials.fixed(), nil
	}
	if err := a.turn.take(ctx); err != nil {
		return "", err
	}
	defer a.turn.leave()
	if a.token == "" || !a.client.clock.Now().Before(a.until) {
		token, life, err := a.fetch(ctx)
		if err != nil {
			return "", a.turn.fail(ctx, err)
		}
		a.token, a.until = token, a.client.clock.Now().Add(life)
	}
	return "Bearer " + a.token, nil
}

// refused forgets a token that the directory did not take, and says whether there can be another.
func (a *authorizer) refused(ctx context.Context, header string) bool {
	if a.credentials.OAuth == nil || a.turn.take(ctx) != nil {
		return false
	}
	defer a.turn.leave()
	if header == "Bearer "+a.token {
		a.token = ""
	}
	return true
}

// fetch asks for a token, and says how long to use it.
func (a *authorizer) fetch(ctx context.Context) (token string, life time.Duration, err error) {
	o := a.credentials.OAuth
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(o.Scopes) > 0 {
		form.Set("scope", strings.Join(o.Scopes, " "))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, directory.Unavailable(errors.New("the request for a token cannot be written: check the token URL"))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Basic "+basic(url.QueryEscape(o.ClientID), url.QueryEscape(o.ClientSecret.Reveal())))
	if err := a.client.budget.Wait(ctx); err != nil {
		return "", 0, err
	}
	res, err := a.client.send(req)
	if err != nil {
		// Whatever it is, the account is not to blame.
		said := fmt.Errorf("no token from the token URL: %s", directory.Words(err))
		if after, ok := directory.RetryAfter(err); ok {
			return "", 0, directory.UnavailableFor(said, after)
		}
		if ctx.Err() != nil {
			said = fmt.Errorf("no token from the token URL: %w", ctx.Err())
		}
		return "", 0, directory.Unavailable(said)
	}
	return readToken(res.body)
}

func readToken(body []byte) (token string, life time.Duration, err error) {
	var said struct {
		Token string      `json:"access_token"`
		Type  string      `json:"token_type"`
		Life  json.Number `json:"expires_in"`
	}
	// Some servers write the number as a text, which json.Number takes.
	if err := json.Unmarshal(bytes.TrimSpace(body), &said); err != nil || said.Token == "" {
		return "", 0, directory.Unavailable(errors.New("the token URL answers without a token: check it"))
	}
	if !strings.EqualFold(cmp.Or(said.Type, "bearer"), "bearer") {
		return "", 0, directory.Unavailable(errors.New("the token URL gives tokens that are no bearer tokens"))
	}
	seconds, unknown := said.Life.Float64()
	if unknown != nil || seconds <= 0 {
		seconds = tokenLife.Seconds()
	}
	life = time.Duration(min(seconds, (24*time.Hour).Seconds()) * float64(time.Second))
	return said.Token, max(life-tokenMargin, life/2), nil
}

// scrub takes the credentials out of somebody else's words, who may quote them: those that never change, and those that this
// header was made of.
func (a *authorizer) scrub(words, header string) string {
	_, sent, _ := strings.Cut(header, " ")
	secrets := []string{sent, a.credentials.Bearer.Reveal(), a.credentials.Password.Reveal()}
	if a.credentials.OAuth != nil {
		secret := a.credentials.OAuth.ClientSecret.Reveal()
		secrets = append(secrets, secret, url.QueryEscape(secret))
	}
	for _, secret := range secrets {
		if secret != "" {
			words = strings.ReplaceAll(words, secret, "(credentials)")
		}
	}
	return words
}
