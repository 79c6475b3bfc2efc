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

	"seatkeeper.dev/seatkeeper/internal/claims"
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
	return openAt(t, shard, namespace, testingclock.NewFakePassiveClock(now))
}

func openAt(t *testing.T, shard shards.Shard, namespace string, clock *testingclock.FakePassiveClock) resourcelock.Interface {
	t.Helper()
	lock, err := shard.Lock(env.Config(t), namespace, 10*time.Second, clock)
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
		"a clock that is behind ours":  {"seatkeeper-1-of-3", "old", time.Hour, true},
		"a clock that is ahead of it":  {"seatkeeper-1-of-3", "old", -time.Hour, true},
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

// Of Leases that are claims to addresses, there can be many, and none is anybody who works.
func TestClaimsAreNoElections(t *testing.T) {
	t.Parallel()
	ctx, ns := t.Context(), env.Namespace(t)
	claim := lease(ns, "seatkeeper-1-of-3", "acme/acme/kim/uid", time.Second)
	claim.Labels = map[string]string{claims.Label: claims.OnAddress}
	if err := env.Client(t).Create(ctx, claim); err != nil {
		t.Fatal(err)
	}
	lock := open(t, shards.Shard{Number: 0, Of: 4}, ns)
	if err := lock.Create(ctx, resourcelock.LeaderElectionRecord{HolderIdentity: lock.Identity(), LeaseDurationSeconds: 15}); err != nil {
		t.Error(err)
	}
}

// A Lease of others has run out when nobody renewed it for as long as it is good by the clock of whoever waits, whatever its own says.
func TestALeaseRunsOutByOneClock(t *testing.T) {
	t.Parallel()
	for why, ago := range map[string]time.Duration{"behind": time.Hour, "the same": 0, "ahead": -time.Hour} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			ctx, ns, clock := t.Context(), env.Namespace(t), testingclock.NewFakePassiveClock(now)
			old := lease(ns, "seatkeeper-1-of-3", "old", ago)
			if err := env.Client(t).Create(ctx, old); err != nil {
				t.Fatal(err)
			}
			lock := openAt(t, shards.Shard{Number: 0, Of: 4}, ns, clock)
			for _, step := range []struct {
				why    string
				after  time.Duration
				renews bool
				waits  bool
			}{
				{why: "nobody knows yet whether it is renewed", waits: true},
				{why: "it may still be", after: 14 * time.Second, waits: true},
				{why: "it was", after: time.Second, renews: true, waits: true},
				{why: "it may be once more", after: 14 * time.Second, waits: true},
				{why: "it was not", after: time.Second},
			} {
				clock.SetTime(clock.Now().Add(step.after))
				if step.renews {
					old.Spec.RenewTime.Time = old.Spec.RenewTime.Add(14 * time.Second)
					if err := env.Client(t).Update(ctx, old); err != nil {
						t.Fatal(err)
					}
				}
				err := lock.Create(ctx, resourcelock.LeaderElectionRecord{HolderIdentity: lock.Identity(), LeaseDurationSeconds: 15})
				if (err != nil) != step.waits {
					t.Errorf("%s: got %v, want waiting: %t", step.why, err, step.waits)
				}
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
