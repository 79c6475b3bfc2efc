// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package seatpool

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/seats"
)

// record is what is kept of a pool from one pass to the next, so that a pass looks at what has changed and not at
// everybody. It is no truth: it is made from the cache, and made anew when it is in doubt, or old.
type record struct {
	book     *seats.Book
	objects  map[int32]*v1alpha1.SeatSlice
	minimums map[string]int32
	// alarms are when the roles of users change by themselves next.
	alarms map[types.UID]alarm
	// parked are those who hold seats by a record, by what the record says of the address.
	parked map[string]*v1alpha1.ArchivedUser
	of     types.UID
	made   time.Time
}

// alarm is when the roles of a user change by themselves.
type alarm struct {
	user string
	at   time.Time
}

// nextAlarm is when the first goes off; zero when there is none.
func (r *record) nextAlarm() time.Time {
	var first time.Time
	for _, a := range r.alarms {
		if first.IsZero() || a.at.Before(first) {
			first = a.at
		}
	}
	return first
}

// changes are what a record has not been told yet.
type changes struct {
	all   bool
	users map[types.UID]string
}

// records are those of all pools. The watches say what has changed, and each pass takes that up.
type records struct {
	mu    sync.Mutex
	pools map[types.NamespacedName]*entry
}

type entry struct {
	record *record
	due    changes
}

// changed notes what has changed for a pool. Of one without a record nothing has to be noted: it is made from the cache,
// which shows the change.
func (r *records) changed(pool types.NamespacedName, note func(*changes)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.pools[pool]; e != nil {
		note(&e.due)
	}
}

func (c *changes) everything() { c.all = true }

func (c *changes) user(u *v1alpha1.User) {
	if c.users == nil {
		c.users = map[types.UID]string{}
	}
	c.users[u.UID] = u.Name
}

// take returns the record of a pool, and what it has not been told. It is noted from now on what changes.
func (r *records) take(pool types.NamespacedName) (*record, changes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pools == nil {
		r.pools = map[types.NamespacedName]*entry{}
	}
	e := r.pools[pool]
	if e == nil {
		e = &entry{record: &record{}}
		r.pools[pool] = e
	}
	due := e.due
	e.due = changes{}
	return e.record, due
}

// drop forgets the record of a pool.
func (r *records) drop(pool types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pools, pool)
}
