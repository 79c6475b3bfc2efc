// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func TestNewKey(t *testing.T) {
	a, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != KeySize || bytes.Equal(a, b) {
		t.Errorf("two keys: %d bytes, equal %t", len(a), bytes.Equal(a, b))
	}
	if _, err := NewKey(strings.NewReader("not enough")); err == nil {
		t.Error("a key was made of too little randomness")
	}
}

func TestParseKeyring(t *testing.T) {
	cases := map[string]struct {
		why  string
		data map[string][]byte
		want string
	}{
		"one key":        {"before the first rotation", map[string][]byte{"current": testKey(1)}, ""},
		"two keys":       {"after it", map[string][]byte{"current": testKey(2), "previous": testKey(1)}, ""},
		"empty previous": {"an entry may be left empty", map[string][]byte{"current": testKey(1), "previous": {}}, ""},
		"nothing":        {"links need a key", nil, `no key "current"`},
		"only previous":  {"new links need a key", map[string][]byte{"previous": testKey(1)}, `no key "current"`},
		"short current":  {"it can be guessed", map[string][]byte{"current": testKey(1)[:31]}, `"current" has 31 bytes`},
		"short previous": {"it can be guessed", map[string][]byte{"current": testKey(1), "previous": []byte("x")}, `"previous" has 1 bytes`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k, err := ParseKeyring(c.data)
			switch {
			case c.want == "" && (err != nil || !bytes.Equal(k.Current, c.data["current"]) || !bytes.Equal(k.Previous, c.data["previous"])):
				t.Errorf("ParseKeyring: %v: %s", err, c.why)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("ParseKeyring: %v; want %q: %s", err, c.want, c.why)
			}
		})
	}
}
