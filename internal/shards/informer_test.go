// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package shards_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/shards"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// A shard's cache knows what was there and what comes, of its own namespaces alone, and of what belongs to no shard everything.
func TestCacheKnowsItsOwnShardAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var namespaces []string
	for range 6 {
		namespaces = append(namespaces, env.Namespace(t))
	}
	add := func(name string) {
		for _, ns := range namespaces {
			for _, o := range []client.Object{build.User(name).In(ns, "acme").Obj(), build.Secret(name, nil)} {
				o.SetNamespace(ns)
				if err := env.Client(t).Create(ctx, o); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	add("early")
	shard := shards.Shard{Number: 1, Of: 2}
	c, err := cache.New(env.Config(t), cache.Options{
		Scheme:      env.Scheme(),
		NewInformer: shard.NewInformer(func(o runtime.Object) bool { _, ok := o.(*corev1.Secret); return ok }),
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	wants := func(list client.ObjectList, of func() []string, each bool, names ...string) {
		t.Helper()
		var want []string
		for _, ns := range namespaces {
			for _, name := range names {
				if each || shard.Has(ns) {
					want = append(want, ns+"/"+name)
				}
			}
		}
		slices.Sort(want)
		env.Eventually(t, func() error {
			if err := c.List(ctx, list); err != nil {
				return err
			}
			got := slices.DeleteFunc(of(), func(key string) bool {
				return !slices.ContainsFunc(namespaces, func(ns string) bool { return strings.HasPrefix(key, ns+"/") })
			})
			if slices.Sort(got); !slices.Equal(got, want) {
				return fmt.Errorf("the cache has %v, want %v", got, want)
			}
			return nil
		})
	}
	var users v1alpha1.UserList
	ofUsers := func() (keys []string) {
		for _, u := range users.Items {
			keys = append(keys, u.Namespace+"/"+u.Name)
		}
		return keys
	}
	var secrets corev1.SecretList
	ofSecrets := func() (keys []string) {
		for _, s := range secrets.Items {
			keys = append(keys, s.Namespace+"/"+s.Name)
		}
		return keys
	}
	wants(&users, ofUsers, false, "early")
	wants(&secrets, ofSecrets, true, "early")
	add("late")
	wants(&users, ofUsers, false, "early", "late")
	wants(&secrets, ofSecrets, true, "early", "late")
	for _, u := range slices.Clone(users.Items) {
		if u.Name == "early" && slices.Contains(namespaces, u.Namespace) {
			if err := env.Client(t).Delete(ctx, &u); err != nil {
				t.Fatal(err)
			}
		}
	}
	wants(&users, ofUsers, false, "late")
}

// So it is with an API server that cannot send what is there by a watch.
func TestListsLeaveOutOtherShards(t *testing.T) {
	t.Parallel()
	shard := shards.Shard{Number: 0, Of: 2}
	var all v1alpha1.UserList
	var want []string
	for i := range 20 {
		u := build.User("jean").In(fmt.Sprintf("acme-%d", i), "acme").Obj()
		all.Items = append(all.Items, *u)
		if shard.Has(u.Namespace) {
			want = append(want, u.Namespace+"/"+u.Name)
		}
	}
	lists := &toolscache.ListWatch{
		ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return all.DeepCopy(), nil },
		WatchFuncWithContext: func(_ context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if o.SendInitialEvents != nil {
				return nil, apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind("User").GroupKind(), "", nil)
			}
			return watch.NewFake(), nil
		},
	}
	informer := shard.NewInformer(func(runtime.Object) bool { return false })(lists, &v1alpha1.User{}, 0, toolscache.Indexers{})
	go informer.RunWithContext(t.Context())
	toolscache.WaitForCacheSync(t.Context().Done(), informer.HasSynced)
	got := informer.GetStore().ListKeys()
	slices.Sort(got)
	slices.Sort(want)
	if len(want) == 0 || len(want) == len(all.Items) || !slices.Equal(got, want) {
		t.Errorf("the cache has %v, want %v of %d", got, want, len(all.Items))
	}
}
