// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"
)

// Path is where the portal serves links, below its own address; the token follows.
const Path = "/invitations/"

// A token is the base64url form of: version (1 byte), UID (16), sequence (8), expiry in Unix seconds (8), tag of the
// address (9), seal (18). The tag says for whom the link is; the seal, over all that is before it, that we made it:
// so a link to an address that nobody remembers is told from a forged one. The sum is a multiple of 3, which leaves
// no spare bits in the last character.
const (
	version    = 2
	claimsSize = 1 + 16 + 8 + 8
	tagSize    = 9
	sealSize   = 18
	tokenSize  = claimsSize + tagSize + sealSize
	// lastExpiry is the last second that the API can hold, at the end of the year 9999.
	lastExpiry = 253402300799
)

// encoding refuses a token in which unused bits are set: there is one spelling of each.
var encoding = base64.RawURLEncoding.Strict()

var errNotAToken = errors.New("not the token of an invitation: follow the link exactly as it is in the mail")

// Claims are what a token says of itself, in the clear.
type Claims struct {
	// UID is the User's, as the API server gave it.
	UID types.UID
	// Sequence is the number of the invitation among the user's, from 1.
	Sequence int64
	// ExpiresAt is until when the invitation can be answered, in whole seconds.
	ExpiresAt time.Time
}

// Token makes the token of the invitation to an address.
func (k Keyring) Token(claims Claims, email string) (string, error) {
	if !usable(k.Current) {
		return "", fmt.Errorf("making an invitation token: the current key has fewer than %d bytes: load the keyring first", KeySize)
	}
	encoded, err := claims.encode()
	if err != nil {
		return "", fmt.Errorf("making an invitation token: %w", err)
	}
	return encoding.EncodeToString(append(encoded, seal(k.Current, encoded, addressTag(k.Current, encoded, email))...)), nil
}

// ParseToken splits a token into what it claims and what makes the claims good, the tag of the address and the seal,
// which Verify and Genuine check.
func ParseToken(token string) (Claims, []byte, error) {
	if len(token) != encoding.EncodedLen(tokenSize) {
		return Claims{}, nil, errNotAToken
	}
	raw, err := encoding.DecodeString(token)
	// The decoder skips line breaks, so the length tells as well.
	if err != nil || len(raw) != tokenSize {
		return Claims{}, nil, errNotAToken
	}
	claims, err := decodeClaims(raw[:claimsSize])
	return claims, raw[claimsSize:], err
}

// Verify says that one of the keys made the link, for these claims and this address. It takes the same time
// whatever the answer.
func (k Keyring) Verify(claims Claims, email string, sealed []byte) bool {
	return k.vouches(claims, sealed, func(key, encoded []byte) []byte { return addressTag(key, encoded, email) })
}

// Genuine says that one of the keys made the link, for these claims and whatever address. It takes the same time
// whatever the answer.
func (k Keyring) Genuine(claims Claims, sealed []byte) bool {
	return k.vouches(claims, sealed, func(_, _ []byte) []byte { return sealed[:tagSize] })
}

// vouches says that one and the same key gives the tag, by way of tag, and the seal over it.
func (k Keyring) vouches(claims Claims, sealed []byte, tag func(key, encoded []byte) []byte) bool {
	encoded, err := claims.encode()
	if err != nil || len(sealed) != tagSize+sealSize {
		return false
	}
	genuine := false
	for _, key := range [][]byte{k.Current, k.Previous} {
		if usable(key) && hmac.Equal(seal(key, encoded, tag(key, encoded)), sealed) {
			genuine = true
		}
	}
	return genuine
}

// link is the address of the page on which an invitation is answered, for a portal that people reach at base.
func link(base *url.URL, token string) string {
	return strings.TrimSuffix(base.String(), "/") + Path + token
}

// messageID is the Message-ID, without angle brackets, of the mail that carries a link, or of its nth reminder: the
// same for the same link and n. It is made without any key, so it tells nothing of the token.
func messageID(claims Claims, email, sender string, reminder int) (string, error) {
	_, domain, found := strings.Cut(sender, "@")
	if !found || domain == "" {
		return "", errors.New("the sender has no address: configure one such as people@acme.example")
	}
	encoded, err := claims.encode()
	if err != nil {
		return "", err
	}
	purpose := "seatkeeper.dev/invitation/message-id"
	if reminder > 0 {
		purpose = "seatkeeper.dev/invitation/reminder-id"
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(reminder))
	}
	h := sha256.New()
	writeLink(h, purpose, encoded, email)
	return hex.EncodeToString(h.Sum(nil)[:16]) + "@" + domain, nil
}

func (c Claims) encode() ([]byte, error) {
	id, err := uuid.Parse(string(c.UID))
	if err != nil || id.String() != string(c.UID) {
		return nil, fmt.Errorf("UID %q is not one that the API server gives: take it from a stored User", c.UID)
	}
	expiry := c.ExpiresAt.Unix()
	if c.Sequence < 1 || expiry < 0 || expiry > lastExpiry {
		return nil, fmt.Errorf("sequence %d and expiry %d are not those of an invitation: count from 1, and expire after 1970", c.Sequence, expiry)
	}
	encoded := make([]byte, 0, tokenSize)
	encoded = append(encoded, version)
	encoded = append(encoded, id[:]...)
	encoded = binary.BigEndian.AppendUint64(encoded, uint64(c.Sequence))
	return binary.BigEndian.AppendUint64(encoded, uint64(expiry)), nil
}

func decodeClaims(encoded []byte) (Claims, error) {
	id := uuid.UUID(encoded[1:17])
	sequence := binary.BigEndian.Uint64(encoded[17:25])
	expiry := binary.BigEndian.Uint64(encoded[25:33])
	if encoded[0] != version || sequence < 1 || sequence > 1<<63-1 || expiry > lastExpiry {
		return Claims{}, errNotAToken
	}
	return Claims{UID: types.UID(id.String()), Sequence: int64(sequence), ExpiresAt: time.Unix(int64(expiry), 0).UTC()}, nil
}
