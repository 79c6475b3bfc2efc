// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Tracker says who declares an object in Git, and would set it back: the tool, and what it calls the place. Both are empty when nobody
// does.
func Tracker(o metav1.Object) (tool, place string) {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	for _, by := range []struct{ tool, mark string }{
		{"Flux", labels["kustomize.toolkit.fluxcd.io/name"]},
		{"Flux", labels["helm.toolkit.fluxcd.io/name"]},
		{"Argo CD", labels["argocd.argoproj.io/instance"]},
		{"Argo CD", annotations["argocd.argoproj.io/tracking-id"]},
	} {
		if by.mark != "" {
			return by.tool, by.mark
		}
	}
	return "", ""
}
