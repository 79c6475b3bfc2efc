// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// wantAddress holds that somebody has access at an address, by a claim to that one.
func wantAddress(t *testing.T, w *passes.World, name, email string) {
	t.Helper()
	if st := w.User(name).Status; st.Email != email || st.AddressClaim.Email != email || !access.Active(w.User(name)) {
		t.Errorf("%s is known by %s, and goes by a claim to %s", name, st.Email, st.AddressClaim.Email)
	}
}

// An edit of the address that has no effect yet gives nothing away: the person has access at the address of before.
func TestAPendingEditKeepsTheAddress(t *testing.T) {
	t.Parallel()
	const other = "other@people.example"
	for why, pending := range map[string]struct {
		where  func(*passes.World)
		effect func(*passes.World) // what lets it take effect at last
	}{
		"somebody of the organization has the other one": {
			func(w *passes.World) {
				w.Create(build.User("namesake").In("", "acme").Roles("acme-member").Email(other).Obj())
			},
			func(w *passes.World) { w.Delete(build.User("namesake").Obj()) },
		},
		"another person would leave a role to nobody": {
			func(w *passes.World) {
				passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeReplace })
				passes.Change(w, "acme-member", func(r *v1alpha1.Role) { r.Spec.MinHolders = new(int32(1)) })
			},
			func(w *passes.World) {
				passes.Change(w, "acme-member", func(r *v1alpha1.Role) { r.Spec.MinHolders = nil })
			},
		},
		"the organization denies it": {
			func(w *passes.World) {
				passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeDeny })
			},
			func(w *passes.World) {
				passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.EmailChange = v1alpha1.EmailChangeRename })
			},
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := passes.New(t, two(of("acme", "first"))...)
			w.Settle()
			w.Answer("first", accept)
			pending.where(w)
			w.Settle()
			passes.Change(w, "first", func(u *v1alpha1.User) { u.Spec.Email = other })
			w.Settle()
			w.Create(of("globex", "second"))
			w.Settle()
			wantAddress(t, w, "first", shared)
			wantReason(t, w, w.User("second"), v1alpha1.ReasonEmailInUse)
			pending.effect(w)
			w.Settle()
			if st := w.User("first").Status; st.Email != other || st.AddressClaim.Email != other {
				t.Errorf("first is known by %s, and goes by a claim to %s", st.Email, st.AddressClaim.Email)
			}
			wantReason(t, w, w.User("second"), v1alpha1.ReasonInvited)
		})
	}
}

// Whoever comes at the address of somebody who is parked, and goes again, leaves it to that person.
func TestComingAndGoingWhereSomebodyIsParked(t *testing.T) {
	t.Parallel()
	again := func(roles ...string) *v1alpha1.User {
		return build.User("again").Roles(roles...).Email("cid@acme.example").Obj()
	}
	for why, comes := range map[string]func(*passes.World){
		"without a role": func(w *passes.World) {
			w.Create(again())
			w.Settle()
		},
		"to take over, which a deletion comes before": func(w *passes.World) {
			w.Create(again("member"))
			for range w.CatchUp() {
			}
			writes := func(r operator.Request) bool { return r.Verb == "patch" && r.Name == "again" }
			dead := w.Traffic.Kill(operator.NotSent, 3, writes) // after the finalizer and the claim
			_, _ = w.Try(passes.User, "again")
			<-dead
			w.Traffic.Restore()
			if w.User("again").Status.AddressClaim.Lease == "" || w.User("again").Account() != w.User("again").UID {
				t.Errorf("again is %+v", w.User("again").Status)
			}
			w.Restart()
		},
		"to take over, which an edit comes before": func(w *passes.World) {
			w.Create(again("member"))
			for range w.CatchUp() {
			}
			dead := w.Traffic.Kill(operator.NotSent, 3, func(r operator.Request) bool { return r.Verb == "patch" && r.Name == "again" })
			_, _ = w.Try(passes.User, "again")
			<-dead
			w.Traffic.Restore()
			w.Restart()
			passes.Change(w, "again", func(u *v1alpha1.User) { u.Spec.Email = "again@acme.example" })
			w.Settle()
		},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := rejecting(t, func(org *build.OrganizationBuilder) { org.EmailScope(v1alpha1.EmailScopeCluster) })
			rejectHeld(w)
			w.Settle()
			comes(w)
			w.Delete(build.User("again").Obj())
			w.Settle()
			if parked := parkedRecords(t, w); !slices.Contains(parked, "cid") {
				t.Fatalf("parked are %v", parked)
			}
			w.Create(append(company("globex"), build.User("second").In("", "globex").Roles("globex-member").Email("cid@acme.example").Obj())...)
			w.Settle()
			wantReason(t, w, w.User("second"), v1alpha1.ReasonEmailInUse)
			w.Clock.SetTime(w.Clock.Now().Add(2 * time.Hour))
			w.Settle()
			wantReason(t, w, w.User("second"), v1alpha1.ReasonInvited)
		})
	}
}

// A claim that a dead process left behind is gone on with, or taken over, by one of two who do so at once.
func TestGoingOnWithAClaimAtOnce(t *testing.T) {
	t.Parallel()
	w := passes.New(t, two(of("acme", "first"))...)
	twin := w.Twin()
	for range w.CatchUp() {
	}
	dead := w.Traffic.Kill(operator.NoAnswer, 1, operator.Writing("leases"))
	_, _ = w.Try(passes.User, "first")
	<-dead
	w.Traffic.Restore()
	w.Restart()
	passes.Change(w, "first", func(u *v1alpha1.User) { u.Spec.Email = "away@people.example" })
	w.Create(of("globex", "second"))
	for range twin.CatchUp() {
	}
	late := twin.Traffic.Hold(1, operator.Writing("leases")) // second has seen that first does without
	var running sync.WaitGroup
	running.Go(func() { _, _ = twin.Try(passes.User, "second") })
	<-late.Reached()
	passes.Change(w, "first", func(u *v1alpha1.User) { u.Spec.Email = shared })
	for range w.CatchUp() {
	}
	if _, err := w.Try(passes.User, "first"); err != nil {
		t.Fatal(err)
	}
	late.Release()
	running.Wait()
	w.Settle()
	firstHas(t, w, "second")
}

// Access ends whatever becomes of claims, and nobody is told that somebody has an address of whom nothing is known.
func TestAccessEndsWithoutClaims(t *testing.T) {
	t.Parallel()
	w := passes.New(t, two(of("acme", "first"))...)
	w.Settle()
	w.Answer("first", accept)
	w.Settle()
	secret := &corev1.Secret{}
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: w.Namespace, Name: keystore.AddressSecretName}, secret); err != nil {
		t.Fatal(err)
	}
	secret.Data = map[string][]byte{"current": []byte("short")}
	if err := env.Client(t).Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.Restart()
	passes.Change(w, "first", func(u *v1alpha1.User) {
		u.Spec.State, u.Spec.Email = v1alpha1.UserSuspended, "other@people.example"
	})
	w.Create(of("globex", "second"))
	for range 6 {
		_, _ = w.Round()
	}
	if access.Active(w.User("first")) {
		t.Errorf("first has access still, and is %s", w.Reason(w.User("first")))
	}
	if st := w.User("second").Status; st.Invitation != nil || w.Reason(w.User("second")) == v1alpha1.ReasonEmailInUse {
		t.Errorf("second is %s, with %+v", w.Reason(w.User("second")), st)
	}
}
