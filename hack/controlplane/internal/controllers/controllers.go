// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers runs the few loops of the kube-controller-manager that an
// operator depends on: deletion of namespaces, garbage collection by owner,
// default service accounts and aggregated cluster roles.
package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
)

// Start launches the controllers; they stop with ctx.
func Start(ctx context.Context, base *rest.Config) error {
	config := rest.CopyConfig(base)
	config.QPS, config.Burst = 200, 400
	config.WarningHandler = rest.NoWarnings{} // the garbage collector lists deprecated kinds too
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(kube, 0)
	metaShared := metadatainformer.NewSharedInformerFactory(meta, 0)
	started := make(chan struct{})

	namespaces := namespace.NewNamespaceController(ctx, kube, meta, kube.Discovery().ServerPreferredNamespacedResources,
		shared.Core().V1().Namespaces(), 5*time.Minute, corev1.FinalizerKubernetes)
	accounts, err := serviceaccount.NewServiceAccountsController(klog.FromContext(ctx), shared.Core().V1().ServiceAccounts(),
		shared.Core().V1().Namespaces(), kube, serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return err
	}
	roles := clusterroleaggregation.NewClusterRoleAggregation(shared.Rbac().V1().ClusterRoles(), kube.RbacV1())
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery()))
	garbage, err := garbagecollector.NewGarbageCollector(ctx, kube, meta, mapper, garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(shared, metaShared), started)
	if err != nil {
		return err
	}

	shared.Start(ctx.Done())
	metaShared.Start(ctx.Done())
	close(started)
	go namespaces.Run(ctx, 2)
	go accounts.Run(ctx, 1)
	go roles.Run(ctx, 1)
	go garbage.Run(ctx, 4, 30*time.Second)
	go garbage.Sync(ctx, kube.Discovery(), time.Second) // how soon a new CRD is watched; upstream takes 30 s
	return nil
}
