// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// uid is the UID of a user.
func (a account) uid(name string) string {
	a.Helper()
	return a.run("", "get", "users/"+name, "-o", "jsonpath={.metadata.uid}")
}

// confirms is a command that lets a deletion go ahead which cannot be undone.
func (a account) confirms(name string) []string {
	a.Helper()
	return []string{"annotate", "users/" + name, "--overwrite", "seatkeeper.dev/confirm-delete=" + a.uid(name)}
}

// removes deletes a user for good, as a person who has made up their mind.
func (a account) removes(name string) {
	a.Helper()
	a.run("", a.confirms(name)...)
	a.run("", "delete", "users/"+name)
}

// records waits until what remains of who left is so many ArchivedUsers.
func (a account) records(want int) {
	a.Helper()
	env.Eventually(a.T, func() error {
		out, _, err := kubectlIn(a.T, a.namespace, "", "get", "archivedusers", "-o", "name")
		if n := strings.Count(out, "\n"); err == nil && n != want {
			err = fmt.Errorf("there are %d records, want %d: %s", n, want, out)
		}
		return err
	})
}

// mailed waits until an address has got so many mails.
func (a account) mailed(address string, want int) {
	a.Helper()
	env.Eventually(a.T, func() error {
		found, err := mails(a.T, address)
		if err == nil && len(found) != want {
			err = fmt.Errorf("%s has got the mails %+v, want %d", address, found, want)
		}
		return err
	})
}

// event waits for an event.
func (a account) event(reason, object string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		out, _, err := kubectlIn(a.T, a.namespace, "", "get", "events", "-o", `jsonpath={range .items[*]}{.reason} {.involvedObject.name}{"\n"}{end}`)
		if err == nil && strings.Count(out, reason+" "+object+"\n") != 1 {
			err = fmt.Errorf("want one event %s of %s:\n%s", reason, object, out)
		}
		return err
	})
}

// atelier is the sample of Axonaut with people of this test's own, of whom karim has accepted.
func atelier(t *testing.T) account {
	t.Helper()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.accepts("karim")
	return a
}

func TestAX10_TheAddressOfSomebodyDeactivatedIsNotGivenTwice(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	address, account := a.address("karim"), a.uid("karim")
	a.sets("users/karim", `{"state":"Archived"}`)
	a.is("users/karim", "Archived")
	twice := strings.ReplaceAll(a.person("atelier", "karim-again", "commercial"), "karim-again@", "karim.haddad@")
	a.refused([]string{"create", "-f", a.file(twice)}, "spec.email", "is in use by User karim of organization atelier, who is archived",
		"comes back when spec.state of User karim is set to Active", "to release the address, change or delete that User")
	// Deleted and created again, even under another name, it is the same person.
	a.run("", "delete", "users/karim")
	a.records(1)
	a.orders([]string{"create", "-f", a.file(twice)}, "User karim-again is the person who left organization atelier on", "as User karim",
		"comes back with the same account: no invitation is sent")
	a.is("users/karim-again", "Active")
	a.has("users/karim-again", "{.status.accountUID}", account)
	a.event("Reactivated", "karim-again")
	a.records(0)
	a.mailed(address, 1)
}

func TestAX11_TheErrorSaysHowAnAddressIsReleased(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	twice := a.file(strings.ReplaceAll(a.person("atelier", "eve", "projects"), "eve@", "karim.haddad@"))
	a.refused([]string{"create", "-f", twice}, "is in use by User karim of organization atelier: use another address, or change or delete that User")
	a.sets("users/karim", `{"email":"`+a.at("karim")+`"}`)
	a.is("users/karim", "Active")
	a.run("", "create", "-f", twice) // released
	a.is("users/eve", "Invited")     // somebody else, whom nobody knows
	a.has("users/eve", "{.status.accountUID}", "")
}

// The sample has an address be of one user of all organizations that say so. Who has it is told to those who may read it.
func TestAX11_AnAddressOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	studio := account{t, a.namespace + "-b"}
	studio.run(`
apiVersion: v1
kind: Namespace
metadata: {name: `+studio.namespace+`}
---
apiVersion: seatkeeper.dev/v1alpha1
kind: Organization
metadata: {name: studio, namespace: `+studio.namespace+`}
spec: {owner: rosa, emailScope: Cluster}
`, "apply", "--server-side", "-f", "-")
	studio.run("", "create", "rolebinding", "editors", "--clusterrole=seatkeeper-organization-editor", "--user=rosa@"+studio.namespace+".example")
	theirs := studio.file(strings.ReplaceAll(studio.person("studio", "k-haddad"), "k-haddad@"+studio.namespace, "Karim.Haddad@"+a.namespace))
	const scope = "(spec.emailScope of organization studio is Cluster)"
	studio.refused([]string{"create", "-f", theirs},
		"is in use by User karim of organization atelier in namespace "+a.namespace+": use another address, or change or delete that User", scope)
	rosa := []string{"--as=rosa@" + studio.namespace + ".example", "create", "-f", theirs}
	studio.mayNot(rosa, "is in use in another organization of this cluster: use another address; this one is free once whoever runs that organization", scope)
	if _, _, err := kubectlIn(t, studio.namespace, "", rosa...); err == nil || strings.Contains(err.Error(), "User karim") || strings.Contains(err.Error(), "atelier in") {
		t.Errorf("somebody who may not read the other organization is told %v", err)
	}
	a.sets("users/karim", `{"email":"`+a.at("karim")+`"}`) // released
	studio.may(rosa...)
}

// One mailbox serves several users: a tag makes another address, in whatever letters.
func TestAX12_AnAliasIsAnotherAddress(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	tagged := func(name, tag string) string {
		return a.file(strings.ReplaceAll(a.person("atelier", name, "projects"), name+"@", "karim.haddad+"+tag+"@"))
	}
	a.run("", "create", "-f", tagged("karim-projects", "projects"))
	a.is("users/karim-projects", "Invited")
	a.is("users/karim", "Active")
	a.mailed(strings.Replace(a.address("karim"), "@", "+projects@", 1), 1)
	a.refused([]string{"create", "-f", tagged("karim-again", "PROJECTS")}, "spec.email", "is in use by User karim-projects")
}

func TestAX13_RemovingAUserDeactivates(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	a.sets("users/karim", `{"state":"Archived"}`)
	a.is("users/karim", "Archived")
	a.has("users/karim", "{.status.seats}{.status.roles}", "")
	a.has("users/karim", "{.spec.familyName}", "Haddad")
	a.run("", "delete", "users/karim")
	a.records(1)
	a.has("archivedusers", "{.items[0].record.spec.familyName} {.items[0].record.reason} {.items[0].record.path}", "Haddad Other Deletion")
	a.has("org/atelier", "{.status.archived}", "1")
}

func TestAX14_ADeactivatedUserComesBackAtAnyTime(t *testing.T) {
	t.Parallel()
	a := atelier(t)
	address, account := a.address("karim"), a.uid("karim")
	karim := a.file(a.run("", "get", "users/karim", "-o", `jsonpath={"apiVersion: seatkeeper.dev/v1alpha1\nkind: User\nmetadata: {name: karim}\nspec: "}{.spec}`))
	a.sets("seats/users", `{"purchase":{"maxSeats":3}}`)
	for _, way := range []struct{ leave, comeBack []string }{
		{[]string{"patch", "users/karim", "--type=merge", "-p", `{"spec":{"state":"Archived"}}`}, []string{"patch", "users/karim", "--type=merge", "-p", `{"spec":{"state":"Active"}}`}},
		{[]string{"delete", "users/karim"}, []string{"apply", "--server-side", "-f", karim}}, // as GitOps prunes, and applies again
		{[]string{"delete", "users/karim"}, []string{"apply", "--server-side", "-f", karim}},
	} {
		a.run("", way.leave...)
		a.invites("atelier", "zoe", "projects") // who gets the seat
		a.is("users/zoe", "Invited")
		a.run("", way.comeBack...)
		a.is("users/karim", "AwaitingSeat") // it needs a seat again
		a.run("", "delete", "users/zoe")
		a.is("users/karim", "Active")
		a.has("users/karim", "{.status.roles}", `["commercial","expenses"]`)
		if now := a.run("", "get", "users/karim", "-o", "jsonpath={.metadata.uid} {.status.accountUID}"); !strings.Contains(now, account) {
			t.Errorf("karim has account %s, want %s", now, account)
		}
	}
	a.mailed(address, 1)
}

func TestIN10_AccessIsRemovedAfterAConfirmation(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	a.accepts("lea")
	address, lea := a.address("lea"), a.uid("lea")
	confirm := "kubectl annotate user lea -n " + a.namespace + " --overwrite seatkeeper.dev/confirm-delete=" + lea
	a.orders([]string{"delete", "users/lea", "--wait=false"}, "this cannot be undone: User lea loses access and the seat for good, and no record is left",
		"nothing happens until you confirm it: "+confirm)
	a.is("users/lea", "ConfirmationRequired")
	a.says("users/lea", `{.status.conditions[?(@.type=="Ready")].message}`, confirm)
	a.has("users/lea", "{.status.accessRevokedAt}", "")
	a.figures("users", 2, 2, 0, 0)
	// The command of the message, as it is, but for the cluster.
	a.run("", strings.Fields(strings.TrimPrefix(confirm, "kubectl "))...)
	a.run("", "wait", "users/lea", "--for=delete", "--timeout=60s")
	a.figures("users", 2, 1, 1, 0)
	a.event("Deleted", "lea")
	a.records(0)

	// At once, for who is sure.
	a.run("", a.confirms("hugo")...)
	a.orders([]string{"delete", "users/hugo"}, `"hugo" deleted`, "this cannot be undone: User hugo")
	a.records(0)

	// Whoever is added again is somebody new (IN-9).
	a.run(strings.ReplaceAll(a.person("cabinet", "lea", "user"), "lea@", "lea.blanc@"), "apply", "--server-side", "-f", "-")
	a.is("users/lea", "Invited")
	a.mailed(address, 2)
}

func TestAC15_RemovalCannotBeUndone(t *testing.T) {
	t.Parallel()
	a := staffed(t, "activecampaign/plus", "activecampaign-plus", "agency.example")
	a.sets("seats/users", `{"included":2}`)
	a.invites("agency", "noah", "marketer")
	a.accepts("olivia")
	a.accepts("noah")
	noah := a.uid("noah")
	removal := func(more ...string) []string {
		return a.as("olivia", slices.Concat([]string{"delete", "users/noah"}, more)...)
	}
	a.mayNot(a.as("noah", "annotate", "users/noah", "seatkeeper.dev/confirm-delete="+noah), `User "`+a.address("noah")+`" cannot get resource "users"`) // who may not remove, confirms nothing
	a.may(dry(removal()...)...)
	a.orders(removal("--wait=false"), "this cannot be undone")
	a.run("", "annotate", "users/noah", "seatkeeper.dev/confirm-delete="+a.uid("olivia"))
	a.is("users/noah", "ConfirmationRequired")
	a.run("", a.as("olivia", a.confirms("noah")...)...)
	a.run("", "wait", "users/noah", "--for=delete", "--timeout=60s")
	a.records(0)
	a.invites("agency", "noah", "marketer") // the same name is another person
	a.is("users/noah", "Invited")
	a.has("users/noah", "{.status.accountUID}", "")

	// An account that ends asks nobody.
	a.run("", "delete", "users/noah", "--wait=false")
	a.is("users/noah", "ConfirmationRequired")
	a.run("", "delete", "namespace", a.namespace, "--timeout=60s")
}
