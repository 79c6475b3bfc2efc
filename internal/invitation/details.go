// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"cmp"
	"strings"
	"unicode"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Details are what an invited person is told, in the mail and on the page. Describe makes them.
type Details struct {
	// Locale is the language to tell it in.
	Locale Locale
	// Organization is the name of who invites.
	Organization string
	// Email is the address that is invited.
	Email string
	// GivenName is what to call the person; empty when it is not known.
	GivenName string
	// FullName is the person's given and family name, as far as they are known.
	FullName string
	// Roles are what the person is to be in the organization.
	Roles []Role
}

// Role is one of the roles that come with an invitation.
type Role struct {
	Name        string
	Description string
}

// Describe says in Details what a user is invited to: the roles are those of user.Status.Roles. The
// organization may be nil, and lookup may return nil for a role; then their object's name stands in.
func Describe(user *v1alpha1.User, organization *v1alpha1.Organization, lookup func(name string) *v1alpha1.Role) Details {
	if organization == nil {
		organization = &v1alpha1.Organization{}
	}
	d := Details{
		Locale:       MatchLocale(user.Spec.Locale, organization.Spec.Locale),
		Organization: cmp.Or(Clean(organization.Spec.DisplayName), user.Spec.Organization),
		Email:        user.Spec.Email,
		GivenName:    Clean(user.Spec.GivenName),
		FullName:     Clean(user.Spec.GivenName + " " + user.Spec.FamilyName),
	}
	for _, name := range user.Status.Roles {
		role := Role{Name: name}
		if r := lookup(name); r != nil {
			role = Role{Name: cmp.Or(Clean(r.Spec.DisplayName), name), Description: Clean(r.Spec.Description)}
		}
		d.Roles = append(d.Roles, role)
	}
	return d
}

// Clean makes one line of s, without characters that could forge a header or a paragraph, or turn the order
// of what follows around.
func Clean(s string) string {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d' // Persian, Hindi and others are spelled with them
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == zeroWidthJoiner, r == zeroWidthNonJoiner:
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
