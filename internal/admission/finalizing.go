// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"gomodules.xyz/jsonpatch/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// finalizing adds a finalizer at creation, which saves a write later. It leaves the rest as it was sent. A defaulter would write
// the whole object anew, and a time as Go writes it: `18:00+02:00` would be stored as `16:00Z`, and whoever applies the same YAML once
// more, as GitOps tools do, would change the spec.
type finalizing struct {
	*base

	finalizer string
}

// Handle implements admission.Handler.
func (f *finalizing) Handle(_ context.Context, req admission.Request) admission.Response {
	var o metav1.PartialObjectMetadata
	if err := json.Unmarshal(req.Object.Raw, &o); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("reading the object: %w", err))
	}
	if !o.DeletionTimestamp.IsZero() || !f.runs(req.Namespace) || !controllerutil.AddFinalizer(&o, f.finalizer) {
		return admission.Allowed("")
	}
	return admission.Patched("", jsonpatch.NewOperation("add", "/metadata/finalizers", o.Finalizers))
}
