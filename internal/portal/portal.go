// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portal serves the pages on which people answer their invitations. Looking at a page changes nothing,
// since mail scanners and previews follow links; the answer is posted, and counts once.
package portal

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/semaphore"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/openid"
	"seatkeeper.dev/seatkeeper/internal/signin"
)

const (
	// apiTimeout is how long the API server may take over one request.
	apiTimeout = 10 * time.Second
	// maxBody is more than the form ever has, in bytes: two passwords that are far too long are told so.
	maxBody = 16 << 10
	// maxAnswers is how many answers of a kind are worked on at the same time; more wait for their turn. It spares the API
	// server a wave of people who answer the same mail.
	maxAnswers = 32
)

// The form that is posted.
const (
	fieldAnswer   = "answer"
	answerAccept  = "accept"
	answerDecline = "decline"
	fieldPassword = "password"
	fieldRepeat   = "repeat"
	// fieldProvider is the name of the identity provider to accept with. It comes without an answer.
	fieldProvider = "provider"
)

// Options are what the portal works with.
type Options struct {
	// Cache finds Users by index.UserUID, and Organizations and Roles by name. It may lag, and is asked not to wait and
	// not to copy what it finds.
	Cache client.Reader
	// Live reads Users from the API server itself.
	Live client.Reader
	// Status records answers in the status of Users.
	Status client.StatusClient
	// Directories take the passwords of people whose organization has them choose one. Where it has no directory they cannot
	// accept, but decline.
	Directories directory.Directories
	// Keys returns the keys that links are made with at present.
	Keys func() invitation.Keyring
	// Clock tells the time.
	Clock clock.PassiveClock
	// OpenID signs people in with the identity providers of their organization. The Secrets that these name are read by Live.
	OpenID *openid.Client
	// Events tells the organization when nobody can sign in with one.
	Events events.EventRecorder
	// URL is the address at which people reach the portal, and come back to it from an identity provider. Browsers are told to
	// insist on HTTPS if it does.
	URL *url.URL
	// TrustedProxies are the networks of the proxies whose X-Forwarded-For header is believed. Without the
	// proxy in front of it among them, the portal takes everybody for one client when it limits requests.
	TrustedProxies []netip.Prefix
	// Log takes answers, with the name of the User, and failures. No mail address, token or password goes there.
	Log logr.Logger
}

type portal struct {
	Options
	addresses, tokens *limiter
	// clicks and passwords are the lines of those who answer: a directory that takes its time holds up nobody who has
	// nothing to do with it.
	clicks, passwords *semaphore.Weighted
	// complained are the organizations whose want of a directory the log has.
	complained sync.Map
	// secrets are those of identity providers, and told is when their organizations were told of what.
	secrets *signin.Secrets
	told    sync.Map
}

// New returns the handler of the portal: GET shows an invitation at invitation.Path and its token, POST answers
// it, and CallbackPath is where identity providers send people back to. Everything else is a page that says what to do. What comes before invitation.Path makes no difference: the
// address that people know the portal by may have a path, which not every proxy takes away.
func New(options Options) http.Handler {
	return &portal{
		Options:   options,
		addresses: newLimiter(addressRate, addressBurst),
		tokens:    newLimiter(tokenRate, tokenBurst),
		clicks:    semaphore.NewWeighted(maxAnswers),
		passwords: semaphore.NewWeighted(maxAnswers),
		secrets:   signin.New(options.Live, options.Clock),
	}
}

// ServeHTTP implements http.Handler.
func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), p.https())
	locale := invitation.MatchLocale(r.Header.Get("Accept-Language"))
	defer func() {
		if caught := recover(); caught != nil {
			p.Log.Error(nil, "The portal panicked", "panic", caught, "stack", string(debug.Stack()))
			page{view: viewFailed, Details: invitation.Details{Locale: locale}}.write(w)
		}
	}()
	shown, err := p.respond(w, r)
	if err != nil {
		p.Log.Error(presentable(err), "Answering a request to the portal failed")
		shown = page{view: viewBusy, Invitation: shown.Invitation}
	}
	if shown.Locale == "" { // the page is about nobody in particular
		shown.Locale = locale
	}
	shown.write(w)
}

func (p *portal) respond(w http.ResponseWriter, r *http.Request) (page, error) {
	back := strings.HasSuffix(r.URL.Path, CallbackPath) // invitation.Path may be in front of it
	token, found := tokenOf(r.URL.Path)
	found = found && !back
	now := p.Clock.Now()
	switch {
	case !p.addresses.allow(clientAddress(r, p.TrustedProxies), now), found && !p.tokens.allow(token, now):
		return page{view: viewFlooded}, nil
	case !found && !back:
		return page{view: viewUnknown}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	if back {
		return p.comeBack(ctx, w, r)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return p.show(ctx, token)
	case http.MethodPost:
		return p.post(ctx, w, r, token)
	}
	w.Header().Set("Allow", "GET, HEAD, POST")
	return page{view: viewNoMethod}, nil
}

func (p *portal) https() bool { return p.URL.Scheme == "https" }

// tokenOf is what follows the last invitation.Path in the path of a request.
func tokenOf(path string) (string, bool) {
	at := strings.LastIndex(path, invitation.Path)
	if at < 0 {
		return "", false
	}
	return path[at+len(invitation.Path):], true
}

// presentable leaves of an error of the API server only the reason: the message may quote the object, and so
// the address.
func presentable(err error) error {
	if reason := apierrors.ReasonForError(err); reason != "" {
		return errors.New(string(reason))
	}
	return err
}
