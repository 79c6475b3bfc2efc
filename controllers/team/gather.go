// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package team

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/roster"
)

// standing is whether somebody who is named as a member is one.
type standing int

const (
	// unknown: the organization has no such User.
	unknown standing = iota
	// gone: archived or deleted, and without access by now.
	gone
	// present: a member.
	present
)

// snapshot is everything that a pass reads.
type snapshot struct {
	// organization is nil when there is none of that name.
	organization *v1alpha1.Organization
	// people are those whom the team, and the teams below it, name as members.
	people map[string]standing
	line   access.Line
	// unknown are the roles that the team names and that are not there.
	unknown []string

	// accounts are what the directory calls the accounts of those who are present, and pending says that some have none yet.
	accounts map[string]string
	pending  map[string]bool
	// group is the group that the team is to be; nil when it is to be none.
	group *group.Wanted
}

func (r *Reconciler) gather(ctx context.Context, team *v1alpha1.Team) (*snapshot, error) {
	organization := types.NamespacedName{Namespace: team.Namespace, Name: team.Spec.Organization}
	s := &snapshot{people: make(map[string]standing, len(team.Spec.Members)), accounts: map[string]string{}, pending: map[string]bool{}}
	var org v1alpha1.Organization
	err := r.Get(ctx, organization, &org)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading organization: %w", err)
	}
	if err == nil {
		s.organization = &org
	}
	names := roster.New(ctx, r.Client, organization, &org)
	s.line = access.Above(team, names.Team)
	for _, name := range team.Spec.Roles {
		if names.Role(name) == nil {
			s.unknown = append(s.unknown, name)
		}
	}
	teams := withBelow(team, names)
	for _, each := range teams {
		for _, m := range each.Spec.Members {
			if err := r.gatherMember(ctx, team, m.User, s); err != nil {
				return nil, err
			}
		}
	}
	if group.Teams(s.organization) {
		s.group = s.wanted(team, teams, names.Children(team.Name))
	}
	return s, names.Err()
}

// wanted is the group of a team, with what is known of its members, and of those of all teams, which begin with the team itself.
// Teams that are a part of themselves are none of their groups.
func (s *snapshot) wanted(team *v1alpha1.Team, teams, children []*v1alpha1.Team) *group.Wanted {
	w := &group.Wanted{Group: group.Of(team, s.organization)}
	for i, each := range teams {
		for _, m := range each.Spec.Members {
			id := s.accounts[m.User]
			w.Pending = w.Pending || s.pending[m.User]
			switch {
			case id == "":
			case i == 0:
				w.Members = append(w.Members, id)
			default:
				w.Below = append(w.Below, id)
			}
		}
	}
	for _, child := range children {
		if has := child.Status.DirectoryGroup; has != nil && has.Directory == account.At(s.organization) && s.line.Cycle == nil {
			w.Groups = append(w.Groups, has.ID)
		}
	}
	return w
}

// gatherMember looks up a member once, in however many teams.
func (r *Reconciler) gatherMember(ctx context.Context, team *v1alpha1.Team, name string, s *snapshot) error {
	if _, known := s.people[name]; known {
		return nil
	}
	var u v1alpha1.User
	err := r.Get(ctx, types.NamespacedName{Namespace: team.Namespace, Name: name}, &u, loop.Lagging{})
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading member %s: %w", name, err)
	case err != nil || u.Spec.Organization != team.Spec.Organization:
		return r.gatherParked(ctx, team, name, s)
	case left(&u):
		s.people[name] = gone
	default:
		s.member(&u)
		if s.accounts[name] == "" && group.Teams(s.organization) { // and may be about to take over from a record
			return r.gatherHeir(ctx, &u, s)
		}
	}
	return nil
}

// left says that somebody is a member no more: who is to leave is one as long as there is access, which a guard may hold on to.
func left(u *v1alpha1.User) bool { return access.Archiving(u) && !access.Present(u) }

// member takes in somebody who is a member.
func (s *snapshot) member(u *v1alpha1.User) {
	s.people[u.Name] = present
	if group.Teams(s.organization) {
		s.accounts[u.Name], s.pending[u.Name] = group.Member(u, account.At(s.organization))
	}
}

// gatherParked takes in who is a member by a record, while there is no User of the name.
func (r *Reconciler) gatherParked(ctx context.Context, team *v1alpha1.Team, name string, s *snapshot) error {
	s.people[name] = unknown
	parked, err := r.parked(ctx, team.Namespace, team.Spec.Organization, name)
	for i := range parked {
		s.member(membership.Resident(&parked[i]))
	}
	return err
}

// gatherHeir takes in the account that a member is coming into, which a record keeps until then.
func (r *Reconciler) gatherHeir(ctx context.Context, u *v1alpha1.User, s *snapshot) error {
	parked, err := r.parked(ctx, u.Namespace, u.Spec.Organization, u.Name)
	for i := range parked {
		if membership.KeptFrom(u, &parked[i]) || membership.Claimed(u, &parked[i]) {
			s.accounts[u.Name], s.pending[u.Name] = group.Member(membership.Resident(&parked[i]), account.At(s.organization))
		}
	}
	return err
}

// parked are the records of people whose User had a name, and who have not left yet.
func (r *Reconciler) parked(ctx context.Context, namespace, organization, name string) ([]v1alpha1.ArchivedUser, error) {
	var records v1alpha1.ArchivedUserList
	err := r.List(ctx, &records, client.InNamespace(namespace), client.MatchingFields{index.ParkedUser: name}, loop.Lagging{})
	if err != nil {
		return nil, fmt.Errorf("listing parked users: %w", err)
	}
	return slices.DeleteFunc(records.Items, func(a v1alpha1.ArchivedUser) bool {
		return a.Record.Spec.Organization != organization || a.Ended() || left(membership.Resident(&a))
	}), nil
}

// withBelow are a team and all teams below it, each once.
func withBelow(team *v1alpha1.Team, names *roster.Roster) []*v1alpha1.Team {
	teams, seen := []*v1alpha1.Team{team}, map[string]struct{}{team.Name: {}}
	for i := 0; i < len(teams); i++ {
		for _, child := range names.Children(teams[i].Name) {
			if _, known := seen[child.Name]; !known {
				seen[child.Name] = struct{}{}
				teams = append(teams, child)
			}
		}
	}
	return teams
}
