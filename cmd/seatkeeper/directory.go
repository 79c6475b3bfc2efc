// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
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

// directoryRate is how many requests an organization makes of its directory in a second, unless a flag says otherwise: enough for a
// thousand people in a minute, and little for a directory that serves many.
const directoryRate = 50

// openDirectory makes the client of a directory, with what a Secret says to sign in with.
func openDirectory(at accounts.Place, secret map[string][]byte) (directory.Directory, error) {
	text := func(key string) string { return strings.TrimRight(string(secret[key]), "\r\n") } // as editors leave it
	credentials := scim.Credentials{
		Bearer: password.New(text(keyToken)), Username: text(keyUsername), Password: password.New(text(keyPassword)),
	}
	if text(keyClientID) != "" || text(keyClientSecret) != "" || text(keyTokenURL) != "" {
		credentials.OAuth = &scim.OAuth{
			TokenURL: text(keyTokenURL), ClientID: text(keyClientID), ClientSecret: password.New(text(keyClientSecret)), Scopes: strings.Fields(text(keyScopes)),
		}
	}
	client, err := scim.New(scim.Config{URL: at.URL, Credentials: credentials, CA: secret[keyCA], Adopt: at.Adopt, Budget: at.Budget})
	if err != nil {
		return nil, fmt.Errorf("%w (its keys are %s; or %s and %s; or %s, %s, %s and %s; and %s)", err,
			keyToken, keyUsername, keyPassword, keyClientID, keyClientSecret, keyTokenURL, keyScopes, keyCA)
	}
	return client, nil
}
