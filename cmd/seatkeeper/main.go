// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command seatkeeper is the operator: it runs the membership of organizations as declared.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	_ "time/tzdata" // minimal images have no time zones of their own

	rawzap "go.uber.org/zap"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/billing/stripe"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/smtp"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
)

func main() {
	frugal(os.LookupEnv)
	if err := run(ctrl.SetupSignalHandler(), flag.CommandLine, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "seatkeeper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, flags *flag.FlagSet, args []string) error {
	if len(args) > 0 && args[0] == rotateKeys {
		return rotate(ctx, flags, args[1:], ctrl.GetConfig, os.Stdout)
	}
	options, err := parse(flags, args)
	if err != nil {
		return err
	}
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	mgr, err := app.New(ctx, cfg, options)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// parse turns the command line into what the operator is run with.
func parse(flags *flag.FlagSet, args []string) (app.Options, error) {
	o := app.Options{Clock: clock.RealClock{}, Webhook: &webhook.Options{}}
	var certs certificates
	var parts sharding
	var server smtp.Options
	var logging zap.Options
	var portalURL, mailFrom, passwordFile, mailTLS, namespaces, stripeURL string
	flags.StringVar(&o.Namespace, "namespace", "seatkeeper-system", "the operator's own namespace, for its Lease and its keys")
	flags.StringVar(&namespaces, "namespaces", "", "the namespaces whose organizations are run, separated by commas; all when empty")
	flags.BoolVar(&o.LeaderElect, "leader-elect", true, "let one replica at a time act; all of them serve pages and admission")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8080", `where metrics are served; "0" turns them off`)
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", `where /healthz and /readyz are served; "0" turns them off`)
	parts.bind(flags)
	certs.bind(flags, o.Webhook)
	flags.StringVar(&o.PortalAddress, "portal-bind-address", ":8090", "where the invitation pages are served")
	flags.StringVar(&portalURL, "portal-url", "", "the address at which people reach the invitation pages, such as https://join.acme.example; required")
	flags.Func("portal-trusted-proxies", "the networks of the proxies in front of the pages, such as 10.0.0.0/8, separated by commas; X-Forwarded-For is believed from these alone", func(list string) error {
		for network := range strings.SplitSeq(list, ",") {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				return fmt.Errorf("%q is not a network such as 10.0.0.0/8", network)
			}
			o.TrustedProxies = append(o.TrustedProxies, prefix)
		}
		return nil
	})
	flags.StringVar(&server.Host, "mail-host", "", "the mail server that takes invitations; required")
	flags.IntVar(&server.Port, "mail-port", 587, "its port; 465 is encrypted from the first byte, others by STARTTLS unless --mail-tls is Implicit")
	flags.StringVar(&mailTLS, "mail-tls", string(smtp.TLSRequired), "Required, Opportunistic, Implicit (encrypted from the first byte, on any port) or Disabled")
	flags.StringVar(&server.HelloName, "mail-hello-name", "", "how we introduce ourselves to the mail server; when empty, this machine's name, or the host of --portal-url if that is a full name and this machine's is not")
	flags.StringVar(&server.Username, "mail-username", "", "the user to log in to the mail server as; empty when it asks for none")
	flags.StringVar(&passwordFile, "mail-password-file", "", "the file that holds the password")
	flags.Float64Var(&o.MailsPerSecond, "mail-rate", 0, "how many mails may be sent in a second; no limit when 0")
	flags.StringVar(&mailFrom, "mail-from", "", `who sends the invitations, such as "Acme <people@acme.example>"; required`)
	flags.Float64Var(&o.DirectoryRequestsPerSecond, "directory-rate-limit", directoryRate, "how many requests each organization may make of its directory in a second, and twice as many at once; no limit when 0")
	flags.StringVar(&stripeURL, "stripe-url", "", "the address of the Stripe API; Stripe's own when empty")
	flags.Func("kubernetes-user-name", `the name by which Kubernetes knows a person, for RoleBindings: a template of Go's text/template over .Email, .Name, .Namespace, .UID and .Organization of the User, such as "oidc:{{.Email}}"; by default the address`, func(text string) (err error) {
		o.Names, err = bindings.ParseNames(text)
		return err
	})
	logging.BindFlags(flags)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag: flags are given as --name=value", flags.Arg(0))
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging), zap.RawZapOpts(rawzap.WrapCore(newLate))))
	server.TLS = smtp.TLS(mailTLS)
	if namespaces != "" {
		o.Namespaces = strings.Split(namespaces, ",")
	}
	if err := errors.Join(check(o), certs.complete(flags, &o), parts.complete(&o)); err != nil {
		return o, err
	}
	provider, err := stripe.New(stripe.Options{BaseURL: stripeURL})
	if err != nil {
		return o, fmt.Errorf("--stripe-url: %w", err)
	}
	o.Billing = provider
	return o, complete(&o, server, portalURL, mailFrom, passwordFile)
}

// check refuses what the operator would fail on later, or take for something else: for the cache, a namespace
// without a name is all of them.
func check(o app.Options) error {
	if len(validation.IsDNS1123Label(o.Namespace)) > 0 {
		return fmt.Errorf("--namespace is %q: it must be the name of a namespace", o.Namespace)
	}
	for _, namespace := range o.Namespaces {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			return fmt.Errorf("--namespaces has %q: it must be names of namespaces, separated by commas alone", namespace)
		}
	}
	for _, address := range []struct {
		flag, value string
		optional    bool
	}{
		{"metrics-bind-address", o.MetricsAddress, true},
		{"health-probe-bind-address", o.HealthAddress, true},
		{"portal-bind-address", o.PortalAddress, false},
	} {
		if _, _, err := net.SplitHostPort(address.value); err != nil && !(address.optional && address.value == "0") {
			return fmt.Errorf("--%s is %q: it must be an address such as :8080 or 127.0.0.1:8080", address.flag, address.value)
		}
	}
	if o.Webhook.Port < 1 || o.Webhook.Port > 65535 {
		return fmt.Errorf("--webhook-port is %d: it must be 1 to 65535", o.Webhook.Port)
	}
	if !(o.MailsPerSecond >= 0) { // nor is it NaN
		return fmt.Errorf("--mail-rate is %v: it must be a number of mails in a second, or 0 for no limit", o.MailsPerSecond)
	}
	if !(o.DirectoryRequestsPerSecond >= 0) {
		return fmt.Errorf("--directory-rate-limit is %v: it must be a number of requests in a second, or 0 for no limit", o.DirectoryRequestsPerSecond)
	}
	return nil
}

// complete checks what the flags of mail and pages say, and reads what they point to.
func complete(o *app.Options, server smtp.Options, portalURL, mailFrom, passwordFile string) error {
	base, err := parsePortalURL(portalURL)
	if err != nil {
		return err
	}
	o.PortalURL = base
	if o.MailFrom, err = mailroom.ParseAddress(mailFrom); err != nil {
		return fmt.Errorf("--mail-from is %q: it must be an address such as Acme <people@acme.example>", mailFrom)
	}
	if server.HelloName == "" {
		server.HelloName = defaultHello(os.Hostname, base)
	}
	if server.Password, err = readPassword(passwordFile); err != nil {
		return err
	}
	if err := checkServer(server); err != nil {
		return err
	}
	sender, err := smtp.New(server)
	if err != nil {
		return fmt.Errorf("setting up mail: %w", err)
	}
	o.Mail, o.OpenMail, o.OpenDirectory = sender, openMail(server.HelloName), openDirectory
	return nil
}

// openMail makes the sender for the mail server that an organization's Secret says, by our hello name unless the
// Secret has another.
func openMail(hello string) func(secret map[string][]byte) (mail.Sender, error) {
	return func(secret map[string][]byte) (mail.Sender, error) {
		options, err := smtp.ParseSecret(secret)
		if err != nil {
			return nil, err
		}
		options.HelloName = cmp.Or(options.HelloName, hello)
		return smtp.New(options)
	}
}

// defaultHello is this machine's name. Relays often insist on a full name, which that of a Pod is not: it is then the
// host of the pages, if that is one.
func defaultHello(machine func() (string, error), pages *url.URL) string {
	host := pages.Hostname()
	full := strings.Contains(host, ".") && net.ParseIP(host) == nil && smtp.IsHelloName(host)
	name, err := machine()
	if full && (err != nil || !strings.Contains(name, ".")) {
		return host
	}
	return name
}

// readPassword reads a file as editors and Secrets write it: the end of its line is no part of the password.
func readPassword(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	password, err := os.ReadFile(file) //nolint:gosec // the administrator names the file
	if err != nil {
		return "", fmt.Errorf("reading --mail-password-file: %w", err)
	}
	return strings.TrimRight(string(password), "\r\n"), nil
}

// parsePortalURL reads the beginning of every link.
func parsePortalURL(s string) (*url.URL, error) {
	base, err := url.Parse(s)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" ||
		base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("--portal-url is %q: it must be an address such as https://join.acme.example", s)
	}
	return base, nil
}

// checkServer says by which flag to correct what smtp.New would refuse.
func checkServer(server smtp.Options) error {
	switch {
	case server.Host == "":
		return errors.New("--mail-host is missing: it must be the name of the mail server, such as smtp.acme.example")
	case server.Port < 1 || server.Port > 65535:
		return fmt.Errorf("--mail-port is %d: it must be 1 to 65535, usually 587", server.Port)
	case !slices.Contains([]smtp.TLS{smtp.TLSRequired, smtp.TLSOpportunistic, smtp.TLSImplicit, smtp.TLSDisabled}, server.TLS):
		return fmt.Errorf("--mail-tls is %q: it must be %s, %s, %s or %s", server.TLS, smtp.TLSRequired, smtp.TLSOpportunistic, smtp.TLSImplicit, smtp.TLSDisabled)
	case server.HelloName != "" && !smtp.IsHelloName(server.HelloName):
		return fmt.Errorf("--mail-hello-name is %q: it must be a host name in ASCII, such as seatkeeper.acme.example", server.HelloName)
	case (server.Username == "") != (server.Password == ""):
		return errors.New("--mail-username and the password in the file that --mail-password-file names must be given together, or neither")
	}
	return nil
}
