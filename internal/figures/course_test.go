// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package figures_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/test/build"
)

var made = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// later is a time after the User was made.
func later(d time.Duration) *metav1.Time { return new(metav1.NewTime(made.Add(d))) }

// invited is a User with the first invitation, which was sent after half a minute.
func invited(changes ...func(*v1alpha1.User)) *v1alpha1.User {
	u := build.User("ada").In("people", "acme").Obj()
	u.CreationTimestamp = metav1.NewTime(made)
	u.Status.Invitation = &v1alpha1.InvitationStatus{Sequence: 1, Email: "ada@acme.example", SentAt: later(30 * time.Second)}
	for _, change := range changes {
		change(u)
	}
	return u
}

func says(condition, reason string) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) {
		u.Status.Conditions = append(u.Status.Conditions, metav1.Condition{Type: condition, Status: metav1.ConditionTrue, Reason: reason})
	}
}

// A thing counts when it is written, and never again.
func TestWhatHappensToInvitations(t *testing.T) {
	t.Parallel()
	unsent := func(u *v1alpha1.User) { u.Status.Invitation.SentAt = nil }
	none := func(u *v1alpha1.User) { u.Status.Invitation = nil }
	second := func(u *v1alpha1.User) { u.Status.Invitation.Sequence = 2 }
	reminded := func(u *v1alpha1.User) { u.Status.Invitation.RemindedAt = later(time.Hour) }
	expired := func(u *v1alpha1.User) { u.Status.Invitation.ExpiredAt = later(time.Hour) }
	declined := says(v1alpha1.ConditionInvited, v1alpha1.ReasonDeclined)
	clicked := func(u *v1alpha1.User) { u.Status.AcceptedAt = later(time.Hour) }
	accepted := says(v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted)
	type of = []func(*v1alpha1.User)
	for why, tt := range map[string]struct {
		before, after of
		want          string
	}{
		"sent, as it was decided upon in the same write":        {of{none}, nil, "sent wait"},
		"sent, as it was on record":                             {of{unsent}, nil, "sent wait"},
		"a second one is sent, for which somebody waits longer": {nil, of{second}, "sent"},
		"not sent yet":                         {of{none}, of{unsent}, ""},
		"written again":                        {nil, nil, ""},
		"a reminder":                           {nil, of{reminded}, ""},
		"expired":                              {nil, of{expired}, "expired"},
		"expired, and written again":           {of{expired}, of{expired, reminded}, ""},
		"refused by the mail server, and over": {of{unsent}, of{unsent, expired}, ""},
		"declined":                             {nil, of{declined}, "declined"},
		"declined, and written again":          {of{declined}, of{declined, expired}, "expired"},
		"clicked on, and taken up":             {of{clicked}, of{clicked, accepted}, "accepted acceptance"},
		"clicked on before it was recorded":    {of{clicked, unsent}, of{clicked, unsent, accepted}, "accepted"},
		"accepted, and written again":          {of{clicked, accepted}, of{clicked, accepted, reminded}, ""},
		"back, and had accepted before":        {nil, of{clicked, accepted}, ""},
		"nobody is invited":                    {of{none}, of{none}, ""},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			c := figures.NewCourse()
			c.Wrote(invited(tt.before...), invited(tt.after...))
			var got []string
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(c)
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.GetMetric() {
					labels := map[string]string{}
					for _, l := range m.GetLabel() {
						labels[l.GetName()] = l.GetValue()
					}
					if labels["namespace"] != "people" || labels["organization"] != "acme" {
						t.Errorf("%s has the labels %v", f.GetName(), labels)
					}
					what := labels["event"]
					if what == "" {
						what = strings.TrimSuffix(strings.TrimPrefix(f.GetName(), "seatkeeper_invitation_"), "_seconds")
					}
					got = append(got, what)
				}
			}
			if text := sorted(got); text != sorted(strings.Fields(tt.want)) {
				t.Errorf("it counts %q, want %q", text, tt.want)
			}
		})
	}
}

func TestHowLongInvitationsTake(t *testing.T) {
	t.Parallel()
	c := figures.NewCourse()
	clicked := func(u *v1alpha1.User) { u.Status.AcceptedAt = later(30*time.Second + 5*time.Minute) }
	c.Wrote(invited(func(u *v1alpha1.User) { u.Status.Invitation = nil }), invited())
	c.Wrote(invited(clicked), invited(clicked, says(v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted)))
	c.HandedOver(invited(), 3, 0)
	c.HandedOver(invited(), 4, 2)
	(*figures.Course)(nil).HandedOver(invited(), 1, 1)
	(*figures.Course)(nil).Wrote(invited(), invited())
	want := `# HELP seatkeeper_handover_objects_total Objects of people who left, by what became of them.
# TYPE seatkeeper_handover_objects_total counter
seatkeeper_handover_objects_total{namespace="people",organization="acme",outcome="left"} 2
seatkeeper_handover_objects_total{namespace="people",organization="acme",outcome="moved"} 7
# HELP seatkeeper_invitation_acceptance_seconds How long it took from the sending of an invitation until it was accepted.
# TYPE seatkeeper_invitation_acceptance_seconds histogram
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="60"} 0
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="600"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="3600"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="14400"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="43200"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="86400"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="259200"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="604800"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="1.2096e+06"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="2.592e+06"} 1
seatkeeper_invitation_acceptance_seconds_bucket{namespace="people",organization="acme",le="+Inf"} 1
seatkeeper_invitation_acceptance_seconds_sum{namespace="people",organization="acme"} 300
seatkeeper_invitation_acceptance_seconds_count{namespace="people",organization="acme"} 1
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "seatkeeper_handover_objects_total", "seatkeeper_invitation_acceptance_seconds"); err != nil {
		t.Error(err)
	}
}

// What is told keeps to the rules of Prometheus.
func TestNames(t *testing.T) {
	t.Parallel()
	c := figures.NewCourse()
	c.Wrote(invited(func(u *v1alpha1.User) { u.Status.Invitation = nil }), invited())
	c.HandedOver(invited(), 1, 1)
	for why, collector := range map[string]prometheus.Collector{"what happens": c, "how it stands": &figures.Collector{Cache: cache{}}} {
		problems, err := testutil.CollectAndLint(collector)
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v, %v", why, problems, err)
		}
	}
}

func sorted(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}
