// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package claims keeps who has which address in the cluster, in a Lease for each address. None of them shows it.
package claims

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// Label tells the Leases that are claims from those of elections, OnAddress what is claimed.
const (
	Label     = "seatkeeper.dev/claim"
	OnAddress = "address"
)

// Desk takes claims and gives them back, by compare-and-swap: whoever asks need know nobody else.
type Desk struct {
	// Live must not read from a cache.
	Live client.Client
	// Namespace is the operator's own, where the Leases are.
	Namespace string
	Clock     clock.PassiveClock

	mu  sync.Mutex
	key []byte
}

// Name is the name of the Lease of an address. Who has no key cannot tell the one from the other.
func (d *Desk) Name(ctx context.Context, email string) (string, error) {
	key, err := d.load(ctx)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte("seatkeeper.dev/claim/address/" + membership.FoldEmail(email)))
	const enough = 16
	return "address-" + hex.EncodeToString(h.Sum(nil)[:enough]), nil
}

// load reads the key when the first claim is asked for: most clusters never need one.
func (d *Desk) load(ctx context.Context) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.key != nil {
		return d.key, nil
	}
	key, err := keystore.AddressKey(ctx, d.Live, d.Namespace, d.unclaimed)
	if err == nil {
		d.key = key
	}
	return key, err
}

// unclaimed fails when there are claims, which were made by a key that is lost: by another, each would be nobody's.
func (d *Desk) unclaimed(ctx context.Context) error {
	var claims coordinationv1.LeaseList
	err := d.Live.List(ctx, &claims, client.InNamespace(d.Namespace), client.MatchingLabels{Label: OnAddress}, client.Limit(1))
	if err == nil && len(claims.Items) > 0 {
		err = fmt.Errorf("it is not there, and addresses are claimed by it: restore it from a backup, or delete the Leases labelled %s=%s, "+
			"by which all addresses are claimed anew", Label, OnAddress)
	}
	return err
}

// Take claims an address for a user, by the Lease of that name. It says whether the claim is the user's. Of two who claim at
// once, or take over at once, one fails with an error that another look settles.
func (d *Desk) Take(ctx context.Context, email, lease string, u *v1alpha1.User) (taken bool, err error) {
	me, claim := membership.ClaimantOf(u), &coordinationv1.Lease{}
	err = d.Live.Get(ctx, types.NamespacedName{Namespace: d.Namespace, Name: lease}, claim)
	if apierrors.IsNotFound(err) {
		claim.ObjectMeta = metav1.ObjectMeta{Namespace: d.Namespace, Name: lease, Labels: map[string]string{Label: OnAddress}}
		d.sign(claim, me)
		err = d.Live.Create(ctx, claim)
		return err == nil, wrapped(err, "claiming an address")
	}
	if err != nil {
		return false, wrapped(err, "reading the claim to an address")
	}
	from := claimant(claim)
	if from != me { // else it was taken before a crash, and is signed again: somebody may be about to take it over
		now, known, err := d.state(ctx, from, email)
		if err != nil || !known || !me.MayTake(from, email, lease, now) {
			return false, err
		}
	}
	d.sign(claim, me)
	err = d.Live.Update(ctx, claim) // as it was read
	return err == nil, wrapped(err, "taking over the claim to an address")
}

// GiveBack ends a claim of a user, unless it is another's by now, or leaves it to whoever is parked at the address.
func (d *Desk) GiveBack(ctx context.Context, claim v1alpha1.AddressClaim, u *v1alpha1.User) error {
	var lease coordinationv1.Lease
	err := d.Live.Get(ctx, types.NamespacedName{Namespace: d.Namespace, Name: claim.Lease}, &lease)
	if err == nil && claimant(&lease).UID == u.UID {
		err = d.pass(ctx, &lease, claim.Email, u)
	}
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return wrapped(err, "giving back the claim to an address")
}

// pass has a claim go to who comes after its user in the organization, or end.
func (d *Desk) pass(ctx context.Context, claim *coordinationv1.Lease, email string, u *v1alpha1.User) error {
	record := &v1alpha1.ArchivedUser{}
	err := d.Live.Get(ctx, types.NamespacedName{Namespace: u.Namespace, Name: membership.RecordName(u.Spec.Organization, email)}, record)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if next, parked := membership.ComesTo(u, record); parked {
		d.sign(claim, next)
		return d.Live.Update(ctx, claim)
	}
	return d.Live.Delete(ctx, claim, client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion})
}

// state reads what a claim rests on. What may not be read, such as in a namespace whose organizations are no longer run, is not known.
func (d *Desk) state(ctx context.Context, of membership.Claimant, email string) (now membership.ClaimState, known bool, err error) {
	if of.UID == "" {
		return now, true, nil
	}
	var u v1alpha1.User
	var org v1alpha1.Organization
	var record v1alpha1.ArchivedUser
	for _, read := range []struct {
		name  string
		into  client.Object
		there func()
	}{
		{of.User, &u, func() { now.User = &u }},
		{membership.RecordName(of.Organization, email), &record, func() { now.Record = &record }},
		{of.Organization, &org, func() { now.Organization = &org }},
	} { // in this order: a record is written before its User goes
		err := d.Live.Get(ctx, types.NamespacedName{Namespace: of.Namespace, Name: read.name}, read.into)
		switch {
		case err == nil:
			read.there()
		case apierrors.IsForbidden(err):
			return now, false, nil
		case !apierrors.IsNotFound(err):
			return now, false, fmt.Errorf("looking for who has claimed an address: %w", err)
		}
	}
	return now, true, nil
}

// sign makes a claim somebody's. It changes the Lease also where it is that one's already.
func (d *Desk) sign(claim *coordinationv1.Lease, by membership.Claimant) {
	at := metav1.NewMicroTime(d.Clock.Now())
	claim.Spec.HolderIdentity, claim.Spec.AcquireTime = ptr.To(by.String()), &at
	claim.Spec.LeaseTransitions = ptr.To(ptr.Deref(claim.Spec.LeaseTransitions, 0) + 1)
}

func claimant(claim *coordinationv1.Lease) membership.Claimant {
	return membership.ParseClaimant(ptr.Deref(claim.Spec.HolderIdentity, ""))
}

func wrapped(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
