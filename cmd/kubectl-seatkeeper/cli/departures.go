// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/guard"
)

// departures are people who leave together: none of them takes over from another, whoever is edited first.
type departures struct{ gone []*v1alpha1.User }

// review adds what it means that all of them leave. leaves is what a User is then.
func (d *departures) review(ctx context.Context, orgs *organizations, edits []edit, leaves func(*v1alpha1.User) *v1alpha1.User) error {
	users := make([]*v1alpha1.User, len(edits))
	for i := range edits {
		after, ok := edits[i].after.(*v1alpha1.User)
		if !ok {
			return fmt.Errorf("%T is no User", edits[i].after)
		}
		users[i] = leaves(after)
		d.gone = append(slices.DeleteFunc(d.gone, func(u *v1alpha1.User) bool { return u.UID == after.UID }), users[i])
	}
	for i, u := range users {
		all, err := orgs.of(ctx, u)
		if err != nil {
			return err
		}
		for _, other := range d.gone {
			if other.Spec.Organization == u.Spec.Organization {
				all.assume(other)
			}
		}
		edits[i].review = append(edits[i].review, loses(u)...)
		edits[i].review = append(edits[i].review, all.short(u.Status.Roles)...)
		edits[i].review = append(edits[i].review, passesOn(all, u)...)
		if all.err != nil {
			return all.err
		}
	}
	return together(ctx, orgs, edits)
}

// together says why people who are named at once cannot all leave, although each of them could alone, which is all that admission judges
// in a dry run. It is asked once all of them are assumed to have left.
func together(ctx context.Context, orgs *organizations, edits []edit) error {
	leavers := map[*colleagues][]*v1alpha1.User{}
	for i := range edits {
		u, ok := edits[i].before.(*v1alpha1.User)
		if !ok || access.Leaving(u) {
			continue // who leaves already was judged then
		}
		all, err := orgs.of(ctx, u)
		if err != nil {
			return err
		}
		leavers[all] = append(leavers[all], u)
	}
	var why []string
	for all, users := range leavers {
		if len(users) < 2 || !all.org.DeletionTimestamp.IsZero() {
			continue
		}
		why = append(why, all.needed(users)...)
		why = append(why, all.surplus(users)...)
		if all.err != nil {
			return all.err
		}
	}
	if len(why) == 0 {
		return nil
	}
	slices.Sort(why)
	return fmt.Errorf("these people cannot leave at once, and nothing was changed: %s", strings.Join(why, "; "))
}

// needed says which roles would have too few holders without some people, as admission counts them: who stays, and one of them who has
// accepted where one who goes has.
func (all *colleagues) needed(leavers []*v1alpha1.User) []string {
	accepted := map[string]bool{} // by role, whether one who goes has
	for _, u := range leavers {
		for _, name := range u.Status.Roles {
			accepted[name] = accepted[name] || u.Status.AcceptedAt != nil
		}
	}
	var why []string
	for name, has := range accepted {
		role := all.Role(name)
		if role == nil || ptr.Deref(role.Spec.MinHolders, 0) == 0 {
			continue
		}
		stay, able := all.staying(name)
		switch least := int(*role.Spec.MinHolders); {
		case stay < least:
			why = append(why, fmt.Sprintf("role %s needs %d who hold it (spec.minHolders), and without them %d do: give it to somebody else first", name, least, stay))
		case has && !able:
			why = append(why, fmt.Sprintf("role %s needs somebody who holds it and has accepted (spec.minHolders), and without them nobody does: give it to somebody else first", name))
		}
	}
	return why
}

// staying is how many hold a role and do not leave, and whether one of them has accepted.
func (all *colleagues) staying(role string) (holders int, accepted bool) {
	for _, u := range all.Members() {
		if access.Holds(u, role) && !access.Leaving(u) {
			holders, accepted = holders+1, accepted || u.Status.AcceptedAt != nil
		}
	}
	return holders, accepted
}

// surplus says that some people are more than spec.protection lets pass now. Of a percentage it takes what the operator has counted.
func (all *colleagues) surplus(leavers []*v1alpha1.User) []string {
	org, now := all.org, all.Clock.Now()
	protection, record := org.Spec.Protection, &org.Status.Removals
	if !org.Protected() || protection.MaxRemovals.Type == intstr.String && record.Members == nil {
		return nil
	}
	more := 0
	for _, u := range leavers {
		counted := slices.ContainsFunc(record.Passed, func(p v1alpha1.PassedRemoval) bool { return p.UID == u.UID && guard.Counts(protection, &p, now) })
		if access.Present(u) && access.Removal(u, org) == "" && !counted {
			more++
		}
	}
	many, limit := guard.Counted(protection, record, now), guard.Limit(protection, int(ptr.Deref(record.Members, 0)))
	if more == 0 || many+more <= limit {
		return nil
	}
	return []string{fmt.Sprintf("%d removals are too many: organization %s allows %d within %s (spec.protection), and there were %d: wait, name fewer, or raise spec.protection.maxRemovals",
		more, org.Name, limit, guard.Within(protection), many)}
}
