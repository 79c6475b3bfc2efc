// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/admission"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	runner "seatkeeper.dev/seatkeeper/test/operator"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	env.Main(m)
}

// nowhere looks like a time zone: only the webhooks know that there is none.
const nowhere = "Nowhere/Atlantis"

// door is a namespace whose objects pass the webhooks.
type door struct {
	// Client is an administrator's.
	client.Client
	// stop ends whoever answers for the webhooks; the API server asks them nevertheless.
	stop func()

	namespace string
	// ours says that the operator runs the organizations of the namespace.
	ours  bool
	cache client.Reader
}

// serve makes the webhooks effective for a namespace: as config/webhook declares them, but reached by URL.
func serve(t *testing.T, namespace string) *door {
	t.Helper()
	return serveFor(t, namespace, namespace)
}

// serveFor is serve with an operator that runs the organizations of another namespace.
func serveFor(t *testing.T, namespace, run string) *door {
	t.Helper()
	served := runner.Webhooks(t, namespace)
	mgr, err := ctrl.NewManager(operator(t), ctrl.Options{
		Scheme:        env.Scheme(),
		Cache:         cache.Options{DefaultNamespaces: map[string]cache.Config{run: {}}},
		Metrics:       metricsserver.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(*served),
	})
	if err != nil {
		t.Fatalf("making a manager: %v", err)
	}
	if err := errors.Join(index.Register(t.Context(), mgr.GetCache()), admission.Register(mgr, []string{run}, clock.RealClock{})); err != nil {
		t.Fatal(err)
	}
	d := &door{Client: env.Client(t), namespace: namespace, ours: run == namespace, cache: mgr.GetClient(), stop: start(t, mgr)}
	env.Eventually(t, func() error { return d.effective(t.Context()) })
	return d
}

func start(t *testing.T, mgr ctrl.Manager) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the manager ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// effective tells whether each of the webhooks is asked, and answers.
func (d *door) effective(ctx context.Context) error {
	for _, wrong := range []client.Object{
		build.User("probe").In(d.namespace, "probe").TimeZone(nowhere).Obj(),
		build.Organization("probe").In(d.namespace).TimeZone(nowhere).Obj(),
	} {
		if err := d.Create(ctx, wrong, client.DryRunAll); !apierrors.IsInvalid(err) {
			return fmt.Errorf("a %T in no time zone: %w", wrong, errors.Join(errors.New("not refused as invalid"), err))
		}
	}
	u := build.User("probe").In(d.namespace, "probe").Obj()
	if err := d.Create(ctx, u, client.DryRunAll); err != nil {
		return fmt.Errorf("a User without fault: %w", err)
	}
	if d.ours && !hasFinalizer(u) {
		return errors.New("a User gets no finalizer")
	}
	return nil
}

// create creates objects, and returns when the webhooks know them.
func (d *door) create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := d.Create(t.Context(), o); err != nil {
			t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
		d.known(t, o)
	}
}

// change changes an object, and returns when the webhooks know it.
func (d *door) change(t *testing.T, o client.Object, mutate func()) {
	t.Helper()
	if err := d.try(t, o, mutate); err != nil {
		t.Fatalf("changing %T %s: %v", o, o.GetName(), err)
	}
	d.known(t, o)
}

func (d *door) known(t *testing.T, o client.Object) {
	t.Helper()
	env.Eventually(t, func() error {
		seen := o.DeepCopyObject().(client.Object)
		if err := d.cache.Get(t.Context(), client.ObjectKeyFromObject(o), seen); err != nil {
			return err
		}
		if seen.GetResourceVersion() != o.GetResourceVersion() {
			return fmt.Errorf("%T %s is known in an older version", o, o.GetName())
		}
		return nil
	})
}

// gone returns when the webhooks know that an object is gone.
func (d *door) gone(t *testing.T, o client.Object) {
	t.Helper()
	env.Eventually(t, func() error {
		seen := o.DeepCopyObject().(client.Object)
		if err := d.cache.Get(t.Context(), client.ObjectKeyFromObject(o), seen); !apierrors.IsNotFound(err) {
			return fmt.Errorf("%T %s is not gone: %w", o, o.GetName(), err)
		}
		return nil
	})
}

// try changes an object; options may make it a dry run.
func (d *door) try(t *testing.T, o client.Object, mutate func(), options ...client.PatchOption) error {
	t.Helper()
	base := o.DeepCopyObject().(client.Object)
	mutate()
	return d.Patch(t.Context(), o, client.MergeFrom(base), options...)
}

// wouldChange tells what would become of a change of a User.
func (d *door) wouldChange(t *testing.T, name string, mutate func(u *v1alpha1.UserSpec)) error {
	t.Helper()
	var u v1alpha1.User
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, &u); err != nil {
		t.Fatal(err)
	}
	return d.try(t, &u, func() { mutate(&u.Spec) }, client.DryRunAll)
}

// expect holds that err is a refusal which says all of words, or that there is none when there are no words.
func expect(t *testing.T, err error, words ...string) {
	t.Helper()
	if len(words) == 0 {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !apierrors.IsInvalid(err) {
		t.Errorf("got %v, want a refusal as invalid", err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the refusal does not say %q: %v", w, err)
		}
	}
}

// hasFinalizer says that nothing of a User goes before it is archived.
func hasFinalizer(u *v1alpha1.User) bool {
	return controllerutil.ContainsFinalizer(u, v1alpha1.FinalizerArchive)
}
