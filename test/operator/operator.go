// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operator runs Seatkeeper in a test's own process: the whole operator as cmd/seatkeeper makes it, or
// single passes of its controllers.
package operator

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/hack/mailbox"
	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/billing"
	billingfake "seatkeeper.dev/seatkeeper/internal/billing/fake"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/smtp"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/env"
)

// Operator is a running operator.
type Operator struct {
	// Portal is where its invitation pages are.
	Portal *url.URL

	cancel context.CancelFunc
	ended  chan error
}

// Options vary what Start runs.
type Options struct {
	// Config is what it talks to the API server with; an administrator's when nil.
	Config *rest.Config
	// Mailbox takes its mail.
	Mailbox *mailbox.Server
	// Billing bills seats; a fake one when nil.
	Billing billing.Provider
	// Directory has people's accounts, wherever an organization says that it is.
	Directory directory.Directory
	// Sender takes mail in the mailbox's stead, unless it is nil.
	Sender mail.Sender
	// Webhook is where it serves admission, as Webhooks says; not at all when nil.
	Webhook *webhook.Options
	// Namespaces are those whose organizations it runs; its own when nil.
	Namespaces []string
	// Shard is the part of them that it runs; all when nil. A shard has no pages.
	Shard *shards.Shard
	// Front has it serve pages alone.
	Front bool
	// LeaderElect lets it act only while it holds the Lease of its namespace.
	LeaderElect bool
	// TrustedProxies are whose X-Forwarded-For its pages believe.
	TrustedProxies []netip.Prefix
	// Clock is the real one when nil.
	Clock clock.WithTicker
	// Portal is where its invitation pages are to be, such as where those of the operator before it were; at a free
	// port when nil.
	Portal *url.URL
	// Listen is where they are, as host and port, when that is not what Portal says: of two operators at once, one
	// alone can be there.
	Listen string
}

// Clock is the real clock, until it leaps ahead.
type Clock struct {
	clock.RealClock
	ahead atomic.Int64
}

// Now implements clock.PassiveClock.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Since implements clock.PassiveClock.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// LeapTo makes it t. It goes on from there. Timers that are set already do not notice.
func (c *Clock) LeapTo(t time.Time) { c.ahead.Add(int64(t.Sub(c.Now()))) }

// logToStderr is done once: operators of one process have one log. It has what fails, without which a test that does would be hard
// to find in it.
var logToStderr = sync.OnceFunc(func() {
	ctrl.SetLogger(zap.New(zap.WriteTo(os.Stderr), zap.Level(zapcore.ErrorLevel), zap.StacktraceLevel(zapcore.PanicLevel)))
})

// Mailbox starts a mail server for a test.
func Mailbox(t testing.TB) *mailbox.Server {
	t.Helper()
	box, err := mailbox.Start(mailbox.Options{Capacity: 20_000})
	if err != nil {
		t.Fatalf("starting a mailbox: %v", err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return box
}

// Sender is an SMTP sender that hands mail to the mailbox.
func Sender(t testing.TB, box *mailbox.Server) mail.Sender {
	t.Helper()
	host, port, err := net.SplitHostPort(box.SMTPAddr())
	if err != nil {
		t.Fatalf("the mailbox's address: %v", err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatalf("the mailbox's port: %v", err)
	}
	sender, err := smtp.New(smtp.Options{Host: host, Port: number, TLS: smtp.TLSDisabled, HelloName: "localhost"})
	if err != nil {
		t.Fatalf("making an SMTP sender: %v", err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	return sender
}

// openMail is what cmd/seatkeeper does with the Secret of an organization's mail server.
func openMail(secret map[string][]byte) (mail.Sender, error) {
	options, err := smtp.ParseSecret(secret)
	if err != nil {
		return nil, err
	}
	options.HelloName = "localhost"
	return smtp.New(options)
}

// Start runs an operator for one namespace, or some, without leader election, until the test ends or Stop.
func Start(t testing.TB, namespace string, o Options) *Operator {
	t.Helper()
	logToStderr()
	if o.Config == nil {
		o.Config = env.Config(t)
	}
	if o.Billing == nil {
		o.Billing = &billingfake.Provider{}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Sender == nil {
		o.Sender = Sender(t, o.Mailbox)
	}
	if o.Namespaces == nil {
		o.Namespaces = []string{namespace}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	mgr, err := manager(ctx, t, namespace, &o)
	if err != nil {
		cancel()
		t.Fatalf("making the operator: %v", err)
	}
	running := &Operator{Portal: o.Portal, cancel: cancel, ended: make(chan error, 1)}
	go func() { running.ended <- mgr.Start(ctx) }()
	t.Cleanup(func() { running.Stop(t) })
	return running
}

// manager makes what runs; where the pages may be anywhere, it looks for a place until nobody else took it meanwhile.
func manager(ctx context.Context, t testing.TB, namespace string, o *Options) (ctrl.Manager, error) {
	t.Helper()
	for anywhere := o.Portal == nil; ; {
		if anywhere {
			o.Portal = &url.URL{Scheme: "http", Host: freeAddress(t)}
		}
		mgr, err := newManager(ctx, namespace, o)
		if !anywhere || !errors.Is(err, syscall.EADDRINUSE) {
			return mgr, err
		}
	}
}

func newManager(ctx context.Context, namespace string, o *Options) (ctrl.Manager, error) {
	return app.New(ctx, o.Config, app.Options{
		Namespace: namespace, Namespaces: o.Namespaces, Shard: o.Shard, Front: o.Front, MetricsAddress: "0", HealthAddress: "0",
		PortalAddress: cmp.Or(o.Listen, o.Portal.Host), PortalURL: o.Portal,
		MailFrom: mail.Address{Name: "Acme", Email: "people@acme.example"}, Mail: o.Sender, OpenMail: openMail, Billing: o.Billing, Clock: o.Clock,
		OpenDirectory: func(accounts.Place, map[string][]byte) (directory.Directory, error) { return o.Directory, nil },
		LeaderElect:   o.LeaderElect, TrustedProxies: o.TrustedProxies, Webhook: o.Webhook,
	})
}

// Stop ends the operator, as SIGTERM does. It may be called again.
func (o *Operator) Stop(t testing.TB) {
	t.Helper()
	o.cancel()
	select {
	case err := <-o.ended:
		o.ended <- nil
		if err != nil {
			t.Errorf("the operator ended with: %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the operator does not stop")
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("finding a free port: %v", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
