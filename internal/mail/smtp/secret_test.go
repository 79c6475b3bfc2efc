// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

func secret(values map[string]string) map[string][]byte {
	data := map[string][]byte{}
	for key, value := range values {
		data[key] = []byte(value)
	}
	return data
}

func TestParseSecret(t *testing.T) {
	tests := map[string]struct {
		why    string
		values map[string]string
		want   Options
	}{
		"the least": {
			values: map[string]string{"host": "smtp.example.org"},
			want:   Options{Host: "smtp.example.org", Port: 587, TLS: TLSRequired},
		},
		"all": {
			values: map[string]string{"host": "smtp.example.org", "port": "465", "username": "acme", "password": "s3cret", "tls": "Opportunistic"},
			want:   Options{Host: "smtp.example.org", Port: 465, TLS: TLSOpportunistic, Username: "acme", Password: "s3cret"},
		},
		"as editors leave it": {
			values: map[string]string{"host": " smtp.example.org\n", "port": "25\r\n", "username": "acme\n", "password": " two words \r\n", "tls": "Required\n"}, //nolint:gosec // nobody's password
			want:   Options{Host: "smtp.example.org", Port: 25, TLS: TLSRequired, Username: "acme", Password: " two words "},
			why:    "spaces may belong to a password",
		},
		"empty values": {
			values: map[string]string{"host": "h", "port": "", "username": "", "password": "\n", "tls": " ", "ca.crt": "\n"},
			want:   Options{Host: "h", Port: 587, TLS: TLSRequired},
			why:    "a template fills in nothing for what is not set",
		},
		"unknown keys": {
			values: map[string]string{"host": "h", "from": "x", "Port": "abc"},
			want:   Options{Host: "h", Port: 587, TLS: TLSRequired},
		},
		"an IPv6 address": {
			values: map[string]string{"host": "2001:db8::25"},
			want:   Options{Host: "2001:db8::25", Port: 587, TLS: TLSRequired},
		},
		"encrypted from the first byte": {
			values: map[string]string{"host": "h", "port": "2465", "tls": "Implicit"},
			want:   Options{Host: "h", Port: 2465, TLS: TLSImplicit},
		},
		"a hello name": {
			values: map[string]string{"host": "h", "hello": " mail.acme.example\n"},
			want:   Options{Host: "h", Port: 587, TLS: TLSRequired, HelloName: "mail.acme.example"},
		},
		"an address as hello name": {
			values: map[string]string{"host": "h", "hello": "[IPv6:2001:db8::25]"},
			want:   Options{Host: "h", Port: 587, TLS: TLSRequired, HelloName: "[IPv6:2001:db8::25]"},
		},
		"no TLS, no login": {
			values: map[string]string{"host": "mail.internal", "port": "25", "tls": "Disabled"},
			want:   Options{Host: "mail.internal", Port: 25, TLS: TLSDisabled},
		},
		"no TLS to this machine": {
			values: map[string]string{"host": "127.0.0.1", "tls": "Disabled", "username": "u", "password": "p"},
			want:   Options{Host: "127.0.0.1", Port: 587, TLS: TLSDisabled, Username: "u", Password: "p"},
			why:    "nobody is in between",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSecret(secret(tt.values))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, tt.why)
			}
			if _, err := New(got); err != nil {
				t.Errorf("New: %v", err)
			}
		})
	}
}

func TestParseSecretRefuses(t *testing.T) {
	tests := map[string]struct {
		key, value string
		names      []string // what the error must name
	}{
		"no host":                     {"host", "", []string{"host", "smtp.example.org"}},
		"a blank host":                {"host", " \n", []string{"host"}},
		"a URL":                       {"host", "smtp://smtp.example.org", []string{"host", "smtp://"}},
		"a host with a port":          {"host", "smtp.example.org:587", []string{"host", "port"}},
		"an address in brackets":      {"host", "[2001:db8::25]", []string{"host"}},
		"two hosts":                   {"host", "a.example b.example", []string{"host"}},
		"two lines of hosts":          {"host", "a.example\nb.example", []string{"host"}},
		"a port in words":             {"port", "submission", []string{"port", "587"}},
		"port 0":                      {"port", "0", []string{"port", "65535"}},
		"a port too high":             {"port", "65536", []string{"port"}},
		"a port below":                {"port", "-1", []string{"port"}},
		"another port notation":       {"port", "0x19", []string{"port"}},
		"tls in lower case":           {"tls", "required", []string{"tls", "Required", "Opportunistic", "Implicit", "Disabled"}},
		"a hello of two words":        {"hello", "mail hunter2", []string{"hello", "seatkeeper.example.org"}},
		"a hello of two lines":        {"hello", "mail.example\r\nQUIT", []string{"hello"}},
		"a hello that is a URL":       {"hello", "https://acme.example", []string{"hello"}},
		"a hello beyond ASCII":        {"hello", "m\u00fcnchen.example", []string{"hello"}},
		"tls as a truth":              {"tls", "true", []string{"tls"}},
		"no username":                 {"username", "", []string{"username", "password"}},
		"no password":                 {"password", "", []string{"username", "password"}},
		"two usernames":               {"username", "a\nb", []string{"username"}},
		"a password of two lines":     {"password", "hunter2\nhunter2", []string{"password"}},
		"a password with a zero byte": {"password", "hunter2\x00", []string{"password"}},
		"a password in the clear":     {"tls", "Disabled", []string{"tls", "Required", "username", "password"}},
		"a CA that is none":           {"ca.crt", "hunter2", []string{"ca.crt", "PEM"}},
		"a key instead of a CA":       {"ca.crt", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n", []string{"ca.crt"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			data := secret(map[string]string{"host": "smtp.example.org", "username": "acme", "password": "hunter2"})
			if _, err := ParseSecret(data); err != nil {
				t.Fatalf("without the fault: %v", err)
			}
			data[tt.key] = []byte(tt.value)
			got, err := ParseSecret(data)
			if err == nil {
				t.Fatalf("taken as %+v", got)
			}
			for _, part := range tt.names {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not name %q: %v", part, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password shows: %v", err)
			}
		})
	}
}

// The CA of a Secret makes a server trusted that no authority knows.
func TestCertificateAuthorityOfASecret(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	b := &backend{}
	addr, _ := b.start(t, asItIs)
	data := secret(map[string]string{"host": certifiedHost})
	data["ca.crt"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})
	options, err := ParseSecret(data)
	if err != nil {
		t.Fatal(err)
	}
	if options.RootCAs.Equal(x509.NewCertPool()) {
		t.Error("nobody is trusted")
	}
	s, _ := newSender(t, addr, options)
	if err := s.Send(t.Context(), mailtest.Invitation()); err != nil {
		t.Fatal(err)
	}
	wantReceived(t, b, envelope{TLS: true})
}

// Whatever a Secret holds: either it is refused, without a word of the password, or
// New takes it.
func FuzzParseSecret(f *testing.F) {
	f.Add("smtp.example.org", "587", "acme", "", "Required", "")
	f.Add("localhost\n", "25", "a\x00", "\r\n", "Disabled", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")
	f.Add("", "99999999999999999999", "", "x", "", "\xff")
	f.Fuzz(func(t *testing.T, host, port, username, more, mode, ca string) {
		options, err := ParseSecret(secret(map[string]string{
			"host": host, "port": port, "username": username, "password": "hunter2" + more, "tls": mode, "ca.crt": ca,
		}))
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password shows: %v", err)
			}
			return
		}
		if _, err := New(options); err != nil {
			t.Errorf("New: %v", err)
		}
		if !strings.HasPrefix(options.Password, "hunter2") || options.Username == "" {
			t.Errorf("the login is lost: %q", options.Username)
		}
	})
}
