// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package openid

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/internal/openid/openidtest"
	"seatkeeper.dev/seatkeeper/internal/password"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const email = "jean.martin@acme.example"

// trial is a client of a provider, with an attempt to sign in.
type trial struct {
	testing.TB
	clock    *clocktesting.FakeClock
	server   *openidtest.Server
	client   *Client
	provider Provider
	attempt  Attempt
}

func newTrial(t testing.TB) *trial {
	clock := clocktesting.NewFakeClock(start)
	server := openidtest.New(t, clock)
	return &trial{
		TB: t, clock: clock, server: server, client: New(clock),
		provider: Provider{Issuer: server.URL, ClientID: openidtest.ClientID, ClientSecret: password.New(openidtest.ClientSecret)},
		attempt: Attempt{
			State: "state-1", Nonce: "nonce-1", Verifier: strings.Repeat("verifier-1", 5), Return: "https://join.acme.example/sign-in/callback", Hint: email,
		},
	}
}

// code begins the attempt and returns what the browser comes back with.
func (w *trial) code() string {
	w.Helper()
	address, err := w.client.Begin(w.Context(), w.provider, w.attempt)
	if err != nil {
		w.Fatal(err)
	}
	back := w.server.Visit(w, address)
	if got := back.Query().Get("state"); got != w.attempt.State || !strings.HasPrefix(back.String(), w.attempt.Return+"?") {
		w.Fatalf("the browser comes back to %s", back)
	}
	return back.Query().Get("code")
}

func (w *trial) finish(code string) (Person, error) {
	return w.client.Finish(w.Context(), w.provider, w.attempt, Answer{Code: code, Issuer: w.provider.Issuer})
}

func TestSigningIn(t *testing.T) {
	jean := Person{Subject: "subject-1", Email: email, Verified: true}
	for why, tc := range map[string]struct {
		set  func(*trial)
		want Person
	}{
		"as usual":           {func(*trial) {}, jean},
		"a public client":    {func(w *trial) { w.provider.ClientSecret = password.Password{} }, jean},
		"the word true":      {func(w *trial) { w.server.Claim("email_verified", "true") }, jean},
		"not verified":       {func(w *trial) { w.server.Claim("email_verified", false) }, Person{Subject: "subject-1", Email: email}},
		"nothing said of it": {func(w *trial) { w.server.Claim("email_verified", nil) }, Person{Subject: "subject-1", Email: email}},
		"who verified it is told apart": {func(w *trial) {
			w.server.Claim("email_verified", nil)
			w.server.Info("email", email)
			w.server.Info("email_verified", true)
		}, jean},
		"told apart that it is not": {func(w *trial) {
			w.server.Claim("email_verified", false)
			w.server.Info("email", email)
			w.server.Info("email_verified", true)
		}, Person{Subject: "subject-1", Email: email}},
		"of another address": {func(w *trial) {
			w.server.Claim("email_verified", nil)
			w.server.Info("email_verified", true)
		}, Person{Subject: "subject-1", Email: email}},
		"a number is no yes": {func(w *trial) { w.server.Claim("email_verified", 1) }, Person{Subject: "subject-1", Email: email}},
		"several audiences": {func(w *trial) {
			w.server.Claim("aud", []string{"other", openidtest.ClientID})
			w.server.Claim("azp", openidtest.ClientID)
		}, jean},
		"told apart": {func(w *trial) {
			w.server.Claim("email", nil)
			w.server.Info("email", email)
			w.server.Info("email_verified", true)
		}, jean},
		"no address at all": {func(w *trial) {
			w.server.Claim("email", nil)
			w.server.Claim("email_verified", nil)
			w.server.Metadata("userinfo_endpoint", nil)
		}, Person{Subject: "subject-1"}},
		"a clock that is a little behind": {func(w *trial) { w.server.Claim("exp", start.Add(-50*time.Second).Unix()) }, jean},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			tc.set(w)
			got, err := w.finish(w.code())
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
			}
		})
	}
}

func TestWhereABrowserIsSent(t *testing.T) {
	w := newTrial(t)
	address, err := w.client.Begin(t.Context(), w.provider, w.attempt)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": openidtest.ClientID, "redirect_uri": w.attempt.Return, "state": "state-1", "nonce": "nonce-1",
		"scope": "openid email", "code_challenge_method": "S256", "login_hint": email,
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if q.Get("code_challenge") == w.attempt.Verifier || strings.Contains(address, openidtest.ClientSecret) {
		t.Error("the browser is told a secret")
	}
}

func TestNoProof(t *testing.T) {
	for why, tc := range map[string]struct {
		set  func(*trial)
		want error
	}{
		"another nonce":              {func(w *trial) { w.server.Claim("nonce", "nonce-2") }, ErrUntrusted},
		"no nonce":                   {func(w *trial) { w.server.Claim("nonce", nil) }, ErrUntrusted},
		"another audience":           {func(w *trial) { w.server.Claim("aud", "somebody-else") }, ErrUntrusted},
		"made for another":           {func(w *trial) { w.server.Claim("azp", "somebody-else") }, ErrUntrusted},
		"another issuer":             {func(w *trial) { w.server.Claim("iss", "https://accounts.evil.example") }, ErrUntrusted},
		"nobody":                     {func(w *trial) { w.server.Claim("sub", nil) }, ErrUntrusted},
		"an endless subject":         {func(w *trial) { w.server.Claim("sub", strings.Repeat("x", 256)) }, ErrUntrusted},
		"an address that is no text": {func(w *trial) { w.server.Claim("email", 7) }, ErrUntrusted},
		"not yet good":               {func(w *trial) { w.server.Claim("nbf", start.Add(time.Hour).Unix()) }, ErrUntrusted},
		"over":                       {func(w *trial) { w.server.Claim("exp", start.Add(-2*time.Minute).Unix()) }, ErrClocks},
		"without an end":             {func(w *trial) { w.server.Claim("exp", nil) }, ErrClocks},
		"unsigned":                   {func(w *trial) { w.server.Unsigned() }, ErrUntrusted},
		"signed by another":          {func(w *trial) { w.server.Forged() }, ErrUntrusted},
		"signed by the client":       {func(w *trial) { w.server.Symmetric([]byte(openidtest.ClientSecret), false) }, ErrUntrusted},
		"signed by a public key":     {func(w *trial) { w.server.Symmetric(w.server.PublicKey(), false) }, ErrUntrusted},
		"signed by a published key":  {func(w *trial) { w.server.Symmetric([]byte(openidtest.ClientSecret), true) }, ErrUntrusted},
		"another person":             {func(w *trial) { w.server.Claim("email", nil); w.server.Info("sub", "subject-2") }, ErrUntrusted},
		"another's attempt":          {func(w *trial) { w.attempt.Verifier = strings.Repeat("verifier-2", 5) }, ErrRefused},
		"another secret":             {func(w *trial) { w.provider.ClientSecret = password.New("other") }, ErrMisconfigured},
		"the token endpoint is down": {func(w *trial) { w.server.Answer(openidtest.Token, 503, "secret words") }, ErrUnavailable},
		"too many ask":               {func(w *trial) { w.server.Answer(openidtest.Token, 429, "secret words") }, ErrUnavailable},
		"the token endpoint is else": {func(w *trial) { w.server.Answer(openidtest.Token, 307, "") }, ErrMisconfigured},
		"words for a token":          {func(w *trial) { w.server.Answer(openidtest.Token, 200, "secret words") }, ErrMisconfigured},
		"no token":                   {func(w *trial) { w.server.Answer(openidtest.Token, 200, `{"access_token":"secret words"}`) }, ErrMisconfigured},
		"odd":                        {func(w *trial) { w.server.Answer(openidtest.Token, 418, `{"error":"secret words"}`) }, ErrMisconfigured},
		"the keys are down":          {func(w *trial) { w.server.Answer(openidtest.Keys, 500, "secret words") }, ErrUnavailable},
		"no keys":                    {func(w *trial) { w.server.Answer(openidtest.Keys, 200, `{"keys":[]}`) }, ErrUntrusted},
		"who it is is down":          {func(w *trial) { w.server.Claim("email", nil); w.server.Answer(openidtest.UserInfo, 502, "") }, ErrUnavailable},
		"who it is is secret": {func(w *trial) {
			w.server.Claim("email", nil)
			w.server.Answer(openidtest.UserInfo, 403, "secret words")
		}, ErrMisconfigured},
		"an endless answer": {func(w *trial) { w.server.Answer(openidtest.Keys, 200, `{"keys":[`+strings.Repeat(" ", 2<<20)+`]}`) }, ErrMisconfigured},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			code := w.code()
			tc.set(w)
			got, err := w.finish(code)
			if !errors.Is(err, tc.want) || got != (Person{}) {
				t.Fatalf("got %+v, %v; want %v", got, err, tc.want)
			}
			for _, secret := range []string{code, openidtest.ClientSecret, w.attempt.Verifier, email, "secret words", "eyJ"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error has %q in it: %v", secret, err)
				}
			}
		})
	}
}

func TestACodeCountsOnce(t *testing.T) {
	w := newTrial(t)
	code := w.code()
	if _, err := w.finish(code); err != nil {
		t.Fatal(err)
	}
	if _, err := w.finish(code); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want %v", err, ErrRefused)
	}
}

func TestProvidersThatAreNone(t *testing.T) {
	for why, tc := range map[string]struct {
		set   func(*trial)
		want  error
		words string
	}{
		"another issuer":       {func(w *trial) { w.server.Metadata("issuer", "https://other.example") }, ErrMisconfigured, `calls itself "https://other.example"`},
		"a slash too much":     {func(w *trial) { w.provider.Issuer += "/" }, ErrMisconfigured, "calls itself"},
		"nothing there":        {func(w *trial) { w.provider.Issuer += "/nowhere" }, ErrMisconfigured, "no OpenID provider"},
		"words":                {func(w *trial) { w.server.Answer(openidtest.Discovery, 200, "hello") }, ErrMisconfigured, "no OpenID provider"},
		"a redirection":        {func(w *trial) { w.server.Answer(openidtest.Discovery, 302, "") }, ErrMisconfigured, "it redirects"},
		"no token endpoint":    {func(w *trial) { w.server.Metadata("token_endpoint", nil) }, ErrMisconfigured, "it has no token_endpoint"},
		"in the clear":         {func(w *trial) { w.server.Metadata("token_endpoint", "http://198.51.100.1/token") }, ErrMisconfigured, "not https"},
		"a script":             {func(w *trial) { w.server.Metadata("authorization_endpoint", "javascript:alert(1)") }, ErrMisconfigured, "not https"},
		"a user in it":         {func(w *trial) { w.server.Metadata("jwks_uri", "https://me@keys.example") }, ErrMisconfigured, "not https"},
		"not text":             {func(w *trial) { w.server.Metadata("token_endpoint_auth_methods_supported", 7) }, ErrMisconfigured, "cannot be read"},
		"down":                 {func(w *trial) { w.server.Answer(openidtest.Discovery, 503, "") }, ErrUnavailable, "HTTP status 503"},
		"nobody there":         {func(w *trial) { w.provider.Issuer = "http://127.0.0.1:1" }, ErrUnavailable, "connection refused"},
		"an issuer in clear":   {func(w *trial) { w.provider.Issuer = "http://accounts.acme.example" }, ErrMisconfigured, "https://"},
		"an issuer of no kind": {func(w *trial) { w.provider.Issuer = "accounts" }, ErrMisconfigured, "https://"},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			tc.set(w)
			_, err := w.client.Begin(t.Context(), w.provider, w.attempt)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("got %v, want %v with %q", err, tc.want, tc.words)
			}
		})
	}
}

func TestAProviderThatHangs(t *testing.T) {
	w := newTrial(t)
	w.server.Hang(openidtest.Discovery)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.client.Begin(ctx, w.provider, w.attempt); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
	// Nobody else waits for it.
	other := newTrial(t)
	if _, err := w.client.Begin(t.Context(), other.provider, other.attempt); err != nil {
		t.Error(err)
	}
	other.server.Hang(openidtest.Token)
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.client.Finish(ctx, other.provider, other.attempt, Answer{Code: "code"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

func TestAProviderIsAskedSeldom(t *testing.T) {
	w := newTrial(t)
	begin := func() {
		if _, err := w.client.Begin(t.Context(), w.provider, w.attempt); err != nil {
			t.Error(err)
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(begin)
	}
	all.Wait()
	w.clock.Step(known - time.Second)
	begin()
	if got := w.server.Asked(openidtest.Discovery); got > 2 { // one may come right after the first answer
		t.Errorf("it was asked %d times", got)
	}
	before := w.server.Asked(openidtest.Discovery)
	w.clock.Step(2 * time.Second)
	begin()
	if got := w.server.Asked(openidtest.Discovery); got != before+1 {
		t.Errorf("what it said a while ago is not asked for again: %d", got)
	}
	w.clock.Step(known)
	w.server.Answer(openidtest.Discovery, http.StatusServiceUnavailable, "")
	if _, err := w.client.Begin(t.Context(), w.provider, w.attempt); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
	w.server.Answer(openidtest.Discovery, 0, "")
	begin() // an outage is not remembered
}

func TestHowASecretIsShown(t *testing.T) {
	for why, tc := range map[string]struct {
		methods []string
		want    string
	}{
		"nothing said": {nil, "header"}, "both": {[]string{"client_secret_post", "client_secret_basic"}, "header"}, "in the form alone": {[]string{"client_secret_post"}, "form"},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			if tc.methods != nil {
				w.server.Metadata("token_endpoint_auth_methods_supported", tc.methods)
			}
			_, err := w.finish(w.code())
			if got := w.server.Shown(); err != nil || got != tc.want {
				t.Errorf("the secret is in the %q, want %q (%v)", got, tc.want, err)
			}
			if got := w.server.Asked(openidtest.Token); got != 1 {
				t.Errorf("the code was sent %d times", got)
			}
		})
	}
}

// What somebody has put into the address costs the provider nothing.
func TestAnswersThatAreNotTheProviders(t *testing.T) {
	for why, tc := range map[string]struct {
		names any
		make  func(issuer, code string) Answer
		taken bool
	}{
		"as usual":                       {nil, func(issuer, code string) Answer { return Answer{code, issuer} }, true},
		"nobody is named":                {nil, func(_, code string) Answer { return Answer{code, ""} }, true},
		"nobody is named, but was to be": {true, func(_, code string) Answer { return Answer{code, ""} }, false},
		"named as it was to be":          {true, func(issuer, code string) Answer { return Answer{code, issuer} }, true},
		"another is named":               {nil, func(_, code string) Answer { return Answer{code, "https://evil.example"} }, false},
		"no code":                        {nil, func(issuer, _ string) Answer { return Answer{"", issuer} }, false},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			w.server.Metadata("authorization_response_iss_parameter_supported", tc.names)
			_, err := w.client.Finish(t.Context(), w.provider, w.attempt, tc.make(w.provider.Issuer, w.code()))
			if taken := err == nil; taken != tc.taken || !taken && !errors.Is(err, ErrRefused) {
				t.Errorf("got %v", err)
			}
			if got := w.server.Asked(openidtest.Token) > 0; got != tc.taken {
				t.Errorf("the provider was asked: %v", got)
			}
		})
	}
}

// A provider may refuse a prompt that it does not know.
func TestHowAnAccountIsChosen(t *testing.T) {
	for why, tc := range map[string]struct {
		prompts any
		choose  bool
		want    string
	}{
		"not asked for":           {[]string{"select_account"}, false, ""},
		"nothing said":            {nil, true, "login"},
		"all":                     {[]string{"none", "login", "select_account"}, true, "select_account"},
		"by signing in anew":      {[]string{"none", "login", "consent"}, true, "login"},
		"there is no way":         {[]string{"none"}, true, ""},
		"there is nothing at all": {[]string{}, true, ""},
	} {
		t.Run(why, func(t *testing.T) {
			w := newTrial(t)
			w.server.Metadata("prompt_values_supported", tc.prompts)
			w.attempt.Choose = tc.choose
			address, err := w.client.Begin(t.Context(), w.provider, w.attempt)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(address)
			if got, asked := u.Query()["prompt"]; err != nil || asked != (tc.want != "") || asked && got[0] != tc.want {
				t.Errorf("it is asked to ask for %q, want %q (%v)", got, tc.want, err)
			}
		})
	}
}

func TestHowAnAccountIsChosenAtGoogle(t *testing.T) {
	if got := (metadata{}).choice("https://accounts.google.com"); got != "select_account" {
		t.Errorf("Google is asked to ask for %q", got)
	}
}

// What nobody signs in the way of public keys is nobody's.
func TestSignatures(t *testing.T) {
	got := metadata{Algorithms: []string{"none", "HS256", "RS256", "HS512", "ES256"}}.signatures()
	if want := []string{"RS256", "ES256"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPartsThatHang(t *testing.T) {
	for _, part := range []string{openidtest.Keys, openidtest.UserInfo} {
		t.Run(part, func(t *testing.T) {
			w := newTrial(t)
			w.server.Claim("email", nil)
			code := w.code()
			ctx, cancel := context.WithCancelCause(t.Context())
			w.server.Hang(part)
			w.server.Before(part, func() { cancel(context.DeadlineExceeded) })
			_, err := w.client.Finish(ctx, w.provider, w.attempt, Answer{Code: code})
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v, want %v", err, ErrUnavailable)
			}
		})
	}
}

type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// Whoever asks may have all the time in the world.
func TestACallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(clock.RealClock{})
		c.http.Transport = bounded{hanging{}}
		began := time.Now()
		_, err := c.Begin(t.Context(), Provider{Issuer: "https://accounts.acme.example"}, Attempt{})
		if took := time.Since(began); !errors.Is(err, ErrUnavailable) || took > 5*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}
