// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
)

// dialer connects to one address, whichever it is asked for.
type dialer struct {
	addr  string
	dials atomic.Int64
}

func (d *dialer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d.dials.Add(1)
	return new(net.Dialer).DialContext(ctx, network, d.addr)
}

// newSender returns a sender to addr, whichever host and port the options name.
func newSender(t *testing.T, addr string, options Options) (*Sender, *dialer) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	if options.Host == "" {
		options.Host = host
	}
	if options.Port == 0 {
		if options.Port, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
	}
	options.HelloName = "seatkeeper.example"
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialer{addr: addr}
	s.dial = d.dial
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, d
}

// serve runs a server of a few lines, for what no proper server would do. Every
// line goes to answer with the count of its connection; what it returns is sent,
// unless it is empty. A connection is closed after a 421 or a 221.
func serve(t *testing.T, greeting string, answer func(conn int, line string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			serving.Go(func() { converse(conn, greeting, func(line string) string { return answer(n, line) }) })
		}
	})
	return l.Addr().String()
}

// converse is the server's side of one connection.
func converse(conn net.Conn, greeting string, answer func(line string) string) {
	defer func() { _ = conn.Close() }()
	if greeting != "" {
		_, _ = fmt.Fprint(conn, greeting)
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		reply := answer(lines.Text())
		if reply == "" {
			continue // a pipe would wait for somebody who reads nothing
		}
		if _, err := fmt.Fprint(conn, reply); err != nil || strings.HasPrefix(reply, "421") || strings.HasPrefix(reply, "221") {
			return
		}
	}
}

// polite answers as a server does that takes all mail.
func polite(line string) string {
	switch verb, _, _ := strings.Cut(line, " "); verb {
	case "EHLO", "MAIL", "RCPT", "RSET", ".":
		return "250 OK\r\n"
	case "DATA":
		return "354 Go on\r\n"
	case "QUIT":
		return "221 Bye\r\n"
	}
	return ""
}

func send(t *testing.T, s *Sender, count int) {
	t.Helper()
	for range count {
		if err := s.Send(t.Context(), mailtest.Invitation()); err != nil {
			t.Fatal(err)
		}
	}
}

func wantDials(t *testing.T, d *dialer, want int64) {
	t.Helper()
	if got := d.dials.Load(); got != want {
		t.Errorf("dialled %d times, want %d", got, want)
	}
}

func TestConnectionIsReused(t *testing.T) {
	box := startMailbox(t)
	s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	send(t, s, 50)
	wantDials(t, d, 1)
	if n := len(box.Messages()); n != 50 {
		t.Errorf("%d mails arrived, want 50", n)
	}
}

func TestWaveDialsOncePerSenderAtWork(t *testing.T) {
	const workers = 8
	box := startMailbox(t)
	s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	var wave sync.WaitGroup
	for range workers {
		wave.Go(func() {
			for range 25 {
				if err := s.Send(t.Context(), mailtest.Invitation()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wave.Wait()
	if n := d.dials.Load(); n > workers {
		t.Errorf("dialled %d times, want at most %d", n, workers)
	}
}

func TestRefusedMailLeavesTheConnectionFit(t *testing.T) {
	for _, stage := range []mailbox.Stage{mailbox.Rcpt, mailbox.Data} {
		for _, code := range []int{550, 451} {
			t.Run(fmt.Sprint(stage, code), func(t *testing.T) {
				box := startMailbox(t)
				s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
				box.SetScript(mailbox.Times(1, mailbox.At(stage, mailbox.Answer(code, "5.7.1 Not today"))))
				if err := s.Send(t.Context(), mailtest.Invitation()); err == nil {
					t.Fatal("the refusal is lost")
				}
				send(t, s, 1)
				wantDials(t, d, 1)
			})
		}
	}
}

func TestClosedIdleConnectionIsReplaced(t *testing.T) {
	box := startMailbox(t)
	s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	send(t, s, 1)
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	box = startMailbox(t)
	d.addr = box.SMTPAddr()
	send(t, s, 1)
	wantDials(t, d, 2)
	if n := len(box.Messages()); n != 1 {
		t.Errorf("%d mails arrived at the new server, want 1", n)
	}
}

func TestServerThatHasHadEnoughIsDialledAgain(t *testing.T) {
	var mails atomic.Int64
	addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
		if strings.HasPrefix(line, "MAIL") && mails.Add(1) == 3 {
			return "421 4.7.0 Too many mails in this connection\r\n"
		}
		return polite(line)
	})
	s, d := newSender(t, addr, Options{TLS: TLSDisabled})
	send(t, s, 4)
	wantDials(t, d, 2)
}

func TestLostConnectionIsNotARejection(t *testing.T) {
	for _, verb := range []string{"EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(verb, func(t *testing.T) {
			addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
				if strings.HasPrefix(line, verb) {
					return "421 4.3.2 Shutting down\r\n"
				}
				return polite(line)
			})
			s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
			wantKind(t, s.Send(t.Context(), mailtest.Invitation()), mail.ErrUnavailable)
		})
	}
}

func TestCutConnectionIsNotARejection(t *testing.T) {
	for _, stage := range []mailbox.Stage{mailbox.Rcpt, mailbox.Data} {
		t.Run(string(stage), func(t *testing.T) {
			box := startMailbox(t)
			s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
			send(t, s, 1)
			box.SetScript(mailbox.Times(1, mailbox.At(stage, mailbox.Cut())))
			wantKind(t, s.Send(t.Context(), mailtest.Invitation()), mail.ErrUnavailable)
			wantDials(t, d, 1) // once the mail has begun, only the caller may repeat it
			send(t, s, 1)
		})
	}
}

func TestRefusedConnectionIsNotARejection(t *testing.T) {
	tests := map[string]struct{ greeting, verb, reply string }{
		"greeting":                {greeting: "554 5.3.2 No service here\r\n"},
		"hello":                   {greeting: "220 Hello\r\n", verb: "E", reply: "550 5.7.1 Who are you?\r\n"},
		"authentication required": {greeting: "220 Hello\r\n", verb: "MAIL", reply: "530 5.7.0 Authentication required\r\n"},
		"another protocol":        {greeting: "HTTP/1.1 400 Bad Request\r\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, tt.greeting, func(_ int, line string) string {
				if tt.verb != "" && strings.HasPrefix(line, tt.verb) || line[0] == 'H' {
					return tt.reply
				}
				return polite(line)
			})
			s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
			wantKind(t, s.Send(t.Context(), mailtest.Invitation()), mail.ErrUnavailable)
		})
	}
}

func TestHangingServerIsGivenUp(t *testing.T) {
	tests := map[string]struct{ greeting, silentAt string }{
		"before the greeting":  {},
		"at the hello":         {"220 Hello\r\n", "EHLO"},
		"at the sender":        {"220 Hello\r\n", "MAIL"},
		"before the mail":      {"220 Hello\r\n", "DATA"},
		"after the mail":       {"220 Hello\r\n", "."},
		"after a refused mail": {"220 Hello\r\n", "RSET"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, tt.greeting, func(conn int, line string) string {
				switch {
				case conn == 0 && strings.HasPrefix(line, tt.silentAt):
					return ""
				case conn == 0 && tt.silentAt == "RSET" && strings.HasPrefix(line, "RCPT"):
					return "450 4.2.0 Later\r\n"
				}
				return polite(line)
			})
			s, d := newSender(t, addr, Options{TLS: TLSDisabled})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := s.Send(ctx, mailtest.Invitation())
			wantKind(t, err, mail.ErrUnavailable)
			if errors.Is(err, mail.ErrUnconfirmed) != (tt.silentAt == ".") {
				t.Errorf("Send: %v, ErrUnconfirmed is for mail that the server has", err)
			}
			if tt.greeting == "" {
				return
			}
			send(t, s, 1)
			wantDials(t, d, 2)
		})
	}
}

// The deadline of one mail must not end the next one on the same connection.
func TestDeadlineEndsWithItsMail(t *testing.T) {
	box := startMailbox(t)
	s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Send(ctx, mailtest.Invitation()); err != nil {
		t.Fatal(err)
	}
	cancel()
	send(t, s, 1)
	wantDials(t, d, 1)
}

func TestIdleConnectionSaysGoodbye(t *testing.T) {
	for name, end := range map[string]func(*Sender) error{
		"after a while": func(*Sender) error { return nil },
		"at the end":    (*Sender).Close,
	} {
		t.Run(name, func(t *testing.T) {
			quit := make(chan struct{}, 1)
			addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
				if line == "QUIT" {
					quit <- struct{}{}
				}
				return polite(line)
			})
			s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
			if name == "after a while" {
				s.idle.timeout = time.Millisecond
			}
			send(t, s, 1)
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			<-quit
		})
	}
}

// A server that says no goodbye must not hold up our own end.
func TestCloseDoesNotWaitForGoodbyes(t *testing.T) {
	addr := serve(t, "220 Hello\r\n", func(_ int, line string) string {
		if line == "QUIT" {
			return ""
		}
		return polite(line)
	})
	s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
	send(t, s, 1)
	if err := s.Close(); err != nil { // else the test would not end
		t.Error(err)
	}
}

func TestClosedSenderKeepsNothing(t *testing.T) {
	box := startMailbox(t)
	s, d := newSender(t, box.SMTPAddr(), Options{TLS: TLSDisabled})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, s, 2)
	wantDials(t, d, 2)
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	quit := make(chan int, maxIdle+1)
	addr := serve(t, "220 Hello\r\n", func(conn int, line string) string {
		if line == "QUIT" {
			quit <- conn
		}
		return polite(line)
	})
	s, _ := newSender(t, addr, Options{TLS: TLSDisabled})
	for range maxIdle + 1 {
		c, err := s.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.idle.keep(c)
	}
	if conn := <-quit; conn != maxIdle {
		t.Errorf("connection %d was ended, want %d, which was one too many", conn, maxIdle)
	}
	if n := len(s.idle.idle); n != maxIdle {
		t.Errorf("%d connections are kept, want %d", n, maxIdle)
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	good := Options{Host: "mail.example", Port: 587}
	tests := map[string]func(*Options){
		"no host":              func(o *Options) { o.Host = "" },
		"no port":              func(o *Options) { o.Port = 0 },
		"a port too high":      func(o *Options) { o.Port = 65536 },
		"no password":          func(o *Options) { o.Username = "seatkeeper" },
		"no username":          func(o *Options) { o.Password = "secret" },
		"an unknown TLS mode":  func(o *Options) { o.TLS = "required" },
		"a hello with a port":  func(o *Options) { o.HelloName = "seatkeeper.example:25" },
		"a hello of two words": func(o *Options) { o.HelloName = "seat keeper" },
		"a hello of two lines": func(o *Options) { o.HelloName = "seatkeeper\r\nQUIT" },
	}
	if _, err := New(good); err != nil {
		t.Errorf("good options: %v", err)
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			o := good
			change(&o)
			_, err := New(o)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the password shows: %v", err)
			}
		})
	}
}

func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	other := mail.ErrRejected
	if errors.Is(kind, other) {
		other = mail.ErrUnavailable
	}
	if !errors.Is(err, kind) || errors.Is(err, other) {
		t.Errorf("Send: %v, want %q alone", err, kind)
	}
}
