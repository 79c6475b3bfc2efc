// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package servingcert makes and renews the certificate that the webhooks are served with, and has the API server trust
// it. All replicas share one Secret, and each of them does the work when it is the first to notice.
package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// SecretName is the name of the Secret, in the operator's own namespace.
const SecretName = "seatkeeper-serving-certificate"

const (
	// noticed is after how long every API server knows a configuration that was changed.
	noticed = 2 * time.Second
	// checked is how often the time is looked at: a timer does not notice that a machine slept.
	checked = 12 * time.Hour
)

// Options say what the certificate is for.
type Options struct {
	// Namespace is the operator's own, and Service the one in it by which the API server calls the webhooks.
	Namespace, Service string
	// Validating and Mutating are the names of the configurations that have it call them.
	Validating, Mutating string
}

// Keeper keeps the certificate of one replica.
type Keeper struct {
	options Options
	names   []string
	clock   clock.PassiveClock
	// live does not read from a cache.
	live client.Client

	served atomic.Pointer[pair]
	// changed is when this replica last changed something; left is why it leaves a configuration alone, by its kind and
	// name. Passes alone use them.
	changed time.Time
	left    map[string]string
	ready   atomic.Bool
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// New returns a keeper that serves nothing until the manager of SetupWithManager runs.
func New(o Options, c clock.PassiveClock) *Keeper {
	host := o.Service + "." + o.Namespace + ".svc"
	return &Keeper{options: o, names: []string{host, host + ".cluster.local"}, clock: c, left: map[string]string{}}
}

// GetCertificate is for a tls.Config.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p := k.served.Load()
	if p == nil {
		return nil, errors.New("the certificate of the webhooks is not made yet")
	}
	return &p.served, nil
}

// Ready is a healthz.Checker. It fails until the API server can call the webhooks of this replica, as far as it is told to
// and that is ours to see to: the invitation pages of a replica that is not ready are not reached either.
func (k *Keeper) Ready(*http.Request) error {
	if !k.ready.Load() {
		return fmt.Errorf("the certificate in Secret %s/%s is not served, or not trusted by the configurations %s and %s, yet",
			k.options.Namespace, SecretName, k.options.Validating, k.options.Mutating)
	}
	return nil
}

// SetupWithManager follows the Secret and the configurations with the manager. live must not read from a cache.
func (k *Keeper) SetupWithManager(mgr ctrl.Manager, live client.Client) error {
	k.live = live
	named := func(name string) fields.Selector { return fields.OneTermEqualSelector(metav1.ObjectNameField, name) }
	// A cache of its own has these three objects alone, so that rights to them alone are enough.
	watched, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{k.options.Namespace: {FieldSelector: named(SecretName)}}},
			&admissionregistrationv1.ValidatingWebhookConfiguration{}: {Field: named(k.options.Validating)},
			&admissionregistrationv1.MutatingWebhookConfiguration{}:   {Field: named(k.options.Mutating)},
		},
	})
	if err != nil {
		return fmt.Errorf("making the cache of the webhooks' certificate: %w", err)
	}
	c, err := controller.New("webhook-certificate", mgr, controller.Options{
		Reconciler: k, NeedLeaderElection: ptr.To(false), SkipNameValidation: ptr.To(true),
	})
	if err != nil {
		return fmt.Errorf("adding the controller of the webhooks' certificate: %w", err)
	}
	same := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request { return []reconcile.Request{{}} })
	return errors.Join(mgr.Add(watched),
		c.Watch(source.Func(func(_ context.Context, queue queue) error { queue.Add(reconcile.Request{}); return nil })), // nothing may be there yet
		c.Watch(source.Kind[client.Object](watched, &corev1.Secret{}, same)),
		c.Watch(source.Kind[client.Object](watched, &admissionregistrationv1.ValidatingWebhookConfiguration{}, same)),
		c.Watch(source.Kind[client.Object](watched, &admissionregistrationv1.MutatingWebhookConfiguration{}, same)))
}

// Reconcile makes the certificate what it should be, serves it, and has it trusted.
func (k *Keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var c certificates
	err := retry.OnError(retry.DefaultRetry, anotherWasFirst, func() (err error) {
		if c, err = k.renew(ctx); err != nil {
			return err
		}
		k.served.Store(c.current)
		return errors.Join(
			k.trust(ctx, &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: k.options.Mutating}}, c.bundle()),
			k.trust(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: k.options.Validating}}, c.bundle()))
	})
	if err != nil {
		return reconcile.Result{}, err
	}
	now := k.clock.Now()
	if wait := k.changed.Add(noticed).Sub(now); wait > 0 && !k.ready.Load() {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	k.ready.Store(true)
	return reconcile.Result{RequeueAfter: min(max(c.due().Sub(now), time.Second), checked)}, nil
}

// anotherWasFirst says that another replica did the same at the same time, and that what it made is what counts.
func anotherWasFirst(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err)
}

// renew returns the certificates as the Secret holds them now.
func (k *Keeper) renew(ctx context.Context) (certificates, error) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: k.options.Namespace, Name: SecretName}}
	err := k.live.Get(ctx, client.ObjectKeyFromObject(secret), secret)
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return certificates{}, fmt.Errorf("reading Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	c, err := stored(secret.Data).renewed(k.served.Load(), k.names, k.clock.Now())
	if err != nil {
		return c, fmt.Errorf("making the certificate of the webhooks: %w", err)
	}
	data := c.data()
	if !missing && maps.EqualFunc(secret.Data, data, bytes.Equal) {
		return c, nil
	}
	secret.Data = data
	write := func() error { return k.live.Update(ctx, secret) } // with the version that was read
	if missing {
		write = func() error { return k.live.Create(ctx, secret) }
	}
	if err := write(); err != nil {
		return c, fmt.Errorf("writing Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	k.changed = k.clock.Now()
	log.FromContext(ctx).Info("The certificate of the webhooks was made, renewed or repaired", "until", c.current.served.Leaf.NotAfter)
	return c, nil
}

// trust has the API server trust the authorities in every webhook of a configuration.
func (k *Keeper) trust(ctx context.Context, o client.Object, bundle []byte) error {
	err := k.live.Get(ctx, client.ObjectKeyFromObject(o), o)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading the %T %s, which has to trust the webhooks' certificate: %w", o, o.GetName(), err)
	}
	if k.leaves(ctx, o, err == nil) {
		return nil
	}
	before := o.DeepCopyObject().(client.Object)
	stale := false
	for _, c := range callers(o) {
		stale = stale || !bytes.Equal(c.CABundle, bundle)
		c.CABundle = bundle
	}
	if !stale {
		return nil
	}
	// It merges by name, and so leaves all else in each webhook as it is.
	patch := client.StrategicMergeFrom(before, client.MergeFromWithOptimisticLock{})
	if err := k.live.Patch(ctx, o, patch, client.FieldOwner("seatkeeper")); err != nil {
		return fmt.Errorf("writing the caBundle of the %T %s: %w", o, o.GetName(), err)
	}
	k.changed = k.clock.Now()
	log.FromContext(ctx).Info("The API server is told to trust the certificate of the webhooks", "configuration", o.GetName())
	return nil
}

// leaves says that there is nothing to write in a configuration, and logs why when that is new. A change wakes us up.
func (k *Keeper) leaves(ctx context.Context, o client.Object, exists bool) bool {
	why := ""
	switch annotation := injected(o); {
	case !exists:
		why = "it is not there: the API server does not ask the webhooks of this configuration, and admits what they would refuse; apply it"
	case annotation != "":
		why = "it has the annotation " + annotation + ", so cert-manager says whom the API server trusts; take the annotation off, or have cert-manager make the certificate, with --webhook-certs=Directory"
	}
	key := fmt.Sprintf("%T %s", o, o.GetName())
	if why != "" && k.left[key] != why {
		log.FromContext(ctx).Info("The webhook configuration is left alone", "configuration", o.GetName(), "kind", fmt.Sprintf("%T", o), "why", why)
	}
	k.left[key] = why
	return why != ""
}

// injected is the annotation by which cert-manager writes the caBundles of a configuration; empty when it does not.
// Whoever wrote others there would start a quarrel that nobody wins.
func injected(o client.Object) string {
	for _, annotation := range []string{
		"cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret", "cert-manager.io/inject-apiserver-ca",
	} {
		if o.GetAnnotations()[annotation] != "" {
			return annotation
		}
	}
	return ""
}

// callers are how the webhooks of a configuration are called.
func callers(o client.Object) (all []*admissionregistrationv1.WebhookClientConfig) {
	switch c := o.(type) {
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		for i := range c.Webhooks {
			all = append(all, &c.Webhooks[i].ClientConfig)
		}
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		for i := range c.Webhooks {
			all = append(all, &c.Webhooks[i].ClientConfig)
		}
	}
	return all
}
