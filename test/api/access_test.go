// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"maps"
	"slices"
	"strings"
)

// The messages of the rules that are written in CEL.
const (
	defaultRoleRule = "defaultRole must be the name of a Role, in lower case letters, digits, - and ."
	windowRule      = "until must be after from"
	untilTimeRule   = "until must be a time such as 2027-06-30T18:00:00Z, of this millennium"
	delegateRule    = "user must be the name of a User, in lower case letters, digits, - and ."
	ownDelegateRule = "a user cannot be a delegate of their own"
	permissionsRule = "permissions must be words joined by dots, such as customers.read or crm.*"
	includesRule    = "includes must be names of Roles, in lower case letters, digits, - and ."
	ownIncludeRule  = "a role cannot include itself"
	holdersRule     = "minHolders must not be more than maxHolders"
	parentRule      = "parent must be the name of a Team, in lower case letters, digits, - and ."
	ownParentRule   = "a team cannot be a part of itself"
)

// accessRules are those of who may hold what.
func accessRules() []rule {
	return slices.Concat(defaultRoleRules, delegateRules, includesRules, holderRules, roleRefRules, teamTreeRules, permissionRules(), protectionRules)
}

var defaultRoleRules = []rule{
	{"a role of who has none (CO-2, IN-2)", organization, fields{"spec.defaultRole": "support"}, ""},
	{"names of Roles may have dots", organization, fields{"spec.defaultRole": "support.l-2"}, ""},
	{"the longest name of a Role", organization, fields{"spec.defaultRole": text(253)}, ""},
	{"longer than any Role", organization, fields{"spec.defaultRole": text(254)}, "spec.defaultRole: Too long"},
	{"no default is left out, not empty", organization, fields{"spec.defaultRole": ""}, "spec.defaultRole"},
	{"the Role, not what it is called", organization, fields{"spec.defaultRole": "Customer support"}, defaultRoleRule},
	{"a Role does not begin with a dash", organization, fields{"spec.defaultRole": "-support"}, defaultRoleRule},
	{"one default", organization, fields{"spec.defaultRole": []any{"support"}}, "must be of type string"},
}

var delegateRules = []rule{
	{"an absence (CO-7)", user, fields{"spec.delegates": delegates("bob")}, ""},
	{"an absence that has begun", user, fields{"spec.delegates": []any{delegation("bob", "", "2027-01-05T00:00:00Z")}}, ""},
	{"an absence in time zones", user, fields{"spec.delegates": []any{delegation("bob", "2027-01-05T00:30:00+02:00", "2027-01-04T23:00:00Z")}}, ""},
	{"two absences, one delegate", user, fields{"spec.delegates": delegates("bob", "bob")}, ""},
	{"as many delegates as there can be", user, fields{"spec.delegates": delegates(many(16)...)}, ""},
	{"too many delegates", user, fields{"spec.delegates": delegates(many(17)...)}, "spec.delegates: Too many"},
	{"an absence that ends in another millennium", user, fields{"spec.delegates": []any{delegation("bob", "", "1999-12-31T23:59:59Z")}}, untilTimeRule},
	{"an absence that ends in small letters", user, fields{"spec.delegates": []any{delegation("bob", "", "2027-01-05t00:00:00z")}}, "spec.delegates[0].until"},
	{"an absence that begins in small letters", user, fields{"spec.delegates": []any{delegation("bob", "2027-01-04t00:00:00z", "2027-01-05T00:00:00Z")}}, "spec.delegates[0]"},
	{"the rules of a User hold on the record: until", archivedUser, fields{"record.spec.delegates": []any{delegation("bob", "", "1999-12-31T23:59:59Z")}}, untilTimeRule},
	{"nobody is absent", user, fields{"spec.delegates": []any{}}, ""},
	{"an end before the beginning", user, fields{"spec.delegates": []any{delegation("bob", "2027-01-05T00:00:00Z", "2026-12-20T00:00:00Z")}}, windowRule},
	{"an end at the beginning", user, fields{"spec.delegates": []any{delegation("bob", "2027-01-05T00:00:00Z", "2027-01-05T00:00:00Z")}}, windowRule},
	{"an end before the beginning, in time zones", user, fields{"spec.delegates": []any{delegation("bob", "2027-01-05T01:30:00+02:00", "2027-01-04T23:00:00Z")}}, windowRule},
	{"an absence without an end", user, fields{"spec.delegates": []any{map[string]any{"user": "bob"}}}, "spec.delegates[0].until: Required value"},
	{"an absence in days", user, fields{"spec.delegates": []any{delegation("bob", "", "2027-01-05")}}, "spec.delegates[0].until"},
	{"nobody stands in", user, fields{"spec.delegates": []any{map[string]any{"until": "2027-01-05T00:00:00Z"}}}, "spec.delegates[0].user: Required value"},
	{"the User, not the person", user, fields{"spec.delegates": delegates("Bob Martin")}, delegateRule},
	{"longer than any User", user, fields{"spec.delegates": delegates(text(254))}, "spec.delegates[0].user: Too long"},
	{"one stands in for oneself", user, fields{"spec.delegates": delegates("bob", "ada")}, ownDelegateRule},
	{"the name without the window", user, fields{"spec.delegates": []any{"bob"}}, "must be of type object"},

	{"an absence on record", archivedUser, fields{"record.spec.delegates": delegates("bob")}, ""},
	{"the rules of a User hold on the record: delegates", archivedUser, fields{"record.spec.delegates": delegates("Bob Martin")}, delegateRule},
	{"the rules of a User hold on the record: window", archivedUser, fields{"record.spec.delegates": []any{delegation("bob", "2027-01-05T00:00:00Z", "2026-12-20T00:00:00Z")}}, windowRule},
}

var includesRules = []rule{
	{"another role", role, fields{"spec.includes": []any{"commercial"}}, ""},
	{"no other role", role, fields{"spec.includes": []any{}}, ""},
	{"as many roles as there can be", role, fields{"spec.includes": names(32)}, ""},
	{"too many roles", role, fields{"spec.includes": names(33)}, "spec.includes: Too many"},
	{"a role twice", role, fields{"spec.includes": []any{"commercial", "commercial"}}, "spec.includes[1]: Duplicate value"},
	{"a role without a name", role, fields{"spec.includes": []any{""}}, "spec.includes[0]"},
	{"longer than any Role", role, fields{"spec.includes": []any{text(254)}}, "spec.includes[0]: Too long"},
	{"the Role, not what it is called", role, fields{"spec.includes": []any{"Sales & marketing"}}, includesRule},
	{"itself", role, fields{"spec.includes": []any{"commercial", "support"}}, ownIncludeRule},
}

var holderRules = []rule{
	{"one, and no other (IN-4)", role, fields{"spec.minHolders": int64(1), "spec.maxHolders": int64(1)}, ""},
	{"one at most (IN-3)", role, fields{"spec.maxHolders": int64(1)}, ""},
	{"as many as can be counted", role, fields{"spec.minHolders": int64(100), "spec.maxHolders": int64(100)}, ""},
	{"more asked for than let in", role, fields{"spec.minHolders": int64(2), "spec.maxHolders": int64(1)}, holdersRule},
	{"a role that nobody may hold", role, fields{"spec.maxHolders": int64(0)}, "spec.maxHolders: Invalid value: 0"},
	{"fewer than nobody", role, fields{"spec.maxHolders": int64(-1)}, "spec.maxHolders: Invalid value: -1"},
	{"more than can be counted", role, fields{"spec.maxHolders": int64(101)}, "spec.maxHolders: Invalid value: 101"},
	{"a holder and a half", role, fields{"spec.maxHolders": 1.5}, "must be of type integer"},
}

var roleRefRules = []rule{
	{"a ClusterRole and a Role of one name", role, fields{"spec.kubernetes.roleRefs": []any{roleRef("ClusterRole", "view"), roleRef("Role", "view")}}, ""},
	{"a name of Kubernetes' own", role, fields{"spec.kubernetes.roleRefs": []any{roleRef("ClusterRole", "system:aggregate-to-view")}}, ""},
	{"rights in Kubernetes, and none named", role, fields{"spec.kubernetes": map[string]any{}}, "spec.kubernetes"},
	{"as many as there can be", role, fields{"spec.kubernetes.roleRefs": roleRefs(16)}, ""},
	{"too many", role, fields{"spec.kubernetes.roleRefs": roleRefs(17)}, "spec.kubernetes.roleRefs: Too many"},
	{"one twice", role, fields{"spec.kubernetes.roleRefs": append(roleRefs(1), roleRefs(1)...)}, "spec.kubernetes.roleRefs[1]: Duplicate value"},
	{"another kind", role, fields{"spec.kubernetes.roleRefs": []any{roleRef("Group", "view")}}, `supported values: "ClusterRole", "Role"`},
	{"of no kind", role, fields{"spec.kubernetes.roleRefs": []any{map[string]any{"name": "view"}}}, "spec.kubernetes.roleRefs[0].kind: Required value"},
	{"of no name", role, fields{"spec.kubernetes.roleRefs": []any{map[string]any{"kind": "ClusterRole"}}}, "spec.kubernetes.roleRefs[0].name: Required value"},
	{"of an empty name", role, fields{"spec.kubernetes.roleRefs": []any{roleRef("ClusterRole", "")}}, "spec.kubernetes.roleRefs[0].name"},
	{"in another namespace", role, fields{"spec.kubernetes.roleRefs": []any{map[string]any{"kind": "Role", "name": "view", "namespace": "kube-system"}}}, `unknown field "spec.kubernetes.roleRefs[0].namespace"`},
}

var teamTreeRules = []rule{
	{"a sub-team (CO-11)", team, fields{"spec.parent": "company"}, ""},
	{"the longest name of a Team", team, fields{"spec.parent": text(253)}, ""},
	{"longer than any Team", team, fields{"spec.parent": text(254)}, "spec.parent: Too long"},
	{"no parent is left out, not empty", team, fields{"spec.parent": ""}, "spec.parent"},
	{"the Team, not what it is called", team, fields{"spec.parent": "Société Générale"}, parentRule},
	{"a part of itself", team, fields{"spec.parent": "sales"}, ownParentRule},
	{"two teams above", team, fields{"spec.parent": []any{"company", "region"}}, "must be of type string"},
	{"roles of a team", team, fields{"spec.roles": []any{"commercial", "support.l-2"}}, ""},
	{"no roles of a team", team, fields{"spec.roles": []any{}}, ""},
	{"as many roles of a team as there can be", team, fields{"spec.roles": names(32)}, ""},
	{"too many roles of a team", team, fields{"spec.roles": names(33)}, "spec.roles: Too many"},
	{"a role of a team twice", team, fields{"spec.roles": []any{"support", "support"}}, "spec.roles[1]: Duplicate value"},
	{"a role of a team without a name", team, fields{"spec.roles": []any{""}}, "spec.roles[0]"},
	{"the role of a team, not what it is called", team, fields{"spec.roles": []any{"Customer support"}}, rolesRule},
}

// permissionRules are those of what applications read (AX-8).
func permissionRules() []rule {
	list := func(permissions ...any) fields { return fields{"spec.permissions": permissions} }
	rules := []rule{
		{"as many permissions as there can be", role, list(names(256)...), ""},
		{"too many permissions", role, list(names(257)...), "spec.permissions: Too many"},
		{"a permission twice", role, list("crm.read", "crm.read"), "spec.permissions[1]: Duplicate value"},
		{"a permission in two cases is two", role, list("crm.read", "crm.Read"), ""},
		{"the longest permission", role, list(text(128)), ""},
		{"a longer permission", role, list(text(129)), "spec.permissions[0]: Too long"},
		{"an empty permission", role, list(""), "spec.permissions[0]"},
	}
	for _, permission := range []string{"*", "crm", "crm.*", "crm.deals.*", "customers.read", "Expense_Reports.sign-off", "2fa.reset"} {
		rules = append(rules, rule{"a permission: " + permission, role, list(permission), ""})
	}
	for why, permission := range map[string]string{
		"a star inside": "crm.*.read", "a star before": "*.read", "a part of a word": "crm.re*", "two stars": "**", "a star and a word": "*crm",
		"a dot at the end": "crm.", "a dot before": ".crm", "two dots": "crm..read", "a dot alone": ".", "a space": "crm read",
		"a newline": "crm.read\n", "a slash": "crm/read", "a colon": "crm:read", "another script": "crm.lesen-für-alle",
	} {
		rules = append(rules, rule{"no permission: " + why, role, list(permission), permissionsRule})
	}
	return rules
}

// accessUpdateRules are the rules of who may hold what that only a change meets.
var accessUpdateRules = []rule{
	{"an absence is declared", user, fields{"spec.delegates": delegates("bob")}, ""},
	{"a user is to stand in for oneself", user, fields{"spec.delegates": delegates("ada")}, ownDelegateRule},
	{"a role is included", role, fields{"spec.includes": []any{"commercial"}}, ""},
	{"a role is to include itself", role, fields{"spec.includes": []any{"support"}}, ownIncludeRule},
	{"a team moves", team, fields{"spec.parent": "company"}, ""},
	{"a team is to be below itself", team, fields{"spec.parent": "sales"}, ownParentRule},
	{"a role gets limits", role, fields{"spec.minHolders": int64(1), "spec.maxHolders": int64(1)}, ""},
	{"a role gets limits that clash", role, fields{"spec.minHolders": int64(3), "spec.maxHolders": int64(2)}, holdersRule},
}

// accessStatusRules are those of what only the operator writes about who may hold what.
var accessStatusRules = []rule{
	{
		"all that the status of a user shows of roles", user, fields{
			"status.roles": names(4096), "status.seats": names(4096), "status.lastRoleRequest": int64(2),
			"status.withheldRoles": []any{map[string]any{"name": "boss", "reason": "MaxHoldersReached", "message": text(512)}},
			"status.roleRequests":  []any{request(2, "boss", "Gain"), request(1, "administrator", "Loss")},
		}, "",
	},
	{"as many roles withheld as are listed", user, fields{"status.withheldRoles": withheld(64)}, ""},
	{"more roles withheld than are listed", user, fields{"status.withheldRoles": withheld(65)}, "status.withheldRoles: Too many"},
	{"withheld for no reason", user, fields{"status.withheldRoles": []any{map[string]any{"name": "boss"}}}, "status.withheldRoles[0].reason: Required value"},
	{"a message that is too long", user, fields{"status.withheldRoles": []any{map[string]any{"name": "boss", "reason": "AwaitingSeat", "message": text(513)}}}, "status.withheldRoles[0].message: Too long"},
	{"requests count from 1", user, fields{"status.roleRequests": []any{request(0, "boss", "Gain")}}, "status.roleRequests[0].number: Invalid value: 0"},
	{"a change of another kind", user, fields{"status.roleRequests": []any{request(1, "boss", "Swap")}}, `supported values: "Gain", "Loss"`},
	{"a request for no role", user, fields{"status.roleRequests": []any{map[string]any{"number": int64(1), "change": "Gain"}}}, "status.roleRequests[0].role: Required value"},
	{"a claim to the address", user, fields{"status.addressClaim": map[string]any{"email": "ada@acme.example", "lease": text(253)}}, ""},
	{"a claim by nothing", user, fields{"status.addressClaim": map[string]any{"email": "ada@acme.example"}}, "status.addressClaim.lease: Required value"},
	{"a claim by what is no Lease", user, fields{"status.addressClaim": map[string]any{"email": "ada@acme.example", "lease": text(254)}}, "status.addressClaim.lease: Too long"},
	{"a claim to nothing", user, fields{"status.addressClaim": map[string]any{"lease": "address-1"}}, "status.addressClaim.email: Required value"},
	{"a claim to what is too long", user, fields{"status.addressClaim": map[string]any{"email": text(255), "lease": "address-1"}}, "status.addressClaim.email: Too long"},
	{"a request that there cannot be", user, fields{"status.lastRoleRequest": int64(-1)}, "status.lastRoleRequest: Invalid value: -1"},

	{"every answer", organization, fields{"status.roleDecisions": []any{decision("Grant"), decision("Release"), decision("Hold")}}, ""},
	{"an answer to nothing, to who held the role before", organization, fields{"status.roleDecisions": []any{without(decision("Grant"), "number")}}, ""},
	{"another answer", organization, fields{"status.roleDecisions": []any{decision("Maybe")}}, `supported values: "Grant", "Release", "Hold"`},
	{"an answer to nobody", organization, fields{"status.roleDecisions": []any{without(decision("Grant"), "uid")}}, "status.roleDecisions[0].uid: Required value"},
	{"an answer about nothing", organization, fields{"status.roleDecisions": []any{without(decision("Grant"), "role")}}, "status.roleDecisions[0].role: Required value"},

	{"all that the status of a role shows", role, fields{"status.holders": int64(2), "status.permissions": []any{"crm.*", "customers.read"}}, ""},
	{"permissions of all that is included", role, fields{"status.permissions": names(4096)}, ""},
	{"more permissions than there can be", role, fields{"status.permissions": names(4097)}, "status.permissions: Too many"},

	{
		"all that the status of a team shows", team, fields{
			"status.members": int64(2), "status.totalMembers": int64(5), "status.depth": int64(1), "status.path": "company/sales", "status.lead": "ada",
		}, "",
	},
	{"a team at the top", team, fields{"status.depth": int64(0), "status.path": "sales"}, ""},
	{"a team above the top", team, fields{"status.depth": int64(-1)}, "status.depth: Invalid value: -1"},
	{"a path that is too long", team, fields{"status.path": strings.Repeat("a/", 1025)}, "status.path: Too long"},
}

// delegation is a window in which another user holds one's roles; from may be empty.
func delegation(name, from, until string) map[string]any {
	d := map[string]any{"user": name, "until": until}
	if from != "" {
		d["from"] = from
	}
	return d
}

func delegates(users ...string) []any {
	var list []any
	for _, name := range users {
		list = append(list, delegation(name, "2026-12-20T00:00:00Z", "2027-01-05T00:00:00Z"))
	}
	return list
}

func roleRef(kind, name string) map[string]any { return map[string]any{"kind": kind, "name": name} }

func roleRefs(n int) []any {
	var list []any
	for _, name := range many(n) {
		list = append(list, roleRef("ClusterRole", name))
	}
	return list
}

func request(number int64, role, change string) map[string]any {
	return map[string]any{"number": number, "role": role, "change": change}
}

func withheld(n int) []any {
	var list []any
	for _, name := range many(n) {
		list = append(list, map[string]any{"name": name, "reason": "AwaitingSeat"})
	}
	return list
}

func decision(outcome string) map[string]any {
	return map[string]any{"role": "boss", "user": "ada", "uid": "uid-of-ada", "number": int64(1), "outcome": outcome}
}

func without(fields map[string]any, name string) map[string]any {
	fields = maps.Clone(fields)
	delete(fields, name)
	return fields
}
