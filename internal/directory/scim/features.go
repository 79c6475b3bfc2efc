// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
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
	at            time.Time
}

// optional are the attributes that not every directory keeps: their path in the schema. Where there is no schema, only what is
// not among them is sent, since a directory that drops an attribute in silence would be sent it again every time.
var optional = map[directory.Attribute][]string{
	directory.Title: {coreUser, "title"}, directory.WorkPhone: {coreUser, "phoneNumbers"}, directory.MobilePhone: {coreUser, "phoneNumbers"},
	directory.Locale: {coreUser, "locale"}, directory.TimeZone: {coreUser, "timezone"}, directory.Roles: {coreUser, "roles"},
	directory.EmployeeNumber: {enterprise, "employeeNumber"}, directory.Manager: {enterprise, "manager"},
}

// features returns what the directory can do. It is asked for when it is first needed, and again after an hour.
func (c *Client) features(ctx context.Context) (*features, error) {
	if err := c.learning.take(ctx); err != nil {
		return nil, err
	}
	defer c.learning.leave()
	known := c.known.Load()
	if known != nil && c.clock.Since(known.at) < featuresLife {
		return known, nil
	}
	fresh, err := c.learn(ctx)
	switch {
	case err == nil:
		c.known.Store(fresh)
		return fresh, nil
	case known != nil && ctx.Err() == nil:
		return known, nil // it cannot tell now; what it is asked for next will show more
	}
	return nil, err
}

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
	config, err := c.optionalResource(ctx, "/ServiceProviderConfig")
	if err != nil {
		return nil, err
	}
	f.patch, _ = config.flag("patch", "supported")
	f.etag, _ = config.flag("etag", "supported")
	filter, filters := config.flag("filter", "supported")
	if filters && !filter {
		f.unfiltered = []string{"externalId", "userName", "displayName"}
	}
	password, passwords := config.flag("changePassword", "supported")
	f.password = password || !passwords
	kinds, err := c.optionalResource(ctx, "/ResourceTypes")
	if err != nil {
		return nil, err
	}
	extended := f.readKinds(kinds)
	schemas, err := c.optionalResource(ctx, "/Schemas")
	if err != nil {
		return nil, err
	}
	f.readSchemas(schemas, extended)
	return f, nil
}

// optionalResource returns an empty resource when the directory has none there.
func (c *Client) optionalResource(ctx context.Context, path string) (resource, error) {
	a, err := c.do(ctx, request{method: http.MethodGet, path: path})
	switch statusOf(err) {
	case 0:
		if err != nil {
			return nil, err
		}
		return parse(a.body)
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return resource{}, nil
	}
	return nil, err
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
	kept := map[string]bool{}
	for _, schema := range schemas.list("Resources") {
		for _, attribute := range schema.list("attributes") {
			f.readAttribute(schema.text("id"), attribute, kept)
		}
	}
	for attribute, path := range optional {
		has := kept[strings.ToLower(strings.Join(path, ":"))]
		if path[0] == enterprise && extended != nil {
			has = *extended && (has || len(kept) == 0)
		}
		if !has {
			f.without = append(f.without, attribute)
		}
	}
	slices.Sort(f.without)
}

// readAttribute notes whether an attribute is kept, and what the members of groups can be.
func (f *features) readAttribute(schema string, attribute resource, kept map[string]bool) {
	returned, name := attribute.text("returned"), attribute.text("name")
	if attribute.text("mutability") != "readOnly" && returned != "never" && returned != "request" {
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

func (f *features) markAnonymous(k kind) {
	if k.core == coreGroup {
		f.anonymousGroups = true
		return
	}
	f.without = append(slices.Clone(f.without), directory.ExternalID)
}
