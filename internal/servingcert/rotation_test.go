// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"crypto/x509"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	names = []string{"hooks.ops.svc", "hooks.ops.svc.cluster.local"}
	start = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)
)

// fresh are the first certificates of all.
func fresh(t *testing.T, now time.Time) certificates {
	t.Helper()
	return renew(t, certificates{}, nil, now)
}

func renew(t *testing.T, c certificates, served *pair, now time.Time) certificates {
	t.Helper()
	renewed, err := c.renewed(served, names, now)
	if err != nil {
		t.Fatal(err)
	}
	return stored(renewed.data()) // as the Secret has them
}

// trusts says why the API server, which trusts the bundle, refuses the certificate of a server of that name.
func trusts(bundle []byte, p *pair, name string, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err := p.served.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now})
	return err
}

func same(a, b certificates) bool { return maps.EqualFunc(a.data(), b.data(), bytes.Equal) }

// Whoever looks often enough never sees a certificate that is not trusted, whichever of the Secret and the
// configurations has got to the API server and to the other replicas first.
func TestEveryRotationIsSeamless(t *testing.T) {
	c := fresh(t, start)
	rotations := 0
	for now := start; now.Before(start.Add(24 * period)); now = now.Add(6 * time.Hour) {
		before := c
		c = renew(t, c, before.current, now)
		for why, err := range map[string]error{
			"one that is served":                                 trusts(c.bundle(), c.current, names[0], now),
			"a replica that is ahead of the configurations":      trusts(before.bundle(), c.current, names[0], now),
			"a replica that is behind":                           trusts(c.bundle(), before.current, names[0], now),
			"the next one, if it had to be served from now on":   trusts(before.bundle(), before.next, names[0], now),
			"the one that is served, if nobody looks for a week": trusts(c.bundle(), c.current, names[0], now.Add(7*24*time.Hour)),
		} {
			if err != nil {
				t.Fatalf("%s at %s: %v", why, now, err)
			}
		}
		if same(before, c) {
			continue
		}
		rotations++
		leaf := before.current.served.Leaf
		if left := leaf.NotAfter.Sub(now); left > period {
			t.Errorf("rotated at %s, with %s left", now, left)
		}
	}
	if rotations != 23 {
		t.Errorf("%d rotations in 24 periods, want one after each but the last", rotations)
	}
}

func TestRenewed(t *testing.T) {
	const current, next, made = "the current one", "the next one", "one that is made"
	for _, c := range []struct {
		why string
		// edit is what was done to the Secret, and after how long it is noticed.
		edit  func(data map[string][]byte)
		after time.Duration
		// serving says that a replica runs.
		serving bool
		want    [2]string // of current and next
	}{
		{why: "a restart changes nothing", want: [2]string{current, next}},
		{why: "nor do some weeks", after: 29 * 24 * time.Hour, serving: true, want: [2]string{current, next}},
		{why: "the next one takes over", after: period, serving: true, want: [2]string{next, made}},
		{why: "who was away for longer than a life of the current one", after: 80 * 24 * time.Hour, want: [2]string{next, made}},
		{why: "who was away for longer than that of both", after: 100 * 24 * time.Hour, want: [2]string{made, made}},
		{
			why: "emptied: what is served outlives it", edit: func(d map[string][]byte) { clear(d) }, serving: true,
			want: [2]string{current, made},
		},
		{
			why: "emptied, and nobody serves: there is no other way", edit: func(d map[string][]byte) { clear(d) },
			want: [2]string{made, made},
		},
		{
			why: "the key of another", edit: func(d map[string][]byte) { d[keyCurrentKey] = d[keyNextKey] }, serving: true,
			want: [2]string{current, next},
		},
		{
			why: "the key of another, and nobody serves: the next one is trusted", edit: func(d map[string][]byte) { d[keyCurrentKey] = d[keyNextKey] },
			want: [2]string{next, made},
		},
		{
			why: "a next one in words", edit: func(d map[string][]byte) { d[keyNext] = []byte("soon") }, serving: true,
			want: [2]string{current, made},
		},
		{
			why: "a certificate of somebody else's server", edit: func(d map[string][]byte) {
				p, err := issue([]string{"www.acme.example"}, start, period)
				if err != nil {
					t.Fatal(err)
				}
				d[keyCurrent], d[keyCurrentKey] = p.chain, p.key
			}, serving: true,
			want: [2]string{current, next},
		},
	} {
		t.Run(c.why, func(t *testing.T) {
			before := fresh(t, start)
			data := before.data()
			if c.edit != nil {
				c.edit(data)
			}
			var served *pair
			if c.serving {
				served = before.current
			}
			after := renew(t, stored(data), served, start.Add(c.after))
			name := func(p *pair) string {
				switch {
				case bytes.Equal(p.chain, before.current.chain):
					return current
				case bytes.Equal(p.chain, before.next.chain):
					return next
				default:
					return made
				}
			}
			if diff := cmp.Diff(c.want, [2]string{name(after.current), name(after.next)}); diff != "" {
				t.Errorf("current and next (-want +got):\n%s", diff)
			}
			for _, p := range []*pair{after.current, after.next} {
				if err := trusts(after.bundle(), p, names[0], start.Add(c.after)); err != nil {
					t.Errorf("%s is not trusted: %v", name(p), err)
				}
			}
			if again := renew(t, after, after.current, start.Add(c.after)); !same(after, again) {
				t.Error("the next look changes something again")
			}
		})
	}
}

// A certificate that was made a moment ago may not be trusted by every API server yet.
func TestNextIsKnownBeforeItIsServed(t *testing.T) {
	now := start.Add(80 * 24 * time.Hour)
	c := renew(t, fresh(t, start), nil, now) // the current one is at an end, and so nearly is the next
	for _, tc := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {published - time.Second, false}, {published, true}} {
		if rotated := !same(c, renew(t, c, c.current, now.Add(tc.after))); rotated != tc.want {
			t.Errorf("after %s it is rotated: %t", tc.after, rotated)
		}
	}
	if got, want := c.due(), now.Add(published); !got.Equal(want) {
		t.Errorf("the next rotation is due at %s, want %s", got, want)
	}
}

// What was in the Secret and is no certificate must not get to the API server, which would refuse the bundle.
func TestPreviousInWords(t *testing.T) {
	data := renew(t, fresh(t, start), nil, start.Add(period)).data()
	if data[keyPrevious] == nil {
		t.Fatal("a rotation leaves nothing of what was before")
	}
	data[keyPrevious] = []byte("long ago")
	if c := renew(t, stored(data), nil, start.Add(period)); c.previous != nil {
		t.Errorf("it is trusted: %s", c.previous)
	}
}
