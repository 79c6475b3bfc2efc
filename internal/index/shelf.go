// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
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

// Find returns what an index finds in a namespace, in no order; in all when there is none, for an index that is asked so. It is the cache's own, and is not to be changed; and it is what there is at
// the moment, for whoever is told of what comes later.
func Find[T any, P kind[T]](s *Shelf, namespace, by, value string) ([]P, error) {
	var all []P
	for _, informer := range s.of(reflect.TypeFor[P]()) {
		found, err := informer.GetIndexer().ByIndex("field:"+by, cmp.Or(namespace, everywhere)+"/"+value)
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

// AtAddress are the Users of an organization with an address.
func AtAddress(s *Shelf, namespace, organization, email string) ([]*v1alpha1.User, error) {
	key := EmailKey(organization, email)
	users, err := Find[v1alpha1.User](s, namespace, UserEmail, Bucket(key))
	return slices.DeleteFunc(users, func(u *v1alpha1.User) bool { return EmailKey(u.Spec.Organization, u.Spec.Email) != key }), err
}

// WithAddress are the Users of all organizations who declare an address, which is in lower case, or have claimed it.
func WithAddress(s *Shelf, email string) ([]*v1alpha1.User, error) {
	users, err := Find[v1alpha1.User](s, "", UserAddress, Bucket(email))
	return slices.DeleteFunc(users, func(u *v1alpha1.User) bool { return !HasAddress(u, email) }), err
}

// Keys are those of what an index finds in a namespace, in no order; in all of them when there is none, for an index that is asked so.
func Keys[T any, P kind[T]](s *Shelf, namespace, by, value string) ([]types.NamespacedName, error) {
	var all []types.NamespacedName
	for _, informer := range s.of(reflect.TypeFor[P]()) {
		found, err := informer.GetIndexer().IndexKeys("field:"+by, cmp.Or(namespace, everywhere)+"/"+value)
		if err != nil {
			return nil, fmt.Errorf("finding %s by %s: %w", reflect.TypeFor[P](), by, err)
		}
		all = slices.Grow(all, len(found))
		for _, key := range found {
			of, name, err := toolscache.SplitMetaNamespaceKey(key)
			if err != nil {
				return nil, fmt.Errorf("finding %s by %s: %w", reflect.TypeFor[P](), by, err)
			}
			all = append(all, types.NamespacedName{Namespace: of, Name: name})
		}
	}
	return all, nil
}
