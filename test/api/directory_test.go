// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

// The messages of the rules that are written in CEL.
const (
	resyncRule   = "resyncPeriod must be a duration from 1m to 8760h such as 10m"
	urlRule      = "url must be a URL such as https://scim.acme.example/v2, without user, query and fragment"
	httpsRule    = "url must begin with https:// unless it is on the loopback interface"
	workRule     = "work must be a telephone number such as +33 1 02 03 04 05"
	mobileRule   = "mobile must be a telephone number such as +33 6 02 03 04 05"
	employeeRule = "either number or create: a record that is there has a number, and a new one is given one"
	createRule   = "create is true, or left out"
)

// at is a directory at a URL.
func at(url string) fields {
	return fields{"spec.directory": map[string]any{"scim": map[string]any{"url": url, "credentialsSecretRef": map[string]any{"name": "scim"}}}}
}

// drift is a directory with what becomes of changes there.
func drift(policy map[string]any) fields {
	policy["scim"] = map[string]any{"url": "https://a.example", "credentialsSecretRef": map[string]any{"name": "scim"}}
	return fields{"spec.directory": policy}
}

// groups is a directory with groups, or without.
func groups(wanted any) fields {
	return fields{"spec.directory": map[string]any{"scim": map[string]any{
		"url": "https://a.example", "credentialsSecretRef": map[string]any{"name": "scim"}, "teamsAsGroups": wanted, "rolesAsGroups": wanted,
	}}}
}

// directoryRules are those of accounts, and of what they are given.
var directoryRules = []rule{
	{"a directory", organization, at("https://scim.acme.example/v2"), ""},
	{"a directory at a port", organization, at("https://scim.acme.example:8443/"), ""},
	{"a directory on this machine", organization, at("http://localhost:8080/scim/v2"), ""},
	{"a directory on this machine, by number", organization, at("http://127.0.0.1:8080"), ""},
	{"a directory on this machine, by another number", organization, at("http://[::1]:8080"), ""},
	{"a directory without TLS", organization, at("http://scim.acme.example/v2"), httpsRule},
	{"a directory that looks local", organization, at("http://127.0.0.1.acme.example/v2"), httpsRule},
	{"a directory that is no web site", organization, at("ldap://scim.acme.example"), urlRule},
	{"a directory that is nowhere", organization, at("scim.acme.example/v2"), urlRule},
	{"a directory with a password in its URL", organization, at("https://me:secret@scim.acme.example/v2"), urlRule},
	{"a directory with a query", organization, at("https://scim.acme.example/v2?tenant=1"), urlRule},
	{"a directory with a fragment", organization, at("https://scim.acme.example/v2#users"), urlRule},
	{"a directory that nobody can sign in to", organization, fields{"spec.directory": map[string]any{"scim": map[string]any{"url": "https://a.example"}}}, "credentialsSecretRef"},
	{"a directory without one", organization, fields{"spec.directory": map[string]any{"adoption": "Adopt"}}, "scim"},
	{"another adoption", organization, fields{"spec.directory": map[string]any{
		"adoption": "Steal", "scim": map[string]any{"url": "https://a.example", "credentialsSecretRef": map[string]any{"name": "scim"}},
	}}, "adoption"},

	{"drift is told", organization, drift(map[string]any{"driftPolicy": "Report", "resyncPeriod": "1h30m"}), ""},
	{"drift by another word", organization, drift(map[string]any{"driftPolicy": "Ignore"}), "driftPolicy"},
	{"resync all the time", organization, drift(map[string]any{"resyncPeriod": "30s"}), resyncRule},
	{"resync never", organization, drift(map[string]any{"resyncPeriod": "9000h"}), resyncRule},
	{"resync by the word", organization, drift(map[string]any{"resyncPeriod": "often"}), resyncRule},
	{"groups", organization, groups(true), ""},
	{"groups by the word", organization, groups("yes"), "teamsAsGroups"},

	{"a title (AX-4)", user, fields{"spec.title": "Chargée de clientèle"}, ""},
	{"telephone numbers (AX-5)", user, fields{"spec.phoneNumbers": map[string]any{"work": "+33 1 02 03 04 05", "mobile": "(06) 02.03-04/05"}}, ""},
	{"an extension", user, fields{"spec.phoneNumbers": map[string]any{"work": "+1 212 555 0100 ext. 12"}}, ""},
	{"no telephone number", user, fields{"spec.phoneNumbers": map[string]any{"work": "call me"}}, workRule},
	{"no mobile number", user, fields{"spec.phoneNumbers": map[string]any{"mobile": "++33 6"}}, mobileRule},
	{"no numbers are left out", user, fields{"spec.phoneNumbers": map[string]any{}}, "spec.phoneNumbers"},
	{"an employee (AX-6)", user, fields{"spec.employee": map[string]any{"number": "E-1042"}}, ""},
	{"a new employee (AX-6)", user, fields{"spec.employee": map[string]any{"create": true}}, ""},
	{"a new employee with a number", user, fields{"spec.employee": map[string]any{"create": true, "number": "E-1042"}}, employeeRule},
	{"an employee who is nobody", user, fields{"spec.employee": map[string]any{}}, employeeRule},
	{"an employee who is not created", user, fields{"spec.employee": map[string]any{"create": false}}, createRule},

	{"what is known goes on the record", archivedUser, fields{
		"record.spec.phoneNumbers": map[string]any{"work": "+33 1 02 03 04 05", "mobile": "06 02 03 04 05"}, "record.spec.employee": map[string]any{"create": true},
		"record.employeeNumber":   "E-1042",
		"record.directoryAccount": map[string]any{"directory": "https://a.example", "id": "7", "state": "Inactive", "keptOtherwise": []any{"title"}},
	}, ""},
	{"what a directory keeps otherwise has a name", archivedUser, fields{
		"record.directoryAccount": map[string]any{"directory": "https://a.example", "id": "7", "state": "Inactive", "keptOtherwise": []any{""}},
	}, "keptOtherwise"},
	{"the rules of a User hold on the record: work", archivedUser, fields{"record.spec.phoneNumbers": map[string]any{"work": "call me"}}, workRule},
	{"the rules of a User hold on the record: mobile", archivedUser, fields{"record.spec.phoneNumbers": map[string]any{"mobile": "call me"}}, mobileRule},
	{"the rules of a User hold on the record: employee", archivedUser, fields{"record.spec.employee": map[string]any{"create": true, "number": "7"}}, employeeRule},
	{"the rules of a User hold on the record: create", archivedUser, fields{"record.spec.employee": map[string]any{"create": false}}, createRule},
}
