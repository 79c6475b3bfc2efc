// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

const calls = `# TYPE apiserver_admission_webhook_admission_duration_seconds histogram
apiserver_admission_webhook_admission_duration_seconds_bucket{name="validate.users.seatkeeper.dev",operation="CREATE",rejected="false",type="validating",le="0.005"} 40
apiserver_admission_webhook_admission_duration_seconds_bucket{name="validate.users.seatkeeper.dev",operation="CREATE",rejected="false",type="validating",le="+Inf"} 50
apiserver_admission_webhook_admission_duration_seconds_bucket{name="validate.teams.seatkeeper.dev",operation="UPDATE",rejected="true",type="validating",le="0.005"} 1
apiserver_admission_webhook_admission_duration_seconds_bucket{name="validate.teams.seatkeeper.dev",operation="UPDATE",rejected="true",type="validating",le="+Inf"} 2
apiserver_admission_webhook_admission_duration_seconds_bucket{name="somebody.else.example",operation="CREATE",rejected="false",type="admit",le="+Inf"} 7
apiserver_admission_webhook_admission_duration_seconds_sum{name="validate.users.seatkeeper.dev",operation="CREATE",rejected="false",type="validating"} 0.3
controller_runtime_webhook_latency_seconds_bucket{webhook="/validate-seatkeeper-dev-v1alpha1-user",le="0.01"} 3
`

func TestParseBuckets(t *testing.T) {
	for name, want := range map[string]Buckets{
		seenByServer:  {"0.005": 41, "+Inf": 52}, // of all our webhooks, and of no others
		ownOfOperator: {"0.01": 3},
		"unheard_of":  {},
	} {
		got, err := parseBuckets(strings.NewReader(calls), name)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, cmp.Diff(want, got))
		}
	}
	if _, err := parseBuckets(strings.NewReader(ownOfOperator+`_bucket{webhook="/validate-seatkeeper-dev",le="1"} many`), ownOfOperator); err == nil {
		t.Error("a count that is no number is read without an error")
	}
}

func TestBucketsAtMost(t *testing.T) {
	spread := Buckets{"0.005": 90, "0.025": 98, "0.1": 100, "+Inf": 100}
	for why, c := range map[string]struct {
		buckets      Buckets
		part, wanted float64
	}{
		"within the first":                      {spread, 0.45, 0.005},
		"at a bound":                            {spread, 0.9, 0.005},
		"between two bounds":                    {spread, 0.94, 0.025},
		"the slowest":                           {spread, 0.99, 0.1},
		"what is above all bounds is not known": {Buckets{"0.005": 90, "0.025": 98, "+Inf": 100}, 0.99, math.Inf(1)},
		"buckets without any call of their own": {Buckets{"0.005": 0, "0.025": 0, "0.1": 10, "+Inf": 10}, 0.5, 0.1},
	} {
		if got := c.buckets.atMost(c.part); got != c.wanted {
			t.Errorf("%s: %v, want %v", why, got, c.wanted)
		}
	}
	if got := spread.since(Buckets{"0.005": 40, "0.025": 48, "0.1": 50, "+Inf": 50}).within("0.005"); got != 100 {
		t.Errorf("%v %% of the calls since then were within 5 ms, want 100", got)
	}
}

// The floor is none if it is another request: it differs in the name of who is created or changed, and in the finalizer that
// nobody else would add.
func TestFloorIsTheSameRequest(t *testing.T) {
	h := &hall{namespace: "ns", people: 100}
	for _, q := range inquiries {
		judged, floor := q.call(h, 2), q.call(h, 3)
		if judged.method != floor.method || judged.contentType != floor.contentType || strings.Contains(judged.path, "?") != strings.Contains(floor.path, "?") {
			t.Errorf("%s: %s %s, and the floor is %s %s", q.kind, judged.method, judged.path, floor.method, floor.path)
		}
		if len(judged.body) == 0 || judged.method != "POST" {
			continue
		}
		var a, b v1alpha1.User
		if err := errors.Join(json.Unmarshal(judged.body, &a), json.Unmarshal(floor.body, &b)); err != nil {
			t.Fatal(err)
		}
		if len(a.Finalizers) > 0 || !slices.Equal(b.Finalizers, []string{v1alpha1.FinalizerArchive}) || !slices.Equal(a.Spec.Roles, b.Spec.Roles) {
			t.Errorf("%s: finalizers %v and roles %v, and for the floor %v and %v", q.kind, a.Finalizers, a.Spec.Roles, b.Finalizers, b.Spec.Roles)
		}
	}
}

// Nobody has to be given what they have: that asks for no right.
func TestRolesGivenAreNewEachTime(t *testing.T) {
	h := &hall{namespace: "ns", people: 60}
	has := map[string]string{}
	for n := range 240 {
		for _, q := range inquiries {
			if c := q.call(h, n); strings.Contains(q.kind, "spec.roles") {
				if has[c.path] == string(c.body) {
					t.Errorf("request %d gives again what somebody has: %s %s", n, c.path, c.body)
				}
				has[c.path] = string(c.body)
			}
		}
	}
}

func TestPrintAdmission(t *testing.T) {
	var out strings.Builder
	Admission{
		People: 10_000, Members: 500, Writers: 16, PerSecond: 120, Reviews: 9, EmptyMedian: 1, EmptyP99: 7, AtMost: 23, Disturbed: true, Foreign: 0.3,
		Kinds: []Asked{{Kind: "create a User", Requests: 100, Median: 6, P99: 30, FloorMedian: 4, FloorP99: 10}},
		Seen:  Buckets{"0.005": 900, "0.025": 1000, "0.1": 1000, "+Inf": 1000}, Own: Buckets{"0.001": 990, "0.01": 1000, "0.1": 1000, "+Inf": 1000},
	}.print(&out)
	for _, want := range []string{
		"10000 people in 20 teams of 500, 16 writers create 120 more a second",
		"        6.0       30.0        4.0       10.0    1.50    3.00\n",
		"1000 calls of webhooks, 9 access reviews",
		"90.0 % within 5 ms, 100.0 % within 25",
		"99.0 % within 1 ms",
		"23.0   the target of 20.0 is missed",
		"DISTURBED: other processes used 30 % of the machine",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
