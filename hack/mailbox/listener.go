// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"cmp"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// listen opens addr, or a free port of the same host when its port is taken: a
// second `make run` should work rather than explain why it cannot.
func listen(addr string) (net.Listener, error) {
	addr = cmp.Or(addr, "127.0.0.1:0")
	l, err := net.Listen("tcp", addr)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// listener is a net.Listener whose Close also ends every read on the
// connections it has accepted. A handler then finishes the answer it is giving
// and stops, while closing the connections would cut that answer off.
type listener struct {
	net.Listener

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[net.Conn]struct{}{}}
}

func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.Join(net.ErrClosed, accepted.Close())
	}
	l.conns[accepted] = struct{}{}
	return &conn{Conn: accepted, listener: l}, nil
}

func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for c := range l.conns {
		// It fails only on a connection that is closed, which needs no end.
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
	return l.Listener.Close()
}

// conn leaves its listener's books when it is closed.
type conn struct {
	net.Conn
	listener *listener
}

func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c.Conn)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
