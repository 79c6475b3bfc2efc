// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"maps"
	"slices"
	"strings"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Closure are the names of some roles and of all that they include, sorted, each once; also of those that lookup, which
// returns nil then, does not know. A cycle adds nothing.
func Closure(names []string, lookup func(name string) *v1alpha1.Role) []string {
	seen := map[string]struct{}{}
	for next := slices.Clone(names); len(next) > 0; {
		name := next[0]
		next = next[1:]
		if _, known := seen[name]; known {
			continue
		}
		seen[name] = struct{}{}
		if role := lookup(name); role != nil {
			next = append(next, role.Spec.Includes...)
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Pools are the pools in which a holder of the role needs a seat, sorted, each once: its own and those of all that it includes.
func Pools(role *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []string {
	var pools []string
	for _, each := range all(role, lookup) {
		if pool := each.Spec.SeatPool; pool != "" {
			pools = append(pools, pool)
		}
	}
	slices.Sort(pools)
	return slices.Compact(pools)
}

// Permissions are those of a role and of all that it includes, sorted, without those that another covers.
func Permissions(role *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []string {
	var names []string
	for _, each := range all(role, lookup) {
		names = append(names, each.Spec.Permissions...)
	}
	return Merge(names)
}

// Merge sorts permissions, and leaves out those that another covers: x.* covers all that begins with x., and * covers all.
func Merge(permissions []string) []string {
	names := map[string]struct{}{}
	for _, name := range permissions {
		names[name] = struct{}{}
	}
	merged := make([]string, 0, len(names))
	for name := range names {
		if !covered(name, names) {
			merged = append(merged, name)
		}
	}
	slices.Sort(merged)
	return merged
}

// covered says that another of the permissions covers this one.
func covered(name string, others map[string]struct{}) bool {
	if name == "*" {
		return false
	}
	if _, every := others["*"]; every {
		return true
	}
	for at := strings.LastIndexByte(strings.TrimSuffix(name, ".*"), '.'); at >= 0; at = strings.LastIndexByte(name[:at], '.') {
		if _, covers := others[name[:at]+".*"]; covers {
			return true
		}
	}
	return false
}

// all are a role and those that it includes, as far as lookup knows them.
func all(role *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []*v1alpha1.Role {
	roles := []*v1alpha1.Role{role}
	if len(role.Spec.Includes) == 0 {
		return roles
	}
	for _, name := range Closure(role.Spec.Includes, lookup) {
		if each := lookup(name); each != nil && name != role.Name {
			roles = append(roles, each)
		}
	}
	return roles
}

// RoleCycle is the shortest way from a role through what it includes back to itself, with the role at both ends; nil when
// there is none.
func RoleCycle(role *v1alpha1.Role, lookup func(name string) *v1alpha1.Role) []string {
	from := map[string]string{} // by which role each was reached
	for next := []*v1alpha1.Role{role}; len(next) > 0; next = next[1:] {
		for _, name := range slices.Sorted(slices.Values(next[0].Spec.Includes)) {
			if name == role.Name {
				return way(role.Name, next[0].Name, from)
			}
			if _, reached := from[name]; reached {
				continue
			}
			from[name] = next[0].Name
			if each := lookup(name); each != nil {
				next = append(next, each)
			}
		}
	}
	return nil
}

// way is the cycle that ends with a step from last to the role it began with.
func way(first, last string, from map[string]string) []string {
	back := []string{first, last}
	for last != first {
		last = from[last]
		back = append(back, last)
	}
	if len(back) == 2 { // the role includes itself
		return back
	}
	slices.Reverse(back)
	return back
}

// Line is the teams above a team.
type Line struct {
	// Path are the names of the teams from the top down to the team itself; nil when there is a Cycle or one is Missing.
	Path []string
	// Missing is the name of a parent that the organization does not have, and Child that of the team that names it.
	Missing, Child string
	// Cycle is the way up from a team back to itself, with it at both ends; the team itself may be below it.
	Cycle []string
}

// Above finds the teams above a team.
func Above(team *v1alpha1.Team, lookup func(name string) *v1alpha1.Team) Line {
	names := []string{team.Name}
	for team.Spec.Parent != "" {
		parent := team.Spec.Parent
		if at := slices.Index(names, parent); at >= 0 {
			return Line{Cycle: append(slices.Clone(names[at:]), parent)}
		}
		child := team.Name
		if team = lookup(parent); team == nil {
			return Line{Missing: parent, Child: child}
		}
		names = append(names, parent)
	}
	slices.Reverse(names)
	return Line{Path: names}
}
