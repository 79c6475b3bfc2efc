// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/verdict"
)

// A role with minHolders is not lost, and one with maxHolders not gained, before the organization has said so. The user's
// status asks, under a number that is never used again; the organization's status answers with that number. Since both are
// written by compare-and-swap, an answer that comes late is an answer to nothing.

// keepTied has the user hold on to the roles that may not be given up yet. held are the roles that the user held before the
// pass.
func (d *Decision) keepTied(s Situation, held []string) {
	st := &d.User.Status
	d.tied, d.losses = verdict.Verdict{}, nil
	for _, t := range s.Roles.Tied {
		name := t.Role.Name
		seated := slices.Contains(st.Roles, name)
		if !slices.Contains(held, name) || !t.Kept && seated {
			continue
		}
		d.losses = append(d.losses, name)
		d.tied = worse(d.tied, d.tiedBy(s, t))
		if !seated {
			st.Roles = append(st.Roles, name)
			st.Withdrawals = slices.DeleteFunc(st.Withdrawals, func(w v1alpha1.SeatWithdrawal) bool { return s.Roles.Needs(name, w.Pool) })
		}
	}
	slices.Sort(st.Roles)
}

// askToLeave is what becomes of a user who is to have no access, or to be replaced, and holds roles that may not be given up yet:
// nothing, before all of them may, but for other roles that are not declared any more.
func (d *Decision) askToLeave(s Situation) verdict.Verdict {
	d.lessen(s)
	var v verdict.Verdict
	for _, t := range s.Roles.Tied {
		v = worse(v, tied(t))
	}
	return v
}

// names are the names of roles that may not be given up yet.
func names(roles []access.Tied) []string {
	all := make([]string, len(roles))
	for i, t := range roles {
		all[i] = t.Role.Name
	}
	return all
}

// tied says what becomes of a role that may not be given up yet.
func tied(t access.Tied) verdict.Verdict {
	if !t.Refused {
		return requested()
	}
	return stuck(v1alpha1.ReasonLastHolder,
		"keeps role %s, which needs %s, and one who accepted: give it to somebody else first, or lower its spec.minHolders",
		t.Role.Name, holders(ptr.Deref(t.Role.Spec.MinHolders, 0)))
}

func requested() verdict.Verdict {
	return verdict.Verdict{
		Kind: verdict.Wait, Reason: v1alpha1.ReasonRoleRequested,
		Message: "the organization decides whether roles with a limit of holders can change hands",
	}
}

// worse is the one of two verdicts that more has to be done about.
func worse(a, b verdict.Verdict) verdict.Verdict {
	if a.Kind == verdict.Done || a.Kind == verdict.Wait && b.Kind == verdict.Stuck {
		return b
	}
	return a
}

// gains are the roles that the organization has to grant, or has granted, until they are held.
func (d *Decision) gains(s Situation) []string {
	var names []string
	for _, a := range s.Roles.Awaited {
		names = append(names, a.Role.Name)
	}
	for _, name := range s.Roles.Promised {
		if !slices.Contains(d.User.Status.Roles, name) {
			names = append(names, name)
		}
	}
	return names
}

// ask brings the requests of the user to what is to change. A request that stands keeps its number.
func (d *Decision) ask(gains, losses []string) {
	st := &d.User.Status
	before := st.RoleRequests
	st.RoleRequests = nil
	for _, wanted := range []struct {
		change v1alpha1.RoleChange
		roles  []string
	}{{v1alpha1.RoleGain, gains}, {v1alpha1.RoleLoss, losses}} {
		for _, role := range wanted.roles {
			at := slices.IndexFunc(before, func(r v1alpha1.RoleRequest) bool { return r.Role == role && r.Change == wanted.change })
			if at >= 0 {
				st.RoleRequests = append(st.RoleRequests, before[at])
				continue
			}
			st.LastRoleRequest++
			st.RoleRequests = append(st.RoleRequests, v1alpha1.RoleRequest{Number: st.LastRoleRequest, Role: role, Change: wanted.change})
		}
	}
	slices.SortFunc(st.RoleRequests, func(a, b v1alpha1.RoleRequest) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(string(a.Change), string(b.Change)))
	})
}

// asksFor says that the user asks to hold a role.
func (d *Decision) asksFor(role string) bool {
	return slices.ContainsFunc(d.User.Status.RoleRequests, func(r v1alpha1.RoleRequest) bool {
		return r.Role == role && r.Change == v1alpha1.RoleGain
	})
}

// asksAnew says that the requests changed. Whoever decides them goes by what is recorded.
func asksAnew(before, after *v1alpha1.User) bool {
	return !slices.Equal(before.Status.RoleRequests, after.Status.RoleRequests)
}

// dropRoles takes all roles, and what was asked about them.
func (d *Decision) dropRoles() {
	d.User.Status.Roles, d.User.Status.RoleRequests, d.User.Status.WithheldRoles = nil, nil, nil
}

// awaited is the verdict on roles that the organization has to grant.
func awaited(roles []access.Awaited) verdict.Verdict {
	var v verdict.Verdict
	for _, a := range roles {
		if a.Refused {
			v = worse(v, stuck(v1alpha1.ReasonMaxHoldersReached, "%s", full(a.Role)))
		} else {
			v = worse(v, requested())
		}
	}
	return v
}

func full(role *v1alpha1.Role) string {
	return fmt.Sprintf("role %s has %s, which is all that it takes: take it from one of them, or raise its spec.maxHolders",
		role.Name, holders(ptr.Deref(role.Spec.MaxHolders, 0)))
}

func holders(n int32) string {
	if n == 1 {
		return "1 holder"
	}
	return fmt.Sprintf("%d holders", n)
}

// unknown is the verdict on roles that are given to a user and that there are not.
func unknown(organization string, roles []access.Given) verdict.Verdict {
	const own = "spec.roles"
	if !slices.ContainsFunc(roles, func(g access.Given) bool { return g.By != own }) {
		names := make([]string, len(roles))
		for i, g := range roles {
			names[i] = g.Role
		}
		return stuck(v1alpha1.ReasonRoleNotFound, "organization %s has no role %s: create it, or correct spec.roles",
			organization, strings.Join(names, ", "))
	}
	const few = 5
	var texts []string
	for _, g := range roles[:min(len(roles), few)] {
		texts = append(texts, g.Role+" (given by "+g.By+")")
	}
	return stuck(v1alpha1.ReasonRoleNotFound, "organization %s has no role %s: create it, or correct what gives it",
		organization, strings.Join(texts, ", "))
}

// listWithheld lists the roles that the user is to hold and does not.
func (d *Decision) listWithheld(s Situation) {
	const listed = 64
	var roles []v1alpha1.WithheldRole
	for _, g := range s.Roles.Unknown {
		roles = append(roles, v1alpha1.WithheldRole{
			Name: g.Role, Reason: v1alpha1.ReasonRoleNotFound, Message: "there is no such role, and " + g.By + " gives it",
		})
	}
	for _, a := range s.Roles.Awaited {
		reason, message := v1alpha1.ReasonRoleRequested, "is asked for once nothing else is in the way"
		switch {
		case !d.asksFor(a.Role.Name): // nor hears when it is full
		case a.Refused:
			reason, message = v1alpha1.ReasonMaxHoldersReached, full(a.Role)
		default:
			message = requested().Message
		}
		roles = append(roles, v1alpha1.WithheldRole{Name: a.Role.Name, Reason: reason, Message: message})
	}
	for _, l := range s.Roles.Lacking(d.User.Status.Seats) {
		if slices.Contains(d.User.Status.Roles, l.Role) {
			continue // tied
		}
		reason, message := v1alpha1.ReasonAwaitingSeat, "no seat of seat pool "+l.Pool+" is held"
		if pool := s.Pools[l.Pool]; !pool.Found || pool.Leaving {
			reason, message = v1alpha1.ReasonSeatPoolNotFound, "there is no seat pool "+l.Pool+" that gives seats"
		}
		roles = append(roles, v1alpha1.WithheldRole{Name: l.Role, Reason: reason, Message: message})
	}
	slices.SortFunc(roles, func(a, b v1alpha1.WithheldRole) int { return strings.Compare(a.Name, b.Name) })
	d.User.Status.WithheldRoles = roles[:min(len(roles), listed)]
}
