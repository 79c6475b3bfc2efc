// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package user

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// SetupWithManager watches what moves a user: the user, the seats, and what the user is declared to belong to.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	const firstRetry, lastRetry = 50 * time.Millisecond, 5 * time.Minute
	// More than most would only take longer each. The workers beyond that are for who comes while one has them.
	const workers, most, share = 20, 16, 2
	opts.MaxConcurrentReconciles = workers
	opts.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)
	opts.NewQueue = loop.FairQueue(r.Clock, share, most)
	strays, err := r.addSweeps(mgr)
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("user").
		For(&v1alpha1.User{}, builder.WithPredicates(r.leaving(), predicate.Or(loop.Declared(), answered()))).
		Watches(&v1alpha1.User{}, loop.Affected(r.sameEmail, r.sameEmailElsewhere, r.delegates, r.reports, r.recordsOfUser)).
		Watches(&v1alpha1.ArchivedUser{}, loop.Affected(r.returning, r.parkedElsewhere)).
		Watches(&v1alpha1.ArchivedUser{}, loop.Found(recordItself)).
		Watches(&v1alpha1.Team{}, loop.Affected(loop.Present(r.usersOfTeam))).
		Watches(&v1alpha1.SeatSlice{}, loop.Affected(holdersChanged, r.recordsOfSlice)).
		Watches(&v1alpha1.SeatPool{}, loop.Affected(r.usersOfPool)).
		Watches(&v1alpha1.Role{}, loop.Affected(loop.Present(r.usersOfRole))).
		Watches(&v1alpha1.Organization{}, loop.Affected(r.recordsOfOrganization, r.usersOfOrganization)).
		WatchesRawSource(loop.Woken(r.Outbox.Done())).
		WatchesRawSource(loop.Woken(r.Accounts.Outbox.Done())).
		WatchesRawSource(loop.Woken(r.Estate.Outbox.Done())).
		WatchesRawSource(loop.Woken(strays)).
		WatchesRawSource(loop.Woken(r.Accounts.Resync.Users())).
		WithOptions(opts).
		Complete(r)
}

// answered lets through the answers that the invitation page records.
func answered() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, is := e.ObjectOld.(*v1alpha1.User), e.ObjectNew.(*v1alpha1.User)
		return (was.Status.AcceptedAt == nil) != (is.Status.AcceptedAt == nil) || declined(was) != declined(is)
	}}
}

func declined(u *v1alpha1.User) bool {
	return u.Status.Invitation != nil && u.Status.Invitation.DeclinedAt != nil
}

// sameEmail wakes those who may have an address now that somebody else gave up, or who are told otherwise why they may not; and those
// whose claim to it somebody comes to have who goes before them.
func (r *Reconciler) sameEmail(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	if before != nil && after != nil && after.Spec.Email == before.Spec.Email && after.Spec.State == before.Spec.State {
		return nil
	}
	var others []types.NamespacedName
	for _, u := range []*v1alpha1.User{before, after} {
		if u != nil {
			others = append(others, found(ctx)(index.AtAddress(r.Shelf, u.Namespace, u.Spec.Organization, u.Spec.Email))...)
		}
	}
	itself := client.ObjectKeyFromObject(cmp.Or(after, before))
	return slices.DeleteFunc(others, func(key types.NamespacedName) bool { return key == itself })
}

// holdersChanged wakes those who gained or lost a seat, or whose seat was withdrawn or given back.
func holdersChanged(_ context.Context, before, after *v1alpha1.SeatSlice) []types.NamespacedName {
	held := map[types.UID]v1alpha1.SeatAssignment{}
	if before != nil {
		for _, a := range before.Assignments {
			held[a.UID] = a
		}
	}
	var changed []types.NamespacedName
	if after != nil {
		for _, a := range after.Assignments {
			if was, ok := held[a.UID]; !ok || was.Withdrawn != a.Withdrawn {
				changed = append(changed, types.NamespacedName{Namespace: after.Namespace, Name: a.User})
			}
			delete(held, a.UID)
		}
	}
	for _, a := range held {
		changed = append(changed, types.NamespacedName{Namespace: before.Namespace, Name: a.User})
	}
	return changed
}

// usersOfPool wakes those whose place in the queue changed, and everybody whom a pool concerns when it comes or goes,
// or when what it says of the queue changes as a whole.
func (r *Reconciler) usersOfPool(ctx context.Context, before, after *v1alpha1.SeatPool) []types.NamespacedName {
	switch {
	case before == nil:
		return r.usersByPool(ctx, after)
	case after == nil:
		return r.usersByPool(ctx, before)
	case crowded(before) != crowded(after) || before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		before.Spec.Organization != after.Spec.Organization:
		return r.usersByPool(ctx, after)
	}
	all := ptr.Deref(before.Status.Capacity, -1) != ptr.Deref(after.Status.Capacity, -1)
	var users []types.NamespacedName
	for _, name := range moved(before.Status.Queue, after.Status.Queue, all) {
		users = append(users, types.NamespacedName{Namespace: after.Namespace, Name: name})
	}
	return users
}

// moved are the names whose place in a queue is not what it was, or all of them. Those who left it at its head are not
// among them: they have a seat, and the slice that says so wakes them.
func moved(before, after []string, all bool) []string {
	places := make(map[string]int, len(after))
	for i, name := range after {
		places[name] = i
	}
	var names []string
	head := true
	for i, name := range before {
		place, stays := places[name]
		head = head && !stays
		if all && stays || place != i && stays || !stays && !head {
			names = append(names, name)
		}
		delete(places, name)
	}
	return append(names, slices.Collect(maps.Keys(places))...)
}

// usersByPool are the users whose roles need a seat of the pool.
func (r *Reconciler) usersByPool(ctx context.Context, pool *v1alpha1.SeatPool) []types.NamespacedName {
	source := roster.Of(ctx, r, pool.Namespace, pool.Spec.Organization)
	var users []types.NamespacedName
	for _, role := range loop.KeysBy[v1alpha1.Role](ctx, r.Base, pool.Namespace, index.RolePool, pool.Name) {
		users = append(users, keys(pool.Namespace, source.ByRole(role.Name))...)
	}
	return users
}

// usersOfRole are those to whom a change of a role matters.
func (r *Reconciler) usersOfRole(ctx context.Context, before, after *v1alpha1.Role) []types.NamespacedName {
	role := after
	switch {
	case after == nil:
		role = before
	case before != nil && !roster.Reshaped(before, after):
		return nil
	}
	return keys(role.Namespace, roster.Of(ctx, r, role.Namespace, role.Spec.Organization).ByRole(role.Name))
}

// usersOfTeam are those who come to a team or go, or all of it and of those below when its roles or its place change.
func (r *Reconciler) usersOfTeam(ctx context.Context, before, after *v1alpha1.Team) []types.NamespacedName {
	team := cmp.Or(after, before)
	return keys(team.Namespace, roster.Of(ctx, r, team.Namespace, team.Spec.Organization).ByTeam(before, after))
}

// delegates are the users who hold the roles of a user who changed.
func (r *Reconciler) delegates(_ context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	u := cmp.Or(after, before)
	return keys(u.Namespace, roster.Delegates(before, after))
}

func keys(namespace string, names []string) []types.NamespacedName {
	all := make([]types.NamespacedName, len(names))
	for i, name := range names {
		all[i] = types.NamespacedName{Namespace: namespace, Name: name}
	}
	return all
}

func (r *Reconciler) usersOfOrganization(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
	org := after
	if after == nil {
		org = before
	}
	if before == nil || after == nil || before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		concernsAll(&before.Spec, &after.Spec) {
		return r.users(ctx, org.Namespace, index.Organization, org.Name)
	}
	concerned := roster.Decided(before, after)
	if before.Spec.Owner != after.Spec.Owner {
		concerned = append(concerned, before.Spec.Owner, after.Spec.Owner)
	}
	users := append(keys(org.Namespace, concerned), r.removed(ctx, before, after)...)
	if !slices.Equal(before.Status.FullRoles, after.Status.FullRoles) {
		users = append(users, r.users(ctx, org.Namespace, index.UserRequests, org.Name)...)
	}
	return users
}

// concernsAll says that a policy has changed by which everybody's case may be decided anew.
func concernsAll(before, after *v1alpha1.OrganizationSpec) bool {
	was, is := before.Invitation, after.Invitation
	return before.DefaultRole != after.DefaultRole || before.TimeZone != after.TimeZone || before.EmailChange != after.EmailChange || before.EmailScope != after.EmailScope || before.Mail != after.Mail ||
		anotherDirectory(&before.Directory, &after.Directory) || before.Locale != after.Locale ||
		was.MaxSends != is.MaxSends || was.Acceptance != is.Acceptance || !ptr.Equal(was.ReminderInterval, is.ReminderInterval) ||
		!equality.Semantic.DeepEqual(before.Offboarding, after.Offboarding)
}

// found are the keys of the users who were looked for.
func found(ctx context.Context) func(users []*v1alpha1.User, err error) []types.NamespacedName {
	return func(users []*v1alpha1.User, err error) []types.NamespacedName {
		if err != nil {
			// The cache is local: this cannot fail but by a mistake of ours.
			log.FromContext(ctx).Error(err, "looking for whom a change concerns")
		}
		keys := make([]types.NamespacedName, len(users))
		for i, u := range users {
			keys[i] = client.ObjectKeyFromObject(u)
		}
		return keys
	}
}

// users are the keys of the users that an index finds.
func (r *Reconciler) users(ctx context.Context, namespace, by, value string) []types.NamespacedName {
	return loop.KeysBy[v1alpha1.User](ctx, r.Base, namespace, by, value)
}
