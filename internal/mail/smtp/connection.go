// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package smtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	protocol "github.com/wneessen/go-mail/smtp"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// serviceClosing is the reply of a server that ends the connection.
const serviceClosing = 421

const (
	// quitTimeout is how long a server has to say goodbye.
	quitTimeout = time.Second
	// resetTimeout is how long a server has to forget a mail that it refused. Who
	// waits for its outcome waits for this, and a new connection costs less.
	resetTimeout = 5 * time.Second
)

var (
	// errGone means that the connection ended before it took a mail.
	errGone = errors.New("the connection was closed")
	// errSilent means that there was not even a greeting.
	errSilent = errors.New("the mail server said nothing in time: if this port is encrypted from the first byte, TLS must be " + string(TLSImplicit))
	// errSender means that the server refuses us, whoever the mail is for.
	errSender = errors.New("naming the sender")
	// errNoUTF8 means that the recipient's address cannot be told to this server.
	errNoUTF8 = errors.New("the mail server takes e-mail addresses in ASCII alone: it does not offer SMTPUTF8")
	// errOwnUTF8 means the same of an address of ours, which can be changed.
	errOwnUTF8 = errors.New("the addresses that mail is from, and that answers go to, must be in ASCII for this mail server: it does not offer SMTPUTF8")
)

// connection is a connection that takes one mail after another.
type connection struct {
	conn   net.Conn // below any TLS
	client *protocol.Client
	expiry *time.Timer // set while it is idle
	spent  bool        // no read or write succeeds any more
}

// within makes every read and write of f fail once ctx ends. The connection is then
// no use any more, even if f was quick enough.
func (c *connection) within(ctx context.Context, f func() error) error {
	release := context.AfterFunc(ctx, func() {
		// It fails only on a connection that is closed, which needs no end.
		_ = c.conn.SetDeadline(time.Unix(1, 0))
	})
	err := f()
	if !release() {
		c.spent = true
	}
	return err
}

// handOver says one mail to its end. It gives up in the middle of a mail only by an
// error after which the connection is closed, so no half mail is ever taken.
func (c *connection) handOver(m mail.Message) error {
	utf8Needed := needsUTF8(m)
	if offered, _ := c.client.Extension("SMTPUTF8"); utf8Needed && !offered {
		if beyondASCII(m.To.Email) {
			return errNoUTF8
		}
		return errOwnUTF8
	}
	// Asked for needlessly, it makes some servers bounce what the next one could
	// have taken.
	c.client.SkipSMTPUTF8(!utf8Needed)
	if err := c.client.Mail(path(m.From)); err != nil {
		if reply := replyIn(err); reply == nil || reply.Code == serviceClosing {
			return fmt.Errorf("%w: %w", errGone, err)
		}
		return fmt.Errorf("%w: %w", errSender, err)
	}
	if err := c.client.Rcpt(path(m.To)); err != nil {
		return fmt.Errorf("naming the recipient: %w", err)
	}
	body, err := c.client.Data()
	if err != nil {
		return fmt.Errorf("announcing the mail: %w", err)
	}
	if _, err := compose(m).WriteTo(body); err != nil {
		return fmt.Errorf("sending the mail: %w", err)
	}
	// Its own Close would wait for the answer as well, and pass over an error.
	if data, ok := body.(*protocol.DataCloser); ok {
		body = data.WriteCloser
	}
	if err := body.Close(); err != nil {
		return fmt.Errorf("ending the mail: %w", err)
	}
	return nil
}

// confirm waits for the server to take the mail that was handed over.
func (c *connection) confirm() error {
	if _, _, err := c.client.Text.ReadResponse(250); err != nil {
		return fmt.Errorf("waiting for the server to take the mail: %w", err)
	}
	return nil
}

// reset makes the connection fit for another mail after err, if it can be.
func (c *connection) reset(ctx context.Context, err error) bool {
	reply := replyIn(err)
	if reply == nil || reply.Code == serviceClosing {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, resetTimeout)
	defer cancel()
	return c.within(ctx, c.client.Reset) == nil && !c.spent
}

// close ends the connection at once. Closing it through TLS would first wait for
// a server that does not read.
func (c *connection) close() { _ = c.conn.Close() }

// quit says goodbye, as good manners ask of whoever ends an idle connection.
func (c *connection) quit() {
	defer time.AfterFunc(quitTimeout, c.close).Stop()
	_ = c.client.Quit()
	c.close()
}

// path is the address as SMTP commands take it.
func path(a mail.Address) string { return (&netmail.Address{Address: a.Email}).String() }

func needsUTF8(m mail.Message) bool {
	addresses := m.From.Email + m.To.Email
	if m.ReplyTo != nil {
		addresses += m.ReplyTo.Email
	}
	return beyondASCII(addresses)
}

func beyondASCII(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
