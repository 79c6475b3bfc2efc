// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

func TestSumOf(t *testing.T) {
	const metrics = `# TYPE controller_runtime_reconcile_total counter
controller_runtime_reconcile_total{controller="user",result="success"} 7
controller_runtime_reconcile_total{controller="user",result="error"} 1
controller_runtime_reconcile_total{controller="team",result="success"} 1e+02
controller_runtime_reconcile_total_more{controller="user"} 1000
up 3
`
	for why, c := range map[string]struct {
		name   string
		labels []string
		want   float64
	}{
		"all series, and no metric of a longer name": {passesTotal, nil, 108},
		"those of a label":                           {passesTotal, []string{`controller="user"`}, 8},
		"those of two labels":                        {passesTotal, []string{`controller="user"`, `result="error"`}, 1},
		"a metric without labels":                    {"up", nil, 3},
		"none":                                       {"down", nil, 0},
	} {
		if got := sumOf(metrics, c.name, c.labels...); got != c.want {
			t.Errorf("%s: %v, want %v", why, got, c.want)
		}
	}
}

func TestShelf(t *testing.T) {
	var paged shelf[v1alpha1.User, *v1alpha1.User]
	next, err := paged.page(strings.NewReader(`{"metadata":{"continue":"more"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`))
	if err != nil || next != "more" || paged.size() != 2 {
		t.Errorf("a page of 2 is read as %d, going on at %q: %v", paged.size(), next, err)
	}
	const end = `{"type":"BOOKMARK","object":{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}`
	for why, c := range map[string]struct {
		stream string
		want   int
		err    string
	}{
		"all there are, up to the mark":         {`{"type":"ADDED","object":{"metadata":{"name":"a"}}}` + end + `{"type":"ADDED"}`, 1, ""},
		"another bookmark is not the end":       {`{"type":"BOOKMARK","object":{}}{"type":"ADDED","object":{}}` + end, 1, ""},
		"what ends early is not a list":         {`{"type":"ADDED","object":{}}`, 1, "EOF"},
		"what the API server cannot do is told": {`{"type":"ERROR","object":{}}`, 0, "ERROR"},
	} {
		var s shelf[v1alpha1.User, *v1alpha1.User]
		err := s.stream(strings.NewReader(c.stream))
		if s.size() != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d, %v; want %d, %q", why, s.size(), err, c.want, c.err)
		}
	}
}

func TestPrintRestart(t *testing.T) {
	for people, want := range map[int]string{
		1000:    "memory above an empty one per person, KiB                       6.5\n",
		100_000: "memory above an empty one per person, KiB         6.5   the target of 6.0 is missed",
	} {
		var out strings.Builder
		Restart{People: people, Ratio: 2, PerPerson: 6.5, Writes: 1, Requests: requests{"POST events": 1, "LIST users": 2}, Disturbed: true, Foreign: 0.2}.print(&out)
		for _, want := range []string{
			want, "quiet / listed                                   2.00   the target of 2.00 is met", "API writes                                          1   the target of 0 is missed",
			"requests in all: POST events                                      1\nrequests in all: LIST users ", "DISTURBED: other processes used 20 %",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the table lacks %q:\n%s", want, out.String())
			}
		}
	}
}
