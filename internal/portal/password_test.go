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
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	accounts "seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/test/build"
)

const (
	goodPassword  = "five blue herons wade"
	otherPassword = "nine slow trains leave"
)

// choosing is an organization whose members choose a password when they accept.
func choosing() *v1alpha1.Organization {
	o := organization()
	o.Spec.Invitation.Acceptance = v1alpha1.AcceptancePassword
	o.Spec.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
	return o
}

func passwords(first, second string) url.Values {
	return url.Values{fieldAnswer: {answerAccept}, fieldPassword: {first}, fieldRepeat: {second}}
}

func (w *world) choose(secret string) *http.Response {
	w.t.Helper()
	return w.do(posted(linkOf(w.t, invited()), passwords(secret, secret)))
}

func answering(id string, until time.Time) v1alpha1.InvitationAnswer {
	return v1alpha1.InvitationAnswer{ID: id, Until: metav1.NewTime(until)}
}

func TestPasswordPage(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	page := w.get200(linkOf(t, invited()))
	for _, want := range []string{
		"Join Acme SAS", "Commercial", "Monday, 9 March 2026 at 10:00 (CET)",
		`<input id="username" type="text" value="` + address + `" dir="ltr" autocomplete="username" readonly>`,
		`<input id="password" name="password" type="password" autocomplete="new-password" required minlength="12"`,
		`<input id="repeat" name="repeat" type="password" autocomplete="new-password" required minlength="12"`,
		`<label for="username">`, `<label for="password">`, `<label for="repeat">`,
		`aria-describedby="policy"`, "At least 12 characters, 5 of them different",
		`name="answer" value="accept"`, `name="answer" value="decline" form="decline"`, `<form id="decline" method="post">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{`aria-invalid="`, `role="alert"`, "maxlength"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if len(w.patches) != 0 || w.directory.Attempts() != 0 {
		t.Errorf("looking wrote %q", w.patches)
	}
}

func TestAcceptWithPassword(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	gate := w.directory.Hang()
	done := make(chan *http.Response)
	go func() { done <- w.choose(goodPassword) }()
	<-gate.Reached()
	during := w.user()
	if a := during.Status.Invitation.Answering; len(a.ID) < 20 || !a.Until.Equal(at(now.Add(30*time.Second))) || during.Status.AcceptedAt != nil {
		t.Errorf("while the directory works: %+v, accepted %v", a, during.Status.AcceptedAt)
	}
	gate.Open()
	response := <-done
	if body := bodyOf(t, response); response.StatusCode != http.StatusOK || !strings.Contains(body, "Welcome to Acme SAS") {
		t.Fatalf("POST answers %d:\n%s", response.StatusCode, body)
	}
	want := []accounts.Set{{
		Account: directory.Account{
			UID: invited().UID, Organization: types.NamespacedName{Namespace: "acme", Name: "acme"}, UserName: address, GivenName: "Jean", Locale: "en",
			TimeZone: "Europe/Paris", Roles: []string{"commercial"},
		}, Password: goodPassword,
	}}
	if diff := cmp.Diff(want, w.directory.Record()); diff != "" {
		t.Errorf("the directory got (-want +got):\n%s", diff)
	}
	after := w.user()
	if !after.Status.AcceptedAt.Equal(at(now)) || after.Status.Invitation.Answering.ID != "" {
		t.Errorf("the status after it: %+v", after.Status)
	}
	wantPatches := []string{
		`"status":{"invitation":{"answering":{"id":"` + during.Status.Invitation.Answering.ID + `","until":"2026-03-02T09:00:30Z"}}}`,
		`"status":{"acceptedAt":"2026-03-02T09:00:00Z","invitation":{"answering":null}}`,
	}
	for i, patch := range w.patches {
		if !strings.Contains(patch, `{"metadata":{"resourceVersion":"`) || !strings.Contains(patch, wantPatches[i]) {
			t.Errorf("patch %d is %s", i, patch)
		}
	}
	if len(w.patches) != 2 {
		t.Errorf("%d patches, want 2", len(w.patches))
	}
	if again := w.choose(otherPassword); again.StatusCode != http.StatusConflict || w.directory.Attempts() != 1 {
		t.Errorf("another password after it answers %d, after %d attempts", again.StatusCode, w.directory.Attempts())
	}
}

func TestRefusedPasswords(t *testing.T) {
	tooLong := strings.Repeat("five blue herons ", 20)
	cases := map[string]struct {
		why           string
		first, second string
		says          []string
		invalid       int
	}{
		"nothing":       {"the fields are required", "", "", []string{"Use at least 12 characters."}, 1},
		"short":         {"the server checks as well", "too short", "too short", []string{"Use at least 12 characters."}, 1},
		"long":          {"a page says so, not an error", tooLong, tooLong, []string{"Use at most 128 characters."}, 1},
		"far too long":  {"the form is large enough to say so", strings.Repeat(tooLong, 10), strings.Repeat(tooLong, 10), []string{"Use at most 128 characters."}, 1},
		"repetitive":    {"it has two characters", "kxkxkxkxkxkx", "kxkxkxkxkxkx", []string{"at least 5 different"}, 1},
		"common":        {"it is tried first", "Password1234", "Password1234", []string{"many people use"}, 1},
		"control":       {"no field makes a tab", "five\tblue herons", "five\tblue herons", []string{"tabs"}, 1},
		"address":       {"it is known", "herons " + address, "herons " + address, []string{"Leave out your name"}, 1},
		"given name":    {"it is known", "JEAN and five herons", "JEAN and five herons", []string{"Leave out your name"}, 1},
		"family name":   {"it is known", "herons of martinet", "herons of martinet", []string{"Leave out your name"}, 1},
		"organization":  {"everybody there would think of it", "acme sas herons", "acme sas herons", []string{"name of the organization"}, 1},
		"its object":    {"it is a name of the organization as well", "acme herons wading", "acme herons wading", []string{"name of the organization"}, 1},
		"mismatch":      {"one of them is a mistake", goodPassword, otherPassword, []string{"not the same"}, 1},
		"no repetition": {"one field is not enough", goodPassword, "", []string{"not the same"}, 1},
		"case":          {"case makes another password", goodPassword, strings.ToUpper(goodPassword), []string{"not the same"}, 1},
		"all at once":   {"all is said at once", "jean", "JEAN", []string{"at least 12", "Leave out your name", "not the same"}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			user := invited()
			user.Spec.FamilyName = "Martinet"
			w := newWorld(t, user, choosing(), role())
			response := w.do(posted(linkOf(t, user), passwords(c.first, c.second)))
			body := bodyOf(t, response)
			if response.StatusCode != http.StatusUnprocessableEntity || len(w.patches) != 0 || w.directory.Attempts() != 0 {
				t.Errorf("POST answers %d after %d patches and %d attempts, want 422 and none: %s",
					response.StatusCode, len(w.patches), w.directory.Attempts(), c.why)
			}
			for _, want := range append(c.says, `role="alert"`, `<a href="#`, "Check your password") {
				if !strings.Contains(body, want) {
					t.Errorf("the page lacks %q: %s", want, c.why)
				}
			}
			if got := strings.Count(body, `aria-invalid="true"`); got != c.invalid {
				t.Errorf("%d fields are marked, want %d", got, c.invalid)
			}
			for _, secret := range []string{c.first, c.second} {
				if secret != "" && secret != "jean" && strings.Contains(body, secret) {
					t.Errorf("the page holds the password")
				}
			}
			if w.user().Status.AcceptedAt != nil {
				t.Error("accepted nevertheless")
			}
		})
	}
}

func TestPasswordOfGreatestLengthFits(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	secret := strings.Repeat("\U0001fa91\U0001f9a2\U0001f30a\U0001f305\U0001f33f\U0001f9ed\U0001f340\U0001f41f", 16)
	if status := w.choose(secret).StatusCode; status != http.StatusOK || w.directory.Record()[0].Password != secret {
		t.Errorf("POST answers %d", status)
	}
}

func TestOfTwoPasswordsOneCounts(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	gate := w.directory.Hang()
	first := make(chan int)
	go func() { first <- w.choose(goodPassword).StatusCode }()
	<-gate.Reached()
	for name, answer := range map[string]url.Values{
		"another password": passwords(otherPassword, otherPassword), "the same": passwords(goodPassword, goodPassword),
		"decline": {fieldAnswer: {answerDecline}},
	} {
		response := w.do(posted(linkOf(t, invited()), answer))
		if body := bodyOf(t, response); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "One moment") {
			t.Errorf("%s meanwhile answers %d", name, response.StatusCode)
		}
	}
	if attempts := w.directory.Attempts(); attempts != 1 {
		t.Errorf("%d passwords reached the directory, want 1", attempts)
	}
	gate.Open()
	if status := <-first; status != http.StatusOK || w.user().Status.AcceptedAt == nil {
		t.Errorf("the first answers %d", status)
	}
	if set := w.directory.Record(); len(set) != 1 || set[0].Password != goodPassword {
		t.Errorf("%d passwords were set", len(set))
	}
}

func TestOfManyPasswordsAtOnceTheWelcomedOneCounts(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	statuses := make([]int, 16)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = w.choose(fmt.Sprint(goodPassword, i)).StatusCode })
	}
	all.Wait()
	var welcomed []string
	for i, status := range statuses {
		switch status {
		case http.StatusOK:
			welcomed = append(welcomed, fmt.Sprint(goodPassword, i))
		case http.StatusConflict, http.StatusServiceUnavailable:
		default:
			t.Errorf("an answer got %d", status)
		}
	}
	set := w.directory.Record()
	if len(welcomed) != 1 || len(set) != 1 || set[0].Password != welcomed[0] {
		t.Errorf("%d were welcomed, %d passwords set", len(welcomed), len(set))
	}
}

func TestAnswerThatNeverEnded(t *testing.T) {
	cases := map[string]struct {
		why   string
		until time.Time
		mode  v1alpha1.AcceptanceMode
		form  url.Values
		want  int
	}{
		"password, still on": {"it may still end", now.Add(time.Second), v1alpha1.AcceptancePassword, passwords(goodPassword, goodPassword), http.StatusServiceUnavailable},
		"password, over":     {"whoever it was has crashed", now, v1alpha1.AcceptancePassword, passwords(goodPassword, goodPassword), http.StatusOK},
		"click, still on": {
			"the organization has changed its mind meanwhile", now.Add(time.Second), v1alpha1.AcceptanceConfirm,
			url.Values{fieldAnswer: {answerAccept}},
			http.StatusServiceUnavailable,
		},
		"click, over":       {"nothing is left of it", now, v1alpha1.AcceptanceConfirm, url.Values{fieldAnswer: {answerAccept}}, http.StatusOK},
		"decline, still on": {"one answer counts", now.Add(time.Second), v1alpha1.AcceptancePassword, url.Values{fieldAnswer: {answerDecline}}, http.StatusServiceUnavailable},
		"decline, over":     {"no needs no password", now, v1alpha1.AcceptancePassword, url.Values{fieldAnswer: {answerDecline}}, http.StatusOK},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u, o := invited(), choosing()
			u.Status.Invitation.Answering = answering("somebody", c.until)
			o.Spec.Invitation.Acceptance = c.mode
			w := newWorld(t, u, o, role())
			if status := w.do(posted(linkOf(t, invited()), c.form)).StatusCode; status != c.want {
				t.Errorf("POST answers %d, want %d: %s", status, c.want, c.why)
			}
			after := w.user().Status
			if answered := after.AcceptedAt != nil || after.Invitation.DeclinedAt != nil; answered != (c.want == http.StatusOK) {
				t.Errorf("answered: %t: %s", answered, c.why)
			}
			if left := after.Invitation.Answering.ID; (left == "") != (c.want == http.StatusOK) {
				t.Errorf("%q is answering after it: %s", left, c.why)
			}
		})
	}
}

func TestDirectoryThatDoesNotTakeIt(t *testing.T) {
	cases := map[string]struct {
		why    string
		set    func(*accounts.Directory)
		status int
		says   string
	}{
		"unavailable": {"it may be back soon", func(d *accounts.Directory) { d.Unavailable(1) }, http.StatusServiceUnavailable, "One moment"},
		"rejected": {
			"the person can choose another one", func(d *accounts.Directory) { d.Reject(invited().UID, "used <before>") },
			http.StatusUnprocessableEntity, "used &lt;before&gt;",
		},
		"rejected, quoted": {
			"a password is not shown, whoever quotes it", func(d *accounts.Directory) { d.Reject(invited().UID, goodPassword+" is weak") },
			http.StatusUnprocessableEntity, "This password was not taken. Choose another one.",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), choosing(), role())
			c.set(w.directory)
			response := w.choose(goodPassword)
			body := bodyOf(t, response)
			if response.StatusCode != c.status || !strings.Contains(body, c.says) || strings.Contains(body, goodPassword) {
				t.Errorf("POST answers %d, want %d and %q: %s\n%s", response.StatusCode, c.status, c.says, c.why, body)
			}
			after := w.user().Status
			if after.AcceptedAt != nil || after.Invitation.Answering.ID != "" {
				t.Errorf("the status after it: %+v", after)
			}
			w.directory.Reject(invited().UID, "")
			if status := w.choose(otherPassword).StatusCode; status != http.StatusOK {
				t.Errorf("the next try answers %d", status)
			}
			if set := w.directory.Record(); len(set) != 1 || set[0].Password != otherPassword {
				t.Errorf("%d passwords were set", len(set))
			}
		})
	}
}

func TestDirectoryThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, invited(), choosing(), role())
		gate := w.directory.Hang()
		start := time.Now()
		if status := w.choose(goodPassword).StatusCode; status != http.StatusServiceUnavailable {
			t.Errorf("POST answers %d, want 503", status)
		}
		if took := time.Since(start); took != directoryTimeout {
			t.Errorf("it took %s, want %s", took, directoryTimeout)
		}
		gate.Open()
		if status := w.choose(otherPassword).StatusCode; status != http.StatusServiceUnavailable {
			t.Errorf("right after it, another answers %d, want 503: the first may still arrive", status)
		}
		w.clock.Step(answerTimeout)
		if status := w.choose(otherPassword).StatusCode; status != http.StatusOK {
			t.Errorf("when the reservation is over, another answers %d", status)
		}
	})
}

func TestWhoeverLeavesHasAnswered(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	gate := w.directory.Hang()
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		done <- w.do(posted(linkOf(t, invited()), passwords(goodPassword, goodPassword)).WithContext(ctx)).StatusCode
	}()
	<-gate.Reached()
	leave()
	gate.Open()
	if status := <-done; status != http.StatusOK || w.user().Status.AcceptedAt == nil {
		t.Errorf("POST answers %d, accepted %v", status, w.user().Status.AcceptedAt)
	}
}

func TestWhatHappensWhileTheDirectoryWorks(t *testing.T) {
	cases := map[string]struct {
		why      string
		change   func(*v1alpha1.UserStatus)
		status   int
		accepted bool
		// left is who is answering after it.
		left string
	}{
		"unrelated write": {"it does not lose the answer", func(s *v1alpha1.UserStatus) { s.Seats = []string{"standard"} }, http.StatusOK, true, ""},
		"revoked":         {"the answer comes too late", func(s *v1alpha1.UserStatus) { s.AccessRevokedAt = at(now) }, http.StatusGone, false, ""},
		"another invitation": {
			"the link is worth nothing any more", func(s *v1alpha1.UserStatus) { s.Invitation.Sequence++ }, http.StatusGone, false, "",
		},
		"somebody else's turn": {
			"the time was over, and theirs counts", func(s *v1alpha1.UserStatus) { s.Invitation.Answering.ID = "theirs" },
			http.StatusServiceUnavailable, false, "theirs",
		},
		"accepted by somebody else": {
			"their password is set after this one", func(s *v1alpha1.UserStatus) {
				s.AcceptedAt, s.Invitation.Answering = at(now), v1alpha1.InvitationAnswer{}
			},
			http.StatusConflict, true, "",
		},
		"reservation lost": {
			"nobody knows who was let in meanwhile", func(s *v1alpha1.UserStatus) { s.Invitation.Answering = v1alpha1.InvitationAnswer{} },
			http.StatusServiceUnavailable, false, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, invited(), choosing(), role())
			gate := w.directory.Hang()
			done := make(chan int)
			go func() { done <- w.choose(goodPassword).StatusCode }()
			<-gate.Reached()
			if err := w.touch(c.change); err != nil {
				t.Fatal(err)
			}
			gate.Open()
			if status := <-done; status != c.status {
				t.Errorf("POST answers %d, want %d: %s", status, c.status, c.why)
			}
			after := w.user().Status
			if (after.AcceptedAt != nil) != c.accepted || after.Invitation.Answering.ID != c.left {
				t.Errorf("accepted at %v, %q is answering: %s", after.AcceptedAt, after.Invitation.Answering.ID, c.why)
			}
		})
	}
}

func TestConflictsWithPassword(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	w.beforePatch = func(n int) error {
		if n%2 == 0 {
			return nil
		}
		return apierrors.NewConflict(schema.GroupResource{Resource: "users"}, "jean", errors.New("modified"))
	}
	if status := w.choose(goodPassword).StatusCode; status != http.StatusOK || len(w.patches) != 4 || w.directory.Attempts() != 1 {
		t.Errorf("POST answers %d after %d patches and %d attempts, want 200 after 4 and 1", status, len(w.patches), w.directory.Attempts())
	}
}

func TestPasswordWithoutDirectory(t *testing.T) {
	without := choosing()
	without.Spec.Directory = v1alpha1.DirectoryPolicy{}
	w := newWorld(t, invited(), without, role())
	path := linkOf(t, invited())
	for name, c := range map[string]struct {
		why     string
		request *http.Request
		status  int
	}{
		"GET":       {"the page is there, and can be answered with no", httptest.NewRequest(http.MethodGet, path, nil), http.StatusOK},
		"POST":      {"the answer is not taken", posted(path, passwords(goodPassword, goodPassword)), http.StatusServiceUnavailable},
		"POST, bad": {"no other password would do", posted(path, passwords("bad", "worse")), http.StatusServiceUnavailable},
		"click":     {"an old page offers it", posted(path, url.Values{fieldAnswer: {answerAccept}}), http.StatusServiceUnavailable},
	} {
		response := w.do(c.request)
		body := bodyOf(t, response)
		if response.StatusCode != c.status || !strings.Contains(body, "not possible to accept yet") || !strings.Contains(body, `value="decline"`) {
			t.Errorf("%s answers %d, want %d and the way to decline: %s\n%s", name, response.StatusCode, c.status, c.why, body)
		}
		if strings.Contains(body, `value="accept"`) || strings.Contains(body, `type="password"`) {
			t.Errorf("%s: the page offers to accept:\n%s", name, body)
		}
	}
	if logged := w.logged.String(); strings.Count(logged, "\n") != 1 || !strings.Contains(logged, "there is no directory") ||
		!strings.Contains(logged, `"name"="acme"`) || strings.Contains(logged, "@") {
		t.Errorf("the log, which is to say it once: %s", logged)
	}
	if len(w.patches) != 0 {
		t.Errorf("patches: %q", w.patches)
	}
	if status := w.post(path, answerDecline).StatusCode; status != http.StatusOK {
		t.Errorf("declining answers %d", status)
	}
}

// TestPasswordsStayWhereTheyBelong goes every way that a password can go, and looks everywhere but in the directory.
func TestPasswordsStayWhereTheyBelong(t *testing.T) {
	w := newWorld(t, invited(), choosing(), role())
	var logged, everything strings.Builder
	options := w.options()
	options.Log = funcr.New(func(prefix, args string) { logged.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
	options.Directories = &quoting{w.directory}
	w.handler = New(options)
	path := linkOf(t, invited())
	try := func(form url.Values) {
		everything.WriteString(bodyOf(t, w.do(posted(path, form))))
	}
	try(passwords(goodPassword, otherPassword))
	w.directory.Reject(invited().UID, "no")
	try(passwords(goodPassword, goodPassword))
	w.directory.Reject(invited().UID, "")
	w.directory.Unavailable(1)
	try(passwords(goodPassword, goodPassword))
	w.beforePatch = func(n int) error {
		if n%2 == 0 {
			return errors.New("connection refused")
		}
		return nil
	}
	try(passwords(goodPassword, goodPassword))
	w.clock.Step(answerTimeout)
	w.beforePatch = nil
	try(passwords(goodPassword, goodPassword))
	if w.user().Status.AcceptedAt == nil {
		t.Error("the last of the tries was not accepted")
	}
	everything.WriteString(logged.String() + strings.Join(w.patches, "\n"))
	fmt.Fprintf(&everything, "%+v", w.user())
	if strings.Contains(everything.String(), goodPassword) || strings.Contains(everything.String(), otherPassword) {
		t.Error("a password is where it does not belong")
	}
	if said := logged.String(); strings.Contains(said, "@") || strings.Contains(said, strings.TrimPrefix(path, invitation.Path)) ||
		!strings.Contains(said, "The directory refused a password") || !strings.Contains(said, "The directory did not take a password") {
		t.Errorf("the log:\n%s", said)
	}
}

// quoting is a directory that puts the password and the address into its errors.
type quoting struct{ *accounts.Directory }

func (q *quoting) SetPassword(ctx context.Context, account directory.Account, secret password.Password) error {
	err := q.Directory.SetPassword(ctx, account, secret)
	quote := errors.New(account.UserName + " cannot have " + secret.Reveal())
	switch {
	case errors.Is(err, directory.ErrRejected):
		return directory.Rejected(quote)
	case err != nil:
		return directory.Unavailable(quote)
	}
	return nil
}

func TestRefusedPageIsForWhoHasTheLink(t *testing.T) {
	cases := map[string]struct {
		user func(*v1alpha1.User)
		link func(string) string
		want int
	}{
		"altered link": {func(*v1alpha1.User) {}, func(l string) string {
			return l[:len(l)-1] + map[bool]string{true: "A", false: "B"}[l[len(l)-1] != 'A']
		}, http.StatusNotFound},
		"accepted": {func(u *v1alpha1.User) { u.Status.AcceptedAt = at(now) }, func(l string) string { return l }, http.StatusConflict},
		"expired":  {func(u *v1alpha1.User) { u.Status.Invitation.ExpiredAt = at(now) }, func(l string) string { return l }, http.StatusGone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := invited()
			path := c.link(linkOf(t, u))
			c.user(u)
			w := newWorld(t, u, choosing(), role())
			for why, form := range map[string]url.Values{"good": passwords(goodPassword, goodPassword), "bad": passwords("bad", "")} {
				response := w.do(posted(path, form))
				if body := bodyOf(t, response); response.StatusCode != c.want || regexp.MustCompile(`type="password"`).MatchString(body) {
					t.Errorf("a %s password answers %d, want %d and no form", why, response.StatusCode, c.want)
				}
			}
			if len(w.patches) != 0 || w.directory.Attempts() != 0 {
				t.Errorf("it wrote %q", w.patches)
			}
		})
	}
}
