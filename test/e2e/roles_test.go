// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/test/env"
)

// as begins a command of kubectl that is run as a person, whom Kubernetes knows by the address. The person has no rights but
// those that the operator gives.
func (a account) as(name string, args ...string) []string {
	a.Helper()
	return append([]string{"--as=" + a.address(name)}, args...)
}

// desk is the service account of a front desk, which edits people and teams, and assigns these roles. It begins a command.
func (a account) desk(roles ...string) []string {
	a.Helper()
	quoted := `"` + strings.Join(roles, `","`) + `"`
	a.run(fmt.Sprintf(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: desk}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: desk}
rules:
- {apiGroups: [seatkeeper.dev], resources: [roles], verbs: [assign], resourceNames: [%[2]s]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: desk}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: desk}
subjects: [{kind: ServiceAccount, name: desk, namespace: %[1]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: desk-editor}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: seatkeeper-organization-editor}
subjects: [{kind: ServiceAccount, name: desk, namespace: %[1]s}]
`, a.namespace, quoted), "apply", "--server-side", "-f", "-")
	desk := []string{"--as=system:serviceaccount:" + a.namespace + ":desk"}
	a.may(slices.Concat(desk, []string{"auth", "can-i", "create", "users.seatkeeper.dev"})...)
	a.may(slices.Concat(desk, []string{"auth", "can-i", "assign", "roles.seatkeeper.dev/" + roles[0]})...)
	return slices.Clip(desk)
}

// file is a file with these objects, for kubectl to read.
func (a account) file(yaml string) string {
	a.Helper()
	path := filepath.Join(a.TempDir(), "objects.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		a.Fatal(err)
	}
	return path
}

// may waits until a command works: rights come a moment after what gives them.
func (a account) may(args ...string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		_, _, err := kubectlIn(a.T, a.namespace, "", args...)
		return err
	})
}

// mayNot waits until a command is refused with these words.
func (a account) mayNot(args []string, words ...string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		out, _, err := kubectlIn(a.T, a.namespace, "", args...)
		if err == nil || !inOrder(err.Error(), words) {
			return fmt.Errorf("kubectl %s answers %q (%w), want a refusal that says %q", strings.Join(args, " "), out, err, words)
		}
		return nil
	})
}

// giving is a command that has a user hold just these roles.
func giving(user string, roles ...string) []string {
	list := `[]`
	if len(roles) > 0 {
		list = `["` + strings.Join(roles, `","`) + `"]`
	}
	return []string{"patch", "users/" + user, "--type=merge", "-p", `{"spec":{"roles":` + list + `}}`}
}

// dry is a command that is only tried.
func dry(args ...string) []string { return append(slices.Clone(args), "--dry-run=server") }

// holds waits until a user holds just these roles.
func (a account) holds(user string, roles ...string) {
	a.Helper()
	want := ""
	if len(roles) > 0 {
		want = `["` + strings.Join(roles, `","`) + `"]`
	}
	a.has("users/"+user, "{.status.roles}", want)
}

// permissions waits until the roles that a user holds amount to these permissions, read as an application does.
func (a account) permissions(user string, want ...string) {
	a.Helper()
	slices.Sort(want)
	env.Eventually(a.T, func() error {
		var got []string
		roles, _, err := kubectlIn(a.T, a.namespace, "", "get", "users/"+user, "-o", `jsonpath={.status.roles[*]}`)
		if err != nil {
			return err
		}
		for _, role := range strings.Fields(roles) {
			of, _, err := kubectlIn(a.T, a.namespace, "", "get", "orgroles/"+role, "-o", `jsonpath={.status.permissions[*]}`)
			if err != nil {
				return err
			}
			got = append(got, strings.Fields(of)...)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			return fmt.Errorf("%s may %q by the roles %q, want %q", user, got, roles, want)
		}
		return nil
	})
}

func commown(t *testing.T) account {
	t.Helper()
	return staffed(t, "commown", "commown", "verger.example")
}

func TestCO1_AUserHasAnyNumberOfRoles(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.holds("bruno", "accounting", "fleet")
	a.has("users/bruno", "{.spec.roles}", `["accounting","fleet"]`)
	a.run("", giving("bruno", "accounting", "fleet", "it")...)
	a.holds("bruno", "accounting", "fleet", "it")
	a.run("", "patch", "org/verger", "--type=merge", "-p", `{"spec":{"defaultRole":null}}`)
	a.run("", giving("bruno")...)
	a.is("users/bruno", "NoRoles")
	a.holds("bruno")
	a.is("users/fanny", "NoRoles") // who never had any
	a.run("", append([]string{"annotate", "users/gael"}, "seatkeeper.dev/reconcile-at=now")...)
	a.is("users/gael", "Suspended") // created, without access for now
	a.holds("gael")
	notMailed(t, a.address("gael"))
}

func TestCO2_WithoutARoleOneCanOpenASupportRequest(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.holds("fanny", "support")
	a.permissions("fanny", "tickets.create")
	if m := letterTo(t, a.address("fanny")); !inOrder(m.Text, []string{"Support", "Open support requests"}) {
		t.Errorf("the mail says\n%s", m.Text)
	}
	a.accepts("fanny")
	a.run("", giving("fanny", "accounting")...) // in place of the default, which accounting includes
	a.holds("fanny", "accounting")
	a.permissions("fanny", "invoices.*", "orders.*", "tickets.create")
	a.run("", giving("fanny")...)
	a.holds("fanny", "support")
	a.is("users/fanny", "Active")
}

func TestCO5_OnlyAHolderOfAdministrationAssignsRoles(t *testing.T) {
	t.Parallel()
	a := commown(t)
	giveIT := giving("fanny", "it")
	a.is("users/alice", "Invited")
	a.refused(a.as("alice", giveIT...), `User "`+a.address("alice")+`" cannot get resource "users"`) // not accepted yet
	a.accepts("alice")
	a.has("orgrole/administration", `{.status.conditions[?(@.type=="Bound")].reason}`, "Bound")
	a.may(a.as("alice", giveIT...)...) // the same command
	a.holds("fanny", "it")

	// Who holds other roles does not, invited or accepted.
	a.accepts("bruno")
	a.refused(a.as("bruno", giving("bruno", "administration")...), `User "`+a.address("bruno")+`" cannot get resource "users"`)
	// Nor does somebody who may edit people, in any way that there is to give a role.
	a.run("", "create", "rolebinding", "hr", "--clusterrole=seatkeeper-organization-editor", "--user="+a.address("bruno"))
	edit := func(object, spec string) []string {
		return a.as("bruno", "patch", object, "--type=merge", "-p", `{"spec":`+spec+`}`)
	}
	a.may(edit("users/fanny", `{"givenName":"Françoise"}`)...)
	const needs = `the verb assign on roles.seatkeeper.dev "administration"`
	a.refused(a.as("bruno", giving("bruno", "accounting", "administration")...), "spec.roles[1]: Forbidden", "may not assign role administration", needs)
	a.refused(edit("teams/equipment", `{"roles":["fleet","administration"]}`), "spec.roles[1]: Forbidden", needs)
	a.refused(edit("teams/equipment", `{"members":[{"user":"chloe"},{"user":"bruno"}]}`), "spec.members[1]: Forbidden", "may not assign role fleet")
	a.refused(edit("users/alice", `{"delegates":[{"user":"bruno","until":"2099-01-01T00:00:00Z"}]}`), "spec.delegates[0]: Forbidden", needs)
	a.refused(edit("users/alice", `{"email":"`+a.at("mallory")+`"}`), "spec.email: Forbidden", needs)
	a.refused(a.as("bruno", "create", "-f", a.file(a.person("verger", "mallory", "administration"))), "spec.roles[0]: Forbidden", needs)
	a.refused(a.as("bruno", "patch", "orgrole/accounting", "--type=merge", "-p", `{"spec":{"includes":["administration"]}}`), "cannot patch resource")
	a.holds("bruno", "accounting", "fleet")

	// With the role, the right is gone as well. Somebody else has to have it first.
	a.orders(giving("alice", "it"), "Warning: User alice keeps role administration for now: its spec.minHolders is 1, and without this User 0 hold it; it goes once somebody else does")
	a.is("users/alice", "LastHolder")
	a.holds("alice", "administration", "it")
	a.run("", giving("bruno", "administration")...)
	a.may(a.as("bruno", giving("fanny")...)...)
	a.holds("alice", "it") // by itself
	a.mayNot(a.as("alice", dry(giveIT...)...), `cannot get resource "users"`)
}

func TestCO6_WhatTheRolesAllow(t *testing.T) {
	t.Parallel()
	a := commown(t)
	for role, want := range map[string]string{
		"administration": `["roles.assign","tickets.create","users.*"]`,
		"accounting":     `["invoices.*","orders.*","tickets.create"]`,
		"fleet":          `["contracts.end","devices.assign","orders.*","tickets.create"]`,
		"it":             `["tickets.*"]`,
		"support":        `["tickets.create"]`,
	} {
		a.has("orgrole/"+role, "{.status.permissions}", want)
	}
	a.permissions("alice", "roles.assign", "tickets.create", "users.*")
	a.permissions("bruno", "contracts.end", "devices.assign", "invoices.*", "orders.*", "tickets.create")
	a.permissions("gael") // suspended
	a.run("", "patch", "orgrole/support", "--type=merge", "-p", `{"spec":{"permissions":["tickets.create","chat.open"]}}`)
	a.permissions("alice", "chat.open", "roles.assign", "tickets.create", "users.*")
}

func TestCO7_InAbsenceATrustedPersonHasTheSameRights(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.accepts("bruno")
	a.holds("bruno", "accounting", "fleet") // the absence has not begun
	giveIT := a.as("bruno", giving("fanny", "it")...)
	a.refused(giveIT, `cannot get resource "users"`)
	absence := func(from, until time.Duration) {
		now := time.Now()
		a.sets("users/alice", fmt.Sprintf(`{"delegates":[{"user":"bruno","from":%q,"until":%q}]}`,
			now.Add(from).UTC().Format(time.RFC3339), now.Add(until).UTC().Format(time.RFC3339)))
	}
	absence(-time.Hour, time.Hour)
	a.holds("bruno", "accounting", "administration", "fleet")
	a.holds("alice", "administration") // as well
	a.permissions("bruno", "contracts.end", "devices.assign", "invoices.*", "orders.*", "roles.assign", "tickets.create", "users.*")
	a.may(giveIT...)
	a.holds("fanny", "it")
	a.accepts("alice") // while Bruno is the only one who accepted, the role stays with him
	absence(-time.Hour, 3*time.Second)
	a.holds("bruno", "accounting", "fleet") // by itself, with nobody at the keyboard
	a.mayNot(dry(giveIT...), `cannot get resource "users"`)
	a.is("users/bruno", "Active")
}

func TestCO11_TeamsAndSubTeams(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.holds("chloe", "fleet")
	a.holds("david", "fleet", "it")
	a.permissions("david", "contracts.end", "devices.assign", "orders.*", "tickets.*", "tickets.create")
	a.has("teams/helpdesk", "{.status.path} {.status.depth} {.status.members}", "equipment/helpdesk 1 1")
	a.has("teams/equipment", "{.status.lead} {.status.members} {.status.totalMembers}", "chloe 1 2")
	if out := a.run("", "get", "teams", "-o", "wide"); !inOrder(strings.ReplaceAll(out, "\n", " "), []string{"PARENT", "LEAD", "MEMBERS", "ALL", "PATH", "helpdesk", "equipment", "equipment/helpdesk"}) {
		t.Errorf("kubectl get teams prints\n%s", out)
	}
	a.refused([]string{"patch", "teams/equipment", "--type=merge", "-p", `{"spec":{"parent":"helpdesk"}}`},
		"spec.parent: Invalid value", "leads back: equipment is part of helpdesk is part of equipment")
	a.sets("teams/helpdesk", `{"members":[{"user":"david"},{"user":"fanny","role":"Lead"}]}`)
	a.holds("fanny", "fleet", "it") // and no default role any more
	a.sets("teams/helpdesk", `{"parent":null}`)
	a.holds("david", "it")
	a.has("teams/equipment", "{.status.totalMembers}", "1")
	a.run("", "delete", "teams/helpdesk")
	a.holds("david", "support")
	a.holds("fanny", "support")
}

func TestAX8_AccessIsRestrictedToModules(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.permissions("emma", "projects.*")
	a.permissions("karim", "crm.*", "customers.*", "expenses.*", "suppliers.*")
	a.permissions("sophie", "crm.*", "customers.*", "expenses.*", "projects.*", "settings.*", "suppliers.*")
	a.run("", giving("emma", "commercial")...)
	a.permissions("emma", "crm.*", "customers.*")
	a.refused([]string{"patch", "orgrole/projects", "--type=merge", "-p", `{"spec":{"permissions":["projects/read"]}}`}, "permissions must be words joined by dots")
	a.refused([]string{"patch", "orgrole/projects", "--type=merge", "-p", `{"spec":{"includes":["administrator"]}}`},
		"spec.includes: Invalid value", "leads back: projects includes administrator includes projects")
}

func TestAX18_ResponsibilitiesAddUp(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.figures("users", 3, 3, 0, 0)
	a.run("", giving("emma", "projects", "commercial")...)
	a.holds("emma", "commercial", "projects")
	a.permissions("emma", "crm.*", "customers.*", "projects.*")
	a.run("", giving("emma", "projects", "commercial", "expenses")...)
	a.permissions("emma", "crm.*", "customers.*", "expenses.*", "projects.*", "suppliers.*")
	a.figures("users", 3, 3, 0, 0) // one seat for them all
	a.run("", giving("emma", "expenses")...)
	a.permissions("emma", "expenses.*", "suppliers.*")
	// What the administrator includes is the administrator's as well, whenever it changes.
	a.run("", "patch", "orgrole/projects", "--type=merge", "-p", `{"spec":{"permissions":["projects.*","planning.read"]}}`)
	a.permissions("sophie", "crm.*", "customers.*", "expenses.*", "planning.read", "projects.*", "settings.*", "suppliers.*")
}

func TestEZ7_OnlyAdministratorsManageUsers(t *testing.T) {
	t.Parallel()
	a := staffed(t, "ezus", "ezus", "voyages.example")
	a.accepts("claire")
	a.accepts("luc")
	invite := func(name string) []string {
		return []string{"create", "-f", a.file(a.person("voyages", name, "collaborator"))}
	}
	a.may(a.as("claire", dry(invite("zoe")...)...)...)
	a.run("", a.as("claire", scale("users", 5)...)...)
	a.run("", a.as("claire", "create", "-f", a.file(a.person("voyages", "zoe", "administrator")))...)
	a.accepts("zoe")
	a.may(a.as("zoe", invite("max")...)...)
	a.is("users/max", "Invited")
	a.refused(a.as("luc", invite("eve")...), `cannot create resource "users" in API group "seatkeeper.dev"`)
	a.refused(a.as("luc", "get", "users"), `cannot list resource "users"`)
	a.refused(a.as("luc", "delete", "users/max"), `cannot delete resource "users"`)
	a.run("", a.as("zoe", "delete", "users/max")...)
	// Who is no administrator any more manages nobody.
	a.run("", a.as("claire", giving("zoe", "collaborator")...)...)
	a.holds("zoe", "collaborator")
	a.mayNot(a.as("zoe", dry(invite("eve")...)...), "cannot create resource")
}

func TestIN2_AllHaveTheSameRights(t *testing.T) {
	t.Parallel()
	a := apply(t, "infast", "infast")
	a.holds("lea", "user") // whom nobody gave any
	a.holds("hugo", "user-yearly")
	a.permissions("lea", "documents.*")
	a.permissions("hugo", "documents.*")
	a.orders(scale("users", 2), "order: 1 seat")
	a.invites("cabinet", "zoe")
	a.is("users/zoe", "Invited")
	a.holds("zoe", "user")
	a.permissions("zoe", "documents.*")
	a.accepts("zoe")
	a.may(a.as("zoe", "get", "users,seats")...)
	a.refused(a.as("zoe", giving("zoe", "principal")...), "cannot patch")
}

func TestIN3_PaymentIsForThePrincipalAlone(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	a.permissions("paul", "documents.*", "payment.*")
	a.accepts("paul")
	a.accepts("lea")
	a.may(a.as("lea", "get", "seats")...)
	a.refused(a.as("lea", scale("users", 2)...), `cannot patch resource "seatpools/scale"`)
	a.may(a.as("paul", dry(scale("users", 2)...)...)...)
	a.orders(a.as("paul", scale("users", 2)...), "order: 1 seat")
	a.figures("users", 3, 2, 1, 0)
	a.refused(a.as("paul", giving("lea", "principal")...), "cannot patch") // which is more than payment
}

func TestIN4_ThereIsExactlyOnePrincipal(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	a.holds("paul", "principal")
	a.accepts("paul")
	a.accepts("lea")
	a.may(a.as("paul", dry(scale("users", 2)...)...)...)
	// No second one, ...
	a.run("", giving("lea", "user", "principal")...)
	a.is("users/lea", "MaxHoldersReached")
	a.holds("lea", "user")
	a.says("users/lea", `{.status.withheldRoles[?(@.name=="principal")].message}`, "role principal has 1 holder, which is all that it takes")
	a.mayNot(a.as("lea", dry(scale("users", 2)...)...), "cannot patch")
	// ... and not none.
	for _, leave := range [][]string{
		{"delete", "users/paul"},
		{"patch", "users/paul", "--type=merge", "-p", `{"spec":{"state":"Archived"}}`},
		{"patch", "users/paul", "--type=merge", "-p", `{"spec":{"state":"Suspended"}}`},
	} {
		a.refused(leave, "is the owner of organization cabinet and keeps access: name another owner there first (spec.owner)")
	}
	// Handed over: who waits has it at once.
	a.run("", "patch", "org/cabinet", "--type=merge", "-p", `{"spec":{"owner":"lea"}}`)
	a.run("", giving("paul")...)
	a.holds("lea", "principal", "user")
	a.is("users/lea", "Active")
	a.holds("paul", "user")
	a.may(a.as("lea", dry(scale("users", 2)...)...)...)
	a.mayNot(a.as("paul", dry(scale("users", 2)...)...), "cannot patch")
	a.figures("users", 2, 2, 0, 0)
	a.removes("paul")
}

func TestAC1_AnAccountHasAtLeastOneUser(t *testing.T) {
	t.Parallel()
	for _, plan := range []string{"starter", "professional"} {
		t.Run(plan, func(t *testing.T) {
			a := apply(t, "activecampaign/"+plan, "activecampaign-"+plan)
			const owner = "is the owner of organization agency and keeps access"
			a.refused([]string{"delete", "users/olivia"}, `"olivia" is forbidden: `+owner)
			a.refused([]string{"patch", "users/olivia", "--type=merge", "-p", `{"spec":{"state":"Archived"}}`}, "spec.state: Forbidden: "+owner)
			a.refused([]string{"delete", "users", "--all"}, owner) // in bulk, the others go
			a.is("users/olivia", "Invited")
			a.run("", "delete", "namespace", a.namespace, "--timeout=60s") // the whole account can end
		})
	}
}

func TestAC2_EveryAdministratorManagesUsersAndPermissions(t *testing.T) {
	t.Parallel()
	a := staffed(t, "activecampaign/professional", "activecampaign-professional", "agency.example")
	a.accepts("olivia")
	a.may(a.as("olivia", giving("noah", "administrator", "pipelines")...)...)
	a.accepts("noah")
	a.may(a.as("noah", "create", "-f", a.file(a.person("agency", "mia", "marketer")))...)
	a.is("users/mia", "Invited")
	a.run("", a.as("noah", giving("mia", "administrator")...)...)
	a.holds("mia", "administrator")
	a.run("", a.as("noah", "patch", "orgrole/marketer", "--type=merge", "-p", `{"spec":{"permissions":["campaigns.*"]}}`)...)
	a.has("orgrole/marketer", "{.status.permissions}", `["campaigns.*"]`)
	a.refused(a.as("noah", "patch", "orgrole/marketer", "--type=merge", "-p", `{"spec":{"kubernetes":{"roleRefs":[{"kind":"ClusterRole","name":"cluster-admin"}]}}}`),
		"spec.kubernetes.roleRefs[0]: Forbidden", `the verb bind on clusterroles.rbac.authorization.k8s.io "cluster-admin"`)
}

func TestAC3_EveryAdministratorRemovesUsersButTheLastStays(t *testing.T) {
	t.Parallel()
	a := staffed(t, "activecampaign/professional", "activecampaign-professional", "agency.example")
	a.invites("agency", "mia", "marketer")
	a.accepts("olivia")
	a.run("", giving("noah", "administrator", "pipelines")...)
	a.run("", "patch", "org/agency", "--type=merge", "-p", `{"spec":{"owner":"mia"}}`) // so that the owner is no administrator
	const needed = "is needed as a holder of role administrator: its spec.minHolders is 1"
	a.refused([]string{"delete", "users/olivia"}, needed) // an invitation that nobody accepted does no work
	a.accepts("noah")
	a.may(a.as("noah", dry("delete", "users/olivia")...)...) // either of the two can remove the other
	a.may(a.as("olivia", dry("delete", "users/noah")...)...)
	a.run("", a.as("noah", "delete", "users/olivia")...)
	for _, leave := range [][]string{a.as("noah", "delete", "users/noah"), {"delete", "users/noah"}} {
		a.refused(leave, needed)
	}
	// What can be taken back is held.
	const keeps = "User noah keeps role administrator for now: its spec.minHolders is 1, and without this User 0 hold it; it goes once somebody else does"
	a.orders(dry("patch", "users/noah", "--type=merge", "-p", `{"spec":{"state":"Suspended"}}`), keeps)
	a.orders(giving("noah", "pipelines"), keeps)
	a.is("users/noah", "LastHolder")
	a.holds("noah", "administrator", "pipelines")
	a.run("", giving("noah", "administrator", "pipelines")...)
	a.is("users/noah", "Active")
	a.run("", a.as("noah", "patch", "users/mia", "--type=merge", "-p", `{"spec":{"givenName":"Mia"}}`)...)
}
