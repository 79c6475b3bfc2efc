// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/test/env"
)

// until sets when a person's access ends.
func (a account) until(name string, end time.Time) {
	a.Helper()
	a.sets("users/"+name, `{"accessUntil":"`+end.UTC().Format(time.RFC3339)+`"}`)
}

// latest waits until the latest of so many mails to a person has a subject.
func (a account) latest(name string, n int, subject string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		found, err := mails(a.T, a.address(name))
		if err == nil && (len(found) != n || found[0].Subject != subject) {
			err = fmt.Errorf("%s has the mails %+v, want %d, the latest with the subject %q", name, found, n, subject)
		}
		return err
	})
}

func TestIN1_AccessIsTemporary(t *testing.T) {
	t.Parallel()
	const notice = "Votre accès à Cabinet Roux prend bientôt fin"
	a := staffed(t, "infast", "infast", "cabinet.example")
	a.accepts("hugo")
	a.may(a.as("hugo", "get", "users")...)

	end := time.Now().Add(10 * time.Second).Truncate(time.Second)
	a.until("hugo", end)
	a.latest("hugo", 2, notice)
	env.Eventually(t, func() error {
		out, _, err := kubectlIn(t, a.namespace, "", "get", "events", "--field-selector=reason=AccessEnding,involvedObject.name=hugo")
		if err == nil && !inOrder(out, []string{"Warning", "access ends on", "by spec.accessUntil"}) {
			err = fmt.Errorf("the events are %s", out)
		}
		return err
	})
	a.is("users/hugo", "Archived") // with nobody at the keyboard
	if time.Now().Before(end) {
		t.Error("access ended too early")
	}
	a.says("users/hugo", `{.status.conditions[?(@.type=="Ready")].message}`, "access ended at "+end.UTC().Format(time.RFC3339), "set spec.accessUntil to a later time")
	a.has("users/hugo", "{.spec.state} {.status.seats}{.status.roles}", "Active ")
	a.figures("users-yearly", 1, 0, 1, 0)
	a.has("org/cabinet", "{.status.archived}", "1")
	a.mayNot(a.as("hugo", "get", "users"), "cannot list resource")

	a.until("hugo", end.Add(1000*time.Hour))
	a.is("users/hugo", "Active")
	a.figures("users-yearly", 1, 1, 0, 0)
	a.may(a.as("hugo", "get", "users")...)
	a.latest("hugo", 2, notice) // the acceptance still counts, and the new end is far
}

func TestIN11_FromThenOnNoAccessAtAll(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	lea := a.address("lea")
	link := invitation(t, lea)
	a.until("lea", time.Now().Add(-time.Hour))
	a.is("users/lea", "Archived")
	reads(t, link, "Cette invitation n’est plus valable")
	a.figures("users", 2, 1, 1, 0)
	a.refused([]string{"patch", "users/paul", "--type=merge", "-p", `{"spec":{"accessUntil":"2020-01-01T00:00:00Z"}}`},
		"spec.accessUntil: Forbidden: is the owner of organization cabinet and keeps access")
}
