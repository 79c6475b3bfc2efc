// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory"
)

// Match is what an account of a directory is to the Users of an organization.
type Match string

const (
	// Matched is an account of a User, by its identity or by its address.
	Matched Match = "Matched"
	// Unmatched is one that nobody has, and that can become a User.
	Unmatched Match = "Unmatched"
	// Conflicting is one that cannot become a User, or not that of the User with its address.
	Conflicting Match = "Conflicting"
	// Inactive is one that nobody can sign in with, and that no User has.
	Inactive Match = "Inactive"
)

// Adoption is an account, and whose it is.
type Adoption struct {
	Match Match `json:"match"`
	// Account is what the directory calls it, and UserName what the person signs in with.
	Account  string `json:"account"`
	UserName string `json:"userName,omitempty"`
	// User is the name of the User; empty when there is none.
	User   string `json:"user,omitempty"`
	Reason string `json:"reason"`
}

// Adopt says whose the accounts of the directory of an organization are, in their order. left are the records of who has left.
func Adopt(found []directory.Found, users []v1alpha1.User, left []v1alpha1.ArchivedUser, organization *v1alpha1.Organization) []Adoption {
	records := newest(left, organization.Name)
	byUID, byID, byEmail := map[string]*v1alpha1.User{}, map[string]*v1alpha1.User{}, map[string]*v1alpha1.User{}
	for i := range users {
		u := &users[i]
		if u.Spec.Organization != organization.Name {
			continue
		}
		byUID[string(u.Account())] = u
		byEmail[foldEmail(u.Spec.Email)] = u
		if u.Status.DirectoryAccount != nil {
			byID[u.Status.DirectoryAccount.ID] = u
		}
	}
	accounts := map[string]int{} // that can be signed in with, by address
	for i := range found {
		if email := emailOf(&found[i]); email != "" && found[i].Active {
			accounts[foldEmail(email)]++
		}
	}
	all := make([]Adoption, len(found))
	for i := range found {
		a := &found[i]
		email := foldEmail(emailOf(a))
		user := cmp.Or(byUID[string(a.UID)], byID[a.ID])
		all[i] = Adoption{Account: a.ID, UserName: a.UserName}
		all[i].Match, all[i].Reason = judge(a, user, byEmail[email], accounts[email], organization)
		if user = cmp.Or(user, byEmail[email]); user != nil {
			all[i].User = user.Name
		}
		if record := records[email]; record != nil && all[i].Match == Unmatched {
			all[i].Match, all[i].User = Conflicting, record.User
			all[i].Reason = fmt.Sprintf("User %s, who had its address, left on %s: write a User to have them back, or have nobody sign in with it",
				record.User, record.ArchivedAt.UTC().Format(time.DateOnly))
		}
	}
	return all
}

// judge says what an account is: has is the User who has it, and same the one with its address, of which so many accounts can be signed
// in with.
func judge(a *directory.Found, has, same *v1alpha1.User, accounts int, organization *v1alpha1.Organization) (Match, string) {
	email := emailOf(a)
	switch {
	case has != nil:
		return Matched, "it is the account of User " + has.Name
	case !a.Active && same == nil:
		return Inactive, "nobody can sign in with it"
	case email == "":
		return Conflicting, "it has no address: give it one, or leave it out"
	case a.UID != "":
		return Conflicting, "somebody else manages it: its externalId is nobody's here"
	case accounts > 1:
		return Conflicting, fmt.Sprintf("%d accounts have its address: leave one of them active", accounts)
	case same != nil && organization.Spec.Directory.Adoption != v1alpha1.AdoptionAdopt:
		return Conflicting, fmt.Sprintf("User %s has its address, and cannot have it before spec.directory.adoption of organization %s is Adopt", same.Name, organization.Name)
	case same != nil:
		return Matched, "it has the address of User " + same.Name
	case organization.Spec.Directory.Adoption != v1alpha1.AdoptionAdopt:
		return Unmatched, fmt.Sprintf("it becomes a User's when spec.directory.adoption of organization %s is Adopt", organization.Name)
	}
	return Unmatched, "it becomes that of a User with its address"
}

// Orphans takes their managers from accounts whose managers are neither chosen nor Users, as those of somebody else's accounts are, and says of
// which: who is nobody here leads nobody.
func Orphans(found []directory.Found, chosen func(*directory.Found) bool, users []v1alpha1.User, organization string) (all []directory.Found, left []string) {
	here := map[string]bool{}
	for i := range users {
		if users[i].Spec.Organization == organization {
			here[foldEmail(users[i].Spec.Email)] = true
		}
	}
	known := map[string]bool{}
	for i := range found {
		known[found[i].ID] = chosen(&found[i]) || here[foldEmail(emailOf(&found[i]))]
	}
	all = slices.Clone(found)
	for i := range all {
		if a := &all[i]; chosen(a) && a.ManagerID != "" && !known[a.ManagerID] {
			a.ManagerID = ""
			left = append(left, fmt.Sprintf("account %q: its manager is left out, whose account becomes nobody's here", cmp.Or(a.UserName, a.ID)))
		}
	}
	return all, left
}
