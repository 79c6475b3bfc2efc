// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Departed are the people of whose objects a look found none left, although their status does not say so yet: their seats can be
// freed, and one write then says both. It is no truth. Whoever starts anew looks again, and finds the same.
type Departed struct {
	mu   sync.Mutex
	all  map[types.NamespacedName]stay
	tell func(*v1alpha1.User)
}

// stay is a user as declared at some time: who comes back, or leaves otherwise, is not meant any more.
type stay struct {
	uid        types.UID
	generation int64
}

func stayOf(u *v1alpha1.User) stay { return stay{u.UID, u.Generation} }

// Follow has somebody told of everyone who comes to be among them from now on.
func (d *Departed) Follow(tell func(*v1alpha1.User)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tell = tell
}

// Note takes a user in.
func (d *Departed) Note(u *v1alpha1.User) {
	d.mu.Lock()
	key, now := client.ObjectKeyFromObject(u), stayOf(u)
	if d.all == nil {
		d.all = map[types.NamespacedName]stay{}
	}
	known := d.all[key] == now
	d.all[key] = now
	tell := d.tell
	d.mu.Unlock()
	if !known && tell != nil {
		tell(u)
	}
}

// Has says that a user, as declared, is among them.
func (d *Departed) Has(u *v1alpha1.User) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was, ok := d.all[client.ObjectKeyFromObject(u)]
	return ok && was == stayOf(u)
}

// Forget lets go of a user.
func (d *Departed) Forget(user types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.all, user)
}
