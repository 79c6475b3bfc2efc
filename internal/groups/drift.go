// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package groups

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/group"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// Comparer compares the groups of a directory with those on record.
type Comparer struct {
	// Cache has the teams and the roles.
	Cache client.Reader
	// Teams and Roles are where their groups are kept.
	Teams, Roles *Desk
}

// Look compares all groups of the directory of an organization, where teams or roles are groups. What began before then is not seen.
func (c *Comparer) Look(ctx context.Context, organization *v1alpha1.Organization, at directory.Directory, began time.Time) error {
	if !group.Teams(organization) && !group.Roles(organization) {
		return nil
	}
	has, ok := at.(directory.Groups)
	lister := directory.ListerOf(at)
	if !ok || lister == nil {
		return nil // the teams and the roles say so
	}
	nests, err := has.Nests(ctx)
	if err == nil {
		err = c.Compare(ctx, organization, nests, lister, began)
	}
	if errors.Is(err, directory.ErrRejected) {
		return nil
	}
	return err
}

// Compare lists all groups of the directory of an organization, and has those teams and roles be looked at whose group is another than on record,
// or was when it was looked at last. nests says that groups can be members of groups there. Only groups of ours are looked at. Where a
// list says nothing of members, and a group has some, it is read by itself.
func (c *Comparer) Compare(ctx context.Context, organization *v1alpha1.Organization, nests bool, at directory.Lister, began time.Time) error {
	ours, err := c.ours(ctx, organization)
	if err != nil || len(ours) == 0 {
		return err
	}
	byID := make(map[string]*owned, len(ours))
	for _, o := range ours {
		byID[o.record.ID] = o
	}
	for found, err := range at.Groups(ctx) {
		if err != nil {
			return err
		}
		if o := byID[found.ID]; o != nil {
			if err := o.look(ctx, at, &found); err != nil {
				return err
			}
		}
	}
	for _, o := range ours {
		if !o.seen { // a list can miss what is there
			found, err := at.Group(ctx, directory.Group{ID: o.record.ID})
			if err != nil {
				return err
			}
			if found != nil {
				o.is(found)
			}
		}
		o.desk.note(ctx, o, nests, began)
	}
	return nil
}

// owned is the group of a team or a role.
type owned struct {
	desk   *Desk
	key    types.NamespacedName
	uid    types.UID
	record *v1alpha1.DirectoryGroup
	// reported says that it differed when it was looked at last.
	reported bool

	seen, same bool
	// found is the group as it is, unless it is the same.
	found *group.Group
}

// ours are the groups that an organization's teams and roles have on record.
func (c *Comparer) ours(ctx context.Context, organization *v1alpha1.Organization) (ours []*owned, err error) {
	for _, kind := range []struct {
		desk *Desk
		are  bool
		list client.ObjectList
	}{{c.Teams, group.Teams(organization), &v1alpha1.TeamList{}}, {c.Roles, group.Roles(organization), &v1alpha1.RoleList{}}} {
		if !kind.are {
			continue
		}
		err := c.Cache.List(ctx, kind.list, client.InNamespace(organization.Namespace), client.MatchingFields{index.Organization: organization.Name}, loop.Lagging{})
		if err != nil {
			return nil, fmt.Errorf("listing %T: %w", kind.list, err)
		}
		err = meta.EachListItem(kind.list, func(item runtime.Object) error {
			object, ok := item.(v1alpha1.Conditioned)
			if !ok {
				return nil
			}
			has := *group.Record(object)
			if has == nil || has.Directory != account.At(organization) || has.Revision == "" || !object.GetDeletionTimestamp().IsZero() {
				return nil
			}
			was := condition(object, v1alpha1.ConditionProvisioned)
			ours = append(ours, &owned{
				desk: kind.desk, key: types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}, uid: object.GetUID(),
				record: has, reported: was != nil && was.Reason == v1alpha1.ReasonDrifted,
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ours, nil
}

// look compares a group with the record, and reads it by itself where a list does not have all of it.
func (o *owned) look(ctx context.Context, at directory.Lister, found *directory.FoundGroup) error {
	o.is(found)
	if o.same || !found.Partial {
		return nil
	}
	whole, err := at.Group(ctx, found.Group)
	if err != nil {
		return err
	}
	o.seen, o.found = whole != nil, nil
	if whole != nil {
		o.is(whole)
	}
	return nil
}

func (o *owned) is(found *directory.FoundGroup) {
	g := found.Group
	if g.UID == "" { // some directories keep none, and it was found by its ID
		g.UID = o.uid
	}
	o.seen, o.same, o.found = true, g.Revision() == o.record.Revision, &g
	if o.same && !o.reported {
		o.found = nil
	}
}

// note remembers what was found, and has the object be looked at, unless the directory was asked for something about the group since
// the list began.
func (d *Desk) note(ctx context.Context, o *owned, nests bool, began time.Time) {
	d.mu.Lock()
	f := d.file(o.key)
	wakes := f.asked == "" && f.at.Before(began) && (!o.same || o.reported || f.finding != nil)
	if wakes {
		d.serial++
		f.finding = &group.Finding{Serial: d.serial, Group: o.found, Nests: nests}
		if o.same && !o.reported {
			f.finding = nil
		}
	}
	d.mu.Unlock()
	if wakes && d.Woken != nil {
		select {
		case d.Woken <- o.key:
		case <-ctx.Done():
		}
	}
}
