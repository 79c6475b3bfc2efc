// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Who is parked is a User whose object lives in the record, and is archived as any other: by passes of their own, which read the
// person from the record, and write to it what they would write to the status of a User.

// ofRecords begins the names by which the passes over records are asked for. No User has such a name.
const ofRecords = "archivedusers/"

// passOver is the key of the passes over a record.
func passOver(record types.NamespacedName) types.NamespacedName {
	return types.NamespacedName{Namespace: record.Namespace, Name: ofRecords + record.Name}
}

// reconcileRecord does one pass over who is parked.
func (r *Reconciler) reconcileRecord(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	name := types.NamespacedName{Namespace: key.Namespace, Name: strings.TrimPrefix(key.Name, ofRecords)}
	var record v1alpha1.ArchivedUser
	err := r.Get(ctx, name, &record)
	if err == nil && record.Ended() { // nothing is taken from anybody on the word of the cache, who may be back
		record = v1alpha1.ArchivedUser{}
		err = r.Live.Get(ctx, name, &record)
	}
	if err != nil || !record.Parked() {
		r.forgetAll(key)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	namesake, err := r.namesake(ctx, &record)
	switch {
	case err != nil, namesake != nil && namesake.UID == record.Record.UID: // who speaks for itself, and wakes us when it is gone
		return ctrl.Result{}, err
	case !record.Ended():
		return r.endParking(ctx, &record)
	}
	return r.archiveResident(ctx, key, &record, namesake)
}

// namesake is the User of the name that the person of a record had; nil when there is none.
func (r *Reconciler) namesake(ctx context.Context, record *v1alpha1.ArchivedUser) (*v1alpha1.User, error) {
	u := &v1alpha1.User{}
	var from client.Reader = r
	if record.Ended() { // what the person owns may be somebody else's by now
		from = r.Live
	}
	err := from.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: record.Record.User}, u)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading user %s: %w", record.Record.User, err)
	}
	return u, nil
}

// endParking ends the time in which the User can be applied again, when it is over, or the record or the organization goes. Whoever
// claims the record in the same moment writes it as well, so that only one of the two comes about.
func (r *Reconciler) endParking(ctx context.Context, record *v1alpha1.ArchivedUser) (ctrl.Result, error) {
	now, until := r.Clock.Now(), record.Record.Parked.Until.Time
	goes, err := r.organizationGoes(ctx, record)
	if err != nil || !goes && record.DeletionTimestamp.IsZero() && now.Before(until) {
		return r.Result(verdict.Verdict{WakeAt: until}, err)
	}
	heir, err := r.heir(ctx, record)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case heir != nil && membership.TakenOver(heir, record): // who has what there was to keep, or never will
		return r.endTakeover(ctx, record, heir, goes)
	case heir != nil:
		return r.Result(verdict.Verdict{WakeAt: now.Add(anotherLook)}, nil) // it wakes us when it has
	}
	ended := record.DeepCopy()
	ended.Record.Parked.EndedAt = new(metav1.NewTime(now))
	if err := r.Update(ctx, ended); err != nil {
		return r.Result(verdict.Verdict{}, fmt.Errorf("ending the time in which somebody is parked: %w", err))
	}
	log.FromContext(ctx).Info("transition", "reason", v1alpha1.ReasonArchiving)
	return ctrl.Result{}, nil
}

// anotherLook is how long it takes at most until what a record waits for is looked at again.
const anotherLook = 5 * time.Minute

// endTakeover ends a record of who is here, unless a seat is about to pass.
func (r *Reconciler) endTakeover(ctx context.Context, record *v1alpha1.ArchivedUser, heir *v1alpha1.User, goes bool) (ctrl.Result, error) {
	if passes, err := r.passes(ctx, record, heir); err != nil || passes && !goes {
		return r.Result(verdict.Verdict{WakeAt: r.Clock.Now().Add(anotherLook)}, err) // the seat wakes us
	}
	return r.Result(verdict.Verdict{}, r.release(ctx, record, heir))
}

// passes says that a seat is about to pass from a record to who has taken over: nobody else is to get it, while the person can sign in.
// Who is held has nothing but what the record keeps, until that is decided.
func (r *Reconciler) passes(ctx context.Context, record *v1alpha1.ArchivedUser, heir *v1alpha1.User) (bool, error) {
	if !access.Active(heir) || access.Leaving(heir) {
		return access.Active(heir), nil
	}
	kept, err := r.seatsOf(record.Namespace, record.Record.UID)
	if err != nil {
		return false, err
	}
	has, err := r.seatsOf(heir.Namespace, heir.UID)
	if err != nil {
		return false, err
	}
	source := roster.New(ctx, r, types.NamespacedName{Namespace: heir.Namespace, Name: heir.Spec.Organization}, nil)
	roles := access.Of(heir, source, r.Clock.Now())
	for _, seat := range kept {
		if !comesInto(&roles, has, seat) {
			continue
		}
		var pool v1alpha1.SeatPool
		if found, err := r.find(ctx, heir.Namespace, seat.Pool, &pool); err != nil || found && pool.DeletionTimestamp.IsZero() {
			return true, err
		}
	}
	return false, source.Err()
}

// comesInto says that somebody of those roles, who has these seats, is to come into another one.
func comesInto(roles *access.Roles, has []membership.Seat, seat membership.Seat) bool {
	return (len(roles.Unknown) > 0 || slices.Contains(roles.Pools, seat.Pool)) && seat.Withdrawn == 0 &&
		!slices.ContainsFunc(has, func(other membership.Seat) bool { return other.Pool == seat.Pool })
}

// organizationGoes says that the organization of a record is no more, or is being deleted: that is not held up by anybody.
func (r *Reconciler) organizationGoes(ctx context.Context, record *v1alpha1.ArchivedUser) (bool, error) {
	var org v1alpha1.Organization
	found, err := r.find(ctx, record.Namespace, record.Record.Spec.Organization, &org)
	if err != nil || found && org.DeletionTimestamp.IsZero() {
		return false, err
	}
	live, err := r.organization(ctx, membership.Resident(record))
	return live == nil || !live.DeletionTimestamp.IsZero(), err
}

// heir is the User, as it is at this moment, that has claimed a record, and has taken over or is going to; nil when there is none.
// One whose address is another by now, or who is known by another, was never the person, and does not become it: what it would write
// rests on another version.
func (r *Reconciler) heir(ctx context.Context, record *v1alpha1.ArchivedUser) (*v1alpha1.User, error) {
	claim := record.Record.Parked.Heir
	if claim.UID == "" {
		return nil, nil
	}
	u := &v1alpha1.User{}
	switch err := r.Live.Get(ctx, types.NamespacedName{Namespace: record.Namespace, Name: claim.User}, u); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking for who takes over: %w", err)
	}
	if u.UID != claim.UID || !membership.Claimed(u, record) {
		return nil, nil
	}
	return u, nil
}

// gatherKeeper has a user claim the record of who is parked at the address, or says that the address is that person's.
func (r *Reconciler) gatherKeeper(ctx context.Context, s *snapshot) error {
	email := membership.FoldEmail(s.User.Spec.Email)
	record := s.Records[email]
	if record == nil || s.EmailHolder != "" || s.Organization == nil || s.Roles.None() || !membership.KeptFrom(s.User, record) {
		return nil
	}
	if membership.Claims(s.User, record, s.Now) {
		other, err := r.heir(ctx, record)
		if err != nil {
			return err
		}
		if other == nil {
			claimed := record.DeepCopy()
			claimed.Record.Parked.Heir = v1alpha1.Heir{User: s.User.Name, UID: s.User.UID}
			if err := r.Update(ctx, claimed); err != nil {
				return fmt.Errorf("claiming what is kept at the address: %w", err)
			}
			s.Records[email] = claimed
			return nil
		}
	}
	s.EmailHolder, s.Keeper = record.Record.User, record
	return nil
}

// archiveResident takes the person of a record that has ended a step further.
func (r *Reconciler) archiveResident(ctx context.Context, key types.NamespacedName, record *v1alpha1.ArchivedUser, namesake *v1alpha1.User) (ctrl.Result, error) {
	s := &snapshot{key: key, record: record, roles: map[string]*v1alpha1.Role{}}
	s.Now, s.User, s.Asked = r.Clock.Now(), membership.Resident(record), r.errands.of(key)
	s.Recorded, s.Spared = true, namesake != nil // whose objects they are now
	if err := r.gatherResident(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	d, err := r.decide(ctx, s)
	if err != nil {
		return r.Result(verdict.Verdict{}, err)
	}
	if d.GaveUp != "" {
		r.Events.Eventf(record, nil, corev1.EventTypeWarning, v1alpha1.ReasonDirectoryUnavailable, "Reconcile", "%s", d.GaveUp)
		log.FromContext(ctx).Info("an account in a directory can still be used")
	}
	if d.Farewell {
		err := r.bury(ctx, s, &d)
		r.countHandover(&d, err)
		return r.Result(d.Verdict, err)
	}
	r.pace(s, &d)
	err = r.keepOnRecord(ctx, s, &d)
	if err == nil && d.Verdict.Kind != verdict.Silent {
		r.countHandover(&d, nil)
		if d.Task == nil && d.AccountTask == nil {
			r.forget(key)
		}
	}
	return r.Result(d.Verdict, err)
}

// gatherResident reads what the decision about the person of a record rests on. There is nobody to come back, no address to have,
// and no limit of holders that matters to who is no User.
func (r *Reconciler) gatherResident(ctx context.Context, s *snapshot) error {
	var org v1alpha1.Organization
	if found, err := r.find(ctx, s.User.Namespace, s.User.Spec.Organization, &org); err != nil {
		return err
	} else if found {
		s.Organization = &org
	}
	if err := r.gatherRoles(ctx, s); err != nil {
		return err
	}
	s.Organization = membership.LettingGo(s.Organization)
	s.Roles.Tied, s.Roles.Released, s.Tied = nil, nil, false
	return r.gatherSeats(s)
}

// keepOnRecord writes how far archiving is, and tells when somebody has to act.
func (r *Reconciler) keepOnRecord(ctx context.Context, s *snapshot, d *membership.Decision) error {
	verdict.Conclude(d.User, d.Verdict, r.Clock.Now())
	if d.Verdict.Kind == verdict.Silent || equality.Semantic.DeepEqual(s.record.Record.Parked.Status, d.User.Status) {
		return nil
	}
	after := s.record.DeepCopy()
	after.Record.Parked.Status = d.User.Status
	if err := r.Update(ctx, after); err != nil {
		return fmt.Errorf("writing how far archiving is: %w", err)
	}
	was := meta.FindStatusCondition(s.record.Record.Parked.Status.Conditions, v1alpha1.ConditionReady)
	if d.Verdict.Kind == verdict.Stuck && (was == nil || was.Reason != d.Verdict.Reason) {
		r.Events.Eventf(after, nil, corev1.EventTypeWarning, d.Verdict.Reason, "Reconcile", "%s", d.Verdict.Message)
	}
	return nil
}

// bury makes the record of somebody whose access is revoked, and whose seats are free, an ordinary one. One that somebody deleted
// goes by that.
func (r *Reconciler) bury(ctx context.Context, s *snapshot, d *membership.Decision) error {
	if err := r.unclaim(ctx, d.User); err != nil {
		return err
	}
	after, st := s.record.DeepCopy(), &d.User.Status
	rec := &after.Record
	rec.ArchivedAt, rec.Parked, rec.Handovers = metav1.NewTime(r.Clock.Now()), v1alpha1.Parking{}, handedOver(d.User)
	rec.DirectoryAccount, rec.AccessEndedAt = st.DirectoryAccount, st.AccessEndedAt
	controllerutil.RemoveFinalizer(after, v1alpha1.FinalizerArchive)
	if err := r.Update(ctx, after); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("archiving who was parked: %w", err)
	}
	r.forgetAll(s.key)
	log.FromContext(ctx).Info("transition", "reason", v1alpha1.ReasonArchived)
	return nil
}

// release ends a record of who is here. First it is to be deleted, from which there is no way back; then rights go that the User has
// not come into, of a version of the record that is the last, so that no Role gives them again; then the record, by which seats become
// free that the User has no use for. A pass that comes to nothing in between is followed by another, since the record is still parked.
func (r *Reconciler) release(ctx context.Context, record *v1alpha1.ArchivedUser, heir *v1alpha1.User) error {
	if record.DeletionTimestamp.IsZero() {
		if err := r.drop(ctx, record); err != nil {
			return err
		}
	}
	var last v1alpha1.ArchivedUser // held by our finalizer
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(record), &last); err != nil || last.UID != record.UID {
		return client.IgnoreNotFound(err)
	}
	u := membership.Resident(&last)
	kept, err := r.sharing(u, heir, roster.New(ctx, r, types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.Organization}, nil))
	if err == nil {
		err = r.Names.Withdraw(ctx, r, u, r.Clock.Now(), func(role string) bool { return slices.Contains(kept, role) })
	}
	if err != nil {
		return fmt.Errorf("taking back what is not taken over: %w", err)
	}
	last.Record.Parked = v1alpha1.Parking{}
	controllerutil.RemoveFinalizer(&last, v1alpha1.FinalizerArchive)
	if err := r.Update(ctx, &last); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("ending a record: %w", err)
	}
	return nil
}

// sharing are the roles whose rights another User has under the name by which Kubernetes knows somebody.
func (r *Reconciler) sharing(u, other *v1alpha1.User, source *roster.Roster) ([]string, error) {
	mine, err := r.Names.Of(u)
	theirs, nameless := r.Names.Of(other)
	if err != nil || nameless != nil || mine != theirs || !access.Active(other) {
		return nil, nil //nolint:nilerr // who has no name was not bound
	}
	return access.Closure(other.Status.Roles, source.Role), source.Err()
}

// shared are the roles whose rights anybody else has under the name of the person of a record.
func (r *Reconciler) shared(ctx context.Context, s *snapshot) (kept []string, err error) {
	others, err := index.AtAddress(r.Shelf, s.User.Namespace, s.User.Spec.Organization, s.User.Spec.Email)
	if err != nil {
		return nil, err
	}
	if namesake, err := r.namesake(ctx, s.record); err != nil {
		return nil, err
	} else if namesake != nil && namesake.Spec.Organization == s.User.Spec.Organization {
		others = append(others, namesake)
	}
	for _, other := range others {
		roles, err := r.sharing(s.User, other, s.source)
		if err != nil {
			return nil, err
		}
		kept = append(kept, roles...)
	}
	return kept, nil
}

// unended says that a record is no more one whose person is being archived: nobody is signed out by what was decided before.
func (e *errand) unended(ctx context.Context) error {
	var now v1alpha1.ArchivedUser
	err := e.Live.Get(ctx, client.ObjectKeyFromObject(e.record), &now)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return err
	case err != nil, now.UID != e.record.UID, now.Record.UID != e.record.Record.UID, !now.Ended():
		return errOutdated
	}
	return nil
}

// recordItself is the pass over a record of who is parked, which how far archiving is, and that alone, does not wake.
func recordItself(_ context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	if a := cmp.Or(after, before); !a.Parked() && (before == nil || !before.Parked()) || before != nil && after != nil && proceeds(before, after) {
		return nil
	}
	return []types.NamespacedName{passOver(client.ObjectKeyFromObject(cmp.Or(after, before)))}
}

// proceeds says that nothing changed about a record but how far archiving is.
func proceeds(before, after *v1alpha1.ArchivedUser) bool {
	was, is := before.Record.Parked, after.Record.Parked
	was.Status, is.Status = v1alpha1.UserStatus{}, v1alpha1.UserStatus{}
	return before.UID == after.UID && before.Record.UID == after.Record.UID && equality.Semantic.DeepEqual(was, is) &&
		before.DeletionTimestamp.Equal(after.DeletionTimestamp) && maps.Equal(before.Annotations, after.Annotations)
}

// recordsOfUser are those that a User who comes or goes speaks for, or was to take over from, and those that an heir has taken over.
func (r *Reconciler) recordsOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	if before != nil && after != nil && before.Account() == after.Account() && before.Spec.Email == after.Spec.Email {
		return nil
	}
	u := cmp.Or(after, before)
	return passesOver(slices.Concat(
		loop.KeysBy[v1alpha1.ArchivedUser](ctx, r.Base, u.Namespace, index.ParkedUser, u.Name),
		loop.KeysBy[v1alpha1.ArchivedUser](ctx, r.Base, u.Namespace, index.ParkedUser, index.Heir(u.UID)),
	))
}

// recordsOfSlice are those whose people lost a seat.
func (r *Reconciler) recordsOfSlice(ctx context.Context, before, after *v1alpha1.SeatSlice) []types.NamespacedName {
	if before == nil {
		return nil
	}
	var lost []types.NamespacedName
	for _, a := range before.Assignments {
		if after == nil || !slices.ContainsFunc(after.Assignments, func(b v1alpha1.SeatAssignment) bool { return a.UID == b.UID }) {
			lost = append(lost, loop.KeysBy[v1alpha1.ArchivedUser](ctx, r.Base, before.Namespace, index.ParkedUser, a.User)...)
		}
	}
	return passesOver(lost)
}

// recordsOfOrganization are those of an organization that goes, or whose policies changed.
func (r *Reconciler) recordsOfOrganization(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
	if before != nil && after != nil && before.DeletionTimestamp.IsZero() == after.DeletionTimestamp.IsZero() && !concernsAll(&before.Spec, &after.Spec) {
		return nil
	}
	org := cmp.Or(after, before)
	return passesOver(loop.KeysBy[v1alpha1.ArchivedUser](ctx, r.Base, org.Namespace, index.Parked, org.Name))
}

func passesOver(records []types.NamespacedName) []types.NamespacedName {
	keys := make([]types.NamespacedName, len(records))
	for i, record := range records {
		keys[i] = passOver(record)
	}
	return keys
}
