// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"context"
	"iter"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

var _ directory.Lister = (*Client)(nil)

// Accounts implements directory.Lister.
func (c *Client) Accounts(ctx context.Context) iter.Seq2[directory.Found, error] {
	return func(yield func(directory.Found, error) bool) {
		f, err := c.features(ctx)
		if err != nil {
			yield(directory.Found{}, err)
			return
		}
		for r, err := range c.list(ctx, walk{k: f.accountKind()}) {
			if err != nil {
				yield(directory.Found{}, err)
				return
			}
			of := f
			if was, ok := c.stubborn.get(r.id()); ok {
				of = f.less(was.attributes)
			}
			if !yield(r.found(of), nil) {
				return
			}
		}
	}
}

// Groups implements directory.Lister.
func (c *Client) Groups(ctx context.Context) iter.Seq2[directory.FoundGroup, error] {
	return func(yield func(directory.FoundGroup, error) bool) {
		f, err := c.groupFeatures(ctx)
		if err != nil {
			yield(directory.FoundGroup{}, err)
			return
		}
		for r, err := range c.list(ctx, walk{k: f.groupKind()}) {
			if err != nil {
				yield(directory.FoundGroup{}, err)
				return
			}
			if !yield(r.foundGroup(), nil) {
				return
			}
		}
	}
}

// Group implements directory.Lister.
func (c *Client) Group(ctx context.Context, group directory.Group) (*directory.FoundGroup, error) {
	f, err := c.groupFeatures(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.read(ctx, f.groupKind(), group.ID)
	switch {
	case missing(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return new(r.foundGroup()), nil
}

func (r resource) foundGroup() directory.FoundGroup {
	g := directory.Group{UID: r.uid(), ID: r.id(), DisplayName: r.text("displayName"), Members: r.members()}
	return directory.FoundGroup{Group: g, Partial: r.get("members") == nil}
}
