// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get

// holdersFirst is how many holders of a role are looked at first, besides those that it must have: thousands may hold it,
// and most often some of them will do.
const holdersFirst = 64

// sweeper deletes what is left in a namespace that somebody deleted. Nothing is gained by holding it up. The garbage collector
// is no such thing: whoever may write a User can name an owner of it that is gone, and have it deleted.
const sweeper = "system:serviceaccount:kube-system:namespace-controller"

// ValidateDelete refuses what the finalizer would only hold up: the owner, whoever is needed as the holder of a role, and
// one removal too many.
func (a *userAdmission) ValidateDelete(ctx context.Context, u *v1alpha1.User) (admission.Warnings, error) {
	if !u.DeletionTimestamp.IsZero() || !a.runs(u.Namespace) || swept(ctx) {
		return nil, nil
	}
	r, err := a.roster(ctx, u.Namespace, u.Spec.Organization)
	if err != nil {
		return nil, err
	}
	needed, err := a.needed(ctx, u, r)
	if err == nil && len(needed) == 0 {
		needed, err = a.surplus(ctx, u, r.Organization())
	}
	if err != nil {
		return nil, err
	}
	if len(needed) == 0 {
		return irreversible(u, r.Organization()), nil
	}
	if going, err := a.going(ctx, u.Namespace); err != nil || going {
		return nil, err
	}
	return nil, apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("users").GroupResource(), u.Name, errors.New(strings.Join(needed, "; ")))
}

func swept(ctx context.Context) bool {
	request, err := admission.RequestFromContext(ctx)
	return err == nil && request.UserInfo.Username == sweeper
}

// going says that a namespace goes with all that is in it. Namespaces are not in the cache.
func (b *base) going(ctx context.Context, name string) (bool, error) {
	var namespace corev1.Namespace
	err := b.live.Get(ctx, types.NamespacedName{Name: name}, &namespace)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, apierrors.NewInternalError(fmt.Errorf("reading namespace %s: %w", name, err))
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// demoted judges what a change takes from a user. The owner keeps access. A role that is not to be lost yet is kept by the
// controllers for as long as it takes, and the change can be taken back: to refuse it would be to refuse a commit by which
// somebody else gets the role, of which each change is judged before the others are there.
func (a *userAdmission) demoted(ctx context.Context, before, after *v1alpha1.User, r *roster.Roster) (field.ErrorList, admission.Warnings, error) {
	org := r.Organization()
	if org == nil || !org.DeletionTimestamp.IsZero() {
		return nil, nil, nil
	}
	var errs field.ErrorList
	leaves := leaving(before, after, a.clock.Now())
	if leaves != nil && membership.IsOwner(before, org) {
		errs = append(errs, field.Forbidden(leaves, owns(org)))
	}
	short, err := a.shortages(ctx, before, a.lost(before, after, leaves != nil, r))
	if err != nil {
		return nil, nil, err
	}
	warnings := ownersEnd(before, after, org)
	for _, s := range short {
		warnings = append(warnings, s.keeps(after.Name))
	}
	return errs, warnings, nil
}

// lost are the roles with minHolders that a change takes from a user: all, or those that nothing gives any more.
func (a *userAdmission) lost(before, after *v1alpha1.User, leaves bool, r *roster.Roster) []access.Tied {
	now := a.clock.Now()
	if leaves {
		return access.Of(before, r, now).Tied
	}
	if len(added(after.Spec.Roles, before.Spec.Roles)) == 0 {
		return nil
	}
	was := access.Of(before, r, now).Tied
	return slices.DeleteFunc(access.Of(after, r, now).Tied, func(tied access.Tied) bool {
		return !tied.Kept || slices.ContainsFunc(was, func(t access.Tied) bool { return t.Kept && t.Role.Name == tied.Role.Name })
	})
}

// needed says why a user cannot be deleted. When the organization goes, everybody can.
func (a *userAdmission) needed(ctx context.Context, u *v1alpha1.User, r *roster.Roster) ([]string, error) {
	org := r.Organization()
	if org == nil || !org.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	var needed []string
	if membership.IsOwner(u, org) {
		needed = append(needed, owns(org))
	}
	short, err := a.shortages(ctx, u, access.Of(u, r, a.clock.Now()).Tied)
	if err != nil {
		return nil, err
	}
	for _, s := range short {
		needed = append(needed, s.holds())
	}
	if err := r.Err(); err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	return needed, nil
}

func owns(org *v1alpha1.Organization) string {
	return fmt.Sprintf("is the owner of organization %s and keeps access: name another owner there first (spec.owner)", org.Name)
}

// shortage is a role that would have too few holders without a user or, when the user accepted, none who did.
type shortage struct {
	role           string
	least, holders int32
}

// idle says that there are enough, of whom nobody accepted.
func (s *shortage) idle() bool { return s.holders >= s.least }

func (s *shortage) String() string {
	text := fmt.Sprintf("its spec.minHolders is %d, and without this User %d hold it", s.least, s.holders)
	if s.idle() {
		text += ", none of whom has accepted the invitation"
	}
	return text
}

// holds says why the user cannot go.
func (s *shortage) holds() string {
	return fmt.Sprintf("is needed as a holder of role %s: %s; give it to somebody else first", s.role, s)
}

// keeps says that the user keeps the role, and until when.
func (s *shortage) keeps(user string) string {
	until := "somebody else does"
	if s.idle() {
		until = "one of them has"
	}
	return fmt.Sprintf("User %s keeps role %s for now: %s; it goes once %s", user, s.role, s, until)
}

// shortages are the roles that would be short of holders without a user.
func (a *userAdmission) shortages(ctx context.Context, u *v1alpha1.User, roles []access.Tied) ([]*shortage, error) {
	var short []*shortage
	for _, tied := range roles {
		s, err := a.lastHolder(ctx, u, tied.Role)
		if err != nil {
			return nil, err
		}
		if s != nil {
			short = append(short, s)
		}
	}
	return short, nil
}

// lastHolder is the shortage of a role without a user; nil when there is none.
func (a *userAdmission) lastHolder(ctx context.Context, u *v1alpha1.User, role *v1alpha1.Role) (*shortage, error) {
	least := ptr.Deref(role.Spec.MinHolders, 0)
	var holders int32
	for _, limit := range []int64{4*int64(least) + holdersFirst, 0} { // there may be more than are looked at first
		all, accepted, err := a.others(ctx, u, role.Name, limit)
		if err != nil {
			return nil, err
		}
		if all >= least && (accepted > 0 || u.Status.AcceptedAt == nil) {
			return nil, nil
		}
		holders = all
	}
	return &shortage{role.Name, least, holders}, nil
}

// others counts who else holds a role and stays, and those of them who accepted. It looks at so many holders; at all when
// limit is 0.
func (a *userAdmission) others(ctx context.Context, u *v1alpha1.User, role string, limit int64) (holders, accepted int32, err error) {
	var list v1alpha1.UserList
	if err := a.cache.List(ctx, &list, client.InNamespace(u.Namespace),
		client.MatchingFields{index.UserHolds: role}, client.Limit(limit), loop.Lagging{}); err != nil {
		return 0, 0, apierrors.NewInternalError(fmt.Errorf("looking for the holders of role %s: %w", role, err))
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.Name == u.Name || other.Spec.Organization != u.Spec.Organization || access.Leaving(other) {
			continue
		}
		holders++
		if other.Status.AcceptedAt != nil {
			accepted++
		}
	}
	return holders, accepted, nil
}
