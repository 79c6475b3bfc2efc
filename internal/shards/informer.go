// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package shards

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// NewInformer is a cache's way to make informers of which those over kinds that each leaves out know nothing of other shards'
// namespaces. The API server sends everything to every shard, since it cannot select by a hash; what is another's is dropped as it
// arrives, before it takes memory or wakes anybody.
func (s Shard) NewInformer(each func(runtime.Object) bool) func(cache.ListerWatcher, runtime.Object, time.Duration, cache.Indexers) cache.SharedIndexInformer {
	return func(lw cache.ListerWatcher, kind runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
		if !each(kind) {
			lw = s.only(cache.ToListerWatcherWithContext(lw))
		}
		return cache.NewSharedIndexInformer(lw, kind, resync, indexers)
	}
}

// only lists and watches what is this shard's.
func (s Shard) only(all cache.ListerWatcherWithContext) cache.ListerWatcher {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := all.ListWithContext(ctx, o)
			if err != nil {
				return nil, err
			}
			return list, s.strip(list)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			events, err := all.WatchWithContext(ctx, o)
			if err != nil {
				return nil, err
			}
			return watch.Filter(events, func(e watch.Event) (watch.Event, bool) { return e, s.concerned(e) }), nil
		},
	}
}

// strip leaves of a list what is this shard's.
func (s Shard) strip(list runtime.Object) error {
	var ours []runtime.Object
	err := meta.EachListItem(list, func(o runtime.Object) error {
		m, err := meta.Accessor(o)
		if err == nil && s.Has(m.GetNamespace()) {
			ours = append(ours, o)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("looking through a list of %T: %w", list, err)
	}
	return meta.SetList(list, ours)
}

// concerned says that an event is for this shard: those without an object, such as how far a watch has come, are for everybody.
func (s Shard) concerned(e watch.Event) bool {
	if e.Type == watch.Bookmark || e.Type == watch.Error {
		return true
	}
	m, err := meta.Accessor(e.Object)
	return err != nil || s.Has(m.GetNamespace())
}
