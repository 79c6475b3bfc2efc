// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Compact has a cache keep less of an object: not who manages which field, which nobody asks for, and what is said of very many people in the
// same words only once.
func Compact() cache.TransformFunc {
	return func(o any) (any, error) {
		object, ok := o.(client.Object)
		if !ok { // one that was deleted while nobody looked, as it was last known
			return o, nil
		}
		object.SetManagedFields(nil)
		switch o := o.(type) {
		case *v1alpha1.User:
			compactUser(o)
		case *v1alpha1.SeatSlice:
			once(&o.Kind, &o.APIVersion, &o.Namespace, &o.Pool)
			o.Assignments = exact(o.Assignments)
		}
		return o, nil
	}
}

func compactUser(u *v1alpha1.User) {
	spec, st := &u.Spec, &u.Status
	once(&u.Kind, &u.APIVersion, &u.Namespace, &spec.Organization, &spec.Locale, &spec.TimeZone, &spec.Manager, &spec.Successor)
	once(&spec.State)
	for _, list := range []*[]string{&u.Finalizers, &spec.Roles, &st.Roles, &st.Seats} {
		all(list)
	}
	for i := range st.Conditions {
		compactCondition(&st.Conditions[i])
	}
	st.Conditions = exact(st.Conditions)
}

func compactCondition(c *metav1.Condition) {
	once(&c.Type, &c.Reason, &c.Message)
	once(&c.Status)
}

// all has each of a list kept once, and the list take no more than it needs.
func all(list *[]string) {
	*list = exact(*list)
	for i := range *list {
		once(&(*list)[i])
	}
}

// exact is a list without room for more.
func exact[T any](list []T) []T {
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}

// once has what is said in the same words take the same place.
func once[S ~string](words ...*S) {
	for _, w := range words {
		if *w != "" {
			*w = unique.Make(*w).Value()
		}
	}
}
