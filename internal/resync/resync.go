// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package resync looks now and then at all that the directory of each organization has, and has those seen to of whom it is
// otherwise than it is to be. It changes nothing itself, and what it keeps is no truth: the next look finds it again.
package resync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

const (
	// tick is how long after one another it is seen who is due.
	tick = time.Second
	// soon is how long at least until a directory is looked at for the first time, and spread is of how much of that more, so that
	// not all are looked at in one second; jitter is the same of the period.
	soon           = 10 * time.Second
	spread, jitter = 2.0, 0.2
	// longest is what a look may take: a directory of a million accounts lists them in less.
	longest = time.Hour
	// defaultPeriod is that of an organization without one, which came around the defaults of the API.
	defaultPeriod = 10 * time.Minute
)

// Keeper looks at directories, as the leader alone does.
type Keeper struct {
	// Cache is read as it is.
	Cache client.Reader
	// Directories have the accounts, and Outbox talks to them: a look is one errand among others.
	Directories directory.Directories
	Outbox      *outbox.Outbox
	Clock       clock.Clock
	// SignOut has the directory deactivate the account of somebody who left, unless the person is back.
	SignOut func(organization *v1alpha1.Organization, record *v1alpha1.ArchivedUser)
	// Groups looks at the groups of a directory after the accounts; nil when nobody does.
	Groups func(ctx context.Context, organization *v1alpha1.Organization, at directory.Directory, began time.Time) error

	users, organizations *calls

	mu     sync.Mutex
	boards map[types.NamespacedName]*board
}

// New makes a Keeper, which is to be told how people are signed out.
func New(cache client.Reader, directories directory.Directories, box *outbox.Outbox, clock clock.Clock) *Keeper {
	return &Keeper{
		Cache: cache, Directories: directories, Outbox: box, Clock: clock,
		users: newCalls(), organizations: newCalls(), boards: map[types.NamespacedName]*board{},
	}
}

// Users are those whose account is to be seen to, as Of says.
func (k *Keeper) Users() <-chan types.NamespacedName { return k.users.out }

// Organizations are those of which there is something new to tell, as Report does.
func (k *Keeper) Organizations() <-chan types.NamespacedName { return k.organizations.out }

// NeedLeaderElection tells the manager to start it on the leader alone.
func (k *Keeper) NeedLeaderElection() bool { return true }

// Start looks until ctx ends.
func (k *Keeper) Start(ctx context.Context) error {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithName("resync"))
	var running sync.WaitGroup
	running.Go(func() { k.users.run(ctx) })
	running.Go(func() { k.organizations.run(ctx) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-k.Clock.After(tick):
			if err := k.Tick(ctx); err != nil {
				log.FromContext(ctx).Error(err, "directories are looked at a moment later")
			}
		}
	}
	running.Wait()
	return nil
}

// Tick has the directories looked at that are due.
func (k *Keeper) Tick(ctx context.Context) error {
	var all v1alpha1.OrganizationList
	if err := k.Cache.List(ctx, &all, loop.Lagging{}); err != nil {
		return fmt.Errorf("listing the organizations: %w", err)
	}
	present := make(map[types.NamespacedName]bool, len(all.Items))
	for i := range all.Items {
		org := &all.Items[i]
		if !membership.HasDirectory(org) || !org.DeletionTimestamp.IsZero() {
			continue
		}
		key := client.ObjectKeyFromObject(org)
		present[key] = true
		if round := k.due(key, org); round > 0 {
			k.begin(ctx, key, round)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.boards {
		if !present[key] {
			delete(k.boards, key)
		}
	}
	return nil
}

// due is the number of the look that is to begin now; 0 when none is.
func (k *Keeper) due(key types.NamespacedName, org *v1alpha1.Organization) int {
	now := k.Clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.boards[key]
	if b == nil || b.place != account.At(org) {
		b = &board{place: account.At(org), due: now.Add(wait.Jitter(soon, spread)), asked: map[string]time.Time{}}
		k.boards[key] = b
	}
	// A look takes its time, and more where many wait before it. One that is lost does not keep the others from beginning.
	if b.running && now.Sub(b.began) < 2*longest || now.Before(b.next(org)) {
		return 0
	}
	return b.begin(now)
}

// begin has the outbox look, in turn with all else that is asked of the directory.
func (k *Keeper) begin(ctx context.Context, key types.NamespacedName, round int) {
	logger := log.FromContext(ctx)
	// No object has such a name, so that nobody's errand is superseded.
	owner := types.NamespacedName{Namespace: key.Namespace, Name: "directory/" + key.Name}
	k.Outbox.Forget(owner)
	k.Outbox.Do(outbox.Errand{
		Owner: owner, ID: strconv.Itoa(round), Server: key.String(), Tenant: key, Timeout: longest,
		Run: func(ctx context.Context) error {
			err := k.look(ctx, key, round)
			if err != nil {
				k.failed(key, round, err)
				logger.Info("a directory is looked at again later", "organization", key, "reason", kindOf(err))
			}
			return err
		},
	})
}

// kindOf is a failure without the directory's words, which may have personal data in them.
func kindOf(err error) string {
	switch {
	case errors.Is(err, outbox.ErrNotTried):
		return "not tried"
	case errors.Is(err, directory.ErrRejected):
		return "refused"
	}
	return "unavailable"
}

func (k *Keeper) failed(key types.NamespacedName, round int, err error) {
	now := k.Clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.boards[key]; b != nil && b.round == round {
		b.failed(now, err)
	}
}

// Asked notes that something is asked of a directory about an account, or was done: what a look has seen of it by now says nothing.
func (k *Keeper) Asked(organization types.NamespacedName, a *account.Account) {
	now := k.Clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.boards[organization]; b != nil {
		b.asked[string(a.UID)], b.asked[fold(a.UserName)] = now, now
	}
}

// Of is what the latest look found of a user's account; nil when nothing has to be done or said.
func (k *Keeper) Of(u *v1alpha1.User) *membership.Drift {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.boards[types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}]
	if b == nil {
		return nil
	}
	if m, ok := b.marks[u.Name]; ok && m.uid == u.UID {
		return m.drift
	}
	return nil
}

// Settled forgets what was found of a user's account: the directory has seen to it, or says why it does not.
func (k *Keeper) Settled(u *v1alpha1.User) {
	key := types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.boards[key]
	if b == nil {
		return
	}
	if m, ok := b.marks[u.Name]; ok && m.uid == u.UID {
		delete(b.marks, u.Name)
		if m.drift.Astray() {
			k.organizations.push(key)
		}
	}
}

// SignedOut is Settled for somebody who can sign in no more; what else was found is still so.
func (k *Keeper) SignedOut(u *v1alpha1.User) {
	found := k.Of(u)
	k.Settled(u)
	if !found.Astray() {
		return
	}
	left := membership.Drift{Differs: slices.DeleteFunc(slices.Clone(found.Differs), func(name string) bool { return name == string(directory.Active) })}
	key := types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.boards[key]; b != nil && left.Astray() {
		b.marks[u.Name] = mark{u.UID, &left}
	}
}

// Report is what the latest look found; nil when there was none since this process began, or nothing may be said of it.
func (k *Keeper) Report(organization types.NamespacedName) *v1alpha1.DirectoryStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.boards[organization]; b != nil {
		return b.report()
	}
	return nil
}
