// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// health is what a tenant's errands tell of its server. The outbox's lock guards
// it.
type health struct {
	known   bool
	err     error
	reached uint64    // the number of the latest task that reached the server
	at      time.Time // when it did
}

// Health returns the outcome of the tenant's latest errand that reached, or failed
// to reach, its server: an error while it could not be reached. known is false as
// long as there was none. An errand that fails after a later one has reached the
// server does not count, nor does one within Options.Grace after: it tells of the past, or of a moment.
func (o *Outbox) Health(tenant types.NamespacedName) (err error, known bool) { //nolint:revive // known says whether err means anything
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := o.health[tenant]; h != nil {
		return h.err, h.known
	}
	return nil, false
}

// Changed receives a tenant each time what Health says of it has changed. No
// wake-up is lost, however slowly they are received, and none holds up an errand;
// changes in quick succession may be one wake-up. Changed is never closed.
func (o *Outbox) Changed() <-chan types.NamespacedName { return o.changed.out }

// ForgetTenant drops what is known of the health of a tenant that is gone. Its
// errands that are under way then tell nothing any more. It wakes nobody.
func (o *Outbox) ForgetTenant(tenant types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.health, tenant)
}

// healthOf needs the lock, as does learn.
func (o *Outbox) healthOf(tenant types.NamespacedName) *health {
	if tenant == (types.NamespacedName{}) {
		return nil
	}
	h := o.health[tenant]
	if h == nil {
		h = &health{}
		o.health[tenant] = h
	}
	return h
}

// learn takes what the outcome of a task tells of its server.
func (o *Outbox) learn(t *task, err error) {
	h := t.health
	if h == nil || h != o.health[t.Tenant] || errors.Is(err, ErrNotTried) {
		return
	}
	switch {
	case err == nil || o.down == nil || !o.down(err):
		err = nil
		h.reached, h.at = max(h.reached, t.number), o.clock.Now()
	case t.number < h.reached, !h.at.IsZero() && o.clock.Since(h.at) < o.grace:
		return
	}
	if h.known && text(h.err) == text(err) {
		return
	}
	h.known, h.err = true, err
	o.changed.push(t.Tenant, t.Tenant)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
