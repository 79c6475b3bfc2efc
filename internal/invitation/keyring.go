// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package invitation makes the links that invited people follow and the messages that carry them. A link's
// token is derived, never stored: whoever has the keys can make it again and tell it from a forged one. The
// package is pure: time comes in as a value, and the same input gives the same bytes.
package invitation

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"

	fold "seatkeeper.dev/seatkeeper/internal/address"
)

// KeySize is the length in bytes of a key that NewKey makes, and the least that a key may have.
const KeySize = 32

// The keys of the Secret that holds a Keyring.
const (
	SecretKeyCurrent  = "current"
	SecretKeyPrevious = "previous"
)

// Keyring holds the keys that links are made with.
type Keyring struct {
	// Current is the key that new links are made with.
	Current []byte
	// Previous is the key before Current, whose links still work; empty when there is none.
	Previous []byte
}

// NewKey reads a new key from a source of randomness.
func NewKey(random io.Reader) ([]byte, error) {
	key := make([]byte, KeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("making an invitation key: %w", err)
	}
	return key, nil
}

// ParseKeyring reads a Keyring from the data of its Secret.
func ParseKeyring(data map[string][]byte) (Keyring, error) {
	k := Keyring{Current: data[SecretKeyCurrent], Previous: data[SecretKeyPrevious]}
	if len(k.Current) == 0 {
		return Keyring{}, fmt.Errorf("no key %q among the invitation keys: put %d random bytes there, or delete the Secret to have it made anew",
			SecretKeyCurrent, KeySize)
	}
	for _, name := range []string{SecretKeyCurrent, SecretKeyPrevious} {
		if key := data[name]; len(key) > 0 && !usable(key) {
			return Keyring{}, fmt.Errorf("invitation key %q has %d bytes: put at least %d random ones there", name, len(key), KeySize)
		}
	}
	return k, nil
}

// usable keeps an empty or guessable key from ever making or vouching for a link.
func usable(key []byte) bool { return len(key) >= KeySize }

// addressTag is the part of a token that says for which address it is, to who has the key and knows the address.
func addressTag(key, claims []byte, email string) []byte {
	h := hmac.New(sha256.New, key)
	writeLink(h, "seatkeeper.dev/invitation/address", claims, email)
	return h.Sum(nil)[:tagSize]
}

// seal is the tag followed by the part of a token that only who has the key can make.
func seal(key, claims, tag []byte) []byte {
	h := hmac.New(sha256.New, key)
	// Claims and tag are of fixed lengths.
	writePurpose(h, "seatkeeper.dev/invitation/seal")
	_, _ = h.Write(claims)
	_, _ = h.Write(tag)
	return append(append(make([]byte, 0, tagSize+sealSize), tag...), h.Sum(nil)[:sealSize]...)
}

// writeLink feeds to h what makes a link unlike any other.
// Only the last part varies in length, so no two inputs look the same.
func writeLink(h io.Writer, purpose string, claims []byte, email string) {
	writePurpose(h, purpose)
	_, _ = h.Write(claims)
	// How addresses are folded is part of the format of tokens: a change of spelling alone must not kill a link.
	_, _ = io.WriteString(h, fold.Fold(email))
}

// writePurpose keeps apart what is made with one key for different ends. A hash never fails to take input.
func writePurpose(h io.Writer, purpose string) { _, _ = io.WriteString(h, purpose+"\x00") }
