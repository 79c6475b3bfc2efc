// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Counter is where owners of another kind ask an outbox for errands. They may be called like owners at other counters, and are woken
// through a channel of their own; the servers, their limits and the turns of tenants are the same.
type Counter struct {
	o    *Outbox
	kind string
	done *announcer
}

// Counter opens a counter for owners of a kind. It is called before Start, once for each kind.
func (o *Outbox) Counter(kind string) *Counter {
	c := &Counter{o: o, kind: kind, done: newAnnouncer()}
	o.counters[kind] = c
	return c
}

// mark stands between the kind of an owner and its name. No object has it in its name.
const mark = ":"

func (c *Counter) owner(name types.NamespacedName) types.NamespacedName {
	name.Name = c.kind + mark + name.Name
	return name
}

// Do is that of the outbox.
func (c *Counter) Do(e Errand) Outcome {
	e.Owner = c.owner(e.Owner)
	return c.o.Do(e)
}

// Forget is that of the outbox.
func (c *Counter) Forget(owner types.NamespacedName) { c.o.Forget(c.owner(owner)) }

// Done is that of the outbox, of the owners at this counter.
func (c *Counter) Done() <-chan types.NamespacedName { return c.done.out }

// announce wakes an owner at its counter.
func (o *Outbox) announce(tenant, owner types.NamespacedName) {
	if kind, name, ok := strings.Cut(owner.Name, mark); ok && o.counters[kind] != nil {
		owner.Name = name
		o.counters[kind].done.push(tenant, owner)
		return
	}
	o.done.push(tenant, owner)
}
