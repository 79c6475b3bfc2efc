// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

const address = "jean.martin@acme.example"

func testKey(b byte) []byte { return bytes.Repeat([]byte{b}, KeySize) }

func testClaims() Claims {
	return Claims{
		UID:       "0b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de",
		Sequence:  3,
		ExpiresAt: time.Date(2026, 3, 9, 16, 30, 0, 0, time.UTC),
	}
}

func mustToken(t *testing.T, k Keyring, claims Claims, email string) string {
	t.Helper()
	token, err := k.Token(claims, email)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// verifies parses a token and says whether the keys vouch for it.
func verifies(k Keyring, token, email string) bool {
	claims, seal, err := ParseToken(token)
	return err == nil && k.Verify(claims, email, seal)
}

func TestTokenRoundTrip(t *testing.T) {
	k := Keyring{Current: testKey(1)}
	rapid.Check(t, func(rt *rapid.T) {
		claims := Claims{
			UID:       types.UID(rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`).Draw(rt, "uid")),
			Sequence:  rapid.Int64Min(1).Draw(rt, "sequence"),
			ExpiresAt: time.Unix(rapid.Int64Range(0, lastExpiry).Draw(rt, "expiry"), 0).UTC(),
		}
		email := rapid.String().Draw(rt, "email")
		token, err := k.Token(claims, email)
		if err != nil {
			rt.Fatal(err)
		}
		parsed, seal, err := ParseToken(token)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(claims, parsed); diff != "" {
			rt.Errorf("the claims changed on the way (-made +parsed):\n%s", diff)
		}
		if !k.Verify(parsed, email, seal) || !k.Genuine(parsed, seal) {
			rt.Error("the token does not verify")
		}
	})
}

func TestTokenDependsOnEverything(t *testing.T) {
	k := Keyring{Current: testKey(1)}
	token := mustToken(t, k, testClaims(), address)
	if again := mustToken(t, k, testClaims(), address); again != token {
		t.Errorf("the same invitation has two tokens, %s and %s", token, again)
	}
	if strings.ToUpper(address) == address || mustToken(t, k, testClaims(), strings.ToUpper(address)) != token {
		t.Error("a change of case in the address changed the token")
	}
	uid, sequence, expiry := testClaims(), testClaims(), testClaims()
	uid.UID = "1b7ba7a6-4f3c-4c57-9a4e-8a52a4f5a1de"
	sequence.Sequence++
	expiry.ExpiresAt = expiry.ExpiresAt.Add(time.Second)
	for why, other := range map[string]string{
		"another user":     mustToken(t, k, uid, address),
		"another sequence": mustToken(t, k, sequence, address),
		"another expiry":   mustToken(t, k, expiry, address),
		"another address":  mustToken(t, k, testClaims(), "jean+tag@acme.example"),
		"another key":      mustToken(t, Keyring{Current: testKey(2)}, testClaims(), address),
	} {
		if other == token {
			t.Errorf("%s: the same token", why)
		}
		if sealOf := other[len(other)-24:]; sealOf == token[len(token)-24:] {
			t.Errorf("%s: the same seal", why)
		}
	}
}

func TestAlteredTokenDoesNotVerify(t *testing.T) {
	k := Keyring{Current: testKey(1)}
	raw, err := encoding.DecodeString(mustToken(t, k, testClaims(), address))
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			altered := bytes.Clone(raw)
			altered[i] ^= 1 << bit
			if verifies(k, encoding.EncodeToString(altered), address) {
				t.Errorf("bit %d of byte %d can be changed", bit, i)
			}
			if claims, sealed, err := ParseToken(encoding.EncodeToString(altered)); err == nil && k.Genuine(claims, sealed) {
				t.Errorf("with bit %d of byte %d changed it still counts as genuine", bit, i)
			}
		}
	}
}

func TestVerify(t *testing.T) {
	older, newer := Keyring{Current: testKey(1)}, Keyring{Current: testKey(2), Previous: testKey(1)}
	cases := map[string]struct {
		why   string
		keys  Keyring
		token string
		email string
		want  bool
	}{
		"same key":        {"the usual case", older, mustToken(t, older, testClaims(), address), address, true},
		"case of address": {"Jean@ and jean@ are one", older, mustToken(t, older, testClaims(), address), strings.ToUpper(address), true},
		"after rotation":  {"links stay good while their key is the previous one", newer, mustToken(t, older, testClaims(), address), address, true},
		"new after it":    {"new links are made with the new key", newer, mustToken(t, newer, testClaims(), address), address, true},
		"before rotation": {"a key that is not there vouches for nothing", older, mustToken(t, newer, testClaims(), address), address, false},
		"other address":   {"the link belongs to the address it was sent to", older, mustToken(t, older, testClaims(), address), "eve@acme.example", false},
		"no keys":         {"an empty key is known to everybody", Keyring{}, forge(nil), address, false},
		"short key":       {"a short key can be guessed", Keyring{Current: []byte("short")}, forge([]byte("short")), address, false},
		"no previous key": {"an absent previous key is no key", older, forge(nil), address, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := verifies(c.keys, c.token, c.email); got != c.want {
				t.Errorf("verifies = %t: %s", got, c.why)
			}
		})
	}
	for name, sealed := range map[string][]byte{"nothing": nil, "a tag alone": make([]byte, tagSize), "zeros": make([]byte, tagSize+sealSize)} {
		if older.Verify(testClaims(), address, sealed) || older.Genuine(testClaims(), sealed) {
			t.Errorf("%s passes for a seal", name)
		}
		if older.Verify(Claims{}, address, sealed) || older.Genuine(Claims{}, sealed) {
			t.Errorf("claims of nothing verify with %s", name)
		}
	}
}

func TestGenuine(t *testing.T) {
	older, newer := Keyring{Current: testKey(1)}, Keyring{Current: testKey(2), Previous: testKey(1)}
	cases := map[string]struct {
		why   string
		keys  Keyring
		token string
		want  bool
	}{
		"ours":            {"the usual case", older, mustToken(t, older, testClaims(), address), true},
		"to anybody":      {"the address need not be known any more", older, mustToken(t, older, testClaims(), "long.gone@acme.example"), true},
		"after rotation":  {"the previous key made it", newer, mustToken(t, older, testClaims(), "gone@acme.example"), true},
		"before rotation": {"a key that is not there vouches for nothing", older, mustToken(t, newer, testClaims(), address), false},
		"no keys":         {"an empty key is known to everybody", Keyring{}, forge(nil), false},
		"short key":       {"a short key can be guessed", Keyring{Current: []byte("short")}, forge([]byte("short")), false},
		"two keys in one": {"who can seal has the key, whatever the tag", newer, mixed(t, testKey(2), testKey(1)), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			claims, sealed, err := ParseToken(c.token)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.keys.Genuine(claims, sealed); got != c.want {
				t.Errorf("Genuine = %t: %s", got, c.why)
			}
			if !c.want && c.keys.Verify(claims, address, sealed) {
				t.Errorf("a link that is not genuine verifies: %s", c.why)
			}
		})
	}
	if verifies(newer, mixed(t, testKey(2), testKey(1)), address) {
		t.Error("the tag of one key and the seal of another verify")
	}
}

// TestTagTellsNothing holds that a token does not give away for whom it is: the tags of one address differ with
// everything, and none is made without the key.
func TestTagTellsNothing(t *testing.T) {
	next := testClaims()
	next.Sequence++
	seen := map[string]string{}
	for why, token := range map[string]string{
		"a link":              mustToken(t, Keyring{Current: testKey(1)}, testClaims(), address),
		"the next link":       mustToken(t, Keyring{Current: testKey(1)}, next, address),
		"that of another key": mustToken(t, Keyring{Current: testKey(2)}, testClaims(), address),
	} {
		_, sealed, err := ParseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		tag := string(sealed[:tagSize])
		if other, found := seen[tag]; found {
			t.Errorf("%s and %s have the same tag", why, other)
		}
		seen[tag] = why
	}
}

// mixed makes a token whose tag and seal are of different keys, as nobody does who has them.
func mixed(t *testing.T, tagKey, sealKey []byte) string {
	t.Helper()
	encoded, err := testClaims().encode()
	if err != nil {
		t.Fatal(err)
	}
	return encoding.EncodeToString(append(encoded, seal(sealKey, encoded, addressTag(tagKey, encoded, address))...))
}

// forge makes a token with a key that Token would refuse.
func forge(key []byte) string {
	encoded, err := testClaims().encode()
	if err != nil {
		panic(err)
	}
	return encoding.EncodeToString(append(encoded, seal(key, encoded, addressTag(key, encoded, address))...))
}

func TestTokenRefuses(t *testing.T) {
	k := Keyring{Current: testKey(1)}
	cases := map[string]struct {
		why    string
		keys   Keyring
		change func(*Claims)
		want   string
	}{
		"no key":           {"everybody could make such links", Keyring{}, func(*Claims) {}, "load the keyring"},
		"no UID":           {"the User was never stored", k, func(c *Claims) { c.UID = "" }, "stored User"},
		"UID in capitals":  {"a UID has one spelling", k, func(c *Claims) { c.UID = types.UID(strings.ToUpper(string(c.UID))) }, "stored User"},
		"UID with a brace": {"a UID has one spelling", k, func(c *Claims) { c.UID = "{" + c.UID + "}" }, "stored User"},
		"sequence 0":       {"sequences count from 1", k, func(c *Claims) { c.Sequence = 0 }, "count from 1"},
		"no expiry":        {"every invitation ends", k, func(c *Claims) { c.ExpiresAt = time.Time{} }, "after 1970"},
		"year 10000":       {"the API cannot hold it", k, func(c *Claims) { c.ExpiresAt = time.Unix(lastExpiry+1, 0) }, "expiry"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			claims := testClaims()
			c.change(&claims)
			token, err := c.keys.Token(claims, address)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Token = %q, %v; want an error with %q: %s", token, err, c.want, c.why)
			}
		})
	}
}

func TestParseTokenRefuses(t *testing.T) {
	good := mustToken(t, Keyring{Current: testKey(1)}, testClaims(), address)
	raw, err := encoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(i int, b byte) string {
		changed := bytes.Clone(raw)
		changed[i] = b
		return encoding.EncodeToString(changed)
	}
	for name, token := range map[string]string{
		"empty":             "",
		"cut":               good[:len(good)-1],
		"longer":            good + "A",
		"padded":            base64.URLEncoding.EncodeToString(append(raw, 0)),
		"line break inside": good[:30] + "\n" + good[31:],
		"other alphabet":    "+/" + good[2:],
		"not ASCII":         "é" + good[2:],
		"version 1":         change(0, 1),
		"version 3":         change(0, 3),
		"negative sequence": change(17, 0x80),
		"year 300 million":  change(25, 0x10),
	} {
		if claims, _, err := ParseToken(token); err == nil {
			t.Errorf("%s: parsed as %+v", name, claims)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	k := Keyring{Current: testKey(1)}
	good, err := k.Token(testClaims(), address)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", len(good)))
	f.Add(strings.Repeat("_", len(good)))
	f.Fuzz(func(t *testing.T, token string) {
		claims, seal, err := ParseToken(token)
		if err != nil {
			return
		}
		encoded, err := claims.encode()
		if err != nil {
			t.Fatalf("ParseToken returned claims that no token can have: %v", err)
		}
		if respelled := encoding.EncodeToString(append(encoded, seal...)); respelled != token {
			t.Errorf("two spellings of one token: %s and %s", token, respelled)
		}
		if (k.Genuine(claims, seal) || k.Verify(claims, address, seal)) && token != good {
			t.Errorf("a forged token passes: %s", token)
		}
	})
}

func TestMessageID(t *testing.T) {
	id, err := messageID(testClaims(), address, "people@acme.example", 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		again, err := messageID(testClaims(), strings.ToUpper(address), "people@acme.example", n+1)
		if other, _ := messageID(testClaims(), address, "people@acme.example", n); err != nil || again == other || again == id {
			t.Errorf("reminder %d has the Message-ID %q, %v, and what is before it %q", n+1, again, err, other)
		}
	}
	const want = 32 + len("@acme.example")
	if len(id) != want || !strings.HasSuffix(id, "@acme.example") {
		t.Errorf("messageID = %q", id)
	}
	folded, err := messageID(testClaims(), strings.ToUpper(address), "people@acme.example", 0)
	if err != nil || folded != id {
		t.Errorf("the same token has the Message-IDs %q and %q, %v", id, folded, err)
	}
	next := testClaims()
	next.Sequence++
	if other, err := messageID(next, address, "people@acme.example", 0); err != nil || other == id {
		t.Errorf("the next invitation has the Message-ID %q, %v", other, err)
	}
	for _, sender := range []string{"", "people", "people@"} {
		if id, err := messageID(testClaims(), address, sender, 0); err == nil {
			t.Errorf("sender %q gives the Message-ID %q", sender, id)
		}
	}
}
