// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Client returns a client that takes from the shelf what is listed by one index of one of its namespaces, and may be what the cache holds at
// the moment; of all namespaces when there are none. A list by c's own way looks for its informer by reflection and is filled by reflection,
// which costs more than what most lists find: a seat, a team, or nothing.
func (s *Shelf) Client(c client.Client, namespaces []string) client.Client {
	return &shelved{Client: c, shelf: s, namespaces: namespaces}
}

type shelved struct {
	client.Client

	shelf      *Shelf
	namespaces []string
}

// List implements client.Reader.
func (c *shelved) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(options)
	if !c.fill(list, &o) {
		return c.Client.List(ctx, list, &o)
	}
	return nil
}

// fill says whether it could.
func (c *shelved) fill(list client.ObjectList, o *client.ListOptions) bool {
	of, ok := byIndex(o)
	if !ok || len(c.namespaces) > 0 && !slices.Contains(c.namespaces, o.Namespace) {
		return false
	}
	switch list := list.(type) {
	case *v1alpha1.UserList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	case *v1alpha1.ArchivedUserList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	case *v1alpha1.SeatSliceList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	case *v1alpha1.SeatPoolList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	case *v1alpha1.TeamList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	case *v1alpha1.RoleList:
		return copied(c.shelf, &list.Items, o.Namespace, of)
	}
	return false
}

// byIndex is what is asked of an index, if that is all that is asked for.
func byIndex(o *client.ListOptions) (fields.Requirement, bool) {
	asItIs := o.DisableReadYourWritesConsistency && ptr.Deref(o.UnsafeDisableDeepCopy, false)
	if !asItIs || o.Namespace == "" || o.FieldSelector == nil || o.LabelSelector != nil || o.Limit != 0 || o.Continue != "" || o.Raw != nil {
		return fields.Requirement{}, false
	}
	asked := o.FieldSelector.Requirements()
	if len(asked) != 1 || asked[0].Operator != selection.Equals {
		return fields.Requirement{}, false
	}
	return asked[0], true
}

// copied puts what is found into items, unless the cache does not know all yet, or knows no such index.
func copied[T any, P kind[T]](s *Shelf, items *[]T, namespace string, by fields.Requirement) bool {
	informers := s.of(reflect.TypeFor[P]())
	if len(informers) == 0 {
		return false
	}
	for _, informer := range informers {
		if !informer.HasSynced() {
			return false
		}
	}
	found, err := Find[T, P](s, namespace, by.Field, by.Value)
	if err != nil {
		return false
	}
	*items = make([]T, len(found))
	for i, o := range found {
		(*items)[i] = *o
	}
	return true
}
