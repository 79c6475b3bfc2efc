// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// A deletion that was rejected takes the User, since Kubernetes does not undelete, and nothing else: what the person has is parked
// on the record for one window. A User with the same address that comes within it takes everything over. After it, the record's
// controller takes back what is left, and the person is archived.

// park lets go of the object of a user whose deletion was rejected, and keeps the rest.
func (d *Decision) park(s Situation) {
	d.Farewell = true
	until := d.now.Add(access.Window(s.Organization.Spec.Protection))
	d.Parked = v1alpha1.Parking{
		Until: metav1.NewTime(access.Sooner(until, access.Until(d.User))), Roles: slices.Sorted(slices.Values(d.User.Status.Roles)),
	}
}

// Resident is the person of a parked record as a User, as far as it matters to who keeps seats and rights.
func Resident(a *v1alpha1.ArchivedUser) *v1alpha1.User {
	r := &a.Record
	return &v1alpha1.User{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.Namespace, Name: r.User, UID: r.UID, ResourceVersion: a.ResourceVersion, CreationTimestamp: a.CreationTimestamp},
		Spec:       r.Spec,
		Status:     v1alpha1.UserStatus{Roles: r.Parked.Roles, Email: r.Spec.Email, AcceptedAt: r.AcceptedAt, AccountUID: r.AccountUID},
	}
}

// Parks says that a User who is deleted can go while the person keeps everything. Whoever has not accepted cannot be parked, since
// the link is tied to the User; nor can the holder of a role that would then be short, or somebody whose objects an ownership rule
// hands over, which takes a User; nor is anybody parked where no record is left.
func Parks(u *v1alpha1.User, org *v1alpha1.Organization, role func(name string) *v1alpha1.Role) bool {
	rules := slices.ContainsFunc(org.Spec.Offboarding.Ownership, func(r v1alpha1.OwnershipRule) bool { return r.OnArchive != v1alpha1.OwnershipRetain })
	others := slices.ContainsFunc(u.Finalizers, func(f string) bool { return f != v1alpha1.FinalizerArchive })
	return access.Active(u) && !rules && !others && !HasDirectory(org) && !Final(org) && !slices.ContainsFunc(u.Status.Roles, func(name string) bool {
		r := role(name)
		return r != nil && ptr.Deref(r.Spec.MinHolders, 0) > 0
	})
}

// needs says that a record keeps seats for a user, who has not come into all of those that the roles need.
func (d *Decision) needs(s Situation, record *v1alpha1.UserRecord) bool {
	held := seatNames(s.Seats)
	return !record.Parked.Until.IsZero() && !access.Leaving(d.User) &&
		(len(s.Roles.Awaited) > 0 || len(s.Roles.Unknown) > 0 || slices.ContainsFunc(s.Roles.Pools, func(pool string) bool { return !slices.Contains(held, pool) }))
}
