// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

const (
	coreUser   = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchOp    = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// resource is what a directory has of an account or a group, with all that others have put there. The names of attributes do not
// depend on case (RFC 7643, section 2.1): they stay as the directory writes them.
type resource map[string]any

// parse reads an answer's body. Numbers stay as they are written, so that they can be sent back.
func parse(body []byte) (resource, error) {
	r := resource{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&r); err != nil || r == nil {
		return nil, directory.Unavailable(errors.New("the answer is not JSON: something that is not a SCIM server may have given it"))
	}
	return r, nil
}

// quote writes a text as filters and paths have it: as JSON, and without what only HTML needs.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be written
	return strings.TrimSpace(b.String())
}

// key is a name as the resource has it, or as it is given when it is not there.
func (r resource) key(name string) string {
	if _, ok := r[name]; ok {
		return name
	}
	for k := range r {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

// get returns the value at a path, nil when there is none.
func (r resource) get(name string, below ...string) any {
	value := r[r.key(name)]
	for _, name := range below {
		inner, _ := value.(map[string]any)
		value = inner[resource(inner).key(name)]
	}
	return value
}

// set puts a value to a path; nil takes it away.
func (r resource) set(value any, name string, below ...string) {
	k := r.key(name)
	if len(below) == 0 {
		if r[k] = value; value == nil {
			delete(r, k)
		}
		return
	}
	had, _ := r[k].(map[string]any)
	inner := maps.Clone(resource(had))
	if inner == nil {
		inner = resource{}
	}
	inner.set(value, below[0], below[1:]...)
	if r[k] = map[string]any(inner); len(inner) == 0 {
		delete(r, k)
	}
}

// text returns the text at a path, "" when there is none.
func (r resource) text(name string, below ...string) string {
	switch v := r.get(name, below...).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// flag returns a truth value, which some directories write as a text, and whether there is one.
func (r resource) flag(name string, below ...string) (value, ok bool) {
	switch v := r.get(name, below...).(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return false, false
}

// list returns the values of an attribute that has many.
func (r resource) list(name string) []resource {
	values, _ := r.get(name).([]any)
	var all []resource
	for _, v := range values {
		switch v := v.(type) {
		case map[string]any:
			all = append(all, v)
		case string: // a directory that leaves the other sub-attributes out
			all = append(all, resource{"value": v})
		}
	}
	return all
}

func (r resource) id() string      { return r.text("id") }
func (r resource) uid() types.UID  { return types.UID(r.text("externalId")) }
func (r resource) version() string { return r.text("meta", "version") }

// found is what an account is like.
func (r resource) found(f *features) directory.Found {
	active, ok := r.flag("active")
	roles := []string{}
	for _, role := range r.list("roles") {
		roles = append(roles, role.text("value"))
	}
	slices.Sort(roles)
	seats := []string{}
	for _, entitlement := range r.list("entitlements") {
		if entitlement.isSeat() {
			seats = append(seats, entitlement.text("value"))
		}
	}
	slices.Sort(seats)
	manager := r.text(enterprise, "manager", "value")
	if manager == "" {
		manager = r.text(enterprise, "manager")
	}
	return directory.Found{
		Account: directory.Account{
			UID: r.uid(), ID: r.id(), UserName: r.text("userName"),
			GivenName: r.text("name", "givenName"), FamilyName: r.text("name", "familyName"),
			Title: r.text("title"), Locale: r.text("locale"), TimeZone: r.text("timezone"),
			WorkPhone: ofType(r.list("phoneNumbers"), "work").text("value"), MobilePhone: ofType(r.list("phoneNumbers"), "mobile").text("value"),
			EmployeeNumber: r.text(enterprise, "employeeNumber"), ManagerID: manager, Roles: slices.Compact(roles), Entitlements: slices.Compact(seats),
			// Nobody is kept out of an account that does not say.
			Active: active || !ok,
		},
		DisplayName: r.text("displayName"), Email: r.workMail().text("value"), Without: f.without,
	}
}

// workMail is the mail address that is ours.
func (r resource) workMail() resource {
	all := r.list("emails")
	if at := untyped(all); at >= 0 {
		return all[at]
	}
	return ofType(all, "work")
}

// ofType returns the value of a type, the primary one if there are several; nil when there is none.
func ofType(values []resource, kind string) resource {
	if i := indexOfType(values, kind); i >= 0 {
		return values[i]
	}
	return nil
}

// untyped is the place of the one address of an account that does not say what kind it is, or of the primary one; -1 when there is none.
// There are directories that keep addresses without a type.
func untyped(values []resource) int {
	if slices.ContainsFunc(values, func(v resource) bool { return v.text("type") != "" }) {
		return -1
	}
	if at := slices.IndexFunc(values, resource.isPrimary); at >= 0 || len(values) != 1 {
		return at
	}
	return 0
}

func indexOfType(values []resource, kind string) int {
	found := -1
	for i, v := range values {
		if strings.EqualFold(v.text("type"), kind) && (found < 0 || v.isPrimary()) {
			found = i
		}
	}
	return found
}

// change is what is to be otherwise: an operation of PATCH, and what to do to a resource that is PUT instead.
type change struct {
	operation map[string]any
	apply     func(resource)
	// blind changes rest on nothing that was read, and can come late without harm; identifies and secret say that it is of the externalId, or the password.
	blind, identifies, secret bool
}

// pathOf writes a path as PATCH has it: the name of an extension ends with a colon.
func pathOf(name string, below []string) string {
	switch {
	case len(below) == 0:
		return name
	case strings.HasPrefix(name, "urn:"):
		return name + ":" + strings.Join(below, ".")
	}
	return name + "." + strings.Join(below, ".")
}

func operation(op, path string, value any) map[string]any {
	o := map[string]any{"op": op, "path": path}
	if value != nil {
		o["value"] = value
	}
	return o
}

// setting is the change of the value at a path; nil takes it away.
func (r resource) setting(value any, name string, below ...string) change {
	op := "replace"
	switch {
	case value == nil:
		op = "remove"
	case r.get(name, below...) == nil:
		op = "add"
	}
	return change{
		operation: operation(op, pathOf(name, below), value), apply: func(r resource) { r.set(value, name, below...) },
		blind: name == "active" && value == false, identifies: name == "externalId" && value != nil, secret: name == "password",
	}
}

// orNil has an empty text taken away.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// typed is the change of the one value of a type among many others, which stay as they are.
func (r resource) typed(attribute, kind, value string) change {
	all := r.list(attribute)
	at := indexOfType(all, kind)
	if at < 0 && attribute == "emails" {
		at = untyped(all)
	}
	entries := withValue(all, at, value)
	if at < 0 {
		fresh := map[string]any{"value": value, "type": kind}
		if attribute == "emails" && !slices.ContainsFunc(all, resource.isPrimary) {
			fresh["primary"] = true
		}
		entries = append(entries, fresh)
	}
	c := change{apply: func(r resource) { r.set(listOrNil(entries), attribute) }}
	selected := attribute + "[type eq " + quote(kind) + "]"
	if at >= 0 {
		selected = attribute + "[type eq " + quote(all[at].text("type")) + "]" // as the directory writes it
	}
	switch {
	case at < 0:
		c.operation = operation("add", attribute, entries[len(all):])
	case all[at].text("type") == "": // which nothing selects
		c.operation = r.setting(listOrNil(entries), attribute).operation
	case indexOfType(slices.Delete(slices.Clone(all), at, at+1), kind) >= 0: // the selection would have all of them
		c.operation = r.setting(listOrNil(entries), attribute).operation
	case value == "":
		c.operation = operation("remove", selected, nil)
	default:
		c.operation = operation("replace", selected+".value", value)
	}
	return c
}

func (r resource) isPrimary() bool {
	primary, _ := r.flag("primary")
	return primary
}

// withValue are the entries of an attribute with another value at one place; an empty one takes it away.
func withValue(all []resource, at int, value string) []any {
	entries := []any{}
	for i, v := range all {
		if i == at {
			if value == "" {
				continue
			}
			v = maps.Clone(v)
			v.set(nil, "display") // it is of the old value
			v.set(value, "value")
		}
		entries = append(entries, map[string]any(v))
	}
	return entries
}

func listOrNil(entries []any) any {
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// roles is the change to these roles. What else the directory says of one that stays is kept.
func (r resource) roles(want []string) change {
	entries := []any{}
	had := r.list("roles")
	for _, role := range want {
		entry := map[string]any{"value": role}
		if i := slices.IndexFunc(had, func(v resource) bool { return v.text("value") == role }); i >= 0 {
			entry = had[i]
		}
		entries = append(entries, entry)
	}
	return r.setting(listOrNil(entries), "roles")
}

// seat is the type of the entitlements that are ours.
const seat = "seat"

func (r resource) isSeat() bool { return strings.EqualFold(r.text("type"), seat) }

// seats is the change to these seats, among entitlements of other types, which stay as they are.
func (r resource) seats(want []string) change {
	entries, fresh, lost := []any{}, []any{}, false
	had := map[string]bool{}
	for _, entitlement := range r.list("entitlements") {
		value := entitlement.text("value")
		if entitlement.isSeat() && (had[value] || !slices.Contains(want, value)) {
			lost = true
			continue
		}
		had[value] = had[value] || entitlement.isSeat()
		entries = append(entries, map[string]any(entitlement))
	}
	for _, pool := range want {
		if !had[pool] {
			fresh = append(fresh, map[string]any{"value": pool, "type": seat})
		}
	}
	entries = append(entries, fresh...)
	if c := r.setting(listOrNil(entries), "entitlements"); lost {
		return c
	}
	return change{operation: operation("add", "entitlements", fresh), apply: func(r resource) { r.set(entries, "entitlements") }}
}

// changes are what makes a resource the account that is wanted, in an order that does not vary.
func (r resource) changes(f *features, want directory.Account) []change {
	var all []change
	// Each change rests on those before it: several can be of one list.
	next := maps.Clone(r)
	differ := r.found(f).Differs(want)
	if r.id() == "" && !slices.Contains(differ, directory.ExternalID) { // even where it may be dropped, it is asked for
		differ = append(differ, directory.ExternalID)
	}
	for _, attribute := range differ {
		if attribute != directory.Active {
			c := next.changing(attribute, want)
			c.apply(next)
			all = append(all, c)
		}
	}
	// Nobody is kept out of an account that does not say.
	if active, ok := r.flag("active"); r.id() == "" || (active || !ok) != want.Active {
		all = append(all, r.setting(want.Active, "active"))
	}
	return all
}

func (r resource) changing(attribute directory.Attribute, want directory.Account) change {
	switch attribute {
	case directory.Email:
		return r.typed("emails", "work", want.UserName)
	case directory.WorkPhone:
		return r.typed("phoneNumbers", "work", want.WorkPhone)
	case directory.MobilePhone:
		return r.typed("phoneNumbers", "mobile", want.MobilePhone)
	case directory.Roles:
		return r.roles(want.Roles)
	case directory.Entitlements:
		return r.seats(want.Entitlements)
	case directory.Manager:
		if want.ManagerID == "" {
			return r.setting(nil, enterprise, "manager")
		}
		return r.setting(map[string]any{"value": want.ManagerID}, enterprise, "manager")
	case directory.EmployeeNumber:
		return r.setting(orNil(want.EmployeeNumber), enterprise, "employeeNumber")
	}
	text := map[directory.Attribute]string{
		directory.UserName: want.UserName, directory.ExternalID: string(want.UID), directory.DisplayName: want.Display(),
		directory.GivenName: want.GivenName, directory.FamilyName: want.FamilyName, directory.Title: want.Title,
		directory.Locale: want.Locale, directory.TimeZone: want.TimeZone,
	}[attribute]
	path := strings.Split(string(attribute), ".")
	return r.setting(orNil(text), path[0], path[1:]...)
}

// whole is the resource with changes, as it is PUT or POSTed: without what is the directory's own. A password that it shows is
// not sent back to it.
func (r resource) whole(core string, changes []change) resource {
	r = maps.Clone(r)
	for _, name := range []string{"meta", "password", "groups", "schemas"} {
		r.set(nil, name)
	}
	for _, c := range changes {
		c.apply(r)
	}
	schemas := []string{core}
	for name := range r {
		if len(name) > 4 && strings.EqualFold(name[:4], "urn:") {
			schemas = append(schemas, name)
		}
	}
	slices.Sort(schemas[1:])
	r["schemas"] = schemas
	return r
}
