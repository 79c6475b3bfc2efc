// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// counter is a door at which somebody hears what is said to those who order seats.
type counter struct {
	*door
	mu   sync.Mutex
	said []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (c *counter) HandleWarningHeader(_ int, _, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, text)
}

// heard returns what was said since the last time.
func (c *counter) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said
	c.said = nil
	return said
}

func sell(t *testing.T) *counter {
	t.Helper()
	return listen(t, serve(t, env.Namespace(t)))
}

// listen hears what the API server says to those who pass a door.
func listen(t *testing.T, d *door) *counter {
	t.Helper()
	c := &counter{door: d}
	cfg := env.Config(t)
	cfg.WarningHandler = c
	var err error
	if c.Client, err = client.New(cfg, client.Options{Scheme: env.Scheme()}); err != nil {
		t.Fatal(err)
	}
	return c
}

// have creates a pool of which so many seats are bought and assigned.
func (c *counter) have(t *testing.T, b *build.SeatPoolBuilder, bought, assigned int32) *v1alpha1.SeatPool {
	t.Helper()
	pool := b.In(c.namespace, "acme").Obj()
	if err := c.Create(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	status := fmt.Sprintf(`{"status":{"bought":%d,"assigned":%d}}`, bought, assigned)
	if err := c.Status().Patch(t.Context(), pool, client.RawPatch(types.MergePatchType, []byte(status))); err != nil {
		t.Fatal(err)
	}
	c.heard()
	return pool
}

// ways are the ways to set the number of seats, as somebody who has only looked at the pool before.
var ways = map[string]func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error{
	"an edit": func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error {
		pool.Spec.Seats = &seats
		return c.Update(t.Context(), pool, client.DryRunAll)
	},
	"a merge patch": func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error {
		return c.try(t, pool, func() { pool.Spec.Seats = &seats }, client.DryRunAll)
	},
	"kubectl scale": func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error {
		patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, seats))
		return c.SubResource("scale").Patch(t.Context(), pool, patch, &client.SubResourcePatchOptions{
			PatchOptions: client.PatchOptions{DryRun: []string{metav1.DryRunAll}}, SubResourceBody: &autoscalingv1.Scale{},
		})
	},
	"an update of the scale": func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error {
		scale := &autoscalingv1.Scale{
			ObjectMeta: metav1.ObjectMeta{Name: pool.Name, Namespace: pool.Namespace, ResourceVersion: pool.ResourceVersion},
			Spec:       autoscalingv1.ScaleSpec{Replicas: seats},
		}
		return c.SubResource("scale").Update(t.Context(), pool, client.WithSubResourceBody(scale), client.DryRunAll)
	},
	"server-side apply": func(t *testing.T, c *counter, pool *v1alpha1.SeatPool, seats int32) error {
		o := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"organization": "acme", "seats": int64(seats)}}}
		o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("SeatPool"))
		o.SetNamespace(pool.Namespace)
		o.SetName(pool.Name)
		return c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("gitops"), client.ForceOwnership, client.DryRunAll)
	},
}

// Each limit holds whichever way seats are ordered, by the rule that the controller applies too. The refusal names the
// limit and what would pass, and what passes is quoted.
func TestOrderLimits(t *testing.T) {
	t.Parallel()
	c := sell(t)
	ends := time.Now().Add(time.Hour).Truncate(time.Second)
	over := time.Now().Add(-time.Hour).Truncate(time.Second)
	sold := func(name string) *build.SeatPoolBuilder {
		return build.SeatPool(name).Seats(2).Price("10.00", "EUR").Tax("20")
	}
	for _, tc := range []struct {
		pool  *v1alpha1.SeatPool
		want  int32
		says  []string // a refusal
		quote []string
	}{
		{c.have(t, sold("max").MaxSeats(5), 2, 1), 6, []string{"spec.seats", "purchase.maxSeats", "which is 5", "up to 3 seats on top of the 2"}, nil},
		{c.have(t, sold("order").MaxSeatsPerOrder(3), 2, 1), 6, []string{"spec.seats", "purchase.maxSeatsPerOrder", "up to 3 seats on top of the 2"}, nil},
		{c.have(t, sold("amount").MaxOrderAmount("36.00"), 2, 1), 6, []string{"spec.seats", "48.00 EUR per Month with tax", "purchase.maxOrderAmount", "36.00"}, nil},
		{c.have(t, sold("full").OnlyWhenFull(), 2, 1), 3, []string{"spec.seats", "purchase.onlyWhenFull", "1 is free"}, nil},
		{c.have(t, sold("over").ExpiresAt(over), 2, 1), 3, []string{"spec.seats", "set expiresAt to a later time"}, nil},
		{
			c.have(t, sold("passes").MaxSeats(5).MaxSeatsPerOrder(3).MaxOrderAmount("36.00").OnlyWhenFull().ExpiresAt(ends), 2, 2), 5, nil,
			[]string{
				"order: 3 seats for SeatPool passes: 30.00 net + 6.00 VAT (20 %) = 36.00 EUR gross per Month" +
					"; then 5 seats: 50.00 net + 10.00 VAT (20 %) = 60.00 EUR gross per Month, until " + ends.UTC().Format(time.RFC3339),
			},
		},
		{c.have(t, sold("waits").Approval(), 2, 2), 3, nil, []string{
			"order: 1 seat for SeatPool waits: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month; then 3 seats: 30.00 net + 6.00 VAT (20 %) = 36.00 EUR gross per Month",
			"the order waits for approval: kubectl annotate seatpool/waits --overwrite seatkeeper.dev/approve-order=2",
		}},
		{c.have(t, sold("back").OnlyWhenFull().MaxSeatsPerOrder(1), 2, 0), 1, nil, []string{
			"1 seat of SeatPool back given back: 1 seat: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month",
		}},
		{c.have(t, sold("short").OnShortage(v1alpha1.ShortageSuspend), 2, 2), 1, nil, []string{
			"1 seat of SeatPool short given back: 1 seat: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month",
			"SeatPool short has 1 seat then, and 2 are held: the newest holder who is not spared loses theirs (onShortage)",
		}},
		{c.have(t, sold("same"), 2, 2), 2, nil, nil},
	} {
		for way, order := range ways {
			t.Run(tc.pool.Name+" by "+way, func(t *testing.T) {
				c.heard()
				err := order(t, c, tc.pool.DeepCopy(), tc.want)
				expect(t, err, tc.says...)
				if heard := c.heard(); !slices.Equal(heard, tc.quote) {
					t.Errorf("the API server says %q, want %q", heard, tc.quote)
				}
				if tc.says == nil {
					return
				}
				spec := tc.pool.Spec.DeepCopy()
				spec.Seats = &tc.want
				d := pricing.Decide(pricing.Situation{Now: time.Now(), Spec: spec, Generation: 2, Bought: tc.pool.Status.Bought, Held: *tc.pool.Status.Assigned})
				if err != nil && !strings.Contains(err.Error(), d.Refusal) {
					t.Errorf("the refusal is %v, the controller's %s", err, d.Refusal)
				}
			})
		}
	}
	t.Run("a dry run leaves nothing", func(t *testing.T) {
		var pools v1alpha1.SeatPoolList
		if err := c.List(t.Context(), &pools, client.InNamespace(c.namespace)); err != nil {
			t.Fatal(err)
		}
		for _, p := range pools.Items {
			if *p.Spec.Seats != 2 || p.Generation != 1 {
				t.Errorf("after dry runs %s has %d seats in generation %d", p.Name, *p.Spec.Seats, p.Generation)
			}
		}
	})
}

// What was given back is not there to be had again without an order, although the controller has not looked yet; what
// was refused before was never bought.
func TestOrderRestsOnWhatIsBought(t *testing.T) {
	t.Parallel()
	c := sell(t)
	pool := c.have(t, build.SeatPool("standard").Seats(5).MaxSeatsPerOrder(1), 5, 0)
	if err := c.try(t, pool, func() { pool.Spec.Seats = new(int32(2)) }); err != nil {
		t.Fatal(err)
	}
	for way, order := range ways {
		t.Run(way, func(t *testing.T) {
			expect(t, order(t, c, pool.DeepCopy(), 5), "an order of 3 seats", "up to 1 seat on top of the 2 there are would pass, which is 3")
			expect(t, order(t, c, pool.DeepCopy(), 3))
		})
	}
}

func TestCreationOfPools(t *testing.T) {
	t.Parallel()
	c := sell(t)
	for name, tc := range map[string]struct {
		pool        *build.SeatPoolBuilder
		says, quote []string
	}{
		"priced":       {build.SeatPool("a").Seats(2).Price("10.00", "JPY"), nil, []string{"SeatPool a: 2 seats: 20 net + 0 VAT (0 %) = 20 JPY gross per Month"}},
		"limited":      {build.SeatPool("a").Seats(9).MaxSeatsPerOrder(1).OnlyWhenFull().Approval(), nil, []string{"SeatPool a: 9 seats, without a price"}},
		"metered":      {build.SeatPool("a").Metered().Price("10.00", "KWD"), nil, []string{"SeatPool a is billed by use: 10.000 net + 0.000 VAT (0 %) = 10.000 KWD gross per Month and seat"}},
		"without":      {build.SeatPool("a"), nil, nil},
		"too many":     {build.SeatPool("a").Seats(9).MaxSeats(5), []string{"spec.seats", "9 seats would be more than purchase.maxSeats allows, which is 5"}, nil},
		"of no money":  {build.SeatPool("a").Seats(9).Price("10.00", "ABC"), []string{"spec.billing.price.currency", `there is no currency "ABC"`, "use a code of ISO 4217 such as EUR"}, nil},
		"of no memory": {build.SeatPool("a").Seats(9).Price("10.00", "XXX"), []string{"spec.billing.price.currency"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.heard()
			pool := tc.pool.In(c.namespace, "acme").Obj()
			expect(t, c.Create(t.Context(), pool, client.DryRunAll), tc.says...)
			if heard := c.heard(); !slices.Equal(heard, tc.quote) {
				t.Errorf("the API server says %q, want %q", heard, tc.quote)
			}
			if tc.says == nil && !controllerutil.ContainsFinalizer(pool, v1alpha1.FinalizerSeats) {
				t.Error("the pool has no finalizer")
			}
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(pool), pool); !apierrors.IsNotFound(err) {
				t.Errorf("the dry run is there: %v", err)
			}
		})
	}
}

func TestApprovalOfOrders(t *testing.T) {
	t.Parallel()
	c := sell(t)
	pool := c.have(t, build.SeatPool("standard").Seats(2).Approval(), 2, 2)
	if err := c.try(t, pool, func() { pool.Spec.Seats = new(int32(3)) }); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		approved string
		change   func(*v1alpha1.SeatPool)
		says     []string
	}{
		"of the order":                        {"2", nil, nil},
		"of an older one":                     {"1", nil, []string{"metadata.annotations[seatkeeper.dev/approve-order]", "another generation", `approve it by "2"`}},
		"of one to come":                      {"3", nil, []string{`approve it by "2"`}},
		"of nothing":                          {"yes", nil, []string{`approve it by "2"`}},
		"of an order in the same edit":        {"3", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(4)) }, nil},
		"of the one before, in the same edit": {"2", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(4)) }, []string{`approve it by "3"`}},
	} {
		t.Run(name, func(t *testing.T) {
			changed := pool.DeepCopy()
			expect(t, c.try(t, changed, func() {
				changed.Annotations = map[string]string{v1alpha1.AnnotationApproveOrder: tc.approved}
				if tc.change != nil {
					tc.change(changed)
				}
			}, client.DryRunAll), tc.says...)
		})
	}
	t.Run("stays while the rest changes", func(t *testing.T) {
		if err := c.try(t, pool, func() { pool.Annotations = map[string]string{v1alpha1.AnnotationApproveOrder: "2"} }); err != nil {
			t.Fatal(err)
		}
		expect(t, c.try(t, pool, func() { pool.Spec.DisplayName = "Standard" }, client.DryRunAll))
		expect(t, c.try(t, pool, func() { pool.Annotations = nil }, client.DryRunAll))
	})
}

// poolFaults creates pools that the webhooks would refuse, before there are any.
func poolFaults(t *testing.T, namespace string) {
	t.Helper()
	for _, pool := range []*v1alpha1.SeatPool{
		build.SeatPool("penniless").In(namespace, "acme").Seats(1).Price("10.00", "ABC").Obj(),
		build.SeatPool("greedy").In(namespace, "acme").Seats(9).MaxSeats(5).Obj(),
		build.SeatPool("misread").In(namespace, "acme").Seats(1).Approval().Annotation(v1alpha1.AnnotationApproveOrder, "7").Obj(),
	} {
		pool.Finalizers = []string{v1alpha1.FinalizerSeats}
		if err := env.Client(t).Create(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		bought := []byte(`{"status":{"bought":1}}`)
		if err := env.Client(t).Status().Patch(t.Context(), pool, client.RawPatch(types.MergePatchType, bought)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormerFaultsOfPoolsDoNotHinder(t *testing.T) {
	t.Parallel()
	namespace := env.Namespace(t)
	poolFaults(t, namespace)
	c := listen(t, serve(t, namespace))
	for why, tc := range map[string]struct {
		pool   string
		mutate func(*v1alpha1.SeatPool)
		want   []string
	}{
		"a name, with no currency":          {"penniless", func(p *v1alpha1.SeatPool) { p.Spec.DisplayName = "P" }, nil},
		"fewer seats, with no currency":     {"penniless", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(0)) }, nil},
		"a currency that there is":          {"penniless", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Currency = "EUR" }, nil},
		"no price":                          {"penniless", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price = nil }, nil},
		"another currency that there isn't": {"penniless", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Currency = "ABD" }, []string{`no currency "ABD"`}},
		"a name, with too many seats":       {"greedy", func(p *v1alpha1.SeatPool) { p.Spec.DisplayName = "G" }, nil},
		"as many seats as there may be":     {"greedy", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(5)) }, nil},
		"still too many seats":              {"greedy", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(8)) }, []string{"purchase.maxSeats"}},
		"another limit":                     {"greedy", func(p *v1alpha1.SeatPool) { p.Spec.Purchase.MaxSeats = new(int32(4)) }, nil},
		"a name, with a wrong approval":     {"misread", func(p *v1alpha1.SeatPool) { p.Spec.DisplayName = "M" }, nil},
		"an order, with a wrong approval":   {"misread", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(3)) }, nil},
	} {
		t.Run(why, func(t *testing.T) {
			pool := &v1alpha1.SeatPool{}
			if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: tc.pool}, pool); err != nil {
				t.Fatal(err)
			}
			expect(t, c.try(t, pool, func() { tc.mutate(pool) }, client.DryRunAll), tc.want...)
		})
	}
	for _, name := range []string{"penniless", "greedy", "misread"} {
		t.Run("deletion of "+name, func(t *testing.T) {
			pool := &v1alpha1.SeatPool{}
			pool.Namespace, pool.Name = namespace, name
			if err := c.Delete(t.Context(), pool); err != nil {
				t.Fatal(err)
			}
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(pool), pool); err != nil {
				t.Fatal(err)
			}
			if err := c.try(t, pool, func() { pool.Finalizers = nil }); err != nil {
				t.Errorf("letting it go: %v", err)
			}
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(pool), pool); !apierrors.IsNotFound(err) {
				t.Errorf("it is not gone: %v", err)
			}
		})
	}
}

// A change of the terms is quoted too.
func TestQuotesOfTerms(t *testing.T) {
	t.Parallel()
	c := sell(t)
	ends := metav1.NewTime(time.Now().Add(time.Hour).Truncate(time.Second))
	later := metav1.NewTime(ends.Add(time.Hour))
	pool := c.have(t, build.SeatPool("standard").Seats(2).Price("10.00", "EUR").ExpiresAt(ends.Time), 2, 2)
	term := fmt.Sprintf(`{"status":{"term":{"price":{"amount":"10.00","currency":"EUR","period":"Month"},"until":%q}}}`, ends.UTC().Format(time.RFC3339))
	if err := c.Status().Patch(t.Context(), pool, client.RawPatch(types.MergePatchType, []byte(term))); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*v1alpha1.SeatPool)
		says   string
	}{
		"renewal":        {func(p *v1alpha1.SeatPool) { p.Spec.ExpiresAt = &later }, "renewal of SeatPool standard: 2 seats: 20.00 net"},
		"another price":  {func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Amount = "15.00" }, "the price stays 10.00 net"},
		"another period": {func(p *v1alpha1.SeatPool) { p.Spec.Billing.Price.Period = v1alpha1.PeriodYear }, "gross per Year and seat when a later expiresAt renews"},
		"a name":         {func(p *v1alpha1.SeatPool) { p.Spec.DisplayName = "Standard" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.heard()
			changed := pool.DeepCopy()
			expect(t, c.try(t, changed, func() { tc.change(changed) }, client.DryRunAll))
			heard := strings.Join(c.heard(), "\n")
			if !strings.Contains(heard, tc.says) || tc.says == "" && heard != "" {
				t.Errorf("the API server says %q, want %q", heard, tc.says)
			}
		})
	}
}

func TestPoolsOfForeignNamespaces(t *testing.T) {
	t.Parallel()
	c := listen(t, serveFor(t, env.Namespace(t), env.Namespace(t)))
	pool := c.have(t, build.SeatPool("standard").Seats(2).MaxSeatsPerOrder(1), 2, 2)
	if controllerutil.ContainsFinalizer(pool, v1alpha1.FinalizerSeats) {
		t.Error("the pool has a finalizer that nobody is going to remove")
	}
	for way, order := range ways {
		t.Run(way, func(t *testing.T) { expect(t, order(t, c, pool.DeepCopy(), 9)) })
	}
}

// With nobody to judge them, no seats are ordered, and the controller writes its status nevertheless.
func TestNoOrderIsUnjudged(t *testing.T) {
	t.Parallel()
	c := sell(t)
	pool := c.have(t, build.SeatPool("standard").Seats(2), 2, 2)
	c.stop()
	for way, order := range ways {
		t.Run(way, func(t *testing.T) {
			if err := order(t, c, pool.DeepCopy(), 3); !apierrors.IsInternalError(err) {
				t.Errorf("with nobody to judge it, an order ends with %v", err)
			}
		})
	}
	if err := c.Status().Patch(t.Context(), pool, client.RawPatch(types.MergePatchType, []byte(`{"status":{"bought":3}}`))); err != nil {
		t.Errorf("writing the status: %v", err)
	}
	if err := c.Delete(t.Context(), pool); !apierrors.IsInternalError(err) {
		t.Errorf("with nobody to judge it, the deletion of a pool ends with %v", err)
	}
}

// seated records that people hold seats of a pool, and nobody else does.
func (d *door) seated(t *testing.T, pool string, users ...*v1alpha1.User) {
	t.Helper()
	slice := build.SeatSlice(pool, 0).In(d.namespace).Capacity(int32(len(users)))
	for i, u := range users {
		slice.Held(int32(i), u, time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC))
	}
	d.create(t, slice.Obj())
}

// A pool whose seats are held stays, since its deletion could not be taken back. It goes with who holds them, and with the organization.
func TestPoolOfHoldersStays(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	held, free := build.SeatPool("held").In(d.namespace, "acme").Obj(), build.SeatPool("free").In(d.namespace, "acme").Obj()
	bea, cid := build.User("bea").In(d.namespace, "acme").Obj(), build.User("cid").In(d.namespace, "acme").Obj()
	d.create(t, build.Organization("acme").In(d.namespace).Owner("ada").Obj(), held, free, bea, cid)
	d.reports(t, "bea", func(s *v1alpha1.UserStatus) { s.Seats = []string{"free"} }) // of old: she has none any more
	d.seated(t, "held", cid, bea)
	would := func(p *v1alpha1.SeatPool) error { return d.Delete(t.Context(), p.DeepCopy(), client.DryRunAll) }
	stays := func(words string) {
		t.Helper()
		if err := would(held); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("deleting a pool whose seats are held ends with %v, want %q", err, words)
		}
		if err := would(free); err != nil {
			t.Errorf("deleting a pool of which nobody has a seat: %v", err)
		}
	}
	stays("by User bea and 1 more: give their roles another seatPool")
	leave := func(name string) {
		t.Helper()
		u := d.uidOf(t, name)
		d.change(t, u, func() { u.Spec.State = v1alpha1.UserArchived })
	}
	leave("bea")
	stays("by User cid: give")
	leave("cid")
	goes := func(why string) {
		t.Helper()
		if err := would(held); err != nil {
			t.Errorf("deleting a pool whose holders leave (%s): %v", why, err)
		}
	}
	goes("nothing is known to hold them")
	stalled := func(reason string) {
		t.Helper()
		d.reports(t, "cid", func(s *v1alpha1.UserStatus) {
			meta.SetStatusCondition(&s.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason})
		})
	}
	stalled(v1alpha1.ReasonAwaitingSeat)
	goes("another role has no seat")
	for _, reason := range []string{
		v1alpha1.ReasonLastHolder, v1alpha1.ReasonRemovalHeld, v1alpha1.ReasonTransferBlocked, v1alpha1.ReasonSuccessorRequired, v1alpha1.ReasonConfirmationRequired,
	} {
		stalled(reason)
		stays("by User cid: give")
	}
	d.reports(t, "cid", func(s *v1alpha1.UserStatus) { s.AccessRevokedAt = new(metav1.NewTime(time.Now())) })
	goes("access is revoked")
}

// Whoever is deleted and kept, by a deletion that is rejected or not confirmed, stays; and so does who is parked until archiving begins.
func TestPoolOfWhoComesBackStays(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	held := build.SeatPool("held").In(d.namespace, "acme").Obj()
	acme := build.Organization("acme").In(d.namespace).Owner("ada").Protection("1", time.Hour).Obj()
	boris := build.User("boris").In(d.namespace, "acme").UID("uid-of-boris").Obj()
	d.create(t, acme, held)
	d.member(t, build.User("mia"), true)
	d.seated(t, "held", d.uidOf(t, "mia"), boris)
	would := func(want string) {
		t.Helper()
		err := d.Delete(t.Context(), held.DeepCopy(), client.DryRunAll)
		if want == "" && err != nil || want != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want)) {
			t.Errorf("deleting the pool ends with %v, want %q", err, want)
		}
	}
	if err := d.remove(t, "mia"); err != nil {
		t.Fatal(err)
	}
	mia := d.uidOf(t, "mia")
	d.known(t, mia)
	would("")
	d.change(t, acme, func() { acme.Spec.Offboarding.Policy = v1alpha1.OffboardingDelete })
	would("by User mia: ")
	d.change(t, acme, func() { acme.Spec.Offboarding.Policy = v1alpha1.OffboardingArchive })
	d.decided(t, func(s *v1alpha1.RemovalsStatus) {
		s.Passed = []v1alpha1.PassedRemoval{{
			User: "mia", UID: mia.UID, Generation: mia.Generation, Kind: v1alpha1.RemovalDelete, By: v1alpha1.PassRejection, At: metav1.Now(),
		}}
	})
	would("by User mia: ")

	record := d.left(t, "acme", "boris@acme.example", true)
	d.change(t, record, func() { record.Record.Parked.Until = metav1.NewTime(time.Now().Add(time.Hour)) })
	would("by User boris, who is parked in ArchivedUser " + record.Name + " and 1 more")
	d.decided(t, func(s *v1alpha1.RemovalsStatus) { s.Passed = nil })
	would("by User boris, who is parked in ArchivedUser " + record.Name + ": give")
	d.change(t, record, func() { record.Record.Parked.EndedAt = new(metav1.Now()) })
	would("")
}

func TestPoolGoesWithItsOrganization(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	acme := build.Organization("acme").In(d.namespace).Owner("ada").Obj()
	held, bea := build.SeatPool("held").In(d.namespace, "acme").Obj(), build.User("bea").In(d.namespace, "acme").Obj()
	d.create(t, acme, held, bea)
	d.seated(t, "held", bea)
	if err := d.Delete(t.Context(), held.DeepCopy(), client.DryRunAll); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "delete Organization acme first") {
		t.Errorf("deleting a pool whose seats are held ends with %v", err)
	}
	if err := d.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	d.gone(t, acme)
	if err := d.Delete(t.Context(), held, client.DryRunAll); err != nil {
		t.Errorf("deleting a pool of an organization that is gone: %v", err)
	}
}
