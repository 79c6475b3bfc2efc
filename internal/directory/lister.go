// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"iter"
	"slices"
	"strings"
	"unicode"
)

// Found is an account that a directory has, whoever made it.
type Found struct {
	// Account is what the directory says of it. UID is empty when nobody has claimed the account, and need not be one of ours.
	// Organization is empty: a directory knows nothing of it.
	Account
	// DisplayName is what people see; Email is the mail address at work.
	DisplayName, Email string
	// Without are the attributes that this directory does not keep, so that they say nothing of a difference.
	Without []Attribute
}

// FoundGroup is a group that a directory has, whoever made it. Its UID is empty when nobody has claimed it, and its Members are all
// that are in it, accounts and groups.
type FoundGroup struct {
	Group
	// Partial says that nothing is said of members, as of a group that has none, and in lists of directories that leave them out.
	Partial bool
}

// Attribute is a part of an account that can differ, in the words of SCIM.
type Attribute string

// The attributes of an account.
const (
	UserName       Attribute = "userName"
	ExternalID     Attribute = "externalId"
	Email          Attribute = "emails.work"
	DisplayName    Attribute = "displayName"
	GivenName      Attribute = "name.givenName"
	FamilyName     Attribute = "name.familyName"
	Title          Attribute = "title"
	Active         Attribute = "active"
	WorkPhone      Attribute = "phoneNumbers.work"
	MobilePhone    Attribute = "phoneNumbers.mobile"
	Locale         Attribute = "locale"
	TimeZone       Attribute = "timezone"
	EmployeeNumber Attribute = "employeeNumber"
	Manager        Attribute = "manager"
	Roles          Attribute = "roles"
	Entitlements   Attribute = "entitlements"
)

// Differs returns what of an account a directory has otherwise than it is to be, in the order of the constants. It is what
// Ensure would change, and takes no request.
func (f Found) Differs(want Account) []Attribute {
	exact := func(w, g string) bool { return w == g }
	pairs := []struct {
		name      Attribute
		want, got string
		equal     func(w, g string) bool
	}{
		// RFC 7643 has user names not depend on case, and directories write them as they like.
		{UserName, want.UserName, f.UserName, strings.EqualFold},
		{Email, want.UserName, f.Email, strings.EqualFold},
		{ExternalID, string(want.UID), string(f.UID), exact},
		{DisplayName, want.Display(), f.DisplayName, exact},
		{GivenName, want.GivenName, f.GivenName, exact},
		{FamilyName, want.FamilyName, f.FamilyName, exact},
		{Title, want.Title, f.Title, exact},
		{WorkPhone, want.WorkPhone, f.WorkPhone, SamePhone},
		{MobilePhone, want.MobilePhone, f.MobilePhone, SamePhone},
		{Locale, want.Locale, f.Locale, exact},
		{TimeZone, want.TimeZone, f.TimeZone, exact},
		{EmployeeNumber, want.EmployeeNumber, f.EmployeeNumber, exact},
		{Manager, want.ManagerID, f.ManagerID, exact},
	}
	var differ []Attribute
	for _, p := range pairs {
		unset := p.want == "" && (p.name == EmployeeNumber || p.name == Manager) // which others know better
		if !unset && !p.equal(p.want, p.got) && !slices.Contains(f.Without, p.name) {
			differ = append(differ, p.name)
		}
	}
	if want.Active != f.Active {
		differ = append(differ, Active)
	}
	if !SameNames(want.Roles, f.Roles) && !slices.Contains(f.Without, Roles) {
		differ = append(differ, Roles)
	}
	if !SameNames(want.Entitlements, f.Entitlements) && !slices.Contains(f.Without, Entitlements) {
		differ = append(differ, Entitlements)
	}
	return differ
}

// Stubborn is a directory that finds out what it keeps its own way.
type Stubborn interface {
	// KeptOtherwise are the attributes of an account that the directory had otherwise right after it was given them as they are here,
	// as far as that is remembered. It takes no request. account needs an ID.
	KeptOtherwise(account Account) []Attribute
}

// KeptOtherwise is what a directory keeps its own way of an account; nothing where it cannot tell.
func KeptOtherwise(d Directory, account Account) []Attribute {
	if s, ok := d.(Stubborn); ok {
		return s.KeptOtherwise(account)
	}
	return nil
}

// SamePhone says that two telephone numbers are one: directories write tel: before them and spaces into them.
func SamePhone(a, b string) bool { return (a == "") == (b == "") && digits(a) == digits(b) }

func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, phone)
}

// SameNames says that two lists hold the same, in whatever order.
func SameNames(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

// Lister tells everything that a directory has, in pages. A sequence ends after an error, which is ErrUnavailable or
// ErrRejected; what came before it is true, but not all. What changes meanwhile may be in it or not, and nothing comes twice.
type Lister interface {
	// Accounts are all accounts, in the order of the directory.
	Accounts(ctx context.Context) iter.Seq2[Found, error]
	// Groups are all groups, in the order of the directory.
	Groups(ctx context.Context) iter.Seq2[FoundGroup, error]
	// Group is one group by itself, with all its members; nil when there is none. group needs an ID.
	Group(ctx context.Context, group Group) (*FoundGroup, error)
}

// ListerOf is what tells all that a directory has; nil for one that cannot tell.
func ListerOf(d Directory) Lister {
	switch d := d.(type) {
	case Lister:
		return d
	case interface{ Lister() Lister }:
		return d.Lister()
	}
	return nil
}
