// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"testing"
)

// A user is never deleted: access is revoked, then the user is archived, in this order, and the record of it stays.
func TestCO8_AccessIsRevokedThenTheUserIsArchived(t *testing.T) {
	t.Parallel()
	a := commown(t)
	for _, name := range []string{"alice", "bruno"} {
		a.accepts(name)
	}
	a.run("", "patch", "users/alice", "--type=merge", "-p", `{"spec":{"delegates":null}}`)
	a.run("", giving("bruno", "administration")...)
	users := a.as("bruno", "get", "users")
	a.may(users...)

	// What bruno owns holds him up between the two, since Git has it: access is gone by then, and he is not archived.
	a.run("", "patch", "org/verger", "--type=merge", "-p",
		`{"spec":{"offboarding":{"ownership":[{"name":"notes","resource":{"version":"v1","resource":"configmaps"}}]}}}`)
	a.run("", "create", "configmap", "lease")
	a.run("", "label", "configmap/lease", "seatkeeper.dev/owner=bruno", "kustomize.toolkit.fluxcd.io/name=crm")
	a.run(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: handover-of-`+a.namespace+`
  labels: {seatkeeper.dev/aggregate-to-operator: "true"}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [list, patch]}
`, "apply", "--server-side", "-f", "-")
	a.sets("users/bruno", `{"state":"Archived"}`)
	a.is("users/bruno", "TransferIncomplete")
	a.says("users/bruno", readyMessage, "access is revoked", "lease")
	a.holds("bruno")
	a.mayNot(users, `cannot list resource "users"`)
	a.run("", "delete", "configmap/lease")
	a.is("users/bruno", "Archived")
	a.says("users/bruno", "{.status.accessRevokedAt} {.status.acceptedAt}", "Z ", "Z") // who was here is known

	// A deletion does the same, and what remains is not the User, but says who it was.
	uid := a.uid("bruno")
	a.goes("bruno")
	a.records(1)
	a.says("archivedusers", `{.items[0].record.user} {.items[0].record.uid} {.items[0].record.spec.roles}`, "bruno "+uid, `["administration"]`)
	a.refused(users, `cannot list resource "users"`)
}
