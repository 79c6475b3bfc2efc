// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package loop

import (
	"context"
	"maps"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"seatkeeper.dev/seatkeeper/internal/index"
)

// Declared lets through what people change: a spec, an annotation, a deletion. The status is ours.
func Declared() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, deleted())
}

func deleted() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero()
	}}
}

// mapping are the keys that a change of a T concerns. before is nil when the object was created, after is nil when it is gone.
type mapping[T client.Object] = func(ctx context.Context, before, after T) []types.NamespacedName

// Affected maps a change of a T to the keys that it concerns. What is there when the operator starts is no change: whatever it concerns has
// a first pass of its own, which can wait, and begins when all is known.
func Affected[T client.Object](mappings ...mapping[T]) handler.EventHandler {
	h := found(mappings)
	create := h.CreateFunc
	h.CreateFunc = func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if !e.IsInInitialList {
			create(ctx, e, q)
		}
	}
	return h
}

// Found maps a change of a T to the keys that it concerns, and so what is there when the operator starts: for keys of what may be there no
// more, and of what has no first pass otherwise.
func Found[T client.Object](keys mapping[T]) handler.EventHandler { return found([]mapping[T]{keys}) }

func found[T client.Object](mappings []mapping[T]) handler.Funcs {
	enqueue := func(ctx context.Context, before, after T, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		var unique map[types.NamespacedName]struct{}
		for _, keys := range mappings {
			for _, key := range keys(ctx, before, after) {
				if unique == nil {
					unique = map[types.NamespacedName]struct{}{}
				}
				unique[key] = struct{}{}
			}
		}
		for key := range maps.Keys(unique) {
			q.Add(reconcile.Request{NamespacedName: key})
		}
	}
	var none T
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, none, e.Object.(T), q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.ObjectOld.(T), e.ObjectNew.(T), q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.Object.(T), none, q)
		},
	}
}

// AffectedBy maps a T that was created, changed or deleted to the keys that it concerns, as it was and as it is.
func AffectedBy[T interface {
	comparable
	client.Object
}](keys func(ctx context.Context, object T) []types.NamespacedName) handler.EventHandler {
	return Affected(By(keys))
}

// By is a mapping of a T as it was and as it is.
func By[T interface {
	comparable
	client.Object
}](keys func(ctx context.Context, object T) []types.NamespacedName) func(ctx context.Context, before, after T) []types.NamespacedName {
	return func(ctx context.Context, before, after T) []types.NamespacedName {
		var none T
		var all []types.NamespacedName
		for _, object := range []T{before, after} {
			if object != none {
				all = append(all, keys(ctx, object)...)
			}
		}
		return all
	}
}

// Present has a mapping of changes take an object that is being deleted for one that is gone.
func Present[T interface {
	comparable
	client.Object
}](keys func(ctx context.Context, before, after T) []types.NamespacedName) func(ctx context.Context, before, after T) []types.NamespacedName {
	return func(ctx context.Context, before, after T) []types.NamespacedName {
		var none T
		if before != none && !before.GetDeletionTimestamp().IsZero() {
			before = none
		}
		if after != none && !after.GetDeletionTimestamp().IsZero() {
			after = none
		}
		if before == none && after == none {
			return nil
		}
		return keys(ctx, before, after)
	}
}

// ComesOrGoes maps a T that was created or is gone, but not one that changed, to the keys that it concerns.
func ComesOrGoes[T interface {
	comparable
	client.Object
}](keys func(ctx context.Context, object T) []types.NamespacedName) handler.EventHandler {
	return Affected(Coming(keys))
}

// Coming is a mapping of what was created or is gone, but not of what changed.
func Coming[T interface {
	comparable
	client.Object
}](keys func(ctx context.Context, object T) []types.NamespacedName) func(ctx context.Context, before, after T) []types.NamespacedName {
	return func(ctx context.Context, before, after T) []types.NamespacedName {
		var none T
		switch {
		case before == none:
			return keys(ctx, after)
		case after == none:
			return keys(ctx, before)
		}
		return nil
	}
}

// Lagging reads from the cache as it is, without waiting until it shows our own writes, and without a copy: what
// is listed is not to be changed. It is for reads whose staleness a later event mends.
type Lagging struct{}

// ApplyToList implements client.ListOption.
func (Lagging) ApplyToList(o *client.ListOptions) {
	o.DisableReadYourWritesConsistency = true
	o.UnsafeDisableDeepCopy = ptr.To(true)
}

// ApplyToGet implements client.GetOption.
func (Lagging) ApplyToGet(o *client.GetOptions) {
	o.DisableReadYourWritesConsistency = true
	o.UnsafeDisableDeepCopy = ptr.To(true)
}

// KeysBy are the keys of the objects of a kind that an index finds in a namespace; in all when there is none.
func KeysBy[T any, P interface {
	*T
	client.Object
}](ctx context.Context, b Base, namespace, by, value string) []types.NamespacedName {
	keys, err := index.Keys[T, P](b.Shelf, namespace, by, value)
	if err != nil {
		// The cache is local: this cannot fail but by a mistake of ours.
		log.FromContext(ctx).Error(err, "looking for what a change concerns")
	}
	return keys
}

// Woken makes the keys that come through a channel due.
func Woken(keys <-chan types.NamespacedName) source.Source {
	return source.Func(func(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case key := <-keys:
					q.Add(reconcile.Request{NamespacedName: key})
				}
			}
		}()
		return nil
	})
}
