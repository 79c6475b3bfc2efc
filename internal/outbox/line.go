// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"container/list"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// line is where items wait. Tenants take turns, each in its own order, so that one
// organization's wave does not hold up another's single item. The zero line is
// empty.
type line[T any] struct {
	waiting map[types.NamespacedName]*list.List // none is empty
	turns   []types.NamespacedName              // those who wait, next first
}

// place is where in a line an item is.
type place struct {
	tenant types.NamespacedName
	at     *list.Element
}

func (l *line[T]) empty() bool { return len(l.turns) == 0 }

func (l *line[T]) push(tenant types.NamespacedName, item T) place {
	items := l.waiting[tenant]
	if items == nil {
		if l.waiting == nil {
			l.waiting = map[types.NamespacedName]*list.List{}
		}
		items = list.New()
		l.waiting[tenant] = items
		l.turns = append(l.turns, tenant)
	}
	return place{tenant: tenant, at: items.PushBack(item)}
}

// remove takes an item that is in the line out of it. The others keep their turns.
func (l *line[T]) remove(p place) {
	items := l.waiting[p.tenant]
	items.Remove(p.at)
	if items.Len() == 0 {
		delete(l.waiting, p.tenant)
		i := slices.Index(l.turns, p.tenant)
		l.turns = slices.Delete(l.turns, i, i+1)
	}
}

// pop needs an item.
func (l *line[T]) pop() T {
	tenant := l.turns[0]
	first := l.waiting[tenant].Front()
	l.remove(place{tenant: tenant, at: first})
	if l.waiting[tenant] != nil {
		l.turns = append(slices.Delete(l.turns, 0, 1), tenant)
	}
	return first.Value.(T) // push put it there
}
