// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	accounts "seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/openid"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// world is a portal and what is around it. The API server is an imitation; that the real one takes the answers
// is for the tests of the controllers to show.
type world struct {
	t       testing.TB
	store   client.WithWatch
	clock   *clocktesting.FakeClock
	handler http.Handler
	logged  *strings.Builder
	// directory is where passwords go.
	directory *accounts.Directory
	// events are what organizations are told.
	events *events.FakeRecorder

	mu      sync.Mutex
	patches []string
	// beforePatch runs before the n-th patch, from 1; its error is the patch's.
	beforePatch func(n int) error
	// afterPatch runs after the n-th patch is stored; its error is what the portal gets to hear.
	afterPatch func(n int) error
	// liveReads counts the reads of a User by name.
	liveReads int
	// readError is what every read fails with.
	readError error
	// heedful has nothing written for who has left.
	heedful bool
	// readSecret runs before a Secret is read; its error is the read's.
	readSecret func() error
}

func newWorld(t testing.TB, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: clocktesting.NewFakeClock(now), logged: &strings.Builder{}, directory: &accounts.Directory{}, events: events.NewFakeRecorder(10)}
	w.store = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.User{}).
		WithIndex(&v1alpha1.User{}, index.UserUID, func(o client.Object) []string { return []string{index.Bucket(string(o.GetUID()))} }).
		WithInterceptorFuncs(interceptor.Funcs{Get: w.get, List: w.list, SubResourcePatch: w.patch}).Build()
	w.handler = New(w.options())
	return w
}

func (w *world) options() Options {
	return Options{
		Cache: w.store, Live: w.store, Status: w.store, Directories: w.directory, Clock: w.clock, OpenID: openid.New(w.clock), Events: w.events,
		URL:  &url.URL{Scheme: "http", Host: "join.acme.example", Path: "/team/"},
		Keys: func() invitation.Keyring { return testKeys(1) },
		Log: funcr.New(func(prefix, args string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			fmt.Fprintln(w.logged, prefix, args)
		}, funcr.Options{}),
	}
}

func (w *world) get(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.readError != nil {
		return w.readError
	}
	switch o.(type) {
	case *v1alpha1.User:
		w.liveReads++
	case *corev1.Secret:
		if w.readSecret != nil {
			if err := w.readSecret(); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return c.Get(ctx, key, o, opts...)
}

func (w *world) list(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.readError != nil {
		return w.readError
	}
	return c.List(ctx, l, opts...)
}

func (w *world) patch(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	body, err := p.Data(o)
	if err != nil {
		return err
	}
	var applied client.SubResourcePatchOptions
	applied.ApplyOptions(opts)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.heedful && ctx.Err() != nil {
		return ctx.Err()
	}
	w.patches = append(w.patches, fmt.Sprintf("%s %s by %s: %s", p.Type(), sub, applied.FieldManager, body))
	if w.beforePatch != nil {
		if err := w.beforePatch(len(w.patches)); err != nil {
			return err
		}
	}
	if err := c.SubResource(sub).Patch(ctx, o, p, opts...); err != nil || w.afterPatch == nil {
		return err
	}
	return w.afterPatch(len(w.patches))
}

func (w *world) do(r *http.Request) *http.Response {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

func (w *world) get200(path string) string {
	w.t.Helper()
	response := w.do(httptest.NewRequest(http.MethodGet, path, nil))
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("GET answers %d", response.StatusCode)
	}
	return bodyOf(w.t, response)
}

func (w *world) post(path, answer string) *http.Response {
	w.t.Helper()
	return w.do(posted(path, url.Values{fieldAnswer: {answer}}))
}

func posted(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (w *world) user() *v1alpha1.User {
	w.t.Helper()
	var u v1alpha1.User
	if err := w.store.Get(context.Background(), client.ObjectKey{Namespace: "acme", Name: "jean"}, &u); err != nil {
		w.t.Fatal(err)
	}
	return &u
}

// touch writes to the user as somebody else would.
func (w *world) touch(change func(*v1alpha1.UserStatus)) error {
	var u v1alpha1.User
	// Past the interceptors, which are locked while a patch is under way.
	inner := w.store.(interface{ Unwrap() client.WithWatch }).Unwrap()
	if err := inner.Get(context.Background(), client.ObjectKey{Namespace: "acme", Name: "jean"}, &u); err != nil {
		return err
	}
	change(&u.Status)
	return inner.Status().Update(context.Background(), &u)
}

func bodyOf(t testing.TB, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func organization() *v1alpha1.Organization {
	return &v1alpha1.Organization{
		ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: "acme"},
		Spec:       v1alpha1.OrganizationSpec{DisplayName: "Acme SAS", Locale: "en", TimeZone: "Europe/Paris"},
	}
}

func role() *v1alpha1.Role {
	return &v1alpha1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "commercial", Namespace: "acme"},
		Spec:       v1alpha1.RoleSpec{Organization: "acme", DisplayName: "Commercial", Description: "CRM and customers, nothing else"},
	}
}

func linkOf(t testing.TB, u *v1alpha1.User) string {
	t.Helper()
	return invitation.Path + mustToken(t, testKeys(1), claimsOf(u), u.Spec.Email)
}

func TestInvitationPage(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	page := w.get200(linkOf(t, invited()))
	for _, want := range []string{
		`<html lang="en">`, "Join Acme SAS", "Hello <bdi>Jean</bdi>", address, "Commercial", "CRM and customers, nothing else",
		"Monday, 9 March 2026 at 10:00 (CET)", `method="post">`,
		`name="answer" value="accept"`, `name="answer" value="decline"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAccept(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	w.clock.SetTime(now.Add(1500 * time.Millisecond))
	before := w.user().ResourceVersion
	w.liveReads = 0
	response := w.post(path, answerAccept)
	if w.liveReads != 0 {
		t.Errorf("POST read %d times past the cache: the write itself finds out whether that is outdated", w.liveReads)
	}
	if body := bodyOf(t, response); response.StatusCode != http.StatusOK || !strings.Contains(body, "Welcome to Acme SAS") {
		t.Fatalf("POST answers %d:\n%s", response.StatusCode, body)
	}
	want := []string{`application/merge-patch+json status by seatkeeper-portal: ` +
		`{"metadata":{"resourceVersion":"` + before + `"},"status":{"acceptedAt":"2026-03-02T09:00:01Z"}}`}
	if diff := cmp.Diff(want, w.patches); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	after := w.user()
	if !after.Status.AcceptedAt.Equal(at(now.Add(time.Second))) || after.Status.Invitation.DeclinedAt != nil {
		t.Errorf("the status after it: %+v", after.Status)
	}
	for _, answer := range []string{answerAccept, answerDecline} {
		if again := w.post(path, answer); again.StatusCode != http.StatusConflict {
			t.Errorf("%s after it answers %d, want 409", answer, again.StatusCode)
		}
	}
	if page := bodyOf(t, w.do(httptest.NewRequest(http.MethodGet, path, nil))); !strings.Contains(page, "already accepted") {
		t.Errorf("the page after it:\n%s", page)
	}
	if len(w.patches) != 1 {
		t.Errorf("later answers wrote: %q", w.patches[1:])
	}
}

func TestDecline(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	before := w.user().ResourceVersion
	response := w.post(path, answerDecline)
	if body := bodyOf(t, response); response.StatusCode != http.StatusOK || !strings.Contains(body, "You have declined") {
		t.Fatalf("POST answers %d:\n%s", response.StatusCode, body)
	}
	want := []string{`application/merge-patch+json status by seatkeeper-portal: ` +
		`{"metadata":{"resourceVersion":"` + before + `"},"status":{"invitation":{"declinedAt":"2026-03-02T09:00:00Z"}}}`}
	if diff := cmp.Diff(want, w.patches); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if again := w.post(path, answerAccept); again.StatusCode != http.StatusConflict || len(w.patches) != 1 {
		t.Errorf("accepting after it answers %d and wrote %d times, want 409 and once", again.StatusCode, len(w.patches))
	}
}

func TestTwoAnswersAtOnceGiveOne(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			answer := []string{answerAccept, answerDecline}[i%2]
			statuses[i] = w.post(path, answer).StatusCode
		})
	}
	all.Wait()
	won := 0
	for _, status := range statuses {
		switch status {
		case http.StatusOK:
			won++
		case http.StatusConflict:
		default:
			t.Errorf("an answer got %d", status)
		}
	}
	u := w.user()
	if won != 1 || (u.Status.AcceptedAt != nil) == (u.Status.Invitation.DeclinedAt != nil) {
		t.Errorf("%d of %d answers counted; the status: %+v", won, len(statuses), u.Status)
	}
}

func TestConflictIsJudgedAgain(t *testing.T) {
	busy := apierrors.NewConflict(schema.GroupResource{Resource: "users"}, "jean", errors.New("modified"))
	cases := map[string]struct {
		why         string
		beforePatch func(w *world) func(n int) error
		status      int
		patches     int
		accepted    bool
	}{
		"unrelated write": {
			why: "somebody else's write does not lose the answer", status: http.StatusOK, patches: 2, accepted: true,
			beforePatch: func(w *world) func(int) error {
				return func(n int) error {
					if n > 1 {
						return nil
					}
					return w.touch(func(s *v1alpha1.UserStatus) { s.Seats = []string{"standard"} })
				}
			},
		},
		"revoked meanwhile": {
			why: "the answer comes too late", status: http.StatusGone, patches: 1, accepted: false,
			beforePatch: func(w *world) func(int) error {
				return func(int) error { return w.touch(func(s *v1alpha1.UserStatus) { s.AccessRevokedAt = at(now) }) }
			},
		},
		"no end of writes": {
			why: "nobody waits for ever", status: http.StatusServiceUnavailable, patches: attempts, accepted: false,
			beforePatch: func(*world) func(int) error { return func(int) error { return busy } },
		},
		"gone meanwhile": {
			why: "nobody is left to accept", status: http.StatusNotFound, patches: 1, accepted: false,
			beforePatch: func(*world) func(int) error {
				return func(int) error { return apierrors.NewNotFound(schema.GroupResource{Resource: "users"}, "jean") }
			},
		},
		"API server away": {
			why: "the person is asked to try again", status: http.StatusServiceUnavailable, patches: 1, accepted: false,
			beforePatch: func(*world) func(int) error { return func(int) error { return errors.New("connection refused") } },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), organization(), role())
			w.beforePatch = c.beforePatch(w)
			response := w.post(linkOf(t, invited()), answerAccept)
			if response.StatusCode != c.status || len(w.patches) != c.patches {
				t.Errorf("POST answers %d after %d patches, want %d after %d: %s", response.StatusCode, len(w.patches), c.status, c.patches, c.why)
			}
			if accepted := w.user().Status.AcceptedAt != nil; accepted != c.accepted {
				t.Errorf("accepted: %t: %s", accepted, c.why)
			}
			if c.status == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestPostBelievesTheAPIServerNotTheCache(t *testing.T) {
	stale, fresh := newWorld(t, invited(), organization(), role()), newWorld(t, invited(), organization(), role())
	if err := fresh.touch(func(s *v1alpha1.UserStatus) { s.Invitation.ExpiredAt, s.AccessRevokedAt = at(now), at(now) }); err != nil {
		t.Fatal(err)
	}
	options := fresh.options()
	options.Cache = stale.store
	fresh.handler = New(options)
	path := linkOf(t, invited())
	fresh.get200(path)
	if fresh.liveReads != 0 {
		t.Errorf("GET read %d times past the cache", fresh.liveReads)
	}
	if response := fresh.post(path, answerAccept); response.StatusCode != http.StatusGone || fresh.user().Status.AcceptedAt != nil {
		t.Errorf("POST answers %d, and accepted at %v, want 410 and not", response.StatusCode, fresh.user().Status.AcceptedAt)
	}
}

// Nobody is turned away because the cache has not seen yet that the invitation is on record.
func TestNobodyIsTurnedAwayByTheCache(t *testing.T) {
	early := invited()
	early.Status.Invitation.SentAt = nil
	stale, fresh := newWorld(t, early, organization(), role()), newWorld(t, invited(), organization(), role())
	options := fresh.options()
	options.Cache = stale.store
	fresh.handler = New(options)
	if response := fresh.post(linkOf(t, invited()), answerAccept); response.StatusCode != http.StatusOK || fresh.user().Status.AcceptedAt == nil {
		t.Errorf("POST answers %d, and accepted at %v", response.StatusCode, fresh.user().Status.AcceptedAt)
	}
}

func TestAlteredLinks(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	token := mustToken(t, testKeys(1), claimsOf(invited()), address)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]string{
		"of a foreign key": mustToken(t, testKeys(9), claimsOf(invited()), address),
		"empty":            "",
		"short":            "abc",
		"with a path":      token + "/more",
	}
	for i := range raw {
		altered := append([]byte(nil), raw...)
		altered[i] ^= 0x01
		links[fmt.Sprintf("with byte %d flipped", i)] = base64.RawURLEncoding.EncodeToString(altered)
	}
	nobody := claimsOf(invited())
	nobody.UID = "2b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de"
	links["of nobody"] = mustToken(t, testKeys(1), nobody, address)

	want := bodyOf(t, w.do(httptest.NewRequest(http.MethodGet, "/", nil)))
	for name, link := range links {
		shown := w.do(httptest.NewRequest(http.MethodGet, invitation.Path+link, nil))
		posted := w.post(invitation.Path+link, answerAccept)
		if shown.StatusCode != http.StatusNotFound || posted.StatusCode != http.StatusNotFound {
			t.Errorf("a link %s answers %d and %d, want 404", name, shown.StatusCode, posted.StatusCode)
		}
		if bodyOf(t, shown) != want || bodyOf(t, posted) != want {
			t.Errorf("a link %s shows another page than any wrong address", name)
		}
	}
	if len(w.patches) != 0 {
		t.Errorf("wrong links wrote %q", w.patches)
	}
}

func TestLookingWritesNothing(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	before := w.user().ResourceVersion
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "SCAN"} {
		// The answer is in every place a request can have one, and counts only in a posted form.
		r := httptest.NewRequest(method, path+"?answer=accept", strings.NewReader("answer=accept"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response := w.do(r)
		want := http.StatusMethodNotAllowed
		if method == http.MethodGet || method == http.MethodHead {
			want = http.StatusOK
		}
		if response.StatusCode != want {
			t.Errorf("%s answers %d, want %d", method, response.StatusCode, want)
		}
		if allow := response.Header.Get("Allow"); want == http.StatusMethodNotAllowed && allow != "GET, HEAD, POST" {
			t.Errorf("%s answers with Allow %q", method, allow)
		}
	}
	if after := w.user().ResourceVersion; after != before || len(w.patches) != 0 {
		t.Errorf("looking wrote %q, and the user went from version %s to %s", w.patches, before, after)
	}
}

func TestUnclearAnswers(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	cases := map[string]struct {
		why         string
		contentType string
		query, body string
		status      int
	}{
		"nothing":         {"no button sends nothing", form, "", "", http.StatusBadRequest},
		"maybe":           {"there are two buttons", form, "", "answer=maybe", http.StatusBadRequest},
		"in the query":    {"a link must not be able to answer", form, "?answer=accept", "", http.StatusBadRequest},
		"broken encoding": {"it cannot be read", form, "", "answer=%zz", http.StatusBadRequest},
		"JSON":            {"forms are no JSON", "application/json", "", `{"answer":"accept"}`, http.StatusBadRequest},
		"too large":       {"the form is short", form, "", "answer=accept&x=" + strings.Repeat("x", maxBody), http.StatusRequestEntityTooLarge},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), organization(), role())
			r := httptest.NewRequest(http.MethodPost, linkOf(t, invited())+c.query, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			if response := w.do(r); response.StatusCode != c.status || len(w.patches) != 0 {
				t.Errorf("POST answers %d and wrote %q, want %d: %s", response.StatusCode, w.patches, c.status, c.why)
			}
		})
	}
}

func TestStatusOfEveryVerdict(t *testing.T) {
	cases := map[string]struct {
		user func(*v1alpha1.User)
		want int
		says string
	}{
		"expired":    {func(u *v1alpha1.User) { u.Status.Invitation.ExpiredAt = at(now) }, http.StatusGone, "Monday, 9 March 2026 at 10:00 (CET)"},
		"superseded": {func(u *v1alpha1.User) { u.Status.Invitation.Sequence++ }, http.StatusGone, "latest mail"},
		"suspended":  {func(u *v1alpha1.User) { u.Spec.State = v1alpha1.UserSuspended }, http.StatusGone, "suspended"},
		"accepted":   {func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) }, http.StatusConflict, "already accepted"},
		"declined":   {func(u *v1alpha1.User) { u.Status.Invitation.DeclinedAt = at(now) }, http.StatusConflict, "already declined"},
		"not yet":    {func(u *v1alpha1.User) { u.Status.Invitation = nil }, http.StatusServiceUnavailable, "try again"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := invited()
			path := linkOf(t, u)
			c.user(u)
			w := newWorld(t, u, organization(), role())
			shown, posted := w.do(httptest.NewRequest(http.MethodGet, path, nil)), w.post(path, answerAccept)
			if shown.StatusCode != c.want || posted.StatusCode != c.want || len(w.patches) != 0 {
				t.Errorf("GET answers %d, POST %d after %d patches, want %d and none", shown.StatusCode, posted.StatusCode, len(w.patches), c.want)
			}
			if body := bodyOf(t, shown); !strings.Contains(body, c.says) {
				t.Errorf("the page does not say %q:\n%s", c.says, body)
			}
			if retry := shown.Header.Get("Retry-After"); (retry != "") != (c.want == http.StatusServiceUnavailable) {
				t.Errorf("Retry-After is %q", retry)
			}
		})
	}
}

func TestAPIServerAway(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	w.readError = apierrors.NewInternalError(errors.New(address + " is the address of a user"))
	path := linkOf(t, invited())
	if response := w.do(httptest.NewRequest(http.MethodGet, path, nil)); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET answers %d, want 503", response.StatusCode)
	}
	if response := w.post(path, answerAccept); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("POST answers %d, want 503", response.StatusCode)
	}
	if !strings.Contains(w.logged.String(), "InternalError") {
		t.Errorf("the failure is not in the log: %s", w.logged)
	}
}

func TestUnknownZoneFallsBackToUTC(t *testing.T) {
	u := invited()
	u.Spec.TimeZone = "Europe/Atlantis"
	w := newWorld(t, u, organization(), role())
	if page := w.get200(linkOf(t, u)); !strings.Contains(page, "09:00 (UTC)") {
		t.Errorf("the page:\n%s", page)
	}
}

func TestPageWithoutOrganizationAndRole(t *testing.T) {
	w := newWorld(t, invited())
	page := w.get200(linkOf(t, invited()))
	if !strings.Contains(page, "Join acme") || !strings.Contains(page, "<strong>commercial</strong>") {
		t.Errorf("the page:\n%s", page)
	}
}

func TestLogsTellNoAddressAndNoToken(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	w.get200(path)
	w.beforePatch = func(n int) error {
		if n > 1 {
			return nil
		}
		return apierrors.NewInvalid(schema.GroupKind{Kind: "User"}, address, nil)
	}
	w.post(path, answerAccept)
	w.post(path, answerAccept)
	logged := w.logged.String()
	if !strings.Contains(logged, "jean") || !strings.Contains(logged, "Invalid") {
		t.Errorf("the log does not tell what happened: %s", logged)
	}
	if token := strings.TrimPrefix(path, invitation.Path); strings.Contains(logged, "@") || strings.Contains(logged, token) {
		t.Errorf("the log tells too much: %s", logged)
	}
}

func TestPanicBecomesAPage(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	options := w.options()
	options.Keys = func() invitation.Keyring { panic("no keys") }
	w.handler = New(options)
	response := w.do(httptest.NewRequest(http.MethodGet, linkOf(t, invited()), nil))
	if body := bodyOf(t, response); response.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "Something went wrong") {
		t.Errorf("GET answers %d:\n%s", response.StatusCode, body)
	}
	if !strings.Contains(w.logged.String(), "no keys") {
		t.Errorf("the panic is not in the log: %s", w.logged)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	accepted := invited()
	accepted.Status.AcceptedAt = at(now)
	good, used := newWorld(t, invited(), organization(), role()), newWorld(t, accepted, organization(), role())
	flooded := newWorld(t)
	for range tokenBurst {
		flooded.do(httptest.NewRequest(http.MethodGet, invitation.Path+"x", nil))
	}
	path := linkOf(t, invited())
	answers := map[string]*http.Response{
		"invitation": good.do(httptest.NewRequest(http.MethodGet, path, nil)),
		"HEAD":       good.do(httptest.NewRequest(http.MethodHead, path, nil)),
		"unclear":    good.post(path, "maybe"),
		"welcome":    good.post(path, answerAccept),
		"used":       used.post(path, answerAccept),
		"unknown":    used.do(httptest.NewRequest(http.MethodGet, "/favicon.ico", nil)),
		"method":     used.do(httptest.NewRequest(http.MethodDelete, path, nil)),
		"flooded":    flooded.do(httptest.NewRequest(http.MethodGet, invitation.Path+"x", nil)),
	}
	for name, answer := range answers {
		body := bodyOf(t, answer)
		inline := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
		if inline == nil {
			t.Fatalf("%s: no style sheet in\n%s", name, body)
		}
		hash := sha256.Sum256([]byte(inline[1]))
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
				"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"Content-Type":                 "text/html; charset=utf-8",
			"Content-Language":             "en",
			"Content-Length":               fmt.Sprint(len(body)),
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"X-Robots-Tag":                 "noindex, nofollow",
			"Cache-Control":                "no-store",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Embedder-Policy": "require-corp",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "",
		} {
			if got := answer.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}

func TestHTTPSIsInsistedOn(t *testing.T) {
	w := newWorld(t)
	options := w.options()
	options.URL = &url.URL{Scheme: "https", Host: "join.acme.example"}
	w.handler = New(options)
	if got := w.do(httptest.NewRequest(http.MethodGet, "/", nil)).Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
}

func TestLanguageOfPages(t *testing.T) {
	cases := map[string]struct {
		why                        string
		user, organization, reader string
		known, unknown             string
	}{
		"user's":         {"the user's language is known", "fr-CA", "en", "en", `lang="fr"`, `lang="en"`},
		"organization's": {"the user has none", "", "fr", "en", `lang="fr"`, `lang="en"`},
		"reader's":       {"nothing is known about the reader of a wrong link but what the browser says", "en", "en", "fr-FR,fr;q=0.9", `lang="en"`, `lang="fr"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u, o := invited(), organization()
			u.Spec.Locale, o.Spec.Locale = c.user, c.organization
			w := newWorld(t, u, o, role())
			for path, want := range map[string]string{linkOf(t, u): c.known, "/elsewhere": c.unknown} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Accept-Language", c.reader)
				if body := bodyOf(t, w.do(r)); !strings.Contains(body, want) {
					t.Errorf("%s is not %s: %s", path, want, c.why)
				}
			}
		})
	}
}

func TestNamesCannotForgeAPage(t *testing.T) {
	const hostile = `</title></style><script>alert("1")</script><form action="https://evil.example">&amp;` + "\u202e"
	u, o, r := invited(), organization(), role()
	u.Spec.GivenName, o.Spec.DisplayName, r.Spec.DisplayName, r.Spec.Description = hostile, hostile, hostile, hostile
	w := newWorld(t, u, o, r)
	page := w.get200(linkOf(t, u))
	if strings.Contains(page, "<script") || strings.Contains(page, `<form action`) || strings.Contains(page, "\u202e") ||
		strings.Count(page, "</title>") != 1 || strings.Count(page, "</style>") != 1 {
		t.Errorf("a name gets out of its place:\n%s", page)
	}
	if !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("the name is not shown as it is:\n%s", page)
	}
}

func TestServer(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	web := httptest.NewUnstartedServer(nil)
	t.Cleanup(web.Close)
	server := &Server{Listener: web.Listener, Handler: w.handler, Log: logr.Discard()}
	if server.NeedLeaderElection() {
		t.Error("only the leader would serve")
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Start(ctx) }()
	address := "http://" + web.Listener.Addr().String()
	response, err := http.Head(address + linkOf(t, invited()))
	if err != nil {
		t.Fatal(err)
	}
	if body := bodyOf(t, response); response.StatusCode != http.StatusOK || body != "" || response.ContentLength == 0 {
		t.Errorf("HEAD answers %d with %q", response.StatusCode, body)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the server stopped with %v", err)
	}
	if err := server.Start(t.Context()); err == nil {
		t.Error("a closed listener serves")
	}
}

// everyProblem has each problem that a password can have.
func everyProblem() []problem {
	problems := []problem{
		{Code: problemMismatch, Field: fieldRepeat},
		{Code: problemRefused, Field: fieldPassword},
		{Code: problemRefused, Field: fieldPassword, Words: "used before"},
	}
	for _, code := range password.Problems {
		problems = append(problems, problem{Code: string(code), Field: fieldPassword})
	}
	return problems
}

// everyPage has each page with everything that it can show.
func everyPage() []page {
	var pages []page
	details := invitation.Details{
		Organization: "Acme SAS", Email: address, GivenName: "Jean", FullName: "Jean Martin",
		Roles: []invitation.Role{{Name: "Commercial", Description: "CRM and customers, nothing else"}, {Name: "Expenses"}},
	}
	views := []view{viewRefused, viewWelcome, viewGoodbye, viewFlooded, viewUnclear, viewFailed}
	for _, v := range verdictViews {
		views = append(views, v)
	}
	for _, locale := range invitation.Locales {
		for _, v := range views {
			details.Locale = locale
			shown := page{view: v, Details: details, Until: locale.FormatTime(expiry)}
			if v != viewRefused {
				pages = append(pages, shown)
			}
			if v == viewInvitation {
				postponed := shown
				postponed.Postponed = true
				pages = append(pages, postponed)
			}
			if v == viewInvitation || v == viewRefused {
				shown.Form = &form{Problems: everyProblem()}
				pages = append(pages, shown)
			}
		}
	}
	return pages
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	texts := map[string]string{}
	for _, p := range everyPage() {
		recorder := httptest.NewRecorder()
		p.write(recorder)
		body := recorder.Body.String()
		name := string(p.Locale) + "/" + p.name
		for _, want := range []string{"<!doctype html>", `<html lang="` + string(p.Locale) + `">`, "<main", "<h1>", "</html>", `<meta name="viewport"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		for _, bad := range []string{`<script`, `javascript:`, ` style=`, `<[^>]* on\w+=`, `src=`, `https?:`, `<no value>`, `ZgotmplZ`, `{{`} {
			if regexp.MustCompile(bad).MatchString(strings.Replace(body, string(style), "", 1)) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
		title := regexp.MustCompile(`<title>(.*)</title>`).FindStringSubmatch(body)[1]
		if other, known := texts[title]; known && other != name {
			t.Errorf("%s and %s have the same title", name, other)
		}
		texts[title] = name
		if headings := strings.Count(body, "<h1>"); headings != 1 {
			t.Errorf("%s has %d headings of the first level", name, headings)
		}
		for _, link := range regexp.MustCompile(`(?:href|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if link[1] != "" && !strings.HasPrefix(link[1], "#") {
				t.Errorf("%s links to %s: its own address is a secret, and no page is beside it", name, link[1])
			}
		}
		for _, id := range regexp.MustCompile(`(?:href="#|for="|aria-describedby="|form=")([^"]+)"`).FindAllStringSubmatch(body, -1) {
			for _, one := range strings.Fields(id[1]) {
				if strings.Count(body, ` id="`+one+`"`) != 1 {
					t.Errorf("%s refers to %q, which is there %d times", name, one, strings.Count(body, ` id="`+one+`"`))
				}
			}
		}
	}
}

func TestEveryProblemHasWordsInEveryLanguage(t *testing.T) {
	for _, locale := range invitation.Locales {
		texts := map[string]string{}
		for _, p := range everyProblem() {
			shown := page{view: viewRefused, Form: &form{Problems: []problem{p}}}
			shown.Locale = locale
			recorder := httptest.NewRecorder()
			shown.write(recorder)
			said := regexp.MustCompile(`<li><a href="#\w+">(.*)</a></li>`).FindStringSubmatch(recorder.Body.String())
			if said == nil || len(said[1]) < 20 {
				t.Fatalf("%s: nothing is said of %s", locale, p.Code)
			}
			if other, known := texts[said[1]]; known {
				t.Errorf("%s: the same is said of %s and %s", locale, p.Code, other)
			}
			texts[said[1]] = p.Code
			if strings.Count(recorder.Body.String(), said[1]) != 2 {
				t.Errorf("%s: %s is not said both above the form and beside the field", locale, p.Code)
			}
		}
	}
}
