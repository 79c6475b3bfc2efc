// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/test/build"
)

// indexer keeps the functions that are registered, by kind and name, as a cache does.
type indexer struct {
	values map[string]client.IndexerFunc
	err    error
}

func key(o client.Object, name string) string { return fmt.Sprintf("%T by %s", o, name) }

func (i *indexer) IndexField(_ context.Context, o client.Object, name string, values client.IndexerFunc) error {
	if _, ok := i.values[key(o, name)]; ok {
		return fmt.Errorf("%s is there already", key(o, name)) // which a cache does not take
	}
	i.values[key(o, name)] = values
	return i.err
}

func TestRegister(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	jean := build.User("jean").In("ns", "acme").UID("u-1").Email("Jean@ACME.example").Roles("a", "b").Manager("anna").Obj()
	anna := build.User("anna").In("ns", "acme").UID("u-2").Obj()
	role := build.Role("support").In("ns", "acme").SeatPool("standard").Obj()
	pool := build.SeatPool("standard").In("ns", "acme").Obj()
	team := build.Team("sales").In("ns", "acme").Lead("jean").Members("anna").Obj()
	slice := build.SeatSlice("standard", 3).In("ns").Held(192, jean, now).Held(200, anna, now).Obj()
	archived := &v1alpha1.ArchivedUser{Record: v1alpha1.UserRecord{Spec: jean.Spec}}

	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRole: "support"}},
		Subjects: []rbacv1.Subject{
			{Kind: rbacv1.UserKind, Name: "jean@acme.example"}, {Kind: rbacv1.GroupKind, Name: "all"}, {Kind: rbacv1.UserKind, Name: "anna@acme.example"},
		},
	}

	i := &indexer{values: map[string]client.IndexerFunc{}}
	if err := index.Register(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct {
		object client.Object
		name   string
		want   []string
	}{
		"users of an organization":     {jean, index.Organization, []string{"acme"}},
		"roles of an organization":     {role, index.Organization, []string{"acme"}},
		"pools of an organization":     {pool, index.Organization, []string{"acme"}},
		"teams of an organization":     {team, index.Organization, []string{"acme"}},
		"records of an organization":   {archived, index.Organization, []string{"acme"}},
		"users by role":                {jean, index.UserRole, []string{"a", "b"}},
		"users without a role":         {anna, index.UserRole, nil},
		"users by address":             {jean, index.UserEmail, []string{index.EmailKey("acme", "jean@acme.EXAMPLE")}},
		"users of all by address":      {jean, index.UserAddress, []string{"jean@acme.example"}},
		"users by UID":                 {jean, index.UserUID, []string{"u-1"}},
		"users by manager":             {jean, index.UserManager, []string{"anna"}},
		"users without a manager":      {anna, index.UserManager, nil},
		"roles by pool":                {role, index.RolePool, []string{"standard"}},
		"slices by pool":               {slice, index.SlicePool, []string{"standard"}},
		"slices by holder":             {slice, index.SliceHolder, []string{"u-1", "u-2"}},
		"slices that nobody holds":     {build.SeatSlice("standard", 0).Obj(), index.SliceHolder, nil},
		"teams by member":              {team, index.TeamMember, []string{"jean", "anna"}},
		"bindings of a role":           {binding, index.BindingRole, []string{"support"}},
		"bindings of no role":          {&rbacv1.RoleBinding{}, index.BindingRole, nil},
		"bindings by user":             {binding, index.BindingSubject, []string{"jean@acme.example", "anna@acme.example"}},
		"teams that nobody belongs to": {build.Team("empty").Obj(), index.TeamMember, nil},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			values, ok := i.values[key(c.object, c.name)]
			if !ok {
				t.Fatalf("%s is not indexed", key(c.object, c.name))
			}
			if diff := cmp.Diff(c.want, values(c.object), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestRegisterTellsWhatFails(t *testing.T) {
	t.Parallel()
	failed := errors.New("the cache has started")
	err := index.Register(t.Context(), &indexer{values: map[string]client.IndexerFunc{}, err: failed})
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), index.Organization) {
		t.Errorf("got %v", err)
	}
}

func TestEmailKey(t *testing.T) {
	t.Parallel()
	if index.EmailKey("acme", "Jean@acme.example") != index.EmailKey("acme", "jean@ACME.example") {
		t.Error("two spellings of an address are found apart")
	}
	if index.EmailKey("acme", "jean@acme.example") == index.EmailKey("globex", "jean@acme.example") {
		t.Error("an address is one person of an organization, not of all")
	}
}
