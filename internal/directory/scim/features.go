// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

const (
	// featuresLife is how long what a directory says of itself is believed.
	featuresLife = time.Hour
	// doubtLife is how long it is believed at least when an answer contradicts it.
	doubtLife = time.Minute
)

// features are what a directory can do. They do not change: what is learned makes new ones.
type features struct {
	// patch, etag and password say that it takes PATCH, If-Match and passwords.
	patch, etag, password bool
	// bulk is how much it takes at once.
	bulk bulk
	// unfiltered are attributes that it cannot be asked for, so that all has to be listed.
	unfiltered []string
	// without are attributes that it does not keep.
	without []directory.Attribute
	// anonymousGroups says that groups are kept without an externalId.
	anonymousGroups bool
	// nests says that groups can be members of groups.
	nests bool
	// users and groups are its endpoints; groups is empty when it says that it has none.
	users, groups string
	// doubtful says that somebody on the way may have answered.
	doubtful bool
	at       time.Time
}

// optional are the attributes that not every directory keeps: their path in the schema. Where there is no schema, only what is
// not among them is sent, since a directory that drops an attribute in silence would be sent it again every time.
var optional = map[directory.Attribute][]string{
	directory.Title: {coreUser, "title"}, directory.WorkPhone: {coreUser, "phoneNumbers"}, directory.MobilePhone: {coreUser, "phoneNumbers"},
	directory.Locale: {coreUser, "locale"}, directory.TimeZone: {coreUser, "timezone"}, directory.Roles: {coreUser, "roles"},
	directory.Entitlements:   {coreUser, "entitlements"},
	directory.EmployeeNumber: {enterprise, "employeeNumber"}, directory.Manager: {enterprise, "manager"},
}

// usual are the attributes that a directory keeps unless it has a schema that says otherwise.
var usual = map[directory.Attribute]string{
	directory.DisplayName: "displayName", directory.GivenName: "name", directory.FamilyName: "name", directory.Email: "emails",
}

// blind are the features of a directory that does not say what it can do.
func blind() *features { return &features{patch: true, users: "/Users", groups: "/Groups"} }

// features returns what the directory can do. It is asked for when it is first needed, and again after an hour: by one, while the
// others go by what is known.
func (c *Client) features(ctx context.Context) (*features, error) {
	known := c.known.Load()
	if c.fresh(known) || known != nil && !c.learning.try() {
		return known, nil
	}
	if known == nil {
		if err := c.learning.take(ctx); err != nil {
			return nil, err
		}
	}
	defer c.learning.leave()
	if known = c.known.Load(); c.fresh(known) {
		return known, nil
	}
	learned, err := c.learn(ctx)
	switch {
	case err == nil && (known == nil || !learned.doubtful):
		learned.remember(known)
	case known == nil:
		return nil, c.learning.fail(ctx, err)
	default: // it cannot tell now; what it is asked for next will show more
		learned = known.until(c.clock.Now().Add(doubtLife))
	}
	c.known.Store(learned)
	return learned, nil
}

// remember takes over what no directory says of itself, and what only a change shows: that it keeps no externalId.
func (f *features) remember(known *features) {
	if known == nil {
		return
	}
	f.anonymousGroups = known.anonymousGroups
	if slices.Contains(known.without, directory.ExternalID) {
		f.without = append(f.without, directory.ExternalID)
	}
}

// until are the features, to be read again at a time.
func (f *features) until(at time.Time) *features {
	other := *f
	other.at = at.Add(-featuresLife)
	return &other
}

func (c *Client) fresh(f *features) bool { return f != nil && c.clock.Since(f.at) < featuresLife }

// doubt has the features be read again, because the directory does not keep to them. Not at once after they were.
func (c *Client) doubt(f *features) {
	if c.clock.Since(f.at) >= doubtLife {
		aged := *f
		aged.at = time.Time{}
		c.known.CompareAndSwap(f, &aged)
	}
}

// contradict notes for the rest of the hour what the directory has shown of itself.
func (c *Client) contradict(f *features, change func(*features)) {
	other := *f
	other.unfiltered = slices.Clone(f.unfiltered)
	change(&other)
	c.known.CompareAndSwap(f, &other)
}

func (c *Client) learn(ctx context.Context) (*features, error) {
	f := &features{users: "/Users", groups: "/Groups", at: c.clock.Now()}
	config, err := c.optionalResource(ctx, f, "/ServiceProviderConfig")
	if err != nil {
		return nil, err
	}
	f.patch, _ = config.flag("patch", "supported")
	f.etag, _ = config.flag("etag", "supported")
	f.bulk = readBulk(config)
	filter, filters := config.flag("filter", "supported")
	if filters && !filter {
		f.unfiltered = []string{"externalId", "userName", "displayName"}
	}
	password, passwords := config.flag("changePassword", "supported")
	f.password = password || !passwords
	kinds, err := c.optionalResource(ctx, f, "/ResourceTypes")
	if err != nil {
		return nil, err
	}
	extended := f.readKinds(kinds)
	schemas, err := c.optionalResource(ctx, f, "/Schemas")
	if err != nil {
		return nil, err
	}
	f.readSchemas(schemas, extended)
	return f, nil
}

// optionalResource returns an empty resource when the directory has none there. What may have been refused for another reason is not
// believed for long.
func (c *Client) optionalResource(ctx context.Context, f *features, path string) (resource, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, path: path})
	_, later := directory.RetryAfter(err)
	switch status := statusOf(err); {
	case err == nil:
		return parseList(a.body)
	case later:
		return nil, err
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return resource{}, nil
	case status == http.StatusBadRequest, status == http.StatusForbidden:
		f.doubtful, f.at = true, c.clock.Now().Add(doubtLife-featuresLife)
		return resource{}, nil
	}
	return nil, err
}

// parseList is parse for what may be a plain list.
func parseList(body []byte) (resource, error) {
	var all []any
	if json.Unmarshal(body, &all) == nil {
		return resource{"Resources": all}, nil
	}
	return parse(body)
}

// readKinds reads which resources there are, and says whether accounts have the enterprise extension, if that is said at all.
func (f *features) readKinds(kinds resource) (extended *bool) {
	all := kinds.list("Resources")
	if len(all) == 0 {
		return nil
	}
	f.groups = ""
	for _, kind := range all {
		endpoint := kind.text("endpoint")
		plain := strings.HasPrefix(endpoint, "/") && !strings.ContainsAny(endpoint, "?#%")
		switch endpoint = strings.TrimRight(endpoint, "/"); kind.text("schema") {
		case coreUser:
			if plain {
				f.users = endpoint
			}
			has := slices.ContainsFunc(kind.list("schemaExtensions"), func(e resource) bool { return strings.EqualFold(e.text("schema"), enterprise) })
			extended = &has
		case coreGroup:
			f.groups = "/Groups"
			if plain {
				f.groups = endpoint
			}
		}
	}
	return extended
}

// readSchemas finds which attributes are kept, and are shown so that they can be compared.
func (f *features) readSchemas(schemas resource, extended *bool) {
	described, kept := map[string]bool{}, map[string]bool{}
	for _, schema := range schemas.list("Resources") {
		described[strings.ToLower(schema.text("id"))] = true
		for _, attribute := range schema.list("attributes") {
			f.readAttribute(schema.text("id"), attribute, kept)
		}
	}
	for attribute, name := range usual {
		if described[strings.ToLower(coreUser)] && !kept[strings.ToLower(coreUser+":"+name)] {
			f.without = append(f.without, attribute)
		}
	}
	f.leaveOut(kept, extended)
	slices.Sort(f.without)
}

// leaveOut leaves the optional attributes out that are not kept.
func (f *features) leaveOut(kept map[string]bool, extended *bool) {
	for attribute, path := range optional {
		has := kept[strings.ToLower(strings.Join(path, ":"))]
		if path[0] == enterprise && extended != nil {
			has = *extended && (has || len(kept) == 0)
		}
		if !has {
			f.without = append(f.without, attribute)
		}
	}
}

// comparable says that an attribute can be written, is shown, and has the type by which ours are known where that is how.
func (r resource) comparable() bool {
	returned, parts := r.text("returned"), r.list("subAttributes")
	if r.text("mutability") == "readOnly" || returned == "never" || returned == "request" {
		return false
	}
	return r.text("name") != string(directory.Entitlements) || len(parts) == 0 ||
		slices.ContainsFunc(parts, func(part resource) bool { return part.text("name") == "type" })
}

// readAttribute notes whether an attribute is kept, and what the members of groups can be.
func (f *features) readAttribute(schema string, attribute resource, kept map[string]bool) {
	name := attribute.text("name")
	if attribute.comparable() {
		kept[strings.ToLower(schema+":"+name)] = true
	}
	if strings.EqualFold(schema, coreGroup) && strings.EqualFold(name, "members") {
		f.nests = attribute.takesGroups()
	}
}

// takesGroups says that the values of an attribute can be groups: their type, or what they refer to, is said to be one.
func (r resource) takesGroups() bool {
	for _, attribute := range append(r.list("subAttributes"), r) {
		for _, name := range []string{"canonicalValues", "referenceTypes"} {
			values, _ := attribute.get(name).([]any)
			if slices.ContainsFunc(values, func(v any) bool { text, _ := v.(string); return strings.EqualFold(text, "Group") }) {
				return true
			}
		}
	}
	return false
}

// anonymous says that things of a kind are kept without an externalId.
func (f *features) anonymous(k kind) bool {
	if k.core == coreGroup {
		return f.anonymousGroups
	}
	return slices.Contains(f.without, directory.ExternalID)
}

func (f *features) markNamed(k kind) {
	if k.core == coreGroup {
		f.anonymousGroups = false
		return
	}
	f.without = slices.DeleteFunc(slices.Clone(f.without), func(a directory.Attribute) bool { return a == directory.ExternalID })
}

func (f *features) markAnonymous(k kind) {
	if k.core == coreGroup {
		f.anonymousGroups = true
		return
	}
	f.without = append(slices.Clone(f.without), directory.ExternalID)
}
