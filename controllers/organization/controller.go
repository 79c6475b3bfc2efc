// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package organization sums up each Organization. It alone writes the status of Organizations.
package organization

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/mailroom"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/resync"
	"seatkeeper.dev/seatkeeper/internal/signin"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// +kubebuilder:rbac:groups=seatkeeper.dev,resources=organizations;users;roles;archivedusers,verbs=get;list;watch
// +kubebuilder:rbac:groups=seatkeeper.dev,resources=organizations/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// Reconciler sums up one organization in a pass.
type Reconciler struct {
	loop.Base
	// Pace spaces the passes, so that a wave of people moves the figures now and then.
	Pace loop.Pace
	// Mailroom has the organization's own mails, and Outbox knows whether its mail server can be reached.
	Mailroom *mailroom.Mailroom
	Outbox   *outbox.Outbox
	// Accounts talks to directories, and Resync looks at all that they have.
	Accounts *outbox.Outbox
	Resync   *resync.Keeper
	// SignIn has the Secrets of identity providers.
	SignIn *signin.Secrets
}

// Reconcile does one pass.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.Pace.Turn(req.NamespacedName, r.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	var before v1alpha1.Organization
	if err := r.Get(ctx, req.NamespacedName, &before); err != nil || !before.DeletionTimestamp.IsZero() {
		r.Outbox.ForgetTenant(req.NamespacedName)
		r.Accounts.ForgetTenant(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &before)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.Pace.Looked(req.NamespacedName, len(s.users))
	after := before.DeepCopy()
	v := conclude(after, s, r.Clock.Now())
	if err := r.Persist(ctx, &before, after, v); err != nil {
		return r.Result(v, err)
	}
	r.announce(&before, after)
	r.announceRemovals(&before, after)
	return r.Result(v, nil)
}

// snapshot is everything that a pass reads.
type snapshot struct {
	owner     *v1alpha1.User
	users     []*v1alpha1.User
	archived  int
	mails     mails
	directory reach
	providers providers
	// listed is what the latest look at the whole directory found; nil when nothing is known.
	listed *v1alpha1.DirectoryStatus
	// removals are the decisions about who is removed, on which those about roles rest.
	removals v1alpha1.RemovalsStatus
	// roles are those of the organization, by name, and decisions what is decided about those with limits of holders.
	roles     map[string]*v1alpha1.Role
	decisions guard.Decisions
}

func (r *Reconciler) gather(ctx context.Context, org *v1alpha1.Organization) (*snapshot, error) {
	s := &snapshot{}
	of := []client.ListOption{
		client.InNamespace(org.Namespace), client.MatchingFields{index.Organization: org.Name}, loop.Lagging{},
	}
	var err error
	if s.users, err = index.Find[v1alpha1.User](r.Shelf, org.Namespace, index.Organization, org.Name); err != nil {
		return nil, err
	}
	var archived v1alpha1.ArchivedUserList
	if err := r.List(ctx, &archived, of...); err != nil {
		return nil, fmt.Errorf("listing archived users: %w", err)
	}
	s.archived = len(archived.Items)
	var owner v1alpha1.User
	switch err := r.Get(ctx, types.NamespacedName{Namespace: org.Namespace, Name: org.Spec.Owner}, &owner); {
	case err == nil && owner.Spec.Organization == org.Name:
		s.owner = &owner
	case client.IgnoreNotFound(err) != nil:
		return nil, fmt.Errorf("reading the owner: %w", err)
	}
	if err := r.gatherDecisions(ctx, org, s); err != nil {
		return nil, err
	}
	s.directory, s.listed = r.directory(org), r.Resync.Report(client.ObjectKeyFromObject(org))
	s.providers = r.gatherProviders(ctx, org)
	s.mails, err = r.gatherMails(ctx, org)
	return s, err
}

// conclude brings the status of org to what the snapshot makes it. It is pure.
func conclude(org *v1alpha1.Organization, s *snapshot, now time.Time) verdict.Verdict {
	count(org, s)
	org.Status.Removals, org.Status.RoleDecisions, org.Status.FullRoles = s.removals, s.decisions.Roles, s.decisions.Full
	reportTemplates(org, s.mails, now)
	s.mails.server.report(org, now)
	s.directory.report(org, now)
	s.providers.report(org, now)
	reportListed(org, s.listed)
	v := judge(org, s)
	v.WakeAt = access.Sooner(reportRemovals(org, now), s.providers.again(org, now))
	switch {
	case s.owner == nil:
		v = verdict.Verdict{Kind: verdict.Stuck, WakeAt: v.WakeAt, Reason: v1alpha1.ReasonOwnerNotFound, Message: fmt.Sprintf(
			"spec.owner names %s, which is no User of this organization: create that User, or name another", org.Spec.Owner)}
		verdict.Set(org, v1alpha1.ConditionOwnerPresent, false, v.Reason, v.Message, now)
	case s.owner.Status.AcceptedAt == nil || s.owner.Status.AccessRevokedAt != nil:
		verdict.Set(org, v1alpha1.ConditionOwnerPresent, false, v1alpha1.ReasonOwnerNotActive, "the owner has not accepted the invitation yet", now)
	default:
		verdict.Set(org, v1alpha1.ConditionOwnerPresent, true, v1alpha1.ReasonOwnerFound, "the owner has access", now)
	}
	return v
}

// judge says whether the spec can be in effect.
func judge(org *v1alpha1.Organization, s *snapshot) verdict.Verdict {
	stuck := func(reason, message string) verdict.Verdict {
		return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: message}
	}
	if _, err := invitation.LoadZone("", org.Spec.TimeZone); err != nil {
		return stuck(v1alpha1.ReasonInvalidSpec, "timeZone: "+err.Error())
	}
	if err := mailroom.CheckAddresses(org); err != nil {
		return stuck(v1alpha1.ReasonInvalidSpec, err.Error())
	}
	if org.Spec.Invitation.Acceptance == v1alpha1.AcceptancePassword && !membership.HasDirectory(org) {
		return stuck(v1alpha1.ReasonDirectoryRequired,
			"spec.invitation.acceptance is Password, and there is no directory to hand passwords to: set spec.directory, or Confirm")
	}
	if name := org.Spec.DefaultRole; name != "" && s.roles[name] == nil {
		return stuck(v1alpha1.ReasonRoleNotFound, fmt.Sprintf(
			"spec.defaultRole names %s, which is no Role of this organization: create it, or name another", name))
	}
	if c := meta.FindStatusCondition(org.Status.Conditions, v1alpha1.ConditionIdentityProvidersValid); c != nil && c.Status != "True" {
		return stuck(c.Reason, c.Message)
	}
	return verdict.Verdict{Reason: v1alpha1.ReasonReady, Message: "the organization is in effect"}
}

// count counts people by what they are. Who waits for a seat in one pool may be active thanks to another.
func count(org *v1alpha1.Organization, s *snapshot) {
	var active, invited, waiting int32
	archived := int32(s.archived)
	for _, u := range s.users {
		st := &u.Status
		switch {
		case u.Spec.State == v1alpha1.UserArchived, access.Ended(u):
			archived++
		case u.Spec.State != v1alpha1.UserActive || st.AccessRevokedAt != nil:
		case st.AcceptedAt != nil:
			active++
		case st.Invitation != nil && st.Invitation.SentAt != nil:
			invited++
		}
		if c := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionReady); c != nil && c.Reason == v1alpha1.ReasonAwaitingSeat {
			waiting++
		}
	}
	org.Status.Active, org.Status.Invited = ptr.To(active), ptr.To(invited)
	org.Status.Waiting, org.Status.Archived = ptr.To(waiting), ptr.To(archived)
}
