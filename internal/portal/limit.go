// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/lru"
)

// How much is let through: of one address, enough for an office of hundreds that is invited at once; of one
// token, more than a person and the scanners of a mail system ask for.
const (
	addressRate, addressBurst = rate.Limit(20), 300
	tokenRate, tokenBurst     = rate.Limit(1), 30
	// limitedKeys bounds the memory: whoever was seen least recently is forgotten, and so let through.
	limitedKeys = 8192
)

// limiter limits how often something may be asked for, for each key by itself.
type limiter struct {
	mu      sync.Mutex
	buckets *lru.Cache
	limit   rate.Limit
	burst   int
}

func newLimiter(limit rate.Limit, burst int) *limiter {
	return &limiter{buckets: lru.New(limitedKeys), limit: limit, burst: burst}
}

func (l *limiter) allow(name string, now time.Time) bool {
	// A name can be as long as a request's head, and a secret.
	key := sha256.Sum256([]byte(name))
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.buckets.Get(key)
	if !ok {
		found = rate.NewLimiter(l.limit, l.burst)
		l.buckets.Add(key, found)
	}
	return found.(*rate.Limiter).AllowN(now, 1)
}

// clientAddress is what tells clients apart: the address that a request comes from or, when a trusted proxy
// brings it, the last one on its way that is not a trusted proxy itself. What comes before that one, anybody
// can have written.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := addressOf(hop)
		if !ok || !trusted(address, proxies) {
			break
		}
		address = next
	}
	if address.Is4() {
		return address.String()
	}
	// Whoever has one IPv6 address has a network of them.
	return netip.PrefixFrom(address.WithZone(""), 64).Masked().String()
}

// addressOf is the address in an element of X-Forwarded-For, which nobody has laid down the form of: some proxies add
// the port, and some put IPv6 addresses in brackets.
func addressOf(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if with, err := netip.ParseAddrPort(hop); err == nil {
		return with.Addr().Unmap(), true
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		hop = strings.TrimSuffix(inner, "]")
	}
	address, err := netip.ParseAddr(hop)
	return address.Unmap(), err == nil
}

func trusted(address netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}
