// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// owners are the fields of an object by who manages them.
type owners map[string]*fieldpath.Set

func ownersOf(object metav1.Object) owners {
	all := owners{}
	for _, entry := range object.GetManagedFields() {
		if entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		set := &fieldpath.Set{}
		if err := set.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
			continue // the server has what this client does not understand
		}
		if was := all[entry.Manager]; was != nil {
			set = was.Union(set)
		}
		all[entry.Manager] = set
	}
	return all
}

func (o owners) has(manager string, path fieldpath.Path) bool {
	return o[manager] != nil && o[manager].Has(path)
}

// others are those who manage a field besides one, sorted.
func (o owners) others(manager string, path fieldpath.Path) []string {
	var names []string
	for name, set := range o {
		if name != manager && set.Has(path) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// removable says that a field goes when one manager leaves it out. who are those for whom it stays.
func (o owners) removable(manager string, path fieldpath.Path) (ok bool, who string) {
	others := o.others(manager, path)
	if len(others) > 0 {
		return false, strings.Join(others, ", ")
	}
	return o.has(manager, path), "somebody"
}

func pathOf(c *column) fieldpath.Path {
	path := fieldpath.MakePathOrDie("spec")
	for _, step := range c.path {
		path = append(path, fieldpath.PathElement{FieldName: &step})
	}
	return path
}

func itemOf(c *column, item string) fieldpath.Path {
	v := value.NewValueInterface(item)
	return append(pathOf(c), fieldpath.PathElement{Value: &v})
}

// keep completes what is applied to a User who is there: what earlier imports have set, and this table says nothing of, would go
// otherwise. And what this table takes away must be ours to take.
func (p *planner) keep(row *Row, change *Change, is *v1alpha1.User, was map[string]any, values map[Column]any) {
	owned := ownersOf(is)
	for i := range columns {
		c := &columns[i]
		before, there := at(was, c.path)
		if c.path == nil || !there {
			continue
		}
		value, said := values[c.name]
		switch {
		case c.name == ColumnRoles:
			p.keepRoles(row, change, owned, texts(before), said)
		case !said && owned.has(p.cluster.Manager, pathOf(c)):
			put(change.Apply, c.path, before)
		case said && value == nil && !equal(c.name, before, value):
			if ok, who := owned.removable(p.cluster.Manager, pathOf(c)); !ok {
				p.report(row, c.name, "the cell is empty, and %s has set %v: take it away there", who, before)
			}
		}
	}
}

func (p *planner) keepRoles(row *Row, change *Change, owned owners, before []string, said bool) {
	c := find(ColumnRoles)
	var kept []string
	for _, role := range before {
		if !said && owned.has(p.cluster.Manager, itemOf(c, role)) {
			kept = append(kept, role)
		}
		if !said || slices.Contains(row.Roles, role) {
			continue
		}
		if ok, who := owned.removable(p.cluster.Manager, itemOf(c, role)); !ok {
			p.report(row, ColumnRoles, "the role %s is not there, and %s has given it: take it away there", role, who)
		}
	}
	if len(kept) > 0 {
		put(change.Apply, c.path, anys(kept))
	}
}
