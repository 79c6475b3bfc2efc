// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

var errAsked = errors.New("the other client was asked")

// other is a client that lists nothing.
type other struct{ client.Client }

func (other) List(context.Context, client.ObjectList, ...client.ListOption) error { return errAsked }

// What comes from the shelf is what the cache lists, of each kind, and nothing else comes from there.
func TestListsComeFromTheShelf(t *testing.T) {
	t.Parallel()
	here, there := env.Namespace(t), env.Namespace(t)
	for _, o := range []client.Object{
		build.User("paul").In(here, "acme").Obj(), build.User("ines").In(here, "acme").Obj(), build.User("zoe").In(here, "globex").Obj(),
		build.User("paul").In(there, "acme").Obj(), build.Role("member").SeatPool("standard").In(here, "acme").Obj(),
		build.Team("sales").Members("paul").In(here, "acme").Obj(), build.SeatPool("standard").Seats(1).In(here, "acme").Obj(),
	} {
		if err := env.Client(t).Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	var shelf index.Shelf
	c := shelf.Client(other{}, []string{here, there})
	everybody := []client.ListOption{client.InNamespace(here), client.MatchingFields{index.Organization: "acme"}, loop.Lagging{}}
	if err := c.List(t.Context(), &v1alpha1.UserList{}, everybody...); !errors.Is(err, errAsked) {
		t.Errorf("before there is a cache: %v", err)
	}
	known := filled(t, cache.Options{
		DefaultNamespaces: map[string]cache.Config{here: {}, there: {}}, NewInformer: shelf.Over(toolscache.NewSharedIndexInformer),
	})

	for name, tc := range map[string]struct {
		got, want client.ObjectList
		options   []client.ListOption
	}{
		"users":        {&v1alpha1.UserList{}, &v1alpha1.UserList{}, everybody},
		"roles":        {&v1alpha1.RoleList{}, &v1alpha1.RoleList{}, everybody},
		"teams":        {&v1alpha1.TeamList{}, &v1alpha1.TeamList{}, everybody},
		"pools":        {&v1alpha1.SeatPoolList{}, &v1alpha1.SeatPoolList{}, everybody},
		"records":      {&v1alpha1.ArchivedUserList{}, &v1alpha1.ArchivedUserList{}, everybody},
		"slices":       {&v1alpha1.SeatSliceList{}, &v1alpha1.SeatSliceList{}, []client.ListOption{client.InNamespace(here), client.MatchingFields{index.SlicePool: "standard"}, loop.Lagging{}}},
		"of a member":  {&v1alpha1.TeamList{}, &v1alpha1.TeamList{}, []client.ListOption{client.InNamespace(here), client.MatchingFields{index.TeamMember: "paul"}, loop.Lagging{}}},
		"nobody":       {&v1alpha1.UserList{}, &v1alpha1.UserList{}, []client.ListOption{client.InNamespace(here), client.MatchingFields{index.Organization: "initech"}, loop.Lagging{}}},
		"what was had": {&v1alpha1.UserList{Items: make([]v1alpha1.User, 3)}, &v1alpha1.UserList{}, everybody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := errors.Join(c.List(t.Context(), tc.got, tc.options...), known.List(t.Context(), tc.want, tc.options...)); err != nil {
				t.Fatal(err)
			}
			byName := cmpopts.SortSlices(func(a, b v1alpha1.User) bool { return a.Name < b.Name })
			if diff := cmp.Diff(tc.want, tc.got, byName, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(v1alpha1.UserList{}, "ListMeta"),
				cmpopts.IgnoreFields(v1alpha1.RoleList{}, "ListMeta"), cmpopts.IgnoreFields(v1alpha1.TeamList{}, "ListMeta"),
				cmpopts.IgnoreFields(v1alpha1.SeatPoolList{}, "ListMeta"), cmpopts.IgnoreFields(v1alpha1.ArchivedUserList{}, "ListMeta"),
				cmpopts.IgnoreFields(v1alpha1.SeatSliceList{}, "ListMeta")); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}

	in, acme := client.InNamespace(here), client.MatchingFields{index.Organization: "acme"}
	for name, options := range map[string][]client.ListOption{
		"our own writes are to be in it": {in, acme},
		"to be changed":                  {in, acme, &client.ListOptions{DisableReadYourWritesConsistency: true}},
		"everywhere":                     {client.MatchingFields{index.UserAddress: "paul@example.com"}, loop.Lagging{}},
		"a namespace it does not know":   {client.InNamespace("default"), acme, loop.Lagging{}},
		"by two indexes":                 {in, client.MatchingFields{index.Organization: "acme", index.UserManager: "paul"}, loop.Lagging{}},
		"by an index that is not there":  {in, client.MatchingFields{"colour": "red"}, loop.Lagging{}},
		"by labels as well":              {in, acme, client.MatchingLabelsSelector{Selector: labels.Everything()}, loop.Lagging{}},
		"only some":                      {in, acme, client.Limit(1), loop.Lagging{}},
		"all":                            {in, loop.Lagging{}},
	} {
		if err := c.List(t.Context(), &v1alpha1.UserList{}, options...); !errors.Is(err, errAsked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.List(t.Context(), &v1alpha1.OrganizationList{}, everybody...); !errors.Is(err, errAsked) {
		t.Errorf("a kind that is not on the shelf: %v", err)
	}
}
