// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// Rule AX-11, across organizations: an address is in one of those that say so, and who has it is told to those who may read it.
func TestAddressInAnotherOrganization(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	for name, scope := range map[string]v1alpha1.EmailScope{
		"acme": v1alpha1.EmailScopeCluster, "globex": v1alpha1.EmailScopeCluster, "initech": v1alpha1.EmailScopeOrganization,
	} {
		org := build.Organization(name).In(d.namespace).Obj()
		org.Spec.EmailScope = scope
		d.create(t, org)
	}
	user := func(name, org, email string) *v1alpha1.User {
		return build.User(name).In(d.namespace, org).Email(email).Obj()
	}
	d.create(t, user("ada", "acme", "lovelace@acme.example"), user("tim", "initech", "tim@acme.example"), user("bea", "globex", "bea@acme.example"))
	const scope = "(spec.emailScope of organization globex is Cluster)"

	expect(t, d.Create(t.Context(), user("eve", "globex", "Lovelace@ACME.example"), client.DryRunAll),
		"spec.email", "is in use by User ada of organization acme in namespace "+d.namespace+": use another address, or change or delete that User", scope)
	bea := user("bea", "globex", "bea@acme.example")
	expect(t, d.Patch(t.Context(), bea, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"email":"lovelace@acme.example"}}`)), client.DryRunAll),
		"spec.email", "is in use by User ada of organization acme", scope)

	blind := d.act(t, "person", "nothing", allowed{"create", v1alpha1.GroupVersion.Group, "users", ""})
	err := blind.Create(t.Context(), user("eve", "globex", "lovelace@acme.example"), client.DryRunAll)
	expect(t, err, "is in use in another organization of this cluster: use another address; this one is free once whoever runs that organization has changed or deleted the User there", scope)
	if err != nil && (strings.Contains(err.Error(), "User ada") || strings.Contains(err.Error(), "organization acme") || strings.Contains(err.Error(), "in namespace")) {
		t.Errorf("who may not read Users there is told who has the address: %v", err)
	}
	for why, free := range map[string]*v1alpha1.User{
		"an organization that shares addresses":       user("eve", "initech", "lovelace@acme.example"),
		"an address of one that shares them":          user("eve", "globex", "tim@acme.example"),
		"an alias":                                    user("eve", "globex", "lovelace+1@acme.example"),
		"an organization that is not there may share": user("eve", "hooli", "lovelace@acme.example"),
	} {
		if err := d.Create(t.Context(), free, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// Two who each declare the address that the other has claimed can set theirs back, and nobody else comes to either.
func TestBackToAClaimedAddress(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	people := map[string]*v1alpha1.User{}
	for name, other := range map[string]string{"acme": "globex", "globex": "acme"} {
		people[name] = build.User(name).In(d.namespace, name).Email("of-" + other + "@people.example").Obj()
		d.create(t, people[name]) // before the organization says where an address can be
	}
	for name, u := range people {
		d.create(t, build.Organization(name).In(d.namespace).EmailScope(v1alpha1.EmailScopeCluster).Obj())
		u.Status.AddressClaim = v1alpha1.AddressClaim{Email: "of-" + name + "@people.example", Lease: "address-" + name}
		if err := env.Client(t).Status().Update(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	d.create(t, build.Organization("hooli").In(d.namespace).EmailScope(v1alpha1.EmailScopeCluster).Obj())
	for name, u := range people {
		email := "of-" + name + "@people.example"
		expect(t, d.Create(t.Context(), build.User("eve").In(d.namespace, "hooli").Email(email).Obj(), client.DryRunAll), "spec.email", "is in use by User")
		u.Spec.Email = "Of-" + name + "@people.example"
		if err := d.Update(t.Context(), u); err != nil {
			t.Errorf("%s cannot go back to the address that it has: %v", name, err)
		}
	}
}
