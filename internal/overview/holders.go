// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"slices"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// Holder is somebody who holds a role, or may do something.
type Holder struct {
	User  string `json:"user"`
	Email string `json:"email"`
	// State is that of the User.
	State string `json:"state"`
	// Record is the ArchivedUser of somebody whose User is gone.
	Record string `json:"record,omitempty"`
	// Access says that the person has accepted and has access: who was invited holds the role, and cannot use it yet.
	Access bool `json:"access"`
	// Roles are those that the user holds by which it comes.
	Roles []Given `json:"roles"`
}

// Given is a role that somebody holds, and what gives it.
type Given struct {
	Role string `json:"role"`
	// By is such as "spec.roles" or "team sales"; empty when nothing that is declared gives it any more.
	By string `json:"by,omitempty"`
}

// GivingRole are the roles whose holders hold a role: itself, and those that include it.
func (c *Company) GivingRole(name string) []string {
	return c.giving(func(role *v1alpha1.Role) bool {
		return slices.Contains(access.Closure([]string{role.Name}, c.Role), name)
	})
}

// GivingPermission are the roles whose holders have a permission: those that have it, or one that covers it, or include such a role.
func (c *Company) GivingPermission(permission string) []string {
	return c.giving(func(role *v1alpha1.Role) bool {
		return access.Allows(access.Permissions(role, c.Role), permission)
	})
}

func (c *Company) giving(gives func(*v1alpha1.Role) bool) []string {
	var names []string
	for i := range c.lists.Roles {
		if role := c.roles[c.lists.Roles[i].Name]; role != nil && gives(role) {
			names = append(names, role.Name)
		}
	}
	return names
}

// Holders are the people who hold any of some roles, by name.
func (c *Company) Holders(roles []string, now time.Time) []Holder {
	holders := []Holder{}
	for i := range c.lists.Users {
		u := &c.lists.Users[i]
		if held := held(u.Status.Roles, roles); len(held) > 0 {
			h := Holder{User: u.Name, Email: u.Spec.Email, State: StateOf(u), Access: access.Active(u)}
			h.Roles = c.given(u, held, now)
			holders = append(holders, h)
		}
	}
	for i := range c.lists.Archived {
		a := &c.lists.Archived[i]
		if !a.Parked() {
			continue
		}
		if held := held(a.Record.Parked.Status.Roles, roles); len(held) > 0 {
			h := Holder{
				User: a.Record.User, Email: a.Record.Spec.Email, State: stateOfRecord(a), Record: a.Name,
				Access: a.Record.AcceptedAt != nil && a.Record.Parked.Status.AccessRevokedAt == nil,
			}
			for _, role := range held {
				h.Roles = append(h.Roles, Given{Role: role})
			}
			holders = append(holders, h)
		}
	}
	slices.SortStableFunc(holders, func(a, b Holder) int { return cmp.Compare(a.User, b.User) })
	return holders
}

func held(roles, of []string) []string {
	return slices.DeleteFunc(slices.Clone(roles), func(name string) bool { return !slices.Contains(of, name) })
}

// given says what gives roles that a user holds.
func (c *Company) given(u *v1alpha1.User, roles []string, now time.Time) []Given {
	declared := access.Declared(u, c, now)
	var all []Given
	for _, role := range roles {
		g := Given{Role: role}
		if at := slices.IndexFunc(declared, func(d access.Given) bool { return d.Role == role }); at >= 0 {
			g.By = declared[at].By
		}
		all = append(all, g)
	}
	return all
}
