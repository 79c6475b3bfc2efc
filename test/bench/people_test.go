// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

// The bare client is no floor if it sends other patches than a controller does.
func TestStatusPatchIsThatOfAController(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	before := person("ns", 7)
	before.ResourceVersion, before.Status.ObservedGeneration = "42", -1
	after := build.User("somebody").Holds("member").Seats("standard").Invited(1, noon).Obj()
	after.Status.ObservedGeneration = 1
	after.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "True", Reason: "Invited"}}
	want, got := before.DeepCopy(), any(nil)
	want.Status = *statusOf(before, &after.Status)

	data, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(want)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := statusPatch("42", statusOf(before, &after.Status))
	if err != nil {
		t.Fatal(err)
	}
	var controllers any
	if err := errors.Join(json.Unmarshal(data, &controllers), json.Unmarshal(patch, &got)); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(controllers, got) {
		t.Errorf("(-controller's +bare client's):\n%s", cmp.Diff(controllers, got))
	}
	if want.Status.Invitation.Email != before.Spec.Email {
		t.Errorf("the invitation is for %s, and the person is at %s", want.Status.Invitation.Email, before.Spec.Email)
	}
}

// The bare client writes as many slices as the operator, each as full.
func TestLedger(t *testing.T) {
	var sizes []int
	for i, slice := range ledger("ns", 130) {
		if first := int32(i * v1alpha1.SeatsPerSlice); *slice.FirstSeat != first || *slice.Assignments[0].Seat != first {
			t.Errorf("slice %d begins with seat %d, and is said to begin with %d", i, *slice.Assignments[0].Seat, *slice.FirstSeat)
		}
		sizes = append(sizes, len(slice.Assignments))
	}
	if want := []int{64, 64, 2}; !slices.Equal(sizes, want) {
		t.Errorf("130 seats are in slices of %v, want %v", sizes, want)
	}
}

func eventOf(kind, name, version, reason string) string {
	u := v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: version}}
	u.Status.Conditions = []metav1.Condition{{Type: "Seated", Reason: "Seated"}, {Type: "Ready", Reason: reason}}
	content, err := json.Marshal(map[string]any{"type": kind, "object": u})
	if err != nil {
		panic(err)
	}
	return string(content) + "\n"
}

func TestAwait(t *testing.T) {
	const gone = `{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version"}}`
	for why, c := range map[string]struct {
		streams []string // one after the other, each until it ends
		opened  []string // from which versions on
		err     string
	}{
		"everybody, in one watch": {
			[]string{eventOf("ADDED", "a", "1", "") + eventOf("ADDED", "b", "2", "") + eventOf("MODIFIED", "b", "3", "Invited") + eventOf("MODIFIED", "a", "4", "Invited")},
			[]string{""},
			"",
		},
		"one person twice is one": {
			[]string{eventOf("MODIFIED", "a", "1", "Invited") + eventOf("MODIFIED", "a", "2", "Invited"), eventOf("MODIFIED", "b", "3", "Invited")},
			[]string{"", "2"},
			"",
		},
		"a watch that ends is taken up where it ended": {
			[]string{eventOf("MODIFIED", "a", "1", "Invited") + eventOf("ADDED", "b", "2", "")[:20], eventOf("MODIFIED", "b", "3", "Invited")},
			[]string{"", "1"},
			"",
		},
		"what is too old begins anew": {
			[]string{eventOf("MODIFIED", "a", "1", "Invited"), gone, eventOf("ADDED", "a", "1", "Invited") + eventOf("ADDED", "b", "3", "Invited")},
			[]string{"", "1", ""},
			"",
		},
		"an error from the first is one":   {[]string{gone}, []string{""}, "too old resource version"},
		"a watch that cannot be opened":    {nil, []string{""}, "refused"},
		"what is no event of a watch":      {[]string{"nonsense"}, []string{""}, "invalid character"},
		"another state is no invitation":   {[]string{eventOf("MODIFIED", "a", "1", "AwaitingSeat")}, []string{"", "1"}, "0 of 2"},
		"one of two is not all that count": {[]string{eventOf("MODIFIED", "a", "1", "Invited")}, []string{"", "1"}, "1 of 2"},
	} {
		var opened []string
		a := &audience{wanted: invited, seen: map[string]bool{}}
		err := a.await(2, func(version string) (io.ReadCloser, error) {
			opened = append(opened, version)
			if len(opened) > len(c.streams) {
				return nil, errors.New("refused")
			}
			return io.NopCloser(strings.NewReader(c.streams[len(opened)-1])), nil
		})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", why, err, c.err)
		}
		if !slices.Equal(opened, c.opened) {
			t.Errorf("%s: watched from %q on, want %q", why, opened, c.opened)
		}
	}
}
