// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"seatkeeper.dev/seatkeeper/test/env"
)

// connected is a sample of config/integrations, with people of this test's own in the directory of the system.
func connected(t *testing.T, sample, namespace, domain string) account {
	t.Helper()
	return applyWith(t, "config/integrations/"+sample, namespace, func(a account, yaml string) string {
		yaml = strings.ReplaceAll(yaml, "http://127.0.0.1:8026/scim/v2", system.Directory)
		return strings.ReplaceAll(yaml, "@"+domain, "@"+a.namespace+".example")
	})
}

// record is what the directory has of a person.
type record struct {
	UserName string `json:"userName"`
	Title    string `json:"title"`
	Locale   string `json:"locale"`
	TimeZone string `json:"timezone"`
	Name     struct {
		GivenName, FamilyName string
	} `json:"name"`
	PhoneNumbers []struct{ Type, Value string }  `json:"phoneNumbers"`
	Enterprise   struct{ EmployeeNumber string } `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// recorded waits until what the directory has of a person is as it is to be.
func (a account) recorded(name string, wrong func(record) error) {
	a.Helper()
	address := a.address(name)
	env.Eventually(a.T, func() error {
		var all struct{ Resources []record }
		if err := asks(a.T, http.MethodGet, system.Directory+"/Users", &all); err != nil {
			return err
		}
		for _, r := range all.Resources {
			if r.UserName == address {
				return wrong(r)
			}
		}
		return fmt.Errorf("%s has no account", address)
	})
}

// differs says what is wrong with a field of the directory.
func differs(field, got, want string) error {
	if got != want {
		return fmt.Errorf("the directory has the %s %q, want %q", field, got, want)
	}
	return nil
}

// opens waits until a person can sign in with a password, or cannot.
func (a account) opens(name, password string, want bool) {
	a.Helper()
	form := url.Values{"name": {a.address(name)}, "password": {password}}
	env.Eventually(a.T, func() error {
		req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, strings.TrimSuffix(system.Directory, "/scim/v2")+"/sign-in", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if opened := resp.StatusCode == http.StatusNoContent; opened != want {
			return fmt.Errorf("%s signs in with %q: %s, want it to work: %v", name, password, resp.Status, want)
		}
		return nil
	})
}

func TestAX4_NamesAndTitle(t *testing.T) {
	t.Parallel()
	a := connected(t, "axonaut-accounts", "axonaut", "atelier.example")
	is := func(want string) func(record) error {
		return func(r record) error {
			return differs("names and title", strings.Join([]string{r.Name.FamilyName, r.Name.GivenName, r.Title}, ", "), want)
		}
	}
	a.recorded("sophie", is("Lambert, Sophie, Founder"))
	a.sets("users/sophie", `{"familyName":"Lambert-Roy","title":"Chair"}`)
	a.recorded("sophie", is("Lambert-Roy, Sophie, Chair"))
	a.refused([]string{"patch", "users/sophie", "--type=merge", "-p", `{"spec":{"title":"` + strings.Repeat("x", 129) + `"}}`}, "spec.title: Too long")
}

func TestAX5_LandlineAndMobileNumber(t *testing.T) {
	t.Parallel()
	a := connected(t, "axonaut-accounts", "axonaut", "atelier.example")
	numbers := func(want string) func(record) error {
		return func(r record) error {
			var got []string
			for _, n := range r.PhoneNumbers {
				got = append(got, n.Type+" "+n.Value)
			}
			slices.Sort(got)
			return differs("telephone numbers", strings.Join(got, ", "), want)
		}
	}
	a.recorded("karim", numbers("mobile +33 6 00 00 00 01, work +33 4 91 00 00 01"))
	a.recorded("emma", numbers("")) // optional
	a.sets("users/karim", `{"phoneNumbers":{"mobile":null}}`)
	a.recorded("karim", numbers("work +33 4 91 00 00 01"))
	a.refused([]string{"patch", "users/karim", "--type=merge", "-p", `{"spec":{"phoneNumbers":{"mobile":"none"}}}`}, "spec.phoneNumbers.mobile")
}

func TestAX6_AnEmployeeRecord(t *testing.T) {
	t.Parallel()
	a := connected(t, "axonaut-accounts", "axonaut", "atelier.example")
	number := func(want string) func(record) error {
		return func(r record) error { return differs("employee number", r.Enterprise.EmployeeNumber, want) }
	}
	a.has("users/sophie", "{.status.employeeNumber}", "E-1") // a record that is there
	a.recorded("sophie", number("E-1"))
	a.says("users/karim", "{.status.employeeNumber}", "E-") // a new one
	issued := a.run("", "get", "users/karim", "-o", "jsonpath={.status.employeeNumber}")
	a.recorded("karim", number(issued))
	a.has("users/emma", "{.status.employeeNumber}", "") // none
	a.refused([]string{"patch", "users/emma", "--type=merge", "-p", `{"spec":{"employee":{"number":"E-2","create":true}}}`}, "spec.employee")

	// It is the person's for good.
	address := a.address("karim")
	a.accepts("karim")
	a.run("", "delete", "users/karim")
	a.run(strings.Replace(a.person("atelier", "karim", "commercial"), a.at("karim"), address, 1), "apply", "--server-side", "-f", "-")
	a.has("users/karim", "{.status.employeeNumber}", issued)
}

func TestAX7_LanguageAndTimeZone(t *testing.T) {
	t.Parallel()
	a := connected(t, "axonaut-accounts", "axonaut", "atelier.example")
	for name, want := range map[string]struct{ locale, zone, says, button string }{
		"karim": {"fr-FR", "Europe/Paris", "Vous pouvez répondre jusqu’au", "Accepter"}, // the organization's
		"emma":  {"en-GB", "Europe/London", "You can answer until", "Accept"},
	} {
		m := letterTo(t, a.address(name))
		zone, err := time.LoadLocation(want.zone)
		if err != nil {
			t.Fatal(err)
		}
		end, err := time.Parse(time.RFC3339, a.run("", "get", "users/"+name, "-o", "jsonpath={.status.invitation.expiresAt}"))
		if err != nil {
			t.Fatal(err)
		}
		until := end.In(zone).Format("15:04 (MST)")
		if want.locale == "fr-FR" {
			until = fmt.Sprintf("%d\u00a0h\u00a0", end.In(zone).Hour()) + end.In(zone).Format("04 (MST)")
		}
		if !inOrder(m.Text, []string{want.says, until}) {
			t.Errorf("the mail to %s does not say %q, and %s:\n%s", name, want.says, until, m.Text)
		}
		reads(t, m.Links[0], want.button)
		a.recorded(name, func(r record) error {
			return errors.Join(differs("language", r.Locale, want.locale), differs("time zone", r.TimeZone, want.zone))
		})
	}
	a.refused([]string{"patch", "users/emma", "--type=merge", "-p", `{"spec":{"timeZone":"Europe/Lundon"}}`}, "there is no time zone")
}

func TestEZ12_TheInviterChoosesAFirstPassword(t *testing.T) {
	t.Parallel()
	a := connected(t, "ezus-accounts", "ezus", "voyages.example")
	const first, own = "eleven gulls over Nice", "one boat less than before"
	a.has("users/claire", "{.status.initialPasswordAt}", "")
	a.says("users/luc", "{.status.initialPasswordAt}", "Z")
	a.opens("luc", first, false) // before the invitation is accepted
	a.accepts("luc")
	a.opens("luc", first, true)
	for _, object := range []string{"users/luc", "org/voyages", "events"} {
		if strings.Contains(a.run("", "get", object, "-o", "yaml"), first) {
			t.Errorf("%s shows the password", object)
		}
	}

	// Luc changes it, where he signs in. Whatever happens to the User and the Secret then, it stays his.
	account := a.run("", "get", "users/luc", "-o", "jsonpath={.status.directoryAccount.id}")
	reset(t, account, own)
	a.opens("luc", own, true)
	a.run("", "patch", "secret/luc-first-password", "--type=merge", "-p", `{"stringData":{"password":"twelve gulls over Nice"}}`)
	a.sets("users/luc", `{"title":"Guide"}`)
	a.recorded("luc", func(r record) error { return differs("title", r.Title, "Guide") })
	a.run("", "delete", "secret/luc-first-password")
	a.run("", "annotate", "users/luc", "seatkeeper.dev/reconcile-at=now")
	a.sets("users/luc", `{"title":"Pilot"}`)
	a.recorded("luc", func(r record) error { return differs("title", r.Title, "Pilot") })
	a.is("users/luc", "Active")
	a.opens("luc", own, true)
	a.opens("luc", first, false)
}

// reset gives an account another password, as the place where people change theirs does.
func reset(t *testing.T, account, password string) {
	t.Helper()
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"password","value":%q}]}`, password)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, system.Directory+"/Users/"+account, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer let-me-in"}, "Content-Type": {"application/scim+json"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("changing the password: %s", resp.Status)
	}
}

func TestCO3_AccessIsGrantedApartFromCreating(t *testing.T) {
	t.Parallel()
	const password = "nine bicycles in a barn"
	a := connected(t, "commown-accounts", "commown", "verger.example")
	a.is("users/gael", "Suspended") // created, and that is all
	a.has("users/gael", "{.status.seats}{.status.roles}{.status.invitation}{.status.acceptedAt}", "")
	notMailed(t, a.address("gael"))
	a.sets("users/gael", `{"state":"Active"}`)
	a.is("users/gael", "Invited")
	w := open(t)
	if page := w.visit(t, invitation(t, a.address("gael"))); !inOrder(page, []string{"Le Verger", "Choisissez un mot de passe"}) {
		t.Errorf("the page says\n%s", page)
	}
	a.opens("gael", password, false)
	w.types(t, `input[name="password"]`, password)
	w.types(t, `input[name="repeat"]`, password)
	w.click(t, acceptButton)
	a.is("users/gael", "Active")
	a.holds("gael", "fleet")
	a.opens("gael", password, true)
	a.opens("gael", password+"!", false)
}
