// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command seatkeeper is the operator: it runs the membership of organizations as declared.
package main

import (
	"context"
	"flag"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	_ "time/tzdata" // minimal images have no time zones of their own

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/smtp"
)

func main() {
	if err := run(ctrl.SetupSignalHandler(), flag.CommandLine, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "seatkeeper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, flags *flag.FlagSet, args []string) error {
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
	var server smtp.Options
	var logging zap.Options
	var portalURL, mailFrom, passwordFile, mailTLS, namespaces string
	flags.StringVar(&o.Namespace, "namespace", "seatkeeper-system", "the operator's own namespace, for its Lease and its keys")
	flags.StringVar(&namespaces, "namespaces", "", "the namespaces whose organizations are run, separated by commas; all when empty")
	flags.BoolVar(&o.LeaderElect, "leader-elect", true, "let one replica at a time act; all of them serve pages and admission")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8080", `where metrics are served; "0" turns them off`)
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", `where /healthz and /readyz are served; "0" turns them off`)
	flags.StringVar(&o.Webhook.Host, "webhook-host", "", "the address on which admission is served; all when empty")
	flags.IntVar(&o.Webhook.Port, "webhook-port", webhook.DefaultPort, "the port on which admission is served")
	flags.StringVar(&o.Webhook.CertDir, "webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs", "where tls.crt and tls.key for admission are; they are read again when they change")
	flags.StringVar(&o.PortalAddress, "portal-bind-address", ":8090", "where the invitation pages are served")
	flags.StringVar(&portalURL, "portal-url", "", "the address at which people reach the invitation pages, such as https://join.acme.example; required")
	flags.Func("portal-trusted-proxies", "the networks of the proxies in front of the pages, such as 10.0.0.0/8, separated by commas; X-Forwarded-For is believed from these alone", func(list string) error {
		for network := range strings.SplitSeq(list, ",") {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				return err
			}
			o.TrustedProxies = append(o.TrustedProxies, prefix)
		}
		return nil
	})
	flags.StringVar(&server.Host, "mail-host", "", "the mail server that takes invitations; required")
	flags.IntVar(&server.Port, "mail-port", 587, "its port; 465 is encrypted from the first byte, others by STARTTLS")
	flags.StringVar(&mailTLS, "mail-tls", string(smtp.TLSRequired), "Required, Opportunistic or Disabled")
	flags.StringVar(&server.Username, "mail-username", "", "the user to log in to the mail server as; empty when it asks for none")
	flags.StringVar(&passwordFile, "mail-password-file", "", "the file that holds the password")
	flags.Float64Var(&o.MailsPerSecond, "mail-rate", 0, "how many mails may be sent in a second; no limit when 0")
	flags.StringVar(&mailFrom, "mail-from", "", `who sends the invitations, such as "Acme <people@acme.example>"; required`)
	logging.BindFlags(flags)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))
	server.TLS = smtp.TLS(mailTLS)
	if namespaces != "" {
		o.Namespaces = strings.Split(namespaces, ",")
	}
	return o, complete(&o, server, portalURL, mailFrom, passwordFile)
}

// complete checks what the flags say, and reads what they point to.
func complete(o *app.Options, server smtp.Options, portalURL, mailFrom, passwordFile string) error {
	base, err := url.Parse(portalURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("--portal-url is %q: it must be an address such as https://join.acme.example", portalURL)
	}
	o.PortalURL = base
	from, err := netmail.ParseAddress(mailFrom)
	if err != nil {
		return fmt.Errorf("--mail-from is %q: it must be an address such as Acme <people@acme.example>: %w", mailFrom, err)
	}
	o.MailFrom = mail.Address{Name: from.Name, Email: from.Address}
	if passwordFile != "" {
		password, err := os.ReadFile(passwordFile) //nolint:gosec // the administrator names the file
		if err != nil {
			return fmt.Errorf("reading --mail-password-file: %w", err)
		}
		server.Password = strings.TrimRight(string(password), "\r\n")
	}
	sender, err := smtp.New(server)
	if err != nil {
		return fmt.Errorf("setting up mail: %w", err)
	}
	o.Mail = sender
	return nil
}
