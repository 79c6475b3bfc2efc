// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// strays are those for whom something came after they had left, and all that they owned was handed over. No watch tells of it, so
// it is looked for now and then. What is kept here is no truth: it only has the next pass look, and the next sweep finds it again.
type strays struct {
	mu   sync.Mutex
	seen map[types.NamespacedName]types.UID
}

func (s *strays) note(u *v1alpha1.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[types.NamespacedName]types.UID{}
	}
	s.seen[client.ObjectKeyFromObject(u)] = u.UID
}

// of says that something came for a user.
func (s *strays) of(key types.NamespacedName, uid types.UID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, ok := s.seen[key]
	return ok && seen == uid
}

func (s *strays) forget(user types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, user)
}

const (
	// sweepEvery is how long it takes at least until strays are looked for again, and up to sweepJitter of that more, so that
	// operators that were started together do not ask all at once.
	sweepEvery  = 10 * time.Minute
	sweepJitter = 0.2
)

// addSweeps has the leader look for strays, and returns whom it finds.
func (r *Reconciler) addSweeps(mgr ctrl.Manager) (<-chan types.NamespacedName, error) {
	found := make(chan types.NamespacedName)
	if r.Timer == nil {
		return found, nil
	}
	return found, mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		r.Sweeps(log.IntoContext(ctx, mgr.GetLogger().WithName("strays")), found)
		return nil
	}))
}

// Sweeps looks for strays now and then until ctx ends, and tells whom it finds.
func (r *Reconciler) Sweeps(ctx context.Context, found chan<- types.NamespacedName) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.Timer.After(wait.Jitter(sweepEvery, sweepJitter)):
		}
		users, err := r.Sweep(ctx)
		if err != nil {
			log.FromContext(ctx).Error(err, "what came for somebody who had left is looked for again later")
		}
		for _, user := range users {
			select {
			case <-ctx.Done():
				return
			case found <- user:
			}
		}
	}
}

// Sweep finds who has left, and owns something again that is to be handed over. Their next pass looks at it.
func (r *Reconciler) Sweep(ctx context.Context) ([]types.NamespacedName, error) {
	var organizations v1alpha1.OrganizationList
	if err := r.List(ctx, &organizations, loop.Lagging{}); err != nil {
		return nil, fmt.Errorf("listing the organizations: %w", err)
	}
	var found []types.NamespacedName
	var last error // which stands for the others: a rule that cannot be asked keeps none of the rest
	for i := range organizations.Items {
		users, err := r.sweep(ctx, &organizations.Items[i])
		if found = append(found, users...); err != nil {
			last = fmt.Errorf("organization %s: %w", client.ObjectKeyFromObject(&organizations.Items[i]), err)
		}
	}
	return found, last
}

// sweep asks once for each rule of an organization from which anybody has left, and not at all where nobody has.
func (r *Reconciler) sweep(ctx context.Context, org *v1alpha1.Organization) (found []types.NamespacedName, last error) {
	rules := slices.DeleteFunc(slices.Clone(org.Spec.Offboarding.Ownership), func(rule v1alpha1.OwnershipRule) bool {
		return rule.OnArchive != v1alpha1.OwnershipReassign
	})
	if len(rules) == 0 || !org.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	gone, err := r.departed(org)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(gone))
	for i := range rules {
		owners, err := r.Estate.Estate.Owners(ctx, org.Namespace, &rules[i], names)
		if err != nil {
			last = fmt.Errorf("rule %s: %w", rules[i].Name, err)
		}
		for _, name := range owners {
			r.strays.note(gone[name])
			found = append(found, types.NamespacedName{Namespace: org.Namespace, Name: name})
		}
	}
	slices.SortFunc(found, func(a, b types.NamespacedName) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(found), last
}

// departed are those who have left an organization, and of whose objects none was left, by name.
func (r *Reconciler) departed(org *v1alpha1.Organization) (map[string]*v1alpha1.User, error) {
	users, err := index.Find[v1alpha1.User](r.Shelf, org.Namespace, index.Organization, org.Name)
	if err != nil {
		return nil, err
	}
	gone := map[string]*v1alpha1.User{}
	for _, u := range users {
		if access.Archiving(u) && u.Status.AccessRevokedAt != nil && u.Status.Handover != nil && !handover.Pending(&u.Status) {
			gone[u.Name] = u
		}
	}
	return gone, nil
}
