// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

// The messages of the rules that are written in CEL.
const reminderRule = "reminderInterval must be a duration from 1m to 8760h such as 48h"

// invitationRules are those of how people are invited, reminded and mailed.
var invitationRules = []rule{
	{"a day", organization, fields{"spec.invitation.reminderInterval": "24h"}, ""},
	{"the shortest", organization, fields{"spec.invitation.reminderInterval": "1m"}, ""},
	{"the longest", organization, fields{"spec.invitation.reminderInterval": "8760h"}, ""},
	{"each second", organization, fields{"spec.invitation.reminderInterval": "1s"}, reminderRule},
	{"more than a year", organization, fields{"spec.invitation.reminderInterval": "8761h"}, reminderRule},
	{"Go knows no days", organization, fields{"spec.invitation.reminderInterval": "2d"}, reminderRule},
	{"no time at all", organization, fields{"spec.invitation.reminderInterval": ""}, reminderRule},

	{"one mail", organization, fields{"spec.invitation.maxSends": int64(1)}, ""},
	{"many mails", organization, fields{"spec.invitation.maxSends": int64(20)}, ""},
	{"no mail", organization, fields{"spec.invitation.maxSends": int64(0)}, "spec.invitation.maxSends"},
	{"too many mails", organization, fields{"spec.invitation.maxSends": int64(21)}, "spec.invitation.maxSends"},

	{"a click", organization, fields{"spec.invitation.acceptance": "Confirm"}, ""},
	{"a password", organization, fields{"spec.invitation.acceptance": "Password"}, ""},
	{"another answer", organization, fields{"spec.invitation.acceptance": "Fingerprint"}, "spec.invitation.acceptance: Unsupported value"},

	{"mails of one's own", organization, fields{"spec.invitation.templates": map[string]any{"name": "acme-mails"}}, ""},
	{"mails of no name", organization, fields{"spec.invitation.templates": map[string]any{"name": ""}}, "spec.invitation.templates.name"},
	{"mails without a name", organization, fields{"spec.invitation.templates": map[string]any{}}, "spec.invitation.templates.name: Required value"},

	{"an address in one organization of all (AX-11)", organization, fields{"spec.emailScope": "Cluster"}, ""},
	{"an address in each organization", organization, fields{"spec.emailScope": "Organization"}, ""},
	{"an address in the world", organization, fields{"spec.emailScope": "World"}, "spec.emailScope: Unsupported value"},
	{"an address in nothing", organization, fields{"spec.emailScope": ""}, "spec.emailScope: Unsupported value"},
	{"the same person", organization, fields{"spec.emailChange": "Rename"}, ""},
	{"another person", organization, fields{"spec.emailChange": "Replace"}, ""},
	{"no edit", organization, fields{"spec.emailChange": "Deny"}, ""},
	{"whatever", organization, fields{"spec.emailChange": "Any"}, "spec.emailChange: Unsupported value"},

	{"a sender", organization, fields{"spec.mail": map[string]any{"from": "Acme <people@acme.example>"}}, ""},
	{"a server", organization, fields{"spec.mail": map[string]any{"smtpSecretRef": map[string]any{"name": "acme-smtp"}}}, ""},
	{"mail that says nothing", organization, fields{"spec.mail": map[string]any{}}, "spec.mail"},
	{"a sender that is too long", organization, fields{"spec.mail": map[string]any{"from": text(321)}}, "spec.mail.from: Too long"},
	{"answers to nobody", organization, fields{"spec.mail": map[string]any{"replyTo": ""}}, "spec.mail.replyTo"},
	{"a server without a name", organization, fields{"spec.mail": map[string]any{"smtpSecretRef": map[string]any{}}}, "spec.mail.smtpSecretRef.name: Required value"},

	{"a first password", user, fields{"spec.initialPasswordSecretRef": map[string]any{"name": "ada-first-password"}}, ""},
	{"a first password in no Secret", user, fields{"spec.initialPasswordSecretRef": map[string]any{}}, "spec.initialPasswordSecretRef.name: Required value"},
	{"a first password in a Secret that cannot be", user, fields{"spec.initialPasswordSecretRef": map[string]any{"name": text(254)}}, "spec.initialPasswordSecretRef.name: Too long"},
}
