// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const metrics = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="seatkeeper.dev",resource="users",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 40
apiserver_request_total{code="200",component="apiserver",dry_run="",group="seatkeeper.dev",resource="users",scope="resource",subresource="status",verb="PATCH",version="v1beta1"} 2
apiserver_request_total{code="409",component="apiserver",dry_run="",group="seatkeeper.dev",resource="users",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 3
apiserver_request_total{code="201",component="apiserver",dry_run="",group="events.k8s.io",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 1.5e+06
apiserver_request_total{code="200",component="apiserver",dry_run="",group="seatkeeper.dev",resource="users",scope="namespace",subresource="",verb="LIST",version="v1alpha1"} 4
apiserver_request_total{code="200",component="apiserver",dry_run="",group="seatkeeper.dev",resource="users",scope="namespace",subresource="",verb="WATCH",version="v1alpha1"} 5
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 6
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="services",scope="cluster",subresource="",verb="LIST",version="v1"} 9
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="",scope="",subresource="/healthz",verb="GET",version=""} 7
apiserver_request_total_of_others{verb="PUT",resource="users"} 8
`

func TestParseRequests(t *testing.T) {
	got, err := parseRequests(strings.NewReader(metrics))
	want := requests{"PATCH users/status": 42, "PATCH users/status 409": 3, "POST events": 1.5e6, "LIST users": 4}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, and the counts differ (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if _, err := parseRequests(strings.NewReader(`apiserver_request_total{verb="PUT",resource="users"} many`)); err == nil {
		t.Error("a count that is no number is read without an error")
	}
}

func TestRequestsSince(t *testing.T) {
	before := requests{"POST users": 100, "LIST users": 4}
	now := requests{"POST users": 110, "LIST users": 4, "PATCH users/status 409": 5, "GET users": 1}
	more := now.since(before)
	if want := (requests{"POST users": 10, "PATCH users/status 409": 5, "GET users": 1}); !cmp.Equal(more, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, more))
	}
	if got := more.writes(); got != 15 {
		t.Errorf("%v writes, want 15: those that were refused too, no reads", got)
	}
	if got := more.writesOf("users"); got != 10 {
		t.Errorf("%v writes of users, want 10: neither reads, nor those of their status", got)
	}
	if got := more.per(10)["POST users"]; got != 1 {
		t.Errorf("%v users were created for each of ten people, want 1", got)
	}
}
