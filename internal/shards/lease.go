// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package shards

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
)

// WholeLease is the Lease of an operator that does all the work by itself.
const WholeLease = "seatkeeper"

// elections selects the Leases that are none of those by which addresses are claimed, of which there can be many.
const elections = "!seatkeeper.dev/claim"

var shardLease = regexp.MustCompile(`^` + WholeLease + `-\d+-of-(\d+)$`)

// Lease is the name of the Lease by which the replicas of this shard elect the one that works.
func (s Shard) Lease() string { return fmt.Sprintf("%s-%d-of-%d", WholeLease, s.Number, s.Of) }

// rivals says that a Lease is of operators who divide the work otherwise.
func (s Shard) rivals(lease string) bool {
	match := shardLease.FindStringSubmatch(lease)
	return lease == WholeLease || match != nil && match[1] != fmt.Sprint(s.Of)
}

// Lock is the election of a shard's replica that works. Nobody is elected while an operator works that divides the work otherwise:
// when the number of shards changes, the new ones begin once the last old one has stopped.
//
// An old one that is elected in the same instant is not seen, and one whose Lease has run out may not know yet. Then two work in the
// same namespaces for a moment, which seats and accounts bear, and a mail that is sent twice is the same mail.
func (s Shard) Lock(cfg *rest.Config, namespace string, renewWithin time.Duration, clock clock.PassiveClock) (resourcelock.Interface, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	cfg = rest.AddUserAgent(cfg, "leader-election")
	cfg.Timeout = renewWithin / 2 // one request that hangs is not to cost the Lease
	client, err := coordination.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making a client of Leases: %w", err)
	}
	return &lock{
		Interface: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: namespace, Name: s.Lease()}, Client: client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
		},
		shard: s, leases: client.Leases(namespace), clock: clock, seen: map[string]renewal{},
	}, nil
}

// lock is a Lease that can be had while nobody divides the work otherwise.
type lock struct {
	resourcelock.Interface
	shard  Shard
	leases coordination.LeaseInterface
	clock  clock.PassiveClock
	held   bool
	// seen is what was last seen of others' Leases, by name.
	seen map[string]renewal
}

// renewal is when a Lease was renewed by the clock of whoever holds it, and when that was first seen by ours. The two are not compared:
// a Lease has run out when it was not renewed for as long as it is good by one clock.
type renewal struct {
	renewed metav1.MicroTime
	first   time.Time
}

// Create implements resourcelock.Interface.
func (l *lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, record, l.Interface.Create)
}

// Update implements resourcelock.Interface. Whoever holds the Lease goes on.
func (l *lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, record, l.Interface.Update)
}

func (l *lock) write(ctx context.Context, record resourcelock.LeaderElectionRecord, write func(context.Context, resourcelock.LeaderElectionRecord) error) error {
	if !l.held {
		if err := l.alone(ctx); err != nil {
			return err
		}
	}
	if err := write(ctx, record); err != nil {
		return err
	}
	l.held = record.HolderIdentity == l.Identity()
	return nil
}

// alone fails while an operator works that divides the work otherwise.
func (l *lock) alone(ctx context.Context) error {
	leases, err := l.leases.List(ctx, metav1.ListOptions{LabelSelector: elections})
	if err != nil {
		return fmt.Errorf("looking for operators that divide the work otherwise: %w", err)
	}
	var waits error
	for _, lease := range leases.Items { // every one is looked at, so that all run out at the same time
		if l.shard.rivals(lease.Name) && l.inUse(&lease) {
			waits = fmt.Errorf("shard %s waits: Lease %s/%s is held by %s; stop whoever runs with another number of shards",
				l.shard, lease.Namespace, lease.Name, *lease.Spec.HolderIdentity)
		}
	}
	return waits
}

// inUse says that somebody has a Lease, and it has not run out.
func (l *lock) inUse(lease *coordinationv1.Lease) bool {
	spec, now := lease.Spec, l.clock.Now()
	if ptr.Deref(spec.HolderIdentity, "") == "" || spec.RenewTime == nil {
		return false
	}
	last, ok := l.seen[lease.Name]
	if !ok || !last.renewed.Equal(spec.RenewTime) {
		last = renewal{renewed: *spec.RenewTime, first: now}
		l.seen[lease.Name] = last
	}
	return now.Before(last.first.Add(time.Duration(ptr.Deref(spec.LeaseDurationSeconds, 0)) * time.Second))
}
