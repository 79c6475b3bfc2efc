// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package membership decides what one user needs next: a seat, an invitation, patience, or a farewell. It is
// pure: everything it rests on is in the Situation.
package membership

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// Seat is a seat that the ledger records for the user.
type Seat struct {
	Pool  string
	Since time.Time
	// Withdrawn is the turn in which the seat was withdrawn, 0 while it is not, and Turn that of the latest write of
	// the slice that says so.
	Withdrawn, Turn int64
}

// Pool is what a pool that the user's roles need says of itself.
type Pool struct {
	// Found says that the user's organization has the pool.
	Found bool
	// Leaving says that the pool is being deleted, and gives no seat any more.
	Leaving bool
	// Capacity is the number of its seats.
	Capacity int32
	// Position is the user's place in its queue, from 1; 0 when the user is not among those it lists.
	Position int
	// Crowded says that it lists as many as it can and has no seat left, so that whoever is not listed waits
	// behind them.
	Crowded bool
}

// Situation is what a decision rests on.
type Situation struct {
	Facts
	Now  time.Time
	User *v1alpha1.User
	// Roles are the roles that the user is to hold.
	Roles access.Roles
	// Seats are the seats that the ledger records for the user, by pool.
	Seats []Seat
	// Pools are the pools that the roles need, by name.
	Pools map[string]Pool
	// Account is what became of the latest task about the user's account; nil while nothing is known. Asked is the ID of one
	// that the directory may have done, and that is not on record; empty when there is none.
	Account *AccountReport
	Asked   string
	// ManagerID is what the directory calls the account of the user's manager; empty when it has none, as far as is known.
	ManagerID string
	// Drift is what the latest look at all that the directory has found of the account; nil when nothing is known.
	Drift *Drift
	// Records are those of who had an address of the user before, by the address as FoldEmail has it.
	Records map[string]*v1alpha1.ArchivedUser
	// HolderState is what the User with the name EmailHolder is to be.
	HolderState v1alpha1.UserState
	// Keeper is the record of the person who has the address that the user declares, where that is no User: EmailHolder is the name
	// that the User had. nil when it is nobody such.
	Keeper *v1alpha1.ArchivedUser
	// Claim is a claim that was taken for the address of an edit; empty when there is none. ClaimUnknown says that the user is Unclaimed
	// only since it could not be found out.
	Claim        v1alpha1.AddressClaim
	ClaimUnknown bool
	// Invalid is what is wrong with a value that the schema let pass; empty when nothing is.
	Invalid string
	// People may take over what the user owns.
	People handover.People
	// Report is what was found of what the user owns; nil while nothing is known.
	Report *handover.Report
	// Spared says that nothing is to be handed over, since everything in the namespace goes.
	Spared bool
	// Recorded says that the user is the person of a record, whose User is gone.
	Recorded bool
	// Strays says that something of the user's was seen after all was handed over.
	Strays bool
}

// Decision is what is to be done for a user.
type Decision struct {
	// User is the user with the status as it is to be.
	User *v1alpha1.User
	// Verdict sums the pass up, unless there is an invitation to Send or a password to HandOver; then what became of
	// it does.
	Verdict verdict.Verdict
	// Send is the invitation to send now; nil when there is none.
	Send *v1alpha1.InvitationStatus
	// Reminder is 0 when Send is an invitation, and the number of the reminder of it otherwise. WrittenAt is the date
	// of the reminder.
	Reminder  int
	WrittenAt time.Time
	// Notice is what the person is to be mailed of the end of access; nil when there is nothing to tell.
	Notice *v1alpha1.AccessNotice
	// AccountTask is what the directory is to do before more can be recorded; nil when it is nothing.
	AccountTask *AccountTask
	// GaveUp says what was left undone, since nobody is left who could see to it; empty when nothing was.
	GaveUp string
	// HandOver says that the first password is to be handed to the directory.
	HandOver bool
	// Replaced is who had the address before, when another person takes the place: a record is written before the
	// status is.
	Replaced *Replaced
	// Task is what is to be found, or handed over, of what the user owns, before more can be said; nil when nothing is.
	Task *handover.Task
	// AwaitsSeats says that nothing is left of what the user owns, so that the seats can be freed, and is on record only with the
	// next thing that is.
	AwaitsSeats bool
	// Later says that it is to be looked at again after a while, since no watch wakes when what is in the way is gone.
	Later bool
	// Moved is how many objects changed hands by the report that is taken up, and Left how many, by that, cannot from now on.
	Moved, Left int
	// Returned says that the person was here before, which is news.
	Returned bool
	// Spent are records that say of the user what the user says: they go once the status is written.
	Spent []*v1alpha1.ArchivedUser
	// Farewell says that the object can go: a record is written, then the finalizer is removed.
	Farewell bool
	// Parked is set when nothing but the object goes: the person keeps what is recorded there.
	Parked v1alpha1.Parking
	// Final says that no record is to remain, and Nobody that there is nothing to record: the address was never the user's.
	Final, Nobody bool

	now time.Time
	org *v1alpha1.Organization
	// denied says that an edit of the address does not take effect.
	denied bool
	// replacing says that it does not before the roles that somebody has to hold may be given up.
	replacing bool
	// renewed says that another person has come in the place of the one who was there.
	renewed bool
	// takesOver says that the user becomes the person of a parked record: pools go by that once it is recorded.
	takesOver bool
	// lacking says which roles are not granted, beside others that are; Done when all are. tied says which are held that are
	// not to be; Done when none is.
	lacking, tied verdict.Verdict
	// changes is when the roles of a user who stays, or the access of any, change by themselves next.
	changes time.Time
	// losses are those roles.
	losses []string
}

// Next decides what is to be done for a user.
func Next(s Situation) Decision {
	d := &Decision{User: s.User.DeepCopy(), now: s.Now.Truncate(time.Second), org: s.Organization}
	d.watchEnd()
	d.readdress(s)
	d.goBy(s.Claim)
	d.recall(s)
	d.numberEmployee()
	d.Verdict = d.next(s)
	if d.Verdict.Kind == verdict.Silent && !d.Farewell {
		switch {
		case asksAnew(s.User, d.User):
			d.Verdict = requested()
		case d.Replaced != nil || s.User.Status.AddressClaim != d.User.Status.AddressClaim || urgent(s.User, d.User):
			d.Verdict = verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonInviting, Message: "an invitation follows"}
		case d.takesOver:
			d.Verdict = verdict.Verdict{Kind: verdict.Wait, Reason: v1alpha1.ReasonAwaitingSeat, Message: "is back in time, and takes the seat over"}
		}
	}
	d.announce(s)
	d.keepAccount(s)
	return *d
}

// urgent says that a pool goes by what is to be recorded, which then does not wait for a mail server or a directory: that a
// seat which was withdrawn carries no role any more, or that the user is to be invited again.
func urgent(before, after *v1alpha1.User) bool {
	lost := slices.ContainsFunc(after.Status.Withdrawals, func(w v1alpha1.SeatWithdrawal) bool {
		return !slices.Contains(before.Status.Withdrawals, w)
	})
	return lost || over(before) && !over(after)
}

func (d *Decision) next(s Situation) verdict.Verdict {
	u := d.User
	orphaned := s.Organization == nil && u.DeletionTimestamp.IsZero()
	if !orphaned && leaves(u, s.Facts) {
		if v := d.plan(s); v.Kind != verdict.Done {
			d.expire()
			d.lessen(s)
			return v
		}
		return d.leave(s)
	}
	if !orphaned { // else nobody says that the user stays
		d.keepAll()
	}
	d.expire()
	v := d.stay(s, orphaned)
	if v.WakeAt.IsZero() && open(u) {
		v.WakeAt = u.Status.Invitation.ExpiresAt.Time
	}
	d.changes = access.Sooner(d.changes, s.Roles.Changes)
	v.WakeAt = access.Sooner(v.WakeAt, d.changes)
	return v
}

// Due is when the next pass is due by the clock, whatever became of what was sent or handed over: when a delegation begins or
// ends, or access does, at the latest. Zero when only a watch wakes.
func (d *Decision) Due() time.Time { return access.Sooner(d.Verdict.WakeAt, d.changes) }

// stay decides for a user who does not leave. An orphaned one has no organization.
func (d *Decision) stay(s Situation, orphaned bool) verdict.Verdict {
	u := d.User
	switch {
	case orphaned:
		return stuck(v1alpha1.ReasonOrganizationNotFound,
			"organization %s is not in this namespace: create it, or correct spec.organization", u.Spec.Organization)
	case access.Leaving(u) && protected(u, s.Organization):
		d.lessen(s)
		return stuck(v1alpha1.ReasonOwnerProtected,
			"is the owner of organization %s and keeps access: name another owner there first", u.Spec.Organization)
	case held(u, s.Organization):
		d.lessen(s)
		return confirmationRequired(u)
	case access.Detained(u, s.Organization):
		return d.remain(s)
	case access.Leaving(u), d.replacing:
		return d.askToLeave(s)
	case s.Invalid != "":
		d.lessen(s)
		return stuck(v1alpha1.ReasonInvalidSpec, "%s", s.Invalid)
	case d.denied:
		d.lessen(s)
		return unedited(s.Organization)
	case s.Keeper != nil:
		d.lessen(s)
		return keptByRecord(s)
	case s.EmailHolder != "":
		d.lessen(s)
		return inUse(s)
	case s.Unclaimed:
		d.lessen(s)
		return d.inUseElsewhere(s)
	}
	return d.join(s)
}

// lessen takes what a user is to lose from one who is held up otherwise, and grants nothing: a pool that withdrew a seat
// waits for that, and does not know what else is wrong.
func (d *Decision) lessen(s Situation) {
	st := &d.User.Status
	before, beforeSeats := st.Roles, st.Seats
	d.lose(s)
	st.Roles = both(before, st.Roles)
	st.Seats = both(beforeSeats, st.Seats)
	if d.replacing || access.Leaving(d.User) && !protected(d.User, s.Organization) && !held(d.User, s.Organization) && !access.Detained(d.User, s.Organization) {
		d.losses = append(names(s.Roles.Tied), s.Roles.Released...) // all of them, or none
	}
	d.ask(nil, d.losses)
	d.listWithheld(s)
}

// both are the names that are in both lists, in the order of the second.
func both(a, b []string) []string {
	var names []string
	for _, name := range b {
		if slices.Contains(a, name) {
			names = append(names, name)
		}
	}
	return names
}

// join takes a user who is to have access as far as it goes.
func (d *Decision) join(s Situation) verdict.Verdict {
	verdict.Unset(d.User, v1alpha1.ConditionArchived)
	d.lose(s)
	if over(d.User) {
		d.ask(nil, nil)
	} else {
		d.ask(d.gains(s), d.losses)
	}
	d.listWithheld(s)
	if len(s.Roles.Unknown) > 0 {
		return unknown(d.User.Spec.Organization, s.Roles.Unknown)
	}
	if s.Roles.None() {
		verdict.Unset(d.User, v1alpha1.ConditionSeated)
		return done(v1alpha1.ReasonNoRoles, "has no role, hence no seat and no invitation: name one in spec.roles to give access")
	}
	if over(d.User) {
		d.dropRoles()
		return d.end()
	}
	withheld := d.withheld(s)
	if withheld.Kind == verdict.Silent || withheld.Kind != verdict.Done && len(d.User.Status.Roles) == 0 {
		return withheld
	}
	d.lacking = withheld
	return d.sumUp(d.invite(s))
}

// sumUp is v, unless all is well but for roles that are lacking, or held beyond their time.
func (d *Decision) sumUp(v verdict.Verdict) verdict.Verdict {
	if v.Kind != verdict.Done {
		return v
	}
	for _, kind := range []verdict.Kind{verdict.Stuck, verdict.Wait} {
		for _, other := range []verdict.Verdict{d.lacking, d.tied} {
			if other.Kind == kind {
				other.WakeAt = v.WakeAt
				return other
			}
		}
	}
	return v
}

// withheld says which roles cannot be granted: Done when all can, Silent when a pool has not decided yet.
func (d *Decision) withheld(s Situation) verdict.Verdict {
	v := d.unseated(s)
	if v.Kind == verdict.Done {
		v = awaited(s.Roles.Awaited)
	}
	return v
}

// unseated says which roles cannot be granted for want of a seat.
func (d *Decision) unseated(s Situation) verdict.Verdict {
	var stuckAt verdict.Verdict
	undecided := false
	for _, name := range s.Roles.Pools {
		if slices.Contains(d.User.Status.Seats, name) {
			continue
		}
		v := d.missing(name, s.Pools[name])
		undecided = undecided || v.Kind == verdict.Silent
		if stuckAt.Kind != verdict.Stuck {
			stuckAt = v
		}
	}
	switch {
	case undecided && len(d.User.Status.Withdrawals) == 0: // a withdrawal does not wait for other pools
		return verdict.Verdict{Kind: verdict.Silent}
	case stuckAt.Kind == verdict.Stuck:
		verdict.Set(d.User, v1alpha1.ConditionSeated, false, stuckAt.Reason, stuckAt.Message, d.now)
		return stuckAt
	case len(s.Roles.Pools) == 0:
		verdict.Unset(d.User, v1alpha1.ConditionSeated)
	default:
		verdict.Set(d.User, v1alpha1.ConditionSeated, true, v1alpha1.ReasonSeated, "holds every seat that the roles need", d.now)
	}
	return verdict.Verdict{}
}

// missing says why the user has no seat in a pool: Silent when the pool has not decided yet.
func (d *Decision) missing(name string, pool Pool) verdict.Verdict {
	withdrawn := Revoked(d.User, name) != 0
	switch {
	case !pool.Found:
		return stuck(v1alpha1.ReasonSeatPoolNotFound,
			"organization %s has no seat pool %s, which a role needs: create it, or change the role", d.User.Spec.Organization, name)
	case pool.Leaving:
		return stuck(v1alpha1.ReasonSeatPoolNotFound, "seat pool %s, which a role needs, is being deleted and gives no seat: change the role", name)
	case withdrawn && pool.Position > 0:
		return stuck(v1alpha1.ReasonAwaitingSeat,
			"lost the seat in seat pool %s, which had more holders than seats, and is number %d in its queue: add seats, or free one", name, pool.Position)
	case withdrawn:
		return stuck(v1alpha1.ReasonAwaitingSeat, "lost the seat in seat pool %s, which had more holders than seats: add seats, or free one", name)
	case pool.Position > 0:
		return stuck(v1alpha1.ReasonAwaitingSeat, "number %d in the queue of seat pool %s, whose %d seats are taken: add seats, or free one",
			pool.Position, name, pool.Capacity)
	case pool.Crowded:
		return stuck(v1alpha1.ReasonAwaitingSeat, "in the queue of seat pool %s, whose %d seats are taken: add seats, or free one",
			name, pool.Capacity)
	}
	return verdict.Verdict{Kind: verdict.Silent}
}

// lose grants the roles for which the user has what they need, and revokes access when seats were withdrawn and no role
// is left.
func (d *Decision) lose(s Situation) {
	st := &d.User.Status
	had, held := len(st.Withdrawals) > 0, st.Roles
	d.withdraw(s)
	st.Roles = s.Roles.Granted(st.Seats)
	d.keepTied(s, held)
	switch {
	case len(st.Withdrawals) > 0 && len(st.Roles) == 0 && !s.Roles.None():
		d.revoke(v1alpha1.ReasonInvitationRevoked, "access is revoked, since the last seat was withdrawn")
	case had && len(st.Withdrawals) == 0 && len(st.Roles) > 0 && st.AcceptedAt != nil:
		st.AccessRevokedAt = nil // it was given back, whatever else keeps the user from going on
	}
}

// withdraw tells the seats that the user holds from those that were withdrawn. A withdrawal stays on record until the
// ledger gives a seat of the pool anew, or the user needs none; a slice that is older than the withdrawal gives none.
func (d *Decision) withdraw(s Situation) {
	st := &d.User.Status
	lost := map[string]int64{}
	for _, w := range st.Withdrawals {
		if slices.Contains(s.Roles.Pools, w.Pool) {
			lost[w.Pool] = w.Turn
		}
	}
	st.Seats, st.Withdrawals = nil, nil
	for _, seat := range s.Seats {
		switch {
		case seat.Withdrawn != 0:
			lost[seat.Pool] = max(seat.Withdrawn, lost[seat.Pool])
		case seat.Turn >= lost[seat.Pool]:
			delete(lost, seat.Pool)
			st.Seats = append(st.Seats, seat.Pool)
		}
	}
	slices.Sort(st.Seats)
	for _, pool := range slices.Sorted(maps.Keys(lost)) {
		st.Withdrawals = append(st.Withdrawals, v1alpha1.SeatWithdrawal{Pool: pool, Turn: lost[pool]})
	}
}

// leave revokes access, waits until the seats are free, and lets go.
func (d *Decision) leave(s Situation) verdict.Verdict {
	u := d.User
	d.revoke(v1alpha1.ReasonInvitationRevoked, "access is revoked")
	d.dropRoles()
	u.Status.Seats, u.Status.Withdrawals = seatNames(s.Seats), nil
	if u.Status.Invitation != nil {
		u.Status.Invitation.Sends = ptr.To(int32(0)) // who is brought back is invited as for the first time
	}
	verdict.Unset(u, v1alpha1.ConditionSeated)
	if v := d.handOver(s); v.Kind != verdict.Done {
		return v
	}
	if d.AwaitsSeats = d.awaitsSeats(s); d.AwaitsSeats {
		return verdict.Verdict{Kind: verdict.Silent, WakeAt: s.Report.At.Add(seatPatience)}
	}
	if len(s.Seats) > 0 {
		reason := v1alpha1.ReasonArchiving
		if !access.Archiving(u) {
			reason = v1alpha1.ReasonSuspending
		}
		return verdict.Verdict{
			Kind: verdict.Wait, Reason: reason,
			Message: "access is revoked, and the seats are being freed: " + strings.Join(u.Status.Seats, ", "),
		}
	}
	if !u.DeletionTimestamp.IsZero() {
		return d.depart(s)
	}
	if !access.Archiving(u) {
		verdict.Unset(u, v1alpha1.ConditionArchived)
		return done(v1alpha1.ReasonSuspended, "has no access and no seat: set spec.state to Active to bring the person back")
	}
	v := done(v1alpha1.ReasonArchived, archived(u))
	verdict.Set(u, v1alpha1.ConditionArchived, true, v.Reason, v.Message, d.now)
	return v
}

// revoke ends access and any open invitation, once.
func (d *Decision) revoke(reason, message string) {
	u := d.User
	if u.Status.AccessRevokedAt == nil {
		u.Status.AccessRevokedAt = d.stamp()
	}
	if u.Status.Invitation != nil && !(ended(u.Status.Invitation) && reason == v1alpha1.ReasonInvitationRevoked) {
		verdict.Set(u, v1alpha1.ConditionInvited, false, reason, message, d.now)
	}
}

func (d *Decision) stamp() *metav1.Time {
	t := metav1.NewTime(d.now)
	return &t
}

func seatNames(seats []Seat) []string {
	var names []string
	for _, s := range seats {
		names = append(names, s.Pool)
	}
	slices.Sort(names)
	return names
}

func done(reason, message string) verdict.Verdict {
	return verdict.Verdict{Kind: verdict.Done, Reason: reason, Message: message}
}

func stuck(reason, format string, args ...any) verdict.Verdict {
	return verdict.Verdict{Kind: verdict.Stuck, Reason: reason, Message: fmt.Sprintf(format, args...)}
}
