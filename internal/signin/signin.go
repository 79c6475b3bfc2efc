// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package signin knows what the identity providers of an organization know the invitation pages by, as its Secrets say now.
package signin

import (
	"context"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/fault"
	"seatkeeper.dev/seatkeeper/internal/follow"
	"seatkeeper.dev/seatkeeper/internal/openid"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// clientSecretKey is the key of the Secret that clientSecretRef of a provider names.
const clientSecretKey = "clientSecret"

// Secrets are the client secrets of identity providers. They are followed, so that they can be rotated without a restart.
type Secrets struct {
	secrets follow.Secrets[struct{}, password.Password]
}

// New makes Secrets that are read from the API server itself.
func New(live client.Reader, clock clock.PassiveClock) *Secrets {
	return &Secrets{secrets: follow.Secrets[struct{}, password.Password]{
		Live: live, Make: read, Clock: clock, Field: "clientSecretRef in spec.invitation.identityProviders of the organization",
		Content: "the secret that the provider gave under the key " + clientSecretKey,
	}}
}

// Provider is a provider with what it knows the pages of an organization by. An error is openid.ErrMisconfigured, or follow.ErrUnread
// where nobody knows whether anything is wrong.
func (s *Secrets) Provider(ctx context.Context, organization *v1alpha1.Organization, p v1alpha1.IdentityProvider) (openid.Provider, error) {
	known := openid.Provider{Issuer: p.Issuer, ClientID: p.ClientID}
	if p.ClientSecretRef.Name == "" {
		return known, nil
	}
	secret, err := s.secrets.Get(ctx, types.NamespacedName{Namespace: organization.Namespace, Name: p.ClientSecretRef.Name}, struct{}{})
	switch {
	case errors.Is(err, follow.ErrUnread):
		return known, err
	case err != nil:
		return known, fault.New(err, openid.ErrMisconfigured)
	}
	known.ClientSecret = secret
	return known, nil
}

func read(_ struct{}, data map[string][]byte) (password.Password, error) {
	secret := strings.TrimRight(string(data[clientSecretKey]), "\r\n") // as editors leave it
	if secret == "" {
		return password.Password{}, errors.New("it has no key " + clientSecretKey + ", or nothing there: put the secret there that the provider gave")
	}
	return password.New(secret), nil
}
