// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing/fake"
	"seatkeeper.dev/seatkeeper/internal/billing/stripe"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// Stripe charges the card or account that the subscription has (EZ-3), and says so later, with an invoice (EZ-4).
func TestEZ4_ConfirmationAndInvoiceFollow(t *testing.T) {
	t.Parallel()
	provider := fake.NewStripe(nil)
	t.Cleanup(provider.Close)
	provider.Add("si_users", "sub_voyages", 0)
	adapter, err := stripe.New(stripe.Options{BaseURL: provider.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = adapter.Close() })
	s := empty(t)
	s.start(operator.Options{Billing: adapter})
	pool := build.SeatPool("standard").Seats(3).Obj()
	pool.Spec.Billing = v1alpha1.SeatPoolBilling{
		Price:  &v1alpha1.Price{Amount: "59.00", Currency: "EUR", Period: v1alpha1.PeriodMonth},
		Stripe: &v1alpha1.StripeBilling{SubscriptionItem: "si_users", APIKeySecretRef: v1alpha1.SecretReference{Name: "stripe"}},
	}
	s.create(build.Organization("acme").Obj(), build.Role("member").SeatPool("standard").Obj(), pool, member("ada").Obj())

	// Nothing waits for Stripe: not a seat, and not an invitation.
	s.is("ada", v1alpha1.ReasonInvited)
	s.billed(v1alpha1.ReasonBillingUnavailable, "there is no Secret stripe with the key apiKey")
	if told := provider.Requests(); len(told) > 0 {
		t.Errorf("without an API key, Stripe was asked %v", told)
	}
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "stripe"}, StringData: map[string]string{"apiKey": "rk_test_1"}})
	s.billed(v1alpha1.ReasonBilled, "Stripe bills 3 seats; the latest invoice is in_")
	if got := provider.Quantity("si_users"); got != 3 {
		t.Errorf("Stripe bills %d seats", got)
	}

	// A change that is made, but never answered, is found out by its key.
	provider.Script(fake.Fault{Applied: true, Cut: true}, fake.Fault{Status: http.StatusTooManyRequests})
	applied := provider.Applied()
	s.scale(5)
	s.billed(v1alpha1.ReasonBilled, "Stripe bills 5 seats; the latest invoice is in_")
	if got := provider.Applied() - applied; got != 1 || provider.Quantity("si_users") != 5 {
		t.Errorf("%d changes were made, and Stripe bills %d seats", got, provider.Quantity("si_users"))
	}
}

// billed waits until the condition Billed of the pool has a reason and a message with these words.
func (s *stage) billed(reason, words string) {
	s.Helper()
	await(s, "standard", func(p *v1alpha1.SeatPool) error {
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionBilled)
		if c == nil || c.Reason != reason || !strings.Contains(c.Message, words) {
			return fmt.Errorf("the condition Billed is %+v, want %s: %s", c, reason, words)
		}
		return nil
	})
}
