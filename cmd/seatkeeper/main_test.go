// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/mail"
)

// required are the flags without which there is no operator.
var required = []string{"--portal-url=https://join.acme.example", "--mail-from=Acme <people@acme.example>", "--mail-host=smtp.acme.example"}

// parsed is what parse makes of the required flags and more, the last of which count.
func parsed(more ...string) (app.Options, error) {
	flags := flag.NewFlagSet("seatkeeper", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return parse(flags, append(append([]string{}, required...), more...))
}

// defaults are what follows from the required flags alone.
func defaults(t *testing.T) app.Options {
	t.Helper()
	portal, err := parsePortalURL("https://join.acme.example")
	if err != nil {
		t.Fatal(err)
	}
	return app.Options{
		Namespace: "seatkeeper-system", LeaderElect: true,
		MetricsAddress: ":8080", HealthAddress: ":8081",
		Webhook:       &webhook.Options{Port: 9443, CertDir: "/tmp/k8s-webhook-server/serving-certs"},
		PortalAddress: ":8090", PortalURL: portal,
		MailFrom: mail.Address{Name: "Acme", Email: "people@acme.example"},
		Clock:    clock.RealClock{},
	}
}

func TestFlags(t *testing.T) {
	networks := func(all ...string) (prefixes []netip.Prefix) {
		for _, n := range all {
			prefixes = append(prefixes, netip.MustParsePrefix(n))
		}
		return prefixes
	}
	for why, tc := range map[string]struct {
		args []string
		set  func(*app.Options)
	}{
		"defaults":                   {nil, func(*app.Options) {}},
		"its own namespace":          {[]string{"--namespace=acme-ops"}, func(o *app.Options) { o.Namespace = "acme-ops" }},
		"one namespace":              {[]string{"--namespaces=acme"}, func(o *app.Options) { o.Namespaces = []string{"acme"} }},
		"two namespaces":             {[]string{"--namespaces=acme,globex"}, func(o *app.Options) { o.Namespaces = []string{"acme", "globex"} }},
		"all namespaces":             {[]string{"--namespaces="}, func(*app.Options) {}},
		"no leader":                  {[]string{"--leader-elect=false"}, func(o *app.Options) { o.LeaderElect = false }},
		"metrics and health off":     {[]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, func(o *app.Options) { o.MetricsAddress, o.HealthAddress = "0", "0" }},
		"addresses":                  {[]string{"--portal-bind-address=[::1]:80", "--metrics-bind-address=127.0.0.1:0"}, func(o *app.Options) { o.PortalAddress, o.MetricsAddress = "[::1]:80", "127.0.0.1:0" }},
		"admission":                  {[]string{"--webhook-host=::1", "--webhook-port=443", "--webhook-cert-dir=/certs"}, func(o *app.Options) { o.Webhook = &webhook.Options{Host: "::1", Port: 443, CertDir: "/certs"} }},
		"a pace":                     {[]string{"--mail-rate=2.5"}, func(o *app.Options) { o.MailsPerSecond = 2.5 }},
		"a bare sender":              {[]string{"--mail-from=people@acme.example"}, func(o *app.Options) { o.MailFrom.Name = "" }},
		"a sender in words":          {[]string{`--mail-from="Acme, Inc." <people@acme.example>`}, func(o *app.Options) { o.MailFrom.Name = "Acme, Inc." }},
		"a portal below a path":      {[]string{"--portal-url=https://join.acme.example/team/"}, func(o *app.Options) { o.PortalURL.Path = "/team/" }},
		"a proxy":                    {[]string{"--portal-trusted-proxies=10.0.0.0/8"}, func(o *app.Options) { o.TrustedProxies = networks("10.0.0.0/8") }},
		"two proxies":                {[]string{"--portal-trusted-proxies=10.0.0.0/8,fd00::/8"}, func(o *app.Options) { o.TrustedProxies = networks("10.0.0.0/8", "fd00::/8") }},
		"proxies, one after another": {[]string{"--portal-trusted-proxies=10.0.0.0/8", "--portal-trusted-proxies=192.0.2.1/32"}, func(o *app.Options) { o.TrustedProxies = networks("10.0.0.0/8", "192.0.2.1/32") }},
	} {
		t.Run(why, func(t *testing.T) {
			want := defaults(t)
			tc.set(&want)
			got, err := parsed(tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Mail == nil || got.Billing == nil {
				t.Error("nothing takes the mail, or bills the seats")
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(app.Options{}, "OpenMail", "Mail", "Billing"), cmpopts.IgnoreUnexported(webhook.Options{}),
				cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadFlags(t *testing.T) {
	const (
		address  = "it must be an address such as :8080"
		network  = "is not a network such as 10.0.0.0/8"
		portal   = "it must be an address such as https://join.acme.example"
		sender   = "it must be an address such as Acme <people@acme.example>"
		together = "must be given together, or neither"
	)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"--namespace=":                             "it must be the name of a namespace",
		"--namespace=Acme_Ops":                     "it must be the name of a namespace",
		"--namespaces=acme,":                       "names of namespaces, separated by commas alone",
		"--namespaces=acme, globex":                "names of namespaces, separated by commas alone",
		"--namespaces=*":                           "names of namespaces, separated by commas alone",
		"--leader-elect=perhaps":                   "invalid boolean value",
		"--metrics-bind-address=8080":              address,
		"--health-probe-bind-address=localhost":    address,
		"--portal-bind-address=0":                  address,
		"--portal-bind-address=":                   address,
		"--webhook-port=0":                         "it must be 1 to 65535",
		"--webhook-port=65536":                     "it must be 1 to 65535",
		"--webhook-port=https":                     "parse error",
		"--portal-url=":                            portal,
		"--portal-url=join.acme.example":           portal,
		"--portal-url=ftp://join.acme.example":     portal,
		"--portal-url=https://":                    portal,
		"--portal-url=https://:8443":               portal,
		"--portal-url=https://a b":                 portal,
		"--portal-url=https://join.acme.example?x": portal,
		"--portal-url=https://a:b@acme.example":    portal,
		"--portal-url=https://acme.example/#join":  portal,
		"--portal-trusted-proxies=":                network,
		"--portal-trusted-proxies=10.0.0.1":        network,
		"--portal-trusted-proxies=10.0.0.0/33":     network,
		"--portal-trusted-proxies=10.0.0.0/8,":     network,
		"--portal-trusted-proxies=proxy.acme":      network,
		"--stripe-url=http://api.stripe.example":   "--stripe-url: the base URL of Stripe's API is http://api.stripe.example: it must be https",
		"--mail-host=":                             "it must be the name of the mail server",
		"--mail-port=0":                            "it must be 1 to 65535, usually 587",
		"--mail-port=70000":                        "it must be 1 to 65535, usually 587",
		"--mail-tls=required":                      "it must be Required, Opportunistic or Disabled",
		"--mail-tls=":                              "it must be Required, Opportunistic or Disabled",
		"--mail-username=people":                   together,
		"--mail-password-file=" + password:         together,
		"--mail-password-file=/no/such/file":       "no such file",
		"--mail-rate=-1":                           "or 0 for no limit",
		"--mail-rate=NaN":                          "or 0 for no limit",
		"--mail-rate=many":                         "parse error",
		"--mail-from=":                             sender,
		"--mail-from=Acme":                         sender,
		"--mail-from=a@acme.example, b@acme.com":   sender,
		"--mail-from=people@münchen.example":       sender,
		`--mail-from="a b"@acme.example`:           sender,
		"--mail-from=people@[192.0.2.1]":           sender,
	} {
		t.Run(arg, func(t *testing.T) {
			_, err := parsed(arg)
			if err == nil {
				t.Fatal("it was taken for good")
			}
			name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			for _, w := range []string{"-" + name, want} {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not say %q: %v", w, err)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// What follows a word that is not a flag would be passed over.
func TestWords(t *testing.T) {
	_, err := parsed("--leader-elect", "false", "--namespaces=acme")
	if want := `"false" is not a flag: flags are given as --name=value`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPasswordFile(t *testing.T) {
	for why, tc := range map[string]struct{ content, want string }{
		"as it is":                {"secret", "secret"},
		"a newline at its end":    {"secret\n", "secret"},
		"a newline of Windows":    {"secret\r\n", "secret"},
		"spaces belong to it":     {" two words ", " two words "},
		"newlines inside as well": {"two\nlines\n", "two\nlines"},
	} {
		t.Run(why, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readPassword(file)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
			if _, err := parsed("--mail-username=people", "--mail-password-file="+file); err != nil {
				t.Error(err)
			}
		})
	}
}
