// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

// errandTimeout is more patience than one mail may take in all.
const errandTimeout = 11 * time.Minute

// piped returns a sender to a server like serve's, over pipes: a test in a bubble of
// synctest has its own clock, in which networks do not take part.
func piped(t *testing.T, options Options, greeting string, answer func(conn int, line string) string) (*Sender, *dialer) {
	t.Helper()
	options.Host, options.HelloName = "mail.example", "seatkeeper.example"
	if options.Port == 0 {
		options.Port = 587
	}
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialer{}
	var serving sync.WaitGroup
	s.dial = func(context.Context, string, string) (net.Conn, error) {
		n := int(d.dials.Add(1)) - 1
		client, server := net.Pipe()
		serving.Go(func() { converse(server, greeting, func(line string) string { return answer(n, line) }) })
		return client, nil
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return s, d
}

// large is a mail that no server reads at once.
func large() mail.Message {
	m := mailtest.Invitation()
	m.Text = strings.Repeat("Hello Ada\n", 20_000)
	return m
}

// slow is polite, but thinks for so long about lines that begin with verb.
func slow(verb string, thinks time.Duration, reply string) func(int, string) string {
	return func(_ int, line string) string {
		if !strings.HasPrefix(line, verb) {
			return polite(line)
		}
		<-time.After(thinks)
		return reply
	}
}

// A filter of contents may take minutes. Whoever does not wait sends the mail again,
// and again.
func TestLastAnswerMayTakeLong(t *testing.T) {
	tests := map[string]struct {
		thinks time.Duration
		reply  string
		want   error
		dials  int64
		why    string
	}{
		"taken":         {thinks: 10 * time.Minute, reply: "250 OK\r\n", dials: 1},
		"rejected":      {thinks: 10 * time.Minute, reply: "554 5.7.1 Spam\r\n", want: mail.ErrRejected, dials: 1},
		"deferred":      {thinks: 10 * time.Minute, reply: "451 4.7.1 Later\r\n", want: mail.ErrDeferred, dials: 1},
		"closing":       {thinks: 10 * time.Minute, reply: "421 4.3.2 Shutting down\r\n", want: mail.ErrUnavailable, dials: 2},
		"no sense":      {thinks: 10 * time.Minute, reply: "OK\r\n", want: mail.ErrUnconfirmed, dials: 2},
		"not in time":   {thinks: 12 * time.Minute, reply: "250 OK\r\n", want: mail.ErrUnconfirmed, dials: 2},
		"quick enough":  {thinks: time.Second, reply: "250 OK\r\n", dials: 1},
		"quick refusal": {thinks: time.Second, reply: "554 5.7.1 Spam\r\n", want: mail.ErrRejected, dials: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var again atomic.Bool
				answer := slow(".", tt.thinks, tt.reply)
				s, d := piped(t, Options{TLS: TLSDisabled}, "220 Hello\r\n", func(conn int, line string) string {
					if again.Load() {
						return polite(line)
					}
					return answer(conn, line)
				})
				ctx, cancel := context.WithTimeout(t.Context(), errandTimeout)
				defer cancel()
				began := time.Now()
				err := s.Send(ctx, mailtest.Invitation())
				if tt.want == nil && err != nil {
					t.Fatal(err)
				}
				if tt.want != nil {
					wantExactly(t, err, tt.want)
				}
				if took := time.Since(began); took != min(tt.thinks, errandTimeout) {
					t.Errorf("it took %v", took)
				}
				again.Store(true)
				send(t, s, 1) // over the same connection, if it is fit
				wantDials(t, d, tt.dials)
			})
		})
	}
}

// All that comes before the last answer has 30 seconds, together.
func TestDialogueMayNotTakeLong(t *testing.T) {
	tests := map[string]struct {
		greeting string
		options  Options
		server   func(int, string) string
		words    string
	}{
		"no greeting":             {options: Options{TLS: TLSDisabled}, server: slow("", time.Hour, ""), words: "TLS must be Implicit"},
		"no greeting in TLS":      {options: Options{TLS: TLSImplicit}, server: slow("", time.Hour, ""), words: "did not finish in time"},
		"no greeting on port 465": {options: Options{Port: 465}, server: slow("", time.Hour, ""), words: "did not finish in time"},
		"at the hello":            {greeting: "220 Hello\r\n", options: Options{TLS: TLSDisabled}, server: slow("EHLO", time.Hour, ""), words: "did not finish in time"},
		"at the recipient":        {greeting: "220 Hello\r\n", options: Options{TLS: TLSDisabled}, server: slow("RCPT", time.Hour, ""), words: "did not finish in time"},
		"in the mail":             {greeting: "220 Hello\r\n", options: Options{TLS: TLSDisabled}, server: slow("Subject", time.Hour, ""), words: "did not finish in time"},
		"every step": {greeting: "220 Hello\r\n", options: Options{TLS: TLSDisabled}, words: "did not finish in time", server: func(_ int, line string) string {
			if reply := polite(line); reply != "" {
				<-time.After(9 * time.Second) // EHLO, MAIL, RCPT, DATA
				return reply
			}
			return ""
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := piped(t, tt.options, tt.greeting, tt.server)
				ctx, cancel := context.WithTimeout(t.Context(), errandTimeout)
				defer cancel()
				began := time.Now()
				err := s.Send(ctx, large())
				wantExactly(t, err, mail.ErrUnavailable)
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(mail.Words(err), tt.words) {
					t.Errorf("Send: %v, want DeadlineExceeded, and the words %q", err, tt.words)
				}
				if took := time.Since(began); took != 30*time.Second {
					t.Errorf("it took %v, want 30s", took)
				}
			})
		})
	}
}

// Each mail has the time for itself, however old its connection is.
func TestDialogueBeginsWithItsMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := piped(t, Options{TLS: TLSDisabled}, "220 Hello\r\n", slow("RCPT", 25*time.Second, "250 OK\r\n"))
		send(t, s, 3)
		wantDials(t, d, 1)
	})
}

func TestConnectingMayNotTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := piped(t, Options{}, "", nil)
		s.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), errandTimeout)
		defer cancel()
		began := time.Now()
		wantExactly(t, s.Send(ctx, mailtest.Invitation()), mail.ErrUnavailable)
		if took := time.Since(began); took != dialogueTimeout {
			t.Errorf("it took %v, want %v", took, dialogueTimeout)
		}
	})
}

// Wherever the dialogue is, the end of the context ends it.
func TestEndOfTheContextEndsTheDialogue(t *testing.T) {
	for _, verb := range []string{"EHLO", "MAIL", "RCPT", "DATA", "Subject", "."} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := piped(t, Options{TLS: TLSDisabled}, "220 Hello\r\n", slow(verb, time.Hour, ""))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(7*time.Second, cancel)
				began := time.Now()
				err := s.Send(ctx, large())
				if took := time.Since(began); took != 7*time.Second || !errors.Is(err, context.Canceled) {
					t.Errorf("after %v, Send: %v", took, err)
				}
				want := mail.ErrUnavailable
				if verb == "." {
					want = mail.ErrUnconfirmed
				}
				wantExactly(t, err, want)
			})
		})
	}
}

// A server that refused the mail, and then hangs, must not hold up what it said.
func TestRefusalDoesNotWaitForTheReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := slow("RSET", time.Hour, "")
		s, _ := piped(t, Options{TLS: TLSDisabled}, "220 Hello\r\n", func(conn int, line string) string {
			if line == "." {
				return "554 5.7.1 Spam\r\n"
			}
			return refuse(conn, line)
		})
		began := time.Now()
		wantExactly(t, s.Send(t.Context(), mailtest.Invitation()), mail.ErrRejected)
		if took := time.Since(began); took != resetTimeout {
			t.Errorf("it took %v, want %v", took, resetTimeout)
		}
	})
}

// overheard tells of all that is read from a connection.
type overheard struct {
	net.Conn
	tell func(read string)
}

func (c *overheard) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tell(string(p[:n]))
	return n, err
}

// The mail was taken, but its connection has a deadline that is over.
func TestMailTakenAtTheLastMoment(t *testing.T) {
	s, _ := piped(t, Options{TLS: TLSDisabled}, "220 Hello\r\n", func(_ int, line string) string {
		if line == "." {
			return "250 Taken\r\n"
		}
		return polite(line)
	})
	ctx, cancel := context.WithCancel(t.Context())
	dial := s.dial
	s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &overheard{Conn: conn, tell: func(read string) {
			if strings.Contains(read, "Taken") {
				cancel()
			}
		}}, err
	}
	if err := s.Send(ctx, mailtest.Invitation()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.idle.idle); n != 0 {
		t.Errorf("%d connections are kept, want none", n)
	}
}
