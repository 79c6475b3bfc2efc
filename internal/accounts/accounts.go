// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package accounts knows for each organization the directory that its members' accounts live in.
package accounts

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/follow"
)

// Place is where a directory is, and how it is used.
type Place struct {
	// URL is the base URL of its SCIM service.
	URL string
	// Adopt says that an account that is there already becomes the person's.
	Adopt bool
	// Budget is shared by all who talk to it for one organization, whatever else of it changes.
	Budget *directory.Budget
}

// Room opens directories, and follows the Secrets with what they are opened with.
type Room struct {
	secrets follow.Secrets[Place, directory.Directory]
	// perSecond is how many requests an organization may make of its directory.
	perSecond float64
	clock     clock.PassiveClock

	mu      sync.Mutex
	budgets map[whose]*kept
}

// whose a budget is: that of an organization, at one URL. Another directory has said nothing of pauses.
type whose struct {
	organization types.NamespacedName
	url          string
}

type kept struct {
	budget *directory.Budget
	used   time.Time
}

// forgotten is after how long a budget is that nobody uses. No pause is longer.
const forgotten = 2 * time.Hour

var _ directory.Directories = (*Room)(nil)

// New makes a Room. live reads Secrets from the API server itself, and open signs in with the data of one. An organization makes at
// most so many requests of its directory in a second, and any number when that is 0.
func New(live client.Reader, open func(Place, map[string][]byte) (directory.Directory, error), perSecond float64, clock clock.PassiveClock) *Room {
	return &Room{perSecond: perSecond, clock: clock, budgets: map[whose]*kept{}, secrets: follow.Secrets[Place, directory.Directory]{
		Live: live, Make: open, Clock: clock, Field: "spec.directory.scim.credentialsSecretRef of the organization",
	}}
}

var errNone = errors.New("the organization has no directory: set spec.directory")

// Of implements directory.Directories.
func (r *Room) Of(ctx context.Context, organization *v1alpha1.Organization) (directory.Directory, error) {
	spec := &organization.Spec.Directory
	if spec.SCIM.URL == "" {
		return nil, directory.Unavailable(errNone)
	}
	secret := types.NamespacedName{Namespace: organization.Namespace, Name: spec.SCIM.CredentialsSecretRef.Name}
	opened, err := r.secrets.Get(ctx, secret, Place{spec.SCIM.URL, spec.Adoption == v1alpha1.AdoptionAdopt, r.budget(organization)})
	if err != nil {
		return nil, directory.Unavailable(err)
	}
	return opened, nil
}

// budget is what an organization shares, however often the client is made anew.
func (r *Room) budget(organization *v1alpha1.Organization) *directory.Budget {
	key, now := whose{client.ObjectKeyFromObject(organization), account.At(organization)}, r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, k := range r.budgets {
		if other != key && now.Sub(k.used) > forgotten {
			delete(r.budgets, other)
		}
	}
	if r.budgets[key] == nil {
		r.budgets[key] = &kept{budget: directory.NewBudget(r.perSecond, r.clock)}
	}
	r.budgets[key].used = now
	return r.budgets[key].budget
}
