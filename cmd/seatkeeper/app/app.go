// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app puts the operator together.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/controllers/archiveduser"
	"seatkeeper.dev/seatkeeper/controllers/organization"
	"seatkeeper.dev/seatkeeper/controllers/role"
	"seatkeeper.dev/seatkeeper/controllers/seatpool"
	"seatkeeper.dev/seatkeeper/controllers/team"
	"seatkeeper.dev/seatkeeper/controllers/user"
	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/admission"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/claims"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/openid"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/portal"
	"seatkeeper.dev/seatkeeper/internal/resync"
	"seatkeeper.dev/seatkeeper/internal/servingcert"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/internal/signin"
)

// Options are what an operator is run with.
type Options struct {
	// Namespace is the operator's own: its Lease and its keys are there.
	Namespace string
	// Namespaces are those whose organizations it runs; all when empty.
	Namespaces  []string
	LeaderElect bool
	// Shard is the part of these namespaces whose organizations it runs, without pages or admission; all when nil.
	Shard *shards.Shard
	// Front has it serve the pages and admission of all of them, and run none: shards do.
	Front bool
	// MetricsAddress is where metrics are served; "0" turns them off.
	MetricsAddress string
	// HealthAddress is where /healthz and /readyz are served; "0" turns them off.
	HealthAddress string
	// Webhook is where admission is served; nil turns it off.
	Webhook *webhook.Options
	// Rotate has the operator make and renew the certificate of admission; nil when the directory that Webhook names
	// has it.
	Rotate *servingcert.Options
	// PortalAddress is where the invitation pages are served.
	PortalAddress string
	// PortalURL is the address at which people reach them.
	PortalURL *url.URL
	// TrustedProxies are the networks of the proxies in front of them, whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// MailFrom is who sends the invitations, and Mail takes them.
	MailFrom mail.Address
	Mail     mail.Sender
	// OpenMail makes the sender for the mail server that an organization's Secret says.
	OpenMail func(secret map[string][]byte) (mail.Sender, error)
	// MailsPerSecond is how many mails may be sent in a second; no limit when 0.
	MailsPerSecond float64
	// OpenDirectory makes the client of the directory at a place, with the Secret that says how to sign in.
	OpenDirectory func(at accounts.Place, secret map[string][]byte) (directory.Directory, error)
	// DirectoryRequestsPerSecond is how many requests each organization may make of its directory in a second; no limit when 0.
	DirectoryRequestsPerSecond float64
	// Billing bills the seats of the pools that ask for it.
	Billing billing.Provider
	// Names are those by which Kubernetes knows people.
	Names bindings.Names
	// Clock tells the time.
	Clock clock.WithTicker

	// shelf has what the cache holds.
	shelf *index.Shelf
}

// Scheme knows every kind that the operator deals with.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// New returns an operator that is ready to be started.
func New(ctx context.Context, cfg *rest.Config, o Options) (manager.Manager, error) {
	var certificate *servingcert.Keeper
	if o.Shard != nil {
		o.Webhook = nil
	}
	if o.Webhook != nil && o.Rotate != nil {
		certificate = servingcert.New(*o.Rotate, o.Clock)
	}
	o.shelf = &index.Shelf{}
	mgr, err := newManager(cfg, o, certificate)
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	direct, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	keys, err := keystore.Open(ctx, direct, o.Namespace)
	if err != nil {
		return nil, err
	}
	course, unmetered := o.meter(mgr.GetClient())
	if err := errors.Join(keys.SetupWithManager(mgr), index.Register(ctx, mgr.GetCache()), unmetered); err != nil {
		return nil, err
	}
	directories := accounts.New(direct, o.OpenDirectory, o.DirectoryRequestsPerSecond, o.Clock)
	if !o.Front {
		if err := addControllers(mgr, direct, o, keys.Keys, directories, course); err != nil {
			return nil, err
		}
	}
	add := func() error { return addFront(ctx, mgr, direct, o, certificate, keys.Keys, directories) }
	if o.Shard != nil {
		add = func() error { return mgr.AddReadyzCheck("cache", filled(mgr.GetCache())) }
	}
	if err := add(); err != nil {
		return nil, err
	}
	return mgr, mgr.AddHealthzCheck("ping", healthz.Ping)
}

// filled has a shard be ready once it could take over.
func filled(c cache.Cache) healthz.Checker {
	return func(r *http.Request) error {
		if !c.WaitForCacheSync(r.Context()) {
			return errors.New("the cache is not filled yet")
		}
		return nil
	}
}

// addFront adds what the API server and people ask.
func addFront(
	ctx context.Context, mgr manager.Manager, direct client.Client, o Options, certificate *servingcert.Keeper,
	keys func() invitation.Keyring, directories directory.Directories,
) error {
	if o.Webhook != nil {
		if err := addWebhooks(mgr, direct, o, certificate); err != nil {
			return err
		}
	}
	return addPortal(ctx, mgr, direct, o, keys, directories)
}

func newManager(cfg *rest.Config, o Options, certificate *servingcert.Keeper) (manager.Manager, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the API server's priority and fairness decides who waits
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	caches := cache.Options{
		NewInformer:      toolscache.NewSharedIndexInformer,
		DefaultTransform: index.Compact(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: keystore.Cached(o.Namespace), &corev1.ConfigMap{}: mailroom.Cached(),
			&rbacv1.RoleBinding{}: bindings.Cached(),
		},
	}
	for _, namespace := range o.Namespaces {
		if caches.DefaultNamespaces == nil {
			caches.DefaultNamespaces = map[string]cache.Config{}
		}
		caches.DefaultNamespaces[namespace] = cache.Config{}
	}
	options := ctrl.Options{
		Scheme:                        scheme,
		MapperProvider:                newMapper,
		Cache:                         caches,
		Client:                        client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}},
		Metrics:                       metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:        o.HealthAddress,
		LeaderElection:                o.LeaderElect && !o.Front,
		LeaderElectionID:              shards.WholeLease,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
	}
	if o.Shard != nil {
		if err := o.restrict(&options, cfg); err != nil {
			return nil, err
		}
	}
	options.Cache.NewInformer = o.shelf.Over(options.Cache.NewInformer)
	options.NewClient = func(cfg *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.New(cfg, options)
		return o.shelf.Client(c, o.Namespaces), err
	}
	if o.Webhook != nil {
		w := *o.Webhook
		w.TLSOpts = append(w.TLSOpts, func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS12
			if certificate != nil {
				c.GetCertificate = certificate.GetCertificate
			}
		})
		options.WebhookServer = webhook.NewServer(w)
	}
	return ctrl.NewManager(cfg, options)
}

// restrict has a manager know nothing but its shard, and be elected for it.
func (o *Options) restrict(options *ctrl.Options, cfg *rest.Config) (err error) {
	const renewWithin = 10 * time.Second                                                        // as controller-runtime does by default
	own := func(kind runtime.Object) bool { _, secret := kind.(*corev1.Secret); return secret } // the links' keys
	options.Cache.NewInformer = o.Shard.NewInformer(own)
	options.LeaderElectionResourceLockInterface, err = o.Shard.Lock(cfg, o.Namespace, renewWithin, o.Clock)
	return err
}

// directoryIsDown says that a directory could not be reached: one that asks to come back later was.
func directoryIsDown(err error) bool {
	_, later := directory.RetryAfter(err)
	return errors.Is(err, directory.ErrUnavailable) && !later
}

// mailIsDown says that a mail server could not be reached, or takes no mail from us.
func mailIsDown(err error) bool {
	return errors.Is(err, mail.ErrUnavailable) && !errors.Is(err, mail.ErrDeferred) && !errors.Is(err, mail.ErrUnconfirmed)
}

const (
	// mailTimeout leaves a server ten minutes to look at a mail that it was given, as RFC 5321 (4.5.3.2.6) asks.
	mailTimeout = 11 * time.Minute
	// grace is how long after a server was reached a failure to reach it is no outage.
	grace = 30 * time.Second
)

// atOnce is how many errands to a directory go on at a time, which share its requests: each needs a few, and gives up after
// outbox.DefaultTimeout. There are two at least, since a look at all accounts is one.
func atOnce(requestsPerSecond float64) int {
	const inTime = 6 // of 3 requests each, and as many again for what else is asked
	if requestsPerSecond == 0 {
		return outbox.DefaultPerServer
	}
	return int(min(outbox.DefaultPerServer, max(2, requestsPerSecond*inTime)))
}

// mailsPerSecond are a shard's part of how many mails may be sent.
func (o *Options) mailsPerSecond() float64 {
	if o.Shard == nil {
		return o.MailsPerSecond
	}
	return o.MailsPerSecond / float64(o.Shard.Of)
}

func addControllers(
	mgr manager.Manager, direct client.Client, o Options, keys func() invitation.Keyring, directories directory.Directories, course *figures.Course,
) error {
	base := loop.Base{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Shelf: o.shelf, Events: mgr.GetEventRecorder("seatkeeper"), Clock: o.Clock,
	}
	room := mailroom.New(mailroom.Options{
		Live: mgr.GetAPIReader(), Cache: mgr.GetClient(), Sender: o.Mail, From: o.MailFrom, Open: o.OpenMail, Clock: o.Clock,
	})
	mails := outbox.New(outbox.Options{
		Clock: o.Clock, PerSecond: o.mailsPerSecond(), Timeout: mailTimeout, Grace: grace,
		Down: mailIsDown,
	})
	errands := outbox.New(outbox.Options{
		Clock: o.Clock, Grace: grace, Down: directoryIsDown, PerServer: atOnce(o.DirectoryRequestsPerSecond),
	})
	teams := &groups.Desk{Directories: directories, Counter: errands.Counter("team"), Woken: make(chan types.NamespacedName)}
	roles := &groups.Desk{Directories: directories, Counter: errands.Counter("role"), Woken: make(chan types.NamespacedName)}
	estate, err := newEstate(mgr, o.Clock)
	if err != nil {
		return err
	}
	looks := resync.New(mgr.GetClient(), directories, errands, o.Clock)
	departed := &ownership.Departed{}
	users := &user.Reconciler{
		Base: base, Outbox: mails, Inviter: user.Inviter{Mailroom: room, Portal: o.PortalURL, Keys: keys},
		Accounts: user.Accounts{Directories: directories, Outbox: errands, Resync: looks}, Names: o.Names, Estate: estate, Departed: departed, Course: course, Timer: o.Clock,
		Claims: &claims.Desk{Live: direct, Namespace: o.Namespace, Clock: o.Clock},
	}
	looks.SignOut, looks.Groups = users.SignOut, (&groups.Comparer{Cache: mgr.GetClient(), Teams: teams, Roles: roles}).Look
	if err := mgr.Add(looks); err != nil {
		return fmt.Errorf("adding the looks at directories: %w", err)
	}
	for _, box := range []*outbox.Outbox{mails, errands, estate.Outbox} {
		if err := mgr.Add(box); err != nil {
			return fmt.Errorf("adding an outbox: %w", err)
		}
	}
	desk := billing.NewDesk(o.Billing, billing.DeskOptions{Clock: o.Clock})
	if err := mgr.Add(desk); err != nil {
		return fmt.Errorf("adding the billing desk: %w", err)
	}
	// One write a second and object while a wave runs, for figures; pools are quicker, since people wait for seats.
	const summaries, grants = time.Second, 500 * time.Millisecond
	for name, add := range map[string]func(ctrl.Manager, controller.Options) error{
		"organization": (&organization.Reconciler{
			Base: base, Pace: loop.Pace{Every: summaries}, Mailroom: room, Outbox: mails, Accounts: errands, Resync: looks,
			SignIn: signin.New(mgr.GetAPIReader(), o.Clock),
		}).SetupWithManager,
		"role":         (&role.Reconciler{Base: base, Pace: loop.Pace{Every: summaries}, Names: o.Names, Groups: roles}).SetupWithManager,
		"team":         (&team.Reconciler{Base: base, Pace: loop.Pace{Every: summaries}, Groups: teams}).SetupWithManager,
		"archiveduser": (&archiveduser.Reconciler{Base: base}).SetupWithManager,
		"seatpool":     (&seatpool.Reconciler{Base: base, Pace: loop.Pace{Every: grants}, Departed: departed, Desk: desk}).SetupWithManager,
		"user":         users.SetupWithManager,
	} {
		if err := add(mgr, controller.Options{SkipNameValidation: ptr.To(true)}); err != nil {
			return fmt.Errorf("adding the controller of %s: %w", name, err)
		}
	}
	return nil
}

// newEstate makes what finds and hands over the objects that people own.
func newEstate(mgr manager.Manager, clock clock.PassiveClock) (*ownership.Desk, error) {
	objects, err := dynamic.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for objects of any kind: %w", err)
	}
	kinds, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a discovery client: %w", err)
	}
	return ownership.NewDesk(&ownership.Estate{Objects: objects, Kinds: kinds, People: mgr.GetAPIReader()}, clock), nil
}

// addWebhooks serves admission, with a certificate of our own unless certificate is nil.
func addWebhooks(mgr manager.Manager, direct client.Client, o Options, certificate *servingcert.Keeper) error {
	if err := admission.Register(mgr, o.Namespaces, o.Clock); err != nil {
		return err
	}
	if certificate != nil {
		if err := certificate.SetupWithManager(mgr, direct); err != nil {
			return err
		}
		if err := mgr.AddReadyzCheck("webhook-certificate", certificate.Ready); err != nil {
			return err
		}
	}
	return mgr.AddReadyzCheck("webhook", mgr.GetWebhookServer().StartedChecker())
}

// addPortal serves the pages. They write by a client of their own: the manager's has reads wait until the cache shows its
// writes, and an answer that hangs is not to hold up the controllers.
func addPortal(
	ctx context.Context, mgr manager.Manager, direct client.Client, o Options, keys func() invitation.Keyring, directories directory.Directories,
) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.PortalAddress)
	if err != nil {
		return fmt.Errorf("listening for the invitation pages: %w", err)
	}
	log := mgr.GetLogger().WithName("portal")
	return mgr.Add(&portal.Server{Listener: listener, Log: log, Handler: portal.New(portal.Options{
		Cache: mgr.GetClient(), Live: direct, Status: direct,
		Directories: directories, OpenID: openid.New(o.Clock), Events: mgr.GetEventRecorder("seatkeeper-portal"), Keys: keys, Clock: o.Clock,
		URL: o.PortalURL, TrustedProxies: o.TrustedProxies, Log: log,
	})})
}
