// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	protocol "github.com/wneessen/go-mail/smtp"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

// The certificate that net/http/httptest has for its servers names this host.
const certifiedHost = "example.com"

// backend takes all mail, and notes how.
type backend struct {
	mechanisms  []string // to log in by, if any
	implicitTLS bool

	mu       sync.Mutex
	received []envelope
}

type envelope struct {
	User string
	TLS  bool
	UTF8 bool
}

func (b *backend) NewSession(conn *gosmtp.Conn) (gosmtp.Session, error) {
	_, encrypted := conn.TLSConnectionState()
	return &session{backend: b, envelope: envelope{TLS: encrypted}}, nil
}

type session struct {
	backend  *backend
	envelope envelope
}

func (s *session) AuthMechanisms() []string { return s.backend.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		if username != "seatkeeper" || password != "secret" {
			return gosmtp.ErrAuthFailed
		}
		s.envelope.User = mechanism + " " + username
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// loginServer is the server side of LOGIN, which go-sasl no longer has.
type loginServer struct {
	check    func(username, password string) error
	username string
	asked    int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.username, string(response))
}

func (s *session) Mail(_ string, options *gosmtp.MailOptions) error {
	s.envelope.UTF8 = options.UTF8
	return nil
}

func (s *session) Rcpt(string, *gosmtp.RcptOptions) error { return nil }

func (s *session) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	s.backend.received = append(s.backend.received, s.envelope)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// start serves until the test ends, to options that trust its certificate.
func (b *backend) start(t *testing.T, change func(*gosmtp.Server)) (addr string, options Options) {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	options = Options{
		Host:    certifiedHost,
		RootCAs: certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
	}
	server := gosmtp.NewServer(b)
	server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates}
	server.ErrorLog = log.New(io.Discard, "", 0)
	change(server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	if b.implicitTLS {
		l = tls.NewListener(l, server.TLSConfig)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait() // go-smtp counts a new connection without a lock
		_ = server.Close()
	})
	return addr, options
}

func withoutTLS(s *gosmtp.Server) { s.TLSConfig = nil }

func asItIs(*gosmtp.Server) {}

func TestTLS(t *testing.T) {
	tests := map[string]struct {
		implicit bool
		server   func(*gosmtp.Server)
		change   func(*Options)
		want     error
		wantTLS  bool
	}{
		"required, offered":            {server: asItIs, wantTLS: true, change: func(o *Options) { o.TLS = TLSRequired }},
		"required when not said":       {server: withoutTLS, want: mail.ErrUnavailable, change: func(*Options) {}},
		"required, not offered":        {server: withoutTLS, want: mail.ErrUnavailable, change: func(o *Options) { o.TLS = TLSRequired }},
		"required, unknown issuer":     {server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.RootCAs = nil }},
		"required, another's name":     {server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.Host = "mail.other.example" }},
		"opportunistic, offered":       {server: asItIs, wantTLS: true, change: func(o *Options) { o.TLS = TLSOpportunistic }},
		"opportunistic, not offered":   {server: withoutTLS, change: func(o *Options) { o.TLS = TLSOpportunistic }},
		"opportunistic, bad issuer":    {server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.TLS, o.RootCAs = TLSOpportunistic, nil }},
		"disabled":                     {server: asItIs, change: func(o *Options) { o.TLS = TLSDisabled }},
		"port 465":                     {implicit: true, server: asItIs, wantTLS: true, change: func(o *Options) { o.Port = 465 }},
		"port 465, unknown issuer":     {implicit: true, server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.Port, o.RootCAs = 465, nil }},
		"port 465, but TLS disabled":   {server: asItIs, change: func(o *Options) { o.Port, o.TLS = 465, TLSDisabled }},
		"implicit":                     {implicit: true, server: asItIs, wantTLS: true, change: func(o *Options) { o.TLS = TLSImplicit }},
		"implicit, unknown issuer":     {implicit: true, server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.TLS, o.RootCAs = TLSImplicit, nil }},
		"implicit, but STARTTLS":       {server: asItIs, want: mail.ErrUnavailable, change: func(o *Options) { o.TLS = TLSImplicit }},
		"implicit on port 465":         {implicit: true, server: asItIs, wantTLS: true, change: func(o *Options) { o.Port, o.TLS = 465, TLSImplicit }},
		"port 465, but not encrypting": {server: withoutTLS, want: mail.ErrUnavailable, change: func(o *Options) { o.Port = 465 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := &backend{implicitTLS: tt.implicit}
			addr, options := b.start(t, tt.server)
			tt.change(&options)
			s, d := newSender(t, addr, options)
			for range 2 {
				if err := s.Send(t.Context(), mailtest.Invitation()); !errors.Is(err, tt.want) {
					t.Fatalf("Send: %v, want %v", err, tt.want)
				}
			}
			if tt.want == nil {
				one := envelope{TLS: tt.wantTLS}
				wantReceived(t, b, one, one)
				wantDials(t, d, 1)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	tests := map[string]struct {
		offered []string
		change  func(*Options)
		want    error
		user    string
		why     string
	}{
		"PLAIN":           {offered: []string{"LOGIN", "PLAIN"}, user: "PLAIN seatkeeper"},
		"LOGIN":           {offered: []string{"XOAUTH2", "LOGIN"}, user: "LOGIN seatkeeper"},
		"none known":      {offered: []string{"XOAUTH2"}, want: mail.ErrUnavailable},
		"none":            {want: mail.ErrUnavailable},
		"wrong password":  {offered: []string{"PLAIN"}, change: func(o *Options) { o.Password = "guess" }, want: mail.ErrUnavailable, why: "an administrator can correct it"},
		"not in clear":    {offered: []string{"PLAIN"}, change: func(o *Options) { o.TLS = TLSDisabled }, want: protocol.ErrUnencrypted, why: "anybody could read it"},
		"nor by LOGIN":    {offered: []string{"LOGIN"}, change: func(o *Options) { o.TLS = TLSDisabled }, want: protocol.ErrUnencrypted, why: "anybody could read it"},
		"but to the same": {offered: []string{"PLAIN"}, change: func(o *Options) { o.Host, o.TLS = "localhost", TLSDisabled }, user: "PLAIN seatkeeper", why: "nobody is in between"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := &backend{mechanisms: tt.offered}
			addr, options := b.start(t, func(s *gosmtp.Server) { s.AllowInsecureAuth = true })
			options.Username, options.Password = "seatkeeper", "secret"
			if tt.change != nil {
				tt.change(&options)
			}
			s, _ := newSender(t, addr, options)
			err := s.Send(t.Context(), mailtest.Invitation())
			if !errors.Is(err, tt.want) || errors.Is(err, mail.ErrRejected) {
				t.Fatalf("Send: %v, want %v: %s", err, tt.want, tt.why)
			}
			if err != nil {
				wantReceived(t, b)
				return
			}
			wantReceived(t, b, envelope{User: tt.user, TLS: options.TLS != TLSDisabled})
		})
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	const chinese = "用户@例子.example"
	var (
		to      = func(m *mail.Message) { m.To.Email = chinese }
		from    = func(m *mail.Message) { m.From.Email = chinese }
		replyTo = func(m *mail.Message) { m.ReplyTo = &mail.Address{Email: chinese} }
	)
	tests := map[string]struct {
		why     string
		change  func(*mail.Message)
		offered bool
		utf8    bool
		want    error
	}{
		"ASCII":                     {change: func(*mail.Message) {}, offered: true},
		"ASCII, not offered":        {change: func(*mail.Message) {}},
		"recipient":                 {change: to, offered: true, utf8: true},
		"recipient, not offered":    {change: to, want: mail.ErrRejected},
		"sender":                    {change: from, offered: true, utf8: true},
		"sender, not offered":       {change: from, want: mail.ErrUnavailable, why: "it is about us"},
		"answers":                   {change: replyTo, offered: true, utf8: true},
		"answers, not offered":      {change: replyTo, want: mail.ErrUnavailable, why: "it is about us"},
		"both of them, not offered": {change: func(m *mail.Message) { to(m); from(m) }, want: mail.ErrRejected, why: "another sender would not help"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			addr, options := b.start(t, func(s *gosmtp.Server) { s.EnableSMTPUTF8 = tt.offered })
			s, _ := newSender(t, addr, options)
			m := mailtest.Invitation()
			tt.change(&m)
			err := s.Send(t.Context(), m)
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				wantReceived(t, b, envelope{TLS: true, UTF8: tt.utf8})
				return
			}
			wantExactly(t, err, tt.want)
			if !strings.Contains(mail.Words(err), "SMTPUTF8") || strings.Contains(mail.Words(err), chinese) {
				t.Errorf("the words are %q: %s", mail.Words(err), tt.why)
			}
		})
	}
}

func wantReceived(t *testing.T, b *backend, want ...envelope) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if diff := cmp.Diff(want, b.received); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}
