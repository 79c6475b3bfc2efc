// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	accounts "seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// shared is a cache that gives away its own objects, as one does that is asked not to copy. It notes reads that would
// wait for the writes of others, or copy.
type shared struct {
	user         *v1alpha1.User
	organization *v1alpha1.Organization
	role         *v1alpha1.Role
	wrong        []string
	reads        int
}

func (s *shared) Get(_ context.Context, _ client.ObjectKey, into client.Object, options ...client.GetOption) error {
	applied := (&client.GetOptions{}).ApplyOptions(options)
	s.note(fmt.Sprintf("Get of %T", into), applied.DisableReadYourWritesConsistency, applied.UnsafeDisableDeepCopy)
	switch into := into.(type) {
	case *v1alpha1.Organization:
		*into = *s.organization
	case *v1alpha1.Role:
		*into = *s.role
	}
	return nil
}

func (s *shared) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	applied := (&client.ListOptions{}).ApplyOptions(options)
	s.note(fmt.Sprintf("List of %T", list), applied.DisableReadYourWritesConsistency, applied.UnsafeDisableDeepCopy)
	list.(*v1alpha1.UserList).Items = []v1alpha1.User{*s.user}
	return nil
}

func (s *shared) note(what string, lags bool, shares *bool) {
	s.reads++
	if !lags || !ptr.Deref(shares, false) {
		s.wrong = append(s.wrong, what)
	}
}

func TestCacheIsTakenAsItIs(t *testing.T) {
	cases := map[string]struct {
		why  string
		org  *v1alpha1.Organization
		form url.Values
	}{
		"look":             {"whoever looks waits for nobody", organization(), nil},
		"look, password":   {"the form needs no more", choosing(), nil},
		"accept":           {"what is written comes from the live read", organization(), url.Values{fieldAnswer: {answerAccept}}},
		"decline":          {"the same", organization(), url.Values{fieldAnswer: {answerDecline}}},
		"password":         {"the directory gets what it needs, and changes nothing", choosing(), passwords(goodPassword, goodPassword)},
		"password, refuse": {"it does not get that far", choosing(), passwords("bad", "worse")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), c.org, role())
			cache := &shared{user: w.user(), organization: c.org.DeepCopy(), role: role()}
			user, org, granted := cache.user.DeepCopy(), cache.organization.DeepCopy(), cache.role.DeepCopy()
			options := w.options()
			options.Cache = cache
			w.handler = New(options)
			request := httptest.NewRequest(http.MethodGet, linkOf(t, invited()), nil)
			if c.form != nil {
				request = posted(linkOf(t, invited()), c.form)
			}
			if status := w.do(request).StatusCode; status != http.StatusOK && status != http.StatusUnprocessableEntity {
				t.Errorf("it answers %d", status)
			}
			if cache.reads < 3 || len(cache.wrong) > 0 {
				t.Errorf("of %d reads, these wait or copy: %q: %s", cache.reads, cache.wrong, c.why)
			}
			for _, diff := range []string{cmp.Diff(user, cache.user), cmp.Diff(org, cache.organization), cmp.Diff(granted, cache.role)} {
				if diff != "" {
					t.Errorf("the cache was changed (-before +after): %s\n%s", c.why, diff)
				}
			}
		})
	}
}

// punctual is an API server that does nothing for whoever has no time left.
type punctual struct{ client.Reader }

func (p punctual) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.Reader.Get(ctx, key, into, options...)
}

func TestAnswerThatWasStoredWithoutAWord(t *testing.T) {
	users := schema.GroupResource{Resource: "users"}
	accept, decline := url.Values{fieldAnswer: {answerAccept}}, url.Values{fieldAnswer: {answerDecline}}
	cases := map[string]struct {
		why  string
		org  *v1alpha1.Organization
		form url.Values
		// lost is the patch whose answer is lost, from 1, and err what comes instead.
		lost int
		err  error
		says string
	}{
		"accept, connection lost": {"it counts", organization(), accept, 1, errors.New("connection reset by peer"), "Welcome to Acme SAS"},
		"accept, no time left":    {"it counts", organization(), accept, 1, context.DeadlineExceeded, "Welcome to Acme SAS"},
		"accept, time-out":        {"it counts", organization(), accept, 1, apierrors.NewTimeoutError("slow", 1), "Welcome to Acme SAS"},
		"accept, internal":        {"it counts", organization(), accept, 1, apierrors.NewInternalError(errors.New("etcd")), "Welcome to Acme SAS"},
		"accept, server time-out": {"it counts", organization(), accept, 1, apierrors.NewServerTimeout(users, "patch", 1), "Welcome to Acme SAS"},
		"decline":                 {"it counts", organization(), decline, 1, errors.New("connection reset by peer"), "You have declined"},
		"reservation":             {"the id is ours", choosing(), passwords(goodPassword, goodPassword), 1, errors.New("EOF"), "Welcome to Acme SAS"},
		"conclusion":              {"the password is set, and it counts", choosing(), passwords(goodPassword, goodPassword), 2, errors.New("EOF"), "Welcome to Acme SAS"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), c.org, role())
			options := w.options()
			options.Live = punctual{w.store}
			w.handler = New(options)
			ctx, late := context.WithCancel(t.Context())
			w.afterPatch = func(n int) error {
				if n != c.lost {
					return nil
				}
				late() // nothing is left of the request's own time
				return c.err
			}
			response := w.do(posted(linkOf(t, invited()), c.form).WithContext(ctx))
			if body := bodyOf(t, response); response.StatusCode != http.StatusOK || !strings.Contains(body, c.says) {
				t.Errorf("POST answers %d, want 200 and %q: %s\n%s", response.StatusCode, c.says, c.why, body)
			}
			after := w.user().Status
			if accepted := after.AcceptedAt != nil; accepted == (after.Invitation.DeclinedAt != nil) || after.Invitation.Answering.ID != "" {
				t.Errorf("the status after it: %+v", after)
			}
		})
	}
}

func TestAnswerThatWasNotStored(t *testing.T) {
	lost := errors.New("connection reset by peer")
	cases := map[string]struct {
		why    string
		answer string
		before func(w *world) error
		// reads is how often the User is read past the cache.
		reads  int
		status int
	}{
		"nothing is stored": {"the person is to try again", answerAccept, func(*world) error { return lost }, 1, http.StatusServiceUnavailable},
		"somebody else's": {
			"it is not this answer", answerAccept, func(w *world) error {
				return errors.Join(lost, w.touch(func(s *v1alpha1.UserStatus) { s.AcceptedAt = at(now.Add(-time.Second)) }))
			},
			1, http.StatusServiceUnavailable,
		},
		"the opposite": {
			"they said no at the same moment", answerAccept, func(w *world) error {
				return errors.Join(lost, w.touch(func(s *v1alpha1.UserStatus) { s.Invitation.DeclinedAt = at(now) }))
			},
			1, http.StatusServiceUnavailable,
		},
		"the other opposite": {
			"they said yes at the same moment", answerDecline, func(w *world) error {
				return errors.Join(lost, w.touch(func(s *v1alpha1.UserStatus) { s.AcceptedAt = at(now) }))
			},
			1, http.StatusServiceUnavailable,
		},
		"refused": {
			"a refusal is an answer, and needs no second look", answerAccept,
			func(*world) error {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "users"}, "jean", nil)
			},
			0, http.StatusServiceUnavailable,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), organization(), role())
			w.beforePatch = func(int) error { return c.before(w) }
			response := w.post(linkOf(t, invited()), c.answer)
			if body := bodyOf(t, response); response.StatusCode != c.status || !strings.Contains(body, "One moment") {
				t.Errorf("POST answers %d, want %d: %s\n%s", response.StatusCode, c.status, c.why, body)
			}
			if w.liveReads != c.reads || len(w.patches) != 1 {
				t.Errorf("%d reads and %d patches, want %d and 1: %s", w.liveReads, len(w.patches), c.reads, c.why)
			}
		})
	}
}

func TestUserOfTheSameNameHasNotAnswered(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	w.afterPatch = func(int) error { return errors.New("connection reset by peer") }
	options := w.options()
	options.Live = successor{w.store}
	w.handler = New(options)
	if status := w.post(linkOf(t, invited()), answerAccept).StatusCode; status != http.StatusServiceUnavailable {
		t.Errorf("POST answers %d, want 503", status)
	}
}

// successor shows another User of the same name.
type successor struct{ client.Reader }

func (s successor) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	err := s.Reader.Get(ctx, key, into, options...)
	into.SetUID("2b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de")
	return err
}

// jammed is an API server that takes nobody's writes until it is opened.
type jammed struct {
	client.SubResourceWriter
	open chan struct{}
	mu   sync.Mutex
	// inside is how many wait, and most how many have waited at the same time.
	inside, most int
}

// Status implements client.StatusClient.
func (j *jammed) Status() client.SubResourceWriter { return j }

func (j *jammed) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	j.count(1)
	<-j.open
	defer j.count(-1)
	return j.SubResourceWriter.Patch(context.WithoutCancel(ctx), o, patch, options...)
}

func (j *jammed) count(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.inside += n
	j.most = max(j.most, j.inside)
}

// numbered is one of many people of the same organization.
func numbered(n int) *v1alpha1.User {
	u := invited()
	u.Name, u.UID = fmt.Sprintf("person-%d", n), types.UID(fmt.Sprintf("2b7ba7a6-4f3c-4c57-9a4e-%012d", n))
	u.Status.Email = fmt.Sprintf("person-%d@acme.example", n) // as the directory knows them
	return u
}

func TestAnswersWaitForTheirTurn(t *testing.T) {
	const late = 8
	for name, c := range map[string]struct {
		why  string
		org  *v1alpha1.Organization
		form url.Values
		// wait is how long the API server is jammed, and turnedAway how many do not wait for that.
		wait       time.Duration
		turnedAway int
	}{
		"for a while":           {"everybody gets a turn", organization(), url.Values{fieldAnswer: {answerAccept}}, apiTimeout / 2, 0},
		"for long":              {"nobody waits for ever", organization(), url.Values{fieldAnswer: {answerAccept}}, 2 * apiTimeout, late},
		"decline, for a while":  {"no is an answer, too", choosing(), url.Values{fieldAnswer: {answerDecline}}, apiTimeout / 2, 0},
		"password, for a while": {"it is an answer, too", choosing(), passwords(goodPassword, goodPassword), apiTimeout / 2, 0},
		"password, for long":    {"nobody waits for ever", choosing(), passwords(goodPassword, goodPassword), 2 * apiTimeout, late},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				objects := []client.Object{c.org, role(), invited()}
				for n := range maxAnswers + late {
					objects = append(objects, numbered(n))
				}
				w := newWorld(t, objects...)
				server := &jammed{SubResourceWriter: w.store.Status(), open: make(chan struct{})}
				options := w.options()
				options.Status, options.Directories = server, &accounts.Directory{}
				w.handler = New(options)
				statuses := make([]int, maxAnswers+late)
				var all sync.WaitGroup
				for n := range statuses {
					path := linkOf(t, numbered(n))
					all.Go(func() { statuses[n] = w.do(posted(path, c.form)).StatusCode })
				}
				synctest.Wait()
				w.get200(linkOf(t, invited())) // who only looks is not held up
				time.Sleep(c.wait)
				close(server.open)
				all.Wait()
				if server.most != maxAnswers {
					t.Errorf("%d were worked on at the same time, want %d", server.most, maxAnswers)
				}
				if got := len(slices.DeleteFunc(statuses, func(s int) bool { return s != http.StatusServiceUnavailable })); got != c.turnedAway {
					t.Errorf("%d of %d were turned away, want %d: %s", got, maxAnswers+late, c.turnedAway, c.why)
				}
			})
		})
	}
}

// TestSlowDirectoryHoldsUpNoClick is there because the organizations of one operator share the portal.
func TestSlowDirectoryHoldsUpNoClick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		objects := []client.Object{choosing(), role(), invited()}
		for n := range maxAnswers {
			objects = append(objects, numbered(n))
		}
		w := newWorld(t, objects...)
		gate := w.directory.Hang()
		var all sync.WaitGroup
		for n := range maxAnswers {
			path := linkOf(t, numbered(n))
			all.Go(func() {
				if status := w.do(posted(path, passwords(goodPassword, goodPassword))).StatusCode; status != http.StatusOK {
					t.Errorf("password %d answers %d", n, status)
				}
			})
		}
		synctest.Wait()
		if n := w.directory.Attempts(); n != maxAnswers {
			t.Errorf("%d passwords have reached the directory, want %d", n, maxAnswers)
		}
		if status := w.post(linkOf(t, invited()), answerDecline).StatusCode; status != http.StatusOK {
			t.Errorf("a click meanwhile answers %d", status)
		}
		gate.Open()
		all.Wait()
	})
}

func TestPathBeforeTheLink(t *testing.T) {
	token := strings.TrimPrefix(linkOf(t, invited()), invitation.Path)
	cases := map[string]struct {
		why, path string
		want      int
	}{
		"none":          {"the portal has a host of its own, or the proxy takes the path away", invitation.Path + token, http.StatusOK},
		"one":           {"the proxy leaves the path of --portal-url", "/team" + invitation.Path + token, http.StatusOK},
		"several":       {"however long it is", "/a/b/c" + invitation.Path + token, http.StatusOK},
		"same name":     {"it is the last that counts", invitation.Path + "acme" + invitation.Path + token, http.StatusOK},
		"twice":         {"it is the last that counts", "/invitations" + invitation.Path + token, http.StatusOK},
		"half a name":   {"another page is called so", "/teaminvitations/" + token, http.StatusNotFound},
		"token alone":   {"it is no link", "/" + token, http.StatusNotFound},
		"and no token":  {"the link is cut off", "/team" + invitation.Path, http.StatusNotFound},
		"more after it": {"it is not the link", "/team" + invitation.Path + token + "/more", http.StatusNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), organization(), role())
			if status := w.do(httptest.NewRequest(http.MethodGet, c.path, nil)).StatusCode; status != c.want {
				t.Errorf("GET answers %d, want %d: %s", status, c.want, c.why)
			}
			if status := w.post(c.path, answerAccept).StatusCode; status != c.want {
				t.Errorf("POST answers %d, want %d: %s", status, c.want, c.why)
			}
		})
	}
}

func TestTokenIsLimitedWhateverComesBeforeIt(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	for n := range tokenBurst {
		w.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/%d%s", n, linkOf(t, invited())), nil))
	}
	if status := w.do(httptest.NewRequest(http.MethodGet, linkOf(t, invited()), nil)).StatusCode; status != http.StatusTooManyRequests {
		t.Errorf("one more answers %d, want 429", status)
	}
}

func TestNoAcceptanceWithoutOrganization(t *testing.T) {
	w := newWorld(t, invited(), role())
	path := linkOf(t, invited())
	for name, form := range map[string]url.Values{"click": {fieldAnswer: {answerAccept}}, "password": passwords(goodPassword, goodPassword)} {
		response := w.do(posted(path, form))
		if body := bodyOf(t, response); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "One moment") {
			t.Errorf("%s answers %d, want 503:\n%s", name, response.StatusCode, body)
		}
	}
	if len(w.patches) != 0 || w.directory.Attempts() != 0 {
		t.Errorf("it wrote %q", w.patches)
	}
	if status := w.post(path, answerDecline).StatusCode; status != http.StatusOK || w.user().Status.Invitation.DeclinedAt == nil {
		t.Errorf("declining answers %d", status)
	}
	if status := w.post(path, answerAccept).StatusCode; status != http.StatusConflict {
		t.Errorf("accepting after that answers %d, want 409", status)
	}
}

func TestForgedLinksCostNothing(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := invitation.Path + mustToken(t, testKeys(9), claimsOf(invited()), address)
	for _, answer := range []string{answerAccept, answerDecline} {
		if status := w.post(path, answer).StatusCode; status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", answer, status)
		}
	}
	if w.liveReads != 0 || len(w.patches) != 0 {
		t.Errorf("forged links cost %d reads and %d patches", w.liveReads, len(w.patches))
	}
}
