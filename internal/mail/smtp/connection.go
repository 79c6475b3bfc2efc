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

// quitTimeout is how long a server has to say goodbye.
const quitTimeout = time.Second

var (
	// errGone means that the connection ended before it took a mail.
	errGone = errors.New("the connection was closed")
	// errNoUTF8 means that an address cannot be told to this server.
	errNoUTF8 = errors.New("the mail server takes e-mail addresses in ASCII alone: it does not offer SMTPUTF8")
)

// connection is a connection that takes one mail after another.
type connection struct {
	conn   net.Conn // below any TLS
	client *protocol.Client
	expiry *time.Timer // set while it is idle
}

// hold makes every read and write fail once ctx ends, until it is released.
// Releasing returns false if ctx ended before: the connection is then no use.
func (c *connection) hold(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, func() {
		// It fails only on a connection that is closed, which needs no end.
		_ = c.conn.SetDeadline(time.Unix(1, 0))
	})
}

// send hands over one mail. It gives up in the middle of a mail only by an error
// after which the connection is closed, so no half mail is ever taken.
func (c *connection) send(m mail.Message) error {
	utf8Needed := needsUTF8(m)
	if offered, _ := c.client.Extension("SMTPUTF8"); utf8Needed && !offered {
		return errNoUTF8
	}
	// Asked for needlessly, it makes some servers bounce what the next one could
	// have taken.
	c.client.SkipSMTPUTF8(!utf8Needed)
	if err := c.client.Mail(path(m.From)); err != nil {
		if reply := replyIn(err); reply == nil || reply.Code == serviceClosing {
			return fmt.Errorf("%w: %w", errGone, err)
		}
		return err
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
	if err := body.Close(); err != nil {
		return fmt.Errorf("waiting for the server to take the mail: %w", err)
	}
	return nil
}

// reset makes the connection fit for another mail after err, if it can be.
func (c *connection) reset(err error) bool {
	reply := replyIn(err)
	return reply != nil && reply.Code != serviceClosing && c.client.Reset() == nil
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
	return strings.ContainsFunc(addresses, func(r rune) bool { return r >= utf8.RuneSelf })
}
