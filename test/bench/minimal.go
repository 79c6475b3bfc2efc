// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// minimal is the least that a controller can do for a User: it writes what the operator would write, as soon as that is due, and
// decides nothing.
type minimal struct {
	client.Client
	scenario string
	owned    int // objects of each person
	status   *v1alpha1.UserStatus
}

// Reconcile writes the status of one user, unless it was written.
func (m *minimal) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var before v1alpha1.User
	if err := m.Get(ctx, req.NamespacedName, &before); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	due, err := m.due(ctx, &before)
	if err != nil || !due {
		return ctrl.Result{}, err
	}
	if m.scenario == scenarioOffboard {
		return ctrl.Result{}, m.offboard(ctx, &before)
	}
	return ctrl.Result{}, m.write(ctx, &before, m.status)
}

// due says that somebody is not where the scenario has people get, and can get there.
func (m *minimal) due(ctx context.Context, u *v1alpha1.User) (bool, error) {
	switch m.scenario {
	case scenarioAccept:
		return u.Status.AcceptedAt != nil && readiness(u) != v1alpha1.ReasonActive, nil
	case scenarioOffboard:
		return u.Spec.State == v1alpha1.UserArchived && readiness(u) != v1alpha1.ReasonArchived, nil
	case scenarioTeam, scenarioMove: // only those are asked about whose team gives the role
		return !slices.Contains(u.Status.Roles, promotion), nil
	}
	var seats v1alpha1.SeatPool
	err := m.Get(ctx, client.ObjectKey{Namespace: u.Namespace, Name: pool}, &seats)
	return err == nil && u.Status.Invitation == nil && *seats.Spec.Seats > 0, err
}

// readiness is the reason why somebody is ready or is not.
func readiness(u *v1alpha1.User) string {
	if c := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// write gives somebody a status, and leaves in u what is there then.
func (m *minimal) write(ctx context.Context, u *v1alpha1.User, status *v1alpha1.UserStatus) error {
	before := u.DeepCopy()
	u.Status = *statusOf(before, status)
	return m.Status().Patch(ctx, u, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// offboard writes that somebody's access is revoked, who has what they own, and that they are archived. It knows what that is.
func (m *minimal) offboard(ctx context.Context, u *v1alpha1.User) error {
	if err := m.write(ctx, u, underWay(m.status)); err != nil {
		return err
	}
	for n := range m.owned {
		note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: u.Namespace, Name: belonging(u.Name, n)}}
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, v1alpha1.LabelOwner, personName(0))
		if err := m.Patch(ctx, note, client.RawPatch(types.MergePatchType, patch)); err != nil {
			return err
		}
	}
	return m.write(ctx, u, m.status)
}

// members are those to whom a team gives a role.
func (m *minimal) members(ctx context.Context, o client.Object) []ctrl.Request {
	team := o.(*v1alpha1.Team)
	if len(team.Spec.Roles) == 0 {
		return nil
	}
	all := v1alpha1.TeamList{Items: []v1alpha1.Team{*team}}
	if m.scenario == scenarioTeam { // by those below it
		if err := m.List(ctx, &all, client.InNamespace(team.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "listing teams")
		}
	}
	var requests []ctrl.Request
	for i := range all.Items {
		for _, member := range all.Items[i].Spec.Members {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: team.Namespace, Name: member.User}})
		}
	}
	return requests
}

// everybody is who waits for a pool.
func (m *minimal) everybody(ctx context.Context, pool client.Object) []ctrl.Request {
	if m.scenario != scenarioInvite && m.scenario != scenarioGrant {
		return nil
	}
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
	m := &minimal{status: &v1alpha1.UserStatus{}}
	flags.StringVar(&m.scenario, "scenario", "", "")
	flags.IntVar(&m.owned, "owned", 0, "")
	_ = flags.Parse(args) // it exits on an error
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

// concerned lets through what of a User begins a wave: what is declared, an answer, or nothing where a team does.
func (m *minimal) concerned() predicate.Predicate {
	switch m.scenario {
	case scenarioAccept:
		return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
			was, is := e.ObjectOld.(*v1alpha1.User), e.ObjectNew.(*v1alpha1.User)
			return was.Status.AcceptedAt == nil && is.Status.AcceptedAt != nil
		}}
	case scenarioTeam, scenarioMove:
		return predicate.NewPredicateFuncs(func(client.Object) bool { return false })
	}
	return predicate.GenerationChangedPredicate{}
}

func (m *minimal) manager(kubeconfig, namespace string) (manager.Manager, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
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
		For(&v1alpha1.User{}, builder.WithPredicates(m.concerned())).
		Watches(&v1alpha1.Team{}, handler.EnqueueRequestsFromMapFunc(m.members), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
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
