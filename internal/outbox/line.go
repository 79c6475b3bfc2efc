// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/list"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// line is where items wait. Tenants take turns, each in its own order and with what
// is urgent first, so that one organization's wave does not hold up another's single
// item. The zero line is empty.
type line[T any] struct {
	waiting map[types.NamespacedName]*items // none is empty
	turns   []types.NamespacedName          // those who wait, next first
}

// items are those of one tenant.
type items struct{ urgent, others list.List }

func (i *items) next() *list.List {
	if i.urgent.Len() > 0 {
		return &i.urgent
	}
	return &i.others
}

// place is where in a line an item is.
type place struct {
	tenant types.NamespacedName
	in     *list.List
	at     *list.Element
}

func (l *line[T]) empty() bool { return len(l.turns) == 0 }

func (l *line[T]) push(tenant types.NamespacedName, item T, urgent bool) place {
	all := l.waiting[tenant]
	if all == nil {
		if l.waiting == nil {
			l.waiting = map[types.NamespacedName]*items{}
		}
		all = &items{}
		l.waiting[tenant] = all
		l.turns = append(l.turns, tenant)
	}
	in := &all.others
	if urgent {
		in = &all.urgent
	}
	return place{tenant: tenant, in: in, at: in.PushBack(item)}
}

// remove takes an item that is in the line out of it. The others keep their turns.
func (l *line[T]) remove(p place) {
	p.in.Remove(p.at)
	if l.waiting[p.tenant].next().Len() == 0 {
		delete(l.waiting, p.tenant)
		i := slices.Index(l.turns, p.tenant)
		l.turns = slices.Delete(l.turns, i, i+1)
	}
}

// next is the first of those whose turn it is and who may go; those who may not keep theirs.
func (l *line[T]) next(may func(tenant types.NamespacedName) bool) (tenant types.NamespacedName, ok bool) {
	i := slices.IndexFunc(l.turns, may)
	if i < 0 {
		return types.NamespacedName{}, false
	}
	return l.turns[i], true
}

// pop needs an item.
func (l *line[T]) pop() T { return l.take(l.turns[0]) }

// take needs an item of the tenant.
func (l *line[T]) take(tenant types.NamespacedName) T {
	in := l.waiting[tenant].next()
	first := in.Front()
	l.remove(place{tenant: tenant, in: in, at: first})
	if l.waiting[tenant] != nil {
		i := slices.Index(l.turns, tenant)
		l.turns = append(slices.Delete(l.turns, i, i+1), tenant)
	}
	return first.Value.(T) // push put it there
}
