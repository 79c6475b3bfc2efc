// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mail/mailtest"
	"seatkeeper.dev/seatkeeper/internal/servingcert"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/build"
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
		Clock:    clock.RealClock{}, DirectoryRequestsPerSecond: 50,
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
		"defaults":               {nil, func(*app.Options) {}},
		"its own namespace":      {[]string{"--namespace=acme-ops"}, func(o *app.Options) { o.Namespace = "acme-ops" }},
		"one namespace":          {[]string{"--namespaces=acme"}, func(o *app.Options) { o.Namespaces = []string{"acme"} }},
		"two namespaces":         {[]string{"--namespaces=acme,globex"}, func(o *app.Options) { o.Namespaces = []string{"acme", "globex"} }},
		"all namespaces":         {[]string{"--namespaces="}, func(*app.Options) {}},
		"no leader":              {[]string{"--leader-elect=false"}, func(o *app.Options) { o.LeaderElect = false }},
		"metrics and health off": {[]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, func(o *app.Options) { o.MetricsAddress, o.HealthAddress = "0", "0" }},
		"addresses":              {[]string{"--portal-bind-address=[::1]:80", "--metrics-bind-address=127.0.0.1:0"}, func(o *app.Options) { o.PortalAddress, o.MetricsAddress = "[::1]:80", "127.0.0.1:0" }},
		"admission":              {[]string{"--webhook-host=::1", "--webhook-port=443", "--webhook-cert-dir=/certs"}, func(o *app.Options) { o.Webhook = &webhook.Options{Host: "::1", Port: 443, CertDir: "/certs"} }},
		"certificates of its own": {[]string{"--webhook-certs=Rotate", "--namespace=acme-ops"}, func(o *app.Options) {
			o.Namespace, o.Rotate = "acme-ops", &servingcert.Options{
				Namespace: "acme-ops", Service: "seatkeeper-webhook-service",
				Validating: "seatkeeper-validating-webhook-configuration", Mutating: "seatkeeper-mutating-webhook-configuration",
			}
		}},
		"certificates for other names": {[]string{
			"--webhook-certs=Rotate", "--webhook-service=hooks", "--webhook-validating-configuration=v", "--webhook-mutating-configuration=m",
		}, func(o *app.Options) {
			o.Rotate = &servingcert.Options{Namespace: "seatkeeper-system", Service: "hooks", Validating: "v", Mutating: "m"}
		}},
		"others' certificates":       {[]string{"--webhook-certs=Directory", "--webhook-cert-dir=/certs"}, func(o *app.Options) { o.Webhook.CertDir = "/certs" }},
		"a pace":                     {[]string{"--mail-rate=2.5"}, func(o *app.Options) { o.MailsPerSecond = 2.5 }},
		"a pace of directories":      {[]string{"--directory-rate-limit=7.5"}, func(o *app.Options) { o.DirectoryRequestsPerSecond = 7.5 }},
		"any pace of directories":    {[]string{"--directory-rate-limit=0"}, func(o *app.Options) { o.DirectoryRequestsPerSecond = 0 }},
		"names for Kubernetes":       {[]string{"--kubernetes-user-name=oidc:{{.Email}}"}, func(o *app.Options) { o.Names, _ = bindings.ParseNames("oidc:{{.Email}}") }},
		"a front":                    {[]string{"--shards=3"}, func(o *app.Options) { o.Front = true }},
		"a shard":                    {[]string{"--shards=3", "--shard=2"}, func(o *app.Options) { o.Shard = &shards.Shard{Number: 2, Of: 3} }},
		"another replica of a shard": {[]string{"--shards=3", "--shard=5"}, func(o *app.Options) { o.Shard = &shards.Shard{Number: 2, Of: 3} }},
		"implicit TLS":               {[]string{"--mail-tls=Implicit", "--mail-port=2465"}, func(*app.Options) {}},
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
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(app.Options{}, "OpenMail", "OpenDirectory", "Mail", "Billing"), cmpopts.IgnoreUnexported(app.Options{}, webhook.Options{}),
				cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(sameNames)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// sameNames says that two name somebody the same.
func sameNames(a, b bindings.Names) bool {
	jean := build.User("jean").Obj()
	one, err := a.Of(jean)
	other, failed := b.Of(jean)
	return one == other && err == nil && failed == nil
}

// Flags that are fine by themselves, and wrong with --webhook-certs=Rotate.
func TestBadFlagsOfRotation(t *testing.T) {
	for arg, want := range map[string]string{
		"--webhook-cert-dir=/certs":                "--webhook-cert-dir is for --webhook-certs=Directory, and --webhook-certs is Rotate",
		"--webhook-service=hooks.acme":             "--webhook-service is \"hooks.acme\": it must be the name of a Service",
		"--webhook-service=":                       "--webhook-service is \"\": it must be the name of a Service",
		"--webhook-validating-configuration=Hooks": "--webhook-validating-configuration is \"Hooks\": it must be the name of a webhook configuration",
		"--webhook-mutating-configuration=":        "--webhook-mutating-configuration is \"\": it must be the name of a webhook configuration",
	} {
		t.Run(arg, func(t *testing.T) {
			if _, err := parsed("--webhook-certs=Rotate", arg); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that says %q", err, want)
			}
		})
	}
}

func TestBadFlags(t *testing.T) {
	const (
		modes    = "it must be Required, Opportunistic, Implicit or Disabled"
		hello    = "it must be a host name in ASCII, such as seatkeeper.acme.example"
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
		"--shards=-1":                              "it must be 1 to 256, or 0",
		"--shards=257":                             "it must be 1 to 256, or 0",
		"--shards=few":                             "parse error",
		"--shard=-2":                               "it must be 0 or more",
		"--shard=0":                                "needs --shards",
		"--leader-elect=perhaps":                   "invalid boolean value",
		"--metrics-bind-address=8080":              address,
		"--health-probe-bind-address=localhost":    address,
		"--portal-bind-address=0":                  address,
		"--portal-bind-address=":                   address,
		"--webhook-port=0":                         "it must be 1 to 65535",
		"--webhook-port=65536":                     "it must be 1 to 65535",
		"--webhook-port=https":                     "parse error",
		"--webhook-certs=":                         "it must be Rotate or Directory",
		"--webhook-certs=rotate":                   "it must be Rotate or Directory",
		"--webhook-service=hooks":                  "is for --webhook-certs=Rotate, and --webhook-certs is Directory",
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
		"--mail-tls=required":                      modes,
		"--mail-tls=":                              modes,
		"--mail-hello-name=seat keeper":            hello,
		"--mail-hello-name=https://acme.example":   hello,
		"--mail-username=people":                   together,
		"--mail-password-file=" + password:         together,
		"--mail-password-file=/no/such/file":       "no such file",
		"--mail-rate=-1":                           "or 0 for no limit",
		"--mail-rate=NaN":                          "or 0 for no limit",
		"--mail-rate=many":                         "parse error",
		"--directory-rate-limit=-1":                "or 0 for no limit",
		"--directory-rate-limit=NaN":               "or 0 for no limit",
		"--kubernetes-user-name=system:{{.Name}}":  "is for Kubernetes itself",
		"--kubernetes-user-name={{.Phone}}":        "evaluate field Phone",
		"--kubernetes-user-name=":                  "the name is empty",
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

func TestDefaultHello(t *testing.T) {
	for why, tc := range map[string]struct{ machine, portal, want string }{
		"a machine with a full name":       {"mail.acme.example", "https://join.acme.example", "mail.acme.example"},
		"a Pod":                            {"seatkeeper-6f1c-1", "https://join.acme.example:8443/team", "join.acme.example"},
		"no name at all":                   {"", "https://join.acme.example", "join.acme.example"},
		"pages without a full name":        {"seatkeeper-6f1c-1", "http://localhost:8090", "seatkeeper-6f1c-1"},
		"pages at an address":              {"seatkeeper-6f1c-1", "http://192.0.2.1:8090", "seatkeeper-6f1c-1"},
		"pages at an IPv6 address":         {"seatkeeper-6f1c-1", "http://[::ffff:192.0.2.1]:8090", "seatkeeper-6f1c-1"},
		"pages whose name is beyond ASCII": {"seatkeeper-6f1c-1", "https://m\u00fcnchen.example", "seatkeeper-6f1c-1"},
	} {
		t.Run(why, func(t *testing.T) {
			portal, err := parsePortalURL(tc.portal)
			if err != nil {
				t.Fatal(err)
			}
			machine := func() (string, error) {
				if tc.machine == "" {
					return "", errors.New("it has no name")
				}
				return tc.machine, nil
			}
			if got := defaultHello(machine, portal); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// hellos is a mail server that notes how it is greeted, and wants no mail.
func hellos(t *testing.T) (port string, lines <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	noted := make(chan string, 1)
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 Hello\r\n")
			line, _ := bufio.NewReader(conn).ReadString('\n')
			noted <- line
			_ = conn.Close()
		}
	})
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, noted
}

func TestHelloName(t *testing.T) {
	port, lines := hellos(t)
	secret := map[string][]byte{"host": []byte("127.0.0.1"), "port": []byte(port), "tls": []byte("Disabled")}
	named := maps.Clone(secret)
	named["hello"] = []byte("mail.globex.example")
	portal, err := parsePortalURL("https://join.acme.example")
	if err != nil {
		t.Fatal(err)
	}
	for why, tc := range map[string]struct {
		args   []string
		secret map[string][]byte // nil for the operator's own server
		want   string
	}{
		"default":                             {nil, nil, defaultHello(os.Hostname, portal)},
		"default, of an organization":         {nil, secret, defaultHello(os.Hostname, portal)},
		"given":                               {[]string{"--mail-hello-name=hi.acme.example"}, nil, "hi.acme.example"},
		"given, of an organization":           {[]string{"--mail-hello-name=hi.acme.example"}, secret, "hi.acme.example"},
		"an organization's, before the given": {[]string{"--mail-hello-name=hi.acme.example"}, named, "mail.globex.example"},
	} {
		t.Run(why, func(t *testing.T) {
			o, err := parsed(append([]string{"--mail-host=127.0.0.1", "--mail-port=" + port, "--mail-tls=Disabled"}, tc.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			sender := o.Mail
			if tc.secret != nil {
				if sender, err = o.OpenMail(tc.secret); err != nil {
					t.Fatal(err)
				}
			}
			if err := sender.Send(t.Context(), mailtest.Invitation()); err == nil {
				t.Error("there is nobody who took the mail")
			}
			if got, want := <-lines, "EHLO "+tc.want+"\r\n"; got != want {
				t.Errorf("the server is greeted by %q, want %q", got, want)
			}
		})
	}
}
