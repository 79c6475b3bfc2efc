// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/internal/ownership"
)

func TestTracker(t *testing.T) {
	t.Parallel()
	written := func(manager, subresource string) []metav1.ManagedFieldsEntry {
		return []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit"}, {Manager: manager, Subresource: subresource}}
	}
	for _, c := range []struct {
		why         string
		is          metav1.ObjectMeta
		tool, place string
	}{
		{"nobody's", metav1.ObjectMeta{ManagedFields: written("helm", "")}, "", ""},
		{"what a tool writes", metav1.ObjectMeta{ManagedFields: written("helm-controller", "")}, "Flux", "field manager helm-controller"},
		{"what a tool applies", metav1.ObjectMeta{ManagedFields: written("argocd-controller", "")}, "Argo CD", "field manager argocd-controller"},
		{"what a tool writes of the status is in no Git", metav1.ObjectMeta{ManagedFields: written("kustomize-controller", "status")}, "", ""},
		{"a mark says more than who writes", metav1.ObjectMeta{
			Labels: map[string]string{"argocd.argoproj.io/instance": "crm"}, ManagedFields: written("kustomize-controller", ""),
		}, "Argo CD", "crm"},
	} {
		if tool, place := ownership.Tracker(&c.is); tool != c.tool || place != c.place {
			t.Errorf("%s: it is %q, %q", c.why, tool, place)
		}
	}
}
