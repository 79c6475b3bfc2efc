// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// deserted is a namespace with one of each kind, and a user who is being deleted, whose webhooks nobody
// answers any more.
type deserted struct {
	*door
	acme         *v1alpha1.Organization
	standard     *v1alpha1.SeatPool
	member       *v1alpha1.Role
	sales        *v1alpha1.Team
	ada, leaving *v1alpha1.User
}

func desert(t *testing.T) *deserted {
	t.Helper()
	ns := env.Namespace(t)
	d := &deserted{
		door:     serve(t, ns),
		acme:     build.Organization("acme").In(ns).Owner("ada").Obj(),
		standard: build.SeatPool("standard").In(ns, "acme").Seats(3).Obj(),
		member:   build.Role("member").In(ns, "acme").Obj(),
		sales:    build.Team("sales").In(ns, "acme").Obj(),
		ada:      build.User("ada").In(ns, "acme").Obj(),
		leaving:  build.User("leaving").In(ns, "acme").Obj(),
	}
	d.create(t, d.acme, d.standard, d.member, d.sales, d.ada, d.leaving)
	if !hasFinalizer(d.leaving) {
		t.Fatal("admission gave the User no finalizer")
	}
	if err := d.Delete(t.Context(), d.leaving); err != nil {
		t.Fatal(err)
	}
	if err := d.Get(t.Context(), client.ObjectKeyFromObject(d.leaving), d.leaving); err != nil {
		t.Fatal(err)
	}
	d.stop()
	return d
}

// A webhook that is asked about every update or deletion holds up those that it lets pass.
func TestEveryWebhookSaysWhenToAsk(t *testing.T) {
	t.Parallel()
	hooks := envtest.WebhookInstallOptions{Paths: []string{env.Rendered(t, "config/webhook")}, LocalServingHost: "127.0.0.1"}
	if err := hooks.PrepWithoutInstalling(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hooks.Cleanup() })
	if len(hooks.ValidatingWebhooks) == 0 || len(hooks.MutatingWebhooks) == 0 {
		t.Fatal("config/webhook has no webhooks")
	}
	check := func(name string, rules []admissionregistrationv1.RuleWithOperations, conditions []admissionregistrationv1.MatchCondition) {
		for _, r := range rules {
			if len(conditions) == 0 && !slices.Equal(r.Operations, []admissionregistrationv1.OperationType{admissionregistrationv1.Create}) {
				t.Errorf("%s is asked about every %v: say in config/webhook when it is not", name, r.Operations)
			}
		}
	}
	for _, c := range hooks.ValidatingWebhooks {
		for _, h := range c.Webhooks {
			check(h.Name, h.Rules, h.MatchConditions)
		}
	}
	for _, c := range hooks.MutatingWebhooks {
		for _, h := range c.Webhooks {
			check(h.Name, h.Rules, h.MatchConditions)
		}
	}
}

// A manager that is down holds up nothing but what it has to judge.
func TestWithoutAManager(t *testing.T) {
	t.Parallel()
	d := desert(t)
	ctx := t.Context()
	touch := func(o client.Object) error {
		return d.try(t, o, func() {
			o.SetLabels(map[string]string{"team": "sales"})
			o.SetAnnotations(map[string]string{v1alpha1.AnnotationReconcileAt: "now"})
		})
	}
	for why, do := range map[string]func() error{
		"labels and annotations of a User":          func() error { return touch(d.ada.DeepCopy()) },
		"labels and annotations of an Organization": func() error { return touch(d.acme.DeepCopy()) },
		"labels and annotations of a SeatPool":      func() error { return touch(d.standard.DeepCopy()) },
		"labels and annotations of a Role":          func() error { return touch(d.member.DeepCopy()) },
		"labels and annotations of a Team":          func() error { return touch(d.sales.DeepCopy()) },
		"the same spec again": func() error {
			var o v1alpha1.Organization
			return errors.Join(d.Get(ctx, client.ObjectKeyFromObject(d.acme), &o), d.Update(ctx, &o))
		},
		"a finalizer more, as the controllers add it": func() error {
			o := d.standard.DeepCopy()
			return d.try(t, o, func() { o.Finalizers = append(o.Finalizers, "acme.example/audit") })
		},
		"the same number of seats": func() error { return d.scale(ctx, 3) },
		"the status of a User": func() error {
			o := d.ada.DeepCopy()
			base := o.DeepCopy()
			o.Status.Email = o.Spec.Email
			return d.Status().Patch(ctx, o, client.MergeFrom(base))
		},
		"reading": func() error { return d.List(ctx, &v1alpha1.UserList{}, client.InNamespace(d.namespace)) },
		"the spec of who is being deleted": func() error {
			o := d.leaving.DeepCopy()
			return d.try(t, o, func() { o.Spec.GivenName = "Lea" })
		},
		"deleting once more": func() error { return d.Delete(ctx, d.leaving.DeepCopy()) },
	} {
		t.Run(why, func(t *testing.T) {
			if err := do(); err != nil {
				t.Errorf("held up: %v", err)
			}
		})
	}
	t.Run("letting go", func(t *testing.T) {
		if err := d.try(t, d.leaving, func() { d.leaving.Finalizers = nil }); err != nil {
			t.Fatalf("removing the finalizers: %v", err)
		}
		if err := d.Get(ctx, client.ObjectKeyFromObject(d.leaving), &v1alpha1.User{}); !apierrors.IsNotFound(err) {
			t.Errorf("the User is still there: %v", err)
		}
	})
}

// What has to be judged waits for a manager, and says for whom.
func TestWithoutAManagerNothingIsUnjudged(t *testing.T) {
	t.Parallel()
	d := desert(t)
	ctx := t.Context()
	for why, do := range map[string]func() error{
		"a new User":         func() error { return d.Create(ctx, build.User("bea").In(d.namespace, "acme").Obj()) },
		"a new Organization": func() error { return d.Create(ctx, build.Organization("globex").In(d.namespace).Obj()) },
		"a new SeatPool":     func() error { return d.Create(ctx, build.SeatPool("more").In(d.namespace, "acme").Obj()) },
		"a new Role":         func() error { return d.Create(ctx, build.Role("more").In(d.namespace, "acme").Obj()) },
		"a new Team":         func() error { return d.Create(ctx, build.Team("more").In(d.namespace, "acme").Obj()) },
		"the spec of a Role": func() error {
			o := d.member.DeepCopy()
			return d.try(t, o, func() { o.Spec.DisplayName = "Member" })
		},
		"the spec of a Team": func() error {
			o := d.sales.DeepCopy()
			return d.try(t, o, func() { o.Spec.DisplayName = "Sales" })
		},
		"deleting a User": func() error { return d.Delete(ctx, d.ada.DeepCopy()) },
		"the spec of a User": func() error {
			o := d.ada.DeepCopy()
			return d.try(t, o, func() { o.Spec.GivenName = "Augusta" })
		},
		"the spec of an Organization": func() error {
			o := d.acme.DeepCopy()
			return d.try(t, o, func() { o.Spec.DisplayName = "Acme Inc." })
		},
		"an order": func() error {
			o := d.standard.DeepCopy()
			return d.try(t, o, func() { o.Spec.Seats = ptr.To[int32](9) })
		},
		"an order by scale": func() error { return d.scale(ctx, 9) },
		"an approval": func() error {
			o := d.standard.DeepCopy()
			return d.try(t, o, func() { o.Annotations = map[string]string{v1alpha1.AnnotationApproveOrder: "2"} })
		},
	} {
		t.Run(why, func(t *testing.T) {
			err := do()
			if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "failed calling webhook") {
				t.Errorf("got %v, want that a webhook could not be called", err)
			}
		})
	}
}

// scale does what `kubectl scale` does to the SeatPool.
func (d *deserted) scale(ctx context.Context, seats int32) error {
	return d.SubResource("scale").Update(ctx, d.standard.DeepCopy(), client.WithSubResourceBody(
		&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: seats}}))
}
