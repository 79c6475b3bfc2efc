// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"seatkeeper.dev/seatkeeper/test/env"
)

const (
	acceptButton  = `button[value="accept"]`
	declineButton = `button[value="decline"]`
)

// member is a User of the organization of the sample axonaut, with more of the spec.
func member(name, spec string) string {
	return fmt.Sprintf(`
apiVersion: seatkeeper.dev/v1alpha1
kind: User
metadata: {name: %s}
spec:
  organization: atelier
  roles: [projects]
  %s
`, name, spec)
}

// declines holds that an object is refused with these words.
func (a account) declines(object string, words ...string) {
	a.Helper()
	out, _, err := kubectlIn(a.T, a.namespace, object, "create", "-f", "-")
	if err == nil || !inOrder(err.Error(), words) {
		a.Errorf("kubectl create answers %q (%v), want a refusal that says %q, of\n%s", out, err, words, object)
	}
}

// at is the address of a person whom invites has applied.
func (a account) at(name string) string { return name + "@" + a.namespace + ".example" }

// says waits until a field of an object has all the words, in this order.
func (a account) says(object, path string, words ...string) {
	a.Helper()
	env.Eventually(a.T, func() error {
		got, _, err := kubectlIn(a.T, a.namespace, "", "get", object, "-o", "jsonpath="+path)
		if err == nil && !inOrder(got, words) {
			err = fmt.Errorf("%s of %s is %q, want it to say %q", path, object, got, words)
		}
		return err
	})
}

// accepts has a person accept in a browser.
func (a account) accepts(name string) {
	a.Helper()
	w := open(a.T)
	w.visit(a.T, invitation(a.T, a.address(name)))
	w.click(a.T, acceptButton)
	a.is("users/"+name, "Active")
}

// address is where a person is written to.
func (a account) address(name string) string {
	a.Helper()
	return a.run("", "get", "users/"+name, "-o", "jsonpath={.spec.email}")
}

// reads waits until the page behind a link says these words, whatever the operator's cache is at.
func reads(t *testing.T, link string, words ...string) {
	t.Helper()
	w := open(t)
	env.Eventually(t, func() error {
		if page := w.visit(t, link); !inOrder(page, words) {
			return fmt.Errorf("the page does not say %q:\n%s", words, page)
		}
		return nil
	})
}

// letter is a mail with all that people read of it.
type letter struct {
	mail

	Header map[string][]string `json:"header"`
	Text   string              `json:"text"`
	HTML   string              `json:"html"`
}

// letterTo waits for the one mail to an address.
func letterTo(t *testing.T, address string) letter {
	t.Helper()
	invitation(t, address)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.Mailbox+"/api/messages?to="+url.QueryEscape(address), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Messages []letter `json:"messages"`
	}
	if err := json.Unmarshal(body, &found); err != nil || len(found.Messages) != 1 {
		t.Fatalf("the mailbox answered %s (%v), want one mail", body, err)
	}
	return found.Messages[0]
}

// notMailed holds that nothing was ever sent to an address.
func notMailed(t *testing.T, address string) {
	t.Helper()
	if found, err := mails(t, address); err != nil || len(found) > 0 {
		t.Errorf("%s has the mails %+v (%v), want none", address, found, err)
	}
}

func TestAX3_EmailIsRequiredAndValid(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	for name, tc := range map[string]struct{ spec, want string }{
		"none":                {"givenName: Zoe", "spec.email: Required value"},
		"empty":               {`email: ""`, "spec.email"},
		"no domain":           {"email: zoe", "email must be one bare address such as jean@acme.example"},
		"a name beside it":    {`email: "Zoe <zoe@atelier.example>"`, "email must be one bare address"},
		"two":                 {`email: "zoe@atelier.example,max@atelier.example"`, "email must be one bare address"},
		"a space":             {`email: "zoe roux@atelier.example"`, "email must be one bare address"},
		"a domain of one":     {"email: zoe@localhost", "email must be one bare address"},
		"a domain in Unicode": {"email: zoe@münchen.example", "email must be one bare address"},
	} {
		t.Run(name, func(t *testing.T) {
			account{t, a.namespace}.declines(member("zoe", tc.spec), `The User "zoe" is invalid`, tc.want)
		})
	}
	a.refused([]string{"patch", "users/karim", "--type=merge", "-p", `{"spec":{"email":null}}`}, "spec.email: Required value")
	a.invites("atelier", "zoe", "projects")
	a.is("users/zoe", "Invited")
	if m := letterTo(t, a.at("zoe")); !strings.Contains(m.Text, a.at("zoe")) {
		t.Errorf("the mail does not name the address that it is for:\n%s", m.Text)
	}
}

func TestAX9_CreatingTheUserSendsTheMail(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	notMailed(t, a.at("zoe"))
	a.invites("atelier", "zoe", "projects")
	m := letterTo(t, a.at("zoe"))
	if !strings.Contains(m.Subject, "Atelier Lumière") || !strings.HasPrefix(m.Links[0], system.Portal+"/invitations/") {
		t.Errorf("the mail has the subject %q and the links %q", m.Subject, m.Links)
	}
	a.is("users/zoe", "Invited")
	reads(t, m.Links[0], "Atelier Lumière", a.at("zoe"), "Projects", "Accepter")
}

func TestEZ11_TheEmailIsTheLogin(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 4), "order: 1 seat")
	a.invites("voyages", "zoe", "collaborator")
	a.is("users/zoe", "Invited")
	again := strings.ReplaceAll(member("max", "email: "+strings.ToUpper(a.at("zoe"))), "atelier", "voyages")
	again = strings.ReplaceAll(again, "projects", "collaborator")
	a.declines(again, "is in use by User zoe of organization voyages: use another address, or change or delete that User")
	m := letterTo(t, a.at("zoe"))
	if !strings.Contains(m.Text, a.at("zoe")) || !strings.Contains(m.HTML, a.at("zoe")) {
		t.Errorf("the mail does not name the address:\n%s\n%s", m.Text, m.HTML)
	}
	reads(t, m.Links[0], a.at("zoe"))
}

func TestEZ13_ARoleIsChosenWhenInviting(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 5), "order: 2 seats")
	for name, tc := range map[string]struct{ role, shown, other string }{
		"zoe": {"administrator", "Administrator", "Collaborator"},
		"max": {"collaborator", "Collaborator", "Administrator"},
	} {
		a.invites("voyages", name, tc.role)
		a.is("users/"+name, "Invited")
		m := letterTo(t, a.at(name))
		if !strings.Contains(m.Text, tc.shown) || strings.Contains(m.Text, tc.other) {
			t.Errorf("the mail to the %s says\n%s", tc.role, m.Text)
		}
		reads(t, m.Links[0], tc.shown)
		a.has("users/"+name, "{.status.roles}", `["`+tc.role+`"]`)
	}
	// Without any, there is nothing to invite to.
	a.invites("voyages", "eve")
	a.is("users/eve", "NoRoles")
	notMailed(t, a.at("eve"))
}

func TestEZ13_OnlyARoleThatIsOnesOwnToGive(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 4), "order: 1 seat")
	desk := a.desk("collaborator", "projects") // which it includes
	a.refused(append(desk, "create", "-f", a.file(a.person("voyages", "zoe", "administrator"))),
		`User "zoe" is invalid: spec.roles[0]: Forbidden`, "may not assign role administrator", `the verb assign on roles.seatkeeper.dev "administrator"`)
	a.refused(append(desk, "create", "-f", a.file(a.person("voyages", "zoe", "collaborator", "super-administrator"))),
		"spec.roles[1]: Forbidden", "may not assign role administrator (which role super-administrator includes)", "may not assign role super-administrator")
	notMailed(t, a.at("zoe"))
	a.run("", append(desk, "create", "-f", a.file(a.person("voyages", "zoe", "collaborator")))...)
	a.is("users/zoe", "Invited")
	a.accepts("zoe")
}

func TestEZ14_TheLinkActivatesAndJoins(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 4), "order: 1 seat")
	a.invites("voyages", "zoe", "collaborator")
	link := invitation(t, a.at("zoe"))
	w := open(t)
	if page := w.visit(t, link); !inOrder(page, []string{"Voyages d'Azur", a.at("zoe"), "Collaborator"}) {
		t.Errorf("the page says\n%s", page)
	}
	a.has("users/zoe", "{.status.acceptedAt}", "") // looking at it is no answer
	w.click(t, acceptButton)
	a.is("users/zoe", "Active")
	a.has("users/zoe", "{.status.roles} {.status.seats}", `["collaborator"] ["users"]`)
	a.has("org/voyages", "{.status.active}", "1")
	reads(t, link, "Vous avez déjà accepté")
}

func TestEZ15_EditingTheEmailReplacesThePerson(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 4), "order: 1 seat")
	a.invites("voyages", "zoe", "collaborator")
	a.accepts("zoe")
	a.invites("voyages", "ida", "collaborator") // waits, and is not to come in between
	a.is("users/ida", "AwaitingSeat")
	const seat = `{.assignments[?(@.user=="zoe")].seat}`
	was := a.run("", "get", "seatslices/users-0", "-o", "jsonpath="+seat)
	old := invitation(t, a.at("zoe"))

	edit := []string{"patch", "users/zoe", "--type=merge", "-p", `{"spec":{"email":"` + a.at("max") + `"}}`}
	warning := "the address of User zoe now stands for another person (spec.emailChange of organization voyages is Replace): " +
		"whoever had the old one loses access, and an invitation goes to the new one"
	a.orders(append(slices.Clone(edit), "--dry-run=server"), warning)
	notMailed(t, a.at("max"))
	a.orders(edit, warning)
	a.is("users/zoe", "Invited")
	a.has("users/zoe", "{.status.email} {.status.acceptedAt}", a.at("max")+" ")
	a.has("seatslices/users-0", seat, was)
	a.is("users/ida", "AwaitingSeat")
	reads(t, old, "Ce lien a été remplacé")
	a.has("archivedusers", "{.items[*].record.spec.email} {.items[*].record.user}", a.at("zoe")+" zoe")

	w := open(t)
	w.visit(t, invitation(t, a.at("max")))
	w.click(t, acceptButton)
	a.is("users/zoe", "Active")
}

func TestEZ16_TheRoleOfAnInvitedPersonCanBeChanged(t *testing.T) {
	t.Parallel()
	a := apply(t, "ezus", "ezus")
	a.orders(scale("users", 4), "order: 1 seat")
	a.invites("voyages", "zoe", "collaborator")
	a.is("users/zoe", "Invited")
	link := invitation(t, a.at("zoe"))
	a.sets("users/zoe", `{"roles":["administrator"]}`)
	a.has("users/zoe", "{.status.roles}", `["administrator"]`)
	a.is("users/zoe", "Invited")
	reads(t, link, "Administrator") // the same link
	a.accepts("zoe")                // and no other mail
	a.has("users/zoe", "{.status.roles}", `["administrator"]`)

	// It takes the right to give the new role, which whoever may edit people does not have by that; the old one can be taken.
	a.invites("voyages", "max", "collaborator")
	desk := a.desk("collaborator", "projects") // which it includes
	a.refused(append(desk, giving("max", "administrator")...), "spec.roles[0]: Forbidden", "may not assign role administrator")
	a.run("", append(desk, "patch", "users/max", "--type=merge", "-p", `{"spec":{"givenName":"Max"}}`)...)
	a.run("", append(desk, giving("max")...)...)
	a.has("users/max", "{.status.roles}", "")
	a.run("", append(desk, giving("max", "collaborator")...)...)
	a.has("users/max", "{.spec.roles}", `["collaborator"]`)
}

func TestIN9_TheEmailCannotBeEdited(t *testing.T) {
	t.Parallel()
	a := apply(t, "infast", "infast")
	a.refused([]string{"patch", "users/lea", "--type=merge", "-p", `{"spec":{"email":"` + a.at("lea") + `"}}`},
		"spec.email: Forbidden: organization cabinet does not let addresses be edited (spec.emailChange is Deny): "+
			"delete this User, and create one with the new address")
	a.sets("users/lea", `{"email":"Lea.Blanc@cabinet.example"}`) // the same address
	notMailed(t, a.at("lea"))
	a.removes("lea") // and this is the way
	a.invites("cabinet", "lea", "user")
	a.is("users/lea", "Invited")
	a.accepts("lea")
}

func TestCO4_AccessIsRevokedAndTheUserStays(t *testing.T) {
	t.Parallel()
	a := commown(t)
	a.invites("verger", "zoe", "fleet")
	a.accepts("zoe")
	a.sets("users/zoe", `{"state":"Suspended"}`)
	a.is("users/zoe", "Suspended")
	a.has("users/zoe", "{.status.roles} {.spec.email}", " "+a.at("zoe"))
	a.says("users/zoe", "{.status.accessRevokedAt} {.status.acceptedAt}", "T", "Z ", "T", "Z")
	reads(t, invitation(t, a.at("zoe")), "Cette invitation n’est plus valable")
	a.sets("users/zoe", `{"state":"Active"}`)
	a.is("users/zoe", "Active")
	a.has("users/zoe", "{.status.roles} {.status.accessRevokedAt}", `["fleet"] `)
	invitation(t, a.at("zoe")) // the acceptance still counts: no second mail

	// An open invitation as well can be taken back at any time.
	a.invites("verger", "max", "fleet")
	link := invitation(t, a.at("max"))
	a.sets("users/max", `{"state":"Suspended"}`)
	a.is("users/max", "Suspended")
	reads(t, link, "Cette invitation n’est plus valable")
}

// What is said no to stays so, until somebody asks again.
func TestDeclineStaysUntilSomebodyAsksAgain(t *testing.T) {
	t.Parallel()
	a := staffed(t, "axonaut", "axonaut", "atelier.example")
	a.invites("atelier", "zoe", "projects")
	w := open(t)
	w.visit(t, invitation(t, a.at("zoe")))
	w.click(t, declineButton)
	a.is("users/zoe", "Declined")
	a.figures("users", 3, 3, 0, 0)
	a.run("", "annotate", "users/zoe", "seatkeeper.dev/reconcile-at=now")
	a.is("users/zoe", "Declined")
	a.run("", "annotate", "users/zoe", "seatkeeper.dev/resend-invitation=please")
	a.is("users/zoe", "Invited")
	a.has("users/zoe", "{.status.invitation.sequence} {.status.invitation.sends}", "2 1")
	if found, err := mails(t, a.at("zoe")); err != nil || len(found) != 2 || found[0].Links[0] == found[1].Links[0] {
		t.Errorf("the mails are %+v (%v), want two with links of their own", found, err)
	}
}

func TestSample_MailsInTheOrganizationsOwnWords(t *testing.T) {
	t.Parallel()
	a := apply(t, "invitations", "invitations")
	const valid = `{.status.conditions[?(@.type=="TemplatesValid")]['reason','message']}`
	a.has("org/harbor", valid, "TemplatesValid the mails of ConfigMap harbor-mails are sent")
	for name, tc := range map[string]struct{ address, subject, text, html string }{
		"English":                   {"nora.byrne", "Come and join Harbor Workshop", "Ahoy Nora,\n\nthere is a place for you at Harbor Workshop.\n\n* Maker: A bench", "<p>Ahoy Nora,</p>"},
		"French":                    {"theo.girard", "Venez rejoindre Harbor Workshop", "Ohé Théo,\n\nune place vous attend chez Harbor Workshop.\n\n* Friend : Events and the newsletter\n* Maker : A bench", `<html lang="fr">`},
		"no mail in one's language": {"jonas.vogel", "Come and join Harbor Workshop", "* Friend: Events and the newsletter\n\nSay yes or no here, until ", `<html lang="en">`},
	} {
		t.Run(name, func(t *testing.T) {
			address := tc.address + "@harbor.example"
			m := letterTo(t, address)
			if m.Subject != tc.subject || !strings.Contains(m.Text, tc.text) || !strings.Contains(m.HTML, tc.html) || !strings.Contains(m.HTML, m.Links[0]) {
				t.Errorf("the subject is %q, the mail\n%s\n%s", m.Subject, m.Text, m.HTML)
			}
			for header, want := range map[string]string{"From": `"Harbor Workshop" <people@harbor.example>`, "Reply-To": "<help@harbor.example>"} {
				if got := m.Header[header]; len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			reads(t, m.Links[0], address)
		})
	}
	a.figures("benches", 2, 2, 0, 0) // whoever is a friend alone takes none

	broken := `{"data":{"fr.text":"Bonjour,\n{{.Link}}\n{{.Organisation}}\n"}}`
	a.run("", "patch", "configmap/harbor-mails", "--type=merge", "-p", broken)
	a.says("org/harbor", valid, "TemplatesInvalid", "ConfigMap harbor-mails has mistakes, and where a language has one, the built-in mail is sent:",
		"key fr.text, line 3: there is no variable .Organisation: use one of .Organization, .Email")
	a.has("org/harbor", `{.status.conditions[?(@.type=="Ready")].status}`, "True") // people are still invited:
	for name, tc := range map[string]struct{ locale, subject string }{
		"ida": {"fr", "Invitation à rejoindre Harbor Workshop"}, // in the built-in words
		"max": {"en", "Come and join Harbor Workshop"},          // the other language is as it was
	} {
		a.invites("harbor", name)
		a.sets("users/"+name, `{"locale":"`+tc.locale+`","roles":["friend"]}`)
		if m := letterTo(t, a.at(name)); m.Subject != tc.subject {
			t.Errorf("the mail to %s has the subject %q, want %q", name, m.Subject, tc.subject)
		}
	}
}
