// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

// unguarded has the API server ask nobody about Users of the account while something is done, as if somebody had taken the
// webhooks away.
func (a account) unguarded(do func()) {
	a.Helper()
	const label = "e2e-unguarded"
	configuration := "validatingwebhookconfigurations/" + a.webhooks()
	guards := func(selector string) {
		a.Helper()
		a.run("", "patch", configuration, "--type=strategic", "-p",
			`{"webhooks":[{"name":"validate.users.seatkeeper.dev","namespaceSelector":`+selector+`}]}`)
	}
	a.run("", "label", "namespace", a.namespace, label+"=true")
	guards(`{"matchExpressions":[{"key":"` + label + `","operator":"DoesNotExist"}]}`)
	defer func() {
		a.run("", "label", "namespace", a.namespace, label+"-")
		guards("null")
		a.guarded(true)
	}()
	a.guarded(false)
	do()
}

// guarded waits until the API server asks about Users of the account, or does not: the owner's access is not to be taken.
func (a account) guarded(want bool) {
	a.Helper()
	env.Eventually(a.T, func() error {
		_, _, err := kubectlIn(a.T, a.namespace, "", "patch", "users/nora", "--type=merge", "-p", `{"spec":{"state":"Suspended"}}`, "--dry-run=server")
		if asked := err != nil && strings.Contains(err.Error(), "is the owner of organization harbor"); asked != want {
			return fmt.Errorf("that somebody is asked is %v, want %v: %w", asked, want, err)
		}
		return nil
	})
}

// webhooks is the name of the configuration by which the API server asks about Users.
func (a account) webhooks() string {
	a.Helper()
	out := a.run("", "get", "validatingwebhookconfigurations", "-o", `jsonpath={range .items[*]}{.metadata.name}{" "}{.webhooks[*].name}{"\n"}{end}`)
	for line := range strings.Lines(out) {
		if name, names, _ := strings.Cut(line, " "); strings.Contains(names, "validate.users.seatkeeper.dev") {
			return name
		}
	}
	a.Fatalf("nobody is asked about Users: %s", out)
	return ""
}

// seats are who holds which seat of the account.
func (a account) seats() string {
	a.Helper()
	return a.run("", "get", "seatslices", "-o", `jsonpath={range .items[*].assignments[*]}{.user}={.seat} {end}`)
}

// The story of docs/protecting-people.md, "A deletion that was a mistake": a folder is lost, the deletions are rejected, and the
// folder is applied again.
func TestADeletionWasAMistake(t *testing.T) {
	t.Parallel()
	var git string
	a := applyWith(t, "invitations", "invitations", func(a account, yaml string) string {
		git = strings.ReplaceAll(yaml, "@harbor.example", "@"+a.namespace+".example")
		return git
	})
	a.invites("harbor", "mira", "friend")
	for _, name := range []string{"theo", "jonas"} {
		a.accepts(name)
	}
	a.is("users/mira", "Invited")
	addresses, accepted := map[string]string{}, map[string]string{}
	for _, name := range []string{"theo", "jonas"} {
		addresses[name] = a.address(name)
		accepted[name] = a.run("", "get", "users/"+name, "-o", "jsonpath={.status.acceptedAt} {.status.roles} {.status.seats}")
	}
	a.sets("orgs/harbor", `{"protection":{"maxRemovals":1,"window":"1h"}}`)
	a.has("orgs/harbor", "{.status.removals.members}", "")
	before := a.seats()
	a.unguarded(func() {
		a.run("", "delete", "users/mira")
		a.run("", "delete", "users/theo", "users/jonas", "--wait=false")
	})
	for name := range addresses {
		a.is("users/"+name, "RemovalHeld")
	}
	const message = `{.status.conditions[?(@.type=="RemovalsHeld")].message}`
	a.says("orgs/harbor", message, "2 removals are held beyond the 1 that spec.protection allows within 1h: jonas (Delete), theo (Delete)", "seatkeeper.dev/reject-removals=")

	token := a.run("", "get", "orgs/harbor", "-o", "jsonpath={.status.removals.token}")
	a.run("", "annotate", "--overwrite", "org/harbor", "seatkeeper.dev/reject-removals="+token)
	a.run("", "wait", "users/theo", "users/jonas", "--for=delete", "--timeout=60s")
	a.has("orgs/harbor", "{.status.removals.rejected}", token)
	a.event("RemovalsRejected", "harbor")
	if now := a.seats(); now != before {
		t.Errorf("the seats were %s, and are %s", before, now)
	}

	a.run(git, "apply", "--server-side", "--force-conflicts", "-f", "-")
	for name, had := range accepted {
		a.is("users/"+name, "Active")
		if has := a.run("", "get", "users/"+name, "-o", "jsonpath={.status.acceptedAt} {.status.roles} {.status.seats}"); has != had {
			t.Errorf("%s had %s, and has %s", name, had, has)
		}
		a.mailed(addresses[name], 1)
	}
	if now := a.seats(); now != before {
		t.Errorf("the seats were %s, and are %s", before, now)
	}
	env.Eventually(t, func() error { // mira's alone is left
		out, _, err := kubectlIn(t, a.namespace, "", "get", "archivedusers", "-o", `jsonpath={range .items[*]}{.record.user} {end}`)
		if strings.TrimSpace(out) != "mira" {
			err = errors.Join(err, fmt.Errorf("there are records of %s", out))
		}
		return err
	})
}
