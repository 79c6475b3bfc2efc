// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package groups

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

const (
	// lookEvery is how often it is looked whose directory is to be listed, and listing how long that may take.
	lookEvery = 5 * time.Second
	listing   = 10 * time.Minute
	// jitter spreads the listings of organizations that have the same period.
	jitter = 0.2
	// defaultPeriod is for organizations of before there was a default.
	defaultPeriod = 10 * time.Minute
)

var errNoList = errors.New("the directory cannot list its groups")

// Resync lists the groups of every directory now and then, and compares them. Directories do not wait for each other.
type Resync struct {
	Comparer

	Directories directory.Directories
	Clock       clock.WithTicker

	mu      sync.Mutex
	due     map[types.NamespacedName]time.Time
	running map[types.NamespacedName]bool
	listing sync.WaitGroup
}

// NeedLeaderElection tells the manager to start it on the leader alone.
func (r *Resync) NeedLeaderElection() bool { return true }

// Start runs until ctx ends.
func (r *Resync) Start(ctx context.Context) error {
	ticker := r.Clock.NewTicker(lookEvery)
	defer ticker.Stop()
	defer r.listing.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
			if err := r.Look(ctx); err != nil {
				log.FromContext(ctx).Error(err, "looking whose groups are to be compared")
			}
		}
	}
}

// Look starts the listings that are due.
func (r *Resync) Look(ctx context.Context) error {
	var all v1alpha1.OrganizationList
	if err := r.Cache.List(ctx, &all, loop.Lagging{}); err != nil {
		return fmt.Errorf("listing organizations: %w", err)
	}
	now, there := r.Clock.Now(), map[types.NamespacedName]bool{}
	for i := range all.Items {
		org := &all.Items[i]
		key := client.ObjectKeyFromObject(org)
		if (group.Teams(org) || group.Roles(org)) && org.DeletionTimestamp.IsZero() {
			there[key] = true
			if r.take(key, period(org), now) {
				r.listing.Go(func() { r.list(ctx, key, org.DeepCopy(), now) })
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.due {
		if !there[key] {
			delete(r.due, key)
		}
	}
	return nil
}

// Wait waits for the listings that were started.
func (r *Resync) Wait() { r.listing.Wait() }

func period(org *v1alpha1.Organization) time.Duration {
	if p := org.Spec.Directory.ResyncPeriod; p != nil {
		return p.Duration
	}
	return defaultPeriod
}

// take says that an organization's groups are to be listed now. The first time is somewhen within the first period, since many may
// have been seen at once.
func (r *Resync) take(key types.NamespacedName, period time.Duration, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due == nil {
		r.due, r.running = map[types.NamespacedName]time.Time{}, map[types.NamespacedName]bool{}
	}
	at, known := r.due[key]
	switch {
	case !known:
		r.due[key] = now.Add(wait.Jitter(period/2, 1))
		return false
	case r.running[key]:
		return false
	case at.Sub(now) > time.Duration(float64(period)*(1+jitter)): // it was longer
		r.due[key] = now.Add(wait.Jitter(period, jitter))
		return false
	case now.Before(at):
		return false
	}
	r.due[key], r.running[key] = now.Add(wait.Jitter(period, jitter)), true
	return true
}

func (r *Resync) list(ctx context.Context, key types.NamespacedName, org *v1alpha1.Organization, began time.Time) {
	ctx, cancel := context.WithTimeout(ctx, listing)
	defer cancel()
	err := r.compare(ctx, org, began)
	if err != nil && ctx.Err() == nil {
		// Its words may be about people.
		log.FromContext(ctx).Info("the groups of a directory could not be compared", "organization", key, "unavailable", errors.Is(err, directory.ErrUnavailable))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, key)
}

func (r *Resync) compare(ctx context.Context, org *v1alpha1.Organization, began time.Time) error {
	at, err := r.Directories.Of(ctx, org)
	if err != nil {
		return err
	}
	has, ok := at.(directory.Groups)
	lister := directory.ListerOf(at)
	if !ok || lister == nil {
		return errNoList
	}
	nests, err := has.Nests(ctx)
	if err != nil {
		return err
	}
	return r.Compare(ctx, org, nests, lister, began)
}
