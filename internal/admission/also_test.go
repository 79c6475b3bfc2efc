// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// Delegations and teams below need no right while there is nothing to come by. Whoever gives a role then is told who else
// comes by it.
func TestWhoElseComesByARole(t *testing.T) {
	t.Parallel()
	namespace := env.Namespace(t)
	user := func(name string) *build.UserBuilder { return build.User(name).In(namespace, "acme") }
	team := func(name string) *build.TeamBuilder { return build.Team(name).In(namespace, "acme") }
	until, over := time.Date(2099, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2020, 1, 5, 0, 0, 0, 0, time.UTC)
	crowd := user("crowd")
	for i := range 8 {
		crowd.Delegate(fmt.Sprintf("del-%d", i), until.AddDate(-1, 0, 0), until)
	}
	pat, old := user("pat").Roles("helper").Obj(), user("old").Delegate("eve", over.AddDate(0, 0, -1), over).Obj()
	pat.Spec.Delegates = []v1alpha1.Delegation{{User: "eve", Until: metav1.NewTime(until)}}
	for _, o := range []client.Object{
		pat, old, crowd.Obj(), user("later").Delegate("eve", until.AddDate(0, 0, -1), until).Obj(),
		team("sales").Roles("seller").Obj(), team("field").Parent("sales").Members("eve").Obj(), team("empty").Parent("sales").Obj(),
		team("north").Parent("empty").Members("eve").Obj(), team("orphan").Parent("missing").Members("eve").Obj(),
		team("top").Roles("support", "seller").Obj(), team("alone").Members("eve").Obj(),
		team("left").Parent("right").Members("eve").Obj(), team("right").Parent("left").Members("eve").Obj(),
		build.Team("foreign").In(namespace, "globex").Parent("sales").Members("eve").Obj(),
	} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	d := listen(t, serve(t, namespace))
	roles := func(names ...string) func(*v1alpha1.UserSpec) {
		return func(s *v1alpha1.UserSpec) { s.Roles = names }
	}
	given := func(names ...string) func(*v1alpha1.TeamSpec) {
		return func(s *v1alpha1.TeamSpec) { s.Roles = names }
	}
	const eveToo = "role admin: user eve holds it as well, by delegation until 2099-01-05T00:00:00Z"
	for why, tc := range map[string]struct {
		try  attempt
		want []string
	}{
		"user: a role":               {userOf("pat", roles("helper", "admin")), []string{eveToo}},
		"user: none that is new":     {userOf("pat", roles("helper")), nil},
		"user: a name":               {userOf("pat", func(s *v1alpha1.UserSpec) { s.GivenName = "Pat" }), nil},
		"user: two roles":            {userOf("pat", roles("admin", "boss")), []string{eveToo, "role boss: user eve holds it as well, by delegation until 2099-01-05T00:00:00Z"}},
		"user: a delegation is over": {userOf("old", roles("admin")), nil},
		"user: one has not begun":    {userOf("later", roles("admin")), []string{"role admin: user eve holds it as well, by delegation from 2099-01-04T00:00:00Z until 2099-01-05T00:00:00Z"}},
		"user: many": {userOf("crowd", roles("admin")), []string{
			"role admin: user del-0 holds it as well, by delegation from 2098-01-05T00:00:00Z until 2099-01-05T00:00:00Z",
			"role admin: user del-1 holds it as well, by delegation from 2098-01-05T00:00:00Z until 2099-01-05T00:00:00Z",
			"role admin: user del-2 holds it as well, by delegation from 2098-01-05T00:00:00Z until 2099-01-05T00:00:00Z",
			"role admin: user del-3 holds it as well, by delegation from 2098-01-05T00:00:00Z until 2099-01-05T00:00:00Z",
			"role admin: user del-4 holds it as well, by delegation from 2098-01-05T00:00:00Z until 2099-01-05T00:00:00Z",
			"and 3 more",
		}},
		"team: a role": {teamOf("sales", given("seller", "admin")), []string{
			"the members of team field, below team sales, hold role admin as well",
			"the members of team north, below team sales, hold role admin as well",
		}},
		"team: none that is new": {teamOf("sales", func(s *v1alpha1.TeamSpec) { s.DisplayName = "Sales" }), nil},
		"team: nobody below":     {teamOf("alone", given("admin")), nil},
		"team: below another":    {teamOf("sales", func(s *v1alpha1.TeamSpec) { s.Parent = "top" }), []string{"the members of team field, below team sales, hold role support as well", "the members of team north, below team sales, hold role support as well"}},
		"team: below none":       {teamOf("field", func(s *v1alpha1.TeamSpec) { s.Parent = "" }), nil},
		"team: created above":    {making(team("missing").Roles("admin").Obj()), []string{"the members of team orphan, below team missing, hold role admin as well"}},
		"team: in a circle":      {teamOf("left", given("admin")), []string{"the members of team right, below team left, hold role admin as well"}},
		"team: many": {teamOf("sales", given("a", "b", "c", "d")), []string{
			"the members of team field, below team sales, hold role a as well", "the members of team field, below team sales, hold role b as well",
			"the members of team field, below team sales, hold role c as well", "the members of team field, below team sales, hold role d as well",
			"the members of team north, below team sales, hold role a as well", "and 3 more",
		}},
	} {
		t.Run(why, func(t *testing.T) {
			d.heard()
			expect(t, tc.try(t, d.door, d.Client))
			if diff := cmp.Diff(tc.want, d.heard()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
	t.Run("what is refused is not told", func(t *testing.T) {
		d.heard()
		expect(t, userOf("pat", func(s *v1alpha1.UserSpec) { s.Roles, s.TimeZone = []string{"admin"}, nowhere })(t, d.door, d.Client), "there is no time zone")
		if heard := d.heard(); heard != nil {
			t.Errorf("it warns %q", heard)
		}
	})
}
