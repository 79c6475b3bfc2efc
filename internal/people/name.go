// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"seatkeeper.dev/seatkeeper/internal/address"
)

// The lengths of what a name is made of.
const (
	maxStem   = 40
	shortHash = 8
)

// Name is the name of the User who has an address in an organization: what is before the @, and a hash of all of it, so that it is the same
// whenever and wherever it is made, and that of nobody else. Of the address it shows no more than that. taken says that a name is
// somebody else's nevertheless.
func Name(organization, email string, taken func(name string) bool) string {
	folded := address.Fold(email)
	sum := sha256.Sum256([]byte(organization + "\x00" + folded))
	hash, local := hex.EncodeToString(sum[:]), folded
	if at := strings.LastIndexByte(folded, '@'); at >= 0 {
		local = folded[:at]
	}
	for length := shortHash; ; length++ {
		name := stem(local) + "-" + hash[:length]
		if length == len(hash) || !taken(name) {
			return name
		}
	}
}

// stem is a part of an address in the letters that names have.
func stem(local string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(local) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the accent of the letter before
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxStem {
			break
		}
	}
	if text := strings.Trim(b.String(), "-"); text != "" {
		return text
	}
	return "user"
}
