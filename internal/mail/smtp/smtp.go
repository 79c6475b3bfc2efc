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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	// TLSImplicit encrypts from the first byte, on any port (RFC 8314).
	TLSImplicit TLS = "Implicit"
	// TLSDisabled never encrypts. A password is then sent to localhost alone.
	TLSDisabled TLS = "Disabled"
)

func (t TLS) known() bool {
	return slices.Contains([]TLS{TLSRequired, TLSOpportunistic, TLSImplicit, TLSDisabled}, t)
}

// implicitTLSPort is encrypted from the first byte, unless TLS is disabled; on
// other ports the server is asked for STARTTLS, unless TLS is implicit.
const implicitTLSPort = 465

// dialogueTimeout is how long a server has for all that comes before its answer to
// the mail itself. For that one it has as long as the context says: it may search
// the mail for viruses first, and RFC 5321 (4.5.3.2.6) wants clients to wait for
// 10 minutes.
const dialogueTimeout = 30 * time.Second

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
	case o.HelloName != "" && !IsHelloName(o.HelloName):
		return fmt.Errorf("the hello name %q must be a host name in ASCII", o.HelloName)
	case o.TLS != "" && !o.TLS.known():
		return fmt.Errorf("TLS is %q: it must be %s, %s, %s or %s", o.TLS, TLSRequired, TLSOpportunistic, TLSImplicit, TLSDisabled)
	}
	return nil
}

// encrypted tells whether there is TLS from the first byte.
func (o Options) encrypted() bool {
	return o.TLS == TLSImplicit || o.Port == implicitTLSPort && o.TLS != TLSDisabled
}

// Format implements fmt.Formatter: no verb prints the password.
func (o Options) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), o.printable())
}

// MarshalJSON implements json.Marshaler, without the password.
func (o Options) MarshalJSON() ([]byte, error) { return json.Marshal(o.printable()) }

// printable has no methods, and no password.
func (o Options) printable() any {
	type printable Options
	o.RootCAs = nil // nobody reads them
	if o.Password != "" {
		o.Password = "[redacted]"
	}
	return printable(o)
}

// helloName is a host name, or an address in brackets (RFC 5321, 4.1.3).
var helloName = regexp.MustCompile(`^([0-9A-Za-z._-]{1,253}|\[[0-9A-Za-z.:]{1,64}\])$`)

// IsHelloName tells whether mail servers know it for a host name. Most of them want
// one with a dot, which is for them to say.
func IsHelloName(s string) bool { return helloName.MatchString(s) }

// Sender is a mail.Sender over SMTP.
type Sender struct {
	options   Options
	tlsConfig *tls.Config
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	idle      pool
}

var _ mail.Sender = (*Sender)(nil)

// Format implements fmt.Formatter: no verb prints the password.
func (s *Sender) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "mail server "+s.address()) }

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

// Send implements mail.Sender. A 5xx reply to the recipient or to the mail is
// mail.ErrRejected. The same reply to the hello, to STARTTLS, to the password or to
// the sender is not: it is about us, and passes when the configuration is corrected.
//
// The server has 30 seconds to come to the end of the mail, and as long as ctx says
// to answer then.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return mail.Unavailable(ctx.Err())
	}
	dialogue, cancel := context.WithTimeout(ctx, dialogueTimeout)
	defer cancel()
	if c := s.idle.take(); c != nil {
		err := s.sendOver(ctx, dialogue, c, m)
		// The server may have closed an idle connection, which shows when it is
		// first used: before any mail was sent.
		if !errors.Is(err, errGone) || dialogue.Err() != nil {
			return classify(dialogue, err)
		}
	}
	c, err := s.connect(dialogue)
	if err != nil {
		return mail.Unavailable(inTime(dialogue, err))
	}
	return classify(dialogue, s.sendOver(ctx, dialogue, c, m))
}

// sendOver keeps the connection for the next mail if it is fit for one. dialogue is
// the part of ctx for all but the last answer.
func (s *Sender) sendOver(ctx, dialogue context.Context, c *connection, m mail.Message) error {
	err := c.within(dialogue, func() error { return c.handOver(m) })
	if err == nil {
		err = c.within(ctx, c.confirm)
		if err != nil && replyIn(err) == nil {
			err = mail.Unconfirmed(inTime(ctx, err))
		}
	}
	if err == nil && !c.spent || c.reset(ctx, err) {
		s.idle.keep(c)
	} else {
		c.close()
	}
	return err
}

func (s *Sender) address() string {
	return net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
}

func (s *Sender) connect(ctx context.Context) (*connection, error) {
	conn, err := s.dial(ctx, "tcp", s.address())
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn}
	if err := c.within(ctx, func() error { return s.greet(c) }); err != nil {
		c.close()
		if reply := replyIn(err); reply != nil {
			err = inWords(reply)
		}
		return nil, fmt.Errorf("connecting to %s: %w", s.address(), err)
	}
	return c, nil
}

// greet brings a new connection to the point where it takes mail. It uses
// go-mail's protocol alone: its Client gives connections deadlines that do not
// follow the context, and its SendError hides the server's words and calls every
// lost connection permanent.
func (s *Sender) greet(c *connection) error {
	conn, encrypted := c.conn, s.options.encrypted()
	if encrypted {
		conn = tls.Client(conn, s.tlsConfig)
	}
	var err error
	if c.client, err = protocol.NewClient(conn, s.options.Host); err != nil {
		if !encrypted && errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%w: %w", errSilent, err)
		}
		return err
	}
	if err := c.client.Hello(s.options.HelloName); err != nil {
		return err
	}
	if !encrypted && s.options.TLS != TLSDisabled {
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

// Replies that mean the same wherever they come.
const (
	// notImplemented is how servers refuse our hello name once a recipient is named.
	notImplemented         = 504
	authenticationRequired = 530
	tooLarge               = 552
)

// classify tells what the outcome of a dialogue about a mail means for that mail.
func classify(dialogue context.Context, err error) error {
	reply := replyIn(err)
	switch {
	case err == nil || errors.Is(err, mail.ErrUnconfirmed):
		return err
	case errors.Is(err, errNoUTF8):
		return mail.Rejected(err)
	case reply == nil:
		return mail.Unavailable(inTime(dialogue, err))
	case reply.Code >= 500 && !aboutUs(err, reply.Code):
		return mail.Rejected(inWords(reply))
	case reply.Code >= 400 && reply.Code < 500 && reply.Code != serviceClosing:
		return mail.Deferred(inWords(reply))
	}
	return mail.Unavailable(inWords(reply))
}

// aboutUs tells whether a 5xx reply is not about the mail or its recipient: it
// passes when our configuration, or the server's, is corrected.
func aboutUs(err error, code int) bool {
	switch code {
	case notImplemented, authenticationRequired:
		return true
	case tooLarge:
		return false
	}
	return errors.Is(err, errSender)
}

// inTime names the end of the context, which shows as a timeout of the connection
// or as an error of the dialer, for what it is. Of a broken connection it leaves
// out our own port, which is another one each time: who writes the words into a
// status would write them at every try.
func inTime(ctx context.Context, err error) error {
	var broken *net.OpError
	switch {
	case ctx.Err() != nil && errors.Is(err, errSilent):
		return fmt.Errorf("%w: %w", errSilent, ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("the mail server did not finish in time: %w", ctx.Err())
	case errors.As(err, &broken):
		return fmt.Errorf("%s %s: %w", broken.Op, broken.Addr, broken.Err)
	}
	return err
}

// replyIn returns nil if the server gave no reply that err is about.
func replyIn(err error) *textproto.Error {
	var reply *textproto.Error
	errors.As(err, &reply)
	return reply
}

// inWords is the reply as the server gave it; the reply's own text quotes it.
func inWords(reply *textproto.Error) error { return fmt.Errorf("%d %s", reply.Code, reply.Msg) }
