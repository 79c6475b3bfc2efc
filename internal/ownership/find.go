// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/handover"
)

// Found is what people own by a rule, as far as it matters to whoever hands it over.
type Found struct {
	// Free is the number of objects that nobody declares in Git.
	Free int
	// Tracked are those that somebody does.
	Tracked []Tracked
	// Trouble is why it cannot be known; empty when it is. Note is what people should know although nothing is wrong.
	Trouble, Note string
}

// Tracked is an object that is declared in Git.
type Tracked struct {
	APIVersion, Kind, Name string
	// By is the tool, and Place what it calls the place.
	By, Place string
	// path leads to the owner.
	path []string
}

// Patch is what has to be changed in Git for somebody else to own the object.
func (t *Tracked) Patch(namespace, owner string) map[string]any {
	object := map[string]any{"apiVersion": t.APIVersion, "kind": t.Kind}
	_ = unstructured.SetNestedField(object, t.Name, "metadata", "name") // these are maps
	_ = unstructured.SetNestedField(object, namespace, "metadata", "namespace")
	_ = unstructured.SetNestedField(object, owner, t.path...)
	return object
}

// Find finds what somebody owns by a rule. It holds the names of those alone that are declared in Git.
func (e *Estate) Find(ctx context.Context, namespace string, rule *v1alpha1.OwnershipRule, person string) (Found, error) {
	w := &work{Estate: e, namespace: namespace, rule: &handover.TaskRule{Rule: *rule, From: []string{person}}}
	options := metav1.ListOptions{Limit: pageSize}
	if rule.OwnerField == "" {
		if options.LabelSelector = selector(w.rule.From); options.LabelSelector == "" {
			return Found{}, nil
		}
	}
	var found Found
	err := w.every(ctx, options, func() { found = Found{} }, func(u *unstructured.Unstructured) bool {
		if w.of(u).owner != person {
			return true
		}
		tool, place := Tracker(u)
		if tool == "" {
			found.Free++
			return true
		}
		found.Tracked = append(found.Tracked, Tracked{
			APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Name: u.GetName(), By: tool, Place: place, path: w.path(),
		})
		return true
	})
	if err != nil {
		result, err := w.unknown(handover.Result{}, err)
		return Found{Trouble: result.Trouble, Note: result.Note}, err
	}
	return found, nil
}
