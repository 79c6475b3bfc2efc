// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"slices"
	"testing"

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
					[]client.ListOption{client.InNamespace(there), client.MatchingFields{index.UserEmail: index.EmailKey("acme", "jean@acme.example")}}, []string{there},
				},
				"address everywhere": {[]client.ListOption{client.MatchingFields{index.UserAddress: "jean@acme.example"}}, []string{here, there}},
				"UID everywhere":     {[]client.ListOption{client.MatchingFields{index.UserUID: string(jean.UID)}}, []string{here}},
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
	if _, err := index.Find[v1alpha1.User](shelf, here, "colour", "red"); err == nil {
		t.Error("an index that is not there finds nobody, and says nothing")
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
