// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package handover decides who takes over what a person who leaves owns. It is pure.
package handover

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// mostSuccessors is among how many the objects of one person are spread.
const mostSuccessors = 64

// People are those who may take over. All belong to one organization.
type People interface {
	Organization() *v1alpha1.Organization
	// User returns nil for a user whom the organization does not have, Team for such a team.
	User(name string) *v1alpha1.User
	Team(name string) *v1alpha1.Team
	// TeamsOf are the teams that name a user among their members.
	TeamsOf(user string) []*v1alpha1.Team
	// Members are all users.
	Members() []*v1alpha1.User
}

// Task is what is to be looked for, or moved.
type Task struct {
	// ID tells it from other tasks for the same user.
	ID string
	// Namespace is where the objects are.
	Namespace string
	// Organization is that of whose objects they are.
	Organization string
	// Rules are what is to be done, one after the other.
	Rules []TaskRule
}

// TaskRule is what is to be done about the objects of one rule.
type TaskRule struct {
	Rule v1alpha1.OwnershipRule
	// From are those whose objects they are: who leaves, and who took over before and left as well.
	From []string
	// To take over. When empty, the objects are only looked for.
	To []v1alpha1.Successor
}

// Report is what was found, or done.
type Report struct {
	// ID is that of the task.
	ID string
	// At is when it was found, or done.
	At time.Time
	// Failure is why nothing is known, in words; empty when all is. Of the rules, only what was moved before is known then.
	Failure string
	Rules   []Result
}

// Result is what was found or done about the objects of one rule.
type Result struct {
	Rule string
	// Moved is how many were moved, and Left how many are still with who leaves.
	Moved, Left int
	// Names are the first of those that are left.
	Names []string
	// More says that what is left can be moved, and has only to be gone on with.
	More bool
	// Absent says that a successor does not take over any more.
	Absent bool
	// Trouble is why objects are left, or why it cannot be known; empty when nothing is wrong.
	Trouble string
	// Note is what people should know although nothing is wrong.
	Note string
}

// Of is what a report says about a rule; nil when it says nothing.
func (r *Report) Of(rule string) *Result {
	for i := range r.Rules {
		if r.Rules[i].Rule == rule {
			return &r.Rules[i]
		}
	}
	return nil
}

// Moved is how many objects were moved, by all rules.
func (r *Report) Moved() int {
	n := 0
	for i := range r.Rules {
		n += r.Rules[i].Moved
	}
	return n
}

// Available says that a user can take over: has access, and does not leave.
func Available(u *v1alpha1.User) bool {
	return u != nil && access.Active(u) && !access.Leaving(u)
}

// Pending says that what a user owns is still to be handed over.
func Pending(status *v1alpha1.UserStatus) bool {
	return status.Handover != nil && slices.ContainsFunc(status.Handover.Rules, func(r v1alpha1.RuleHandover) bool { return !Finished(&r) })
}

// Finished says that nothing is left to do about the objects of a rule.
func Finished(r *v1alpha1.RuleHandover) bool {
	return r.State == v1alpha1.HandoverDone || r.State == v1alpha1.HandoverRetained
}

// On is how far a user's objects of a rule are handed over; nil when that has not begun.
func On(u *v1alpha1.User, rule string) *v1alpha1.RuleHandover {
	if u.Status.Handover == nil {
		return nil
	}
	for i := range u.Status.Handover.Rules {
		if r := &u.Status.Handover.Rules[i]; r.Rule == rule {
			return r
		}
	}
	return nil
}

// Choose finds who takes over from a user by a rule: the first of its sources who is available. Whoever leaves as well is
// followed to who takes over from them. When there is nobody, problem says why.
func Choose(rule *v1alpha1.OwnershipRule, u *v1alpha1.User, people People) (successors []v1alpha1.Successor, problem string) {
	f := &finder{rule: rule, people: people, leaver: u, path: []string{u.Name}}
	if successors = f.find(u); len(successors) > 0 {
		return successors, ""
	}
	if f.cycle != nil {
		return nil, "the successors lead back to where they began: " + strings.Join(f.cycle, ", who hands over to ")
	}
	return nil, fmt.Sprintf("nobody takes over: of %s, none has access and stays", f.sources())
}

// Heir is who of several successors takes over an object: always the same, as long as they stay.
func Heir(successors []v1alpha1.Successor, object types.UID) v1alpha1.Successor {
	return slices.MaxFunc(successors, func(a, b v1alpha1.Successor) int {
		return cmp.Or(cmp.Compare(score(object, a.UID), score(object, b.UID)), cmp.Compare(a.UID, b.UID))
	})
}

// score is rendezvous hashing: when one of the many goes, only what they had changes hands.
func score(a, b types.UID) uint64 {
	sum := sha256.Sum256([]byte(string(a) + "/" + string(b)))
	return binary.BigEndian.Uint64(sum[:])
}

type finder struct {
	rule   *v1alpha1.OwnershipRule
	people People
	leaver *v1alpha1.User
	// path are those through whom the search has come.
	path []string
	// done are those who leave as well and were looked through: whoever is found there is found already.
	done []string
	// cycle is how it came back to one of them.
	cycle []string
}

func (f *finder) find(u *v1alpha1.User) []v1alpha1.Successor {
	for _, source := range f.rule.Successor {
		if source == v1alpha1.SuccessorSpread {
			if all := f.spread(); len(all) > 0 {
				return all
			}
			continue
		}
		for _, name := range f.names(source, u) {
			if found := f.take(name); len(found) > 0 {
				return found
			}
			if f.cycle != nil && source == v1alpha1.SuccessorNamed {
				return nil // people said so: somebody has to correct it
			}
			f.cycle = nil
		}
	}
	return nil
}

// take is a user who is available, or whoever takes over from one who leaves.
func (f *finder) take(name string) []v1alpha1.Successor {
	u := f.people.User(name)
	switch {
	case u == nil:
		return nil
	case Available(u):
		return []v1alpha1.Successor{{User: u.Name, UID: u.UID}}
	case access.Archiving(u):
		return f.follow(u)
	}
	return nil
}

// follow finds who takes over from a user who leaves as well: whoever was chosen already, or is now.
func (f *finder) follow(u *v1alpha1.User) []v1alpha1.Successor {
	if slices.Contains(f.path, u.Name) {
		f.cycle = append(slices.Clone(f.path[slices.Index(f.path, u.Name):]), u.Name)
		return nil
	}
	if slices.Contains(f.done, u.Name) {
		return nil
	}
	f.path = append(f.path, u.Name)
	defer func() { f.path, f.done = f.path[:len(f.path)-1], append(f.done, u.Name) }()
	if was := On(u, f.rule.Name); was != nil {
		var next []v1alpha1.Successor
		for _, s := range was.Successors {
			for _, found := range f.take(s.User) {
				if !slices.Contains(next, found) {
					next = append(next, found)
				}
			}
		}
		if len(next) > 0 {
			return next[:min(len(next), mostSuccessors)]
		}
	}
	was := f.cycle
	f.cycle = nil // what was recorded leads back, and what was declared since may not
	found := f.find(u)
	if f.cycle == nil && len(found) == 0 {
		f.cycle = was
	}
	return found
}

// names are the users whom a source names.
func (f *finder) names(source v1alpha1.SuccessorSource, u *v1alpha1.User) []string {
	switch source {
	case v1alpha1.SuccessorNamed:
		return named(u.Spec.Successor)
	case v1alpha1.SuccessorManager:
		return named(u.Spec.Manager)
	case v1alpha1.SuccessorTeamLead:
		return f.leads(u.Name)
	case v1alpha1.SuccessorOwner:
		return named(f.people.Organization().Spec.Owner)
	default:
		return nil
	}
}

func named(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// leads are the leads of a user's teams, by name of the team, and then of the teams above each.
func (f *finder) leads(user string) []string {
	var names, seen []string
	teams := slices.Clone(f.people.TeamsOf(user))
	slices.SortFunc(teams, func(a, b *v1alpha1.Team) int { return cmp.Compare(a.Name, b.Name) })
	for len(teams) > 0 {
		var above []*v1alpha1.Team
		for _, team := range teams {
			if slices.Contains(seen, team.Name) {
				continue
			}
			seen = append(seen, team.Name)
			for _, m := range team.Spec.Members {
				if m.Role == v1alpha1.TeamLead && m.User != user {
					names = append(names, m.User)
				}
			}
			if parent := f.people.Team(team.Spec.Parent); parent != nil {
				above = append(above, parent)
			}
		}
		teams = above
	}
	return names
}

// spread are the members among whom the objects are shared out: not more than can be written down.
func (f *finder) spread() []v1alpha1.Successor {
	var all []v1alpha1.Successor
	for _, u := range f.people.Members() {
		if Available(u) && !slices.Contains(f.path, u.Name) {
			all = append(all, v1alpha1.Successor{User: u.Name, UID: u.UID})
		}
	}
	if len(all) > mostSuccessors {
		slices.SortFunc(all, func(a, b v1alpha1.Successor) int {
			return cmp.Or(cmp.Compare(score(f.leaver.UID, b.UID), score(f.leaver.UID, a.UID)), cmp.Compare(a.UID, b.UID))
		})
		all = all[:mostSuccessors]
	}
	slices.SortFunc(all, func(a, b v1alpha1.Successor) int { return cmp.Compare(a.User, b.User) })
	return all
}

// sources says in words where a successor was looked for.
func (f *finder) sources() string {
	var words []string
	for _, source := range f.rule.Successor {
		words = append(words, map[v1alpha1.SuccessorSource]string{
			v1alpha1.SuccessorNamed: "spec.successor", v1alpha1.SuccessorManager: "spec.manager",
			v1alpha1.SuccessorTeamLead: "the leads of the teams", v1alpha1.SuccessorOwner: "the owner of the organization",
			v1alpha1.SuccessorSpread: "the members",
		}[source])
	}
	return strings.Join(words, ", ")
}
