// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// soon is a time from which on delegations of the tests are.
var soon = time.Now().Add(time.Hour).Truncate(time.Second)

// company creates three organizations of one namespace. acme has what there is to gain:
//
//	role boss includes admin, lead includes seated; team top (support) is above mid (helper), ops has admin
//	ada is an admin, sam a suspended one, kim still holds admin; ada delegates to bob for an hour, and to guest
//	tina is an admin until soon, otto was one for a time, and tad, who is suspended, is one until soon
//
// initech has clerk for all: ian and the suspended isa have not accepted yet, ivo and the suspended iris have.
func company(t *testing.T) *door {
	t.Helper()
	d := serve(t, env.Namespace(t))
	role := func(name string) *build.RoleBuilder { return build.Role(name).In(d.namespace, "acme") }
	user := func(name string) *build.UserBuilder { return build.User(name).In(d.namespace, "acme") }
	team := func(name string) *build.TeamBuilder { return build.Team(name).In(d.namespace, "acme") }
	vouched := build.Organization("vandelay").In(d.namespace).Acceptance(v1alpha1.AcceptanceSignIn).Obj()
	vouching("https://accounts.example", "")(&vouched.Spec)
	clerk := func(name string) *build.UserBuilder {
		return build.User(name).In(d.namespace, "initech").Email(name + "@initech.example")
	}
	d.create(t,
		build.Organization("acme").In(d.namespace).Owner("marie").Obj(),
		build.Organization("globex").In(d.namespace).Owner("gus").Ownership(build.Notes()).Protection("3", time.Hour).Mail(v1alpha1.OrganizationMail{SMTPSecretRef: v1alpha1.SecretReference{Name: "globex-smtp"}}).Obj(),
		build.Organization("initech").In(d.namespace).Owner("ina").DefaultRole("clerk").Obj(),
		build.Organization("hooli").In(d.namespace).Acceptance(v1alpha1.AcceptancePassword).Obj(), vouched,
		role("admin").Permissions("*").Obj(), role("support").Permissions("tickets.read").RoleRefs(shippedViewer).Obj(), role("helper").Obj(),
		role("boss").Includes("admin").Obj(), role("seated").SeatPool("standard").Obj(), role("lead").Includes("seated").MinHolders(1).Obj(),
		build.Role("clerk").In(d.namespace, "initech").Obj(),
		user("marie").Obj(), user("dan").Obj(), user("sam").Roles("admin").State(v1alpha1.UserSuspended).Obj(), user("kim").Obj(),
		user("tina").Roles("admin").Until(soon).Obj(), user("otto").Roles("admin").Until(over).Obj(),
		user("tad").Roles("admin").State(v1alpha1.UserSuspended).Until(soon).Obj(),
		user("ada").Roles("admin").Delegate("bob", soon, soon.Add(time.Hour)).Delegate("guest", soon, soon.Add(time.Hour)).Obj(),
		user("dora").Roles("dangling").Obj(), user("bob").Obj(),
		clerk("ian").Obj(), clerk("ivo").Obj(), clerk("isa").State(v1alpha1.UserSuspended).Obj(), clerk("iris").State(v1alpha1.UserSuspended).Obj(),
		clerk("ike").Roles("clerk").Obj(),
		build.SeatPool("free").In(d.namespace, "acme").Seats(3).Obj(), build.SeatPool("billed").In(d.namespace, "acme").Seats(3).Stripe("si_1", "acme-stripe").Obj(),
		team("top").Roles("support").Obj(), team("mid").Parent("top").Roles("helper").Members("dan").Obj(),
		team("ops").Roles("admin").Members("newbie").Obj(), team("loose").Members("dan").Obj(), team("below").Parent("missing").Members("dan").Obj(),
	)
	d.holds(t, "kim", "admin")
	d.holds(t, "ian", "clerk")
	d.holds(t, "ike", "clerk")
	d.reports(t, "ivo", func(s *v1alpha1.UserStatus) {
		s.Roles, s.AcceptedAt = []string{"clerk"}, new(metav1.Now())
	})
	d.reports(t, "iris", func(s *v1alpha1.UserStatus) { s.AcceptedAt = new(metav1.Now()) })
	return d
}

// holds has a user hold roles.
func (d *door) holds(t *testing.T, name string, roles ...string) {
	t.Helper()
	d.reports(t, name, func(s *v1alpha1.UserStatus) { s.Roles = roles })
}

// reports has the operator report something of a user.
func (d *door) reports(t *testing.T, name string, mutate func(*v1alpha1.UserStatus)) {
	t.Helper()
	u := &v1alpha1.User{}
	if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, u); err != nil {
		t.Fatal(err)
	}
	mutate(&u.Status)
	if err := d.Status().Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	d.known(t, u)
}

// attempt is a request as a dry run: it answers as the request would be answered, and leaves nothing.
type attempt func(t *testing.T, d *door, c client.Client) error

// making is an attempt to create something.
func making(o client.Object) attempt {
	return func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		created := o.DeepCopyObject().(client.Object)
		created.SetNamespace(d.namespace)
		return c.Create(t.Context(), created, client.DryRunAll)
	}
}

// changing is an attempt to change something that is there.
func changing[T client.Object](o T, name string, mutate func(o T)) attempt {
	return func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		o := o.DeepCopyObject().(T)
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, o); err != nil {
			t.Fatal(err)
		}
		base := o.DeepCopyObject().(client.Object)
		mutate(o)
		return c.Patch(t.Context(), o, client.MergeFrom(base), client.DryRunAll)
	}
}

func userOf(name string, mutate func(*v1alpha1.UserSpec)) attempt {
	return changing(&v1alpha1.User{}, name, func(u *v1alpha1.User) { mutate(&u.Spec) })
}

func teamOf(name string, mutate func(*v1alpha1.TeamSpec)) attempt {
	return changing(&v1alpha1.Team{}, name, func(u *v1alpha1.Team) { mutate(&u.Spec) })
}

func roleOf(name string, mutate func(*v1alpha1.RoleSpec)) attempt {
	return changing(&v1alpha1.Role{}, name, func(u *v1alpha1.Role) { mutate(&u.Spec) })
}

func organization(name string, mutate func(*v1alpha1.OrganizationSpec)) attempt {
	return changing(&v1alpha1.Organization{}, name, func(u *v1alpha1.Organization) { mutate(&u.Spec) })
}

// owning has Secrets handed over, or watched over.
func owning(action v1alpha1.OwnershipAction) func(*v1alpha1.OrganizationSpec) {
	return func(s *v1alpha1.OrganizationSpec) {
		rule := build.Notes()
		rule.Resource.Resource, rule.OnArchive = "secrets", action
		s.Offboarding.Ownership = []v1alpha1.OwnershipRule{rule}
	}
}

// applying is an attempt by server-side apply, of a GitOps tool say.
func applying(kind, name string, spec map[string]any) attempt {
	return func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
		o.SetNamespace(d.namespace)
		o.SetName(name)
		return c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("gitops"), client.ForceOwnership, client.DryRunAll)
	}
}

func join(s *v1alpha1.TeamSpec, name string) {
	s.Members = append(s.Members, v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamMember})
}

func nameless(o client.Object) client.Object {
	o.SetGenerateName(o.GetName() + "-")
	o.SetName("")
	return o
}

func firstPassword(name string) *v1alpha1.User {
	u := build.User(name).Obj()
	u.Spec.InitialPasswordSecretRef.Name = "pw"
	return u
}

// gain is a way by which somebody comes by more than they have, and what the way takes.
type gain struct {
	try   attempt
	needs []allowed
	// says is what a refusal says besides.
	says string
}

// byUsers are ways that begin with a User.
func byUsers() map[string]gain {
	delegate := func(from, until time.Time, name string) func(*v1alpha1.UserSpec) {
		return func(s *v1alpha1.UserSpec) {
			s.Delegates = []v1alpha1.Delegation{{User: name, From: new(metav1.NewTime(from)), Until: metav1.NewTime(until)}}
		}
	}
	admin := []allowed{assign("admin")}
	return map[string]gain{
		"a role, at once":          {making(build.User("eva").Roles("helper", "support").Obj()), []allowed{assign("helper"), assign("support")}, `spec.roles[1]: Forbidden: user "`},
		"a role, later":            {userOf("dan", func(s *v1alpha1.UserSpec) { s.Roles = []string{"admin"} }), admin, "may not assign role admin: that needs"},
		"a role with more in it":   {userOf("dan", func(s *v1alpha1.UserSpec) { s.Roles = []string{"boss"} }), []allowed{assign("admin"), assign("boss")}, "may not assign role admin (which role boss includes): that needs"},
		"a role that is not there": {userOf("dan", func(s *v1alpha1.UserSpec) { s.Roles = []string{"nothing"} }), []allowed{assign("nothing")}, "spec.roles[0]"},
		"one more role":            {userOf("ada", func(s *v1alpha1.UserSpec) { s.Roles = append(s.Roles, "helper") }), []allowed{assign("helper")}, "spec.roles[1]"},
		"a role, as a record":      {making(build.User("eva").Roles("admin").State(v1alpha1.UserSuspended).Obj()), admin, "spec.roles[0]"},
		"a role, under any name":   {making(nameless(build.User("eva").Roles("admin").Obj())), admin, "spec.roles[0]"},
		"a role, applied":          {applying("User", "dan", map[string]any{"organization": "acme", "email": "dan@acme.example", "roles": []any{"admin"}}), admin, "spec.roles[0]"},
		"a role, applied at once":  {applying("User", "eva", map[string]any{"organization": "acme", "email": "eva@acme.example", "roles": []any{"admin"}}), admin, "spec.roles[0]"},

		"a delegation":             {userOf("ada", delegate(soon, soon.Add(time.Hour), "dan")), admin, "spec.delegates[0]: Forbidden"},
		"a longer delegation":      {userOf("ada", delegate(soon, soon.Add(2*time.Hour), "bob")), admin, "which user ada is given by spec.roles and bob would hold as well"},
		"an earlier delegation":    {userOf("ada", delegate(soon.Add(-time.Minute), soon.Add(time.Hour), "bob")), admin, "spec.delegates[0]"},
		"a delegation from now on": {userOf("ada", func(s *v1alpha1.UserSpec) { s.Delegates[0].From = nil }), admin, "spec.delegates[0]"},
		"a delegation by default":  {userOf("ian", delegate(soon, soon.Add(time.Hour), "ina")), []allowed{assign("clerk")}, "the organization's default"},
		"a delegation of a team's": {userOf("dan", delegate(soon, soon.Add(time.Hour), "bob")), []allowed{assign("helper"), assign("support")}, "by team top"},
		"a delegation, at once":    {making(build.User("eva").In("", "initech").Email("e@initech.example").Delegate("ian", soon, soon.Add(time.Hour)).Obj()), []allowed{assign("clerk")}, "spec.delegates[0]"},

		"a name that a team has":      {making(build.User("newbie").Obj()), admin, "metadata.name: Forbidden"},
		"a name that a user has":      {making(build.User("guest").Obj()), admin, "which user guest is given by delegation by ada"},
		"a name that an owner has":    {making(build.User("gus").In("", "globex").Email("gus@globex.example").Obj()), []allowed{assignOwner("globex")}, "metadata.name: Forbidden"},
		"an owner's name, by default": {making(build.User("ina").In("", "initech").Email("ina@initech.example").Obj()), []allowed{assignOwner("initech")}, "metadata.name: Forbidden"},

		"an address":                   {userOf("ada", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), admin, "spec.email: Forbidden"},
		"an address, and fewer roles":  {userOf("ada", func(s *v1alpha1.UserSpec) { s.Email, s.Roles = "eve@acme.example", nil }), admin, "spec.email: Forbidden"},
		"an address of a suspended":    {userOf("sam", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), admin, "spec.email: Forbidden"},
		"an address of who still has":  {userOf("kim", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), admin, "which user kim holds"},
		"an address of a delegate's":   {userOf("bob", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), admin, "by delegation by ada"},
		"an address of a member's":     {userOf("dan", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), []allowed{assign("helper"), assign("support")}, "by team mid"},
		"an address of the owner's":    {userOf("marie", func(s *v1alpha1.UserSpec) { s.Email = "eve@acme.example" }), []allowed{assignOwner("acme")}, "spec.email: Forbidden"},
		"a return":                     {userOf("sam", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserActive }), admin, "spec.state: Forbidden"},
		"a longer time":                {userOf("tina", until(soon.Add(time.Second))), admin, "spec.accessUntil: Forbidden"},
		"time without end":             {userOf("tina", until(time.Time{})), admin, "spec.accessUntil: Forbidden"},
		"time again":                   {userOf("otto", until(soon)), admin, "spec.accessUntil: Forbidden"},
		"time again, without end":      {userOf("otto", until(time.Time{})), admin, "which user otto is given by spec.roles"},
		"time again, and fewer roles":  {userOf("otto", func(s *v1alpha1.UserSpec) { until(soon)(s); s.Roles = nil }), admin, "spec.accessUntil: Forbidden"},
		"a password":                   {userOf("ada", func(s *v1alpha1.UserSpec) { s.InitialPasswordSecretRef.Name = "pw" }), []allowed{assign("admin"), readPassword}, "spec.initialPasswordSecretRef.name: Forbidden"},
		"a password of nobody's":       {making(firstPassword("eva")), []allowed{readPassword}, "have Secret pw read"},
		"a password, at once":          {making(firstPassword("newbie")), []allowed{assign("admin"), readPassword}, "spec.initialPasswordSecretRef.name: Forbidden"},
		"a password, of owner's":       {userOf("marie", func(s *v1alpha1.UserSpec) { s.InitialPasswordSecretRef.Name = "pw" }), []allowed{assignOwner("acme"), readPassword}, "spec.initialPasswordSecretRef: Forbidden"},
		"a default role's new address": {userOf("ivo", func(s *v1alpha1.UserSpec) { s.Email = "eve@initech.example" }), []allowed{assign("clerk")}, "spec.email: Forbidden"},
		"a default role, respelled":    {userOf("ivo", func(s *v1alpha1.UserSpec) { s.Email = "IVO@initech.example" }), []allowed{assign("clerk")}, "spec.email: Forbidden"},
		"a default role's return":      {userOf("iris", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserActive }), []allowed{assign("clerk")}, "spec.state: Forbidden"},
		"a default role that is given": {userOf("ike", func(s *v1alpha1.UserSpec) { s.Email = "eve@initech.example" }), []allowed{assign("clerk")}, "which user ike is given by spec.roles"},

		// The name in Kubernetes, and where the mails go, is the address to the letter.
		"an address in capitals":       {userOf("kim", func(s *v1alpha1.UserSpec) { s.Email = "KIM@acme.example" }), admin, "spec.email: Forbidden"},
		"an address with a capital":    {userOf("kim", func(s *v1alpha1.UserSpec) { s.Email = "Kim@acme.example" }), admin, "spec.email: Forbidden"},
		"an address with a lookalike":  {userOf("kim", func(s *v1alpha1.UserSpec) { s.Email = "\u212Aim@acme.example" }), admin, "spec.email: Forbidden"},
		"an address, respelled behind": {userOf("ada", func(s *v1alpha1.UserSpec) { s.Email = "ada@ACME.example" }), admin, "spec.email: Forbidden"},
		"the owner's, respelled":       {userOf("marie", func(s *v1alpha1.UserSpec) { s.Email = "Marie@acme.example" }), []allowed{assignOwner("acme")}, "spec.email: Forbidden"},
	}
}

// byTeams are ways that begin with a Team.
func byTeams() map[string]gain {
	both := []allowed{assign("helper"), assign("support")}
	return map[string]gain{
		"a team with a role":        {making(build.Team("new").Roles("boss").Members("dan").Obj()), []allowed{assign("admin"), assign("boss")}, "spec.roles[0]: Forbidden"},
		"a role for a team":         {teamOf("loose", func(s *v1alpha1.TeamSpec) { s.Roles = []string{"admin"} }), []allowed{assign("admin")}, "spec.roles[0]: Forbidden"},
		"a role, applied":           {applying("Team", "loose", map[string]any{"organization": "acme", "roles": []any{"admin"}}), []allowed{assign("admin")}, "spec.roles[0]: Forbidden"},
		"joining":                   {teamOf("ops", func(s *v1alpha1.TeamSpec) { join(s, "dan") }), []allowed{assign("admin")}, "spec.members[1]: Forbidden"},
		"joining as somebody else":  {teamOf("ops", func(s *v1alpha1.TeamSpec) { s.Members[0].User = "dan" }), []allowed{assign("admin")}, "which members hold by team ops"},
		"joining below":             {teamOf("mid", func(s *v1alpha1.TeamSpec) { join(s, "bob") }), both, "which members hold by team top"},
		"moving below":              {teamOf("loose", func(s *v1alpha1.TeamSpec) { s.Parent = "mid" }), both, "spec.parent: Forbidden"},
		"a team below":              {making(build.Team("new").Parent("mid").Obj()), both, "which comes from team mid"},
		"a team that is above":      {making(build.Team("missing").Roles("admin").Obj()), []allowed{assign("admin")}, "spec.roles[0]: Forbidden"},
		"a team in between":         {making(build.Team("missing").Parent("top").Obj()), []allowed{assign("support")}, "spec.parent: Forbidden"},
		"a team under any name":     {making(nameless(build.Team("new").Roles("admin").Obj())), []allowed{assign("admin")}, "spec.roles[0]: Forbidden"},
		"role, parent, and members": {teamOf("loose", func(s *v1alpha1.TeamSpec) { s.Parent, s.Roles = "top", []string{"helper"}; join(s, "bob") }), both, "spec.parent: Forbidden"},
	}
}

// byRoles are ways that begin with a Role.
func byRoles() map[string]gain {
	helper := []allowed{assign("helper")}
	set := func(mutate func(s *v1alpha1.RoleSpec)) attempt { return roleOf("helper", mutate) }
	ref := func(kind v1alpha1.RoleRefKind, name string) func(s *v1alpha1.RoleSpec) {
		return func(s *v1alpha1.RoleSpec) { s.Kubernetes.RoleRefs = []v1alpha1.RoleRef{{Kind: kind, Name: name}} }
	}
	return map[string]gain{
		"a role":                        {making(build.Role("new").Obj()), []allowed{assign("new")}, "metadata.name: Forbidden"},
		"a role that somebody has":      {making(build.Role("dangling").Obj()), []allowed{assign("dangling")}, "say what whoever holds role dangling gets"},
		"a role with another in it":     {making(build.Role("new").Includes("boss").Obj()), []allowed{assign("admin"), assign("boss"), assign("new")}, "assign role admin (which role boss includes)"},
		"a role with rights":            {making(build.Role("new").RoleRefs(shippedAdmin).Obj()), []allowed{assign("new"), bind("clusterroles", shippedAdmin)}, "spec.kubernetes.roleRefs[0]: Forbidden"},
		"more permissions":              {set(func(s *v1alpha1.RoleSpec) { s.Permissions = []string{"crm.*"} }), helper, "spec.permissions: Forbidden"},
		"more included":                 {set(func(s *v1alpha1.RoleSpec) { s.Includes = []string{"admin"} }), []allowed{assign("admin"), assign("helper")}, "spec.includes[0]: Forbidden"},
		"more included, applied":        {applying("Role", "helper", map[string]any{"organization": "acme", "includes": []any{"admin"}}), []allowed{assign("admin"), assign("helper")}, "spec.includes[0]: Forbidden"},
		"rights":                        {set(ref(v1alpha1.RoleRefClusterRole, shippedEditor)), []allowed{assign("helper"), bind("clusterroles", shippedEditor)}, "bind the holders to the ClusterRole " + shippedEditor},
		"rights of a Role":              {set(ref(v1alpha1.RoleRefRole, "local")), []allowed{assign("helper"), bind("roles", "local")}, "bind the holders to the Role local"},
		"rights of all of Kubernetes":   {set(ref(v1alpha1.RoleRefClusterRole, "cluster-admin")), []allowed{assign("helper"), bind("clusterroles", "cluster-admin")}, "spec.kubernetes.roleRefs[0]: Forbidden"},
		"a role for fewer":              {set(func(s *v1alpha1.RoleSpec) { s.MaxHolders = new(int32(1)) }), helper, "spec.maxHolders: Forbidden"},
		"a role that must be held":      {set(func(s *v1alpha1.RoleSpec) { s.MinHolders = new(int32(1)) }), helper, "spec.minHolders: Forbidden"},
		"a role that needs nobody":      {roleOf("lead", func(s *v1alpha1.RoleSpec) { s.MinHolders = nil }), []allowed{assign("lead")}, "spec.minHolders: Forbidden"},
		"a role without its seat":       {roleOf("seated", func(s *v1alpha1.RoleSpec) { s.SeatPool = "" }), []allowed{assign("seated")}, "spec.seatPool: Forbidden"},
		"a role with another seat":      {roleOf("seated", func(s *v1alpha1.RoleSpec) { s.SeatPool = "cheap" }), []allowed{assign("seated")}, "spec.seatPool: Forbidden"},
		"a role without what has seats": {roleOf("lead", func(s *v1alpha1.RoleSpec) { s.Includes = nil }), []allowed{assign("lead")}, "spec.includes: Forbidden"},
	}
}

// directoryAt has the accounts go somewhere, with the credentials of a Secret.
func directoryAt(url string) func(*v1alpha1.OrganizationSpec) {
	return func(s *v1alpha1.OrganizationSpec) {
		s.Directory = build.Organization("acme").Directory().Obj().Spec.Directory
		s.Directory.SCIM.URL = url
	}
}

// vouching has people sign in with a provider, which gets what is in a Secret.
func vouching(issuer, secret string) func(*v1alpha1.OrganizationSpec) {
	return func(s *v1alpha1.OrganizationSpec) {
		s.Invitation.IdentityProviders = []v1alpha1.IdentityProvider{{
			Name: "eve", Issuer: issuer, ClientID: "seatkeeper", ClientSecretRef: v1alpha1.SecretReference{Name: secret},
		}}
	}
}

// accepting asks people for something when they accept.
func accepting(mode v1alpha1.AcceptanceMode) func(*v1alpha1.OrganizationSpec) {
	return func(s *v1alpha1.OrganizationSpec) { s.Invitation.Acceptance = mode }
}

// byOrganizations are ways that begin with an Organization.
func byOrganizations() map[string]gain {
	return map[string]gain{
		"a role for all":        {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "boss" }), []allowed{assign("admin"), assign("boss")}, "spec.defaultRole: Forbidden"},
		"another role for all":  {organization("initech", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "unknown" }), []allowed{assign("unknown")}, "spec.defaultRole: Forbidden"},
		"a role for all, apply": {applying("Organization", "acme", map[string]any{"owner": "marie", "defaultRole": "admin"}), []allowed{assign("admin")}, "spec.defaultRole: Forbidden"},
		"the owner":             {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.Owner = "dan" }), []allowed{assignOwner("acme")}, "spec.owner: Forbidden"},
		"the post":              {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.Mail.SMTPSecretRef.Name = "eves" }), []allowed{assignOwner("acme"), read("eves")}, "spec.mail.smtpSecretRef.name: Forbidden"},
		"another post":          {organization("globex", func(s *v1alpha1.OrganizationSpec) { s.Mail.SMTPSecretRef.Name = "eves" }), []allowed{assignOwner("globex"), read("eves")}, "have Secret eves read"},
		"the operator's post":   {organization("globex", func(s *v1alpha1.OrganizationSpec) { s.Mail.SMTPSecretRef.Name = "" }), []allowed{assignOwner("globex")}, "spec.mail: Forbidden"},
		"the sender":            {organization("globex", func(s *v1alpha1.OrganizationSpec) { s.Mail.From = "eve@globex.example" }), []allowed{assignOwner("globex")}, "spec.mail: Forbidden"},
		"a post, at once":       {making(build.Organization("new").Mail(v1alpha1.OrganizationMail{SMTPSecretRef: v1alpha1.SecretReference{Name: "eves"}}).Obj()), []allowed{assignOwner("new"), read("eves")}, "spec.mail.smtpSecretRef.name: Forbidden"},
		"the accounts":          {organization("acme", directoryAt("https://eve.example")), []allowed{assignOwner("acme"), read("directory")}, "spec.directory: Forbidden"},
		"others' credentials":   {organization("acme", directoryAt("https://eve.example")), []allowed{assignOwner("acme"), read("directory")}, "have Secret directory read"},
		"accounts, at once":     {making(build.Organization("new").Directory().Obj()), []allowed{assignOwner("new"), read("directory")}, "spec.directory.scim.credentialsSecretRef.name: Forbidden"},
		"the letters":           {organization("acme", func(s *v1alpha1.OrganizationSpec) { s.Invitation.Templates.Name = "eves" }), []allowed{assignOwner("acme")}, "spec.invitation.templates: Forbidden"},
		"who vouches":           {organization("acme", vouching("https://eve.example", "eves")), []allowed{assignOwner("acme"), read("eves")}, "spec.invitation.identityProviders: Forbidden"},
		"others' secret":        {organization("acme", vouching("https://eve.example", "eves")), []allowed{assignOwner("acme"), read("eves")}, "have Secret eves read"},
		"who vouches, public":   {organization("acme", vouching("https://eve.example", "")), []allowed{assignOwner("acme")}, "spec.invitation.identityProviders: Forbidden"},
		"a click will do":       {organization("hooli", accepting(v1alpha1.AcceptanceConfirm)), []allowed{assignOwner("hooli")}, "spec.invitation.acceptance: Forbidden"},
		"a password will do":    {organization("vandelay", accepting(v1alpha1.AcceptancePassword)), []allowed{assignOwner("vandelay")}, "spec.invitation.acceptance: Forbidden"},
		"others' objects":       {organization("acme", owning(v1alpha1.OwnershipReassign)), handing("secrets"), "spec.offboarding.ownership[0].resource: Forbidden"},
		"others' objects, seen": {organization("acme", owning(v1alpha1.OwnershipBlock)), handing("secrets")[:1], "spec.offboarding.ownership[0].resource: Forbidden"},
		"other objects":         {organization("globex", owning(v1alpha1.OwnershipReassign)), handing("secrets"), "spec.offboarding.ownership[0].resource: Forbidden"},
		"an organization":       {making(build.Organization("new").Owner("eve").DefaultRole("any").Obj()), []allowed{assign("any"), assignOwner("new")}, "spec.owner: Forbidden"},
	}
}

// byPools are ways that begin with a SeatPool.
func byPools() map[string]gain {
	const at = "spec.billing.stripe.apiKeySecretRef.name: Forbidden"
	return map[string]gain{
		"a key":          {pool("free", func(s *v1alpha1.SeatPoolSpec) { s.Billing.Stripe = stripe("eves") }), []allowed{read("eves")}, at},
		"another key":    {pool("billed", func(s *v1alpha1.SeatPoolSpec) { s.Billing.Stripe.APIKeySecretRef.Name = "eves" }), []allowed{read("eves")}, "have Secret eves read"},
		"a key, at once": {making(build.SeatPool("new").Seats(1).Stripe("si_2", "eves").Obj()), []allowed{read("eves")}, at},
		"the same key":   {making(build.SeatPool("new").Seats(1).Stripe("si_1", "acme-stripe").Obj()), []allowed{read("acme-stripe")}, at},
	}
}

func pool(name string, mutate func(*v1alpha1.SeatPoolSpec)) attempt {
	return changing(&v1alpha1.SeatPool{}, name, func(p *v1alpha1.SeatPool) { mutate(&p.Spec) })
}

func stripe(secret string) *v1alpha1.StripeBilling {
	return build.SeatPool("any").Stripe("si_2", secret).Obj().Spec.Billing.Stripe
}

// gains are all ways.
func gains() map[string]gain {
	all := map[string]gain{}
	for kind, ways := range map[string]map[string]gain{
		"User": byUsers(), "Team": byTeams(), "Role": byRoles(), "Organization": byOrganizations(), "SeatPool": byPools(), "Protection": byProtection(),
	} {
		for name, g := range ways {
			all[kind+": "+name] = g
		}
	}
	return all
}

// Nobody gives what is not theirs to give: each way takes each of the rights, and no other, of a person and of a service
// account alike.
func TestNobodyGivesMoreThanTheyMay(t *testing.T) {
	t.Parallel()
	d := company(t)
	all := gains()
	for _, kind := range kinds {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			g := all[name]
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				eve := d.act(t, kind, writer)
				env.Eventually(t, func() error {
					err := g.try(t, d, eve)
					if err := lacks(err, eve.name, g.needs); err != nil {
						return err
					}
					if !strings.Contains(err.Error(), g.says) {
						return fmt.Errorf("the refusal does not say %q: %w", g.says, err)
					}
					return nil
				})
				for i := range g.needs {
					if len(g.needs) == 1 {
						break
					}
					almost := d.act(t, kind, writer, without(g.needs, i)...)
					env.Eventually(t, func() error { return lacks(g.try(t, d, almost), almost.name, g.needs[i:i+1]) })
				}
				trusted := d.act(t, kind, writer, g.needs...)
				env.Eventually(t, func() error { return g.try(t, d, trusted) })
			})
		}
	}
}

// The shipped ClusterRoles: an administrator gives all that is Seatkeeper's, an editor nothing, and others do not write.
func TestShippedRoles(t *testing.T) {
	t.Parallel()
	d := company(t)
	admin, editor := d.act(t, "person", shippedAdmin), d.act(t, "person", shippedEditor)
	viewer, billing := d.act(t, "person", shippedViewer), d.act(t, "person", shippedBilling)
	for name, g := range gains() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := func(right allowed) bool {
				return right.verb == "assign" || right.verb == "bind" && slices.Contains([]string{shippedAdmin, shippedEditor}, right.name)
			}
			env.Eventually(t, func() error {
				return lacks(g.try(t, d, admin), admin.name, slices.DeleteFunc(slices.Clone(g.needs), own))
			})
			env.Eventually(t, func() error {
				err := g.try(t, d, editor)
				if strings.HasPrefix(name, "User: ") || strings.HasPrefix(name, "Team: ") {
					return lacks(err, editor.name, g.needs)
				}
				return forbidden(err)
			})
			if err := forbidden(g.try(t, d, viewer)); err != nil {
				t.Error(err)
			}
			env.Eventually(t, func() error {
				err := g.try(t, d, billing)
				if strings.HasPrefix(name, "SeatPool: ") {
					return lacks(err, billing.name, g.needs)
				}
				return forbidden(err)
			})
		})
	}
}

// forbidden holds that RBAC refuses a request.
func forbidden(err error) error {
	if !apierrors.IsForbidden(err) {
		return fmt.Errorf("not forbidden: %w", err)
	}
	return nil
}

// Taking away, and what gives nobody anything, needs no right but to write.
func TestTakingAwayIsFree(t *testing.T) {
	t.Parallel()
	d := company(t)
	d.create(t, build.User("pat").In(d.namespace, "acme").Obj(), build.Organization("hosted").In(d.namespace).Directory().Obj(), build.Role("rich").In(d.namespace, "acme").Permissions("crm.*", "tickets.*").RoleRefs(shippedEditor, shippedViewer).Includes("helper", "support").Obj())
	frees := map[string]attempt{
		"User: a name":                 userOf("ada", func(s *v1alpha1.UserSpec) { s.GivenName, s.FamilyName = "Ada", "Lovelace" }),
		"User: no roles":               userOf("ada", func(s *v1alpha1.UserSpec) { s.Roles = nil }),
		"User: a role by default then": userOf("dora", func(s *v1alpha1.UserSpec) { s.Roles = nil }),
		"User: nobody's, respelled":    userOf("pat", func(s *v1alpha1.UserSpec) { s.Email = "PAT@acme.example" }),
		"User: nobody's, elsewhere":    userOf("pat", func(s *v1alpha1.UserSpec) { s.Email = "patricia@acme.example" }),
		"User: the same address":       userOf("ada", func(s *v1alpha1.UserSpec) { s.Email, s.GivenName = "ada@acme.example", "Ada" }),
		"User: a typo, by default":     userOf("ian", func(s *v1alpha1.UserSpec) { s.Email = "ian.b@initech.example" }),
		"User: a return, by default":   userOf("isa", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserActive }),
		"User: suspended":              userOf("ada", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserSuspended }),
		"User: archived":               userOf("sam", func(s *v1alpha1.UserSpec) { s.State = v1alpha1.UserArchived }),
		"User: an end":                 userOf("ada", until(soon)),
		"User: an end now":             userOf("ada", until(over)),
		"User: a shorter time":         userOf("tina", until(soon.Add(-time.Minute))),
		"User: a time that is over":    userOf("otto", until(over.Add(time.Minute))),
		"User: of who is suspended":    userOf("tad", until(time.Time{})),
		"User: a name, at the end":     userOf("otto", func(s *v1alpha1.UserSpec) { s.GivenName = "Otto" }),
		"User: no delegates":           userOf("ada", func(s *v1alpha1.UserSpec) { s.Delegates = nil }),
		"User: a shorter delegation": userOf("ada", func(s *v1alpha1.UserSpec) {
			s.Delegates[0].From, s.Delegates[0].Until = new(metav1.NewTime(soon.Add(time.Minute))), metav1.NewTime(soon.Add(2*time.Minute))
		}),
		"User: delegations in another order": userOf("ada", func(s *v1alpha1.UserSpec) { slices.Reverse(s.Delegates) }),
		"User: a delegate of who has nothing": userOf("kim", func(s *v1alpha1.UserSpec) {
			s.Delegates = []v1alpha1.Delegation{{User: "dan", Until: metav1.NewTime(soon)}}
		}),
		"User: a delegate's delegate": userOf("bob", func(s *v1alpha1.UserSpec) {
			s.Delegates = []v1alpha1.Delegation{{User: "dan", Until: metav1.NewTime(soon)}}
		}),
		"User: new":                         making(build.User("eva").Obj()),
		"User: new, by default":             making(build.User("eva").In("", "initech").Email("e@initech.example").Obj()),
		"User: new, of an unknown house":    making(build.User("eva").In("", "unheard").Obj()),
		"Team: new":                         making(build.Team("new").Members("dan", "nobody-yet").Obj()),
		"Team: no roles":                    teamOf("ops", func(s *v1alpha1.TeamSpec) { s.Roles = nil }),
		"Team: no members":                  teamOf("ops", func(s *v1alpha1.TeamSpec) { s.Members = nil }),
		"Team: a lead":                      teamOf("ops", func(s *v1alpha1.TeamSpec) { s.Members[0].Role = v1alpha1.TeamLead }),
		"Team: no parent":                   teamOf("mid", func(s *v1alpha1.TeamSpec) { s.Parent = "" }),
		"Team: a parent that gives nothing": teamOf("loose", func(s *v1alpha1.TeamSpec) { s.Parent = "nowhere-yet" }),
		"Team: a member of nothing":         teamOf("loose", func(s *v1alpha1.TeamSpec) { join(s, "bob") }),
		"Team: no roles, and a member":      teamOf("ops", func(s *v1alpha1.TeamSpec) { s.Roles = nil; join(s, "dan") }),
		"Role: words":                       roleOf("admin", func(s *v1alpha1.RoleSpec) { s.DisplayName, s.Description = "Admin", "May do all" }),
		"Role: less": roleOf("rich", func(s *v1alpha1.RoleSpec) {
			s.Permissions, s.Includes, s.Kubernetes.RoleRefs = s.Permissions[:1], s.Includes[:1], s.Kubernetes.RoleRefs[1:]
		}),
		"Role: nothing": roleOf("rich", func(s *v1alpha1.RoleSpec) {
			s.Permissions, s.Includes, s.Kubernetes = nil, nil, v1alpha1.RoleKubernetes{}
		}),
		"Organization: kept objects": organization("acme", owning(v1alpha1.OwnershipRetain)),
		"Organization: other heirs": organization("globex", func(s *v1alpha1.OrganizationSpec) {
			s.Offboarding.Ownership[0].Successor = []v1alpha1.SuccessorSource{v1alpha1.SuccessorSpread}
		}),
		"Organization: no objects":     organization("globex", func(s *v1alpha1.OrganizationSpec) { s.Offboarding.Ownership = nil }),
		"Organization: more asked":     organization("acme", accepting(v1alpha1.AcceptancePassword)),
		"Organization: words":          organization("acme", func(s *v1alpha1.OrganizationSpec) { s.DisplayName = "Acme" }),
		"Organization: words, hosted":  organization("hosted", func(s *v1alpha1.OrganizationSpec) { s.DisplayName = "Hosted" }),
		"Organization: nothing at all": organization("initech", func(s *v1alpha1.OrganizationSpec) { s.DefaultRole = "" }),
		"SeatPool: more":               pool("billed", func(s *v1alpha1.SeatPoolSpec) { s.Seats = new(int32(4)) }),
		"SeatPool: another item":       pool("billed", func(s *v1alpha1.SeatPoolSpec) { s.Billing.Stripe.SubscriptionItem = "si_2" }),
		"SeatPool: no key":             pool("billed", func(s *v1alpha1.SeatPoolSpec) { s.Billing.Stripe = nil }),
	}
	for _, kind := range kinds {
		eve := d.act(t, kind, writer)
		for name, try := range frees {
			t.Run(kind+"/"+name, func(t *testing.T) { env.Eventually(t, func() error { return soonAllowed(t, try(t, d, eve)) }) })
		}
		for _, o := range []client.Object{
			&v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Name: "ada"}}, &v1alpha1.Team{ObjectMeta: metav1.ObjectMeta{Name: "ops"}},
			&v1alpha1.Role{ObjectMeta: metav1.ObjectMeta{Name: "admin"}}, &v1alpha1.Organization{ObjectMeta: metav1.ObjectMeta{Name: "acme"}},
		} {
			o.SetNamespace(d.namespace)
			if err := eve.Delete(t.Context(), o, client.DryRunAll); err != nil {
				t.Errorf("%s deletes %T %s: %v", kind, o, o.GetName(), err)
			}
		}
	}
}

// soonAllowed waits for RBAC alone: what admission refuses stays refused.
func soonAllowed(t *testing.T, err error) error {
	t.Helper()
	if apierrors.IsInvalid(err) {
		t.Fatal(err)
	}
	return err
}

// A dry run answers as the request itself does, of which nothing is left either.
func TestRefusedIsNotDone(t *testing.T) {
	t.Parallel()
	d := company(t)
	eve := d.act(t, "person", shippedEditor)
	eva := build.User("eva").In(d.namespace, "acme").Roles("admin").Obj()
	env.Eventually(t, func() error {
		return lacks(eve.Create(t.Context(), eva.DeepCopy()), eve.name, []allowed{assign("admin")})
	})
	if err := d.Get(t.Context(), client.ObjectKeyFromObject(eva), &v1alpha1.User{}); !apierrors.IsNotFound(err) {
		t.Errorf("what was refused is there: %v", err)
	}
	eva.Spec.Roles = nil
	if err := eve.Create(t.Context(), eva); err != nil {
		t.Errorf("a User without a role: %v", err)
	}
	base := eva.DeepCopy()
	eva.Spec.Roles = []string{"admin"}
	if err := lacks(eve.Patch(t.Context(), eva, client.MergeFrom(base)), eve.name, []allowed{assign("admin")}); err != nil {
		t.Error(err)
	}
}

// A team, and a role, that is being deleted gives what it gives until it is gone, and a finalizer can hold it.
func TestWhatGoesGivesNoMore(t *testing.T) {
	t.Parallel()
	d := company(t)
	var ops v1alpha1.Team
	var helper v1alpha1.Role
	for name, o := range map[string]client.Object{"ops": &ops, "helper": &helper} {
		if err := d.Get(t.Context(), client.ObjectKey{Namespace: d.namespace, Name: name}, o); err != nil {
			t.Fatal(err)
		}
		d.change(t, o, func() { o.SetFinalizers([]string{"example.org/held"}) })
		if err := d.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	eve := d.act(t, "person", writer)
	for _, g := range []gain{
		{try: teamOf("ops", func(s *v1alpha1.TeamSpec) { join(s, "dan") }), needs: []allowed{assign("admin")}},
		{try: roleOf("helper", func(s *v1alpha1.RoleSpec) { s.Permissions = []string{"*"} }), needs: []allowed{assign("helper")}},
	} {
		env.Eventually(t, func() error { return lacks(g.try(t, d, eve), eve.name, g.needs) })
	}
}

// Who orders seats, and who writes what the operator reports, RBAC says.
func TestWhoWritesPoolsAndStatus(t *testing.T) {
	t.Parallel()
	d := company(t)
	d.create(t, build.SeatPool("standard").In(d.namespace, "acme").Seats(3).Obj())
	pool := changing(&v1alpha1.SeatPool{}, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(4)) })
	scale := func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":4}}`))
		p := &v1alpha1.SeatPool{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: "standard"}}
		return c.SubResource("scale").Patch(t.Context(), p, patch, &client.SubResourcePatchOptions{
			PatchOptions: client.PatchOptions{DryRun: []string{metav1.DryRunAll}}, SubResourceBody: &autoscalingv1.Scale{},
		})
	}
	status := func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		u := &v1alpha1.User{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: "dan"}}
		return c.Status().Patch(t.Context(), u, client.RawPatch(types.MergePatchType, []byte(`{"status":{"roles":["admin"]}}`)))
	}
	slice := making(build.SeatSlice("standard", 0).Obj())
	for _, tc := range []struct {
		role        string
		may, mayNot []attempt
	}{
		{shippedAdmin, []attempt{pool, scale}, []attempt{status, slice}},
		{shippedBilling, []attempt{pool, scale}, []attempt{status, slice}},
		{shippedEditor, nil, []attempt{pool, scale, status, slice}},
		{shippedViewer, nil, []attempt{pool, scale, status, slice}},
	} {
		for _, kind := range kinds {
			t.Run(tc.role+"/"+kind, func(t *testing.T) {
				who := d.act(t, kind, tc.role)
				env.Eventually(t, func() error { // all may look, which shows that RBAC knows them
					return errors.Join(who.List(t.Context(), &v1alpha1.SeatSliceList{}, client.InNamespace(d.namespace)),
						who.List(t.Context(), &v1alpha1.ArchivedUserList{}, client.InNamespace(d.namespace)),
						who.List(t.Context(), &v1alpha1.UserList{}, client.InNamespace(d.namespace)))
				})
				for i, try := range tc.may {
					if err := try(t, d, who); err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
				for i, try := range tc.mayNot {
					if err := forbidden(try(t, d, who)); err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		}
	}
}

// Where the operator runs nothing, it asks for no rights.
func TestRightsElsewhere(t *testing.T) {
	t.Parallel()
	d := serveFor(t, env.Namespace(t), env.Namespace(t))
	eve := d.act(t, "person", writer)
	for _, try := range []attempt{
		making(build.User("eva").Roles("admin").Obj()), making(build.Team("new").Roles("admin").Obj()),
		making(build.Role("admin").Permissions("*").Obj()), making(build.Organization("new").Obj()),
	} {
		env.Eventually(t, func() error { return soonAllowed(t, try(t, d, eve)) })
	}
}

// Kubernetes' own view, edit and admin get what is shipped for them, and no more: each has what those below it have.
func TestAggregatedRoles(t *testing.T) {
	d := company(t)
	d.create(t, build.SeatPool("standard").In(d.namespace, "acme").Seats(3).Obj())
	look := func(t *testing.T, d *door, c client.Client) error {
		t.Helper()
		return c.List(t.Context(), &v1alpha1.ArchivedUserList{}, client.InNamespace(d.namespace))
	}
	member := making(build.User("eva").Obj())
	give := userOf("dan", func(s *v1alpha1.UserSpec) { s.Roles = []string{"admin"} })
	order := changing(&v1alpha1.SeatPool{}, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(4)) })
	rights := roleOf("helper", func(s *v1alpha1.RoleSpec) {
		s.Kubernetes.RoleRefs = []v1alpha1.RoleRef{{Kind: v1alpha1.RoleRefClusterRole, Name: shippedAdmin}}
	})
	for _, tc := range []struct {
		role        string
		may, mayNot []attempt
		unassigned  bool
	}{
		{role: "view", may: []attempt{look}, mayNot: []attempt{member, give, order, rights}},
		{role: "edit", may: []attempt{look, member}, mayNot: []attempt{order, rights}, unassigned: true},
		{role: "admin", may: []attempt{look, member, give, order, rights}},
	} {
		t.Run(tc.role, func(t *testing.T) {
			who := d.act(t, "person", tc.role)
			for _, try := range tc.may {
				env.Eventually(t, func() error { return try(t, d, who) })
			}
			for i, try := range tc.mayNot {
				if err := forbidden(try(t, d, who)); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
			if tc.unassigned {
				if err := lacks(give(t, d, who), who.name, []allowed{assign("admin")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
