// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Whatever is written of an organization wakes all its users only if it may concern their accounts: two copies are the same.
func TestAnotherDirectory(t *testing.T) {
	of := func(change func(*v1alpha1.DirectoryPolicy)) *v1alpha1.DirectoryPolicy {
		p := &v1alpha1.DirectoryPolicy{
			Adoption: v1alpha1.AdoptionRefuse, DriftPolicy: v1alpha1.DriftCorrect, ResyncPeriod: &metav1.Duration{Duration: time.Minute},
			SCIM: v1alpha1.SCIMDirectory{URL: "https://a.example", CredentialsSecretRef: v1alpha1.SecretReference{Name: "a"}},
		}
		change(p)
		return p
	}
	same := func(*v1alpha1.DirectoryPolicy) {}
	for why, tt := range map[string]struct {
		change func(*v1alpha1.DirectoryPolicy)
		want   bool
	}{
		"a copy":          {same, false},
		"the period":      {func(p *v1alpha1.DirectoryPolicy) { p.ResyncPeriod.Duration = time.Hour }, false},
		"the URL":         {func(p *v1alpha1.DirectoryPolicy) { p.SCIM.URL = "https://b.example" }, true},
		"the Secret":      {func(p *v1alpha1.DirectoryPolicy) { p.SCIM.CredentialsSecretRef.Name = "b" }, true},
		"what it adopts":  {func(p *v1alpha1.DirectoryPolicy) { p.Adoption = v1alpha1.AdoptionAdopt }, true},
		"what it reports": {func(p *v1alpha1.DirectoryPolicy) { p.DriftPolicy = v1alpha1.DriftReport }, true},
		"none at all":     {func(p *v1alpha1.DirectoryPolicy) { *p = v1alpha1.DirectoryPolicy{} }, true},
	} {
		if got := anotherDirectory(of(same), of(tt.change)); got != tt.want {
			t.Errorf("%s: %t", why, got)
		}
	}
}
