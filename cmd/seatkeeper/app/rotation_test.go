// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	billingfake "seatkeeper.dev/seatkeeper/internal/billing/fake"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/internal/servingcert"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// period is for how long a certificate is served.
const period = 30 * 24 * time.Hour

// installed is config/default in the API server of the tests, which reaches the operator at one port of this machine.
type installed struct {
	client.Client
	objects []*unstructured.Unstructured
	// people is a namespace whose objects pass the webhooks, and ops the operator's own.
	people, ops string
	port        int
	clock       operator.Clock
}

// install applies what config/default has for the webhooks, and the operator's rights.
func install(t *testing.T) *installed {
	t.Helper()
	return installFrom(t, "config/default")
}

// installFrom does so with another kustomization.
func installFrom(t *testing.T, kustomization string) *installed {
	t.Helper()
	i := &installed{Client: env.Client(t), people: env.Namespace(t), ops: "seatkeeper-system", port: freePort(t)}
	file, err := os.Open(env.Rendered(t, kustomization))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for decoder := yaml.NewYAMLOrJSONDecoder(file, 4096); ; {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch o.GetKind() {
		case "Service":
			// The API server asks a Service of another name for its address: that is as near as it comes to a network.
			o.Object["spec"] = map[string]any{"type": "ExternalName", "externalName": "localhost"}
		case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
			i.redirect(t, o)
		case "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
		default:
			continue
		}
		i.objects = append(i.objects, o)
	}
	i.apply(t)
	return i
}

// redirect has webhooks called at the port, and for one namespace alone.
func (i *installed) redirect(t *testing.T, configuration *unstructured.Unstructured) {
	t.Helper()
	hooks, _, err := unstructured.NestedSlice(configuration.Object, "webhooks")
	if err != nil || len(hooks) == 0 {
		t.Fatalf("%s has the webhooks %v (%v)", configuration.GetName(), hooks, err)
	}
	for _, h := range hooks {
		h := h.(map[string]any)
		h["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": i.people}}
		h["clientConfig"].(map[string]any)["service"].(map[string]any)["port"] = int64(i.port)
	}
	if err := unstructured.SetNestedSlice(configuration.Object, hooks, "webhooks"); err != nil {
		t.Fatal(err)
	}
}

// apply does what `kubectl apply --server-side` does, and GitOps every few minutes.
func (i *installed) apply(t *testing.T) {
	t.Helper()
	for _, o := range i.objects {
		if err := i.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o.DeepCopy()), client.FieldOwner("git")); err != nil {
			t.Fatalf("applying %s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// run starts an operator with the rights that it has in a cluster, and returns when it says that it is ready.
func (i *installed) run(t *testing.T, port int) {
	t.Helper()
	i.start(t, app.Options{
		Webhook: &webhook.Options{Host: "127.0.0.1", Port: port},
		Rotate: &servingcert.Options{
			Namespace: i.ops, Service: "seatkeeper-webhook-service",
			Validating: "seatkeeper-validating-webhook-configuration", Mutating: "seatkeeper-mutating-webhook-configuration",
		},
	})
}

// start does so with other options.
func (i *installed) start(t *testing.T, o app.Options) {
	t.Helper()
	cfg := env.Config(t)
	account := "system:serviceaccount:" + i.ops
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: account + ":seatkeeper", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + i.ops, "system:authenticated"},
	}
	health := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	o.Namespace, o.Namespaces, o.MetricsAddress, o.HealthAddress = i.ops, []string{i.people}, "0", health
	o.PortalAddress, o.PortalURL = "127.0.0.1:0", &url.URL{Scheme: "http", Host: "join.acme.example"}
	o.MailFrom, o.Mail = mail.Address{Email: "people@acme.example"}, operator.Sender(t, operator.Mailbox(t))
	o.Billing, o.Clock = &billingfake.Provider{}, &i.clock
	mgr, err := app.New(ctx, cfg, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the operator ended with: %v", err)
		}
	})
	env.Eventually(t, func() error {
		response, err := http.Get("http://" + health + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			said, _ := io.ReadAll(response.Body)
			return fmt.Errorf("not ready: %s", said)
		}
		return nil
	})
}

// answers says whether each kind of webhook is asked, and answers.
func (i *installed) answers(ctx context.Context) error {
	u := build.User("probe").In(i.people, "probe").Obj()
	if err := i.Create(ctx, u, client.DryRunAll); err != nil {
		return err
	}
	if !controllerutil.ContainsFinalizer(u, v1alpha1.FinalizerArchive) {
		return errors.New("a User gets no finalizer")
	}
	lost := build.User("lost").In(i.people, "probe").TimeZone("Nowhere/Atlantis").Obj()
	if err := i.Create(ctx, lost, client.DryRunAll); !apierrors.IsInvalid(err) {
		return fmt.Errorf("a User in no time zone is not refused as invalid: %w", err)
	}
	return nil
}

func (i *installed) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	var secret corev1.Secret
	if err := i.Get(t.Context(), client.ObjectKey{Namespace: i.ops, Name: servingcert.SecretName}, &secret); err != nil {
		t.Fatal(err)
	}
	return &secret
}

// edit changes the Secret, which wakes up the operator, and waits until another certificate is the next one.
func (i *installed) edit(t *testing.T, change func(*corev1.Secret)) (before, after map[string][]byte) {
	t.Helper()
	secret := i.secret(t)
	before = secret.DeepCopy().Data
	change(secret)
	if err := i.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	env.Eventually(t, func() error {
		after = i.secret(t).Data
		if len(after["next.crt"]) == 0 || bytes.Equal(after["next.crt"], before["next.crt"]) {
			return errors.New("the next certificate is the same")
		}
		return i.bundled(t.Context(), after["next.crt"])
	})
	return before, after
}

// bundled says whether every webhook trusts a certificate.
func (i *installed) bundled(ctx context.Context, certificate []byte) error {
	var v admissionregistrationv1.ValidatingWebhookConfiguration
	var m admissionregistrationv1.MutatingWebhookConfiguration
	if err := errors.Join(
		i.Get(ctx, client.ObjectKey{Name: "seatkeeper-validating-webhook-configuration"}, &v),
		i.Get(ctx, client.ObjectKey{Name: "seatkeeper-mutating-webhook-configuration"}, &m)); err != nil {
		return err
	}
	bundles := map[string][]byte{}
	for _, h := range v.Webhooks {
		bundles[h.Name] = h.ClientConfig.CABundle
	}
	for _, h := range m.Webhooks {
		bundles[h.Name] = h.ClientConfig.CABundle
	}
	for name, bundle := range bundles {
		if !bytes.Contains(bundle, certificate) {
			return fmt.Errorf("the caBundle of %s does not have it", name)
		}
	}
	return nil
}

// meanwhile asks the webhooks all the time while something happens, and holds that they always answer.
func (i *installed) meanwhile(t *testing.T, happens func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asked := 0
	asking.Go(func() {
		for ; ctx.Err() == nil; asked++ {
			if err := i.answers(t.Context()); err != nil {
				t.Errorf("the webhooks do not answer: %v", err)
				return
			}
		}
	})
	happens()
	cancel()
	asking.Wait()
	if err := i.answers(t.Context()); err != nil || asked == 0 {
		t.Errorf("asked %d times, and then: %v", asked, err)
	}
}

// The operator serves the webhooks by itself, with the rights of config/default: the API server calls the Service, and
// trusts what it finds there, from the moment at which the operator says that it is ready.
func TestServingByOurOwnCertificate(t *testing.T) {
	i := install(t)
	i.clock.LeapTo(time.Now().Add(-31 * 24 * time.Hour)) // so that two rotations later, certificates are good in truth
	i.run(t, i.port)
	if err := i.answers(t.Context()); err != nil {
		t.Fatalf("ready, but: %v", err)
	}
	first := i.secret(t)

	t.Run("a second replica leaves it as it is", func(t *testing.T) {
		i.run(t, freePort(t))
		if now := i.secret(t); now.ResourceVersion != first.ResourceVersion {
			t.Error("it wrote to the Secret")
		}
		i.meanwhile(t, func() { i.apply(t) }) // as GitOps does, without the caBundle
	})
	for range 2 {
		t.Run("rotation refuses no call", func(t *testing.T) {
			i.meanwhile(t, func() {
				i.clock.LeapTo(i.clock.Now().Add(period))
				before, after := i.edit(t, func(s *corev1.Secret) { s.Annotations = map[string]string{"acme.example/wake": i.clock.Now().String()} })
				if !bytes.Equal(after["tls.crt"], before["next.crt"]) {
					t.Error("the next certificate is not served")
				}
			})
		})
	}
	t.Run("an emptied Secret is made up for", func(t *testing.T) {
		i.meanwhile(t, func() {
			before, after := i.edit(t, func(s *corev1.Secret) { s.Data = nil })
			if !bytes.Equal(after["tls.crt"], before["tls.crt"]) {
				t.Error("another certificate is served")
			}
		})
	})
	t.Run("a caBundle that is removed is put back", func(t *testing.T) {
		var v admissionregistrationv1.ValidatingWebhookConfiguration
		if err := i.Get(t.Context(), client.ObjectKey{Name: "seatkeeper-validating-webhook-configuration"}, &v); err != nil {
			t.Fatal(err)
		}
		for h := range v.Webhooks {
			v.Webhooks[h].ClientConfig.CABundle = nil
		}
		if err := i.Update(t.Context(), &v); err != nil {
			t.Fatal(err)
		}
		env.Eventually(t, func() error { return i.bundled(t.Context(), i.secret(t).Data["tls.crt"]) })
		env.Eventually(t, func() error { return i.answers(t.Context()) }) // the API server notices in its own time
	})
	t.Run("without the configurations a replica gets ready, and they are trusted when they come", func(t *testing.T) {
		for _, o := range i.objects {
			if strings.HasSuffix(o.GetKind(), "WebhookConfiguration") {
				if err := i.Delete(t.Context(), o.DeepCopy()); err != nil {
					t.Fatal(err)
				}
			}
		}
		i.run(t, freePort(t))
		i.apply(t)
		env.Eventually(t, func() error { return i.bundled(t.Context(), i.secret(t).Data["tls.crt"]) })
		env.Eventually(t, func() error { return i.answers(t.Context()) })
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
