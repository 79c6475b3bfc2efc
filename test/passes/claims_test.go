// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/claims"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// shared is the address that everybody claims here.
const shared = "kim@people.example"

// company is an organization whose addresses can be in one organization only, with a pool of seats and a role that needs one.
func company(name string) []client.Object {
	return []client.Object{
		build.Organization(name).EmailScope(v1alpha1.EmailScopeCluster).Obj(),
		build.SeatPool(name+"-seats").In("", name).Seats(3).Obj(), build.Role(name+"-member").In("", name).SeatPool(name + "-seats").Obj(),
	}
}

// of is somebody with the address who belongs to an organization.
func of(org, name string) *v1alpha1.User {
	return build.User(name).In("", org).Roles(org + "-member").Email(shared).Obj()
}

// two are two such organizations, with some people.
func two(people ...client.Object) []client.Object {
	return append(append(company("acme"), company("globex")...), people...)
}

// holder is who has the address, by the one claim that there is; empty when there is none.
func holder(t *testing.T, w *passes.World) (lease, who string) {
	t.Helper()
	var list coordinationv1.LeaseList
	if err := env.Client(t).List(t.Context(), &list, client.InNamespace(w.Namespace), client.MatchingLabels{claims.Label: claims.OnAddress}); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		return "", ""
	}
	claim := list.Items[0]
	if len(list.Items) > 1 {
		t.Errorf("there are %d claims, want one", len(list.Items))
	}
	if text := fmt.Sprint(claim); strings.Contains(text, "people.example") {
		t.Errorf("a claim shows the address: %s", text)
	}
	return claim.Name, strings.Split(*claim.Spec.HolderIdentity, "/")[2]
}

// firstHas holds that first is invited, and that others have been given nothing and are told why.
func firstHas(t *testing.T, w *passes.World, others ...string) {
	t.Helper()
	const who = "first"
	if reason := w.Reason(w.User(who)); reason != v1alpha1.ReasonInvited {
		t.Errorf("%s is %s, want %s", who, reason, v1alpha1.ReasonInvited)
	}
	lease, by := holder(t, w)
	if claim := w.User(who).Status.AddressClaim; by != who || claim.Lease != lease || claim.Email != shared {
		t.Errorf("%s is invited by the claim %+v, and Lease %s is %s's", who, claim, lease, by)
	}
	for _, other := range others {
		u := w.User(other)
		ready := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonEmailInUse || !strings.Contains(ready.Message, "is in use in another organization of this cluster: use another address") {
			t.Fatalf("%s is %+v", other, ready)
		}
		if strings.Contains(ready.Message, who) {
			t.Errorf("%s is told who has the address: %s", other, ready.Message)
		}
		if held := seatsHeld(t, w, other); held > 0 {
			t.Errorf("%s holds %d seats", other, held)
		}
		if st := u.Status; st.Invitation != nil || len(st.Seats) > 0 || st.AddressClaim.Lease != "" {
			t.Errorf("%s has been given something: %+v", other, st)
		}
	}
}

// seatsHeld is how many seats the ledger has for somebody.
func seatsHeld(t *testing.T, w *passes.World, user string) (held int) {
	t.Helper()
	var ledger v1alpha1.SeatSliceList
	if err := env.Client(t).List(t.Context(), &ledger, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	for _, slice := range ledger.Items {
		for _, a := range slice.Assignments {
			if a.User == user {
				held++
			}
		}
	}
	return held
}

// What an address is released by, and who has it then.
func TestAnAddressInTheClusterPassesOn(t *testing.T) {
	t.Parallel()
	for why, release := range map[string]func(*passes.World){
		"the User is deleted": func(w *passes.World) { w.Delete(build.User("first").Obj()) },
		"its address is another": func(w *passes.World) {
			passes.Change(w, "first", func(u *v1alpha1.User) { u.Spec.Email = "other@people.example" })
		},
		"its organization shares addresses": func(w *passes.World) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeOrganization })
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, two(of("acme", "first"))...)
			w.Settle()
			w.Create(of("globex", "second"))
			w.Settle()
			firstHas(t, w, "second")
			w.Traffic.Reset()
			w.Restart()
			w.Settle()
			if writes := w.Traffic.Writes(); len(writes) > 0 {
				t.Errorf("a settled system writes after a restart: %v", writes)
			}
			release(w)
			w.Settle()
			if reason := w.Reason(w.User("second")); reason != v1alpha1.ReasonInvited {
				t.Errorf("second is %s", reason)
			}
			if claim := w.User("second").Status.AddressClaim; claim.Email != shared {
				t.Errorf("second goes by %+v", claim)
			}
		})
	}
}

// Two organizations of one second, whose operators do not see each other's Users: whatever the order of what both do, one invites.
func TestTwoOrganizationsAtOnce(t *testing.T) {
	t.Parallel()
	const rounds = 20
	w := passes.New(t, two()...)
	twin := w.Twin()
	w.Settle()
	for i := range rounds {
		first, second, email := fmt.Sprintf("first-%d", i), fmt.Sprintf("second-%d", i), fmt.Sprintf("kim-%d@people.example", i)
		one, other := of("acme", first), of("globex", second)
		one.Spec.Email, other.Spec.Email = email, strings.ToUpper(email[:1])+email[1:]
		w.Create(one, other)
		w.See(first, &v1alpha1.User{})
		twin.See(second, &v1alpha1.User{})
		// Both have found that nobody has the address.
		held, late := w.Traffic.Hold(1, operator.Writing("leases")), twin.Traffic.Hold(1, operator.Writing("leases"))
		var running sync.WaitGroup
		running.Go(func() { _, _ = w.Try(passes.User, first) })
		running.Go(func() { _, _ = twin.Try(passes.User, second) })
		<-held.Reached()
		<-late.Reached()
		held.Release()
		late.Release()
		running.Wait()
	}
	passes.Change(w, "acme-seats", func(p *v1alpha1.SeatPool) { p.Spec.Seats = ptr.To(int32(rounds)) })
	passes.Change(w, "globex-seats", func(p *v1alpha1.SeatPool) { p.Spec.Seats = ptr.To(int32(rounds)) })
	w.Settle()
	for i := range rounds {
		one, other := w.User(fmt.Sprintf("first-%d", i)), w.User(fmt.Sprintf("second-%d", i))
		got := []string{w.Reason(one), w.Reason(other)}
		slices.Sort(got)
		if want := []string{v1alpha1.ReasonEmailInUse, v1alpha1.ReasonInvited}; !slices.Equal(got, want) {
			t.Errorf("round %d: %v, want %v", i, got, want)
		}
	}
	if mails := len(w.Mail.Sent()); mails != rounds {
		t.Errorf("%d mails, want %d", mails, rounds)
	}
}

// A User who comes before the Organization has the address from when that is there; so has who came first then.
func TestAUserBeforeItsOrganization(t *testing.T) {
	t.Parallel()
	w := passes.New(t, append(company("globex"), of("globex", "first"))...)
	w.Settle()
	w.Create(of("acme", "early"))
	w.Settle()
	if reason := w.Reason(w.User("early")); reason != v1alpha1.ReasonOrganizationNotFound {
		t.Fatalf("early is %s", reason)
	}
	w.Create(company("acme")...)
	w.Settle()
	firstHas(t, w, "early")
}

// Whoever had an address before its organization said that it can be in one only keeps what there is, and it is said.
func TestTheScopeIsSetLater(t *testing.T) {
	t.Parallel()
	w := passes.New(t, two(of("acme", "first"))...)
	passes.Change(w, "globex", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeOrganization })
	w.Create(of("globex", "second"))
	w.Settle()
	w.Answer("second", accept)
	w.Settle()
	passes.Change(w, "globex", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeCluster })
	w.Settle()
	second := w.User("second")
	if reason := w.Reason(second); reason != v1alpha1.ReasonEmailInUse || !access.Active(second) || len(second.Status.Seats) != 1 || len(second.Status.Roles) != 1 {
		t.Errorf("second is %s, with %+v", reason, second.Status)
	}
	firstHas(t, w)
}

// A process that dies between the claim and what follows locks nobody out: the same User goes on with it, and when that is gone,
// anybody may take it over.
func TestDyingWithAClaim(t *testing.T) {
	t.Parallel()
	for why, then := range map[string]struct {
		happens func(*passes.World)
		has     string
	}{
		"the User goes on": {func(*passes.World) {}, "first"},
		"the User is gone": {func(w *passes.World) { w.Delete(build.User("first").Obj()) }, "second"},
		"it was readdressed": {func(w *passes.World) {
			passes.Change(w, "first", func(u *v1alpha1.User) { u.Spec.Email = "other@people.example" })
		}, "second"},
		"it shares addresses now": {func(w *passes.World) {
			passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeOrganization })
		}, "second"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, two(of("acme", "first"))...)
			for range w.CatchUp() {
			}
			dead := w.Traffic.Kill(operator.NoAnswer, 1, operator.Writing("leases"))
			_, _ = w.Try(passes.User, "first")
			<-dead
			w.Traffic.Restore()
			if _, by := holder(t, w); by != "first" || w.User("first").Status.AddressClaim.Lease != "" {
				t.Fatalf("the claim is of %q, and the User goes by %+v", by, w.User("first").Status.AddressClaim)
			}
			w.Restart()
			then.happens(w)
			w.Create(of("globex", "second"))
			w.Settle()
			if reason := w.Reason(w.User(then.has)); reason != v1alpha1.ReasonInvited {
				t.Errorf("%s is %s", then.has, reason)
			}
			if then.has == "first" {
				firstHas(t, w, "second")
			}
		})
	}
}

// Of the Users of one organization, who has the address is decided as anywhere: none of them waits for a claim of another.
func TestAnotherUserOfTheOrganization(t *testing.T) {
	t.Parallel()
	w := passes.New(t, two(of("acme", "first"))...)
	w.Settle()
	w.Create(of("acme", "namesake"), of("globex", "second"))
	w.Settle()
	firstHas(t, w, "second")
	if reason := w.Reason(w.User("namesake")); reason != v1alpha1.ReasonEmailInUse {
		t.Errorf("namesake is %s", reason)
	}
	w.Delete(build.User("first").Obj())
	w.Settle()
	if a, b := w.Reason(w.User("namesake")), w.Reason(w.User("second")); (a == v1alpha1.ReasonInvited) == (b == v1alpha1.ReasonInvited) {
		t.Errorf("namesake is %s, second is %s", a, b)
	}
}

// An organization that shares its addresses pays nothing for those that do not.
func TestSharedAddressesCostNothing(t *testing.T) {
	t.Parallel()
	w := passes.New(t, acme(3, "ada", "bea")()...)
	w.Settle()
	claims := w.Traffic.Requests(func(r operator.Request) bool { return r.Resource == "leases" || r.Resource == "secrets" })
	if len(claims) > 0 {
		t.Errorf("it asks for %v", claims)
	}
	w.Delete(build.User("bea").Obj())
	w.Settle()
}

// Whoever was parked has the address on, and whoever takes over from there has it then.
func TestWhoIsParkedHasTheAddress(t *testing.T) {
	t.Parallel()
	for why, end := range map[string]struct {
		happens func(*passes.World)
		stays   bool
	}{
		"the User is applied again": {func(w *passes.World) { w.Create(build.User("again").Roles("member").Email("cid@acme.example").Obj()) }, true},
		"nobody comes in time":      {func(w *passes.World) { w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour)) }, false},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := rejecting(t, func(org *build.OrganizationBuilder) { org.EmailScope(v1alpha1.EmailScopeCluster) })
			rejectHeld(w)
			w.Settle()
			if parked := parkedRecords(t, w); !slices.Contains(parked, "cid") {
				t.Fatalf("parked are %v", parked)
			}
			w.Create(append(company("globex"), build.User("second").In("", "globex").Roles("globex-member").Email("cid@acme.example").Obj())...)
			w.Settle()
			wantReason(t, w, w.User("second"), v1alpha1.ReasonEmailInUse)
			end.happens(w)
			w.Settle()
			if !end.stays {
				wantReason(t, w, w.User("second"), v1alpha1.ReasonInvited)
				return
			}
			wantReason(t, w, w.User("again"), v1alpha1.ReasonActive)
			wantReason(t, w, w.User("second"), v1alpha1.ReasonEmailInUse)
			w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour))
			w.Settle()
			wantReason(t, w, w.User("second"), v1alpha1.ReasonEmailInUse)
		})
	}
}
