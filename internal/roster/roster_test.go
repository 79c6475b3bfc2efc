// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"pgregory.net/rapid"
	informers "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/roster"
	"seatkeeper.dev/seatkeeper/test/build"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// cache answers from objects by the indexes that the operator registers, as a cache does.
type cache struct {
	objects []client.Object
	indexes map[string]toolscache.IndexFunc
	err     error
}

func newCache(t testing.TB, objects ...client.Object) *cache {
	t.Helper()
	c := &cache{objects: objects, indexes: map[string]toolscache.IndexFunc{}}
	if err := index.Register(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// GetInformer implements index.Informers.
func (c *cache) GetInformer(_ context.Context, of client.Object, _ ...informers.InformerGetOption) (informers.Informer, error) {
	return informer{cache: c, kind: fmt.Sprintf("%T", of)}, nil
}

// informer is that of a kind.
type informer struct {
	informers.Informer

	cache *cache
	kind  string
}

// AddIndexers implements cache.Informer.
func (i informer) AddIndexers(added toolscache.Indexers) error {
	for name, keys := range added {
		i.cache.indexes[i.kind+" "+name] = keys
	}
	return nil
}

// Get implements client.Reader.
func (c *cache) Get(_ context.Context, key types.NamespacedName, into client.Object, _ ...client.GetOption) error {
	for _, o := range c.objects {
		if reflect.TypeOf(o) == reflect.TypeOf(into) && client.ObjectKeyFromObject(o) == key {
			reflect.ValueOf(into).Elem().Set(reflect.ValueOf(o).Elem())
			return c.err
		}
	}
	return errors.Join(c.err, apierrors.NewNotFound(schema.GroupResource{}, key.Name))
}

// List implements client.Reader.
func (c *cache) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	asked := (&client.ListOptions{}).ApplyOptions(opts)
	want := asked.FieldSelector.Requirements()[0]
	var found []runtime.Object
	for _, o := range c.objects {
		if strings.TrimSuffix(fmt.Sprintf("%T", list), "List") != fmt.Sprintf("%T", o) {
			continue
		}
		keys, err := c.indexes[fmt.Sprintf("%T field:%s", o, want.Field)](o)
		if err != nil {
			return err
		}
		if slices.Contains(keys, asked.Namespace+"/"+want.Value) {
			found = append(found, o)
		}
	}
	return errors.Join(c.err, meta.SetList(list, found))
}

func acme() *v1alpha1.Organization {
	return build.Organization("acme").In("ns").DefaultRole("guest").Obj()
}

// house is an organization with a tree of teams, beside another one with names that are alike.
func house() []client.Object {
	return []client.Object{
		acme(),
		build.Role("guest").In("ns", "acme").Obj(), build.Role("seller").In("ns", "acme").Obj(), build.Role("boss").In("ns", "acme").Includes("seller").Obj(),
		build.Role("top").In("ns", "acme").Includes("boss").Obj(), build.Role("theirs").In("ns", "globex").Includes("seller").Obj(),
		build.Team("company").In("ns", "acme").Members("ceo").Roles("guest").Obj(),
		build.Team("sales").In("ns", "acme").Parent("company").Members("jean").Roles("seller").Obj(),
		build.Team("field").In("ns", "acme").Parent("sales").Members("max").Obj(),
		build.Team("labs").In("ns", "acme").Parent("company").Members("lea").Obj(),
		build.Team("spies").In("ns", "globex").Parent("sales").Members("mallory").Roles("seller").Obj(),
		build.User("ceo").In("ns", "acme").Roles("top").Obj(),
		build.User("jean").In("ns", "acme").Delegate("nadia", now, now.Add(time.Hour)).Obj(),
		build.User("nadia").In("ns", "acme").Obj(), build.User("max").In("ns", "acme").Obj(), build.User("lea").In("ns", "acme").Obj(),
		build.User("former").In("ns", "acme").Roles("guest").Holds("seller").Obj(),
		build.User("mallory").In("ns", "globex").Roles("seller", "guest").Delegate("lea", now, now.Add(time.Hour)).Obj(),
	}
}

func find[T client.Object](objects []client.Object, name string) T {
	for _, o := range objects {
		if found, ok := o.(T); ok && o.GetName() == name {
			return found
		}
	}
	panic(name)
}

func TestByTeam(t *testing.T) {
	t.Parallel()
	objects := house()
	sales := find[*v1alpha1.Team](objects, "sales")
	joined, moved, armed, renamed := sales.DeepCopy(), sales.DeepCopy(), sales.DeepCopy(), sales.DeepCopy()
	joined.Spec.Members = []v1alpha1.TeamMembership{{User: "lea"}, {User: "zoe"}}
	moved.Spec.Parent = ""
	armed.Spec.Roles = []string{"boss"}
	renamed.Spec.DisplayName = "Sales"
	for name, c := range map[string]struct {
		why           string
		before, after *v1alpha1.Team
		want          []string
	}{
		"created": {why: "the team and those below, and who stands in for them", after: sales, want: []string{"jean", "max", "nadia"}},
		"gone":    {why: "the same", before: sales, want: []string{"jean", "max", "nadia"}},
		"moved":   {why: "the same", before: sales, after: moved, want: []string{"jean", "max", "nadia"}},
		"roles":   {why: "the same", before: sales, after: armed, want: []string{"jean", "max", "nadia"}},
		"members": {why: "who came, who went, and nobody of those who stay", before: sales, after: joined, want: []string{"jean", "lea", "nadia", "zoe"}},
		"renamed": {why: "nobody", before: sales, after: renamed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := roster.Of(t.Context(), newCache(t, objects...), "ns", "acme")
			if diff := cmp.Diff(c.want, r.ByTeam(c.before, c.after), cmpopts.EquateEmpty()); diff != "" || r.Err() != nil {
				t.Errorf("%s (%v); want -, got +:\n%s", c.why, r.Err(), diff)
			}
		})
	}
}

func TestByRole(t *testing.T) {
	t.Parallel()
	for role, want := range map[string][]string{
		"seller": {"ceo", "former", "jean", "max", "nadia"},        // of boss and top, held, by team and below, delegated
		"top":    {"ceo"},                                          // nothing includes it
		"guest":  {"ceo", "former", "jean", "lea", "max", "nadia"}, // the default is everybody's
		"none":   nil,
	} {
		r := roster.Of(t.Context(), newCache(t, house()...), "ns", "acme")
		if diff := cmp.Diff(want, r.ByRole(role), cmpopts.EquateEmpty()); diff != "" || r.Err() != nil {
			t.Errorf("%s (%v); want -, got +:\n%s", role, r.Err(), diff)
		}
	}
}

func TestDelegates(t *testing.T) {
	t.Parallel()
	jean := func() *build.UserBuilder { return build.User("jean").Roles("a") }
	was := jean().Delegate("nadia", now, now.Add(time.Hour)).Obj()
	for name, c := range map[string]struct {
		before, after *v1alpha1.User
		want          []string
	}{
		"created":   {after: was, want: []string{"nadia"}},
		"gone":      {before: was, want: []string{"nadia"}},
		"status":    {before: was, after: jean().Delegate("nadia", now, now.Add(time.Hour)).Holds("a").Obj()},
		"roles":     {before: was, after: jean().Roles("b").Delegate("nadia", now, now.Add(time.Hour)).Obj(), want: []string{"nadia"}},
		"suspended": {before: was, after: jean().State(v1alpha1.UserSuspended).Delegate("nadia", now, now.Add(time.Hour)).Obj(), want: []string{"nadia"}},
		"longer":    {before: was, after: jean().Delegate("nadia", now, now.Add(2*time.Hour)).Obj(), want: []string{"nadia"}},
		"another":   {before: was, after: jean().Delegate("max", now, now.Add(time.Hour)).Obj(), want: []string{"max", "nadia"}},
		"nobody's":  {before: jean().Obj(), after: jean().Roles("b").Obj()},
	} {
		if diff := cmp.Diff(c.want, roster.Delegates(c.before, c.after), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s; want -, got +:\n%s", name, diff)
		}
	}
}

func TestDecided(t *testing.T) {
	t.Parallel()
	with := func(decisions ...v1alpha1.RoleDecision) *v1alpha1.Organization {
		org := acme()
		org.Status.RoleDecisions = decisions
		return org
	}
	ada, bea := v1alpha1.RoleDecision{Role: "a", User: "ada", Number: 1}, v1alpha1.RoleDecision{Role: "a", User: "bea", Number: 1}
	again := ada
	again.Number = 2
	if diff := cmp.Diff([]string{"ada"}, roster.Decided(with(ada, bea), with(again, bea))); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ada", "bea"}, roster.Decided(with(ada, bea), nil)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestReadAll checks that whoever reads everything at once resolves the same roles as who reads what is asked for.
func TestReadAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		users, teams, roles := []string{"u0", "u1", "u2", "u3"}, []string{"t0", "t1", "t2"}, []string{"r0", "r1", "r2"}
		some := func(of []string, what string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID[string]).Draw(rt, what)
		}
		in := func() string { return rapid.SampledFrom([]string{"acme", "acme", "globex"}).Draw(rt, "organization") }
		objects := []client.Object{acme()}
		var listed []*v1alpha1.User
		for _, name := range users {
			u := build.User(name).In("ns", in()).Roles(some(roles, "roles")...)
			for _, to := range some(users, "delegates") {
				u.Delegate(to, now, now.Add(time.Hour))
			}
			objects = append(objects, u.Obj())
			if u.Obj().Spec.Organization == "acme" {
				listed = append(listed, u.Obj())
			}
		}
		for _, name := range teams {
			objects = append(objects, build.Team(name).In("ns", in()).Parent(rapid.SampledFrom(append(teams, "")).Draw(rt, "parent")).
				Members(some(users, "members")...).Roles(some(roles, "team roles")...).Obj())
		}
		for _, name := range roles[:2] {
			objects = append(objects, build.Role(name).In("ns", in()).Includes(some(roles, "includes")...).SeatPool(name).Obj())
		}
		c := newCache(t, objects...)
		key := types.NamespacedName{Namespace: "ns", Name: "acme"}
		whole := roster.New(t.Context(), c, key, acme())
		if err := whole.ReadAll(listed); err != nil {
			rt.Fatal(err)
		}
		for i := range listed {
			one := roster.New(t.Context(), c, key, acme())
			a, b := access.Of(listed[i], one, now), access.Of(listed[i], whole, now)
			if !slices.Equal(a.Names(), b.Names()) || !slices.Equal(a.Pools, b.Pools) || len(a.Unknown) != len(b.Unknown) || !a.Changes.Equal(b.Changes) || one.Err() != nil {
				rt.Fatalf("%s: %+v and %+v (%v)", listed[i].Name, a, b, one.Err())
			}
		}
	})
}

// TestErr checks that a failure to read is told, and not taken for there being nothing.
func TestErr(t *testing.T) {
	t.Parallel()
	c := newCache(t, house()...)
	c.err = errors.New("the cache is broken")
	r := roster.New(t.Context(), c, types.NamespacedName{Namespace: "ns", Name: "acme"}, acme())
	access.Of(build.User("jean").In("ns", "acme").Obj(), r, now)
	if !errors.Is(r.Err(), c.err) {
		t.Errorf("got %v", r.Err())
	}
	if err := roster.New(t.Context(), c, types.NamespacedName{Namespace: "ns", Name: "acme"}, acme()).ReadAll(nil); !errors.Is(err, c.err) {
		t.Errorf("got %v", err)
	}
}
