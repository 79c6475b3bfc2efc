// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strconv"
	"strings"
)

var organizationRules = []rule{
	{"as people write it", organization, nil, ""},
	{"the owner alone is enough", organization, fields{"spec": map[string]any{"owner": "ada"}}, ""},
	{"a spec is needed", organization, fields{"spec": nil}, "spec: Required value"},
	{"a misspelt field is no field", organization, fields{"spec.ovner": "bob"}, `unknown field "spec.ovner"`},
	{"an organization has an owner", organization, fields{"spec.owner": nil}, "spec.owner: Required value"},
	{"an owner has a name", organization, fields{"spec.owner": ""}, "spec.owner"},
	{"the owner is a User, not a person", organization, fields{"spec.owner": "Ada Lovelace"}, ownerRule},
	{"names of Users may have dots", organization, fields{"spec.owner": "ada.l-2"}, ""},
	{"the longest name of a User", organization, fields{"spec.owner": text(253)}, ""},
	{"longer than any name", organization, fields{"spec.owner": text(254)}, "spec.owner: Too long"},
	{"a name in any script", organization, fields{"spec.displayName": "Société Générale d'Été 株式会社"}, ""},
	{"the longest name", organization, fields{"spec.displayName": text(128)}, ""},
	{"a longer name", organization, fields{"spec.displayName": text(129)}, "spec.displayName: Too long"},
	{"no name is left out, not empty", organization, fields{"spec.displayName": ""}, "spec.displayName"},
	{"the shortest time to answer", organization, fields{"spec.invitation.ttl": "1m"}, ""},
	{"the longest time to answer", organization, fields{"spec.invitation.ttl": "8760h"}, ""},
	{"a duration of two units", organization, fields{"spec.invitation.ttl": "1h30m"}, ""},
	{"a duration with a fraction", organization, fields{"spec.invitation.ttl": "1.5h"}, ""},
	{"a duration as Go writes it", organization, fields{"spec.invitation.ttl": "168h0m0s"}, ""},
	{"too short to answer", organization, fields{"spec.invitation.ttl": "59s"}, ttlRule},
	{"longer than a year", organization, fields{"spec.invitation.ttl": "8761h"}, ttlRule},
	{"so long that Go cannot hold it", organization, fields{"spec.invitation.ttl": "9999999h"}, ttlRule},
	{"Go knows no days", organization, fields{"spec.invitation.ttl": "7d"}, ttlRule},
	{"a unit is needed", organization, fields{"spec.invitation.ttl": "168"}, ttlRule},
	{"a duration is not negative", organization, fields{"spec.invitation.ttl": "-168h"}, ttlRule},
	{"a duration is not in words", organization, fields{"spec.invitation.ttl": "a week"}, ttlRule},
	{"a duration is not empty", organization, fields{"spec.invitation.ttl": ""}, ttlRule},
	{"a duration is no number", organization, fields{"spec.invitation.ttl": int64(168)}, "must be of type string"},
}

var userRules = []rule{
	{"as people write it", user, nil, ""},
	{"organization and address are enough", user, fields{"spec": map[string]any{"organization": "acme", "email": "ada@acme.example"}}, ""},
	{"a spec is needed", user, fields{"spec": nil}, "spec: Required value"},
	{"a misspelt field is no field", user, fields{"spec.mail": "ada@acme.example"}, `unknown field "spec.mail"`},
	{"a user belongs to an organization", user, fields{"spec.organization": nil}, "spec.organization: Required value"},
	{"the organization's name, not what it is called", user, fields{"spec.organization": "Acme SAS"}, organizationRule},
	{"a user has an address", user, fields{"spec.email": nil}, "spec.email: Required value"},
	{"names in any script", user, fields{"spec.givenName": "Óscar", "spec.familyName": "d'Aubigné-李"}, ""},
	{"no given name is left out, not empty", user, fields{"spec.givenName": ""}, "spec.givenName"},
	{"a given name that is too long", user, fields{"spec.givenName": text(129)}, "spec.givenName: Too long"},
	{"no family name is left out, not empty", user, fields{"spec.familyName": ""}, "spec.familyName"},
	{"a family name that is too long", user, fields{"spec.familyName": text(129)}, "spec.familyName: Too long"},
	{"no role (CO-1)", user, fields{"spec.roles": []any{}}, ""},
	{"as many roles as there can be", user, fields{"spec.roles": names(32)}, ""},
	{"too many roles", user, fields{"spec.roles": names(33)}, "spec.roles: Too many"},
	{"a role twice", user, fields{"spec.roles": []any{"support", "support"}}, "spec.roles[1]: Duplicate value"},
	{"a role without a name", user, fields{"spec.roles": []any{""}}, "spec.roles[0]"},
	{"the role's name, not what it is called", user, fields{"spec.roles": []any{"Customer support"}}, rolesRule},
	{"suspended", user, fields{"spec.state": "Suspended"}, ""},
	{"archived, with the reason", user, fields{"spec.state": "Archived", "spec.archiveReason": "RoleChange"}, ""},
	{"a state that there is not", user, fields{"spec.state": "Inactive"}, `supported values: "Active", "Suspended", "Archived"`},
	{"a state in lower case", user, fields{"spec.state": "active"}, `supported values: "Active", "Suspended", "Archived"`},
	{"a reason that there is not", user, fields{"spec.archiveReason": "Fired"}, `supported values: "Left", "RoleChange", "Duplicate", "Other"`},
}

var roleRules = []rule{
	{"as people write it", role, nil, ""},
	{"a free role", role, fields{"spec.seatPool": nil}, ""},
	{"a spec is needed", role, fields{"spec": nil}, "spec: Required value"},
	{"a role belongs to an organization", role, fields{"spec.organization": nil}, "spec.organization: Required value"},
	{"the organization's name, not what it is called", role, fields{"spec.organization": "Acme SAS"}, organizationRule},
	{"the longest texts", role, fields{"spec.displayName": text(128), "spec.description": text(512)}, ""},
	{"a longer name", role, fields{"spec.displayName": text(129)}, "spec.displayName: Too long"},
	{"a longer description", role, fields{"spec.description": text(513)}, "spec.description: Too long"},
	{"no pool is left out, not empty", role, fields{"spec.seatPool": ""}, "spec.seatPool"},
	{"the pool's name, not what it is called", role, fields{"spec.seatPool": "Standard"}, rolePoolRule},
	{"longer than the name of any pool", role, fields{"spec.seatPool": text(201)}, "spec.seatPool: Too long"},
	{"a role that a shortage leaves nobody", role, fields{"spec.minHolders": int64(0)}, ""},
	{"a role that a shortage leaves a crowd", role, fields{"spec.minHolders": int64(1000)}, ""},
	{"fewer holders than none", role, fields{"spec.minHolders": int64(-1)}, "spec.minHolders: Invalid value: -1"},
	{"more holders than can be spared", role, fields{"spec.minHolders": int64(1001)}, "spec.minHolders: Invalid value: 1001"},
	{"half a holder", role, fields{"spec.minHolders": 0.5}, "must be of type integer"},
}

var seatPoolRules = []rule{
	{"as people write it", seatPool, nil, ""},
	{"the longest name", seatPool, fields{"metadata.name": text(200)}, ""},
	{"a name that leaves none for its slices", seatPool, fields{"metadata.name": text(201)}, poolNameRule},
	{"a spec is needed", seatPool, fields{"spec": nil}, "spec: Required value"},
	{"a pool belongs to an organization", seatPool, fields{"spec.organization": nil}, "spec.organization: Required value"},
	{"the organization's name, not what it is called", seatPool, fields{"spec.organization": "Acme SAS"}, organizationRule},
	{"the longest texts", seatPool, fields{"spec.displayName": text(128), "spec.plan": text(64)}, ""},
	{"a longer name to read", seatPool, fields{"spec.displayName": text(129)}, "spec.displayName: Too long"},
	{"a longer plan", seatPool, fields{"spec.plan": text(65)}, "spec.plan: Too long"},
	{"no seat at all", seatPool, fields{"spec.seats": int64(0), "spec.included": int64(0)}, ""},
	{"as many seats as there can be", seatPool, fields{"spec.seats": int64(1000000), "spec.included": int64(1000000)}, ""},
	{"fewer seats than none", seatPool, fields{"spec.seats": int64(-1)}, "spec.seats: Invalid value: -1"},
	{"fewer included than none", seatPool, fields{"spec.included": int64(-1)}, "spec.included: Invalid value: -1"},
	{"more seats than there can be", seatPool, fields{"spec.seats": int64(1000001)}, "spec.seats: Invalid value: 1000001"},
	{"more included than there can be", seatPool, fields{"spec.included": int64(1000001)}, "spec.included: Invalid value: 1000001"},
	{"more seats than a number holds", seatPool, fields{"spec.seats": int64(1) << 40}, "spec.seats: Invalid value"},
	{"half a seat", seatPool, fields{"spec.seats": 1.5}, "must be of type integer"},
	{"seats are no text", seatPool, fields{"spec.seats": "7"}, "must be of type integer"},
	{"bought seats end (EZ-2)", seatPool, fields{"spec.expiresAt": "2027-11-01T00:00:00Z"}, ""},
	{"bought seats end in another time zone", seatPool, fields{"spec.expiresAt": "2027-11-01T00:00:00+01:00"}, ""},
	{"an end is a time, not a day", seatPool, fields{"spec.expiresAt": "2027-11-01"}, "spec.expiresAt"},
	{"no end is left out, not empty", seatPool, fields{"spec.expiresAt": ""}, "spec.expiresAt"},
	{"bought seats end in another millennium", seatPool, fields{"spec.expiresAt": "1999-12-31T23:59:59Z"}, "expiresAt must be a time such as 2027-06-30T18:00:00Z, of this millennium"},
	{"bought seats end in small letters", seatPool, fields{"spec.expiresAt": "2027-11-01t00:00:00z"}, "spec.expiresAt"},
	{"who came last goes first", seatPool, fields{"spec.onShortage": "Suspend"}, ""},
	{"nobody loses a seat", seatPool, fields{"spec.onShortage": "Keep"}, ""},
	{"a policy that there is not", seatPool, fields{"spec.onShortage": "Delete"}, `supported values: "Keep", "Suspend"`},
	{"no policy is left out, not empty", seatPool, fields{"spec.onShortage": ""}, `supported values: "Keep", "Suspend"`},
}

var teamRules = []rule{
	{"as people write it", team, nil, ""},
	{"nobody yet", team, fields{"spec.members": nil}, ""},
	{"nobody leads", team, fields{"spec.members": members("Member", "ada", "bob")}, ""},
	{"a spec is needed", team, fields{"spec": nil}, "spec: Required value"},
	{"a team belongs to an organization", team, fields{"spec.organization": nil}, "spec.organization: Required value"},
	{"the organization's name, not what it is called", team, fields{"spec.organization": "Acme SAS"}, organizationRule},
	{"a longer name", team, fields{"spec.displayName": text(129)}, "spec.displayName: Too long"},
	{"two lead", team, fields{"spec.members": members("Lead", "ada", "bob")}, leadRule},
	{"a member twice", team, fields{"spec.members": members("Member", "ada", "ada")}, "spec.members[1]: Duplicate value"},
	{"a member without a name", team, fields{"spec.members": []any{map[string]any{"role": "Lead"}}}, "spec.members[0].user: Required value"},
	{"the member's name, not the person's", team, fields{"spec.members": members("Member", "Ada Lovelace")}, memberRule},
	{"a part that there is not", team, fields{"spec.members": members("Boss", "ada")}, `supported values: "Lead", "Member"`},
	{"as many members as there can be", team, fields{"spec.members": members("Member", many(5000)...)}, ""},
	{"too many members", team, fields{"spec.members": members("Member", many(5001)...)}, "spec.members: Too many"},
}

var seatSliceRules = []rule{
	{"as the operator writes it", seatSlice, nil, ""},
	{"no seat is held", seatSlice, fields{"assignments": nil}, ""},
	{"an empty list is none", seatSlice, fields{"assignments": []any{}}, ""},
	{"every seat is held", seatSlice, fields{"assignments": held(64, 64)}, ""},
	{"a slice is of a pool", seatSlice, fields{"pool": nil}, "pool: Required value"},
	{"a slice starts somewhere", seatSlice, fields{"firstSeat": nil}, "firstSeat: Required value"},
	{"slices do not overlap", seatSlice, fields{"firstSeat": int64(65)}, "firstSeat in body should be a multiple of 64"},
	{"seats are numbered from 0", seatSlice, fields{"firstSeat": int64(-64)}, "firstSeat: Invalid value: -64"},
	{"the capacity is known", seatSlice, fields{"capacity": nil}, "capacity: Required value"},
	{"turns count from 1", seatSlice, fields{"turn": int64(0)}, "turn: Invalid value: 0"},
	{"more seats than a slice has", seatSlice, fields{"assignments": held(64, 65)}, "assignments: Too many"},
	{"a seat of the slice before", seatSlice, fields{"assignments": held(63, 1)}, rangeRule},
	{"a seat of the slice after", seatSlice, fields{"assignments": held(128, 1)}, rangeRule},
	{"a seat twice", seatSlice, fields{"assignments": append(held(64, 1), held(64, 1)...)}, orderRule},
	{"seats out of order", seatSlice, fields{"assignments": append(held(65, 1), held(64, 1)...)}, orderRule},
	{"a holder without a UID", seatSlice, fields{"assignments": []any{map[string]any{"seat": int64(64), "user": "ada", "since": "2026-05-04T12:00:00Z"}}}, "assignments[0].uid: Required value"},
	{"since when is known", seatSlice, fields{"assignments": []any{map[string]any{"seat": int64(64), "user": "ada", "uid": "u"}}}, "assignments[0].since: Required value"},
	{"a seat that is being withdrawn", seatSlice, fields{"assignments": withdrawn(1)}, ""},
	{"turns in which seats are withdrawn count from 1", seatSlice, fields{"assignments": withdrawn(0)}, "assignments[0].withdrawn: Invalid value: 0"},
	{"a turn that there cannot be", seatSlice, fields{"assignments": withdrawn(-1)}, "assignments[0].withdrawn: Invalid value: -1"},
}

var archivedUserRules = []rule{
	{"as the operator writes it", archivedUser, nil, ""},
	{"all that a User can say", archivedUser, fields{"record.spec.locale": "fr-FR", "record.spec.timeZone": "Europe/Paris"}, ""},
	{"a record is needed", archivedUser, fields{"record": nil}, "record: Required value"},
	{"who it was is known", archivedUser, fields{"record.uid": nil}, "record.uid: Required value"},
	{"when is known", archivedUser, fields{"record.archivedAt": nil}, "record.archivedAt: Required value"},
	{"why is known", archivedUser, fields{"record.reason": nil}, "record.reason: Required value"},
	{"a reason that there is not", archivedUser, fields{"record.reason": "Fired"}, `supported values: "Left", "RoleChange", "Duplicate", "Other"`},
	{"the rules of a User hold on the record: organization", archivedUser, fields{"record.spec.organization": "Acme SAS"}, organizationRule},
	{"the rules of a User hold on the record: email", archivedUser, fields{"record.spec.email": "ada"}, emailRule},
	{"the rules of a User hold on the record: roles", archivedUser, fields{"record.spec.roles": []any{"Customer support"}}, rolesRule},
	{"the rules of a User hold on the record: locale", archivedUser, fields{"record.spec.locale": "fr_FR"}, localeRule},
	{"the rules of a User hold on the record: timeZone", archivedUser, fields{"record.spec.timeZone": "Local"}, timeZoneRule},
}

// onUpdate are the rules that only a change meets. The typical object is there, and gets these fields.
var onUpdate = []rule{
	{"nothing changes", user, nil, ""},
	{"a user is renamed", user, fields{"spec.email": "ada.lovelace@acme.example", "spec.familyName": "Lovelace"}, ""},
	{"a user leaves and says why", user, fields{"spec.state": "Archived", "spec.archiveReason": "Left"}, ""},
	{
		"a user does not change sides", user,
		fields{"spec.organization": "globex"},
		"organization cannot be changed: archive this User and create one in the other organization",
	},
	{"an organization changes hands", organization, fields{"spec.owner": "bob"}, ""},
	{"a role needs another pool", role, fields{"spec.seatPool": "premium"}, ""},
	{
		"a role does not change sides", role,
		fields{"spec.organization": "globex"},
		"organization cannot be changed: create a Role in the other organization",
	},
	{"a pool shrinks", seatPool, fields{"spec.seats": int64(0)}, ""},
	{"a pool grows", seatPool, fields{"spec.seats": int64(1000000)}, ""},
	{"a pool cannot owe seats", seatPool, fields{"spec.seats": int64(-1)}, "spec.seats: Invalid value: -1"},
	{"a pool is billed by use once its seats are given back", seatPool, fields{"spec.seats": int64(0), "spec.billing.mode": "Metered"}, ""},
	{"a pool with seats is billed by use", seatPool, fields{"spec.billing.mode": "Metered"}, meteredSeatsRule},
	{"a pool gets a price", seatPool, fields{"spec.billing.price": euros("10.00")}, ""},
	{
		"a pool does not change sides", seatPool,
		fields{"spec.organization": "globex"},
		"organization cannot be changed: create a SeatPool in the other organization",
	},
	{"a team has another lead", team, fields{"spec.members": members("Lead", "bob")}, ""},
	{
		"a team does not change sides", team,
		fields{"spec.organization": "globex"},
		"organization cannot be changed: create a Team in the other organization",
	},
	{"a slice is written in the next turn", seatSlice, fields{"turn": int64(2), "capacity": int64(64), "assignments": nil}, ""},
	{"a slice stays with its pool", seatSlice, fields{"pool": "premium"}, "pool cannot be changed"},
	{"a slice keeps its seats", seatSlice, fields{"firstSeat": int64(0), "assignments": nil}, "firstSeat cannot be changed"},
	{"a record is completed", archivedUser, fields{"record.acceptedAt": "2026-05-04T12:00:00Z"}, ""},
	{
		"a record does not change sides", archivedUser,
		fields{"record.spec.organization": "globex"},
		"organization cannot be changed: archive this User and create one in the other organization",
	},
}

// text is a text of n letters, which is a name and a label as well.
func text(n int) string { return strings.Repeat("a", n) }

// many are n different names.
func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "name-" + strconv.Itoa(i)
	}
	return list
}

func names(n int) []any {
	var list []any
	for _, name := range many(n) {
		list = append(list, name)
	}
	return list
}

func members(part string, users ...string) []any {
	var list []any
	for _, name := range users {
		list = append(list, map[string]any{"user": name, "role": part})
	}
	return list
}

// held are n seats from first on that somebody holds.
func held(first, n int64) []any {
	var list []any
	for seat := first; seat < first+n; seat++ {
		list = append(list, map[string]any{"seat": seat, "user": "ada", "uid": "uid-of-ada", "since": "2026-05-04T12:00:00Z"})
	}
	return list
}

// withdrawn is a seat of the typical slice that was withdrawn in a turn.
func withdrawn(turn int64) []any {
	seats := held(64, 1)
	seats[0].(map[string]any)["withdrawn"] = turn
	return seats
}
