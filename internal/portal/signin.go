// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	fold "seatkeeper.dev/seatkeeper/internal/address"
	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/follow"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/openid"
)

// CallbackPath is where identity providers send people back to, below the portal's own address. It is registered with them.
const CallbackPath = "/sign-in/callback"

const (
	// signInTimeout is how long a provider may take to say who somebody is.
	signInTimeout = 10 * time.Second
	// errorWords bounds what a provider's failure is told in, and tellAgain is how long nobody is told of another like it.
	errorWords = 512
	tellAgain  = 10 * time.Minute
	// fieldAccount in the address of an invitation has a provider ask with which account, where it would take the same one again.
	fieldAccount = "account"
)

// What cannot be done when nobody can sign in: the actions of the events that tell so.
const (
	readingSecret = "ReadSecret"
	reaching      = "Reach"
	discovering   = "Discover"
	signingIn     = "SignIn"
	verifying     = "Verify"
)

// trouble is why somebody has not been signed in.
type trouble string

const (
	troubleDenied      trouble = "Denied"
	troubleAddress     trouble = "Address"
	troubleUnverified  trouble = "Unverified"
	troubleUnavailable trouble = "Unavailable"
	troubleSetUp       trouble = "SetUp"
	troubleClocks      trouble = "Clocks"
	troubleLost        trouble = "Lost"
)

const signInView = "signin"

// troubleViews are the pages that tell of trouble.
var troubleViews = map[trouble]view{
	troubleDenied:      {signInView, http.StatusForbidden, "stop"},
	troubleAddress:     {signInView, http.StatusForbidden, "stop"},
	troubleUnverified:  {signInView, http.StatusForbidden, "stop"},
	troubleUnavailable: {signInView, http.StatusServiceUnavailable, "wait"},
	troubleSetUp:       {signInView, http.StatusBadGateway, "stop"},
	troubleClocks:      {signInView, http.StatusBadGateway, "wait"},
	troubleLost:        {signInView, http.StatusBadRequest, "stop"},
}

// offered is a provider as the page offers it.
type offered struct{ Name, Label string }

// offers are the providers with which somebody can accept.
func (v visit) offers() []offered {
	var all []offered
	for _, provider := range v.organization.Spec.Invitation.IdentityProviders {
		all = append(all, offered{provider.Name, label(provider)})
	}
	return all
}

func label(provider v1alpha1.IdentityProvider) string {
	return cmp.Or(invitation.Clean(provider.DisplayName), provider.Name)
}

// provider is the provider of that name.
func (v visit) provider(name string) (v1alpha1.IdentityProvider, bool) {
	all := v.organization.Spec.Invitation.IdentityProviders
	at := slices.IndexFunc(all, func(p v1alpha1.IdentityProvider) bool { return p.Name == name })
	if at < 0 || v.asksPassword() && !v.hasDirectory() { // nobody can accept
		return v1alpha1.IdentityProvider{}, false
	}
	return all[at], true
}

// send makes the page that sends a browser to a provider, to come back to CallbackPath. It is a page rather than a redirection
// because the policy of the page with the button lets forms go nowhere else, and browsers hold every redirection that follows to
// that, those of the provider too.
func (p *portal) send(ctx context.Context, w http.ResponseWriter, v visit, name string, choose bool) (page, error) {
	provider, found := v.provider(name)
	switch verdict := p.judge(v); {
	case verdict != Open:
		return p.tell(ctx, v, verdict)
	case v.organization.Name == "":
		return p.turnAway(ctx, v, verdict, nil)
	case v.asksPassword() && !v.hasDirectory():
		return p.postpone(ctx, v, viewPostponed)
	case !found:
		return page{view: viewUnclear}, nil
	}
	a := attempt{
		Token: v.token, Provider: provider.Name, Issuer: provider.Issuer, ClientID: provider.ClientID,
		State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Until: p.Clock.Now().Add(attemptTime).Unix(),
	}
	asking, cancel := patient(ctx)
	defer cancel()
	known, err := p.secrets.Provider(asking, v.organization, provider)
	if err != nil {
		return p.fail(ctx, v, provider, readingSecret, err)
	}
	begun := p.openID(a, v)
	begun.Choose = choose
	address, err := p.OpenID.Begin(asking, known, begun)
	if err != nil {
		return p.fail(ctx, v, provider, discovering, err)
	}
	sealed, err := a.seal(p.Keys())
	if err != nil {
		return page{}, err
	}
	http.SetCookie(w, p.cookie(sealed, int(attemptTime/time.Second)))
	leave, err := p.describe(ctx, v, viewLeave)
	leave.Provider, leave.Leave = label(provider), address
	return leave, err
}

// patient is a context for asking a provider. It goes on when the person leaves: others may wait for the same answer, and who
// leaves is no failure of anybody's.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
}

// comeBack takes somebody whom a provider has sent back. The cookie says what for, and that it is the browser that was sent there.
func (p *portal) comeBack(ctx context.Context, w http.ResponseWriter, r *http.Request) (page, error) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		return page{view: viewNoMethod}, nil
	}
	a, ok := p.attempt(r)
	if !ok {
		return troubled(page{}, troubleLost), nil
	}
	http.SetCookie(w, p.cookie("", -1)) // one attempt, one answer
	if !p.tokens.allow(a.Token, p.Clock.Now()) {
		return page{view: viewFlooded, Invitation: p.address(a)}, nil
	}
	v, err := p.visit(ctx, a.Token)
	if err != nil || v.user == nil {
		return page{view: viewUnknown, Invitation: p.address(a)}, err
	}
	shown, err := p.finish(ctx, v, a, r.URL.Query())
	if shown.Invitation == "" {
		shown.Invitation = p.address(a)
	}
	return shown, err
}

// attempt is the one that a request ends.
func (p *portal) attempt(r *http.Request) (attempt, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return attempt{}, false
	}
	a, ok := openAttempt(p.Keys(), cookie.Value, p.Clock.Now())
	state := r.URL.Query().Get("state")
	return a, ok && a.State != "" && subtle.ConstantTimeCompare([]byte(state), []byte(a.State)) == 1
}

// finish has who signed in accept, through the door that a click takes.
func (p *portal) finish(ctx context.Context, v visit, a attempt, answer url.Values) (page, error) {
	if verdict := p.judge(v); verdict != Open {
		return p.tell(ctx, v, verdict)
	}
	provider, found := v.provider(a.Provider)
	if !found || provider.Issuer != a.Issuer || provider.ClientID != a.ClientID {
		return p.stop(ctx, v, provider, troubleLost)
	}
	code, issuer := answer.Get("code"), answer.Get("iss")
	switch failure := answer.Get("error"); {
	case failure != "":
		return p.stop(ctx, v, provider, sentBack(failure))
	case code == "":
		return p.stop(ctx, v, provider, troubleLost)
	}
	asking, cancel := patient(ctx)
	defer cancel()
	known, err := p.secrets.Provider(asking, v.organization, provider)
	if err != nil {
		return p.fail(ctx, v, provider, readingSecret, err)
	}
	person, err := p.OpenID.Finish(asking, known, p.openID(a, v), openid.Answer{Code: code, Issuer: issuer})
	if err != nil {
		return p.fail(ctx, v, provider, signingIn, err)
	}
	return p.acceptAs(ctx, v, provider, person)
}

// acceptAs has a person accept who has signed in with a provider.
func (p *portal) acceptAs(ctx context.Context, v visit, provider v1alpha1.IdentityProvider, person openid.Person) (page, error) {
	switch {
	case fold.Fold(person.Email) != fold.Fold(v.user.Spec.Email):
		return p.stop(ctx, v, provider, troubleAddress)
	case !person.Verified:
		return p.stop(ctx, v, provider, troubleUnverified)
	}
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout) // whoever leaves now has signed in
	defer cancel()
	return p.inTurn(recording, p.clicks, v, func() (page, error) {
		return p.record(recording, v, true, v1alpha1.Identity{Issuer: provider.Issuer, Subject: person.Subject})
	})
}

// sentBack is the trouble that a provider sends somebody back with (RFC 6749, section 4.1.2.1). It is for the person alone: whoever
// has a link can write it into the address, so the organization is not told.
func sentBack(failure string) trouble {
	switch failure {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required":
		return troubleDenied
	case "server_error", "temporarily_unavailable":
		return troubleUnavailable
	case "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type":
		return troubleSetUp
	}
	return troubleLost
}

// fail tells the person that a provider did not do its part, and the organization what to do.
func (p *portal) fail(ctx context.Context, v visit, provider v1alpha1.IdentityProvider, action string, err error) (page, error) {
	why := troubleSetUp
	switch {
	case errors.Is(err, follow.ErrUnread):
		return page{}, err
	case errors.Is(err, openid.ErrRefused):
		return p.stop(ctx, v, provider, troubleLost)
	case errors.Is(err, openid.ErrUnavailable):
		why, action = troubleUnavailable, reaching
	case errors.Is(err, openid.ErrClocks):
		why, action = troubleClocks, verifying
	case errors.Is(err, openid.ErrUntrusted):
		action = verifying
	}
	p.complain(v, provider, action, fault.Words(errors.New(err.Error()), errorWords))
	return p.stop(ctx, v, provider, why)
}

// complain tells the organization why nobody can sign in with a provider. Events that differ in their words alone are taken for one:
// these differ in the field that they are about as well, and in what cannot be done.
func (p *portal) complain(v visit, provider v1alpha1.IdentityProvider, action, words string) {
	organization, now := client.ObjectKeyFromObject(v.organization), p.Clock.Now()
	about := strings.Join([]string{organization.String(), provider.Name, action}, "/")
	if last, again := p.told.LoadOrStore(about, now); again &&
		(now.Sub(last.(time.Time)) < tellAgain || !p.told.CompareAndSwap(about, last, now)) {
		return
	}
	p.Log.Error(errors.New(words), "Nobody can sign in with an identity provider", "organization", organization, "provider", provider.Name)
	p.Events.Eventf(&corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "Organization", Namespace: organization.Namespace, Name: organization.Name,
		UID: v.organization.UID, FieldPath: "spec.invitation.identityProviders{" + provider.Name + "}",
	}, nil, corev1.EventTypeWarning, v1alpha1.ReasonSignInUnavailable, action,
		"people cannot accept by signing in with %s of spec.invitation.identityProviders: %s", provider.Name, words)
}

// stop makes the page for somebody who has not been signed in. Nothing has changed.
func (p *portal) stop(ctx context.Context, v visit, provider v1alpha1.IdentityProvider, why trouble) (page, error) {
	shown, err := p.describe(ctx, v, view{})
	back := p.URL.JoinPath(invitation.Path, v.token)
	if why == troubleAddress {
		back.RawQuery = url.Values{fieldAccount: {"other"}}.Encode()
	}
	shown.Provider, shown.Invitation = label(provider), back.String()
	return troubled(shown, why), err
}

func troubled(shown page, why trouble) page {
	shown.view, shown.Trouble = troubleViews[why], why
	return shown
}

func (p *portal) openID(a attempt, v visit) openid.Attempt {
	return openid.Attempt{
		State: a.State, Nonce: a.Nonce, Verifier: a.Verifier, Return: p.URL.JoinPath(CallbackPath).String(), Hint: v.user.Spec.Email,
	}
}

// cookie keeps an attempt in the browser, for the address alone that it comes back to.
func (p *portal) cookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // it is Secure wherever the pages are
		Name: cookieName, Value: value, Path: strings.TrimSuffix(p.URL.Path, "/") + CallbackPath, MaxAge: seconds,
		Secure: p.https(), HttpOnly: true, SameSite: http.SameSiteLaxMode, // Strict would keep it from who comes from elsewhere
	}
}

// address is that of the invitation which an attempt is for.
func (p *portal) address(a attempt) string { return p.URL.JoinPath(invitation.Path, a.Token).String() }
