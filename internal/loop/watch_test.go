// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop_test

import (
	"context"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/test/build"
)

// queue notes what is added to it.
type queue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	added []string
}

func (q *queue) Add(r reconcile.Request) { q.added = append(q.added, r.String()) }

// change is what an informer tells; before is nil when the object was created, after when it is gone.
type change struct{ before, after *v1alpha1.User }

// feed gives a change to a handler, and returns what it adds to its queue, sorted.
func (c change) feed(ctx context.Context, h handler.EventHandler) []string {
	q := &queue{}
	switch {
	case c.before == nil:
		h.Create(ctx, event.CreateEvent{Object: c.after}, q)
	case c.after == nil:
		h.Delete(ctx, event.DeleteEvent{Object: c.before}, q)
	default:
		h.Update(ctx, event.UpdateEvent{ObjectOld: c.before, ObjectNew: c.after}, q)
	}
	slices.Sort(q.added)
	return q.added
}

// roleKeys are the keys of the roles of a user, which stand for anything that a change may concern.
func roleKeys(_ context.Context, u *v1alpha1.User) []types.NamespacedName {
	var keys []types.NamespacedName
	for _, role := range u.Spec.Roles {
		keys = append(keys, types.NamespacedName{Namespace: u.Namespace, Name: role})
	}
	return keys
}

var (
	wasOne = build.User("jean").In("acme", "acme").Roles("a", "b").Obj()
	isOne  = build.User("jean").In("acme", "acme").Roles("b", "c").Obj()
	isNone = build.User("jean").In("acme", "acme").Obj()
)

func TestAffectedBy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		change change
		want   []string
	}{
		"created":          {why: "what it concerns", change: change{nil, isOne}, want: []string{"acme/b", "acme/c"}},
		"gone":             {why: "what it concerned", change: change{wasOne, nil}, want: []string{"acme/a", "acme/b"}},
		"changed":          {why: "what it concerned and what it concerns, each once", change: change{wasOne, isOne}, want: []string{"acme/a", "acme/b", "acme/c"}},
		"concerns no more": {why: "what it concerned", change: change{wasOne, isNone}, want: []string{"acme/a", "acme/b"}},
		"of no concern":    {why: "nobody is woken", change: change{isNone, isNone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(c.want, c.change.feed(t.Context(), loop.AffectedBy(roleKeys))); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func TestComesOrGoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why    string
		change change
		want   []string
	}{
		"created": {why: "what it concerns", change: change{nil, isOne}, want: []string{"acme/b", "acme/c"}},
		"gone":    {why: "what it concerned", change: change{wasOne, nil}, want: []string{"acme/a", "acme/b"}},
		"changed": {why: "that it is there has not changed", change: change{wasOne, isOne}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(c.want, c.change.feed(t.Context(), loop.ComesOrGoes(roleKeys))); diff != "" {
				t.Errorf("%s; want -, got +:\n%s", c.why, diff)
			}
		})
	}
}

func TestPresent(t *testing.T) {
	t.Parallel()
	going := build.User("jean").In("acme", "acme").Roles("a").Deleting(now).Obj()
	for name, c := range map[string]struct {
		why    string
		change change
		want   change
		calls  int
	}{
		"created":  {why: "is there", change: change{nil, isOne}, want: change{nil, isOne}, calls: 1},
		"changed":  {why: "is there", change: change{wasOne, isOne}, want: change{wasOne, isOne}, calls: 1},
		"deleted":  {why: "waits for a finalizer, and is gone for everybody else", change: change{isOne, going}, want: change{isOne, nil}, calls: 1},
		"deleting": {why: "was gone already", change: change{going, going}},
		"gone":     {why: "was gone already", change: change{going, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []change
			c.change.feed(t.Context(), loop.Affected(loop.Present(func(_ context.Context, before, after *v1alpha1.User) []types.NamespacedName {
				seen = append(seen, change{before, after})
				return nil
			})))
			if len(seen) != c.calls || c.calls > 0 && seen[0] != c.want {
				t.Errorf("%s: the mapping saw %v, want %v", c.why, seen, c.want)
			}
		})
	}
}

// TestAffected checks that a mapping sees a change as it is: nil for what was not there, or is no more.
func TestAffected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]change{"created": {nil, isOne}, "changed": {wasOne, isOne}, "gone": {wasOne, nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []change
			h := loop.Affected(func(_ context.Context, before, after *v1alpha1.User) []types.NamespacedName {
				seen = append(seen, change{before, after})
				twice := types.NamespacedName{Namespace: "acme", Name: "twice"}
				return []types.NamespacedName{twice, {Namespace: "globex", Name: "twice"}, twice}
			})
			added := c.feed(t.Context(), h)
			if len(seen) != 1 || seen[0] != c {
				t.Errorf("the mapping saw %v, the change is %v", seen, c)
			}
			if want := []string{"acme/twice", "globex/twice"}; !slices.Equal(want, added) {
				t.Errorf("%v are woken, want %v, each once", added, want)
			}
		})
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	user := func() *build.UserBuilder { return build.User("jean").Generation(2) }
	for name, c := range map[string]struct {
		why    string
		change change
		want   bool
	}{
		"status":     {why: "the status is ours: to look at it again changes nothing", change: change{user().Obj(), user().Seats("standard").Holds("a").Obj()}},
		"nothing":    {why: "a resync is no news", change: change{user().Obj(), user().Obj()}},
		"spec":       {why: "somebody wants something else", change: change{user().Obj(), user().Generation(3).Obj()}, want: true},
		"annotation": {why: "somebody asks for something", change: change{user().Obj(), user().Annotation(v1alpha1.AnnotationReconcileAt, "now").Obj()}, want: true},
		"deleted":    {why: "the finalizer waits for us", change: change{user().Obj(), user().Deleting(now).Obj()}, want: true},
		"deleting":   {why: "that is known", change: change{user().Deleting(now).Obj(), user().Deleting(now).Seats("standard").Obj()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := loop.Declared()
			if got := p.Update(event.UpdateEvent{ObjectOld: c.change.before, ObjectNew: c.change.after}); got != c.want {
				t.Errorf("%s: want %t, got %t", c.why, c.want, got)
			}
			if !p.Create(event.CreateEvent{Object: c.change.after}) || !p.Delete(event.DeleteEvent{Object: c.change.after}) {
				t.Error("whatever comes or goes is to be looked at")
			}
		})
	}
}

// TestWhatIsThereAtTheStart checks that it wakes nobody whom it concerns, who has a first pass anyway, unless that is asked for.
func TestWhatIsThereAtTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    handler.EventHandler
		want []string
	}{
		"affected":    {loop.Affected(loop.By(roleKeys)), nil},
		"affected by": {loop.AffectedBy(roleKeys), nil},
		"found":       {loop.Found(loop.By(roleKeys)), []string{"acme/b", "acme/c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &queue{}
			c.h.Create(t.Context(), event.CreateEvent{Object: isOne, IsInInitialList: true}, q)
			if slices.Sort(q.added); !slices.Equal(c.want, q.added) {
				t.Errorf("%v are woken, want %v", q.added, c.want)
			}
			want := []string{"acme/b", "acme/c"}
			if got := (change{nil, isOne}).feed(t.Context(), c.h); !slices.Equal(want, got) {
				t.Errorf("of what is created later, %v are woken, want %v", got, want)
			}
		})
	}
}

// TestAffectedOfSeveral checks that a key which a change concerns for two reasons is woken once.
func TestAffectedOfSeveral(t *testing.T) {
	t.Parallel()
	itself := func(_ context.Context, _, after *v1alpha1.User) []types.NamespacedName {
		return []types.NamespacedName{client.ObjectKeyFromObject(after), {Namespace: "acme", Name: "b"}}
	}
	got := change{nil, isOne}.feed(t.Context(), loop.Affected(loop.By(roleKeys), itself))
	if want := []string{"acme/b", "acme/c", "acme/jean"}; !slices.Equal(want, got) {
		t.Errorf("%v are woken, want %v, each once", got, want)
	}
}

func TestLagging(t *testing.T) {
	t.Parallel()
	var o client.GetOptions
	o.ApplyOptions([]client.GetOption{loop.Lagging{}})
	if !o.DisableReadYourWritesConsistency || o.UnsafeDisableDeepCopy == nil || !*o.UnsafeDisableDeepCopy {
		t.Errorf("got %+v: such a read waits for nobody and copies nothing", o)
	}
}
