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

// sweepers delete what is left of what somebody else deleted. Nothing is gained by holding them up.
var sweepers = []string{
	"system:serviceaccount:kube-system:namespace-controller",
	"system:serviceaccount:kube-system:generic-garbage-collector",
}

// ValidateDelete refuses what the finalizer would only hold up: the owner, and whoever is needed as the holder of a role.
func (a *userAdmission) ValidateDelete(ctx context.Context, u *v1alpha1.User) (admission.Warnings, error) {
	if !u.DeletionTimestamp.IsZero() || !a.runs(u.Namespace) || swept(ctx) {
		return nil, nil
	}
	r, err := a.roster(ctx, u.Namespace, u.Spec.Organization)
	if err != nil {
		return nil, err
	}
	needed, err := a.needed(ctx, u, r)
	if err != nil || len(needed) == 0 {
		return nil, err
	}
	if going, err := a.going(ctx, u.Namespace); err != nil || going {
		return nil, err
	}
	return nil, apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("users").GroupResource(), u.Name, errors.New(strings.Join(needed, "; ")))
}

func swept(ctx context.Context) bool {
	request, err := admission.RequestFromContext(ctx)
	return err == nil && slices.Contains(sweepers, request.UserInfo.Username)
}

// going says that a namespace goes with all that is in it. Namespaces are not in the cache.
func (a *userAdmission) going(ctx context.Context, name string) (bool, error) {
	var namespace corev1.Namespace
	err := a.live.Get(ctx, types.NamespacedName{Name: name}, &namespace)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, apierrors.NewInternalError(fmt.Errorf("reading namespace %s: %w", name, err))
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// demoted judges what a change takes from a user.
func (a *userAdmission) demoted(ctx context.Context, before, after *v1alpha1.User, r *roster.Roster) (field.ErrorList, error) {
	var errs field.ErrorList
	if before.Spec.State != after.Spec.State && away(after.Spec.State) {
		needed, err := a.needed(ctx, before, r)
		if err != nil {
			return nil, err
		}
		for _, why := range needed {
			errs = append(errs, field.Forbidden(field.NewPath("spec", "state"), why))
		}
		return errs, nil
	}
	if len(added(after.Spec.Roles, before.Spec.Roles)) == 0 {
		return nil, nil
	}
	now := a.clock.Now()
	was := access.Of(before, r, now).Tied
	for _, tied := range access.Of(after, r, now).Tied {
		if !tied.Kept || slices.ContainsFunc(was, func(t access.Tied) bool { return t.Kept && t.Role.Name == tied.Role.Name }) {
			continue
		}
		why, err := a.lastHolder(ctx, before, tied.Role)
		if err != nil {
			return nil, err
		}
		if why != "" {
			errs = append(errs, field.Forbidden(field.NewPath("spec", "roles"), why))
		}
	}
	return errs, nil
}

// needed says why a user cannot leave. When the organization goes, everybody can.
func (a *userAdmission) needed(ctx context.Context, u *v1alpha1.User, r *roster.Roster) ([]string, error) {
	org := r.Organization()
	if org == nil || !org.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	var needed []string
	if membership.IsOwner(u, org) {
		needed = append(needed, fmt.Sprintf("is the owner of organization %s and keeps access: name another owner there first (spec.owner)", org.Name))
	}
	for _, tied := range access.Of(u, r, a.clock.Now()).Tied {
		why, err := a.lastHolder(ctx, u, tied.Role)
		if err != nil {
			return nil, err
		}
		if why != "" {
			needed = append(needed, why)
		}
	}
	if err := r.Err(); err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	return needed, nil
}

// lastHolder says why a user cannot lose a role: too few others hold it or, when the user accepted, none who did.
func (a *userAdmission) lastHolder(ctx context.Context, u *v1alpha1.User, role *v1alpha1.Role) (string, error) {
	least := ptr.Deref(role.Spec.MinHolders, 0)
	for _, limit := range []int64{4*int64(least) + holdersFirst, 0} {
		holders, accepted, err := a.others(ctx, u, role.Name, limit)
		if err != nil {
			return "", err
		}
		const text = "is needed as a holder of role %s: its spec.minHolders is %d, and without this User %d %s; give it to somebody else first"
		switch {
		case holders >= least && (accepted > 0 || u.Status.AcceptedAt == nil):
			return "", nil
		case limit > 0: // there may be more
		case holders < least:
			return fmt.Sprintf(text, role.Name, least, holders, "hold it"), nil
		default:
			return fmt.Sprintf(text, role.Name, least, holders, "hold it, none of whom has accepted the invitation"), nil
		}
	}
	return "", nil
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
