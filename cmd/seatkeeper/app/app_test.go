// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// logged is all that was logged, by us and by the libraries.
var logged journal

func TestMain(m *testing.M) {
	logger := zap.New(zap.WriteTo(&logged), zap.UseDevMode(true), zap.JSONEncoder())
	ctrl.SetLogger(logger) // the first one counts; package operator sets one as well
	klog.SetLogger(logger)
	env.Main(m)
}

// journal keeps lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Collect(strings.Lines(j.text.String()))
}

var (
	// secret is a link, or the token of one.
	secret = regexp.MustCompile(`/invitations/|[A-Za-z0-9_-]{68}`)
	// address is what everybody in the story has.
	address = regexp.MustCompile(`(?i)@acme\.example`)
)

// Whoever reads logs or events must not be able to answer for somebody else, nor learn from logs who is invited.
func TestNothingLeaks(t *testing.T) {
	s := &story{t: t, namespace: env.Namespace(t), box: operator.Mailbox(t)}
	s.box.SetScript(mailbox.FirstOf(
		mailbox.To("max@acme.example", mailbox.At(mailbox.Rcpt, mailbox.Answer(550, "5.1.1 <max@acme.example> No such user"))),
		mailbox.To("tom@acme.example", mailbox.At(mailbox.Rcpt, mailbox.Answer(451, "4.2.1 <tom@acme.example> Try again later"))),
	))
	var traffic operator.Traffic
	broken := traffic.Break(operator.NotSent, 1, operator.Writing("users/status"))
	running := operator.Start(t, s.namespace, operator.Options{Mailbox: s.box, Config: traffic.Config(env.Config(t))})
	s.tell(running.Portal)
	s.announced(v1alpha1.ReasonActive, v1alpha1.ReasonDeclined, v1alpha1.ReasonMailRejected, v1alpha1.ReasonMailUnavailable)
	<-broken
	s.storedIsClean()
	metricsAreClean(t, "seatkeeper_users", "seatkeeper_seats_assigned", "seatkeeper_mails_total", "seatkeeper_invitations_total",
		"seatkeeper_invitation_wait_seconds", "seatkeeper_invitation_acceptance_seconds")
	running.Stop(t)
	logsAreClean(t, "transition", "An invitation was answered", "Reconciler error")
}

// story is what happens to some people.
type story struct {
	t         *testing.T
	namespace string
	box       *mailbox.Server
}

func (s *story) tell(portal *url.URL) {
	s.t.Helper()
	s.create(build.Organization("acme").In(s.namespace).Owner("ada").Obj(),
		build.SeatPool("standard").In(s.namespace, "acme").Seats(9).Obj(),
		build.Role("member").In(s.namespace, "acme").SeatPool("standard").Obj())
	s.join("ada", "bea", "max", "tom")
	s.create(build.User("eve").In(s.namespace, "acme").Roles("member").Email("ADA@acme.example").Obj())
	s.reach("eve", v1alpha1.ReasonEmailInUse)
	s.reach("max", v1alpha1.ReasonMailRejected)
	s.reach("tom", v1alpha1.ReasonMailUnavailable)

	ada, bea := s.link("ada"), s.link("bea")
	s.reach("ada", v1alpha1.ReasonInvited)
	s.reach("bea", v1alpha1.ReasonInvited)
	s.visit(http.MethodGet, ada, "", http.StatusOK)
	s.visit(http.MethodPost, ada, "accept", http.StatusOK)
	s.visit(http.MethodPost, ada, "accept", http.StatusConflict)
	s.visit(http.MethodPost, bea, "decline", http.StatusOK)
	s.visit(http.MethodPost, bea, "perhaps", http.StatusBadRequest)
	s.visit(http.MethodGet, bea[:len(bea)-1], "", http.StatusNotFound)
	s.visit(http.MethodGet, portal.JoinPath("invitations", strings.Repeat("A", 68)).String(), "", http.StatusNotFound)
	s.reach("ada", v1alpha1.ReasonActive)
	s.reach("bea", v1alpha1.ReasonDeclined)

	if err := s.box.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.join("kim")
	s.reach("kim", v1alpha1.ReasonMailUnavailable)
	s.leave("bea")
}

func (s *story) create(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		if err := env.Client(s.t).Create(s.t.Context(), o); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *story) join(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.create(build.User(name).In(s.namespace, "acme").Roles("member").Obj())
	}
}

func (s *story) leave(name string) {
	s.t.Helper()
	u := &v1alpha1.User{}
	u.Namespace, u.Name = s.namespace, name
	if err := env.Client(s.t).Delete(s.t.Context(), u); err != nil {
		s.t.Fatal(err)
	}
	env.Eventually(s.t, func() error {
		if err := env.Client(s.t).Get(s.t.Context(), client.ObjectKeyFromObject(u), u); client.IgnoreNotFound(err) != nil || err == nil {
			return fmt.Errorf("%s is still there (%w)", name, err)
		}
		return nil
	})
}

// reach waits until a User is in a state.
func (s *story) reach(name, reason string) {
	s.t.Helper()
	env.Eventually(s.t, func() error {
		var u v1alpha1.User
		if err := env.Client(s.t).Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &u); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
			return fmt.Errorf("%s is not %s but %+v", name, reason, c)
		}
		return nil
	})
}

// link is what a person got by mail.
func (s *story) link(name string) string {
	s.t.Helper()
	m, err := s.box.Wait(s.t.Context(), func(m mailbox.Message) bool { return m.SentTo(name + "@acme.example") })
	if err != nil {
		s.t.Fatal(err)
	}
	links := m.Links()
	if len(links) != 1 || len(secret.FindAllString(links[0], -1)) != 2 {
		s.t.Fatalf("the mail to %s has the links %v: not one with a token as this test knows them", name, links)
	}
	return links[0]
}

func (s *story) visit(method, link, answer string, want int) {
	s.t.Helper()
	form := strings.NewReader(url.Values{"answer": {answer}}.Encode())
	request, err := http.NewRequestWithContext(s.t.Context(), method, link, form)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	if response.Body.Close(); err != nil || response.StatusCode != want {
		s.t.Fatalf("%s with answer %q: %s (%v), want %d", method, answer, response.Status, err, want)
	}
}

// announced waits for events with these reasons.
func (s *story) announced(reasons ...string) {
	s.t.Helper()
	for _, reason := range reasons {
		env.Eventually(s.t, func() error {
			var list eventsv1.EventList
			if err := env.Client(s.t).List(s.t.Context(), &list, client.InNamespace(s.namespace)); err != nil {
				return err
			}
			if !slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool { return e.Reason == reason }) {
				return fmt.Errorf("no event says %s", reason)
			}
			return nil
		})
	}
}

// storedIsClean holds that no object gives a link away, nor an event.
func (s *story) storedIsClean() {
	s.t.Helper()
	for _, list := range []client.ObjectList{
		&eventsv1.EventList{}, &v1alpha1.UserList{}, &v1alpha1.ArchivedUserList{}, &v1alpha1.OrganizationList{},
		&v1alpha1.SeatPoolList{}, &v1alpha1.SeatSliceList{}, &v1alpha1.RoleList{},
	} {
		if err := env.Client(s.t).List(s.t.Context(), list, client.InNamespace(s.namespace)); err != nil {
			s.t.Fatal(err)
		}
		text, err := json.Marshal(list)
		if err != nil {
			s.t.Fatal(err)
		}
		if meta.LenList(list) == 0 {
			s.t.Errorf("the story leaves no %T", list)
		}
		if found := secret.Find(text); found != nil {
			s.t.Errorf("%T has a link or a token: %s", list, found)
		}
	}
}

// metricsAreClean holds that these metrics are told, and that none of ours has an address in a label.
func metricsAreClean(t *testing.T, names ...string) {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		names = slices.DeleteFunc(names, func(name string) bool { return name == f.GetName() })
		if text := f.String(); strings.HasPrefix(f.GetName(), "seatkeeper_") && (address.MatchString(text) || strings.Contains(text, "@")) {
			t.Errorf("a metric names somebody: %s", text)
		}
	}
	if len(names) > 0 {
		t.Errorf("nothing tells %v", names)
	}
}

// logsAreClean holds that the logs have these messages, no link at all, and no address but for debugging.
func logsAreClean(t *testing.T, messages ...string) {
	t.Helper()
	seen := map[string]int{}
	for _, text := range logged.lines() {
		var line struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		seen[line.Level]++
		seen[line.Msg]++
		if secret.MatchString(text) {
			t.Errorf("a link or a token is logged: %s", text)
		}
		if line.Level != "debug" && address.MatchString(text) {
			t.Errorf("an address is logged: %s", text)
		}
	}
	for _, want := range append(messages, "debug", "info", "error") {
		if seen[want] == 0 {
			t.Errorf("nothing was logged as %q: does this test see the logs?", want)
		}
	}
}
