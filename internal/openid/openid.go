// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package openid signs people in with OpenID providers: it says where to send a browser, and makes of the code that it
// comes back with who the person is. It keeps nothing of anybody. No error has a code, a token or an address in it.
package openid

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"
	"k8s.io/utils/lru"

	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// What becomes of an attempt to sign in that fails.
var (
	// ErrUnavailable is a provider that does not answer, or has no time for it.
	ErrUnavailable = errors.New("the provider cannot be reached")
	// ErrMisconfigured is a provider that is not what the organization says of it. Somebody has to correct that.
	ErrMisconfigured = errors.New("the provider is not set up")
	// ErrRefused is a code that the provider does not take, or has not given: one that was used before, or not in time, or that
	// somebody else sent the browser back with.
	ErrRefused = errors.New("the provider does not take the code")
	// ErrUntrusted is an answer that does not prove who the person is.
	ErrUntrusted = errors.New("the provider's answer proves nothing")
	// ErrClocks is an answer whose time is over when it comes: its clock and ours differ.
	ErrClocks = errors.New("the provider's answer is over already: compare the clocks")
)

// Provider is an OpenID provider, as it knows us.
type Provider struct {
	Issuer, ClientID string
	// ClientSecret is empty for a public client.
	ClientSecret password.Password
}

// Attempt is what makes an attempt to sign in unlike any other. All of it is to be kept until the browser comes back.
type Attempt struct {
	// State comes back with the browser, and Nonce with the answer of the provider.
	State, Nonce string
	// Verifier proves that whoever has the code began the attempt (PKCE, RFC 7636).
	Verifier string
	// Return is where the browser comes back to.
	Return string
	// Hint is the address that the person is to sign in with, so that the provider offers that account.
	Hint string
	// Choose has the provider ask which account it is to be, rather than take the one that the person has signed in with before.
	Choose bool
}

// Answer is what a browser comes back with. Whoever has the browser may have made it up.
type Answer struct {
	Code string
	// Issuer is who says to answer (RFC 9207); empty when nobody does.
	Issuer string
}

// Person is who has signed in.
type Person struct {
	// Subject is what the provider knows the person by.
	Subject string
	// Email is the person's address, and Verified what the provider says of it.
	Email    string
	Verified bool
}

const (
	// callTimeout is how long a provider may take for one answer.
	callTimeout = 4 * time.Second
	// known is for how long what a provider offers is taken as known, and knownIssuers bounds the memory.
	known        = 10 * time.Minute
	knownIssuers = 256
	// skew is by how much the clocks may differ.
	skew = time.Minute
	// maxSubject is how long a subject may be (OpenID Connect Core, section 2).
	maxSubject = 255
)

// Client talks to providers. It serves many goroutines.
type Client struct {
	http  *http.Client
	clock clock.PassiveClock
	// asking has those who ask a provider the same thing at the same time ask once; no lock is held meanwhile.
	asking singleflight.Group
	offers *lru.Cache
}

// New returns a client that trusts the certificates that this machine does.
func New(clock clock.PassiveClock) *Client {
	return &Client{clock: clock, offers: lru.New(knownIssuers), http: &http.Client{
		Transport: bounded{http.DefaultTransport}, Timeout: callTimeout,
	}}
}

// offer is what a provider says of itself.
type offer struct {
	provider *oidc.Provider
	keys     oidc.KeySet
	// algorithms are those that it signs with.
	algorithms []string
	style      oauth2.AuthStyle
	// userInfo says that it tells more of people than its first answer does.
	userInfo bool
	// namesItself says that it does so in whatever it sends a browser back with.
	namesItself bool
	// choice is the prompt by which it lets people choose an account; empty when it has none.
	choice string
	readAt time.Time
}

// metadata is what oidc.Provider keeps to itself.
type metadata struct {
	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	KeysURL     string   `json:"jwks_uri"`
	UserInfoURL string   `json:"userinfo_endpoint"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	// Prompts are what it may be asked to ask people (Initiating User Registration 1.0, section 4.2).
	Prompts []string `json:"prompt_values_supported"`
	// NamesItself is of RFC 9207, section 3.
	NamesItself bool `json:"authorization_response_iss_parameter_supported"`
}

// Begin returns the address to send a browser to.
func (c *Client) Begin(ctx context.Context, p Provider, a Attempt) (string, error) {
	o, err := c.discover(ctx, p.Issuer)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier), oauth2.SetAuthURLParam("login_hint", a.Hint),
	}
	if a.Choose && o.choice != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", o.choice))
	}
	return o.config(p, a).AuthCodeURL(a.State, options...), nil
}

// Finish returns who has signed in, for what a browser came back with.
func (c *Client) Finish(ctx context.Context, p Provider, a Attempt, answer Answer) (Person, error) {
	if answer.Code == "" || answer.Issuer != "" && answer.Issuer != p.Issuer {
		return Person{}, ErrRefused
	}
	o, err := c.discover(ctx, p.Issuer)
	switch {
	case err != nil:
		return Person{}, err
	case o.namesItself && answer.Issuer == "":
		return Person{}, ErrRefused
	}
	return c.trade(oidc.ClientContext(ctx, c.http), o, p, a, answer.Code)
}

// trade gives a code for who has signed in.
func (c *Client) trade(ctx context.Context, o *offer, p Provider, a Attempt, code string) (Person, error) {
	token, err := o.config(p, a).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Person{}, exchangeFailure(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, fault.New(errors.New("it answers without an ID token"), ErrMisconfigured)
	}
	claims, err := c.verify(ctx, o, p, a, raw)
	if err != nil || claims.Email != "" && claims.Verified != nil || !o.userInfo {
		return claims.person(), err
	}
	return o.ask(ctx, token, claims)
}

// claims are what a provider says of a person.
type claims struct {
	Subject string `json:"sub"`
	// Party is whom the token was made for, if it is for others as well.
	Party string `json:"azp"`
	Email string `json:"email"`
	// Verified is nil when nothing is said of it.
	Verified *yes `json:"email_verified"`
}

func (c claims) person() Person {
	return Person{Subject: c.Subject, Email: c.Email, Verified: c.Verified != nil && bool(*c.Verified)}
}

// yes is true, and the word, which some providers write in its place.
type yes bool

// UnmarshalJSON implements json.Unmarshaler. Whatever is not clearly a yes is none.
func (y *yes) UnmarshalJSON(b []byte) error {
	*y = string(b) == "true" || string(b) == `"true"`
	return nil
}

// witness remembers why a signature was not verified: the library makes one text of it.
type witness struct {
	oidc.KeySet
	failure error
}

// VerifySignature implements oidc.KeySet.
func (w *witness) VerifySignature(ctx context.Context, jwt string) (payload []byte, err error) {
	payload, w.failure = w.KeySet.VerifySignature(ctx, jwt)
	return payload, w.failure
}

// verify reads an ID token that the provider signed, for us and for this attempt.
func (c *Client) verify(ctx context.Context, o *offer, p Provider, a Attempt, raw string) (claims, error) {
	seen := &witness{KeySet: o.keys}
	token, err := oidc.NewVerifier(p.Issuer, seen, &oidc.Config{
		ClientID: p.ClientID, SupportedSigningAlgs: o.algorithms, Now: func() time.Time { return c.clock.Now().Add(-skew) },
	}).Verify(ctx, raw)
	expired := (*oidc.TokenExpiredError)(nil)
	switch {
	case errors.As(err, &expired):
		return claims{}, ErrClocks
	case unreached(seen.failure):
		return claims{}, unavailable(seen.failure)
	case err != nil: // its text may quote the token
		return claims{}, fault.New(errors.New("the ID token is not its own, not for us, or not yet good"), ErrUntrusted)
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1:
		return claims{}, fault.New(errors.New("the ID token is of another attempt"), ErrUntrusted)
	}
	var said claims
	switch err := token.Claims(&said); {
	case err != nil:
		return claims{}, fault.New(errors.New("the ID token cannot be read"), ErrUntrusted)
	case said.Party != "" && said.Party != p.ClientID:
		return claims{}, fault.New(errors.New("the ID token was made for another"), ErrUntrusted)
	case said.Subject == "", len(said.Subject) > maxSubject:
		return claims{}, fault.New(errors.New("the ID token names nobody"), ErrUntrusted)
	}
	return said, nil
}

// ask asks for the address where the ID token does not say all of it, as OpenID Connect Core 5.4 leaves it to providers.
func (o *offer) ask(ctx context.Context, token *oauth2.Token, said claims) (Person, error) {
	info, err := o.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		if unreached(err) {
			return Person{}, unavailable(err)
		}
		return Person{}, fault.New(errors.New("it does not say which address the person has"), ErrMisconfigured)
	}
	if info.Subject != said.Subject {
		return Person{}, fault.New(errors.New("it tells of another person"), ErrUntrusted)
	}
	if info.Email == "" {
		return said.person(), nil
	}
	return Person{Subject: said.Subject, Email: info.Email, Verified: info.EmailVerified}, nil
}

func (o *offer) config(p Provider, a Attempt) *oauth2.Config {
	endpoint := o.provider.Endpoint()
	endpoint.AuthStyle = o.style
	if p.ClientSecret.Reveal() == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Endpoint: endpoint, RedirectURL: a.Return,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// exchangeFailure says why there is no token for a code. The provider's words may quote what it was sent.
func exchangeFailure(err error) error {
	if unreached(err) {
		return unavailable(err)
	}
	r := (*oauth2.RetrieveError)(nil)
	switch {
	case !errors.As(err, &r):
		return fault.New(errors.New("its token endpoint answers what is no token"), ErrMisconfigured)
	case r.ErrorCode == "invalid_grant":
		return ErrRefused
	case r.ErrorCode == "invalid_client", r.ErrorCode == "unauthorized_client":
		return fault.New(errors.New("it does not know the client by its ID and secret: compare clientID and clientSecretRef with it"), ErrMisconfigured)
	}
	return fault.New(fmt.Errorf("its token endpoint answers with HTTP status %d", r.Response.StatusCode), ErrMisconfigured)
}

// check says why an attempt cannot go by what the provider says of itself.
func (m metadata) check(issuer string) error {
	for name, endpoint := range map[string]string{"authorization_endpoint": m.AuthURL, "token_endpoint": m.TokenURL, "jwks_uri": m.KeysURL} {
		if endpoint == "" {
			return fault.New(fmt.Errorf("it has no %s: it does not speak OpenID Connect as far as it has to", name), ErrMisconfigured)
		}
	}
	within, _ := url.Parse(issuer)
	for _, endpoint := range []string{m.AuthURL, m.TokenURL, m.KeysURL, m.UserInfoURL} {
		u, err := url.Parse(endpoint)
		if err != nil || endpoint != "" && (u.Host == "" || u.User != nil || u.Scheme != "https" && (within.Scheme != "http" || !loopback(u))) {
			return fault.New(errors.New("it names an endpoint that is not https"), ErrMisconfigured)
		}
	}
	return nil
}

func decode(provider *oidc.Provider) (m metadata, err error) {
	var raw json.RawMessage
	if err := provider.Claims(&raw); err != nil {
		return m, err
	}
	return m, json.Unmarshal(raw, &m)
}
