// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package role sums up each Role, and binds its holders to roles of Kubernetes. It alone writes the status of Roles.
package role

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=roles;organizations;seatpools;users;archivedusers,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=roles,verbs=patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=roles/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,verbs=bind,resourceNames=seatkeeper-organization-admin;seatkeeper-organization-editor;seatkeeper-organization-viewer;seatkeeper-organization-billing

// Reconciler sums up one role in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes, so that a wave of people moves the figures now and then.
	Pace loop.Pace
	// Names are those by which Kubernetes knows people.
	Names bindings.Names
	// Groups keeps the groups in directories that stand for roles.
	Groups *groups.Desk
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.Role
	if err := r.Get(ctx, req.NamespacedName, &before); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	} else if err != nil || !before.DeletionTimestamp.IsZero() {
		return r.depart(ctx, req.NamespacedName, &before)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.Pace.Looked(req.NamespacedName, int(s.holders))
	now := r.Clock.Now()
	plan := bindings.Decide(&before, s.bindings, s.bound, now)
	outcome, err := r.writer().CarryOut(ctx, &before, plan, now)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	kept, _, err := r.Groups.Decide(ctx, r.Base, &before, s.organization, s.group)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	after := before.DeepCopy()
	v := conclude(after, s, outcome, now)
	v.WakeAt = r.next(plan, outcome, now)
	return r.Groups.Finish(ctx, r.Base, &before, after, v, &kept)
}

// depart takes what comes with a role that is gone, or is being deleted, from those who held it.
func (r *Reconciler) depart(ctx context.Context, key types.NamespacedName, role *v1alpha1.Role) (ctrl.Result, error) {
	if err := r.unbind(ctx, key); err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	if role.UID == "" {
		r.Groups.Forget(key)
		return ctrl.Result{}, nil
	}
	return r.Groups.Leave(ctx, r.Base, role, role.Spec.Organization)
}

func (r *Reconciler) writer() bindings.Writer { return bindings.Writer{Client: r.Client, Live: r.Live} }

// next is when to look again though nothing tells: rights of the operator, and what others name as they like, change without
// a word.
func (r *Reconciler) next(plan bindings.Plan, outcome bindings.Outcome, now time.Time) time.Time {
	const patience = 5 * time.Minute
	at := plan.Again
	if (len(outcome.Refused) > 0 || len(outcome.Taken) > 0) && (at.IsZero() || now.Add(patience).Before(at)) {
		at = now.Add(patience)
	}
	return at
}

// unbind takes the rights in Kubernetes from those who held a role that is gone. Owner references do that as well where there
// is a garbage collector, in its own time.
func (r *Reconciler) unbind(ctx context.Context, role types.NamespacedName) error {
	left, err := bindings.Of(ctx, r.Client, role)
	if err != nil || len(left) == 0 {
		return err
	}
	var live v1alpha1.Role // the cache may not show it yet
	err = r.Live.Get(ctx, role, &live)
	switch {
	case err == nil && live.DeletionTimestamp.IsZero():
		return nil
	case err != nil && !apierrors.IsNotFound(err):
		return err
	}
	return r.writer().Remove(ctx, left)
}

// present brings the figures of the status to what the snapshot makes them.
func present(role *v1alpha1.Role, s *snapshot) {
	role.Status.Holders = ptr.To(s.holders)
	if len(s.permissions) <= maxPermissions {
		role.Status.Permissions = s.permissions
	}
}
