// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mailbox is an SMTP server that keeps the mail it receives and shows
// it on a web page. `make run` shows it to people; tests start it to send real
// mail, to read it back, and to make the server misbehave on purpose.
package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// DefaultCapacity is how many mails are kept when Options.Capacity is zero.
const DefaultCapacity = 1000

const (
	maxMessageBytes = 10 << 20
	// A client that stops reading must not hold up Close.
	writeTimeout = 10 * time.Second
	// A client that never finishes its request must not hold a connection.
	readHeaderTimeout = 10 * time.Second
)

// Options say where a mailbox listens and what it keeps. The zero value suits
// tests: free ports on loopback, mail in memory.
type Options struct {
	// SMTPAddr and HTTPAddr are host:port. When one is empty, or its port is
	// taken, a free port is chosen.
	SMTPAddr string
	HTTPAddr string
	// Capacity is how many mails are kept, DefaultCapacity when zero. The
	// oldest mail makes room for a new one.
	Capacity int
	// Dir keeps the mail as .eml files, so that it survives a restart. It
	// belongs to one mailbox at a time. Empty keeps mail in memory alone.
	Dir string
}

// Server is a running mailbox. Its methods may be called from any goroutine.
type Server struct {
	store  *store
	script atomic.Pointer[Script]

	smtpListener *listener
	httpListener net.Listener
	smtp         *smtp.Server
	http         *http.Server

	serving   sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

// Start loads the mail kept in Options.Dir and serves SMTP and HTTP until
// Close.
func Start(options Options) (*Server, error) {
	if options.Capacity < 0 {
		return nil, fmt.Errorf("capacity is %d: it must be 1 or more, or 0 for %d",
			options.Capacity, DefaultCapacity)
	}
	kept, err := openStore(options.Dir, cmp.Or(options.Capacity, DefaultCapacity))
	if err != nil {
		return nil, err
	}
	smtpListener, err := listen(options.SMTPAddr)
	if err != nil {
		return nil, fmt.Errorf("listening for SMTP: %w", err)
	}
	httpListener, err := listen(options.HTTPAddr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening for HTTP: %w", err), smtpListener.Close())
	}

	s := &Server{store: kept, smtpListener: newListener(smtpListener), httpListener: httpListener}
	s.smtp = s.newSMTPServer()
	s.http = &http.Server{
		Handler:           newHandler(kept, s.SMTPAddr()),
		ReadHeaderTimeout: readHeaderTimeout,
	}
	// Both return only because Close closes their listeners.
	s.serving.Go(func() { _ = s.smtp.Serve(s.smtpListener) })
	s.serving.Go(func() { _ = s.http.Serve(s.httpListener) })
	return s, nil
}

func (s *Server) newSMTPServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: conn}, nil
	}))
	server.Domain = "mailbox.localhost"
	server.MaxMessageBytes = maxMessageBytes
	server.WriteTimeout = writeTimeout
	server.EnableSMTPUTF8 = true
	return server
}

// SMTPAddr is the host:port that takes mail.
func (s *Server) SMTPAddr() string { return s.smtpListener.Addr().String() }

// URL is the address of the web page, without a trailing slash.
func (s *Server) URL() string { return "http://" + s.httpListener.Addr().String() }

// Messages returns the mail that is kept, oldest first.
func (s *Server) Messages() []Message { return s.store.all() }

// Wait returns the first mail that matches: the oldest of those already kept,
// or else the next one to arrive. The sender may not have its answer yet.
func (s *Server) Wait(ctx context.Context, match func(Message) bool) (Message, error) {
	return s.store.wait(ctx, match)
}

// Clear removes all mail, from Options.Dir too.
func (s *Server) Clear() error { return s.store.clear() }

// SetScript makes the server react as the script says from the next command
// on; nil accepts everything again. A reaction under way is not taken back.
func (s *Server) SetScript(script Script) { s.script.Store(&script) }

// Close stops the server and returns when no connection is served any more.
// A mail that was answered with success is kept; hangs end.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		// Serve must have returned before Shutdown waits for the connections:
		// go-smtp counts a new one without a lock.
		s.closeErr = errors.Join(s.smtpListener.Close(), s.http.Close())
		s.serving.Wait()
		s.closeErr = errors.Join(s.closeErr, s.smtp.Shutdown(context.Background()))
		s.store.close()
	})
	return s.closeErr
}
