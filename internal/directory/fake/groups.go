// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

var _ directory.Groups = (*Directory)(nil)

// Nests implements directory.Groups.
func (d *Directory) Nests(ctx context.Context) (bool, error) {
	return d.Nested, ctx.Err()
}

// EnsureGroup implements directory.Groups.
func (d *Directory) EnsureGroup(ctx context.Context, group directory.Group) (id string, err error) {
	switch {
	case group.DisplayName == "" || slices.Contains(group.All(), ""):
		return "", directory.Rejected(errors.New("a group needs a display name, and each member an ID"))
	case len(group.Groups) > 0 && !d.Nested:
		return "", directory.Rejected(errors.New("groups cannot be members of groups"))
	}
	err = d.answer(ctx, directory.Account{UID: group.UID, UserName: group.DisplayName}, func() error {
		if err := d.claimGroup(group); err != nil {
			return err
		}
		group.ID = idOf(group.UID)
		group.Members, group.Groups = group.All(), nil
		d.written++
		d.keepGroup(group.UID, group)
		return nil
	})
	if err != nil {
		return "", err
	}
	return group.ID, nil
}

// claimGroup takes the group of nobody that has the name, if it may; one of somebody else stays theirs.
func (d *Directory) claimGroup(group directory.Group) error {
	for key, other := range d.groups {
		if key == group.UID || !strings.EqualFold(other.DisplayName, group.DisplayName) {
			continue
		}
		if _, ours := d.groups[group.UID]; !d.Adopt || other.UID != "" || ours {
			return directory.Conflict(errors.New("another group has the display name " + group.DisplayName))
		}
		delete(d.groups, key)
	}
	return nil
}

// DeleteGroup implements directory.Groups.
func (d *Directory) DeleteGroup(ctx context.Context, group directory.Group) error {
	return d.answer(ctx, directory.Account{UID: group.UID, UserName: "group"}, func() error {
		delete(d.groups, group.UID)
		return nil
	})
}

func (d *Directory) keepGroup(key types.UID, group directory.Group) {
	if d.groups == nil {
		d.groups = map[types.UID]directory.Group{}
	}
	d.groups[key] = group
}

// OccupyGroup puts a group there that somebody else has made; uid is empty when nobody has claimed it.
func (d *Directory) OccupyGroup(displayName string, uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keepGroup(uid, directory.Group{UID: uid, ID: idOf(uid), DisplayName: displayName})
}

// Lister tells what the directory has. To list is an attempt, like all that is asked for.
func (d *Directory) Lister() directory.Lister { return lister{d} }

type lister struct{ d *Directory }

// Accounts implements directory.Lister.
func (l lister) Accounts(ctx context.Context) iter.Seq2[directory.Found, error] {
	return func(yield func(directory.Found, error) bool) {
		var all []directory.Found
		err := l.d.answer(ctx, anybody, func() error {
			for _, s := range l.d.accounts {
				a := s.Account
				a.ID, a.Organization = cmp.Or(a.ID, idOf(a.UID)), types.NamespacedName{}
				all = append(all, directory.Found{Account: a, DisplayName: a.Display(), Email: a.UserName})
			}
			return nil
		})
		slices.SortFunc(all, func(a, b directory.Found) int { return cmp.Compare(a.ID, b.ID) })
		l.d.listed()
		tell(all, err, yield)
	}
}

// Groups implements directory.Lister.
func (l lister) Groups(ctx context.Context) iter.Seq2[directory.FoundGroup, error] {
	return func(yield func(directory.FoundGroup, error) bool) {
		var all []directory.FoundGroup
		err := l.d.answer(ctx, anybody, func() error {
			for _, g := range slices.SortedFunc(maps.Values(l.d.groups), func(a, b directory.Group) int { return cmp.Compare(a.ID, b.ID) }) {
				g.Organization, g.Members = types.NamespacedName{}, slices.Clone(g.Members)
				all = append(all, directory.FoundGroup{Group: g})
			}
			return nil
		})
		tell(all, err, yield)
	}
}

// anybody stands for the account of something that is asked for no account.
var anybody = directory.Account{UID: "anybody", UserName: "anybody"}

// Group implements directory.Lister.
func (l lister) Group(ctx context.Context, group directory.Group) (found *directory.FoundGroup, err error) {
	err = l.d.answer(ctx, anybody, func() error {
		for _, g := range l.d.groups {
			if g.ID == group.ID {
				found = &directory.FoundGroup{Group: g}
			}
		}
		return nil
	})
	return found, err
}

// Groups returns the groups as they are now, with all members of each among its Members.
func (d *Directory) Groups() map[types.UID]directory.Group {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.groups)
}

// GroupWrites returns how many times a group was made or changed.
func (d *Directory) GroupWrites() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// ChangeGroup changes a group as somebody else would; nil takes it away.
func (d *Directory) ChangeGroup(uid types.UID, change func(*directory.Group)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.groups[uid]
	if change == nil {
		delete(d.groups, uid)
		return
	}
	change(&g)
	d.groups[uid] = g
}

func tell[T any](all []T, err error, yield func(T, error) bool) {
	for _, one := range all {
		if !yield(one, nil) {
			return
		}
	}
	if err != nil {
		var none T
		yield(none, err)
	}
}
