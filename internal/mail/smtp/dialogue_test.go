// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

// wantExactly also tells ErrDeferred and ErrUnconfirmed from ErrUnavailable alone.
func wantExactly(t *testing.T, err, kind error) {
	t.Helper()
	wants := map[error]bool{
		mail.ErrRejected:    errors.Is(kind, mail.ErrRejected),
		mail.ErrDeferred:    errors.Is(kind, mail.ErrDeferred),
		mail.ErrUnavailable: !errors.Is(kind, mail.ErrRejected),
		mail.ErrUnconfirmed: errors.Is(kind, mail.ErrUnconfirmed),
	}
	for target, want := range wants {
		if errors.Is(err, target) != want {
			t.Errorf("Send: %v, want exactly %q", err, kind)
		}
	}
}

func TestReplyDecides(t *testing.T) {
	about := []string{"MAIL", "RCPT", "DATA", "."}
	recipient := about[1:]
	before := []string{"EHLO", "STARTTLS", "AUTH"}
	tests := map[string]struct {
		why   string
		verbs []string
		reply string
		want  error
	}{
		"greylisting":          {verbs: about, reply: "450 4.2.0 Greylisted", want: mail.ErrDeferred},
		"an error of theirs":   {verbs: about, reply: "451 4.3.0 Try again", want: mail.ErrDeferred},
		"a full mailbox":       {verbs: about, reply: "452 4.2.2 Mailbox full", want: mail.ErrDeferred},
		"an end":               {verbs: about, reply: "421 4.3.2 Shutting down", want: mail.ErrUnavailable, why: "it is about the server"},
		"no such user":         {verbs: recipient, reply: "550 5.1.1 No such user", want: mail.ErrRejected},
		"a policy":             {verbs: recipient, reply: "554 5.7.1 Spam", want: mail.ErrRejected},
		"a sender not owned":   {verbs: about[:1], reply: "553 5.7.1 Sender address rejected: not owned by user", want: mail.ErrUnavailable, why: "it is about us"},
		"a sender not known":   {verbs: about[:1], reply: "550 5.1.8 Sender not verified", want: mail.ErrUnavailable, why: "it is about us"},
		"a quota of ours":      {verbs: about[:1], reply: "554 5.7.1 Daily quota exceeded", want: mail.ErrUnavailable, why: "it is about us"},
		"a mail too large":     {verbs: about, reply: "552 5.3.4 Message size exceeds limit", want: mail.ErrRejected, why: "it stays so large"},
		"our hello name":       {verbs: about, reply: "504 5.5.2 <pod>: Helo command rejected: need fully-qualified hostname", want: mail.ErrUnavailable, why: "it is about us"},
		"a login wanted":       {verbs: about, reply: "530 5.7.0 Authentication required", want: mail.ErrUnavailable, why: "it is about us"},
		"an end before":        {verbs: before, reply: "421 4.3.2 Shutting down", want: mail.ErrUnavailable},
		"a wait before":        {verbs: before, reply: "450 4.7.0 Later", want: mail.ErrUnavailable, why: "no mail was named"},
		"a temporary failure":  {verbs: before, reply: "454 4.7.0 Not now", want: mail.ErrUnavailable, why: "no mail was named"},
		"a refusal before":     {verbs: before, reply: "550 5.7.1 Who are you?", want: mail.ErrUnavailable, why: "it is about us"},
		"a wrong password":     {verbs: []string{"AUTH"}, reply: "535 5.7.8 Wrong", want: mail.ErrUnavailable, why: "an administrator can correct it"},
		"an answer out of use": {verbs: about[:1], reply: "354 What?", want: mail.ErrUnavailable, why: "it is no answer"},
	}
	for name, tt := range tests {
		for _, verb := range tt.verbs {
			t.Run(name+" at "+verb, func(t *testing.T) {
				addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
					switch {
					case strings.HasPrefix(line, verb), verb == "EHLO" && strings.HasPrefix(line, "HELO"):
						return tt.reply + "\r\n"
					case strings.HasPrefix(line, "EHLO"):
						return "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
					case strings.HasPrefix(line, "AUTH"):
						return "235 Welcome\r\n"
					case line == "*":
						return "501 Cancelled\r\n"
					}
					return polite(line)
				})
				options := Options{Host: "localhost", TLS: TLSDisabled}
				switch verb {
				case "STARTTLS":
					options.TLS = TLSRequired
				case "AUTH":
					options.Username, options.Password = "seatkeeper", "secret"
				}
				s, _ := newSender(t, addr, options)
				err := s.Send(t.Context(), mailtest.Invitation())
				wantExactly(t, err, tt.want)
				if words := mail.Words(err); !strings.Contains(words, tt.reply) {
					t.Errorf("the words are %q, want the server's: %s", words, tt.why)
				}
			})
		}
	}
}

func TestGreetingThatAsksToComeBackIsNoDeferral(t *testing.T) {
	for _, greeting := range []string{"421 4.3.2 Too many connections\r\n", "450 4.7.1 Later\r\n"} {
		addr := serve(t, greeting, func(int, string) string { return "" })
		s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
		wantExactly(t, s.Send(t.Context(), mailtest.Invitation()), mail.ErrUnavailable)
	}
}

// The server has the mail, but the connection ends before it says so: whoever sends
// it again sends what is recognized as the same.
func TestMailWhoseAnswerIsLostIsRepeatedIdentically(t *testing.T) {
	box := startMailbox(t)
	s, _ := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	box.SetScript(mailbox.Times(1, mailbox.At(mailbox.Data, mailbox.Cut().Keeping())))
	m := mailtest.Invitation()
	m.InReplyTo, m.Unsubscribe = "6f1c-0@seatkeeper.example", "https://acme.example/u/token"
	wantExactly(t, s.Send(t.Context(), m), mail.ErrUnconfirmed)
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := box.Messages()
	if len(got) != 2 {
		t.Fatalf("%d mails arrived, want 2", len(got))
	}
	if diff := cmp.Diff(string(got[0].Raw), string(got[1].Raw)); diff != "" {
		t.Errorf("the repeated mail differs:\n%s", diff)
	}
}

func TestServerThatHangsBeforeTheMailIsGivenUp(t *testing.T) {
	tests := map[string]struct {
		why      string
		silentAt string
		options  Options
	}{
		"at STARTTLS":          {silentAt: "STARTTLS"},
		"in the TLS handshake": {why: "it says 220, and nothing more"},
		"at the login":         {silentAt: "AUTH", options: Options{TLS: TLSDisabled, Username: "seatkeeper", Password: "secret"}},
		"at the recipient":     {silentAt: "RCPT", options: Options{TLS: TLSDisabled}},
		"in implicit TLS":      {options: Options{Port: implicitTLSPort}},
		"in implicit TLS, too": {options: Options{TLS: TLSImplicit}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			greeting := "220 Hello\r\n"
			if tt.options.encrypted() {
				greeting = ""
			}
			addr := serve(t, greeting, func(_ int, line string) string {
				switch {
				case tt.silentAt != "" && strings.HasPrefix(line, tt.silentAt):
					return ""
				case strings.HasPrefix(line, "EHLO"):
					return "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
				case strings.HasPrefix(line, "STARTTLS"):
					return "220 Go on\r\n"
				}
				return polite(line)
			})
			tt.options.Host = "localhost"
			s, _ := newSender(t, addr, tt.options)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := s.Send(ctx, mailtest.Invitation())
			wantExactly(t, err, mail.ErrUnavailable)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Send: %v, want DeadlineExceeded as well: %s", err, tt.why)
			}
		})
	}
}

func TestCloseLetsMailInFlightFinish(t *testing.T) {
	reached, goOn, quit := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
		switch line {
		case ".":
			close(reached)
			<-goOn
		case "QUIT":
			once.Do(func() { close(quit) })
		}
		return polite(line)
	})
	s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
	outcome := make(chan error)
	go func() { outcome <- s.Send(t.Context(), mailtest.Invitation()) }()
	<-reached
	if err := s.Close(); err != nil { // it must not wait for the mail
		t.Error(err)
	}
	close(goOn)
	if err := <-outcome; err != nil {
		t.Errorf("the mail in flight: %v", err)
	}
	<-quit // its connection is not kept
}

// certificate is self-made; the pool trusts it.
func certificate(t *testing.T, host string, from, to time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestServerMustBeWhoItIs(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Now()
	tests := map[string]struct {
		why      string
		host     string
		from, to time.Time
		version  uint16 // the latest that the server knows
		taken    bool
		words    string
	}{
		"a valid certificate":    {host: "mail.example", from: now.Add(-day), to: now.Add(day), version: tls.VersionTLS12, taken: true},
		"an expired one":         {host: "mail.example", from: now.Add(-3 * day), to: now.Add(-day), version: tls.VersionTLS13, words: "expired"},
		"one of the future":      {host: "mail.example", from: now.Add(day), to: now.Add(3 * day), version: tls.VersionTLS13, words: "not yet valid"},
		"one for another name":   {host: "other.example", from: now.Add(-day), to: now.Add(day), version: tls.VersionTLS13, words: "other.example"},
		"TLS 1.1":                {host: "mail.example", from: now.Add(-day), to: now.Add(day), version: tls.VersionTLS11, words: "protocol version", why: "it is broken"},
		"one for no name at all": {host: "", from: now.Add(-day), to: now.Add(day), version: tls.VersionTLS13, words: "mail.example"},
	}
	for name, tt := range tests {
		for _, port := range []int{587, implicitTLSPort} { // TestTLS has TLSImplicit
			t.Run(name, func(t *testing.T) {
				served, pool := certificate(t, tt.host, tt.from, tt.to)
				b := &backend{implicitTLS: port == implicitTLSPort}
				addr, _ := b.start(t, func(s *gosmtp.Server) {
					s.TLSConfig = &tls.Config{ //nolint:gosec // a server that must be refused
						Certificates: []tls.Certificate{served}, MinVersion: tls.VersionTLS10, MaxVersion: tt.version,
					}
				})
				s, _ := newSender(t, addr, Options{Host: "mail.example", Port: port, RootCAs: pool})
				err := s.Send(t.Context(), mailtest.Invitation())
				if tt.taken {
					if err != nil {
						t.Fatal(err)
					}
					wantReceived(t, b, envelope{TLS: true})
					return
				}
				wantExactly(t, err, mail.ErrUnavailable)
				if !strings.Contains(mail.Words(err), tt.words) {
					t.Errorf("the words %q do not say %q: %s", mail.Words(err), tt.words, tt.why)
				}
				wantReceived(t, b)
			})
		}
	}
}

var encodedWord = regexp.MustCompile(`=\?[^ \r\n]*\?=`)

// Servers without SMTPUTF8 must be able to take whatever is in names and subjects:
// all of the header is ASCII, in lines and encoded words that are short enough.
func TestNamesAndSubjectsInAllScripts(t *testing.T) {
	tests := map[string]struct{ from, to, subject string }{
		"accents":       {"Société Générée, S.A.", "Zoë \"Zo\" Çelik", "Vous êtes invitée à rejoindre l'équipe dès aujourd'hui, si vous le voulez bien"},
		"right to left": {"جمعية الكتاب", "אדה לאבלייס", "دعوة للانضمام إلى المنظمة \u200f(Acme)\u200f הזמנה להצטרף לארגון"},
		"CJK":           {"学会事務局", "上杉 達也", strings.Repeat("組織への招待です。", 12)},
		"emoji":         {"Acme 🪑", "👩‍👩‍👧‍👦 Family", strings.Repeat("🪑", 60)},
		"long names":    {strings.Repeat("é", 200), strings.Repeat("Ж ", 80) + "Ж", "Join"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := mailtest.Invitation()
			m.From.Name, m.To.Name, m.Subject = tt.from, tt.to, tt.subject
			m.ReplyTo = &mail.Address{Name: tt.from, Email: "it@acme.example"}
			text := raw(t, m)
			header, _, _ := strings.Cut(text, "\r\n\r\n")
			for line := range strings.SplitSeq(header, "\r\n") {
				if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r > '~' || r < ' ' }) {
					t.Errorf("a line of the header is too long or not ASCII: %q", line)
				}
			}
			for _, word := range encodedWord.FindAllString(header, -1) {
				if len(word) > 75 {
					t.Errorf("the encoded word has %d characters, may have 75: %s", len(word), word)
				}
			}
			parsed, err := netmail.ReadMessage(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
			if err != nil || subject != tt.subject {
				t.Errorf("the subject is %q (%v), want %q", subject, err, tt.subject)
			}
			for field, want := range map[string]string{"From": tt.from, "To": tt.to, "Reply-To": tt.from} {
				if got := address(t, parsed.Header.Get(field)).Name; got != want {
					t.Errorf("%s names %q, want %q", field, got, want)
				}
			}
		})
	}
}

// With SMTPUTF8, the header holds such addresses as they are (RFC 6532).
func TestAddressesBeyondASCIIInTheHeader(t *testing.T) {
	m := mailtest.Invitation()
	m.From = mail.Address{Name: "學會", Email: "事務局@學會.example"}
	m.To = mail.Address{Name: "Дмитрий", Email: "дмитрий@почта.example"}
	parsed, err := netmail.ReadMessage(strings.NewReader(raw(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]mail.Address{"From": m.From, "To": m.To} {
		if diff := cmp.Diff(want, address(t, parsed.Header.Get(field))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}
