// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
)

// directoryRate is how many requests an organization makes of its directory in a second, unless a flag says otherwise: enough for a
// thousand people in a minute, and little for a directory that serves many.
const directoryRate = 50

// openDirectory makes the client of a directory, with what a Secret says to sign in with.
func openDirectory(at accounts.Place, secret map[string][]byte) (directory.Directory, error) {
	client, err := scim.FromSecret(scim.Config{URL: at.URL, Adopt: at.Adopt, Budget: at.Budget}, secret)
	if err != nil {
		return nil, err
	}
	return client, nil
}
