// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/test/build"
)

// Everybody of the wave is in one team, and nobody else is in any.
func TestCrews(t *testing.T) {
	seen := map[string]int{}
	for _, crew := range crews(2500) {
		members := crewMembers(crew)
		if len(members) > perTeam {
			t.Errorf("a team has %d members", len(members))
		}
		for _, name := range members {
			seen[name]++
		}
	}
	if len(seen) != 2500 || seen[personName(0)] != 0 || seen[personName(1)] != 1 || seen[personName(2500)] != 1 {
		t.Errorf("%d people are in teams, the owner %d times, the first %d times and the last %d times",
			len(seen), seen[personName(0)], seen[personName(1)], seen[personName(2500)])
	}
	if bystanders(1) != 1 || bystanders(1000) != 250 {
		t.Errorf("%d and %d people are in no team", bystanders(1), bystanders(1000))
	}
}

func TestInvitationOf(t *testing.T) {
	for text, want := range map[string]string{
		"Join at https://join.acme.example/people/invitations/abc.def, please.": "/invitations/abc.def",
		"See https://acme.example.": "",
		"":                          "",
	} {
		if got := invitationOf(mailbox.Message{Text: text}); got != want {
			t.Errorf("%q has the link %q, want %q", text, got, want)
		}
	}
}

// People look before they accept, each from an address of their own.
func TestAnswer(t *testing.T) {
	var asked, from []string
	status := http.StatusOK
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.PostFormValue("answer"))
		from = append(from, r.Header.Get("X-Forwarded-For"))
		w.WriteHeader(status)
	}))
	defer pages.Close()
	if err := answer(t.Context(), pages.Client(), pages.URL+"/invitations/abc", 1); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET /invitations/abc ", "POST /invitations/abc accept"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if from[0] != from[1] || from[0] != "10.0.0.1" || homeAddress(65_536+257) != "10.1.1.1" {
		t.Errorf("asked from %q", from)
	}
	status = http.StatusTooManyRequests
	if err := answer(t.Context(), pages.Client(), pages.URL, 1); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("being turned away is %v", err)
	}
}

// The minimal controller writes what is due, and nothing twice.
func TestDue(t *testing.T) {
	status := func(reason string, roles ...string) *v1alpha1.User {
		u := build.User("somebody").Obj()
		u.Status.Roles = roles
		u.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason}}
		return u
	}
	accepted := status(v1alpha1.ReasonInvited)
	accepted.Status.AcceptedAt = &metav1.Time{}
	done := status(v1alpha1.ReasonActive)
	done.Status.AcceptedAt = &metav1.Time{}
	leaving, left := status(v1alpha1.ReasonActive), status(v1alpha1.ReasonArchived)
	leaving.Spec.State, left.Spec.State = v1alpha1.UserArchived, v1alpha1.UserArchived
	for why, c := range map[string]struct {
		scenario string
		user     *v1alpha1.User
		want     bool
	}{
		"who has not accepted":       {scenarioAccept, status(v1alpha1.ReasonInvited), false},
		"who has":                    {scenarioAccept, accepted, true},
		"who is known to have":       {scenarioAccept, done, false},
		"who stays":                  {scenarioOffboard, status(v1alpha1.ReasonActive), false},
		"who leaves":                 {scenarioOffboard, leaving, true},
		"who has left":               {scenarioOffboard, left, false},
		"who is to get a role":       {scenarioTeam, status(v1alpha1.ReasonActive, role), true},
		"who has it":                 {scenarioTeam, status(v1alpha1.ReasonActive, role, promotion), false},
		"who moves and has the role": {scenarioMove, status(v1alpha1.ReasonActive, promotion), false},
	} {
		m := &minimal{scenario: c.scenario}
		if got, err := m.due(t.Context(), c.user); err != nil || got != c.want {
			t.Errorf("%s: %v %v, want %v", why, got, err, c.want)
		}
	}
}

// What is written while somebody is being archived is not seen as the end.
func TestUnderWay(t *testing.T) {
	after := &v1alpha1.UserStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonArchived}}}
	if got := underWay(after).Conditions[0].Reason; got != v1alpha1.ReasonArchiving || after.Conditions[0].Reason != v1alpha1.ReasonArchived {
		t.Errorf("under way is %s, and the end %s", got, after.Conditions[0].Reason)
	}
}

func TestPrintBudget(t *testing.T) {
	runs := map[string][]Measurement{wayRaw: walls(8), wayMinimal: walls(10), wayOperator: walls(12)}
	runs[wayOperator][0].Requests = requests{"PATCH users/status": 3, "PATCH configmaps": 5}
	size := sumUp(scenarioOffboard, 1000, runs)
	size.Owned = 5
	var out strings.Builder
	size.print(&out)
	for _, want := range []string{
		"seconds from the first to the last archived", "PATCH users/status per person                   3.000   the target of 2.000 is missed",
		"PATCH configmaps per person                     5.000   the target of 5.000 is met",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
