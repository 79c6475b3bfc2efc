// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// Rule AX-11: two shards, of which neither sees the other's organizations, meet people with the same addresses at once. Nobody asks
// admission. Of each address, one is invited; a seat is given to nobody else; and when that one goes, the other can have it.
func TestAnAddressInOneOrganizationOfTwoShards(t *testing.T) {
	t.Parallel()
	const people = 20
	w := newTown(t, 2)
	sides := []string{w.namespaces[0], w.namespaces[slices.IndexFunc(w.namespaces, func(ns string) bool { return w.with(0)(ns) != w.with(0)(w.namespaces[0]) })]}
	for _, ns := range sides {
		edit(w.in(ns), "acme", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeCluster })
	}
	for n := range 2 {
		w.shard(n, 2, &operator.Traffic{})
	}
	var running sync.WaitGroup
	for _, ns := range sides {
		running.Go(func() {
			for i := range people {
				w.in(ns).create(build.User(fmt.Sprintf("p%d", i)).Roles("member").Obj())
			}
		})
	}
	running.Wait()
	var loser *stage
	for i := range people {
		name := fmt.Sprintf("p%d", i)
		reasons := map[string]*stage{}
		for _, ns := range sides {
			u := await(w.in(ns), name, func(u *v1alpha1.User) error {
				if inv, inUse := stands(u, v1alpha1.ReasonInvited), stands(u, v1alpha1.ReasonEmailInUse); inv != nil && inUse != nil {
					return inUse
				}
				return nil
			})
			if stands(u, v1alpha1.ReasonInvited) == nil {
				reasons[v1alpha1.ReasonInvited] = w.in(ns)
			} else {
				reasons[v1alpha1.ReasonEmailInUse] = w.in(ns)
			}
		}
		if len(reasons) != 2 {
			t.Fatalf("%s is in both organizations the same: %v", name, reasons)
		}
		if mails := len(w.mails(at(name))); mails != 1 {
			t.Errorf("%s got %d mails, want one", name, mails)
		}
		loser = reasons[v1alpha1.ReasonEmailInUse]
		if i == people-1 {
			reasons[v1alpha1.ReasonInvited].delete(name)
			reasons[v1alpha1.ReasonInvited].gone(name)
		}
	}
	seats := 0
	for _, ns := range sides {
		var ledger v1alpha1.SeatSliceList
		w.must(w.List(t.Context(), &ledger, client.InNamespace(ns)), "listing slices")
		for _, slice := range ledger.Items {
			seats += len(slice.Assignments)
		}
	}
	if seats != people-1 {
		t.Errorf("%d seats are held, want %d", seats, people-1)
	}
	last := fmt.Sprintf("p%d", people-1)
	loser.annotate(last, v1alpha1.AnnotationReconcileAt, "now") // which would else be looked at in minutes: the holder was another shard's
	await(loser, last, func(u *v1alpha1.User) error {           // what follows is the directory's to say, which has an account of the other's
		if u.Status.AddressClaim.Lease == "" || len(u.Status.Seats) == 0 {
			return fmt.Errorf("%s goes by %v, and holds the seats %v", last, u.Status.AddressClaim, u.Status.Seats)
		}
		return nil
	})
}

// Whoever waits for an address of another organization is looked at when it is released there, long before it would be anyway.
func TestAnAddressIsReleased(t *testing.T) {
	t.Parallel()
	const email = "kim@people.example"
	var objects []client.Object
	for _, name := range []string{"acme", "globex", "initech"} {
		objects = append(objects, build.Organization(name).EmailScope(v1alpha1.EmailScopeCluster).Obj(), build.Role(name).In("", name).Obj(),
			build.User("of-"+name).In("", name).Roles(name).Email(email).Obj())
	}
	s := play(t, objects[:3]...)
	s.is("of-acme", v1alpha1.ReasonInvited)
	s.create(objects[3:6]...)
	s.says("of-globex", v1alpha1.ReasonEmailInUse, "is in use in another organization of this cluster")
	edit(s, "of-acme", func(u *v1alpha1.User) { u.Spec.Email = "other@people.example" })
	s.is("of-globex", v1alpha1.ReasonInvited)
	s.create(objects[6:]...)
	s.is("of-initech", v1alpha1.ReasonEmailInUse)
	edit(s, "globex", func(o *v1alpha1.Organization) { o.Spec.EmailScope = v1alpha1.EmailScopeOrganization })
	s.is("of-initech", v1alpha1.ReasonInvited)
	edit(s, "of-acme", func(u *v1alpha1.User) { u.Spec.Email = email })
	s.is("of-acme", v1alpha1.ReasonEmailInUse)
	s.delete("of-initech")
	s.is("of-acme", v1alpha1.ReasonInvited)
}
