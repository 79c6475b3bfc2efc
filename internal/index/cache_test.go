// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

// A cache finds by the indexes what it is asked for: within a namespace, and in all that it knows by the two that say so.
func TestACacheFindsByTheIndexes(t *testing.T) {
	t.Parallel()
	here, there := env.Namespace(t), env.Namespace(t)
	jean := build.User("jean").In(here, "acme").Email("jean@acme.example").Obj()
	for _, u := range []*v1alpha1.User{jean, build.User("jean").In(there, "acme").Email("Jean@acme.example").Obj()} {
		if err := env.Client(t).Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	for name, options := range map[string]cache.Options{
		"of namespaces": {DefaultNamespaces: map[string]cache.Config{here: {}, there: {}}},
		"of all":        {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shelf index.Shelf
			options.NewInformer = shelf.Over(toolscache.NewSharedIndexInformer)
			c := filled(t, options)
			for why, tc := range map[string]struct {
				asked []client.ListOption
				want  []string
			}{
				"organization in a namespace": {[]client.ListOption{client.InNamespace(here), client.MatchingFields{index.Organization: "acme"}}, []string{here}},
				"address in a namespace": {
					[]client.ListOption{client.InNamespace(there), client.MatchingFields{index.UserEmail: index.Bucket(index.EmailKey("acme", "jean@acme.example"))}}, []string{there},
				},
				"address everywhere": {[]client.ListOption{client.MatchingFields{index.UserAddress: index.Bucket("jean@acme.example")}}, []string{here, there}},
				"UID everywhere":     {[]client.ListOption{client.MatchingFields{index.UserUID: index.Bucket(string(jean.UID))}}, []string{here}},
			} {
				var list v1alpha1.UserList
				if err := c.List(t.Context(), &list, tc.asked...); err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range list.Items {
					got = append(got, list.Items[i].Namespace)
				}
				slices.Sort(got)
				if slices.Sort(tc.want); !slices.Equal(got, tc.want) {
					t.Errorf("users by %s are in %v, want %v", why, got, tc.want)
				}
			}
			wantOnShelf(t, &shelf, here, there)
		})
	}
}

// wantOnShelf wants what is on a shelf to be found within a namespace alone, and to be the cache's own.
func wantOnShelf(t *testing.T, shelf *index.Shelf, here, there string) {
	t.Helper()
	for _, namespace := range []string{here, there} {
		found, err := index.Find[v1alpha1.User](shelf, namespace, index.Organization, "acme")
		if err != nil || len(found) != 1 || found[0].Namespace != namespace {
			t.Fatalf("in %s there are %v (%v)", namespace, found, err)
		}
		again, err := index.Find[v1alpha1.User](shelf, namespace, index.Organization, "acme")
		if err != nil || again[0] != found[0] {
			t.Errorf("who is found again is a copy (%v)", err)
		}
	}
	_, noFind := index.Find[v1alpha1.User](shelf, here, "colour", "red")
	_, noKeys := index.Keys[v1alpha1.User](shelf, here, "colour", "red")
	if noFind == nil || noKeys == nil {
		t.Error("an index that is not there finds nobody, and says nothing")
	}
	keys, err := index.Keys[v1alpha1.User](shelf, there, index.Organization, "acme")
	if want := []types.NamespacedName{{Namespace: there, Name: "jean"}}; err != nil || !slices.Equal(want, keys) {
		t.Errorf("the keys are %v (%v), want %v", keys, err, want)
	}
	keys, err = index.Keys[v1alpha1.User](shelf, "", index.UserAddress, index.Bucket("jean@acme.example"))
	if err != nil || len(keys) != 2 {
		t.Errorf("the keys everywhere are %v (%v)", keys, err)
	}
}

// Who shares a bucket with somebody is not taken for them.
func TestABucketIsPickedFrom(t *testing.T) {
	t.Parallel()
	ns := env.Namespace(t)
	jean := build.User("jean").In(ns, "acme").Email("paula@acme.example").Obj()
	same := func(bucket string, of func(email string) string) string {
		for i := 0; ; i++ {
			if email := fmt.Sprintf("p%d@acme.example", i); index.Bucket(of(email)) == bucket {
				return email
			}
		}
	}
	key := func(email string) string { return index.EmailKey("acme", email) }
	beside := []*v1alpha1.User{
		build.User("beside").In(ns, "acme").Email(same(index.Bucket(key("paula@acme.example")), key)).Obj(),
		build.User("elsewhere").In(ns, "globex").Email(same(index.Bucket("paula@acme.example"), func(email string) string { return email })).Obj(),
	}
	for _, u := range append(beside, jean) {
		if err := env.Client(t).Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	var shelf index.Shelf
	filled(t, cache.Options{DefaultNamespaces: map[string]cache.Config{ns: {}}, NewInformer: shelf.Over(toolscache.NewSharedIndexInformer)})
	for why, find := range map[string]func() ([]*v1alpha1.User, error){
		"in the organization": func() ([]*v1alpha1.User, error) { return index.AtAddress(&shelf, ns, "acme", "PAULA@acme.example") },
		"everywhere":          func() ([]*v1alpha1.User, error) { return index.WithAddress(&shelf, "paula@acme.example") },
	} {
		if found, err := find(); err != nil || len(found) != 1 || found[0].Name != "jean" {
			t.Errorf("%s, there are %v (%v), want jean alone", why, found, err)
		}
	}
}

// filled is a cache with the indexes, which shows what is there.
func filled(t *testing.T, options cache.Options) cache.Cache {
	t.Helper()
	options.Scheme = env.Scheme()
	c, err := cache.New(env.Config(t), options)
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Register(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.Start(t.Context()) }()
	if !c.WaitForCacheSync(t.Context()) {
		t.Fatal("the cache does not fill")
	}
	return c
}
