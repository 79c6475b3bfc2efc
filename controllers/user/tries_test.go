// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// A try counts once, whoever looks, and the next one is due after a pause that grows.
func TestTries(t *testing.T) {
	t.Parallel()
	ada, bea := types.NamespacedName{Namespace: "acme", Name: "ada"}, types.NamespacedName{Namespace: "acme", Name: "bea"}
	then := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var all tries
	ended := func(why string, owner types.NamespacedName, id string, after time.Duration, count int, pause time.Duration) {
		t.Helper()
		at := then.Add(after)
		got := all.failed(owner, id, outbox.Outcome{State: outbox.Failed, At: at, Err: errors.New(why)}, at.Add)
		if got.count != count || got.again.Sub(got.outcome.At) != pause {
			t.Errorf("%s: %d tries, and the next after %v, want %d and %v", why, got.count, got.again.Sub(got.outcome.At), count, pause)
		}
	}
	rests := func(owner types.NamespacedName, id string, after time.Duration, want string) {
		t.Helper()
		o, got := all.resting(owner, id, then.Add(after))
		if got != (want != "") || got && o.Err.Error() != want {
			t.Errorf("%s of %s after %v: %t, %v", id, owner.Name, after, got, o.Err)
		}
	}
	rests(ada, "1", 0, "")
	ended("first", ada, "1", 0, 1, 50*time.Millisecond)
	ended("first, seen again", ada, "1", 0, 1, 50*time.Millisecond)
	rests(ada, "1", 49*time.Millisecond, "first")
	rests(ada, "1", 50*time.Millisecond, "")
	rests(ada, "2", 0, "")
	rests(bea, "1", 0, "")
	ended("second", ada, "1", time.Second, 2, 100*time.Millisecond)
	ended("another's", bea, "1", time.Second, 1, 50*time.Millisecond)
	rests(ada, "1", time.Second, "second")
	ended("of something else", ada, "2", time.Second, 1, 50*time.Millisecond)
	rests(ada, "1", time.Second, "")
	for n := range 20 {
		all.failed(ada, "2", outbox.Outcome{At: then.Add(time.Duration(n+2) * time.Second)}, then.Add)
	}
	ended("many", ada, "2", time.Minute, 22, 5*time.Minute)
	all.forget(ada)
	rests(ada, "2", time.Minute, "")
	ended("forgotten", ada, "2", time.Minute, 1, 50*time.Millisecond)
}

// Who is deleted is not to stay signed in for long after something was mended, however long a pause a directory asks for.
func TestNoLongRestForWhoIsDeleted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	busy := outbox.Outcome{State: outbox.Failed, At: now, Err: directory.UnavailableFor(errors.New("503"), time.Hour)}
	for why, tt := range map[string]struct {
		deleted *metav1.Time
		want    time.Duration
	}{
		"here":                    {nil, time.Hour},
		"deleted a minute ago":    {new(metav1.NewTime(now.Add(-time.Minute))), time.Minute},
		"deleted ten minutes ago": {new(metav1.NewTime(now.Add(-10 * time.Minute))), 2 * time.Minute},
	} {
		r, s := &Reconciler{}, &snapshot{key: types.NamespacedName{Name: "ada"}}
		s.User, s.Organization, s.Now = &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: tt.deleted}}, &v1alpha1.Organization{}, now
		if got := r.failed(s, &membership.AccountTask{ID: "1"}, busy).again.Sub(now); got != tt.want {
			t.Errorf("%s: the next try is after %v, want %v", why, got, tt.want)
		}
	}
}

// Rights that others give are told, whatever way a directory keeps them.
func TestRightsAreNotKeptOtherwise(t *testing.T) {
	t.Parallel()
	got := words([]directory.Attribute{directory.Title, directory.Entitlements, directory.Roles, directory.DisplayName})
	if diff := cmp.Diff([]string{"displayName", "title"}, got); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
}
