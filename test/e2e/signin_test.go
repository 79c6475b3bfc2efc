// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/realoidc"
)

const providerButton = `button[name="provider"][value="roux-id"]`

// fill types into a field, in the place of what is there: the provider is told whom the invitation is for.
func (w window) fill(t *testing.T, selector, text string) {
	t.Helper()
	if err := chromedp.Do(w.tab, chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text)); err != nil {
		t.Fatalf("filling %s: %v", selector, err)
	}
}

// arrives waits until the page that the browser is at has all the words.
func (w window) arrives(t *testing.T, words ...string) {
	t.Helper()
	env.Eventually(t, func() error {
		text, err := chromedp.Run(w.tab, chromedp.Text(chromedp.CSS("body")))
		if err == nil && !inOrder(text, words) {
			err = fmt.Errorf("the page does not say %q:\n%s", words, text)
		}
		return err
	})
}

// signIn goes from the page of an invitation to the provider, which says what it does on its own pages, and back.
func (w window) signIn(t *testing.T, login string) {
	t.Helper()
	w.click(t, providerButton)
	w.arrives(t, "Sign-in")
	w.fill(t, `input[name="login"]`, login)
	w.fill(t, `input[name="password"]`, "whatever")
	w.click(t, `button[type="submit"]`)
	w.arrives(t, "Authorize")
	w.click(t, `button[type="submit"]`)
}

// The sample of infast as it is, but with a directory and a provider of this test's own.
func TestIN6_MailThenPasswordOrSignIn(t *testing.T) {
	t.Parallel()
	a := staffed(t, "infast", "infast", "cabinet.example")
	issuer := realoidc.Start(t, a.namespace+".example", system.Portal+"/sign-in/callback")
	a.run(`
apiVersion: v1
kind: Secret
metadata: {name: directory}
stringData: {token: let-me-in}
---
apiVersion: v1
kind: Secret
metadata: {name: roux-id}
stringData: {clientSecret: `+realoidc.ClientSecret+`}
`, "apply", "--server-side", "-f", "-")
	a.sets("org/cabinet", `{"directory":{"scim":{"url":"`+system.Directory+`","credentialsSecretRef":{"name":"directory"}}},"invitation":{"acceptance":"Password",
		"identityProviders":[{"name":"roux-id","displayName":"Roux ID","issuer":"`+issuer+`","clientID":"`+realoidc.ClientID+`","clientSecretRef":{"name":"roux-id"}}]}}`)
	const identity = "{.status.identity.issuer} {.status.identity.subject}"
	reads(t, invitation(t, a.address("lea")), "Choisissez un mot de passe", "Ou acceptez sans mot de passe", "Continuer avec Roux ID")

	// Mail, then password.
	w := open(t)
	w.visit(t, invitation(t, a.address("lea")))
	w.fill(t, "#password", "five blue herons wade")
	w.fill(t, "#repeat", "five blue herons wade")
	w.click(t, acceptButton)
	w.arrives(t, "Bienvenue chez Cabinet Roux")
	a.is("users/lea", "Active")
	a.has("users/lea", identity, " ")

	// Mail, then signing in, here once as somebody else first.
	w = open(t)
	w.visit(t, invitation(t, a.address("hugo")))
	w.signIn(t, "somebody.else")
	w.arrives(t, "La connexion n’a pas abouti", a.address("hugo"), "a une autre adresse")
	a.has("users/hugo", "{.status.acceptedAt}", "")
	w.click(t, "a.button") // the provider asks again, although it knows the window
	w.signIn(t, "hugo.leroy")
	w.arrives(t, "Bienvenue chez Cabinet Roux", a.address("hugo"))
	a.is("users/hugo", "Active")
	a.has("users/hugo", identity, issuer+" hugo.leroy")
	a.signsIn("hugo", true)
	reads(t, invitation(t, a.address("hugo")), "Vous avez déjà accepté")

	// Whoever cancels has answered nothing; and where a click is not enough, the page has none.
	a.sets("org/cabinet", `{"invitation":{"acceptance":"SignIn"}}`)
	paul := invitation(t, a.address("paul"))
	reads(t, paul, "Pour accepter, connectez-vous", "Continuer avec Roux ID")
	w = open(t)
	if page := w.visit(t, paul); strings.Contains(page, "Accepter") {
		t.Errorf("the page lets paul accept with a click:\n%s", page)
	}
	w.click(t, providerButton)
	w.arrives(t, "Sign-in")
	if err := chromedp.Do(w.tab, chromedp.Click(chromedp.CSS(`a[href$="/abort"]`))); err != nil {
		t.Fatal(err)
	}
	w.arrives(t, "La connexion n’a pas abouti", "Roux ID", "annulée")
	w.click(t, "a.button")
	w.signIn(t, "paul.roux")
	w.arrives(t, "Bienvenue chez Cabinet Roux")
	a.is("users/paul", "Active")
	a.has("users/paul", identity, issuer+" paul.roux")
}
