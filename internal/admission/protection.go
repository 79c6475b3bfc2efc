// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// lately remembers whose removal was admitted a moment ago, which the cache may not show yet. It is no truth, only courtesy:
// what it misses, the controllers hold.
type lately struct {
	mu sync.Mutex
	at map[types.UID]admitted
}

type admitted struct {
	organization types.NamespacedName
	time         time.Time
}

// remembered is for how long an admitted removal counts that the cache does not show.
const remembered = 10 * time.Second

// others are those of an organization whom the cache does not show, which knows of some.
func (l *lately) others(of types.NamespacedName, known map[types.UID]bool, now time.Time) int {
	n := 0
	for uid, was := range l.at {
		switch {
		case now.Sub(was.time) >= remembered:
			delete(l.at, uid)
		case was.organization == of && !known[uid]:
			n++
		}
	}
	return n
}

func (l *lately) remember(uid types.UID, was admitted) {
	if l.at == nil {
		l.at = map[types.UID]admitted{}
	}
	l.at[uid] = was
}

// removing says why the removal of a user, as the user is now, would be held; empty when it would pass (rule AC-18). A dry run is
// answered like the request itself, and is not remembered.
func (a *userAdmission) removing(ctx context.Context, u *v1alpha1.User, org *v1alpha1.Organization) (string, error) {
	if org == nil || !org.Protected() || u.Name == org.Spec.Owner || !access.Present(u) {
		return "", nil
	}
	if access.Leaving(u) || access.Removal(u, org) != "" {
		return again(u, org), nil
	}
	request, err := admission.RequestFromContext(ctx)
	if err != nil {
		return "", apierrors.NewInternalError(err)
	}
	a.lately.mu.Lock()
	defer a.lately.mu.Unlock()
	key, now := client.ObjectKeyFromObject(org), a.clock.Now()
	many, limit, err := a.removals(ctx, u, org, key, now)
	if err != nil {
		return "", err
	}
	if many < limit && !guard.Full(&org.Status.Removals) {
		if !ptr.Deref(request.DryRun, false) {
			a.lately.remember(u.UID, admitted{key, now})
		}
		return "", nil
	}
	return tooMany(org, many, limit), nil
}

// again says why somebody who is removed already cannot be removed in another way: it would be no more, but what is held can be
// taken back.
func again(u *v1alpha1.User, org *v1alpha1.Organization) string {
	if !access.Unpassed(u, org) || !access.Refused(u, org) {
		return ""
	}
	return fmt.Sprintf("is removed already, which organization %s holds: see its condition RemovalsHeld, and approve it there", org.Name)
}

// unlessSurplus adds to the faults of an edit that it is one removal too many. An edit that is refused anyway is none.
func (a *userAdmission) unlessSurplus(ctx context.Context, before, after *v1alpha1.User, r *roster.Roster, errs field.ErrorList) (field.ErrorList, error) {
	org := r.Organization()
	if len(errs) == 0 && org != nil && org.Protected() && access.Present(before) && endsSoon(before, after, org, a.clock.Now()) {
		return field.ErrorList{field.Forbidden(field.NewPath("spec", "accessUntil"), fmt.Sprintf(
			"ends access within spec.protection.window of organization %s, and an end by itself is not counted: set spec.state to Archived, or a later time", org.Name))}, nil
	}
	at := a.taking(before, after, r)
	if len(errs) > 0 || at == nil {
		return errs, nil
	}
	many, err := a.removing(ctx, before, org)
	if many != "" {
		errs = append(errs, field.Forbidden(at, many))
	}
	return errs, err
}

// taking says by which field an edit removes a user, or takes a role that somebody has to hold; nil when it does not.
func (a *userAdmission) taking(before, after *v1alpha1.User, r *roster.Roster) *field.Path {
	org := r.Organization()
	switch {
	case org == nil || !org.Protected():
	case !away(before.Spec.State) && away(after.Spec.State):
		return field.NewPath("spec", "state")
	case away(after.Spec.State):
	case edited(before, after) && org.Spec.EmailChange == v1alpha1.EmailChangeReplace && membership.FoldEmail(after.Spec.Email) != membership.FoldEmail(after.Status.Email):
		return field.NewPath("spec", "email")
	case slices.ContainsFunc(a.lost(before, after, false, r), func(t access.Tied) bool { return access.Holds(before, t.Role.Name) }):
		return field.NewPath("spec", "roles")
	}
	return nil
}

// endsSoon says that an edit has access end earlier than before, and so soon that it would be a removal in all but name.
func endsSoon(before, after *v1alpha1.User, org *v1alpha1.Organization, now time.Time) bool {
	was, is := access.Until(before), access.Until(after)
	sooner := !is.IsZero() && (was.IsZero() || is.Before(was))
	return sooner && !gone(before, now) && is.Before(now.Add(guard.Window(org.Spec.Protection)))
}

// surplus is removing as a list.
func (a *userAdmission) surplus(ctx context.Context, u *v1alpha1.User, org *v1alpha1.Organization) ([]string, error) {
	many, err := a.removing(ctx, u, org)
	if many == "" {
		return nil, err
	}
	return []string{many}, err
}

// removals is how many removals count besides that of u, and how many may.
func (a *userAdmission) removals(ctx context.Context, u *v1alpha1.User, org *v1alpha1.Organization, key types.NamespacedName, now time.Time) (many, limit int, err error) {
	protection, record := org.Spec.Protection, &org.Status.Removals
	many = guard.Counted(protection, record, now)
	known := map[types.UID]bool{u.UID: true}
	for i := range record.Passed {
		p := &record.Passed[i]
		if p.UID == u.UID && guard.Counts(protection, p, now) {
			many-- // one person within the window is one removal
		}
		known[p.UID] = true
	}
	for _, h := range record.Held {
		known[h.UID] = true
	}
	var leaving v1alpha1.UserList
	if err := a.cache.List(ctx, &leaving, client.InNamespace(org.Namespace), client.MatchingFields{index.UserRemoval: org.Name}, loop.Lagging{}); err != nil {
		return 0, 0, apierrors.NewInternalError(fmt.Errorf("looking for who is removed: %w", err))
	}
	for i := range leaving.Items {
		if other := &leaving.Items[i]; !known[other.UID] && other.Name != org.Spec.Owner && access.Removal(other, org) != "" {
			known[other.UID] = true
			many++
		}
	}
	many += a.lately.others(key, known, now)
	members, err := a.members(ctx, org, now)
	return many, guard.Limit(protection, members), err
}

// members are those of whom the limit is a percentage, as the operator counted them, or as the cache shows them.
func (a *userAdmission) members(ctx context.Context, org *v1alpha1.Organization, now time.Time) (int, error) {
	if counted := org.Status.Removals.Members; counted != nil || org.Spec.Protection.MaxRemovals.Type == intstr.Int {
		return int(ptr.Deref(counted, 0)), nil
	}
	var users v1alpha1.UserList
	if err := a.cache.List(ctx, &users, client.InNamespace(org.Namespace), client.MatchingFields{index.Organization: org.Name}, loop.Lagging{}); err != nil {
		return 0, apierrors.NewInternalError(fmt.Errorf("counting the members: %w", err))
	}
	return guard.Members(org.Spec.Protection, users.Items, &org.Status.Removals, now), nil
}

// tooMany says that a removal is one too many.
func tooMany(org *v1alpha1.Organization, many, limit int) string {
	allowed, most := fmt.Sprint(limit), org.Spec.Protection.MaxRemovals
	if most.Type == intstr.String {
		allowed = fmt.Sprintf("%d (%s of its people)", limit, most)
	}
	within := guard.Within(org.Spec.Protection)
	if many < limit {
		return fmt.Sprintf("is one removal too many: organization %s holds as many as it can list: see its condition RemovalsHeld, and approve them there", org.Name)
	}
	return fmt.Sprintf("is one removal too many: organization %s allows %s within %s (spec.protection), and there were %d: wait, remove fewer, or raise spec.protection.maxRemovals",
		org.Name, allowed, within, many)
}

// protection needs the right to say how many people may be removed at once, and to approve that more are: or else it protects
// from nobody. Whoever sets it where there was none takes nothing from anybody.
func (g *gains) protection(before, after *v1alpha1.Organization) {
	if before.Spec.Protection.MaxRemovals != nil && !equality.Semantic.DeepEqual(before.Spec.Protection, after.Spec.Protection) {
		g.organization(field.NewPath("spec", "protection"), "say how many people may be removed from organization "+after.Name, after.Name)
	}
	for _, verdict := range []struct{ annotation, act string }{
		{v1alpha1.AnnotationApproveRemovals, "approve"}, {v1alpha1.AnnotationRejectRemovals, "reject"},
	} {
		if token := after.Annotations[verdict.annotation]; token != "" && token != before.Annotations[verdict.annotation] {
			g.organization(field.NewPath("metadata", "annotations").Key(verdict.annotation), verdict.act+" removals from organization "+after.Name, after.Name)
		}
	}
}
