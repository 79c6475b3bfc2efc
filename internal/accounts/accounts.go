// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package accounts knows for each organization the directory that its members' accounts live in.
package accounts

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/follow"
)

// Place is where a directory is, and how it is used.
type Place struct {
	// URL is the base URL of its SCIM service.
	URL string
	// Adopt says that an account that is there already becomes the person's.
	Adopt bool
}

// Room opens directories, and follows the Secrets with what they are opened with.
type Room struct {
	secrets follow.Secrets[Place, directory.Directory]
}

var _ directory.Directories = (*Room)(nil)

// New makes a Room. live reads Secrets from the API server itself, and open signs in with the data of one.
func New(live client.Reader, open func(Place, map[string][]byte) (directory.Directory, error), clock clock.PassiveClock) *Room {
	return &Room{secrets: follow.Secrets[Place, directory.Directory]{
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
	opened, err := r.secrets.Get(ctx, secret, Place{spec.SCIM.URL, spec.Adoption == v1alpha1.AdoptionAdopt})
	if err != nil {
		return nil, directory.Unavailable(err)
	}
	return opened, nil
}
