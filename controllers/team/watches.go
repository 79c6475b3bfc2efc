// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// SetupWithManager watches the team, the teams above and below it, its members, its roles, and its organization.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("team").
		For(&v1alpha1.Team{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.Team{}, loop.Affected(loop.Present(r.teamsOfTeam))).
		Watches(&v1alpha1.User{}, loop.Affected(r.teamsOfUser)).
		Watches(&v1alpha1.Role{}, loop.Affected(loop.Present(loop.Coming(r.teamsOfRole)))).
		Watches(&v1alpha1.Organization{}, loop.Affected(groups.Of(r.teamsOfOrganization))).
		WatchesRawSource(loop.Woken(r.Groups.Counter.Done())).
		WatchesRawSource(loop.Woken(r.Groups.Woken)).
		WithOptions(opts).
		Complete(r)
}

// teamsOfTeam are the teams that a change of another concerns: those above count its members, and the path of those below
// leads through it.
func (r *Reconciler) teamsOfTeam(ctx context.Context, before, after *v1alpha1.Team) []types.NamespacedName {
	team := after
	if after == nil {
		team = before
	}
	names := r.roster(ctx, team.Namespace, team.Spec.Organization)
	var affected []*v1alpha1.Team
	for _, each := range []*v1alpha1.Team{before, after} {
		if each != nil {
			affected = append(affected, above(each, names)...)
		}
	}
	switch {
	case before == nil || after == nil || before.Spec.Parent != after.Spec.Parent:
		affected = append(affected, withBelow(team, names)...)
	case slices.Equal(before.Spec.Members, after.Spec.Members) && !groups.Renamed(before, after):
		return nil
	}
	return keys(affected)
}

// teamsOfUser are the teams of a user who comes, goes, or changes state, and all above them.
func (r *Reconciler) teamsOfUser(ctx context.Context, before, after *v1alpha1.User) []types.NamespacedName {
	u := after
	switch {
	case after == nil:
		u = before
	case before != nil && access.Archiving(before) == access.Archiving(after) && !groups.Moved(before, after):
		return nil
	}
	names := r.roster(ctx, u.Namespace, u.Spec.Organization)
	var affected []*v1alpha1.Team
	for _, team := range names.TeamsOf(u.Name) {
		affected = append(append(affected, team), above(team, names)...)
	}
	return keys(affected)
}

// above are the teams above a team, as far as they are there, each once.
func above(team *v1alpha1.Team, names *roster.Roster) []*v1alpha1.Team {
	var teams []*v1alpha1.Team
	for team = names.Team(team.Spec.Parent); team != nil && !slices.Contains(teams, team); team = names.Team(team.Spec.Parent) {
		teams = append(teams, team)
	}
	return teams
}

func (r *Reconciler) roster(ctx context.Context, namespace, organization string) *roster.Roster {
	return roster.New(ctx, r.Client, types.NamespacedName{Namespace: namespace, Name: organization}, nil)
}

func keys(teams []*v1alpha1.Team) []types.NamespacedName {
	all := make([]types.NamespacedName, len(teams))
	for i, team := range teams {
		all[i] = types.NamespacedName{Namespace: team.Namespace, Name: team.Name}
	}
	return all
}

func (r *Reconciler) teamsOfRole(ctx context.Context, role *v1alpha1.Role) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.TeamList{}, role.Namespace, index.TeamRole, role.Name)
}

func (r *Reconciler) teamsOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return r.KeysBy(ctx, &v1alpha1.TeamList{}, org.Namespace, index.Organization, org.Name)
}
