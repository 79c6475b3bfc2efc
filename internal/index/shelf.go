// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
)

// Shelf hands out what a cache holds as it is there. A list from the cache is a copy of each object even where nothing in it is
// copied, which of everybody is a kilobyte a person for each look.
type Shelf struct {
	mu        sync.Mutex
	informers map[reflect.Type][]toolscache.SharedIndexInformer
}

// NewInformer is how a cache makes informers.
type NewInformer = func(toolscache.ListerWatcher, runtime.Object, time.Duration, toolscache.Indexers) toolscache.SharedIndexInformer

// Over has the shelf hand out what the informers hold that are made by another way.
func (s *Shelf) Over(other NewInformer) NewInformer {
	return func(lw toolscache.ListerWatcher, kind runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		informer := other(lw, kind, resync, indexers)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.informers == nil {
			s.informers = map[reflect.Type][]toolscache.SharedIndexInformer{}
		}
		of := reflect.TypeOf(kind)
		s.informers[of] = append(s.informers[of], informer)
		return informer
	}
}

func (s *Shelf) of(kind reflect.Type) []toolscache.SharedIndexInformer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.informers[kind]
}

// Find returns what an index finds in a namespace, in no order. It is the cache's own, and is not to be changed; and it is what there is at
// the moment, for whoever is told of what comes later.
func Find[T any, P kind[T]](s *Shelf, namespace, by, value string) ([]P, error) {
	var all []P
	for _, informer := range s.of(reflect.TypeFor[P]()) {
		found, err := informer.GetIndexer().ByIndex("field:"+by, namespace+"/"+value)
		if err != nil {
			return nil, fmt.Errorf("finding %s by %s: %w", reflect.TypeFor[P](), by, err)
		}
		all = slices.Grow(all, len(found))
		for _, o := range found {
			all = append(all, o.(P))
		}
	}
	return all, nil
}
