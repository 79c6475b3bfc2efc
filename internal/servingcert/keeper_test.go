// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	testingclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	env.Main(m)
}

// site is a namespace for an operator, with the webhook configurations that call it.
type site struct {
	client.Client
	options    Options
	clock      *testingclock.FakePassiveClock
	validating *admissionregistrationv1.ValidatingWebhookConfiguration
	mutating   *admissionregistrationv1.MutatingWebhookConfiguration
}

func newSite(t *testing.T) *site {
	t.Helper()
	ns := env.Namespace(t)
	service := func(path string) admissionregistrationv1.WebhookClientConfig {
		return admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: ns, Name: "hooks", Path: &path}}
	}
	nothing := &metav1.LabelSelector{MatchLabels: map[string]string{"nothing": "has-this"}}
	s := &site{
		Client: env.Client(t), options: Options{Namespace: ns, Service: "hooks", Validating: ns + "-v", Mutating: ns + "-m"},
		clock:      testingclock.NewFakePassiveClock(start),
		validating: &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ns + "-v"}},
		mutating:   &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ns + "-m"}},
	}
	for _, name := range []string{"one.hooks.example", "two.hooks.example"} {
		s.validating.Webhooks = append(s.validating.Webhooks, admissionregistrationv1.ValidatingWebhook{
			Name: name, ClientConfig: service("/" + name), NamespaceSelector: nothing, AdmissionReviewVersions: []string{"v1"},
			SideEffects:     ptr.To(admissionregistrationv1.SideEffectClassNone),
			MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "always", Expression: "true"}},
		})
	}
	s.mutating.Webhooks = []admissionregistrationv1.MutatingWebhook{{
		Name: "one.hooks.example", ClientConfig: service("/m"), NamespaceSelector: nothing, AdmissionReviewVersions: []string{"v1"},
		SideEffects: ptr.To(admissionregistrationv1.SideEffectClassNone),
	}}
	s.create(t, s.validating, s.mutating)
	return s
}

func (s *site) create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		o.SetResourceVersion("")
		if err := s.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// replica is one that has just started.
func (s *site) replica() *Keeper {
	k := New(s.options, s.clock)
	k.live = s.Client
	return k
}

func (s *site) pass(t *testing.T, k *Keeper) reconcile.Result {
	t.Helper()
	result, err := k.Reconcile(t.Context(), reconcile.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (s *site) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	var secret corev1.Secret
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.options.Namespace, Name: SecretName}, &secret); err != nil {
		t.Fatal(err)
	}
	return &secret
}

// versions are those of all that a keeper writes.
func (s *site) versions(t *testing.T) []string {
	t.Helper()
	versions := []string{s.secret(t).ResourceVersion}
	for _, o := range []client.Object{s.validating, s.mutating} {
		if err := s.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			t.Fatal(err)
		}
		versions = append(versions, o.GetResourceVersion())
	}
	return versions
}

// trusted holds that every webhook trusts what the replica serves.
func (s *site) trusted(t *testing.T, k *Keeper) {
	t.Helper()
	s.versions(t)
	for _, c := range append(callers(s.validating), callers(s.mutating)...) {
		if err := trusts(c.CABundle, k.served.Load(), "hooks."+s.options.Namespace+".svc", s.clock.Now()); err != nil {
			t.Errorf("the webhook at %s: %v", *c.Service.Path, err)
		}
	}
}

func TestReplicasThatStartAtOnceAgree(t *testing.T) {
	s := newSite(t)
	replicas := make([]*Keeper, 4)
	failures := make([]error, len(replicas))
	var all sync.WaitGroup
	for i := range replicas {
		replicas[i] = s.replica()
		all.Go(func() { _, failures[i] = replicas[i].Reconcile(t.Context(), reconcile.Request{}) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	for i, k := range replicas {
		if !bytes.Equal(k.served.Load().chain, s.secret(t).Data[keyCurrent]) {
			t.Errorf("replica %d serves something of its own", i)
		}
	}
	s.trusted(t, replicas[0])
}

// A restart, a second replica, an hour that has passed: nothing is written.
func TestQuiet(t *testing.T) {
	s := newSite(t)
	s.pass(t, s.replica())
	before := s.versions(t)
	s.clock.SetTime(start.Add(time.Hour))
	another := s.replica()
	if result := s.pass(t, another); result.RequeueAfter != checked {
		t.Errorf("it looks again after %s, want %s", result.RequeueAfter, checked)
	}
	if err := another.Ready(nil); err != nil {
		t.Errorf("where all is in place, a replica is not ready at once: %v", err)
	}
	if diff := cmp.Diff(before, s.versions(t)); diff != "" {
		t.Errorf("written to (-before +after):\n%s", diff)
	}
}

func TestRotationOnTime(t *testing.T) {
	s := newSite(t)
	first, second := s.replica(), s.replica()
	s.pass(t, first)
	s.pass(t, second)
	before := s.secret(t).Data
	s.clock.SetTime(start.Add(period - time.Minute))
	if result := s.pass(t, first); result.RequeueAfter != time.Minute {
		t.Errorf("a minute before, it looks again after %s", result.RequeueAfter)
	}
	s.clock.SetTime(start.Add(period))
	s.pass(t, second)
	after := s.secret(t).Data
	if !bytes.Equal(after[keyCurrent], before[keyNext]) || bytes.Equal(after[keyNext], before[keyNext]) {
		t.Error("the next certificate did not take over")
	}
	s.trusted(t, first) // which has not noticed
	s.trusted(t, second)
	s.pass(t, first)
	if !bytes.Equal(first.served.Load().chain, after[keyCurrent]) {
		t.Error("the replica that did not rotate serves the one before")
	}
}

func TestRepairs(t *testing.T) {
	for why, edit := range map[string]func(t *testing.T, s *site){
		"the Secret is emptied": func(t *testing.T, s *site) {
			secret := s.secret(t)
			secret.Data = nil
			if err := s.Update(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
		},
		"the Secret is edited": func(t *testing.T, s *site) {
			secret := s.secret(t)
			secret.Data[keyCurrent], secret.Data["note"] = []byte("mine"), []byte("hello")
			if err := s.Update(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
		},
		"the Secret is deleted": func(t *testing.T, s *site) {
			if err := s.Delete(t.Context(), s.secret(t)); err != nil {
				t.Fatal(err)
			}
		},
		"a caBundle is removed": func(t *testing.T, s *site) {
			s.versions(t)
			s.validating.Webhooks[1].ClientConfig.CABundle = nil
			if err := s.Update(t.Context(), s.validating); err != nil {
				t.Fatal(err)
			}
		},
		"a configuration is made anew": func(t *testing.T, s *site) {
			s.versions(t)
			if err := s.Delete(t.Context(), s.mutating.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			s.mutating.Webhooks[0].ClientConfig.CABundle = nil
			s.create(t, s.mutating)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newSite(t)
			k := s.replica()
			s.pass(t, k)
			served := k.served.Load().chain
			edit(t, s)
			s.pass(t, k)
			s.trusted(t, k)
			if !bytes.Equal(k.served.Load().chain, served) {
				t.Error("it serves another one now, which the API server may not trust yet")
			}
			c := stored(s.secret(t).Data)
			if c.current == nil || c.next == nil || !bytes.Equal(c.current.chain, served) {
				t.Errorf("the Secret has %d keys, and not what is served", len(s.secret(t).Data))
			}
			before := s.versions(t)
			s.pass(t, k)
			if diff := cmp.Diff(before, s.versions(t)); diff != "" {
				t.Errorf("the next pass writes again (-before +after):\n%s", diff)
			}
		})
	}
}

// Nothing but the caBundles is written to the configurations.
func TestConfigurationsStayAsTheyAre(t *testing.T) {
	s := newSite(t)
	v, m := s.validating.DeepCopy(), s.mutating.DeepCopy()
	k := s.replica()
	s.pass(t, k)
	s.versions(t)
	for _, c := range append(callers(v), callers(m)...) {
		c.CABundle = s.validating.Webhooks[0].ClientConfig.CABundle
	}
	if diff := cmp.Diff([]any{v.Webhooks, m.Webhooks}, []any{s.validating.Webhooks, s.mutating.Webhooks}); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestReady(t *testing.T) {
	s := newSite(t)
	k := s.replica()
	if _, err := k.GetCertificate(nil); err == nil || k.Ready(nil) == nil {
		t.Fatal("ready before it has a certificate")
	}
	if result := s.pass(t, k); result.RequeueAfter != noticed || k.Ready(nil) == nil {
		t.Errorf("right after the API server was told, it is ready: %v, or looks again after %s", k.Ready(nil), result.RequeueAfter)
	}
	s.clock.SetTime(start.Add(noticed))
	s.pass(t, k)
	if err := k.Ready(nil); err != nil {
		t.Error(err)
	}
}

// unreadable has no right to read what has a name.
type unreadable struct {
	client.Client
	name string
}

// Get implements client.Client.
func (c unreadable) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if key.Name == c.name {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "mutatingwebhookconfigurations"}, key.Name, errors.New("no rights"))
	}
	return c.Client.Get(ctx, key, o, options...)
}

// A configuration that cannot be read may be there.
func TestNotReadyWhileAConfigurationCannotBeRead(t *testing.T) {
	s := newSite(t)
	k := s.replica()
	k.live = unreadable{s.Client, s.options.Mutating}
	for range 2 {
		if _, err := k.Reconcile(t.Context(), reconcile.Request{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), s.options.Mutating) {
			t.Errorf("got %v, want that there is no right to read %s", err, s.options.Mutating)
		}
		s.clock.SetTime(s.clock.Now().Add(time.Minute))
	}
	if k.Ready(nil) == nil {
		t.Error("ready, and nobody knows what the API server trusts")
	}
	s.trustsOf(t, k, s.validating)
}

// Where there is nothing to write, a replica gets ready without: the pages of one that is not are not reached. Once there
// is, it is written.
func TestLeftAlone(t *testing.T) {
	annotate := func(annotation, value string) func(t *testing.T, s *site) {
		return func(t *testing.T, s *site) {
			s.mutating.Annotations = map[string]string{annotation: value}
			if err := s.Update(t.Context(), s.mutating); err != nil {
				t.Fatal(err)
			}
		}
	}
	release := func(t *testing.T, s *site) {
		s.versions(t)
		s.mutating.Annotations = nil
		if err := s.Update(t.Context(), s.mutating); err != nil {
			t.Fatal(err)
		}
	}
	for why, c := range map[string]struct {
		away, back func(t *testing.T, s *site)
		// logged is what the one line about it says.
		logged string
	}{
		"it was never installed": {
			func(t *testing.T, s *site) {
				if err := s.Delete(t.Context(), s.mutating.DeepCopy()); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, s *site) { s.create(t, s.mutating) }, "it is not there",
		},
		"cert-manager writes it":                      {annotate("cert-manager.io/inject-ca-from", "ops/hooks"), release, "annotation cert-manager.io/inject-ca-from,"},
		"cert-manager writes it from a Secret":        {annotate("cert-manager.io/inject-ca-from-secret", "ops/hooks"), release, "annotation cert-manager.io/inject-ca-from-secret,"},
		"cert-manager writes the API server's own CA": {annotate("cert-manager.io/inject-apiserver-ca", "true"), release, "annotation cert-manager.io/inject-apiserver-ca,"},
	} {
		t.Run(why, func(t *testing.T) {
			s := newSite(t)
			c.away(t, s)
			k := s.replica()
			logged := s.passes(t, k, 3)
			if err := k.Ready(nil); err != nil {
				t.Error(err)
			}
			if len(logged) != 1 || !strings.Contains(logged[0], c.logged) || !strings.Contains(logged[0], s.options.Mutating) {
				t.Errorf("logged %q, want one line that names %s and says %q", logged, s.options.Mutating, c.logged)
			}
			s.trustsOf(t, k, s.validating)
			s.bundleIs(t, nil)
			c.back(t, s)
			if again := s.passes(t, k, 2); len(again) > 0 {
				t.Errorf("logged %q, and it is not left alone any more", again)
			}
			s.trusted(t, k)
		})
	}
}

// What cert-manager wrote, it wrote for good reason.
func TestOthersBundleStays(t *testing.T) {
	s := newSite(t)
	k := s.replica()
	s.passes(t, k, 2)
	s.versions(t)
	other, err := issue(names, start, period)
	if err != nil {
		t.Fatal(err)
	}
	s.mutating.Annotations = map[string]string{"cert-manager.io/inject-ca-from": "ops/hooks"}
	s.mutating.Webhooks[0].ClientConfig.CABundle = other.chain
	if err := s.Update(t.Context(), s.mutating); err != nil {
		t.Fatal(err)
	}
	before := s.versions(t)
	if logged := s.passes(t, k, 3); len(logged) != 1 {
		t.Errorf("logged %q, want one line", logged)
	}
	if diff := cmp.Diff(before, s.versions(t)); diff != "" {
		t.Errorf("written to (-before +after):\n%s", diff)
	}
	s.bundleIs(t, other.chain)
	if err := k.Ready(nil); err != nil {
		t.Error(err)
	}
}

// An annotation that names nothing has cert-manager write nothing.
func TestAnnotationThatNamesNothing(t *testing.T) {
	s := newSite(t)
	s.mutating.Annotations = map[string]string{"cert-manager.io/inject-ca-from": ""}
	if err := s.Update(t.Context(), s.mutating); err != nil {
		t.Fatal(err)
	}
	k := s.replica()
	s.passes(t, k, 1)
	s.trusted(t, k)
}

// passes are some in a row, a minute apart, and what they log of configurations that are left alone.
func (s *site) passes(t *testing.T, k *Keeper, n int) (left []string) {
	t.Helper()
	ctx := log.IntoContext(t.Context(), funcr.New(func(_, line string) {
		if strings.Contains(line, "left alone") {
			left = append(left, line)
		}
	}, funcr.Options{}))
	for range n {
		if _, err := k.Reconcile(ctx, reconcile.Request{}); err != nil {
			t.Fatal(err)
		}
		s.clock.SetTime(s.clock.Now().Add(time.Minute))
	}
	return left
}

// trustsOf holds that one configuration is written, whatever is the matter with the other.
func (s *site) trustsOf(t *testing.T, k *Keeper, o client.Object) {
	t.Helper()
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		t.Fatal(err)
	}
	for _, c := range callers(o) {
		if err := trusts(c.CABundle, k.served.Load(), k.names[0], s.clock.Now()); err != nil {
			t.Errorf("the webhook at %s: %v", *c.Service.Path, err)
		}
	}
}

// bundleIs holds that the mutating configuration, if there is one, trusts this and nothing else.
func (s *site) bundleIs(t *testing.T, want []byte) {
	t.Helper()
	var m admissionregistrationv1.MutatingWebhookConfiguration
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(s.mutating), &m); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	for _, c := range callers(&m) {
		if !bytes.Equal(c.CABundle, want) {
			t.Errorf("the webhook at %s trusts\n%s\nwant\n%s", *c.Service.Path, c.CABundle, want)
		}
	}
}
