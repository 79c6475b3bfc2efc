// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/seats"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// A deletion that was rejected takes the User, since Kubernetes does not undelete, and nothing else: the person is a User whose
// object lives in the record, for one window. A User with the same address that comes within it claims the record, and takes
// everything over. After it, the record is ended, and the person of it leaves as any User does who is deleted. The claim and the
// end are writes of the same object, so only one of them comes about.

// park lets go of the object of a user whose deletion was rejected, and keeps the rest.
func (d *Decision) park(s Situation) {
	d.Farewell = true
	until := d.now.Add(access.Window(s.Organization.Spec.Protection))
	st := d.User.Status.DeepCopy()
	st.Conditions, st.WithheldRoles, st.RoleRequests = nil, nil, nil // which were about the User
	slices.Sort(st.Roles)
	d.Parked = v1alpha1.Parking{Until: metav1.NewTime(access.Sooner(until, access.Until(d.User))), Status: *st}
}

// Resident is the person of a parked record as a User: one who is being deleted, once that has ended.
func Resident(a *v1alpha1.ArchivedUser) *v1alpha1.User {
	r := &a.Record
	u := &v1alpha1.User{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: a.Namespace, Name: r.User, UID: r.UID, ResourceVersion: a.ResourceVersion, CreationTimestamp: a.CreationTimestamp, Generation: 1,
		},
		Spec: *r.Spec.DeepCopy(), Status: *r.Parked.Status.DeepCopy(),
	}
	if again, ok := a.Annotations[v1alpha1.AnnotationReconcileAt]; ok {
		u.Annotations = map[string]string{v1alpha1.AnnotationReconcileAt: again}
	}
	if a.Ended() {
		u.DeletionTimestamp, u.Finalizers = r.Parked.EndedAt.DeepCopy(), []string{v1alpha1.FinalizerArchive}
	}
	return u
}

// LettingGo is an organization as it is to the person of a record that has ended, who is no User: no owner, and nobody whom the guard
// holds, since it has let go of the User; nor does anybody have to confirm what a record outlasts.
func LettingGo(org *v1alpha1.Organization) *v1alpha1.Organization {
	if org == nil {
		return nil
	}
	org = org.DeepCopy()
	org.Spec.Protection, org.Spec.Owner, org.Spec.Offboarding.Policy = v1alpha1.ProtectionPolicy{}, "", v1alpha1.OffboardingArchive
	return org
}

// ResidentStanding says what the person of a parked record is to a pool.
func ResidentStanding(a *v1alpha1.ArchivedUser) seats.Standing {
	if !a.Ended() {
		return seats.Keeps
	}
	return afterRevocation(&v1alpha1.User{Status: a.Record.Parked.Status}, Facts{})
}

// Parks says that a User who is deleted can go while the person keeps everything. Whoever has not accepted cannot be parked, since
// the link is tied to the User; nor can the holder of a role that would then be short, or be given to one too many; nor is anybody
// parked where no record is left.
func Parks(u *v1alpha1.User, org *v1alpha1.Organization, role func(name string) *v1alpha1.Role) bool {
	others := slices.ContainsFunc(u.Finalizers, func(f string) bool { return f != v1alpha1.FinalizerArchive })
	return access.Active(u) && !others && !Final(org) && !slices.ContainsFunc(u.Status.Roles, func(name string) bool {
		r := role(name)
		return r != nil && (ptr.Deref(r.Spec.MinHolders, 0) > 0 || r.Spec.MaxHolders != nil)
	})
}

// Claimed says that a user takes over from a parked record. A claim of somebody who goes, or is known by another address by now, and
// has not taken over, counts for nothing: who goes would take the person along, whom nobody removed, and an edit of the address may
// never take effect.
func Claimed(u *v1alpha1.User, a *v1alpha1.ArchivedUser) bool {
	return a.Parked() && !a.Ended() && a.Record.Parked.Heir.UID == u.UID && (TakenOver(u, a) || u.DeletionTimestamp.IsZero() && !elsewhere(u, a))
}

// elsewhere says that a user is known by another address than the person of a record.
func elsewhere(u *v1alpha1.User, a *v1alpha1.ArchivedUser) bool {
	return FoldEmail(known(u)) != FoldEmail(a.Record.Spec.Email)
}

// Claims says that a user is to take over from a parked record, and may still: who comes at the address, in time.
func Claims(u *v1alpha1.User, a *v1alpha1.ArchivedUser, now time.Time) bool {
	return KeptFrom(u, a) && !a.Ended() && a.DeletionTimestamp.IsZero() && now.Before(a.Record.Parked.Until.Time) &&
		u.DeletionTimestamp.IsZero() && ComesFresh(u) && !elsewhere(u, a)
}

// TakenOver says that a user is the person of a record.
func TakenOver(u *v1alpha1.User, a *v1alpha1.ArchivedUser) bool {
	return u.Account() == a.Record.Account()
}

// KeptFrom says that the address which a user declares is that of the person of a parked record, who is another until the user has
// claimed the record.
func KeptFrom(u *v1alpha1.User, a *v1alpha1.ArchivedUser) bool {
	email := FoldEmail(a.Record.Spec.Email)
	established := u.Status.AcceptedAt != nil && FoldEmail(u.Status.Email) == email
	return a.Parked() && a.Record.Spec.Organization == u.Spec.Organization && FoldEmail(u.Spec.Email) == email &&
		a.Record.UID != u.UID && !TakenOver(u, a) && !established && !Claimed(u, a)
}

// claims is the record that the user has claimed and is to take over from; nil when there is none. It holds whatever else is in the
// way: a claim that came to nothing would keep the record from its end for ever.
func (s *Situation) claims(u *v1alpha1.User) *v1alpha1.UserRecord {
	a := s.Records[FoldEmail(u.Status.Email)]
	if a == nil || !Claimed(s.User, a) || TakenOver(u, a) || a.Record.Spec.Organization != u.Spec.Organization {
		return nil
	}
	return &a.Record
}

// keptByRecord is why a user waits for the person of a record, and what for.
func keptByRecord(s Situation) verdict.Verdict {
	name := s.Keeper.Record.User
	v := verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonEmailInUse}
	if s.Keeper.Ended() {
		v.Message = "the address in spec.email is that of " + name + ", whose User was deleted and who is being archived: it goes on by itself when that is done"
		return v
	}
	v.Message = "the address in spec.email is that of " + name + ", whose User was deleted, which was rejected, and who keeps everything for now: it goes on by itself when the person is archived"
	return v
}

// needs says that a record keeps seats for a user, who has not come into all of those that the roles need, or is held, and given
// nothing more until that is decided.
func (d *Decision) needs(s Situation, a *v1alpha1.ArchivedUser) bool {
	if !Claimed(d.User, a) || leaves(d.User, s.Facts) {
		return false
	}
	held := seatNames(s.Seats)
	return access.Leaving(d.User) && !MayEnter(d.User) || len(s.Roles.Awaited) > 0 || len(s.Roles.Unknown) > 0 ||
		slices.ContainsFunc(s.Roles.Pools, func(pool string) bool { return !slices.Contains(held, pool) })
}

// inherits says that a user is taking over from a record that keeps what the user has not come into yet, and has no role so far: the
// account stays as it was until then, or until the record ends.
func (d *Decision) inherits(s Situation) bool {
	if MayEnter(d.User) {
		return false
	}
	for _, a := range s.Records {
		if TakenOver(d.User, a) && d.needs(s, a) {
			return true
		}
	}
	return false
}
