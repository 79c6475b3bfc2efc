// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package site serves every page of the portal, each at an address of its own, for browsers to look at.
package site

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/openid"
	"seatkeeper.dev/seatkeeper/internal/portal"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Now is when everything on the site happens.
var Now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Keys are what the links of the site are made with.
var Keys = invitation.Keyring{Current: bytes.Repeat([]byte{1}, invitation.KeySize)}

// Locales are the languages of the site.
var Locales = invitation.Locales

// State is a page with what leads to it.
type State struct {
	Name string
	// Status is what the page answers.
	Status int
	// Change makes the world in which the page comes.
	Change func(*World)
	// Post is what is posted; nil and the page is only looked at.
	Post url.Values
	// broken says that the page is a panic's.
	broken bool
	// back says that the page is for somebody whom a provider has sent back.
	back bool
}

// World is what a page is about.
type World struct {
	User         *v1alpha1.User
	Organization *v1alpha1.Organization
	Roles        []*v1alpha1.Role
	// Path is the link.
	Path string
}

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }

func asksPassword(w *World) {
	w.Organization.Spec.Invitation.Acceptance = v1alpha1.AcceptancePassword
	w.Organization.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
}

// lets has the organization let people sign in with providers of these names.
func lets(names ...string) func(*World) {
	return func(w *World) {
		for i, name := range names {
			w.Organization.Spec.Invitation.IdentityProviders = append(w.Organization.Spec.Invitation.IdentityProviders, v1alpha1.IdentityProvider{
				Name: fmt.Sprintf("provider-%d", i), DisplayName: name, Issuer: "http://127.0.0.1:1", ClientID: "seatkeeper",
			})
		}
	}
}

func all(changes ...func(*World)) func(*World) {
	return func(w *World) {
		for _, change := range changes {
			change(w)
		}
	}
}

func asksSignIn(w *World) { w.Organization.Spec.Invitation.Acceptance = v1alpha1.AcceptanceSignIn }

const (
	longWord = "Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft"
	longText = "Everything that has to do with customers, orders, offers and complaints; nothing of what has to do with people, money, " +
		"machines or the law. Includes the archive of all years before the move to the new system, for reading alone."
)

func long(w *World) {
	w.User.Spec.GivenName = "Adolph Blaine Charles David Earl Frederick Gerald Hubert Irvin John Kenneth Lloyd Martin Nero Oliver"
	w.User.Spec.Email = strings.Repeat("adolph-blaine-charles-", 2) + "hubert@" + strings.Repeat("a-subdomain-of-a-subdomain.", 6) + "example"
	w.Organization.Spec.DisplayName = longWord + " und S\u00f6hne"
	w.Roles[0].Spec.DisplayName, w.Roles[0].Spec.Description = longWord, longText
	for i := range 5 {
		role := w.Roles[0].DeepCopy()
		role.Name = fmt.Sprintf("%s-%d", role.Name, i)
		role.Spec.DisplayName = fmt.Sprintf("Role %d", i)
		w.Roles = append(w.Roles, role)
		w.User.Status.Roles = append(w.User.Status.Roles, role.Name)
	}
}

func rightToLeft(w *World) {
	w.User.Spec.GivenName = "\u0646\u0648\u0631"
	w.Organization.Spec.DisplayName = "\u05d0\u05e7\u05de\u05d9 2000 Ltd."
	w.Roles[0].Spec.DisplayName = "\u0645\u062f\u064a\u0631 (CRM)"
	w.Roles[0].Spec.Description = "\u05d2\u05d9\u05e9\u05d4 \u05dc\u05db\u05dc \u05d4\u05dc\u05e7\u05d5\u05d7\u05d5\u05ea, 24/7."
}

// chosen is a form with two passwords.
func chosen(first, second string) url.Values {
	return url.Values{"answer": {"accept"}, "password": {first}, "repeat": {second}}
}

// States are all pages.
var States = []State{
	{Name: "invitation", Status: http.StatusOK},
	{Name: "invitation-long", Status: http.StatusOK, Change: long},
	{Name: "invitation-rtl", Status: http.StatusOK, Change: rightToLeft},
	{Name: "password", Status: http.StatusOK, Change: asksPassword},
	{Name: "password-long", Status: http.StatusOK, Change: func(w *World) { asksPassword(w); long(w) }},
	{Name: "providers", Status: http.StatusOK, Change: lets("Google", "Acme ID")},
	{Name: "providers-password", Status: http.StatusOK, Change: all(asksPassword, lets("Google"))},
	{Name: "providers-alone", Status: http.StatusOK, Change: all(asksSignIn, lets("Google", longWord[:64]))},
	{Name: "providers-rtl", Status: http.StatusOK, Change: all(rightToLeft, lets("\u05d0\u05e7\u05de\u05d9 2000"))},
	{Name: "signin-unavailable", Status: http.StatusServiceUnavailable, Change: lets("Google"), Post: url.Values{"provider": {"provider-0"}}},
	{
		Name: "signin-setup", Status: http.StatusBadGateway, Change: all(lets("Google"), func(w *World) {
			w.Organization.Spec.Invitation.IdentityProviders[0].ClientSecretRef.Name = "missing"
		}), Post: url.Values{"provider": {"provider-0"}},
	},
	{Name: "signin-lost", Status: http.StatusBadRequest, back: true},
	{Name: "refused", Status: http.StatusUnprocessableEntity, Change: asksPassword, Post: chosen("password1234", "password12345")},
	{Name: "refused-worst", Status: http.StatusUnprocessableEntity, Change: asksPassword, Post: chosen("jean\tjean", "")},
	{
		Name: "refused-there", Status: http.StatusUnprocessableEntity, Change: func(w *World) {
			asksPassword(w)
			w.User.UID = rejectedUID
		}, Post: chosen("five blue herons wade", "five blue herons wade"),
	},
	{Name: "welcome", Status: http.StatusOK, Post: url.Values{"answer": {"accept"}}},
	{Name: "welcome-rtl", Status: http.StatusOK, Change: rightToLeft, Post: url.Values{"answer": {"accept"}}},
	{Name: "goodbye", Status: http.StatusOK, Post: url.Values{"answer": {"decline"}}},
	{Name: "accepted", Status: http.StatusConflict, Change: func(w *World) { w.User.Status.AcceptedAt = at(Now) }},
	{Name: "declined", Status: http.StatusConflict, Change: func(w *World) { w.User.Status.Invitation.DeclinedAt = at(Now) }},
	{Name: "expired", Status: http.StatusGone, Change: func(w *World) { w.User.Status.Invitation.ExpiredAt = at(Now) }},
	{Name: "superseded", Status: http.StatusGone, Change: func(w *World) { w.User.Status.Invitation.Sequence++ }},
	{Name: "revoked", Status: http.StatusGone, Change: func(w *World) { w.User.Spec.State = v1alpha1.UserSuspended }},
	{Name: "unknown", Status: http.StatusNotFound, Change: func(w *World) { w.Path += "x" }},
	{Name: "busy", Status: http.StatusServiceUnavailable, Change: func(w *World) { w.User.Status.Invitation = nil }},
	{Name: "unclear", Status: http.StatusBadRequest, Post: url.Values{"answer": {"maybe"}}},
	{Name: "failed", Status: http.StatusInternalServerError, broken: true},
}

// rejectedUID is whose passwords the directory refuses.
const rejectedUID = types.UID("11111111-1111-4111-8111-111111111111")

// Site is the portal with the pages laid out below /states/.
type Site struct {
	Store     *Store
	Directory *fake.Directory
	Clock     *clocktesting.FakeClock

	portal, broken http.Handler
	visits         atomic.Int64
}

// New returns a site. Its portal is set up as in production: it stands behind a proxy that it trusts.
func New(log logr.Logger) *Site {
	s := &Site{Store: NewStore(), Directory: &fake.Directory{}, Clock: clocktesting.NewFakeClock(Now)}
	s.Directory.Reject(rejectedUID, "This password was found in 3 lists of stolen passwords.")
	options := portal.Options{
		Cache: s.Store, Live: s.Store, Status: s.Store, Directories: s.Directory, Clock: s.Clock, Log: log,
		OpenID: openid.New(s.Clock), Events: &events.FakeRecorder{},
		Keys:           func() invitation.Keyring { return Keys },
		URL:            &url.URL{Scheme: "http", Host: "127.0.0.1"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	s.portal = portal.New(options)
	options.Keys = func() invitation.Keyring { panic("this page is for when we fail") }
	s.broken = portal.New(options)
	return s
}

// ServeHTTP implements http.Handler. An address below /states/ is served as the portal would serve the request that
// leads to that page, each time anew.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.Clone(r.Context())
	visit := s.visits.Add(1)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", visit>>8&0xff, visit&0xff))
	locale, name, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/states/"), "/")
	if !found || !strings.HasPrefix(r.URL.Path, "/states/") {
		s.portal.ServeHTTP(w, r)
		return
	}
	for _, state := range States {
		if state.Name != name {
			continue
		}
		r.URL.Path = s.Prepare(state, locale)
		r.Header.Set("Accept-Language", locale)
		if state.back {
			r.URL.Path = portal.CallbackPath
		}
		if state.Post != nil {
			r.Method, r.Body = http.MethodPost, body{strings.NewReader(state.Post.Encode())}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if state.broken {
			s.broken.ServeHTTP(w, r)
			return
		}
		break
	}
	s.portal.ServeHTTP(w, r)
}

type body struct{ *strings.Reader }

func (body) Close() error { return nil }

// Prepare makes the world of a page, and returns the path of its link.
func (s *Site) Prepare(state State, locale string) string {
	id := state.Name + "-" + locale
	w := World{
		Organization: &v1alpha1.Organization{
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: id},
			Spec:       v1alpha1.OrganizationSpec{DisplayName: "Acme SAS", TimeZone: "Europe/Paris"},
		},
		Roles: []*v1alpha1.Role{{
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "commercial-" + id},
			Spec:       v1alpha1.RoleSpec{Organization: id, DisplayName: "Commercial", Description: "CRM and customers, nothing else"},
		}, {
			ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "expenses-" + id},
			Spec:       v1alpha1.RoleSpec{Organization: id, DisplayName: "Expenses"},
		}},
	}
	w.User = NewUser(id, "jean.martin@acme.example")
	w.User.Spec.Organization, w.User.Spec.Locale, w.User.Spec.GivenName = id, locale, "Jean"
	w.User.Status.Roles = []string{w.Roles[0].Name, w.Roles[1].Name}
	change := state.Change
	if change == nil {
		change = func(*World) {}
	}
	claims := invitation.Claims{Sequence: 1, ExpiresAt: w.User.Status.Invitation.ExpiresAt.Time}
	change(&w)
	claims.UID = w.User.UID
	w.Path = Link(claims, w.User.Spec.Email) + w.Path
	s.Store.Put(w.User, w.Organization)
	for _, role := range w.Roles {
		s.Store.Put(role)
	}
	return w.Path
}

// NewUser returns a user of the organization acme, whose first invitation is open for a week.
func NewUser(name, email string) *v1alpha1.User {
	return &v1alpha1.User{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "acme", Name: name, UID: types.UID(uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name)).String()),
		},
		Spec: v1alpha1.UserSpec{Organization: "acme", Email: email, State: v1alpha1.UserActive},
		Status: v1alpha1.UserStatus{Invitation: &v1alpha1.InvitationStatus{
			Sequence: 1, Email: email, ExpiresAt: metav1.NewTime(Now.Add(168 * time.Hour)), SentAt: at(Now.Add(-time.Hour)),
		}},
	}
}

// Link returns the path of a link.
func Link(claims invitation.Claims, email string) string {
	token, err := Keys.Token(claims, email)
	if err != nil {
		panic(err) // the site makes no bad claims
	}
	return invitation.Path + token
}

// LinkOf returns the path of the link that a user has open.
func LinkOf(user *v1alpha1.User) string {
	latest := user.Status.Invitation
	return Link(invitation.Claims{UID: user.UID, Sequence: latest.Sequence, ExpiresAt: latest.ExpiresAt.Time}, user.Spec.Email)
}
