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
	"seatkeeper.dev/seatkeeper/internal/groups"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// SetupWithManager watches the team, the teams above and below it, its members, by User or by record, its roles,
// and its organization.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("team").
		For(&v1alpha1.Team{}, builder.WithPredicates(loop.Declared())).
		Watches(&v1alpha1.Team{}, loop.Affected(loop.Present(r.teamsOfTeam))).
		Watches(&v1alpha1.User{}, loop.Affected(r.teamsOfUser)).
		Watches(&v1alpha1.ArchivedUser{}, loop.Affected(r.teamsOfRecord)).
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
	case before != nil && left(before) == left(after) && !groups.Moved(before, after):
		return nil
	}
	return r.teamsOfMember(ctx, u.Namespace, u.Spec.Organization, u.Name)
}

// teamsOfRecord are the teams of somebody who is a member by a record, or is so no more, and all above them.
func (r *Reconciler) teamsOfRecord(ctx context.Context, before, after *v1alpha1.ArchivedUser) []types.NamespacedName {
	was, is := parkedAt(before), parkedAt(after)
	record := after
	if after == nil {
		record = before
	}
	if was == is {
		return nil
	}
	return r.teamsOfMember(ctx, record.Namespace, record.Record.Spec.Organization, record.Record.User)
}

// stay is what makes somebody who is parked a member: whose record it is, who takes over, and the account.
type stay struct {
	user, heir types.UID
	account    string
}

func parkedAt(a *v1alpha1.ArchivedUser) stay {
	if a == nil || !a.Parked() || a.Ended() {
		return stay{}
	}
	s := stay{user: a.Record.UID, heir: a.Record.Parked.Heir.UID}
	if has := a.Record.Parked.Status.DirectoryAccount; has != nil {
		s.account = has.Directory + " " + has.ID
	}
	return s
}

func (r *Reconciler) teamsOfMember(ctx context.Context, namespace, organization, user string) []types.NamespacedName {
	names := r.roster(ctx, namespace, organization)
	var affected []*v1alpha1.Team
	for _, team := range names.TeamsOf(user) {
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
	return loop.KeysBy[v1alpha1.Team](ctx, r.Base, role.Namespace, index.TeamRole, role.Name)
}

func (r *Reconciler) teamsOfOrganization(ctx context.Context, org *v1alpha1.Organization) []types.NamespacedName {
	return loop.KeysBy[v1alpha1.Team](ctx, r.Base, org.Namespace, index.Organization, org.Name)
}
