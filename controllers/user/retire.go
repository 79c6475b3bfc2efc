// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// retire writes what remains of a user who is being deleted, and lets the object go. Access is revoked and the
// seats are free by now.
func (r *Reconciler) retire(ctx context.Context, u *v1alpha1.User) error {
	if !controllerutil.ContainsFinalizer(u, v1alpha1.FinalizerArchive) {
		return nil
	}
	if err := r.record(ctx, u); err != nil {
		return fmt.Errorf("recording who left: %w", err)
	}
	base := u.DeepCopy()
	controllerutil.RemoveFinalizer(u, v1alpha1.FinalizerArchive)
	if err := r.Patch(ctx, u, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing finalizer %s: %w", v1alpha1.FinalizerArchive, err)
	}
	log.FromContext(ctx).Info("transition", "reason", v1alpha1.ReasonArchived)
	return nil
}

// record writes the ArchivedUser, over that of an earlier stay of the same person. In a namespace that is being
// deleted nothing can be recorded, and nothing would remain.
func (r *Reconciler) record(ctx context.Context, u *v1alpha1.User) error {
	archived := &v1alpha1.ArchivedUser{ObjectMeta: metav1.ObjectMeta{Namespace: u.Namespace, Name: recordName(u)}}
	_, err := controllerutil.CreateOrUpdate(ctx, r, archived, func() error {
		if archived.Record.UID == u.UID {
			return nil // written before a crash
		}
		reason := u.Spec.ArchiveReason
		if reason == "" {
			reason = v1alpha1.ArchiveOther
		}
		archived.Record = v1alpha1.UserRecord{
			User: u.Name, UID: u.UID, Spec: *u.Spec.DeepCopy(), Reason: reason,
			ArchivedAt: metav1.NewTime(r.Clock.Now()), AcceptedAt: u.Status.AcceptedAt,
		}
		return nil
	})
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}

// recordName is the same for every stay of the same person in the same organization, and shows no address.
func recordName(u *v1alpha1.User) string {
	sum := sha256.Sum256([]byte(u.Spec.Organization + "/" + membership.FoldEmail(u.Spec.Email)))
	return hex.EncodeToString(sum[:16])
}
