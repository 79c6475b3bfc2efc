// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/test/build"
)

// What is compacted says the same, but for who manages which field.
func TestCompactKeepsWhatIsSaid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	u := build.User("jean").In("ns", "acme").Roles("a", "b").Manager("anna").Holds("a").Seats("standard").Obj()
	u.Kind, u.APIVersion, u.Finalizers = "User", v1alpha1.GroupVersion.String(), []string{v1alpha1.FinalizerArchive}
	u.Status.Conditions = append(make([]metav1.Condition, 0, 8), metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonInvited, Message: "an invitation was sent", LastTransitionTime: metav1.NewTime(now),
	})
	want := u.DeepCopy()
	u.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	slice := build.SeatSlice("standard", 3).In("ns").Held(192, u, now).Obj()
	wantSlice := slice.DeepCopy()
	gone := toolscache.DeletedFinalStateUnknown{Key: "ns/jean", Obj: u}
	for what, c := range map[string]struct{ got, want any }{"user": {u, want}, "slice": {slice, wantSlice}, "gone": {gone, gone}} {
		got, err := index.Compact()(c.got)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s (%v), want -, got +:\n%s", what, err, diff)
		}
	}
	if room := cap(u.Status.Conditions); room != 1 {
		t.Errorf("one condition has room for %d", room)
	}
}

// What is said of two people in the same words takes the place of one.
func TestCompactKeepsWordsOnce(t *testing.T) {
	t.Parallel()
	var where []*byte
	for range 2 {
		u := build.User("jean").In("ns", strings.Clone("acme")).Roles(strings.Clone("support")).Obj()
		if _, err := index.Compact()(u); err != nil {
			t.Fatal(err)
		}
		where = append(where, unsafe.StringData(u.Spec.Organization), unsafe.StringData(u.Spec.Roles[0])) //nolint:gosec // where they are is the question
	}
	if where[0] != where[2] || where[1] != where[3] {
		t.Error("the same words are kept twice")
	}
}
