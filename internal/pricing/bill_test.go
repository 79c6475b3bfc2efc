// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package pricing_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/pricing"
	"seatkeeper.dev/seatkeeper/test/build"
)

// told is what the provider was told in the change with a number.
func told(sequence int64, quantity int32, edits ...func(*v1alpha1.BillingStatus)) *v1alpha1.BillingStatus {
	b := &v1alpha1.BillingStatus{SubscriptionItem: "si_1", Sequence: sequence, Quantity: &quantity}
	for _, edit := range edits {
		edit(b)
	}
	return b
}

func confirmed(b *v1alpha1.BillingStatus) {
	b.ConfirmedAt, b.Invoice = new(metav1.NewTime(now)), "in_1"
}

func invoiced(b *v1alpha1.BillingStatus) { b.Invoice = "in_1" }

func paid(ways ...v1alpha1.PaymentMethod) func(*v1alpha1.BillingStatus) {
	return func(b *v1alpha1.BillingStatus) { b.PaymentMethods = ways }
}

func item(id string) func(*v1alpha1.BillingStatus) {
	return func(b *v1alpha1.BillingStatus) { b.SubscriptionItem = id }
}

func rejected(revision string) func(*v1alpha1.BillingStatus) {
	return func(b *v1alpha1.BillingStatus) {
		b.Rejection, b.RejectedRevision = "there is no such item", revision
	}
}

func TestEZ4_Bill(t *testing.T) {
	t.Parallel()
	billed := build.SeatPool("standard").Obj()
	billed.Spec.Billing.Stripe = &v1alpha1.StripeBilling{SubscriptionItem: "si_1"}
	edited, asked := billed.DeepCopy(), billed.DeepCopy()
	edited.Generation++
	asked.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: "noon"}
	byCard, either := billed.DeepCopy(), billed.DeepCopy()
	byCard.Spec.Billing.Stripe.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentCard}
	either.Spec.Billing.Stripe.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentSEPADebit, v1alpha1.PaymentCard}
	for name, c := range map[string]struct {
		why      string
		told     *v1alpha1.BillingStatus
		pool     *v1alpha1.SeatPool
		billable int32
		want     *v1alpha1.BillingStatus
	}{
		"no provider":           {"nobody is told", nil, build.SeatPool("standard").Obj(), 5, nil},
		"no provider any more":  {"but how many changes there were", told(3, 5, confirmed), build.SeatPool("standard").Obj(), 6, told(3, 5, item(""))},
		"a provider again":      {"it would take a change that counts from 1 again for the first one", told(3, 5, item("")), billed, 5, told(4, 5)},
		"first":                 {"changes count from 1", nil, billed, 5, told(1, 5)},
		"none":                  {"no seat is told as well, since the provider may bill some", nil, billed, 0, told(1, 0)},
		"settled":               {"what is confirmed is not told again", told(3, 5, confirmed), billed, 5, told(3, 5, confirmed)},
		"more":                  {"a change is a new one, and the invoice is known still", told(3, 5, confirmed), billed, 6, told(4, 6, invoiced)},
		"fewer":                 {"down as well as up", told(3, 5, confirmed), billed, 0, told(4, 0, invoiced)},
		"no answer":             {"the same change is told again by its key", told(3, 5), billed, 5, told(3, 5)},
		"no answer, more":       {"one change after the other: the provider may have heard the first", told(3, 5), billed, 6, told(3, 5)},
		"another item":          {"what another item bills is another thing, and so is its invoice", told(3, 5, confirmed, item("si_2")), billed, 5, told(4, 5)},
		"another item, waiting": {"whose answer nobody waits for", told(3, 5, item("si_2")), billed, 5, told(4, 5)},
		"ways to pay (EZ-3)":    {"they are told with the quantity, in one order", nil, either, 5, told(1, 5, paid(v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit))},
		"ways to pay, settled":  {"the order of a set says nothing", told(3, 5, paid(v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit), confirmed), either, 5, told(3, 5, paid(v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit), confirmed)},
		"another way to pay":    {"is a change as well", told(3, 5, paid(v1alpha1.PaymentCard, v1alpha1.PaymentSEPADebit), confirmed), byCard, 5, told(4, 5, paid(v1alpha1.PaymentCard), invoiced)},
		"no way to pay":         {"nobody is told: they stay as they are, and the quantity is told", told(3, 5, paid(v1alpha1.PaymentCard), confirmed), billed, 5, told(3, 5, confirmed)},
		"no way to pay, more":   {"a change is told without them", told(3, 5, paid(v1alpha1.PaymentCard), confirmed), billed, 6, told(4, 6, invoiced)},
		"refused":               {"what is refused for good is not told again", told(3, 5, rejected("1/")), billed, 5, told(3, 5, rejected("1/"))},
		"refused, more":         {"another number may pass", told(3, 5, rejected("1/")), billed, 6, told(4, 6)},
		"refused, edited":       {"an edit may have mended it", told(3, 5, rejected("1/")), edited, 5, told(4, 5)},
		"refused, asked again":  {"somebody may have mended it elsewhere", told(3, 5, rejected("1/")), asked, 5, told(4, 5)},
		"refused, asked before": {"which counts once", told(3, 5, rejected("1/noon")), asked, 5, told(3, 5, rejected("1/noon"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, pricing.Bill(c.told, c.pool, c.billable)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// TestRevisionFits holds that an annotation of any length leaves a revision that a status can hold.
func TestRevisionFits(t *testing.T) {
	t.Parallel()
	for why, asked := range map[string]string{"long": strings.Repeat("a", 5000), "beyond ASCII": strings.Repeat("é", 5000), "no text": strings.Repeat("\xff", 5000)} {
		pool := build.SeatPool("standard").Obj()
		pool.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: asked}
		if got := pricing.Revision(pool); utf8.RuneCountInString(got) > 512 || !utf8.ValidString(got) {
			t.Errorf("%s: the revision has %d characters: %q", why, utf8.RuneCountInString(got), got)
		}
	}
}
