// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// minimal is the least that a controller can do for a User: it writes the status once, with what the operator
// would write, as soon as the pool has seats, and decides nothing.
type minimal struct {
	client.Client
	status *v1alpha1.UserStatus
}

// Reconcile writes the status of one user, unless it was written.
func (m *minimal) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var before v1alpha1.User
	if err := m.Get(ctx, req.NamespacedName, &before); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	var seats v1alpha1.SeatPool
	if err := m.Get(ctx, client.ObjectKey{Namespace: req.Namespace, Name: pool}, &seats); err != nil {
		return ctrl.Result{}, err
	}
	if before.Status.Invitation != nil || *seats.Spec.Seats == 0 {
		return ctrl.Result{}, nil
	}
	after := before.DeepCopy()
	after.Status = *statusOf(&before, m.status)
	return ctrl.Result{}, m.Status().Patch(ctx, after, client.MergeFromWithOptions(&before, client.MergeFromWithOptimisticLock{}))
}

// everybody is who waits for a pool.
func (m *minimal) everybody(ctx context.Context, pool client.Object) []ctrl.Request {
	var all v1alpha1.UserList
	if err := m.List(ctx, &all, client.InNamespace(pool.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing users")
	}
	var requests []ctrl.Request
	for i := range all.Items {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
	}
	return requests
}

// runMinimal runs the minimal controller until standard input ends. It says "ready" when its cache is filled.
func runMinimal(ctx context.Context, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // any end means that the bench is gone
		cancel()
	}()
	flags := flag.NewFlagSet("minimal", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	namespace := flags.String("namespace", "", "")
	example := flags.String("status", "", "")
	_ = flags.Parse(args) // it exits on an error
	m := &minimal{status: &v1alpha1.UserStatus{}}
	if err := json.Unmarshal([]byte(*example), m.status); err != nil {
		return fmt.Errorf("reading the status: %w", err)
	}
	log.SetLogger(zap.New())
	mgr, err := m.manager(*kubeconfig, *namespace)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func (m *minimal) manager(kubeconfig, namespace string) (manager.Manager, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{namespace: {}},
			DefaultTransform:  cache.TransformStripManagedFields(),
		},
		Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return nil, err
	}
	m.Client = mgr.GetClient()
	err = ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.User{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SeatPool{}, handler.EnqueueRequestsFromMapFunc(m.everybody), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: atOnce}).
		Complete(m)
	if err != nil {
		return nil, err
	}
	return mgr, mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		if _, err := mgr.GetCache().GetInformer(ctx, &v1alpha1.User{}); err != nil { // it waits until that is filled
			return err
		}
		fmt.Println("ready")
		return nil
	}))
}
