// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

const (
	// promotion is the role that people get by their team.
	promotion = "promotion"
	// perTeam is how many members a team has at most.
	perTeam = 1000
	// department is the team above those that people are in.
	department = "department"
)

func promoted(c change) bool { return slices.Contains(c.Object.Status.Roles, promotion) }

// bystanders is how many people are in no team, beside so many who are.
func bystanders(people int) int { return (people + 3) / 4 }

// crews are who is in which team: the members of each, by the numbers of its first and of the one after its last.
func crews(people int) [][2]int {
	var all [][2]int
	for first := 1; first <= people; first += perTeam {
		all = append(all, [2]int{first, min(first+perTeam, people+1)})
	}
	return all
}

func crewName(kind string, n int) string { return fmt.Sprintf("%s-%03d", kind, n) }

func crewMembers(crew [2]int) []string {
	var all []string
	for i := crew[0]; i < crew[1]; i++ {
		all = append(all, personName(i))
	}
	return all
}

// teamHouse has people in teams below one that gives nothing yet.
func teamHouse(people int) []client.Object {
	all := append(house(1+people+bystanders(people)), build.Role(promotion).In("", organization).DisplayName("Promotion").Obj(), build.Team(department).In("", organization).Obj())
	for n, crew := range crews(people) {
		all = append(all, build.Team(crewName("crew", n)).In("", organization).Parent(department).Members(crewMembers(crew)...).Obj())
	}
	return all
}

// moveHouse has people in teams that give nothing, beside empty ones that give a role.
func moveHouse(people int) []client.Object {
	all := append(house(1+people+bystanders(people)), build.Role(promotion).In("", organization).DisplayName("Promotion").Obj())
	for n, crew := range crews(people) {
		all = append(all,
			build.Team(crewName("from", n)).In("", organization).Members(crewMembers(crew)...).Obj(),
			build.Team(crewName("to", n)).In("", organization).Roles(promotion).Obj())
	}
	return all
}

// startTeam gives the team above all others a role, which all of their members then hold.
func startTeam(ctx context.Context, c *wire, w *wave) error {
	if err := w.edit(ctx, c, department, map[string]any{"roles": []string{promotion}}); err != nil {
		return err
	}
	return w.promote(ctx, c)
}

// startMove moves everybody: into the new team first, so that nobody is in none.
func startMove(ctx context.Context, c *wire, w *wave) error {
	for n, crew := range crews(w.people) {
		var members []v1alpha1.TeamMembership
		for _, name := range crewMembers(crew) {
			members = append(members, v1alpha1.TeamMembership{User: name, Role: v1alpha1.TeamMember})
		}
		if err := w.edit(ctx, c, crewName("to", n), map[string]any{"members": members}); err != nil {
			return err
		}
		if err := w.edit(ctx, c, crewName("from", n), map[string]any{"members": nil}); err != nil {
			return err
		}
	}
	return w.promote(ctx, c)
}

func (w *wave) edit(ctx context.Context, c *wire, team string, spec map[string]any) error {
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPatch, path(w.namespace, "teams")+"/"+team, typeMergePatch, patch, nil)
}

// promote plays the operator, where there is none.
func (w *wave) promote(ctx context.Context, c *wire) error {
	if w.way != wayRaw {
		return nil
	}
	return w.each(ctx, func(ctx context.Context, i int) error {
		return invite(ctx, c, w.namespace, i, w.there[i], w.example.after, nil)
	})
}
