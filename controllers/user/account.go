// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/outbox"
	"seatkeeper.dev/seatkeeper/internal/password"
	"seatkeeper.dev/seatkeeper/internal/resync"
)

// Accounts is where people's accounts are.
type Accounts struct {
	// Directories have them.
	Directories directory.Directories
	// Outbox talks to them, so that no pass waits for a directory.
	Outbox *outbox.Outbox
	// Resync finds what they have otherwise than they are to have.
	Resync *resync.Keeper
}

// passwordKey is the key of a first password in its Secret.
const passwordKey = "password"

// errNoPassword means that the Secret of a first password is not there, or holds none.
var errNoPassword = errors.New("there is no first password")

// handOver gives the first password to the directory, and brings what became of it into the decision. Until that is
// known, the pass ends in silence: the outbox wakes the user.
func (r *Reconciler) handOver(s *snapshot, d *membership.Decision) (queued bool) {
	if !d.HandOver {
		return false
	}
	key := s.key
	organization := client.ObjectKeyFromObject(s.Organization)
	secret := types.NamespacedName{Namespace: key.Namespace, Name: s.User.Spec.InitialPasswordSecretRef.Name}
	has := account.Of(d.User, s.Organization, false)
	id := string(has.UID) + " " + secret.Name + " " + d.User.Status.Email
	o := r.Accounts.Outbox.Do(outbox.Errand{
		Owner: key, ID: id, Server: organization.String(), Tenant: organization,
		Run: func(ctx context.Context) error {
			first, err := r.firstPassword(ctx, secret)
			if err != nil {
				return err
			}
			at, err := r.Accounts.Directories.Of(ctx, s.Organization)
			if err != nil {
				return err
			}
			return directory.Discreet(at.SetPassword(ctx, has, first), first)
		},
	})
	switch {
	case o.State == outbox.Queued:
		return true
	case o.State == outbox.Done:
		r.patience.forget(key)
		d.HandedOver(o.At)
	case errors.Is(o.Err, errNoPassword):
		d.PasswordMissing(s.Now.Add(r.patience.next(key, id, false)))
	case errors.Is(o.Err, directory.ErrRejected), errors.Is(o.Err, directory.ErrConflict):
		r.patience.forget(key)
		d.Unprepared(directory.Words(o.Err))
	default:
		d.Postponed(directory.Words(o.Err), s.Now.Add(r.patience.next(key, id, false)))
	}
	return false
}

// firstPassword reads a first password at every try, and keeps it nowhere.
func (r *Reconciler) firstPassword(ctx context.Context, name types.NamespacedName) (password.Password, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, name, &secret)
	first := strings.TrimRight(string(secret.Data[passwordKey]), "\r\n") // as editors leave it
	switch {
	case apierrors.IsNotFound(err), err == nil && first == "":
		return password.Password{}, fmt.Errorf("%w: %w", outbox.ErrNotTried, errNoPassword)
	case err != nil:
		return password.Password{}, fmt.Errorf("%w: reading Secret %s: %s", outbox.ErrNotTried, name.Name, apierrors.ReasonForError(err))
	}
	return password.New(first), nil
}
