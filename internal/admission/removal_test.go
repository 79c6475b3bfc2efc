// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// member creates a user with a status.
func (d *door) member(t *testing.T, b *build.UserBuilder, accepted bool, roles ...string) {
	t.Helper()
	u := b.In(d.namespace, "acme").Obj()
	d.create(t, u)
	u.Status.Roles = roles
	if accepted {
		u.Status.AcceptedAt = new(metav1.NewTime(time.Now()))
	}
	if err := d.Status().Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	d.known(t, u)
}

// removes tells what would become of the deletion of a User.
func removes(name string) attempt {
	return func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		return c.Delete(t.Context(), &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: name}}, client.DryRunAll)
	}
}

func state(name string, state v1alpha1.UserState) attempt {
	return userOf(name, func(s *v1alpha1.UserSpec) { s.State = state })
}

// The owner, and the last who holds a role with minHolders, cannot be deleted (rules CO-7, AC-1, IN-4). What else would take
// the role passes, with a word on what becomes of it; for the owner it is refused as well.
func TestWhoIsNeededStays(t *testing.T) {
	t.Parallel()
	d := listen(t, serve(t, env.Namespace(t)))
	role := func(name string) *build.RoleBuilder { return build.Role(name).In(d.namespace, "acme") }
	d.create(t, build.Organization("acme").In(d.namespace).Owner("marie").Obj(), role("sole").MinHolders(1).Obj(), role("pair").MinHolders(2).Obj(),
		role("trio").MinHolders(2).Obj(), role("any").Obj(), role("mixed").MinHolders(1).Obj(), role("fresh").MinHolders(1).Obj(), role("teamed").MinHolders(1).Obj(), role("held").MinHolders(1).Obj(),
		build.Team("team").In(d.namespace, "acme").Members("tess").Roles("teamed").Obj())
	d.member(t, build.User("marie"), true)
	d.member(t, build.User("solo").Roles("sole", "any"), true, "any", "sole")
	d.member(t, build.User("pia").Roles("pair"), true, "pair")
	d.member(t, build.User("pol").Roles("pair"), true, "pair")
	for _, name := range []string{"tim", "tom", "tam"} {
		d.member(t, build.User(name).Roles("trio"), true, "trio")
	}
	d.member(t, build.User("mia").Roles("mixed"), true, "mixed")
	d.member(t, build.User("max").Roles("mixed"), false, "mixed")
	d.member(t, build.User("fay").Roles("fresh"), false, "fresh")
	d.member(t, build.User("fox").Roles("fresh"), true, "fresh")
	d.member(t, build.User("gone").Roles("sole").State(v1alpha1.UserSuspended), true, "sole")
	d.member(t, build.User("held").Roles("held").State(v1alpha1.UserSuspended), true, "held")
	d.member(t, build.User("lost").Roles("vanished"), true, "vanished")
	d.member(t, build.User("tess").Roles("teamed"), true, "teamed")
	const alone, waiting = "hold it; it goes once somebody else does", "hold it, none of whom has accepted the invitation; it goes once one of them has"
	needed := func(role string, least, left int) []string {
		return []string{fmt.Sprintf("is needed as a holder of role %s: its spec.minHolders is %d, and without this User %d hold it", role, least, left), "give it to somebody else first"}
	}
	keeps := func(name, role string, least, left int, until string) []string {
		return []string{fmt.Sprintf("User %s keeps role %s for now: its spec.minHolders is %d, and without this User %d %s", name, role, least, left, until)}
	}
	owner := []string{"is the owner of organization acme", "name another owner there first (spec.owner)"}
	for name, tc := range map[string]struct {
		why         string
		want, keeps []string
	}{
		"marie": {"she is the owner", owner, nil},
		"solo":  {"he alone holds it: who is suspended does not count", needed("sole", 1, 0), keeps("solo", "sole", 1, 0, alone)},
		"pia":   {"one is left where two must be", needed("pair", 2, 1), keeps("pia", "pair", 2, 1, alone)},
		"tim":   {"two are left where two must be", nil, nil},
		"mia":   {"who is left has not accepted", needed("mixed", 1, 1), keeps("mia", "mixed", 1, 1, waiting)},
		"max":   {"who is left has accepted", nil, nil},
		"fay":   {"who is left has accepted", nil, nil},
		"gone":  {"another holds it", nil, nil},
		"held":  {"her suspension is held, since she alone holds it, and so is her deletion", needed("held", 1, 0), keeps("held", "held", 1, 0, alone)},
		"lost":  {"the role is gone", nil, nil},
		"tess":  {"she alone holds it", needed("teamed", 1, 0), keeps("tess", "teamed", 1, 0, alone)},
	} {
		t.Run(name, func(t *testing.T) {
			err := removes(name)(t, d.door, d.Client)
			if len(tc.want) > 0 && !apierrors.IsForbidden(err) || len(tc.want) == 0 && err != nil {
				t.Errorf("%s; its deletion ends with: %v", tc.why, err)
			}
			for _, words := range tc.want {
				if err != nil && !strings.Contains(err.Error(), words) {
					t.Errorf("the refusal does not say %q: %v", words, err)
				}
			}
			for _, s := range []v1alpha1.UserState{v1alpha1.UserSuspended, v1alpha1.UserArchived} {
				keeps := tc.keeps
				if name == "held" && s == v1alpha1.UserSuspended {
					keeps = nil // she is already
				}
				var refused []string
				if name == "marie" {
					refused = append([]string{"spec.state: Forbidden"}, owner...)
				}
				d.heard()
				expect(t, state(name, s)(t, d.door, d.Client), refused...)
				if diff := cmp.Diff(keeps, d.heard()); diff != "" {
					t.Errorf("%s; %s, want -, got +:\n%s", tc.why, s, diff)
				}
			}
		})
	}
	drop := func(s *v1alpha1.UserSpec) { s.Roles = nil }
	for name, tc := range map[string]struct {
		try  attempt
		want []string
	}{
		"the last":              {userOf("solo", drop), keeps("solo", "sole", 1, 0, alone)},
		"the last, for another": {userOf("solo", func(s *v1alpha1.UserSpec) { s.Roles = []string{"pair"} }), keeps("solo", "sole", 1, 0, alone)},
		"the last who accepted": {userOf("mia", drop), keeps("mia", "mixed", 1, 1, waiting)},
		"the last, who leaves":  {userOf("solo", func(s *v1alpha1.UserSpec) { drop(s); s.State = v1alpha1.UserArchived }), keeps("solo", "sole", 1, 0, alone)},
		"the last, who is over": {userOf("solo", until(over)), keeps("solo", "sole", 1, 0, alone)},
		"the last, to end":      {userOf("solo", until(soon)), nil}, // others may come until then
		"one of three, over":    {userOf("tim", until(over)), nil},
		"another role":          {userOf("solo", func(s *v1alpha1.UserSpec) { s.Roles = []string{"sole"} }), nil},
		"one of three":          {userOf("tim", drop), nil},
		"one who is not last":   {userOf("max", drop), nil},
		"a team gives it still": {userOf("tess", drop), nil},
		"a name":                {userOf("solo", func(s *v1alpha1.UserSpec) { s.GivenName = "Solo" }), nil},
		"to whom it is handed":  {userOf("tim", func(s *v1alpha1.UserSpec) { s.Roles = []string{"sole"} }), nil}, // in the same commit as the first of these
	} {
		t.Run("demoted: "+name, func(t *testing.T) {
			d.heard()
			expect(t, tc.try(t, d.door, d.Client))
			if diff := cmp.Diff(tc.want, d.heard()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
	t.Run("a collection", func(t *testing.T) {
		err := d.DeleteAllOf(t.Context(), &v1alpha1.User{}, client.InNamespace(d.namespace),
			client.MatchingFields{"spec.email": "solo@acme.example"}, &client.DeleteAllOfOptions{DeleteOptions: client.DeleteOptions{DryRun: []string{metav1.DryRunAll}}})
		if !apierrors.IsForbidden(err) {
			t.Errorf("with others, the last holder goes: %v", err)
		}
	})
	t.Run("the organization lets go", func(t *testing.T) {
		org, solo := &v1alpha1.Organization{}, &v1alpha1.User{}
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "acme"}, org); err != nil {
			t.Fatal(err)
		}
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: "solo"}, solo); err != nil {
			t.Fatal(err)
		}
		solo.Status.RoleRequests = []v1alpha1.RoleRequest{{Number: 1, Role: "sole", Change: v1alpha1.RoleLoss}}
		if err := d.Status().Update(t.Context(), solo); err != nil {
			t.Fatal(err)
		}
		org.Status.RoleDecisions = []v1alpha1.RoleDecision{{Role: "sole", User: "solo", UID: solo.UID, Number: 1, Outcome: v1alpha1.RoleRelease}}
		if err := d.Status().Update(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		d.known(t, org)
		d.known(t, solo)
		d.heard()
		expect(t, userOf("solo", drop)(t, d.door, d.Client))
		if heard := d.heard(); heard != nil {
			t.Errorf("it warns %q", heard)
		}
	})
}

// ownersPool creates the owner, with a seat of a pool, and tells what would become of the deletion of that.
func (d *door) ownersPool(t *testing.T) func(client.Client) error {
	t.Helper()
	pool := build.SeatPool("standard").In(d.namespace, "acme").Obj()
	d.create(t, pool)
	d.member(t, build.User("marie"), true)
	d.seated(t, pool.Name, d.uidOf(t, "marie"))
	return func(c client.Client) error { return c.Delete(t.Context(), pool.DeepCopy(), client.DryRunAll) }
}

// What goes as a whole is not held up: organizations, namespaces, and what those leave to be swept. The garbage collector is
// as anybody: whoever may edit a User can have it delete that User, by an owner reference to something that is gone.
func TestNobodyIsNeededWhereAllGo(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	acme := build.Organization("acme").In(d.namespace).Owner("marie").Obj()
	acme.Finalizers = []string{"example.org/held"}
	d.create(t, acme)
	pool := d.ownersPool(t)
	if err := forbidden(pool(d.Client)); err != nil {
		t.Fatal(err)
	}
	marie := removes("marie")
	if err := forbidden(marie(t, d, d.Client)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"namespace-controller", "generic-garbage-collector", "other"} {
		sweeper := as(t, "system:serviceaccount:kube-system:"+name)
		d.bindAccount(t, name)
		env.Eventually(t, func() error {
			user, seats := marie(t, d, sweeper), pool(sweeper)
			if name == "namespace-controller" {
				return errors.Join(user, seats)
			}
			if !apierrors.IsForbidden(user) || !strings.Contains(user.Error(), "is the owner") {
				return fmt.Errorf("not held: %w", user)
			}
			if !apierrors.IsForbidden(seats) || !strings.Contains(seats.Error(), "by User marie") {
				return fmt.Errorf("the pool is not held: %w", seats)
			}
			return nil
		})
	}
	if err := d.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	if err := d.Get(t.Context(), client.ObjectKeyFromObject(acme), acme); err != nil {
		t.Fatal(err)
	}
	d.known(t, acme)
	if err := marie(t, d, d.Client); err != nil {
		t.Errorf("an organization that is being deleted holds its owner: %v", err)
	}
	if err := pool(d.Client); err != nil {
		t.Errorf("an organization that is being deleted holds its pool: %v", err)
	}
	expect(t, state("marie", v1alpha1.UserArchived)(t, d, d.Client))
}

// A namespace that is being deleted takes everybody with it, whoever deletes them.
func TestNobodyIsNeededInANamespaceThatGoes(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	acme := build.Organization("acme").In(d.namespace).Owner("marie").Obj()
	acme.Finalizers = []string{"example.org/held"}
	d.create(t, acme)
	pool := d.ownersPool(t)
	if err := forbidden(pool(d.Client)); err != nil {
		t.Fatal(err)
	}
	if err := forbidden(removes("marie")(t, d, d.Client)); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.namespace}}); err != nil {
		t.Fatal(err)
	}
	if err := removes("marie")(t, d, d.Client); err != nil {
		t.Errorf("a namespace that is being deleted holds an owner: %v", err)
	}
	if err := pool(d.Client); err != nil {
		t.Errorf("a namespace that is being deleted holds a pool: %v", err)
	}
}
