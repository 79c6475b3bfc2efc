// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"seatkeeper.dev/seatkeeper/internal/ownership"
)

// declaredIn says in words who declares an object in Git, and would set back what is edited here; empty when nobody does.
func declaredIn(o client.Object) string {
	if tool, place := ownership.Tracker(o); tool != "" {
		return fmt.Sprintf("%s (%s)", tool, place)
	}
	return ""
}

// inGit says that a tool writes this very field of an object from Git. Others that it does not write stay as they are set here.
func inGit(o client.Object, path ...string) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return ownership.Tool(&entry) != "" && has(entry.FieldsV1, path)
	})
}

// has says that a set of fields has one.
func has(set *metav1.FieldsV1, path []string) bool {
	if set == nil {
		return false
	}
	at := map[string]json.RawMessage{}
	next := json.RawMessage(set.GetRawBytes())
	for _, name := range path {
		clear(at)
		if err := json.Unmarshal(next, &at); err != nil {
			return false
		}
		var ok bool
		if next, ok = at["f:"+name]; !ok {
			return false
		}
	}
	return true
}

// toCommit is what of an object has to be changed in Git for it to become another.
func toCommit(before, after client.Object) (map[string]any, error) {
	patch, err := client.MergeFrom(before).Data(after)
	if err != nil {
		return nil, err
	}
	change := map[string]any{}
	if err := json.Unmarshal(patch, &change); err != nil {
		return nil, err
	}
	gvk, err := apiutil.GVKForObject(before, Scheme())
	if err != nil {
		return nil, err
	}
	change["apiVersion"], change["kind"] = gvk.GroupVersion().String(), gvk.Kind
	metadata := map[string]any{"name": before.GetName(), "namespace": before.GetNamespace()}
	if was, ok := change["metadata"].(map[string]any); ok && was["annotations"] != nil {
		metadata["annotations"] = was["annotations"]
	}
	change["metadata"] = metadata
	return change, nil
}

// kindOf is the kind of an object in words, such as User.
func kindOf(o client.Object) string {
	if gvk, err := apiutil.GVKForObject(o, Scheme()); err == nil {
		return gvk.Kind
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1alpha1.")
}
