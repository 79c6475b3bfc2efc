// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

// The messages of the rules that are written in CEL.
const (
	maxRemovalsRule = "maxRemovals must be a number from 1 to 1000000, or a percentage from 1% to 100%, such as 25%"
	protectedRule   = "window must be a duration from 1m to 720h such as 1h"
)

// protectionRules are those of how many people may be removed at once.
var protectionRules = []rule{
	{"so many people", organization, fields{"spec.protection.maxRemovals": int64(1)}, ""},
	{"very many people", organization, fields{"spec.protection.maxRemovals": int64(1000000)}, ""},
	{"a share of them", organization, fields{"spec.protection.maxRemovals": "25%", "spec.protection.window": "90m"}, ""},
	{"the least share", organization, fields{"spec.protection.maxRemovals": "1%", "spec.protection.window": "1m"}, ""},
	{"all of them", organization, fields{"spec.protection.maxRemovals": "100%", "spec.protection.window": "720h"}, ""},
	{"nobody", organization, fields{"spec.protection.maxRemovals": int64(0)}, maxRemovalsRule},
	{"fewer than nobody", organization, fields{"spec.protection.maxRemovals": int64(-1)}, maxRemovalsRule},
	{"more than there can be", organization, fields{"spec.protection.maxRemovals": int64(1000001)}, maxRemovalsRule},
	{"no share", organization, fields{"spec.protection.maxRemovals": "0%"}, maxRemovalsRule},
	{"more than all", organization, fields{"spec.protection.maxRemovals": "101%"}, maxRemovalsRule},
	{"a number in quotes", organization, fields{"spec.protection.maxRemovals": "5"}, maxRemovalsRule},
	{"half a percent", organization, fields{"spec.protection.maxRemovals": "0.5%"}, maxRemovalsRule},
	{"a window without a limit", organization, fields{"spec.protection.window": "1h"}, "spec.protection.maxRemovals: Required value"},
	{"a window that is over at once", organization, fields{"spec.protection.maxRemovals": int64(1), "spec.protection.window": "59s"}, protectedRule},
	{"a window without an end", organization, fields{"spec.protection.maxRemovals": int64(1), "spec.protection.window": "721h"}, protectedRule},
	{"parked", archivedUser, fields{"record.parked.until": "2027-06-30T18:00:00Z", "record.parked.status.roles": []any{"member"}, "record.parked.endedAt": "2027-06-30T18:00:01Z"}, ""},
	{"parked without an end", archivedUser, fields{"record.parked.status.roles": []any{"member"}}, "record.parked.until: Required value"},
	{"parked, with an heir", archivedUser, fields{"record.parked.until": "2027-06-30T18:00:00Z", "record.parked.heir.user": "jean", "record.parked.heir.uid": "u-1"}, ""},
	{"an heir without a UID", archivedUser, fields{"record.parked.until": "2027-06-30T18:00:00Z", "record.parked.heir.user": "jean"}, "record.parked.heir.uid: Required value"},
	{"a window in days", organization, fields{"spec.protection.maxRemovals": int64(1), "spec.protection.window": "1d"}, protectedRule},
}

// removalStatusRules are those of what was decided about removals.
var removalStatusRules = []rule{
	{
		"all that the status shows of removals", organization, fields{
			"status.removals.members": int64(12), "status.removals.passed": repeat(passed("Limit"), 2000), "status.removals.held": repeat(heldBack("Delete"), 1000),
			"status.removals.counted":   repeat(map[string]any{"at": "2027-01-05T00:00:00Z", "count": int64(3)}, 128),
			"status.removals.heldCount": int64(1001), "status.removals.token": "0123456789abcdef", "status.removals.approved": "0123456789abcdef",
		}, "",
	},
	{"more passed than are listed", organization, fields{"status.removals.passed": repeat(passed("Approval"), 2001)}, "status.removals.passed: Too many"},
	{"more held than are listed", organization, fields{"status.removals.held": repeat(heldBack("Archive"), 1001)}, "status.removals.held: Too many"},
	{"more numbers than there can be", organization, fields{"status.removals.counted": repeat(map[string]any{"at": "2027-01-05T00:00:00Z", "count": int64(3)}, 129)}, "status.removals.counted: Too many"},
	{"passed by nobody", organization, fields{"status.removals.passed": repeat(passed("Chance"), 1)}, `supported values: "Limit", "Approval", "Rejection"`},
	{"removed in another way", organization, fields{"status.removals.held": repeat(heldBack("Forget"), 1)}, `supported values: "Archive", "Delete", "Suspend"`},
	{"passed by a rejection", organization, fields{"status.removals.passed": repeat(passed("Rejection"), 1), "status.removals.rejected": "0123456789abcdef"}, ""},
	{"a rejection of nothing", organization, fields{"status.removals.rejected": ""}, "status.removals.rejected"},
	{"removed in every way", organization, fields{"status.removals.held": []any{
		heldBack("Archive"), heldBack("Delete"), heldBack("Suspend"), heldBack("Replace"), heldBack("End"), with(heldBack("RoleLoss"), "request", int64(1)),
	}}, ""},
	{"passed in a way", organization, fields{"status.removals.passed": repeat(with(passed("Limit"), "kind", "Delete"), 1)}, ""},
	{"passed in another way", organization, fields{"status.removals.passed": repeat(with(passed("Limit"), "kind", "Forget"), 1)}, `supported values: "Archive", "Delete", "Suspend"`},
	{"no request", organization, fields{"status.removals.held": repeat(with(heldBack("RoleLoss"), "request", int64(-1)), 1)}, "status.removals.held[0].request"},
	{"nobody held", organization, fields{"status.removals.held": repeat(without(heldBack("Suspend"), "uid"), 1)}, "status.removals.held[0].uid: Required value"},
	{"passed at no time", organization, fields{"status.removals.passed": repeat(without(passed("Limit"), "at"), 1)}, "status.removals.passed[0].at: Required value"},
}

func passed(by string) map[string]any {
	return map[string]any{"user": "jean", "uid": "1-2-3", "generation": int64(2), "at": "2027-01-05T00:00:00Z", "by": by}
}

func heldBack(kind string) map[string]any {
	return map[string]any{"user": "jean", "uid": "1-2-3", "generation": int64(2), "kind": kind}
}

func with(o map[string]any, field string, value any) map[string]any {
	o[field] = value
	return o
}

func repeat(o map[string]any, n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = o
	}
	return all
}
