// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// left creates what remains of somebody who had roles.
func (d *door) left(t *testing.T, organization, email string, accepted bool, roles ...string) *v1alpha1.ArchivedUser {
	t.Helper()
	day := metav1.NewTime(time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC))
	record := &v1alpha1.ArchivedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: membership.RecordName(organization, email)},
		Record: v1alpha1.UserRecord{
			User: "boris", UID: "uid-of-boris", Spec: v1alpha1.UserSpec{Organization: organization, Email: email, Roles: roles, State: v1alpha1.UserActive},
			Reason: v1alpha1.ArchiveLeft, ArchivedAt: day,
		},
	}
	if accepted {
		record.Record.AcceptedAt = &day
	}
	d.create(t, record)
	return record
}

// Rules AX-10 and AX-11: who has no access has an address nevertheless, and the refusal says what can be done.
func TestAddressOfWhoIsAway(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	d.create(t, build.User("ada").In(d.namespace, "acme").State(v1alpha1.UserArchived).Obj(), build.User("bea").In(d.namespace, "acme").State(v1alpha1.UserSuspended).Obj())
	for holder, was := range map[string]string{"ada": "archived", "bea": "suspended"} {
		expect(t, d.Create(t.Context(), build.User("eve").In(d.namespace, "acme").Email(strings.ToUpper(holder)+"@acme.example").Obj(), client.DryRunAll),
			"spec.email", fmt.Sprintf("is in use by User %s of organization acme, who is %s, and comes back when spec.state of User %[1]s is set to Active", holder, was),
			"to release the address, change or delete that User")
	}
}

// Rules AX-10 and AX-14: whoever creates a User at an address that somebody had is told who comes back.
func TestReturningIsTold(t *testing.T) {
	t.Parallel()
	d := listen(t, serve(t, env.Namespace(t)))
	user := func(name, email string) *build.UserBuilder {
		return build.User(name).In(d.namespace, "acme").Email(email)
	}
	acme := build.Organization("acme").In(d.namespace).Obj()
	accepted := d.left(t, "acme", "boris@acme.example", true)
	d.left(t, "acme", "bruno@acme.example", false)
	d.create(t, acme)
	d.member(t, user("bea", "bea@acme.example"), true)
	d.member(t, user("typo", "borsi@acme.example"), false)
	renamed := func(name, email string) attempt {
		return userOf(name, func(s *v1alpha1.UserSpec) { s.Email = email })
	}
	const back = "is the person who left organization acme on 2026-05-04T12:00:00Z as User boris, and comes back with the same account"
	for why, tc := range map[string]struct {
		policy v1alpha1.EmailChange
		try    attempt
		want   []string
	}{
		"accepted":             {"", making(user("new", "Boris@acme.example").Obj()), []string{"User new " + back, "no invitation is sent"}},
		"invited":              {"", making(user("new", "bruno@acme.example").Obj()), []string{"User new " + back, "an invitation follows"}},
		"another address":      {"", making(user("new", "boris+1@acme.example").Obj()), nil},
		"another organization": {"", making(build.User("new").In(d.namespace, "globex").Email("boris@acme.example").Obj()), nil},
		"passed on":            {v1alpha1.EmailChangeRename, renamed("bea", "boris@acme.example"), []string{"the address was that of User boris until", "User bea stays who it is", "stays as ArchivedUser " + accepted.Name}},
		"corrected":            {v1alpha1.EmailChangeRename, renamed("typo", "boris@acme.example"), []string{"User typo " + back}},
		"in another's place":   {v1alpha1.EmailChangeReplace, renamed("bea", "boris@acme.example"), []string{"another person", "User bea " + back}},
	} {
		t.Run(why, func(t *testing.T) {
			if tc.policy != "" {
				d.change(t, acme, func() { acme.Spec.EmailChange = tc.policy })
			}
			d.heard()
			expect(t, tc.try(t, d.door, d.Client))
			said := strings.Join(d.heard(), "\n")
			if len(tc.want) == 0 && said != "" {
				t.Errorf("it warns of %q", said)
			}
			for _, words := range tc.want {
				if !strings.Contains(said, words) {
					t.Errorf("it says %q, want %q", said, words)
				}
			}
		})
	}
}

// Whoever may create users, and give nobody a role, gets nobody's access by the address of somebody who left: the roles
// are those that the User names, for each of which the right is needed, and an account that is in use is not passed on.
func TestReturningGivesNobodyElsesAccess(t *testing.T) {
	t.Parallel()
	d := company(t)
	d.left(t, "acme", "boris@acme.example", true, "boss", "admin")
	d.left(t, "initech", "boris@initech.example", true, "clerk")
	boris := build.User("boris").In(d.namespace, "acme")
	back := build.User("back").In(d.namespace, "initech").Email("boris@initech.example").Obj()
	d.create(t, back)
	d.reports(t, "back", func(s *v1alpha1.UserStatus) { // as the operator does
		s.Email, s.AcceptedAt, s.AccountUID, s.Roles = back.Spec.Email, new(metav1.Now()), "uid-of-boris", []string{"clerk"}
	})
	for why, tc := range map[string]struct {
		try     attempt
		missing []allowed
	}{
		"the roles of then":          {making(boris.Roles("boss").Obj()), []allowed{assign("admin"), assign("boss")}},
		"by the name in a team":      {making(build.User("newbie").In(d.namespace, "acme").Email("boris@acme.example").Obj()), []allowed{assign("admin")}},
		"by the name of the owner":   {making(build.User("gus").In(d.namespace, "globex").Email("boris@acme.example").Obj()), []allowed{assignOwner("globex")}},
		"nothing":                    {making(build.User("boris").In(d.namespace, "acme").Obj()), nil},
		"what anybody gets":          {making(build.User("boris").In(d.namespace, "initech").Email("boris2@initech.example").Obj()), nil},
		"the account, by an address": {userOf("back", func(s *v1alpha1.UserSpec) { s.Email = "eve@initech.example" }), []allowed{assign("clerk")}},
		"the account, by a password": {userOf("back", func(s *v1alpha1.UserSpec) { s.InitialPasswordSecretRef.Name = "eves" }), []allowed{assign("clerk"), read("eves")}},
	} {
		t.Run(why, func(t *testing.T) {
			eve := d.act(t, "person", shippedEditor)
			env.Eventually(t, func() error { return lacks(tc.try(t, d, eve.Client), eve.name, tc.missing) })
		})
	}
	eve := d.act(t, "person", shippedEditor)
	forged := &v1alpha1.ArchivedUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: membership.RecordName("acme", "eve@acme.example")},
		Record:     v1alpha1.UserRecord{User: "eve", UID: "uid-of-ada", Spec: v1alpha1.UserSpec{Organization: "acme", Email: "eve@acme.example"}, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.Now()},
	}
	for _, who := range []*actor{eve, d.act(t, "person", shippedAdmin)} {
		if err := who.Create(t.Context(), forged.DeepCopy()); err == nil {
			t.Errorf("%s makes a record", who.name)
		}
	}
}

// Rules IN-10 and AC-15: what a deletion comes to is said before, with the command that confirms it.
func TestIrreversibleIsSaid(t *testing.T) {
	t.Parallel()
	d := listen(t, serve(t, env.Namespace(t)))
	acme := build.Organization("acme").In(d.namespace).Obj()
	bea := build.User("bea").In(d.namespace, "acme").Obj()
	d.create(t, acme, bea)
	hears := func(why string, want ...string) {
		t.Helper()
		d.heard()
		expect(t, removes("bea")(t, d.door, d.Client))
		said := d.heard()
		if len(said) != len(want) {
			t.Errorf("%s: it says %q, want %q", why, said, want)
			return
		}
		for i := range want {
			if !strings.Contains(said[i], want[i]) {
				t.Errorf("%s: it says %q, want %q", why, said[i], want[i])
			}
		}
	}
	const undone = "this cannot be undone: User bea loses access and the seat for good, and no record is left"
	hears("a record remains")
	d.change(t, acme, func() { acme.Spec.Offboarding.Policy = v1alpha1.OffboardingDelete })
	hears("not confirmed", undone, "nothing happens until you confirm it: kubectl annotate user bea -n "+d.namespace+
		" --overwrite seatkeeper.dev/confirm-delete="+string(bea.UID))

	// To confirm takes no more than to write a User, and nobody has to answer: it must work while nobody does.
	eve := d.act(t, "person", shippedEditor)
	confirmation := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"seatkeeper.dev/confirm-delete":"`+string(bea.UID)+`"}}}`))
	env.Eventually(t, func() error { return eve.Patch(t.Context(), bea, confirmation, client.DryRunAll) })
	d.change(t, bea, func() { metav1.SetMetaDataAnnotation(&bea.ObjectMeta, v1alpha1.AnnotationConfirmDelete, "another") })
	hears("of another User", undone, "nothing happens until you confirm it")
	if err := d.Patch(t.Context(), bea, confirmation); err != nil {
		t.Fatal(err)
	}
	d.known(t, bea)
	hears("confirmed", undone)
	if err := d.Delete(t.Context(), bea); err != nil {
		t.Fatal(err)
	}
	d.stop()
	if err := d.Patch(t.Context(), bea, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"seatkeeper.dev/confirm-delete":"x"}}}`))); err != nil {
		t.Errorf("with nobody to judge it, the confirmation of who is deleted ends with %v", err)
	}
}
