// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/internal/billing/fake"
)

// paying is the sample ezus with Stripe, where it has a subscription of its own of this name, and an item of it.
func paying(t *testing.T) (a account, item, subscription string) {
	t.Helper()
	name := strings.ReplaceAll(strings.ToLower(t.Name()), "/", "_")
	item, subscription = "si_"+name, "sub_"+name
	payments.Add(item, subscription, 0)
	a = applyWith(t, "config/integrations/ezus-stripe", "ezus", func(_ account, yaml string) string {
		return strings.ReplaceAll(yaml, "si_123", item)
	})
	return a, item, subscription
}

// billed waits until Stripe has confirmed what it bills.
func (a account) billed(seats string) {
	a.Helper()
	a.says("seats/users", `{.status.conditions[?(@.type=="Billed")]['reason','message']}`, "Billed Stripe bills "+seats+"; the latest invoice is in_")
}

func TestEZ3_PaymentByCardOrSEPA(t *testing.T) {
	a, item, subscription := paying(t)
	a.billed("3 seats")
	ways := func(want ...string) {
		t.Helper()
		if got := payments.PaymentMethods(subscription); !slices.Equal(got, want) {
			t.Errorf("Stripe lets invoices be paid by %q, want %q", got, want)
		}
	}
	ways("card", "sepa_debit")
	a.has("seats/users", "{.status.billing.paymentMethods}", `["Card","SEPADebit"]`)

	// An edit alone tells Stripe, orders nothing, and sends no quantity that could bring an invoice.
	quantities := func() (n int) {
		for _, r := range payments.Requests() {
			if r.Method == http.MethodPost && r.Path == "/v1/subscription_items/"+item {
				n++
			}
		}
		return n
	}
	sent := quantities()
	a.sets("seats/users", `{"billing":{"stripe":{"paymentMethods":["SEPADebit"]}}}`)
	a.has("seats/users", "{.status.billing.paymentMethods} {.status.billing.sequence}", `["SEPADebit"] 2`)
	a.billed("3 seats")
	ways("sepa_debit")
	if got := payments.Quantity(item); got != 3 {
		t.Errorf("Stripe bills %d seats, want 3", got)
	}
	a.sets("seats/users", `{"billing":{"stripe":{"paymentMethods":null}}}`) // they stay as they are, and Stripe is not told
	a.has("seats/users", "{.status.billing.paymentMethods} {.status.billing.sequence}", " 2")
	ways("sepa_debit")
	if n := quantities(); n != sent {
		t.Errorf("the quantity was sent %d times more, want not at all", n-sent)
	}
	a.refused([]string{"patch", "seats/users", "--type=merge", "-p", `{"spec":{"billing":{"stripe":{"paymentMethods":["Cash"]}}}}`}, `supported values: "Card", "SEPADebit"`)
}

func TestEZ4_ConfirmationAndInvoiceFollow(t *testing.T) {
	a, item, _ := paying(t)
	a.billed("3 seats")
	first := a.run("", "get", "seats/users", "-o", "jsonpath={.status.billing.invoice}")

	// While Stripe does not answer, the seats are there, and people are invited.
	gate := payments.Hang()
	defer gate.Open()
	a.orders(scale("users", 4), "order: 1 seat")
	a.figures("users", 4, 3, 1, 0)
	a.invites("voyages", "zoe", "collaborator")
	a.is("users/zoe", "Invited")
	<-gate.Reached()
	a.has("seats/users", "{.status.billing.quantity} {.status.billing.confirmedAt}", "4 ")
	// It is said with the very write, and not only when Stripe's time to answer is over.
	if billed := a.run("", "get", "seats/users", "-o", `jsonpath={.status.conditions[?(@.type=="Billed")].status}`); billed != "False" {
		t.Errorf("Stripe has not answered, and Billed is %s", billed)
	}
	gate.Open()
	a.billed("4 seats")
	a.says("seats/users", "{.status.billing.quantity} {.status.billing.confirmedAt}", "4 ", "Z")
	if next := a.run("", "get", "seats/users", "-o", "jsonpath={.status.billing.invoice}"); next == first || !strings.HasPrefix(next, "in_") {
		t.Errorf("the invoice was %s, and is %s", first, next)
	}

	// What Stripe refuses is said, and the seats stay.
	payments.Script(fake.Fault{Method: http.MethodPost, Status: http.StatusBadRequest, Error: fake.Error{Type: "invalid_request_error", Message: "The subscription was canceled"}})
	a.orders(scale("users", 5), "order: 1 seat")
	a.says("seats/users", `{.status.conditions[?(@.type=="Billed")]['reason','message']}`, "BillingRejected", "The subscription was canceled")
	a.figures("users", 5, 4, 1, 0)
	if got := payments.Quantity(item); got != 4 {
		t.Errorf("Stripe bills %d seats, want 4", got)
	}
}
