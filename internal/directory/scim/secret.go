// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"fmt"
	"strings"

	"seatkeeper.dev/seatkeeper/internal/password"
)

// The keys of the Secret that spec.directory.scim.credentialsSecretRef of an organization names.
const (
	keyToken        = "token"
	keyUsername     = "username"
	keyPassword     = "password"
	keyClientID     = "clientID"
	keyClientSecret = "clientSecret"
	keyTokenURL     = "tokenURL"
	keyScopes       = "scopes"
	keyCA           = "ca.crt"
)

// FromSecret makes a client of a configuration, with what a Secret says to sign in with.
func FromSecret(config Config, secret map[string][]byte) (*Client, error) {
	text := func(key string) string { return strings.TrimRight(string(secret[key]), "\r\n") } // as editors leave it
	config.CA = secret[keyCA]
	config.Credentials = Credentials{
		Bearer: password.New(text(keyToken)), Username: text(keyUsername), Password: password.New(text(keyPassword)),
	}
	if text(keyClientID) != "" || text(keyClientSecret) != "" || text(keyTokenURL) != "" {
		config.Credentials.OAuth = &OAuth{
			TokenURL: text(keyTokenURL), ClientID: text(keyClientID), ClientSecret: password.New(text(keyClientSecret)), Scopes: strings.Fields(text(keyScopes)),
		}
	}
	client, err := New(config)
	if err != nil {
		return nil, fmt.Errorf("%w (its keys are %s; or %s and %s; or %s, %s, %s and %s; and %s)", err,
			keyToken, keyUsername, keyPassword, keyClientID, keyClientSecret, keyTokenURL, keyScopes, keyCA)
	}
	return client, nil
}
