// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package group says what group a team or a role is to be in a directory, and what is to be done for that.
package group

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
)

// Group is a team or a role as a directory is to know it.
type Group struct {
	// UID names the group for good, whatever it is called. It is SCIM's externalId.
	UID types.UID
	// ID is what the directory calls the group, as far as that is known; empty when it is not.
	ID string
	// Organization is whose directory it is.
	Organization types.NamespacedName
	// DisplayName is what people see. It is not empty.
	DisplayName string
	// Members are what the directory calls the accounts in the group, in any order. Whoever is not among them is taken out.
	Members []string
	// Groups are what it calls the groups in the group, in any order, where it takes such; others are taken out.
	Groups []string
}

// All are the accounts and the groups in a group, sorted, each once.
func (g Group) All() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(g.Members, g.Groups))))
}

// Revision tells what a directory is given from anything else that it could be given.
func (g Group) Revision() string {
	text, err := json.Marshal([]any{g.UID, g.DisplayName, g.All()})
	if err != nil {
		panic(err) // of strings there is always text
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Differs says in words what a directory has otherwise than it is to be; nothing when it is the same.
func (g Group) Differs(found Group) string {
	var parts []string
	if found.DisplayName != g.DisplayName {
		parts = append(parts, "another displayName")
	}
	if found.UID != "" && found.UID != g.UID {
		parts = append(parts, "another externalId")
	}
	is, wanted := found.All(), g.All()
	for _, of := range []struct {
		there, not []string
		what       string
	}{{is, wanted, "more"}, {wanted, is, "fewer"}} {
		n := 0
		for _, id := range of.there {
			if _, ok := slices.BinarySearch(of.not, id); !ok {
				n++
			}
		}
		switch {
		case n == 1:
			parts = append(parts, "1 member "+of.what)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d members %s", n, of.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Wanted is the group that a team or a role is to be.
type Wanted struct {
	// Group is as a directory is to have it that takes groups as members.
	Group
	// Below are the accounts in the groups below, which are in the group itself where it cannot have groups.
	Below []string
	// Pending says that there are people who have no account yet, and will have one.
	Pending bool
}

// For is the group as a directory is to have it, which takes groups as members or does not.
func (w Wanted) For(nests bool) Group {
	g := w.Group
	if !nests {
		g.Members, g.Groups = slices.Concat(w.Members, w.Below), nil
	}
	return g
}

// Revisions are those of the group where groups can be in groups, and where they cannot.
func (w Wanted) Revisions() (nested, flat string) {
	nested = w.For(true).Revision()
	if len(w.Groups) == 0 && len(w.Below) == 0 {
		return nested, nested
	}
	return nested, w.For(false).Revision()
}

// Teams says that the teams of an organization are groups.
func Teams(organization *v1alpha1.Organization) bool {
	return reachable(organization) && ptr.Deref(organization.Spec.Directory.SCIM.TeamsAsGroups, false)
}

// Roles says that the roles of an organization are groups.
func Roles(organization *v1alpha1.Organization) bool {
	return reachable(organization) && ptr.Deref(organization.Spec.Directory.SCIM.RolesAsGroups, false)
}

func reachable(organization *v1alpha1.Organization) bool {
	return organization != nil && account.At(organization) != ""
}

// Member is what a directory calls the account of a user; empty when there is none. pending says that there will be.
func Member(u *v1alpha1.User, at string) (id string, pending bool) {
	if has := u.Status.DirectoryAccount; has != nil && has.Directory == at {
		return has.ID, false
	}
	return "", len(u.Status.Roles) > 0
}

// Of is the group of a team or a role, without its members.
func Of(object v1alpha1.Conditioned, organization *v1alpha1.Organization) Group {
	g := Group{UID: object.GetUID(), Organization: types.NamespacedName{Namespace: object.GetNamespace()}}
	switch o := object.(type) {
	case *v1alpha1.Team:
		g.DisplayName, g.Organization.Name = cmp.Or(o.Spec.DisplayName, o.Name), o.Spec.Organization
	case *v1alpha1.Role:
		g.DisplayName, g.Organization.Name = cmp.Or(o.Spec.DisplayName, o.Name), o.Spec.Organization
	}
	if has := *Record(object); has != nil && organization != nil && has.Directory == account.At(organization) {
		g.ID = has.ID
	}
	return g
}

// Record is where a team or a role says which group it is.
func Record(object v1alpha1.Conditioned) **v1alpha1.DirectoryGroup {
	switch o := object.(type) {
	case *v1alpha1.Team:
		return &o.Status.DirectoryGroup
	case *v1alpha1.Role:
		return &o.Status.DirectoryGroup
	}
	return new(*v1alpha1.DirectoryGroup)
}
