// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// over is a time that is over.
var over = soon.Add(-2 * time.Hour)

// until sets when access ends; the zero time removes the end.
func until(t time.Time) func(s *v1alpha1.UserSpec) {
	return func(s *v1alpha1.UserSpec) {
		if s.AccessUntil = nil; !t.IsZero() {
			s.AccessUntil = new(metav1.NewTime(t))
		}
	}
}

// The owner's access does not end (rules IN-1, IN-4): an end that is over is refused, as is to archive the owner, and of one to
// come people are told.
func TestIN1_OwnersAccessDoesNotEnd(t *testing.T) {
	t.Parallel()
	d := listen(t, serve(t, env.Namespace(t)))
	d.create(t, build.Organization("acme").In(d.namespace).Owner("ada").Obj(), build.Organization("initech").In(d.namespace).Owner("ina").Obj(),
		build.User("ada").In(d.namespace, "acme").Obj(), build.User("bea").In(d.namespace, "acme").Obj(), build.User("cid").In(d.namespace, "acme").Until(soon).Obj())
	keeps := func(name, organization string, end time.Time) []string {
		return []string{"User " + name + " is the owner of organization " + organization + " and keeps access after " + end.UTC().Format(time.RFC3339) +
			" (spec.accessUntil), until spec.owner there names another"}
	}
	created := func(name string, end time.Time) attempt {
		return func(t *testing.T, d *door, c client.Client) error {
			t.Helper()
			return c.Create(t.Context(), build.User(name).In(d.namespace, "initech").Email(name+"@initech.example").Until(end).Obj(), client.DryRunAll)
		}
	}
	for name, tc := range map[string]struct {
		try           attempt
		refused, told []string
	}{
		"over":              {userOf("ada", until(over)), []string{"spec.accessUntil: Forbidden", "is the owner of organization acme and keeps access: name another owner there first"}, nil},
		"to come":           {userOf("ada", until(soon)), nil, keeps("ada", "acme", soon)},
		"created, over":     {created("ina", over), nil, keeps("ina", "initech", over)},
		"created, to come":  {created("ina", soon), nil, keeps("ina", "initech", soon)},
		"created, another":  {created("ian", over), nil, nil},
		"another's, over":   {userOf("bea", until(over)), nil, nil},
		"another's":         {userOf("bea", until(soon)), nil, nil},
		"another's, as was": {userOf("cid", func(s *v1alpha1.UserSpec) { s.GivenName = "Cid" }), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d.heard()
			expect(t, tc.try(t, d.door, d.Client), tc.refused...)
			if diff := cmp.Diff(tc.told, d.heard()); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
