// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/drift"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
)

// gatherAccount reads what the account of a user rests on beside the user.
func (r *Reconciler) gatherAccount(ctx context.Context, s *snapshot) error {
	if !membership.HasDirectory(s.Organization) {
		return nil
	}
	s.Drift = r.Accounts.Resync.Of(s.User)
	if s.User.Spec.Manager == "" {
		return nil
	}
	var manager v1alpha1.User
	found, err := r.find(ctx, s.User.Namespace, s.User.Spec.Manager, &manager)
	if found {
		s.ManagerID = account.ManagerID(&manager, s.Organization)
	}
	return err
}

// reports wakes those whose manager has another account than before.
func (r *Reconciler) reports(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	if before == nil && after.Status.DirectoryAccount == nil || before != nil && after != nil && accountID(before) == accountID(after) {
		return nil
	}
	u := cmp.Or(after, before)
	return r.users(ctx, u.Namespace, index.UserManager, u.Name)
}

// anotherDirectory says that accounts are to be elsewhere, or are kept otherwise. How often they are looked at says nothing of any.
func anotherDirectory(before, after *v1alpha1.DirectoryPolicy) bool {
	return before.SCIM.URL != after.SCIM.URL || before.SCIM.CredentialsSecretRef != after.SCIM.CredentialsSecretRef ||
		before.Adoption != after.Adoption || before.DriftPolicy != after.DriftPolicy
}

func accountID(u *v1alpha1.User) string {
	if u.Status.DirectoryAccount == nil {
		return ""
	}
	return u.Status.DirectoryAccount.Directory + " " + u.Status.DirectoryAccount.ID
}

// announceDrift tells when somebody is found to have changed an account, which is left as it is.
func (r *Reconciler) announceDrift(before, after *v1alpha1.User) {
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionProvisioned)
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionProvisioned)
	if is != nil && is.Reason == v1alpha1.ReasonDrifted && (was == nil || was.Reason != is.Reason) {
		r.Events.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, "Reconcile", "%s", is.Message)
	}
}

// SignOut has the directory deactivate the account of somebody who left and can sign in nevertheless. What becomes of it is not
// waited for: the next look at the directory finds whoever can sign in still.
func (r *Reconciler) SignOut(org *v1alpha1.Organization, record *v1alpha1.ArchivedUser) {
	tenant := client.ObjectKeyFromObject(org)
	// No User has such a name, so that nobody's errand is superseded.
	owner := types.NamespacedName{Namespace: record.Namespace, Name: "archived/" + record.Name}
	r.Accounts.Outbox.Forget(owner)
	r.Accounts.Outbox.Do(outbox.Errand{
		Owner: owner, ID: string(record.UID), Server: tenant.String(), Tenant: tenant, Urgent: true,
		Run: func(ctx context.Context) error {
			err := r.signOut(ctx, org, record)
			r.signedOut(ctx, org, record, err)
			return err
		},
	})
}

// signedOut says what became of it, where that is not for the next look alone: nobody else is told that a directory refuses.
func (r *Reconciler) signedOut(ctx context.Context, org *v1alpha1.Organization, record *v1alpha1.ArchivedUser, err error) {
	tenant := client.ObjectKeyFromObject(org)
	switch {
	case err == nil:
		r.Accounts.Resync.Closed(org, record)
	case errors.Is(err, directory.ErrRejected) && r.Accounts.Resync.Refused(org, record):
		r.Events.Eventf(record, nil, corev1.EventTypeWarning, v1alpha1.ReasonDirectoryRejected, "Reconcile",
			"somebody activated the account of the person, who left, and the directory refuses to deactivate it (%s): deactivate it there; "+
				"it is tried again after pauses of up to an hour, and at the next look after a change of this object", directory.Words(err))
		log.FromContext(ctx).Info("an account in a directory can still be used", "organization", tenant, "archivedUser", record.Name)
	}
}

// signOut does it, one at a time for each account, unless the person is back by now: who comes back is let in after this, or is on
// record before it.
func (r *Reconciler) signOut(ctx context.Context, org *v1alpha1.Organization, record *v1alpha1.ArchivedUser) error {
	gone := drift.OfRecord(record, org).Account
	unlock, err := r.errands.lock(ctx, gone.UID)
	if err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrNotTried, directory.Unavailable(err))
	}
	defer unlock()
	if back, err := r.back(ctx, org, record, gone.UID); err != nil || back {
		return fmt.Errorf("%w: looking for somebody who is back: %w", outbox.ErrNotTried, cmp.Or(err, errOutdated))
	}
	at, err := r.Accounts.Directories.Of(ctx, org)
	if err != nil {
		return err
	}
	r.Accounts.Resync.Asked(client.ObjectKeyFromObject(org), &gone)
	return at.Deactivate(ctx, gone)
}

// back says that an account is not that of somebody who left any more. Whoever was let in is in the cache, since by that it was
// decided; how it stands with them is read past it.
func (r *Reconciler) back(ctx context.Context, org *v1alpha1.Organization, record *v1alpha1.ArchivedUser, uid types.UID) (bool, error) {
	var now v1alpha1.ArchivedUser
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(record), &now)
	if err != nil || now.UID != record.UID || now.Parked() || !now.DeletionTimestamp.IsZero() {
		return true, client.IgnoreNotFound(err)
	}
	users, err := index.Find[v1alpha1.User](r.Shelf, org.Namespace, index.Organization, org.Name)
	if err != nil {
		return false, err
	}
	for _, u := range users {
		if u.Account() != uid {
			continue
		}
		var live v1alpha1.User
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(u), &live); client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("reading a user: %w", err)
		} else if err == nil && live.Account() == uid {
			return true, nil
		}
	}
	return false, nil
}
