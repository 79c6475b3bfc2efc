// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/membership"
)

// userGains are the rights that a change of a user needs. before is nil for a user who is created.
func userGains(before, after *v1alpha1.User, source access.Source, now time.Time) []demand {
	g := &gains{role: source.Role}
	var was v1alpha1.UserSpec
	if before != nil {
		was = before.Spec
	}
	for _, i := range added(was.Roles, after.Spec.Roles) {
		g.assign(field.NewPath("spec", "roles").Index(i), after.Spec.Roles[i], "")
	}
	if before == nil {
		g.named(after, source, now)
	} else {
		if before.Spec.Email != after.Spec.Email { // to the letter: it is the name of the user in Kubernetes, and the address of the mails
			g.person(field.NewPath("spec", "email"), before, source, now)
		}
		if away(before.Spec.State) && !away(after.Spec.State) {
			g.person(field.NewPath("spec", "state"), before, source, now)
		}
		if extended(before, after) && !gone(after, now) {
			g.person(field.NewPath("spec", "accessUntil"), before, source, now)
		}
	}
	if ref := after.Spec.InitialPasswordSecretRef; ref.Name != "" && ref != was.InitialPasswordSecretRef {
		at := field.NewPath("spec", "initialPasswordSecretRef")
		g.secret(at.Child("name"), ref.Name)
		g.person(at, after, source, now)
	}
	g.delegated(was.Delegates, after, source, now)
	return g.demands
}

func away(state v1alpha1.UserState) bool {
	return state == v1alpha1.UserSuspended || state == v1alpha1.UserArchived
}

// named needs the rights for what others say already of a user of this name: teams, who delegates, the organization.
// What the organization gives to anybody was decided there.
func (g *gains) named(u *v1alpha1.User, source access.Source, now time.Time) {
	at := field.NewPath("metadata", "name")
	if len(access.Declared(u, withoutDefault{source}, now)) > 0 {
		g.declared(at, u, source, now)
	}
	g.owned(at, u, source)
}

// person needs the rights for all that a user stands for, since somebody else may be the user then. What the organization
// gives to anybody it gives to a user of any address, as long as nobody has accepted.
func (g *gains) person(at *field.Path, u *v1alpha1.User, source access.Source, now time.Time) {
	declared, anybodys := source, ""
	if org := source.Organization(); org != nil && u.Status.AcceptedAt == nil {
		declared, anybodys = withoutDefault{source}, org.Spec.DefaultRole
	}
	g.declared(at, u, declared, now)
	for _, name := range u.Status.Roles {
		if name != anybodys {
			g.assign(at, name, "which user "+u.Name+" holds")
		}
	}
	g.owned(at, u, source)
}

func (g *gains) declared(at *field.Path, u *v1alpha1.User, source access.Source, now time.Time) {
	for _, given := range access.Declared(u, source, now) {
		g.assign(at, given.Role, "which user "+u.Name+" is given by "+given.By)
	}
}

func (g *gains) owned(at *field.Path, u *v1alpha1.User, source access.Source) {
	if org := source.Organization(); membership.IsOwner(u, org) {
		g.organization(at, "say who user "+u.Name+" is, the owner of organization "+org.Name, org.Name)
	}
}

// delegated needs the rights for what new delegates come by: all that the user is given, but by delegation.
func (g *gains) delegated(was []v1alpha1.Delegation, u *v1alpha1.User, source access.Source, now time.Time) {
	for i := range u.Spec.Delegates {
		d := &u.Spec.Delegates[i]
		if within(d, was) {
			continue
		}
		for _, given := range access.Declared(u, withoutDelegators{source}, now) {
			g.assign(field.NewPath("spec", "delegates").Index(i), given.Role, "which user "+u.Name+" is given by "+given.By+" and "+d.User+" would hold as well")
		}
	}
}

// within says that a delegation gives nothing that one of others does not.
func within(d *v1alpha1.Delegation, others []v1alpha1.Delegation) bool {
	for i := range others {
		was := &others[i]
		begins := was.From == nil || d.From != nil && !d.From.Before(was.From)
		if was.User == d.User && begins && !was.Until.Before(&d.Until) {
			return true
		}
	}
	return false
}

// withoutDefault has no default role.
type withoutDefault struct{ access.Source }

// Organization implements access.Source.
func (withoutDefault) Organization() *v1alpha1.Organization { return nil }

// withoutDelegators has nobody who delegates.
type withoutDelegators struct{ access.Source }

// Delegators implements access.Source.
func (withoutDelegators) Delegators(string) []*v1alpha1.User { return nil }
