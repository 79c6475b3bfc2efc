// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"strings"
	"testing"
)

// TestQuickStart is the story of the README, step by step.
func TestQuickStart(t *testing.T) {
	users := []string{"get", "users", "-o", "wide"}
	step(t, "three are invited in the order of their creation, two wait", func(t *testing.T) {
		for _, name := range []string{"marie", "jean", "nadia"} {
			shows(t, users, name, "@acme.example", `["standard"]`, "Invited", "True")
		}
		shows(t, users, "paul", "AwaitingSeat", "False", "number 1 in the queue of seat pool standard")
		shows(t, users, "sofia", "AwaitingSeat", "False", "number 2 in the queue of seat pool standard")
		shows(t, []string{"get", "seats"}, "standard", "Professional", "3", "3", "0", "2", "True")
		shows(t, []string{"get", "orgs"}, "acme", "marie", "0", "3", "2", "0", "True")
		if late, err := mails(t, "paul.keller@acme.example"); err != nil || len(late) > 0 {
			t.Errorf("paul waits, and has the mails %+v (%v)", late, err)
		}
	})
	step(t, "marie accepts in a browser", func(t *testing.T) {
		link := invitation(t, "marie.dubois@acme.example")
		window := open(t)
		page := window.visit(t, link)
		for _, want := range []string{"Acme", "Administrator", "marie.dubois@acme.example"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q:\n%s", want, page)
			}
		}
		shows(t, users, "marie", "Invited", "True") // looking at the page has changed nothing
		window.click(t, `button[value="accept"]`)
		shows(t, users, "marie", "Active", "True")
		if again := window.visit(t, link); !strings.Contains(again, "already") {
			t.Errorf("the link again says:\n%s", again)
		}
	})
	step(t, "jean reads his page in French", func(t *testing.T) {
		if page := open(t).visit(t, invitation(t, "jean.martin@acme.example")); !strings.Contains(page, "Accepter") {
			t.Errorf("the page is not in French:\n%s", page)
		}
	})
	step(t, "a seat more invites the fourth", func(t *testing.T) {
		must(t, "scale", "seatpool/standard", "--replicas=4")
		shows(t, users, "paul", `["standard"]`, "Invited", "True")
		invitation(t, "paul.keller@acme.example")
		shows(t, users, "sofia", "AwaitingSeat", "number 1 in the queue")
	})
	step(t, "archiving one frees the seat for the fifth", func(t *testing.T) {
		link := invitation(t, "jean.martin@acme.example")
		must(t, "patch", "user", "jean", "--type=merge", "-p", `{"spec":{"state":"Archived"}}`)
		shows(t, users, "jean", "Archived", "True")
		shows(t, users, "sofia", "Invited", "True")
		invitation(t, "sofia.rossi@acme.example")
		if page := open(t).visit(t, link); strings.Contains(page, "Accepter") {
			t.Errorf("the link of who left can still be answered:\n%s", page)
		}
	})
	step(t, "deleting one archives, and frees the seat", func(t *testing.T) {
		must(t, "delete", "user", "nadia")
		shows(t, []string{"get", "archivedusers"}, "nadia.benali@acme.example", "Other")
		shows(t, []string{"get", "seats"}, "standard", "4", "3", "1", "0", "True")
		shows(t, []string{"get", "orgs"}, "acme", "marie", "1", "2", "0", "2", "True")
	})
	step(t, "everything says how it is", func(t *testing.T) {
		must(t, "wait", "--for=condition=Ready", "--timeout=60s", "user/marie", "user/paul", "org/acme", "seats/standard", "orgrole/commercial")
		shows(t, []string{"get", "seatkeeper"}, "user.seatkeeper.dev/marie")
		// nadia is gone from the team that names her, and the team says so.
		shows(t, []string{"describe", "team", "sales"}, "Message", "organization acme has no User nadia")
	})
}

// TestAdmission is what `make run` refuses at once, webhooks included.
func TestAdmission(t *testing.T) {
	for name, tc := range map[string]struct {
		patch string
		want  string
	}{
		"an address in use names the holder": {`{"spec":{"email":"SOFIA.rossi@acme.example"}}`, "is in use by User sofia"},
		"a time zone that does not exist":    {`{"spec":{"timeZone":"Europe/Atlantis"}}`, "there is no time zone"},
		"the owner stays":                    {`{"spec":{"state":"Archived"}}`, "is the owner of organization acme"},
		"an address that is none":            {`{"spec":{"email":"Marie <marie@acme.example>"}}`, "email must be one bare address"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kubectl(t, "patch", "user", "marie", "--type=merge", "--dry-run=server", "-p", tc.patch)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a refusal that says %q", err, tc.want)
			}
		})
	}
}

// step is a part of a story; the next one needs it.
func step(t *testing.T, name string, tell func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, tell) {
		t.FailNow()
	}
}
