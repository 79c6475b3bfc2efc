// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/internal/invitation"
)

func TestFloodOnOneToken(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	ask := func(from string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from
		return w.do(r)
	}
	for i := range tokenBurst {
		if status := ask(fmt.Sprintf("198.51.100.%d:1234", i+1)).StatusCode; status != http.StatusOK {
			t.Fatalf("request %d answers %d", i+1, status)
		}
	}
	flooded := ask("198.51.100.200:1234")
	if flooded.StatusCode != http.StatusTooManyRequests || flooded.Header.Get("Retry-After") == "" {
		t.Errorf("one more answers %d with Retry-After %q, want 429", flooded.StatusCode, flooded.Header.Get("Retry-After"))
	}
	if body := bodyOf(t, flooded); strings.Contains(body, "Acme") || !strings.Contains(body, "Try again") {
		t.Errorf("the page:\n%s", body)
	}
	w.clock.Step(2 * time.Second)
	if status := ask("198.51.100.200:1234").StatusCode; status != http.StatusOK {
		t.Errorf("after a while: %d, want 200", status)
	}
}

func TestFloodFromOneAddress(t *testing.T) {
	w := newWorld(t, invited(), organization(), role())
	path := linkOf(t, invited())
	for i := range addressBurst {
		w.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("%sx%d", invitation.Path, i), nil))
	}
	if status := w.do(httptest.NewRequest(http.MethodGet, path, nil)).StatusCode; status != http.StatusTooManyRequests {
		t.Errorf("one more answers %d, want 429", status)
	}
	other := httptest.NewRequest(http.MethodGet, path, nil)
	other.RemoteAddr = "203.0.113.9:1234"
	if status := w.do(other).StatusCode; status != http.StatusOK {
		t.Errorf("somebody else is answered %d, want 200", status)
	}
	w.clock.Step(time.Second)
	if status := w.do(httptest.NewRequest(http.MethodGet, path, nil)).StatusCode; status != http.StatusOK {
		t.Errorf("a second later: %d, want 200", status)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(tokenRate, 1)
	for i := range 3 * limitedKeys {
		if !l.allow(fmt.Sprint(i), now) {
			t.Fatalf("key %d is limited by others", i)
		}
	}
	if got := l.buckets.Len(); got != limitedKeys {
		t.Errorf("%d keys are remembered, want %d", got, limitedKeys)
	}
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	cases := map[string]struct {
		why       string
		remote    string
		forwarded []string
		want      string
	}{
		"direct":             {"there is no proxy", "198.51.100.7:1234", nil, "198.51.100.7"},
		"behind a proxy":     {"the proxy says who it is", "10.1.2.3:1234", []string{"198.51.100.7"}, "198.51.100.7"},
		"behind two":         {"both are trusted", "10.1.2.3:1234", []string{"198.51.100.7, 10.9.9.9"}, "198.51.100.7"},
		"two headers":        {"they are one list", "10.1.2.3:1234", []string{"198.51.100.7", "10.9.9.9"}, "198.51.100.7"},
		"claims from afar":   {"what the client wrote itself is not believed", "10.1.2.3:1234", []string{"192.0.2.1, 198.51.100.7"}, "198.51.100.7"},
		"not our proxy":      {"anybody can write the header", "203.0.113.1:1234", []string{"198.51.100.7"}, "203.0.113.1"},
		"no header":          {"the proxy itself asks", "10.1.2.3:1234", nil, "10.1.2.3"},
		"nonsense in header": {"the last one that can be read counts", "10.1.2.3:1234", []string{"evil, 10.9.9.9"}, "10.9.9.9"},
		"port":               {"some proxies say it", "10.1.2.3:1234", []string{"198.51.100.7:4312"}, "198.51.100.7"},
		"port of a proxy":    {"it is a trusted one all the same", "10.1.2.3:1234", []string{"198.51.100.7, 10.9.9.9:443"}, "198.51.100.7"},
		"IPv6 and port":      {"brackets set the port apart", "10.1.2.3:1234", []string{"[2001:db8::1]:443"}, "2001:db8::/64"},
		"IPv6 in brackets":   {"some proxies write it so, without a port", "10.1.2.3:1234", []string{"[2001:db8::1]"}, "2001:db8::/64"},
		"IPv4 in IPv6, port": {"it is an IPv4 address", "10.1.2.3:1234", []string{"[::ffff:198.51.100.7]:443"}, "198.51.100.7"},
		"bad port":           {"it cannot be read", "10.1.2.3:1234", []string{"198.51.100.7:http"}, "10.1.2.3"},
		"IPv6":               {"whoever has one address has a network of them", "[2001:db8:1:2:3:4:5:6]:1234", nil, "2001:db8:1:2::/64"},
		"IPv6, same network": {"it is the same client", "[2001:db8:1:2::1]:1234", nil, "2001:db8:1:2::/64"},
		"IPv4 in IPv6":       {"it is an IPv4 address", "[::ffff:198.51.100.7]:1234", nil, "198.51.100.7"},
		"IPv6 proxy":         {"proxies have IPv6, too", "[fd00::1]:1234", []string{"2001:db8::1"}, "2001:db8::/64"},
		"link-local":         {"a zone is no address", "[fe80::1%eth0]:1234", nil, "fe80::/64"},
		"unreadable":         {"all who cannot be told apart count as one", "@", nil, "@"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := clientAddress(r, proxies); got != c.want {
				t.Errorf("clientAddress = %s, want %s: %s", got, c.want, c.why)
			}
		})
	}
}

func TestEveryMethodCounts(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		w := newWorld(t, invited(), organization(), role())
		for range tokenBurst {
			w.do(httptest.NewRequest(method, linkOf(t, invited()), nil))
		}
		if status := w.post(linkOf(t, invited()), answerAccept).StatusCode; status != http.StatusTooManyRequests || len(w.patches) != 0 {
			t.Errorf("after a flood of %s, POST answers %d", method, status)
		}
	}
}

// TestLimiterKeepsNoNames is there because a name may be a secret, and as long as a request's head.
func TestLimiterKeepsNoNames(t *testing.T) {
	l := newLimiter(tokenRate, 1)
	name := strings.Repeat("x", 16<<10)
	if !l.allow(name, now) || l.allow(name, now) || !l.allow(name+"x", now) {
		t.Error("names are not told apart")
	}
	if _, kept := l.buckets.Get(name); kept || l.buckets.Len() != 2 {
		t.Errorf("%d names are kept as they are", l.buckets.Len())
	}
}
