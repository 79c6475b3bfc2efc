// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package team sums up each Team. It alone writes the status of Teams.
package team

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams;organizations;users,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=teams/status,verbs=patch

// Reconciler sums up one team in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes, so that a wave of people moves the figures now and then.
	Pace loop.Pace
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.Team
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil || !before.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	after := before.DeepCopy()
	v := conclude(after, s)
	return r.Finish(ctx, &before, after, v)
}

// snapshot is everything that a pass reads.
type snapshot struct {
	organization bool
	// members are the users of the organization among those named, by name.
	members map[string]*v1alpha1.User
}

func (r *Reconciler) gather(ctx context.Context, team *v1alpha1.Team) (*snapshot, error) {
	s := &snapshot{members: make(map[string]*v1alpha1.User, len(team.Spec.Members))}
	var org v1alpha1.Organization
	err := r.Get(ctx, types.NamespacedName{Namespace: team.Namespace, Name: team.Spec.Organization}, &org)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	s.organization = err == nil
	for _, m := range team.Spec.Members {
		var u v1alpha1.User
		err := r.Get(ctx, types.NamespacedName{Namespace: team.Namespace, Name: m.User}, &u, loop.Lagging{})
		switch {
		case err == nil && u.Spec.Organization == team.Spec.Organization:
			s.members[m.User] = &u
		case client.IgnoreNotFound(err) != nil:
			return nil, fmt.Errorf("reading member %s: %w", m.User, err)
		}
	}
	return s, nil
}

// conclude brings the status of team to what the snapshot makes it. It is pure.
func conclude(team *v1alpha1.Team, s *snapshot) verdict.Verdict {
	var present int32
	var unknown []string
	team.Status.Lead = ""
	for _, m := range team.Spec.Members {
		u := s.members[m.User]
		if u == nil {
			unknown = append(unknown, m.User)
			continue
		}
		if u.Spec.State == v1alpha1.UserArchived || !u.DeletionTimestamp.IsZero() {
			continue
		}
		present++
		if m.Role == v1alpha1.TeamLead {
			team.Status.Lead = m.User
		}
	}
	team.Status.Members = ptr.To(present)
	switch {
	case !s.organization:
		return verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonOrganizationNotFound, Message: fmt.Sprintf(
			"organization %s is not in this namespace: create it, or correct spec.organization", team.Spec.Organization)}
	case len(unknown) > 0:
		return verdict.Verdict{Kind: verdict.Stuck, Reason: v1alpha1.ReasonUserNotFound, Message: fmt.Sprintf(
			"organization %s has no User %s: create them, or correct spec.members", team.Spec.Organization, some(unknown))}
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the team is in effect"}
}

// some names the first few.
func some(names []string) string {
	const few = 5
	slices.Sort(names)
	if more := len(names) - few; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), more)
	}
	return strings.Join(names, ", ")
}
