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
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/test/build"
)

// informers keep the indexes that are registered, by kind and name.
type informers struct {
	keys map[string]toolscache.IndexFunc
	err  error
}

func named(o client.Object, name string) string { return fmt.Sprintf("%T by field:%s", o, name) }

// GetInformer implements index.Informers.
func (i *informers) GetInformer(_ context.Context, of client.Object, _ ...cache.InformerGetOption) (cache.Informer, error) {
	return informer{all: i, of: of}, i.err
}

// informer is that of a kind.
type informer struct {
	cache.Informer

	all *informers
	of  client.Object
}

// AddIndexers implements cache.Informer.
func (i informer) AddIndexers(added toolscache.Indexers) error {
	for name, keys := range added {
		in := fmt.Sprintf("%T by %s", i.of, name)
		if _, ok := i.all.keys[in]; ok {
			return fmt.Errorf("%s is there already", in) // which a cache does not take
		}
		i.all.keys[in] = keys
	}
	return nil
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
	archived := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Namespace: "ns"}, Record: v1alpha1.UserRecord{Spec: jean.Spec}}

	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Labels: map[string]string{v1alpha1.LabelRole: "support"}},
		Subjects: []rbacv1.Subject{
			{Kind: rbacv1.UserKind, Name: "jean@acme.example"}, {Kind: rbacv1.GroupKind, Name: "all"}, {Kind: rbacv1.UserKind, Name: "anna@acme.example"},
		},
	}

	i := &informers{keys: map[string]toolscache.IndexFunc{}}
	if err := index.Register(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct {
		object client.Object
		name   string
		want   []string
	}{
		"users of an organization":     {jean, index.Organization, []string{"ns/acme"}},
		"roles of an organization":     {role, index.Organization, []string{"ns/acme"}},
		"pools of an organization":     {pool, index.Organization, []string{"ns/acme"}},
		"teams of an organization":     {team, index.Organization, []string{"ns/acme"}},
		"records of an organization":   {archived, index.Organization, []string{"ns/acme"}},
		"users by role":                {jean, index.UserRole, []string{"ns/a", "ns/b"}},
		"users without a role":         {anna, index.UserRole, nil},
		"users by address":             {jean, index.UserEmail, []string{"ns/" + index.Bucket(index.EmailKey("acme", "jean@acme.EXAMPLE"))}},
		"users of all by address":      {jean, index.UserAddress, []string{"__all_namespaces/" + index.Bucket("jean@acme.example")}},
		"users by UID":                 {jean, index.UserUID, []string{"__all_namespaces/" + index.Bucket("u-1")}},
		"users by manager":             {jean, index.UserManager, []string{"ns/anna"}},
		"users without a manager":      {anna, index.UserManager, nil},
		"roles by pool":                {role, index.RolePool, []string{"ns/standard"}},
		"slices by pool":               {slice, index.SlicePool, []string{"ns/standard"}},
		"slices by holder":             {slice, index.SliceHolder, []string{"ns/" + index.Bucket("u-1"), "ns/" + index.Bucket("u-2")}},
		"slices that nobody holds":     {build.SeatSlice("standard", 0).Obj(), index.SliceHolder, nil},
		"teams by member":              {team, index.TeamMember, []string{"ns/jean", "ns/anna"}},
		"bindings of a role":           {binding, index.BindingRole, []string{"ns/support"}},
		"bindings of no role":          {&rbacv1.RoleBinding{}, index.BindingRole, nil},
		"bindings by user":             {binding, index.BindingSubject, []string{"ns/jean@acme.example", "ns/anna@acme.example"}},
		"teams that nobody belongs to": {build.Team("empty").Obj(), index.TeamMember, nil},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			keys, ok := i.keys[named(c.object, c.name)]
			if !ok {
				t.Fatalf("%s is not indexed", named(c.object, c.name))
			}
			got, err := keys(c.object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestRegisterTellsWhatFails(t *testing.T) {
	t.Parallel()
	failed := errors.New("the cache has started")
	err := index.Register(t.Context(), &informers{keys: map[string]toolscache.IndexFunc{}, err: failed})
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
