// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api_test proves on a real API server what the kinds accept, refuse, fill in and show.
package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

// The kinds, as the tables name them.
const (
	archivedUser = "ArchivedUser"
	organization = "Organization"
	role         = "Role"
	seatPool     = "SeatPool"
	seatSlice    = "SeatSlice"
	team         = "Team"
	user         = "User"
)

var noon = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

// typical is a valid object of each kind.
func typical(namespace string) map[string]client.Object {
	ada := build.User("ada").In(namespace, "acme").Roles("support").Obj()
	return map[string]client.Object{
		organization: build.Organization("acme").In(namespace).Obj(),
		role:         build.Role("support").In(namespace, "acme").SeatPool("standard").Obj(),
		seatPool:     build.SeatPool("standard").In(namespace, "acme").Seats(3).Obj(),
		seatSlice:    build.SeatSlice("standard", 1).In(namespace).Capacity(128).Held(64, ada, noon).Held(127, build.User("bob").Obj(), noon).Obj(),
		team:         build.Team("sales").In(namespace, "acme").Lead("ada").Members("bob").Obj(),
		user:         ada,
		archivedUser: &v1alpha1.ArchivedUser{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "f00d"},
			Record: v1alpha1.UserRecord{
				User: ada.Name, UID: ada.UID, Spec: ada.Spec, Reason: v1alpha1.ArchiveLeft, ArchivedAt: metav1.NewTime(noon),
			},
		},
	}
}

// fields are values by path, such as spec.email. A nil takes the field away.
type fields map[string]any

// untyped is the form in which an object can be wrong, with the given fields.
func untyped(t *testing.T, kind string, obj client.Object, changes fields) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	set(t, u, changes)
	return u
}

func set(t *testing.T, u *unstructured.Unstructured, changes fields) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(changes)) { // a field before what is in it
		steps, value := strings.Split(path, "."), changes[path]
		if value == nil {
			unstructured.RemoveNestedField(u.Object, steps...)
		} else if err := unstructured.SetNestedField(u.Object, value, steps...); err != nil {
			t.Fatal(err)
		}
	}
}
