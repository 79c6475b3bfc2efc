// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/test/env"
)

// Webhooks has the API server ask the webhooks of config/webhook about one namespace, by URL. Start is to be given what it returns;
// until then the API server lets nothing through there that they judge.
func Webhooks(t testing.TB, namespace string) *webhook.Options {
	t.Helper()
	hooks := envtest.WebhookInstallOptions{Paths: []string{env.Rendered(t, "config/webhook")}, LocalServingHost: "127.0.0.1"}
	if err := hooks.PrepWithoutInstalling(); err != nil {
		t.Fatalf("preparing the webhooks: %v", err)
	}
	t.Cleanup(func() { _ = hooks.Cleanup() })
	here := &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}
	var configurations []client.Object
	for _, c := range hooks.MutatingWebhooks {
		for i := range c.Webhooks {
			c.Webhooks[i].NamespaceSelector = here
			failsClosed(t, c.Webhooks[i].Name, c.Webhooks[i].FailurePolicy)
		}
		configurations = append(configurations, c)
	}
	for _, c := range hooks.ValidatingWebhooks {
		for i := range c.Webhooks {
			c.Webhooks[i].NamespaceSelector = here
			failsClosed(t, c.Webhooks[i].Name, c.Webhooks[i].FailurePolicy)
		}
		configurations = append(configurations, c)
	}
	for _, c := range configurations {
		c.SetName(namespace + "-" + c.GetName())
		if err := env.Client(t).Create(t.Context(), c); err != nil {
			t.Fatalf("installing %s: %v", c.GetName(), err)
		}
	}
	return &webhook.Options{Host: hooks.LocalServingHost, Port: hooks.LocalServingPort, CertDir: hooks.LocalServingCertDir}
}

// failsClosed holds that an operator which is down lets nothing through unjudged.
func failsClosed(t testing.TB, name string, policy *admissionregistrationv1.FailurePolicyType) {
	t.Helper()
	if policy == nil || *policy != admissionregistrationv1.Fail {
		t.Errorf("webhook %s has the failure policy %v, want Fail", name, policy)
	}
}
