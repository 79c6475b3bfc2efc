// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The tools that set back what is edited beside Git.
const (
	argo = "Argo CD"
	flux = "Flux"
)

// gitManagers are the names under which these tools write.
var gitManagers = map[string]string{
	"kustomize-controller": flux, "helm-controller": flux, "argocd-controller": argo, "argocd-application-controller": argo,
}

// Tracker says who declares an object in Git, and would set it back: the tool, and what it calls the place, or the name under which it
// writes. Both are empty when nobody does.
func Tracker(o metav1.Object) (tool, place string) {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	for _, by := range []struct{ tool, mark string }{
		{flux, labels["kustomize.toolkit.fluxcd.io/name"]},
		{flux, labels["helm.toolkit.fluxcd.io/name"]},
		{argo, labels["argocd.argoproj.io/instance"]},
		{argo, annotations["argocd.argoproj.io/tracking-id"]},
	} {
		if by.mark != "" {
			return by.tool, by.mark
		}
	}
	for _, entry := range o.GetManagedFields() {
		if tool := Tool(&entry); tool != "" {
			return tool, "field manager " + entry.Manager
		}
	}
	return "", ""
}

// Tool is who writes fields from Git; empty when these are somebody else's, or of a subresource, which is in no Git.
func Tool(entry *metav1.ManagedFieldsEntry) string {
	if entry.Subresource != "" {
		return ""
	}
	return gitManagers[entry.Manager]
}
