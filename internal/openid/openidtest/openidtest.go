// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package openidtest is an OpenID provider for tests, on loopback. It asks nobody for anything: whoever comes is the person that
// it is told of. It can lie and fail on demand.
package openidtest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

// ClientID and ClientSecret are those by which it knows its only client.
const (
	ClientID     = "seatkeeper-at-acme"
	ClientSecret = "client-secret-of-tests-5c1f"
)

// Server is a provider.
type Server struct {
	// URL is its issuer.
	URL string

	key    *rsa.PrivateKey
	front  *httptest.Server
	ended  chan struct{}
	clock  clock.PassiveClock
	mu     sync.Mutex
	codes  map[string]url.Values
	asked  map[string]int
	broken map[string]http.HandlerFunc
	// what of its answers is otherwise than it is to be
	metadata, claims, info map[string]any
	denies                 string
	before                 map[string]func()
	shown                  string
	symmetric              []byte
	sign                   func(claims []byte) string
}

var ours, others = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// New runs a provider until the test ends. It says that everybody is subject-1 at jean.martin@acme.example, verified.
func New(t testing.TB, clock clock.PassiveClock) *Server {
	t.Helper()
	s := &Server{
		key: ours(), ended: make(chan struct{}), clock: clock, codes: map[string]url.Values{}, asked: map[string]int{}, broken: map[string]http.HandlerFunc{},
		metadata: map[string]any{}, claims: map[string]any{}, info: map[string]any{}, before: map[string]func(){},
	}
	s.sign = s.rs256
	s.front = httptest.NewServer(s)
	s.URL = s.front.URL
	t.Cleanup(func() {
		close(s.ended)
		s.front.Close()
	})
	return s
}

// The parts of the provider, which can be broken one by one.
const (
	Discovery = "/.well-known/openid-configuration"
	Keys      = "/keys"
	Authorize = "/authorize"
	Token     = "/token"
	UserInfo  = "/userinfo"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	part, before := s.broken[r.URL.Path], s.before[r.URL.Path]
	s.mu.Unlock()
	if before != nil {
		before()
	}
	if part == nil {
		part = map[string]http.HandlerFunc{Discovery: s.discovery, Keys: s.keys, Authorize: s.authorize, Token: s.token, UserInfo: s.userInfo}[r.URL.Path]
	}
	if part == nil {
		part = http.NotFound
	}
	part(w, r)
}

// Metadata changes what it says of itself; nil removes a field.
func (s *Server) Metadata(name string, value any) { s.set(func() { s.metadata[name] = value }) }

// Claim changes what it says of everybody in ID tokens; nil removes a claim.
func (s *Server) Claim(name string, value any) { s.set(func() { s.claims[name] = value }) }

// Info has it say so where it is asked about people.
func (s *Server) Info(name string, value any) { s.set(func() { s.info[name] = value }) }

// Deny has it send everybody back with an error.
func (s *Server) Deny(code string) { s.set(func() { s.denies = code }) }

// Answer has a part answer with a status, and these words; 0 mends it.
func (s *Server) Answer(part string, status int, words string) {
	s.set(func() {
		delete(s.broken, part)
		if status != 0 {
			s.broken[part] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(words))
			}
		}
	})
}

// Hang has a part never answer.
func (s *Server) Hang(part string) {
	s.set(func() {
		s.broken[part] = func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-s.ended:
			case <-r.Context().Done():
			}
		}
	})
}

// Before has something happen when a part is asked, before it answers.
func (s *Server) Before(part string, do func()) { s.set(func() { s.before[part] = do }) }

// Symmetric has ID tokens signed with a key that both sides have (HS256), and publishes it among the other keys if it is to.
func (s *Server) Symmetric(key []byte, published bool) {
	s.set(func() {
		if published {
			s.symmetric = key
		}
		s.sign = func(claims []byte) string {
			signed := encoded(`{"alg":"HS256","kid":"2"}`) + "." + encoded(string(claims))
			sum := hmac.New(sha256.New, key)
			_, _ = sum.Write([]byte(signed))
			return signed + "." + encoded(string(sum.Sum(nil)))
		}
	})
}

// PublicKey is the key that everybody may have, in PEM.
func (s *Server) PublicKey() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&s.key.PublicKey)})
}

// Shown is how the client showed its secret last: "header", "form" or "".
func (s *Server) Shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

// Unsigned has ID tokens say that they need no signature, and have none.
func (s *Server) Unsigned() {
	s.set(func() {
		s.sign = func(claims []byte) string { return encoded(`{"alg":"none"}`) + "." + encoded(string(claims)) + "." }
	})
}

// Forged has ID tokens signed with a key that is not the provider's.
func (s *Server) Forged() {
	s.set(func() { s.sign = (&Server{key: others()}).rs256 })
}

// Asked returns how often a part was asked.
func (s *Server) Asked(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[part]
}

func (s *Server) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Visit is what a browser does that is sent to address: it returns where the provider sends it back to.
func (s *Server) Visit(t testing.TB, address string) *url.URL {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	back, err := response.Location()
	if err != nil {
		t.Fatalf("the provider answers %s and no redirection: %v", response.Status, err)
	}
	return back
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, s.changed(map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.URL + Authorize, "token_endpoint": s.URL + Token, "jwks_uri": s.URL + Keys,
		"userinfo_endpoint": s.URL + UserInfo, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}, func() map[string]any { return s.metadata }))
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	public := s.key.PublicKey
	keys := []map[string]any{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}}
	s.set(func() {
		if s.symmetric != nil {
			keys = append(keys, map[string]any{"kty": "oct", "alg": "HS256", "use": "sig", "kid": "2", "k": base64.RawURLEncoding.EncodeToString(s.symmetric)})
		}
	})
	write(w, http.StatusOK, map[string]any{"keys": keys})
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("scope") != "openid email" {
		http.Error(w, "not a request to sign in", http.StatusBadRequest)
		return
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		http.Error(w, "nowhere to go back to", http.StatusBadRequest)
		return
	}
	code, answer := rand.Text(), url.Values{"state": {q.Get("state")}, "iss": {s.URL}}
	s.set(func() {
		if s.denies != "" {
			answer.Set("error", s.denies)
			return
		}
		answer.Set("code", code)
		s.codes[code] = q
	})
	back.RawQuery = answer.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	var began url.Values
	s.set(func() {
		began = s.codes[r.PostFormValue("code")]
		delete(s.codes, r.PostFormValue("code"))
	})
	id, secret, header := r.BasicAuth()
	shown := "header"
	if !header {
		id, secret, shown = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), "form"
	}
	if secret == "" {
		shown = ""
	}
	s.set(func() { s.shown = shown })
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID, shown != "" && secret != ClientSecret:
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case began == nil, began.Get("redirect_uri") != r.PostFormValue("redirect_uri"),
		began.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]):
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "of jean.martin@acme.example"})
	default:
		now := s.clock.Now()
		claims, err := json.Marshal(s.changed(map[string]any{
			"iss": s.URL, "aud": ClientID, "sub": "subject-1", "nonce": began.Get("nonce"), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
			"email": "jean.martin@acme.example", "email_verified": true,
		}, func() map[string]any { return s.claims }))
		if err != nil {
			panic(err)
		}
		s.mu.Lock()
		sign := s.sign
		s.mu.Unlock()
		write(w, http.StatusOK, map[string]any{"access_token": "access-" + rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": sign(claims)})
	}
}

func (s *Server) userInfo(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, s.changed(map[string]any{"sub": "subject-1"}, func() map[string]any { return s.info }))
}

// changed is what is usual with what is to be otherwise.
func (s *Server) changed(usual map[string]any, changes func() map[string]any) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, value := range changes() {
		if usual[name] = value; value == nil {
			delete(usual, name)
		}
	}
	return usual
}

func (s *Server) rs256(claims []byte) string {
	signed := encoded(`{"alg":"RS256","kid":"1"}`) + "." + encoded(string(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(fmt.Errorf("signing: %w", err))
	}
	return signed + "." + encoded(string(signature))
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
