// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"slices"
)

// The messages of the rules that are written in CEL.
const (
	ownershipNameRule  = "name must be in lower case letters, digits and -"
	ownerFieldRule     = "ownerField must be names of fields separated by dots, such as spec.owner"
	ownerPlaceRule     = "ownerField must not be in metadata or status"
	ownedGroupRule     = "group must be an API group such as crm.example.com"
	ownGroupRule       = "group must not be seatkeeper.dev: what people own belongs to other applications"
	ownedVersionRule   = "version must be a version of an API such as v1"
	ownedResourceRule  = "resource must be the plural of a kind, in lower case, such as deals"
	managerRule        = "manager must be the name of a User, in lower case letters, digits, - and ."
	successorRule      = "successor must be the name of a User, in lower case letters, digits, - and ."
	ownManagerRule     = "a user cannot be a manager of their own"
	ownSuccessorRule   = "a user cannot be a successor of their own"
	theOwnershipRules  = "spec.offboarding.ownership"
	theFirstOfTheRules = "spec.offboarding.ownership[0]"
)

// owning is an ownership rule for deals, with some fields set, or taken away when they are nil.
func owning(set fields) map[string]any {
	rule := map[string]any{"name": "deals", "resource": map[string]any{"group": "crm.example.com", "version": "v1", "resource": "deals"}}
	for field, value := range set {
		if value == nil {
			delete(rule, field)
		} else {
			rule[field] = value
		}
	}
	return rule
}

func ownership(rules ...map[string]any) fields {
	all := make([]any, len(rules))
	for i := range rules {
		all[i] = rules[i]
	}
	return fields{theOwnershipRules: all}
}

func resource(group, version, plural string) fields {
	is := map[string]any{"version": version, "resource": plural}
	if group != "" {
		is["group"] = group
	}
	return fields{"resource": is}
}

// ownershipRules are those of what people own, and who takes it over.
func ownershipRules() []rule {
	var many []map[string]any
	for i := range 17 {
		many = append(many, owning(fields{"name": fmt.Sprintf("rule-%d", i)}))
	}
	return slices.Concat(successionRules, []rule{
		{"what people own (AC-17)", organization, ownership(owning(nil)), ""},
		{"by field", organization, ownership(owning(fields{"ownerField": "spec.owner"})), ""},
		{"by a field of its own making", organization, ownership(owning(fields{"ownerField": "data.$owner_of-it"})), ""},
		{"of the core group", organization, ownership(owning(resource("", "v1", "configmaps"))), ""},
		{"kept (AX-16)", organization, ownership(owning(fields{"onArchive": "Retain"})), ""},
		{"in the way (AC-4)", organization, ownership(owning(fields{"onArchive": "Block"})), ""},
		{"shared out (AX-17)", organization, ownership(owning(fields{"successor": []any{"Named", "Spread"}})), ""},
		{"as many rules as there can be", organization, ownership(many[:16]...), ""},
		{"too many rules", organization, ownership(many...), theOwnershipRules + ": Too many"},
		{"a rule twice", organization, ownership(owning(nil), owning(nil)), theOwnershipRules + "[1]: Duplicate value"},
		{"a rule without a name", organization, ownership(owning(fields{"name": nil})), theFirstOfTheRules + ".name: Required value"},
		{"a rule's name in words", organization, ownership(owning(fields{"name": "All deals"})), ownershipNameRule},
		{"the longest name of a rule", organization, ownership(owning(fields{"name": text(63)})), ""},
		{"a longer name of a rule", organization, ownership(owning(fields{"name": text(64)})), theFirstOfTheRules + ".name: Too long"},
		{"a rule for nothing", organization, ownership(owning(fields{"resource": nil})), theFirstOfTheRules + ".resource: Required value"},
		{"no version", organization, ownership(owning(fields{"resource": map[string]any{"resource": "deals"}})), theFirstOfTheRules + ".resource.version: Required value"},
		{"no resource", organization, ownership(owning(fields{"resource": map[string]any{"version": "v1"}})), theFirstOfTheRules + ".resource.resource: Required value"},
		{"the kind, not the plural", organization, ownership(owning(resource("crm.example.com", "v1", "Deal"))), ownedResourceRule},
		{"a version is no number", organization, ownership(owning(resource("crm.example.com", "1", "deals"))), ownedVersionRule},
		{"a group is no address", organization, ownership(owning(resource("https://crm.example.com", "v1", "deals"))), ownedGroupRule},
		{"our own kinds", organization, ownership(owning(resource("seatkeeper.dev", "v1alpha1", "users"))), ownGroupRule},
		{"a subresource", organization, ownership(owning(resource("crm.example.com", "v1", "deals/status"))), ownedResourceRule},
		{"a path as in a shell", organization, ownership(owning(fields{"ownerField": "/spec/owner"})), ownerFieldRule},
		{"one of several", organization, ownership(owning(fields{"ownerField": "spec.owners[0]"})), ownerFieldRule},
		{"in metadata", organization, ownership(owning(fields{"ownerField": "metadata.name"})), ownerPlaceRule},
		{"in the status", organization, ownership(owning(fields{"ownerField": "status"})), ownerPlaceRule},
		{"a field that only sounds so", organization, ownership(owning(fields{"ownerField": "statuses.owner"})), ""},
		{"another end", organization, ownership(owning(fields{"onArchive": "Delete"})), "supported values"},
		{"nobody takes over", organization, ownership(owning(fields{"successor": []any{}})), theFirstOfTheRules + ".successor"},
		{"anybody takes over", organization, ownership(owning(fields{"successor": []any{"Anybody"}})), "supported values"},
		{"too many sources", organization, ownership(owning(fields{"successor": []any{"Named", "Manager", "TeamLead", "Owner", "Spread", "Named"}})), theFirstOfTheRules + ".successor: Too many"},
	})
}

var successionRules = []rule{
	{"a manager", user, fields{"spec.manager": "bob"}, ""},
	{"a successor (AC-17)", user, fields{"spec.successor": "bob.martin"}, ""},
	{"the manager, not what they are called", user, fields{"spec.manager": "Bob Martin"}, managerRule},
	{"the successor, not what they are called", user, fields{"spec.successor": "Bob Martin"}, successorRule},
	{"one's own manager", user, fields{"spec.manager": "ada"}, ownManagerRule},
	{"one's own successor", user, fields{"spec.successor": "ada"}, ownSuccessorRule},
	{"no successor is left out, not empty", user, fields{"spec.successor": ""}, "spec.successor"},
	{"longer than any User's name", user, fields{"spec.manager": text(254)}, "spec.manager: Too long"},
	{"a manager and a successor on record", archivedUser, fields{"record.spec.manager": "bob", "record.spec.successor": "bob"}, ""},
	{"the rules of a User hold on the record: manager", archivedUser, fields{"record.spec.manager": "Bob Martin"}, managerRule},
	{"the rules of a User hold on the record: successor", archivedUser, fields{"record.spec.successor": "Bob Martin"}, successorRule},
}

const retentionRule = "retention must be a duration from 1m to 876000h such as 8760h"

// offboardingRules are those of who leaves, and of what remains.
var offboardingRules = []rule{
	{"a year", organization, fields{"spec.offboarding.retention": "8760h"}, ""},
	{"the shortest", organization, fields{"spec.offboarding.retention": "1m"}, ""},
	{"the longest", organization, fields{"spec.offboarding.retention": "876000h"}, ""},
	{"hours and minutes", organization, fields{"spec.offboarding.retention": "1h30m"}, ""},
	{"at once", organization, fields{"spec.offboarding.retention": "0s"}, retentionRule},
	{"for longer than anybody", organization, fields{"spec.offboarding.retention": "876001h"}, retentionRule},
	{"Go knows no years", organization, fields{"spec.offboarding.retention": "1y"}, retentionRule},
	{"for ever is left out, not empty", organization, fields{"spec.offboarding.retention": ""}, retentionRule},

	{"a record remains (AX-13, CO-8)", organization, fields{"spec.offboarding.policy": "Archive"}, ""},
	{"nothing remains (IN-10, AC-15)", organization, fields{"spec.offboarding.policy": "Delete"}, ""},
	{"something else remains", organization, fields{"spec.offboarding.policy": "Forget"}, "spec.offboarding.policy: Unsupported value"},
	{"whoever leaves is spoken of in words", organization, fields{"spec.offboarding.policy": true}, "spec.offboarding.policy"},

	{"an account of before", archivedUser, fields{"record.accountUID": "0b3c"}, ""},
	{"an account of nobody", archivedUser, fields{"record.accountUID": ""}, "record.accountUID"},
	{"an account that is too long", archivedUser, fields{"record.accountUID": text(65)}, "record.accountUID: Too long"},
	{"deleted", archivedUser, fields{"record.path": "Deletion"}, ""},
	{"replaced", archivedUser, fields{"record.path": "Replacement"}, ""},
	{"left by another path", archivedUser, fields{"record.path": "Resignation"}, "record.path: Unsupported value"},
}

// offboardingStatusRules are those of what the operator writes of it.
var offboardingStatusRules = []rule{
	{"an account of before", user, fields{"status.accountUID": "0b3c"}, ""},
	{"an account of nobody", user, fields{"status.accountUID": ""}, "status.accountUID"},
	{"an account that is too long", user, fields{"status.accountUID": text(65)}, "status.accountUID: Too long"},
}
