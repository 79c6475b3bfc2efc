// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

func TestEZ2_PriceVATAndExpiryAreShownFirst(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	quote := []string{
		"order: 4 seats for SeatPool users: 236.00 net + 47.20 VAT (20 %) = 283.20 EUR gross per Month",
		"then 7 seats: 413.00 net + 82.60 VAT (20 %) = 495.60 EUR gross per Month, until 2036-11-01T00:00:00Z",
	}
	a.orders(append(scale("users", 7), "--dry-run=server"), quote...)
	a.figures("users", 3, 3, 0, 0) // it was only asked
	a.orders(scale("users", 7), quote...)
	a.figures("users", 7, 3, 4, 0)
	a.has("seats/users", "{.status.cost.summary} {.status.cost.net} {.status.cost.tax}", "495.60 EUR/Month 413.00 82.60")
	if out := a.run("", "get", "seats", "-o", "wide"); !inOrder(strings.ReplaceAll(out, "\n", " "), []string{"COST", "EXPIRES", "495.60 EUR/Month", "2036-11-01T00:00:00Z"}) {
		t.Errorf("kubectl get seats prints\n%s", out)
	}
}

func TestEZ2_BoughtSeatsEndAndIncludedOnesStay(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders([]string{"patch", "seats/users", "--type=merge", "-p", `{"spec":{"included":1,"expiresAt":"2026-01-01T00:00:00Z"}}`},
		"3 seats, which ended at 2026-01-01T00:00:00Z")
	a.has("seats/users", `{.status.conditions[?(@.type=="Expired")].status} {.status.capacity} {.status.assigned}`, "True 1 3")
	a.is("users/ines", "Invited") // onShortage: Keep
	a.refused(scale("users", 4), "the bought seats ended at 2026-01-01T00:00:00Z", "set expiresAt to a later time")
	a.orders([]string{"patch", "seats/users", "--type=merge", "-p", `{"spec":{"expiresAt":"2037-01-01T00:00:00Z"}}`},
		"renewal of SeatPool users: 3 seats: 177.00 net", "until 2037-01-01T00:00:00Z")
	a.figures("users", 4, 3, 1, 0)
}

func TestEZ5_SevenSeatsPerOrder(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	limit := []string{"purchase.maxSeatsPerOrder allows, which is 7", "up to 7 seats on top of the 3 there are would pass, which is 10"}
	a.refused(scale("users", 11), limit...)
	a.refused([]string{"patch", "seats/users", "--type=merge", "-p", `{"spec":{"seats":11}}`}, limit...)
	gitops := func(seats string) []string {
		return []string{"patch", "seats/users", "--type=merge", "--field-manager=flux", "-p", `{"spec":{"seats":` + seats + `}}`}
	}
	a.refused(gitops("11"), limit...)
	a.figures("users", 3, 3, 0, 0)
	a.orders(scale("users", 10), "order: 7 seats")
	a.figures("users", 10, 3, 7, 0)
	a.orders(gitops("17"), "order: 7 seats") // another order
	a.figures("users", 17, 3, 14, 0)
}

func TestEZ6_TenThousandEURInOneTransaction(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.sets("seats/users", `{"billing":{"price":{"amount":"1500.00"}},"expiresAt":null}`)
	a.refused(scale("users", 9), "an order of 6 seats costs 10800.00 EUR per Month with tax", "which is 10000.00", "up to 5 seats", "would pass, which is 8")
	a.orders(scale("users", 8), "order: 5 seats", "= 9000.00 EUR gross per Month")
	a.figures("users", 8, 3, 5, 0)
}

func TestEZ8_AnOpenInvitationHoldsAPaidSeat(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.figures("users", 3, 3, 0, 0)
	a.is("users/claire", "Invited") // an administrator takes one as well
	a.is("users/luc", "Invited")
	a.invites("voyages", "zoe", "collaborator")
	a.is("users/zoe", "AwaitingSeat")
	a.sets("users/luc", `{"state":"Archived"}`) // takes the invitation back
	a.is("users/zoe", "Invited")
}

func TestEZ9_NoFreeSeat(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.invites("voyages", "zoe", "collaborator")
	a.is("users/zoe", "AwaitingSeat")
	a.has("users/zoe", `{.status.conditions[?(@.type=="Ready")].message}`,
		"number 1 in the queue of seat pool users, whose 3 seats are taken: add seats, or free one")
	a.orders(scale("users", 4), "order: 1 seat ")
	a.is("users/zoe", "Invited")
}

func TestIN7_MoreUsersByTheMonthOrTheYear(t *testing.T) {
	t.Parallel()
	a := apply(t, "infast", "infast")
	a.figures("users", 2, 2, 0, 0) // the maximum is reached
	a.orders(scale("users", 2), "order: 1 seat for SeatPool users: 10.00 net + 2.00 VAT (20 %) = 12.00 EUR gross per Month")
	a.orders(scale("users-yearly", 2), "order: 1 seat for SeatPool users-yearly: 120.00 net + 24.00 VAT (20 %) = 144.00 EUR gross per Year")
	a.has("seats/users", "{.status.cost.summary}", "24.00 EUR/Month") // the included one is free
	a.has("seats/users-yearly", "{.status.cost.summary}", "288.00 EUR/Year")
	a.refused(scale("users", 3), "seats can be ordered only when every seat is assigned", "1 is free")
}

func TestAC5_IncludedUsersByPlan(t *testing.T) {
	t.Parallel()
	for plan, seats := range map[string][2]int{"starter": {1, 1}, "plus": {1, 1}, "professional": {3, 2}, "enterprise": {5, 3}} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel()
			a := apply(t, "activecampaign/"+plan, "activecampaign-"+plan)
			a.figures("users", seats[0], seats[1], seats[0]-seats[1], 0)
			a.has("seats/users", "{.status.cost.summary}", "0.00 USD/Month") // they come with the plan
		})
	}
}

func TestAC6_OnlyOneUserMoreForStarter(t *testing.T) {
	t.Parallel()
	starter := apply(t, "activecampaign/starter", "activecampaign-starter")
	starter.refused(scale("users", 2), "2 seats would be more than purchase.maxSeats allows, which is 1", "up to 1 seat on top of the 0 there are would pass")
	starter.orders(scale("users", 1), "order: 1 seat")
}

func TestAC6_NoLimitForOthers(t *testing.T) {
	t.Parallel()
	enterprise := apply(t, "activecampaign/enterprise", "activecampaign-enterprise")
	enterprise.orders(append(scale("users", 10_000), "--dry-run=server"), "order: 10000 seats", "= 1450000.00 USD gross per Month")
}

func TestAC7_AddOnsHaveSeatsOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/professional", "activecampaign-professional")
	a.figures("users", 3, 2, 1, 0)
	a.figures("pipelines", 3, 2, 1, 0)
	a.figures("sales-engagement", 3, 0, 3, 0)
	a.has("users/noah", "{.status.seats}", `["pipelines","users"]`)
	a.refused(scale("pipelines", 1), "purchase.maxSeats allows, which is 0")
}

func TestAC7_AFullAddOnWithholdsItsRoleAlone(t *testing.T) {
	t.Parallel()
	plus := apply(t, "activecampaign/plus", "activecampaign-plus")
	plus.sets("seats/users", `{"included":2}`)
	plus.invites("agency", "noah", "marketer", "pipelines")
	plus.is("users/noah", "AwaitingSeat")
	plus.has("users/noah", "{.status.roles} {.status.seats}", `["marketer"] ["users"]`)
	invitation(t, "noah@"+plus.namespace+".example")
}

func TestAC8_ASeatPassesToAnother(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/starter", "activecampaign-starter")
	a.invites("agency", "noah", "marketer")
	a.is("users/noah", "AwaitingSeat")
	a.run("", "patch", "org/agency", "--type=merge", "-p", `{"spec":{"owner":"noah"}}`)
	a.sets("users/olivia", `{"state":"Archived"}`)
	a.is("users/noah", "Invited")
	a.figures("users", 1, 1, 0, 0)
}

func TestAC9_EverySeatIsAssignedFirst(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/plus", "activecampaign-plus")
	a.sets("seats/users", `{"included":2}`)
	a.figures("users", 2, 1, 1, 0)
	a.refused(scale("users", 1), "seats can be ordered only when every seat is assigned (purchase.onlyWhenFull), and 1 is free: assign them first")
	a.invites("agency", "noah", "marketer")
	a.figures("users", 2, 2, 0, 0)
	a.orders(scale("users", 1), "order: 1 seat")
}

// Both ways of buying are in the sample, and in use at once.
func TestAC10_TheOtherWayBesideTheOne(t *testing.T) {
	t.Parallel()
	plus := applyWith(t, "activecampaign/plus", "activecampaign-plus", nil)
	plus.sets("seats/users", `{"included":2}`)
	plus.figures("users", 2, 1, 1, 0)
	professional := account{t, plus.namespace + "-pro"}
	yaml := strings.ReplaceAll(plus.run("", "kustomize", "config/samples/activecampaign/professional"), "activecampaign-professional", professional.namespace)
	professional.run(yaml, "apply", "--server-side", "-f", "-")
	professional.figures("users", 3, 2, 1, 0)
	plus.refused(scale("users", 1), "seats can be ordered only when every seat is assigned (purchase.onlyWhenFull), and 1 is free")
	professional.orders(scale("users", 1), "order: 1 seat")
}

func TestAC10_SeatsAreOrderedBeforeTheyAreNeeded(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/professional", "activecampaign-professional")
	a.figures("users", 3, 2, 1, 0)
	a.orders(scale("users", 2), "order: 2 seats")
}

func TestAC11_ReviewThenConfirm(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/professional", "activecampaign-professional")
	a.orders(scale("users", 2), "order: 2 seats for SeatPool users: 158.00 net + 0.00 VAT (0 %) = 158.00 USD gross per Month",
		"the order waits for approval: kubectl annotate seatpool/users --overwrite seatkeeper.dev/approve-order=")
	a.is("seats/users", "OrderPending")
	a.has("seats/users", "{.status.pendingOrder.delta} {.status.pendingOrder.gross} {.status.pendingOrder.period}", "2 158.00 Month")
	a.figures("users", 3, 2, 1, 0) // reviewed, not confirmed
	generation := a.run("", "get", "seats/users", "-o", "jsonpath={.status.pendingOrder.generation}")
	approve := func(generation string) []string {
		return []string{"annotate", "seatpool/users", "--overwrite", "seatkeeper.dev/approve-order=" + generation}
	}
	a.refused(approve("1"), "approves an order of another generation", `approve it by "`+generation+`"`)
	a.run("", approve(generation)...)
	a.is("seats/users", "Ready")
	a.figures("users", 5, 2, 3, 0)
}

func TestAC12_UsageShowsPlanAndUsers(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/enterprise", "activecampaign-enterprise")
	for _, row := range [][]string{
		{"PLAN", "CAPACITY", "ASSIGNED", "AVAILABLE", "WAITING", "COST", "READY"},
		{"users", "Enterprise", "5", "3", "2", "0", "0.00 USD/Month", "True"},
		{"pipelines", "Enterprise", "5", "1", "4", "0", "True"},
	} {
		found := false
		for line := range strings.Lines(a.run("", "get", "seatpools")) {
			found = found || inOrder(line, row)
		}
		if !found {
			t.Errorf("kubectl get seatpools has no row with %q", row)
		}
	}
}

func TestAC13_PurchasedSeatsCanBeRemoved(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/professional", "activecampaign-professional")
	a.orders(scale("users", 5), "order: 5 seats", "the order waits for approval")
	a.is("seats/users", "OrderPending")
	generation := a.run("", "get", "seats/users", "-o", "jsonpath={.status.pendingOrder.generation}")
	a.run("", "annotate", "seatpool/users", "--overwrite", "seatkeeper.dev/approve-order="+generation)
	a.figures("users", 8, 2, 6, 0)
	a.orders(scale("users", 2), "3 seats of SeatPool users given back: 2 seats: 158.00 net") // which nobody has to confirm
	a.figures("users", 5, 2, 3, 0)
	// Below use, onShortage decides: nobody loses a seat here.
	a.invites("agency", "ava", "marketer")
	a.is("users/ava", "Invited")
	a.invites("agency", "zoe", "marketer")
	a.figures("users", 5, 4, 1, 0)
	a.orders(scale("users", 0), "SeatPool users has 3 seats then, and 4 are held: nobody loses one")
	a.has("seats/users", `{.status.conditions[?(@.type=="Overcommitted")].status} {.status.capacity} {.status.assigned}`, "True 3 4")
	// And here the newest holder does.
	a.sets("seats/users", `{"onShortage":"Suspend"}`)
	a.figures("users", 3, 3, 0, 1)
	a.is("users/zoe", "AwaitingSeat") // of those who came in the same second, the last by name
	a.has("users/zoe", `{.status.conditions[?(@.type=="Ready")].message}`,
		"lost the seat in seat pool users, which had more holders than seats, and is number 1 in its queue: add seats, or free one")
	shown := a.run("", "get", "events", "--field-selector=reason=SeatsWithdrawn", "-o", "jsonpath={.items[*].message}")
	if !strings.Contains(shown, "zoe") {
		t.Errorf("the event says %q, not who lost a seat", shown)
	}
}

func TestAC14_RemovingAUserLeavesTheSeats(t *testing.T) {
	t.Parallel()
	a := apply(t, "activecampaign/professional", "activecampaign-professional")
	a.run("", "delete", "user", "noah")
	a.figures("users", 3, 1, 2, 0)
	a.figures("pipelines", 3, 1, 2, 0)
	a.invites("agency", "mia", "marketer")
	a.is("users/mia", "Invited")
	a.figures("users", 3, 2, 1, 0)
}

func TestAX2_TheBillFollowsTheActiveUsers(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.has("seats/users", "{.status.seats} {.status.cost.summary}", "3 179.96 EUR/Month")
	a.invites("atelier", "zoe", "projects")
	a.is("users/zoe", "Invited")
	a.has("seats/users", "{.status.seats} {.status.cost.summary}", "4 239.95 EUR/Month")
	a.refused(scale("users", 3), "seats must be 0 or left out in a Metered pool")
}

func TestAX14_WhoComesBackNeedsASeatAgain(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.sets("seats/users", `{"purchase":{"maxSeats":3}}`)
	a.sets("users/emma", `{"state":"Archived"}`)
	a.is("users/emma", "Archived")
	a.invites("atelier", "zoe", "projects")
	a.is("users/zoe", "Invited")
	a.sets("users/emma", `{"state":"Active"}`)
	a.is("users/emma", "AwaitingSeat")
	a.sets("seats/users", `{"purchase":{"maxSeats":4}}`)
	a.is("users/emma", "Invited")
	a.has("seats/users", "{.status.seats}", "4")
}

func TestAX15_ThePriceAdaptsByItself(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.sets("users/emma", `{"state":"Archived"}`)
	a.has("seats/users", "{.status.seats} {.status.cost.summary}", "2 119.98 EUR/Month")
	a.sets("users/emma", `{"state":"Active"}`)
	a.has("seats/users", "{.status.seats} {.status.cost.summary}", "3 179.96 EUR/Month")
}

// Argo CD prunes in the foreground, which has the garbage collector at work before any finalizer is looked at.
func TestAPoolStaysWhileSeatsAreHeld(t *testing.T) {
	t.Parallel()
	a := apply(t, "infast", "infast")
	prune := []string{"delete", "seats/users-yearly", "--cascade=foreground", "--wait=false"}
	a.refused(prune, "seats of it are held, by User hugo: give their roles another seatPool")
	a.has("users/hugo", "{.status.seats}", `["users-yearly"]`)
	a.has("seatslices/users-yearly-0", "{.assignments[*].user}", "hugo")
	a.sets("users/hugo", `{"state":"Archived"}`)
	env.Eventually(a.T, func() error { // the webhooks know it a moment later
		_, _, err := kubectlIn(a.T, a.namespace, "", prune...)
		return err
	})
	a.run("", "wait", "seats/users-yearly", "--for=delete", "--timeout=60s")
	a.is("users/hugo", "Archived")
}
