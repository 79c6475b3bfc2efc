// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package user takes each User from declared to invited to accepted, and out again. It alone writes the status
// of Users, but for the answers that the invitation page records, and ArchivedUsers.
package user

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/bindings"
	"seatkeeper.dev/seatkeeper/internal/claims"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/ownership"
	"seatkeeper.dev/seatkeeper/internal/together"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=users,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=users/status,verbs=patch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=organizations;roles;teams;seatpools;seatslices,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=archivedusers,verbs=get;list;watch;create;update;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings,verbs=get;list;watch;update;delete
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// Reconciler takes one user a step further in a pass.
type Reconciler struct {
	loop.Base
	// Outbox sends the mails, so that no pass waits for a mail server.
	Outbox *outbox.Outbox
	// Inviter makes the links and the mails.
	Inviter Inviter
	// Accounts is where people's accounts are.
	Accounts Accounts
	// Names are those by which Kubernetes knows people.
	Names bindings.Names
	// Claims are to addresses that can be in one organization only.
	Claims *claims.Desk
	// Estate finds what people own, and hands it over.
	Estate *ownership.Desk
	// Departed takes who owns nothing any more, and waits for the seats alone.
	Departed *ownership.Departed
	// Course counts what becomes of people; nothing is counted when it is nil.
	Course *figures.Course
	// Timer says when strays are looked for; they are not when it is nil.
	Timer clock.Clock

	// organizations are those that are read past the cache at present.
	organizations together.Reads[types.NamespacedName, struct{}, *v1alpha1.Organization]

	patience, estatePatience patience
	// tries are those of what was asked of directories.
	tries   tries
	errands errands
	// left are who left lately.
	left departures
	// strays are those for whom something came after they had left.
	strays strays
}

// Reconcile does one pass, over a User or over who is parked.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if strings.HasPrefix(req.Name, ofRecords) {
		return r.reconcileRecord(ctx, req.NamespacedName)
	}
	if strings.Contains(req.Name, "/") {
		return ctrl.Result{}, nil // an errand of nobody's, whose next one may be waiting by now
	}
	return r.reconcileUser(ctx, req)
}

func (r *Reconciler) reconcileUser(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var before v1alpha1.User
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil {
		r.forgetAll(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if before.DeletionTimestamp.IsZero() {
		if err := loop.EnsureFinalizer(ctx, r, &before, v1alpha1.FinalizerArchive); err != nil {
			return r.Result(verdict.Verdict{}, err)
		}
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	d, err := r.decide(ctx, s)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	if d.GaveUp != "" {
		r.Events.Eventf(s.User, nil, corev1.EventTypeWarning, v1alpha1.ReasonDirectoryUnavailable, "Reconcile", "%s", d.GaveUp)
		log.FromContext(ctx).Info("an account in a directory can still be used")
	}
	if d.Farewell {
		err := r.retire(ctx, &d)
		r.countHandover(&d, err)
		return r.Result(d.Verdict, err)
	}
	if err := r.recordReplaced(ctx, d.User, d.Replaced); err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	s.source, s.People = nil, nil // what waits to be sent keeps the rest
	handing := r.handOver(s, &d)
	sending := r.deliver(s, &d)
	return r.finish(ctx, s, &d, handing || sending || d.Task != nil || d.AccountTask != nil)
}

// decide decides what is to be done. Who is about to lose access or roles loses the rights in Kubernetes that come with them
// first.
func (r *Reconciler) decide(ctx context.Context, s *snapshot) (membership.Decision, error) {
	d, err := r.accounted(ctx, s)
	if err != nil {
		return d, err
	}
	if grave(s.User, &d) {
		if err = r.organizationNow(ctx, s); err != nil {
			return d, err
		}
		if d, err = r.accounted(ctx, s); err != nil {
			return d, err
		}
	}
	if !loses(s.User, d.User) || silent(&d) {
		return d, nil
	}
	var kept []string
	if access.Active(d.User) && !renamed(s.User, d.User) {
		kept = access.Closure(d.User.Status.Roles, s.source.Role)
	}
	if s.record != nil {
		others, err := r.shared(ctx, s)
		if err != nil {
			return d, err
		}
		kept = append(kept, others...)
	}
	err = r.Names.Withdraw(ctx, r, s.User, s.Now, func(role string) bool { return slices.Contains(kept, role) })
	return d, err
}

// grave says that a decision rests on the organization as it is now: that access is revoked, that another address may be another
// person, and that a User goes with nothing left, or with everything.
func grave(before *v1alpha1.User, d *membership.Decision) bool {
	return leaves(before, d.User) || renamed(before, d.User) || d.Final || !d.Parked.Until.IsZero()
}

// leaves says that access is to be revoked, which the owner's never is: who that is, is asked past the cache then.
func leaves(before, after *v1alpha1.User) bool {
	return access.Leaving(after) && before.Status.AccessRevokedAt == nil && after.Status.AccessRevokedAt != nil
}

// loses says that a user who may have rights in Kubernetes is to lose some, or to have them under another name.
func loses(before, after *v1alpha1.User) bool {
	return access.Active(before) && (!access.Active(after) || renamed(before, after) ||
		slices.ContainsFunc(before.Status.Roles, func(role string) bool { return !access.Holds(after, role) }))
}

func renamed(before, after *v1alpha1.User) bool {
	return before.Status.Email != "" && before.Status.Email != after.Status.Email
}

// silent says that the pass is to write nothing: what is lost is lost in one that does.
func silent(d *membership.Decision) bool {
	return d.Verdict.Kind == verdict.Silent && !d.Farewell && d.Send == nil && !d.HandOver && d.Replaced == nil
}
