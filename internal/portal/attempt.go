// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"seatkeeper.dev/seatkeeper/internal/invitation"
)

// attempt is somebody's attempt to sign in, which the browser itself keeps, in a cookie that nobody else can read or make: any
// replica can take who comes back.
type attempt struct {
	// Token is that of the link.
	Token string `json:"token"`
	// Provider, Issuer and ClientID say with whom, as the organization said when it began.
	Provider string `json:"provider"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"clientID"`
	// State, Nonce and Verifier are those of openid.Attempt.
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Until is when it is over, in Unix seconds.
	Until int64 `json:"until"`
}

const (
	cookieName = "seatkeeper-sign-in"
	// attemptTime is how long somebody may take to sign in.
	attemptTime = 10 * time.Minute
	// attemptPurpose keeps apart what the keys of links are used for.
	attemptPurpose = "seatkeeper.dev/sign-in/attempt"
)

// seal makes of an attempt the value of a cookie.
func (a attempt) seal(keys invitation.Keyring) (string, error) {
	aead, err := attemptCipher(keys.Current)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encoding an attempt to sign in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, plain, []byte(attemptPurpose))), nil //nolint:gosec // it makes a nonce of its own
}

// openAttempt reads the value of a cookie: false unless one of the keys sealed it, and it is not over.
func openAttempt(keys invitation.Keyring, value string, now time.Time) (attempt, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil {
		return attempt{}, false
	}
	for _, key := range [][]byte{keys.Current, keys.Previous} {
		aead, err := attemptCipher(key)
		if err != nil {
			continue
		}
		plain, err := aead.Open(nil, nil, sealed, []byte(attemptPurpose))
		if err != nil {
			continue
		}
		var a attempt
		if json.Unmarshal(plain, &a) != nil || now.Unix() >= a.Until {
			return attempt{}, false
		}
		return a, true
	}
	return attempt{}, false
}

// attemptCipher makes a key for attempts of one for links, and refuses one that is not there or too short to be one.
func attemptCipher(key []byte) (cipher.AEAD, error) {
	if len(key) < invitation.KeySize {
		return nil, fmt.Errorf("the key has fewer than %d bytes", invitation.KeySize)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, attemptPurpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
