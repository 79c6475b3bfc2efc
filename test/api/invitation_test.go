// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import "fmt"

// The messages of the rules that are written in CEL.
const (
	reminderRule     = "reminderInterval must be a duration from 1m to 8760h such as 48h"
	signInRule       = "acceptance SignIn needs one of identityProviders at least"
	providerNameRule = "name must consist of lower case letters, digits and -, such as google"
	issuerRule       = "issuer must be a URL such as https://accounts.google.com, without user, query and fragment"
	issuerHTTPSRule  = "issuer must begin with https:// unless it is on the loopback interface"
	clientIDRule     = "clientID must be one word, as the provider gave it"
)

// providers are the identity providers of an organization: google, with these changes, and more.
func providers(changes map[string]any, more ...any) fields {
	google := map[string]any{"name": "google", "issuer": "https://accounts.google.com", "clientID": "123.apps.googleusercontent.com"}
	for name, value := range changes {
		if google[name] = value; value == nil {
			delete(google, name)
		}
	}
	return fields{"spec.invitation.identityProviders": append([]any{google}, more...)}
}

// others are so many more providers.
func others(n int) (all []any) {
	for i := range n {
		all = append(all, map[string]any{"name": fmt.Sprintf("other-%d", i), "issuer": "https://a.example", "clientID": "c"})
	}
	return all
}

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

	{"no more than signing in", organization, fields{
		"spec.invitation.acceptance": "SignIn", "spec.invitation.identityProviders": providers(nil)["spec.invitation.identityProviders"],
	}, ""},
	{"signing in with nobody", organization, fields{"spec.invitation.acceptance": "SignIn"}, signInRule},
	{"signing in with none", organization, fields{"spec.invitation.acceptance": "SignIn", "spec.invitation.identityProviders": []any{}}, signInRule},
	{"a provider", organization, providers(map[string]any{"displayName": "Google", "clientSecretRef": map[string]any{"name": "google"}}), ""},
	{"a provider on this machine", organization, providers(map[string]any{"issuer": "http://127.0.0.1:8080/realms/acme"}), ""},
	{"as many providers as can be", organization, providers(nil, others(4)...), ""},
	{"too many providers", organization, providers(nil, others(5)...), "spec.invitation.identityProviders: Too many"},
	{"a provider twice", organization, providers(nil, map[string]any{"name": "google", "issuer": "https://a.example", "clientID": "c"}), "Duplicate value"},
	{"a provider without a name", organization, providers(map[string]any{"name": nil}), "name: Required value"},
	{"a provider with another name", organization, providers(map[string]any{"name": "Google!"}), providerNameRule},
	{"a provider with a long name", organization, providers(map[string]any{"name": text(64)}), "name: Too long"},
	{"a provider that is called nothing", organization, providers(map[string]any{"displayName": ""}), "displayName"},
	{"a provider that is called too much", organization, providers(map[string]any{"displayName": text(65)}), "displayName: Too long"},
	{"a provider that is nowhere", organization, providers(map[string]any{"issuer": nil}), "issuer: Required value"},
	{"a provider without TLS", organization, providers(map[string]any{"issuer": "http://accounts.example"}), issuerHTTPSRule},
	{"a provider that is no web site", organization, providers(map[string]any{"issuer": "accounts.google.com"}), issuerRule},
	{"a provider with a query", organization, providers(map[string]any{"issuer": "https://accounts.google.com?x"}), issuerRule},
	{"a provider with a user", organization, providers(map[string]any{"issuer": "https://me@accounts.google.com"}), issuerRule},
	{"a provider that is too long", organization, providers(map[string]any{"issuer": "https://" + text(512)}), "issuer: Too long"},
	{"a provider that does not know us", organization, providers(map[string]any{"clientID": nil}), "clientID: Required value"},
	{"a client of two words", organization, providers(map[string]any{"clientID": "my client"}), clientIDRule},
	{"a client that is too long", organization, providers(map[string]any{"clientID": text(257)}), "clientID: Too long"},
	{"a client secret in no Secret", organization, providers(map[string]any{"clientSecretRef": map[string]any{}}), "clientSecretRef.name: Required value"},

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
