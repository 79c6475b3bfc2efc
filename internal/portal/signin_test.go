// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/openid/openidtest"
	"seatkeeper.dev/seatkeeper/test/build"
)

// entrance is a portal whose organization lets people sign in with a provider.
type entrance struct {
	*world
	provider *openidtest.Server
	// keys are those of the moment.
	keys invitation.Keyring
}

func newEntrance(t *testing.T, changes ...func(*v1alpha1.Organization)) *entrance {
	t.Helper()
	o := choosing()
	o.Spec.Invitation.Acceptance = v1alpha1.AcceptanceConfirm
	e := &entrance{keys: testKeys(1)}
	secret := build.Secret("acme-id", nil)
	secret.Namespace, secret.Data = "acme", map[string][]byte{"clientSecret": []byte(openidtest.ClientSecret + "\n")}
	e.world = newWorld(t, invited(), role(), secret)
	e.provider = openidtest.New(t, e.clock)
	o.Spec.Invitation.IdentityProviders = []v1alpha1.IdentityProvider{{
		Name: "acme-id", DisplayName: "Acme\u202e ID", Issuer: e.provider.URL, ClientID: openidtest.ClientID, ClientSecretRef: v1alpha1.SecretReference{Name: "acme-id"},
	}}
	for _, change := range changes {
		change(o)
	}
	if err := e.store.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	options := e.options()
	options.Keys = func() invitation.Keyring { return e.keys }
	e.handler = New(options)
	return e
}

func asking(mode v1alpha1.AcceptanceMode) func(*v1alpha1.Organization) {
	return func(o *v1alpha1.Organization) { o.Spec.Invitation.Acceptance = mode }
}

// edit changes the organization.
func (e *entrance) edit(change func(*v1alpha1.Organization)) {
	e.t.Helper()
	var o v1alpha1.Organization
	if err := e.store.Get(e.t.Context(), types.NamespacedName{Namespace: "acme", Name: "acme"}, &o); err != nil {
		e.t.Fatal(err)
	}
	change(&o)
	if err := e.store.Update(e.t.Context(), &o); err != nil {
		e.t.Fatal(err)
	}
}

var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="0;url=([^"]*)">`)

func (e *entrance) press() *http.Response {
	e.t.Helper()
	return e.do(e.pressing())
}

func (e *entrance) pressing() *http.Request {
	return posted(linkOf(e.t, invited()), url.Values{fieldProvider: {"acme-id"}})
}

// begin presses the button, and goes through the provider. It returns what the browser then asks for, and with what cookie.
func (e *entrance) begin() (*url.URL, *http.Cookie) {
	e.t.Helper()
	response := e.press()
	body := bodyOf(e.t, response)
	found := refresh.FindStringSubmatch(body)
	if response.StatusCode != http.StatusOK || found == nil || len(response.Cookies()) != 1 {
		e.t.Fatalf("the button leads nowhere: %d, %v\n%s", response.StatusCode, response.Cookies(), body[strings.Index(body, "<main"):])
	}
	return e.provider.Visit(e.t, html.UnescapeString(found[1])), response.Cookies()[0]
}

// back is the browser that comes back.
func (e *entrance) back(at *url.URL, cookie *http.Cookie) *http.Response {
	e.t.Helper()
	return e.do(returning(at, cookie))
}

func returning(at *url.URL, cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, at.RequestURI(), nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return r
}

func (e *entrance) holds(response *http.Response, status int, words ...string) {
	e.t.Helper()
	body := bodyOf(e.t, response)
	if response.StatusCode != status {
		e.t.Errorf("the answer is %d, want %d", response.StatusCode, status)
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			e.t.Errorf("the page does not say %q:\n%s", word, body[strings.Index(body, "<main"):])
		}
	}
}

// discreet holds that nothing of the person or of what is secret is in the log or the events.
func (e *entrance) discreet(more ...string) {
	e.t.Helper()
	told := e.logged.String()
	for len(e.events.Events) > 0 {
		told += <-e.events.Events
	}
	for _, secret := range append(more, address, "subject-1", openidtest.ClientSecret, "acme.example", strings.TrimPrefix(linkOf(e.t, invited()), invitation.Path)) {
		if secret != "" && strings.Contains(told, secret) {
			e.t.Errorf("%q is told:\n%s", secret, told)
		}
	}
}

func TestSigningInAccepts(t *testing.T) {
	for _, mode := range []v1alpha1.AcceptanceMode{v1alpha1.AcceptanceConfirm, v1alpha1.AcceptancePassword, v1alpha1.AcceptanceSignIn} {
		t.Run(string(mode), func(t *testing.T) {
			e := newEntrance(t, asking(mode))
			e.provider.Claim("email", "Jean.Martin@Acme.example")
			if body := e.get200(linkOf(t, invited())); !strings.Contains(body, `name="provider" value="acme-id"`) || !strings.Contains(body, "Continue with <bdi>Acme ID</bdi>") ||
				strings.Contains(body, `value="accept"`) != (mode != v1alpha1.AcceptanceSignIn) {
				t.Errorf("the page offers something else:\n%s", body)
			}
			at, cookie := e.begin()
			if len(e.patches) > 0 {
				t.Errorf("something was written before the person was back: %v", e.patches)
			}
			response := e.back(at, cookie)
			e.holds(response, http.StatusOK, "Welcome to <bdi>Acme SAS</bdi>", address)
			if gone := response.Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Path != cookie.Path {
				t.Errorf("the browser keeps the attempt: %v", gone)
			}
			user := e.user()
			if diff := cmp.Diff(v1alpha1.Identity{Issuer: e.provider.URL, Subject: "subject-1"}, user.Status.Identity); diff != "" || user.Status.AcceptedAt == nil {
				t.Errorf("accepted at %v (-want +got):\n%s", user.Status.AcceptedAt, diff)
			}
			if len(e.patches) != 1 || !strings.Contains(e.patches[0], "by seatkeeper-portal") || !strings.Contains(e.patches[0], "resourceVersion") {
				t.Errorf("the writes are %v", e.patches)
			}
			e.discreet(at.Query().Get("code"))
		})
	}
}

func TestAClickLeavesNoIdentity(t *testing.T) {
	e := newEntrance(t)
	e.holds(e.post(linkOf(t, invited()), answerAccept), http.StatusOK)
	if got := e.user().Status.Identity; got != (v1alpha1.Identity{}) {
		t.Errorf("got %+v", got)
	}
}

func TestThePageThatSendsAway(t *testing.T) {
	for why, tc := range map[string]struct {
		portal, path string
		secure       bool
	}{
		"at the root over HTTPS": {"https://join.acme.example", "/sign-in/callback", true},
		"below a path":           {"http://join.acme.example/team/", "/team/sign-in/callback", false},
	} {
		t.Run(why, func(t *testing.T) {
			e := newEntrance(t)
			options := e.options()
			options.URL, _ = url.Parse(tc.portal)
			e.handler = New(options)
			response := e.press()
			if got := response.Header.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self';") {
				t.Errorf("the policy is %q", got)
			}
			c := response.Cookies()[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != tc.secure || c.Path != tc.path || c.MaxAge != 600 || c.Domain != "" {
				t.Errorf("the cookie is %+v", c)
			}
			e.holds(response, http.StatusOK, "<title>Continue with Acme ID</title>", address,
				`class="button" href="`+e.provider.URL, url.QueryEscape(strings.TrimSuffix(tc.portal, "/")+"/sign-in/callback"))
		})
	}
}

func TestLookingSignsNobodyIn(t *testing.T) {
	e := newEntrance(t)
	e.get200(linkOf(t, invited()))
	e.get200(linkOf(t, invited()) + "?provider=acme-id")
	if got := e.provider.Asked(openidtest.Discovery); got != 0 {
		t.Errorf("the provider was asked %d times", got)
	}
	for _, method := range []string{http.MethodHead, http.MethodPost} {
		if got := e.do(httptest.NewRequest(method, CallbackPath, nil)).StatusCode; got != http.StatusMethodNotAllowed {
			t.Errorf("%s of the callback answers %d", method, got)
		}
	}
}

func TestButtonsThatAreNotThere(t *testing.T) {
	for why, tc := range map[string]struct {
		change func(*v1alpha1.Organization)
		form   url.Values
		status int
	}{
		"another provider":              {asking(v1alpha1.AcceptanceConfirm), url.Values{fieldProvider: {"google"}}, http.StatusBadRequest},
		"no provider":                   {asking(v1alpha1.AcceptanceConfirm), url.Values{fieldProvider: {""}}, http.StatusBadRequest},
		"another answer":                {asking(v1alpha1.AcceptanceConfirm), url.Values{fieldProvider: {"acme-id"}, fieldAnswer: {"maybe"}}, http.StatusBadRequest},
		"a click where that is too few": {asking(v1alpha1.AcceptanceSignIn), url.Values{fieldAnswer: {answerAccept}}, http.StatusBadRequest},
		"nowhere for a password to go": {func(o *v1alpha1.Organization) {
			asking(v1alpha1.AcceptancePassword)(o)
			o.Spec.Directory = v1alpha1.DirectoryPolicy{}
		}, url.Values{fieldProvider: {"acme-id"}}, http.StatusServiceUnavailable},
	} {
		t.Run(why, func(t *testing.T) {
			e := newEntrance(t, tc.change)
			e.holds(e.do(posted(linkOf(t, invited()), tc.form)), tc.status)
			if len(e.patches) > 0 || e.provider.Asked(openidtest.Discovery) > 0 {
				t.Errorf("something happened: %v", e.patches)
			}
		})
	}
}

// Whatever goes wrong at the provider, the person is told, in the own language, and nothing has changed.
func TestTroubleWithTheProvider(t *testing.T) {
	for why, tc := range map[string]struct {
		set    func(*entrance)
		status int
		en, fr string
		// event is a part of what the organization is told; empty for nothing.
		event string
	}{
		"denied": {func(e *entrance) { e.provider.Deny("access_denied") }, 403, "signing in was cancelled, or not allowed", "la connexion a été annulée", ""},
		"another address": {
			func(e *entrance) { e.provider.Claim("email", "somebody.else@gmail.example") }, 403, "The invitation is for <bdi>" + address + "</bdi>", "a une autre adresse", "",
		},
		"another tag":    {func(e *entrance) { e.provider.Claim("email", "jean.martin+tag@acme.example") }, 403, "has another address", "a une autre adresse", ""},
		"no address":     {func(e *entrance) { e.provider.Claim("email", nil) }, 403, "has another address", "a une autre adresse", ""},
		"unverified":     {func(e *entrance) { e.provider.Claim("email_verified", false) }, 403, "does not confirm that the address", "ne confirme pas que l’adresse", ""},
		"down":           {func(e *entrance) { e.provider.Answer(openidtest.Token, 503, "") }, 503, "does not answer right now", "ne répond pas", "cannot be reached: it answers with HTTP status 503"},
		"busy there":     {func(e *entrance) { e.provider.Deny("temporarily_unavailable") }, 503, "does not answer right now", "ne répond pas", ""},
		"too old":        {func(e *entrance) { e.provider.Claim("exp", 1) }, 502, "The clocks there and here may differ", "Les horloges", "compare the clocks"},
		"forged":         {func(e *entrance) { e.provider.Forged() }, 502, "something to set up", "n’a pas terminé", "proves nothing"},
		"unsigned":       {func(e *entrance) { e.provider.Unsigned() }, 502, "something to set up", "n’a pas terminé", "proves nothing"},
		"another nonce":  {func(e *entrance) { e.provider.Claim("nonce", "other") }, 502, "something to set up", "n’a pas terminé", "of another attempt"},
		"another client": {func(e *entrance) { e.provider.Claim("aud", "other") }, 502, "something to set up", "n’a pas terminé", "proves nothing"},
		"wrong secret": {
			func(e *entrance) { e.provider.Answer(openidtest.Token, 401, `{"error":"invalid_client"}`) }, 502, "something to set up", "n’a pas terminé", "compare clientID and clientSecretRef",
		},
		"used code":          {func(e *entrance) { e.provider.Answer(openidtest.Token, 400, `{"error":"invalid_grant"}`) }, 400, "Signing in took too long", "a pris trop de temps", ""},
		"not allowed to ask": {func(e *entrance) { e.provider.Deny("unauthorized_client") }, 502, "something to set up", "n’a pas terminé", ""},
		"who knows":          {func(e *entrance) { e.provider.Deny("rosebud") }, 400, "Signing in took too long", "a pris trop de temps", ""},
	} {
		for locale, words := range map[string]string{"en": tc.en, "fr": tc.fr} {
			t.Run(why+"/"+locale, func(t *testing.T) {
				e := newEntrance(t, func(o *v1alpha1.Organization) { o.Spec.Locale = locale })
				tc.set(e)
				at, cookie := e.begin()
				e.holds(e.back(at, cookie), tc.status, words, `class="button" href="http://join.acme.example/team`+linkOf(t, invited()))
				if len(e.patches) > 0 || e.user().Status.AcceptedAt != nil {
					t.Errorf("something was written: %v", e.patches)
				}
				if tc.event == "" != (len(e.events.Events) == 0) {
					t.Errorf("the organization is told %d times", len(e.events.Events))
				} else if tc.event != "" {
					if got := <-e.events.Events; !strings.Contains(got, "Warning SignInUnavailable") || !strings.Contains(got, tc.event) || !strings.Contains(got, "acme-id") {
						t.Errorf("the organization is told %q", got)
					}
				}
				e.discreet(at.Query().Get("code"), "somebody.else")
			})
		}
	}
}

// What comes in between is judged at the moment of the answer.
func TestWhatComesInBetween(t *testing.T) {
	touched := func(change func(*v1alpha1.UserStatus)) func(*entrance, *url.URL, *http.Cookie) {
		return func(e *entrance, _ *url.URL, _ *http.Cookie) {
			if err := e.touch(change); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	respond := func(change func(*v1alpha1.User)) func(*entrance, *url.URL, *http.Cookie) {
		return func(e *entrance, _ *url.URL, _ *http.Cookie) {
			u := e.user()
			change(u)
			if err := e.store.Update(e.t.Context(), u); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	lost := "Signing in took too long"
	for why, tc := range map[string]struct {
		happens func(*entrance, *url.URL, *http.Cookie)
		status  int
		words   string
	}{
		"a newer link":      {touched(func(s *v1alpha1.UserStatus) { s.Invitation.Sequence++ }), 410, "This link has been replaced"},
		"it expired":        {touched(func(s *v1alpha1.UserStatus) { s.Invitation.ExpiredAt = &s.Invitation.ExpiresAt }), 410, "has expired"},
		"it was declined":   {touched(func(s *v1alpha1.UserStatus) { s.Invitation.DeclinedAt = &s.Invitation.ExpiresAt }), 409, "already declined"},
		"it was accepted":   {touched(func(s *v1alpha1.UserStatus) { s.AcceptedAt = &s.Invitation.ExpiresAt }), 409, "already accepted"},
		"a password is set": {touched(func(s *v1alpha1.UserStatus) { s.Invitation.Answering = answering("other", now.Add(time.Minute)) }), 503, "One moment, please"},
		"suspended":         {respond(func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended }), 410, "no longer valid"},
		"archived":          {respond(func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserArchived }), 410, "no longer valid"},
		"another address":   {respond(func(u *v1alpha1.User) { u.Spec.Email = "jeanne@acme.example" }), 410, "This link has been replaced"},
		"another browser":   {func(_ *entrance, _ *url.URL, c *http.Cookie) { c.Name = "other" }, 400, lost},                               //nolint:gosec // of tests
		"another's cookie":  {func(_ *entrance, _ *url.URL, c *http.Cookie) { c.Value = c.Value[:40] + "AAAA" + c.Value[44:] }, 400, lost}, //nolint:gosec // of tests
		"another state": {func(_ *entrance, at *url.URL, _ *http.Cookie) {
			at.RawQuery = strings.Replace(at.RawQuery, "state=", "state=x", 1)
		}, 400, lost},
		"another provider": {func(_ *entrance, at *url.URL, _ *http.Cookie) {
			at.RawQuery = regexp.MustCompile(`iss=[^&]*`).ReplaceAllString(at.RawQuery, "iss=https%3A%2F%2Fevil.example")
		}, 400, lost},
		"the client is another": {func(e *entrance, _ *url.URL, _ *http.Cookie) {
			e.edit(func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders[0].ClientID = "other" })
		}, 400, lost},
		"no code": {func(_ *entrance, at *url.URL, _ *http.Cookie) {
			at.RawQuery = regexp.MustCompile(`code=[^&]*`).ReplaceAllString(at.RawQuery, "")
		}, 400, lost},
		"ten minutes":        {func(e *entrance, _ *url.URL, _ *http.Cookie) { e.clock.Step(attemptTime) }, 400, lost},
		"almost ten minutes": {func(e *entrance, _ *url.URL, _ *http.Cookie) { e.clock.Step(attemptTime - time.Second) }, 200, "Welcome"},
		"the key is rotated": {func(e *entrance, _ *url.URL, _ *http.Cookie) {
			e.keys = invitation.Keyring{Current: testKeys(2).Current, Previous: e.keys.Current}
		}, 200, "Welcome"},
		"the key is replaced": {func(e *entrance, _ *url.URL, _ *http.Cookie) { e.keys = testKeys(2) }, 400, lost},
		"the provider goes": {func(e *entrance, _ *url.URL, _ *http.Cookie) {
			e.edit(func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders = nil })
		}, 400, lost},
		"the provider is another": {func(e *entrance, _ *url.URL, _ *http.Cookie) {
			e.edit(func(o *v1alpha1.Organization) {
				o.Spec.Invitation.IdentityProviders[0].Issuer = "https://accounts.google.com"
			})
		}, 400, lost},
	} {
		t.Run(why, func(t *testing.T) {
			e := newEntrance(t)
			at, cookie := e.begin()
			tc.happens(e, at, cookie)
			e.patches = nil
			e.holds(e.back(at, cookie), tc.status, tc.words)
			if written := len(e.patches) > 0; written != (tc.status == http.StatusOK) {
				t.Errorf("the writes are %v", e.patches)
			}
		})
	}
}

// Between the look at the link and the write, too.
func TestALinkThatIsReplacedWhileTheProviderAnswers(t *testing.T) {
	e := newEntrance(t)
	at, cookie := e.begin()
	e.beforePatch = func(n int) error {
		if n > 1 {
			return nil
		}
		return e.touch(func(s *v1alpha1.UserStatus) { s.Invitation.Sequence++ })
	}
	e.holds(e.back(at, cookie), http.StatusGone, "This link has been replaced")
	if e.user().Status.AcceptedAt != nil {
		t.Error("a dead link was accepted")
	}
}

func TestComingBackTwice(t *testing.T) {
	e := newEntrance(t)
	at, cookie := e.begin()
	e.holds(e.back(at, cookie), http.StatusOK, "Welcome")
	e.holds(e.back(at, cookie), http.StatusConflict, "already accepted") // who kept the cookie
	e.holds(e.back(at, nil), http.StatusBadRequest, "It says whether you have accepted")
	if len(e.patches) != 1 || e.provider.Asked(openidtest.Token) != 1 {
		t.Errorf("the writes are %v; the provider was asked for %d tokens", e.patches, e.provider.Asked(openidtest.Token))
	}
}

func TestAProviderThatIsNotSetUp(t *testing.T) {
	for why, tc := range map[string]struct {
		change func(*v1alpha1.Organization)
		status int
		words  string
	}{
		"no such Secret": {
			func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders[0].ClientSecretRef.Name = "other" }, 502,
			"the provider is not set up: there is no Secret other, which clientSecretRef in spec.invitation.identityProviders of the organization names: create it",
		},
		"no issuer": {func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders[0].Issuer += "/other" }, 502, "there is no OpenID provider at its issuer"},
		"nobody":    {func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders[0].Issuer = "http://127.0.0.1:1" }, 503, "cannot be reached"},
	} {
		t.Run(why, func(t *testing.T) {
			e := newEntrance(t, tc.change)
			for range 3 {
				response := e.press()
				if len(response.Cookies()) > 0 {
					t.Error("there is nothing to come back from")
				}
				e.holds(response, tc.status, "You have not been signed in", "Back to the invitation")
			}
			if len(e.events.Events) != 1 {
				t.Fatalf("the organization is told %d times", len(e.events.Events))
			}
			want := "Warning SignInUnavailable people cannot accept by signing in with acme-id of spec.invitation.identityProviders: "
			if got := <-e.events.Events; !strings.HasPrefix(got, want) || !strings.Contains(got, tc.words) {
				t.Errorf("the organization is told %q", got)
			}
			e.discreet()
		})
	}
}

// Whoever has a link can press the button as often as they like.
func TestAnOutageIsToldOfNowAndThen(t *testing.T) {
	e := newEntrance(t)
	at, cookie := e.begin()
	for i, status := range []int{503, 502, 503, 401, 503, 401} {
		e.provider.Answer(openidtest.Token, status, `{"error":"invalid_client"}`)
		e.back(at, cookie)
		if i == 3 {
			if got := len(e.events.Events); got != 2 {
				t.Errorf("the organization is told %d times, want once of each kind", got)
			}
			e.clock.Step(tellAgain)
			at, cookie = e.begin()
		}
	}
	if got := len(e.events.Events); got != 4 {
		t.Errorf("the organization is told %d times, want 4", got)
	}
}

// sink keeps what would go to the API server.
type sink chan string

func (s sink) Create(_ context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	s <- event.Regarding.Kind + " " + event.Regarding.Name + " " + event.Regarding.FieldPath + " " + event.Note
	return event, nil
}

func (s sink) Update(_ context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	s <- "update"
	return event, nil
}

func (s sink) Patch(_ context.Context, event *eventsv1.Event, _ []byte) (*eventsv1.Event, error) {
	s <- "patch"
	return event, nil
}

// What is like another event is never seen.
func TestEachTroubleIsAnEventOfItsOwn(t *testing.T) {
	e := newEntrance(t, func(o *v1alpha1.Organization) {
		second := o.Spec.Invitation.IdentityProviders[0]
		second.Name, second.ClientSecretRef.Name = "okta", "missing"
		o.Spec.Invitation.IdentityProviders = append(o.Spec.Invitation.IdentityProviders, second)
		o.Spec.Invitation.IdentityProviders[0].ClientSecretRef.Name = "missing"
	})
	recorded := make(sink, 10)
	broadcaster := events.NewBroadcaster(recorded)
	t.Cleanup(broadcaster.Shutdown)
	if err := broadcaster.StartRecordingToSinkWithContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	options := e.options()
	options.Events = broadcaster.NewRecorder(e.store.Scheme(), "seatkeeper-portal")
	e.handler = New(options)
	expect := func(name, words string) {
		t.Helper()
		want := "Organization acme spec.invitation.identityProviders{" + name + "} people cannot accept by signing in with " + name
		select {
		case got := <-recorded:
			if !strings.HasPrefix(got, want) || !strings.Contains(got, words) {
				t.Errorf("the organization is told %q, want %q with %q", got, want, words)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("the organization is not told of %s", name)
		}
	}
	e.press()
	expect("acme-id", "there is no Secret missing")
	e.do(posted(linkOf(t, invited()), url.Values{fieldProvider: {"okta"}}))
	expect("okta", "there is no Secret missing")
	e.edit(func(o *v1alpha1.Organization) {
		o.Spec.Invitation.IdentityProviders[0].ClientSecretRef.Name = "acme-id"
	})
	e.provider.Answer(openidtest.Discovery, 404, "")
	e.press()
	expect("acme-id", "there is no OpenID provider at its issuer")
	e.provider.Answer(openidtest.Discovery, 503, "")
	e.press()
	expect("acme-id", "cannot be reached")
}

// Whoever leaves is no failure of the provider, and who has signed in has accepted.
func TestLeaving(t *testing.T) {
	leaving := func(r *http.Request) (*http.Request, context.CancelFunc) {
		ctx, leave := context.WithCancel(t.Context())
		return r.WithContext(ctx), leave
	}
	for part, set := range map[string]func(*entrance, context.CancelFunc){
		"the Secret": func(e *entrance, leave context.CancelFunc) { e.readSecret = func() error { leave(); return nil } },
		"discovery":  func(e *entrance, leave context.CancelFunc) { e.provider.Before(openidtest.Discovery, leave) },
	} {
		t.Run(part, func(t *testing.T) {
			e := newEntrance(t)
			e.heedful = true
			r, leave := leaving(e.pressing())
			set(e, leave)
			e.holds(e.do(r), http.StatusOK, "Continue with")
			if got := len(e.events.Events); got > 0 || r.Context().Err() == nil {
				t.Errorf("the organization is told %d times", got)
			}
		})
	}
	for part, set := range map[string]func(*entrance, context.CancelFunc){
		"the Secret again": func(e *entrance, leave context.CancelFunc) {
			e.clock.Step(time.Minute)
			e.readSecret = func() error { leave(); return nil }
		},
		"the token": func(e *entrance, leave context.CancelFunc) { e.provider.Before(openidtest.Token, leave) },
		"the keys":  func(e *entrance, leave context.CancelFunc) { e.provider.Before(openidtest.Keys, leave) },
	} {
		t.Run(part, func(t *testing.T) {
			e := newEntrance(t)
			at, cookie := e.begin()
			e.heedful = true
			r, leave := leaving(returning(at, cookie))
			set(e, leave)
			e.holds(e.do(r), http.StatusOK, "Welcome")
			if got := len(e.events.Events); got > 0 || r.Context().Err() == nil || e.user().Status.AcceptedAt == nil {
				t.Errorf("the organization is told %d times", got)
			}
		})
	}
}

// An API server that does not answer is nothing that the organization could correct.
func TestAnUnreadSecret(t *testing.T) {
	for why, failure := range map[string]error{
		"busy": apierrors.NewTooManyRequests("later", 1), "forbidden": apierrors.NewForbidden(schema.GroupResource{}, "acme-id", errors.New("no")), "late": context.DeadlineExceeded,
	} {
		t.Run(why, func(t *testing.T) {
			e := newEntrance(t)
			at, cookie := e.begin()
			e.clock.Step(time.Minute)
			e.readSecret = func() error { return failure }
			again := `href="http://join.acme.example/team` + linkOf(t, invited()) + `"`
			e.holds(e.back(at, cookie), http.StatusServiceUnavailable, "One moment, please", again)
			e.holds(e.press(), http.StatusServiceUnavailable, "One moment, please")
			if got := len(e.events.Events); got > 0 || strings.Contains(e.logged.String(), "not set up") {
				t.Errorf("the organization is told %d times, and the log %s", got, e.logged)
			}
		})
	}
}

func TestABusyReturnLeadsToTheInvitation(t *testing.T) {
	again := `href="http://join.acme.example/team` + linkOf(t, invited()) + `"`
	e := newEntrance(t)
	at, cookie := e.begin()
	e.readError = apierrors.NewTooManyRequests("later", 1)
	e.holds(e.back(at, cookie), http.StatusServiceUnavailable, "One moment, please", again)
	for range tokenBurst {
		e.back(at, cookie)
	}
	e.readError = nil
	e.holds(e.back(at, cookie), http.StatusTooManyRequests, "One moment, please", again)
}

// Whoever is signed in there with another account would be sent back with that for ever.
func TestAnotherAccount(t *testing.T) {
	e := newEntrance(t)
	asked := func(r *http.Request) url.Values {
		found := refresh.FindStringSubmatch(bodyOf(t, e.do(r)))
		if found == nil {
			t.Fatal("the button leads nowhere")
		}
		u, err := url.Parse(html.UnescapeString(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	if got := asked(e.pressing()); got.Has("prompt") {
		t.Errorf("the provider asks although nobody had another account: %v", got)
	}
	at, cookie := e.begin()
	e.provider.Claim("email", "somebody.else@acme.example")
	found := regexp.MustCompile(`class="button" href="http://join.acme.example/team([^"]*)"`).FindStringSubmatch(bodyOf(t, e.back(at, cookie)))
	if found == nil {
		t.Fatal("there is no way out")
	}
	back := html.UnescapeString(found[1])
	if page := e.get200(back); !strings.Contains(page, `<form class="providers" method="post"`) { // to the same address
		t.Errorf("the page has no such form:\n%s", page)
	}
	if got := asked(posted(back, url.Values{fieldProvider: {"acme-id"}})); got.Get("prompt") != "login" {
		t.Errorf("the provider does not ask for another account: %v", got)
	}
}

// Another site's page cannot answer for the person, and mail can link to ours.
func TestOtherSites(t *testing.T) {
	for site, allowed := range map[string]bool{"": true, "same-origin": true, "none": true, "cross-site": false, "same-site": false} {
		for _, form := range []url.Values{{fieldAnswer: {answerAccept}}, {fieldAnswer: {answerDecline}}, {fieldProvider: {"acme-id"}}} {
			t.Run(site+" "+form.Encode(), func(t *testing.T) {
				e := newEntrance(t)
				r := posted(linkOf(t, invited()), form)
				r.Header.Set("Origin", "null") // our pages have no referrer
				if site != "" {
					r.Header.Set("Sec-Fetch-Site", site)
				}
				response := e.do(r)
				if want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[allowed]; response.StatusCode != want {
					t.Errorf("the answer is %d, want %d", response.StatusCode, want)
				}
				if !allowed && (len(e.patches) > 0 || len(response.Cookies()) > 0) {
					t.Errorf("something happened: %v", e.patches)
				}
				r = httptest.NewRequest(http.MethodGet, linkOf(t, invited()), nil)
				r.Header.Set("Sec-Fetch-Site", site)
				if got := e.do(r).StatusCode; got == http.StatusForbidden {
					t.Error("a link does not open")
				}
			})
		}
	}
}

// The address of the portal may have any path.
func TestReturnBelowAPathLikeALink(t *testing.T) {
	e := newEntrance(t)
	options := e.options()
	options.URL, _ = url.Parse("https://acme.example/invitations")
	e.handler = New(options)
	at, cookie := e.begin()
	if !strings.HasPrefix(at.Path, invitation.Path) {
		t.Fatalf("the return is at %s", at)
	}
	e.holds(e.back(at, cookie), http.StatusOK, "Welcome")
}

func FuzzOpenAttempt(f *testing.F) {
	a := attempt{Token: "token", Provider: "acme-id", State: "state", Nonce: "nonce", Verifier: "verifier", Until: now.Unix() + 1}
	sealed, err := a.seal(testKeys(1))
	if err != nil {
		f.Fatal(err)
	}
	if got, ok := openAttempt(testKeys(1), sealed, now); !ok || got != a {
		f.Fatalf("got %+v, %v", got, ok)
	}
	for _, seed := range []string{sealed, sealed[:len(sealed)-1], sealed + "A", "", "AAAA", "====", strings.Repeat("A", 4096)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		// Each process of a fuzzer seals otherwise, so that a seed is the attempt of another.
		if got, ok := openAttempt(invitation.Keyring{Current: testKeys(1).Current, Previous: testKeys(2).Current}, value, now); ok && got != a {
			t.Errorf("%q was taken for ours, and says %+v", value, got)
		}
		if _, ok := openAttempt(invitation.Keyring{}, value, now); ok {
			t.Error("no key opens everything")
		}
	})
}
