// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// Roll is what there is to list.
type Roll struct {
	Organization string
	Users        []v1alpha1.User
	Teams        []v1alpha1.Team
	// Left are the records of people who left; it is for who wants to see these as well.
	Left []v1alpha1.ArchivedUser
	// Archived has Users listed who are archived.
	Archived bool
	Now      time.Time
}

// List is everybody of an organization: first who is there and then who left, by address.
func List(r Roll) []Person {
	teams := r.memberships()
	addresses, holders := map[string]string{}, map[string]int{}
	for i := range r.Users {
		u := &r.Users[i]
		if u.Spec.Organization != r.Organization {
			continue
		}
		holders[foldEmail(u.Spec.Email)]++
		if r.Archived || r.present(u) {
			addresses[u.Name] = u.Spec.Email
		}
	}
	// One is written as the address that everybody knows, if that is nobody else's. Who is not in the list has the name that the object has: where
	// the list is read, nobody has the address.
	refer := func(name string) string {
		if email := addresses[name]; email != "" && holders[foldEmail(email)] == 1 {
			return email
		}
		return name
	}
	var here, gone []Person
	for i := range r.Users {
		u := &r.Users[i]
		if u.Spec.Organization != r.Organization {
			continue
		}
		person := of(u.Name, &u.Spec, refer)
		person.Teams, person.Seats, person.Status = sorted(teams[u.Name]), u.Status.Seats, status(u)
		if r.present(u) {
			here = append(here, person)
		} else {
			gone = append(gone, person)
		}
	}
	gone = append(gone, r.left(holders, refer)...)
	if !r.Archived {
		gone = nil
	}
	byAddress := func(a, b Person) int {
		return cmp.Or(strings.Compare(foldEmail(a.Email), foldEmail(b.Email)), strings.Compare(a.User, b.User))
	}
	slices.SortFunc(here, byAddress)
	slices.SortFunc(gone, byAddress)
	return append(here, gone...)
}

// present says that somebody has not left.
func (r *Roll) present(u *v1alpha1.User) bool {
	return u.Spec.State != v1alpha1.UserArchived && !access.EndedBy(u, r.Now)
}

// memberships are the teams of each User.
func (r *Roll) memberships() map[string][]Membership {
	teams := map[string][]Membership{}
	for i := range r.Teams {
		t := &r.Teams[i]
		if t.Spec.Organization != r.Organization {
			continue
		}
		for _, m := range t.Spec.Members {
			teams[m.User] = append(teams[m.User], Membership{t.Name, m.Role == v1alpha1.TeamLead})
		}
	}
	return teams
}

// left are the people of whom a record remains, each once, but for those who are back. Whose name somebody else has got since has none.
func (r *Roll) left(holders map[string]int, refer func(string) string) []Person {
	var all []Person
	records := newest(r.Left, r.Organization)
	names := map[string]int{}
	for i := range r.Users {
		names[r.Users[i].Name]++
	}
	for _, record := range records {
		names[record.User]++
	}
	for key, record := range records {
		if holders[key] > 0 {
			continue
		}
		name := record.User
		if names[name] > 1 {
			name = ""
		}
		person := of(name, &record.Spec, refer)
		person.State, person.Status = v1alpha1.UserArchived, string(v1alpha1.UserArchived)
		person.ArchiveReason = record.Reason
		all = append(all, person)
	}
	return all
}

// newest are the last records of the people who have left an organization, by address.
func newest(left []v1alpha1.ArchivedUser, organization string) map[string]*v1alpha1.UserRecord {
	records := map[string]*v1alpha1.UserRecord{}
	for i := range left {
		record := &left[i].Record
		key := foldEmail(record.Spec.Email)
		if is := records[key]; record.Spec.Organization == organization && (is == nil || is.ArchivedAt.Before(&record.ArchivedAt)) {
			records[key] = record
		}
	}
	return records
}

func sorted(teams []Membership) []Membership {
	slices.SortFunc(teams, func(a, b Membership) int { return strings.Compare(a.Team, b.Team) })
	return teams
}

// status is what kubectl shows as STATE.
func status(u *v1alpha1.User) string {
	if ready := meta.FindStatusCondition(u.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// of is a person as a spec has them.
func of(name string, spec *v1alpha1.UserSpec, refer func(string) string) Person {
	p := Person{
		User: name, Email: spec.Email, GivenName: spec.GivenName, FamilyName: spec.FamilyName, Title: spec.Title,
		WorkPhone: spec.PhoneNumbers.Work, MobilePhone: spec.PhoneNumbers.Mobile, EmployeeNumber: spec.Employee.Number,
		NewEmployee: spec.Employee.Create != nil && *spec.Employee.Create, Locale: spec.Locale, TimeZone: spec.TimeZone,
		Roles: slices.Sorted(slices.Values(spec.Roles)), Manager: refer(spec.Manager), Successor: refer(spec.Successor),
		State: cmp.Or(spec.State, v1alpha1.UserActive), ArchiveReason: spec.ArchiveReason,
	}
	if spec.AccessUntil != nil {
		p.AccessUntil = spec.AccessUntil.Time
	}
	return p
}
