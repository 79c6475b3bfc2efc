// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// bureau is the sample of the plan Enterprise beside a CRM, of whose three people these are at work.
func bureau(t *testing.T, people ...string) account {
	t.Helper()
	a := staffed(t, "activecampaign/enterprise", "activecampaign-enterprise", "agency.example")
	a.installs("config/samples/activecampaign/crm.yaml")
	a.run("", "patch", "org/agency", "--type=json", "-p", `[{"op":"remove","path":"/spec/protection"}]`) // more than one of three go
	for _, name := range people {
		a.accepts(name)
	}
	return a
}

// workshop is the sample axonaut beside the product, with its three people at work.
func workshop(t *testing.T) account {
	t.Helper()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	var kinds []string
	for _, kind := range [][]string{{"documents", "Document", "createdBy"}, {"opportunities", "Opportunity", "owner"}} {
		kinds = append(kinds, fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]s.crm.axonaut.example}
spec:
  group: crm.axonaut.example
  scope: Namespaced
  names: {plural: %[1]s, kind: %[2]s}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {%[3]s: {type: string}}}}}}
`, kind[0], kind[1], kind[2]))
	}
	a.installs(a.file(strings.Join(kinds, "---")))
	for _, name := range []string{"sophie", "karim", "emma"} {
		a.accepts(name)
	}
	return a
}

// installs applies the kinds in a file, and waits until there can be objects of them.
func (a account) installs(file string) {
	a.Helper()
	a.run("", "apply", "--server-side", "-f", file)
	a.run("", "wait", "-f", file, "--for=condition=Established", "--timeout=60s")
}

// crm is an object of the CRM of the agency whose field has a value.
func crm(kind, name, field, value string) string {
	return fmt.Sprintf(`
apiVersion: crm.activecampaign.example/v1
kind: %s
metadata: {name: %s}
spec: {%s: %s}
`, kind, name, field, value)
}

// made is an object of the product of the atelier whose field has a value.
func made(kind, name, field, value string) string {
	return strings.Replace(crm(kind, name, field, value), "crm.activecampaign.example", "crm.axonaut.example", 1)
}

// mailingList is a list of the CRM, whose owner is in a label.
func mailingList(name, owner string) string {
	return fmt.Sprintf(`
apiVersion: crm.activecampaign.example/v1
kind: ContactList
metadata: {name: %s, labels: {seatkeeper.dev/owner: %s}}
spec: {topic: News}
`, name, owner)
}

// creates makes these objects, as soon as the API server knows their kinds.
func (a account) creates(objects ...string) {
	a.Helper()
	a.may("apply", "--server-side", "-f", a.file(strings.Join(objects, "---")))
}

// goes deletes users, if nobody did before, and waits until they are gone.
func (a account) goes(users ...string) {
	a.Helper()
	a.run("", append([]string{"delete", "users", "--ignore-not-found", "--timeout=60s"}, users...)...)
}

// owners reads who owns the objects of a kind, in the order of their names.
func (a account) owners(resource, path string) []string {
	a.Helper()
	return strings.Fields(a.run("", "get", resource, "-o", "jsonpath={.items[*]"+path+"}"))
}

// owned holds that the objects of a kind have these owners now, in the order of their names.
func (a account) owned(resource, path string, want ...string) {
	a.Helper()
	if got := a.owners(resource, path); !slices.Equal(got, want) {
		a.Errorf("the owners of %s are %q, want %q", resource, got, want)
	}
}

const (
	readyMessage = `{.status.conditions[?(@.type=="Ready")].message}`
	listOwner    = `.metadata.labels.seatkeeper\.dev/owner`
)

func TestAC4_IntegrationsAreMovedFirst(t *testing.T) {
	t.Parallel()
	a := bureau(t, "olivia", "noah", "mia")
	a.creates(crm("APIToken", "shop-sync", "user", "mia"), crm("APIToken", "web-form", "user", "noah"), crm("Deal", "renewal", "owner", "mia"))
	a.sets("users/mia", `{"state":"Archived"}`)
	a.is("users/mia", "TransferBlocked")
	a.says("users/mia", readyMessage, "nothing happens before these are moved", "1 of apitokens (rule api-tokens): shop-sync")
	a.has("users/mia", "{.status.roles} {.status.seats} {.status.accessRevokedAt}", `["marketer","sales-engagement"] ["sales-engagement","users"] `)
	a.figures("users", 5, 3, 2, 0)
	a.owned("deals", ".spec.owner", "mia")
	// Once somebody has moved it, the rest goes by itself. The credentials are left to who got them.
	a.run("", "patch", "apitokens/shop-sync", "--type=merge", "-p", `{"spec":{"user":"olivia"}}`)
	a.is("users/mia", "Archived")
	a.figures("users", 5, 2, 3, 0)
	a.owned("deals", ".spec.owner", "noah")
	a.owned("apitokens", ".spec.user", "olivia", "noah")
	// A deletion waits as well.
	a.run("", "delete", "users/noah", "--wait=false")
	a.is("users/noah", "TransferBlocked")
	a.has("users/noah", "{.status.seats} {.status.accessRevokedAt}", `["users"] `)
	a.owned("deals", ".spec.owner", "noah")
	a.run("", "delete", "apitokens/web-form")
	a.goes("noah")
	a.figures("users", 5, 1, 4, 0)
	a.owned("deals", ".spec.owner", "olivia")
}

func TestAC17_WhatALeaverOwnsIsHandedOver(t *testing.T) {
	t.Parallel()
	a := bureau(t, "olivia", "noah", "mia")
	a.creates(
		mailingList("news", "mia"), mailingList("offers", "olivia"), crm("Account", "globex", "owner", "mia"),
		crm("Deal", "pilot", "owner", "mia"), crm("Deal", "renewal", "owner", "mia"), crm("Deal", "upgrade", "owner", "olivia"),
		crm("Task", "call", "assignee", "mia"),
	)
	a.run("", "label", "deals/renewal", "kustomize.toolkit.fluxcd.io/name=crm")
	a.sets("users/mia", `{"state":"Archived"}`)

	// Access is revoked first, and the seat is free last. What Git declares is Git's.
	a.is("users/mia", "TransferIncomplete")
	a.says("users/mia", readyMessage, "access is revoked", "deals.crm.activecampaign.example renewal are declared in Git, as Flux has it (crm): set spec.owner there")
	a.says("users/mia", "{.status.accessRevokedAt} {.status.seats}", "T", `Z ["sales-engagement","users"]`)
	a.has("users/mia", `{.status.handover.rules[?(@.rule=="deals")].remaining}`, "1")
	a.figures("users", 5, 3, 2, 0)
	a.owned("deals", ".spec.owner", "noah", "mia", "olivia")
	a.run("", "patch", "deals/renewal", "--type=merge", "-p", `{"metadata":{"labels":null},"spec":{"owner":"noah"}}`)
	a.is("users/mia", "Archived")
	a.figures("users", 5, 2, 3, 0)
	a.has("users/mia", `{.status.conditions[?(@.type=="OwnershipTransferred")].reason}`, "Transferred")

	// To who was named, and nothing else with it.
	a.owned("contactlists", listOwner, "noah", "olivia")
	a.owned("accounts", ".spec.owner", "noah")
	a.owned("deals", ".spec.owner", "noah", "noah", "olivia")
	a.owned("tasks", ".spec.assignee", "noah")

	// Where nobody was named, to the manager; on record is who took over.
	a.goes("noah")
	a.owned("contactlists", listOwner, "olivia", "olivia")
	a.owned("accounts", ".spec.owner", "olivia")
	a.owned("deals", ".spec.owner", "olivia", "olivia", "olivia")
	a.owned("tasks", ".spec.assignee", "olivia")
	a.says("archivedusers", `{.items[?(@.record.user=="noah")].record.handovers}`, `"rule":"deals"`, `"user":"olivia"`)
}

// Mia names Noah, whose manager is Olivia: in whatever order they go, what they own is hers.
func TestAC17_WhoLeavesAsWellIsFollowed(t *testing.T) {
	t.Parallel()
	a := bureau(t, "olivia", "noah")
	a.creates(crm("Deal", "pilot", "owner", "mia"), crm("Deal", "renewal", "owner", "noah"))
	a.run("", "patch", "users/mia", "users/noah", "--type=merge", "-p", `{"spec":{"state":"Archived"}}`)
	a.is("users/mia", "Archived")
	a.is("users/noah", "Archived")
	a.owned("deals", ".spec.owner", "olivia", "olivia")
	a.figures("users", 5, 1, 4, 0)
}

// Two who name each other have nobody: people correct it.
func TestAC17_ACycleIsSpeltOut(t *testing.T) {
	t.Parallel()
	a := bureau(t, "olivia")
	a.creates(crm("Deal", "renewal", "owner", "noah"))
	a.sets("users/noah", `{"successor":"mia"}`)
	a.sets("users/mia", `{"state":"Archived"}`)
	a.is("users/mia", "Archived")
	a.sets("users/noah", `{"state":"Archived"}`)
	a.is("users/noah", "SuccessorRequired")
	a.says("users/noah", readyMessage, "nothing happens before somebody can take over deals (rule deals), of which the user owns 1 (renewal)",
		"noah, who hands over to mia, who hands over to noah")
	a.has("users/noah", "{.status.seats} {.status.accessRevokedAt}", `["users"] `)
	a.sets("users/noah", `{"successor":"olivia"}`)
	a.is("users/noah", "Archived")
	a.owned("deals", ".spec.owner", "olivia")
}

// Whoever has what others own handed over has to have the right to it.
func TestAC17_NobodyHasMoreHandedOverThanTheyMayChange(t *testing.T) {
	t.Parallel()
	a := bureau(t, "noah")
	a.sets("orgroles/marketer", `{"kubernetes":{"roleRefs":[{"kind":"ClusterRole","name":"seatkeeper-organization-admin"}]}}`)
	rule := func(resource string) []string {
		return a.as("noah", "patch", "org/agency", "--type=merge", "-p", `{"spec":{"offboarding":{"ownership":[{"name":"mine","resource":`+resource+`}]}}}`)
	}
	a.may(a.as("noah", "patch", "org/agency", "--type=merge", "-p", `{"spec":{"offboarding":{"ownership":[]}}}`, "--dry-run=server")...)
	a.refused(rule(`{"version":"v1","resource":"secrets"}`), "spec.offboarding.ownership[0].resource: Forbidden", "the verb list on secrets", "the verb patch on secrets")
	a.run("", "create", "role", "crm", "--verb=list,patch", "--resource=deals.crm.activecampaign.example")
	a.run("", "create", "rolebinding", "crm", "--role=crm", "--user="+a.address("noah"))
	a.may(rule(`{"group":"crm.activecampaign.example","version":"v1","resource":"deals"}`)...)
}

func TestAX16_WhatAUserMadeIsKept(t *testing.T) {
	t.Parallel()
	a := workshop(t)
	a.creates(made("Document", "quote", "createdBy", "karim"), made("Document", "invoice", "createdBy", "emma"))
	a.sets("users/karim", `{"state":"Archived"}`)
	a.is("users/karim", "Archived")
	a.has("users/karim", `{.status.handover.rules[?(@.rule=="documents")].state}`, "Retained")
	a.owned("documents", ".spec.createdBy", "emma", "karim")
	a.goes("karim")
	a.owned("documents", ".spec.createdBy", "emma", "karim")
	a.figures("users", 2, 2, 0, 0)
}

func TestAX17_ObjectsAreSharedOutAtRandom(t *testing.T) {
	t.Parallel()
	a := workshop(t)
	a.invites("atelier", "zoe", "projects") // who has not accepted gets none
	var objects []string
	for i := range 40 {
		objects = append(objects, made("Opportunity", fmt.Sprintf("o%02d", i), "owner", "karim"))
	}
	a.creates(objects...)
	a.sets("users/karim", `{"state":"Archived"}`)
	a.is("users/karim", "Archived")
	a.has("users/karim", `{.status.handover.rules[?(@.rule=="opportunities")].objects}`, "40")
	owners := a.owners("opportunities", ".spec.owner")
	some := slices.Compact(slices.Sorted(slices.Values(owners)))
	if len(owners) != len(objects) || !slices.Equal(some, []string{"emma", "sophie"}) {
		t.Errorf("the %d opportunities are with %q, want %d with emma and sophie", len(owners), owners, len(objects))
	}
	// Who leaves next takes along nothing, and who has some keeps them.
	before := strings.Count(strings.Join(owners, " "), "emma")
	a.goes("emma")
	a.owned("opportunities", ".spec.owner", slices.Repeat([]string{"sophie"}, len(objects))...)
	a.says("archivedusers", `{.items[?(@.record.user=="emma")].record.handovers}`, fmt.Sprintf(`"objects":%d,`, before))
}

func TestAC16_WhoIsRemovedHasNoAccess(t *testing.T) {
	t.Parallel()
	a := bureau(t, "olivia", "noah")
	a.creates(crm("Deal", "renewal", "owner", "noah"))
	a.run("", giving("noah", "administrator")...)
	users := a.as("noah", "get", "users")
	a.may(users...)
	a.run("", "label", "deals/renewal", "argocd.argoproj.io/instance=crm") // so that the handover does not end
	a.run("", "delete", "users/noah", "--wait=false")
	a.is("users/noah", "TransferIncomplete")
	a.mayNot(users, `cannot list resource "users"`) // before what is owned is handed over
	a.run("", "delete", "deals/renewal")
	a.goes("noah")
	a.refused(users, `cannot list resource "users"`)
}
