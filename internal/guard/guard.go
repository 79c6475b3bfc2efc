// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard decides which changes of roles with minHolders or maxHolders go through, so that of two administrators who
// leave in the same second one stays. It is pure.
//
// A user who is to lose a role with minHolders, or to gain one with maxHolders, asks for it under a number in the User's
// status, and does nothing before the Organization's status answers that number. Both are written by compare-and-swap:
//
//   - A number is never asked twice. An answer to a request that was taken back is an answer to nothing.
//   - A Release stays on record until the user has given up the role or taken the request back, and whoever has one does not
//     count as a holder any more. So no release rests on somebody who is about to go.
//   - A Grant stays on record while the user holds the role, so that the record alone says how many there are.
//   - Nothing is taken off the record on the word of a view of the user that is older than the request.
package guard

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// Situation is what the decisions rest on.
type Situation struct {
	// Roles are the roles with minHolders or maxHolders, by name.
	Roles map[string]*v1alpha1.Role
	// Owner is the name of the organization's owner.
	Owner string
	// Users are those who hold such a role, who ask for a change, or about whom there is a decision.
	Users []*v1alpha1.User
	// Gone says of those about whom there is a decision, and who are not among the users, that they are no more.
	Gone map[types.UID]bool
	// Stays says that a user surely holds a role: a release rests on no other. nil trusts what the users say.
	Stays func(u *v1alpha1.User, role string) bool
	// Barred are those who give up no role for now, however many hold it: too many people are removed.
	Barred map[types.UID]bool
	// Decisions are those on record.
	Decisions []v1alpha1.RoleDecision
}

const (
	// most is how many decisions are on record at once. What finds no place is decided later.
	most = 4096
	// mostReleases is how many of them are releases of one role, so that a role which very many give up does not hold up others.
	mostReleases = 256
)

// Decisions are what is to be on record.
type Decisions struct {
	// Roles are the decisions, sorted by role and user.
	Roles []v1alpha1.RoleDecision
	// Full are the roles that have all the holders which maxHolders lets them have, sorted. They stand for a refusal of
	// everybody who asks and has no grant.
	Full []string
}

// Decide decides.
func Decide(s Situation) Decisions {
	d := &draft{
		Situation: s, users: map[types.UID]*v1alpha1.User{}, holders: map[string][]*v1alpha1.User{},
		released: map[key]bool{}, granted: map[key]bool{}, grants: map[string]int{}, releases: map[string]int{},
	}
	for _, u := range s.Users {
		d.users[u.UID] = u
	}
	d.Users = slices.SortedFunc(slices.Values(s.Users), d.senior)
	for _, u := range d.Users {
		for _, role := range u.Status.Roles {
			d.holders[role] = append(d.holders[role], u)
		}
	}
	d.keep()
	d.adopt()
	d.release()
	d.grant()
	slices.SortFunc(d.decisions, func(a, b v1alpha1.RoleDecision) int {
		return cmp.Or(strings.Compare(a.Role, b.Role), strings.Compare(a.User, b.User), cmp.Compare(a.Number, b.Number))
	})
	return Decisions{Roles: d.decisions, Full: d.full()}
}

type key struct {
	uid  types.UID
	role string
}

type draft struct {
	Situation

	users map[types.UID]*v1alpha1.User
	// holders are the users who hold a role, the most senior first.
	holders map[string][]*v1alpha1.User
	// released and granted are those on record, and grants and releases how many of each role.
	released, granted map[key]bool
	grants, releases  map[string]int
	decisions         []v1alpha1.RoleDecision
}

// senior is the order in which users are let in, and the reverse of that in which they are let go: the owner, who
// accepted, the oldest.
func (d *draft) senior(a, b *v1alpha1.User) int {
	for _, first := range []func(*v1alpha1.User) bool{func(u *v1alpha1.User) bool { return u.Name == d.Owner }, access.Active} {
		if x, y := first(a), first(b); x != y {
			if x {
				return -1
			}
			return 1
		}
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name), strings.Compare(string(a.UID), string(b.UID)))
}

// keep takes over the grants and releases that are on record, unless they are over.
func (d *draft) keep() {
	for _, was := range d.Decisions {
		if was.Outcome == v1alpha1.RoleHold || d.over(was) {
			continue
		}
		d.record(was)
	}
}

func (d *draft) record(r v1alpha1.RoleDecision) {
	d.decisions = append(d.decisions, r)
	switch r.Outcome {
	case v1alpha1.RoleGrant:
		d.granted[key{r.UID, r.Role}] = true
		d.grants[r.Role]++
	case v1alpha1.RoleRelease:
		d.released[key{r.UID, r.Role}] = true
		d.releases[r.Role]++
	default:
	}
}

// over says that a grant or release need not be on record any more.
func (d *draft) over(was v1alpha1.RoleDecision) bool {
	u := d.users[was.UID]
	switch {
	case u == nil:
		return d.Gone[was.UID]
	case u.Status.LastRoleRequest < was.Number:
		return false // the view of the user is older than the request
	}
	asks := slices.ContainsFunc(u.Status.RoleRequests, func(r v1alpha1.RoleRequest) bool { return r.Number == was.Number })
	holds := access.Holds(u, was.Role)
	if was.Outcome == v1alpha1.RoleGrant {
		role := d.Roles[was.Role]
		return role == nil || role.Spec.MaxHolders == nil || !asks && !holds
	}
	return !asks || !holds
}

// adopt puts on record who held a role before it had maxHolders, as far as it takes: more of them keep it as well, and the
// role is full with those on record.
func (d *draft) adopt() {
	for _, name := range slices.Sorted(maps.Keys(d.Roles)) {
		for _, u := range d.holders[name] {
			if d.room(name) && !d.granted[key{u.UID, name}] {
				d.decide(name, u, 0, v1alpha1.RoleGrant)
			}
		}
	}
}

// room says that a role with maxHolders takes another holder.
func (d *draft) room(role string) bool {
	of := d.Roles[role]
	return of != nil && of.Spec.MaxHolders != nil && d.grants[role] < int(*of.Spec.MaxHolders)
}

// full are the roles that take no more.
func (d *draft) full() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.Roles)) {
		if d.Roles[name].Spec.MaxHolders != nil && !d.room(name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *draft) decide(role string, u *v1alpha1.User, number int64, outcome v1alpha1.RoleOutcome) {
	if len(d.decisions) < most {
		d.record(v1alpha1.RoleDecision{Role: role, User: u.Name, UID: u.UID, Number: number, Outcome: outcome})
	}
}

// release answers those who are to lose roles, the least senior first. Each loses all of them, or none.
func (d *draft) release() {
	for _, u := range slices.Backward(d.Users) {
		var losses []v1alpha1.RoleRequest
		for _, r := range u.Status.RoleRequests {
			if r.Change == v1alpha1.RoleLoss && d.Roles[r.Role] != nil && !d.released[key{u.UID, r.Role}] {
				losses = append(losses, r)
			}
		}
		outcome := v1alpha1.RoleRelease
		if d.Barred[u.UID] || slices.ContainsFunc(losses, func(r v1alpha1.RoleRequest) bool { return !d.spares(u, r.Role) }) {
			outcome = v1alpha1.RoleHold
		} else if len(d.decisions)+len(losses) > most ||
			slices.ContainsFunc(losses, func(r v1alpha1.RoleRequest) bool { return d.releases[r.Role] >= mostReleases }) {
			continue // in a moment, when others have gone
		}
		for _, r := range losses {
			d.decide(r.Role, u, r.Number, outcome)
		}
	}
}

// spares says that a role has holders enough without u. If u is one who can act, another who can must be among them: an
// invitation that nobody has accepted does no work.
func (d *draft) spares(u *v1alpha1.User, role string) bool {
	least := int(ptr.Deref(d.Roles[role].Spec.MinHolders, 0))
	all, active := 0, 0
	for _, other := range d.holders[role] {
		if all >= least && active > 0 {
			break
		}
		if other.UID == u.UID || d.released[key{other.UID, role}] || d.Stays != nil && !d.Stays(other, role) {
			continue
		}
		all++
		if access.Active(other) {
			active++
		}
	}
	return all >= least && (least == 0 || active > 0 || !access.Active(u))
}

// grant answers those who are to gain roles, the most senior first. That a role is full answers the others.
func (d *draft) grant() {
	for _, u := range d.Users {
		for _, r := range u.Status.RoleRequests {
			if r.Change == v1alpha1.RoleGain && d.room(r.Role) && !d.granted[key{u.UID, r.Role}] {
				d.decide(r.Role, u, r.Number, v1alpha1.RoleGrant)
			}
		}
	}
}
