// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access works out what a user's roles amount to: which are granted, and which pools they need.
// It is pure.
package access

import (
	"slices"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Roles is what a user's roles amount to.
type Roles struct {
	// Unknown are the roles that the organization does not have, sorted.
	Unknown []string
	// Pools are the pools in which the roles need a seat, sorted, each once.
	Pools []string

	named []*v1alpha1.Role
}

// Of resolves the roles that a user is to hold. lookup returns nil for a role that the user's organization
// does not have.
func Of(user *v1alpha1.User, lookup func(name string) *v1alpha1.Role) Roles {
	var r Roles
	for _, name := range user.Spec.Roles {
		role := lookup(name)
		if role == nil {
			r.Unknown = append(r.Unknown, name)
			continue
		}
		r.named = append(r.named, role)
		if role.Spec.SeatPool != "" {
			r.Pools = append(r.Pools, role.Spec.SeatPool)
		}
	}
	slices.Sort(r.Unknown)
	slices.Sort(r.Pools)
	r.Pools = slices.Compact(r.Pools)
	return r
}

// None says that the user is to hold no role at all.
func (r Roles) None() bool { return len(r.named) == 0 && len(r.Unknown) == 0 }

// Granted are the names of the roles that the user holds, sorted, given the pools in which a seat is held:
// the free roles, and those whose pool has a seat for the user.
func (r Roles) Granted(seats []string) []string {
	var names []string
	for _, role := range r.named {
		if role.Spec.SeatPool == "" || slices.Contains(seats, role.Spec.SeatPool) {
			names = append(names, role.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Needs says whether a user's roles need a seat of a pool, and whether the user names a role that the
// organization does not have. It is Of for a single pool, without memory of its own: a pool asks it of every
// user of the organization in every pass.
func Needs(user *v1alpha1.User, roles map[string]*v1alpha1.Role, pool string) (needs, unknown bool) {
	for _, name := range user.Spec.Roles {
		role, ok := roles[name]
		unknown = unknown || !ok
		needs = needs || ok && role.Spec.SeatPool == pool
	}
	return needs, unknown
}
