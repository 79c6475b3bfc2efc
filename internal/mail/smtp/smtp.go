// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package smtp sends mail through an SMTP server. It keeps connections for the
// next mail, so that a wave of mail dials a handful of times.
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"

	protocol "github.com/wneessen/go-mail/smtp"

	"seatkeeper.dev/seatkeeper/internal/mail"
)

// TLS is how a connection to the server is protected.
type TLS string

const (
	// TLSRequired sends nothing in the clear. It is the default.
	TLSRequired TLS = "Required"
	// TLSOpportunistic encrypts when the server offers it.
	TLSOpportunistic TLS = "Opportunistic"
	// TLSDisabled never encrypts. A password is then sent to localhost alone.
	TLSDisabled TLS = "Disabled"
)

// implicitTLSPort is encrypted from the first byte (RFC 8314); on other ports the
// server is asked for STARTTLS.
const implicitTLSPort = 465

// Options say which server takes the mail.
type Options struct {
	Host string
	Port int
	// Username and Password log in; both empty if the server asks for none.
	Username string
	Password string
	// TLS is TLSRequired when empty. The server's certificate is always checked.
	TLS TLS
	// RootCAs are whom to trust for the certificate; the system's when nil.
	RootCAs *x509.CertPool
	// HelloName is how we introduce ourselves, the machine's name when empty.
	// Some servers insist on a name that resolves.
	HelloName string
}

func (o Options) validate() error {
	switch {
	case o.Host == "":
		return errors.New("the mail server's host is missing")
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("the mail server's port is %d: it must be 1 to 65535, usually 587", o.Port)
	case (o.Username == "") != (o.Password == ""):
		return errors.New("the mail server's username and password must be given together, or neither")
	case strings.ContainsFunc(o.HelloName, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("the hello name %q must be a host name in ASCII", o.HelloName)
	case !slices.Contains([]TLS{"", TLSRequired, TLSOpportunistic, TLSDisabled}, o.TLS):
		return fmt.Errorf("TLS is %q: it must be %s, %s or %s", o.TLS, TLSRequired, TLSOpportunistic, TLSDisabled)
	}
	return nil
}

// Sender is a mail.Sender over SMTP.
type Sender struct {
	options   Options
	tlsConfig *tls.Config
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	idle      pool
}

var _ mail.Sender = (*Sender)(nil)

// New returns a sender. It does not connect before there is mail.
func New(options Options) (*Sender, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	options.TLS = cmp.Or(options.TLS, TLSRequired)
	if options.HelloName == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("no hello name is given, and this machine's name cannot be found: %w", err)
		}
		options.HelloName = name
	}
	return &Sender{
		options: options,
		tlsConfig: &tls.Config{
			ServerName: options.Host,
			RootCAs:    options.RootCAs,
			MinVersion: tls.VersionTLS12,
		},
		dial: new(net.Dialer).DialContext,
		idle: pool{timeout: idleTimeout},
	}, nil
}

// Close ends the connections that are kept for the next mail. Mail can still be
// sent, over connections that are not kept.
func (s *Sender) Close() error {
	s.idle.close()
	return nil
}

// Send implements mail.Sender. A 5xx reply to the mail is mail.ErrRejected. The
// same reply to the hello, to STARTTLS or to the password is not: it is about us,
// and passes when the configuration is corrected.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return mail.Unavailable(ctx.Err())
	}
	if c := s.idle.take(); c != nil {
		err := s.sendOver(ctx, c, m)
		// The server may have closed an idle connection, which shows when it is
		// first used: before any mail was sent.
		if !errors.Is(err, errGone) || ctx.Err() != nil {
			return classify(ctx, err)
		}
	}
	c, err := s.connect(ctx)
	if err != nil {
		return unavailable(ctx, err)
	}
	return classify(ctx, s.sendOver(ctx, c, m))
}

// sendOver keeps the connection for the next mail if it is fit for one.
func (s *Sender) sendOver(ctx context.Context, c *connection, m mail.Message) error {
	release := c.hold(ctx)
	err := c.send(m)
	fit := err == nil || c.reset(err)
	if release() && fit {
		s.idle.keep(c)
	} else {
		c.close()
	}
	return err
}

func (s *Sender) connect(ctx context.Context) (*connection, error) {
	address := net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
	conn, err := s.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn}
	defer c.hold(ctx)()
	if err := s.greet(c); err != nil {
		c.close()
		if reply := replyIn(err); reply != nil {
			err = inWords(reply)
		}
		return nil, fmt.Errorf("connecting to %s: %w", address, err)
	}
	return c, nil
}

// greet brings a new connection to the point where it takes mail. It uses
// go-mail's protocol alone: its Client gives connections deadlines that do not
// follow the context, and its SendError hides the server's words and calls every
// lost connection permanent.
func (s *Sender) greet(c *connection) error {
	conn := c.conn
	if s.options.Port == implicitTLSPort && s.options.TLS != TLSDisabled {
		conn = tls.Client(conn, s.tlsConfig)
	}
	var err error
	if c.client, err = protocol.NewClient(conn, s.options.Host); err != nil {
		return err
	}
	if err := c.client.Hello(s.options.HelloName); err != nil {
		return err
	}
	if conn == c.conn && s.options.TLS != TLSDisabled {
		if err := s.startTLS(c.client); err != nil {
			return err
		}
	}
	return s.logIn(c.client)
}

func (s *Sender) startTLS(client *protocol.Client) error {
	if offered, _ := client.Extension("STARTTLS"); offered {
		return client.StartTLS(s.tlsConfig)
	}
	if s.options.TLS == TLSRequired {
		return errors.New("the server does not offer STARTTLS, and TLS is required")
	}
	return nil
}

func (s *Sender) logIn(client *protocol.Client) error {
	username, password, host := s.options.Username, s.options.Password, s.options.Host
	if username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	mechanisms := strings.Fields(offered)
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return client.Auth(protocol.PlainAuth("", username, password, host, false))
	case slices.Contains(mechanisms, "LOGIN"):
		return client.Auth(protocol.LoginAuth(username, password, host, false))
	}
	return fmt.Errorf("the server offers neither PLAIN nor LOGIN to log in, but %q", offered)
}

// authenticationRequired is a reply to the mail that is not about the mail.
const authenticationRequired = 530

// classify tells what the outcome of a dialogue about a mail means for that mail.
func classify(ctx context.Context, err error) error {
	reply := replyIn(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNoUTF8):
		return mail.Rejected(err)
	case reply == nil:
		return unavailable(ctx, err)
	case reply.Code >= 500 && reply.Code != authenticationRequired:
		return mail.Rejected(inWords(reply))
	case reply.Code >= 400 && reply.Code < 500 && reply.Code != serviceClosing:
		return mail.Deferred(inWords(reply))
	}
	return mail.Unavailable(inWords(reply))
}

// unavailable names the end of the context, which shows as a timeout of the
// connection or as an error of the dialer, for what it is. Of a broken connection
// it leaves out our own port, which is another one each time: who writes the words
// into a status would write them at every try.
func unavailable(ctx context.Context, err error) error {
	var broken *net.OpError
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("the mail server did not finish in time: %w", ctx.Err())
	case errors.As(err, &broken):
		err = fmt.Errorf("%s %s: %w", broken.Op, broken.Addr, broken.Err)
	}
	return mail.Unavailable(err)
}

// replyIn returns nil if the server gave no reply that err is about.
func replyIn(err error) *textproto.Error {
	var reply *textproto.Error
	errors.As(err, &reply)
	return reply
}

// inWords is the reply as the server gave it; the reply's own text quotes it.
func inWords(reply *textproto.Error) error { return fmt.Errorf("%d %s", reply.Code, reply.Msg) }
