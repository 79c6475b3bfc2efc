// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// +kubebuilder:webhook:path=/validate-seatkeeper-dev-v1alpha1-team,mutating=false,failurePolicy=fail,sideEffects=None,groups=seatkeeper.dev,resources=teams,verbs=create;update,versions=v1alpha1,name=validate.teams.seatkeeper.dev,admissionReviewVersions=v1

// membersListed is how many members a refusal names.
const membersListed = 8

// teamAdmission judges Teams.
type teamAdmission struct{ *base }

// ValidateCreate refuses teams that cannot be, or give what is not the requester's to give.
func (a *teamAdmission) ValidateCreate(ctx context.Context, t *v1alpha1.Team) (admission.Warnings, error) {
	return a.judge(ctx, nil, t)
}

// ValidateUpdate refuses changes that cannot take effect, or give what is not the requester's to give.
func (a *teamAdmission) ValidateUpdate(ctx context.Context, before, after *v1alpha1.Team) (admission.Warnings, error) {
	return a.judge(ctx, before, after)
}

// ValidateDelete is not asked.
func (a *teamAdmission) ValidateDelete(context.Context, *v1alpha1.Team) (admission.Warnings, error) {
	return nil, nil
}

// judge judges what is new in a team. before is nil for a team that is created. A team that is being deleted still gives
// its roles, so that rights count to the last.
func (a *teamAdmission) judge(ctx context.Context, before, after *v1alpha1.Team) (admission.Warnings, error) {
	if !a.runs(after.Namespace) {
		return nil, nil
	}
	r, err := a.roster(ctx, after.Namespace, after.Spec.Organization)
	if err != nil {
		return nil, err
	}
	var was v1alpha1.TeamSpec
	if before != nil {
		was = before.Spec
	}
	var errs field.ErrorList
	if after.DeletionTimestamp.IsZero() {
		if errs, err = a.faults(ctx, &was, after, r); err != nil {
			return nil, err
		}
	}
	demands := teamGains(&was, after, r)
	warnings := belowToo(&was, after, r.Team, r.Children)
	if err := r.Err(); err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	refused, err := a.rights.refuse(ctx, after.Namespace, demands)
	if err != nil {
		return nil, err
	}
	return answer("Team", after.Name, warnings, append(errs, refused...))
}

// teamGains are the rights that a change of a team needs: for roles that are new, all that new members get, and all that
// comes from the teams above. A team that is created may be named as a parent already.
func teamGains(was *v1alpha1.TeamSpec, after *v1alpha1.Team, r *roster.Roster) []demand {
	g := &gains{role: r.Role}
	spec := field.NewPath("spec")
	for _, i := range added(was.Roles, after.Spec.Roles) {
		g.assign(spec.Child("roles").Index(i), after.Spec.Roles[i], "")
	}
	teams := line(after, r.Team)
	if was.Parent != after.Spec.Parent {
		for _, above := range teams[1:] {
			for _, role := range above.Spec.Roles {
				g.assign(spec.Child("parent"), role, "which comes from team "+above.Name)
			}
		}
	}
	if joined := newMembers(was, after); len(joined) > 0 {
		for _, team := range teams {
			for _, role := range team.Spec.Roles {
				g.assign(spec.Child("members").Index(joined[0]), role, "which members hold by team "+team.Name)
			}
		}
	}
	return g.demands
}

// line are a team and those above it, as far as they are there, each once.
func line(team *v1alpha1.Team, lookup func(name string) *v1alpha1.Team) []*v1alpha1.Team {
	teams, names := []*v1alpha1.Team{team}, []string{team.Name}
	for parent := team.Spec.Parent; parent != "" && !slices.Contains(names, parent); {
		above := lookup(parent)
		if above == nil {
			break
		}
		teams, names = append(teams, above), append(names, parent)
		parent = above.Spec.Parent
	}
	return teams
}

// newMembers are the positions of the members who were not there before.
func newMembers(was *v1alpha1.TeamSpec, after *v1alpha1.Team) []int {
	known := make(map[string]struct{}, len(was.Members))
	for _, m := range was.Members {
		known[m.User] = struct{}{}
	}
	var at []int
	for i, m := range after.Spec.Members {
		if _, stayed := known[m.User]; !stayed {
			at = append(at, i)
		}
	}
	return at
}

// faults are what cannot be in what is new. What was wrong before does not keep the rest from being changed, and a name
// that nobody has yet is no fault.
func (a *teamAdmission) faults(ctx context.Context, was *v1alpha1.TeamSpec, after *v1alpha1.Team, r *roster.Roster) (field.ErrorList, error) {
	var errs field.ErrorList
	if after.Spec.Parent != "" && after.Spec.Parent != was.Parent {
		wrong, err := a.parent(ctx, after, r)
		if err != nil {
			return nil, err
		}
		errs = append(errs, wrong...)
	}
	wrong, err := a.foreignRoles(ctx, field.NewPath("spec", "roles"), after.Namespace, after.Spec.Organization, was.Roles, after.Spec.Roles)
	if err != nil {
		return nil, err
	}
	errs = append(errs, wrong...)
	listed := 0
	for _, i := range newMembers(was, after) {
		wrong, err := a.noUser(ctx, field.NewPath("spec", "members").Index(i).Child("user"), after.Namespace, after.Spec.Members[i].User, after.Spec.Organization)
		if err != nil {
			return nil, err
		}
		if errs = append(errs, wrong...); len(wrong) > 0 {
			listed++
		}
		if listed == membersListed {
			break
		}
	}
	return errs, nil
}

// parent refuses a parent of another organization, and one that leads back.
func (a *teamAdmission) parent(ctx context.Context, t *v1alpha1.Team, r *roster.Roster) (field.ErrorList, error) {
	at := field.NewPath("spec", "parent")
	var parent v1alpha1.Team
	there, err := a.read(ctx, t.Namespace, t.Spec.Parent, &parent)
	if err != nil {
		return nil, err
	}
	if there && parent.Spec.Organization != t.Spec.Organization {
		return foreign(at, "team", parent.Name, parent.Spec.Organization, t.Spec.Organization), nil
	}
	above := access.Above(t, func(name string) *v1alpha1.Team {
		if name == t.Name {
			return t
		}
		return r.Team(name)
	})
	if above.Cycle == nil {
		return nil, nil
	}
	return field.ErrorList{field.Invalid(at, t.Spec.Parent, fmt.Sprintf(
		"leads back: %s. Name a team that is not below this one", strings.Join(above.Cycle, " is part of ")))}, nil
}

// noUser refuses the name of a User who left, or of another organization's.
func (b *base) noUser(ctx context.Context, at *field.Path, namespace, name, organization string) (field.ErrorList, error) {
	var u v1alpha1.User
	there, err := b.read(ctx, namespace, name, &u)
	switch {
	case !there:
		return nil, err
	case u.Spec.Organization != organization:
		return foreign(at, "user", name, u.Spec.Organization, organization), nil
	case u.Spec.State == v1alpha1.UserArchived:
		return field.ErrorList{field.Invalid(at, name, fmt.Sprintf(
			"user %s is archived: set spec.state of that User to Active first, or name somebody else", name))}, nil
	case access.EndedBy(&u, b.clock.Now()):
		return field.ErrorList{field.Invalid(at, name, fmt.Sprintf(
			"the access of user %s ended at %s: set spec.accessUntil of that User to a later time first, or name somebody else", name, moment(access.Until(&u))))}, nil
	}
	return nil, nil
}
