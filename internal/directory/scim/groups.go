// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// maxMembers is how many members one request adds or removes: directories bound both operations and values.
const maxMembers = 100

var (
	errNoGroups = errors.New("the directory has no groups: its list of resource types has none")
	errFlat     = errors.New("the directory has no groups in groups: its schema of groups names none")
)

var _ directory.Groups = (*Client)(nil)

func (c *Client) groupFeatures(ctx context.Context) (*features, error) {
	f, err := c.features(ctx)
	if err == nil && f.groups == "" {
		return nil, directory.Rejected(errNoGroups)
	}
	return f, err
}

func checkedGroup(g directory.Group) error {
	switch {
	case g.UID == "":
		return directory.Rejected(errors.New("a group needs a UID"))
	case g.DisplayName == "":
		return directory.Rejected(errors.New("a group needs a display name"))
	case slices.Contains(g.All(), ""):
		return directory.Rejected(fmt.Errorf("the group %s has a member without an ID", g.DisplayName))
	}
	return nil
}

// members are the IDs of who is in a group, which some directories tell by a reference alone.
func (r resource) members() []string {
	all := []string{}
	for _, m := range r.list("members") {
		if id := m.member(); id != "" {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Nests implements directory.Groups.
func (c *Client) Nests(ctx context.Context) (bool, error) {
	f, err := c.groupFeatures(ctx)
	return err == nil && f.nests, err
}

func (r resource) member() string {
	if id := r.text("value"); id != "" {
		return id
	}
	at, err := url.Parse(r.text("$ref"))
	if err != nil {
		return ""
	}
	_, id := path.Split(at.Path)
	return id
}

// EnsureGroup implements directory.Groups. With PATCH, the members that come and go are sent alone, in batches; otherwise all are.
func (c *Client) EnsureGroup(ctx context.Context, group directory.Group) (id string, err error) {
	if err := checkedGroup(group); err != nil {
		return "", err
	}
	err = again(func() error {
		f, err := c.groupFeatures(ctx)
		if err != nil {
			return err
		}
		if len(group.Groups) > 0 && !f.nests {
			return directory.Rejected(errFlat)
		}
		id, err = c.ensureGroup(ctx, f, group)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (c *Client) ensureGroup(ctx context.Context, f *features, group directory.Group) (id string, err error) {
	k, there := f.groupKind(), resource{}
	id, err = c.put(ctx, f, ref{uid: group.UID, id: group.ID, name: group.DisplayName}, thing{kind: k, differ: func(r resource) []change {
		there = r
		return r.groupChanges(f, group)
	}})
	// What comes from a list may be without members: some leave them out of these.
	partial := there.id() != "" && there.id() != group.ID && there.get("members") == nil
	switch {
	case err == nil && partial && !f.patch:
		group.ID = id
		return c.ensureGroup(ctx, f, group)
	case err != nil || !f.patch:
		return id, err
	case partial:
		if there, err = c.read(ctx, k, id); err != nil {
			return "", err
		}
	}
	return id, c.ensureMembers(ctx, f, group, id, there)
}

// groupChanges are all changes to a group where it is PUT, and those of its name where it is not. A new group comes with as many
// members as one request may have.
func (r resource) groupChanges(f *features, group directory.Group) []change {
	var all []change
	want := group.All()
	if r.uid() != group.UID && !f.anonymous(f.groupKind()) {
		all = append(all, r.setting(string(group.UID), "externalId"))
	}
	if r.text("displayName") != group.DisplayName {
		all = append(all, r.setting(group.DisplayName, "displayName"))
	}
	switch first := want[:min(len(want), maxMembers)]; {
	case !f.patch && !slices.Equal(r.members(), want):
		all = append(all, r.setting(r.memberValues(group, want), "members"))
	case f.patch && r.id() == "" && len(first) > 0:
		all = append(all, r.setting(r.memberValues(group, first), "members"))
	}
	return all
}

// memberValues are the members as a group has them. What the directory says of one that stays is kept.
func (r resource) memberValues(group directory.Group, ids []string) []any {
	had := map[string]resource{}
	for _, m := range r.list("members") {
		had[m.member()] = m
	}
	values := []any{}
	for _, id := range ids {
		if m := had[id]; m != nil {
			values = append(values, map[string]any(m))
			continue
		}
		fresh := map[string]any{"value": id}
		if slices.Contains(group.Groups, id) {
			fresh["type"] = "Group"
		}
		values = append(values, fresh)
	}
	return values
}

// ensureMembers adds and removes members by PATCH. They do not depend on each other, so it does not matter who else changes the
// group meanwhile.
func (c *Client) ensureMembers(ctx context.Context, f *features, group directory.Group, id string, there resource) error {
	k, had, want := f.groupKind(), there.members(), group.All()
	if there.id() == "" {
		had = want[:min(len(want), maxMembers)]
	}
	var batches [][]any
	for batch := range slices.Chunk(missingFrom(had, want), maxMembers) {
		batches = append(batches, []any{operation("add", "members", resource{}.memberValues(group, batch))})
	}
	for batch := range slices.Chunk(missingFrom(want, had), maxMembers) {
		var operations []any
		for _, member := range batch {
			operations = append(operations, operation("remove", "members[value eq "+quote(member)+"]", nil))
		}
		batches = append(batches, operations)
	}
	if len(batches) == 0 {
		return nil
	}
	err := c.patchMembers(ctx, f, k, id, batches)
	switch {
	case formal(err, nil): // not all know how to take one member out
		flat := *f
		flat.patch, group.ID = false, id
		_, err = c.ensureGroup(ctx, &flat, group)
		return err
	case err != nil || there.id() == "" || len(had) > 0 && len(missingFrom(want, had)) == 0:
		return err
	}
	return c.confirmMembers(ctx, k, id, want)
}

var errHiddenMembers = errors.New("the directory does not show who is in a group, so that nobody could be taken out of it")

// confirmMembers holds that a group has the members that are wanted, after some were taken out, or when it showed none: there are
// directories that take out others, and such that show nobody.
func (c *Client) confirmMembers(ctx context.Context, k kind, id string, want []string) error {
	r, err := c.read(ctx, k, id)
	switch {
	case missing(err):
		return errChanged
	case err != nil:
		return err
	case len(r.members()) == 0 && len(want) > 0:
		return directory.Unavailable(errHiddenMembers)
	case !slices.Equal(r.members(), want):
		return errChanged
	}
	return nil
}

// patchMembers sends batches of operations, as many at once as the directory takes.
func (c *Client) patchMembers(ctx context.Context, f *features, k kind, id string, batches [][]any) error {
	for len(batches) > 0 {
		n := f.bulk.fit(batches)
		done, err := c.sendBatches(ctx, k.path(id), batches[:n])
		switch status := statusOf(err); {
		case missing(err):
			return errChanged
		case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
			c.contradict(f, func(f *features) { f.patch = false })
			return errChanged
		case err != nil:
			return err
		case done:
			batches = batches[n:]
		default:
			without := *f
			without.bulk = bulk{}
			c.contradict(f, func(f *features) { f.bulk = bulk{} })
			f = &without
		}
	}
	return nil
}

// missingFrom returns what is wanted and not there; both are sorted.
func missingFrom(had, want []string) []string {
	var missing []string
	for _, id := range want {
		if _, ok := slices.BinarySearch(had, id); !ok {
			missing = append(missing, id)
		}
	}
	return missing
}

// DeleteGroup implements directory.Groups. Where there are no groups, it is not there.
func (c *Client) DeleteGroup(ctx context.Context, group directory.Group) error {
	if group.UID == "" {
		return directory.Rejected(errors.New("a group needs a UID"))
	}
	f, err := c.features(ctx)
	if err != nil || f.groups == "" {
		return err
	}
	return c.remove(ctx, f, f.groupKind(), ref{uid: group.UID, id: group.ID, name: group.DisplayName})
}
