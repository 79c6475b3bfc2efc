// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package account says what a directory is to know of a person.
package account

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Account is one person's account as a directory is to know it.
type Account struct {
	// UID names the account for good, whatever the person is called, and whichever User object stands for the person: that of
	// the first stay, unless the person came in another's place. It is SCIM's externalId.
	UID types.UID
	// ID is what the directory calls the account, as far as that is known; empty when it is not.
	ID string
	// Organization is whose directory it is.
	Organization types.NamespacedName
	// UserName is what the person logs in with: the mail address.
	UserName string
	// These are empty when they are not known, and are taken away from the account then.
	GivenName, FamilyName, Title, WorkPhone, MobilePhone, Locale, TimeZone string
	// EmployeeNumber, and what the directory calls the account of the person's manager, are left as they are when they are empty.
	EmployeeNumber, ManagerID string
	// Roles are the names of the roles that the person holds, sorted.
	Roles []string
	// Entitlements are the names of the SeatPools in which the person holds a seat, sorted.
	Entitlements []string
	// Active says that the person can sign in.
	Active bool
}

// At is the directory of an organization, however its URL ends; empty when there is none.
func At(organization *v1alpha1.Organization) string {
	return strings.TrimRight(organization.Spec.Directory.SCIM.URL, "/")
}

// Of is the account of a user, who belongs to that organization, with what is known of the person.
func Of(user *v1alpha1.User, organization *v1alpha1.Organization, active bool) Account {
	spec := &user.Spec
	a := Account{
		UID: user.Account(), Organization: types.NamespacedName{Namespace: user.Namespace, Name: spec.Organization},
		UserName: cmp.Or(user.Status.Email, spec.Email), GivenName: spec.GivenName, FamilyName: spec.FamilyName,
		Title: spec.Title, WorkPhone: spec.PhoneNumbers.Work, MobilePhone: spec.PhoneNumbers.Mobile,
		Locale: cmp.Or(spec.Locale, organization.Spec.Locale), TimeZone: cmp.Or(spec.TimeZone, organization.Spec.TimeZone),
		EmployeeNumber: user.Status.EmployeeNumber, Roles: user.Status.Roles, Entitlements: user.Status.Seats, Active: active,
	}
	if has := user.Status.DirectoryAccount; has != nil && has.Directory == At(organization) {
		a.ID = has.ID
	}
	return a
}

// ManagerID is what the directory of an organization calls the account of a manager; empty when there is no such manager, or no
// account yet. A manager is somebody of the same organization.
func ManagerID(manager *v1alpha1.User, organization *v1alpha1.Organization) string {
	if organization == nil || manager == nil || manager.Spec.Organization != organization.Name {
		return ""
	}
	if has := manager.Status.DirectoryAccount; has != nil && has.Directory == At(organization) {
		return has.ID
	}
	return ""
}

// Revision tells what a directory is given from anything else that it could be given. What it is told of the manager is a part by
// itself: without one, whoever the directory names is left.
func (a Account) Revision() string {
	manager := a.ManagerID
	a.ID, a.ManagerID = "", "" // the former is the directory's
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // of strings there is always text
	}
	sum := sha256.Sum256(text)
	revision := hex.EncodeToString(sum[:16])
	if manager != "" {
		sum = sha256.Sum256([]byte(manager))
		revision += ofManager + hex.EncodeToString(sum[:8])
	}
	return revision
}

// ofManager begins the part of a revision that tells the manager.
const ofManager = "."

// Given says that a directory which was given that revision has been given all of this account, so that to give it that would change
// nothing: a manager who is gone is none that it would be told.
func (a Account) Given(revision string) bool {
	if a.ManagerID == "" {
		revision, _, _ = strings.Cut(revision, ofManager)
	}
	return revision == a.Revision()
}

// Display is what people see of an account: the name, or nothing where there is none.
func (a Account) Display() string { return strings.TrimSpace(a.GivenName + " " + a.FamilyName) }
