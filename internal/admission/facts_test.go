// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// What a look at others tells to be impossible is refused when it is new, in words that say what it is. Names that nobody
// has yet pass.
func TestImpossible(t *testing.T) {
	t.Parallel()
	namespace := env.Namespace(t)
	role := func(name string) *build.RoleBuilder { return build.Role(name).In(namespace, "acme") }
	team := func(name string) *build.TeamBuilder { return build.Team(name).In(namespace, "acme") }
	user := func(name string) *build.UserBuilder { return build.User(name).In(namespace, "acme") }
	for _, o := range []client.Object{ // around admission
		build.Organization("acme").In(namespace).Owner("ada").Obj(),
		role("a").Includes("b").Obj(), role("b").Includes("c").Obj(), role("c").Obj(), role("round").Includes("about").Obj(), role("about").Includes("round").Obj(),
		role("waits").Includes("comes").Obj(),
		team("top").Obj(), team("mid").Parent("top").Obj(), team("low").Parent("mid").Obj(), team("waits").Parent("comes").Obj(),
		team("left").Parent("right").Obj(), team("right").Parent("left").Obj(), team("old").Members("gone", "gert").Roles("globular").Obj(),
		user("ada").Obj(), user("gone").State(v1alpha1.UserArchived).Obj(), user("hurt").State(v1alpha1.UserSuspended).Obj(),
		user("over").Until(over).Obj(), user("temp").Until(soon).Obj(),
		user("odd").Roles("globular").Delegate("gone", soon, soon.Add(time.Minute)).Obj(), role("odd").Includes("globular").Obj(),
		build.User("gert").In(namespace, "globex").Obj(), build.Role("globular").In(namespace, "globex").Obj(), build.Team("globals").In(namespace, "globex").Obj(),
	} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	d := serve(t, namespace)
	delegate := func(name string) func(*v1alpha1.UserSpec) {
		return func(s *v1alpha1.UserSpec) {
			s.Delegates = append(s.Delegates, v1alpha1.Delegation{User: name, Until: metav1.NewTime(soon)})
		}
	}
	for name, tc := range map[string]struct {
		try  attempt
		want []string
	}{
		"role: a cycle":                {roleOf("c", func(s *v1alpha1.RoleSpec) { s.Includes = []string{"a"} }), []string{"spec.includes: Invalid", "c includes a includes b includes c"}},
		"role: a short cycle":          {roleOf("b", func(s *v1alpha1.RoleSpec) { s.Includes = []string{"a"} }), []string{"b includes a includes b"}},
		"role: a cycle, created":       {making(role("comes").Includes("waits").Obj()), []string{"comes includes waits includes comes"}},
		"role: no cycle":               {roleOf("a", func(s *v1alpha1.RoleSpec) { s.Includes = append(s.Includes, "c") }), nil},
		"role: nobody's name":          {making(role("new").Includes("unheard").Obj()), nil},
		"role: words, in a cycle":      {roleOf("round", func(s *v1alpha1.RoleSpec) { s.DisplayName = "Round" }), nil},
		"role: out of a cycle":         {roleOf("round", func(s *v1alpha1.RoleSpec) { s.Includes = nil }), nil},
		"role: others' cycle":          {making(role("new").Includes("round").Obj()), nil},
		"role: others' role":           {roleOf("a", func(s *v1alpha1.RoleSpec) { s.Includes = []string{"b", "globular"} }), []string{"spec.includes[1]: Invalid", "role globular belongs to organization globex: name a role of organization acme"}},
		"role: others' role, created":  {making(role("new").Includes("globular").Obj()), []string{"spec.includes[0]: Invalid", "role globular belongs to organization globex"}},
		"role: others' from before":    {roleOf("odd", func(s *v1alpha1.RoleSpec) { s.Includes = append(s.Includes, "c") }), nil},
		"team: a cycle":                {teamOf("top", func(s *v1alpha1.TeamSpec) { s.Parent = "low" }), []string{"spec.parent: Invalid", "top is part of low is part of mid is part of top"}},
		"team: a cycle, created":       {making(team("comes").Parent("waits").Obj()), []string{"comes is part of waits is part of comes"}},
		"team: under a cycle":          {making(team("new").Parent("left").Obj()), []string{"left is part of right is part of left"}},
		"team: moving":                 {teamOf("low", func(s *v1alpha1.TeamSpec) { s.Parent = "top" }), nil},
		"team: words, in a cycle":      {teamOf("left", func(s *v1alpha1.TeamSpec) { s.DisplayName = "Left" }), nil},
		"team: out of a cycle":         {teamOf("left", func(s *v1alpha1.TeamSpec) { s.Parent = "top" }), nil},
		"team: nobody's parent":        {making(team("new").Parent("unheard").Roles("unheard").Members("unheard").Obj()), nil},
		"team: others' parent":         {teamOf("top", func(s *v1alpha1.TeamSpec) { s.Parent = "globals" }), []string{"spec.parent", "team globals belongs to organization globex"}},
		"team: others' role":           {teamOf("top", func(s *v1alpha1.TeamSpec) { s.Roles = []string{"c", "globular"} }), []string{"spec.roles[1]", "role globular belongs to organization globex"}},
		"team: others' user":           {teamOf("top", func(s *v1alpha1.TeamSpec) { join(s, "gert") }), []string{"spec.members[0].user", "user gert belongs to organization globex"}},
		"team: who is archived":        {making(team("new").Members("ada", "gone").Obj()), []string{"spec.members[1].user", "user gone is archived"}},
		"team: whose access ended":     {making(team("new").Members("ada", "over").Obj()), []string{"spec.members[1].user", "the access of user over ended at", "set spec.accessUntil of that User to a later time first"}},
		"team: whose access ends":      {making(team("new").Members("ada", "temp").Obj()), nil},
		"team: who is suspended":       {making(team("new").Members("ada", "hurt").Obj()), nil},
		"team: faults from before":     {teamOf("old", func(s *v1alpha1.TeamSpec) { join(s, "ada") }), nil},
		"user: a delegate elsewhere":   {userOf("ada", delegate("gert")), []string{"spec.delegates[0].user", "user gert belongs to organization globex"}},
		"user: a delegate who left":    {userOf("ada", delegate("gone")), []string{"spec.delegates[0].user", "user gone is archived"}},
		"user: a delegate who is over": {userOf("ada", delegate("over")), []string{"spec.delegates[0].user", "the access of user over ended at"}},
		"user: a delegate to come":     {userOf("ada", delegate("unheard")), nil},
		"user: a delegate from before": {userOf("odd", func(s *v1alpha1.UserSpec) { s.GivenName = "Odd" }), nil},
		"user: others' role":           {userOf("ada", func(s *v1alpha1.UserSpec) { s.Roles = []string{"c", "globular"} }), []string{"spec.roles[1]: Invalid", "role globular belongs to organization globex: name a role of organization acme"}},
		"user: others' role, created":  {making(user("new").Roles("globular").Obj()), []string{"spec.roles[0]: Invalid", "role globular belongs to organization globex"}},
		"user: others' from before":    {userOf("odd", func(s *v1alpha1.UserSpec) { s.Roles = append(s.Roles, "c") }), nil},
		"user: a successor who left":   {userOf("ada", func(s *v1alpha1.UserSpec) { s.Successor = "gone" }), []string{"spec.successor: Invalid", "user gone is archived"}},
		"user: others' manager":        {making(user("new").Manager("gert").Obj()), []string{"spec.manager: Invalid", "user gert belongs to organization globex"}},
		"user: a manager to come":      {userOf("ada", func(s *v1alpha1.UserSpec) { s.Manager, s.Successor = "unheard", "hurt" }), nil},
		"user: nobody's role":          {userOf("ada", func(s *v1alpha1.UserSpec) { s.Roles = []string{"unheard"} }), nil},
		"user: one more delegate":      {userOf("odd", delegate("ada")), nil},
		"user: both wrong, created":    {making(user("new").Delegate("gone", soon, soon.Add(time.Minute)).Delegate("gert", soon, soon.Add(time.Minute)).Obj()), []string{"user gone is archived", "user gert belongs"}},
		"organization: others' role":   {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "globular" }), []string{"spec.defaultRole", "role globular belongs to organization globex"}},
		"organization: nobody's role":  {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "unheard" }), nil},
		"organization: its role":       {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "c" }), nil},
	} {
		t.Run(name, func(t *testing.T) { expect(t, tc.try(t, d, d.Client), tc.want...) })
	}
}

// A refusal of many members names some.
func TestManyImpossibleMembers(t *testing.T) {
	t.Parallel()
	d := serve(t, env.Namespace(t))
	team := build.Team("new").In(d.namespace, "acme")
	for i := range 20 {
		name := fmt.Sprintf("gone-%d", i)
		d.create(t, build.User(name).In(d.namespace, "acme").State(v1alpha1.UserArchived).Obj())
		team.Members(name)
	}
	expect(t, d.Create(t.Context(), team.Obj(), client.DryRunAll), "spec.members[0].user", "spec.members[7].user")
}
