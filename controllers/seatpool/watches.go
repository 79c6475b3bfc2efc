// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// SetupWithManager watches what moves seats: the pool, its slices, and the organization's users and roles.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	const workers, most, share = 4, 3, 1 // an organization with many pools leaves workers to others
	opts.MaxConcurrentReconciles = workers
	opts.NewQueue = loop.FairQueue(r.Clock, share, most)
	r.follows = true
	return ctrl.NewControllerManagedBy(mgr).
		Named("seatpool").
		For(&v1alpha1.SeatPool{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.SeatSlice{}, loop.AffectedBy(poolOfSlice)).
		Watches(&v1alpha1.User{}, loop.Affected(r.poolsOfUser)).
		Watches(&v1alpha1.Role{}, loop.AffectedBy(r.poolsOfRole), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ArchivedUser{}, loop.Affected(r.poolsOfRecord)).
		Watches(&v1alpha1.Team{}, loop.Affected(loop.Present(r.poolsOfTeam))).
		Watches(&v1alpha1.Organization{}, loop.Affected(r.poolsOfOrganization)).
		WatchesRawSource(loop.Woken(r.Desk.Done())).
		WatchesRawSource(source.Func(r.followDeparted)).
		WithOptions(opts).
		Complete(r)
}

// followDeparted wakes the pools in which somebody may hold a seat who owns nothing any more. Who was noted before is looked at when
// the records are made.
func (r *Reconciler) followDeparted(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.Departed.Follow(func(u *v1alpha1.User) {
		for _, pool := range r.poolsOfUsers(ctx, u.Namespace, u.Spec.Organization, []string{u.Name}) {
			queue.Add(reconcile.Request{NamespacedName: pool})
		}
	})
	return nil
}

func poolOfSlice(_ context.Context, slice *v1alpha1.SeatSlice) []types.NamespacedName {
	return []types.NamespacedName{{Namespace: slice.Namespace, Name: slice.Pool}}
}

// poolsOfUser are the pools for which a change of a user matters. It matters for others with the same address as well.
func (r *Reconciler) poolsOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	u := after
	if after == nil {
		u = before
	}
	concerned := []*v1alpha1.User{u}
	if before == nil || after == nil || addressed(before) != addressed(after) {
		concerned = append(concerned, r.neighbours(ctx, before)...)
		concerned = append(concerned, r.neighbours(ctx, after)...)
	}
	delegates := roster.Delegates(before, after)
	concerned = append(concerned, r.users(ctx, u.Namespace, delegates)...)
	if before != nil && after != nil && !standsAnew(before, after) &&
		!slices.ContainsFunc(concerned, func(other *v1alpha1.User) bool { return other.UID != u.UID }) {
		return nil
	}
	pools := r.pools(ctx, u.Namespace, u.Spec.Organization)
	for _, pool := range pools {
		r.records.changed(pool, func(c *changes) {
			for _, u := range concerned {
				c.user(u)
			}
		})
	}
	return pools
}

// addresses are those that a user declares, was invited at, and is known by: what gives an address to one of several users.
type addresses struct{ declared, invited, known string }

func addressed(u *v1alpha1.User) addresses {
	a := addresses{declared: membership.FoldEmail(u.Spec.Email)}
	if u.Status.Invitation != nil {
		a.invited = membership.FoldEmail(u.Status.Invitation.Email)
	}
	if u.Status.AcceptedAt != nil { // until then it gives nothing
		a.known = membership.FoldEmail(u.Status.Email)
	}
	return a
}

// readdressed says that an edit of the address took effect.
func readdressed(before, after *v1alpha1.User) bool {
	return before.Status.Email != "" && before.Status.Email != after.Status.Email
}

// neighbours are the users with the address of u.
func (r *Reconciler) neighbours(ctx context.Context, u *v1alpha1.User) []*v1alpha1.User {
	if u == nil {
		return nil
	}
	users, err := index.AtAddress(r.Shelf, u.Namespace, u.Spec.Organization, u.Spec.Email)
	if err != nil {
		// The cache is local: this cannot fail but by a mistake of ours.
		log.FromContext(ctx).Error(err, "looking for the users with an address")
	}
	return users
}

// standsAnew says that a change of a user may be one of what the user, or a neighbour, is to a pool.
func standsAnew(before, after *v1alpha1.User) bool {
	if before.Generation != after.Generation ||
		access.Leaving(before) != access.Leaving(after) ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		before.Annotations[v1alpha1.AnnotationResendInvitation] != after.Annotations[v1alpha1.AnnotationResendInvitation] ||
		before.Annotations[v1alpha1.AnnotationConfirmDelete] != after.Annotations[v1alpha1.AnnotationConfirmDelete] ||
		readdressed(before, after) || reseated(&before.Status, &after.Status) {
		return true
	}
	was, is := ptr.Deref(before.Status.Invitation, v1alpha1.InvitationStatus{}), ptr.Deref(after.Status.Invitation, v1alpha1.InvitationStatus{})
	return before.Status.Invitation != nil && ((was.DeclinedAt == nil) != (is.DeclinedAt == nil) || (was.ExpiredAt == nil) != (is.ExpiredAt == nil) ||
		was.Email != is.Email || was.AnswersRequest != is.AnswersRequest)
}

// reseated says that a status says something else about what a seat comes with.
func reseated(before, after *v1alpha1.UserStatus) bool {
	return (before.AccessRevokedAt == nil) != (after.AccessRevokedAt == nil) || signsIn(before) != signsIn(after) ||
		(before.AcceptedAt == nil) != (after.AcceptedAt == nil) || handover.Pending(before) != handover.Pending(after) ||
		!slices.Equal(before.RoleRequests, after.RoleRequests) || !slices.Equal(before.Withdrawals, after.Withdrawals) ||
		before.AddressClaim != after.AddressClaim
}

func (r *Reconciler) poolsOfRole(ctx context.Context, role *v1alpha1.Role) []types.NamespacedName {
	return r.anew(r.pools(ctx, role.Namespace, role.Spec.Organization))
}

// poolsOfOrganization are the pools for which a change of an organization matters. What it decides about the roles of some
// users matters for these.
func (r *Reconciler) poolsOfOrganization(ctx context.Context, before, after *v1alpha1.Organization) []types.NamespacedName {
	org := cmp.Or(after, before)
	if before == nil || after == nil || before.Generation != after.Generation || before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() {
		return r.anew(r.pools(ctx, org.Namespace, org.Name))
	}
	return r.poolsOfUsers(ctx, org.Namespace, org.Name, roster.Decided(before, after))
}

// poolsOfTeam are the pools for which a change of a team matters: for who comes and who goes.
func (r *Reconciler) poolsOfTeam(ctx context.Context, before, after *v1alpha1.Team) []types.NamespacedName {
	team := cmp.Or(after, before)
	users := roster.Of(ctx, r, team.Namespace, team.Spec.Organization).ByTeam(before, after)
	return r.poolsOfUsers(ctx, team.Namespace, team.Spec.Organization, users)
}

// poolsOfUsers are the pools of an organization, which are to look at some users anew; none when there are no users.
func (r *Reconciler) poolsOfUsers(ctx context.Context, namespace, organization string, names []string) []types.NamespacedName {
	users := r.users(ctx, namespace, names)
	if len(users) == 0 {
		return nil
	}
	pools := r.pools(ctx, namespace, organization)
	for _, pool := range pools {
		r.records.changed(pool, func(c *changes) {
			for _, u := range users {
				c.user(u)
			}
		})
	}
	return pools
}

// users are the users of some names, as far as they are there.
func (r *Reconciler) users(ctx context.Context, namespace string, names []string) []*v1alpha1.User {
	var users []*v1alpha1.User
	for _, name := range names {
		u := &v1alpha1.User{}
		if err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, u, loop.Lagging{}); err == nil {
			users = append(users, u)
		}
	}
	return users
}

// anew has the records of pools made anew: what everybody is to them may have changed.
func (r *Reconciler) anew(pools []types.NamespacedName) []types.NamespacedName {
	for _, pool := range pools {
		r.records.changed(pool, (*changes).everything)
	}
	return pools
}

// pools are the keys of the pools of an organization.
func (r *Reconciler) pools(ctx context.Context, namespace, organization string) []types.NamespacedName {
	return loop.KeysBy[v1alpha1.SeatPool](ctx, r.Base, namespace, index.Organization, organization)
}

// signsIn says that somebody can sign in to the directory.
func signsIn(st *v1alpha1.UserStatus) bool {
	return st.DirectoryAccount != nil && st.DirectoryAccount.State == v1alpha1.AccountActive
}
