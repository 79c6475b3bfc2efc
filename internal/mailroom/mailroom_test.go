// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailroom_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	env.Main(m)
}

// server is a mail server that a Secret says. It knows when it is let go.
type server struct {
	host   string
	closed chan struct{}
}

func (*server) Send(context.Context, mail.Message) error { return nil }

func (s *server) Close() error {
	close(s.closed)
	return nil
}

// reader counts what is read from the API server.
type reader struct {
	client.Reader
	mu    sync.Mutex
	reads int
}

func (r *reader) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return r.Reader.Get(ctx, key, o, options...)
}

// read returns how often something was read since the last time.
func (r *reader) read() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.reads
	r.reads = 0
	return n
}

type room struct {
	*mailroom.Mailroom
	live  *reader
	clock *clocktesting.FakeClock
	ns    string
}

func open(t *testing.T) room {
	t.Helper()
	r := room{live: &reader{Reader: env.Client(t)}, clock: clocktesting.NewFakeClock(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)), ns: env.Namespace(t)}
	r.Mailroom = mailroom.New(mailroom.Options{
		Live: r.live, Cache: env.Client(t), Clock: r.clock, From: mail.Address{Email: "people@operator.example"},
		Sender: &server{host: "the operator's"},
		Open: func(data map[string][]byte) (mail.Sender, error) {
			if len(data["host"]) == 0 {
				return nil, errors.New("key host is missing")
			}
			return &server{host: string(data["host"]), closed: make(chan struct{})}, nil
		},
	})
	return r
}

func (r room) secret(t *testing.T, name, host string) *corev1.Secret {
	t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: name}, Data: map[string][]byte{"host": []byte(host)}}
	if err := env.Client(t).Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (r room) organization(secret string) *v1alpha1.Organization {
	return build.Organization("acme").In(r.ns).Mail(v1alpha1.OrganizationMail{SMTPSecretRef: v1alpha1.SecretReference{Name: secret}}).Obj()
}

// sender is the server that takes an organization's mail.
func (r room) sender(t *testing.T, secret string) *server {
	t.Helper()
	s, err := r.SenderOf(t.Context(), r.organization(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*server)
}

func update(t *testing.T, o client.Object) {
	t.Helper()
	if err := env.Client(t).Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func TestServerFollowsItsSecret(t *testing.T) {
	r := open(t)
	secret := r.secret(t, "smtp", "one.example")
	first := r.sender(t, "smtp")
	r.clock.Step(10*time.Second - 1)
	if again := r.sender(t, "smtp"); again != first || first.host != "one.example" || r.live.read() != 1 {
		t.Errorf("a wave opens %q again, or reads the Secret again", again.host)
	}
	r.clock.Step(1)
	if again := r.sender(t, "smtp"); again != first || r.live.read() != 1 {
		t.Error("what is as it was is opened anew, or not looked at")
	}
	secret.Data["host"] = []byte("two.example")
	update(t, secret)
	r.clock.Step(10 * time.Second)
	if second := r.sender(t, "smtp"); second.host != "two.example" {
		t.Errorf("the Secret says another server, and mail goes to %s", second.host)
	}
	<-first.closed
}

func TestServerThatNobodyUses(t *testing.T) {
	r := open(t)
	r.secret(t, "old", "old.example")
	r.secret(t, "new", "new.example")
	old, next := r.sender(t, "old"), r.sender(t, "new")
	r.clock.Step(10 * time.Minute)
	r.sender(t, "new")
	r.clock.Step(1)
	r.sender(t, "new")
	<-old.closed
	if r.sender(t, "old") == old || r.sender(t, "new") != next {
		t.Error("one that was let go is used, or one in use was let go")
	}
}

func TestServersThatCannotBeHad(t *testing.T) {
	r := open(t)
	secret := r.secret(t, "broken", "")
	for name, words := range map[string]string{
		"missing": "there is no Secret missing, which spec.mail.smtpSecretRef of the organization names: create it",
		"broken":  "reading Secret broken: key host is missing",
	} {
		_, err := r.SenderOf(t.Context(), r.organization(name))
		if !errors.Is(err, mail.ErrUnavailable) || mail.Words(err) != words {
			t.Errorf("%s: %v, want an outage with the words %q", name, err, words)
		}
	}
	secret.Data["host"] = []byte("mended.example")
	update(t, secret)
	r.live.read()
	if _, err := r.SenderOf(t.Context(), r.organization("broken")); err == nil || r.live.read() != 0 {
		t.Error("each mail of a wave looks at a Secret that is no use")
	}
	r.clock.Step(time.Second)
	if s := r.sender(t, "broken"); s.host != "mended.example" {
		t.Errorf("the Secret is mended, and mail goes to %s", s.host)
	}
	secret.Data["host"] = nil
	update(t, secret)
	r.clock.Step(10 * time.Second)
	if _, err := r.SenderOf(t.Context(), r.organization("broken")); err == nil {
		t.Error("mail goes to a server that the Secret does not say any more")
	}
}

func TestOperatorsServer(t *testing.T) {
	r := open(t)
	if s := r.sender(t, ""); s.host != "the operator's" || r.live.read() != 0 {
		t.Errorf("an organization without a server uses %s", s.host)
	}
	if mailroom.Server(r.organization("")) != "" || mailroom.Server(r.organization("smtp")) != r.ns+"/smtp" {
		t.Error("servers are not told apart")
	}
}

func TestAddresses(t *testing.T) {
	r := open(t)
	for why, c := range map[string]struct {
		mail          v1alpha1.OrganizationMail
		from, replyTo string
		fails         string
	}{
		"none":         {from: "people@operator.example"},
		"own":          {mail: v1alpha1.OrganizationMail{From: "Acme <a@acme.example>", ReplyTo: "h@acme.example"}, from: "a@acme.example", replyTo: "h@acme.example"},
		"replies only": {mail: v1alpha1.OrganizationMail{ReplyTo: "h@acme.example"}, from: "people@operator.example", replyTo: "h@acme.example"},
		"no sender":    {mail: v1alpha1.OrganizationMail{From: "Acme"}, fails: "mail.from"},
		"no replies":   {mail: v1alpha1.OrganizationMail{ReplyTo: "Acme"}, fails: "mail.replyTo"},
	} {
		org := build.Organization("acme").Mail(c.mail).Obj()
		from, replyTo, err := r.Addresses(org)
		if c.fails != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.fails) || mailroom.CheckAddresses(org) == nil {
				t.Errorf("%s: %v, want an error about %s", why, err, c.fails)
			}
			continue
		}
		if err != nil || from.Email != c.from || (replyTo != nil) != (c.replyTo != "") || replyTo != nil && replyTo.Email != c.replyTo {
			t.Errorf("%s: from %v, replies to %v, %v", why, from, replyTo, err)
		}
	}
}

func TestTemplatesFollowTheirConfigMap(t *testing.T) {
	r := open(t)
	org := build.Organization("acme").In(r.ns).Templates("mails").Obj()
	of := func() (found bool, problems int, locale string) {
		t.Helper()
		own, wrong, found, err := r.TemplatesOf(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		return found, len(wrong), string(own.Match("de"))
	}
	if found, _, _ := of(); found || r.live.read() != 0 {
		t.Error("templates are found where there are none")
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: "mails"}, Data: map[string]string{
		"de.subject": "Einladung", "de.text": "{{.Link}}",
	}}
	if err := env.Client(t).Create(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if found, problems, locale := of(); !found || problems != 0 || locale != "de" {
			t.Errorf("found %t, with %d problems, in %s", found, problems, locale)
		}
	}
	if n := r.live.read(); n != 1 {
		t.Errorf("what has not changed is read %d times", n)
	}
	config.Data["de.text"] = "{{.Link}} {{.Nonsense}}"
	update(t, config)
	if found, problems, locale := of(); !found || problems != 1 || locale != "en" {
		t.Errorf("with a mistake: found %t, with %d problems, in %s", found, problems, locale)
	}
	if err := env.Client(t).Delete(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if found, problems, locale := of(); found || problems != 0 || locale != "en" {
		t.Errorf("without the ConfigMap: found %t, with %d problems, in %s", found, problems, locale)
	}
	org.Spec.Invitation.Templates.Name = ""
	if found, _, _ := of(); found {
		t.Error("an organization without templates has some")
	}
}

// Many workers send at once: they share what is open.
func TestOneServerForAll(t *testing.T) {
	r := open(t)
	r.secret(t, "smtp", "one.example")
	senders := make([]*server, 16)
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() { senders[i] = r.sender(t, "smtp") })
	}
	sending.Wait()
	if n := r.live.read(); n != 1 || len(slices.Compact(senders)) != 1 {
		t.Errorf("the Secret is read %d times, and %d servers are open", n, len(slices.Compact(senders)))
	}
}
