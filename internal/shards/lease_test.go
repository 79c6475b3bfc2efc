// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package shards_test

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// lease is one that somebody renewed a while ago, and that is good for 15 seconds.
func lease(namespace, name, holder string, ago time.Duration) *coordinationv1.Lease {
	at := metav1.NewMicroTime(now.Add(-ago))
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: ptr.To(int32(15)), RenewTime: &at},
	}
}

func open(t *testing.T, shard shards.Shard, namespace string) resourcelock.Interface {
	t.Helper()
	lock, err := shard.Lock(env.Config(t), namespace, 10*time.Second, testingclock.NewFakePassiveClock(now))
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func TestNobodyIsElectedWhileOthersDivideTheWorkOtherwise(t *testing.T) {
	t.Parallel()
	for why, tc := range map[string]struct {
		other string
		held  string
		ago   time.Duration
		waits bool
	}{
		"another number of shards":     {"seatkeeper-1-of-3", "old", time.Second, true},
		"one for everything":           {"seatkeeper", "old", time.Second, true},
		"as many shards":               {"seatkeeper-1-of-4", "peer", time.Second, false},
		"released":                     {"seatkeeper-1-of-3", "", time.Second, false},
		"run out":                      {"seatkeeper-1-of-3", "old", 15 * time.Second, false},
		"about to run out":             {"seatkeeper-1-of-3", "old", 14 * time.Second, true},
		"somebody else's":              {"others-1-of-3", "old", time.Second, false},
		"somebody else's by a hair":    {"seatkeeper-1-of-3-x", "old", time.Second, false},
		"the same share of more parts": {"seatkeeper-0-of-44", "old", time.Second, true},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			ctx, ns := t.Context(), env.Namespace(t)
			if err := env.Client(t).Create(ctx, lease(ns, tc.other, tc.held, tc.ago)); err != nil {
				t.Fatal(err)
			}
			lock := open(t, shards.Shard{Number: 0, Of: 4}, ns)
			err := lock.Create(ctx, resourcelock.LeaderElectionRecord{HolderIdentity: lock.Identity(), LeaseDurationSeconds: 15})
			if !tc.waits {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := "shard 0 of 4 waits: Lease " + ns + "/" + tc.other + " is held by old"; err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want an error that says %q", err, want)
			}
			err = env.Client(t).Get(ctx, client.ObjectKey{Namespace: ns, Name: "seatkeeper-0-of-4"}, &coordinationv1.Lease{})
			if client.IgnoreNotFound(err) != nil || err == nil {
				t.Errorf("whoever waits has a Lease: %v", err)
			}
		})
	}
}

// Whoever is elected goes on, and gives back: those who come later wait. Having given back, it waits like anybody.
func TestWhoeverIsElectedGoesOn(t *testing.T) {
	t.Parallel()
	ctx, ns := t.Context(), env.Namespace(t)
	lock := open(t, shards.Shard{Number: 1, Of: 3}, ns)
	mine := resourcelock.LeaderElectionRecord{HolderIdentity: lock.Identity(), LeaseDurationSeconds: 15}
	if err := lock.Create(ctx, mine); err != nil {
		t.Fatal(err)
	}
	if err := env.Client(t).Create(ctx, lease(ns, "seatkeeper-0-of-4", "new", time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := lock.Update(ctx, mine); err != nil {
		t.Errorf("the elected one cannot renew: %v", err)
	}
	if err := lock.Update(ctx, resourcelock.LeaderElectionRecord{LeaseDurationSeconds: 1}); err != nil {
		t.Errorf("it cannot give back: %v", err)
	}
	if err := lock.Update(ctx, mine); err == nil || !strings.Contains(err.Error(), "seatkeeper-0-of-4 is held by new") {
		t.Errorf("having given back, it is elected again: %v", err)
	}
}
