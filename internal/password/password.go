// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package password holds passwords so that they do not leak by accident, and says which are too easy to guess. It
// is pure.
package password

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what is shown instead of a password.
const redacted = "[redacted]"

// Password is a password in the clear. Nothing prints, logs or encodes it: Reveal does, for whom it is meant.
type Password struct {
	// secret is behind a pointer because fmt prints the unexported fields of a struct around a Password without
	// asking: it then finds an address.
	secret *string
}

// New keeps a password.
func New(secret string) Password { return Password{secret: &secret} }

// Reveal returns the password in the clear, for the directory alone.
func (p Password) Reveal() string {
	if p.secret == nil {
		return ""
	}
	return *p.secret
}

// String implements fmt.Stringer.
func (Password) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Password) GoString() string { return redacted }

// Format implements fmt.Formatter, for every verb.
func (Password) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalJSON implements json.Marshaler.
func (Password) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Password) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalLog implements logr.Marshaler.
func (Password) MarshalLog() any { return redacted }
