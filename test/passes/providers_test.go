// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// clientSecret is what an identity provider knows the invitation pages by.
func clientSecret(name, value string) *corev1.Secret {
	return build.Secret(name, map[string]string{"clientSecret": value})
}

// signingIn is acme, whose people can sign in with two providers that know it by a secret, and with one that does not.
func signingIn(t *testing.T) *passes.World {
	t.Helper()
	return passes.New(t, build.Organization("acme").SignIn("google", "google-client").SignIn("okta", "okta-client").SignIn("public", "").Obj(),
		build.Role("member").Obj(), build.User("ada").Roles("member").Obj(), build.User("bea").Roles("member").Obj())
}

// acmeIs does a pass over acme when it is due, and says when the next one is. It checks what the pass said of the providers.
func acmeIs(t *testing.T, w *passes.World, due time.Duration, status metav1.ConditionStatus, reason string, words ...string) time.Duration {
	t.Helper()
	w.Clock.SetTime(w.Clock.Now().Add(due))
	for range w.CatchUp() {
	}
	result, err := w.Pass(passes.Organization, "acme")
	if err != nil {
		t.Fatal(err)
	}
	var acme v1alpha1.Organization
	w.Find("acme", &acme)
	wantCondition(t, &acme, v1alpha1.ConditionIdentityProvidersValid, status, reason, words...)
	if status == metav1.ConditionTrue {
		wantReason(t, w, &acme, v1alpha1.ReasonReady)
		return result.RequeueAfter
	}
	wantCondition(t, &acme, v1alpha1.ConditionReady, status, reason, words...)
	wantCondition(t, &acme, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, words...)
	return result.RequeueAfter
}

// secretsRead counts how often a Secret was read.
func secretsRead(w *passes.World) int {
	return len(w.Traffic.Requests(func(r operator.Request) bool { return r.Resource == "secrets" }))
}

func TestIdentityProvidersWithoutTheirSecrets(t *testing.T) {
	t.Parallel()
	w := signingIn(t)
	const google, okta = "people cannot accept by signing in with google: there is no Secret google-client, which clientSecretRef in " +
		"spec.invitation.identityProviders of the organization names: create it, with the secret that the provider gave under the key clientSecret",
		"people cannot accept by signing in with okta: there is no Secret okta-client, which"
	next := acmeIs(t, w, 0, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, google, "; "+okta)
	for range 10 { // nobody comes to help
		was := next
		if next = acmeIs(t, w, was, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, google, "; "+okta); next < was || next < time.Second {
			t.Errorf("after a pause of %s comes one of %s", was, next)
		}
	}
	if next != 5*time.Minute {
		t.Errorf("in the end the pauses are %s, want 5m", next)
	}
	w.Create(clientSecret("google-client", "s3cret"), clientSecret("okta-client", "\n"))
	next = acmeIs(t, w, next, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"people cannot accept by signing in with okta: reading Secret okta-client: it has no key clientSecret, or nothing there: put the secret there that the provider gave")
	passes.Change(w, "okta-client", func(s *corev1.Secret) { s.Data = map[string][]byte{"client-secret": []byte("s3cret")} })
	next = acmeIs(t, w, next, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "okta-client: it has no key clientSecret")
	passes.Change(w, "okta-client", func(s *corev1.Secret) { s.Data = map[string][]byte{"clientSecret": []byte("s3cret")} })
	next = acmeIs(t, w, next, metav1.ConditionTrue, v1alpha1.ReasonIdentityProvidersValid)
	if next != 10*time.Minute {
		t.Errorf("the Secrets are there, and the next look is after %s, want 10m", next)
	}
	w.Settle()
	for _, said := range w.Events.All() {
		if strings.Contains(said, "s3cret") {
			t.Errorf("an event tells of the secret: %s", said)
		}
	}
	if n := len(slices.DeleteFunc(w.Events.All(), func(e string) bool { return !strings.HasPrefix(e, "Warning SecretNotFound acme") })); n != 1 {
		t.Errorf("%d events tell of the Secrets, want one: %v", n, w.Events.All())
	}
	w.Delete(clientSecret("google-client", ""))
	acmeIs(t, w, next, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, google)
	passes.Change(w, "acme", func(o *v1alpha1.Organization) { o.Spec.Invitation.IdentityProviders = nil })
	w.Settle()
	var acme v1alpha1.Organization
	w.Find("acme", &acme)
	wantReason(t, w, &acme, v1alpha1.ReasonReady)
	if c := meta.FindStatusCondition(acme.Status.Conditions, v1alpha1.ConditionIdentityProvidersValid); c != nil {
		t.Errorf("there is no provider, and %+v", c)
	}
}

// A wave of people reads each Secret now and then, and a Secret that the API server does not show is not one that is missing.
func TestIdentityProvidersAreNotAskedOften(t *testing.T) {
	t.Parallel()
	w := signingIn(t)
	w.Create(clientSecret("google-client", "s3cret"), clientSecret("okta-client", "s3cret"))
	w.Settle()
	if n := secretsRead(w); n == 0 || n > 4 {
		t.Errorf("until all were settled, Secrets were read %d times", n)
	}
	w.Clock.SetTime(w.Clock.Now().Add(time.Minute))
	w.Traffic.Reset()
	for range 9 {
		acmeIs(t, w, time.Second, metav1.ConditionTrue, v1alpha1.ReasonIdentityProvidersValid)
	}
	for _, name := range []string{"ada", "bea"} {
		if _, err := w.Pass(passes.User, name); err != nil {
			t.Error(err)
		}
	}
	if n := secretsRead(w); n != 2 {
		t.Errorf("within ten seconds, Secrets were read %d times, want each once", n)
	}

	hidden := w.Traffic.Break(operator.NotSent, 1, func(r operator.Request) bool { return r.Resource == "secrets" && r.Name == "okta-client" })
	if next := acmeIs(t, w, time.Minute, metav1.ConditionTrue, v1alpha1.ReasonIdentityProvidersValid); next != 5*time.Minute {
		t.Errorf("a Secret was not shown, and the next look is after %s, want 5m", next)
	}
	<-hidden
	w.Delete(clientSecret("google-client", ""))
	acmeIs(t, w, 5*time.Minute, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "there is no Secret google-client")
}

// A Secret that the operator may not read is said: that does not pass by itself.
func TestIdentityProvidersWithoutARight(t *testing.T) {
	t.Parallel()
	w := signingIn(t)
	w.Create(clientSecret("google-client", "s3cret"), clientSecret("okta-client", "s3cret"))
	w.Settle()
	blind, _ := restricted(t, w, "secrets")
	acmeIs(t, blind, time.Minute, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"people cannot accept by signing in with google: reading Secret google-client: the API server does not show it to the operator, which has no right "+
			"to read it: let its ServiceAccount get secrets in that namespace")
	acmeIs(t, w, time.Minute, metav1.ConditionTrue, v1alpha1.ReasonIdentityProvidersValid)
}
