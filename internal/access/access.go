// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access works out what a user's roles amount to: which are granted, why the others are not, which pools they
// need, and which are not to be lost yet. It is pure.
package access

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Source has what the roles of an organization's users rest on. All that it returns belongs to the organization.
type Source interface {
	// Organization is nil when there is none.
	Organization() *v1alpha1.Organization
	// Role returns nil for a role that the organization does not have, Team for such a team.
	Role(name string) *v1alpha1.Role
	Team(name string) *v1alpha1.Team
	// TeamsOf are the teams that name a user among their members.
	TeamsOf(user string) []*v1alpha1.Team
	// Delegators are the users who name a user among their delegates.
	Delegators(user string) []*v1alpha1.User
}

// Given is a role that a user is to hold.
type Given struct {
	Role string
	// By says what gives it, such as "spec.roles" or "team sales".
	By string
}

// Roles is what a user's roles amount to.
type Roles struct {
	// Unknown are the roles that are given and that the organization does not have, by name.
	Unknown []Given
	// Pools are the pools in which the roles need a seat, sorted, each once.
	Pools []string
	// Awaited are the roles with maxHolders that the user does not hold, and may not take yet, by name.
	Awaited []Awaited
	// Promised are those that the user may take, and does not hold yet, by name: there may be no seat.
	Promised []string
	// Tied are the roles with minHolders that the user holds and may not give up yet, by name.
	Tied []Tied
	// Released are those that the user holds and may give up, sorted.
	Released []string
	// Changes is when a delegation begins or ends next; zero when none does.
	Changes time.Time

	entitled []entitlement
}

// Awaited is a role that the organization has to grant.
type Awaited struct {
	Role *v1alpha1.Role
	// Refused says that it did not, since the role has all the holders that it takes.
	Refused bool
}

// Tied is a role that the user may not give up yet.
type Tied struct {
	Role *v1alpha1.Role
	// Kept says that the user is not to hold it any more.
	Kept bool
	// Refused says that the organization does not let it go, since too few would hold it.
	Refused bool
}

// entitlement is a role that the user may hold, once there are seats.
type entitlement struct {
	name  string
	pools []string
}

// Of resolves the roles of a user.
func Of(u *v1alpha1.User, source Source, now time.Time) Roles {
	given, changes := giving(u, source, func(d *v1alpha1.Delegation) bool { return underWay(d, now) }, now)
	r := Roles{Changes: changes}
	for _, g := range given {
		role := source.Role(g.Role)
		switch {
		case role == nil:
			r.Unknown = append(r.Unknown, g)
		case role.Spec.MaxHolders != nil && !Holds(u, g.Role):
			r.await(u, role, source)
		default:
			r.entitle(role, source)
		}
	}
	for _, name := range u.Status.Roles {
		role := source.Role(name)
		if !tied(u, role, source.Organization()) {
			if answered(u, name, v1alpha1.RoleLoss, source.Organization()) == v1alpha1.RoleRelease {
				r.Released = append(r.Released, name)
			}
			continue
		}
		t := Tied{Role: role, Refused: answered(u, name, v1alpha1.RoleLoss, source.Organization()) == v1alpha1.RoleHold}
		if t.Kept = !slices.ContainsFunc(given, func(g Given) bool { return g.Role == name }); t.Kept {
			r.entitle(role, source)
		}
		r.Tied = append(r.Tied, t)
	}
	slices.SortFunc(r.entitled, func(a, b entitlement) int { return cmp.Compare(a.name, b.name) })
	slices.Sort(r.Pools)
	r.Pools = slices.Compact(r.Pools)
	return r
}

// await takes up a role with maxHolders that the user does not hold.
func (r *Roles) await(u *v1alpha1.User, role *v1alpha1.Role, source Source) {
	answer := answered(u, role.Name, v1alpha1.RoleGain, source.Organization())
	if answer != v1alpha1.RoleGrant {
		r.Awaited = append(r.Awaited, Awaited{role, full(role.Name, source.Organization())})
		return
	}
	r.Promised = append(r.Promised, role.Name)
	r.entitle(role, source)
}

func (r *Roles) entitle(role *v1alpha1.Role, source Source) {
	pools := Pools(role, source.Role)
	r.entitled = append(r.entitled, entitlement{role.Name, pools})
	r.Pools = append(r.Pools, pools...)
}

// None says that the user is to hold no role at all.
func (r Roles) None() bool { return len(r.entitled) == 0 && len(r.Unknown) == 0 && len(r.Awaited) == 0 }

// Names are the names of the roles that the user may hold as far as there are seats, sorted.
func (r Roles) Names() []string {
	names := make([]string, len(r.entitled))
	for i, e := range r.entitled {
		names[i] = e.name
	}
	return names
}

// Granted are the names of the roles that the user holds, sorted, given the pools in which a seat is held: those that
// need none, and those that have all the seats they need.
func (r Roles) Granted(seats []string) []string {
	var names []string
	for _, e := range r.entitled {
		if e.lacks(seats) == "" {
			names = append(names, e.name)
		}
	}
	return names
}

// Lacking are the roles that are not granted for want of a seat, by name, and the first pool that each lacks one of.
func (r Roles) Lacking(seats []string) []Lacking {
	var roles []Lacking
	for _, e := range r.entitled {
		if pool := e.lacks(seats); pool != "" {
			roles = append(roles, Lacking{e.name, pool})
		}
	}
	return roles
}

// Lacking is a role that lacks a seat of a pool.
type Lacking struct{ Role, Pool string }

func (e *entitlement) lacks(seats []string) string {
	for _, pool := range e.pools {
		if !slices.Contains(seats, pool) {
			return pool
		}
	}
	return ""
}

// Needs says that the role, if the user may hold it, needs a seat of the pool.
func (r Roles) Needs(role, pool string) bool {
	return slices.ContainsFunc(r.entitled, func(e entitlement) bool { return e.name == role && slices.Contains(e.pools, pool) })
}

// Declared are the roles that a user is given by what people declared, sorted by name, whenever a delegation is to
// take effect that is not over.
func Declared(u *v1alpha1.User, source Source, now time.Time) []Given {
	given, _ := giving(u, source, func(d *v1alpha1.Delegation) bool { return d.Until.After(now) }, now)
	return given
}

// giving are the roles that a user is given, sorted by name, each once, and when that changes by itself next. counts says
// which delegations count.
func giving(u *v1alpha1.User, source Source, counts func(*v1alpha1.Delegation) bool, now time.Time) ([]Given, time.Time) {
	given := own(u, source)
	var changes time.Time
	for _, from := range byName(source.Delegators(u.Name)) {
		if Leaving(from) || from.Name == u.Name {
			continue
		}
		for i := range from.Spec.Delegates {
			d := &from.Spec.Delegates[i]
			if d.User != u.Name {
				continue
			}
			changes = Sooner(changes, next(d, now))
			if counts(d) {
				for _, g := range orDefault(own(from, source), source) {
					given = append(given, Given{g.Role, "delegation by " + from.Name})
				}
			}
		}
	}
	given = orDefault(given, source)
	slices.SortStableFunc(given, func(a, b Given) int { return cmp.Compare(a.Role, b.Role) })
	return slices.CompactFunc(given, func(a, b Given) bool { return a.Role == b.Role }), changes
}

// own are the roles that a user has of spec.roles, and of teams and the teams above them.
func own(u *v1alpha1.User, source Source) []Given {
	var given []Given
	for _, name := range u.Spec.Roles {
		given = append(given, Given{name, "spec.roles"})
	}
	var seen []string
	for _, team := range byName(source.TeamsOf(u.Name)) {
		for ; team != nil && !slices.Contains(seen, team.Name); team = source.Team(team.Spec.Parent) {
			seen = append(seen, team.Name)
			for _, name := range team.Spec.Roles {
				given = append(given, Given{name, "team " + team.Name})
			}
		}
	}
	return given
}

// byName are objects in an order that says the same of who gives a role, pass after pass.
func byName[T interface{ GetName() string }](objects []T) []T {
	return slices.SortedFunc(slices.Values(objects), func(a, b T) int { return cmp.Compare(a.GetName(), b.GetName()) })
}

func orDefault(given []Given, source Source) []Given {
	if org := source.Organization(); len(given) == 0 && org != nil && org.Spec.DefaultRole != "" {
		return []Given{{org.Spec.DefaultRole, "the organization's default"}}
	}
	return given
}

func underWay(d *v1alpha1.Delegation, now time.Time) bool {
	return (d.From == nil || !now.Before(d.From.Time)) && now.Before(d.Until.Time)
}

// next is when a delegation begins or ends next; zero when it is over.
func next(d *v1alpha1.Delegation, now time.Time) time.Time {
	switch {
	case d.From != nil && now.Before(d.From.Time) && d.From.Before(&d.Until):
		return d.From.Time
	case now.Before(d.Until.Time):
		return d.Until.Time
	}
	return time.Time{}
}

// Sooner is the earlier of two moments, of which zero is never.
func Sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Leaving says that a user is declared to have no access, for now or for good.
func Leaving(u *v1alpha1.User) bool {
	return Archiving(u) || u.Spec.State == v1alpha1.UserSuspended
}

// Archiving says that a user is declared to leave for good.
func Archiving(u *v1alpha1.User) bool {
	return !u.DeletionTimestamp.IsZero() || u.Spec.State == v1alpha1.UserArchived || Ended(u)
}

// Active says that a user has accepted and has access.
func Active(u *v1alpha1.User) bool {
	return u.Status.AcceptedAt != nil && u.Status.AccessRevokedAt == nil
}

// Holds says that a role is granted to a user.
func Holds(u *v1alpha1.User, role string) bool { return slices.Contains(u.Status.Roles, role) }

// tied says that the user holds a role with minHolders, and that the organization has not let it go. An organization that
// is deleted holds nobody.
func tied(u *v1alpha1.User, role *v1alpha1.Role, org *v1alpha1.Organization) bool {
	return role != nil && ptr.Deref(role.Spec.MinHolders, 0) > 0 && org != nil && org.DeletionTimestamp.IsZero() &&
		answered(u, role.Name, v1alpha1.RoleLoss, org) != v1alpha1.RoleRelease
}

// full says that a role has all the holders that it takes.
func full(role string, org *v1alpha1.Organization) bool {
	return org != nil && slices.Contains(org.Status.FullRoles, role)
}

// answered is what the organization decided on the user's request; empty while it has not. Answers to requests that were
// made before are none.
func answered(u *v1alpha1.User, role string, change v1alpha1.RoleChange, org *v1alpha1.Organization) v1alpha1.RoleOutcome {
	if org == nil {
		return ""
	}
	for _, request := range u.Status.RoleRequests {
		if request.Role != role || request.Change != change {
			continue
		}
		for i := range org.Status.RoleDecisions {
			if d := &org.Status.RoleDecisions[i]; d.UID == u.UID && d.Role == role && d.Number == request.Number {
				return d.Outcome
			}
		}
	}
	return ""
}
