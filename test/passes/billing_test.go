// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/billing"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// billed is a world whose pool is billed by Stripe.
func billed(t *testing.T, pool *build.SeatPoolBuilder, users ...string) *passes.World {
	t.Helper()
	return settled(t, append(selling(pool.Stripe("si_1", "stripe"), users...), secret())...)
}

func wantBills(t *testing.T, w *passes.World, want ...int64) {
	t.Helper()
	if got := bills(w); !slices.Equal(got, want) {
		t.Errorf("the provider was told to bill %v, want %v", got, want)
	}
}

// wantTold checks what is recorded of the billing provider.
func wantTold(t *testing.T, w *passes.World, sequence int64, quantity int32, confirmed bool, invoice string) {
	t.Helper()
	told := w.Pool("standard").Status.Billing
	if told == nil || told.Sequence != sequence || *told.Quantity != quantity || (told.ConfirmedAt != nil) != confirmed || told.Invoice != invoice {
		t.Errorf("what is recorded is %+v, want sequence %d, quantity %d, confirmed %t, invoice %q", told, sequence, quantity, confirmed, invoice)
	}
}

// The quantity follows the bought seats, each change under a key of its own. The invoice is in status and event.
func TestBillingFollowsSeats(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2).ExpiresAt(endOfTerm), "ada")
	wantTold(t, w, 1, 2, true, "in_1")
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionBilled, metav1.ConditionTrue, v1alpha1.ReasonBilled, "2 seats", "in_1")
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantEvent(t, w, 1, "Normal Billed standard", "in_1")
	wantQuiet(t, w)
	for i, seats := range []int32{5, 3, 5} {
		scale(w, seats)
		w.Settle()
		wantTold(t, w, int64(i+2), seats, true, fmt.Sprintf("in_%d", i+2))
	}
	w.Clock.SetTime(endOfTerm)
	w.Settle()
	wantTold(t, w, 5, 0, true, "in_5")
	wantBills(t, w, 2, 5, 3, 5, 0)
	uid := w.Pool("standard").UID
	for i, c := range w.Billing.Changes() {
		if c.Key != fmt.Sprintf("seatkeeper-%s-%d", uid, i+1) || !c.InvoiceNow || c.Item != "si_1" || c.APIKey != "sk_test_1" {
			t.Errorf("change %d is %+v", i+1, c)
		}
	}
	wantEvent(t, w, 5, "Normal Billed standard")
	wantQuiet(t, w)
}

// An order that has not gone through is not billed.
func TestBillingOfOrders(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(1).Approval().MaxSeats(3))
	scale(w, 2)
	w.Settle()
	scale(w, 9)
	w.Settle()
	wantBills(t, w, 1)
}

// The quantity of a Metered pool follows use, and the regular invoice bills it.
func TestBillingFollowsUse(t *testing.T) {
	t.Parallel()
	w := billed(t, metered(5), "ada", "bea", "cid")
	wantTold(t, w, 1, 2, true, "")
	edit("cid", state(v1alpha1.UserArchived))(w)
	w.Settle()
	wantTold(t, w, 2, 1, true, "")
	edit("cid", state(v1alpha1.UserActive))(w)
	w.Settle()
	wantTold(t, w, 3, 2, true, "")
	for _, c := range w.Billing.Changes() {
		if c.InvoiceNow {
			t.Errorf("use is invoiced at once: %+v", c)
		}
	}
	wantQuiet(t, w)
}

// Without a provider nobody is told anything.
func TestNoBilling(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2), "ada")...)
	scale(w, 3)
	w.Settle()
	wantBills(t, w)
	wantNone(t, w.Pool("standard"), v1alpha1.ConditionBilled)
	if told := w.Pool("standard").Status.Billing; told != nil {
		t.Errorf("there is a record: %+v", told)
	}
}

// The change is recorded before the provider is told, and told again under the same key after a crash.
func TestBillingIsRecordedBeforeItIsTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		resource string
		n        int
		fault    operator.Fault
		told     int // before the process ends
	}{
		"it ends before the record":          {"seatpools/status", 1, operator.NotSent, 0},
		"it ends after the record":           {"seatpools/status", 1, operator.NoAnswer, 0},
		"it ends before the answer's record": {"seatpools/status", 2, operator.NotSent, 1},
		"it ends after the answer's record":  {"seatpools/status", 2, operator.NoAnswer, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := billed(t, standard(2))
			hit := w.Traffic.Kill(tt.fault, tt.n, operator.Writing(tt.resource))
			before := len(w.Billing.Attempts())
			scale(w, 4)
			for dead := false; !dead; {
				_, _ = w.Round() // which tells of the accident
				select {
				case <-hit:
					dead = true
				default:
				}
			}
			if told := len(w.Billing.Attempts()) - before; told != tt.told {
				t.Errorf("the provider was told %d times, want %d", told, tt.told)
			}
			w.Traffic.Restore()
			w.Restart()
			w.Settle()
			wantBills(t, w, 2, 4)
			if changes := w.Billing.Changes(); len(changes) != 2 {
				t.Errorf("the provider changed something %d times, want 2: %v", len(changes), changes)
			}
			wantTold(t, w, 2, 4, true, "in_2")
		})
	}
}

// The process ends while the provider is being told.
func TestBillingIsToldAgain(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2))
	gate := w.Billing.Hang()
	scale(w, 4)
	if _, err := w.Turn(); err != nil {
		t.Fatal(err)
	}
	<-gate.Reached()
	wantTold(t, w, 2, 4, false, "in_1")
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBilling, "4 seats")
	w.Restart()
	gate.Open()
	w.Settle()
	wantBills(t, w, 2, 4)
	wantTold(t, w, 2, 4, true, "in_2")
}

// What changes while the provider is being told is told afterwards.
func TestBillingOfSeveralChanges(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2))
	gate := w.Billing.Hang()
	for _, seats := range []int32{4, 5, 6} {
		scale(w, seats)
		if _, err := w.Turn(); err != nil {
			t.Fatal(err)
		}
	}
	gate.Open()
	w.Settle()
	wantBills(t, w, 2, 4, 6)
	wantTold(t, w, 3, 6, true, "in_3")
}

// A pass that does not know what is recorded tells nobody anything else.
func TestStaleBilling(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2))
	scale(w, 4)
	w.CatchUp()
	thaw := w.Traffic.Freeze("seatpools")
	twin := w.Twin()
	for range 3 {
		if _, err := twin.Pass(passes.SeatPool, "standard"); err != nil {
			t.Error(err)
		}
		twin.Billed()
		twin.CatchUp()
	}
	refused(t, w, passes.SeatPool, "standard")
	w.Billed()
	thaw()
	w.Settle()
	wantBills(t, w, 2, 4)
	wantTold(t, w, 2, 4, true, "in_2")
}

// What the provider refuses for good is tried again when somebody has done something about it.
func TestBillingRejected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  func(*passes.World)
		want int32
	}{
		"somebody asks for it": {func(w *passes.World) {
			passes.Change(w, "standard", func(p *v1alpha1.SeatPool) {
				p.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: "now"}
			})
		}, 2},
		"the spec changes": {func(w *passes.World) {
			passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Plan = "Pro" })
		}, 2},
		"the quantity changes": {func(w *passes.World) { scale(w, 3) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, append(selling(standard(2).Stripe("si_1", "stripe"), "ada"), secret())...)
			w.Billing.Fail(billing.AsRejected(errors.New("No such subscription item: 'si_1'")))
			w.Settle()
			pool := w.Pool("standard")
			wantReason(t, w, pool, v1alpha1.ReasonBillingRejected)
			wantCondition(t, pool, v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBillingRejected,
				"No such subscription item: 'si_1'", "seatkeeper.dev/reconcile-at")
			wantCondition(t, pool, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonBillingRejected)
			wantReason(t, w, w.User("ada"), v1alpha1.ReasonInvited) // the seats stay in effect
			wantQuiet(t, w)
			w.Restart()
			wantQuiet(t, w)
			tt.act(w)
			w.Settle()
			wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
			wantTold(t, w, 2, tt.want, true, "in_1")
		})
	}
}

// What is refused is said: the ways to pay are corrected elsewhere than the subscription, and nothing is said of the number of seats,
// which may be billed.
func TestPaymentMethodsRejected(t *testing.T) {
	t.Parallel()
	for known, words := range map[bool]string{
		false: "Stripe does not take spec.billing.stripe.paymentMethods for 2 seats (the ways to pay are refused: sepa_debit is not activated): " +
			"correct them, or allow them in Stripe, then set annotation seatkeeper.dev/reconcile-at to any new value",
		true: "(the ways to pay are refused, and this quantity is billed already: sepa_debit is not activated)",
	} {
		t.Run(fmt.Sprint("billed: ", known), func(t *testing.T) {
			t.Parallel()
			pool := standard(2).Stripe("si_1", "stripe").Obj()
			pool.Spec.Billing.Stripe.PaymentMethods = []v1alpha1.PaymentMethod{v1alpha1.PaymentSEPADebit}
			w := passes.New(t, build.Organization("acme").Obj(), pool, secret())
			w.Billing.Fail(billing.AsMethodsRejected(errors.New("sepa_debit is not activated"), known))
			w.Settle()
			pool = w.Pool("standard")
			wantCondition(t, pool, v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBillingRejected, words)
			wantCondition(t, pool, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonBillingRejected, words)
			w.Restart()
			wantQuiet(t, w)
		})
	}
}

// A provider that is down holds up no seat. When it is back it is told.
func TestBillingUnavailable(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(1), "ada", "bea")
	w.Billing.Down(billing.AsUnavailable(errors.New("connection refused")))
	scale(w, 2)
	w.Settle()
	pool := w.Pool("standard")
	wantReason(t, w, pool, v1alpha1.ReasonBillingUnavailable)
	wantCondition(t, pool, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonBillingUnavailable, "connection refused", "it is tried again")
	wantCondition(t, pool, v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBillingUnavailable)
	wantLedger(t, w, map[int32]string{0: "ada", 1: "bea"})
	wantReason(t, w, w.User("bea"), v1alpha1.ReasonInvited)
	writes := len(w.Traffic.Writes())
	if settled, err := w.Round(); !settled || err != nil {
		t.Errorf("while it is down a round ends with %v and writes %v", err, w.Traffic.Writes()[writes:])
	}
	w.Billing.Down(nil)
	w.BilledAgain("standard")
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonReady)
	wantTold(t, w, 2, 2, true, "in_2")
	wantQuiet(t, w)
}

// The API key is read at each try: without its Secret nobody is told, and a key that was replaced is used.
func TestBillingSecret(t *testing.T) {
	t.Parallel()
	w := settled(t, selling(standard(2).Stripe("si_1", "stripe"))...)
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonBillingUnavailable)
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBillingUnavailable, "there is no Secret stripe with the key apiKey")
	w.Create(build.Secret("stripe", map[string]string{"other": "sk_test_1"})) // one without the key is as good as none
	wantBills(t, w)
	w.Billing.Refuse("sk_test_old", "Invalid API Key provided")
	rotate := func(key string) {
		passes.Change(w, "stripe", func(s *corev1.Secret) { s.Data = map[string][]byte{"apiKey": []byte(key)} })
		w.BilledAgain("standard")
		w.Settle()
	}
	rotate("sk_test_old")
	wantCondition(t, w.Pool("standard"), v1alpha1.ConditionBilled, metav1.ConditionFalse, v1alpha1.ReasonBillingUnavailable,
		"Stripe refuses the API key of Secret stripe", "Invalid API Key provided")
	rotate("sk_test_new")
	wantTold(t, w, 1, 2, true, "in_1")
	wantBills(t, w, 2)
	if c := w.Billing.Changes()[0]; c.APIKey != "sk_test_new" {
		t.Errorf("it is billed with the key %s", c.APIKey)
	}
}

// Another subscription item is told the quantity anew, and without one nobody is told any more.
func TestBillingOfAnotherItem(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2))
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Stripe.SubscriptionItem = "si_2" })
	w.Settle()
	wantTold(t, w, 2, 2, true, "in_2")
	if got := w.Billing.Quantities(); got["si_1"] != 2 || got["si_2"] != 2 {
		t.Errorf("what is billed is %v", got)
	}
	passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Billing.Stripe = nil })
	w.Settle()
	wantNone(t, w.Pool("standard"), v1alpha1.ConditionBilled)
	scale(w, 3)
	w.Settle()
	wantBills(t, w, 2, 2)
}

// A pool that goes leaves its subscription as it is, and says so.
func TestBillingOfADeletedPool(t *testing.T) {
	t.Parallel()
	w := billed(t, standard(2), "ada")
	w.Delete(build.SeatPool("standard").Obj())
	w.Settle()
	wantReason(t, w, w.Pool("standard"), v1alpha1.ReasonSeatsHeld)
	withoutRole("ada")(w)
	w.Settle()
	if w.Find("standard", &v1alpha1.SeatPool{}) {
		t.Error("the pool is still there")
	}
	wantEvent(t, w, 1, "Warning StillBilled standard", "subscription item si_1")
	wantBills(t, w, 2)
}
