// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// retire writes what remains of a user who is being deleted, and lets the object go. Access is revoked and the
// seats are free by now. Where nothing is to remain, what an earlier stay left goes as well.
func (r *Reconciler) retire(ctx context.Context, d *membership.Decision) error {
	u := d.User
	if !controllerutil.ContainsFinalizer(u, v1alpha1.FinalizerArchive) {
		return nil
	}
	switch {
	case d.Final:
		if err := r.end(ctx, u, d.Spent); err != nil {
			return err
		}
	case d.Nobody:
	default:
		if err := r.record(ctx, u, d.Parked); err != nil {
			return fmt.Errorf("recording who left: %w", err)
		}
	}
	if d.Parked.Until.IsZero() { // else the person has the address on
		if err := r.unclaim(ctx, u); err != nil {
			return err
		}
	}
	base := u.DeepCopy()
	controllerutil.RemoveFinalizer(u, v1alpha1.FinalizerArchive)
	if err := r.Patch(ctx, u, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing finalizer %s: %w", v1alpha1.FinalizerArchive, err)
	}
	reason := v1alpha1.ReasonArchived
	if until := d.Parked.Until; !until.IsZero() {
		reason = v1alpha1.ReasonParked
		r.Events.Eventf(u, nil, corev1.EventTypeNormal, reason, "Reconcile",
			"the deletion was rejected: access, roles and seats stay until %s, and a User with the same address takes them over", until.UTC().Format(time.RFC3339))
	}
	if d.Final {
		reason = v1alpha1.ReasonDeleted
		r.Events.Eventf(u, nil, corev1.EventTypeNormal, reason, "Reconcile",
			"access is revoked and the seats are free: as spec.offboarding.policy of organization %s says, no record is left", u.Spec.Organization)
	}
	log.FromContext(ctx).Info("transition", "reason", reason)
	return nil
}

// record writes the ArchivedUser, over that of an earlier stay of the same person.
func (r *Reconciler) record(ctx context.Context, u *v1alpha1.User, parked v1alpha1.Parking) error {
	spec := *u.Spec.DeepCopy()
	spec.Email = cmp.Or(u.Status.Email, spec.Email) // an edit that had no effect is not the person's address
	return r.archive(ctx, u, v1alpha1.UserRecord{
		Spec: spec, Reason: cmp.Or(spec.ArchiveReason, v1alpha1.ArchiveOther), AcceptedAt: u.Status.AcceptedAt, Identity: u.Status.Identity,
		AccessEndedAt: u.Status.AccessEndedAt,
		AccountUID:    u.Status.AccountUID, DirectoryAccount: u.Status.DirectoryAccount, EmployeeNumber: u.Status.EmployeeNumber,
		Path: v1alpha1.ArchivePathDeletion, Handovers: handedOver(u), Parked: parked,
	})
}

// handedOver says who took over what the user owned.
func handedOver(u *v1alpha1.User) []v1alpha1.RuleHandover {
	if u.Status.Handover == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(u.Status.Handover.Rules), func(r v1alpha1.RuleHandover) bool { return ptr.Deref(r.Objects, 0) == 0 })
}

// recordReplaced writes what remains of the person in whose place another one came. Of the spec, which may speak of the
// other by now, the address and the roles are kept.
func (r *Reconciler) recordReplaced(ctx context.Context, u *v1alpha1.User, was *membership.Replaced) error {
	if was == nil {
		return nil
	}
	err := r.archive(ctx, u, v1alpha1.UserRecord{
		Spec:   v1alpha1.UserSpec{Organization: u.Spec.Organization, Email: was.Email, Roles: u.Spec.Roles, State: v1alpha1.UserArchived},
		Reason: v1alpha1.ArchiveLeft, AcceptedAt: was.AcceptedAt, Identity: was.Identity, AccountUID: was.UID, Path: v1alpha1.ArchivePathReplacement,
		DirectoryAccount: was.Account, EmployeeNumber: was.EmployeeNumber,
	})
	if err != nil {
		return fmt.Errorf("recording who was replaced: %w", err)
	}
	return nil
}

// archive writes a record. In a namespace that is being deleted nothing can be recorded, and nothing would remain.
func (r *Reconciler) archive(ctx context.Context, u *v1alpha1.User, record v1alpha1.UserRecord) error {
	key := recordKey(u, record.Spec.Email)
	record.User, record.UID = u.Name, u.UID
	taken, err := r.vacate(ctx, u, key, &record)
	if taken || err != nil {
		return err
	}
	if record.AccountUID == u.UID {
		record.AccountUID = ""
	}
	r.left.note(key, u.UID, r.Clock.Now())
	archived := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	_, err = controllerutil.CreateOrUpdate(ctx, r, archived, func() error {
		record.ArchivedAt = archived.Record.ArchivedAt
		if was := archived.Record; was.UID == u.UID && !was.Parked.Until.IsZero() && !record.Parked.Until.IsZero() {
			record.Parked = was.Parked // written before a crash
		}
		if controllerutil.RemoveFinalizer(archived, v1alpha1.FinalizerArchive); !record.Parked.Until.IsZero() {
			controllerutil.AddFinalizer(archived, v1alpha1.FinalizerArchive)
		}
		if !record.ArchivedAt.IsZero() && equality.Semantic.DeepEqual(archived.Record, record) {
			return nil // written before a crash
		}
		record.ArchivedAt = metav1.NewTime(r.Clock.Now())
		archived.Record = record
		return nil
	})
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}

// vacate sees to it that a record can be written over the one that is there. That of somebody else who is parked has the address, and
// stays; one that is about to go would take with it what is written to it.
func (r *Reconciler) vacate(ctx context.Context, u *v1alpha1.User, key types.NamespacedName, record *v1alpha1.UserRecord) (taken bool, err error) {
	var was v1alpha1.ArchivedUser
	err = r.Get(ctx, key, &was)
	switch {
	case err != nil, !was.Parked():
		return false, client.IgnoreNotFound(err)
	case was.Record.Account() != record.Account():
		return true, nil
	case was.Record.UID == u.UID, was.DeletionTimestamp.IsZero() && !record.Parked.Until.IsZero():
		return false, nil
	case was.DeletionTimestamp.IsZero(): // who took over goes, and what was left goes first
		return false, r.Names.Withdraw(ctx, r, membership.Resident(&was), r.Clock.Now(), func(string) bool { return false })
	}
	if err := r.release(ctx, &was, u); err != nil {
		return false, err
	}
	return false, apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("archivedusers").GroupResource(), was.Name, errGoing)
}

// errGoing means that a record is going, and that the next one of its name can be written when it is gone.
var errGoing = errors.New("the record is about to go")
