// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// agency is the sample with a protection, with more people: all have an open invitation. Nobody has accepted, of whom there
// could be a percentage, so a number says how many may be removed within an hour: five.
func agency(t *testing.T) (a account, names []string) {
	t.Helper()
	a = staffed(t, "activecampaign/enterprise", "activecampaign-enterprise", "agency.example")
	var people strings.Builder
	people.WriteString("apiVersion: seatkeeper.dev/v1alpha1\nkind: Role\nmetadata: {name: reader}\nspec: {organization: agency}\n")
	for i := range 17 {
		names = append(names, fmt.Sprintf("p%02d", i))
		people.WriteString("---" + a.person("agency", names[i], "reader"))
	}
	a.run(people.String(), "apply", "--server-side", "-f", "-")
	for _, name := range names {
		a.is("users/"+name, "Invited")
	}
	a.has("orgs/agency", "{.status.removals.members}", "0")
	a.sets("orgs/agency", `{"protection":{"maxRemovals":5}}`)
	a.has("orgs/agency", "{.status.removals.members}", "")
	return a, names
}

// deletes is a command that deletes the people of a file.
func (a account) deletes(names ...string) []string {
	a.Helper()
	var people strings.Builder
	for _, name := range names {
		people.WriteString("---" + a.person("agency", name, "reader"))
	}
	return []string{"delete", "-f", a.file(people.String())}
}

func TestAC18_UsersAreRemovedOneByOne(t *testing.T) {
	t.Parallel()
	a, names := agency(t)
	a.run("", "delete", "users/"+names[0])
	a.sets("users/"+names[1], `{"state":"Archived"}`)
	a.sets("users/"+names[2], `{"state":"Suspended"}`)
	a.run("", "delete", "users/"+names[3])
	a.run("", "delete", "users/"+names[4])
	a.is("users/"+names[1], "Archived")
	a.is("users/"+names[2], "Suspended")
	const many = "is one removal too many: organization agency allows 5 within 1h (spec.protection), and there were 5: wait, remove fewer, or raise spec.protection.maxRemovals"
	for _, remove := range [][]string{
		{"delete", "users/" + names[5]},
		{"delete", "users/" + names[5], "--dry-run=server"},
		{"patch", "users/" + names[5], "--type=merge", "-p", `{"spec":{"state":"Archived"}}`},
		{"patch", "users/" + names[5], "--type=merge", "-p", `{"spec":{"state":"Suspended"}}`},
	} {
		a.refused(remove, many)
	}
	a.is("users/"+names[5], "Invited")
	a.run("", "delete", "users/"+names[2]) // has no access any more
	a.sets("users/"+names[1], `{"state":"Active"}`)
	a.is("users/"+names[1], "Invited")
	a.sets("users/"+names[1], `{"state":"Archived"}`) // one person within the hour is one removal
	a.is("users/"+names[1], "Archived")
}

func TestAC18_UsersAreRemovedInBulk(t *testing.T) {
	t.Parallel()
	a, names := agency(t)
	forty := a.deletes(names[:8]...)
	out, said, err := kubectlIn(t, a.namespace, "", forty...)
	if err == nil {
		t.Fatalf("40 %% of the people are deleted: %s", out)
	}
	if gone, refused := strings.Count(out, " deleted"), strings.Count(said, "is one removal too many: organization agency allows 5 within"); gone != 5 || refused != 3 {
		t.Errorf("%d are deleted, and %d refused, want 5 and 3:\n%s%s", gone, refused, out, said)
	}
	for _, name := range names[5:8] {
		if left := a.run("", "get", "users/"+name, "-o", `jsonpath={.metadata.deletionTimestamp}{.status.conditions[?(@.type=="Ready")].reason}`); left != "Invited" {
			t.Errorf("of %s is left %q", name, left)
		}
	}
	env.Eventually(t, func() error {
		left, _, err := kubectlIn(t, a.namespace, "", "get", "users", "-o", "name")
		if n := strings.Count(left, "\n"); err == nil && n != 15 {
			err = fmt.Errorf("%d are left, want 15", n)
		}
		return err
	})
	a.has("orgs/agency", `{.status.conditions[?(@.type=="RemovalsHeld")].reason}`, "NoRemovalsHeld") // nothing came around
	a.refused([]string{"delete", "users", "--all"}, "is one removal too many")

	// An administrator means it.
	a.sets("orgs/agency", `{"protection":{"maxRemovals":12}}`)
	a.run("", a.deletes(names[5:12]...)...)
	a.run("", "delete", "namespace", a.namespace, "--timeout=60s") // and the whole account can end
}

// Who may edit people, and not the organization, does not get round the protection.
func TestAC18_AnEditorDoesNotApprove(t *testing.T) {
	t.Parallel()
	a, _ := agency(t)
	a.run("", "create", "rolebinding", "editors", "--clusterrole=seatkeeper-organization-editor", "--user="+a.address("noah"))
	a.may(a.as("noah", "auth", "can-i", "patch", "users.seatkeeper.dev")...)
	a.refused(a.as("noah", "annotate", "org/agency", "seatkeeper.dev/approve-removals=0123456789abcdef"), "cannot patch resource")
	a.run("", "create", "role", "office", "--verb=get,patch", "--resource=organizations.seatkeeper.dev")
	a.run("", "create", "rolebinding", "office", "--role=office", "--user="+a.address("noah"))
	const needs = `that needs the verb assign on organizations.seatkeeper.dev "agency"`
	a.mayNot(a.as("noah", "annotate", "org/agency", "seatkeeper.dev/approve-removals=0123456789abcdef"), needs)
	a.refused(a.as("noah", "patch", "org/agency", "--type=merge", "-p", `{"spec":{"protection":null}}`), "spec.protection: Forbidden", needs)
	a.may(a.as("noah", "annotate", "org/agency", "seatkeeper.dev/reconcile-at=now")...)
}
