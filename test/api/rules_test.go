// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/test/env"
)

// rule is what becomes of the typical object of a kind with some fields changed.
type rule struct {
	why  string
	kind string
	set  fields
	// want is a part of the refusal, the whole message where the rule is written in CEL; empty, and the
	// object is accepted.
	want string
}

// The messages of the rules that are written in CEL.
const (
	emailRule        = "email must be one bare address such as jean@acme.example"
	localeRule       = "locale must be a BCP 47 language tag such as en or fr-FR"
	timeZoneRule     = "timeZone must be an IANA time zone such as Europe/Paris or UTC"
	ttlRule          = "ttl must be a duration from 1m to 8760h such as 168h"
	organizationRule = "organization must be the name of an Organization, in lower case letters, digits, - and ."
	ownerRule        = "owner must be the name of a User, in lower case letters, digits, - and ."
	rolesRule        = "roles must be names of Roles, in lower case letters, digits, - and ."
	rolePoolRule     = "seatPool must be the name of a SeatPool, in lower case letters, digits, - and ."
	memberRule       = "user must be the name of a User, in lower case letters, digits, - and ."
	poolNameRule     = "the name of a SeatPool has at most 200 characters, so that its SeatSlices can be named after it"
	leadRule         = "a team has at most one Lead"
	rangeRule        = "a SeatSlice records the 64 seats from firstSeat on"
	orderRule        = "assignments must be sorted by seat, each seat once"

	amountRule         = `amount must be a decimal number with a point and up to three decimals, such as "10.00"`
	currencyRule       = "currency must be a code of ISO 4217 such as EUR"
	taxRateRule        = `taxRate must be a percentage from 0 to 100 with a point and up to three decimals, such as "20" or "5.5"`
	maxOrderAmountRule = `maxOrderAmount must be a decimal number with a point and up to three decimals, such as "10000.00"`
	subscriptionRule   = "subscriptionItem must be the ID of a Stripe subscription item, such as si_123"
	meteredSeatsRule   = "seats must be 0 or left out in a Metered pool, whose capacity follows demand: purchase.maxSeats limits it"
	meteredOrdersRule  = "a Metered pool has no orders: of purchase, only maxSeats can be set"
	pricedLimitRule    = "purchase.maxOrderAmount needs billing.price, which says what an order costs and in which currency"
	sepaRule           = "SEPADebit of stripe.paymentMethods needs price.currency EUR, the only currency of SEPA: leave it out, or change the currency"
)

// onCreate are the rules that creating an object meets.
func onCreate() []rule {
	return slices.Concat(organizationRules, userRules, roleRules, seatPoolRules, teamRules, seatSliceRules, archivedUserRules, invitationRules, untilRules, directoryRules, offboardingRules,
		accessRules(), ownershipRules(), emailRules(), localeRules(), timeZoneRules(), billingRules, purchaseRules, meteredRules, amountRules(), taxRateRules(), currencyRules())
}

func TestCreate(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for _, r := range onCreate() {
		t.Run(r.kind+"/"+r.why, func(t *testing.T) {
			obj := untyped(t, r.kind, typical(ns)[r.kind], r.set)
			judge(t, c.Create(t.Context(), obj, client.DryRunAll, client.FieldValidation("Strict")), r.want)
		})
	}
}

func TestUpdate(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for kind, obj := range typical(ns) {
		if err := c.Create(t.Context(), obj); err != nil {
			t.Fatalf("creating the typical %s: %v", kind, err)
		}
	}
	for _, r := range slices.Concat(onUpdate, accessUpdateRules) {
		t.Run(r.kind+"/"+r.why, func(t *testing.T) {
			obj := untyped(t, r.kind, typical(ns)[r.kind], nil)
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
				t.Fatal(err)
			}
			set(t, obj, r.set)
			judge(t, c.Update(t.Context(), obj, client.DryRunAll, client.FieldValidation("Strict")), r.want)
		})
	}
}

// TestUpdateStatus tries what only the operator writes.
func TestUpdateStatus(t *testing.T) {
	c, ns := env.Client(t), env.Namespace(t)
	for kind, obj := range typical(ns) {
		if err := c.Create(t.Context(), obj); err != nil {
			t.Fatalf("creating the typical %s: %v", kind, err)
		}
	}
	for _, r := range slices.Concat(onStatus, accessStatusRules, offboardingStatusRules, removalStatusRules) {
		t.Run(r.kind+"/"+r.why, func(t *testing.T) {
			obj := untyped(t, r.kind, typical(ns)[r.kind], nil)
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
				t.Fatal(err)
			}
			set(t, obj, r.set)
			judge(t, c.Status().Update(t.Context(), obj, client.DryRunAll, client.FieldValidation("Strict")), r.want)
		})
	}
}

// judge compares an answer of the API server with the one that a rule leads to.
func judge(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("accepted, want a refusal that says %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("refused with %v, want it to say %q", err, want)
	}
}
